"""REST: raw ASGI under Starlette's routing. A request is let in by its row of the table, or refused as Binance does."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from inspect import isawaitable
from typing import Any
from urllib.parse import unquote

import orjson

from exchange.api import auth, endpoints, errors, parameters
from exchange.api.auth import Key
from exchange.api.context import Context, Reply, Request
from exchange.api.endpoints import Endpoint
from exchange.api.errors import WireError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

BODY_BYTES_MAX = 1 << 20
JSON = (b"content-type", b"application/json;charset=UTF-8")


class Rest:
    """Answers every request below one prefix by the table."""

    def __init__(self, context: Context, table: Iterable[Endpoint]) -> None:
        self.context = context
        self.table = {(endpoint.method, endpoint.path): endpoint for endpoint in table}
        self.paths = {endpoint.path for endpoint in self.table.values()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        now_ns = self.context.now_ns()
        address = scope["client"][0] if scope.get("client") else ""
        try:
            body = await read_body(receive)
            reply = await self.answer(scope, body, address, now_ns)
            status, content, headers = 200, orjson.dumps(reply.body), list(reply.headers)
            if reply.seq:
                headers.append((b"x-seq", str(reply.seq).encode()))
        except WireError as error:
            status, content, headers = error.status, orjson.dumps(error.body), []
            if error.retry_after:
                headers.append((b"retry-after", str(error.retry_after).encode()))
        used = str(self.context.limits.weight.used(address, now_ns)).encode()
        headers += [
            JSON,
            (b"x-mbx-used-weight", used),
            (b"x-mbx-used-weight-1m", used),
            (b"content-length", str(len(content)).encode()),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def answer(self, scope: Scope, body: str, address: str, now_ns: int) -> Reply:
        """Let a request in and have its endpoint answer it."""
        endpoint = self.find(scope)
        headers = dict(scope["headers"])
        micros = time_unit(headers)
        query = decode(scope["query_string"])
        if scope["method"] == "GET":
            body = ""
        key, query, body, check = self.sender(endpoint, headers, query, body)
        values = parameters.read(endpoint.rows, parameters.gather(query, body))
        self.context.limits.charge(address, endpoint.cost(values), now_ns)
        if key is not None and check is not None:
            check_signed(key, endpoint, check, values, now_ns)
        reply = endpoint.handler(Request(self.context, values, now_ns, key, micros))
        return await reply if isawaitable(reply) else reply

    def find(self, scope: Scope) -> Endpoint:
        path = scope["path"]
        endpoint = self.table.get((scope["method"], path))
        if endpoint is None:
            raise WireError(-1020, "This operation is not supported.", 405 if path in self.paths else 404)
        return endpoint

    def sender(
        self, endpoint: Endpoint, headers: dict[bytes, bytes], query: str, body: str
    ) -> tuple[Key | None, str, str, tuple[bytes, str] | None]:
        """The key that sends, the query and body without the signature, and what is to be checked."""
        if endpoint.security == endpoints.NONE:
            return None, query, body, None
        key = self.context.keys.find(headers.get(b"x-mbx-apikey", b"").decode("latin-1"))
        if endpoint.security == endpoints.KEYED:
            return key, query, body, None
        query, in_query = auth.without_signature(query)
        body, in_body = auth.without_signature(body)
        signature = in_query if in_query is not None else in_body
        if signature is None:
            raise errors.missing("signature")
        if not signature:
            raise errors.empty("signature")
        return key, query, body, ((query + body).encode(), unquote(signature))


def check_signed(key: Key, endpoint: Endpoint, check: tuple[bytes, str], values: dict[str, Any], now_ns: int) -> None:
    """WireError -1022, -2015, -1021: the signature, then the right, then the time."""
    payload, signature = check
    if not key.check(payload, signature):
        raise errors.BAD_SIGNATURE
    if not key.rights & endpoint.right:
        raise errors.BAD_KEY
    window_us = values["recvWindow"]
    auth.check_time(values["timestamp"], auth.WINDOW_US if window_us is None else window_us, now_ns)


async def read_body(receive: Receive) -> str:
    """The body as text, whatever its content type says. WireError where it is too long or no text."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > BODY_BYTES_MAX:
            raise WireError(-1108, "Parameter 'body' overflowed.", 413)
        chunks.append(chunk)
        if not message.get("more_body"):
            break
    return decode(b"".join(chunks))


def decode(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise errors.illegal("body", "UTF-8") from error


def time_unit(headers: dict[bytes, bytes]) -> bool:
    """Whether times are answered in microseconds. WireError -1194."""
    unit = headers.get(b"x-mbx-time-unit")
    if unit is None:
        return False
    if unit.upper() not in (b"MICROSECOND", b"MILLISECOND"):
        raise WireError(-1194, "Invalid value for time unit; expected either MICROSECOND or MILLISECOND.")
    return unit.upper() == b"MICROSECOND"
