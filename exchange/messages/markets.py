"""Commands and events about assets and markets."""

from .base import AssetId, Command, Event, KeyId, MarketId


class ListAsset(Command, frozen=True, tag=10):
    """Add an asset. `scale` is the number of decimals of its minor unit."""

    key_id: KeyId
    name: str
    scale: int


class ListMarket(Command, frozen=True, tag=11):
    """Add a market, closed and without filters.

    Units:   tick_size in minor units of the quote asset per whole base unit; lot_size in minor units of the base asset.
             tick_size × lot_size must be a whole number of quote minor units × 10^(scale of base): a notional is exact.
             Both are what the market counts in, and stay: as fine as they may ever have to be. What traders know as
             tick and step size are SetFilters' steps, so many of these, and change while orders rest.
    """

    key_id: KeyId
    symbol: str
    base: AssetId
    quote: AssetId
    tick_size: int
    lot_size: int


class SetMarketStatus(Command, frozen=True, tag=12):
    """Set what a market lets through: TRADING 1, HALT 2, BREAK 3, CANCEL_ONLY 4, POST_ONLY 5."""

    key_id: KeyId
    market_id: MarketId
    status: int


class SetFilters(Command, frozen=True, tag=13):
    """Set all filters of a market.

    Units:   prices in ticks, quantities and max_position in lots, notionals in minor units of the quote asset, ppm of
             the average price, trailing in hundredths of a percent; allowed_self_trade has bit 1 << mode for each mode
             allowed besides NONE. 0 is off, but for the first eight fields.
    """

    key_id: KeyId
    market_id: MarketId
    min_price: int
    max_price: int
    price_step: int
    min_quantity: int
    max_quantity: int
    quantity_step: int
    max_orders: int
    default_self_trade: int
    allowed_self_trade: int
    market_min_quantity: int = 0
    market_max_quantity: int = 0
    market_quantity_step: int = 0
    min_notional: int = 0
    max_notional: int = 0
    apply_min_to_market: int = 0
    apply_max_to_market: int = 0
    bid_up_ppm: int = 0
    bid_down_ppm: int = 0
    ask_up_ppm: int = 0
    ask_down_ppm: int = 0
    average_minutes: int = 0
    up_ppm: int = 0
    down_ppm: int = 0
    min_trailing_above: int = 0
    max_trailing_above: int = 0
    min_trailing_below: int = 0
    max_trailing_below: int = 0
    max_algo_orders: int = 0
    max_iceberg_orders: int = 0
    iceberg_parts: int = 0
    max_lists: int = 0
    max_amends: int = 0
    max_position: int = 0


class SetFees(Command, frozen=True, tag=14):
    """Set what makers and takers of an account tier pay in a market, in parts per million of what they receive.

    A negative maker_ppm is a rebate: that share of what the maker gives, a part of the taker's fee and never above it.
    """

    key_id: KeyId
    market_id: MarketId
    tier: int
    maker_ppm: int
    taker_ppm: int


class AssetListed(Event, frozen=True, tag=10):
    asset_id: AssetId
    name: str
    scale: int


class MarketListed(Event, frozen=True, tag=11):
    """`base_per_lot` and `quote_per_tick_lot` are the whole numbers that make amounts of lots and ticks."""

    market_id: MarketId
    symbol: str
    base: AssetId
    quote: AssetId
    tick_size: int
    lot_size: int
    base_per_lot: int
    quote_per_tick_lot: int


class MarketStatusSet(Event, frozen=True, tag=12):
    market_id: MarketId
    status: int


class FiltersSet(Event, frozen=True, tag=13):
    """`filters` are the fields of SetFilters from min_price on, in their order."""

    market_id: MarketId
    filters: list[int]


class FeesSet(Event, frozen=True, tag=14):
    market_id: MarketId
    tier: int
    maker_ppm: int
    taker_ppm: int
    version: int


class MarketEmptied(Event, frozen=True, tag=15):
    """A market that only lets cancel has no order left: it can be taken off."""

    market_id: MarketId
