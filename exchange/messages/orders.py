"""Orders as the journal and the event stream have them: rows in, events out, in words (core/matching/README.md)."""

from enum import IntEnum, unique
from functools import lru_cache
from struct import Struct
from typing import Final, NamedTuple

ROW: Final = Struct("<6q8B9q")
ROW_BYTES: Final = ROW.size
PLACED: Final = Struct("<6q8s4q40s")
"""The same with flags and client id as their bytes."""
EXTENSION: Final = Struct("<8q")
CLIENT_WORDS: Final = Struct("<5q")
REFERENCE_HEAD: Final = Struct("<q")
REFERENCE_TAIL: Final = Struct("<2q")
CLIENT_ID_BYTES: Final = 40
CLIENT_ID_LENGTH_MAX: Final = 36
NO_CLIENT_ID: Final = bytes(CLIENT_ID_BYTES)


@unique
class RowKind(IntEnum):
    """What a row asks for."""

    PLACE = 1
    CANCEL = 2
    CANCEL_ALL = 3
    AMEND = 4
    CANCEL_REPLACE = 5
    LIST = 6
    CANCEL_LIST = 7


@unique
class Extension(IntEnum):
    """What a row can carry beside its base."""

    TRIGGER = 1
    ICEBERG = 2
    PEG = 3
    CONDITION = 4
    STRATEGY = 5
    GOOD_TILL = 6
    REFERENCE = 7
    CANCEL_ID = 8
    LIST_LINK = 9


@unique
class Side(IntEnum):
    BUY = 0
    SELL = 1


@unique
class OrderType(IntEnum):
    LIMIT = 1
    MARKET = 2
    LIMIT_MAKER = 3
    STOP_LOSS = 4
    STOP_LOSS_LIMIT = 5
    TAKE_PROFIT = 6
    TAKE_PROFIT_LIMIT = 7


@unique
class TimeInForce(IntEnum):
    GTC = 1
    IOC = 2
    FOK = 3
    GTD = 4


@unique
class SelfTrade(IntEnum):
    """Self-trade prevention; MARKET_DEFAULT is replaced by the market's own at acceptance."""

    MARKET_DEFAULT = 0
    NONE = 1
    EXPIRE_TAKER = 2
    EXPIRE_MAKER = 3
    EXPIRE_BOTH = 4
    DECREMENT = 5
    TRANSFER = 6


@unique
class PegPrice(IntEnum):
    """Which best price a pegged order takes: that of its own side, or that of the other."""

    PRIMARY_PEG = 1
    MARKET_PEG = 2


@unique
class PegOffset(IntEnum):
    """How the offset of a peg counts: existing price levels, away from the market."""

    PRICE_LEVEL = 1


@unique
class Restriction(IntEnum):
    """Which state an order must be in for its cancel to count."""

    ANY_STATE = 0
    ONLY_NEW = 1
    ONLY_PARTIALLY_FILLED = 2


@unique
class Reason(IntEnum):
    """Why an order ended without being filled."""

    BY_REQUEST = 1
    UNFILLED_IOC = 2
    UNFILLED_FOK = 3
    NO_LIQUIDITY = 4
    SELF_TRADE = 5
    BY_CANCEL_ALL = 6
    BY_OPERATOR = 7
    EXCHANGE_CANCELED = 8
    OUT_OF_RANGE = 9
    """The next trade would have been outside the market's price range."""
    HALTED = 10
    """Its own trades stopped the market."""
    AMENDED_AWAY = 11
    """It had traded as much already as it was amended to."""
    COUNTED_DOWN = 12
    """Its account did not say in time that it is still there."""
    OCO_TRIGGER = 13
    """Another leg of its list works, or has ended."""
    OTO_PHASE_ONE_EXPIRED = 14
    """The working order of its list ended unfilled."""
    LEG_REFUSED = 15
    """A pending leg that was refused when it was placed, or whose sibling was; `code` says why."""
    GOOD_TILL_ENDED = 16
    """Its time has come."""
    DISCONNECTED = 17
    """A session that asked for it was lost."""
    PEG_REFUSED = 18
    """A pegged order that waited, and could not take a price when its own was reached; `code` says why."""


@unique
class EventKind(IntEnum):
    """Kinds of event words, the lowest byte of an event's first word."""

    ACCEPTED = 1
    RESTED = 2
    TRADED = 3
    CANCELED = 4
    REJECTED = 5
    PREVENTED = 6
    STRATEGY_NOTED = 7
    TRIGGERED = 8
    REFILLED = 9
    AMENDED = 10
    LIST_CHANGED = 11
    TERMS_NOTED = 14
    MESSAGE = 15
    ENTERED = 16
    REFERRED = 17
    TRANSFERRED = 13
    PEGGED = 18
    PROCEEDS_LOCKED = 19


@unique
class Contingency(IntEnum):
    """Kinds of lists."""

    OCO = 1
    OTO = 2
    OTOCO = 3
    OPO = 4
    OPOCO = 5


@unique
class Leg(IntEnum):
    """The part that an order has in a list."""

    WORKING = 1
    ABOVE = 2
    BELOW = 3
    PENDING = 4


@unique
class ListStatus(IntEnum):
    """What is told of a list."""

    STARTED = 1
    UPDATED = 2
    DONE = 3


class Flags(NamedTuple):
    """The kinds of an order, one byte each on disk."""

    side: int
    type: int
    time_in_force: int
    self_trade: int
    options: int = 0
    restriction: int = 0
    spare_1: int = 0
    spare_2: int = 0


NO_FLAGS: Final = Flags(0, 0, 0, 0)


@lru_cache(maxsize=4_096)
def pack_flags(flags: Flags) -> bytes:
    """Flags as their 8 bytes; there are few different ones. ValueError where one is no byte."""
    return bytes(flags)


def pack_client_id(text: str) -> bytes:
    """A client id as its 40 bytes. ValueError above 36 bytes of UTF-8."""
    encoded = text.encode()
    if len(encoded) > CLIENT_ID_LENGTH_MAX:
        raise ValueError(f"client id has {len(encoded)} bytes, at most {CLIENT_ID_LENGTH_MAX} are possible")
    return encoded.ljust(CLIENT_ID_BYTES, b"\0")


def unpack_client_id(encoded: bytes) -> str:
    """The text of a client id's 40 bytes."""
    return encoded.rstrip(b"\0").decode()


def strategy(strategy_id: int, strategy_type: int) -> bytes:
    """The extension STRATEGY."""
    return EXTENSION.pack(Extension.STRATEGY, strategy_id, strategy_type, 0, 0, 0, 0, 0)


def trigger(trigger_price: int = 0, trailing_delta: int = 0, activation_price: int = 0) -> bytes:
    """The extension TRIGGER: prices in ticks, the distance in hundredths of a percent."""
    return EXTENSION.pack(Extension.TRIGGER, trigger_price, trailing_delta, activation_price, 0, 0, 0, 0)


def iceberg(visible: int) -> bytes:
    """The extension ICEBERG: lots that show at a time."""
    return EXTENSION.pack(Extension.ICEBERG, visible, 0, 0, 0, 0, 0, 0)


def peg(price_kind: int, offset_kind: int = 0, offset: int = 0) -> bytes:
    """The extension PEG: which best price, and how many price levels behind it."""
    return EXTENSION.pack(Extension.PEG, price_kind, offset_kind, offset, 0, 0, 0, 0)


def reference(client_id: bytes, mode: int = 0) -> bytes:
    """The extension REFERENCE: an order by its client id, and what a cancel-replace does where it cannot cancel it."""
    return REFERENCE_HEAD.pack(Extension.REFERENCE) + client_id + REFERENCE_TAIL.pack(mode, 0)


def cancel_id_of(client_id: bytes) -> bytes:
    """The extension CANCEL_ID: the cancel's own client id in a cancel-replace."""
    return REFERENCE_HEAD.pack(Extension.CANCEL_ID) + client_id + REFERENCE_TAIL.pack(0, 0)


def place_row(
    market: int,
    account: int,
    key: int,
    flags: Flags,
    client_id: bytes,
    *,
    price: int = 0,
    quantity: int = 0,
    quote_quantity: int = 0,
    order_id: int = 0,
    extensions: bytes = b"",
    kind: RowKind = RowKind.PLACE,
) -> bytes:
    """A command to place an order. Price in ticks, quantity in lots, quote_quantity in minor units.

    With `kind` CANCEL_REPLACE the order to cancel is named by `order_id` or by the extension REFERENCE, which it needs.
    """
    count = len(extensions) // EXTENSION.size
    base = PLACED.pack(
        kind, 1, count, market, account, key, pack_flags(flags), price, quantity, quote_quantity, order_id, client_id
    )
    return base + extensions if extensions else base


def cancel_row(
    market: int,
    account: int,
    key: int,
    *,
    order_id: int = 0,
    original_client_id: bytes = NO_CLIENT_ID,
    cancel_id: bytes = NO_CLIENT_ID,
    restriction: int = 0,
) -> bytes:
    """A command to cancel one order, named by its id, its client id or both."""
    extensions = b""
    if original_client_id != NO_CLIENT_ID:
        extensions = reference(original_client_id)
    flags = NO_FLAGS._replace(restriction=restriction)
    words = CLIENT_WORDS.unpack(cancel_id)
    count = len(extensions) // EXTENSION.size
    return ROW.pack(RowKind.CANCEL, 1, count, market, account, key, *flags, 0, 0, 0, order_id, *words) + extensions


def amend_row(
    market: int,
    account: int,
    key: int,
    quantity: int,
    *,
    order_id: int = 0,
    original_client_id: bytes = NO_CLIENT_ID,
    client_id: bytes = NO_CLIENT_ID,
) -> bytes:
    """A command to make an order smaller, which keeps its place; `client_id` is its new one, or none."""
    extensions = b"" if original_client_id == NO_CLIENT_ID else reference(original_client_id)
    words = CLIENT_WORDS.unpack(client_id)
    count = len(extensions) // EXTENSION.size
    base = ROW.pack(RowKind.AMEND, 1, count, market, account, key, *NO_FLAGS, 0, quantity, 0, order_id, *words)
    return base + extensions


def good_till(due_ns: int) -> bytes:
    """The extension GOOD_TILL: when an order ends by itself."""
    return EXTENSION.pack(Extension.GOOD_TILL, due_ns, 0, 0, 0, 0, 0, 0)


def list_link(contingency: int, leg: int = 0) -> bytes:
    """The extension LIST_LINK: of a list's head without a leg."""
    return EXTENSION.pack(Extension.LIST_LINK, contingency, leg, 0, 0, 0, 0, 0)


def list_rows(market: int, account: int, key: int, contingency: int, client_id: bytes, legs: list[bytes]) -> bytes:
    """A command to place a list: its head, then its legs, which are PLACE rows that carry their LIST_LINK."""
    words = CLIENT_WORDS.unpack(client_id)
    head = ROW.pack(RowKind.LIST, 1 + len(legs), 1, market, account, key, *NO_FLAGS, 0, 0, 0, 0, *words)
    return head + list_link(contingency) + b"".join(legs)


def cancel_list_row(
    market: int,
    account: int,
    key: int,
    *,
    list_id: int = 0,
    list_client_id: bytes = NO_CLIENT_ID,
    cancel_id: bytes = NO_CLIENT_ID,
) -> bytes:
    """A command to cancel a list, named by its number, its client id or both."""
    row = cancel_row(market, account, key, order_id=list_id, original_client_id=list_client_id, cancel_id=cancel_id)
    return REFERENCE_HEAD.pack(RowKind.CANCEL_LIST) + row[REFERENCE_HEAD.size :]


def cancel_all_row(market: int, account: int, key: int, *, cancel_id: bytes = NO_CLIENT_ID) -> bytes:
    """A command to cancel every order of an account in a market, or in all (market 0)."""
    words = CLIENT_WORDS.unpack(cancel_id)
    return ROW.pack(RowKind.CANCEL_ALL, 1, 0, market, account, key, *NO_FLAGS, 0, 0, 0, 0, *words)
