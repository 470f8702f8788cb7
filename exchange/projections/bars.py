"""Bars: open, high, low, close and sums of the trades of one stretch of time, in series that grow coarser.

A trade changes the bar of the finest interval only. When a later trade falls into another stretch, the bar is closed
and goes on into the coarser intervals that it feeds, which may close theirs. So a coarse bar is known in pieces: what
was closed into it, and the open bars of the finer ones; `Series.tail` puts them together when somebody reads.
No timer is needed: what stretch a bar belongs to is arithmetic.
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from exchange.projections.ring import Ring

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
EPOCH_DAY = date(1970, 1, 1).toordinal()
WORDS = 16
# Sums are two words wide: a volume may pass 2^63.
WIDE_BITS = 62
WIDE_MASK = (1 << WIDE_BITS) - 1


class Interval(NamedTuple):
    """A way to cut time. `width_ns` 0 is the calendar's month; `fed_by` names the finer interval it is made of."""

    name: str
    width_ns: int
    fed_by: str
    origin_ns: int = 0

    def begin(self, ts_ns: int) -> int:
        """When the stretch around `ts_ns` began."""
        if self.width_ns:
            return ts_ns - (ts_ns - self.origin_ns) % self.width_ns
        day = date.fromordinal(EPOCH_DAY + ts_ns // DAY)
        return (day.replace(day=1).toordinal() - EPOCH_DAY) * DAY

    def later(self, begin_ns: int, count: int) -> int:
        """The beginning of the stretch `count` (perhaps negative) after the one that begins at `begin_ns`."""
        if self.width_ns:
            return begin_ns + count * self.width_ns
        day = date.fromordinal(EPOCH_DAY + begin_ns // DAY)
        year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
        return (date(max(year, 1), month + 1, 1).toordinal() - EPOCH_DAY) * DAY


class Bar:
    """One stretch of trades. Prices in ticks, volumes in lots, quote sums in minor units."""

    __slots__ = (
        "begin_ns", "open", "high", "low", "close", "count", "first_id", "last_id",
        "volume", "quote_volume", "taker_volume", "taker_quote_volume",
    )  # fmt: skip

    def __init__(self, begin_ns: int, price: int, trade_id: int) -> None:
        self.begin_ns = begin_ns
        self.open = self.high = self.low = self.close = price
        self.first_id = self.last_id = trade_id
        self.count = self.volume = self.quote_volume = self.taker_volume = self.taker_quote_volume = 0

    def add(self, price: int, quantity: int, quote_amount: int, taker_buys: bool, trade_id: int) -> None:
        """One more trade."""
        if price > self.high:
            self.high = price
        elif price < self.low:
            self.low = price
        self.close = price
        self.last_id = trade_id
        self.count += 1
        self.volume += quantity
        self.quote_volume += quote_amount
        if taker_buys:
            self.taker_volume += quantity
            self.taker_quote_volume += quote_amount

    def absorb(self, later: "Bar") -> None:
        """A later stretch becomes part of this one."""
        self.high = max(self.high, later.high)
        self.low = min(self.low, later.low)
        self.close = later.close
        self.last_id = later.last_id
        self.count += later.count
        self.volume += later.volume
        self.quote_volume += later.quote_volume
        self.taker_volume += later.taker_volume
        self.taker_quote_volume += later.taker_quote_volume

    def moved(self, begin_ns: int) -> "Bar":
        """A copy that begins elsewhere."""
        return Bar.read((begin_ns, *self.words()[1:]))

    def words(self) -> tuple[int, ...]:
        sums = (self.volume, self.quote_volume, self.taker_volume, self.taker_quote_volume)
        wide = [word for total in sums for word in (total >> WIDE_BITS, total & WIDE_MASK)]
        return (
            self.begin_ns, self.open, self.high, self.low, self.close,
            self.count, self.first_id, self.last_id, *wide,
        )  # fmt: skip

    @classmethod
    def read(cls, words: Sequence[int]) -> "Bar":
        bar = cls.__new__(cls)
        bar.begin_ns, bar.open, bar.high, bar.low, bar.close, bar.count, bar.first_id, bar.last_id = words[:8]
        bar.volume, bar.quote_volume, bar.taker_volume, bar.taker_quote_volume = (
            words[at] << WIDE_BITS | words[at + 1] for at in range(8, WORDS, 2)
        )
        return bar


class Grid:
    """The intervals of a series, finest first, and which feeds which."""

    def __init__(self, intervals: Sequence[Interval]) -> None:
        self.intervals = tuple(intervals)
        self.numbers = {interval.name: number for number, interval in enumerate(intervals)}
        self.feeds: list[list[int]] = [[] for _ in intervals]
        self.paths: list[list[int]] = []
        """For each interval itself and what it is made of, down to the finest."""
        for number, interval in enumerate(intervals):
            path = [number]
            if interval.fed_by:
                source = self.numbers[interval.fed_by]
                self.feeds[source].append(number)
                path += self.paths[source]
            self.paths.append(path)


class Series:
    """The bars of one market, by interval: the last closed ones that had trades, and the open one."""

    __slots__ = ("finest", "finest_ns", "grid", "open", "rings")

    def __init__(self, grid: Grid, kept: Sequence[int]) -> None:
        self.grid = grid
        self.rings = [Ring(WORDS, rows) for rows in kept]
        self.open: list[Bar | None] = [None for _ in kept]
        self.finest: Bar | None = None
        self.finest_ns = grid.intervals[0].width_ns

    def add(self, ts_ns: int, price: int, quantity: int, quote_amount: int, taker_buys: bool, trade_id: int) -> None:
        """One trade; trades come in the order of time."""
        bar = self.finest
        if bar is None or ts_ns - bar.begin_ns >= self.finest_ns:
            if bar is not None:
                self.close(0, bar)
            bar = self.finest = self.open[0] = Bar(ts_ns - ts_ns % self.finest_ns, price, trade_id)
        bar.add(price, quantity, quote_amount, taker_buys, trade_id)

    def close(self, number: int, bar: Bar) -> None:
        """A bar is complete: keep it, and make it part of the coarser ones."""
        self.rings[number].append(*bar.words())
        for coarser in self.grid.feeds[number]:
            begin_ns = self.grid.intervals[coarser].begin(bar.begin_ns)
            known = self.open[coarser]
            if known is not None and known.begin_ns == begin_ns:
                known.absorb(bar)
                continue
            if known is not None:
                self.close(coarser, known)
            self.open[coarser] = bar.moved(begin_ns)

    def tail(self, number: int) -> list[Bar]:
        """The newest bars of an interval, which no ring has: put together from the open bars, oldest first."""
        interval = self.grid.intervals[number]
        bars: list[Bar] = []
        for finer in self.grid.paths[number]:
            bar = self.open[finer]
            if bar is None:
                continue
            begin_ns = interval.begin(bar.begin_ns)
            if bars and bars[-1].begin_ns == begin_ns:
                bars[-1].absorb(bar)
            else:
                bars.append(bar.moved(begin_ns))
        return bars

    def since(self, number: int, from_ns: int) -> list[Bar]:
        """The bars of an interval from `from_ns` on, preceded by the last one before it where one is known."""
        ring = self.rings[number]
        first = ring.find(from_ns)
        bars = [Bar.read(row) for row in ring.rows(first - 1, len(ring))] + self.tail(number)
        if len(bars) > 1 and bars[1].begin_ns < from_ns:
            del bars[: sum(1 for bar in bars if bar.begin_ns < from_ns) - 1]
        return bars

    def parts(self) -> tuple[list[bytes], list[bytes]]:
        """The rings as bytes, and the open bars, empty where there is none."""
        opened = [b"" if bar is None else self.rings[0].layout.pack(*bar.words()) for bar in self.open]
        return [bytes(ring.data) for ring in self.rings], opened

    def restore(self, rings: list[bytes], opened: list[bytes]) -> None:
        for ring, data in zip(self.rings, rings, strict=True):
            ring.restore(data)
        layout = self.rings[0].layout
        self.open = [Bar.read(layout.unpack(data)) if data else None for data in opened]
        self.finest = self.open[0]
