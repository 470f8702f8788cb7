"""Who stands where at each price, followed from events: what an order shows, and how much stands in front of it."""

from itertools import takewhile


class Queues:
    """Levels by market, side and price; in each the orders with what they show, oldest first."""

    def __init__(self) -> None:
        self.levels: dict[tuple[int, int, int], dict[int, int]] = {}

    def level(self, market: int, side: int, price: int) -> dict[int, int]:
        """The orders of a price; nobody is an empty level."""
        return self.levels.get((market, side, price), {})

    def ahead(self, level: dict[int, int], order_id: int) -> int:
        """What is shown in front of an order, or of everybody's end where it is not there."""
        return sum(level[each] for each in takewhile(lambda each: each != order_id, level))

    def put(
        self, market: int, side: int, price: int, order_id: int, level_quantity: int, *, is_gone: bool = False
    ) -> int:
        """An order joins its level, or shows another amount there; the event tells what the level shows in all.

        Returns: what stood in front of it.
        """
        level = self.levels.setdefault((market, side, price), {})
        ahead = self.ahead(level, order_id)
        if is_gone:
            self.take(market, side, price, order_id)
        else:
            level[order_id] = level_quantity - (sum(level.values()) - level.get(order_id, 0))
        return ahead

    def take(self, market: int, side: int, price: int, order_id: int) -> int:
        """An order leaves; returns what stood in front of it."""
        level = self.levels.get((market, side, price), {})
        ahead = self.ahead(level, order_id)
        level.pop(order_id, None)
        if not level:
            self.levels.pop((market, side, price), None)
        return ahead
