"""Limits over all markets, of assets, and MIN_NOTIONAL (core/README.md): setting them, asking them."""

from . import events, words
from .fields import Message
from .filters import average_price, check_position, refuse_if
from .rows import Row
from .state import Account, Market, State
from .words import Code


def set_exchange_limits(state: State, command: Message) -> None:
    values = [command.max_orders, command.max_algo_orders, command.max_iceberg_orders, command.max_lists]
    refuse_if(min(values) < 0 or max(values) > words.ACCOUNT_ORDERS_MAX, Code.WRONG_FILTER)
    state.exchange_limits = values
    events.message(state, 16, values)


def set_asset_limit(state: State, command: Message) -> None:
    refuse_if(not 1 <= command.asset_id <= len(state.assets), Code.UNKNOWN_ASSET)
    refuse_if(not 0 <= command.most <= words.AMOUNT_MAX, Code.WRONG_FILTER)
    state.asset_limits[command.asset_id] = command.most
    events.message(state, 17, command.asset_id, command.most)


def set_min_notional(state: State, command: Message) -> None:
    market = state.market(command.market_id)
    refuse_if(market is None, Code.UNKNOWN_MARKET)
    assert market is not None
    is_wrong = not 0 <= command.least <= words.AMOUNT_MAX or command.applies_to_market not in (0, 1)
    refuse_if(is_wrong, Code.WRONG_FILTER)
    market.least_notional, market.least_applies = command.least, command.applies_to_market
    events.message(state, 18, market.market_id, command.least, command.applies_to_market)


def check_order(state: State, market: Market, account: Account, row: Row, lots: int, sent_price: int) -> None:
    """`row` has the price that it takes; what it sent besides is asked for, too."""
    check_position(state, market, account, row, lots)
    if sent_price:
        check_size(state, market, sent_price, lots)
    check_size(state, market, row.price, lots)
    waits = row.type > words.LIMIT_MAKER
    stays = row.type != words.MARKET and row.time_in_force in (words.GTC, words.GTD)
    if waits or stays:
        check_counts(state, account, 1, int(waits), int(row.extension(words.ICEBERG) is not None))


def check_size(state: State, market: Market, price: int, lots: int) -> None:
    """How much an order is about: MAX_ASSET of the base, MIN_NOTIONAL, MAX_ASSET of the quote."""
    base, quote = (state.asset_limits.get(asset, 0) for asset in (market.base, market.quote))
    refuse_if(base != 0 and lots * market.base_per_lot > base, Code.MAX_ASSET)
    reference = price or average_price(market, state.now_ns)
    if not reference:
        return
    notional = market.notional(reference, lots)
    least = market.least_notional if price or market.least_applies else 0
    if notional <= words.AMOUNT_MAX:
        refuse_if(notional < least, Code.MIN_NOTIONAL)
    refuse_if(quote != 0 and notional > quote, Code.MAX_ASSET)


def check_counts(state: State, account: Account, orders: int, algos: int, icebergs: int) -> None:
    most, most_algos, most_icebergs, _ = state.exchange_limits
    refuse_if(most != 0 and len(account.orders) + orders > most, Code.ACCOUNT_MAX_ORDERS)
    open_algos = sum(order.type > words.LIMIT_MAKER for order in account.orders)
    refuse_if(algos != 0 != most_algos and open_algos + algos > most_algos, Code.EXCHANGE_MAX_NUM_ALGO_ORDERS)
    open_icebergs = sum(order.visible > 0 for order in account.orders)
    is_full = icebergs != 0 != most_icebergs and open_icebergs + icebergs > most_icebergs
    refuse_if(is_full, Code.EXCHANGE_MAX_NUM_ICEBERG_ORDERS)


def content(state: State) -> list[object]:
    """All that is set, for the canonical encoding; empty where nothing is."""
    assets = [[asset, most] for asset, most in sorted(state.asset_limits.items()) if most]
    markets = [
        [market.market_id, market.least_notional, market.least_applies]
        for market in state.markets
        if market.least_notional or market.least_applies
    ]
    return [state.exchange_limits, assets, markets] if any(state.exchange_limits) or assets or markets else []
