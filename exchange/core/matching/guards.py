"""What guards a market: the range that its orders trade in; a price that moves too far in a while and too much traded
in a second, which stop it.
"""

from . import arithmetic, average, codes
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


def range_key(market: Market, side: int, worst_key: int, now_ns: int) -> int:
    """The worst key within a range of the average price; nothing is within reach where the best is too good."""
    reference = average.average_price(market, now_ns)
    best = market.asks.best if side == codes.BUY else market.bids.best
    if not reference or not best:
        return worst_key
    if side == codes.BUY:
        least = -arithmetic.mul_ppm(reference, market.range_bid_up_ppm) if market.range_bid_up_ppm else worst_key
        most = -arithmetic.mul_ppm(reference, market.range_bid_down_ppm)
    else:
        least = arithmetic.mul_ppm(reference, market.range_ask_down_ppm)
        most = arithmetic.mul_ppm(reference, market.range_ask_up_ppm)
        if not market.range_ask_up_ppm:
            most = best.key
    if best.key > most:
        return best.key + 1
    return max(worst_key, least)
