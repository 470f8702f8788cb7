"""Lists of orders: placing them, what follows when one of their orders moves, ending them (core/matching/README.md)."""

from . import events, limitations, links, orders, pegs, proceeds, triggers, words
from .books import reaches, self_trade_mode, walk
from .filters import average_price, check_priced, check_quantity, is_off_step, is_switched_off, refuse_if, takes
from .rows import NO_CLIENT_ID, Row, is_malformed_leg, is_malformed_list, is_malformed_peg, is_unsupported
from .state import Account, Market, Order, OrderList, State
from .words import Code, Refusal

NEEDS = {
    words.OCO: words.OCO_OFF,
    words.OTO: words.OTO_OFF,
    words.OTOCO: words.OTOCO_OFF,
    words.OPO: words.OTO_OFF | words.OPO_OFF,
    words.OPOCO: words.OTO_OFF | words.OPO_OFF | words.OCO_OFF,
}
"""The switches of which each keeps out a kind of list."""


def place(state: State, row: Row) -> None:
    refuse_if(is_malformed_list(row) or any(map(is_malformed_leg, row.legs)), Code.MALFORMED_ROW)
    refuse_if(words.PEGS_RULE in state.rules and any(map(is_malformed_peg, row.legs)), Code.MALFORMED_ROW)
    contingency = (row.extension(words.LIST_LINK) or ())[0]
    is_opo = contingency in (words.OPO, words.OPOCO)
    refuse_if(is_opo and words.OPO_RULE not in state.rules, Code.MALFORMED_ROW)
    refuse_if(
        any(is_unsupported(leg, state.rules) or leg.extension(words.GOOD_TILL) for leg in row.legs), Code.UNSUPPORTED
    )
    account = orders.check_sender(state, row)
    market = state.market(row.market)
    if market is None:
        raise Refusal(Code.UNKNOWN_MARKET)
    at_once = row.legs if contingency == words.OCO else row.legs[:1]
    refuse_if(not all(takes(market.status, leg) for leg in at_once), Code.MARKET_CLOSED)
    off = market.features_off
    refuse_if(off & NEEDS[contingency] != 0, Code.FEATURE_OFF)
    for leg in row.legs:
        refuse_if(is_switched_off(off, leg), Code.FEATURE_OFF)
        pegs.check(market, leg, enters=leg in at_once)
    refuse_if(market.is_busy, Code.MARKET_BUSY)
    check_counts(state, market, account, row)
    refuse_if(any(each.client_id == row.client_id for each in lists_of(state, account)), Code.DUPLICATE_CLIENT_ID)
    refuse_if(len({leg.client_id for leg in row.legs}) < len(row.legs), Code.DUPLICATE_CLIENT_ID)
    if contingency == words.OCO:
        above, below = (works_at(leg, market) for leg in row.legs)
        check_prices(above, below, market.last_price)
    needs = [orders.check_order(state, leg, account, market)[1] for leg in at_once]
    if contingency != words.OCO:
        check_pending(state, market, account, row.legs[1])
        if len(row.legs) == 3:
            check_prices(works_at(row.legs[1]), works_at(row.legs[2]), 0)
            check_pending(state, market, account, row.legs[2])
        needs += [0, 0]
    else:
        needs = shared(row.legs[0].side, *needs)
    begin(state, row, account, market, contingency, needs)


def shared(side: int, first: int, second: int) -> list[int]:
    """One claim for two legs: the stop holds what it needs beyond its target."""
    if side == words.SELL:
        return [first, max(second - first, 0)]
    return [max(first - second, 0), second]


def lists_of(state: State, account: Account) -> list[OrderList]:
    return [each for each in state.lists if each.account is account]


def check_counts(state: State, market: Market, account: Account, row: Row) -> None:
    mine, filters = lists_of(state, account), market.filters
    here = sum(each.market is market for each in mine)
    is_full = (filters["max_lists"] != 0 and here >= filters["max_lists"]) or len(mine) >= words.LISTS_MAX
    refuse_if(is_full, Code.MAX_NUM_ORDER_LISTS)
    legs = row.legs
    there = [order for order in account.orders if order.market is market]
    refuse_if(len(there) + len(legs) > filters["max_orders"], Code.MAX_NUM_ORDERS)
    refuse_if(len(account.orders) + len(legs) > words.ACCOUNT_ORDERS_MAX, Code.ACCOUNT_MAX_ORDERS)
    algos = sum(leg.type > words.LIMIT_MAKER for leg in legs)
    all_algos = algos + sum(order.type > words.LIMIT_MAKER for order in there)
    most = filters["max_algo_orders"]
    refuse_if(algos != 0 and most != 0 and all_algos > most, Code.MAX_NUM_ALGO_ORDERS)
    icebergs = sum(leg.extension(words.ICEBERG) is not None for leg in legs)
    all_icebergs = icebergs + sum(order.visible > 0 for order in there)
    most = filters["max_iceberg_orders"]
    refuse_if(icebergs != 0 and most != 0 and all_icebergs > most, Code.MAX_NUM_ICEBERG_ORDERS)
    most = state.exchange_limits[3]
    refuse_if(most != 0 and len(mine) >= most, Code.EXCHANGE_MAX_NUM_ORDER_LISTS)
    limitations.check_counts(state, account, len(legs), algos, icebergs)


def works_at(row: Row, market: Market | None = None) -> int:
    """Where a leg begins to work; 0: that follows the market, or is not known before it enters one."""
    trigger = row.extension(words.TRIGGER)
    if trigger or row.extension(words.PEG) is None:
        return trigger[0] if trigger else row.price
    return pegs.price_of(market, row) if market is not None else 0


def check_prices(above: int, below: int, last_price: int) -> None:
    """The market stands between the two legs."""
    refuse_if(0 < above <= below, Code.OCO_PRICES)
    refuse_if(last_price != 0 and (0 < above <= last_price or below >= last_price), Code.OCO_PRICES)


Terms = tuple[int, int, int, int, int, int, int]
"""Side, type, price, quantity, price waited for, trailing delta, visible."""


def check_pending(state: State, market: Market, account: Account, row: Row) -> None:
    """What is known already of an order that enters later; of one without a quantity no filter is asked."""
    price, delta, activation = (row.extension(words.TRIGGER) or (0, 0, 0))[:3]
    visible = (row.extension(words.ICEBERG) or (0,))[0]
    terms = row.side, row.type, row.price, row.quantity, price or activation, delta, visible
    if row.quantity:
        check_terms(state, market, terms, is_pegged=row.extension(words.PEG) is not None)
    orders.check_modes_and_name(market, account, row, self_trade_mode(market, row))


def check_terms(state: State, market: Market, terms: Terms, *, is_pegged: bool = False) -> int:
    """The filters of one order that are asked now and when it enters; return what it needs. A pegged one may have no
    price so far.
    """
    side, kind, price, quantity, waits_for, delta, visible = terms
    filters = market.filters
    bounds = filters["min_price"], filters["max_price"], filters["price_step"]
    refuse_if(waits_for != 0 and is_off_step(waits_for, *bounds), Code.PRICE_FILTER)
    if kind in (words.MARKET, words.STOP_LOSS, words.TAKE_PROFIT):
        check_quantity(market, quantity)
        check_unpriced(state, market, quantity)
    elif is_pegged and price == 0:
        check_quantity(market, quantity)
    else:
        check_priced(state, market, side, price, quantity)
    if delta:
        where = "above" if triggers.is_above(kind, side) else "below"
        least, most = filters[f"min_trailing_{where}"], filters[f"max_trailing_{where}"]
        refuse_if(delta < least or (most != 0 and delta > most), Code.TRAILING_DELTA)
        refuse_if(len(market.trailing) >= words.TRAILING_MAX, Code.MARKET_MAX_TRAILING)
    if visible:
        check_quantity(market, visible)
        most = filters["iceberg_parts"]
        refuse_if(most != 0 and -(-quantity // visible) > most, Code.ICEBERG_PARTS)
    limitations.check_size(state, market, price, quantity)
    if side == words.SELL:
        return quantity * market.base_per_lot
    return market.notional(price or waits_for or min(market.last_price, filters["max_price"]), quantity)


def check_unpriced(state: State, market: Market, quantity: int) -> None:
    filters = market.filters
    most = filters["market_max_quantity"]
    is_off = is_off_step(quantity, filters["market_min_quantity"], most, filters["market_quantity_step"])
    refuse_if(most != 0 and is_off, Code.MARKET_LOT_SIZE)
    average = average_price(market, state.now_ns)
    if average:
        notional = market.notional(average, quantity)
        is_small = filters["apply_min_to_market"] != 0 and notional < filters["min_notional"]
        has_most = filters["apply_max_to_market"] != 0 and filters["max_notional"] != 0
        has_any = filters["apply_min_to_market"] or filters["apply_max_to_market"]
        is_great = (has_any and notional > words.AMOUNT_MAX) or (has_most and notional > filters["max_notional"])
        refuse_if(is_small or bool(is_great), Code.NOTIONAL)


def begin(state: State, row: Row, account: Account, market: Market, contingency: int, needs: list[int]) -> None:
    made = OrderList(state.next_list_id, contingency, market, account, state.now_ns, row.client_id)
    state.next_list_id += 1
    state.lists.append(made)
    offset = 1 if contingency == words.OCO else 0
    for number, leg in enumerate(row.legs):
        order = orders.draft(state, leg, account, market, leg.quantity, needs[number])
        order.order_list, order.list_id = made, made.list_id
        order.is_pending = contingency != words.OCO and number > 0
        at = number + offset
        made.legs[at], made.ids[at], made.names[at] = order, order.order_id, order.client_id
    events.list_changed(state, made, words.LIST_STARTED, row.key)
    opened = [order for order in made.legs if order is not None]
    for order in opened:
        pegs.choose(order)
        events.accepted(state, order, row)
    for order in opened:
        if not order.is_pending:
            orders.work(state, order)
    orders.conclude(state, market)


def settle(state: State) -> None:
    """Carry out what follows from what has happened, list by list."""
    while state.touched:
        order_list = state.touched.pop(0)
        happened, order_list.happened = order_list.happened, []
        if "ended" in happened:
            end_others(state, order_list, order_list.reason, order_list.cancel_id)
        elif "started" in happened:
            end_others(state, order_list, words.OCO_TRIGGER)
        elif "worked" in happened:
            order_list.market.ready.append(order_list)
        if not any(order_list.legs):
            close(state, order_list)


def end_others(
    state: State, order_list: OrderList, reason: int, cancel_id: tuple[int, ...] = NO_CLIENT_ID, code: int = 0
) -> None:
    for order in list(order_list.legs):
        if order is not None and order is not order_list.started:
            links.unlink(order)
            orders.end(state, order, reason, cancel_id, 0, code)


def close(state: State, order_list: OrderList) -> None:
    ready = order_list.market.ready
    if order_list in ready:
        ready.remove(order_list)
    triggers.settle(order_list.market)
    events.list_changed(state, order_list, words.LIST_DONE)
    state.lists.remove(order_list)


def sibling(order: Order) -> Order | None:
    """The other leg of a pair."""
    assert order.order_list is not None
    _, first, second = order.order_list.legs
    return {first: second, second: first}.get(order)


def start(state: State, order: Order) -> None:
    """The price of a leg was reached: it takes over what the other leg holds, which ends."""
    other = sibling(order)
    if other is not None:
        order.held += other.held
        other.held = 0
        links.unlink(other)
        orders.end(state, other, words.OCO_TRIGGER)


def enter(state: State, market: Market) -> None:
    """Place what a filled working order has made ready, or end it with the first refusal."""
    order_list = market.ready.pop(0)
    pending = [order for order in order_list.legs if order is not None]
    locked = proceeds.locked(order_list)
    if order_list.contingency in (words.OPO, words.OPOCO):
        for order in pending:
            order.quantity = order.remaining = proceeds.lots(market, locked, pending)
    try:
        needs = [check_entry(state, order) for order in pending]
        if len(pending) == 2:
            prices = [o.trigger_price if o.type > words.LIMIT_MAKER else pegs.entry_price(o) for o in pending]
            check_prices(prices[0], prices[1], market.last_price)
        account = order_list.account
        asset = market.quote if pending[0].side == words.BUY else market.base
        has = state.ledger.available.get((account.account_id, asset), 0)
        refuse_if(max(needs) > has + locked, Code.INSUFFICIENT_FUNDS)
    except Refusal as refusal:
        end_others(state, order_list, words.LEG_REFUSED, NO_CLIENT_ID, int(refusal.code))
        close(state, order_list)
        return
    if len(needs) == 2:
        needs = shared(pending[0].side, *needs)
    for order, need in zip(pending, needs, strict=True):
        state.ledger.add(account.account_id, asset, order.held - need, need - order.held)
        order.held = need
    for order in pending:
        order.is_pending = False
        order.updated_ns = state.now_ns
        pegs.choose(order)
        events.entered(state, order)
        orders.work(state, order)


def check_entry(state: State, order: Order) -> int:
    """Everything that is asked of a pending order when it is placed; return what it needs."""
    market, side = order.market, order.side
    waits_for = order.trigger_price or order.activation_price
    price = order.price if order.type > words.LIMIT_MAKER else pegs.entry_price(order)
    is_pegged = order.peg[0] != 0
    if order.price and price != order.price:
        check_terms(state, market, (side, order.type, order.price, order.quantity, 0, 0, 0))
    refuse_if(is_pegged and order.type <= words.LIMIT_MAKER and price == 0, Code.PEG_WITHOUT_LEVEL)
    terms = side, order.type, price, order.quantity, waits_for, order.trailing_delta, order.visible
    need = check_terms(state, market, terms, is_pegged=is_pegged)
    if order.type > words.LIMIT_MAKER:
        if order.trigger_price and market.last_price:
            if triggers.is_above(order.type, side):
                is_reached = order.trigger_price <= max(market.last_price, market.reach_up)
            else:
                is_reached = order.trigger_price >= min(market.last_price, market.reach_down)
            refuse_if(is_reached, Code.WOULD_TRIGGER)
        return need
    makers = market.side(1 - side)
    if order.type == words.MARKET and side == words.BUY:
        _, need, is_cut = walk(
            state, market, order.account, side, order.self_trade, 0, order.quantity, words.AMOUNT_MAX
        )
        refuse_if(is_cut, Code.INSUFFICIENT_FUNDS)
    if order.type == words.LIMIT_MAKER:
        refuse_if(bool(makers) and reaches(side, price, makers[0].price), Code.WOULD_TAKE)
    return need


def amended(state: State, order: Order, old_quantity: int, has_name: bool) -> None:
    """The other leg of a pair shrinks, too; a new name in a list is told."""
    order_list = order.order_list
    if order_list is None:
        return
    other = sibling(order)
    if other is not None:
        other.amends += 1
        other.updated_ns = state.now_ns
        released = orders.shrink(state, other, old_quantity - order.quantity)
        other.quantity = order.quantity
        events.amended(state, other, old_quantity, other.client_id, released)
    if has_name:
        order_list.names[order_list.legs.index(order)] = order.client_id
        events.list_changed(state, order_list, words.LIST_UPDATED)


def cancel(state: State, row: Row) -> Market:
    orders.check_form(state, row)
    account = orders.check_sender(state, row)
    market = orders.check_market(state, row)
    reference = row.extension(words.REFERENCE)
    name = reference[:5] if reference else NO_CLIENT_ID
    found = [
        each
        for each in lists_of(state, account)
        if (each.list_id == row.order_id if row.order_id else each.client_id == name)
    ]
    if not found or found[0].market is not market:
        raise Refusal(Code.UNKNOWN_ORDER)
    order_list = found[0]
    refuse_if(name not in (NO_CLIENT_ID, order_list.client_id), Code.ORDER_ID_MISMATCH)
    order_list.started = None
    end_others(state, order_list, words.BY_REQUEST, row.client_id)
    close(state, order_list)
    return market
