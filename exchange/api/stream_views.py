"""Payloads of market streams. `unit` is how many nanoseconds a time is counted in: a million, or a thousand."""

from collections.abc import Callable
from typing import Any

from exchange.api.context import WireMarket
from exchange.api.market_data import aggregate, levels, percent
from exchange.messages.views import Trade
from exchange.projections.candles import Candle
from exchange.projections.depth import BestPrices, DepthChange
from exchange.projections.tickers import Ticker
from exchange.projections.trades import AggregateTrade

Payload = dict[str, Any]


def trade(market: WireMarket, found: Trade, now_ns: int, seq: int, unit: int) -> Payload:
    return {
        "e": "trade",
        "E": now_ns // unit,
        "s": market.symbol,
        "t": found.trade_id,
        "p": market.price(found.price),
        "q": market.quantity(found.quantity),
        "T": found.ts_ns // unit,
        "m": bool(found.is_buyer_maker),
        "M": True,
        "seq": seq,
    }


def aggregate_trade(market: WireMarket, found: AggregateTrade, now_ns: int, seq: int, unit: int) -> Payload:
    head = {"e": "aggTrade", "E": now_ns // unit, "s": market.symbol}
    return head | aggregate(market, found, found.ts_ns // unit) | {"seq": seq}


def best_prices(market: WireMarket, best: BestPrices) -> Payload:
    return {
        "u": best.update_id,
        "s": market.symbol,
        "b": market.price(best.bid),
        "B": market.quantity(best.bid_quantity),
        "a": market.price(best.ask),
        "A": market.quantity(best.ask_quantity),
    }


def depth_update(market: WireMarket, change: DepthChange, now_ns: int, seq: int, unit: int) -> Payload:
    return {
        "e": "depthUpdate",
        "E": now_ns // unit,
        "s": market.symbol,
        "U": change.first_id,
        "u": change.last_id,
        "b": levels(market, sorted(change.bids.items(), reverse=True)),
        "a": levels(market, sorted(change.asks.items())),
        "seq": seq,
    }


def candle(market: WireMarket, interval: str, found: Candle, closed: bool, now_ns: int, seq: int, unit: int) -> Payload:
    return {
        "e": "kline",
        "E": now_ns // unit,
        "s": market.symbol,
        "k": {
            "t": found.begin_ns // unit,
            "T": found.end_ns // unit - 1,
            "s": market.symbol,
            "i": interval,
            "f": found.first_id,
            "L": found.last_id,
            "o": market.price(found.open),
            "c": market.price(found.close),
            "h": market.price(found.high),
            "l": market.price(found.low),
            "v": market.quantity(found.volume),
            "n": found.trades,
            "x": closed,
            "q": market.notional(found.quote_volume),
            "V": market.quantity(found.taker_volume),
            "Q": market.notional(found.taker_quote_volume),
            "B": "0",
        },
        "seq": seq,
    }


def mini_ticker(market: WireMarket, ticker: Ticker, now_ns: int, seq: int, unit: int) -> Payload:
    return {
        "e": "24hrMiniTicker",
        "E": now_ns // unit,
        "s": market.symbol,
        "c": market.price(ticker.last),
        "o": market.price(ticker.open),
        "h": market.price(ticker.high),
        "l": market.price(ticker.low),
        "v": market.quantity(ticker.volume),
        "q": market.notional(ticker.quote_volume),
        "seq": seq,
    }


def window_ticker(market: WireMarket, name: str, ticker: Ticker, now_ns: int, seq: int, unit: int) -> Payload:
    """The statistics of a window: `name` is 1h, 4h, 1d or 24hr."""
    change = ticker.last - ticker.open
    return {
        "e": f"{name}Ticker",
        "E": now_ns // unit,
        "s": market.symbol,
        "p": market.price(change),
        "P": percent(change, ticker.open),
        "w": market.notional(ticker.weighted_average),
        "c": market.price(ticker.last),
        "o": market.price(ticker.open),
        "h": market.price(ticker.high),
        "l": market.price(ticker.low),
        "v": market.quantity(ticker.volume),
        "q": market.notional(ticker.quote_volume),
        "O": ticker.open_ns // unit,
        "C": ticker.close_ns // unit,
        "F": ticker.first_id,
        "L": ticker.last_id,
        "n": ticker.trades,
        "seq": seq,
    }


def day_ticker(market: WireMarket, ticker: Ticker, best: BestPrices, now_ns: int, seq: int, unit: int) -> Payload:
    return window_ticker(market, "24hr", ticker, now_ns, seq, unit) | {
        "x": market.price(ticker.previous_close),
        "Q": market.quantity(ticker.last_quantity),
        "b": market.price(best.bid),
        "B": market.quantity(best.bid_quantity),
        "a": market.price(best.ask),
        "A": market.quantity(best.ask_quantity),
    }


def average_price(
    market: WireMarket, minutes: int, ticks: int, last_ns: int, now_ns: int, seq: int, unit: int
) -> Payload:
    return {
        "e": "avgPrice",
        "E": now_ns // unit,
        "s": market.symbol,
        "i": f"{minutes}m",
        "w": market.price(ticks),
        "T": last_ns // unit,
        "seq": seq,
    }


def timeless(payload: Payload, unit: int) -> Payload:
    """A payload without times."""
    return payload


def each(views: list[Callable[[int], Payload]], unit: int) -> list[Payload]:
    """An array of payloads."""
    return [view(unit) for view in views]
