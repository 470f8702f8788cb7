"""What amounts are worth in another asset, by the last prices of the markets between them."""

from collections import deque
from decimal import ROUND_DOWN, Context, Decimal
from typing import Any

from exchange.api import decimals
from exchange.core import queries

EXACT = Context(prec=60, rounding=ROUND_DOWN)
PLACES = Decimal("0.00000001")
ZERO = Decimal(0)


def rates(state: Any, asset: str) -> dict[str, Decimal]:
    """What one unit of every asset is worth in `asset`, over the fewest markets; what nobody has traded is left out.

    Of two ways of the same length the one over the market that was listed first counts.
    """
    markets = [queries.market_by_id(state, number) for number in range(1, queries.market_count(state) + 1)]
    found = {asset: Decimal(1)}
    waiting = deque([asset])
    while waiting:
        known = waiting.popleft()
        for market in markets:
            last = queries.filters(state, market.market_id)["last_price"]
            if not last or known not in (market.base, market.quote):
                continue
            price = Decimal(decimals.write(last * market.tick_size, market.quote_scale))
            other = market.base if known == market.quote else market.quote
            if other not in found:
                by_price = EXACT.multiply if known == market.quote else EXACT.divide
                found[other] = by_price(found[known], price)
                waiting.append(other)
    return found


def worth(amount: str, rate: Decimal) -> Decimal:
    """The worth of an amount as the wire has it."""
    return EXACT.multiply(Decimal(amount), rate)


def write(value: Decimal) -> str:
    """Eight places, rounded down."""
    return f"{value.quantize(PLACES, rounding=ROUND_DOWN, context=EXACT):f}"
