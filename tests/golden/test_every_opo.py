"""Every OPO and OPOCO of the reference's §8: how the purchase works and is filled, in what its fees are paid, what is
sold behind it and how that is rounded. What must come is reckoned here from the sentences of the reference alone.
"""

from __future__ import annotations

from itertools import product
from math import lcm
from typing import Any, NamedTuple

import pytest

from exchange.messages.orders import Contingency, Leg, OrderType, SelfTrade, Side, TimeInForce
from tests import flows
from tests.flows import CANCEL, CANCEL_ALL, CANCEL_LIST, TRIGGER
from tests.golden.desk import ANNA, BASE, FRIEND, OTHER, QUOTE, Desk

BUY, SELL = Side
GTC, IOC, FOK, GTD = TimeInForce
LIMIT, AT_MARKET, LIMIT_MAKER, STOP_LOSS, STOP_LOSS_LIMIT, TAKE_PROFIT, TAKE_PROFIT_LIMIT = OrderType
UNPRICED = (AT_MARKET, STOP_LOSS, TAKE_PROFIT)
MARKET = 1
LOTS = 84
FEE_PPM = 30_000


class Filling(NamedTuple):
    """How the purchase is filled: offers that are there before, sales that come then, what ends it early."""

    name: str
    offers: tuple[tuple[int, int, int], ...]
    """Whose, at what price, how many lots."""
    sales: tuple[int, ...]
    end: str
    fills: tuple[int, ...]
    """The lots of its trades."""


AT_ONCE = Filling("at once", ((OTHER, 100, 84),), (), "", (84,))
TWO_PRICES = Filling("at two prices", ((OTHER, 99, 56), (OTHER, 100, 28)), (), "", (56, 28))
IN_PARTS = Filling("in parts", (), (28, 56), "", (28, 56))
BOTH = Filling("at once and in parts", ((OTHER, 99, 28),), (28, 28), "", (28, 28, 28))
CANCELLED = Filling("a part, cancelled", (), (28,), "cancel of in", (28,))
OUT_CANCELLED = Filling("a part, its sale cancelled", (), (28, 7), "cancel of out", (28, 7))
LIST_CANCELLED = Filling("a part, its list cancelled", ((OTHER, 100, 28),), (), "cancel of the list", (28,))
ALL_CANCELLED = Filling("a part, all cancelled", (), (28,), "cancel of all", (28,))
OWNER = Filling("a part, then its owner", ((OTHER, 99, 28), (FRIEND, 100, 56)), (), "SELF_TRADE", (28,))
EXPIRED = Filling("a part, expired", ((OTHER, 100, 28),), (), "UNFILLED_IOC", (28,))
KILLED = Filling("too little", ((OTHER, 100, 28),), (), "UNFILLED_FOK", ())
NOBODY = Filling("nobody", (), (), "UNFILLED_IOC", ())
UNTOUCHED = Filling("nothing, cancelled", (), (), "cancel of in", ())
WORKING = (
    *((LIMIT, GTC, each) for each in (AT_ONCE, TWO_PRICES, IN_PARTS, BOTH, CANCELLED, OUT_CANCELLED)),
    *((LIMIT, GTC, each) for each in (LIST_CANCELLED, ALL_CANCELLED, OWNER, UNTOUCHED)),
    *((LIMIT, IOC, each) for each in (AT_ONCE, TWO_PRICES, OWNER, EXPIRED, NOBODY)),
    *((LIMIT, FOK, each) for each in (AT_ONCE, TWO_PRICES, KILLED)),
    *((LIMIT_MAKER, GTC, each) for each in (IN_PARTS, CANCELLED, OUT_CANCELLED, ALL_CANCELLED, UNTOUCHED)),
)
PENDING = (
    *(((LIMIT, in_force),) for in_force in (GTC, IOC, FOK)),
    *(((each, GTC),) for each in (AT_MARKET, LIMIT_MAKER, STOP_LOSS, TAKE_PROFIT, STOP_LOSS_LIMIT, TAKE_PROFIT_LIMIT)),
    ((LIMIT_MAKER, GTC), (STOP_LOSS, GTC)),
    ((TAKE_PROFIT_LIMIT, IOC), (STOP_LOSS_LIMIT, GTC)),
    ((TAKE_PROFIT, GTC), (STOP_LOSS_LIMIT, FOK)),
)
"""Types and times in force of what is sold: of one order, or of a pair, above and below."""


class Payment(NamedTuple):
    """What the fee is, and from what it can be paid."""

    ppm: int
    owns: int
    """Of the base asset, before."""
    discount: int = 0
    """The discount asset."""
    is_wanted: bool = False
    """Whether the market offers the discount, and the buyer wants it: half of the fee."""


FIRST_FEE = 1
PAYMENTS = {
    "no fee": Payment(0, 0),
    "from what is received": Payment(FEE_PPM, 0),
    "from what is free": Payment(FEE_PPM, 1_000),
    "from what is free, once": Payment(FEE_PPM, FIRST_FEE),
    "from what is free, to the last": Payment(FEE_PPM, 3),
    "in the discount asset, which is bought": Payment(FEE_PPM, 1_000, BASE),
    "discounted, as that is bought": Payment(FEE_PPM, 1_000, BASE, is_wanted=True),
    "discounted, in another asset": Payment(FEE_PPM, 0, QUOTE, is_wanted=True),
}
ROUNDINGS: tuple[dict[str, int], ...] = (
    {},
    {"quantity_step": 7, "min_quantity": 7},
    {"quantity_step": 7, "market_quantity_step": 6, "market_max_quantity": 50, "market_min_quantity": 1},
    {"quantity_step": 7, "market_quantity_step": 6, "market_max_quantity": 900, "market_min_quantity": 43},
    {"quantity_step": 7, "market_quantity_step": 0, "market_max_quantity": 30, "market_min_quantity": 1},
    {"quantity_step": 7, "market_quantity_step": 90, "market_max_quantity": 900, "market_min_quantity": 1},
)
Pending = tuple[tuple[OrderType, TimeInForce], ...]


class Due(NamedTuple):
    """What must come of a case: what is told of keeping, entering and ending, and the base asset in the end."""

    told: list[str]
    available: int
    held: int


def reckon(filling: Filling, pending: Pending, payment: Payment, filters: dict[str, int]) -> Due:
    """The reference's paragraph, step by step."""
    free, kept = payment.owns, 0
    names = ["out"] if len(pending) == 1 else ["above", "below"]
    told = []
    for lots in filling.fills:
        ppm = payment.ppm // 2 if payment.is_wanted else payment.ppm
        fee = -(-lots * ppm // 1_000_000)
        if payment.is_wanted and payment.discount != BASE:
            fee = 0  # It is paid elsewhere.
        if fee and payment.discount != BASE and free >= fee:
            free -= fee
            fee = 0
        kept += lots - fee
        told.append(f"{names[0]} keeps {lots - fee} of {lots}")
    if filling.end:
        return Due([*told, *ends(filling, names)], free + kept, 0)
    is_unpriced = any(kind in UNPRICED for kind, _ in pending)
    most, step = kept, filters.get("quantity_step", 1)
    if is_unpriced and filters.get("market_max_quantity"):
        most = min(most, filters["market_max_quantity"])
        step = lcm(step, filters["market_quantity_step"] or 1)
    lots = most - most % step
    code = ""
    if lots < filters.get("min_quantity", 1):
        code = "LOT_SIZE"
    elif is_unpriced and filters.get("market_max_quantity") and lots < filters["market_min_quantity"]:
        code = "MARKET_LOT_SIZE"
    if code:
        return Due([*told, *(f"{name} ends {lots} LEG_REFUSED {code}" for name in names)], free + kept, 0)
    stays = True
    for name, (kind, in_force) in zip(names, pending, strict=True):
        told.append(f"{name} enters with {lots}")
        if kind == AT_MARKET or (kind == LIMIT and in_force != GTC):
            reason = "NO_LIQUIDITY" if kind == AT_MARKET else f"UNFILLED_{in_force.name}"
            told.append(f"{name} ends {lots} {reason}")
            stays = False
    held = lots if stays else 0
    return Due(told, free + kept - held, held)


def ends(filling: Filling, names: list[str]) -> list[str]:
    """How the list ends before its purchase is filled: what was kept is told as released, of no lots."""
    left = LOTS - sum(filling.fills)
    if filling.end == "cancel of out":
        order = [f"{names[0]} ends 0 BY_REQUEST", f"in ends {left} BY_REQUEST"]
        return [*order, *(f"{name} ends 0 BY_REQUEST" for name in names[1:])]
    if filling.end.startswith("cancel"):
        reason = "BY_CANCEL_ALL" if filling.end == "cancel of all" else "BY_REQUEST"
        return [f"in ends {left} {reason}", *(f"{name} ends 0 {reason}" for name in names)]
    return [f"in ends {left} {filling.end}", *(f"{name} ends 0 OTO_PHASE_ONE_EXPIRED" for name in names)]


def sale(desk: Desk, kind: OrderType, in_force: TimeInForce) -> list[int]:
    """An order that sells, without a quantity: above the market, or a stop below it."""
    numbers: dict[str, Any] = {"type": kind, "in_force": in_force}
    if kind > LIMIT_MAKER:
        numbers["extensions"] = ((TRIGGER, 90 if kind in (STOP_LOSS, STOP_LOSS_LIMIT) else 110),)
    price = 0 if kind in UNPRICED else 89 if kind == STOP_LOSS_LIMIT else 110
    return desk.order(ANNA, SELL, price, 0, **numbers)


def place(desk: Desk, kind: OrderType, in_force: TimeInForce, filling: Filling, pending: Pending) -> list[str]:
    """Let the offers stand, place the list, let the sales come, then what ends it."""
    for whose, price, lots in filling.offers:
        desk.before(("offer", desk.order(whose, SELL, price, lots)))
    mode = SelfTrade.EXPIRE_TAKER if filling is OWNER else SelfTrade.NONE
    legs = [(Leg.WORKING, desk.order(ANNA, BUY, 100, LOTS, type=kind, in_force=in_force, mode=mode))]
    roles = (Leg.PENDING,) if len(pending) == 1 else (Leg.ABOVE, Leg.BELOW)
    legs += [(role, sale(desk, *each)) for role, each in zip(roles, pending, strict=True)]
    contingency = Contingency.OPO if len(pending) == 1 else Contingency.OPOCO
    called = "in+out" if len(pending) == 1 else "in+above+below"
    told = desk.put((called, desk.order_list(ANNA, contingency, *legs)))
    for lots in filling.sales:
        told += desk.put(("hit", desk.order(OTHER, SELL, 100, lots)))
    if filling.end.startswith("cancel"):
        numbers = {called: number for number, called in desk.called.items()}
        target = filling.end.removeprefix("cancel of ")
        if target == "the list":
            row = flows.row(CANCEL_LIST, MARKET, ANNA, order_id=desk.trio.venue.state.lists[0].list_id)
        elif target == "all":
            row = flows.row(CANCEL_ALL, MARKET, ANNA)
        else:
            number = numbers["in"] if target == "in" else numbers["out" if len(pending) == 1 else "above"]
            row = flows.row(CANCEL, MARKET, ANNA, order_id=number)
        told += desk.put(("", row))
    return told


def holdings(desk: Desk) -> tuple[int, int]:
    ledger = desk.trio.venue.state.ledger
    return ledger.available[ANNA, BASE], ledger.held.get((ANNA, BASE), 0)


def begin(payment: Payment) -> Desk:
    """A market with these fees, before whose first trade nothing has a last price."""
    desk = Desk()
    terms: list[list[Any]] = [[14, flows.OPERATOR, MARKET, 0, payment.ppm, payment.ppm]]
    if payment.discount:
        terms.append([62, flows.OPERATOR, payment.discount, 500_000])
    if payment.is_wanted:
        terms += [[63, flows.OPERATOR, MARKET, 1], [64, flows.OPERATOR, ANNA, 1]]
    assert not flows.refusals(desk.trio.messages(*terms))
    return desk


def check(desk: Desk, working: tuple[OrderType, TimeInForce, Filling], pending: Pending, due: Due) -> None:
    desk.begin(BUY)
    told = place(desk, *working, pending)
    found = [each for each in told if any(word in each for word in ("keeps", "enters", "ends", "refused"))]
    ours = [each for each in found if each.split()[0] in ("in", "out", "above", "below", "LIST")]
    assert ours == due.told, (working, pending)
    assert holdings(desk) == (due.available, due.held), (working, pending, told)
    desk.clear()
    assert holdings(desk) == (due.available + due.held, 0), "nothing stays locked"


@pytest.mark.parametrize("payment", PAYMENTS.values(), ids=list(PAYMENTS))
def test_every_way_of_working_with_everything_behind_it(payment: Payment) -> None:
    assert -(-28 * FEE_PPM // 1_000_000) == FIRST_FEE, "of 28 lots, as few as any fill has but one"
    desk = begin(payment)
    for working, pending in product(WORKING, PENDING):
        desk.give(ANNA, BASE, payment.owns)
        check(desk, working, pending, reckon(working[2], pending, payment, {}))
    desk.trio.check_state()


@pytest.mark.parametrize("filters", ROUNDINGS, ids=str)
def test_every_rounding_of_everything_that_is_sold(filters: dict[str, int]) -> None:
    for name in ("no fee", "from what is received", "from what is free, once"):
        payment = PAYMENTS[name]
        desk = begin(payment)
        desk.set_filters(**filters)
        for filling, pending in product((AT_ONCE, IN_PARTS, CANCELLED), PENDING):
            desk.give(ANNA, BASE, payment.owns)
            check(desk, (LIMIT, GTC, filling), pending, reckon(filling, pending, payment, filters))
        desk.trio.check_state()
