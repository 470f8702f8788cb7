"""Orders as the wire shows them: the answers to placing, cancelling and asking."""

from collections.abc import Sequence
from typing import Any, Final

from exchange.api import decimals, pegs
from exchange.api.context import Request, WireMarket
from exchange.messages.orders import OrderType, Reason, SelfTrade, Side, TimeInForce, unpack_client_id
from exchange.messages.views import Fill, Order, OrderStatus
from exchange.messages.words import Accepted, AnyWords, Canceled, Pegged, Prevented, StrategyNoted, TermsNoted, Traded

EXPIRY: Final[dict[int, str]] = {
    Reason.UNFILLED_IOC: "UNFILLED_IOC_QUANTITY_EXPIRED",
    Reason.UNFILLED_FOK: "UNFILLED_FOK_ORDER_EXPIRED",
    Reason.NO_LIQUIDITY: "INSUFFICIENT_LIQUIDITY",
    Reason.EXCHANGE_CANCELED: "EXCHANGE_CANCELED",
    Reason.OUT_OF_RANGE: "EXECUTION_RULE_PRICE_RANGE_EXCEEDED",
    Reason.HALTED: "EXCHANGE_CANCELED",
    Reason.OCO_TRIGGER: "OCO_TRIGGER",
    Reason.OTO_PHASE_ONE_EXPIRED: "OTO_PHASE_ONE_EXPIRED",
    Reason.LEG_REFUSED: "REJECTED",
    Reason.PEG_REFUSED: "REJECTED",
    Reason.GOOD_TILL_ENDED: "GOOD_TILL_DATE_REACHED",
}
SIDES: Final = {each.value: each.name for each in Side}
TYPES: Final = {each.value: each.name for each in OrderType}
TIMES_IN_FORCE: Final = {each.value: each.name for each in TimeInForce}
SELF_TRADES: Final = {each.value: each.name for each in SelfTrade}
LIMIT_MAKER: Final = int(OrderType.LIMIT_MAKER)
RESPONSES: Final = {OrderType.LIMIT: "FULL", OrderType.MARKET: "FULL"}
CANCELED: Final = (
    *(Reason.BY_REQUEST, Reason.BY_CANCEL_ALL, Reason.BY_OPERATOR, Reason.AMENDED_AWAY, Reason.COUNTED_DOWN),
    Reason.DISCONNECTED,
)


NOTES: Final = frozenset((StrategyNoted, TermsNoted, Pegged, Prevented))
"""What is told of few orders."""


def strategy_of(strategy_id: int, strategy_type: int) -> dict[str, Any]:
    """Each of an order's two strategy numbers that was sent."""
    view: dict[str, Any] = {"strategyId": strategy_id} if strategy_id else {}
    return view | {"strategyType": strategy_type} if strategy_type else view


STATUS_AT_END: Final = {
    each.value: "CANCELED" if each in CANCELED else "EXPIRED_IN_MATCH" if each is Reason.SELF_TRADE else "EXPIRED"
    for each in Reason
}
"""The status of an order that ended unfilled."""


def open_status(quantity: int, remaining: int, prevented: int) -> str:
    if remaining == 0:
        return "FILLED"
    return "NEW" if remaining == quantity - prevented else "PARTIALLY_FILLED"


def acknowledged(request: Request, market: WireMarket, accepted: Accepted) -> dict[str, Any]:
    """The ACK form."""
    return {
        "symbol": market.symbol,
        "orderId": accepted.order_id,
        "orderListId": accepted.list_id or -1,
        "clientOrderId": unpack_client_id(accepted.client_id),
        "transactTime": request.time(accepted.created_ns),
    }


def placed(
    request: Request,
    market: WireMarket,
    events: Sequence[AnyWords],
    form: str,
    accepted: AnyWords | None = None,
    is_pending: bool = False,
) -> dict[str, Any]:
    """The answer to a placed order in the form that was asked for: ACK, RESULT or FULL. Of a list each order is named,
    and one that was `is_pending` at first is told as it was then.
    """
    accepted = accepted or events[0]
    assert isinstance(accepted, Accepted)
    view = acknowledged(request, market, accepted)
    if form == "ACK":
        return view
    mine = accepted.order_id
    end: Canceled | None = None
    trades: list[Traded] = []
    notes: list[AnyWords] = []
    for event in events:
        if isinstance(event, Canceled):
            if event.order_id == mine:
                end = end or event
        elif isinstance(event, Traded):
            if event.taker_order == mine and not is_pending:
                trades.append(event)
        elif type(event) in NOTES:
            notes.append(event)
    filled, paid, quantity = 0, 0, accepted.quantity
    if trades:
        filled, paid = sum([trade.quantity for trade in trades]), sum([trade.quote_amount for trade in trades])
    flags = accepted.flags
    view["price"] = market.price(accepted.price)
    if quantity or not is_pending:
        view["origQty"] = market.quantity(quantity)
    view["executedQty"] = market.quantity(filled) if filled else market.no_quantity
    sent_quote = accepted.quote_quantity
    view["origQuoteOrderQty"] = market.notional(sent_quote) if sent_quote else market.no_notional
    view["cummulativeQuoteQty"] = market.notional(paid) if paid else market.no_notional
    view["status"] = open_status(quantity, quantity - filled, 0) if end is None else STATUS_AT_END[end.reason]
    view["timeInForce"] = TIMES_IN_FORCE[flags.time_in_force]
    view["type"] = TYPES[flags.type]
    view["side"] = SIDES[flags.side]
    view["workingTime"] = -1 if is_pending or flags.type > LIMIT_MAKER else view["transactTime"]
    if is_pending and end is None:
        view["status"] = "PENDING_NEW"
    if form == "FULL":
        view["fills"] = [fill(request, market, trade) for trade in trades]
    view["selfTradePreventionMode"] = SELF_TRADES[flags.self_trade]
    if notes:
        add_notes(request, view, market, notes, mine)
    if end is not None:
        add_end(view, market, end.reason, end.prevented_quantity)
    met = [event for event in notes if isinstance(event, Prevented) and event.taker_order == mine]
    if met:
        view["preventedMatches"] = [prevention(market, event) for event in met]
    return view


def add_notes(
    request: Request, view: dict[str, Any], market: WireMarket, notes: Sequence[AnyWords], order_id: int
) -> None:
    """What is told of few orders when they are placed."""
    for note in notes:
        if isinstance(note, StrategyNoted) and note.order_id == order_id:
            view |= strategy_of(note.strategy_id, note.strategy_type)
    add_terms(request, view, market, notes, order_id)
    pegs.add(view, market, notes, order_id)


def add_terms(
    request: Request, view: dict[str, Any], market: WireMarket, events: Sequence[AnyWords], order_id: int
) -> None:
    """What only few orders show: a price they wait for, a part that shows, when they end."""
    for terms in events:
        if isinstance(terms, TermsNoted) and terms.order_id == order_id:
            add_stop(view, market, terms.activation_price if terms.trailing_delta else terms.trigger_price)
            if terms.visible:
                view["icebergQty"] = market.quantity(terms.visible)
            add_trailing(view, terms.trailing_delta)
            if terms.due_ns:
                view["goodTillDate"] = request.time(terms.due_ns)


def add_stop(view: dict[str, Any], market: WireMarket, stop_price: int) -> None:
    if stop_price:
        view["stopPrice"] = market.price(stop_price)


def add_trailing(view: dict[str, Any], trailing_delta: int) -> None:
    """`trailingTime` is that of activation, which is not told: -1."""
    if trailing_delta:
        view |= {"trailingDelta": trailing_delta, "trailingTime": -1}


def add_end(view: dict[str, Any], market: WireMarket, reason: int, prevented_quantity: int) -> None:
    """What only an order that expired shows."""
    if reason in EXPIRY:
        view["expiryReason"] = EXPIRY[reason]
    if prevented_quantity:
        view["preventedQuantity"] = market.quantity(prevented_quantity)


def fill(request: Request, market: WireMarket, trade: Traded) -> dict[str, Any]:
    """A fill as the taker sees it."""
    asset, scale = (
        (market.base, market.base_scale) if trade.taker_side == Side.BUY else (market.quote, market.quote_scale)
    )
    if trade.fee_terms:
        asset, scale = request.context.asset(trade.taker_fee_asset)
    return {
        "price": market.price(trade.price),
        "qty": market.quantity(trade.quantity),
        "commission": decimals.write(trade.taker_fee, scale),
        "commissionAsset": asset,
        "tradeId": trade.trade_id,
    }


def prevention(market: WireMarket, event: Prevented) -> dict[str, Any]:
    view: dict[str, Any] = {
        "preventedMatchId": event.prevented_id,
        "makerOrderId": event.maker_order,
        "price": market.price(event.price),
    }
    if event.taker_prevented:
        view["takerPreventedQuantity"] = market.quantity(event.taker_prevented)
    if event.maker_prevented:
        view["makerPreventedQuantity"] = market.quantity(event.maker_prevented)
    return view


def canceled(
    request: Request, market: WireMarket, event: Canceled, events: Sequence[AnyWords], now_ns: int
) -> dict[str, Any]:
    """The answer to a cancel: `clientOrderId` is the cancel's own."""
    flags = event.flags
    view = {
        "symbol": market.symbol,
        "origClientOrderId": unpack_client_id(event.client_id),
        "orderId": event.order_id,
        "orderListId": event.list_id or -1,
        "clientOrderId": unpack_client_id(event.cancel_id),
        "transactTime": request.time(now_ns),
        "price": market.price(event.price),
        "origQty": market.quantity(event.quantity),
        "executedQty": market.quantity(event.quantity - event.remaining - event.prevented_quantity),
        "origQuoteOrderQty": market.notional(0),
        "cummulativeQuoteQty": market.notional(event.filled_quote),
        "status": STATUS_AT_END[event.reason],
        "timeInForce": TimeInForce(flags.time_in_force).name,
        "type": OrderType(flags.type).name,
        "side": Side(flags.side).name,
        "selfTradePreventionMode": SelfTrade(flags.self_trade).name,
    }
    view |= strategy_of(event.strategy_id, event.strategy_type)
    add_terms(request, view, market, events, event.order_id)
    pegs.add(view, market, events, event.order_id)
    return view


def queried(request: Request, market: WireMarket, order: Order) -> dict[str, Any]:
    """The form of GET /order, openOrders and allOrders."""
    view = {
        "symbol": market.symbol,
        "orderId": order.order_id,
        "orderListId": order.list_id or -1,
        "clientOrderId": order.client_id,
        "price": market.price(order.price),
        "origQty": market.quantity(order.quantity),
        "executedQty": market.quantity(order.filled),
        "cummulativeQuoteQty": market.notional(order.filled_quote),
        "status": OrderStatus(order.status).name,
        "timeInForce": TimeInForce(order.time_in_force).name,
        "type": OrderType(order.type).name,
        "side": Side(order.side).name,
        "stopPrice": market.price(order.stop_price),
        "icebergQty": market.quantity(order.visible),
        "time": request.time(order.created_ns),
        "updateTime": request.time(order.updated_ns),
        "isWorking": order.working_ns > 0,
        "workingTime": request.time(order.working_ns) if order.working_ns else -1,
        "origQuoteOrderQty": market.notional(order.quote_quantity),
        "selfTradePreventionMode": SelfTrade(order.self_trade).name,
    }
    view |= strategy_of(order.strategy_id, order.strategy_type)
    add_trailing(view, order.trailing_delta)
    if order.peg:
        view |= pegs.shown(market, order.peg, order.peg_offset_kind, order.peg_offset, order.pegged_price)
    if order.good_till_ns:
        view["goodTillDate"] = request.time(order.good_till_ns)
    if order.reason:
        add_end(view, market, order.reason, order.prevented_quantity)
    if order.prevented_id:
        view["preventedMatchId"] = order.prevented_id
    return view


def placed_before(
    request: Request, market: WireMarket, order: Order, form: str, fills: Sequence[Fill]
) -> dict[str, Any]:
    """An order as the answer to placing it once more tells it: as it stands now, with its fills as a taker."""
    view = queried(request, market, order)
    names = ("symbol", "orderId", "orderListId", "clientOrderId")
    answer = {name: view[name] for name in names} | {"transactTime": request.time(order.created_ns)}
    if form == "ACK":
        return answer
    left_out = {*names, "time", "updateTime", "isWorking"}
    left_out |= {name for name in ("stopPrice", "icebergQty") if not float(view[name])}
    answer |= {name: value for name, value in view.items() if name not in left_out}
    if form == "FULL":
        answer["fills"] = [
            {
                "price": market.price(fill.price),
                "qty": market.quantity(fill.quantity),
                "commission": decimals.write(fill.fee, request.context.asset(fill.fee_asset)[1]),
                "commissionAsset": request.context.asset(fill.fee_asset)[0],
                "tradeId": fill.trade_id,
            }
            for fill in fills
            if not fill.is_maker
        ]
    return answer
