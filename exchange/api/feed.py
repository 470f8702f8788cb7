"""What market streams are sent: at each batch what is told in real time, at each beat what is gathered."""

import asyncio
import re
from typing import Any

from exchange.api.context import Context, WireMarket
from exchange.api.errors import WireError
from exchange.api.market_data import NAMES, aggregate, levels, percent, time_zone
from exchange.api.streams import Hub
from exchange.projections.candles import Candle, CandleTaker
from exchange.projections.depth import DepthChange, DepthTaker
from exchange.projections.tickers import Ticker

FAST, SLOW = "@100ms", ""
BEAT_SECONDS = 0.1
BEATS_A_SECOND = 10
PARTIAL = (5, 10, 20)
KLINE = re.compile(r"kline_(\w+)(?:@([+-]\d{2}:\d{2}))?")


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
        now = ts_ns // 1_000_000
        for number, trade in self.projections.trades.batch:
            market = self.context.market_by_id(number)
            stream = f"{market.symbol.lower()}@trade"
            if self.hub.has(stream):
                self.hub.publish(
                    stream,
                    {
                        "e": "trade",
                        "E": now,
                        "s": market.symbol,
                        "t": trade.trade_id,
                        "p": market.price(trade.price),
                        "q": market.quantity(trade.quantity),
                        "T": now,
                        "m": bool(trade.is_buyer_maker),
                        "M": True,
                    },
                )
        for number, found in self.projections.trades.batch_aggregates:
            market = self.context.market_by_id(number)
            stream = f"{market.symbol.lower()}@aggTrade"
            if self.hub.has(stream):
                head = {"e": "aggTrade", "E": now, "s": market.symbol}
                self.hub.publish(stream, head | aggregate(market, found, now))
        for best in self.projections.depth.best_changes:
            market = self.context.market_by_id(best.market)
            stream = f"{market.symbol.lower()}@bookTicker"
            if self.hub.has(stream):
                self.hub.publish(
                    stream,
                    {
                        "u": best.update_id,
                        "s": market.symbol,
                        "b": market.price(best.bid),
                        "B": market.quantity(best.bid_quantity),
                        "a": market.price(best.ask),
                        "A": market.quantity(best.ask_quantity),
                    },
                )

    async def run(self) -> None:
        """Beat ten times a second, for ever."""
        beat = 0
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            beat += 1
            now_ns = self.context.now_ns()
            self.publish_depth(self.fast, FAST, now_ns)
            if beat % BEATS_A_SECOND == 0:
                self.publish_depth(self.slow, SLOW, now_ns)
                self.publish_candles(now_ns)
                self.publish_tickers(now_ns)

    def publish_depth(self, taker: DepthTaker, speed: str, now_ns: int) -> None:
        """Diffs and partial books of every market that changed."""
        for number in taker.touched():
            change = taker.take(number)
            if change is None:
                continue
            market = self.context.market_by_id(number)
            name = market.symbol.lower()
            if self.hub.has(f"{name}@depth{speed}"):
                self.hub.publish(f"{name}@depth{speed}", depth_update(market, change, now_ns))
            for count in PARTIAL:
                stream = f"{name}@depth{count}{speed}"
                if self.hub.has(stream):
                    update_id, bids, asks = self.projections.depth.snapshot(number, count)
                    book = {"lastUpdateId": update_id, "bids": levels(market, bids), "asks": levels(market, asks)}
                    self.hub.publish(stream, book)

    def publish_candles(self, now_ns: int) -> None:
        wanted: dict[tuple[int, str, int], list[str]] = {}
        for stream in self.hub.listeners:
            name, _, kind = stream.partition("@")
            found = KLINE.fullmatch(kind)
            market = self.context.markets.get(name.upper())
            if found is None or market is None or found[1] not in NAMES or name != name.lower():
                continue
            try:
                key = market.market_id, found[1], time_zone("timeZone", found[2] or "0")
            except WireError:
                continue
            wanted.setdefault(key, []).append(stream)
        for key, candle, closed in self.candles.take(now_ns, list(wanted)):
            market = self.context.market_by_id(key[0])
            event = kline_event(market, key[1], candle, closed=closed, now_ns=now_ns)
            for stream in wanted[key]:
                self.hub.publish(stream, event)

    def publish_tickers(self, now_ns: int) -> None:
        """Statistics of markets that traded; those of all markets in one array for whoever asks for it."""
        minis = []
        for number in self.projections.tickers.take_changed():
            market = self.context.market_by_id(number)
            ticker = self.projections.tickers.ticker(number, now_ns)
            if ticker is None:
                continue
            name = market.symbol.lower()
            mini = mini_ticker(market, ticker, now_ns)
            minis.append(mini)
            self.hub.publish(f"{name}@miniTicker", mini)
            if self.hub.has(f"{name}@ticker"):
                self.hub.publish(f"{name}@ticker", self.full_ticker(market, ticker, now_ns))
        if minis:
            self.hub.publish("!miniTicker@arr", minis)

    def full_ticker(self, market: WireMarket, ticker: Ticker, now_ns: int) -> dict[str, Any]:
        best = self.projections.depth.best(market.market_id)
        change = ticker.last - ticker.open
        return {
            "e": "24hrTicker",
            "E": now_ns // 1_000_000,
            "s": market.symbol,
            "p": market.price(change),
            "P": percent(change, ticker.open),
            "w": weighted(market, ticker),
            "x": market.price(ticker.previous_close),
            "c": market.price(ticker.last),
            "Q": market.quantity(ticker.last_quantity),
            "b": market.price(best.bid),
            "B": market.quantity(best.bid_quantity),
            "a": market.price(best.ask),
            "A": market.quantity(best.ask_quantity),
            "o": market.price(ticker.open),
            "h": market.price(ticker.high),
            "l": market.price(ticker.low),
            "v": market.quantity(ticker.volume),
            "q": market.notional(ticker.quote_volume),
            "O": ticker.open_ns // 1_000_000,
            "C": ticker.close_ns // 1_000_000,
            "F": ticker.first_id,
            "L": ticker.last_id,
            "n": ticker.trades,
        }


def weighted(market: WireMarket, ticker: Ticker) -> str:
    return market.notional(ticker.weighted_average)


def depth_update(market: WireMarket, change: DepthChange, now_ns: int) -> dict[str, Any]:
    return {
        "e": "depthUpdate",
        "E": now_ns // 1_000_000,
        "s": market.symbol,
        "U": change.first_id,
        "u": change.last_id,
        "b": levels(market, sorted(change.bids.items(), reverse=True)),
        "a": levels(market, sorted(change.asks.items())),
    }


def kline_event(market: WireMarket, interval: str, candle: Candle, *, closed: bool, now_ns: int) -> dict[str, Any]:
    return {
        "e": "kline",
        "E": now_ns // 1_000_000,
        "s": market.symbol,
        "k": {
            "t": candle.begin_ns // 1_000_000,
            "T": candle.end_ns // 1_000_000 - 1,
            "s": market.symbol,
            "i": interval,
            "f": candle.first_id,
            "L": candle.last_id,
            "o": market.price(candle.open),
            "c": market.price(candle.close),
            "h": market.price(candle.high),
            "l": market.price(candle.low),
            "v": market.quantity(candle.volume),
            "n": candle.trades,
            "x": closed,
            "q": market.notional(candle.quote_volume),
            "V": market.quantity(candle.taker_volume),
            "Q": market.notional(candle.taker_quote_volume),
            "B": "0",
        },
    }


def mini_ticker(market: WireMarket, ticker: Ticker, now_ns: int) -> dict[str, Any]:
    return {
        "e": "24hrMiniTicker",
        "E": now_ns // 1_000_000,
        "s": market.symbol,
        "c": market.price(ticker.last),
        "o": market.price(ticker.open),
        "h": market.price(ticker.high),
        "l": market.price(ticker.low),
        "v": market.quantity(ticker.volume),
        "q": market.notional(ticker.quote_volume),
    }
