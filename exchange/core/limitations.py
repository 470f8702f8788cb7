"""Limits over all markets, of assets, and MIN_NOTIONAL: what an operator sets, and where the order path finds it."""

from typing import Any

from exchange.messages.base import Reject
from exchange.messages.limitations import (
    AssetLimitSet,
    ExchangeLimitsSet,
    MinNotionalSet,
    SetAssetLimit,
    SetExchangeLimits,
    SetMinNotional,
)
from exchange.messages.rejects import RejectCode

from .matching import codes
from .matching.market import Market
from .state import State, find_asset, find_market

LIMITS = SetExchangeLimits.__struct_fields__[1:]


def set_exchange_limits(state: State, command: SetExchangeLimits) -> None:
    values = [getattr(command, name) for name in LIMITS]
    if min(values) < 0 or max(values) > codes.ORDERS_MAX:
        raise Reject(RejectCode.WRONG_FILTER)
    # From here on the command must succeed.
    for name, value in zip(LIMITS, values, strict=True):
        setattr(state.matching.limits, name, value)
    note_all(state)
    state.emit(ExchangeLimitsSet(values))


def set_asset_limit(state: State, command: SetAssetLimit) -> None:
    asset = find_asset(state, command.asset_id)
    if not 0 <= command.most <= codes.AMOUNT_MAX:
        raise Reject(RejectCode.WRONG_FILTER)
    # From here on the command must succeed.
    state.asset_limits[asset.asset_id] = command.most
    note_all(state)
    state.emit(AssetLimitSet(asset.asset_id, command.most))


def set_min_notional(state: State, command: SetMinNotional) -> None:
    market = find_market(state, command.market_id)
    if not 0 <= command.least <= codes.AMOUNT_MAX or command.applies_to_market not in (0, 1):
        raise Reject(RejectCode.WRONG_FILTER)
    # From here on the command must succeed.
    market.least_notional = command.least
    market.least_applies = command.applies_to_market
    note(state, market)
    state.emit(MinNotionalSet(market.id, command.least, command.applies_to_market))


def note(state: State, market: Market) -> None:
    """Let a market know its assets' limits, and whether there is any that an order has to be asked for."""
    market.max_base = state.asset_limits.get(market.base, 0)
    market.max_quote = state.asset_limits.get(market.quote, 0)
    limits = state.matching.limits
    everywhere = limits.max_orders or limits.max_algo_orders or limits.max_iceberg_orders
    own = market.max_position or market.least_notional or market.max_base or market.max_quote
    market.rare = int(bool(everywhere or own))


def note_all(state: State) -> None:
    for market in state.matching.markets:
        note(state, market)


def content(state: State) -> list[Any]:
    """All of it for the canonical encoding; empty where nothing is set."""
    everywhere = [getattr(state.matching.limits, name) for name in LIMITS]
    assets = [(asset, most) for asset, most in sorted(state.asset_limits.items()) if most]
    markets = [
        (market.id, market.least_notional, market.least_applies)
        for market in state.matching.markets
        if market.least_notional or market.least_applies
    ]
    return [everywhere, assets, markets] if any(everywhere) or assets or markets else []


def restore(state: State, found: list[Any]) -> None:
    everywhere, assets, markets = found
    for name, value in zip(LIMITS, everywhere, strict=True):
        setattr(state.matching.limits, name, value)
    state.asset_limits = dict(assets)
    for market_id, least, applies in markets:
        state.matching.markets[market_id - 1].least_notional = least
        state.matching.markets[market_id - 1].least_applies = applies


HANDLERS = {
    SetExchangeLimits: set_exchange_limits,
    SetAssetLimit: set_asset_limit,
    SetMinNotional: set_min_notional,
}
RIGHTS = dict.fromkeys(HANDLERS, codes.RIGHT_OPERATE)
