"""What stops a market by itself: a price that moves too far in a while, too much traded in a second."""

from . import arithmetic, codes
from .market import Market


def trips(market: Market, now_ns: int, quote_amount: int) -> bool:
    """Whether the trade just made has stopped its market: its status is another then."""
    if market.breaker_ppm:
        since_ns = now_ns - market.breaker_since_ns
        if not market.breaker_price or since_ns >= market.breaker_seconds * codes.NS_PER_SECOND:
            market.breaker_price = market.last_price
            market.breaker_since_ns = now_ns
        moved = arithmetic.distance(market.last_price, market.breaker_price)
        if moved > arithmetic.mul_ppm(market.breaker_price, market.breaker_ppm):
            market.status = codes.HALT
    if market.notional_per_second:
        second = now_ns // codes.NS_PER_SECOND
        if second != market.notional_second:
            market.notional_second = second
            market.notional_sum = 0
        market.notional_sum += quote_amount
        if market.notional_sum > market.notional_per_second and market.status == codes.TRADING:
            market.status = codes.CANCEL_ONLY
    if market.status == codes.TRADING:
        return False
    market.tripped = 1
    market.breaker_price = 0
    market.notional_sum = 0
    return True
