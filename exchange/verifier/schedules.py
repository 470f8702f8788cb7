"""Setting fee terms (core/README.md): volume tiers, specials and taxes, the discount asset, referrals."""

from collections.abc import Callable
from typing import Any

from . import events, fields, words
from .fees import SPECIAL, TAX, settle_tier
from .fields import Message
from .filters import refuse_if
from .state import State
from .words import Code

ROWS_MAX = 10_000


def check_account(state: State, account_id: int) -> None:
    """Refuse an account that no user has."""
    refuse_if(0 < account_id < words.FIRST_ACCOUNT, Code.WRONG_ACCOUNT)
    refuse_if(account_id not in state.accounts, Code.UNKNOWN_ACCOUNT)


def check_asset(state: State, asset_id: int) -> None:
    refuse_if(not 0 <= asset_id <= len(state.assets), Code.UNKNOWN_ASSET)


def check_market(state: State, market_id: int) -> None:
    refuse_if(state.market(market_id) is None, Code.UNKNOWN_MARKET)


def change(state: State, market_id: int) -> None:
    """Another schedule is in force in a market, or (0) in all."""
    for market in state.markets:
        market.fee_version += market_id in (0, market.market_id)


def set_volume_tiers(state: State, command: Message) -> None:
    check_asset(state, command.asset_id)
    least = command.least
    refuse_if(len(least) >= words.TIERS or (command.asset_id == 0 and bool(least)), Code.WRONG_TIER)
    is_wrong = least != sorted(set(least)) or any(not 0 < each <= words.VOLUME_MAX for each in least)
    refuse_if(is_wrong, Code.WRONG_TIER)
    for account in state.accounts.values():
        if command.asset_id != state.volume_asset:
            account.volumes = {}
            account.volume_day = 0
    state.volume_asset, state.volume_least = command.asset_id, list(least)
    for account in state.accounts.values():
        settle_tier(state, account)
    change(state, 0)
    events.message(state, 60, command.asset_id, least)


def set_extra_fees(state: State, command: Message) -> None:
    refuse_if(command.kind not in (SPECIAL, TAX), Code.WRONG_KIND)
    if command.market_id:
        check_market(state, command.market_id)
    if command.account_id or not command.market_id:
        check_account(state, command.account_id)
    rates = command.maker_ppm, command.taker_ppm, command.buyer_ppm, command.seller_ppm
    least = -words.FEE_PPM_MAX if command.kind == SPECIAL else 0
    refuse_if(min(rates) < least or max(rates) > words.FEE_PPM_MAX, Code.WRONG_FEE)
    refuse_if(command.is_lifted not in (0, 1) or (command.is_lifted == 1 and any(rates)), Code.WRONG_FEE)
    row = command.kind, command.market_id, command.account_id
    if command.is_lifted:
        state.extra_fees.pop(row, None)
    else:
        refuse_if(row not in state.extra_fees and len(state.extra_fees) >= ROWS_MAX, Code.LIMIT_REACHED)
        state.extra_fees[row] = rates
    change(state, command.market_id)
    events.message(state, 61, *row, [] if command.is_lifted else list(rates))


def set_discount(state: State, command: Message) -> None:
    check_asset(state, command.asset_id)
    is_wrong = not 0 <= command.discount_ppm <= words.PPM or (command.asset_id == 0 and command.discount_ppm != 0)
    refuse_if(is_wrong, Code.WRONG_FEE)
    state.discount = command.asset_id, command.discount_ppm
    change(state, 0)
    events.message(state, 62, command.asset_id, command.discount_ppm)


def set_market_discount(state: State, command: Message) -> None:
    check_market(state, command.market_id)
    switch(state.discount_markets, command.market_id, command.is_on)
    change(state, command.market_id)
    events.message(state, 63, command.market_id, command.is_on)


def set_discount_payment(state: State, command: Message) -> None:
    check_account(state, command.account_id)
    is_other = command.key_id != 0 and state.keys[command.key_id].account_id != command.account_id
    refuse_if(is_other, Code.KEY_OF_OTHER_ACCOUNT)
    switch(state.discount_payers, command.account_id, command.is_on)
    events.message(state, 64, command.account_id, command.is_on)


def switch(names: dict[int, None], number: int, is_on: int) -> None:
    refuse_if(is_on not in (0, 1), Code.NUMBER_OUT_OF_RANGE)
    names.pop(number, None)
    if is_on:
        names[number] = None


def set_referral(state: State, command: Message) -> None:
    account, referrer, ppm = command.account_id, command.referrer_id, command.share_ppm
    check_account(state, account)
    if referrer:
        check_account(state, referrer)
    refuse_if(account == referrer, Code.WRONG_ACCOUNT)
    refuse_if(not 0 <= ppm <= words.PPM or (ppm == 0) != (referrer == 0), Code.WRONG_FEE)
    state.referrals.pop(account, None)
    if referrer:
        state.referrals[account] = referrer, ppm
    events.message(state, 65, account, referrer, ppm)


def content(state: State) -> list[Any]:
    """All of it for the canonical encoding; empty where nothing is set."""
    volumes = []
    for account_id, account in sorted(state.accounts.items()):
        if account.volume_day:
            days = [[day, min(volume, words.VOLUME_MAX)] for day, volume in sorted(account.volumes.items()) if volume]
            volumes.append([account_id, account.granted, account.volume_day, days])
    found: list[Any] = [
        [state.volume_asset, state.volume_least],
        [*state.discount, sorted(state.discount_markets), sorted(state.discount_payers)],
        [[*row, *rates] for row, rates in sorted(state.extra_fees.items())],
        [[account_id, *terms] for account_id, terms in sorted(state.referrals.items())],
        volumes,
    ]
    is_set = state.volume_asset or state.discount[0] or state.discount_markets or state.discount_payers
    return found if is_set or state.extra_fees or state.referrals else []


HANDLERS: dict[int, Callable[[State, Message], None]] = {
    fields.SET_VOLUME_TIERS: set_volume_tiers,
    fields.SET_EXTRA_FEES: set_extra_fees,
    fields.SET_DISCOUNT: set_discount,
    fields.SET_MARKET_DISCOUNT: set_market_discount,
    fields.SET_DISCOUNT_PAYMENT: set_discount_payment,
    fields.SET_REFERRAL: set_referral,
}
