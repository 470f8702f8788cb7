"""Placing and cancelling orders: the wire's parameters to rows, and the core's events to answers."""

import os
import string
from collections.abc import Awaitable, Mapping
from functools import lru_cache, partial
from operator import itemgetter
from typing import Any, Final

from exchange.api import answers, commissions, errors, list_views, order_views, parameters, pegs
from exchange.api.context import Pending, Reply, Request, WireMarket
from exchange.api.endpoints import Endpoint, trading
from exchange.api.errors import WireError
from exchange.api.order_views import RESPONSES
from exchange.api.parameters import Parameter
from exchange.messages.orders import (
    Flags,
    OrderType,
    Restriction,
    RowKind,
    SelfTrade,
    Side,
    TimeInForce,
    cancel_all_row,
    cancel_row,
    good_till,
    iceberg,
    pack_client_id,
    place_row,
    strategy,
    trigger,
)
from exchange.messages.registry import event_decoder
from exchange.messages.remembering import OrderRepeated
from exchange.messages.words import Canceled, Message, Rejected
from exchange.runtime.batches import Answer

ALPHABET = string.ascii_letters + string.digits
CLIENT_ID_LENGTH: Final = 22
LETTERS: Final = bytes(ord(ALPHABET[byte % len(ALPHABET)]) for byte in range(256))
UNEVEN: Final = bytes(range(256 - 256 % len(ALPHABET), 256))
"""Bytes that are drawn in vain: with them the first letters would come more often."""
STRATEGY_TYPE_LEAST: Final = 1_000_000
WAITING: Final = (OrderType.STOP_LOSS, OrderType.STOP_LOSS_LIMIT, OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT)
UNPRICED: Final = (OrderType.MARKET, OrderType.STOP_LOSS, OrderType.TAKE_PROFIT)
TRAILING_DELTA_MAX: Final = 9_999
RARE: Final = itemgetter(
    "icebergQty",
    "stopPrice",
    "trailingDelta",
    "strategyId",
    "strategyType",
    "pegPriceType",
    "pegOffsetValue",
    "pegOffsetType",
    "goodTillDate",
    "idempotent",
)
"""What most orders have nothing of."""
NOTHING_RARE: Final = (None,) * 10
NEITHER: Final = "Param '{}' or '{}' must be sent, but both were empty/null!"

ORDER_ROWS = (
    Parameter("symbol", parameters.symbol, mandatory=True),
    Parameter("side", parameters.one_of(Side, WireError(-1117, "Invalid side.")), mandatory=True),
    Parameter("type", parameters.one_of(OrderType, WireError(-1116, "Invalid orderType.")), mandatory=True),
    Parameter("timeInForce", parameters.one_of(TimeInForce, WireError(-1115, "Invalid timeInForce."))),
    Parameter("quantity", parameters.decimal_text),
    Parameter("quoteOrderQty", parameters.decimal_text),
    Parameter("price", parameters.decimal_text),
    Parameter("newClientOrderId", parameters.client_order_id),
    Parameter("strategyId", parameters.long),
    Parameter("strategyType", parameters.between(0, (1 << 31) - 1)),
    Parameter("stopPrice", parameters.decimal_text),
    Parameter("trailingDelta", parameters.long),
    Parameter("icebergQty", parameters.decimal_text),
    Parameter("newOrderRespType", parameters.word(("ACK", "RESULT", "FULL"))),
    Parameter("selfTradePreventionMode", parameters.one_of(SelfTrade, errors.bad_data("selfTradePreventionMode"))),
    *pegs.ROWS,
    Parameter("goodTillDate", parameters.moment_ns),
    Parameter("idempotent", parameters.boolean),
)

PLAIN: Final[dict[str, Any]] = {row.name: None for row in ORDER_ROWS}


def new_client_id() -> str:
    """A client id for a client that sent none."""
    drawn = b""
    while len(drawn) < CLIENT_ID_LENGTH:
        drawn += os.urandom(2 * CLIENT_ID_LENGTH).translate(LETTERS, UNEVEN)
    return drawn[:CLIENT_ID_LENGTH].decode()


def check_shape(values: Mapping[str, Any], *, is_sized: bool = True) -> None:
    """WireError where parameters do not go together: what is not offered here, then what is missing or too much. An
    order that is not `is_sized` gets its quantity later.
    """
    order_type = values["type"]
    is_plain = RARE(values) == NOTHING_RARE
    if not is_plain:
        check_rare(order_type, values)
    if not is_plain or order_type in WAITING:
        check_waiting(order_type, values)
    if values["timeInForce"] == TimeInForce.GTD and values["goodTillDate"] is None:
        raise errors.missing("goodTillDate")
    if values["selfTradePreventionMode"] == SelfTrade.MARKET_DEFAULT:
        raise errors.bad_data("selfTradePreventionMode")
    check_numbers(order_type, values, is_sized=is_sized)
    if not is_plain and values["strategyType"] is not None and values["strategyType"] < STRATEGY_TYPE_LEAST:
        raise WireError(-1134, "strategyType was less than 1000000.")


def check_rare(order_type: int, values: Mapping[str, Any]) -> None:
    """WireError where an order asks for what is not offered here, or not to it."""
    if values["icebergQty"] is not None:
        check_iceberg(order_type, values)
    if values["idempotent"] and values["newClientOrderId"] is None:
        raise errors.missing("newClientOrderId")
    if values["goodTillDate"] is not None and values["timeInForce"] != TimeInForce.GTD:
        raise errors.not_required("goodTillDate")
    pegs.check(values)


def check_iceberg(order_type: int, values: Mapping[str, Any]) -> None:
    """WireError where an order cannot show a part of itself: it never rests, or not for long."""
    if order_type in UNPRICED:
        raise errors.not_required("icebergQty")
    if order_type != OrderType.LIMIT_MAKER and values["timeInForce"] != TimeInForce.GTC:
        raise WireError(-1160, "Parameter 'icebergQty' is only allowed with timeInForce GTC.")


def check_waiting(order_type: int, values: Mapping[str, Any]) -> None:
    """WireError where an order does not say what it waits for, or should not wait."""
    if order_type not in WAITING:
        for name in ("stopPrice", "trailingDelta"):
            if values[name] is not None:
                raise errors.not_required(name)
        return
    if values["stopPrice"] is None and values["trailingDelta"] is None:
        raise WireError(-1102, NEITHER.format("stopPrice", "trailingDelta"))
    if values["trailingDelta"] is not None and not 0 < values["trailingDelta"] <= TRAILING_DELTA_MAX:
        raise errors.filter_failure("TRAILING_DELTA")


def check_numbers(order_type: int, values: Mapping[str, Any], *, is_sized: bool = True) -> None:
    """WireError where an order type lacks a number, or has one that is not its own."""
    if order_type in UNPRICED:
        for name in ("timeInForce", "price"):
            if values[name] is not None:
                raise errors.not_required(name)
    if order_type == OrderType.MARKET and is_sized:
        if values["quantity"] is None and values["quoteOrderQty"] is None:
            raise WireError(-1102, NEITHER.format("quantity", "quoteOrderQty"))
        if values["quantity"] is not None and values["quoteOrderQty"] is not None:
            raise WireError(-1128, "Combination of optional parameters invalid.")
        return
    is_priced = order_type not in UNPRICED
    if is_priced and order_type != OrderType.LIMIT_MAKER and values["timeInForce"] is None:
        raise errors.missing("timeInForce")
    if order_type == OrderType.LIMIT_MAKER and values["timeInForce"] is not None:
        raise errors.not_required("timeInForce")
    if values["quoteOrderQty"] is not None:
        raise errors.not_required("quoteOrderQty")
    needs_price = is_priced and values["pegPriceType"] is None
    for name, is_needed in (("quantity", is_sized), ("price", needs_price)):
        if is_needed and values[name] is None:
            raise errors.missing(name)


def order_row(
    request: Request,
    market: WireMarket,
    *,
    kind: RowKind = RowKind.PLACE,
    order_id: int = 0,
    restriction: int = 0,
    more: bytes = b"",
    is_sized: bool = True,
) -> bytes:
    """The row that a request asks for; `more` extensions of a cancel-replace go behind the order's own."""
    values = request.values
    price, quantity, quote_quantity = values["price"], values["quantity"], values["quoteOrderQty"]
    extensions = b""
    flags = None
    is_plain = RARE(values) == NOTHING_RARE
    kinds = (values["side"], values["type"], values["timeInForce"], values["selfTradePreventionMode"], restriction)
    if is_plain and is_sized:
        flags = flags_of_plain(*kinds, price is not None, quantity is not None, quote_quantity is not None)
    if flags is None:
        check_shape(values, is_sized=is_sized)
        flags = flags_of(*kinds)
    price_ticks = 0 if price is None else market.read_price("price", price)
    lots = 0 if quantity is None else market.read_quantity("quantity", quantity)
    units = 0 if quote_quantity is None else market.read_notional("quoteOrderQty", quote_quantity)
    if not is_plain:
        extensions = extensions_of(values, market) + pegs.extension_of(values, request.context, market)
        flags = flags._replace(options=int(bool(values["idempotent"])))
    client_id = pack_client_id(values["newClientOrderId"] or new_client_id())
    key = request.sender
    return place_row(
        market.market_id,
        key.account,
        key.key_id,
        flags,
        client_id,
        price=price_ticks,
        quantity=lots,
        quote_quantity=units,
        extensions=extensions + more,
        order_id=order_id,
        kind=kind,
    )


def flags_of(side: int, order_type: int, time_in_force: int | None, mode: int | None, restriction: int) -> Flags:
    """An order's flags by the wire's words; what is not sent is what the core takes as such."""
    return Flags(
        side,
        order_type,
        TimeInForce.GTC if time_in_force is None else time_in_force,
        SelfTrade.MARKET_DEFAULT if mode is None else mode,
        restriction=restriction,
    )


@lru_cache(maxsize=4_096)
def flags_of_plain(
    side: int,
    order_type: int,
    time_in_force: int | None,
    mode: int | None,
    restriction: int,
    has_price: bool,
    has_quantity: bool,
    has_quote_quantity: bool,
) -> Flags | None:
    """The flags of an order that has nothing that is rare; None where its parameters do not go together."""
    values = PLAIN | {"type": order_type, "timeInForce": time_in_force, "selfTradePreventionMode": mode}
    for name, is_there in (("price", has_price), ("quantity", has_quantity), ("quoteOrderQty", has_quote_quantity)):
        values[name] = name if is_there else None
    try:
        check_shape(values)
    except WireError:
        return None
    return flags_of(side, order_type, time_in_force, mode, restriction)


def extensions_of(values: Mapping[str, Any], market: WireMarket) -> bytes:
    """What only few orders carry beside their row."""
    extensions = b""
    if values["strategyId"] is not None or values["strategyType"] is not None:
        extensions = strategy(values["strategyId"] or 0, values["strategyType"] or 0)
    stop_price = 0 if values["stopPrice"] is None else market.read_price("stopPrice", values["stopPrice"])
    if values["goodTillDate"] is not None:
        extensions += good_till(values["goodTillDate"])
    if values["trailingDelta"] is not None:
        extensions += trigger(0, values["trailingDelta"], stop_price)
    elif stop_price:
        extensions += trigger(stop_price)
    if values["icebergQty"] is not None:
        extensions += iceberg(market.read_quantity("icebergQty", values["icebergQty"]))
    return extensions


def place(request: Request) -> Pending:
    """POST /api/v3/order: durable before it is answered."""
    market = request.context.market(request.values["symbol"])
    row = order_row(request, market)
    request.context.limits.check_orders(request.sender.account, request.now_ns)
    return request.context.submit_for(request, row, partial(placed, request, market))


def placed(request: Request, market: WireMarket, answer: Answer) -> Reply | Awaitable[Reply]:
    """What became of an order."""
    first = answer.events[0]
    if isinstance(first, Rejected):
        raise errors.rejected(first.code)
    if isinstance(first, Message):
        return repeated(request, market, first, answer.seq)
    counted = request.context.limits.count_order(request.sender.account, request.now_ns)
    form = request.values["newOrderRespType"] or RESPONSES.get(request.values["type"], "ACK")
    return Reply(order_views.placed(request, market, answer.events, form), answer.seq, counted)


async def repeated(request: Request, market: WireMarket, told: Message, seq: int) -> Reply:
    """An idempotent order was sent again: what became of the first one, as an answer to placing it."""
    event = event_decoder.decode(told.payload)
    assert isinstance(event, OrderRepeated)
    context, values = request.context, request.values
    order = context.projections.users.order(event.order_id)
    if order is None:
        order = await context.history.order(event.account_id, market.market_id, event.order_id)
    assert order is not None, f"order {event.order_id} was placed, and nobody knows it"
    form = values["newOrderRespType"] or RESPONSES.get(values["type"], "ACK")
    bounds = {"order_id": event.order_id, "limit": 1_000}
    fills = await context.history.fills(event.account_id, market.market_id, **bounds) if form == "FULL" else []
    return Reply(order_views.placed_before(request, market, order, form, fills), seq)


def test(request: Request) -> Reply:
    """POST /api/v3/order/test: everything up to the engine, and nothing placed."""
    market = request.context.market(request.values["symbol"])
    order_row(request, market)
    if not request.values["computeCommissionRates"]:
        return Reply({})
    return Reply(commissions.of_tested_order(request, market))


async def cancel(request: Request) -> Reply:
    """DELETE /api/v3/order."""
    values = request.values
    market = request.context.market(values["symbol"])
    if values["orderId"] is None and values["origClientOrderId"] is None:
        raise WireError(-1102, NEITHER.format("origClientOrderId", "orderId"))
    key = request.sender
    row = cancel_row(
        market.market_id,
        key.account,
        key.key_id,
        order_id=values["orderId"] or 0,
        original_client_id=pack_client_id(values["origClientOrderId"] or ""),
        cancel_id=pack_client_id(values["newClientOrderId"] or new_client_id()),
        restriction=Restriction.ANY_STATE if values["cancelRestrictions"] is None else values["cancelRestrictions"],
    )
    if values["orderId"] == 0 and values["origClientOrderId"] is None:
        raise WireError(errors.CANCEL, "Unknown order sent.")
    answer = await request.context.submit(row)
    first = answer.events[0]
    if isinstance(first, Rejected):
        raise errors.rejected(first.code, canceling=True)
    ended = next(event for event in answer.events if isinstance(event, Canceled))
    return Reply(order_views.canceled(request, market, ended, answer.events, answer.ts_ns), answer.seq)


async def cancel_all(request: Request) -> Reply:
    """DELETE /api/v3/openOrders: every order of the account in one market; those of lists are told with their list."""
    market = request.context.market(request.values["symbol"])
    key = request.sender
    row = cancel_all_row(market.market_id, key.account, key.key_id, cancel_id=pack_client_id(new_client_id()))
    answer = await request.context.submit(row)
    if isinstance(answer.events[0], Rejected):
        raise errors.rejected(answer.events[0].code, canceling=True)
    ended = [event for event in answer.events if isinstance(event, Canceled) and not event.list_id]
    views = [order_views.canceled(request, market, event, answer.events, answer.ts_ns) for event in ended]
    return Reply(views + list_views.ended(request, market, answer.events, answer.ts_ns), answer.seq)


def test_weight(values: Mapping[str, Any]) -> int:
    return 20 if values.get("computeCommissionRates") else 1


RESTRICTIONS = parameters.one_of(Restriction, WireError(-1145, "Invalid cancelRestrictions"))
ENDPOINTS: tuple[Endpoint, ...] = (
    trading("POST", "/api/v3/order", 1, place, *ORDER_ROWS, socket_method="order.place", response=answers.PlacedOrder),
    trading(
        "POST",
        "/api/v3/order/test",
        test_weight,
        test,
        *ORDER_ROWS,
        Parameter("computeCommissionRates", parameters.boolean, default=False),
        socket_method="order.test",
        response=answers.TestedOrder,
    ),
    trading(
        "DELETE",
        "/api/v3/order",
        1,
        cancel,
        Parameter("symbol", parameters.symbol, mandatory=True),
        Parameter("orderId", parameters.long),
        Parameter("origClientOrderId", parameters.client_order_id),
        Parameter("newClientOrderId", parameters.client_order_id),
        Parameter("cancelRestrictions", RESTRICTIONS),
        socket_method="order.cancel",
        response=answers.CanceledOrder,
    ),
    trading(
        "DELETE",
        "/api/v3/openOrders",
        1,
        cancel_all,
        Parameter("symbol", parameters.symbol, mandatory=True),
        socket_method="openOrders.cancelAll",
        response=list[dict[str, Any]],
    ),
)
