"""The order path: placing, trading, resting, ending; one function per sentence of core/matching/README.md."""

from . import events, guards, limitations, links, lists, pegs, proceeds, remembering, triggers, words
from .books import Limits, is_fillable, is_handed_over, is_same_owner, price_range, reaches, self_trade_mode, walk
from .fees import charge, hand_over
from .filters import (
    check_counts,
    check_iceberg,
    check_limit_filters,
    check_lots_without_price,
    check_market_filters,
    check_quantity,
    is_off_step,
    is_switched_off,
    note_trade,
    refuse_if,
    takes,
)
from .rows import NO_CLIENT_ID, Row, refusal_of_form
from .state import Account, Key, Market, Order, State
from .words import Code, Refusal


def check_form(state: State, row: Row) -> None:
    code = refusal_of_form(row, state.rules)
    if code:
        raise Refusal(code)


def check_sender(state: State, row: Row) -> Account:
    """The account that a row acts for, where its key may."""
    if row.key:
        key: Key | None = state.keys.get(row.key)
        if key is None:
            raise Refusal(Code.UNKNOWN_KEY)
        if key.is_revoked:
            raise Refusal(Code.KEY_REVOKED)
        if key.account_id != row.account:
            raise Refusal(Code.KEY_OF_OTHER_ACCOUNT)
        if not key.rights & words.TRADE_RIGHT:
            raise Refusal(Code.RIGHT_MISSING)
    account = state.accounts.get(row.account)
    if account is None:
        raise Refusal(Code.UNKNOWN_ACCOUNT)
    if account.status != words.ACTIVE or account.kind == words.SYSTEM:
        raise Refusal(Code.ACCOUNT_DISABLED)
    return account


def check_market(state: State, row: Row) -> Market:
    market = state.market(row.market)
    if market is None:
        raise Refusal(Code.UNKNOWN_MARKET)
    is_placing = row.kind in (words.PLACE, words.CANCEL_REPLACE)
    is_closed = not takes(market.status, row) if is_placing else market.status == words.BREAK
    if is_closed:
        raise Refusal(Code.MARKET_CLOSED)
    if is_placing and is_switched_off(market.features_off, row):
        raise Refusal(Code.FEATURE_OFF)
    if is_placing:
        pegs.check(market, row, enters=True)
    if is_placing and market.is_busy:
        raise Refusal(Code.MARKET_BUSY)
    return market


# Placing.


def check_modes_and_name(market: Market, account: Account, row: Row, mode: int) -> None:
    is_allowed = mode == words.NONE or market.filters["allowed_self_trade"] >> mode & 1
    refuse_if(not is_allowed, Code.SELF_TRADE_MODE_NOT_ALLOWED)
    refuse_if(any(order.client_id == row.client_id for order in account.orders), Code.DUPLICATE_CLIENT_ID)


def check_limit(state: State, market: Market, account: Account, row: Row, mode: int) -> int:
    """Check an order with a price; return what it has to hold."""
    check_limit_filters(state, market, row)
    if row.time_in_force in (words.GTC, words.GTD):
        check_counts(market, account)
    check_modes_and_name(market, account, row, mode)
    makers = market.side(1 - row.side)
    would_take = bool(makers) and reaches(row.side, row.price, makers[0].price)
    is_maker = row.type == words.LIMIT_MAKER or market.status == words.POST_ONLY
    refuse_if(is_maker and would_take, Code.WOULD_TAKE)
    if row.side == words.BUY:
        return market.notional(row.price, row.quantity)
    return row.quantity * market.base_per_lot


def check_stop(state: State, market: Market, account: Account, row: Row, mode: int) -> int:
    """Check an order that waits for a price; return what it has to hold."""
    trigger_price, delta, activation = (row.extension(words.TRIGGER) or ())[:3]
    filters = market.filters
    price = trigger_price or activation
    bounds = filters["min_price"], filters["max_price"], filters["price_step"]
    refuse_if(price != 0 and is_off_step(price, *bounds), Code.PRICE_FILTER)
    if row.price == 0 and row.extension(words.PEG):
        check_quantity(market, row.quantity)
        need = market.notional(price or min(market.last_price, filters["max_price"]), row.quantity)
    elif row.price or row.type in (words.STOP_LOSS_LIMIT, words.TAKE_PROFIT_LIMIT):
        check_limit_filters(state, market, row)
        need = market.notional(row.price, row.quantity)
    else:
        check_lots_without_price(state, market, row)
        need = market.notional(price or min(market.last_price, filters["max_price"]), row.quantity)
    check_counts(market, account)
    if delta:
        side = "above" if triggers.is_above(row.type, row.side) else "below"
        least, most = filters[f"min_trailing_{side}"], filters[f"max_trailing_{side}"]
        refuse_if(delta < least or (most != 0 and delta > most), Code.TRAILING_DELTA)
        refuse_if(len(market.trailing) >= words.TRAILING_MAX, Code.MARKET_MAX_TRAILING)
    algos = sum(order.market is market and order.type > words.LIMIT_MAKER for order in account.orders)
    refuse_if(filters["max_algo_orders"] != 0 and algos >= filters["max_algo_orders"], Code.MAX_NUM_ALGO_ORDERS)
    check_modes_and_name(market, account, row, mode)
    if trigger_price and market.last_price:
        is_above = triggers.is_above(row.type, row.side)
        is_reached = market.last_price >= trigger_price if is_above else market.last_price <= trigger_price
        refuse_if(is_reached, Code.WOULD_TRIGGER)
    return need if row.side == words.BUY else row.quantity * market.base_per_lot


def check_market_order(state: State, market: Market, account: Account, row: Row, mode: int) -> tuple[int, int]:
    """Check an order without a price; return what it has to hold and the lots that the walk gave."""
    check_market_filters(state, market, row)
    check_modes_and_name(market, account, row, mode)
    filters = market.filters
    wanted = row.quantity or filters["max_quantity"]
    lots, cost, is_cut = walk(state, market, account, row.side, mode, 0, wanted, row.quote_quantity or words.AMOUNT_MAX)
    if row.quote_quantity:
        lots -= lots % max(filters["quantity_step"], 1)
        refuse_if(lots < max(filters["min_quantity"], filters["market_min_quantity"]), Code.BOOK_TOO_THIN)
    if row.side == words.BUY:
        # What costs more than a word counts is more than anybody has.
        return row.quote_quantity or (words.AMOUNT_MAX + 1 if is_cut else cost), lots
    return (row.quantity or lots) * market.base_per_lot, lots


def place(state: State, row: Row) -> None:
    check_form(state, row)
    account = check_sender(state, row)
    if row.options:
        remembering.place(state, row, account)
        return
    place_here(state, row, account, check_market(state, row))


def check_order(state: State, row: Row, account: Account, market: Market) -> tuple[int, int]:
    """Check an order against its market, its owner's orders and funds; return its lots, and what it has to hold."""
    mode, sent_price = self_trade_mode(market, row), row.price
    row = pegs.priced(state, market, row)
    if row.type == words.MARKET:
        need, lots = check_market_order(state, market, account, row, mode)
    elif row.type > words.LIMIT_MAKER:
        need, lots = check_stop(state, market, account, row, mode), row.quantity
    else:
        need, lots = check_limit(state, market, account, row, mode), row.quantity
    check_iceberg(market, account, row)
    due_ns = (row.extension(words.GOOD_TILL) or (words.AMOUNT_MAX * 2,))[0]
    refuse_if(due_ns <= state.now_ns, Code.GOOD_TILL_PASSED)
    limitations.check_order(state, market, account, row, row.quantity or lots, sent_price)
    asset = market.quote if row.side == words.BUY else market.base
    refuse_if(state.ledger.available.get((account.account_id, asset), 0) < need, Code.INSUFFICIENT_FUNDS)
    return row.quantity or lots, need


def place_here(state: State, row: Row, account: Account, market: Market) -> None:
    quantity, need = check_order(state, row, account, market)
    # Below this line nothing is refused any more.
    order = draft(state, row, account, market, quantity, need)
    pegs.choose(order)
    events.accepted(state, order, row)
    work(state, order)
    conclude(state, market)


def draft(state: State, row: Row, account: Account, market: Market, quantity: int, need: int) -> Order:
    """The order that a row asks for, with its number and its funds held."""
    mode = self_trade_mode(market, row)
    strategy = row.extension(words.STRATEGY) or (0, 0)
    trigger = row.extension(words.TRIGGER) or (0, 0, 0)
    kind, offset_kind, offset = (row.extension(words.PEG) or (0, 0, 0))[:3]
    order = Order(
        order_id=state.next_order_id,
        market=market,
        account=account,
        flags=row.flags[:3] + bytes([mode]) + row.flags[4:],
        price=row.price,
        quantity=quantity,
        held=need,
        created_ns=state.now_ns,
        client_id=row.client_id,
        has_details=bool(row.extensions),
        strategy=(strategy[0], strategy[1]),
        remaining=quantity,
        updated_ns=state.now_ns,
        visible=(row.extension(words.ICEBERG) or (0,))[0],
        trigger_price=trigger[0],
        trailing_delta=trigger[1],
        activation_price=trigger[2],
        due_ns=(row.extension(words.GOOD_TILL) or (0,))[0],
        peg=(kind, offset_kind, offset),
        sent_price=row.price if kind else 0,
    )
    state.next_order_id += 1
    state.ledger.add(account.account_id, order.held_asset, -need, need)
    account.orders.append(order)
    return order


def work(state: State, order: Order) -> None:
    """Let an order wait for its price, or trade as far as it goes, or only rest."""
    if order.type > words.LIMIT_MAKER:
        triggers.wait(order)
    elif order.market.status == words.TRADING:
        take(state, order, order.quantity)
    else:
        rest(state, order)


def conclude(state: State, market: Market) -> None:
    """What an order that has done its own owes to lists, to orders that wait, to the market."""
    lists.settle(state)
    state.steps = 0
    fire(state, market)
    settle_trip(state, market)


def take(state: State, order: Order, lots: int) -> None:
    """Trade as far as an order may go, then give the last word on it."""
    counter_order = 0
    limits = price_range(state, order)
    if order.flags[2] != words.FOK or is_fillable(state, order, limits):
        counter_order = match(state, order, lots, limits)
        makers = order.market.side(1 - order.side)
        best = makers[0].price if makers else 0
        is_outside = bool(makers) and reaches(order.side, order.price, best) and not limits[0] <= best <= limits[1]
    else:
        is_outside = False
    finish(state, order, counter_order, is_outside)


def settle_trip(state: State, market: Market) -> None:
    """A market that its own trades have stopped tells so, and perhaps when it goes on."""
    if not market.has_tripped:
        return
    market.has_tripped = False
    stop_timers(state, market)
    events.message(state, 12, market.market_id, market.status)
    if market.status == words.HALT and market.protection["halt_seconds"]:
        market.halt_ends_ns = state.now_ns + market.protection["halt_seconds"] * words.NS_PER_SECOND
        state.timers.append((market.halt_ends_ns, words.HALT_ENDS, market.market_id))


MARKET_TIMERS = (words.HALT_ENDS, words.AUCTION_ENDS, words.AUCTION_INDICATES)


def stop_timers(state: State, market: Market) -> None:
    """A market will do nothing by itself."""
    state.timers = [each for each in state.timers if each[1] not in MARKET_TIMERS or each[2] != market.market_id]
    market.halt_ends_ns = market.auction_ends_ns = market.indicates_ns = 0


def fire(state: State, market: Market) -> None:
    """Let the orders enter that were set off, as many as one command may; clear the reach when none is left."""
    while market.is_busy and state.steps < words.TICK_STEPS_MAX and market.status == words.TRADING:
        state.steps += 1
        order = market.pending()
        if market.ready:
            lists.enter(state, market)
        elif order is not None:
            enter(state, order)
        lists.settle(state)
    triggers.settle(market)


def enter(state: State, order: Order) -> None:
    """A waiting order's price was reached: it trades as if it were placed now."""
    triggers.leave(order)
    order.triggered_ns = order.updated_ns = state.now_ns
    if order.order_list is not None:
        lists.start(state, order)
    if order.peg[0]:
        try:
            pegs.take_price(state, order)
        except Refusal as refusal:
            end(state, order, words.PEG_REFUSED, code=int(refusal.code))
            return
    lots = order.quantity
    if order.price == 0 and order.side == words.BUY:
        lots = cover(state, order)
    events.triggered(state, order)
    take(state, order, lots)


def cover(state: State, order: Order) -> int:
    """Hold what a purchase without a price costs beyond what it holds; return the lots that it can pay."""
    market, account = order.market, order.account
    has = state.ledger.available.get((account.account_id, market.quote), 0)
    budget = min(order.held + has, words.AMOUNT_MAX)
    lots, cost, is_cut = walk(state, market, account, words.BUY, order.self_trade, 0, order.remaining, budget)
    more = max(cost - order.held, 0)
    order.held += more
    state.ledger.add(account.account_id, market.quote, -more, more)
    return lots if is_cut else order.remaining


def match(state: State, taker: Order, lots: int, limits: Limits) -> int:
    """Trade as far as the taker goes, at most `lots`; return the maker that ended it by self-trade prevention, or 0."""
    makers = taker.market.side(1 - taker.side)
    while taker.remaining and makers and reaches(taker.side, taker.price, makers[0].price):
        maker = makers[0]
        if not limits[0] <= maker.price <= limits[1] or taker.market.status != words.TRADING:
            break
        if taker.self_trade != words.NONE and is_same_owner(taker.account, maker.account):
            if taker.self_trade in (words.DECREMENT, words.TRANSFER):
                most = min(taker.remaining, lots)
                if most == 0:
                    break
                lots -= decrement(state, taker, maker, most)
                if taker.remaining == 0:
                    return maker.order_id
            elif prevent(state, taker, maker):
                return maker.order_id
            continue
        quantity = min(taker.remaining, maker.shown, lots)
        if quantity == 0:
            break
        lots -= quantity
        trade(state, taker, maker, quantity)
    return 0


def prevent(state: State, taker: Order, maker: Order) -> bool:
    """Two orders of one owner meet; return whether that ends the taker."""
    mode = taker.self_trade
    ends_maker = mode in (words.EXPIRE_MAKER, words.EXPIRE_BOTH)
    ends_taker = mode in (words.EXPIRE_TAKER, words.EXPIRE_BOTH)
    taker_prevented = taker.remaining if ends_taker else 0
    maker_prevented = maker.remaining if ends_maker else 0
    events.prevented(state, taker, maker, taker_prevented, maker_prevented, taker.account)
    taker.prevented_quantity += taker_prevented
    maker.prevented_quantity += maker_prevented
    if ends_maker:
        end(state, maker, words.SELF_TRADE, NO_CLIENT_ID, taker.order_id)
    return ends_taker


def decrement(state: State, taker: Order, maker: Order, most: int) -> int:
    """Both lose what the smaller one has left; return how much that is. Whoever has nothing left ends."""
    lots = min(most, maker.remaining)
    events.prevented(state, taker, maker, lots, lots, taker.account)
    taker.remaining -= lots
    taker.prevented_quantity += lots
    maker.prevented_quantity += lots
    maker.updated_ns = state.now_ns
    shrink(state, maker, lots)
    if is_handed_over(taker.account, taker.self_trade, maker):
        hand_over(state, taker, maker, lots)
    links.lost(state, maker)
    if maker.remaining == 0:
        end(state, maker, words.SELF_TRADE, NO_CLIENT_ID, taker.order_id)
    else:
        events.rested(state, maker)
    return lots


def shrink(state: State, order: Order, lots: int) -> int:
    """Take lots away from an open order; return what it held for them, which is available again."""
    spared = order.held - order.held // order.remaining * (order.remaining - lots)
    order.remaining -= lots
    order.part = min(order.part, order.remaining)
    order.held -= spared
    state.ledger.add(order.account.account_id, order.held_asset, spared, -spared)
    return spared


def trade(state: State, taker: Order, maker: Order, quantity: int) -> None:
    """Settle one trade at the maker's price: both sides give, receive and pay their fee of what they receive."""
    market = taker.market
    base_amount = quantity * market.base_per_lot
    quote_amount = market.notional(maker.price, quantity)
    for order in (taker, maker):
        order.remaining -= quantity
        order.filled_quote += quote_amount
        order.updated_ns = state.now_ns
        given = quote_amount if order.side == words.BUY else base_amount
        order.held -= given
        state.ledger.add(order.account.account_id, order.held_asset, 0, -given)
    maker.part -= quantity if maker.visible else 0
    market.last_price = maker.price
    fees = charge(state, taker, maker, (base_amount, quote_amount), is_auction=False)
    if maker.remaining == 0:
        market.side(maker.side).remove(maker)
        maker.account.orders.remove(maker)
    note_trade(market, maker.price, quantity, state.now_ns)
    if market.has_waiting:
        triggers.touch(market, maker.price)
    guards.watch(state, market, quote_amount)
    events.traded(state, market, taker, maker, quantity, (base_amount, quote_amount), *fees[:3])
    for share in fees.shares:
        events.referred(state, market, share)
    for order in (taker, maker):
        proceeds.keep(state, order, base_amount, fees, is_taker=order is taker)
    refill(state, maker)
    links.traded(state, maker)


def refill(state: State, order: Order) -> None:
    """An iceberg whose part has traded shows the next one, behind all that are as good."""
    if order.visible and order.part == 0 and order.remaining:
        side = order.market.side(order.side)
        side.remove(order)
        order.part = min(order.visible, order.remaining)
        queue(order)
        events.refilled(state, order)


def finish(state: State, order: Order, counter_order: int, is_outside: bool) -> None:
    """Give the last word on an order that has traded as far as it could."""
    time_in_force = order.flags[2]
    if order.remaining == 0 and not counter_order:
        release(state, order)
        links.traded(state, order)
    elif counter_order:
        end(state, order, words.SELF_TRADE, NO_CLIENT_ID, counter_order)
    elif order.market.has_tripped:
        end(state, order, words.HALTED)
    elif is_outside:
        end(state, order, words.OUT_OF_RANGE)
    elif order.price == 0:
        end(state, order, words.NO_LIQUIDITY)
    elif time_in_force == words.FOK:
        end(state, order, words.UNFILLED_FOK)
    elif time_in_force == words.IOC:
        end(state, order, words.UNFILLED_IOC)
    else:
        rest(state, order)


def rest(state: State, order: Order) -> None:
    """Put an order behind all others that are as good; what better prices left of its hold is available again."""
    is_purchase = order.side == words.BUY
    needs = (
        order.market.notional(order.price, order.remaining)
        if is_purchase
        else order.remaining * order.market.base_per_lot
    )
    spared = order.held - needs
    order.held = needs
    state.ledger.add(order.account.account_id, order.held_asset, spared, -spared)
    order.part = min(order.visible, order.remaining)
    queue(order)
    events.rested(state, order)


def queue(order: Order) -> None:
    end_of_level = order.market.level(order.side, order.price)[1]
    order.market.side(order.side).insert(end_of_level, order)


def release(state: State, order: Order) -> None:
    """Give back what an order still holds, and forget it."""
    state.ledger.add(order.account.account_id, order.held_asset, order.held, -order.held)
    order.held = 0
    order.account.orders.remove(order)


def end(
    state: State,
    order: Order,
    reason: int,
    cancel_id: tuple[int, ...] = NO_CLIENT_ID,
    counter_order: int = 0,
    code: int = 0,
) -> None:
    """End an order with something unfilled, resting or not."""
    side = order.market.side(order.side)
    first, last = order.market.level(order.side, order.price)
    has_rested = order in side[first:last]
    if has_rested:
        side.remove(order)
    elif order.is_waiting:
        triggers.leave(order)
        triggers.settle(order.market)
    events.canceled(state, order, reason, has_rested, cancel_id, counter_order, code)
    release(state, order)
    links.ended(state, order, reason, cancel_id)
