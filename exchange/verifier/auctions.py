"""What guards a market, and call auctions (core/matching/README.md): naive, over every price that matters."""

from . import events, links, lists, proceeds, words
from .fees import charge
from .fields import PROTECTION, Message
from .filters import note_trade, refuse_if
from .orders import fire as enter_waiting
from .orders import refill, settle_trip, stop_timers
from .state import Market, Order, State
from .triggers import touch
from .words import Code, Refusal

SECONDS_MAX = 1_000_000
EXTENSIONS_MAX = 100
AUCTION_CAUSE = 1


def find_market(state: State, market_id: int) -> Market:
    market = state.market(market_id)
    if market is None:
        raise Refusal(Code.UNKNOWN_MARKET)
    return market


def set_protection(state: State, command: Message) -> None:
    market = find_market(state, command.market_id)
    values = {name: command.values[name] for name in PROTECTION}
    ppm = max(values[name] for name in PROTECTION if name.endswith("_ppm"))
    refuse_if(min(values.values()) < 0 or ppm > words.PPM_FILTER_MAX, Code.WRONG_PROTECTION)
    refuse_if(values["notional_per_second"] > words.AMOUNT_MAX, Code.WRONG_PROTECTION)
    seconds = values["breaker_seconds"], values["halt_seconds"], values["auction_seconds"]
    refuse_if(max(seconds) > SECONDS_MAX or values["extensions"] > EXTENSIONS_MAX, Code.WRONG_PROTECTION)
    refuse_if(values["breaker_ppm"] != 0 and values["breaker_seconds"] == 0, Code.WRONG_PROTECTION)
    refuse_if(values["halt_seconds"] != 0 and values["auction_seconds"] == 0, Code.WRONG_PROTECTION)
    market.protection = values
    market.breaker_price = market.notional_sum = 0
    events.message(state, 40, market.market_id, list(values.values()))


def set_features(state: State, command: Message) -> None:
    market = find_market(state, command.market_id)
    most = words.FEATURES_ALL if words.OPO_RULE in state.rules else words.OPO_OFF - 1
    refuse_if(not 0 <= command.off <= most, Code.WRONG_PROTECTION)
    market.features_off = command.off
    events.message(state, 45, market.market_id, command.off)


def kill(state: State, command: Message) -> None:
    markets = [find_market(state, command.market_id)] if command.market_id else list(state.markets)
    refuse_if(not markets, Code.UNKNOWN_MARKET)
    living = [market for market in markets if not market.is_killed]
    refuse_if(not living, Code.ALREADY_KILLED)
    for market in living:
        stop_timers(state, market)
        market.is_killed = True
        market.status = words.CANCEL_ONLY
        events.message(state, 44, market.market_id)
        events.message(state, 12, market.market_id, market.status)


def start_auction(state: State, command: Message) -> None:
    market = find_market(state, command.market_id)
    refuse_if(not 0 < command.seconds <= SECONDS_MAX, Code.WRONG_PROTECTION)
    refuse_if(market.status == words.AUCTION, Code.WRONG_STATUS)
    gather(state, market, command.seconds)


def gather(state: State, market: Market, seconds: int) -> None:
    stop_timers(state, market)
    market.seconds = seconds
    market.extended = 0
    market.is_killed = False
    market.status = words.AUCTION
    events.message(state, 12, market.market_id, market.status)
    extend(state, market)
    indicate(state, market)


def extend(state: State, market: Market) -> None:
    market.auction_ends_ns = state.now_ns + market.seconds * words.NS_PER_SECOND
    state.timers.append((market.auction_ends_ns, words.AUCTION_ENDS, market.market_id))
    events.message(state, 41, market.market_id, market.auction_ends_ns)


def indicate(state: State, market: Market) -> None:
    events.message(state, 42, market.market_id, *outcome(state, market))
    market.indicates_ns = state.now_ns + words.NS_PER_SECOND
    state.timers.append((market.indicates_ns, words.AUCTION_INDICATES, market.market_id))


def fire(state: State, kind: int, market: Market) -> None:
    """A timer of a market is due."""
    if kind == words.HALT_ENDS:
        gather(state, market, market.protection["auction_seconds"])
    elif kind == words.AUCTION_INDICATES:
        indicate(state, market)
    else:
        price = outcome(state, market)[0]
        collar = market.protection["collar_ppm"]
        is_far = False
        if price and collar and market.last_price:
            is_far = abs(price - market.last_price) > market.last_price * collar // words.PPM
        if is_far and market.extended < market.protection["extensions"]:
            market.extended += 1
            extend(state, market)
        else:
            resume(state, market)


def outcome(state: State, market: Market) -> tuple[int, int, int]:
    """Price, volume, imbalance of an auction that ended now: most volume, least imbalance, nearest the last, lowest.

    Between two neighbouring prices of orders nothing changes, so each of them, its neighbours, and the last price are
    all that can be best; where only whole steps of the price filter count, those on both sides of each.
    """
    if not market.is_crossed:
        return 0, 0, 0
    low, high = market.asks[0].price, market.bids[0].price
    reference = market.last_price or low
    prices = {reference}
    for order in (*market.bids, *market.asks):
        prices |= {order.price - 1, order.price, order.price + 1}
    step = market.filters["price_step"] if words.AUCTIONS_ON_STEPS_RULE in state.rules else 1
    steps = {price // step * step + up for price in prices for up in (0, step)}
    if any(low <= price <= high for price in steps):
        prices = steps
    best: tuple[tuple[int, int, int, int], tuple[int, int, int]] | None = None
    for price in prices:
        if low <= price <= high:
            demand = sum(order.remaining for order in market.bids if order.price >= price)
            supply = sum(order.remaining for order in market.asks if order.price <= price)
            volume = min(demand, supply)
            rank = (-volume, abs(demand - supply), abs(price - reference), price)
            if best is None or rank < best[0]:
                best = rank, (price, volume, demand - supply)
    assert best is not None
    return best[1]


def resume(state: State, market: Market) -> None:
    """Trade what meets at one price, then go on trading."""
    stop_timers(state, market)
    market.is_killed = False
    price, volume, _ = outcome(state, market)
    left = volume
    while left:
        buyer, seller = market.bids[0], market.asks[0]
        quantity = min(left, buyer.shown, seller.shown)
        meet(state, buyer, seller, price, quantity)
        left -= quantity
    lists.settle(state)
    market.status = words.TRADING
    market.breaker_price = 0
    state.steps = 0
    enter_waiting(state, market)
    events.message(state, 43, market.market_id, price, volume)
    events.message(state, 12, market.market_id, words.TRADING)
    settle_trips(state)


def settle_trips(state: State) -> None:
    for market in state.markets:
        settle_trip(state, market)


def meet(state: State, buyer: Order, seller: Order, price: int, quantity: int) -> None:
    """One trade of an auction: each pays the fee of a maker; the buyer gets back what it held for a worse price."""
    market = buyer.market
    amounts = quantity * market.base_per_lot, market.notional(price, quantity)
    market.last_price = price
    for order, given in ((buyer, amounts[1]), (seller, amounts[0])):
        claim = market.notional(order.price, quantity) if order is buyer else given
        order.remaining -= quantity
        order.part -= quantity if order.visible else 0
        order.filled_quote += amounts[1]
        order.updated_ns = state.now_ns
        order.held -= claim
        state.ledger.add(order.account.account_id, order.held_asset, claim - given, -claim)
    younger, older = sorted((buyer, seller), key=lambda order: -order.order_id)
    fees = charge(state, younger, older, amounts, is_auction=True)
    note_trade(market, price, quantity, state.now_ns)
    events.traded(state, market, younger, older, quantity, amounts, *fees[:3], AUCTION_CAUSE)
    for share in fees.shares:
        events.referred(state, market, share)
    events.rested(state, younger)
    if market.has_waiting:
        touch(market, price)
    for order in (buyer, seller):
        proceeds.keep(state, order, amounts[0], fees, is_taker=order is younger)
        refill(state, order)
        if order.remaining == 0:
            market.side(order.side).remove(order)
            order.account.orders.remove(order)
        links.traded(state, order)
