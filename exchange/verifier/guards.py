"""What stops a market by itself (section Protection of core/matching/README.md)."""

from . import words
from .state import Market, State


def watch(state: State, market: Market, quote_amount: int) -> None:
    """Stop a market whose price has moved too far in a while, or that has traded too much in a second."""
    guards = market.protection
    if guards["breaker_ppm"]:
        is_over = state.now_ns - market.breaker_since_ns >= guards["breaker_seconds"] * words.NS_PER_SECOND
        if market.breaker_price == 0 or is_over:
            market.breaker_price, market.breaker_since_ns = market.last_price, state.now_ns
        most = market.breaker_price * guards["breaker_ppm"] // words.PPM
        if abs(market.last_price - market.breaker_price) > most:
            market.status = words.HALT
    if guards["notional_per_second"]:
        second = state.now_ns // words.NS_PER_SECOND
        if second != market.notional_second:
            market.notional_second, market.notional_sum = second, 0
        market.notional_sum += quote_amount
        if market.notional_sum > guards["notional_per_second"] and market.status == words.TRADING:
            market.status = words.CANCEL_ONLY
    if market.status != words.TRADING:
        market.has_tripped = True
        market.breaker_price = market.notional_sum = 0
