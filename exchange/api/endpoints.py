"""The shape of the table that drives the wire: one row for each endpoint, with all that is asked of it and answered.

Parsing, errors, weights, the WebSocket API's methods, /openapi.json, /asyncapi.json and /docs come from these rows.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple

from exchange.api.auth import READ, TRADE
from exchange.api.context import Reply, Request
from exchange.api.parameters import Parameter, moment_ns, receive_window_us, table

Handler = Callable[[Request], Awaitable[Reply] | Reply]
Weight = Callable[[Mapping[str, Any]], int]

NONE: Final = "NONE"
KEYED: Final = "KEYED"
SIGNED: Final = "SIGNED"
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
    response: Any = Any
    """The type of what is answered: a msgspec struct, or lists and unions of them (answers.py)."""
    is_free: bool = False
    """Whether its weight counts only where it fails (reference §3)."""
    by_user: bool = False
    """Whether its weight counts by user and not by address (/sapi)."""

    @property
    def counts_orders(self) -> bool:
        """Whether it places orders, which count."""
        return self.is_free and self.method == "POST"

    def cost(self, values: Mapping[str, Any]) -> int:
        return self.weight if isinstance(self.weight, int) else self.weight(values)


def public(
    path: str, weight: int | Weight, handler: Handler, *rows: Parameter, socket_method: str = "", response: Any = Any
) -> Endpoint:
    """Market data: nobody signs."""
    return Endpoint("GET", path, NONE, weight, table(*rows), handler, 0, socket_method, response)


def reading(
    path: str,
    weight: int | Weight,
    handler: Handler,
    *rows: Parameter,
    socket_method: str = "",
    response: Any = Any,
    method: str = "GET",
) -> Endpoint:
    """USER_DATA: a key that may read."""
    return Endpoint(method, path, SIGNED, weight, SIGNING | table(*rows), handler, READ, socket_method, response)


def trading(
    method: str,
    path: str,
    weight: int | Weight,
    handler: Handler,
    *rows: Parameter,
    socket_method: str = "",
    response: Any = Any,
) -> Endpoint:
    """TRADE: a key that may trade. What is only tested or amended costs its weight, the rest only where it fails."""
    is_free = method != "PUT" and not path.endswith("/test")
    signed = SIGNING | table(*rows)
    return Endpoint(method, path, SIGNED, weight, signed, handler, TRADE, socket_method, response, is_free)
