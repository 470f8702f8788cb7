"""What market streams are sent: at each batch what is told in real time, at each beat what is gathered."""

import asyncio
from functools import partial
from typing import Any

from exchange.api import stream_views
from exchange.api.context import Context, WireMarket
from exchange.api.errors import WireError
from exchange.api.events import row_of
from exchange.api.market_data import levels, time_zone
from exchange.api.streams import Hub
from exchange.core import queries
from exchange.projections.candles import CandleTaker
from exchange.projections.depth import DepthTaker
from exchange.projections.tickers import Ticker

FAST, SLOW = ("@100ms",), ("", "@1000ms")
BEAT_SECONDS = 0.1
BEATS_A_SECOND = 10
PARTIAL = (5, 10, 20)
HOUR_NS = 3_600_000_000_000
WINDOWS = {"1h": HOUR_NS, "4h": 4 * HOUR_NS, "1d": 24 * HOUR_NS}
MinuteKey = tuple[int, str, int]


class Feed:
    """Publishes to the hub; costs nothing for streams that nobody listens to."""

    def __init__(self, context: Context, hub: Hub) -> None:
        self.context = context
        self.hub = hub
        self.projections = context.projections
        self.fast, self.slow = self.projections.depth.fast, self.projections.depth.slow
        self.candles = CandleTaker(self.projections.candles)

    def on_batch(self, ts_ns: int) -> None:
        """Trades, aggregates and best prices of the last batch."""
        if not self.hub.streams:
            return
        seq = self.context.state.seq
        for number, trade in self.projections.trades.batch:
            market = self.context.market_by_id(number)
            stream = f"{market.symbol.lower()}@trade"
            if self.hub.has(stream):
                self.hub.publish(stream, partial(stream_views.trade, market, trade, ts_ns, seq), seq)
        for number, found in self.projections.trades.batch_aggregates:
            market = self.context.market_by_id(number)
            stream = f"{market.symbol.lower()}@aggTrade"
            if self.hub.has(stream):
                self.hub.publish(stream, partial(stream_views.aggregate_trade, market, found, ts_ns, seq), seq)
        for best in self.projections.depth.best_changes:
            market = self.context.market_by_id(best.market)
            stream = f"{market.symbol.lower()}@bookTicker"
            if self.hub.has(stream):
                payload = stream_views.best_prices(market, best)
                self.hub.publish(stream, partial(stream_views.timeless, payload))

    async def run(self) -> None:
        """Beat ten times a second, for ever."""
        beat = 0
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            beat += 1
            self.beat(beat, self.context.now_ns())

    def beat(self, beat: int, now_ns: int) -> None:
        """Publish what is due at one beat."""
        self.context.expire(now_ns)
        self.publish_depth(self.fast, FAST, now_ns)
        if beat % BEATS_A_SECOND == 0:
            self.publish_depth(self.slow, SLOW, now_ns)
            self.publish_candles(now_ns, is_even=beat // BEATS_A_SECOND % 2 == 0)
            self.publish_tickers(now_ns)
            self.publish_averages(now_ns)
            self.hub.sweep(now_ns)

    def publish_depth(self, taker: DepthTaker, speeds: tuple[str, ...], now_ns: int) -> None:
        """Diffs and partial books of every market that changed."""
        seq = self.context.state.seq
        for number in taker.touched():
            change = taker.take(number)
            if change is None:
                continue
            market = self.context.market_by_id(number)
            name = market.symbol.lower()
            for speed in speeds:
                stream = f"{name}@depth{speed}"
                if self.hub.has(stream):
                    view = partial(stream_views.depth_update, market, change, now_ns, seq)
                    self.hub.publish(stream, view, seq)
                for count in PARTIAL:
                    stream = f"{name}@depth{count}{speed}"
                    if self.hub.has(stream):
                        update_id, bids, asks = self.projections.depth.snapshot(number, count)
                        book = {"lastUpdateId": update_id, "bids": levels(market, bids), "asks": levels(market, asks)}
                        self.hub.publish(stream, partial(stream_views.timeless, book))

    def publish_candles(self, now_ns: int, *, is_even: bool) -> None:
        """Those of a second each second, the others every other second."""
        wanted: dict[MinuteKey, list[str]] = {}
        for stream in self.hub.streams:
            key = self.candle_key(stream)
            if key is not None and (is_even or key[1] == "1s"):
                wanted.setdefault(key, []).append(stream)
        seq = self.context.state.seq
        for key, candle, closed in self.candles.take(now_ns, list(wanted)):
            market = self.context.market_by_id(key[0])
            view = partial(stream_views.candle, market, key[1], candle, closed, now_ns, seq)
            for stream in wanted[key]:
                self.hub.publish(stream, view)

    def candle_key(self, stream: str) -> MinuteKey | None:
        """Market, interval and time zone of a candle stream; None for another stream."""
        name, _, kind = stream.partition("@")
        market = self.context.markets.get(name.upper())
        if not kind.startswith("kline_") or market is None or name != name.lower() or row_of(stream) is None:
            return None
        interval, _, zone = kind.removeprefix("kline_").partition("@")
        try:
            return market.market_id, interval, time_zone("timeZone", zone or "0")
        except WireError:
            return None

    def publish_tickers(self, now_ns: int) -> None:
        """Statistics of markets that traded; those of all markets in one array for whoever asks for it."""
        arrays: dict[str, list[Any]] = {}
        for number in self.projections.tickers.take_changed():
            market = self.context.market_by_id(number)
            for name, view in self.tickers(market, now_ns).items():
                stream = f"{market.symbol.lower()}@{name}"
                if self.hub.has(stream):
                    self.hub.publish(stream, view)
                if self.hub.has(f"!{name}@arr"):
                    arrays.setdefault(f"!{name}@arr", []).append(view)
        for stream, views in arrays.items():
            self.hub.publish(stream, partial(stream_views.each, views))

    def tickers(self, market: WireMarket, now_ns: int) -> dict[str, Any]:
        """The views of a market's statistics that somebody listens to, by the word of their stream."""
        found: dict[str, Any] = {}
        seq = self.context.state.seq
        name = market.symbol.lower()

        def wanted(word: str) -> bool:
            return self.hub.has(f"{name}@{word}") or self.hub.has(f"!{word}@arr")

        def ticker(window_ns: int) -> Ticker | None:
            return self.projections.tickers.ticker(market.market_id, now_ns, window_ns)

        day = ticker(24 * HOUR_NS) if wanted("miniTicker") or wanted("ticker") else None
        if day is not None:
            best = self.projections.depth.best(market.market_id)
            found["miniTicker"] = partial(stream_views.mini_ticker, market, day, now_ns, seq)
            found["ticker"] = partial(stream_views.day_ticker, market, day, best, now_ns, seq)
        for word, window_ns in WINDOWS.items():
            rolling = ticker(window_ns) if wanted(f"ticker_{word}") else None
            if rolling is not None:
                found[f"ticker_{word}"] = partial(stream_views.window_ticker, market, word, rolling, now_ns, seq)
        return found

    def publish_averages(self, now_ns: int) -> None:
        """Average prices, each second, of the markets that somebody listens to."""
        seq = self.context.state.seq
        for stream in list(self.hub.streams):
            name, _, kind = stream.partition("@")
            market = self.context.markets.get(name.upper())
            if kind != "avgPrice" or market is None or name != name.lower():
                continue
            ticks = queries.average_price(self.context.state, market.market_id, now_ns)
            minutes = queries.filters(self.context.state, market.market_id)["average_minutes"]
            last = self.projections.trades.recent(market.market_id, 1)
            last_ns = last[0].ts_ns if last else 0
            view = partial(stream_views.average_price, market, minutes, ticks, last_ns, now_ns, seq)
            self.hub.publish(stream, view)
