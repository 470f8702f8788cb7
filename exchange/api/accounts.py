"""An account's own view: balances, orders open and closed, trades."""

from collections.abc import Mapping
from typing import Any

from exchange.api import account_answers, answers, decimals, errors, parameters
from exchange.api.context import Reply, Request, WireMarket
from exchange.api.endpoints import Endpoint, reading
from exchange.api.errors import WireError
from exchange.api.general import asset_filters, exchange_filters, filters_shown
from exchange.api.market_data import until
from exchange.api.order_views import queried
from exchange.api.orders import NEITHER
from exchange.api.parameters import Parameter
from exchange.core import queries
from exchange.messages.orders import SelfTrade, Side
from exchange.messages.views import Fill, Order
from exchange.projections.prevented import PreventedMatch

DAY_NS = 86_400_000_000_000
PPM_PER_BIP = 100


def account(request: Request) -> Reply:
    """GET /api/v3/account."""
    context, key = request.context, request.sender
    _, status, _, group, _ = queries.account(context.state, key.account)
    rates = queries.fees_ppm(context.state, 1, key.account) if context.markets_by_id else (0, 0)
    can_trade = status == 1 and bool(key.rights & 2)
    balances = []
    known = {name: (free, held) for name, free, held in queries.balances(context.state, key.account)}
    for name in context.asset_scales:
        free, held = known.get(name, (0, 0))
        if free or held or not request.values["omitZeroBalances"]:
            balances.append({"asset": name, "free": context.amount(name, free), "locked": context.amount(name, held)})
    view: dict[str, Any] = {
        "makerCommission": int(rates[0] / PPM_PER_BIP),
        "takerCommission": rates[1] // PPM_PER_BIP,
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {
            "maker": decimals.write(rates[0] * 100, 8),
            "taker": decimals.write(rates[1] * 100, 8),
            "buyer": "0.00000000",
            "seller": "0.00000000",
        },
        "canTrade": can_trade,
        "canWithdraw": False,
        "canDeposit": False,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": request.time(request.now_ns),
        "accountType": "SPOT",
        "balances": balances,
        "permissions": ["SPOT"],
        "uid": key.account,
    }
    if group:
        view["tradeGroupId"] = group
    return Reply(view)


async def order(request: Request) -> Reply:
    """GET /api/v3/order: by orderId, by origClientOrderId, or by both, which must then agree."""
    values, context, owner = request.values, request.context, request.sender.account
    market = context.market(values["symbol"])
    order_id, client_id = values["orderId"], values["origClientOrderId"]
    if order_id is None and client_id is None:
        raise WireError(-1102, NEITHER.format("origClientOrderId", "orderId"))
    found: Order | None
    if order_id is not None:
        found = context.projections.users.order(order_id)
        if found is None or found.account != owner or found.market != market.market_id:
            found = await context.history.order(owner, market.market_id, order_id)
        if found is not None and client_id is not None and found.client_id != client_id:
            raise WireError(-2039, "Client order ID is not correct for this order ID.")
    else:
        found = context.projections.users.order_by_client_id(owner, client_id, market.market_id)
        if found is None:
            found = await context.history.order_by_client_id(owner, market.market_id, client_id)
    if found is None:
        raise errors.NO_SUCH_ORDER
    return Reply(queried(request, market, found))


def open_orders(request: Request) -> Reply:
    """GET /api/v3/openOrders: of one market, or of all."""
    context, symbol = request.context, request.values["symbol"]
    number = 0 if symbol is None else context.market(symbol).market_id
    found = context.projections.users.open_orders(request.sender.account, number)
    return Reply([queried(request, context.market_by_id(each.market), each) for each in found])


def check_span(values: Mapping[str, Any]) -> None:
    """WireError -1127 where two times are more than a day apart."""
    start, end = values["startTime"], values["endTime"]
    if start is not None and end is not None:
        if end < start:
            raise errors.BAD_COMBINATION
        if end - start > DAY_NS:
            raise WireError(-1127, "More than 24 hours between startTime and endTime.")


async def all_orders(request: Request) -> Reply:
    """GET /api/v3/allOrders: open and closed, by id, oldest first."""
    values, context, owner = request.values, request.context, request.sender.account
    market = context.market(values["symbol"])
    check_span(values)
    least, start, end = values["orderId"] or 0, values["startTime"] or 0, until(values["endTime"])
    bounds = {"order_id": least, "start_ns": start, "end_ns": end, "limit": values["limit"]}
    # Open ones first: an order that closes while the history is asked is then in both, and its end is what counts.
    still_open = [
        each
        for each in context.projections.users.open_orders(owner, market.market_id)
        if each.order_id >= least and start <= each.created_ns and (not end or each.created_ns <= end)
    ]
    closed = await context.history.orders(owner, market.market_id, **bounds)
    both = {each.order_id: each for each in (*still_open, *closed)}
    merged = [both[order_id] for order_id in sorted(both)]
    oldest_first = least or start
    chosen = merged[: values["limit"]] if oldest_first else merged[-values["limit"] :]
    return Reply([queried(request, market, each) for each in chosen])


def fill_row(request: Request, market: WireMarket, fill: Fill) -> dict[str, Any]:
    name, scale = request.context.asset(fill.fee_asset)
    return {
        "symbol": market.symbol,
        "id": fill.trade_id,
        "orderId": fill.order_id,
        "orderListId": fill.list_id or -1,
        "price": market.price(fill.price),
        "qty": market.quantity(fill.quantity),
        "quoteQty": market.notional(fill.quote_amount),
        "commission": decimals.write(fill.fee, scale),
        "commissionAsset": name,
        "time": request.time(fill.ts_ns),
        "isBuyer": fill.side == Side.BUY,
        "isMaker": bool(fill.is_maker),
        "isBestMatch": True,
    }


async def my_trades(request: Request) -> Reply:
    """GET /api/v3/myTrades."""
    values, context = request.values, request.context
    market = context.market(values["symbol"])
    check_span(values)
    times = values["startTime"] is not None or values["endTime"] is not None
    if times and (values["fromId"] is not None or values["orderId"] is not None):
        raise errors.BAD_COMBINATION
    found = await context.history.fills(
        request.sender.account,
        market.market_id,
        order_id=values["orderId"] or 0,
        from_id=values["fromId"] or 0,
        start_ns=values["startTime"] or 0,
        end_ns=until(values["endTime"]),
        limit=values["limit"],
    )
    return Reply([fill_row(request, market, fill) for fill in found])


def order_counts(request: Request) -> Reply:
    """GET /api/v3/rateLimit/order: how many orders count against which limit."""
    return Reply(request.context.limits.order_counts(request.sender.account, request.now_ns))


def prevented_matches(request: Request) -> Reply:
    """GET /api/v3/myPreventedMatches: one by its id, or those of an order."""
    values, context, owner = request.values, request.context, request.sender.account
    market = context.market(values["symbol"])
    by_id, by_order = values["preventedMatchId"] is not None, values["orderId"] is not None
    if not by_id and not by_order:
        raise WireError(-1102, NEITHER.format("preventedMatchId", "orderId"))
    if by_id and (by_order or values["fromPreventedMatchId"] is not None):
        raise errors.BAD_COMBINATION
    found = context.projections.prevented.matches(
        owner,
        market.market_id,
        prevented_id=values["preventedMatchId"] or 0,
        order_id=values["orderId"] or 0,
        from_id=values["fromPreventedMatchId"] or 0,
        limit=values["limit"],
    )
    return Reply([prevented_row(request, market, match) for match in found])


def prevented_row(request: Request, market: WireMarket, match: PreventedMatch) -> dict[str, Any]:
    row = {
        "symbol": market.symbol,
        "preventedMatchId": match.prevented_id,
        "takerOrderId": match.taker_order,
        "makerSymbol": market.symbol,
        "makerOrderId": match.maker_order,
        "tradeGroupId": match.trade_group or -1,
        "selfTradePreventionMode": SelfTrade(match.mode).name,
        "price": market.price(match.price),
        "transactTime": request.time(match.ts_ns),
    }
    if match.taker_prevented:
        row["takerPreventedQuantity"] = market.quantity(match.taker_prevented)
    if match.maker_prevented:
        row["makerPreventedQuantity"] = market.quantity(match.maker_prevented)
    return row


def own_filters(request: Request) -> Reply:
    """GET /api/v3/myFilters: the filters that an order of the account meets."""
    context = request.context
    market = context.market(request.values["symbol"])
    found = filters_shown(market, queries.filters(context.state, market.market_id))
    assets = [each for each in asset_filters(context) if each["asset"] in (market.base, market.quote)]
    return Reply({"exchangeFilters": exchange_filters(context), "symbolFilters": found, "assetFilters": assets})


def none_in_market(request: Request) -> Reply:
    """What does not happen in any market here: an empty list."""
    request.context.market(request.values["symbol"])
    check_span({"startTime": None, "endTime": None} | request.values)
    return Reply([])


def prevented_weight(values: Mapping[str, Any]) -> int:
    return 20 if values.get("orderId") is not None else 2


def open_orders_weight(values: Mapping[str, Any]) -> int:
    return 6 if values.get("symbol") is not None else 80


def my_trades_weight(values: Mapping[str, Any]) -> int:
    return 5 if values.get("orderId") is not None else 20


MARKET = Parameter("symbol", parameters.symbol, mandatory=True)
LIMIT = Parameter("limit", parameters.at_most(1_000), default=500)
START = Parameter("startTime", parameters.moment_ns)
END = Parameter("endTime", parameters.moment_ns)
ORDER_ID = Parameter("orderId", parameters.long)
ENDPOINTS: tuple[Endpoint, ...] = (
    reading(
        "/api/v3/account",
        20,
        account,
        Parameter("omitZeroBalances", parameters.boolean, default=False),
        socket_method="account.status",
        response=account_answers.Account,
    ),
    reading(
        "/api/v3/order",
        4,
        order,
        MARKET,
        ORDER_ID,
        Parameter("origClientOrderId", parameters.client_order_id),
        socket_method="order.status",
        response=answers.QueriedOrder,
    ),
    reading(
        "/api/v3/openOrders",
        open_orders_weight,
        open_orders,
        Parameter("symbol", parameters.symbol),
        socket_method="openOrders.status",
        response=list[answers.QueriedOrder],
    ),
    reading(
        "/api/v3/allOrders",
        20,
        all_orders,
        MARKET,
        ORDER_ID,
        START,
        END,
        LIMIT,
        socket_method="allOrders",
        response=list[answers.QueriedOrder],
    ),
    reading(
        "/api/v3/myTrades",
        my_trades_weight,
        my_trades,
        MARKET,
        ORDER_ID,
        START,
        END,
        Parameter("fromId", parameters.long),
        LIMIT,
        socket_method="myTrades",
        response=list[account_answers.OwnTrade],
    ),
    reading(
        "/api/v3/rateLimit/order",
        40,
        order_counts,
        socket_method="account.rateLimits.orders",
        response=list[answers.RateLimit],
    ),
    reading(
        "/api/v3/myPreventedMatches",
        prevented_weight,
        prevented_matches,
        MARKET,
        Parameter("preventedMatchId", parameters.long),
        ORDER_ID,
        Parameter("fromPreventedMatchId", parameters.long),
        LIMIT,
        socket_method="myPreventedMatches",
        response=list[account_answers.PreventedMatch],
    ),
    reading(
        "/api/v3/myAllocations",
        20,
        none_in_market,
        MARKET,
        START,
        END,
        Parameter("fromAllocationId", parameters.long),
        LIMIT,
        ORDER_ID,
        socket_method="myAllocations",
        response=list[account_answers.Allocation],
    ),
    reading(
        "/api/v3/order/amendments",
        4,
        none_in_market,
        MARKET,
        ORDER_ID._replace(mandatory=True),
        Parameter("fromExecutionId", parameters.long),
        LIMIT,
        socket_method="order.amendments",
        response=list[account_answers.Amendment],
    ),
    reading(
        "/api/v3/myFilters",
        40,
        own_filters,
        MARKET,
        socket_method="myFilters",
        response=account_answers.OwnFilters,
    ),
)
