"""Every amendment of the reference's §10: kind of order × new quantity × new name × amendments before: what must come.

The order is for 40 lots at 90, to sell at 110 (its mirror image); 10 of them have traded where it is "partly" filled.
Somebody else's order stands behind it: whoever comes after an amendment meets the amended one first.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import pytest

from exchange.messages.orders import Contingency, Leg, OrderType, Side
from tests import flows
from tests.flows import AMEND, ICEBERG, REFERENCE, TRIGGER, client
from tests.golden.desk import ANNA, BASE, OTHER, QUOTE, STRANGER, Desk, mirrored

BUY, SELL = Side
QUANTITY, PRICE, TRADED = 40, 90, 10
VISIBLE = 8
NAME, NEW_NAME, TAKEN_NAME = 10**6, 10**6 + 1, 10**6 + 2
LEAST_QUANTITY, LEAST_LOTS_BY_NOTIONAL = 2, 4

KINDS = {
    "plain": 0,
    "partly": TRADED,
    "iceberg": 0,
    "iceberg, partly": TRADED,
    "stop": 0,
    "stop with a price": 0,
    "target of a pair": 0,
    "stop of a pair": 0,
}
"""How much of it has traded."""

QUANTITIES = (1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 20, 31, 39, 40, 41)
NAMES = {"none": 0, "its own": NAME, "a new one": NEW_NAME, "one that is taken": TAKEN_NAME}
SHOWN = {"iceberg": VISIBLE, "iceberg, partly": 6}
"""What shows of an iceberg before: of the part that follows the first 8, 2 have traded."""


class Case(NamedTuple):
    kind: str
    side: Side
    quantity: int
    name: str
    amends: int
    """How often it was amended before, of 2 times that it may be; -1: there is no such limit, and it was."""

    @property
    def has_price(self) -> bool:
        return self.kind not in ("stop", "stop of a pair")

    @property
    def before(self) -> int:
        """Its quantity before this amendment: each takes a lot."""
        return QUANTITY - abs(self.amends)


def cases(kind: str) -> Iterator[Case]:
    for side, quantity, name, amends in product(Side, QUANTITIES, NAMES, (0, 2, -1)):
        yield Case(kind, side, quantity, name, amends)


def refusal(case: Case) -> str:
    if case.quantity >= case.before:
        return "NOTHING_TO_CHANGE" if case.quantity == case.before else "QUANTITY_NOT_LESS"
    if case.amends == 2:
        return "MAX_NUM_ORDER_AMENDS"
    if case.quantity < LEAST_QUANTITY:
        return "LOT_SIZE"
    if case.has_price and case.quantity < LEAST_LOTS_BY_NOTIONAL:
        return "NOTIONAL"
    return "DUPLICATE_CLIENT_ID" if case.name == "one that is taken" else ""


def expected(case: Case) -> list[str]:
    if refused := refusal(case):
        return [f"AMEND refused {refused}"]
    left = case.quantity - KINDS[case.kind]
    if left <= 0:
        by = f" by cancel {NAMES[case.name]}" if NAMES[case.name] else ""
        return [f"old ends {case.before - TRADED} AMENDED_AWAY{by}"]
    told = [f"old has {left} left of {case.quantity}"]
    if case.kind.endswith("of a pair"):
        told += [f"the other has {left} left of {case.quantity}"]
        told += ["list changes"] if NAMES[case.name] else []
    return told


def old_order(desk: Desk, case: Case) -> tuple[str, list[int]]:
    above = TRIGGER, mirrored(case.side, 110)
    numbers: dict[str, Any] = {"client_id": client(NAME)}
    if case.kind.startswith("iceberg"):
        numbers["extensions"] = ((ICEBERG, VISIBLE),)
    elif case.kind == "stop":
        return "old", desk.order(ANNA, case.side, 0, QUANTITY, type=OrderType.STOP_LOSS, extensions=(above,), **numbers)
    elif case.kind == "stop with a price":
        numbers |= {"type": OrderType.STOP_LOSS_LIMIT, "extensions": (above,)}
    elif case.kind.endswith("of a pair"):
        return pair(desk, case, above)
    return "old", desk.order(ANNA, case.side, PRICE, QUANTITY, **numbers)


def pair(desk: Desk, case: Case, trigger: tuple[int, int]) -> tuple[str, list[int]]:
    """A target at 90 and a stop at 110, as a purchase has them: the stop stands above, of a sale the target does."""
    is_target = case.kind == "target of a pair"
    names = (NAME, NEW_NAME + 10) if is_target else (NEW_NAME + 10, NAME)
    target = desk.order(ANNA, case.side, PRICE, QUANTITY, type=OrderType.LIMIT_MAKER, client_id=client(names[0]))
    numbers: dict[str, Any] = {"type": OrderType.STOP_LOSS, "extensions": (trigger,), "client_id": client(names[1])}
    stop = desk.order(ANNA, case.side, 0, QUANTITY, **numbers)
    legs = (stop, target) if case.side == BUY else (target, stop)
    is_first = is_target == (case.side == SELL)
    called = "old+the other" if is_first else "the other+old"
    return called, desk.order_list(ANNA, Contingency.OCO, (Leg.ABOVE, legs[0]), (Leg.BELOW, legs[1]))


def amend(desk: Desk, quantity: int, name: int, *, by_name: bool) -> list[int]:
    """Named by its number, or by its name."""
    number = 0 if by_name else {called: each for each, called in desk.called.items()}["old"]
    reference = ((REFERENCE, *client(NAME)),) if by_name else ()
    numbers: dict[str, Any] = {"order_id": number, "quantity": quantity, "client_id": client(name)}
    return flows.row(AMEND, 1, ANNA, extensions=reference, **numbers)


def prepare(desk: Desk, case: Case) -> None:
    desk.begin(case.side)
    desk.set_filters()
    against = Side(1 - case.side)
    desk.before(("a", desk.order(OTHER, against, 100, 1)), ("b", desk.order(STRANGER, case.side, 100, 1)))
    desk.before(old_order(desk, case))
    if KINDS[case.kind]:
        desk.before(("taker", desk.order(OTHER, against, PRICE, TRADED)))
    desk.before(("behind", desk.order(STRANGER, case.side, PRICE, 5)))
    desk.before(("taken", desk.order(ANNA, case.side, 20, 1, client_id=client(TAKEN_NAME))))
    for number in range(abs(case.amends)):
        desk.before(("", amend(desk, QUANTITY - 1 - number, 0, by_name=number == 1)))
    # A notional that three lots at either price are below of, and four are not.
    least = LEAST_LOTS_BY_NOTIONAL * mirrored(case.side, PRICE)
    desk.set_filters(min_quantity=LEAST_QUANTITY, min_notional=least, max_amends=max(case.amends, 0))


def held(case: Case, left: int) -> int:
    """What it holds: a purchase without a price at the price that it waits for, as does a pair for its dearer leg."""
    dearest = 110 if case.kind in ("stop", "stop of a pair", "target of a pair") else PRICE
    return left * (dearest if case.side == BUY else 1) + (20 if case.side == BUY else 1)


@pytest.mark.parametrize("kind", KINDS)
def test_every_amendment(kind: str) -> None:
    desk = Desk()
    for number, case in enumerate(cases(kind)):
        prepare(desk, case)
        told = desk.put(("", amend(desk, case.quantity, NAMES[case.name], by_name=number % 2 == 1)))
        assert told == expected(case), case
        quantity = case.before if "refused" in told[0] else case.quantity
        left = max(quantity - KINDS[kind], 0)
        assert desk.held(ANNA, QUOTE if case.side == BUY else BASE) == held(case, left), case
        meets(desk, case, left)
        desk.set_filters()
        desk.clear()
        assert (desk.held(ANNA, QUOTE), desk.held(ANNA, BASE)) == (0, 0), case
    desk.trio.check_state()


def meets(desk: Desk, case: Case, left: int) -> None:
    """It shows no more than it has, and stands where it stood: who comes with a lot more than that meets it first."""
    is_there = case.kind not in ("stop", "stop with a price") and left
    called = {"stop of a pair": "the other"}.get(case.kind, "old")
    shows = min(SHOWN.get(case.kind, left), left) if is_there else 0
    if case.kind == "stop of a pair":
        shows = left
    desk.set_filters()
    told = desk.put(("taker", desk.order(OTHER, 1 - case.side, PRICE, shows + 1)))
    takes = [each for each in told if each.startswith("taker takes")]
    first = [f"taker takes {shows} of {called} at {PRICE}"] if is_there else []
    assert takes == [*first, f"taker takes 1 of behind at {PRICE}"], (case, told)


def test_the_table_has_every_outcome() -> None:
    outcomes = {refusal(case) for kind in KINDS for case in cases(kind)}
    assert outcomes == {
        *("", "NOTHING_TO_CHANGE", "QUANTITY_NOT_LESS", "MAX_NUM_ORDER_AMENDS"),
        *("LOT_SIZE", "NOTIONAL", "DUPLICATE_CLIENT_ID"),
    }
