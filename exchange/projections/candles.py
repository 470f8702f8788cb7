"""Candles: all 16 intervals of every market, from one-second bars that grow coarser (bars.py).

Only stretches with trades are kept; the flat candles between them are made when somebody reads, from the last close.
All begin in UTC: weeks on Monday, months on their first, runs of three days counted from 1970-01-01.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from exchange.messages.orders import Side
from exchange.messages.words import Traded
from exchange.projections.bars import DAY, HOUR, MINUTE, SECOND, Bar, Grid, Interval, Series
from exchange.projections.folding import Handler, Projection

KEPT = 1_000
# A client that fell behind is told the last few candles that ended meanwhile, not hours of them.
MISSED_MAX = 5

GRID = Grid(
    [
        Interval("1s", SECOND, ""),
        Interval("1m", MINUTE, "1s"),
        Interval("3m", 3 * MINUTE, "1m"),
        Interval("5m", 5 * MINUTE, "1m"),
        Interval("15m", 15 * MINUTE, "1m"),
        Interval("30m", 30 * MINUTE, "1m"),
        Interval("1h", HOUR, "1m"),
        Interval("2h", 2 * HOUR, "1h"),
        Interval("4h", 4 * HOUR, "1h"),
        Interval("6h", 6 * HOUR, "1h"),
        Interval("8h", 8 * HOUR, "1h"),
        Interval("12h", 12 * HOUR, "1h"),
        Interval("1d", DAY, "1h"),
        Interval("3d", 3 * DAY, "1d"),
        # 1970-01-01 was a Thursday: the first Monday is four days later.
        Interval("1w", 7 * DAY, "1d", 4 * DAY),
        Interval("1M", 0, "1d"),
    ]
)
INTERVALS = tuple(GRID.numbers)
SHIFTED_FROM = ("1h", "30m", "15m", "1m")


class Candle(NamedTuple):
    """Prices in ticks, volumes in lots, quote volumes in minor units; `end_ns` is the next one's begin.

    Trade ids are -1 where it has no trade; `taker_volume` is what takers bought.
    """

    begin_ns: int
    end_ns: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    quote_volume: int
    trades: int
    taker_volume: int
    taker_quote_volume: int
    first_id: int
    last_id: int


class Candles(Projection):
    """`kept` is how many closed candles with trades are kept for each market and interval."""

    name = "candles"
    version = 1

    def __init__(self, kept: int = KEPT) -> None:
        super().__init__()
        self.kept = kept
        self.markets: dict[int, Series] = {}

    def handlers(self) -> dict[type[Any], Handler]:
        return {Traded: self.on_traded}

    def on_traded(self, seq: int, event: Traded) -> None:
        series = self.markets.get(event.market) or self.open_series(event.market)
        buys = event.taker_side == Side.BUY
        series.add(self.ts_ns, event.price, event.quantity, event.quote_amount, buys, event.trade_id)

    def open_series(self, market: int) -> Series:
        series = self.markets[market] = Series(GRID, [self.kept] * len(INTERVALS))
        return series

    def klines(
        self,
        market: int,
        interval: str,
        start_ns: int = 0,
        end_ns: int = 0,
        limit: int = 500,
        *,
        now_ns: int = 0,
        offset_ns: int = 0,
    ) -> list[Candle]:
        """The candles of a market that begin from `start_ns` to `end_ns` (0: not given), oldest first.

        With a start: the oldest `limit` from it; without: the newest `limit` up to the end, or to now. None begins
        before the market's first known trade. `now_ns` 0 is the last batch's time; `offset_ns` moves where candles
        begin into a time zone, which is put together from candles of an hour or less.
        """
        series = self.markets.get(market)
        if series is None:
            return []
        cut = GRID.intervals[GRID.numbers[interval]]
        if cut.width_ns and offset_ns % cut.width_ns == 0 and not cut.origin_ns:
            offset_ns = 0
        now_ns = now_ns or self.ts_ns
        last = cut.begin(min(now_ns, end_ns or now_ns) + offset_ns)
        if start_ns:
            first = cut.begin(start_ns + offset_ns)
            if first < start_ns + offset_ns:
                first = cut.later(first, 1)
        else:
            first = cut.later(last, 1 - limit)
        bars = shifted(series, cut, first, offset_ns) if offset_ns else series.since(GRID.numbers[interval], first)
        return fill(bars, cut, first, last, limit, offset_ns)

    def sections(self) -> Iterator[bytes]:
        for market, series in self.markets.items():
            yield msgspec.msgpack.encode((market, *series.parts()))

    def restore(self, part: bytes | memoryview) -> None:
        market, rings, opened = SECTION.decode(part)
        self.open_series(market).restore(rings, opened)


SECTION: msgspec.msgpack.Decoder[tuple[int, list[bytes], list[bytes]]] = msgspec.msgpack.Decoder(
    tuple[int, list[bytes], list[bytes]]
)


def shifted(series: Series, cut: Interval, first: int, offset_ns: int) -> list[Bar]:
    """Bars whose time is `offset_ns` later than UTC, put together from the coarsest interval that divides it."""
    names = [
        name
        for name in SHIFTED_FROM
        if offset_ns % GRID.intervals[GRID.numbers[name]].width_ns == 0 and GRID.numbers[name] < GRID.numbers[cut.name]
    ]
    bars: list[Bar] = []
    source = GRID.numbers[names[0] if names else "1s"]
    for piece in series.since(source, first - offset_ns):
        begin_ns = cut.begin(piece.begin_ns + offset_ns)
        if bars and bars[-1].begin_ns == begin_ns:
            bars[-1].absorb(piece)
        else:
            bars.append(piece.moved(begin_ns))
    return bars


def fill(bars: list[Bar], cut: Interval, first: int, last: int, limit: int, offset_ns: int) -> list[Candle]:
    """Candles from `first` to `last`, flat where no bar is. `bars[0]` may be the one before, for its close."""
    candles: list[Candle] = []
    if not bars:
        return candles
    at = 0
    if bars[0].begin_ns < first:
        close = bars[0].close
        at = 1
    else:
        close = bars[0].open
        first = bars[0].begin_ns
    begin = first
    while begin <= last and len(candles) < limit:
        end = cut.later(begin, 1)
        if at < len(bars) and bars[at].begin_ns == begin:
            bar = bars[at]
            at += 1
            close = bar.close
            numbers = (
                bar.open, bar.high, bar.low, close, bar.volume, bar.quote_volume, bar.count,
                bar.taker_volume, bar.taker_quote_volume, bar.first_id, bar.last_id,
            )  # fmt: skip
        else:
            numbers = (close, close, close, close, 0, 0, 0, 0, 0, -1, -1)
        candles.append(Candle(begin - offset_ns, end - offset_ns, *numbers))
        begin = end
    return candles


class CandleTaker:
    """What a stream of candles tells at each beat: candles that ended, then the current one where it changed.

    It belongs to its listeners: no snapshot carries it.
    """

    def __init__(self, candles: Candles) -> None:
        self.candles = candles
        self.told: dict[tuple[int, str, int], Candle] = {}

    def take(
        self, now_ns: int, wanted: Iterable[tuple[int, str, int]]
    ) -> Iterator[tuple[tuple[int, str, int], Candle, bool]]:
        """Yield (what was wanted, candle, whether it is closed) for the wanted (market, interval, offset_ns)."""
        told = self.told
        self.told = {}
        for key in wanted:
            market, interval, offset_ns = key
            known = told.get(key)
            count = 2 if known is None or known.end_ns >= now_ns else MISSED_MAX + 1
            newest = self.candles.klines(market, interval, limit=count, now_ns=now_ns, offset_ns=offset_ns)
            for candle in newest:
                is_closed = candle.end_ns <= now_ns
                if known is None:
                    if not is_closed:
                        yield key, candle, False
                elif candle.begin_ns >= known.begin_ns and (is_closed or candle != known):
                    yield key, candle, is_closed
            if newest:
                self.told[key] = newest[-1]
