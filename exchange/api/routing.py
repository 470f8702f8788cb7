"""Smart order routing as a venue answers that has none: the request is read in full, and no market takes part."""

from exchange.api import answers, errors, parameters
from exchange.api.context import Reply, Request, not_supported
from exchange.api.endpoints import Endpoint, trading
from exchange.api.errors import WireError
from exchange.api.orders import ORDER_ROWS, test_weight
from exchange.api.parameters import Parameter
from exchange.messages.orders import OrderType

UNASKED = ("quoteOrderQty", "stopPrice", "trailingDelta", "pegPriceType", "pegOffsetValue", "pegOffsetType")
"""What a routed order cannot have: sent all the same, it is a parameter that nobody read."""
ROWS = tuple(row for row in ORDER_ROWS if row.name not in (*UNASKED, "goodTillDate", "idempotent"))


def route(request: Request) -> Reply:
    """Refuse an order: first for what is wrong with it, then because its market routes none."""
    values = request.values
    request.context.market(values["symbol"])
    if values["type"] not in (OrderType.LIMIT, OrderType.MARKET):
        raise WireError(-1014, "Unsupported order combination.")
    for name in ("quantity", "timeInForce", "price")[: 3 if values["type"] == OrderType.LIMIT else 1]:
        if values[name] is None:
            raise errors.missing(name)
    raise not_supported("SOR orders")


ENDPOINTS: tuple[Endpoint, ...] = (
    trading(
        "POST", "/api/v3/sor/order", 1, route, *ROWS, socket_method="sor.order.place", response=answers.PlacedOrder
    ),
    trading(
        "POST",
        "/api/v3/sor/order/test",
        test_weight,
        route,
        *ROWS,
        Parameter("computeCommissionRates", parameters.boolean, default=False),
        socket_method="sor.order.test",
        response=answers.TestedOrder,
    ),
)
