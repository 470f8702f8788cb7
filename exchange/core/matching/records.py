"""Records that the rules read and write, in plain Python: `records.pxd` gives the same names as C structs.

A client id is 5 words (at most 36 bytes of text, the rest zero): a tuple here, a struct there. Rules assign and pass
records by these names; what they compare and how they are laid out on disk is told in this package's README.
"""

ClientId = tuple[int, int, int, int, int]
NO_CLIENT_ID: ClientId = (0, 0, 0, 0, 0)


class Flags:
    """One word of eight bytes: the kinds of an order. A struct is copied where a Python object is shared, so the flags
    of a record are changed only while nothing else has them.
    """

    __slots__ = ("side", "type", "time_in_force", "self_trade", "options", "restriction", "spare_1", "spare_2")


class Row:
    """The base of one row of a command."""

    __slots__ = (
        "kind", "rows", "extensions", "market", "account", "key", "flags", "price", "quantity", "quote_quantity",
        "order_id", "client_id",
    )  # fmt: skip


class Reference:
    """Extension REFERENCE: the order meant, by its client id."""

    __slots__ = ("kind", "client_id", "spare_1", "spare_2")


class Strategy:
    """Extension STRATEGY: two numbers of the client's own, noted and repeated."""

    __slots__ = ("kind", "strategy_id", "strategy_type", "spare_1", "spare_2", "spare_3", "spare_4", "spare_5")


class Iceberg:
    """Extension ICEBERG: how much of an order shows at a time."""

    __slots__ = ("kind", "visible", "spare_1", "spare_2", "spare_3", "spare_4", "spare_5", "spare_6")


class Peg:
    """Extension PEG: from which side of the book an order takes its price, and how many levels deeper."""

    __slots__ = ("kind", "price_kind", "offset_kind", "offset", "spare_1", "spare_2", "spare_3", "spare_4")


class GoodTill:
    """Extension GOOD_TILL: when an order ends by itself."""

    __slots__ = ("kind", "due_ns", "spare_1", "spare_2", "spare_3", "spare_4", "spare_5", "spare_6")


class ListLink:
    """Extension LIST_LINK: what kind of list, and the part that a leg plays in it."""

    __slots__ = ("kind", "contingency", "role", "spare_1", "spare_2", "spare_3", "spare_4", "spare_5")


class CancelId:
    """Extension CANCEL_ID: the cancel's own client id in a cancel-replace."""

    __slots__ = ("kind", "client_id", "spare_1", "spare_2")


class Trigger:
    """Extension TRIGGER: at what price an order starts to work, or how far behind the best price it follows."""

    __slots__ = (
        "kind", "trigger_price", "trailing_delta", "activation_price", "direction", "spare_1", "spare_2", "spare_3",
    )  # fmt: skip


class Account:
    """What matching must know of an account; with `has_payer` there is more that its fees depend on (fees.py). Its
    `trading_key` is one that may trade for it, and 0 where none is known: what need not be looked up.
    """

    __slots__ = ("id", "trade_group", "open_orders", "trading_key", "kind", "status", "tier", "has_payer")


class Key:
    """An API key: whose it is and what it may do."""

    __slots__ = ("account", "rights", "revoked")


class Cell:
    """What one account owns of one asset, in minor units."""

    __slots__ = ("account", "asset", "available", "held", "borrowed", "link")


class Seat:
    """What one account has in one market: two balance cells and its open orders, oldest first."""

    __slots__ = ("market", "account", "base", "quote", "first", "last", "link", "open_orders")


class Level:
    """The orders of one price, oldest first; `key` grows with priority; `quantity` is the sum of what they show,
    `hidden` of what icebergs do not; `leaf` is the ladder's own. A level fills one cache line.
    """

    __slots__ = ("key", "quantity", "first", "last", "better", "worse", "leaf", "hidden")


class Order:
    """An order that was accepted: `held` is its claim on the held amount of its seat's cell."""

    __slots__ = (
        "remaining", "price", "flags", "held", "seat", "level", "next", "prev",
        "id", "quantity", "filled_quote", "prevented_quantity", "created_ns", "updated_ns", "seat_next", "seat_prev",
        "client_id", "id_link", "digest", "details",
    )  # fmt: skip


def take_flags(order: "Order", row: "Row", self_trade: int) -> None:
    """Give an order the kinds of its row, with the self-trade mode that counts."""
    order.flags = row.flags
    order.flags.self_trade = self_trade


class Details:
    """What few orders have. `extreme` is the best price since a trailing order became active (0: it is not yet);
    `triggered_ns` is when a triggered order began to work (0: it waits). An iceberg shows `visible` lots at a time, of
    which `shown` are left in its level's quantity. A `pending` leg waits until another order of its list is filled. A
    pegged order has a `peg_kind`, the price that it sent (0: none), and the one it took (0: none so far).
    """

    __slots__ = (
        "strategy_id", "strategy_type", "list_id", "trigger_price", "trailing_delta", "activation_price", "extreme",
        "triggered_ns", "visible", "shown", "amends", "pending", "order_list",
        "due_ns", "due_level", "due_next", "due_prev",
        "peg_kind", "peg_offset_kind", "peg_offset", "sent_price", "pegged_price", "link",
    )  # fmt: skip


class OrderList:
    """Orders that hang together. `working` enters first; `first` and `second` are the legs of which one ends the other
    (or of which there is one, that waits for the working one). `started` is a leg that has begun to trade. Ids and
    names are those of its orders, gone ones too. `happened` are bits of links.py.
    """

    __slots__ = (
        "id", "contingency", "market", "account", "created_ns", "client_id", "working", "first", "second", "started",
        "working_id", "first_id", "second_id", "working_name", "first_name", "second_name", "happened", "reason",
        "cancel_id", "older", "younger", "next_touched", "next_ready",
    )  # fmt: skip


class Accepted:
    """An order passed every check and its funds are held."""

    __slots__ = (
        "head", "seq", "market", "account", "order_id", "flags", "price", "quantity", "quote_quantity", "held",
        "created_ns", "execution_id", "list_id", "key", "client_id", "spare",
    )  # fmt: skip


class Rested:
    """What remained of an order entered the book."""

    __slots__ = (
        "head", "seq", "market", "account", "order_id", "side", "price", "remaining", "level_quantity", "update_id",
    )  # fmt: skip


class Traded:
    """One trade, which is also the posting of its amounts and fees. A fee is signed; it names its asset."""

    __slots__ = (
        "head", "seq", "market", "trade_id", "taker_side", "price", "quantity", "base_amount", "quote_amount",
        "fee_version", "taker_order", "taker_account", "taker_remaining", "taker_fee", "taker_fee_asset",
        "taker_execution_id", "maker_order", "maker_account", "maker_remaining", "maker_fee", "maker_fee_asset",
        "maker_execution_id", "maker_flags", "maker_price", "maker_quantity", "maker_filled_quote",
        "maker_prevented_quantity", "maker_created_ns", "maker_list_id", "maker_strategy_id", "maker_strategy_type",
        "maker_client_id", "level_quantity", "update_id", "cause", "fee_terms",
    )  # fmt: skip


class Canceled:
    """An order ended with something unfilled; `level_quantity` is -1 where it was not in the book."""

    __slots__ = (
        "head", "seq", "market", "account", "order_id", "flags", "reason", "price", "quantity", "remaining",
        "filled_quote", "prevented_quantity", "released", "created_ns", "execution_id", "list_id", "strategy_id",
        "strategy_type", "level_quantity", "update_id", "client_id", "cancel_id", "counter_order", "code",
    )  # fmt: skip


class Rejected:
    """The rules said no to a whole command; nothing changed."""

    __slots__ = ("head", "seq", "row_kind", "market", "account", "key", "code", "order_id")


class Prevented:
    """Two orders of one owner met and did not trade."""

    __slots__ = (
        "head", "seq", "market", "prevented_id", "mode", "price", "taker_order", "taker_account", "taker_prevented",
        "maker_order", "maker_account", "maker_prevented", "trade_group", "spare",
    )  # fmt: skip


class StrategyNoted:
    """The order named right before carries these two numbers of its client."""

    __slots__ = ("head", "seq", "market", "order_id", "strategy_id", "strategy_type")


class TermsNoted:
    """What few orders have, told behind ACCEPTED and before CANCELED."""

    __slots__ = (
        "head", "seq", "market", "order_id", "trigger_price", "trailing_delta", "activation_price", "visible",
        "due_ns", "spare",
    )  # fmt: skip


class Pegged:
    """How an order is pegged, told behind ACCEPTED and before what begins or ends it; `price` 0: it has none so far."""

    __slots__ = (
        "head", "seq", "market", "order_id", "price_kind", "offset_kind", "offset", "sent_price", "price", "spare",
    )  # fmt: skip


class Triggered:
    """A waiting order's price was reached: it works from now on. `trigger_price` is where a trailing one ended up."""

    __slots__ = (
        "head", "seq", "market", "account", "order_id", "flags", "price", "trigger_price", "last_price", "quantity",
        "remaining", "held", "created_ns", "execution_id", "list_id", "strategy_id", "strategy_type",
        "trailing_delta", "client_id", "spare",
    )  # fmt: skip


class ListChanged:
    """A list began, has another name in it, or has ended."""

    __slots__ = (
        "head", "seq", "market", "account", "list_id", "contingency", "status", "created_ns", "key", "working_id",
        "first_id", "second_id", "client_id", "working_name", "first_name", "second_name",
    )  # fmt: skip


class Entered:
    """A pending leg of a list was placed: the order before it is filled."""

    __slots__ = (
        "head", "seq", "market", "account", "order_id", "flags", "price", "quantity", "remaining", "held",
        "created_ns", "execution_id", "list_id", "strategy_id", "strategy_type", "client_id",
    )  # fmt: skip


class Referred:
    """A share of the fee that an account has just paid goes to who referred it."""

    __slots__ = (
        "head", "seq", "market", "trade_id", "account", "referrer", "asset", "amount", "share_ppm", "fee_version",
    )  # fmt: skip


class Transferred:
    """What was prevented between two accounts of a trade group moved between them all the same."""

    __slots__ = (
        "head", "seq", "market", "prevented_id", "buyer", "seller", "price", "quantity", "base_amount", "quote_amount",
    )  # fmt: skip


class ProceedsLocked:
    """What a working order has just received is held for the pending orders of its list, in the name of one of them."""

    __slots__ = ("head", "seq", "market", "account", "list_id", "order_id", "trade_id", "amount", "held", "received")


class Refilled:
    """An iceberg shows its next part, behind the others of its price."""

    __slots__ = (
        "head", "seq", "market", "account", "order_id", "side", "price", "shown", "level_quantity", "update_id",
    )  # fmt: skip


class Amended:
    """An order has less to trade, and perhaps another client id; it keeps its place."""

    __slots__ = (
        "head", "seq", "market", "account", "order_id", "flags", "price", "quantity", "old_quantity", "remaining",
        "filled_quote", "prevented_quantity", "released", "created_ns", "execution_id", "list_id", "strategy_id",
        "strategy_type", "level_quantity", "update_id", "client_id", "old_client_id", "spare_1", "spare_2",
    )  # fmt: skip
