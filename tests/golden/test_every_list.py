"""Every list of orders of the reference's §8: which shapes and prices are taken, how a pair ends, what a working order
sets off. In a purchase's words around a last price of 100; a sale is its mirror image.
"""

from __future__ import annotations

from itertools import product
from typing import Any, NamedTuple

import pytest

from exchange.messages.orders import Contingency, Leg, OrderType, Side, TimeInForce
from tests import flows
from tests.flows import CANCEL, CANCEL_ALL, CANCEL_LIST, TRIGGER
from tests.golden.desk import ANNA, OTHER, STRANGER, Desk, mirrored

BUY, SELL = Side
GTC, IOC, FOK, GTD = TimeInForce
LIMIT, AT_MARKET, LIMIT_MAKER, STOP_LOSS, STOP_LOSS_LIMIT, TAKE_PROFIT, TAKE_PROFIT_LIMIT = OrderType
WITHOUT_PRICE = (AT_MARKET, STOP_LOSS, TAKE_PROFIT)
TARGETS = (LIMIT_MAKER, TAKE_PROFIT, TAKE_PROFIT_LIMIT)
STOPS = (STOP_LOSS, STOP_LOSS_LIMIT)
LOTS = 40
MARKET_ID = 1


def leg(
    desk: Desk, side: Side, order_type: OrderType, waits_for: int, price: int, in_force: TimeInForce = GTC
) -> list[int]:
    """An order of a list: `waits_for` is the price of a LIMIT or LIMIT_MAKER, else what sets it off."""
    numbers: dict[str, Any] = {"type": order_type, "in_force": in_force}
    if order_type > LIMIT_MAKER:
        numbers["extensions"] = ((TRIGGER, mirrored(desk.side, waits_for)),)
    else:
        price = waits_for
    return desk.order(ANNA, side, 0 if order_type in WITHOUT_PRICE else price, LOTS, **numbers)


def pair(desk: Desk, target: list[int], stop: list[int]) -> tuple[str, list[int]]:
    """A purchase has its stop above the market, a sale its target."""
    legs = (stop, target) if desk.side == BUY else (target, stop)
    called = "stop+target" if desk.side == BUY else "target+stop"
    return called, desk.order_list(ANNA, Contingency.OCO, (Leg.ABOVE, legs[0]), (Leg.BELOW, legs[1]))


def trade_at(desk: Desk, price: int) -> None:
    desk.put(("a", desk.order(OTHER, 1 - desk.side, price, 1)), ("b", desk.order(STRANGER, desk.side, price, 1)))


def of(told: list[str], *names: str) -> list[str]:
    """What is told of these orders and of their list, and of trades with them."""
    return [each for each in told if each.split()[0] in names or any(f"of {name} at" in each for name in names)]


@pytest.mark.parametrize("side", Side)
def test_every_pair_of_types(side: Side) -> None:
    desk = Desk()
    desk.begin(side)
    trade_at(desk, 100)
    for target_type, stop_type in product(OrderType, OrderType):
        target, stop = leg(desk, side, target_type, 90, 95), leg(desk, side, stop_type, 110, 115)
        told = desk.put(pair(desk, target, stop))
        is_pair = target_type in TARGETS and stop_type in STOPS
        assert ("LIST refused MALFORMED_ROW" in told) is not is_pair, (target_type, stop_type, told)
        assert (told[0] == "list begins") is is_pair
        desk.clear()
    desk.trio.check_state()


@pytest.mark.parametrize("has_traded", [True, False], ids=["last price", "no trade"])
@pytest.mark.parametrize("side", Side)
def test_every_relation_of_their_prices(side: Side, has_traded: bool) -> None:
    """Of a purchase: target < last < stop; before any trade target < stop."""
    desk = Desk()
    desk.begin(side)
    if has_traded:
        trade_at(desk, 100)
    prices = (80, 99, 100, 101, 120)
    for target_type, stop_type, at, stop_at in product(TARGETS, STOPS, prices, prices):
        target, stop = leg(desk, side, target_type, at, 95), leg(desk, side, stop_type, stop_at, 130)
        told = desk.put(pair(desk, target, stop))
        fits = at < 100 < stop_at if has_traded else at < stop_at
        assert (told[0] == "list begins") is fits, (target_type, stop_type, at, stop_at, told)
        assert fits or told == ["LIST refused OCO_PRICES"], told
        desk.clear()
    desk.trio.check_state()


TRADES = ("part of the target", "all of the target", "the price of the target", "the price of the stop")
CANCELS = ("cancel of the target", "cancel of the stop", "cancel of the list", "cancel of all")
SET_OFF = {
    STOP_LOSS: ["stop is set off at 110", "stop takes 40 of offer at 120"],
    STOP_LOSS_LIMIT: ["stop is set off at 110", "stop takes 40 of offer at 120"],
    TAKE_PROFIT: ["target is set off at 90", "target takes 40 of offer at 120"],
    TAKE_PROFIT_LIMIT: ["target is set off at 90", "target rests 40"],
}
"""What becomes of the leg whose price comes: those with a price of their own reach 125, or 95."""


def end_of(target_type: OrderType, stop_type: OrderType, end: str, side: Side) -> list[str]:
    """What is told of the pair when this happens."""
    first, second = ("stop", "target") if side == BUY else ("target", "stop")
    if end == "part of the target":
        return ["hit takes 15 of target at 90", "stop ends 40 OCO_TRIGGER"]
    if end == "all of the target":
        return ["hit takes 40 of target at 90", "stop ends 40 OCO_TRIGGER", "list is done"]
    if end == "the price of the target":
        set_off = SET_OFF[target_type]
        return ["stop ends 40 OCO_TRIGGER", *set_off, *(["list is done"] if target_type == TAKE_PROFIT else [])]
    if end == "the price of the stop":
        return ["target ends 40 OCO_TRIGGER", *SET_OFF[stop_type], "list is done"]
    if end in ("cancel of the target", "cancel of the stop"):
        first, second = ("target", "stop") if end == "cancel of the target" else ("stop", "target")
    reason = "BY_CANCEL_ALL" if end == "cancel of all" else "BY_REQUEST"
    return [f"{first} ends 40 {reason}", f"{second} ends 40 {reason}", "list is done"]


def happen(desk: Desk, end: str) -> list[str]:
    numbers = {called: number for number, called in desk.called.items()}
    if end == "part of the target":
        return desk.put(("hit", desk.order(OTHER, 1 - desk.side, 90, 15)))
    if end == "all of the target":
        return desk.put(("hit", desk.order(OTHER, 1 - desk.side, 90, 40)))
    if end.startswith("the price of"):
        price = 90 if end.endswith("target") else 110
        bid, hit = desk.order(STRANGER, desk.side, price, 1), desk.order(OTHER, 1 - desk.side, price, 1)
        return desk.put(("bid", bid), ("hit", hit))
    if end == "cancel of the list":
        return desk.put(("", flows.row(CANCEL_LIST, MARKET_ID, ANNA, order_id=desk.trio.venue.state.lists[0].list_id)))
    if end == "cancel of all":
        return desk.put(("", flows.row(CANCEL_ALL, MARKET_ID, ANNA)))
    return desk.put(("", flows.row(CANCEL, MARKET_ID, ANNA, order_id=numbers[end.removeprefix("cancel of the ")])))


@pytest.mark.parametrize("side", Side)
def test_every_end_of_every_pair(side: Side) -> None:
    desk = Desk()
    for target_type, stop_type, end in product(TARGETS, STOPS, (*TRADES, *CANCELS)):
        # A target that rests trades when its price comes; one that waits is set off, and does not trade before.
        if end in (("the price of the target",) if target_type == LIMIT_MAKER else TRADES[:2]):
            continue
        desk.begin(side)
        trade_at(desk, 100)
        desk.before(("offer", desk.order(OTHER, 1 - side, 120, 100)))
        target, stop = leg(desk, side, target_type, 90, 95), leg(desk, side, stop_type, 110, 125)
        desk.before(pair(desk, target, stop))
        told = of(happen(desk, end), "target", "stop", "list")
        assert told == end_of(target_type, stop_type, end, side), (target_type, stop_type, end)
        desk.clear()
    desk.trio.check_state()


class Working(NamedTuple):
    """A working order at 90 for 40 lots, and how it fares."""

    type: OrderType
    in_force: TimeInForce
    there: int
    """Lots that are offered at its price already."""
    then: str = ""

    def told(self) -> tuple[list[str], str]:
        """What is told of it, and how that ends for what is pending: entered, or the reason for its end."""
        if self.type == LIMIT_MAKER and self.there:
            return ["LIST refused WOULD_TAKE"], "refused"
        taken = self.there if self.in_force != FOK or self.there == LOTS else 0
        told = [f"working takes {taken} of there at 90"] if taken else []
        left = LOTS - taken
        if not left:
            return told, "entered"
        if self.in_force != GTC:
            return [*told, f"working ends {left} UNFILLED_{self.in_force.name}"], "OTO_PHASE_ONE_EXPIRED"
        told += [f"working rests {left}"]
        if self.then == "filled":
            return [*told, f"hit takes {left} of working at 90"], "entered"
        if self.then == "filled in parts":
            return [*told, "hit takes 5 of working at 90", f"hit takes {left - 5} of working at 90"], "entered"
        if self.then == "partly, then cancelled":
            return [*told, "hit takes 5 of working at 90", f"working ends {left - 5} BY_REQUEST"], "BY_REQUEST"
        if self.then == "list cancelled":
            return [*told, f"working ends {left} BY_REQUEST"], "BY_REQUEST"
        if self.then == "all cancelled":
            return [*told, f"working ends {left} BY_CANCEL_ALL"], "BY_CANCEL_ALL"
        return told, f"first, then working ends {left} BY_REQUEST"


THEN = ("filled", "filled in parts", "partly, then cancelled", "pending cancelled", "list cancelled", "all cancelled")
WORKING = [Working(LIMIT, in_force, there) for in_force in (IOC, FOK) for there in (0, 15, LOTS)]
WORKING += [Working(LIMIT, GTC, LOTS), Working(LIMIT_MAKER, GTC, 15), Working(LIMIT_MAKER, GTC, LOTS)]
WORKING += [Working(LIMIT, GTC, there, then) for there in (0, 15) for then in THEN]
WORKING += [Working(LIMIT_MAKER, GTC, 0, then) for then in THEN]

PENDING: dict[str, tuple[OrderType, int, int, TimeInForce, list[str]]] = {
    "rests": (LIMIT, 110, 0, GTC, ["pending enters", "pending rests 40"]),
    "takes": (LIMIT, 70, 0, GTC, ["pending enters", "pending takes 40 of bid at 70"]),
    "at once, too dear": (LIMIT, 110, 0, IOC, ["pending enters", "pending ends 40 UNFILLED_IOC"]),
    "all or nothing": (LIMIT, 70, 0, FOK, ["pending enters", "pending takes 40 of bid at 70"]),
    "at market": (AT_MARKET, 0, 0, GTC, ["pending enters", "pending takes 40 of bid at 70"]),
    "maker": (LIMIT_MAKER, 110, 0, GTC, ["pending enters", "pending rests 40"]),
    "maker that would take": (LIMIT_MAKER, 70, 0, GTC, ["pending ends 40 LEG_REFUSED WOULD_TAKE"]),
    "stop": (STOP_LOSS, 80, 0, GTC, ["pending enters"]),
    "stop with a price": (STOP_LOSS_LIMIT, 80, 75, GTC, ["pending enters"]),
    "target": (TAKE_PROFIT, 110, 0, GTC, ["pending enters"]),
    "target with a price": (TAKE_PROFIT_LIMIT, 110, 105, GTC, ["pending enters"]),
    "stop at the last price": (STOP_LOSS, 90, 0, GTC, ["pending ends 40 LEG_REFUSED WOULD_TRIGGER"]),
    "target that is reached": (TAKE_PROFIT, 85, 0, GTC, ["pending ends 40 LEG_REFUSED WOULD_TRIGGER"]),
}
"""A pending sale (of a purchase): its price or what it waits for, the price of one that waits, what comes of it."""

OPEN = ("rests", "maker", "stop", "stop with a price", "target", "target with a price")

PAIRS: dict[str, tuple[OrderType, int, OrderType, int, list[str]]] = {
    "maker and stop": (LIMIT_MAKER, 110, STOP_LOSS, 80, ["target enters", "target rests 40", "stop enters"]),
    "target and stop": (TAKE_PROFIT, 110, STOP_LOSS_LIMIT, 80, ["target enters", "stop enters"]),
    "stop above the last price": (TAKE_PROFIT_LIMIT, 110, STOP_LOSS, 95, ["WOULD_TRIGGER"]),
    "target at the last price": (TAKE_PROFIT, 90, STOP_LOSS, 80, ["WOULD_TRIGGER"]),
    "maker at the last price": (LIMIT_MAKER, 90, STOP_LOSS, 80, ["OCO_PRICES"]),
    "maker that would take": (LIMIT_MAKER, 70, STOP_LOSS_LIMIT, 60, ["WOULD_TAKE"]),
}
"""A pending pair that sells: target and where, stop and where; what comes of it, or why both end."""


def set_out(desk: Desk, working: Working, side: Side) -> None:
    desk.begin(side)
    trade_at(desk, 100)
    desk.before(("bid", desk.order(OTHER, side, 70, 100)))
    if working.there:
        desk.before(("there", desk.order(OTHER, 1 - side, 90, working.there)))


def follow(desk: Desk, working: Working, pending: str) -> list[str]:
    """What happens to a working order that rests."""
    numbers = {called: number for number, called in desk.called.items()}
    left = LOTS - working.there
    hits = {"filled": [left], "filled in parts": [5, left - 5], "partly, then cancelled": [5]}.get(working.then, [])
    rows = [("hit", desk.order(OTHER, 1 - desk.side, 90, lots)) for lots in hits]
    if working.then == "partly, then cancelled":
        rows.append(("", flows.row(CANCEL, MARKET_ID, ANNA, order_id=numbers["working"])))
    elif working.then == "pending cancelled":
        rows.append(("", flows.row(CANCEL, MARKET_ID, ANNA, order_id=numbers[pending])))
    elif working.then == "list cancelled":
        number = desk.trio.venue.state.lists[0].list_id
        rows.append(("", flows.row(CANCEL_LIST, MARKET_ID, ANNA, order_id=number)))
    elif working.then == "all cancelled":
        rows.append(("", flows.row(CANCEL_ALL, MARKET_ID, ANNA)))
    return desk.put(*rows) if rows else []


def told_of(working: Working, names: list[str], entered: list[str], is_open: bool) -> list[str]:
    """Working order first, then what was pending: entered, or ended with it or before it."""
    told, end = working.told()
    if end == "refused":
        return told
    told = ["list begins", "working accepted 40", *(f"{name} accepted 40" for name in names), *told]
    if end == "entered":
        return [*told, *entered, *([] if is_open else ["list is done"])]
    if end.startswith("first"):
        after = [f"{name} ends 40 BY_REQUEST" for name in names[1:]]
        return [*told, f"{names[0]} ends 40 BY_REQUEST", end.removeprefix("first, then "), *after, "list is done"]
    return [*told, *(f"{name} ends 40 {end}" for name in names), "list is done"]


@pytest.mark.parametrize("side", Side)
def test_every_order_that_a_working_one_sets_off(side: Side) -> None:
    desk = Desk()
    for working, (name, pending) in product(WORKING, PENDING.items()):
        set_out(desk, working, side)
        order_type, waits_for, price, in_force, entered = pending
        first = leg(desk, side, working.type, 90, 90, working.in_force)
        second = leg(desk, Side(1 - side), order_type, waits_for, price, in_force)
        rows = desk.order_list(ANNA, Contingency.OTO, (Leg.WORKING, first), (Leg.PENDING, second))
        told = of(desk.put(("working+pending", rows)), "working", "pending", "list", "LIST")
        told += of(follow(desk, working, "pending"), "working", "pending", "list")
        assert told == told_of(working, ["pending"], entered, name in OPEN), (working, name)
        desk.clear()
    desk.trio.check_state()


@pytest.mark.parametrize("side", Side)
def test_every_pair_that_a_working_order_sets_off(side: Side) -> None:
    desk = Desk()
    names = ["target", "stop"] if side == BUY else ["stop", "target"]
    for working, (target_type, at, stop_type, stop_at, entered) in product(WORKING, PAIRS.values()):
        set_out(desk, working, side)
        first = leg(desk, side, working.type, 90, 90, working.in_force)
        against = Side(1 - side)
        target, stop = leg(desk, against, target_type, at, 105), leg(desk, against, stop_type, stop_at, 75)
        # Of a purchase the pair sells, and its target stands above.
        above, below = (target, stop) if side == BUY else (stop, target)
        legs = ((Leg.WORKING, first), (Leg.ABOVE, above), (Leg.BELOW, below))
        called = "+".join(["working", *names])
        told = of(
            desk.put((called, desk.order_list(ANNA, Contingency.OTOCO, *legs))), "working", *names, "list", "LIST"
        )
        told += of(follow(desk, working, names[0]), "working", *names, "list")
        is_open = len(entered) > 1
        comes = [each for name in names for each in entered if each.startswith(name)]
        comes = comes if is_open else [f"{name} ends 40 LEG_REFUSED {entered[0]}" for name in names]
        assert told == told_of(working, names, comes, is_open), (working, target_type, at)
        desk.clear()
    desk.trio.check_state()
