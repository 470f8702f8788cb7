"""One WebSocket connection: what comes in one by one, what goes out in order, and an end to those that do not read."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from exchange.api.errors import WireError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

WAITING_MAX = 10_000
WAITING_CHARACTERS_MAX = 32 << 20
TEXT_BYTES_MAX = 65_536
LIFE_SECONDS = 86_400
GOING_AWAY, POLICY, TOO_BIG = 1001, 1008, 1009


class Socket:
    """Sends are queued and never block the sender; a reader that falls 10,000 messages behind is disconnected.

    A text that is sent under a key takes the place of one with that key that still waits: who reads slowly misses
    what is out of date by then.
    """

    def __init__(self, receive: Receive, send: Send) -> None:
        self.receive = receive
        self.send_message = send
        self.waiting: list[str] = []
        self.waiting_characters = 0
        self.places: dict[str, int] = {}
        self.wake = asyncio.Event()
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
            self.waiting = []
            self.close(POLICY, "too slow a reader")
        self.wake.set()

    def close(self, code: int, reason: str) -> None:
        """End the connection once what is queued was sent."""
        if self.closing is None:
            self.closing = (code, reason)
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

    async def run(self, on_text: Callable[[str], Awaitable[None]]) -> None:
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
                    await on_text(text)
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
                texts, self.waiting = self.waiting, []
                self.waiting_characters = 0
                self.places.clear()
                for text in texts:
                    await self.send_message({"type": "websocket.send", "text": text})
                    if self.closing is not None and self.closing[0] == POLICY:
                        break
            code, reason = self.closing
            await self.send_message({"type": "websocket.close", "code": code, "reason": reason})
        except (OSError, RuntimeError):
            # The other side has gone: what is queued for it has no reader.
            self.waiting.clear()
            self.close(GOING_AWAY, "")
