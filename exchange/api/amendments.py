"""Orders that are changed: made smaller in their place, or replaced by another."""

from collections.abc import Sequence
from typing import Any

from exchange.api import answers, errors, list_views, order_views, parameters, pegs
from exchange.api.context import Reply, Request, WireMarket
from exchange.api.endpoints import Endpoint, trading
from exchange.api.errors import WireError
from exchange.api.order_views import RESPONSES
from exchange.api.orders import NEITHER, ORDER_ROWS, RESTRICTIONS, new_client_id, order_row
from exchange.api.parameters import Parameter
from exchange.messages.orders import (
    OrderType,
    RowKind,
    SelfTrade,
    Side,
    TimeInForce,
    amend_row,
    cancel_id_of,
    cancel_row,
    pack_client_id,
    reference,
    unpack_client_id,
)
from exchange.messages.words import Accepted, Amended, AnyWords, Canceled, ListChanged, Rejected

MODES = {"STOP_ON_FAILURE": 1, "ALLOW_FAILURE": 2}
FAILED, PARTLY_FAILED = -2022, -2021
TEXTS = {FAILED: "Order cancel-replace failed.", PARTLY_FAILED: "Order cancel-replace partially failed."}
SUCCESS, FAILURE, NOT_ATTEMPTED = "SUCCESS", "FAILURE", "NOT_ATTEMPTED"


async def amend(request: Request) -> Reply:
    """PUT /api/v3/order/amend/keepPriority."""
    values = request.values
    market = request.context.market(values["symbol"])
    if values["orderId"] is None and values["origClientOrderId"] is None:
        raise WireError(-1102, NEITHER.format("origClientOrderId", "orderId"))
    key = request.sender
    row = amend_row(
        *(market.market_id, key.account, key.key_id, market.read_quantity("newQty", values["newQty"])),
        order_id=values["orderId"] or 0,
        original_client_id=pack_client_id(values["origClientOrderId"] or ""),
        client_id=pack_client_id(values["newClientOrderId"] or new_client_id()),
    )
    answer = await request.context.submit(row)
    first = answer.events[0]
    if isinstance(first, Rejected):
        raise errors.rejected(first.code, amending=True)
    event = next(event for event in answer.events if isinstance(event, Amended | Canceled))
    view = amended_order(request, market, event) if isinstance(event, Amended) else amended_away(market, event)
    pegs.add(view, market, answer.events, event.order_id)
    moment = request.time(answer.ts_ns)
    body = {"transactTime": moment, "executionId": event.execution_id, "amendedOrder": view}
    change = next((each for each in answer.events if isinstance(each, ListChanged)), None)
    if change is not None:
        body["listStatus"] = list_views.status(market, change, answer.events)
    return Reply(body, answer.seq)


def amended_order(request: Request, market: WireMarket, event: Amended) -> dict[str, Any]:
    """The order as the amendment has left it."""
    filled = event.quantity - event.remaining - event.prevented_quantity
    old, new = unpack_client_id(event.old_client_id), unpack_client_id(event.client_id)
    view = numbers(market, event, filled) | {"origClientOrderId": old, "clientOrderId": new, "status": "NEW"}
    if filled:
        view["status"] = "PARTIALLY_FILLED"
    return view | {"workingTime": request.time(event.created_ns)}


def amended_away(market: WireMarket, event: Canceled) -> dict[str, Any]:
    """An order that had traded as much already as it was amended to."""
    filled = event.quantity - event.remaining - event.prevented_quantity
    old, new = unpack_client_id(event.client_id), unpack_client_id(event.cancel_id)
    return numbers(market, event, filled) | {"origClientOrderId": old, "clientOrderId": new, "status": "CANCELED"}


def numbers(market: WireMarket, event: Amended | Canceled, filled: int) -> dict[str, Any]:
    flags = event.flags
    return {
        "symbol": market.symbol,
        "orderId": event.order_id,
        "orderListId": event.list_id or -1,
        "price": market.price(event.price),
        "qty": market.quantity(event.quantity),
        "executedQty": market.quantity(filled),
        "preventedQty": market.quantity(event.prevented_quantity),
        "quoteOrderQty": market.notional(0),
        "cumulativeQuoteQty": market.notional(event.filled_quote),
        "timeInForce": TimeInForce(flags.time_in_force).name,
        "type": OrderType(flags.type).name,
        "side": Side(flags.side).name,
        "selfTradePreventionMode": SelfTrade(flags.self_trade).name,
    }


async def replace(request: Request) -> Reply:
    """POST /api/v3/order/cancelReplace: every row of the reference's outcome table."""
    values, context = request.values, request.context
    market = context.market(values["symbol"])
    if values["cancelOrderId"] is None and values["cancelOrigClientOrderId"] is None:
        raise WireError(-1102, NEITHER.format("cancelOrigClientOrderId", "cancelOrderId"))
    cancel_id = pack_client_id(values["cancelNewClientOrderId"] or new_client_id())
    original = pack_client_id(values["cancelOrigClientOrderId"] or "")
    extensions = reference(original, MODES[values["cancelReplaceMode"]]) + cancel_id_of(cancel_id)
    row = order_row(
        request,
        market,
        kind=RowKind.CANCEL_REPLACE,
        order_id=values["cancelOrderId"] or 0,
        restriction=values["cancelRestrictions"] or 0,
        more=extensions,
    )
    account = request.sender.account
    try:
        context.limits.check_orders(account, request.now_ns)
    except WireError as limit:
        if values["orderRateLimitExceededMode"] != "CANCEL_ONLY":
            raise
        return await only_cancel(request, market, original, cancel_id, limit)
    answer = await context.submit(row)
    first = answer.events[0]
    if isinstance(first, Rejected) and first.row_kind == RowKind.CANCEL_REPLACE:
        return stopped(first.code)
    counted = context.limits.count_order(account, request.now_ns)
    halves = outcome(request, market, answer.events, answer.ts_ns)
    if halves["cancelResult"] == halves["newOrderResult"] == SUCCESS:
        return Reply(halves, answer.seq, counted)
    raise failed(halves)


def stopped(code: int) -> Reply:
    """Nothing happened: the order could not be cancelled, or the new one does not pass the filters."""
    refusal = errors.rejected(code, canceling=True)
    if code not in errors.OF_A_CANCEL:
        raise errors.rejected(code)
    raise failed(
        {
            "cancelResult": FAILURE,
            "newOrderResult": NOT_ATTEMPTED,
            "cancelResponse": refusal.body,
            "newOrderResponse": None,
        }
    )


def failed(halves: dict[str, Any], status: int = 0) -> WireError:
    """-2022 where both halves failed, -2021 where one did."""
    code = PARTLY_FAILED if SUCCESS in (halves["cancelResult"], halves["newOrderResult"]) else FAILED
    return WireError(code, TEXTS[code], status or (409 if code == PARTLY_FAILED else 400), data=halves)


def outcome(request: Request, market: WireMarket, events: Sequence[AnyWords], ts_ns: int) -> dict[str, Any]:
    """What became of each half."""
    halves: dict[str, Any] = {}
    for at, event in enumerate(events):
        if isinstance(event, Rejected):
            is_cancel = event.row_kind == RowKind.CANCEL
            half = "cancel" if is_cancel else "newOrder"
            halves |= {
                f"{half}Result": FAILURE,
                f"{half}Response": errors.rejected(event.code, canceling=is_cancel).body,
            }
        elif isinstance(event, Canceled) and "cancelResult" not in halves:
            view = order_views.canceled(request, market, event, events[:at], ts_ns)
            halves |= {"cancelResult": SUCCESS, "cancelResponse": view}
        elif isinstance(event, Accepted):
            form = request.values["newOrderRespType"] or RESPONSES.get(request.values["type"], "ACK")
            view = order_views.placed(request, market, events[at:], form)
            halves |= {"newOrderResult": SUCCESS, "newOrderResponse": view}
            break
    return {name: halves[name] for name in ("cancelResult", "newOrderResult", "cancelResponse", "newOrderResponse")}


async def only_cancel(
    request: Request, market: WireMarket, original: bytes, cancel_id: bytes, limit: WireError
) -> Reply:
    """Too many orders were placed for another, and the client asked for the cancel alone then."""
    values, key = request.values, request.sender
    row = cancel_row(
        *(market.market_id, key.account, key.key_id),
        order_id=values["cancelOrderId"] or 0,
        original_client_id=original,
        cancel_id=cancel_id,
        restriction=values["cancelRestrictions"] or 0,
    )
    answer = await request.context.submit(row)
    halves: dict[str, Any] = {"newOrderResult": FAILURE, "newOrderResponse": limit.body}
    first = answer.events[0]
    if isinstance(first, Rejected):
        refusal = errors.rejected(first.code, canceling=True)
        halves |= {"cancelResult": FAILURE, "cancelResponse": refusal.body}
    else:
        ended = next(event for event in answer.events if isinstance(event, Canceled))
        view = order_views.canceled(request, market, ended, answer.events, answer.ts_ns)
        halves |= {"cancelResult": SUCCESS, "cancelResponse": view}
    raise failed(halves, 429 if values["cancelReplaceMode"] == "STOP_ON_FAILURE" else 0)


ENDPOINTS: tuple[Endpoint, ...] = (
    trading(
        "PUT",
        "/api/v3/order/amend/keepPriority",
        4,
        amend,
        Parameter("symbol", parameters.symbol, mandatory=True),
        Parameter("orderId", parameters.long),
        Parameter("origClientOrderId", parameters.client_order_id),
        Parameter("newClientOrderId", parameters.client_order_id),
        Parameter("newQty", parameters.decimal_text, mandatory=True),
        socket_method="order.amend.keepPriority",
        response=answers.Amendment,
    ),
    trading(
        "POST",
        "/api/v3/order/cancelReplace",
        1,
        replace,
        *ORDER_ROWS,
        Parameter("cancelReplaceMode", parameters.word(tuple(MODES)), mandatory=True),
        Parameter("cancelOrderId", parameters.long),
        Parameter("cancelOrigClientOrderId", parameters.client_order_id),
        Parameter("cancelNewClientOrderId", parameters.client_order_id),
        Parameter("cancelRestrictions", RESTRICTIONS),
        Parameter("orderRateLimitExceededMode", parameters.word(("DO_NOTHING", "CANCEL_ONLY"))),
        socket_method="order.cancelReplace",
        response=answers.Replacement,
    ),
)
