"""Several orders in one request, ours: placed or cancelled in their order, each with an answer of its own."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import orjson

from exchange.api import errors, orders, parameters
from exchange.api.context import Reply, Request
from exchange.api.endpoints import Endpoint, trading
from exchange.api.errors import WireError
from exchange.api.parameters import Parameter, takes
from exchange.messages.orders import Restriction

BATCH_MAX = 20
BATCH = {"type": "array", "items": {"type": "object"}, "minItems": 1, "maxItems": BATCH_MAX}
PLACE_ROWS = parameters.table(*orders.ORDER_ROWS)
CANCEL_ROWS = parameters.table(
    Parameter("symbol", parameters.symbol, mandatory=True),
    Parameter("orderId", parameters.long),
    Parameter("origClientOrderId", parameters.client_order_id),
    Parameter("newClientOrderId", parameters.client_order_id),
    Parameter("cancelRestrictions", parameters.one_of(Restriction, WireError(-1145, "Invalid cancelRestrictions"))),
)
read_place, read_cancel = parameters.reader(PLACE_ROWS), parameters.reader(CANCEL_ROWS)


@takes(BATCH)
def batch(name: str, value: str) -> list[dict[str, str]]:
    """A JSON array of objects, whose values may be words, numbers or booleans."""
    try:
        found = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise errors.bad_data(name) from error
    if not isinstance(found, list) or not found or not all(isinstance(each, dict) for each in found):
        raise errors.bad_data(name)
    if len(found) > BATCH_MAX:
        raise errors.too_large(name, BATCH_MAX)
    return [{key: rendered(name, each) for key, each in one.items()} for one in found]


def rendered(name: str, value: Any) -> str:
    """A value as it would stand in a query."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise errors.bad_data(name)
    return value if isinstance(value, str) else orjson.dumps(value).decode()


async def answered(one: Awaitable[Reply]) -> tuple[Any, int]:
    """What one of them is answered by itself, and the seq it holds for."""
    try:
        reply = await one
    except WireError as error:
        return error.body, 0
    return reply.body, reply.seq


async def placed(request: Request, values: dict[str, str]) -> Reply:
    reply: Reply = await orders.place(request.having(read_place(values)))
    return reply


async def canceled(request: Request, values: dict[str, str]) -> Reply:
    return await orders.cancel(request.having(read_cancel(values)))


async def together(request: Request, kind: Any) -> Reply:
    """Handed on one behind the other in the order in which they were sent, then waited for together."""
    tasks = [asyncio.ensure_future(answered(kind(request, each))) for each in request.values["batchOrders"]]
    found = await asyncio.gather(*tasks)
    counted = request.context.limits.count_order(request.sender.account, request.now_ns, 0)
    return Reply([body for body, _ in found], max(seq for _, seq in found), counted)


async def place(request: Request) -> Reply:
    """POST /api/v3/batchOrders."""
    return await together(request, placed)


async def cancel(request: Request) -> Reply:
    """DELETE /api/v3/batchOrders."""
    return await together(request, canceled)


ENDPOINTS: tuple[Endpoint, ...] = tuple(
    trading(
        method,
        "/api/v3/batchOrders",
        5,
        handler,
        Parameter("batchOrders", batch, mandatory=True),
        socket_method=name,
        response=list[dict[str, Any]],
    )
    for method, handler, name in (("POST", place, "batchOrders.place"), ("DELETE", cancel, "batchOrders.cancel"))
)
