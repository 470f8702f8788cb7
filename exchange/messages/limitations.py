"""Limits that few orders meet: over all markets, of an asset, of a market's smallest notional."""

from .base import AssetId, Command, Event, KeyId, MarketId


class SetExchangeLimits(Command, frozen=True, tag=16):
    """How many orders, orders that wait, icebergs and lists an account may have open in all markets; 0 is off."""

    key_id: KeyId
    max_orders: int
    max_algo_orders: int = 0
    max_iceberg_orders: int = 0
    max_lists: int = 0


class SetAssetLimit(Command, frozen=True, tag=17):
    """How much of an asset one order may be about, as base or as quote, in minor units; 0 is off (MAX_ASSET)."""

    key_id: KeyId
    asset_id: AssetId
    most: int


class SetMinNotional(Command, frozen=True, tag=18):
    """The least notional of a market's orders in minor units of the quote asset, and whether it holds for those without
    a price, at the average price (0, 1); 0 is off.
    """

    key_id: KeyId
    market_id: MarketId
    least: int
    applies_to_market: int = 0


class ExchangeLimitsSet(Event, frozen=True, tag=16):
    """`limits` in the order of SetExchangeLimits."""

    limits: list[int]


class AssetLimitSet(Event, frozen=True, tag=17):
    asset_id: AssetId
    most: int


class MinNotionalSet(Event, frozen=True, tag=18):
    market_id: MarketId
    least: int
    applies_to_market: int
