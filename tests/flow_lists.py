"""Lists for the random flows: every kind near the market, and their cancels; sessions that end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.commands import client, row

if TYPE_CHECKING:
    from tests.flows import Flow

LIST, CANCEL_LIST, PLACE = 6, 7, 1
TRIGGER, ICEBERG, STRATEGY, REFERENCE, LIST_LINK = 1, 2, 5, 7, 9
OCO, OTO, OTOCO, OPO, OPOCO = 1, 2, 3, 4, 5
LIMIT, MARKET, LIMIT_MAKER, STOP_LOSS, STOP_LOSS_LIMIT, TAKE_PROFIT, TAKE_PROFIT_LIMIT = 1, 2, 3, 4, 5, 6, 7
GTC, IOC, FOK = 1, 2, 3
BUY, SELL = 0, 1
WORKING, ABOVE, BELOW, PENDING = 1, 2, 3, 4


def some_list(flow: Flow) -> list[int]:
    """A list, most often one that can be."""
    random = flow.random
    market, account, key = flow.some_target()
    contingency = random.choice([OCO, OTO, OTOCO, OPO, OPO, OPO, OPOCO, OPOCO])
    quantity = random.choice([random.randint(1, 30), random.randint(1, 5) * 6])
    side = random.randrange(2)
    target = (market, account, key)
    if contingency == OCO:
        legs = some_pair(flow, target, contingency, side, quantity)
    else:
        order_type = random.choice([LIMIT, LIMIT, LIMIT_MAKER])
        working = near(flow, market)
        time_in_force = GTC if order_type == LIMIT_MAKER else random.choice([GTC, GTC, IOC, FOK])
        is_sized = contingency in (OTO, OTOCO)
        first_side = random.choice([side, 1 - side])
        if not is_sized and random.random() < 0.97:
            first_side, side = BUY, SELL
        flags = (first_side, order_type, time_in_force, random.randrange(7))
        lots = random.choice([quantity, 1, 6] if is_sized else [quantity, 6, 24, 60])
        legs = [leg(flow, target, contingency, WORKING, flags, working, lots, ())]
        quantity = quantity if is_sized or random.random() < 0.02 else 0
        if contingency in (OTO, OPO):
            legs.append(some_pending(flow, target, contingency, side, quantity))
        else:
            legs += some_pair(flow, target, contingency, side, quantity)
    if random.random() < 0.02:
        legs.reverse()
    head = row(LIST, *target, client_id=flow.some_name(), extensions=((LIST_LINK, contingency),))
    head[1] = 1 + len(legs)
    if random.random() < 0.03:
        head[random.choice([3, 4, 5, 6, 7, 11])] += 1
    if random.random() < 0.02:
        head[1] = 7 - head[1]
        legs = [*legs, flow.some_place()][: head[1] - 1]
    return [*head, *(word for each in legs for word in each)]


def near(flow: Flow, market: int, away: int = 0) -> int:
    return max(flow.middle(market) + away + flow.random.randint(-flow.knobs.spread, flow.knobs.spread), 1)


def leg(
    flow: Flow,
    target: tuple[int, int, int],
    contingency: int,
    role: int,
    flags: tuple[int, ...],
    price: int,
    quantity: int,
    extensions: tuple[tuple[int, ...], ...],
) -> list[int]:
    random = flow.random
    if random.random() < 0.1:
        extensions = (*extensions, (STRATEGY, random.randrange(1 << 20), 1_000_000))
    if flags[2] == GTC and price and random.random() < 0.15:
        extensions = (*extensions, (ICEBERG, random.randint(1, 20)))
    numbers: dict[str, Any] = {"price": price, "quantity": quantity, "client_id": flow.some_name()}
    return row(PLACE, *target, flags=flags, extensions=(*extensions, (LIST_LINK, contingency, role)), **numbers)


def some_pair(flow: Flow, target: tuple[int, int, int], contingency: int, side: int, quantity: int) -> list[list[int]]:
    """A target on the better side of the market, a stop on the other; now and then the wrong way round."""
    random = flow.random
    types = [random.choice([LIMIT_MAKER, TAKE_PROFIT, TAKE_PROFIT_LIMIT]), random.choice([STOP_LOSS, STOP_LOSS_LIMIT])]
    if side == BUY:
        types.reverse()
    away = random.choice([1, 3, 6])
    legs = []
    for role, order_type, distance in ((ABOVE, types[0], away), (BELOW, types[1], -away)):
        waits_for = near(flow, target[0], distance)
        price = waits_for if order_type == LIMIT_MAKER else near(flow, target[0], distance)
        trigger: tuple[tuple[int, ...], ...] = ((TRIGGER, waits_for),)
        if random.random() < 0.15:
            trigger = ((TRIGGER, 0, random.choice([100, 1_000, 9_999]), random.choice([0, waits_for])),)
        is_limit = order_type in (STOP_LOSS_LIMIT, TAKE_PROFIT_LIMIT)
        time_in_force = random.choice([GTC, GTC, IOC, FOK]) if is_limit else GTC
        flags = (side, order_type, time_in_force, random.randrange(6))
        extensions = () if order_type == LIMIT_MAKER else trigger
        has_price = is_limit or order_type == LIMIT_MAKER
        legs.append(leg(flow, target, contingency, role, flags, price if has_price else 0, quantity, extensions))
    return legs


def some_pending(flow: Flow, target: tuple[int, int, int], contingency: int, side: int, quantity: int) -> list[int]:
    """Any order but a purchase by quote quantity."""
    random = flow.random
    order_type = random.choice([LIMIT, LIMIT, MARKET, LIMIT_MAKER, STOP_LOSS, STOP_LOSS_LIMIT, TAKE_PROFIT])
    has_price = order_type in (LIMIT, LIMIT_MAKER, STOP_LOSS_LIMIT)
    time_in_force = random.choice([GTC, IOC, FOK]) if order_type in (LIMIT, STOP_LOSS_LIMIT) else GTC
    waits_for = near(flow, target[0])
    flags = (side, order_type, time_in_force, random.randrange(6))
    extensions = ((TRIGGER, waits_for),) if order_type >= STOP_LOSS else ()
    return leg(
        flow, target, contingency, PENDING, flags, near(flow, target[0]) if has_price else 0, quantity, extensions
    )


def some_list_cancel(flow: Flow) -> list[int]:
    random = flow.random
    market, account, key = flow.some_target()
    list_id, name = random.randint(1, 20), flow.some_name()
    if flow.state.lists and random.random() < 0.9:
        order_list = random.choice(flow.state.lists)
        market, account = order_list.market.market_id, order_list.account.account_id
        list_id, name = order_list.list_id, order_list.client_id
        key = random.choice([0, account - 15])
    if random.random() < 0.1:
        name = flow.some_name()
    by = random.randrange(3)
    return row(
        CANCEL_LIST,
        *(market, account, key),
        order_id=0 if by == 1 else list_id,
        client_id=random.choice([client(0), flow.some_name()]),
        extensions=() if by == 0 else ((REFERENCE, *name),),
    )


def some_session(flow: Flow, account: int) -> list[int]:
    """An armed session that ends, orderly or not."""
    sessions = list(flow.state.sessions.items())
    if sessions and flow.random.random() < 0.9:
        session_id, account = flow.random.choice(sessions)
        return [account, session_id, flow.random.choice([0, 1, 1])]
    return [account, flow.random.randint(0, 9), 1]
