"""Lists of orders on the wire: OCO, OTO, OTOCO, OPO, OPOCO placed, cancelled and asked for.

Each leg's parameters have its prefix; without it they are those of an order, read and checked as such.
"""

import re
from typing import Any

from exchange.api import account_answers, errors, list_views, parameters
from exchange.api.accounts import END, LIMIT, START, check_span
from exchange.api.context import Reply, Request, WireMarket
from exchange.api.endpoints import Endpoint, reading, trading
from exchange.api.errors import WireError
from exchange.api.market_data import until
from exchange.api.orders import NEITHER, ORDER_ROWS, new_client_id, order_row
from exchange.api.parameters import Parameter
from exchange.core import queries
from exchange.messages.orders import (
    Contingency,
    Leg,
    OrderType,
    Side,
    cancel_list_row,
    list_link,
    list_rows,
    pack_client_id,
)
from exchange.messages.words import ListChanged, Rejected

STOPS = (OrderType.STOP_LOSS, OrderType.STOP_LOSS_LIMIT)
TARGETS = (OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT)
NO_LIST = WireError(-2013, "Order list does not exist.")
NOTHING: dict[str, Any] = dict.fromkeys(row.name for row in ORDER_ROWS)
OWN_NAMES = "|".join(row.name for row in ORDER_ROWS if row.name not in ("symbol", "newOrderRespType"))


def prefixed(prefix: str, name: str) -> str:
    """The name of a leg's parameter: `newClientOrderId` of `above` is `aboveClientOrderId`."""
    bare = name.removeprefix("new")
    return prefix + bare[0].upper() + bare[1:]


LEG_NAMES = (
    *("newClientOrderId", "icebergQty", "price", "stopPrice", "trailingDelta", "timeInForce", "strategyId"),
    *("strategyType", "pegPriceType", "pegOffsetType", "pegOffsetValue"),
)
BY_NAME = {row.name: row for row in ORDER_ROWS}


def leg_rows(prefix: str) -> tuple[Parameter, ...]:
    """The rows of a leg's parameters."""
    return tuple(BY_NAME[name]._replace(name=prefixed(prefix, name)) for name in LEG_NAMES)


def leg_row(request: Request, market: WireMarket, prefix: str, contingency: int, leg: Leg, **given: Any) -> bytes:
    """The row of one leg. WireError with the names that the parameters have on the wire.

    Of an OPO and OPOCO what waits has no quantity: what the working order receives will be its size.
    """
    is_sized = contingency not in (Contingency.OPO, Contingency.OPOCO) or leg == Leg.WORKING
    values = NOTHING | {"selfTradePreventionMode": request.values["selfTradePreventionMode"]} | given
    for name in LEG_NAMES:
        found = request.values.get(prefixed(prefix, name))
        if found is not None:
            values[name] = found
    try:
        link = list_link(contingency, leg)
        return order_row(request.having(values), market, more=link, is_sized=is_sized)
    except WireError as error:
        message = re.sub(rf"'({OWN_NAMES})'", lambda name: f"'{prefixed(prefix, name[1])}'", error.message)
        raise WireError(error.code, message, error.status) from error


def check_pair(side: int, above: int, below: int) -> None:
    """WireError where two types are not the legs of an OCO on this side."""
    if not {above, below} <= {OrderType.LIMIT_MAKER, *STOPS, *TARGETS}:
        raise WireError(-1158, "Order type not supported in OCO.")
    if above == below == OrderType.LIMIT_MAKER:
        raise WireError(-1168, "At least one OCO order must be contingent.")
    is_buy = side == Side.BUY
    if OrderType.LIMIT_MAKER in (above, below):
        if is_buy and above == OrderType.LIMIT_MAKER:
            raise WireError(-1165, "A limit order in a buy OCO must be below.")
        if not is_buy and below == OrderType.LIMIT_MAKER:
            raise WireError(-1166, "A limit order in a sell OCO must be above.")
    if is_buy and below in STOPS:
        raise WireError(-1196, "A stop loss order in a buy OCO must be above.")
    if not is_buy and above in STOPS:
        raise WireError(-1197, "A stop loss order in a sell OCO must be below.")
    if is_buy and above in TARGETS:
        raise WireError(-1198, "A take profit order in a buy OCO must be below.")
    if not is_buy and below in TARGETS:
        raise WireError(-1199, "A take profit order in a sell OCO must be above.")


async def oco(request: Request) -> Reply:
    """POST /api/v3/orderList/oco."""
    values = request.values
    market = request.context.market(values["symbol"])
    legs = pair(request, market, Contingency.OCO, ("above", "below"), values["side"], values["quantity"])
    return await submit(request, market, Contingency.OCO, legs)


def pair(
    request: Request,
    market: WireMarket,
    contingency: Contingency,
    prefixes: tuple[str, str],
    side: int,
    quantity: str | None,
) -> list[bytes]:
    """The two legs of which one ends the other."""
    above, below = (request.values[f"{prefix}Type"] for prefix in prefixes)
    check_pair(side, above, below)
    return [
        leg_row(request, market, prefix, contingency, leg, type=kind, side=side, quantity=quantity)
        for prefix, leg, kind in ((prefixes[0], Leg.ABOVE, above), (prefixes[1], Leg.BELOW, below))
    ]


async def old_oco(request: Request) -> Reply:
    """POST /api/v3/order/oco: a limit order and a stop, named so."""
    values = request.values
    market = request.context.market(values["symbol"])
    side, quantity = values["side"], values["quantity"]
    is_limit = values["stopLimitPrice"] is not None
    if is_limit and values["stopLimitTimeInForce"] is None:
        raise errors.missing("stopLimitTimeInForce")
    if not is_limit and values["stopLimitTimeInForce"] is not None:
        raise errors.not_required("stopLimitTimeInForce")
    named = values | {
        "limitPrice": values["price"],
        "stopStopPrice": values["stopPrice"],
        "stopTrailingDelta": values["trailingDelta"],
        "stopPrice": values["stopLimitPrice"],
        "stopTimeInForce": values["stopLimitTimeInForce"],
    }
    stop_type = OrderType.STOP_LOSS_LIMIT if is_limit else OrderType.STOP_LOSS
    is_sale = side == Side.SELL
    legs = []
    for prefix, kind in (("limit", OrderType.LIMIT_MAKER), ("stop", stop_type)):
        leg = Leg.ABOVE if (prefix == "limit") == is_sale else Leg.BELOW
        numbers = {"type": kind, "side": side, "quantity": quantity}
        legs.append(leg_row(request.having(named), market, prefix, Contingency.OCO, leg, **numbers))
    return await submit(request, market, Contingency.OCO, legs if is_sale else legs[::-1])


def working(request: Request, market: WireMarket, contingency: Contingency) -> bytes:
    values = request.values
    if values["workingType"] not in (OrderType.LIMIT, OrderType.LIMIT_MAKER):
        raise errors.bad_data("workingType")
    numbers = {"side": values["workingSide"], "quantity": values["workingQuantity"], "type": values["workingType"]}
    return leg_row(request, market, "working", contingency, Leg.WORKING, **numbers)


async def oto(request: Request) -> Reply:
    """POST /api/v3/orderList/oto."""
    values = request.values
    market = request.context.market(values["symbol"])
    numbers = {"side": values["pendingSide"], "quantity": values["pendingQuantity"], "type": values["pendingType"]}
    pending = leg_row(request, market, "pending", Contingency.OTO, Leg.PENDING, **numbers)
    return await submit(request, market, Contingency.OTO, [working(request, market, Contingency.OTO), pending])


async def otoco(request: Request) -> Reply:
    """POST /api/v3/orderList/otoco."""
    values = request.values
    market = request.context.market(values["symbol"])
    first = working(request, market, Contingency.OTOCO)
    prefixes = ("pendingAbove", "pendingBelow")
    legs = pair(request, market, Contingency.OTOCO, prefixes, values["pendingSide"], values["pendingQuantity"])
    return await submit(request, market, Contingency.OTOCO, [first, *legs])


def check_opo(request: Request, market: WireMarket, contingency: Contingency) -> None:
    """WireError where a market offers no such list, or where it does not buy first and sell then."""
    offered = queries.features(request.context.state, market.market_id)
    if not (offered["otoAllowed"] and offered["opoAllowed"]):
        raise WireError(errors.NEW, "OPO orders are not supported for this symbol.")
    if contingency == Contingency.OPOCO and not offered["ocoAllowed"]:
        raise WireError(errors.NEW, "OCO orders are not supported for this symbol")
    if request.values["workingSide"] != Side.BUY:
        raise WireError(-1222, "Working order in an OPO list must be a bid.")
    if request.values["pendingSide"] != Side.SELL:
        raise WireError(-1223, "Pending orders in an OPO list must be asks.")


async def opo(request: Request) -> Reply:
    """POST /api/v3/orderList/opo: as an OTO, whose pending order sells what the working one has bought."""
    values = request.values
    market = request.context.market(values["symbol"])
    check_opo(request, market, Contingency.OPO)
    numbers = {"side": values["pendingSide"], "type": values["pendingType"]}
    pending = leg_row(request, market, "pending", Contingency.OPO, Leg.PENDING, **numbers)
    return await submit(request, market, Contingency.OPO, [working(request, market, Contingency.OPO), pending])


async def opoco(request: Request) -> Reply:
    """POST /api/v3/orderList/opoco: as an OTOCO, whose pending orders sell what the working one has bought."""
    market = request.context.market(request.values["symbol"])
    check_opo(request, market, Contingency.OPOCO)
    first = working(request, market, Contingency.OPOCO)
    prefixes = ("pendingAbove", "pendingBelow")
    legs = pair(request, market, Contingency.OPOCO, prefixes, request.values["pendingSide"], None)
    return await submit(request, market, Contingency.OPOCO, [first, *legs])


async def submit(request: Request, market: WireMarket, contingency: Contingency, legs: list[bytes]) -> Reply:
    """Place a list; each of its orders counts."""
    values, key, limits = request.values, request.sender, request.context.limits
    limits.check_orders(key.account, request.now_ns, len(legs))
    client_id = pack_client_id(values["listClientOrderId"] or new_client_id())
    row = list_rows(market.market_id, key.account, key.key_id, contingency, client_id, legs)
    answer = await request.context.submit(row)
    first = answer.events[0]
    if isinstance(first, Rejected):
        raise errors.rejected(first.code)
    assert isinstance(first, ListChanged)
    counted = limits.count_order(key.account, request.now_ns, len(legs))
    view = list_views.placed(request, market, first, answer.events, values["newOrderRespType"])
    return Reply(view, answer.seq, counted)


async def cancel(request: Request) -> Reply:
    """DELETE /api/v3/orderList: all that is left of it."""
    values, key = request.values, request.sender
    market = request.context.market(values["symbol"])
    list_id, name = values["orderListId"], values["listClientOrderId"]
    if list_id is None and name is None:
        raise WireError(-1102, NEITHER.format("orderListId", "listClientOrderId"))
    if list_id == 0 and name is None:
        raise WireError(errors.CANCEL, "Unknown order sent.")
    row = cancel_list_row(
        *(market.market_id, key.account, key.key_id),
        list_id=list_id or 0,
        list_client_id=pack_client_id(name or ""),
        cancel_id=pack_client_id(values["newClientOrderId"] or new_client_id()),
    )
    answer = await request.context.submit(row)
    if isinstance(answer.events[0], Rejected):
        raise errors.rejected(answer.events[0].code, canceling=True)
    return Reply(list_views.ended(request, market, answer.events, answer.ts_ns)[0], answer.seq)


async def one(request: Request) -> Reply:
    """GET /api/v3/orderList, by its number or its client id."""
    values, context, owner = request.values, request.context, request.sender.account
    list_id, name = values["orderListId"], values["origClientOrderId"]
    if list_id is None and name is None:
        raise WireError(-1102, NEITHER.format("orderListId", "origClientOrderId"))
    for each in context.projections.users.open_lists(owner):
        if each.list_id == list_id if list_id is not None else each.client_id == name:
            return Reply(list_views.shown(request, each))
    if list_id is None:
        found = await context.history.list_by_client_id(owner, name)
    else:
        found = next(iter(await context.history.lists(owner, list_id=list_id, limit=1)), None)
        found = found if found is not None and found.list_id == list_id else None
    if found is None:
        raise NO_LIST
    return Reply(list_views.shown(request, found))


def still_open(request: Request) -> Reply:
    """GET /api/v3/openOrderList."""
    return Reply(
        [
            list_views.shown(request, each)
            for each in request.context.projections.users.open_lists(request.sender.account)
        ]
    )


async def every(request: Request) -> Reply:
    """GET /api/v3/allOrderList: open and ended, oldest first."""
    values, context, owner = request.values, request.context, request.sender.account
    check_span(values)
    times = values["startTime"] is not None or values["endTime"] is not None
    if times and values["fromId"] is not None:
        raise errors.BAD_COMBINATION
    least, start, end = values["fromId"] or 0, values["startTime"] or 0, until(values["endTime"])
    open_ones = [
        each
        for each in context.projections.users.open_lists(owner)
        if each.list_id >= least and start <= each.created_ns and (not end or each.created_ns <= end)
    ]
    bounds = {"list_id": least, "start_ns": start, "end_ns": end, "limit": values["limit"]}
    both = {each.list_id: each for each in (*open_ones, *await context.history.lists(owner, **bounds))}
    merged = [both[list_id] for list_id in sorted(both)]
    chosen = merged[: values["limit"]] if least or start else merged[-values["limit"] :]
    return Reply([list_views.shown(request, each) for each in chosen])


SYMBOL = Parameter("symbol", parameters.symbol, mandatory=True)
SIDE = BY_NAME["side"]
TYPE = BY_NAME["type"]
QUANTITY = BY_NAME["quantity"]._replace(mandatory=True)
COMMON = (
    SYMBOL,
    Parameter("listClientOrderId", parameters.client_order_id),
    BY_NAME["newOrderRespType"],
    BY_NAME["selfTradePreventionMode"],
)
WORKING = (
    TYPE._replace(name="workingType"),
    SIDE._replace(name="workingSide"),
    QUANTITY._replace(name="workingQuantity"),
    *leg_rows("working"),
)
PENDING = (SIDE._replace(name="pendingSide"), QUANTITY._replace(name="pendingQuantity"))
NO_SIZE = WireError(-1224, "Working order must include the 'workingQuantity' tag.")
SIZED = parameters.refused(WireError(-1225, "Pending orders should not include the 'pendingQuantity' tag."))
PAYING = (
    *(row._replace(lacking=NO_SIZE) if row.name == "workingQuantity" else row for row in WORKING),
    SIDE._replace(name="pendingSide"),
    Parameter("pendingQuantity", SIZED),
)
"""What an OPO and an OPOCO have in common."""
OLD = (
    SIDE,
    QUANTITY,
    Parameter("limitClientOrderId", parameters.client_order_id),
    Parameter("price", parameters.decimal_text, mandatory=True),
    Parameter("limitIcebergQty", parameters.decimal_text),
    BY_NAME["strategyId"]._replace(name="limitStrategyId"),
    BY_NAME["strategyType"]._replace(name="limitStrategyType"),
    Parameter("stopClientOrderId", parameters.client_order_id),
    Parameter("stopPrice", parameters.decimal_text, mandatory=True),
    Parameter("trailingDelta", parameters.long),
    Parameter("stopLimitPrice", parameters.decimal_text),
    BY_NAME["timeInForce"]._replace(name="stopLimitTimeInForce"),
    Parameter("stopIcebergQty", parameters.decimal_text),
    BY_NAME["strategyId"]._replace(name="stopStrategyId"),
    BY_NAME["strategyType"]._replace(name="stopStrategyType"),
)
ANSWER = account_answers.OrderList
ENDPOINTS: tuple[Endpoint, ...] = (
    trading("POST", "/api/v3/order/oco", 1, old_oco, *COMMON, *OLD, socket_method="orderList.place", response=ANSWER),
    trading(
        "POST",
        "/api/v3/orderList/oco",
        1,
        oco,
        *COMMON,
        SIDE,
        QUANTITY,
        TYPE._replace(name="aboveType"),
        *leg_rows("above"),
        TYPE._replace(name="belowType"),
        *leg_rows("below"),
        socket_method="orderList.place.oco",
        response=ANSWER,
    ),
    trading(
        "POST",
        "/api/v3/orderList/oto",
        1,
        oto,
        *COMMON,
        *WORKING,
        *PENDING,
        TYPE._replace(name="pendingType"),
        *leg_rows("pending"),
        socket_method="orderList.place.oto",
        response=ANSWER,
    ),
    trading(
        "POST",
        "/api/v3/orderList/otoco",
        1,
        otoco,
        *COMMON,
        *WORKING,
        *PENDING,
        TYPE._replace(name="pendingAboveType"),
        *leg_rows("pendingAbove"),
        TYPE._replace(name="pendingBelowType"),
        *leg_rows("pendingBelow"),
        socket_method="orderList.place.otoco",
        response=ANSWER,
    ),
    trading(
        "POST",
        "/api/v3/orderList/opo",
        1,
        opo,
        *COMMON,
        *PAYING,
        TYPE._replace(name="pendingType"),
        *leg_rows("pending"),
        socket_method="orderList.place.opo",
        response=ANSWER,
    ),
    trading(
        "POST",
        "/api/v3/orderList/opoco",
        1,
        opoco,
        *COMMON,
        *PAYING,
        TYPE._replace(name="pendingAboveType"),
        *leg_rows("pendingAbove"),
        TYPE._replace(name="pendingBelowType"),
        *leg_rows("pendingBelow"),
        socket_method="orderList.place.opoco",
        response=ANSWER,
    ),
    trading(
        "DELETE",
        "/api/v3/orderList",
        1,
        cancel,
        SYMBOL,
        Parameter("orderListId", parameters.long),
        Parameter("listClientOrderId", parameters.client_order_id),
        Parameter("newClientOrderId", parameters.client_order_id),
        socket_method="orderList.cancel",
        response=ANSWER,
    ),
    reading(
        "/api/v3/orderList",
        4,
        one,
        Parameter("orderListId", parameters.long),
        Parameter("origClientOrderId", parameters.client_order_id),
        socket_method="orderList.status",
        response=ANSWER,
    ),
    reading("/api/v3/openOrderList", 6, still_open, socket_method="openOrderLists.status", response=list[ANSWER]),
    reading(
        "/api/v3/allOrderList",
        20,
        every,
        Parameter("fromId", parameters.long),
        START,
        END,
        LIMIT,
        socket_method="allOrderLists",
        response=list[ANSWER],
    ),
)
