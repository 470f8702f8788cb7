"""A momentum taker: follows a fast average over a slow one, always in or out with one market order."""

from collections.abc import Iterable

from bench.strategy import BUY, SELL, Event, Fill, Order, Place, Quote, Terms

QUANTITY = 50
FAST, SLOW = 50, 500
"""Quotes over which the two averages forget."""
THRESHOLD = 0.00003
COOL_NS = 200_000_000


class Momentum:
    """Long while the fast average is above the slow one by more than the threshold, short below it, else as it is."""

    def __init__(self, terms: Terms) -> None:
        self.fast = self.slow = 0.0
        self.inventory = 0
        self.number = 0
        self.acted_ns = 0

    def on_event(self, event: Event) -> Iterable[Order]:
        if isinstance(event, Fill):
            self.inventory += event.quantity if event.side == BUY else -event.quantity
        if isinstance(event, Quote) and event.bid and event.ask:
            middle = (event.bid + event.ask) / 2
            self.fast = self.fast + (middle - self.fast) / FAST if self.fast else middle
            self.slow = self.slow + (middle - self.slow) / SLOW if self.slow else middle
            lead = self.fast / self.slow - 1
            wanted = QUANTITY if lead > THRESHOLD else -QUANTITY if lead < -THRESHOLD else self.inventory
            if wanted != self.inventory and event.ts_ns - self.acted_ns > COOL_NS:
                self.acted_ns = event.ts_ns
                self.number += 1
                side = BUY if wanted > self.inventory else SELL
                yield Place(f"momentum-{self.number}", side, abs(wanted - self.inventory))
