"""HTTP/1.1 on a connection: parsed by httptools, answered by the table in one write; run by uvicorn as its protocol.

An order costs less than the ASGI messages, the task and the routing that would carry it: requests go to `Rest.begin`
as they are, and those that wait (for the disk, for history) go on without a task of their own. From its handshake on a
WebSocket has a protocol of its own (websocket.py). Broken HTTP is refused in Binance's form, too.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import httptools

from exchange.api import websocket
from exchange.api.context import Pending, address_of
from exchange.api.errors import WireError
from exchange.api.rest import BODY_BYTES_MAX, BODY_TOO_LONG, Call, Response, Rest, refused_outright
from exchange.api.sockets import Endpoint, Opening
from exchange.runtime.guard import Drive

IDLE_SECONDS = 60
LINGER_SECONDS = 2
QUEUED_MAX = 16
HEADERS_MAX = 64 << 10
STATUS_LINES = {each.value: f"HTTP/1.1 {each.value} {each.phrase}\r\n".encode() for each in HTTPStatus}
BROKEN = refused_outright(WireError(-1000, "An unknown error occurred while processing the request.", 400))
NO_SUCH_SOCKET = WireError(-1000, "There is no WebSocket here.", 404)
TOO_LONG = refused_outright(BODY_TOO_LONG)
HEAD_TOO_LONG = refused_outright(WireError(-1108, "Parameter 'headers' overflowed.", 431))


class Connection(asyncio.Protocol):
    """One client's connection; `rest`, `find_socket` and `gathering` are the class's, bound by `protocol_of`.

    Requests are answered in their order: those that come while one is under way wait, at most QUEUED_MAX of them before
    reading pauses. Nothing is read either while the client does not take what was written.
    """

    rest: Rest
    find_socket: Callable[[str], Endpoint | None]
    gathering: websocket.Gathering

    def __init__(self, config: Any, server_state: Any, app_state: dict[str, Any], _loop: Any = None) -> None:
        self.config = config
        self.state = server_state
        self.app_state = app_state
        self.loop = asyncio.get_running_loop()
        self.parser = httptools.HttpRequestParser(self)
        self.transport: asyncio.Transport
        self.peer = ""
        self.url = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.fields: dict[bytes, bytes] = {}
        """The headers once they are complete, the last of each name."""
        self.head_bytes = 0
        self.body: list[bytes] = []
        self.body_bytes = 0
        self.queue: deque[tuple[Call | Response, bool, bool]] = deque()
        """Requests (or what they are refused with), whether the connection stays open after them, and whether HEAD."""
        self.current: tuple[bool, bool] | None = None
        """How the request under way ends: whether the connection stays open, and whether it is a HEAD."""
        self.broken = False
        self.stopping = False
        self.write_paused = self.read_paused = False
        self.common_of: Any = None
        self.common = b""
        self.active = self.loop.time()
        self.timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self.transport = transport  # type: ignore[assignment]
        # An answer leaves at once: uvloop would keep those of a whole batch for the end of its turn, and 64 clients
        # would wait for the last of them.
        self.transport.set_write_buffer_limits(0)
        self.state.connections.add(self)
        peer = transport.get_extra_info("peername")
        self.peer = peer[0] if isinstance(peer, tuple) else ""
        self.timer = self.loop.call_later(IDLE_SECONDS, self.end_if_idle)

    def connection_lost(self, exc: Exception | None) -> None:
        self.state.connections.discard(self)
        self.broken = True
        self.queue.clear()
        if self.timer is not None:
            self.timer.cancel()

    def end_if_idle(self) -> None:
        """Close a connection on which nothing came for a minute and nothing is under way."""
        left = self.active + IDLE_SECONDS - self.loop.time()
        if left <= 0 and self.current is None:
            self.transport.close()
        else:
            self.timer = self.loop.call_later(max(left, 1), self.end_if_idle)

    def shutdown(self) -> None:
        """The server stops: end now, or once what is under way is answered."""
        self.stopping = True
        if self.current is None:
            self.transport.close()

    def pause_writing(self) -> None:
        self.write_paused = True
        self.pace()

    def resume_writing(self) -> None:
        self.write_paused = False
        self.pace()

    def pace(self) -> None:
        """Read only as fast as the client takes its answers."""
        wanted = self.write_paused or len(self.queue) >= QUEUED_MAX
        if wanted != self.read_paused and not self.transport.is_closing():
            self.read_paused = wanted
            (self.transport.pause_reading if wanted else self.transport.resume_reading)()

    def data_received(self, data: bytes) -> None:
        if self.broken:
            return
        self.active = self.loop.time()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self.broken = True
            if self.is_websocket() and self.hand_over(data[upgrade.args[0] :]):
                return
        except httptools.HttpParserError:
            self.refuse(BROKEN)
        self.go_on()

    def on_message_begin(self) -> None:
        self.url = b""
        self.headers = []
        self.head_bytes = 0
        self.body = []
        self.body_bytes = 0

    def on_url(self, url: bytes) -> None:
        self.url = self.url + url if self.url else url
        self.head_bytes += len(url)
        self.check_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))
        self.head_bytes += len(name) + len(value)
        if self.head_bytes > HEADERS_MAX:
            self.check_head()

    def check_head(self) -> None:
        if self.head_bytes > HEADERS_MAX and not self.broken:
            self.refuse(HEAD_TOO_LONG)

    def on_headers_complete(self) -> None:
        self.fields = dict(self.headers)
        if b"expect" in self.fields and not self.broken:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self.body_bytes += len(body)
        if self.body_bytes <= BODY_BYTES_MAX:
            self.body.append(body)
        elif not self.broken:
            self.refuse(TOO_LONG)

    def on_message_complete(self) -> None:
        upgrades = self.parser.should_upgrade()
        if self.broken or (upgrades and self.is_websocket()):
            return
        path, _, query = self.url.partition(b"?")
        if not path.startswith(b"/"):
            path = httptools.parse_url(self.url).path or b"/"
        text = path.decode("latin-1")
        method = self.parser.get_method().decode("latin-1")
        body = self.body[0] if len(self.body) == 1 else b"".join(self.body)
        call = Call(method, unquote(text) if "%" in text else text, query, self.fields, body, self.peer)
        stays = self.parser.should_keep_alive() and not upgrades
        self.queue.append((call, stays, method == "HEAD"))

    def refuse(self, response: Response) -> None:
        """Answer so after all that came before, then end."""
        self.broken = True
        self.queue.append((response, False, False))

    def go_on(self) -> None:
        """Begin the next request where none is under way."""
        while self.queue and self.current is None:
            asked, *self.current = self.queue.popleft()  # type: ignore[assignment]
            if isinstance(asked, Response):
                self.finish(asked)
            else:
                begun = self.rest.begin(asked)
                if isinstance(begun, Response):
                    self.finish(begun)
                elif isinstance(begun, Pending):
                    begun.tell = self.on_answered
                else:
                    Drive(begun, self.on_answered, self.rest.failed).step()
        self.pace()

    def on_answered(self, response: Response) -> None:
        self.finish(response)
        if self.queue:
            self.go_on()

    def finish(self, response: Response) -> None:
        """Write an answer whole; then the connection waits for the next request, or ends."""
        assert self.current is not None
        stays, is_head = self.current
        self.current = None
        if self.transport.is_closing():
            return
        if self.common_of is not self.state.default_headers:
            self.common_of = self.state.default_headers
            self.common = b"".join(b"%s: %s\r\n" % pair for pair in self.common_of)
        parts = [STATUS_LINES[response.status], self.common]
        stays = stays and not self.stopping
        content = response.content
        length = b"content-length: %d\r\n" if stays else b"content-length: %d\r\nconnection: close\r\n"
        parts += (response.head, length % len(content), b"\r\n", b"" if is_head else content)
        self.transport.write(b"".join(parts))
        if not stays:
            self.end(lingers=self.broken)

    def end(self, *, lingers: bool) -> None:
        """Nothing more is answered. Where the client may still be sending what was refused, that is read and dropped
        for a while: to close at once would reset the connection, and take the answer from it.
        """
        self.broken = True
        if lingers and self.transport.can_write_eof():
            self.transport.write_eof()
            if self.timer is not None:
                self.timer.cancel()
            self.timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)
        else:
            self.transport.close()

    def is_websocket(self) -> bool:
        """Whether the request asks to go on as a WebSocket."""
        return any(name == b"upgrade" and value.lower() == b"websocket" for name, value in self.headers)

    def hand_over(self, rest: bytes) -> bool:
        """Go on as a WebSocket, with what came behind its handshake; returns whether it is one, else it is refused."""
        address = address_of(self.peer, self.fields)
        path, _, query = self.url.partition(b"?")
        text = unquote(path.decode("latin-1"))
        try:
            answer = websocket.answer_to(self.parser.get_method(), self.fields)
            endpoint = self.find_socket(text)
            if endpoint is None:
                raise NO_SUCH_SOCKET
            socket = websocket.WebSocket(self.state, self.gathering)
            talk = endpoint.open(Opening(text, query.decode("latin-1"), address), socket)
        except WireError as error:
            self.refuse(self.rest.refusal(error, address, self.rest.context.now_ns()))
            return False
        if self.timer is not None:
            self.timer.cancel()
        self.state.connections.discard(self)
        self.transport.set_protocol(socket)  # type: ignore[arg-type]
        socket.begin(self.transport, talk, answer)
        if rest:
            socket.data_received(rest)
        return True


def protocol_of(rest: Rest, find_socket: Callable[[str], Endpoint | None]) -> type[Connection]:
    """The protocol of connections as uvicorn's `http` setting takes it: `rest` answers requests, and WebSockets are
    opened to what `find_socket` gives for a path.
    """
    bound = {"rest": rest, "find_socket": staticmethod(find_socket), "gathering": websocket.Gathering()}
    return type("BoundConnection", (Connection,), bound)
