"""Every pegged order: type × side × which best price × offset × time in force × price sent × book.

Prices are those of a purchase, a sale is its mirror image. What must come is worked out from lists of prices alone: the
book that an order finds when it enters, which is the one of its trigger where it waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import pytest

from exchange.messages.orders import OrderType, PegPrice, Side, TimeInForce
from tests import flows
from tests.flows import GOOD_TILL, ICEBERG, START_NS, TRIGGER
from tests.golden.desk import ANNA, BASE, FRIEND, MARKET, OTHER, QUOTE, STRANGER, Desk, mirrored

GTC, IOC, FOK, GTD = TimeInForce
LIMIT, AT_MARKET, LIMIT_MAKER, STOP_LOSS, STOP_LOSS_LIMIT, TAKE_PROFIT, TAKE_PROFIT_LIMIT = OrderType
PRIMARY, OPPOSITE = PegPrice
PEG = 3
QUANTITY = 5
EACH = 2
"""Lots of each order of a book."""
SENT = {"none": 0, "one that is passed": 96, "one that no filter passes": 150}
TRIGGERS = {STOP_LOSS: 101, STOP_LOSS_LIMIT: 101, TAKE_PROFIT: 99, TAKE_PROFIT_LIMIT: 99}
OFFSETS: dict[str, tuple[int, ...]] = {"none": (), "0 levels": (1, 0), "1 level": (1, 1), "2 levels": (1, 2)}

Half = list[tuple[int, int]]
"""The orders of one side in their order: price, whose."""

BOOKS: dict[str, tuple[Half, Half]] = {
    "nothing": ([], []),
    "bids": ([(98, OTHER), (95, OTHER)], []),
    "asks": ([], [(102, OTHER), (105, OTHER)]),
    "both": ([(98, OTHER), (97, OTHER), (90, OTHER)], [(102, OTHER), (110, OTHER), (111, OTHER)]),
    "crowded": ([(98, OTHER), (98, STRANGER), (94, OTHER)], [(102, OTHER), (102, STRANGER), (107, OTHER)]),
    "her own": ([(98, ANNA), (93, OTHER)], [(102, OTHER), (104, OTHER), (104, STRANGER)]),
}


class Case(NamedTuple):
    """An order of Anna's for 5 lots. What waits is set off by a trade at 101 or 99."""

    book: str
    type: OrderType
    side: Side
    peg: PegPrice
    offset: str
    in_force: TimeInForce
    sent: str

    @property
    def waits(self) -> bool:
        return self.type in TRIGGERS


def cases(book: str) -> Iterator[Case]:
    for rest in product(OrderType, Side, PegPrice, OFFSETS, TimeInForce, SENT):
        yield Case(book, *rest)


def refused(case: Case) -> str:
    """What is refused whatever the book."""
    has_price = case.type in (LIMIT, LIMIT_MAKER, STOP_LOSS_LIMIT, TAKE_PROFIT_LIMIT)
    if not has_price:
        return "MALFORMED_ROW" if SENT[case.sent] or case.in_force != GTC else "PEG_WRONG_TYPE"
    if case.type == LIMIT_MAKER and case.in_force != GTC:
        return "MALFORMED_ROW"
    if case.type == LIMIT_MAKER and case.peg == OPPOSITE:
        return "PEG_WRONG_KIND"
    if case.type == LIMIT and case.peg == PRIMARY and case.in_force != GTC:
        return "PEG_WRONG_KIND"
    return "PRICE_FILTER" if case.sent == "one that no filter passes" else ""


def price_taken(case: Case) -> int:
    """The price of the level that the peg means; 0 where there is none."""
    half = BOOKS[case.book][0 if case.peg == PRIMARY else 1]
    levels = list(dict.fromkeys(price for price, _ in half))
    behind = OFFSETS[case.offset][1] if OFFSETS[case.offset] else 0
    return levels[behind] if behind < len(levels) else 0


def worked(case: Case, price: int) -> tuple[list[str], int]:
    """What an order does that works at this price: the words, and what of it rests."""
    theirs = [(f"ask{number}", there) for number, (there, _) in enumerate(BOOKS[case.book][1]) if there <= price]
    left = QUANTITY
    told = []
    if case.in_force == FOK and EACH * len(theirs) < QUANTITY:
        return [f"peg ends {QUANTITY} UNFILLED_FOK"], 0
    for name, there in theirs:
        lots = min(left, EACH)
        if lots:
            told.append(f"peg takes {lots} of {name} at {there}")
        left -= lots
    if left and case.in_force == IOC:
        return [*told, f"peg is pegged at {price}", f"peg ends {left} UNFILLED_IOC"], 0
    if not left:
        return told, 0
    ours = [name for name in BOOKS[case.book][0] if name[0] == price]
    shows = "" if not ours else f", {left + EACH * len(ours)} show"
    return [*told, f"peg rests {left}{shows}"], left


def pegged_before_its_end(told: list[str], price: int) -> list[str]:
    """How an order is pegged is told before its end, too."""
    if told and told[-1].startswith("peg ends") and f"peg is pegged at {price}" not in told:
        return [*told[:-1], f"peg is pegged at {price}", told[-1]]
    return told


def expected(case: Case) -> tuple[list[str], int, int]:
    """What is told; the price at which it rests at last, and how much."""
    if code := refused(case):
        return [f"PLACE refused {code}"], 0, 0
    price = price_taken(case)
    if not case.waits:
        if not price:
            return ["PLACE refused PEG_WITHOUT_LEVEL"], 0, 0
        told, rests = worked(case, price)
        told = [f"peg is pegged at {price}", *pegged_before_its_end(told, price)]
        return [f"peg accepted {QUANTITY}", *told], price, rests
    trigger = TRIGGERS[case.type]
    told = [f"peg accepted {QUANTITY}", "peg has no price"]
    told += ["second accepted 1", f"second takes 1 of first at {trigger}"]
    if not price:
        return [*told, "peg has no price", f"peg ends {QUANTITY} PEG_REFUSED PEG_WITHOUT_LEVEL"], 0, 0
    words, rests = worked(case, price)
    words = pegged_before_its_end(words, price)
    return [*told, f"peg is pegged at {price}", f"peg is set off at {trigger}", *words], price, rests


def build(desk: Desk, case: Case) -> None:
    """Put the book; one of its orders is an iceberg, whose hidden lots are none of the level's price."""
    ours, theirs = BOOKS[case.book]
    for name, side, half in (("bid", case.side, ours), ("ask", 1 - case.side, theirs)):
        for number, (price, who) in enumerate(half):
            shown = {"extensions": ((ICEBERG, EACH),)} if number == 2 else {}
            desk.before((f"{name}{number}", desk.order(who, side, price, EACH, **shown)))


def trade(desk: Desk, side: Side, price: int) -> list[str]:
    """One lot between two others, inside the spread."""
    desk.before(("first", desk.order(STRANGER, 1 - side, price, 1)))
    return desk.put(("second", desk.order(FRIEND, side, price, 1)))


def claim(desk: Desk, case: Case, price: int, lots: int) -> int:
    """What an order of this side holds for so many lots at a price."""
    return mirrored(case.side, price) * lots if case.side == Side.BUY else lots


def row_of(desk: Desk, case: Case) -> list[int]:
    extensions: tuple[tuple[int, ...], ...] = ((PEG, int(case.peg), *OFFSETS[case.offset]),)
    if case.waits:
        extensions += ((TRIGGER, mirrored(case.side, TRIGGERS[case.type])),)
    if case.in_force == GTD:
        extensions += ((GOOD_TILL, START_NS + flows.SECOND),)
    kinds = {"type": case.type, "in_force": case.in_force, "extensions": extensions}
    return desk.order(ANNA, case.side, SENT[case.sent], QUANTITY, **kinds)


def put(desk: Desk, case: Case) -> tuple[list[str], int, int]:
    desk.begin(case.side)
    trade(desk, case.side, 100)
    asset = QUOTE if case.side == Side.BUY else BASE
    if not case.waits:
        build(desk, case)
    before = desk.held(ANNA, asset)
    told = desk.put(("peg", row_of(desk, case)))
    if case.waits and "refused" not in told[0]:
        wanted = claim(desk, case, SENT[case.sent] or TRIGGERS[case.type], QUANTITY)
        assert desk.held(ANNA, asset) == wanted, "what a waiting order holds"
        build(desk, case)
        before = desk.held(ANNA, asset) - wanted
        told += trade(desk, case.side, TRIGGERS[case.type])
    book = desk.trio.venue.state.markets[0].side(case.side)
    found = [order for order in book if desk.called[order.order_id] == "peg"]
    price, rests = (mirrored(case.side, found[0].price), found[0].remaining) if found else (0, 0)
    assert desk.held(ANNA, asset) - before == claim(desk, case, price, rests), "what a resting order holds"
    desk.clear()
    return told, price, rests


@pytest.mark.parametrize("book", BOOKS)
def test_every_peg(book: str) -> None:
    desk = Desk(min_price=60, max_price=140)
    for case in cases(book):
        told, price, rests = expected(case)
        assert put(desk, case) == (told, price if rests else 0, rests), case
    desk.trio.check_state()


def test_the_table_knows_every_answer_and_more_than_eight_thousand_pegs() -> None:
    every = [(case, expected(case)[0]) for book in BOOKS for case in cases(book)]
    assert len(every) > 8_000
    refusals = {told[0].split()[-1] for _, told in every if "refused" in told[0]}
    assert refusals == {"MALFORMED_ROW", "PEG_WRONG_TYPE", "PEG_WRONG_KIND", "PRICE_FILTER", "PEG_WITHOUT_LEVEL"}
    ends = {told[-1].split()[3] for _, told in every if told[-1].startswith("peg ends")}
    assert ends == {"PEG_REFUSED", "UNFILLED_IOC", "UNFILLED_FOK"}


# The words of the row: what no peg can be.


@pytest.mark.parametrize(
    "peg",
    [(0,), (3,), (-1,), (1, 2, 1), (1, -1), (1, 0, 1), (2, 1, 101), (2, 1, -1), (1, 0, 0, 1), (1, 1, 1, 0, 0, 0, 9)],
)
def test_what_no_peg_can_be(peg: tuple[int, ...]) -> None:
    desk = Desk()
    desk.before(("bid", desk.order(OTHER, Side.BUY, 98, 1)), ("ask", desk.order(OTHER, Side.SELL, 102, 1)))
    order = desk.order(ANNA, Side.BUY, 0, 1, extensions=((PEG, *peg),))
    assert desk.put(("peg", order)) == ["PLACE refused MALFORMED_ROW"]
    desk.trio.check_state()


@pytest.mark.parametrize("levels", [99, 100, 101])
def test_an_offset_goes_over_at_most_a_hundred_levels(levels: int) -> None:
    """100 behind the best is the 101st level: the most that one order looks at."""
    desk = Desk()
    for number in range(levels + 1):
        desk.before((f"bid{number}", flows.limit(MARKET, OTHER, Side.BUY, 1_000 - number, 1, 1_000 + number)))
    for offset in (levels, levels + 1):
        order = desk.order(ANNA, Side.BUY, 0, 1, extensions=((PEG, PRIMARY, 1, offset),))
        told = desk.put(("peg", order))
        if offset > 100:
            assert told == ["PLACE refused MALFORMED_ROW"]
        elif offset > levels:
            assert told == ["PLACE refused PEG_WITHOUT_LEVEL"]
        else:
            assert told[1] == f"peg is pegged at {1_000 - offset}"
    desk.trio.check_state()


def test_the_price_is_taken_once_and_does_not_follow_the_market() -> None:
    desk = Desk()
    for side in Side:
        desk.begin(side)
        desk.before(("bid", desk.order(OTHER, side, 95, 2)), ("ask", desk.order(OTHER, 1 - side, 105, 2)))
        desk.before(("peg", desk.order(ANNA, side, 0, 3, extensions=((PEG, PRIMARY),))))
        assert desk.put(("better", desk.order(OTHER, side, 97, 2))) == ["better accepted 2", "better rests 2"]
        told = desk.put(("takes", desk.order(STRANGER, 1 - side, 90, 6)))
        assert told == [
            *("takes accepted 6", "takes takes 2 of better at 97"),
            *("takes takes 2 of bid at 95", "takes takes 2 of peg at 95"),
        ]
        desk.clear()
    desk.trio.check_state()
