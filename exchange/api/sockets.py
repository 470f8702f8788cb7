"""One WebSocket connection: what comes in one by one, what goes out in order, and an end to those that do not read."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

WAITING_MAX = 10_000
TEXT_BYTES_MAX = 65_536
GOING_AWAY, TOO_BIG, POLICY = 1001, 1009, 1008


class Socket:
    """Sends are queued and never block the sender; a reader that falls 10,000 messages behind is disconnected."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self.receive = receive
        self.send_message = send
        self.waiting: list[str] = []
        self.wake = asyncio.Event()
        self.closing: tuple[int, str] | None = None

    def send(self, text: str) -> None:
        """Queue a text."""
        if len(self.waiting) >= WAITING_MAX:
            self.close(POLICY, "too slow a reader")
        elif self.closing is None:
            self.waiting.append(text)
            self.wake.set()

    def close(self, code: int, reason: str) -> None:
        """End the connection once what is queued was sent."""
        if self.closing is None:
            self.closing = (code, reason)
            self.wake.set()

    async def run(self, on_text: Callable[[str], Awaitable[None]]) -> None:
        """Accept, then call `on_text` for every text that comes, until either side ends it."""
        message = await self.receive()
        if message["type"] != "websocket.connect":
            return
        await self.send_message({"type": "websocket.accept"})
        sender = asyncio.create_task(self.send_all())
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
                for text in texts:
                    await self.send_message({"type": "websocket.send", "text": text})
            code, reason = self.closing
            await self.send_message({"type": "websocket.close", "code": code, "reason": reason})
        except (OSError, RuntimeError):
            # The other side has gone: what is queued for it has no reader.
            self.waiting.clear()
            self.close(GOING_AWAY, "")
