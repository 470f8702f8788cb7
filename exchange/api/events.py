"""What streams send, as types, and the table of streams: names, speeds, payloads, and what a slow reader loses.

`seq` is ours: the number of the last command that an event holds for (reference names are kept as they are).
"""

import re
from typing import Any, Literal, NamedTuple

from msgspec import UNSET, Struct, UnsetType

from exchange.api.answers import InForce, Mode, Number, OrderKind, Side, Status, Text

Level = tuple[str, str]


class Event(Struct, forbid_unknown_fields=True, kw_only=True):
    """The names are the wire's: most are one letter."""


class TradeEvent(Event, kw_only=True, tag_field="e", tag="trade"):
    """Trade id, price, quantity, time, whether the buyer was the maker."""

    E: int
    s: str
    t: int
    p: str
    q: str
    T: int
    m: bool
    M: bool
    seq: int


class BlockTradeEvent(Event, kw_only=True, tag_field="e", tag="blockTrade"):
    E: int
    s: str
    t: int
    p: str
    q: str
    T: int
    m: bool
    seq: int


class AggregateTradeEvent(Event, kw_only=True, tag_field="e", tag="aggTrade"):
    E: int
    s: str
    a: int
    p: str
    q: str
    f: int
    l: int
    T: int
    m: bool
    M: bool
    seq: int


class CandleOfEvent(Event, kw_only=True):
    t: int
    T: int
    s: str
    i: str
    f: int
    L: int
    o: str
    c: str
    h: str
    l: str
    v: str
    n: int
    x: bool
    q: str
    V: str
    Q: str
    B: str


class CandleEvent(Event, kw_only=True, tag_field="e", tag="kline"):
    E: int
    s: str
    k: CandleOfEvent
    seq: int


class MiniTickerEvent(Event, kw_only=True, tag_field="e", tag="24hrMiniTicker"):
    E: int
    s: str
    c: str
    o: str
    h: str
    l: str
    v: str
    q: str
    seq: int


class Window(Event, kw_only=True):
    """The statistics of a window that ends now."""

    E: int
    s: str
    p: str
    P: str
    o: str
    h: str
    l: str
    c: str
    w: str
    v: str
    q: str
    O: int
    C: int
    F: int
    L: int
    n: int
    seq: int


class HourTickerEvent(Window, kw_only=True, tag_field="e", tag="1hTicker"):
    """The last hour."""


class FourHoursTickerEvent(Window, kw_only=True, tag_field="e", tag="4hTicker"):
    """The last four hours."""


class DayTickerEvent(Window, kw_only=True, tag_field="e", tag="1dTicker"):
    """The last day."""


WindowTickerEvent = HourTickerEvent | FourHoursTickerEvent | DayTickerEvent


class TickerEvent(Event, kw_only=True, tag_field="e", tag="24hrTicker"):
    E: int
    s: str
    p: str
    P: str
    w: str
    x: str
    c: str
    Q: str
    b: str
    B: str
    a: str
    A: str
    o: str
    h: str
    l: str
    v: str
    q: str
    O: int
    C: int
    F: int
    L: int
    n: int
    seq: int


class BestPricesEvent(Event, kw_only=True):
    """Without `e`, `E` and `seq`: `u` is the book's update id."""

    u: int
    s: str
    b: str
    B: str
    a: str
    A: str


class AveragePriceEvent(Event, kw_only=True, tag_field="e", tag="avgPrice"):
    E: int
    s: str
    i: str
    w: str
    T: int
    seq: int


class ReferencePriceEvent(Event, kw_only=True, tag_field="e", tag="referencePrice"):
    s: str
    r: str | None
    t: int


class PartialBookEvent(Event, kw_only=True):
    lastUpdateId: int
    bids: list[Level]
    asks: list[Level]


class DepthEvent(Event, kw_only=True, tag_field="e", tag="depthUpdate"):
    """Updates U to u; the next event's U is this one's u + 1."""

    E: int
    s: str
    U: int
    u: int
    b: list[Level]
    a: list[Level]
    seq: int


class ExecutionReport(Event, kw_only=True, tag_field="e", tag="executionReport"):
    """One execution of an order (reference §17 says what each letter is)."""

    E: int
    s: str
    c: str
    S: Side
    o: OrderKind
    f: InForce
    q: str
    p: str
    P: str
    F: str
    g: int
    C: str
    x: Literal["NEW", "CANCELED", "REPLACED", "REJECTED", "TRADE", "EXPIRED", "TRADE_PREVENTION"]
    X: Status
    r: str
    i: int
    l: str
    z: str
    L: str
    n: str
    N: str | None
    T: int
    t: int
    I: int
    w: bool
    m: bool
    M: bool
    O: int
    Z: str
    Y: str
    Q: str
    W: Number = UNSET
    V: Mode
    seq: int
    d: Number = UNSET
    D: Number = UNSET
    j: Number = UNSET
    J: Number = UNSET
    v: Number = UNSET
    A: Text = UNSET
    B: Text = UNSET
    u: Number = UNSET
    U: Number = UNSET
    Cs: Text = UNSET
    pl: Text = UNSET
    pL: Text = UNSET
    pY: Text = UNSET
    b: Text = UNSET
    a: Number = UNSET
    k: Text = UNSET
    uS: bool | UnsetType = UNSET
    gP: Text = UNSET
    gOT: Text = UNSET
    gOV: Number = UNSET
    gp: Text = UNSET
    eR: Text = UNSET
    gtd: Number = UNSET


class PositionBalance(Event, kw_only=True):
    a: str
    f: str
    l: str


class PositionEvent(Event, kw_only=True, tag_field="e", tag="outboundAccountPosition"):
    E: int
    u: int
    B: list[PositionBalance]
    seq: int


class BalanceUpdateEvent(Event, kw_only=True, tag_field="e", tag="balanceUpdate"):
    E: int
    a: str
    d: str
    T: int
    seq: int


class ListedLeg(Event, kw_only=True):
    s: str
    i: int
    c: str


class ListStatusEvent(Event, kw_only=True, tag_field="e", tag="listStatus"):
    E: int
    s: str
    g: int
    c: str
    l: str
    L: str
    r: str
    C: str
    T: int
    O: list[ListedLeg]
    seq: int


class ListenKeyExpired(Event, kw_only=True, tag_field="e", tag="listenKeyExpired"):
    E: int
    listenKey: str


class StreamTerminated(Event, kw_only=True, tag_field="e", tag="eventStreamTerminated"):
    E: int


class ServerShutdown(Event, kw_only=True, tag_field="e", tag="serverShutdown"):
    E: int


UserEvent = ExecutionReport | PositionEvent | BalanceUpdateEvent | ListStatusEvent | ListenKeyExpired | StreamTerminated
USER_EVENTS: dict[str, Any] = {
    "executionReport": ExecutionReport,
    "outboundAccountPosition": PositionEvent,
    "balanceUpdate": BalanceUpdateEvent,
    "listStatus": ListStatusEvent,
    "listenKeyExpired": ListenKeyExpired,
    "eventStreamTerminated": StreamTerminated,
}
INTERVALS = "1s|1m|3m|5m|15m|30m|1h|2h|4h|6h|8h|12h|1d|3d|1w|1M"


class StreamRow(NamedTuple):
    """One kind of stream: its name with parameters in braces, how often it tells, and what.

    Of a conflated stream a slow reader gets the newest event only; of the others every one, or the connection ends.
    The last events of a kept one can be had again (`fromSeq`).
    """

    name: str
    speed: str
    payload: Any
    is_conflated: bool = False
    is_kept: bool = False

    @property
    def pattern(self) -> re.Pattern[str]:
        """What a name of this kind looks like."""
        text = re.escape(self.name)
        for key, found in PARAMETERS.items():
            text = text.replace(re.escape("{" + key + "}"), f"({found})")
        return re.compile(text)


PARAMETERS = {
    "symbol": "[^@!]+",
    "interval": INTERVALS,
    "offset": "@[+-][0-9]{2}:[0-9]{2}|",
    "window": "1h|4h|1d",
    "levels": "5|10|20",
    "speed": "@100ms|@1000ms|",
    "listenKey": "[A-Za-z0-9]{64}",
}
STREAMS: tuple[StreamRow, ...] = (
    StreamRow("{symbol}@aggTrade", "real time", AggregateTradeEvent, is_kept=True),
    StreamRow("{symbol}@trade", "real time", TradeEvent, is_kept=True),
    StreamRow("{symbol}@blockTrade", "real time", BlockTradeEvent),
    StreamRow("{symbol}@kline_{interval}{offset}", "1 s for 1s, else 2 s", CandleEvent),
    StreamRow("{symbol}@miniTicker", "1 s", MiniTickerEvent, is_conflated=True),
    StreamRow("!miniTicker@arr", "1 s", list[MiniTickerEvent]),
    StreamRow("{symbol}@ticker", "1 s", TickerEvent, is_conflated=True),
    StreamRow("!ticker@arr", "1 s", list[TickerEvent]),
    StreamRow("{symbol}@ticker_{window}", "1 s", WindowTickerEvent, is_conflated=True),
    StreamRow("!ticker_{window}@arr", "1 s", list[WindowTickerEvent]),
    StreamRow("{symbol}@bookTicker", "real time", BestPricesEvent, is_conflated=True),
    StreamRow("{symbol}@avgPrice", "1 s", AveragePriceEvent, is_conflated=True),
    StreamRow("{symbol}@referencePrice", "1 s", ReferencePriceEvent, is_conflated=True),
    StreamRow("{symbol}@depth{levels}{speed}", "1 s or 100 ms", PartialBookEvent, is_conflated=True),
    StreamRow("{symbol}@depth{speed}", "1 s or 100 ms", DepthEvent, is_kept=True),
    StreamRow("{listenKey}", "real time", UserEvent, is_kept=True),
)
PATTERNS = tuple((row.pattern, row) for row in STREAMS)


def row_of(stream: str) -> StreamRow | None:
    """The kind of a stream by its name; None where there is none such, and nothing will ever come of it."""
    return next((row for pattern, row in PATTERNS if pattern.fullmatch(stream)), None)
