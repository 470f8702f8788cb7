"""Market streams: `/ws` and `/stream`. A payload is encoded once, however many have subscribed to it."""

from typing import Any
from urllib.parse import parse_qs, unquote

import orjson

from exchange.api.sockets import Receive, Send, Socket

STREAMS_MAX = 1_024
ID_LENGTH_MAX = 36


class Hub:
    """Who listens to what."""

    def __init__(self) -> None:
        self.listeners: dict[str, set[Connection]] = {}
        self.connections: set[Connection] = set()

    def add(self, stream: str, connection: "Connection") -> None:
        self.listeners.setdefault(stream, set()).add(connection)

    def remove(self, stream: str, connection: "Connection") -> None:
        listeners = self.listeners.get(stream)
        if listeners is not None:
            listeners.discard(connection)
            if not listeners:
                del self.listeners[stream]

    def has(self, stream: str) -> bool:
        return stream in self.listeners

    def publish(self, stream: str, payload: Any) -> None:
        """Send a payload to everybody who listens to a stream."""
        listeners = self.listeners.get(stream)
        if listeners:
            raw = orjson.dumps(payload).decode()
            wrapped = f'{{"stream":"{stream}","data":{raw}}}'
            for connection in listeners:
                connection.socket.send(wrapped if connection.combined else raw)

    def close_all(self) -> None:
        """Say goodbye to every connection."""
        for connection in list(self.connections):
            connection.socket.close(1001, "server shutdown")


class Connection:
    """One subscriber: its streams, and whether payloads come wrapped with their stream's name."""

    def __init__(self, hub: Hub, socket: Socket, combined: bool) -> None:
        self.hub = hub
        self.socket = socket
        self.combined = combined
        self.streams: dict[str, None] = {}

    def subscribe(self, streams: list[str]) -> None:
        for stream in streams:
            if stream not in self.streams and len(self.streams) < STREAMS_MAX:
                self.streams[stream] = None
                self.hub.add(stream, self)

    def unsubscribe(self, streams: list[str]) -> None:
        for stream in streams:
            if stream in self.streams:
                del self.streams[stream]
                self.hub.remove(stream, self)

    async def on_text(self, text: str) -> None:
        """Answer one control message."""
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
            return {"code": 2, "msg": "Invalid request: request must be an object"}
        request_id = message.get("id")
        if not is_id(request_id):
            return {"code": 2, "msg": "Invalid request: request ID must be an unsigned integer, a string or null"}
        return {**self.carry_out(message), "id": request_id}

    def carry_out(self, message: dict[str, Any]) -> dict[str, Any]:
        method, params = message.get("method"), message.get("params", [])
        if method in ("SUBSCRIBE", "UNSUBSCRIBE"):
            if not isinstance(params, list) or not all(isinstance(each, str) for each in params):
                return {"code": 2, "msg": "Invalid request: params must be an array of strings"}
            (self.subscribe if method == "SUBSCRIBE" else self.unsubscribe)(params)
            return {"result": None}
        if method == "LIST_SUBSCRIPTIONS":
            return {"result": list(self.streams)}
        if method in ("SET_PROPERTY", "GET_PROPERTY"):
            return self.set_or_get(method, params)
        return {"code": 2, "msg": f"Invalid request: unknown variant `{method}`"}

    def set_or_get(self, method: str, params: Any) -> dict[str, Any]:
        if not isinstance(params, list) or not params or params[0] != "combined":
            return {"code": 0, "msg": "Unknown property"}
        if method == "GET_PROPERTY":
            return {"result": self.combined}
        if len(params) != 2 or not isinstance(params[1], bool):
            return {"code": 1, "msg": "Invalid value type: expected Boolean"}
        self.combined = params[1]
        return {"result": None}


def is_id(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, str):
        return len(value) <= ID_LENGTH_MAX
    return value is None or (isinstance(value, int) and -(1 << 63) <= value < 1 << 63)


def streams_named(path: str, query: bytes) -> tuple[list[str], bool]:
    """The streams that a connection's address names, and whether it is a combined one. Unknown words name nothing."""
    if path.startswith("/stream"):
        named = parse_qs(query.decode("latin-1")).get("streams", [""])[0]
        return [unquote(each) for each in named.split("/") if each], True
    return [unquote(each) for each in path.removeprefix("/ws").split("/") if each], False


class Streams:
    """The ASGI endpoint of `/ws` and `/stream`."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        streams, combined = streams_named(scope["path"], scope["query_string"])
        socket = Socket(receive, send)
        connection = Connection(self.hub, socket, combined)
        connection.subscribe(streams)
        self.hub.connections.add(connection)
        try:
            await socket.run(connection.on_text)
        finally:
            connection.unsubscribe(list(connection.streams))
            self.hub.connections.discard(connection)
