"""Every cancel-replace: the outcome table, mode × does the cancel succeed × does the new order × restriction.

    cancel    new order                    what comes
    succeeds  succeeds                     the old order ends, the new one is accepted
    succeeds  is refused                   the old order ends, the new one is refused
    fails     STOP_ON_FAILURE              the command is refused, the new order is not attempted
    fails     ALLOW_FAILURE: succeeds      the cancel is refused, the new order is accepted
    fails     ALLOW_FAILURE: is refused    both are refused
    whatever  its form or a filter speaks  the command is refused, nothing happens
              against the new order

By side, by how the old order is named, by what it is (plain, an iceberg, waiting; new or partly filled).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import pytest

from exchange.messages.orders import Restriction, SelfTrade, Side
from tests import flows
from tests.flows import CANCEL_ID, CANCEL_REPLACE, ICEBERG, REFERENCE, TRIGGER, client
from tests.golden.desk import ANNA, BASE, OTHER, QUOTE, STRANGER, Desk, mirrored

BUY, SELL = Side
ANY_STATE, ONLY_NEW, ONLY_PARTIALLY_FILLED = Restriction
STOP_ON_FAILURE, ALLOW_FAILURE = 1, 2
FUNDS = {QUOTE: 5_000, BASE: 55}
"""The old order is for 40 lots at 90 (or at 110, to sell): beside it a purchase has 1,400 left, a sale 15 lots."""
CANCELS_NAME = 900
OLD_NAME, ANOTHER_NAME, NOBODYS_NAME = 10**6, 10**6 + 1, 10**6 + 2

OLD = {"plain": (40, ""), "plain, partly": (30, ""), "iceberg": (40, "iceberg"), "iceberg, partly": (30, "iceberg"),
       "waiting": (40, "waiting")}  # fmt: skip
"""What is left of the old order, and of which rare kind it is."""

NAMED = {
    "by number": "",
    "by name": "",
    "by both": "",
    "by its number and another's name": "ORDER_ID_MISMATCH",
    "by nobody's number": "UNKNOWN_ORDER",
    "by nobody's name": "UNKNOWN_ORDER",
    "by nobody's number and its name": "UNKNOWN_ORDER",
    "by a stranger's number": "UNKNOWN_ORDER",
    "by the number of one that is gone": "UNKNOWN_ORDER",
}
"""Why the cancel fails, whatever its restriction."""

AT_ONCE = {"malformed": "MALFORMED_ROW", "wrong price": "PRICE_FILTER", "wrong quantity": "LOT_SIZE"}
"""New orders of which the first look says enough."""

ALWAYS = {
    "would take": "WOULD_TAKE",
    "beyond all funds": "INSUFFICIENT_FUNDS",
    "another's name": "DUPLICATE_CLIENT_ID",
    "wrong mode": "SELF_TRADE_MODE_NOT_ALLOWED",
}
"""New orders that are refused whether the old one is there or not."""

WHILE_OLD_IS_THERE = {
    ("needs its funds", ""): "INSUFFICIENT_FUNDS",
    ("needs its funds", "iceberg"): "INSUFFICIENT_FUNDS",
    ("needs its funds", "waiting"): "INSUFFICIENT_FUNDS",
    ("its name", ""): "DUPLICATE_CLIENT_ID",
    ("its name", "iceberg"): "DUPLICATE_CLIENT_ID",
    ("its name", "waiting"): "DUPLICATE_CLIENT_ID",
    ("an iceberg", "iceberg"): "MAX_NUM_ICEBERG_ORDERS",
    ("a stop", "waiting"): "MAX_NUM_ALGO_ORDERS",
}
"""New orders for which the old one, by its kind, leaves no room."""

NEW: dict[str, list[str]] = {
    "rests": ["new accepted 5", "new rests 5"],
    "takes": ["new accepted 5", "new takes 5 of offer at 120"],
    "takes at market": ["new accepted 5", "new takes 5 of offer at 120"],
    "needs its funds": ["new accepted 40", "new rests 40"],
    "its name": ["new accepted 5", "new rests 5"],
    "an iceberg": ["new accepted 5", "new rests 5, 2 show"],
    "a stop": ["new accepted 5"],
    "other side": ["new accepted 5", "new rests 5"],
}
"""What comes of a new order that is not refused, where the old one is gone."""

TRADES = ("takes", "takes at market")
"""New orders whose trade at 120 sets the old one off where it waits still."""


class Case(NamedTuple):
    new: str
    old: str
    named: str
    restriction: Restriction
    mode: int
    side: Side


def cases(new: str) -> Iterator[Case]:
    """Where the name is wrong, what the old order is says little."""
    for named, old, restriction, mode, side in product(NAMED, OLD, Restriction, (STOP_ON_FAILURE, ALLOW_FAILURE), Side):
        if not NAMED[named] or (old in ("plain", "waiting") and restriction != ONLY_NEW):
            yield Case(new, old, named, restriction, mode, side)


def failure(case: Case) -> str:
    """Why the cancel fails: the old order is not found, or its state is not the one that was asked for."""
    is_partly = case.old.endswith("partly")
    if NAMED[case.named]:
        return NAMED[case.named]
    restricted = {ANY_STATE: False, ONLY_NEW: is_partly, ONLY_PARTIALLY_FILLED: not is_partly}[case.restriction]
    return "CANCEL_RESTRICTED" if restricted else ""


def expected(case: Case) -> list[str]:
    left, kind = OLD[case.old]
    fails = failure(case)
    if case.new in AT_ONCE:
        return [f"CANCEL_REPLACE refused {AT_ONCE[case.new]}"]
    if fails and case.mode == STOP_ON_FAILURE:
        return [f"CANCEL_REPLACE refused {fails}"]
    told = [f"CANCEL refused {fails}" if fails else f"old ends {left} BY_REQUEST by cancel {CANCELS_NAME}"]
    refused = ALWAYS.get(case.new) or (WHILE_OLD_IS_THERE.get((case.new, kind)) if fails else "")
    if refused:
        return [*told, f"PLACE refused {refused}"]
    if case.new == "other side" and fails and kind != "waiting":
        return [*told, "new accepted 5", "new meets old", "new ends 5 SELF_TRADE"]
    told += NEW[case.new]
    if case.new in TRADES and fails and kind == "waiting":
        told += ["old is set off at 110", "old rests 40"]
    return told


def new_order(desk: Desk, case: Case) -> list[int]:
    """The PLACE that the command is but for what it cancels."""
    change: dict[str, dict[str, Any]] = {
        "malformed": {"quantity": 0},
        "wrong price": {"price": 10**7},
        "wrong quantity": {"quantity": 10**7},
        "would take": {"price": 120, "type": flows.LIMIT_MAKER},
        "beyond all funds": {"price": 90, "quantity": 60},
        "another's name": {"client_id": client(ANOTHER_NAME)},
        "wrong mode": {"mode": SelfTrade.DECREMENT},
        "takes": {"price": 120},
        "takes at market": {"price": 0, "type": flows.MARKET},
        "needs its funds": {"price": 90, "quantity": 40},
        "its name": {"client_id": client(OLD_NAME)},
        "an iceberg": {"extensions": ((ICEBERG, 2),)},
        "a stop": {"type": flows.STOP_LOSS_LIMIT, "extensions": ((TRIGGER, mirrored(case.side, 110)),)},
        "other side": {"side": 1 - case.side, "price": 90, "mode": SelfTrade.EXPIRE_TAKER},
    }
    terms = {"side": case.side, "price": 91, "quantity": 5} | change.get(case.new, {})
    if case.new == "wrong price":
        terms["price"] = mirrored(case.side, terms["price"])
    return desk.order(ANNA, **terms)


def command(desk: Desk, case: Case) -> list[int]:
    numbers = {name: number for number, name in desk.called.items()}
    nobody = max(numbers.values()) + 1_000
    number, name = {
        "by number": (numbers["old"], 0),
        "by name": (0, OLD_NAME),
        "by both": (numbers["old"], OLD_NAME),
        "by its number and another's name": (numbers["old"], ANOTHER_NAME),
        "by nobody's number": (nobody, 0),
        "by nobody's name": (0, NOBODYS_NAME),
        "by nobody's number and its name": (nobody, OLD_NAME),
        "by a stranger's number": (numbers["offer"], 0),
        "by the number of one that is gone": (numbers["gone"], 0),
    }[case.named]
    row = new_order(desk, case)
    row[0] = CANCEL_REPLACE
    row[2] += 2
    row[6] |= case.restriction << 40
    row[10] = number
    return [*row, REFERENCE, *client(name), case.mode, 0, CANCEL_ID, *client(CANCELS_NAME), 0, 0]


def put(desk: Desk, case: Case) -> list[str]:
    """The old order, another one and one that is gone; what comes of the command that replaces the old one."""
    desk.begin(case.side)
    for asset, amount in FUNDS.items():
        desk.give(ANNA, asset, amount)
    against = Side(1 - case.side)
    rare: dict[str, Any] = {"client_id": client(OLD_NAME)}
    if OLD[case.old][1] == "iceberg":
        rare["extensions"] = ((ICEBERG, 8),)
    elif OLD[case.old][1] == "waiting":
        rare |= {"type": flows.STOP_LOSS_LIMIT, "extensions": ((TRIGGER, mirrored(case.side, 110)),)}
    desk.before(
        # Two others trade, so that there is a last price.
        ("last", desk.order(OTHER, against, 100, 1)),
        ("last", desk.order(STRANGER, case.side, 100, 1)),
        ("old", desk.order(ANNA, case.side, 90, 40, **rare)),
        ("offer", desk.order(OTHER, against, 120, 100)),
        ("another", desk.order(ANNA, case.side, 50, 1, client_id=client(ANOTHER_NAME))),
        ("gone", desk.order(ANNA, case.side, 80, 1, in_force=flows.IOC)),
        *([("seller", desk.order(OTHER, against, 90, 10))] if case.old.endswith("partly") else []),
    )
    before = desk.trio.venue.state_hash() if len(expected(case)) == 1 else b""
    told = desk.put(("new", command(desk, case)))
    if before:
        assert desk.trio.check_state() == before, case
    desk.clear()
    assert not any(desk.held(ANNA, asset) for asset in FUNDS), case
    return told


@pytest.mark.parametrize("new", [*NEW, *ALWAYS, *AT_ONCE])
def test_every_row_of_the_outcome_table(new: str) -> None:
    desk = Desk(max_algo_orders=1, max_iceberg_orders=1, allowed_self_trade=124 & ~(1 << SelfTrade.DECREMENT))
    for case in cases(new):
        assert put(desk, case) == expected(case), case
    desk.trio.check_state()


def outcome(case: Case) -> tuple[str, str]:
    """What became of the cancel and of the new order, as the table says it."""
    told = " ".join(expected(case))
    if "CANCEL_REPLACE refused" in told:
        return ("FAILURE" if failure(case) and case.new not in AT_ONCE else "NOT_ATTEMPTED"), "NOT_ATTEMPTED"
    placed = "FAILURE" if "PLACE refused" in told else "SUCCESS"
    return ("FAILURE" if "CANCEL refused" in told else "SUCCESS"), placed


def test_the_table_has_every_outcome_in_every_mode_under_every_restriction() -> None:
    found = Counter(
        (case.mode, case.restriction, *outcome(case))
        for new in (*NEW, *ALWAYS, *AT_ONCE)
        for case in cases(new)
    )  # fmt: skip
    assert found.total() > 3_500
    outcomes = {
        *((mode, "SUCCESS", placed) for mode in (STOP_ON_FAILURE, ALLOW_FAILURE) for placed in ("SUCCESS", "FAILURE")),
        (STOP_ON_FAILURE, "FAILURE", "NOT_ATTEMPTED"),
        *((ALLOW_FAILURE, "FAILURE", placed) for placed in ("SUCCESS", "FAILURE")),
        *((mode, "NOT_ATTEMPTED", "NOT_ATTEMPTED") for mode in (STOP_ON_FAILURE, ALLOW_FAILURE)),
    }
    assert set(found) == {(mode, restriction, *rest) for mode, *rest in outcomes for restriction in Restriction}
