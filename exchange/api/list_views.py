"""Lists of orders as the wire shows them."""

from collections.abc import Sequence
from typing import Any

from exchange.api import order_views
from exchange.api.context import Request, WireMarket
from exchange.messages.orders import Contingency, ListStatus, OrderType, unpack_client_id
from exchange.messages.views import OrderList
from exchange.messages.words import Accepted, AnyWords, Canceled, ListChanged


def placed(
    request: Request, market: WireMarket, begun: ListChanged, events: Sequence[AnyWords], form: str | None
) -> dict[str, Any]:
    """A list as it was placed; an order that was pending is told so, whatever came of it since."""
    pending = (begun.first_id, begun.second_id) if begun.working_id else ()
    reports = []
    for event in events:
        if isinstance(event, Accepted) and event.list_id == begun.list_id:
            chosen = form or order_views.RESPONSES.get(OrderType(event.flags.type), "ACK")
            reports.append(order_views.placed(request, market, events, chosen, event, event.order_id in pending))
    return shown_change(request, market, begun, events, begun.created_ns) | {"orderReports": reports}


def shown_change(
    request: Request, market: WireMarket, change: ListChanged, events: Sequence[AnyWords], ts_ns: int
) -> dict[str, Any]:
    ids = (change.working_id, change.first_id, change.second_id)
    names = (change.working_name, change.first_name, change.second_name)
    is_done = any(
        isinstance(event, ListChanged) and event.list_id == change.list_id and event.status == ListStatus.DONE
        for event in events
    )
    orders = [(order_id, unpack_client_id(name)) for order_id, name in zip(ids, names, strict=True) if order_id]
    return list_view(
        market, change.list_id, change.contingency, is_done, unpack_client_id(change.client_id), orders
    ) | {"transactionTime": request.time(ts_ns)}


def status(market: WireMarket, change: ListChanged, events: Sequence[AnyWords]) -> dict[str, Any]:
    """A list as the answer to an amendment of one of its orders tells it."""
    ids = (change.working_id, change.first_id, change.second_id)
    names = (change.working_name, change.first_name, change.second_name)
    orders = [(order_id, unpack_client_id(name)) for order_id, name in zip(ids, names, strict=True) if order_id]
    is_done = change.status == ListStatus.DONE
    view = list_view(market, change.list_id, change.contingency, is_done, unpack_client_id(change.client_id), orders)
    del view["listStatusType"]
    return view


def list_view(
    market: WireMarket, list_id: int, contingency: int, is_done: bool, client_id: str, orders: list[tuple[int, str]]
) -> dict[str, Any]:
    return {
        "orderListId": list_id,
        "contingencyType": "OCO" if contingency == Contingency.OCO else "OTO",
        "listStatusType": "ALL_DONE" if is_done else "EXEC_STARTED",
        "listOrderStatus": "ALL_DONE" if is_done else "EXECUTING",
        "listClientOrderId": client_id,
        "symbol": market.symbol,
        "orders": [{"symbol": market.symbol, "orderId": order_id, "clientOrderId": name} for order_id, name in orders],
    }


def shown(request: Request, order_list: OrderList) -> dict[str, Any]:
    """A list as queries tell it."""
    market = request.context.market_by_id(order_list.market)
    is_done = bool(order_list.is_done)
    view = list_view(
        market, order_list.list_id, order_list.contingency, is_done, order_list.client_id, order_list.orders
    )
    return view | {"transactionTime": request.time(order_list.created_ns)}


def ended(request: Request, market: WireMarket, events: Sequence[AnyWords], ts_ns: int) -> list[dict[str, Any]]:
    """Every list that ended by these events, with the orders that were cancelled of it."""
    views = []
    for change in events:
        if isinstance(change, ListChanged) and change.status == ListStatus.DONE:
            reports = [
                order_views.canceled(request, market, event, events, ts_ns)
                for event in events
                if isinstance(event, Canceled) and event.list_id == change.list_id
            ]
            views.append(shown_change(request, market, change, events, ts_ns) | {"orderReports": reports})
    return views
