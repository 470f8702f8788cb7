"""What a flow's author knows of the venue: books and open orders, kept from the core's own events."""

from heapq import heappop, heappush

from exchange.core.matching import codes, records


def word_of(record: type, name: str) -> int:
    """The word of an event at which a field begins: a client id takes five, all else takes one."""
    at = 0
    for field in record.__slots__:  # type: ignore[attr-defined]
        if field == name:
            return at
        at += codes.CLIENT_ID_WORDS if field in ("client_id", "cancel_id", "maker_client_id") else 1
    raise ValueError(f"{record.__name__} has no field {name}")


ACCEPTED_ORDER = word_of(records.Accepted, "order_id")
RESTED_MARKET, RESTED_ACCOUNT, RESTED_ORDER, RESTED_SIDE, RESTED_PRICE, RESTED_LEVEL = (
    word_of(records.Rested, name) for name in ("market", "account", "order_id", "side", "price", "level_quantity")
)
TRADED_MARKET, TRADED_SIDE, TRADED_PRICE, TRADED_MAKER, TRADED_LEFT, TRADED_LEVEL = (
    word_of(records.Traded, name)
    for name in ("market", "taker_side", "price", "maker_order", "maker_remaining", "level_quantity")
)
CANCELED_MARKET, CANCELED_ORDER, CANCELED_FLAGS, CANCELED_PRICE, CANCELED_LEVEL = (
    word_of(records.Canceled, name) for name in ("market", "order_id", "flags", "price", "level_quantity")
)
REJECTED_CODE = word_of(records.Rejected, "code")


class Side:
    """The levels of one side: quantity by price, and a heap that finds the best; emptied prices leave it late."""

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.levels: dict[int, int] = {}
        self.heap: list[int] = []

    def set(self, price: int, quantity: int) -> None:
        if not quantity:
            self.levels.pop(price, None)
            return
        if price not in self.levels:
            heappush(self.heap, price * self.sign)
        self.levels[price] = quantity

    def best(self) -> int:
        """The best price, 0 where the side is empty."""
        while self.heap:
            price = self.heap[0] * self.sign
            if price in self.levels:
                return price
            heappop(self.heap)
        return 0


class Mirror:
    """Books by market number (0 is none) and open orders with their account, folded from event words."""

    def __init__(self, markets: int) -> None:
        self.sides = [(Side(-1), Side(1)) for _ in range(markets + 1)]
        self.open: dict[int, int] = {}
        self.resting = [0] * (markets + 1)
        self.trades = 0
        self.rejects: dict[int, int] = {}

    def fold(self, words: memoryview) -> int:
        """Take in the events of one command; returns the number of the order that it left in the book, or 0."""
        at, rested = 0, 0
        while at < len(words):
            head = words[at]
            if head == codes.RESTED:
                market, rested = words[at + RESTED_MARKET], words[at + RESTED_ORDER]
                self.open[rested] = words[at + RESTED_ACCOUNT]
                self.resting[market] += 1
                self.sides[market][words[at + RESTED_SIDE]].set(words[at + RESTED_PRICE], words[at + RESTED_LEVEL])
            elif head == codes.TRADED:
                market = words[at + TRADED_MARKET]
                side = self.sides[market][1 - words[at + TRADED_SIDE]]
                side.set(words[at + TRADED_PRICE], words[at + TRADED_LEVEL])
                self.trades += 1
                if not words[at + TRADED_LEFT]:
                    self.forget(market, words[at + TRADED_MAKER])
            elif head == codes.CANCELED and words[at + CANCELED_LEVEL] != codes.NOT_RESTING:
                market = words[at + CANCELED_MARKET]
                side = self.sides[market][words[at + CANCELED_FLAGS] & 255]
                side.set(words[at + CANCELED_PRICE], words[at + CANCELED_LEVEL])
                self.forget(market, words[at + CANCELED_ORDER])
            elif head == codes.REJECTED:
                code = words[at + REJECTED_CODE]
                self.rejects[code] = self.rejects.get(code, 0) + 1
            at += head >> 8
        return rested

    def forget(self, market: int, order_id: int) -> None:
        del self.open[order_id]
        self.resting[market] -= 1
