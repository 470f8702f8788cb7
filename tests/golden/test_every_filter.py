"""Every filter of the reference's §11: what is asked × of which orders × just within and just beyond each bound.

The last price is 100, the one that an order without a price counts at; offers stand far away, so nothing else speaks
against an order. Only one filter is set at a time: whatever is refused is refused by it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import pytest

from exchange.messages.orders import OrderType, Side, TimeInForce
from tests import flows
from tests.flows import GOOD_TILL, ICEBERG, TRIGGER
from tests.golden.desk import ANNA, BASE, MARKET, OTHER, QUOTE, RICH, STRANGER, Desk

LIMIT, MARKET_ORDER, LIMIT_MAKER, STOP_LOSS, STOP_LOSS_LIMIT, TAKE_PROFIT, TAKE_PROFIT_LIMIT = OrderType
BUY, SELL = Side
GTC, IOC, FOK, GTD = TimeInForce
WITH_PRICE = (LIMIT, LIMIT_MAKER, STOP_LOSS_LIMIT, TAKE_PROFIT_LIMIT)
WITHOUT_PRICE = (MARKET_ORDER, STOP_LOSS, TAKE_PROFIT)
WAITING = (STOP_LOSS, STOP_LOSS_LIMIT, TAKE_PROFIT, TAKE_PROFIT_LIMIT)
LAST, LOTS = 100, 100
SECOND_MARKET = 2


def waits_above(order_type: OrderType, side: Side) -> bool:
    """A stop that buys, a target that sells."""
    return (order_type in (STOP_LOSS, STOP_LOSS_LIMIT)) == (side == BUY)


class Order(NamedTuple):
    """One order of Anna's: its numbers, where they are not what every order has."""

    type: OrderType
    side: Side
    price: int = LAST
    quantity: int = LOTS
    trigger: tuple[int, ...] = ()
    """Trigger price, distance in hundredths of a percent, price from which on it follows."""
    in_force: TimeInForce = GTC
    visible: int = 0

    def row(self, desk: Desk, market: int = MARKET) -> list[int]:
        extensions: tuple[tuple[int, ...], ...] = ()
        if self.type in WAITING:
            trigger = self.trigger or (LAST + 10 if waits_above(self.type, self.side) else LAST - 10,)
            extensions += ((TRIGGER, *trigger),)
        if self.visible:
            extensions += ((ICEBERG, self.visible),)
        if self.in_force == GTD:
            extensions += ((GOOD_TILL, flows.START_NS + 10**12),)
        price = self.price if self.type in WITH_PRICE else 0
        numbers: dict[str, Any] = {"type": self.type, "in_force": self.in_force, "extensions": extensions}
        row = desk.order(ANNA, self.side, price, self.quantity, **numbers)
        row[3] = market
        return row


class Rule(NamedTuple):
    """One filter set, an order, and whether it passes."""

    code: str
    filters: dict[str, int]
    order: Order
    passes: bool
    messages: tuple[list[Any], ...] = ()
    """Commands of the operator that set what is not a market's own."""


def every(types: tuple[OrderType, ...] = tuple(OrderType)) -> Iterator[tuple[OrderType, Side]]:
    yield from product(types, Side)


def quantities() -> Iterator[Rule]:
    steps = {5: False, 10: True, 12: False, 50: True, 51: False, 55: False}
    both = {"min_quantity": 10, "max_quantity": 50, "quantity_step": 5}
    apart = {"market_min_quantity": 10, "market_max_quantity": 50, "market_quantity_step": 5}
    for order_type, side in every():
        for quantity, passes in steps.items():
            order = Order(order_type, side, quantity=quantity)
            yield Rule("LOT_SIZE", both, order, passes)
            yield Rule("MARKET_LOT_SIZE", apart, order, passes or order_type in WITH_PRICE)
            # Step 0 is off.
            free = apart | {"market_quantity_step": 0}
            yield Rule("MARKET_LOT_SIZE", free, order, 10 <= quantity <= 50 or order_type in WITH_PRICE)
            iceberg = Order(order_type, side, quantity=50, visible=quantity)
            if order_type in WITH_PRICE and quantity <= 50:
                yield Rule("LOT_SIZE", both, iceberg, passes)


def prices() -> Iterator[Rule]:
    steps = {55: False, 57: False, 60: True, 62: False, 100: True, 140: True, 141: False, 145: False}
    filters = {"min_price": 60, "max_price": 140, "price_step": 5}
    for order_type, side in every():
        for price, passes in steps.items():
            yield Rule("PRICE_FILTER", filters, Order(order_type, side, price), passes or order_type in WITHOUT_PRICE)
    for order_type, side in every(WAITING):
        for price, passes in steps.items():
            # The price waited for, on the side of the market on which its type waits; and one from which it follows.
            if price != LAST and (price > LAST) == waits_above(order_type, side):
                yield Rule("PRICE_FILTER", filters, Order(order_type, side, trigger=(price,)), passes)
            yield Rule("PRICE_FILTER", filters, Order(order_type, side, trigger=(0, 200, price)), passes)


def percents() -> Iterator[Rule]:
    by_side = {"bid_up_ppm": 1_200_000, "bid_down_ppm": 800_000, "ask_up_ppm": 1_300_000, "ask_down_ppm": 900_000}
    bounds = {BUY: (80, 120), SELL: (90, 130)}
    both = {"up_ppm": 1_250_000, "down_ppm": 850_000}
    for (order_type, side), price in product(every(), (79, 80, 84, 85, 89, 90, 100, 120, 121, 125, 126, 130, 131)):
        order = Order(order_type, side, price)
        is_free = order_type in WITHOUT_PRICE
        least, most = bounds[side]
        yield Rule("PERCENT_PRICE_BY_SIDE", by_side, order, is_free or least <= price <= most)
        yield Rule("PERCENT_PRICE", both, order, is_free or 85 <= price <= 125)


def amounts() -> Iterator[Rule]:
    """Of a notional of 5,000 to 20,000 at a price of 100; in one asset up to 50 lots, in the other up to 5,000."""
    for (order_type, side), quantity in product(every(), (49, 50, 51, 200, 201)):
        order = Order(order_type, side, quantity=quantity)
        for least_too, most_too in product((0, 1), (0, 1)):
            filters = {"min_notional": 5_000, "max_notional": 20_000}
            filters |= {"apply_min_to_market": least_too, "apply_max_to_market": most_too}
            has_price = order_type in WITH_PRICE
            is_small, is_large = quantity < 50, quantity > 200
            passes = not (is_small and (has_price or least_too)) and not (is_large and (has_price or most_too))
            yield Rule("NOTIONAL", filters, order, passes)
            set_least = [18, flows.OPERATOR, MARKET, 5_000, least_too]
            yield Rule("MIN_NOTIONAL", {}, order, not (is_small and (has_price or least_too)), (set_least,))
        for asset, most in ((BASE, 50), (QUOTE, 5_000)):
            yield Rule("MAX_ASSET", {}, order, quantity <= 50, ([17, flows.OPERATOR, asset, most],))


def distances() -> Iterator[Rule]:
    filters = {"min_trailing_above": 100, "max_trailing_above": 300, "min_trailing_below": 200}
    filters["max_trailing_below"] = 400
    for (order_type, side), distance in product(every(WAITING), (99, 100, 199, 200, 300, 301, 400, 401)):
        least, most = (100, 300) if waits_above(order_type, side) else (200, 400)
        order = Order(order_type, side, trigger=(0, distance))
        yield Rule("TRAILING_DELTA", filters, order, least <= distance <= most)
        yield Rule(
            "TRAILING_DELTA", filters | {"max_trailing_above": 0, "max_trailing_below": 0}, order, distance >= least
        )


def parts() -> Iterator[Rule]:
    for (order_type, side), (quantity, visible) in product(
        every(WITH_PRICE), ((100, 25), (100, 24), (101, 25), (4, 1))
    ):
        order = Order(order_type, side, quantity=quantity, visible=visible)
        yield Rule("ICEBERG_PARTS", {"iceberg_parts": 4}, order, -(-quantity // visible) <= 4)


GROUPS = (quantities, prices, percents, amounts, distances, parts)


def begin(desk: Desk) -> None:
    """Nothing is set; the last price is 100; offers of a great many lots stand at 10,000 and at 1."""
    desk.set_filters()
    no_limits = [[17, flows.OPERATOR, BASE, 0], [17, flows.OPERATOR, QUOTE, 0], [18, flows.OPERATOR, MARKET, 0, 0]]
    no_limits.append([16, flows.OPERATOR, 0, 0, 0, 0])
    desk.trio.messages(*no_limits)
    desk.begin(BUY)
    desk.put(("a", desk.order(OTHER, SELL, LAST, 1)), ("b", desk.order(STRANGER, BUY, LAST, 1)))
    desk.put(("ask", desk.order(OTHER, SELL, 10_000, 10_000)), ("bid", desk.order(OTHER, BUY, 1, 10_000)))


def verdict(told: list[str]) -> str:
    """What an order was refused for, "" where it was taken."""
    return told[0].removeprefix("PLACE refused ") if "refused" in told[0] else ""


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__)
def test_every_bound_of_every_filter(group: Any) -> None:
    desk = Desk()
    begin(desk)
    for rule in group():
        desk.set_filters(**rule.filters)
        if rule.messages:
            assert not flows.refusals(desk.trio.messages(*rule.messages))
        told = desk.put(("order", rule.order.row(desk)))
        assert verdict(told) == ("" if rule.passes else rule.code), rule
        desk.clear()
        begin(desk)
    desk.trio.check_state()


def test_before_any_trade_nothing_is_asked_that_needs_an_average_price() -> None:
    desk = Desk()
    for rule in (*percents(), *amounts()):
        is_percent = rule.code in ("PERCENT_PRICE_BY_SIDE", "PERCENT_PRICE")
        if rule.order.type not in (*WAITING, LIMIT, LIMIT_MAKER) or not (
            is_percent or rule.order.type in WITHOUT_PRICE
        ):
            continue
        desk.set_filters(**rule.filters)
        desk.trio.messages([17, flows.OPERATOR, BASE, 0], [17, flows.OPERATOR, QUOTE, 0], *rule.messages)
        is_lots = rule.messages and rule.messages[0][:3] == [17, flows.OPERATOR, BASE]
        assert verdict(desk.put(("order", rule.order.row(desk)))) == (
            "" if rule.passes or not is_lots else rule.code
        ), rule
        desk.clear()


KINDS = {
    "limit": Order(LIMIT, BUY, 50),
    "maker": Order(LIMIT_MAKER, SELL, 200),
    "iceberg": Order(LIMIT, BUY, 50, visible=50),
    "till a day": Order(LIMIT, SELL, 200, in_force=GTD),
    "stop": Order(STOP_LOSS, SELL),
    "stop with a price": Order(STOP_LOSS_LIMIT, BUY, 120),
    "target": Order(TAKE_PROFIT, BUY),
    "target, an iceberg": Order(TAKE_PROFIT_LIMIT, SELL, 120, visible=50),
    "at once": Order(LIMIT, BUY, 50, in_force=IOC),
    "all or nothing": Order(LIMIT, SELL, 200, in_force=FOK),
    "market": Order(MARKET_ORDER, BUY),
}
"""Every kind of order that counts otherwise than another."""

STAYS = tuple(name for name in KINDS if name not in ("at once", "all or nothing", "market"))
COUNTED = {
    "MAX_NUM_ORDERS": STAYS,
    "MAX_NUM_ALGO_ORDERS": tuple(name for name in STAYS if KINDS[name].type in WAITING),
    "MAX_NUM_ICEBERG_ORDERS": tuple(name for name in STAYS if KINDS[name].visible),
}
"""Which of them a filter counts, and asks when they come."""

SETTINGS = {
    "MAX_NUM_ORDERS": ("max_orders", "ACCOUNT_MAX_ORDERS", 0),
    "MAX_NUM_ALGO_ORDERS": ("max_algo_orders", "EXCHANGE_MAX_NUM_ALGO_ORDERS", 1),
    "MAX_NUM_ICEBERG_ORDERS": ("max_iceberg_orders", "EXCHANGE_MAX_NUM_ICEBERG_ORDERS", 2),
}
"""The market's filter, and of all markets together: what is refused, which number of the limits it is."""


@pytest.mark.parametrize("is_exchange_wide", [False, True], ids=["of a market", "of all markets"])
@pytest.mark.parametrize("code", COUNTED)
def test_every_kind_of_open_order_that_a_filter_counts(code: str, is_exchange_wide: bool) -> None:
    """With two that may be open: after none, one and two of a kind, every kind that may come."""
    desk = Desk()
    listed = [[10, flows.OPERATOR, "SECOND", 0], [11, flows.OPERATOR, "SECONDQUOTE", 3, QUOTE, 1, 1]]
    listed += [flows.filters(SECOND_MARKET, default_self_trade=1), [12, flows.OPERATOR, SECOND_MARKET, 1]]
    listed += [[30, flows.OPERATOR, "third", ANNA, 3, RICH]]
    assert not flows.refusals(desk.trio.messages(*listed))
    name, wide_code, place = SETTINGS[code]
    elsewhere = SECOND_MARKET if is_exchange_wide else MARKET
    for open_kind, new_kind, count in product(STAYS, KINDS, (0, 1, 2)):
        begin(desk)
        for market in [MARKET, elsewhere][:count]:
            desk.before(("open", KINDS[open_kind].row(desk, market)))
        if is_exchange_wide:
            limits = [0, 0, 0, 0]
            limits[place] = 2
            assert not flows.refusals(desk.trio.messages([16, flows.OPERATOR, *limits]))
        else:
            desk.set_filters(**{name: 2})
        is_full = new_kind in COUNTED[code] and open_kind in COUNTED[code] and count == 2
        told = desk.put(("new", KINDS[new_kind].row(desk)))
        expected = (wide_code if is_exchange_wide else code) if is_full else ""
        assert verdict(told) == expected, (open_kind, new_kind, count)
        desk.trio.rows(flows.row(flows.CANCEL_ALL, SECOND_MARKET, ANNA))
        desk.clear()
    desk.trio.check_state()


def test_every_purchase_that_would_be_more_than_may_be_had() -> None:
    """MAX_POSITION: what is there of the base asset, held or not, what is asked for, and this; sales pass."""
    desk = Desk()
    for (order_type, side), is_held, quantity in product(every(), (False, True), (14, 15, 16, 20, 21)):
        begin(desk)
        desk.give(ANNA, BASE, 1_000)
        if is_held:
            desk.before(("sale", desk.order(ANNA, SELL, 5_000, 7)))
        desk.before(("asked for", desk.order(ANNA, BUY, 2, 5)))
        desk.set_filters(max_position=1_020)
        told = desk.put(("order", Order(order_type, side, quantity=quantity).row(desk)))
        passes = side == SELL or quantity <= 15
        assert verdict(told) == ("" if passes else "MAX_POSITION"), (order_type, side, is_held, quantity)
        desk.clear()
    desk.trio.check_state()


def test_the_tables_reach_every_filter_on_both_sides_of_its_bounds() -> None:
    rules = [rule for group in GROUPS for rule in group()]
    reached = {(rule.code, rule.passes) for rule in rules}
    assert reached == set(product({rule.code for rule in rules}, (False, True)))
    assert len(rules) > 900
