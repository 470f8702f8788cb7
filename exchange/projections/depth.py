"""Depth: every market's visible book, what changed of it since each stream last took, and its best prices.

One sequence of update ids per market serves the book, the diffs and the best prices, so that they agree with each
other (reference §16): of two diffs taken one after the other, the later begins right after the earlier one's end.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
from sortedcontainers import SortedDict

from exchange.messages.orders import Side
from exchange.messages.words import Amended, Canceled, Refilled, Rested, Traded
from exchange.projections.folding import Handler, Projection

CHANGES_MAX = 100_000
Levels = list[tuple[int, int]]


class DepthChange(NamedTuple):
    """What changed in updates first_id to last_id: price in ticks to lots, absolute; 0 removes the level."""

    market: int
    first_id: int
    last_id: int
    bids: dict[int, int]
    asks: dict[int, int]


class BestPrices(NamedTuple):
    """The best prices of a market after a batch that changed them; (0, 0) for an empty side."""

    market: int
    update_id: int
    bid: int
    bid_quantity: int
    ask: int
    ask_quantity: int


class Book:
    """The visible book of one market: for each side price to quantity, in ascending order."""

    __slots__ = ("best", "first_id", "fresh", "last_update_id", "market", "sides")

    def __init__(self, market: int) -> None:
        self.market = market
        self.sides = (SortedDict(), SortedDict())
        self.last_update_id = 0
        self.best = BestPrices(market, 0, 0, 0, 0, 0)
        self.fresh: tuple[dict[int, int], dict[int, int]] = ({}, {})
        self.first_id = 0

    def change(self, side: int, price: int, quantity: int, update_id: int) -> None:
        """A level has this quantity from now on."""
        levels = self.sides[side]
        if quantity:
            levels[price] = quantity
        else:
            levels.pop(price, None)
        self.fresh[side][price] = quantity
        self.last_update_id = update_id
        if not self.first_id:
            self.first_id = update_id

    def find_best(self) -> BestPrices:
        bids, asks = self.sides
        bid, bid_quantity = bids.peekitem(-1) if bids else (0, 0)
        ask, ask_quantity = asks.peekitem(0) if asks else (0, 0)
        return BestPrices(self.market, self.last_update_id, bid, bid_quantity, ask, ask_quantity)


class Pending(NamedTuple):
    """Changes that a stream has not taken yet."""

    first_id: int
    bids: dict[int, int]
    asks: dict[int, int]


class DepthTaker:
    """One stream speed's view of the changes. Who serves the stream takes every touched market at each beat, listened
    to or not. Where nobody takes, changes of more than CHANGES_MAX levels are dropped: the next diff then begins
    later than the one before ended, which by the contract makes a client fetch the book again.
    """

    def __init__(self, depth: "Depth") -> None:
        self.depth = depth
        self.pending: dict[int, Pending] = {}

    def touched(self) -> list[int]:
        """The markets with changes that were not taken."""
        self.depth.distribute()
        return list(self.pending)

    def take(self, market: int) -> DepthChange | None:
        """What changed in a market since the last take; None where nothing did."""
        self.depth.distribute()
        pending = self.pending.pop(market, None)
        if pending is None:
            return None
        last_id = self.depth.books[market].last_update_id
        return DepthChange(market, pending.first_id, last_id, pending.bids, pending.asks)

    def add(self, market: int, first_id: int, bids: dict[int, int], asks: dict[int, int]) -> None:
        known = self.pending.get(market)
        if known is None:
            known = self.pending[market] = Pending(first_id, {}, {})
        known.bids.update(bids)
        known.asks.update(asks)
        if len(known.bids) + len(known.asks) > CHANGES_MAX:
            del self.pending[market]


class Depth(Projection):
    """Books by market. `fast` and `slow` are the takers of the 100 ms and the 1,000 ms streams."""

    name = "depth"
    version = 1

    def __init__(self) -> None:
        super().__init__()
        self.books: dict[int, Book] = {}
        self.touched: dict[int, Book] = {}
        """Books with changes that were not distributed to the takers yet."""
        self.batch_books: dict[int, Book] = {}
        self.best_changes: list[BestPrices] = []
        """The markets whose best prices the last batch changed."""
        self.fast = DepthTaker(self)
        self.slow = DepthTaker(self)

    def handlers(self) -> dict[type[Any], Handler]:
        return {
            Rested: self.on_rested,
            Refilled: self.on_rested,
            Amended: self.on_amended,
            Traded: self.on_traded,
            Canceled: self.on_canceled,
        }

    def begin_batch(self) -> None:
        self.best_changes = []

    def end_batch(self) -> None:
        for book in self.batch_books.values():
            best = book.find_best()
            if best[2:] != book.best[2:]:
                book.best = best
                self.best_changes.append(best)
            if len(book.fresh[0]) + len(book.fresh[1]) > CHANGES_MAX:
                self.distribute()
        self.batch_books.clear()

    def book(self, market: int) -> Book:
        """The book of a market that is about to change."""
        book = self.books.get(market)
        if book is None:
            book = self.books[market] = Book(market)
        self.touched[market] = self.batch_books[market] = book
        return book

    def on_rested(self, seq: int, event: Rested | Refilled) -> None:
        book = self.batch_books.get(event.market) or self.book(event.market)
        book.change(event.side, event.price, event.level_quantity, event.update_id)

    def on_traded(self, seq: int, event: Traded) -> None:
        # What a trade takes away stood on the maker's side, at its price, which is not that of an auction's trade.
        book = self.batch_books.get(event.market) or self.book(event.market)
        book.change(1 - event.taker_side, event.maker_price, event.level_quantity, event.update_id)

    def on_amended(self, seq: int, event: Amended) -> None:
        if event.level_quantity >= 0:
            book = self.batch_books.get(event.market) or self.book(event.market)
            book.change(event.flags.side, event.price, event.level_quantity, event.update_id)

    def on_canceled(self, seq: int, event: Canceled) -> None:
        if event.level_quantity >= 0:
            book = self.batch_books.get(event.market) or self.book(event.market)
            book.change(event.flags.side, event.price, event.level_quantity, event.update_id)

    def distribute(self) -> None:
        """Give the changes since the last time to both takers."""
        for market, book in self.touched.items():
            if not book.first_id:
                continue
            bids, asks = book.fresh
            self.fast.add(market, book.first_id, bids, asks)
            self.slow.add(market, book.first_id, bids, asks)
            book.fresh = ({}, {})
            book.first_id = 0
        self.touched.clear()

    def snapshot(self, market: int, limit: int) -> tuple[int, Levels, Levels]:
        """Last update id, then the best `limit` bids and asks as (ticks, lots), best first."""
        book = self.books.get(market)
        if book is None:
            return 0, [], []
        bids, asks = book.sides
        best_bids = [(price, bids[price]) for price in bids.islice(max(0, len(bids) - limit), reverse=True)]
        best_asks = [(price, asks[price]) for price in asks.islice(0, limit)]
        return book.last_update_id, best_bids, best_asks

    def best(self, market: int) -> BestPrices:
        """The best prices of a market, with the id of its last update."""
        book = self.books.get(market)
        return book.find_best() if book else BestPrices(market, 0, 0, 0, 0, 0)

    def seed(self, market: int, last_update_id: int, bids: Levels, asks: Levels) -> None:
        """Set a whole book, where it is known from elsewhere: of a snapshot, or of the core."""
        book = self.books[market] = Book(market)
        book.last_update_id = last_update_id
        for side, levels in ((Side.BUY, bids), (Side.SELL, asks)):
            book.sides[side].update(levels)
        book.best = book.find_best()

    def sections(self) -> Iterator[bytes]:
        for market, book in self.books.items():
            bids, asks = (list(side.items()) for side in book.sides)
            yield msgspec.msgpack.encode((market, book.last_update_id, bids, asks))

    def restore(self, part: bytes | memoryview) -> None:
        market, last_update_id, bids, asks = SECTION.decode(part)
        self.seed(market, last_update_id, bids, asks)


SECTION: msgspec.msgpack.Decoder[tuple[int, int, Levels, Levels]] = msgspec.msgpack.Decoder(
    tuple[int, int, list[tuple[int, int]], list[tuple[int, int]]]
)
