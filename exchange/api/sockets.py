"""One WebSocket connection: what comes in one by one, what goes out in order, and an end to those that do not read."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from exchange.api.errors import WireError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Write = Callable[[bytes], bool]
"""Writes a frame at once, if it can; says whether it did."""

WAITING_MAX = 10_000
WAITING_CHARACTERS_MAX = 32 << 20
TEXT_BYTES_MAX = 65_536
LIFE_SECONDS = 86_400
WRITER, WRITE = "tape.writer", "write"
TEXT_FRAME, SHORT_MAX, MEDIUM, MEDIUM_MAX, LONG = 0x81, 125, 126, 65_535, 127
GOING_AWAY, POLICY, TOO_BIG = 1001, 1008, 1009


def frame_of(text: str) -> bytes:
    """A text as a server's frame, whole and not masked."""
    content = text.encode()
    size = len(content)
    if size <= SHORT_MAX:
        return bytes((TEXT_FRAME, size)) + content
    if size <= MEDIUM_MAX:
        return bytes((TEXT_FRAME, MEDIUM)) + size.to_bytes(2, "big") + content
    return bytes((TEXT_FRAME, LONG)) + size.to_bytes(8, "big") + content


def writer_of(scope: dict[str, Any]) -> Write | None:
    """What writes to a connection at once, where its protocol is ours (keepalive.py)."""
    found: Write | None = scope.get("extensions", {}).get(WRITER, {}).get(WRITE)
    return found


class Socket:
    """Sends never block the sender; a reader that falls 10,000 messages behind is disconnected.

    What the connection takes at once is written at once, by the protocol's own `write` where it has one: no task is
    woken, and who sends a text to many makes its frame once. Else it is queued, and a task sends it as the reader can
    take it; nothing is written past what is queued.

    A text that is sent under a key takes the place of one with that key that still waits: who reads slowly misses
    what is out of date by then.
    """

    __slots__ = (
        "accepted", "closing", "places", "receive", "send_message", "sender", "waiting", "waiting_characters", "write",
    )  # fmt: skip

    def __init__(self, receive: Receive, send: Send, write: Write | None = None) -> None:
        self.receive = receive
        self.send_message = send
        self.write = write
        self.accepted = False
        self.sender: asyncio.Task[None] | None = None
        """Sends what is queued; there is none while nothing is."""
        self.waiting: list[str] = []
        self.waiting_characters = 0
        self.places: dict[str, int] = {}
        self.closing: tuple[int, str] | None = None

    def send(self, text: str, key: str = "", frame: bytes = b"") -> None:
        """Send a text, or queue it; `frame` is the text's, where the caller has made it."""
        if self.closing is not None:
            return
        if self.write is not None and self.sender is None and not self.waiting and self.write(frame or frame_of(text)):
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
            self.waiting = []
            self.close(POLICY, "too slow a reader")
        self.start_sender()

    def close(self, code: int, reason: str) -> None:
        """End the connection once what is queued was sent."""
        if self.closing is None:
            self.closing = (code, reason)
            self.start_sender()

    def start_sender(self) -> None:
        """Let a task send what is queued, or say goodbye; before the connection is accepted nothing can be sent."""
        if self.accepted and self.sender is None:
            self.sender = asyncio.get_running_loop().create_task(self.send_all())

    async def refuse(self, error: WireError) -> None:
        """Refuse the connection with the status of an error, before it is one."""
        await self.receive()
        headers = [(b"content-type", b"application/json;charset=UTF-8")]
        if error.retry_after:
            headers.append((b"retry-after", b"%d" % error.retry_after))
        start = {"type": "websocket.http.response.start", "status": error.status, "headers": headers}
        await self.send_message(start)
        await self.send_message({"type": "websocket.http.response.body", "body": error.content})

    async def run(self, on_text: Callable[[str], Awaitable[None]]) -> None:
        """Accept, then call `on_text` for every text that comes, until either side ends it."""
        message = await self.receive()
        if message["type"] != "websocket.connect":
            return
        await self.send_message({"type": "websocket.accept"})
        self.accepted = True
        if self.waiting or self.closing is not None:
            self.start_sender()
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
                    await on_text(text)
        finally:
            life.cancel()
            self.close(GOING_AWAY, "")
            if self.sender is not None:
                await self.sender

    async def send_all(self) -> None:
        """Send what is queued, in order, and the goodbye if there is to be one."""
        try:
            while self.waiting:
                texts, self.waiting = self.waiting, []
                self.waiting_characters = 0
                self.places.clear()
                for text in texts:
                    await self.send_message({"type": "websocket.send", "text": text})
                    if self.closing is not None and self.closing[0] == POLICY:
                        break
            if self.closing is None:
                self.sender = None
                return
            code, reason = self.closing
            await self.send_message({"type": "websocket.close", "code": code, "reason": reason})
        except (OSError, RuntimeError):
            # The other side has gone: what is queued for it has no reader.
            self.waiting.clear()
            self.close(GOING_AWAY, "")
