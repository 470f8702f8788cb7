"""What clients ask at start: ping, time, exchangeInfo, and the rules of execution."""

from collections.abc import Mapping
from typing import Any

from exchange.api import answers, errors, parameters
from exchange.api.context import Context, Reply, Request, WireMarket
from exchange.api.endpoints import Endpoint, public
from exchange.api.errors import WireError
from exchange.api.parameters import Parameter
from exchange.core import queries
from exchange.messages.orders import OrderType, SelfTrade

STATUS = {1: "TRADING", 2: "HALT", 3: "BREAK", 4: "CANCEL_ONLY", 5: "POST_ONLY", 6: "AUCTION_MATCH"}
MODES = (SelfTrade.EXPIRE_TAKER, SelfTrade.EXPIRE_MAKER, SelfTrade.EXPIRE_BOTH, SelfTrade.DECREMENT, SelfTrade.TRANSFER)
STATUSES = parameters.word(tuple(STATUS.values()), WireError(-1122, "Invalid symbolStatus."))


def ping(request: Request) -> Reply:
    """Whether anybody is there."""
    return Reply({})


def time(request: Request) -> Reply:
    """The venue's clock."""
    return Reply({"serverTime": request.time(request.now_ns)})


def ppm(number: int) -> str:
    """Parts per million as a plain decimal: 5,000,000 is "5"."""
    whole, rest = divmod(number, 1_000_000)
    return f"{whole}.{rest:06d}".rstrip("0").rstrip(".")


def filters_shown(market: WireMarket, found: dict[str, int]) -> list[dict[str, Any]]:
    """A market's filters, PRICE_FILTER first: clients read filters[0].tickSize."""
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": market.price(found["min_price"]),
            "maxPrice": market.price(found["max_price"]),
            "tickSize": market.price(found["price_step"]),
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": market.quantity(found["min_quantity"]),
            "maxQty": market.quantity(found["max_quantity"]),
            "stepSize": market.quantity(found["quantity_step"]),
        },
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": market.quantity(found["market_min_quantity"]),
            "maxQty": market.quantity(found["market_max_quantity"] or found["max_quantity"]),
            "stepSize": market.quantity(found["market_quantity_step"]),
        },
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": ppm(found["bid_up_ppm"]),
            "bidMultiplierDown": ppm(found["bid_down_ppm"]),
            "askMultiplierUp": ppm(found["ask_up_ppm"]),
            "askMultiplierDown": ppm(found["ask_down_ppm"]),
            "avgPriceMins": found["average_minutes"],
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": market.notional(found["min_notional"]),
            "applyMinToMarket": bool(found["apply_min_to_market"]),
            "maxNotional": market.notional(found["max_notional"]),
            "applyMaxToMarket": bool(found["apply_max_to_market"]),
            "avgPriceMins": found["average_minutes"],
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": found["max_orders"]},
        *rarer_filters(market, found),
    ]


def rarer_filters(market: WireMarket, found: dict[str, int]) -> list[dict[str, Any]]:
    """Filters that a market shows where they are set."""
    shown: list[dict[str, Any]] = []
    if found["least_notional"]:
        shown.append(
            {
                "filterType": "MIN_NOTIONAL",
                "minNotional": market.notional(found["least_notional"]),
                "applyToMarket": bool(found["least_applies"]),
                "avgPriceMins": found["average_minutes"],
            }
        )
    if found["up_ppm"] or found["down_ppm"]:
        shown.append(
            {
                "filterType": "PERCENT_PRICE",
                "multiplierUp": ppm(found["up_ppm"]),
                "multiplierDown": ppm(found["down_ppm"]),
                "avgPriceMins": found["average_minutes"],
            }
        )
    trailing = {
        "minTrailingAboveDelta": found["min_trailing_above"],
        "maxTrailingAboveDelta": found["max_trailing_above"],
        "minTrailingBelowDelta": found["min_trailing_below"],
        "maxTrailingBelowDelta": found["max_trailing_below"],
    }
    if any(trailing.values()):
        shown.append({"filterType": "TRAILING_DELTA"} | trailing)
    return shown + [
        {"filterType": name, field: found[filter_name]} for name, field, filter_name in COUNTED if found[filter_name]
    ]


COUNTED = (
    ("ICEBERG_PARTS", "limit", "iceberg_parts"),
    ("MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders", "max_algo_orders"),
    ("MAX_NUM_ICEBERG_ORDERS", "maxNumIcebergOrders", "max_iceberg_orders"),
    ("MAX_NUM_ORDER_LISTS", "maxNumOrderLists", "max_lists"),
    ("MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends", "max_amends"),
)


EVERYWHERE = {
    "max_orders": ("EXCHANGE_MAX_NUM_ORDERS", "maxNumOrders"),
    "max_algo_orders": ("EXCHANGE_MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders"),
    "max_iceberg_orders": ("EXCHANGE_MAX_NUM_ICEBERG_ORDERS", "maxNumIcebergOrders"),
    "max_lists": ("EXCHANGE_MAX_NUM_ORDER_LISTS", "maxNumOrderLists"),
}


def exchange_filters(context: Context) -> list[dict[str, Any]]:
    """The limits over all markets that are set."""
    limits = queries.exchange_limits(context.state)
    return [{"filterType": name, field: limits[limit]} for limit, (name, field) in EVERYWHERE.items() if limits[limit]]


def asset_filters(context: Context) -> list[dict[str, Any]]:
    return [
        {"filterType": "MAX_ASSET", "asset": asset, "limit": context.amount(asset, most)}
        for asset, most in queries.asset_limits(context.state).items()
    ]


def symbol_shown(context: Context, market: WireMarket, with_permission_sets: bool) -> dict[str, Any]:
    found = queries.filters(context.state, market.market_id)
    allowed = [mode.name for mode in MODES if found["allowed_self_trade"] >> mode & 1]
    return {
        "symbol": market.symbol,
        "status": STATUS[found["status"]],
        "baseAsset": market.base,
        "baseAssetPrecision": market.base_scale,
        "quoteAsset": market.quote,
        "quotePrecision": market.quote_scale,
        "quoteAssetPrecision": market.quote_scale,
        "baseCommissionPrecision": market.base_scale,
        "quoteCommissionPrecision": market.quote_scale,
        "orderTypes": [order_type.name for order_type in OrderType],
        **queries.features(context.state, market.market_id),
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": filters_shown(market, found),
        "permissions": [],
        "permissionSets": [["SPOT"]] if with_permission_sets else [],
        "defaultSelfTradePreventionMode": SelfTrade(found["default_self_trade"]).name,
        "allowedSelfTradePreventionModes": ["NONE", *allowed],
    }


def chosen_markets(request: Request) -> list[WireMarket]:
    """The markets that `symbol` or `symbols` name; all of them where neither is there."""
    values, context = request.values, request.context
    if values["symbol"] is not None and values["symbols"] is not None:
        raise errors.BAD_COMBINATION
    if values["symbol"] is not None:
        return [context.market(values["symbol"])]
    if values["symbols"] is not None:
        return [context.market(symbol) for symbol in values["symbols"]]
    return context.markets_by_id


def exchange_info(request: Request) -> Reply:
    """Limits, markets and their filters."""
    values, context = request.values, request.context
    named = values["symbol"] is not None or values["symbols"] is not None
    if named and (values["permissions"] is not None or values["symbolStatus"] is not None):
        raise errors.BAD_COMBINATION
    markets = chosen_markets(request)
    if values["permissions"] is not None and "SPOT" not in values["permissions"]:
        markets = []
    shown = [symbol_shown(context, market, values["showPermissionSets"]) for market in markets]
    if values["symbolStatus"] is not None:
        shown = [each for each in shown if each["status"] == values["symbolStatus"]]
    return Reply(
        {
            "timezone": "UTC",
            "serverTime": request.time(request.now_ns),
            "rateLimits": context.limits.profile.shown,
            "exchangeFilters": exchange_filters(context),
            "symbols": shown,
        }
    )


def execution_rules(request: Request) -> Reply:
    """The rules of execution prices: none are in force."""
    values = request.values
    if sum(values[name] is not None for name in ("symbol", "symbols", "symbolStatus")) > 1:
        raise errors.BAD_COMBINATION
    markets = chosen_markets(request)
    wanted = values["symbolStatus"]
    if wanted is not None:
        markets = [market for market in markets if status(request.context, market) == wanted]
    return Reply({"symbolRules": [{"symbol": market.symbol, "rules": []} for market in markets]})


def status(context: Context, market: WireMarket) -> str:
    return STATUS[queries.filters(context.state, market.market_id)["status"]]


def execution_rules_weight(values: Mapping[str, Any]) -> int:
    if values.get("symbol") is not None:
        return 2
    return min(40, 2 * len(values.get("symbols") or ())) or 40


SYMBOL = Parameter("symbol", parameters.symbol)
SYMBOLS = Parameter("symbols", parameters.symbols)
SYMBOL_STATUS = Parameter("symbolStatus", STATUSES)
ENDPOINTS: tuple[Endpoint, ...] = (
    public("/api/v3/ping", 1, ping, socket_method="ping", response=answers.Empty),
    public("/api/v3/time", 1, time, socket_method="time", response=answers.ServerTime),
    public(
        "/api/v3/exchangeInfo",
        20,
        exchange_info,
        SYMBOL,
        SYMBOLS,
        Parameter("permissions", parameters.text_or_texts),
        Parameter("showPermissionSets", parameters.boolean, default=True),
        SYMBOL_STATUS,
        socket_method="exchangeInfo",
        response=answers.ExchangeInfo,
    ),
    public(
        "/api/v3/executionRules",
        execution_rules_weight,
        execution_rules,
        SYMBOL,
        SYMBOLS,
        SYMBOL_STATUS,
        socket_method="executionRules",
        response=answers.ExecutionRules,
    ),
)
