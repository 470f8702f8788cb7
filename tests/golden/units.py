"""A market's numbers as a trader writes them."""

from decimal import Decimal

from exchange.core import queries


def number(text: Decimal) -> str:
    """A decimal without trailing zeros."""
    return f"{text.normalize():f}"


class Market:
    """A market of the core with its numbers as a trader writes them."""

    def __init__(self, market: queries.Market) -> None:
        self.market_id = market.market_id
        self.tick = Decimal(market.tick_size).scaleb(-market.quote_scale)
        self.lot = Decimal(market.lot_size).scaleb(-market.base_scale)

    def price(self, ticks: int) -> Decimal:
        return ticks * self.tick

    def quantity(self, lots: int) -> Decimal:
        return lots * self.lot

    def ticks(self, price: str) -> int:
        return whole(Decimal(price), self.tick)

    def lots(self, quantity: str) -> int:
        return whole(Decimal(quantity), self.lot)


def whole(amount: Decimal, unit: Decimal) -> int:
    count, rest = divmod(amount, unit)
    if rest:
        raise ValueError(f"{amount} is no whole multiple of {unit}")
    return int(count)
