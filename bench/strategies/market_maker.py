"""A market maker: one order on each side of the middle, moved when the middle moves, leaning against its inventory."""

from collections.abc import Iterable

from bench.strategy import BUY, SELL, Cancel, Ended, Event, Fill, Order, Place, Quote, Terms

QUANTITY = 20
HALF_SPREAD = 4
INVENTORY_MAX = 400
LEAN_LOTS = 50
"""Lots of inventory for which both prices lean by one tick."""
REFRESH_NS = 2_000_000


class MarketMaker:
    """Quotes both sides, post only; never more than INVENTORY_MAX lots long or short of where it began."""

    def __init__(self, terms: Terms) -> None:
        self.inventory = 0
        self.open: dict[int, tuple[str, int]] = {}
        """By side: the name and price of the order that stands there, or is on its way."""
        self.number = 0
        self.quoted_ns = 0

    def on_event(self, event: Event) -> Iterable[Order]:
        if isinstance(event, Fill):
            self.inventory += event.quantity if event.side == BUY else -event.quantity
        if isinstance(event, Ended):
            self.open = {side: each for side, each in self.open.items() if each[0] != event.name}
        if isinstance(event, Quote) and event.bid and event.ask and event.ts_ns - self.quoted_ns >= REFRESH_NS:
            self.quoted_ns = event.ts_ns
            middle = (event.bid + event.ask) // 2 - self.inventory // LEAN_LOTS
            yield from self.quote(BUY, min(middle - HALF_SPREAD, event.ask - 1))
            yield from self.quote(SELL, max(middle + HALF_SPREAD, event.bid + 1))

    def quote(self, side: int, price: int) -> Iterable[Order]:
        """Have an order at this price, and no other on its side."""
        standing = self.open.get(side)
        if standing is not None:
            if standing[1] == price:
                return
            yield Cancel(standing[0])
        self.open.pop(side, None)
        if self.inventory * (1 if side == BUY else -1) < INVENTORY_MAX:
            self.number += 1
            name = f"mm-{self.number}"
            self.open[side] = (name, price)
            yield Place(name, side, QUANTITY, price, post_only=True)
