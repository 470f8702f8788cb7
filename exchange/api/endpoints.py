"""The shape of the table that drives the wire: one row for each endpoint, its security, weight and parameters."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from exchange.api.auth import READ, TRADE
from exchange.api.context import Reply, Request
from exchange.api.parameters import Parameter, moment_ns, receive_window_us, table

Handler = Callable[[Request], Awaitable[Reply] | Reply]
Weight = Callable[[Mapping[str, Any]], int]

NONE, KEYED, SIGNED = "NONE", "KEYED", "SIGNED"
SIGNING = table(
    Parameter("recvWindow", receive_window_us),
    Parameter("timestamp", moment_ns, mandatory=True),
)


class Endpoint(NamedTuple):
    """One row. `weight` is a number or goes by the parameters; `right` is what the key must have where it is SIGNED."""

    method: str
    path: str
    security: str
    weight: int | Weight
    rows: Mapping[str, Parameter]
    handler: Handler
    right: int = 0
    socket_method: str = ""
    """The name of its twin on the WebSocket API, where it has one."""

    def cost(self, values: Mapping[str, Any]) -> int:
        return self.weight if isinstance(self.weight, int) else self.weight(values)


def public(path: str, weight: int | Weight, handler: Handler, *rows: Parameter, socket_method: str = "") -> Endpoint:
    """Market data: nobody signs."""
    return Endpoint("GET", path, NONE, weight, table(*rows), handler, 0, socket_method)


def reading(path: str, weight: int | Weight, handler: Handler, *rows: Parameter, socket_method: str = "") -> Endpoint:
    """USER_DATA: a key that may read."""
    return Endpoint("GET", path, SIGNED, weight, SIGNING | table(*rows), handler, READ, socket_method)


def trading(
    method: str, path: str, weight: int | Weight, handler: Handler, *rows: Parameter, socket_method: str = ""
) -> Endpoint:
    """TRADE: a key that may trade."""
    return Endpoint(method, path, SIGNED, weight, SIGNING | table(*rows), handler, TRADE, socket_method)
