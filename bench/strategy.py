"""What a strategy sees and says. Copy one of `bench/strategies`, change `on_event`, run it: `run.py backtest FILE.py`.

Units: prices in ticks, quantities in lots, times in nanoseconds; `Terms` has what a tick and a lot are worth. Sides are
BUY and SELL. Events come in the order of their times, each as late as the latency model says; what is returned arrives
at the venue as late again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from exchange.core.matching.codes import BUY, SELL

__all__ = ["BUY", "SELL", "Cancel", "Ended", "Event", "Fill", "Order", "Place", "Print", "Quote", "Strategy", "Terms"]


class Terms(NamedTuple):
    """The market: a lot in minor units of the base asset; what it costs at one tick, in those of the quote asset."""

    symbol: str
    base_per_lot: int
    quote_per_tick_lot: int


class Quote(NamedTuple):
    """The best prices changed; a price of 0 is an empty side."""

    ts_ns: int
    bid: int
    bid_quantity: int
    ask: int
    ask_quantity: int


class Print(NamedTuple):
    """A trade of others. `side` is the taker's."""

    ts_ns: int
    price: int
    quantity: int
    side: int


class Fill(NamedTuple):
    """A trade of an own order: `left` remains of it; the fee is in minor units of what was received."""

    ts_ns: int
    name: str
    side: int
    price: int
    quantity: int
    left: int
    fee: int
    is_maker: bool


class Ended(NamedTuple):
    """An own order is no longer open: `reason` is a word, such as FILLED, BY_REQUEST or a refusal's name."""

    ts_ns: int
    name: str
    reason: str


Event = Quote | Print | Fill | Ended


class Place(NamedTuple):
    """A limit order under a name of one's own, at most 30 characters; without a price, a market order."""

    name: str
    side: int
    quantity: int
    price: int = 0
    post_only: bool = False
    immediate: bool = False


class Cancel(NamedTuple):
    """End an own order."""

    name: str


Order = Place | Cancel


class Strategy(Protocol):
    """Made with the market's terms; answers each event with orders, or with nothing."""

    def on_event(self, event: Event) -> Iterable[Order]: ...
