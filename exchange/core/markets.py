"""Assets and markets: listing them, and what an operator sets of them."""

from exchange.messages.base import Reject
from exchange.messages.limits import Limit, Rule
from exchange.messages.markets import (
    AssetListed,
    FeesSet,
    FiltersSet,
    ListAsset,
    ListMarket,
    MarketEmptied,
    MarketListed,
    MarketStatusSet,
    SetFees,
    SetFilters,
    SetMarketStatus,
)
from exchange.messages.rejects import RejectCode

from . import auctions, fees, limitations, rules
from .matching import codes
from .matching.market import Market
from .state import Asset, Listing, State, find_asset, find_market

NAME_LENGTH_MAX = 20
# Controls, spaces, joiners, marks of direction; first and last code point of each range.
INVISIBLE = (
    *((0x00, 0x20), (0x7F, 0xA0), (0xAD, 0xAD), (0x1680, 0x1680), (0x180E, 0x180E), (0x2000, 0x200F)),
    *((0x2028, 0x202F), (0x205F, 0x206F), (0x3000, 0x3000), (0xD800, 0xF8FF), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF)),
    *((0xFFF0, 0xFFFF), (0xE0000, 0x10FFFF)),
)
SCALE_MAX = 18
FILTER_FIELDS = SetFilters.__struct_fields__[2:]
SMALL_FILTERS = SetFilters.__struct_fields__[SetFilters.__struct_fields__.index("min_trailing_above") : -1]
REQUIRED_FILTERS = (
    "min_price",
    "max_price",
    "price_step",
    "min_quantity",
    "max_quantity",
    "quantity_step",
    "max_orders",
)


def check_name(name: str) -> None:
    """Names are 1 to 20 visible characters; upper case is the manner, not a rule (Unicode names exist).

    What is invisible is said by number: Python's own tables of characters change with its version, history may not.
    """
    if not 1 <= len(name) <= NAME_LENGTH_MAX:
        raise Reject(RejectCode.WRONG_NAME)
    if any(first <= ord(letter) <= last for letter in name for first, last in INVISIBLE):
        raise Reject(RejectCode.WRONG_NAME)


def list_asset(state: State, command: ListAsset) -> None:
    if len(state.assets) >= state.limits[Limit.ASSETS]:
        raise Reject(RejectCode.LIMIT_REACHED)
    check_name(command.name)
    if command.name in state.asset_names:
        raise Reject(RejectCode.DUPLICATE_NAME)
    if not 0 <= command.scale <= SCALE_MAX:
        raise Reject(RejectCode.WRONG_SCALE)
    # From here on the command must succeed.
    asset = Asset(len(state.assets) + 1, command.name, command.scale)
    state.assets.append(asset)
    state.asset_names[asset.name] = asset
    state.emit(AssetListed(asset.asset_id, asset.name, asset.scale))


def list_market(state: State, command: ListMarket) -> None:
    if len(state.listings) >= state.limits[Limit.MARKETS]:
        raise Reject(RejectCode.LIMIT_REACHED)
    check_name(command.symbol)
    if command.symbol in state.symbols:
        raise Reject(RejectCode.DUPLICATE_NAME)
    base = find_asset(state, command.base)
    quote = find_asset(state, command.quote)
    if base is quote:
        raise Reject(RejectCode.SAME_ASSET)
    if not (0 < command.tick_size <= codes.PRICE_MAX and 0 < command.lot_size <= codes.QUANTITY_MAX):
        raise Reject(RejectCode.NUMBER_OUT_OF_RANGE)
    quote_per_tick_lot, remainder = divmod(command.tick_size * command.lot_size, 10**base.scale)
    if remainder or quote_per_tick_lot == 0:
        raise Reject(RejectCode.NOT_EXACT)
    if quote_per_tick_lot > codes.QUANTITY_MAX:
        raise Reject(RejectCode.NUMBER_OUT_OF_RANGE)
    # From here on the command must succeed.
    market = state.matching.list_market(base.asset_id, quote.asset_id, command.lot_size, quote_per_tick_lot)
    limitations.note(state, market)
    rules.tell(state, market)
    listing = Listing(market.id, command.symbol, base, quote, command.tick_size, command.lot_size)
    state.listings.append(listing)
    state.symbols[listing.symbol] = listing
    fees.note_listed(state)
    state.emit(
        MarketListed(
            market.id,
            listing.symbol,
            base.asset_id,
            quote.asset_id,
            command.tick_size,
            command.lot_size,
            market.base_per_lot,
            market.quote_per_tick_lot,
        )
    )


def set_status(state: State, command: SetMarketStatus) -> None:
    market = find_market(state, command.market_id)
    if command.status not in (codes.TRADING, codes.HALT, codes.BREAK, codes.CANCEL_ONLY, codes.POST_ONLY):
        raise Reject(RejectCode.WRONG_STATUS)
    is_opened = command.status in (codes.TRADING, codes.POST_ONLY)
    is_ended = market.status == codes.AUCTION and command.status == codes.TRADING
    if is_opened and not is_ended and (auctions.resumption_is_killed(state, market.id) or market.crosses()):
        raise Reject(RejectCode.NEEDS_AUCTION)
    # From here on the command must succeed.
    if is_ended:
        auctions.resume(state, market)
        return
    auctions.stop_timers(state, market)
    market.status = command.status
    state.emit(MarketStatusSet(market.id, command.status))
    if command.status == codes.CANCEL_ONLY and market.resting == 0 and market.waiting == 0:
        note_emptied(state, market.id)


def note_emptied(state: State, market_id: int) -> None:
    """What the order path owes when a market that only lets cancel has lost its last order."""
    if state.is_active(Rule.MARKET_EMPTIED):
        state.emit(MarketEmptied(market_id))


def note_if_emptied(state: State, market_id: int) -> None:
    """Tell of a market that only lets cancel where its last order has just gone."""
    market: Market = state.matching.markets[market_id - 1]
    if market.status == codes.CANCEL_ONLY and market.resting == 0 and market.waiting == 0:
        note_emptied(state, market_id)


def set_filters(state: State, command: SetFilters) -> None:
    market = find_market(state, command.market_id)
    check_filters(market, command)
    # From here on the command must succeed.
    for name in FILTER_FIELDS:
        if name != "average_minutes":
            setattr(market, name, getattr(command, name))
    market.set_average_minutes(command.average_minutes)
    limitations.note(state, market)
    state.emit(FiltersSet(market.id, [getattr(command, name) for name in FILTER_FIELDS]))


def check_filters(market: Market, command: SetFilters) -> None:
    """Refuse filters that contradict themselves, or under which a notional could pass 2^62."""
    if any(getattr(command, name) < 0 for name in FILTER_FIELDS):
        raise Reject(RejectCode.WRONG_FILTER)
    if any(getattr(command, name) == 0 for name in REQUIRED_FILTERS):
        raise Reject(RejectCode.WRONG_FILTER)
    if not command.min_price <= command.max_price <= codes.PRICE_MAX:
        raise Reject(RejectCode.WRONG_FILTER)
    if not command.min_quantity <= command.max_quantity <= codes.QUANTITY_MAX:
        raise Reject(RejectCode.WRONG_FILTER)
    if max(command.price_step, command.quantity_step, command.market_quantity_step) > codes.QUANTITY_MAX:
        raise Reject(RejectCode.WRONG_FILTER)
    if max(command.market_min_quantity, command.market_max_quantity) > codes.QUANTITY_MAX:
        raise Reject(RejectCode.WRONG_FILTER)
    if command.max_price * command.max_quantity * market.quote_per_tick_lot >= codes.AMOUNT_MAX:
        raise Reject(RejectCode.NUMBER_OUT_OF_RANGE)
    if command.max_quantity * market.base_per_lot >= codes.AMOUNT_MAX:
        raise Reject(RejectCode.NUMBER_OUT_OF_RANGE)
    if max(command.min_notional, command.max_notional) > codes.AMOUNT_MAX:
        raise Reject(RejectCode.WRONG_FILTER)
    if max(command.bid_up_ppm, command.bid_down_ppm, command.ask_up_ppm, command.ask_down_ppm) > codes.MULTIPLIER_MAX:
        raise Reject(RejectCode.WRONG_FILTER)
    if max(command.apply_min_to_market, command.apply_max_to_market) > 1:
        raise Reject(RejectCode.WRONG_FILTER)
    if command.average_minutes > codes.AVERAGE_MINUTES_MAX or command.max_orders > codes.ORDERS_MAX:
        raise Reject(RejectCode.WRONG_FILTER)
    if max(command.up_ppm, command.down_ppm) > codes.MULTIPLIER_MAX or command.max_position > codes.QUANTITY_MAX:
        raise Reject(RejectCode.WRONG_FILTER)
    if max(getattr(command, name) for name in SMALL_FILTERS) > codes.ORDERS_MAX:
        raise Reject(RejectCode.WRONG_FILTER)
    check_self_trade(command.default_self_trade, command.allowed_self_trade)


def check_self_trade(default: int, allowed: int) -> None:
    """The default is a mode of this engine that is allowed; NONE always is."""
    if not codes.NONE <= default <= codes.TRANSFER or allowed >> (codes.TRANSFER + 1) or allowed & 3:
        raise Reject(RejectCode.WRONG_FILTER)
    if default != codes.NONE and not allowed >> default & 1:
        raise Reject(RejectCode.WRONG_FILTER)


def set_fees(state: State, command: SetFees) -> None:
    market = find_market(state, command.market_id)
    if not 0 <= command.tier < codes.TIERS:
        raise Reject(RejectCode.WRONG_TIER)
    if not (abs(command.maker_ppm) <= codes.FEE_PPM_MAX and 0 <= command.taker_ppm <= codes.FEE_PPM_MAX):
        raise Reject(RejectCode.WRONG_FEE)
    # From here on the command must succeed.
    market.set_fees(command.tier, command.maker_ppm, command.taker_ppm)
    state.emit(FeesSet(market.id, command.tier, command.maker_ppm, command.taker_ppm, market.fee_version))


HANDLERS = {
    ListAsset: list_asset,
    ListMarket: list_market,
    SetMarketStatus: set_status,
    SetFilters: set_filters,
    SetFees: set_fees,
}
RIGHTS = dict.fromkeys(HANDLERS, codes.RIGHT_OPERATE)
