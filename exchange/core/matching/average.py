"""The volume-weighted average price of a market's last minutes, in 60 buckets that only trades move on.

A bucket is `average_minutes` seconds wide. The window at an instant is its bucket and the 59 before. A check only
reads: buckets that fell out of the window since the last trade are left out of the sum, and dropped by the next trade.
"""

from . import arithmetic, codes, wide
from .market import Market


def bucket_of(market: Market, now_ns: int) -> int:
    return now_ns // (market.average_minutes * codes.NS_PER_SECOND)


def note_trade(market: Market, now_ns: int, price: int, quantity: int) -> None:
    """Add a trade to the bucket of its time, dropping the buckets that left the window."""
    if market.average_minutes:
        bucket = market.average_bucket
        if now_ns >= market.bucket_until_ns:
            bucket = bucket_of(market, now_ns)
            if bucket > market.average_bucket:
                move_on(market, bucket)
        at = bucket % codes.AVERAGE_BUCKETS
        weighted = price * quantity
        wide.add(market.average_sums, at, weighted)
        wide.add(market.average_sums, codes.AVERAGE_TOTAL, weighted)
        wide.add(market.average_lots, at, quantity)
        wide.add(market.average_lots, codes.AVERAGE_TOTAL, quantity)
    # The average moves towards the price of the trade: it stays within prices that hold both.
    if price < market.average_low or price > market.average_high:
        widen_bounds(market, price)


def widen_bounds(market: Market, price: int) -> None:
    """Let the bounds of the percent filter hold for an average that may have moved as far as to a price."""
    if market.average_low:
        market.average_low = min(market.average_low, price)
        market.average_high = max(market.average_high, price)
        lay_bounds(market)
    else:
        market.bounds_until_ns = 0


def set_bounds(market: Market, now_ns: int) -> None:
    """Work out the prices that the percent filter lets through now; with the next bucket they are worked out anew."""
    market.average_low = market.average_high = average_price(market, now_ns)
    market.bounds_until_ns = codes.AMOUNT_MAX
    if market.average_minutes:
        width_ns = market.average_minutes * codes.NS_PER_SECOND
        market.bounds_until_ns = (now_ns // width_ns + 1) * width_ns
    lay_bounds(market)


def lay_bounds(market: Market) -> None:
    """Bounds that whatever the average may be lets through: `average_low` to `average_high`."""
    market.bid_top = arithmetic.upper_bound(market.average_low, market.bid_up_ppm)
    market.ask_top = arithmetic.upper_bound(market.average_low, market.ask_up_ppm)
    market.bid_bottom = arithmetic.mul_ppm(market.average_high, market.bid_down_ppm)
    market.ask_bottom = arithmetic.mul_ppm(market.average_high, market.ask_down_ppm)


def move_on(market: Market, bucket: int) -> None:
    """Empty the places of the buckets that begin after the newest one, up to `bucket`."""
    for step in range(min(bucket - market.average_bucket, codes.AVERAGE_BUCKETS)):
        at = (bucket - step) % codes.AVERAGE_BUCKETS
        wide.subtract(market.average_sums, codes.AVERAGE_TOTAL, at)
        wide.subtract(market.average_sums, at, at)
        wide.subtract(market.average_lots, codes.AVERAGE_TOTAL, at)
        wide.subtract(market.average_lots, at, at)
    market.average_bucket = bucket
    market.bucket_until_ns = (bucket + 1) * market.average_minutes * codes.NS_PER_SECOND
    market.bounds_until_ns = 0


def average_price(market: Market, now_ns: int) -> int:
    """Return the average in ticks, rounded down; the last price where the window is empty; 0 before any trade.

    Source:  /api/v3/avgPrice and `avgPriceMins` of the percent price filters.
    """
    if not market.average_minutes:
        return market.last_price
    bucket = bucket_of(market, now_ns)
    if bucket > market.average_bucket:
        return late_average(market, bucket)
    return quotient(market, codes.AVERAGE_TOTAL)


def late_average(market: Market, bucket: int) -> int:
    """The average over a window that ends after the newest trade: what has left it is not counted."""
    wide.subtract(market.average_sums, codes.AVERAGE_SCRATCH, codes.AVERAGE_SCRATCH)
    wide.subtract(market.average_lots, codes.AVERAGE_SCRATCH, codes.AVERAGE_SCRATCH)
    for number in range(max(bucket - codes.AVERAGE_BUCKETS + 1, 0), market.average_bucket + 1):
        at = number % codes.AVERAGE_BUCKETS
        wide.gather(market.average_sums, codes.AVERAGE_SCRATCH, at)
        wide.gather(market.average_lots, codes.AVERAGE_SCRATCH, at)
    return quotient(market, codes.AVERAGE_SCRATCH)


def quotient(market: Market, at: int) -> int:
    """A sum of price × quantity by its sum of quantity; the last price where there is none."""
    if not wide.is_positive(market.average_lots, at):
        return market.last_price
    return wide.ratio(market.average_sums, market.average_lots, at)
