"""Proceeds: what the purchase of an OPO or OPOCO receives is kept for the sales that follow it, and is their size.

The working order is a purchase, the pending ones are sales without a quantity. What a trade gives to the working order
is held by the first of its pending orders from then on: nobody can spend it, and it is a claim as any other. Once the
working order is filled, that is what the pending orders sell, as far as their filters let them; the rest is available
again. Where the list ends before that, whatever the reason, the pending order gives all of it back as it ends.

Source:  ../shared/binance-spot-reference.md §8. Choices: a fee in the received asset is paid from what else the account
         has available of it, where that is enough for the whole fee of the trade and it is not the discount asset; of
         more than a filter lets through as much is sold as it lets; what was handed over to the working order in mode
         TRANSFER is no trade, and no proceeds of it.
"""

from . import codes, records
from .events import Events
from .market import Market


def are_kept(order: "records.Order") -> bool:
    """Whether what an order receives is kept for others: it is the working order of an OPO or OPOCO."""
    order_list = order.details.order_list
    if not order_list:
        return False
    return order_list.contingency >= codes.OPO and order_list.working == order


def keep(events: Events, market: Market, order: "records.Order", received: int, fee: int, discount_asset: int) -> None:
    """Hold what a trade has given to the account of a working order, of which its fee in that asset was taken.

    Example: of 100 received and a fee of 1 all 100 are held where 1 or more was available before, else 99.
    """
    pending = order.details.order_list.first
    cell = order.seat.base
    amount = received
    if fee > 0 and (market.base == discount_asset or cell.available < received):
        amount = received - fee
    cell.available -= amount
    cell.held += amount
    pending.held += amount
    events.proceeds_locked(market, order, pending, amount, received)


def common_step(one: int, other: int, most: int) -> int:
    """The least step that is a whole multiple of both; where that is more than `most`, one more than that."""
    divisor = one
    rest = other
    while rest:
        left = divisor % rest
        divisor = rest
        rest = left
    parts = other // divisor
    return one * parts if one <= most // parts else most + 1


def lots_of(market: Market, order_list: "records.OrderList") -> int:
    """What the pending orders of a list can sell of the proceeds: as much as filters let through, in whole steps."""
    step = max(market.quantity_step, 1)
    most = market.max_quantity
    if market.market_max_quantity and has_no_price(order_list):
        most = min(most, market.market_max_quantity)
        step = common_step(step, max(market.market_quantity_step, 1), most)
    lots = min(order_list.first.held // market.base_per_lot, most)
    return lots - lots % step


def has_no_price(order_list: "records.OrderList") -> bool:
    """Whether a pending order of a list trades at any price, so that MARKET_LOT_SIZE is asked of it."""
    if is_unpriced(order_list.first):
        return True
    return is_unpriced(order_list.second) if order_list.second else False


def is_unpriced(order: "records.Order") -> bool:
    order_type = order.flags.type
    return order_type == codes.MARKET or order_type == codes.STOP_LOSS or order_type == codes.TAKE_PROFIT
