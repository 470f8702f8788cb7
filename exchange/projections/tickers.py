"""Tickers: what happened in a market in the last 24 hours, or in any other window up to the hours kept.

Trades are summed in bars of a minute, which go on into bars of an hour (bars.py). A window is the minutes at its old
edge, the whole hours after them, and what is still open: some 150 bars for a day, whatever was traded. It begins at a
whole minute, so it is up to a minute longer than asked.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from exchange.messages.markets import MarketListed
from exchange.messages.orders import Side
from exchange.messages.words import Traded
from exchange.projections.bars import DAY, HOUR, MINUTE, Bar, Grid, Interval, Series
from exchange.projections.folding import Handler, Projection

GRID = Grid([Interval("1m", MINUTE, ""), Interval("1h", HOUR, "1m")])
MINUTES, HOURS = 0, 1


class Ticker(NamedTuple):
    """Prices in ticks, volumes in lots, quote volume in minor units; the window is [open_ns, close_ns].

    `previous_close` is the last price before the window (its first one where none is known). `weighted_average` is in
    minor units of the quote asset per whole base unit, rounded down. A window without trades has the last price
    everywhere, no trades and ids -1.
    """

    market: int
    open_ns: int
    close_ns: int
    open: int
    high: int
    low: int
    last: int
    last_quantity: int
    previous_close: int
    volume: int
    quote_volume: int
    trades: int
    first_id: int
    last_id: int
    weighted_average: int

    @property
    def change(self) -> int:
        """How far the price went, in ticks."""
        return self.last - self.open


class Market:
    """One market's bars, and what makes a price of its sums."""

    __slots__ = ("last_quantity", "quote_per_tick_lot", "series", "tick_size")

    def __init__(self, tick_size: int, quote_per_tick_lot: int, kept: list[int]) -> None:
        self.tick_size = tick_size
        self.quote_per_tick_lot = quote_per_tick_lot
        self.last_quantity = 0
        self.series = Series(GRID, kept)


class Tickers(Projection):
    """`days` is the longest window."""

    name = "tickers"
    version = 1

    def __init__(self, days: int = 7) -> None:
        super().__init__()
        # The oldest minute of a window is needed while the one running now is open; one hour more tells the close
        # before the window in most cases.
        self.kept = [days * 24 * 60 + 60, days * 24 + 1]
        self.markets: dict[int, Market] = {}
        self.changed: dict[int, None] = {}

    def handlers(self) -> dict[type[Any], Handler]:
        return {Traded: self.on_traded, MarketListed: self.on_listed}

    def on_listed(self, seq: int, event: MarketListed) -> None:
        self.markets[event.market_id] = Market(event.tick_size, event.quote_per_tick_lot, self.kept)

    def on_traded(self, seq: int, event: Traded) -> None:
        market = self.markets[event.market]
        market.last_quantity = event.quantity
        buys = event.taker_side == Side.BUY
        market.series.add(self.ts_ns, event.price, event.quantity, event.quote_amount, buys, event.trade_id)
        self.changed[event.market] = None

    def take_changed(self) -> list[int]:
        """The markets that traded since the last take."""
        changed = list(self.changed)
        self.changed.clear()
        return changed

    def ticker(self, market: int, now_ns: int, window_ns: int = DAY) -> Ticker | None:
        """The statistics of a window that ends now; None before the market's first trade. KeyError: no such market."""
        known = self.markets[market]
        newest = known.series.finest
        if newest is None:
            return None
        open_ns = (now_ns - window_ns) // MINUTE * MINUTE
        bars = window(known.series, open_ns)
        last = newest.close
        before = close_before(known.series, open_ns)
        if not bars:
            nothing = (last, last, last, last, known.last_quantity, last, 0, 0, 0, -1, -1, 0)
            return Ticker(market, open_ns, now_ns, *nothing)
        volume = sum(bar.volume for bar in bars)
        quote_volume = sum(bar.quote_volume for bar in bars)
        return Ticker(
            market,
            open_ns,
            now_ns,
            bars[0].open,
            max(bar.high for bar in bars),
            min(bar.low for bar in bars),
            last,
            known.last_quantity,
            bars[0].open if before is None else before,
            volume,
            quote_volume,
            sum(bar.count for bar in bars),
            bars[0].first_id,
            bars[-1].last_id,
            quote_volume * known.tick_size // (volume * known.quote_per_tick_lot),
        )

    def sections(self) -> Iterator[bytes]:
        for number, market in self.markets.items():
            head = (number, market.tick_size, market.quote_per_tick_lot, market.last_quantity)
            yield msgspec.msgpack.encode((*head, *market.series.parts()))

    def restore(self, part: bytes | memoryview) -> None:
        number, tick_size, quote_per_tick_lot, last_quantity, rings, opened = SECTION.decode(part)
        market = self.markets[number] = Market(tick_size, quote_per_tick_lot, self.kept)
        market.last_quantity = last_quantity
        market.series.restore(rings, opened)


SECTION: msgspec.msgpack.Decoder[tuple[int, int, int, int, list[bytes], list[bytes]]] = msgspec.msgpack.Decoder(
    tuple[int, int, int, int, list[bytes], list[bytes]]
)


def window(series: Series, open_ns: int) -> list[Bar]:
    """Every bar from `open_ns` on, oldest first: minutes up to the next whole hour, then hours."""
    whole_ns = -(-open_ns // HOUR) * HOUR
    minutes, hours = series.rings[MINUTES], series.rings[HOURS]
    running = series.open[HOURS]
    if running is None or running.begin_ns < whole_ns:
        # The window is younger than the hour that is open: minutes tell all of it.
        edge = [Bar.read(row) for row in minutes.rows(minutes.find(open_ns), len(minutes))]
        return edge + [bar for bar in series.tail(MINUTES) if bar.begin_ns >= open_ns]
    edge = [Bar.read(row) for row in minutes.rows(minutes.find(open_ns), minutes.find(whole_ns))]
    whole = [Bar.read(row) for row in hours.rows(hours.find(whole_ns), len(hours))]
    return edge + whole + series.tail(HOURS)


def close_before(series: Series, open_ns: int) -> int | None:
    """The last price before a window, where a minute bar of that time is still kept."""
    minutes = series.rings[MINUTES]
    older = minutes.find(open_ns) - 1
    return minutes.row(older)[4] if older >= 0 else None
