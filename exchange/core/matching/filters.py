"""The market's filters: each returns the refusal it calls for, or 0 where the order passes.

Source:  ../shared/binance-spot-reference.md §11; a bound of 0 is off.
"""

from . import arithmetic, average, codes
from .market import Market


def off_step(number: int, step: int) -> bool:
    """Whether a number is not a whole multiple of a step. Most markets step by one, which needs no division."""
    return step > 1 and number % step != 0


def wrong_price(market: Market, price: int) -> int:
    if price < market.min_price or price > market.max_price or off_step(price, market.price_step):
        return codes.PRICE_FILTER
    return 0


def wrong_quantity(market: Market, quantity: int) -> int:
    if quantity < market.min_quantity or quantity > market.max_quantity or off_step(quantity, market.quantity_step):
        return codes.LOT_SIZE
    return 0


def wrong_market_quantity(market: Market, quantity: int) -> int:
    """MARKET_LOT_SIZE: off where it has no greatest quantity."""
    if not market.market_max_quantity:
        return 0
    if quantity < market.market_min_quantity or quantity > market.market_max_quantity:
        return codes.MARKET_LOT_SIZE
    return codes.MARKET_LOT_SIZE if off_step(quantity, market.market_quantity_step) else 0


def wrong_percent_price(market: Market, side: int, price: int, now_ns: int) -> int:
    """PERCENT_PRICE_BY_SIDE around the average price; nothing is checked before the first trade."""
    if now_ns >= market.bounds_until_ns:
        set_bounds(market, now_ns)
    if side == codes.BUY:
        return codes.PERCENT_PRICE_BY_SIDE if price > market.bid_top or price < market.bid_bottom else 0
    return codes.PERCENT_PRICE_BY_SIDE if price > market.ask_top or price < market.ask_bottom else 0


def set_bounds(market: Market, now_ns: int) -> None:
    """Work out the prices that the percent filter lets through: they hold until the next trade or the next bucket."""
    reference = average.average_price(market, now_ns)
    market.bid_top = upper_bound(reference, market.bid_up_ppm)
    market.ask_top = upper_bound(reference, market.ask_up_ppm)
    market.bid_bottom = arithmetic.mul_ppm(reference, market.bid_down_ppm)
    market.ask_bottom = arithmetic.mul_ppm(reference, market.ask_down_ppm)
    market.bounds_until_ns = codes.AMOUNT_MAX
    if market.average_minutes:
        width_ns = market.average_minutes * codes.NS_PER_SECOND
        market.bounds_until_ns = (now_ns // width_ns + 1) * width_ns


def upper_bound(reference: int, up_ppm: int) -> int:
    return arithmetic.mul_ppm(reference, up_ppm) if reference and up_ppm else codes.PRICE_MAX


def wrong_notional(market: Market, price: int, quantity: int) -> int:
    notional = arithmetic.quote_units(market.quote_per_tick_lot, price, quantity)
    if notional < market.min_notional or (market.max_notional and notional > market.max_notional):
        return codes.NOTIONAL
    return 0


def wrong_market_notional(market: Market, quantity: int, now_ns: int) -> int:
    """NOTIONAL for a MARKET order by quantity: only the bounds marked so, at the average price."""
    if not market.apply_min_to_market and not market.apply_max_to_market:
        return 0
    reference = average.average_price(market, now_ns)
    if not reference:
        return 0
    if quantity > codes.AMOUNT_MAX // (reference * market.quote_per_tick_lot):
        return codes.NOTIONAL
    notional = arithmetic.quote_units(market.quote_per_tick_lot, reference, quantity)
    if market.apply_min_to_market and notional < market.min_notional:
        return codes.NOTIONAL
    if market.apply_max_to_market and market.max_notional and notional > market.max_notional:
        return codes.NOTIONAL
    return 0
