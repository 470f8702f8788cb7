"""Fee terms beyond the rates of the tiers: what an operator or an account sets, and where the order path finds it.

The order path's part is matching/fees.py; here stands what it is told, and the canonical encoding of all of it.
"""

from typing import Any

from exchange.messages.base import Reject
from exchange.messages.fees import (
    DiscountPaymentSet,
    DiscountSet,
    ExtraFeesSet,
    MarketDiscountSet,
    ReferralSet,
    SetDiscount,
    SetDiscountPayment,
    SetExtraFees,
    SetMarketDiscount,
    SetReferral,
    SetVolumeTiers,
    VolumeTiersSet,
)
from exchange.messages.rejects import RejectCode

from .matching import codes, cold
from .matching.market import Market
from .state import State, check_account, find_asset, find_market

ROWS_MAX = 10_000
Rates = tuple[int, int, int, int]
"""As maker, taker, buyer, seller, in ppm."""
NO_RATES: Rates = (0, 0, 0, 0)


def set_volume_tiers(state: State, command: SetVolumeTiers) -> None:
    if command.asset_id:
        find_asset(state, command.asset_id)
    least = command.least
    if len(least) >= codes.TIERS or (not command.asset_id and least):
        raise Reject(RejectCode.WRONG_TIER)
    if any(volume <= before for before, volume in zip([0, *least], least, strict=False)):
        raise Reject(RejectCode.WRONG_TIER)
    if least and least[-1] > codes.VOLUME_MAX:
        raise Reject(RejectCode.WRONG_TIER)
    # From here on the command must succeed.
    state.volume_least = list(least)
    state.matching.fees.set_bounds(command.asset_id, state.volume_least)
    change_all(state)
    state.emit(VolumeTiersSet(command.asset_id, least))


def set_extra_fees(state: State, command: SetExtraFees) -> None:
    if command.kind not in (codes.SPECIAL, codes.TAX):
        raise Reject(RejectCode.WRONG_KIND)
    if command.market_id:
        find_market(state, command.market_id)
    if command.account_id or not command.market_id:
        check_account(state, command.account_id)
    rates = command.maker_ppm, command.taker_ppm, command.buyer_ppm, command.seller_ppm
    least = -codes.FEE_PPM_MAX if command.kind == codes.SPECIAL else 0
    if not all(least <= rate <= codes.FEE_PPM_MAX for rate in rates) or command.is_lifted not in (0, 1):
        raise Reject(RejectCode.WRONG_FEE)
    if command.is_lifted and any(rates):
        raise Reject(RejectCode.WRONG_FEE)
    row = command.kind, command.market_id, command.account_id
    if row not in state.extra_fees and not command.is_lifted and len(state.extra_fees) >= ROWS_MAX:
        raise Reject(RejectCode.LIMIT_REACHED)
    # From here on the command must succeed.
    if command.is_lifted:
        state.extra_fees.pop(row, None)
    else:
        state.extra_fees[row] = rates
    tell_rates(state, *row)
    if command.market_id:
        market = find_market(state, command.market_id)
        market.fee_version += 1
        note_all(state)
    else:
        change_all(state)
    state.emit(ExtraFeesSet(*row, [] if command.is_lifted else list(rates)))


def tell_rates(state: State, kind: int, market_id: int, account_id: int) -> None:
    """Let the order path know the rates of a market, or all of an account."""
    if account_id:
        own: dict[int, dict[int, Any]] = {codes.SPECIAL: {}, codes.TAX: {}}
        for (each, market, account), rates in state.extra_fees.items():
            if account == account_id:
                own[each][market] = rates
        state.matching.fees.set_own_rates(account_id, own[codes.SPECIAL], own[codes.TAX])
    else:
        rates = state.extra_fees.get((kind, market_id, 0), NO_RATES)
        state.matching.markets[market_id - 1].set_rates(kind, list(rates))


def set_discount(state: State, command: SetDiscount) -> None:
    if command.asset_id:
        find_asset(state, command.asset_id)
    if not 0 <= command.discount_ppm <= codes.PPM or (not command.asset_id and command.discount_ppm):
        raise Reject(RejectCode.WRONG_FEE)
    # From here on the command must succeed.
    state.matching.fees.set_discount(command.asset_id, command.discount_ppm)
    change_all(state)
    state.emit(DiscountSet(command.asset_id, command.discount_ppm))


def set_market_discount(state: State, command: SetMarketDiscount) -> None:
    market = find_market(state, command.market_id)
    check_switch(command.is_on)
    # From here on the command must succeed.
    state.discount_markets.pop(market.id, None)
    if command.is_on:
        state.discount_markets[market.id] = None
    market.fee_version += 1
    note_all(state)
    state.emit(MarketDiscountSet(market.id, command.is_on))


def set_discount_payment(state: State, command: SetDiscountPayment) -> None:
    check_account(state, command.account_id)
    if command.key_id:
        found = cold.key(state.matching, command.key_id)
        if found is None or found[0] != command.account_id:
            raise Reject(RejectCode.KEY_OF_OTHER_ACCOUNT)
    check_switch(command.is_on)
    # From here on the command must succeed.
    state.discount_payers.pop(command.account_id, None)
    if command.is_on:
        state.discount_payers[command.account_id] = None
    state.matching.fees.set_payment(command.account_id, command.is_on)
    state.emit(DiscountPaymentSet(command.account_id, command.is_on))


def check_switch(is_on: int) -> None:
    if is_on not in (0, 1):
        raise Reject(RejectCode.NUMBER_OUT_OF_RANGE)


def set_referral(state: State, command: SetReferral) -> None:
    check_account(state, command.account_id)
    if command.referrer_id:
        check_account(state, command.referrer_id)
    if command.referrer_id == command.account_id:
        raise Reject(RejectCode.WRONG_ACCOUNT)
    if not 0 <= command.share_ppm <= codes.PPM or bool(command.share_ppm) != bool(command.referrer_id):
        raise Reject(RejectCode.WRONG_FEE)
    # From here on the command must succeed.
    state.referrals.pop(command.account_id, None)
    if command.referrer_id:
        state.referrals[command.account_id] = command.referrer_id, command.share_ppm
    state.matching.fees.set_referral(command.account_id, command.referrer_id, command.share_ppm)
    note_all(state)
    state.emit(ReferralSet(command.account_id, command.referrer_id, command.share_ppm))


def change_all(state: State) -> None:
    """Another schedule is in force in every market."""
    for market in state.matching.markets:
        market.fee_version += 1
    note_all(state)


def note_all(state: State) -> None:
    """Let every market know whether its trades need more than a look-up, and which market converts its quote asset."""
    routes: dict[tuple[int, int], int] = {}
    for listing in state.listings:
        routes.setdefault((listing.base.asset_id, listing.quote.asset_id), listing.market_id)
        routes.setdefault((listing.quote.asset_id, listing.base.asset_id), -listing.market_id)
    hot = state.matching.fees
    extra_markets = {market for _, market, _ in state.extra_fees}
    for market in state.matching.markets:
        market.discount_rate = route(routes, market, hot.discount_asset)
        market.volume_rate = route(routes, market, hot.volume_asset)
        market.has_discount = int(hot.discount_asset != 0 and market.id in state.discount_markets)
        everywhere = hot.volume_asset or 0 in extra_markets or state.referrals
        market.has_fee_terms = int(bool(everywhere or market.id in extra_markets or market.has_discount))


def route(routes: dict[tuple[int, int], int], market: Market, asset: int) -> int:
    """How an amount of a market's quote asset becomes one of another: the first market listed of the two, in which the
    other is the base, or (negative) the quote; 0 where there is none.
    """
    if market.quote == asset:
        return int(codes.SAME_ASSET)
    return routes.get((asset, market.quote), 0)


def note_listed(state: State) -> None:
    """A market was listed: it may be the one that converts, and has the terms that hold in all."""
    if content(state):
        note_all(state)


def standard(state: State, market_id: int, account_id: int) -> Rates:
    """What the tier of an account gives in a market as of now."""
    market: Market = state.matching.markets[market_id - 1]
    tier = state.matching.fees.tier_at(account_id, state.now_ns // codes.NS_PER_DAY)
    return market.maker_fee_ppm(tier), market.taker_fee_ppm(tier), 0, 0


def extra(state: State, kind: int, market_id: int, account_id: int) -> Rates:
    """What is added for an account in a market as special or as tax."""
    rows = ((kind, market_id, account_id), (kind, 0, account_id), (kind, market_id, 0))
    return next((state.extra_fees[row] for row in rows if row in state.extra_fees), NO_RATES)


def content(state: State) -> list[Any]:
    """All of it for the canonical encoding; empty where nothing is set."""
    hot = state.matching.fees
    found = [
        [hot.volume_asset, state.volume_least],
        [hot.discount_asset, hot.discount_ppm, sorted(state.discount_markets), sorted(state.discount_payers)],
        [(*row, *rates) for row, rates in sorted(state.extra_fees.items())],
        [(account_id, *terms) for account_id, terms in sorted(state.referrals.items())],
        hot.volumes(),
    ]
    is_set = hot.volume_asset or hot.discount_asset or state.discount_markets or state.discount_payers
    return found if is_set or state.extra_fees or state.referrals else []


def restore(state: State, found: list[Any]) -> None:
    (volume_asset, state.volume_least), discount, extras, referrals, volumes = found
    hot = state.matching.fees
    hot.set_bounds(volume_asset, state.volume_least)
    hot.set_discount(*discount[:2])
    state.discount_markets = dict.fromkeys(discount[2])
    state.discount_payers = dict.fromkeys(discount[3])
    for account_id in state.discount_payers:
        hot.set_payment(account_id, 1)
    state.extra_fees = {(row[0], row[1], row[2]): (row[3], row[4], row[5], row[6]) for row in extras}
    for row in state.extra_fees:
        tell_rates(state, *row)
    for account_id, referrer_id, share_ppm in referrals:
        state.referrals[account_id] = referrer_id, share_ppm
        hot.set_referral(account_id, referrer_id, share_ppm)
    for account_id, granted, day, days in volumes:
        hot.restore_volume(account_id, granted, day, days)
    note_all(state)


HANDLERS = {
    SetVolumeTiers: set_volume_tiers,
    SetExtraFees: set_extra_fees,
    SetDiscount: set_discount,
    SetMarketDiscount: set_market_discount,
    SetDiscountPayment: set_discount_payment,
    SetReferral: set_referral,
}
RIGHTS = dict.fromkeys(HANDLERS, codes.RIGHT_OPERATE) | {SetDiscountPayment: codes.RIGHT_TRADE}
