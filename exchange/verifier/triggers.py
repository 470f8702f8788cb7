"""Orders that wait for a price: where they wait, what sets them off (section Waiting of core/matching/README.md)."""

from . import words
from .state import Market, Order


def is_above(order_type: int, side: int) -> bool:
    """Whether the price waited for is above the market."""
    return (order_type in (words.STOP_LOSS, words.STOP_LOSS_LIMIT)) == (side == words.BUY)


def fires_above(order: Order) -> bool:
    return order.side == words.BUY if order.trailing_delta else is_above(order.type, order.side)


def wait(order: Order) -> None:
    if order.trailing_delta:
        order.market.trailing.append(order)
    else:
        line_up(order)


def line_up(order: Order) -> None:
    """Stand behind those that are set off sooner, or at the same price."""
    is_rising = fires_above(order)
    stops = order.market.rising if is_rising else order.market.falling
    price = order.trigger_price
    at = sum(stop.trigger_price <= price if is_rising else stop.trigger_price >= price for stop in stops)
    stops.insert(at, order)


def leave(order: Order) -> None:
    market = order.market
    for stops in (market.falling, market.rising, market.trailing):
        if order in stops:
            stops.remove(order)


def settle(market: Market) -> None:
    """Forget how far the price went, once nothing is set off."""
    if not market.is_busy:
        market.reach_down, market.reach_up = words.AMOUNT_MAX, 0


def touch(market: Market, price: int) -> None:
    """A trade took place: trailing orders follow it, stops may be set off."""
    for order in list(market.trailing):
        follow(order, price)
        is_sale = order.side == words.SELL
        if order.extreme and (price <= order.trigger_price if is_sale else price >= order.trigger_price):
            market.trailing.remove(order)
            line_up(order)
    market.reach_down = min(market.reach_down, price)
    market.reach_up = max(market.reach_up, price)


def follow(order: Order, price: int) -> None:
    """Become active, or move the extreme; the trigger price stays behind, rounded away from the market."""
    best = max if order.side == words.SELL else min
    if order.extreme:
        order.extreme = best(order.extreme, price)
    elif order.activation_price == 0:
        order.extreme = price
    elif is_above(order.type, order.side):
        order.extreme = price if price >= order.activation_price else 0
    else:
        order.extreme = price if price <= order.activation_price else 0
    if order.side == words.SELL:
        order.trigger_price = order.extreme * (words.BPS - order.trailing_delta) // words.BPS
    else:
        order.trigger_price = -(-order.extreme * (words.BPS + order.trailing_delta) // words.BPS)
