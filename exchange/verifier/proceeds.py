"""What the purchase of an OPO or OPOCO receives is kept for its pending sales (section Lists of core/matching)."""

from math import lcm

from . import events, words
from .fees import Fees
from .state import Market, Order, OrderList, State

UNPRICED = words.MARKET, words.STOP_LOSS, words.TAKE_PROFIT


def keep(state: State, order: Order, received: int, fees: Fees, *, is_taker: bool) -> None:
    """Behind a trade: hold what it gave to a working order of such a list."""
    order_list = order.order_list
    if order_list is None or order_list.contingency not in (words.OPO, words.OPOCO):
        return
    working, pending, _ = order_list.legs
    if order is not working:
        return
    assert pending is not None
    account, asset = order.account.account_id, order.market.base
    paid, paid_asset = fees.taker if is_taker else fees.maker
    fee = paid if paid_asset == asset and paid > 0 else 0
    before = state.ledger.available[account, asset] - received + fee
    is_free = asset != state.discount[0] and before >= fee
    amount = received if is_free else received - fee
    pending.held += amount
    state.ledger.add(account, asset, -amount, amount)
    events.proceeds_locked(state, order, pending, amount, received)


def locked(order_list: OrderList) -> int:
    """What the pending orders of a list hold before they enter."""
    return sum(order.held for order in order_list.legs if order is not None)


def lots(market: Market, amount: int, pending: list[Order]) -> int:
    """The greatest quantity of which LOT_SIZE and, of an order without a price, MARKET_LOT_SIZE only ask the least."""
    filters = market.filters
    most = min(amount // market.base_per_lot, filters["max_quantity"])
    steps = [max(filters["quantity_step"], 1)]
    if filters["market_max_quantity"] and any(order.type in UNPRICED for order in pending):
        most = min(most, filters["market_max_quantity"])
        steps.append(max(filters["market_quantity_step"], 1))
    step = lcm(*steps)
    return most // step * step
