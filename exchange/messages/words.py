"""The event stream read back: words to named tuples, in the order of core/matching/records.pxd.

A stream is what the core's `take_events` gives: events of a first word kind | words << 8 and a second word seq.
"""

from collections.abc import Iterator
from functools import lru_cache, partial
from struct import Struct
from typing import Any, NamedTuple

from .orders import EventKind, Flags

MESSAGE_HEAD = Struct("<3q")


class Accepted(NamedTuple):
    """An order passed every check and its funds are held."""

    head: int
    seq: int
    market: int
    account: int
    order_id: int
    flags: Flags
    price: int
    quantity: int
    quote_quantity: int
    held: int
    created_ns: int
    execution_id: int
    list_id: int
    key: int
    client_id: bytes
    spare: int


class Rested(NamedTuple):
    """What remained of an order entered the book."""

    head: int
    seq: int
    market: int
    account: int
    order_id: int
    side: int
    price: int
    remaining: int
    level_quantity: int
    update_id: int


class Traded(NamedTuple):
    """One trade, which is also the posting of its amounts and fees."""

    head: int
    seq: int
    market: int
    trade_id: int
    taker_side: int
    price: int
    quantity: int
    base_amount: int
    quote_amount: int
    fee_version: int
    taker_order: int
    taker_account: int
    taker_remaining: int
    taker_fee: int
    taker_fee_asset: int
    taker_execution_id: int
    maker_order: int
    maker_account: int
    maker_remaining: int
    maker_fee: int
    maker_fee_asset: int
    maker_execution_id: int
    maker_flags: Flags
    maker_price: int
    maker_quantity: int
    maker_filled_quote: int
    maker_prevented_quantity: int
    maker_created_ns: int
    maker_list_id: int
    maker_strategy_id: int
    maker_strategy_type: int
    maker_client_id: bytes
    level_quantity: int
    update_id: int
    cause: int
    fee_terms: int


class Canceled(NamedTuple):
    """An order ended with something unfilled; `level_quantity` is -1 where it was not in the book."""

    head: int
    seq: int
    market: int
    account: int
    order_id: int
    flags: Flags
    reason: int
    price: int
    quantity: int
    remaining: int
    filled_quote: int
    prevented_quantity: int
    released: int
    created_ns: int
    execution_id: int
    list_id: int
    strategy_id: int
    strategy_type: int
    level_quantity: int
    update_id: int
    client_id: bytes
    cancel_id: bytes
    counter_order: int
    code: int = 0


class Rejected(NamedTuple):
    """The rules said no to a whole command; nothing changed."""

    head: int
    seq: int
    row_kind: int
    market: int
    account: int
    key: int
    code: int
    order_id: int


class Prevented(NamedTuple):
    """Two orders of one owner met and did not trade."""

    head: int
    seq: int
    market: int
    prevented_id: int
    mode: int
    price: int
    taker_order: int
    taker_account: int
    taker_prevented: int
    maker_order: int
    maker_account: int
    maker_prevented: int
    trade_group: int
    spare: int


class StrategyNoted(NamedTuple):
    """The order accepted right before carries these two numbers of its client."""

    head: int
    seq: int
    market: int
    order_id: int
    strategy_id: int
    strategy_type: int


class TermsNoted(NamedTuple):
    """What few orders have, told behind ACCEPTED and before CANCELED: the price they wait for, or how far behind they
    follow it.
    """

    head: int
    seq: int
    market: int
    order_id: int
    trigger_price: int
    trailing_delta: int
    activation_price: int
    visible: int
    due_ns: int
    spare: int


class Pegged(NamedTuple):
    """How an order is pegged, told behind ACCEPTED and before what becomes of it later. `sent_price` is what its
    client sent besides (0: nothing), `price` what it took from the book (0: nothing so far).
    """

    head: int
    seq: int
    market: int
    order_id: int
    price_kind: int
    offset_kind: int
    offset: int
    sent_price: int
    price: int
    spare: int


class Triggered(NamedTuple):
    """A waiting order's price was reached: it works from now on."""

    head: int
    seq: int
    market: int
    account: int
    order_id: int
    flags: Flags
    price: int
    trigger_price: int
    last_price: int
    quantity: int
    remaining: int
    held: int
    created_ns: int
    execution_id: int
    list_id: int
    strategy_id: int
    strategy_type: int
    trailing_delta: int
    client_id: bytes
    spare: int


class Refilled(NamedTuple):
    """An iceberg shows its next part, behind the others of its price."""

    head: int
    seq: int
    market: int
    account: int
    order_id: int
    side: int
    price: int
    shown: int
    level_quantity: int
    update_id: int


class Amended(NamedTuple):
    """An order has less to trade, and perhaps another client id; it keeps its place."""

    head: int
    seq: int
    market: int
    account: int
    order_id: int
    flags: Flags
    price: int
    quantity: int
    old_quantity: int
    remaining: int
    filled_quote: int
    prevented_quantity: int
    released: int
    created_ns: int
    execution_id: int
    list_id: int
    strategy_id: int
    strategy_type: int
    level_quantity: int
    update_id: int
    client_id: bytes
    old_client_id: bytes
    spare_1: int
    spare_2: int


class ListChanged(NamedTuple):
    """A list began, has another name in it, or has ended; ids are 0 where it has no such order."""

    head: int
    seq: int
    market: int
    account: int
    list_id: int
    contingency: int
    status: int
    created_ns: int
    key: int
    working_id: int
    first_id: int
    second_id: int
    client_id: bytes
    working_name: bytes
    first_name: bytes
    second_name: bytes


class Entered(NamedTuple):
    """A pending leg of a list was placed: the order before it is filled."""

    head: int
    seq: int
    market: int
    account: int
    order_id: int
    flags: Flags
    price: int
    quantity: int
    remaining: int
    held: int
    created_ns: int
    execution_id: int
    list_id: int
    strategy_id: int
    strategy_type: int
    client_id: bytes


class Transferred(NamedTuple):
    """What was prevented between two accounts of a trade group moved between them all the same."""

    head: int
    seq: int
    market: int
    prevented_id: int
    buyer: int
    seller: int
    price: int
    quantity: int
    base_amount: int
    quote_amount: int


class ProceedsLocked(NamedTuple):
    """Of what the working order of a list has just received so much is held for its pending orders, in the name of one
    of them, which holds `held` by now.
    """

    head: int
    seq: int
    market: int
    account: int
    list_id: int
    order_id: int
    trade_id: int
    amount: int
    held: int
    received: int


class Referred(NamedTuple):
    """A share of a fee that an account has just paid went to who referred it."""

    head: int
    seq: int
    market: int
    trade_id: int
    account: int
    referrer: int
    asset: int
    amount: int
    share_ppm: int
    fee_version: int


class Message(NamedTuple):
    """A cold event, still as MessagePack."""

    head: int
    seq: int
    payload: bytes


OrderEvent = (
    Accepted
    | Rested
    | Traded
    | Canceled
    | Rejected
    | Prevented
    | StrategyNoted
    | TermsNoted
    | Pegged
    | Triggered
    | Refilled
    | Amended
    | Entered
)
OwnWords = ListChanged | Referred | Transferred | ProceedsLocked
AnyWords = OrderEvent | OwnWords | Message
FORMATS = {Flags: "8B", bytes: "40s", int: "q"}


@lru_cache(maxsize=4_096)
def flags_of(word: bytes) -> Flags:
    """Flags by their bytes: there are few different ones, and nearly every event has some."""
    return Flags._make(word)


class Layout:
    """How one kind of event is read: its words, and where its flags stand in them."""

    def __init__(self, kind: type[Any]) -> None:
        types = list(kind.__annotations__.values())
        self.make: Any = partial(tuple.__new__, kind)
        """As `_make` of the kind; the layout is what makes sure of the number of fields."""
        self.unpack = Struct("<" + "".join("8s" if each is Flags else FORMATS[each] for each in types)).unpack_from
        self.flags_at = types.index(Flags) if Flags in types else 0


LAYOUTS = {
    int(EventKind.ACCEPTED): Layout(Accepted),
    int(EventKind.RESTED): Layout(Rested),
    int(EventKind.TRADED): Layout(Traded),
    int(EventKind.CANCELED): Layout(Canceled),
    int(EventKind.REJECTED): Layout(Rejected),
    int(EventKind.PREVENTED): Layout(Prevented),
    int(EventKind.STRATEGY_NOTED): Layout(StrategyNoted),
    int(EventKind.TRIGGERED): Layout(Triggered),
    int(EventKind.TERMS_NOTED): Layout(TermsNoted),
    int(EventKind.PEGGED): Layout(Pegged),
    int(EventKind.REFILLED): Layout(Refilled),
    int(EventKind.AMENDED): Layout(Amended),
    int(EventKind.LIST_CHANGED): Layout(ListChanged),
    int(EventKind.ENTERED): Layout(Entered),
    int(EventKind.REFERRED): Layout(Referred),
    int(EventKind.TRANSFERRED): Layout(Transferred),
    int(EventKind.PROCEEDS_LOCKED): Layout(ProceedsLocked),
}


def read_events(stream: bytes | memoryview) -> Iterator[AnyWords]:
    """Yield every event of a stream."""
    at = 0
    end = len(stream)
    while at < end:
        layout = LAYOUTS.get(stream[at])
        if layout is None:
            head, seq, size = MESSAGE_HEAD.unpack_from(stream, at)
            start = at + MESSAGE_HEAD.size
            yield Message(head, seq, bytes(stream[start : start + size]))
            at += (head >> 8) * 8
            continue
        fields: Any = layout.unpack(stream, at)
        at += (fields[0] >> 8) * 8
        if layout.flags_at:
            fields = list(fields)
            fields[layout.flags_at] = flags_of(fields[layout.flags_at])
        yield layout.make(fields)
