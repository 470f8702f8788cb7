"""Every order that must know beforehand how far it goes, against a line with icebergs and an order of its owner in it.

An iceberg shows its next part behind the others of its price: what it hides stands behind the owner's order. A
fill-or-kill order that would end there trades nothing; a MARKET order by quote quantity has as many lots as it reaches.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import pytest

from exchange.messages.limits import Rule
from exchange.messages.orders import SelfTrade, Side
from tests import flows
from tests.flows import ICEBERG
from tests.golden.desk import ANNA, FRIEND, OTHER, STRANGER, Desk, mirrored

NONE, EXPIRE_TAKER, EXPIRE_MAKER, EXPIRE_BOTH, DECREMENT, TRANSFER = list(SelfTrade)[1:]
FIRST, SECOND = 120, 121
BEYOND = 6
"""Lots of another's that stand at the second price."""


class Reach(NamedTuple):
    before_own: int
    """Lots traded until her own order stands first."""
    others: int
    """Lots of others at the first price."""
    all: int


LINES = {
    "an iceberg": ([(OTHER, 10, 4), (ANNA, 3, 0)], Reach(4, 10, 13)),
    "an iceberg of one lot": ([(OTHER, 10, 1), (ANNA, 3, 0)], Reach(1, 10, 13)),
    "an iceberg that shows nearly all": ([(OTHER, 10, 9), (ANNA, 3, 0)], Reach(9, 10, 13)),
    "no iceberg": ([(OTHER, 10, 0), (ANNA, 3, 0)], Reach(10, 10, 13)),
    "two icebergs": ([(OTHER, 10, 4), (STRANGER, 5, 2), (ANNA, 3, 0)], Reach(6, 15, 18)),
    "an iceberg and another": ([(OTHER, 8, 2), (STRANGER, 5, 0), (ANNA, 3, 0)], Reach(7, 13, 16)),
    "an iceberg on both sides": ([(OTHER, 8, 3), (ANNA, 3, 0), (STRANGER, 7, 1)], Reach(3, 15, 18)),
    "her own first": ([(ANNA, 3, 0), (OTHER, 10, 4)], Reach(0, 10, 13)),
    "her own an iceberg": ([(OTHER, 10, 4), (ANNA, 5, 2)], Reach(4, 10, 15)),
    "a friend's": ([(OTHER, 10, 4), (FRIEND, 3, 0)], Reach(4, 10, 13)),
}
"""Who stands in line at the first price: with how much, and how much of it shows (0: all)."""


def cases() -> Iterator[tuple[Side, SelfTrade, int]]:
    yield from product(Side, SelfTrade, range(1, 26))


def lots_open(mode: SelfTrade, reach: Reach) -> int:
    """How many lots it can trade, up to the second price."""
    if mode == NONE:
        return reach.all + BEYOND
    if mode in (SelfTrade.MARKET_DEFAULT, EXPIRE_MAKER):
        return reach.others + BEYOND
    return reach.before_own


def stand(desk: Desk, line: str, side: Side) -> None:
    desk.begin(side)
    for number, (account, quantity, visible) in enumerate(LINES[line][0]):
        extensions = ((ICEBERG, visible),) if visible else ()
        desk.before((f"{number}", desk.order(account, 1 - side, FIRST, quantity, extensions=extensions)))
    desk.before(("beyond", desk.order(OTHER, 1 - side, SECOND, BEYOND)))


def taken(told: list[str]) -> int:
    return sum(int(each.split()[2]) for each in told if each.startswith("order takes"))


@pytest.mark.parametrize("line", LINES)
def test_every_fill_or_kill_order_trades_all_of_it_or_nothing(line: str) -> None:
    desk = Desk()
    for side, mode, quantity in cases():
        stand(desk, line, side)
        order = desk.order(ANNA, side, SECOND, quantity, in_force=flows.FOK, mode=mode)
        told = desk.put(("order", order))
        is_fillable = quantity <= lots_open(mode, LINES[line][1])
        assert taken(told) == (quantity if is_fillable else 0), (side, mode, quantity, told)
        assert (told[-1] == f"order ends {quantity} UNFILLED_FOK") is not is_fillable, (side, mode, quantity, told)
        assert is_fillable or len(told) == 2, (side, mode, quantity, told)
        desk.clear()
    desk.trio.check_state()


@pytest.mark.parametrize("line", LINES)
def test_every_quote_amount_is_as_many_lots_as_it_reaches(line: str) -> None:
    desk = Desk()
    reach = LINES[line][1]
    for side, mode, lots in cases():
        if mode in (DECREMENT, TRANSFER):
            # What meets is gone from both: how many lots it has does not say how many it trades.
            continue
        stand(desk, line, side)
        most = {NONE: reach.all, EXPIRE_TAKER: reach.before_own, EXPIRE_BOTH: reach.before_own}
        at_first = min(lots, most.get(mode, reach.others))
        amount = lots * mirrored(side, FIRST)
        told = desk.put(("order", desk.order(ANNA, side, 0, 0, type=flows.MARKET, mode=mode, quote_quantity=amount)))
        stops = mode in (EXPIRE_TAKER, EXPIRE_BOTH)
        rest = (amount - at_first * mirrored(side, FIRST)) // mirrored(side, SECOND)
        reached = at_first if stops else at_first + min(rest, BEYOND)
        accepted = f"order accepted {reached}" if reached else "PLACE refused BOOK_TOO_THIN"
        assert (told[0], taken(told)) == (accepted, reached), (side, mode, lots, told)
        desk.clear()
    desk.trio.check_state()


def test_before_the_rule_what_was_hidden_was_within_reach() -> None:
    """An old journal replays to what it decided: the order ends in part, at her own."""
    desk = Desk(rules=[1, 2])
    for is_ruled in (False, True):
        stand(desk, "an iceberg", Side.BUY)
        mode = EXPIRE_TAKER
        told = desk.put(("order", desk.order(ANNA, Side.BUY, SECOND, 7, in_force=flows.FOK, mode=mode)))
        ended = "order ends 7 UNFILLED_FOK" if is_ruled else "order ends 3 SELF_TRADE"
        assert (taken(told), told[-1]) == (0 if is_ruled else 4, ended)
        desk.clear()
        desk.trio.restore()
        desk.trio.check_state()
        if not is_ruled:
            assert not flows.refusals(desk.trio.messages([3, flows.OPERATOR, int(Rule.HIDDEN_BEHIND_OWN)]))
