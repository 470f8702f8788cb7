"""What a trade gives, less the fees (core/matching/README.md): tiers, specials, taxes, discount, rebates, shares."""

from typing import NamedTuple

from . import events, words
from .state import Account, Market, Order, State

MAKER, TAKER, BUYER, SELLER = 0, 1, 2, 3
SPECIAL, TAX = 1, 2
OWN_SPECIAL, OWN_TAX, DISCOUNTED, TOLD = 1, 2, 4, 1 << 32


class Charge(NamedTuple):
    """One side's fee: how much of what, at which rate, how it came about, whether it comes off what is received."""

    amount: int
    asset: int
    rate: int
    how: int
    is_apart: bool


class Fees(NamedTuple):
    """The fees of a trade as TRADED tells them (amount and asset), the word behind them, and the shares of them:
    account, referrer, asset, amount, ppm.
    """

    taker: tuple[int, int]
    maker: tuple[int, int]
    terms: int
    shares: list[tuple[int, int, int, int, int]]


def part(state: State, amount: int, by: int, over: int, is_rounded_down: bool | None = None) -> int:
    """amount × by / over, rounded as fees are."""
    rounds_down = words.FEES_ROUNDED_DOWN_RULE in state.rules if is_rounded_down is None else is_rounded_down
    return amount * by // over if rounds_down else -(-amount * by // over)


def has_terms(state: State, market: Market) -> bool:
    """Whether anything but the rates of the tiers can concern a trade of this market."""
    rows = {row[1] for row in state.extra_fees}
    is_discounted = state.discount[0] != 0 and market.market_id in state.discount_markets
    everywhere = state.volume_asset != 0 or 0 in rows or bool(state.referrals)
    return everywhere or market.market_id in rows or is_discounted


def converted(state: State, market: Market, amount: int, asset: int, is_rounded_down: bool | None = None) -> int | None:
    """An amount of a market's quote asset in another, at the last price of the first market of the two."""
    if market.quote == asset:
        return amount
    for each in state.markets:
        if {each.base, each.quote} == {market.quote, asset}:
            worth = each.last_price * each.quote_per_tick_lot
            if worth == 0:
                return None
            ratio = (each.base_per_lot, worth) if each.base == asset else (worth, each.base_per_lot)
            found = part(state, amount, *ratio, is_rounded_down)
            return found if found <= words.AMOUNT_MAX else None
    return None


def rates(state: State, market: Market, account: Account, kind: int) -> tuple[tuple[int, ...], bool]:
    """The rates of a kind that an account pays in a market, and whether they are its own."""
    for market_id in (market.market_id, 0):
        own = state.extra_fees.get((kind, market_id, account.account_id))
        if own is not None:
            return own, True
    return state.extra_fees.get((kind, market.market_id, 0), (0, 0, 0, 0)), False


def assess(state: State, order: Order, role: int, amounts: tuple[int, int]) -> Charge:
    """What one side of a trade pays; in the discount asset it is charged here, unless it receives that."""
    market, account = order.market, order.account
    is_purchase = order.side == words.BUY
    received = amounts[0] if is_purchase else amounts[1]
    asset = market.base if is_purchase else market.quote
    standard = market.fees[account.tier][role]
    side = BUYER if is_purchase else SELLER
    special, is_own_special = rates(state, market, account, SPECIAL)
    tax, is_own_tax = rates(state, market, account, TAX)
    extra = special[role] + special[side] + tax[role] + tax[side]
    how = OWN_SPECIAL * is_own_special + OWN_TAX * is_own_tax
    discount_asset, discount_ppm = state.discount
    is_possible = discount_asset != 0 and market.market_id in state.discount_markets
    if is_possible and account.account_id in state.discount_payers and standard > 0:
        rate = standard * discount_ppm // words.PPM + extra
        if rate >= 0 and asset == discount_asset:
            return Charge(part(state, received, rate, words.PPM), asset, rate, how | DISCOUNTED, is_apart=False)
        if rate >= 0:
            fee = converted(state, market, part(state, amounts[1], rate, words.PPM), discount_asset)
            if fee is not None and fee <= state.ledger.available.get((account.account_id, discount_asset), 0):
                pay(state, account.account_id, words.FEES, discount_asset, fee)
                return Charge(fee, discount_asset, rate, how | DISCOUNTED, is_apart=True)
    rate = standard + extra
    return Charge(part(state, received, max(rate, 0), words.PPM), asset, rate, how, is_apart=False)


def pay(state: State, payer: int, receiver: int, asset: int, amount: int) -> None:
    state.ledger.add(payer, asset, -amount)
    state.ledger.add(receiver, asset, amount)


def charge(state: State, taker: Order, maker: Order, amounts: tuple[int, int], *, is_auction: bool) -> Fees:
    """Credit what both sides receive, less their fees; give rebate and shares; count the volume."""
    market = taker.market
    for order in (taker, maker):
        roll(state, order.account)
    tiers = taker.account.tier | maker.account.tier << 8
    takers = assess(state, taker, MAKER if is_auction else TAKER, amounts)
    makers = assess(state, maker, MAKER, amounts)
    rebate = 0
    if makers.rate < 0 and not is_auction:
        given = amounts[1] if maker.side == words.BUY else amounts[0]
        due: int | None = given * -makers.rate // words.PPM
        if takers.is_apart:
            worth = amounts[1] * -makers.rate // words.PPM
            due = converted(state, market, worth, takers.asset, is_rounded_down=True)
        rebate = takers.amount if due is None else min(due, takers.amount)
    for order, each in ((taker, takers), (maker, makers)):
        receive(state, order, each, amounts)
    pay(state, words.FEES, maker.account.account_id, takers.asset, rebate)
    shares = share(state, taker, takers.asset, takers.amount - rebate)
    shares += share(state, maker, makers.asset, makers.amount)
    for order in (taker, maker):
        count(state, order, amounts[1])
    terms = (TOLD | tiers | takers.how << 16 | makers.how << 24) if has_terms(state, market) else 0
    told = (-rebate, takers.asset) if rebate else (makers.amount, makers.asset)
    return Fees((takers.amount, takers.asset), told, terms, shares)


def receive(state: State, order: Order, charged: Charge, amounts: tuple[int, int]) -> None:
    market = order.market
    asset, amount = (market.base, amounts[0]) if order.side == words.BUY else (market.quote, amounts[1])
    state.ledger.add(order.account.account_id, asset, amount)
    if not charged.is_apart:
        pay(state, order.account.account_id, words.FEES, asset, charged.amount)


def share(state: State, order: Order, asset: int, fee: int) -> list[tuple[int, int, int, int, int]]:
    account_id = order.account.account_id
    referrer, ppm = state.referrals.get(account_id, (0, 0))
    amount = fee * ppm // words.PPM
    if amount == 0:
        return []
    pay(state, words.FEES, referrer, asset, amount)
    return [(account_id, referrer, asset, amount, ppm)]


def hand_over(state: State, taker: Order, maker: Order, lots: int) -> None:
    """Move what two orders of one owner would have traded, without a fee: the maker holds nothing for it any more."""
    market = taker.market
    base_amount, quote_amount = lots * market.base_per_lot, market.notional(maker.price, lots)
    buyer, seller = (taker, maker) if taker.side == words.BUY else (maker, taker)
    for order, asset, amount in ((buyer, market.quote, quote_amount), (seller, market.base, base_amount)):
        is_held = order is taker
        order.held -= amount if is_held else 0
        state.ledger.add(order.account.account_id, asset, 0 if is_held else -amount, -amount if is_held else 0)
    state.ledger.add(buyer.account.account_id, market.base, base_amount)
    state.ledger.add(seller.account.account_id, market.quote, quote_amount)
    events.transferred(state, buyer, seller, maker.price, lots, (base_amount, quote_amount))


# Volumes.


def roll(state: State, account: Account) -> None:
    """Let days fall out of an account's window of 30 that are too old by now."""
    if state.volume_asset:
        account.volume_day = max(account.volume_day, state.now_ns // words.NS_PER_DAY)
        oldest = account.volume_day - words.VOLUME_DAYS + 1
        account.volumes = {day: volume for day, volume in account.volumes.items() if day >= oldest}
        settle_tier(state, account)


def count(state: State, order: Order, quote_amount: int) -> None:
    if state.volume_asset:
        account = order.account
        worth = converted(state, order.market, quote_amount, state.volume_asset, is_rounded_down=True) or 0
        account.volumes[account.volume_day] = account.volumes.get(account.volume_day, 0) + worth
        settle_tier(state, account)


def settle_tier(state: State, account: Account) -> None:
    volume = min(sum(account.volumes.values()), words.VOLUME_MAX)
    account.tier = max(account.granted, sum(volume >= least for least in state.volume_least))
