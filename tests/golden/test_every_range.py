"""Every order that a market's price range may stop, of the reference's §13: bounds × book × price × time in force.

In a purchase's words around a last price of 100, which is the reference; a sale is its mirror image. The range is fixed
when an order begins to trade; what is left where it is breached ends OUT_OF_RANGE.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import pytest

from exchange.messages.orders import OrderType, Side, TimeInForce
from tests import flows
from tests.golden.desk import ANNA, OTHER, STRANGER, Desk

BUY, SELL = Side
GTC, IOC, FOK, GTD = TimeInForce
LIMIT, AT_MARKET, LIMIT_MAKER, *_ = OrderType
LAST = 100
MARKET_ID = 1

BOOKS: dict[str, list[tuple[int, int]]] = {
    "nothing": [],
    "within": [(105, 5), (110, 5)],
    "at the bound and beyond": [(105, 5), (110, 5), (111, 5), (120, 5)],
    "beyond": [(111, 5), (120, 5)],
    "too good": [(89, 5), (105, 5)],
    "just good": [(90, 5), (105, 5)],
    "too good, and beyond": [(80, 5), (130, 5)],
}
"""What is offered: price and lots, best first."""

RANGES = {"none": (0, 0), "both": (110, 90), "worst": (110, 0), "best": (0, 90)}
"""The worst and the best price at which a purchase may trade; 0 is any."""


class Case(NamedTuple):
    book: str
    range: str
    type: OrderType
    in_force: TimeInForce
    price: int
    lots: int

    @property
    def offers(self) -> list[tuple[int, int]]:
        """What its own price reaches."""
        return [offer for offer in BOOKS[self.book] if self.type == AT_MARKET or offer[0] <= self.price]


def cases(book: str) -> Iterator[Case]:
    kinds = [(LIMIT, in_force, price) for in_force, price in product((GTC, IOC, FOK), (85, 104, 110, 111, 125, 140))]
    for name, (order_type, in_force, price), lots in product(
        RANGES, [*kinds, (AT_MARKET, GTC, 0)], (3, 5, 8, 10, 12, 25)
    ):
        yield Case(book, name, order_type, in_force, price, lots)


def open_to(case: Case) -> list[tuple[int, int]]:
    """The offers with which it may trade."""
    worst, best = RANGES[case.range]
    if case.offers and best and case.offers[0][0] < best:
        return []
    return [offer for offer in case.offers if not worst or offer[0] <= worst]


def expected(case: Case) -> list[str]:
    left = case.lots
    offers = open_to(case)
    if case.in_force == FOK and sum(lots for _, lots in offers) < left:
        return [f"order ends {left} UNFILLED_FOK"]
    told = []
    for price, lots in offers:
        taken = min(lots, left)
        left -= taken
        told += [f"order takes {taken} of {price} at {price}"] if taken else []
    if not left:
        return told
    if len(offers) < len(case.offers):
        return [*told, f"order ends {left} OUT_OF_RANGE"]
    if case.type == AT_MARKET:
        return [*told, f"order ends {left} NO_LIQUIDITY"]
    return [*told, f"order rests {left}" if case.in_force == GTC else f"order ends {left} UNFILLED_IOC"]


def protect(desk: Desk, name: str) -> None:
    """A range of the side, as shares of the average price."""
    worst, best = RANGES[name]
    numbers = [worst * 10_000, best * 10_000, 0, 0]
    if desk.side == SELL:
        # Its worst price is the least.
        numbers = [0, 0, (200 - best) * 10_000 if best else 0, (200 - worst) * 10_000 if worst else 0]
    assert not flows.refusals(desk.trio.messages([40, flows.OPERATOR, MARKET_ID, *numbers, 0, 0, 0, 0, 0, 0, 0]))


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("book", BOOKS)
def test_every_order_that_a_range_may_stop(book: str, side: Side) -> None:
    desk = Desk()
    for case in cases(book):
        desk.begin(side)
        protect(desk, "none")
        desk.put(("a", desk.order(OTHER, 1 - side, LAST, 1)), ("b", desk.order(STRANGER, side, LAST, 1)))
        for price, lots in BOOKS[book]:
            desk.before((f"{price}", desk.order(OTHER, 1 - side, price, lots)))
        protect(desk, case.range)
        told = desk.put(
            ("order", desk.order(ANNA, side, case.price, case.lots, type=case.type, in_force=case.in_force))
        )
        assert told[1:] == expected(case), case
        desk.clear()
    desk.trio.check_state()


def test_before_any_trade_there_is_no_range() -> None:
    desk = Desk()
    desk.begin(BUY)
    protect(desk, "both")
    desk.before(("offer", desk.order(OTHER, SELL, 500, 5)))
    assert desk.put(("order", desk.order(ANNA, BUY, 500, 5)))[1:] == ["order takes 5 of offer at 500"]
