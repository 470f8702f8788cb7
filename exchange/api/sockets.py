"""One WebSocket connection: what comes in one by one, what goes out in order, and an end to those that do not read.

A connection of ours carries it itself (websocket.py); under another server ASGI does (`serve`).
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, NamedTuple, Protocol

from exchange.api.errors import WireError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

WAITING_MAX = 10_000
WAITING_CHARACTERS_MAX = 32 << 20
TEXT_BYTES_MAX = 65_536
LIFE_SECONDS: float = 86_400
GOING_AWAY: Final = 1001
POLICY: Final = 1008
TOO_BIG: Final = 1009


class Opening(NamedTuple):
    """What a client asks a connection for: a path, a query, and who it is."""

    path: str
    query: str
    address: str


class Talk(NamedTuple):
    """What is done with every text that comes, and when the connection has ended."""

    on_text: Callable[[str], None]
    on_lost: Callable[[], None]


class Endpoint(Protocol):
    """What connections are opened to. WireError where one is refused."""

    def open(self, opening: Opening, socket: "Socket") -> Talk: ...


class Socket:
    """Sends are queued and never block the sender; a reader that falls 10,000 messages behind is disconnected.

    A text that is sent under a key takes the place of one with that key that still waits: who reads slowly misses
    what is out of date by then.
    """

    __slots__ = ("closing", "places", "waiting", "waiting_characters")

    def __init__(self) -> None:
        self.waiting: list[str] = []
        self.waiting_characters = 0
        self.places: dict[str, int] = {}
        self.closing: tuple[int, str] | None = None

    def send(self, text: str, key: str = "") -> None:
        """Queue a text."""
        if self.closing is not None:
            return
        if key:
            place = self.places.get(key)
            if place is not None:
                self.waiting_characters += len(text) - len(self.waiting[place])
                self.waiting[place] = text
                return
            self.places[key] = len(self.waiting)
        self.waiting.append(text)
        self.waiting_characters += len(text)
        if len(self.waiting) > WAITING_MAX or self.waiting_characters > WAITING_CHARACTERS_MAX:
            self.take_waiting()
            self.close(POLICY, "too slow a reader")

    def answer(self, content: bytes) -> None:
        """Queue an answer, as UTF-8."""
        self.send(content.decode())

    def close(self, code: int, reason: str) -> None:
        """End the connection once what is queued was sent."""
        if self.closing is None:
            self.closing = (code, reason)

    def take_waiting(self) -> list[str]:
        """What waits, which does so no more."""
        taken, self.waiting = self.waiting, []
        self.waiting_characters = 0
        self.places.clear()
        return taken

    def put_back(self, texts: list[str]) -> None:
        """What was taken and has to wait after all; it keeps its place whatever comes."""
        self.waiting = texts
        self.waiting_characters = sum(map(len, texts))


class AsgiSocket(Socket):
    """A connection that another server carries."""

    __slots__ = ("receive", "send_message", "wake")

    def __init__(self, receive: Receive, send: Send) -> None:
        super().__init__()
        self.receive = receive
        self.send_message = send
        self.wake = asyncio.Event()

    def send(self, text: str, key: str = "") -> None:
        super().send(text, key)
        self.wake.set()

    def close(self, code: int, reason: str) -> None:
        super().close(code, reason)
        self.wake.set()

    async def refuse(self, error: WireError) -> None:
        """Refuse the connection with the status of an error, before it is one."""
        await self.receive()
        headers = [(b"content-type", b"application/json;charset=UTF-8")]
        if error.retry_after:
            headers.append((b"retry-after", b"%d" % error.retry_after))
        start = {"type": "websocket.http.response.start", "status": error.status, "headers": headers}
        await self.send_message(start)
        await self.send_message({"type": "websocket.http.response.body", "body": error.content})

    async def run(self, on_text: Callable[[str], None]) -> None:
        """Accept, then call `on_text` for every text that comes, until either side ends it."""
        message = await self.receive()
        if message["type"] != "websocket.connect":
            return
        await self.send_message({"type": "websocket.accept"})
        sender = asyncio.create_task(self.send_all())
        life = asyncio.get_running_loop().call_later(LIFE_SECONDS, self.close, GOING_AWAY, "24 hours are over")
        try:
            while self.closing is None:
                message = await self.receive()
                if message["type"] == "websocket.disconnect":
                    break
                text = message.get("text")
                if text is None:
                    text = (message.get("bytes") or b"").decode("utf-8", "replace")
                if len(text) > TEXT_BYTES_MAX:
                    self.close(TOO_BIG, "message too big")
                else:
                    on_text(text)
        finally:
            life.cancel()
            self.close(GOING_AWAY, "")
            await sender

    async def send_all(self) -> None:
        """Send what is queued, in order, until the end."""
        try:
            while self.closing is None or self.waiting:
                if not self.waiting:
                    self.wake.clear()
                    await self.wake.wait()
                for text in self.take_waiting():
                    await self.send_message({"type": "websocket.send", "text": text})
                    if self.closing is not None and self.closing[0] == POLICY:
                        break
            code, reason = self.closing
            await self.send_message({"type": "websocket.close", "code": code, "reason": reason})
        except (OSError, RuntimeError):
            # The other side has gone: what is queued for it has no reader.
            self.take_waiting()
            self.close(GOING_AWAY, "")


async def serve(endpoint: Endpoint, opening: Opening, receive: Receive, send: Send) -> None:
    """Open a connection that another server carries, and see it to its end."""
    socket = AsgiSocket(receive, send)
    try:
        talk = endpoint.open(opening, socket)
    except WireError as error:
        await socket.refuse(error)
        return
    try:
        await socket.run(talk.on_text)
    finally:
        talk.on_lost()
