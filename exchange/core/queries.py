"""Read-only answers from the state: what the api, the workers and tests may see of the core."""

from typing import Any, NamedTuple

from exchange.messages.accounts import ApiKeyGranted
from exchange.messages.limits import Rule

from . import fees
from .limitations import LIMITS
from .markets import FILTER_FIELDS
from .matching import average, codes, cold
from .state import Listing, State

OrderFields = dict[str, Any]
FEATURES = {
    "icebergAllowed": codes.ICEBERGS_OFF,
    "ocoAllowed": codes.OCO_OFF,
    "otoAllowed": codes.OTO_OFF,
    "opoAllowed": codes.OPO_OFF,
    "quoteOrderQtyMarketAllowed": codes.QUOTE_ORDERS_OFF,
    "allowTrailingStop": codes.TRAILING_OFF,
    "cancelReplaceAllowed": codes.REPLACES_OFF,
    "amendAllowed": codes.AMENDS_OFF,
    "pegInstructionsAllowed": codes.PEGS_OFF,
}


class Market(NamedTuple):
    """How one market counts: tick_size and lot_size in minor units (messages/markets.py)."""

    market_id: int
    symbol: str
    base: str
    base_scale: int
    quote: str
    quote_scale: int
    tick_size: int
    lot_size: int
    quote_per_tick_lot: int


def described(state: State, listing: Listing) -> Market:
    hot = state.matching.markets[listing.market_id - 1]
    return Market(
        listing.market_id,
        listing.symbol,
        listing.base.name,
        listing.base.scale,
        listing.quote.name,
        listing.quote.scale,
        listing.tick_size,
        listing.lot_size,
        hot.quote_per_tick_lot,
    )


def market(state: State, symbol: str) -> Market:
    """A market by its symbol. KeyError where there is none."""
    return described(state, state.symbols[symbol])


def market_by_id(state: State, market_id: int) -> Market:
    return described(state, state.listings[market_id - 1])


def market_count(state: State) -> int:
    return len(state.listings)


def asset_scales(state: State) -> dict[str, int]:
    """Every asset's scale by its name."""
    return {asset.name: asset.scale for asset in state.assets}


def asset_name(state: State, asset_id: int) -> str:
    return state.assets[asset_id - 1].name


def filters(state: State, market_id: int) -> dict[str, int]:
    """A market's status, counters and filters by the names of SetFilters."""
    hot = state.matching.markets[market_id - 1]
    more = ("least_notional", "least_applies")
    return {name: getattr(hot, name) for name in ("status", "updates", "last_price", "trades", *more, *FILTER_FIELDS)}


def features(state: State, market_id: int) -> dict[str, bool]:
    """Which kinds of orders a market offers, by the names of exchangeInfo."""
    off = state.matching.markets[market_id - 1].features_off
    if not state.is_active(Rule.PEGS):
        off |= codes.PEGS_OFF
    if not state.is_active(Rule.ONE_PAYS_THE_OTHER):
        off |= codes.OPO_OFF
    return {name: not off & bit for name, bit in FEATURES.items()}


def exchange_limits(state: State) -> dict[str, int]:
    """How many orders an account may have open in all markets, by the names of SetExchangeLimits; 0: no limit."""
    return {name: getattr(state.matching.limits, name) for name in LIMITS}


def asset_limits(state: State) -> dict[str, int]:
    """How much of an asset one order may be about, where that is limited."""
    return {state.assets[asset - 1].name: most for asset, most in sorted(state.asset_limits.items()) if most}


def armed_sessions(state: State) -> list[tuple[int, int]]:
    """Sessions whose loss cancels the orders of an account, as (session id, account)."""
    return sorted(state.sessions.items())


class Commission(NamedTuple):
    """What an account pays in a market, in ppm as maker, taker, buyer, seller: the rates of its tier, what is added as
    special and as tax; and whether it wants to pay in the discount asset, and the market lets it.
    """

    standard: tuple[int, int, int, int]
    special: tuple[int, int, int, int]
    tax: tuple[int, int, int, int]
    is_wanted: bool
    is_offered: bool
    discount_asset: str
    discount_ppm: int


def commission(state: State, market_id: int, account_id: int) -> Commission:
    """The commissions in force; tiers by volume as they would be in a trade right now."""
    hot = state.matching.fees
    name = asset_name(state, hot.discount_asset) if hot.discount_asset else ""
    return Commission(
        fees.standard(state, market_id, account_id),
        fees.extra(state, codes.SPECIAL, market_id, account_id),
        fees.extra(state, codes.TAX, market_id, account_id),
        account_id in state.discount_payers,
        bool(name) and market_id in state.discount_markets,
        name,
        hot.discount_ppm,
    )


def fees_ppm(state: State, market_id: int, account_id: int) -> tuple[int, int]:
    """What an account pays in a market by its tier, as maker and as taker."""
    return commission(state, market_id, account_id).standard[:2]


def pays_discount(state: State, account_id: int) -> bool:
    """Whether an account wants to pay its fees in the discount asset."""
    return account_id in state.discount_payers


def account(state: State, account_id: int) -> tuple[int, int, int, int, int]:
    """An account's kind, status, tier as of now, trade group and number of open orders."""
    found = cold.account(state.matching, account_id)
    if found is None:
        raise KeyError(account_id)
    tier = state.matching.fees.tier_at(account_id, state.now_ns // codes.NS_PER_DAY)
    return (*found[:2], tier, *found[3:])


def granted_keys(state: State) -> list[ApiKeyGranted]:
    """Every key in force, as the event that granted it."""
    found = []
    for key in state.api_keys.values():
        account_id, rights, revoked = cold.key(state.matching, key.key_id) or (0, 0, 1)
        if not revoked:
            found.append(
                ApiKeyGranted(
                    key.key_id,
                    account_id,
                    rights,
                    key.api_key,
                    key.algorithm,
                    key.public_key,
                    key.vault_reference,
                    key.expires_ns,
                )
            )
    return found


def vault_references(state: State) -> list[str]:
    """Every reference into the vault that a journaled key has, revoked or not."""
    return [key.vault_reference for key in state.api_keys.values() if key.vault_reference]


def accounts_of(state: State, user_id: int) -> list[int]:
    """The accounts that were opened for a user."""
    return [account_id for account_id, user in state.users.items() if user == user_id]


def assets(state: State) -> dict[str, int]:
    """Every asset's id by its name."""
    return {asset.name: asset.asset_id for asset in state.assets}


def balances(state: State, account_id: int) -> list[tuple[str, int, int]]:
    """An account's balances as (asset, available, held) in minor units, of the assets that it ever had."""
    cells = cold.cells_of(state.matching, account_id, len(state.assets))
    return [(state.assets[asset - 1].name, available, held) for asset, available, held in cells]


def balance(state: State, account_id: int, asset_id: int) -> tuple[int, int]:
    """What an account has available and held of one asset."""
    available, held, _ = state.matching.balance(account_id, asset_id)
    return available, held


def depth(state: State, market_id: int, side: int, limit: int) -> list[tuple[int, int]]:
    """The best `limit` levels of a side as (ticks, lots), best first."""
    levels: list[tuple[int, int]] = cold.depth(state.matching.markets[market_id - 1], side, limit)
    return levels


def best(state: State, market_id: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """The best bid and ask as (ticks, lots); (0, 0) where a side is empty."""
    bids, asks = depth(state, market_id, codes.BUY, 1), depth(state, market_id, codes.SELL, 1)
    return bids[0] if bids else (0, 0), asks[0] if asks else (0, 0)


def average_price(state: State, market_id: int, now_ns: int) -> int:
    """The average price in ticks (matching/README.md); 0 before any trade."""
    ticks: int = average.average_price(state.matching.markets[market_id - 1], now_ns)
    return ticks


def order(state: State, order_id: int) -> OrderFields | None:
    """An open order by its id."""
    found: OrderFields | None = cold.order_by_id(state.matching, order_id)
    return found


def order_by_client_id(state: State, account_id: int, client_id: bytes) -> OrderFields | None:
    """An account's open order by the 40 bytes of its client id."""
    found: OrderFields | None = cold.order_by_client_id(state.matching, account_id, client_id)
    return found


def open_orders(state: State, account_id: int, market_id: int) -> list[OrderFields]:
    """An account's open orders in one market (0: in all), oldest first within each."""
    found: list[OrderFields] = cold.orders_of(state.matching, account_id, market_id)
    return found
