"""The demo's markets: what each is listed with, in the wire's own decimals."""

from decimal import Decimal
from typing import NamedTuple

from exchange.messages import markets, registry

SCALE = 8
ASSETS = ("USDT", "BTC", "ETH", "BNB", "SOL")
MAKER_PPM, TAKER_PPM = 1_000, 1_000


class DemoMarket(NamedTuple):
    """A market as a person would list it."""

    base: str
    quote: str
    tick: str
    lot: str
    price: str
    """Where its flow begins."""
    max_price: str
    max_quantity: str
    min_notional: str

    @property
    def symbol(self) -> str:
        return self.base + self.quote


MARKETS = (
    DemoMarket("BTC", "USDT", "0.01", "0.00001", "67000", "1000000", "9000", "5"),
    DemoMarket("ETH", "USDT", "0.01", "0.0001", "3500", "1000000", "9000", "5"),
    DemoMarket("BNB", "USDT", "0.01", "0.001", "600", "100000", "90000", "5"),
    DemoMarket("SOL", "USDT", "0.01", "0.001", "150", "100000", "90000", "5"),
    DemoMarket("ETH", "BTC", "0.00001", "0.001", "0.052", "1000", "10000", "0.0001"),
)


def units(text: str) -> int:
    return int(Decimal(text).scaleb(SCALE))


def commands() -> list[registry.AnyCommand]:
    """Assets and markets with their filters and fees, open for trading."""
    listed: list[registry.AnyCommand] = [markets.ListAsset(0, name, SCALE) for name in ASSETS]
    for number, market in enumerate(MARKETS, 1):
        tick, lot = units(market.tick), units(market.lot)
        base, quote = ASSETS.index(market.base) + 1, ASSETS.index(market.quote) + 1
        listed += [
            markets.ListMarket(0, market.symbol, base, quote, tick, lot),
            markets.SetFilters(
                0,
                number,
                min_price=1,
                max_price=units(market.max_price) // tick,
                price_step=1,
                min_quantity=1,
                max_quantity=units(market.max_quantity) // lot,
                quantity_step=1,
                max_orders=200,
                default_self_trade=4,
                allowed_self_trade=0b111100,
                market_max_quantity=units(market.max_quantity) // lot // 10,
                min_notional=units(market.min_notional),
                max_notional=units("9000000"),
                apply_min_to_market=1,
                bid_up_ppm=5_000_000,
                bid_down_ppm=200_000,
                ask_up_ppm=5_000_000,
                ask_down_ppm=200_000,
                average_minutes=5,
                min_trailing_above=10,
                max_trailing_above=2_000,
                min_trailing_below=10,
                max_trailing_below=2_000,
                max_algo_orders=5,
                iceberg_parts=100,
                max_amends=10,
            ),
            markets.SetFees(0, number, 0, MAKER_PPM, TAKER_PPM),
            markets.SetMarketStatus(0, number, 1),
        ]
    return listed
