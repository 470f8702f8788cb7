"""What the audit knows of open orders and of the sides of books."""

from heapq import heappop, heappush, nsmallest

from exchange.core.matching import codes


class Side:
    """One side of a book: at each price the orders in the order in which they came."""

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.levels: dict[int, dict[int, int]] = {}
        """Price to order id to lots remaining."""
        self.prices: list[int] = []

    def best(self) -> int:
        """The best price; 0 where the side is empty."""
        while self.prices:
            price = self.prices[0] * self.sign
            if self.levels.get(price):
                return price
            heappop(self.prices)
            self.levels.pop(price, None)
        return 0

    def price_behind(self, levels: int) -> int:
        """The price so many levels behind the best; 0 where there are not so many."""
        there = nsmallest(levels + 1, (price * self.sign for price, orders in self.levels.items() if orders))
        return there[levels] * self.sign if levels < len(there) else 0

    def add(self, price: int, order_id: int, remaining: int) -> None:
        level = self.levels.get(price)
        if level is None:
            level = self.levels[price] = {}
            heappush(self.prices, price * self.sign)
        level[order_id] = remaining


class Order:
    """What the audit knows of an order."""

    __slots__ = (
        "account",
        "is_waiting",
        "limit",
        "market",
        "mode",
        "part",
        "peg",
        "remaining",
        "rests",
        "side",
        "visible",
    )

    def __init__(self, market: int, account: int, flags: int, limit: int, remaining: int) -> None:
        self.market = market
        self.account = account
        self.side = flags & 255
        self.mode = flags >> 24 & 255
        self.limit = limit
        self.remaining = remaining
        self.rests = False
        self.visible = self.part = 0
        self.peg: list[int] = []
        """How it is pegged, as told last."""
        self.is_waiting = flags >> 8 & 255 > codes.LIMIT_MAKER

    @property
    def shown(self) -> int:
        """What of it the book shows: an iceberg's part, else all that remains."""
        return self.part if self.visible else self.remaining

    def lose(self, lots: int) -> None:
        """Have less to trade, hidden lots first."""
        self.remaining -= lots
        self.part = min(self.part, self.remaining)
