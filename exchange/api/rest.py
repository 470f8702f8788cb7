"""REST: a request is let in by its row of the table, or refused as Binance does; over HTTP (http.py) or as ASGI."""

import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, MutableMapping
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import unquote

import orjson

from exchange.api import auth, context, endpoints, errors, parameters
from exchange.api.auth import Key
from exchange.api.context import Context, Pending, Reply, Request
from exchange.api.endpoints import Endpoint
from exchange.api.errors import WireError
from exchange.runtime.guard import attempt, attempt_waiting

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
BODY_BYTES_MAX = 1 << 20
BODY_TOO_LONG = WireError(-1108, "Parameter 'body' overflowed.", 413)
UNSUPPORTED = "This operation is not supported."
JSON = b"content-type: application/json;charset=UTF-8\r\n"


class Call(NamedTuple):
    """One request as it came: header names are lower-case, `peer` is the address of the other end."""

    method: str
    path: str
    query: bytes
    headers: dict[bytes, bytes]
    body: bytes
    peer: str


class Response(NamedTuple):
    """One answer: its header lines as they are sent, but for its length, which whoever writes it knows."""

    status: int
    head: bytes
    content: bytes

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """Names and values, for a server that writes them itself."""
        parted = [line.partition(b": ") for line in self.head.split(b"\r\n") if line]
        return [(name, value) for name, _, value in parted]


Begun = Response | Pending | Coroutine[Any, None, Response]


class Row(NamedTuple):
    """An endpoint, ready to be asked."""

    endpoint: Endpoint
    read: parameters.Reader
    security: str
    weight: int
    """0 where it goes by the parameters."""
    is_free: bool
    is_sapi: bool
    is_named_by_path: bool


def row_of(endpoint: Endpoint) -> Row:
    return Row(
        endpoint,
        parameters.reader(endpoint.rows),
        endpoint.security,
        endpoint.weight if isinstance(endpoint.weight, int) else 0,
        endpoint.is_free,
        endpoint.path.startswith("/sapi/"),
        endpoint.path.endswith("}"),
    )


def refused_outright(error: WireError) -> Response:
    """The refusal of what never became a request."""
    return Response(error.status, JSON, error.content)


def lines_of(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Headers as they are sent."""
    return b"".join([b"%b: %b\r\n" % pair for pair in headers])


class Rest:
    """Answers every request by the table."""

    def __init__(self, context: Context, table: Iterable[Endpoint]) -> None:
        self.context = context
        self.table = {(endpoint.method, endpoint.path): endpoint for endpoint in table}
        self.rows = {name: row_of(endpoint) for name, endpoint in self.table.items()}
        self.find_page: Callable[[str], tuple[bytes, bytes] | None] = lambda path: None
        """Content type and content of a page; see pages.py."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As an ASGI application: for whoever runs the venue under another server."""
        if scope["type"] != "http":
            return
        body = await read_body(receive)
        peer = scope["client"][0] if scope.get("client") else ""
        if body is None:
            found = refused_outright(BODY_TOO_LONG)
        else:
            headers = dict(scope["headers"])
            begun = self.begin(Call(scope["method"], scope["path"], scope["query_string"], headers, body, peer))
            found = begun if isinstance(begun, Response) else await attempt_waiting(begun, self.failed)
        length = (b"content-length", str(len(found.content)).encode())
        await send({"type": "http.response.start", "status": found.status, "headers": [*found.headers, length]})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else found.content})

    def begin(self, call: Call) -> Begun:
        """Answer a request, or begin to: what must wait is answered by what is returned."""
        return attempt(self.admit, self.failed, call)

    def failed(self, error: BaseException) -> Response:
        """What a request is answered on which we fail: nobody knows what became of it."""
        logging.getLogger("uvicorn.error").error("a request failed", exc_info=error)
        return refused_outright(errors.UNKNOWN)

    def admit(self, call: Call) -> Begun:
        now_ns = self.context.now_ns()
        address = context.address_of(call.peer, call.headers)
        row = self.rows.get((call.method, call.path)) or self.rows.get((call.method, above(call.path)))
        try:
            if row is None:
                self.context.limits.charge(address, 1, now_ns)
                return self.elsewhere(call, address, now_ns)
            reply = self.answer(row, call, address, now_ns)
        except WireError as error:
            return self.refusal(error, address, now_ns)
        if isinstance(reply, Reply):
            return self.response(row, reply, address, now_ns)
        if isinstance(reply, Pending):
            reply.render = partial(self.rendered, row, address, now_ns)
            reply.otherwise = self.failed
            return reply
        return self.later(row, reply, address, now_ns)

    def elsewhere(self, call: Call, address: str, now_ns: int) -> Response:
        """What is in no row: a page, or a refusal."""
        page = self.find_page(call.path) if call.method in ("GET", "HEAD") else None
        if page is not None:
            kind, content = page
            return Response(200, b"content-type: %b\r\n" % kind + self.head(0, address, now_ns), content)
        allowed = [method for method, path in self.table if path == call.path]
        if allowed:
            raise WireError(-1020, UNSUPPORTED, 405, headers=((b"allow", ", ".join(allowed).encode()),))
        raise WireError(-1020, UNSUPPORTED, 404)

    async def later(self, row: Row, reply: Awaitable[Reply], address: str, now_ns: int) -> Response:
        try:
            return self.response(row, await reply, address, now_ns)
        except WireError as error:
            return self.refusal(error, address, now_ns)

    def rendered(self, row: Row, address: str, now_ns: int, found: Reply | WireError) -> Response:
        if isinstance(found, WireError):
            return self.refusal(found, address, now_ns)
        return self.response(row, found, address, now_ns)

    def response(self, row: Row, reply: Reply, address: str, now_ns: int) -> Response:
        if row.is_free:
            self.context.limits.refund(address, row.weight, now_ns)
        head = JSON + self.head(reply.seq, address, now_ns)
        if reply.orders:
            head += self.context.limits.order_lines % reply.orders
        if row.is_sapi:
            head += b"x-sapi-used-ip-weight-1m: %d\r\n" % self.context.limits.sapi_address.used(address, now_ns)
        return Response(200, head, reply.body if type(reply.body) is bytes else orjson.dumps(reply.body))

    def refusal(self, error: WireError, address: str, now_ns: int) -> Response:
        own = error.headers
        if error.retry_after:
            own = (*own, (b"retry-after", b"%d" % error.retry_after))
        return Response(error.status, JSON + self.head(0, address, now_ns) + lines_of(own), error.content)

    def head(self, seq: int, address: str, now_ns: int) -> bytes:
        """What every answer carries: the seq that it holds for, and the weight used."""
        used = self.context.limits.weight.used(address, now_ns)
        lines = b"x-mbx-used-weight: %d\r\nx-mbx-used-weight-1m: %d\r\nx-seq: %d\r\n"
        return lines % (used, used, seq or self.context.state.seq)

    def answer(self, row: Row, call: Call, address: str, now_ns: int) -> Reply | Awaitable[Reply]:
        """Let a request in and have its endpoint answer it."""
        endpoint = row.endpoint
        key: Key | None = None
        signed: tuple[bytes, str] | None = None
        try:
            micros = b"x-mbx-time-unit" in call.headers and time_unit(call.headers[b"x-mbx-time-unit"])
            query = decode(call.query) if call.query else ""
            body = decode(call.body) if call.body and call.method != "GET" else ""
            if row.security != endpoints.NONE:
                key = self.context.keys.find(call.headers.get(b"x-mbx-apikey", b"").decode("latin-1"))
                if row.security == endpoints.SIGNED:
                    query, body, signed = signature_of(query, body)
            gathered = parameters.gather(query, body)
            if row.is_named_by_path:
                gathered = named_by_path(endpoint.path, call.path) | gathered
            values = row.read(gathered)
        except WireError:
            # What it would weigh is not known: it weighs what it weighs at least.
            self.charge(row, address, None, row.weight or 1, now_ns)
            raise
        self.charge(row, address, key, row.weight or endpoint.cost(values), now_ns)
        if key is not None and signed is not None:
            check_signed(key, endpoint, signed, values, now_ns)
        return endpoint.handler(Request(self.context, values, now_ns, key, micros))

    def charge(self, row: Row, address: str, key: Key | None, weight: int, now_ns: int) -> None:
        if row.is_sapi:
            account = key.account if key is not None and row.endpoint.by_user else 0
            self.context.limits.charge_sapi(address, account, weight, now_ns)
        else:
            self.context.limits.charge(address, weight, now_ns)


def above(path: str) -> str:
    """The path of a row whose last part is the command's number."""
    return path[: path.rfind("/") + 1] + "{seq}"


def named_by_path(pattern: str, path: str) -> dict[str, str]:
    """The parameter that a path's last part is; none where the path is the pattern itself."""
    if path == pattern:
        return {}
    return {pattern[pattern.rfind("{") + 1 : -1]: unquote(path[path.rfind("/") + 1 :])}


def signature_of(query: str, body: str) -> tuple[str, str, tuple[bytes, str]]:
    """Query and body without the signature, and the payload that was signed with it. WireError -1102, -1105."""
    query, in_query = auth.without_signature(query)
    body, in_body = auth.without_signature(body)
    signature = in_query if in_query is not None else in_body
    if signature is None:
        raise errors.missing("signature")
    if not signature:
        raise errors.empty("signature")
    return query, body, ((query + body).encode(), unquote(signature) if "%" in signature else signature)


def check_signed(key: Key, endpoint: Endpoint, signed: tuple[bytes, str], values: dict[str, Any], now_ns: int) -> None:
    """WireError -1022, -2015, -1021: the signature, then the right, then the time."""
    payload, signature = signed
    if not key.check(payload, signature):
        raise errors.BAD_SIGNATURE
    if not key.rights & endpoint.right:
        raise errors.BAD_KEY
    window_us = values["recvWindow"]
    auth.check_time(values["timestamp"], auth.WINDOW_US if window_us is None else window_us, now_ns)


async def read_body(receive: Receive) -> bytes | None:
    """The body, whatever its content type says; None where it is too long."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > BODY_BYTES_MAX:
            return None
        chunks.append(chunk)
        if not message.get("more_body"):
            break
    return b"".join(chunks)


def decode(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise errors.illegal("body", "UTF-8") from error


def time_unit(unit: bytes) -> bool:
    """Whether times are answered in microseconds. WireError -1194."""
    if unit not in (b"MICROSECOND", b"microsecond", b"MILLISECOND", b"millisecond"):
        raise errors.BAD_TIME_UNIT
    return unit.upper() == b"MICROSECOND"
