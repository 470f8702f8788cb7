"""Every MARKET order by quote quantity: amount × side × self-trade mode × book × lot: what must come.

It buys (or sells) as many whole lots as the amount pays for, best price first, and never spends (or gets) more.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import pytest

from exchange.messages.orders import SelfTrade, Side
from tests import flows
from tests.golden.desk import ANNA, FRIEND, OTHER, QUOTE, Desk, mirrored

BUY, SELL = Side
NONE, EXPIRE_TAKER, EXPIRE_MAKER, EXPIRE_BOTH, DECREMENT, TRANSFER = list(SelfTrade)[1:]

BOOKS = {
    "nothing": [],
    "thin": [("first", OTHER, 120, 1)],
    "deep": [("first", OTHER, 120, 10), ("second", OTHER, 121, 10)],
    "only her own": [("hers", ANNA, 120, 10)],
    "her own first": [("hers", ANNA, 120, 10), ("second", OTHER, 121, 10)],
    "her own second": [("first", OTHER, 120, 10), ("hers", ANNA, 121, 10)],
    "her own between": [("first", OTHER, 120, 4), ("hers", ANNA, 120, 3), ("second", OTHER, 121, 6)],
    "a friend's first": [("hers", FRIEND, 120, 10), ("second", OTHER, 121, 10)],
}
"""Who offers, at what price, how much, as to a purchase; bids to a sale stand at 80 and 79."""

AMOUNTS = {BUY: (119, 120, 239, 1200, 1320, 1321, 1805, 5000), SELL: (79, 80, 159, 800, 878, 879, 1195, 5000)}
"""A minor unit less than a lot; one lot; nearly two; ten; nearly and just another one at the next price; 15; all."""

OPEN = {
    "nothing": ((0, 0, 0, 0, 0, 0, 0, 0), (0, 0, 0, 0, 0, 0, 0, 0)),
    "1": ((0, 1, 1, 1, 1, 1, 1, 1), (0, 1, 1, 1, 1, 1, 1, 1)),
    "4": ((0, 1, 1, 4, 4, 4, 4, 4), (0, 1, 1, 4, 4, 4, 4, 4)),
    "10": ((0, 1, 1, 10, 10, 10, 10, 10), (0, 1, 1, 10, 10, 10, 10, 10)),
    "10 at the second price": ((0, 0, 1, 9, 10, 10, 10, 10), (1, 1, 2, 10, 10, 10, 10, 10)),
    "7 and 6": ((0, 1, 1, 9, 10, 10, 13, 13), (0, 1, 1, 10, 11, 11, 13, 13)),
    "4 and 6": ((0, 1, 1, 9, 10, 10, 10, 10), (0, 1, 1, 10, 10, 10, 10, 10)),
    "10 and 10": ((0, 1, 1, 10, 10, 11, 15, 20), (0, 1, 1, 10, 10, 11, 15, 20)),
}
"""By what she could trade with: the lots that each amount is, of a purchase and of a sale."""

STRANGERS = {
    "nothing": "nothing",
    "thin": "1",
    "deep": "10 and 10",
    "only her own": "10",
    "her own first": "10 and 10",
    "her own second": "10 and 10",
    "her own between": "7 and 6",
    "a friend's first": "10 and 10",
}
"""What is open where all may trade with all."""

STOPS = {
    "only her own": "nothing",
    "her own first": "nothing",
    "her own second": "10",
    "her own between": "4",
    "a friend's first": "nothing",
}
"""What is open to an order that would end at her own."""

SKIPS = {
    "only her own": "nothing",
    "her own first": "10 at the second price",
    "her own second": "10",
    "her own between": "4 and 6",
    "a friend's first": "10 at the second price",
}
"""What is open to an order that goes on behind her own."""


class Case(NamedTuple):
    book: str
    side: Side
    mode: SelfTrade
    is_theirs_too: bool
    """The resting orders of the owner are in mode TRANSFER, too."""
    number: int
    """Of the amount."""

    @property
    def rule(self) -> SelfTrade:
        return EXPIRE_MAKER if self.mode == SelfTrade.MARKET_DEFAULT else self.mode

    @property
    def hands_over(self) -> bool:
        return self.rule == TRANSFER and self.is_theirs_too and self.book == "a friend's first"


def cases(book: str) -> Iterator[Case]:
    for side, mode, is_theirs_too, number in product(Side, SelfTrade, (False, True), range(8)):
        yield Case(book, side, mode, is_theirs_too, number)


def lots_of(case: Case) -> int:
    """How many lots the amount is in the book."""
    what = STRANGERS[case.book]
    if case.rule != NONE and not case.hands_over:
        stops = case.rule in (EXPIRE_TAKER, EXPIRE_BOTH)
        what = (STOPS if stops else SKIPS).get(case.book, what)
    return OPEN[what][case.side][case.number]


def expected(case: Case, least: int, step: int) -> list[str]:
    """All that is told of it. What it has of a lot, or of a step of lots, it does not trade."""
    left = lots_of(case) // step * step
    if left < least:
        return ["PLACE refused BOOK_TOO_THIN"]
    told = [f"order accepted {left}"]
    for name, _, price, quantity in BOOKS[case.book]:
        lots = min(left, quantity)
        if not left:
            break
        if name != "hers" or case.rule == NONE:
            told.append(f"order takes {lots} of {name} at {price}")
        elif case.rule == EXPIRE_MAKER:
            told += [f"order meets {name}", f"{name} ends {quantity} SELF_TRADE"]
            continue
        else:
            # DECREMENT and TRANSFER: what has met is gone. An order that would end here has no lots beyond.
            assert case.rule in (DECREMENT, TRANSFER)
            told.append(f"order meets {name}")
            told += [f"hands over {lots} at {price}"] if case.hands_over else []
            told.append(f"{name} ends 0 SELF_TRADE" if lots == quantity else f"{name} rests {quantity - lots}")
            told += ["order ends 0 SELF_TRADE"] if lots == left else []
        left -= lots
    return told


def put(desk: Desk, case: Case, limits: dict[str, int]) -> list[str]:
    """What is told of the order; nothing is held behind it, and what was spent (or got) is what was told of it."""
    desk.begin(case.side)
    mode = TRANSFER if case.is_theirs_too else NONE
    if limits:
        # Offers of any size were made before the filter came.
        desk.set_filters()
    for name, account, price, quantity in BOOKS[case.book]:
        desk.before((name, desk.order(account, 1 - case.side, price, quantity, mode=mode)))
    if limits:
        desk.set_filters(**limits)
    had = desk.owns(ANNA, QUOTE)
    amount = AMOUNTS[case.side][case.number]
    row = desk.order(ANNA, case.side, 0, 0, type=flows.MARKET, mode=case.mode, quote_quantity=amount)
    told = desk.put(("order", row))
    if case.rule != NONE or "hers" not in " ".join(told):
        # Between her own two orders money only goes around.
        spent = (had - desk.owns(ANNA, QUOTE)) * (1 if case.side == BUY else -1)
        assert spent == sum(cost(case, each) for each in told) <= amount, case
    desk.clear()
    assert not desk.held(ANNA, QUOTE), case
    return told


def cost(case: Case, told: str) -> int:
    """What has changed hands for money."""
    words = told.split()
    if "takes" not in words and "hands" not in words:
        return 0
    return int(words[2]) * mirrored(case.side, int(words[-1]))


LOTS = {
    "any": {},
    "by four": {"min_quantity": 4, "quantity_step": 4},
    "from five on": {"min_quantity": 2, "market_min_quantity": 5},
}


@pytest.mark.parametrize("lots", LOTS)
@pytest.mark.parametrize("book", BOOKS)
def test_every_amount_in_every_book(book: str, lots: str) -> None:
    limits = LOTS[lots]
    least, step = max([1, *limits.values()]), limits.get("quantity_step", 1)
    desk = Desk()
    for case in cases(book):
        assert put(desk, case, limits) == expected(case, least, step), case
    desk.trio.check_state()


def test_the_table_has_every_amount_from_less_than_a_lot_to_all_that_is_there() -> None:
    every = [case for book in BOOKS for case in cases(book)]
    assert len(every) * len(LOTS) > 5_000
    assert {lots_of(case) for case in every} >= {0, 1, 2, 4, 9, 10, 11, 13, 15, 20}
