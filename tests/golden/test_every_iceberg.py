"""Every iceberg: what shows × side × self-trade mode × who comes × who stands beside it; how many parts; taking first.

The tables say, of an iceberg for sale (one that buys is its mirror image), who stands in line and with how much: a part
that is gone is followed by the next, behind the others of its price.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import pytest

from exchange.messages.orders import OrderType, SelfTrade, Side, TimeInForce
from tests import flows
from tests.flows import GOOD_TILL, ICEBERG, START_NS, TRIGGER
from tests.golden.desk import ANNA, FRIEND, OTHER, STRANGER, Desk

BUY, SELL = Side
GTC, IOC, FOK, GTD = TimeInForce
LIMIT, MARKET, LIMIT_MAKER, STOP_LOSS, STOP_LOSS_LIMIT, TAKE_PROFIT, TAKE_PROFIT_LIMIT = OrderType
PRICE = 120
QUANTITY = 10

LINES = {
    "alone": {1: 10 * "i1 ", 3: "i3 i3 i3 i1", 12: "i10"},
    "before another": {1: "i1 o4" + 9 * " i1", 3: "i3 o4 i3 i3 i1", 12: "i10 o4"},
    "behind another": {1: "o4" + 10 * " i1", 3: "o4 i3 i3 i3 i1", 12: "o4 i10"},
    "before another iceberg": {
        1: "i1 o2 i1 o2 i1 o2" + 7 * " i1",
        3: "i3 o2 i3 o2 i3 o2 i1",
        12: "i10 o2 o2 o2",
    },
}
"""By who stands beside it and what shows: the line of the iceberg's parts (i) and of the other's (o)."""

NAMES = {"i": "iceberg", "o": "other"}
Line = list[tuple[str, int]]


class Case(NamedTuple):
    """An iceberg of Anna's at rest, of which some may have traded already, and an order that comes to it."""

    place: str
    visible: int
    side: Side
    """Of the order that comes."""
    taken: int
    """How much a stranger took before."""
    who: int
    mode: SelfTrade
    in_force: TimeInForce
    quantity: int

    @property
    def rule(self) -> SelfTrade:
        """The mode that counts; a stranger meets nobody of his own."""
        if self.who == STRANGER:
            return SelfTrade.NONE
        return SelfTrade.EXPIRE_MAKER if self.mode == SelfTrade.MARKET_DEFAULT else self.mode


def cases(place: str) -> Iterator[Case]:
    for visible, side, taken, who, mode in product(LINES[place], Side, (0, 4), (STRANGER, ANNA, FRIEND), SelfTrade):
        if who == STRANGER and mode not in (SelfTrade.MARKET_DEFAULT, SelfTrade.TRANSFER):
            continue
        for in_force, quantity in product((GTC, FOK), (2, 10, 15)):
            if in_force == GTC or not taken:
                yield Case(place, visible, side, taken, who, mode, in_force, quantity)


def line_of(case: Case) -> Line:
    return [(NAMES[each[0]], int(each[1:])) for each in LINES[case.place][case.visible].split()]


def lots_of(name: str, line: Line) -> int:
    return sum(lots for who, lots in line if who == name)


def take(line: Line, quantity: int, until: str = "") -> tuple[list[str], Line, int]:
    """What an order for so much takes of a line, up to the first part of `until`: the words, the line, what is left."""
    told = []
    while line and quantity and line[0][0] != until:
        (name, there), *line = line
        lots = min(there, quantity)
        quantity -= lots
        told.append(f"taker takes {lots} of {name} at {PRICE}")
        if lots < there:
            line = [(name, there - lots), *line]
        elif following := [part for who, part in line if who == name]:
            told.append(f"{name} shows {following[0]}")
    return told, line, quantity


def shows(line: Line) -> int:
    """The first part of each."""
    return sum(dict(reversed(line)).values())


def rests(name: str, lots: int, shown: int) -> str:
    """What is told of an order that rests at a price that shows so much."""
    return f"{name} rests {lots}" if lots == shown else f"{name} rests {lots}, {shown} show"


def meet(case: Case, line: Line, left: int) -> tuple[list[str], Line, int]:
    """The order has come to the iceberg of its owner: the words, the line, what is left of the order, -1 where it has
    ended. All that remains of the iceberg counts, not only what shows.
    """
    told, ice = ["taker meets iceberg"], lots_of("iceberg", line)
    others = [part for part in line if part[0] != "iceberg"]
    if case.rule == SelfTrade.EXPIRE_TAKER:
        return [*told, f"taker ends {left} SELF_TRADE"], line, -1
    if case.rule == SelfTrade.EXPIRE_BOTH:
        return [*told, f"iceberg ends {ice} SELF_TRADE", f"taker ends {left} SELF_TRADE"], others, -1
    if case.rule == SelfTrade.EXPIRE_MAKER:
        return [*told, f"iceberg ends {ice} SELF_TRADE"], others, left
    lost = min(left, ice)
    if case.rule == SelfTrade.TRANSFER and case.who == FRIEND:
        told.append(f"hands over {lost} at {PRICE}")
    if lost == ice:
        told.append("iceberg ends 0 SELF_TRADE")
    else:
        # What is hidden is lost first: as much shows as before, unless less is left.
        others = [("iceberg", min(line[0][1], ice - lost)), *others]
        told.append(rests("iceberg", ice - lost, shows(others)))
    return [*told, *(["taker ends 0 SELF_TRADE"] if lost == left else [])], others, (left - lost) or -1


def fillable(case: Case, line: Line) -> int:
    """How much a fill-or-kill order could trade: it never counts what it would only meet."""
    if case.rule == SelfTrade.NONE:
        return sum(lots for _, lots in line)
    if case.rule == SelfTrade.EXPIRE_MAKER:
        return lots_of("other", line)
    return line[0][1] if line[0][0] == "other" else 0


def expected(case: Case) -> list[str]:
    _, line, _ = take(line_of(case), case.taken)
    told = [f"taker accepted {case.quantity}"]
    if case.in_force == FOK and fillable(case, line) < case.quantity:
        return [*told, f"taker ends {case.quantity} UNFILLED_FOK", f"shows {shows(line)}"]
    until = "" if case.rule == SelfTrade.NONE else "iceberg"
    words, line, left = take(line, case.quantity, until)
    told += words
    if left and line:
        words, line, left = meet(case, line, left)
        told += words
        if left > 0:
            words, line, left = take(line, left)
            told += words
    return [*told, *([f"taker rests {left}"] if left > 0 else []), f"shows {shows(line)}"]


def put(desk: Desk, case: Case) -> list[str]:
    desk.begin(case.side)
    selling = Side(1 - case.side)
    extensions = ((ICEBERG, case.visible),)
    ice = "iceberg", desk.order(ANNA, selling, PRICE, QUANTITY, mode=SelfTrade.TRANSFER, extensions=extensions)
    other = "other", desk.order(OTHER, selling, PRICE, 4)
    if case.place == "before another iceberg":
        other = "other", desk.order(OTHER, selling, PRICE, 6, extensions=((ICEBERG, 2),))
    line = [ice] if case.place == "alone" else [other, ice] if case.place == "behind another" else [ice, other]
    taken = [("before", desk.order(STRANGER, case.side, PRICE, case.taken))] if case.taken else []
    desk.before(*line, *taken)
    order = desk.order(case.who, case.side, PRICE, case.quantity, mode=case.mode, in_force=case.in_force)
    told = [*desk.put(("taker", order)), f"shows {desk.shown(selling)}"]
    desk.clear()
    return told


@pytest.mark.parametrize("place", LINES)
def test_every_iceberg_at_rest(place: str) -> None:
    desk = Desk()
    for case in cases(place):
        assert put(desk, case) == expected(case), case
    desk.trio.check_state()


# An iceberg for 15 that comes first as a taker, up to 121.

BOOKS = {
    "nothing": [],
    "another's": [("first", OTHER, 120, 4, 0)],
    "another's iceberg": [("first", OTHER, 120, 6, 2)],
    "more than it wants": [("first", OTHER, 121, 20, 0)],
    "her own": [("first", ANNA, 120, 4, 0), ("second", OTHER, 121, 5, 0)],
    "a friend's iceberg": [("first", FRIEND, 120, 4, 3), ("second", OTHER, 121, 5, 0)],
}
"""Who offers, at what price, how much, of which how much shows (0: all)."""

TAKES = {
    "nothing": ([], 15),
    "another's": (["iceberg takes 4 of first at 120"], 11),
    "another's iceberg": (
        [
            *("iceberg takes 2 of first at 120", "first shows 2", "iceberg takes 2 of first at 120", "first shows 2"),
            "iceberg takes 2 of first at 120",
        ],
        9,
    ),
    "more than it wants": (["iceberg takes 15 of first at 121"], 0),
}
SECOND = "iceberg takes 5 of second at 121"
MEETS = {
    SelfTrade.EXPIRE_TAKER: (["iceberg meets first", "iceberg ends 15 SELF_TRADE"], 0),
    SelfTrade.EXPIRE_MAKER: (["iceberg meets first", "first ends 4 SELF_TRADE", SECOND], 10),
    SelfTrade.EXPIRE_BOTH: (["iceberg meets first", "first ends 4 SELF_TRADE", "iceberg ends 15 SELF_TRADE"], 0),
    SelfTrade.DECREMENT: (["iceberg meets first", "first ends 0 SELF_TRADE", SECOND], 6),
    # The other one is not in this mode: nothing moves.
    SelfTrade.TRANSFER: (["iceberg meets first", "first ends 0 SELF_TRADE", SECOND], 6),
}
MEETS_NOBODY = {
    "her own": (["iceberg takes 4 of first at 120", SECOND], 6),
    "a friend's iceberg": (
        ["iceberg takes 3 of first at 120", "first shows 1", "iceberg takes 1 of first at 120", SECOND],
        6,
    ),
}


@pytest.mark.parametrize("book", BOOKS)
def test_every_iceberg_that_takes_first(book: str) -> None:
    desk = Desk()
    for side, visible, mode in product(Side, (1, 4, 10, 20), SelfTrade):
        desk.begin(side)
        for name, account, price, quantity, part in BOOKS[book]:
            extensions = ((ICEBERG, part),) if part else ()
            desk.before((name, desk.order(account, 1 - side, price, quantity, extensions=extensions)))
        rule = SelfTrade.EXPIRE_MAKER if mode == SelfTrade.MARKET_DEFAULT else mode
        happens, left = TAKES[book] if book in TAKES else MEETS.get(rule) or MEETS_NOBODY[book]
        order = desk.order(ANNA, side, 121, 15, mode=mode, extensions=((ICEBERG, visible),))
        told = ["iceberg accepted 15", *happens, *([rests("iceberg", left, min(visible, left))] if left else [])]
        assert desk.put(("iceberg", order)) == told, (side, visible, mode)
        assert desk.shown(side) == min(visible, left), (side, visible, mode)
        desk.clear()
    desk.trio.check_state()


# What is refused: the market lets quantities from 2 on through, 4 parts, and one iceberg of an account.

PARTS = {
    (12, -1): "MALFORMED_ROW",
    (12, 0): "MALFORMED_ROW",
    (12, 1): "LOT_SIZE",
    (12, 2): "ICEBERG_PARTS",
    (12, 3): "",
    (13, 3): "ICEBERG_PARTS",
    (13, 4): "",
    (13, 13): "",
    (13, 50): "",
}
"""By quantity and what shows."""

CAN_BE_ICEBERGS = (LIMIT, LIMIT_MAKER, STOP_LOSS_LIMIT, TAKE_PROFIT_LIMIT)
TRIGGERS = {STOP_LOSS: 105, STOP_LOSS_LIMIT: 105, TAKE_PROFIT: 95, TAKE_PROFIT_LIMIT: 95}


@pytest.mark.parametrize("order_type", OrderType, ids=lambda order_type: order_type.name)
def test_every_iceberg_that_is_refused(order_type: OrderType) -> None:
    desk = Desk(min_quantity=2, iceberg_parts=4, max_iceberg_orders=1)
    for side, in_force, (quantity, visible), has_one in product(Side, TimeInForce, PARTS, (False, True)):
        desk.begin(side)
        if has_one:
            desk.before(("first", desk.order(ANNA, side, 80, 10, extensions=((ICEBERG, 5),))))
        refused = PARTS[quantity, visible] or ("MAX_NUM_ICEBERG_ORDERS" if has_one else "")
        if order_type not in CAN_BE_ICEBERGS or in_force != GTC:
            refused = "MALFORMED_ROW"
        extensions: tuple[tuple[int, ...], ...] = ((ICEBERG, visible),)
        if order_type in TRIGGERS:
            extensions = (*extensions, (TRIGGER, TRIGGERS[order_type] if side == BUY else 200 - TRIGGERS[order_type]))
        if in_force == GTD:
            extensions = (*extensions, (GOOD_TILL, START_NS + flows.SECOND))
        price = 90 if order_type in CAN_BE_ICEBERGS else 0
        order = desk.order(ANNA, side, price, quantity, type=order_type, in_force=in_force, extensions=extensions)
        accepted = [f"iceberg accepted {quantity}"]
        if order_type not in TRIGGERS:
            accepted.append(rests("iceberg", quantity, min(visible, quantity)))
        found = desk.put(("iceberg", order))
        assert found == ([f"PLACE refused {refused}"] if refused else accepted), (side, in_force, quantity, visible)
        desk.clear()
    desk.trio.check_state()


def test_the_table_knows_every_mode_and_more_than_three_thousand_icebergs() -> None:
    every = [case for place in LINES for case in cases(place)]
    assert len(every) > 3_000
    assert {case.rule for case in every} == set(SelfTrade) - {SelfTrade.MARKET_DEFAULT}
