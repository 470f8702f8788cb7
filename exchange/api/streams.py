"""Market streams: `/ws` and `/stream`. A payload is encoded once for each time unit, however many have subscribed."""

from collections import deque
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote

import orjson

from exchange.api import errors
from exchange.api.context import Context
from exchange.api.events import row_of
from exchange.api.sockets import POLICY, Opening, Receive, Send, Socket, Talk, serve

STREAMS_MAX = 1_024
ID_LENGTH_MAX = 36
KEPT_EVENTS = 1_000
KEPT_NS = 120_000_000_000
"""How long a stream is kept after its last listener left: who comes back in time has missed nothing."""
NS_PER_MS, NS_PER_US = 1_000_000, 1_000
View = Callable[[int], Any]
"""Makes a payload whose times are so many nanoseconds a unit."""


class Stream:
    """Who listens to one stream, and its last events where they are kept."""

    def __init__(self, name: str, seq: int) -> None:
        row = row_of(name)
        self.name = name
        self.is_conflated = row is not None and row.is_conflated
        self.is_kept = row is not None and row.is_kept
        self.listeners: dict[Connection, None] = {}
        self.events: deque[tuple[int, View]] = deque()
        self.from_seq = seq
        """Every event after this one is kept."""
        self.left_ns = 0

    def keep(self, seq: int, view: View) -> None:
        """Keep an event; the oldest goes where there are too many."""
        self.events.append((seq, view))
        if len(self.events) > KEPT_EVENTS:
            self.from_seq = self.events.popleft()[0]


class Hub:
    """Who listens to what."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.streams: dict[str, Stream] = {}
        self.connections: set[Connection] = set()
        self.closers: list[Callable[[], None]] = []
        """Called when the server stops."""

    def add(self, stream: str, connection: "Connection") -> None:
        found = self.streams.get(stream)
        if found is None:
            found = self.streams[stream] = Stream(stream, self.context.state.seq)
        found.listeners[connection] = None

    def remove(self, stream: str, connection: "Connection") -> None:
        found = self.streams.get(stream)
        if found is not None:
            found.listeners.pop(connection, None)
            if not found.listeners:
                found.left_ns = self.context.now_ns()
                if not found.is_kept:
                    del self.streams[stream]

    def has(self, stream: str) -> bool:
        """Whether somebody listens to a stream, or may come back to it."""
        return stream in self.streams

    def sweep(self, now_ns: int) -> None:
        """Forget streams to which nobody came back."""
        for name, stream in list(self.streams.items()):
            if not stream.listeners and now_ns - stream.left_ns > KEPT_NS:
                del self.streams[name]

    def publish(self, stream: str, view: View, seq: int = 0) -> None:
        """Send a payload to everybody who listens to a stream; `seq` is the number of its event where it is kept."""
        found = self.streams.get(stream)
        if found is None:
            return
        raws: dict[int, str] = {}
        wrapped: dict[int, str] = {}
        key = stream if found.is_conflated else ""
        for connection in found.listeners:
            unit = connection.unit
            raw = raws.get(unit)
            if raw is None:
                raw = raws[unit] = orjson.dumps(view(unit)).decode()
            if connection.combined:
                if unit not in wrapped:
                    wrapped[unit] = wrap(stream, raw)
                raw = wrapped[unit]
            connection.socket.send(raw, key)
        if found.is_kept:
            found.keep(seq, view)

    def replay(self, stream: str, from_seq: int, connection: "Connection") -> None:
        """Send the kept events of a stream from a seq on."""
        for seq, view in self.streams[stream].events:
            if seq >= from_seq:
                raw = orjson.dumps(view(connection.unit)).decode()
                connection.socket.send(wrap(stream, raw) if connection.combined else raw)

    def can_replay(self, stream: str, from_seq: int) -> bool:
        """Whether every event from a seq on is still in memory."""
        found = self.streams.get(stream)
        return found is not None and found.is_kept and found.from_seq < from_seq

    def close_all(self) -> None:
        """Say goodbye to every connection."""
        now_ns = self.context.now_ns()
        for connection in list(self.connections):
            raw = orjson.dumps({"e": "serverShutdown", "E": now_ns // connection.unit}).decode()
            connection.socket.send(wrap("!serverShutdown", raw) if connection.combined else raw)
            connection.socket.close(1001, "server shutdown")
        for close in self.closers:
            close()


def wrap(stream: str, raw: str) -> str:
    """A payload as combined streams have it."""
    name = orjson.dumps(stream).decode()
    return f'{{"stream":{name},"data":{raw}}}'


class Connection:
    """One subscriber: its streams, its time unit, and whether payloads come wrapped with their stream's name."""

    __slots__ = ("combined", "hub", "messages", "second", "socket", "streams", "unit")

    def __init__(self, hub: Hub, socket: Socket, combined: bool, unit: int) -> None:
        self.hub = hub
        self.socket = socket
        self.combined = combined
        self.unit = unit
        self.streams: dict[str, None] = {}
        self.second = 0
        self.messages = 0

    def subscribe(self, streams: list[str], from_seq: int | None = None) -> dict[str, Any]:
        """Subscribe to all of them or to none; returns what is answered."""
        fresh = [stream for stream in dict.fromkeys(streams) if stream not in self.streams]
        if len(self.streams) + len(fresh) > STREAMS_MAX:
            return invalid(f"at most {STREAMS_MAX} streams on a connection")
        if from_seq is not None:
            lost = next((stream for stream in fresh if not self.hub.can_replay(stream, from_seq)), None)
            if lost is not None:
                return invalid(f"{lost} from seq {from_seq} is not in memory")
        for stream in fresh:
            self.streams[stream] = None
            self.hub.add(stream, self)
            if from_seq is not None:
                self.hub.replay(stream, from_seq, self)
        return {"result": None}

    def unsubscribe(self, streams: list[str]) -> dict[str, Any]:
        for stream in streams:
            if stream in self.streams:
                del self.streams[stream]
                self.hub.remove(stream, self)
        return {"result": None}

    def leave(self) -> None:
        """The connection has ended."""
        self.unsubscribe(list(self.streams))
        self.hub.connections.discard(self)

    def on_text(self, text: str) -> None:
        """Answer one control message; more of them in a second than may be end the connection."""
        second = self.hub.context.now_ns() // 1_000_000_000
        self.messages = self.messages + 1 if second == self.second else 1
        self.second = second
        if self.messages > self.hub.context.limits.profile.messages_a_second:
            self.socket.close(POLICY, "Too many requests")
            return
        self.socket.send(orjson.dumps(self.control(text)).decode())

    def control(self, text: str) -> dict[str, Any]:
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            return {
                "code": 3,
                "msg": f"Invalid JSON: expected value at line {error.lineno} column {error.colno}",
            }
        if not isinstance(message, dict):
            return invalid("request must be an object")
        request_id = message.get("id")
        if not is_id(request_id):
            return invalid("request ID must be an unsigned integer, a string or null")
        return {**self.carry_out(message), "id": request_id}

    def carry_out(self, message: dict[str, Any]) -> dict[str, Any]:
        method, params = message.get("method"), message.get("params", [])
        if method in ("SUBSCRIBE", "UNSUBSCRIBE"):
            if not isinstance(params, list) or not all(isinstance(each, str) for each in params):
                return invalid("params must be an array of strings")
            if method == "UNSUBSCRIBE":
                return self.unsubscribe(params)
            from_seq = message.get("fromSeq")
            if from_seq is not None and (not isinstance(from_seq, int) or isinstance(from_seq, bool)):
                return invalid("fromSeq must be an integer")
            return self.subscribe(params, from_seq)
        if method == "LIST_SUBSCRIPTIONS":
            return {"result": list(self.streams)}
        if method in ("SET_PROPERTY", "GET_PROPERTY"):
            return self.set_or_get(method, params)
        return invalid(f"unknown variant `{method}`")

    def set_or_get(self, method: str, params: Any) -> dict[str, Any]:
        if not isinstance(params, list) or not params or params[0] != "combined":
            return {"code": 0, "msg": "Unknown property"}
        if method == "GET_PROPERTY":
            return {"result": self.combined}
        if len(params) != 2 or not isinstance(params[1], bool):
            return {"code": 1, "msg": "Invalid value type: expected Boolean"}
        self.combined = params[1]
        return {"result": None}


def invalid(what: str) -> dict[str, Any]:
    """An error in the form of control messages."""
    return {"code": 2, "msg": f"Invalid request: {what}"}


def is_id(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, str):
        return len(value) <= ID_LENGTH_MAX
    return value is None or (isinstance(value, int) and -(1 << 63) <= value < 1 << 63)


def streams_named(path: str, query: dict[str, list[str]]) -> tuple[list[str], bool]:
    """The streams that a connection's address names, and whether it is a combined one. Unknown words name nothing."""
    if path.startswith("/stream"):
        named = query.get("streams", [""])[0]
        return [unquote(each) for each in named.split("/") if each], True
    return [unquote(each) for each in path.removeprefix("/ws").split("/") if each], False


def unit_of(query: dict[str, list[str]]) -> int:
    """The nanoseconds of the time unit that a connection's address asks for. WireError -1194."""
    unit = query.get("timeUnit", ["MILLISECOND"])[0]
    if unit not in ("MILLISECOND", "millisecond", "MICROSECOND", "microsecond"):
        raise errors.BAD_TIME_UNIT
    return NS_PER_US if unit.upper() == "MICROSECOND" else NS_PER_MS


class Streams:
    """The endpoint of `/ws` and `/stream`."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """As an ASGI application: for whoever runs the venue under another server."""
        await serve(self, self.hub.context.opening(scope), receive, send)

    def open(self, opening: Opening, socket: Socket) -> Talk:
        """A subscriber, of what its address names. WireError where it may not connect."""
        query = parse_qs(opening.query)
        streams, combined = streams_named(opening.path, query)
        context = self.hub.context
        context.limits.connect(opening.address, 0, context.now_ns())
        connection = Connection(self.hub, socket, combined, unit_of(query))
        from_seq = query.get("fromSeq", [""])[0]
        told = connection.subscribe(streams, int(from_seq) if from_seq.isdecimal() and from_seq.isascii() else None)
        if "code" in told:
            socket.send(orjson.dumps(told).decode())
        self.hub.connections.add(connection)
        return Talk(connection.on_text, connection.leave)
