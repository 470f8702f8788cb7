"""A ladder's tree, compiled, while it grows from few levels and shrinks to few: its first key does not stay so."""

from random import Random

import pytest

from exchange.core.matching import codes, cold
from tests.unit.core.test_compiled import ACCOUNTS, Flow, compiled_only


class Book:
    """One side of a market, an order of one lot at each price; keys are prices such that a greater one is better."""

    def __init__(self, side: int) -> None:
        self.flow = Flow()
        self.side = side
        self.orders: dict[int, tuple[int, int]] = {}

    def place(self, *keys: int) -> None:
        if not keys:
            return
        first = self.flow.matching.next_order_id
        prices = [key if self.side == codes.BUY else 1_000_000 - key for key in keys]
        self.flow.place(self.side, prices, list(range(first, first + len(keys))))
        for number, key in enumerate(keys):
            self.orders[key] = first + number, ACCOUNTS[number % 1_000]

    def cancel(self, *keys: int) -> None:
        gone = [self.orders.pop(key) for key in keys]
        if gone:
            self.flow.cancel([order for order, _ in gone], [account for _, account in gone])

    def check(self) -> None:
        found = [price for price, _ in cold.depth(self.flow.market, self.side, 1 << 40)]
        keys = found if self.side == codes.BUY else [1_000_000 - price for price in found]
        assert keys == sorted(self.orders, reverse=True)


@compiled_only
@pytest.mark.parametrize("side", [codes.BUY, codes.SELL])
def test_a_level_below_all_that_halves_the_only_leaf_bounds_what_comes_between(side: int) -> None:
    """A price that falls while orders above are withdrawn: a bid at 705 once stood below one at 670."""
    book = Book(side)
    book.place(*range(1_000, 1_150, 10))
    book.place(500)
    book.cancel(*range(1_000, 1_080, 10))
    book.place(*range(600, 740, 10))
    book.place(800)
    book.place(705)
    book.check()
    book.cancel(*sorted(book.orders)[::2])
    book.check()


@compiled_only
@pytest.mark.parametrize("side", [codes.BUY, codes.SELL])
def test_a_ladder_is_a_sorted_list_however_often_it_grows_and_shrinks(side: int) -> None:
    random = Random(side)
    book = Book(side)
    for _ in range(300):
        above = random.sample(range(10_000, 20_000), random.choice([14, 15, 16, 120]))
        book.place(*above)
        book.place(random.randrange(1, 5_000))
        book.cancel(*random.sample(above, random.randrange(len(above))))
        book.place(*random.sample(range(5_001, 10_000, 2), random.randrange(40)))
        book.check()
        book.place(*random.sample(range(5_000, 10_000, 2), 20))
        book.check()
        book.cancel(*random.sample(sorted(book.orders), len(book.orders)))
