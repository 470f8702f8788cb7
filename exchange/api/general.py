"""What clients ask at start: ping, time, exchangeInfo, and the few /sapi reads without which they do not go on."""

from typing import Any

from exchange.api import decimals, parameters
from exchange.api.context import Context, Reply, Request, WireMarket
from exchange.api.endpoints import Endpoint, public, reading
from exchange.api.errors import WireError
from exchange.api.parameters import Parameter
from exchange.core import queries
from exchange.messages.orders import OrderType, SelfTrade

STATUS = {1: "TRADING", 2: "HALT", 3: "BREAK", 4: "CANCEL_ONLY", 5: "POST_ONLY", 6: "AUCTION_MATCH"}
MODES = (SelfTrade.EXPIRE_TAKER, SelfTrade.EXPIRE_MAKER, SelfTrade.EXPIRE_BOTH)
STATUSES = parameters.word(tuple(STATUS.values()), WireError(-1122, "Invalid symbolStatus."))


def ping(request: Request) -> Reply:
    return Reply({})


def time(request: Request) -> Reply:
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
        "icebergAllowed": False,
        "ocoAllowed": False,
        "otoAllowed": False,
        "opoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": False,
        "amendAllowed": False,
        "pegInstructionsAllowed": False,
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
        raise WireError(-1128, "Combination of optional parameters invalid.")
    if values["symbol"] is not None:
        return [context.market(values["symbol"])]
    if values["symbols"] is not None:
        return [context.market(symbol) for symbol in values["symbols"]]
    return context.markets_by_id


def exchange_info(request: Request) -> Reply:
    values, context = request.values, request.context
    named = values["symbol"] is not None or values["symbols"] is not None
    if named and (values["permissions"] is not None or values["symbolStatus"] is not None):
        raise WireError(-1128, "Combination of optional parameters invalid.")
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
            "exchangeFilters": [],
            "symbols": shown,
        }
    )


def nothing(request: Request) -> Reply:
    return Reply([])


def system_status(request: Request) -> Reply:
    return Reply({"status": 0, "msg": "normal"})


def coins(request: Request) -> Reply:
    """Every asset with what the account has of it. No network yet: custody comes with its chains."""
    held = {
        name: (free, locked) for name, free, locked in queries.balances(request.context.state, request.sender.account)
    }
    shown = []
    for name, scale in request.context.asset_scales.items():
        free, locked = held.get(name, (0, 0))
        zero = decimals.write(0, scale)
        shown.append(
            {
                "coin": name,
                "depositAllEnable": False,
                "withdrawAllEnable": False,
                "name": name,
                "free": decimals.write(free, scale),
                "locked": decimals.write(locked, scale),
                "freeze": zero,
                "withdrawing": zero,
                "ipoing": zero,
                "ipoable": zero,
                "storage": zero,
                "isLegalMoney": False,
                "trading": True,
                "networkList": [],
            }
        )
    return Reply(shown)


def trade_fee(request: Request) -> Reply:
    """An array even for one symbol."""
    context, symbol = request.context, request.values["symbol"]
    markets = context.markets_by_id if symbol is None else [context.market(symbol)]
    shown = []
    for market in markets:
        maker, taker = queries.fees_ppm(context.state, market.market_id, request.sender.account)
        shown.append({"symbol": market.symbol, "makerCommission": ppm(maker), "takerCommission": ppm(taker)})
    return Reply(shown)


SYMBOL = Parameter("symbol", parameters.symbol)
SYMBOLS = Parameter("symbols", parameters.symbols)
ENDPOINTS: tuple[Endpoint, ...] = (
    public("/api/v3/ping", 1, ping, socket_method="ping"),
    public("/api/v3/time", 1, time, socket_method="time"),
    public(
        "/api/v3/exchangeInfo",
        20,
        exchange_info,
        SYMBOL,
        SYMBOLS,
        Parameter("permissions", parameters.text_or_texts),
        Parameter("showPermissionSets", parameters.boolean, default=True),
        Parameter("symbolStatus", STATUSES),
        socket_method="exchangeInfo",
    ),
    public("/sapi/v1/system/status", 1, system_status),
    reading("/sapi/v1/capital/config/getall", 10, coins),
    reading("/sapi/v1/asset/tradeFee", 1, trade_fee, SYMBOL),
    reading("/sapi/v1/margin/allPairs", 1, nothing),
    reading("/sapi/v1/margin/isolated/allPairs", 1, nothing),
)
