"""A WebSocket on a connection of ours (http.py), from its handshake on: no task and no queue while the client reads.

What it is about is `sockets.Talk`'s business, which other servers carry by ASGI (sockets.serve).
"""

import asyncio
import base64
import binascii
import time
from collections.abc import Mapping
from typing import Any

from websockets.utils import accept_key

from exchange.api import frames
from exchange.api.errors import WireError
from exchange.api.frames import Broken
from exchange.api.sockets import GOING_AWAY, LIFE_SECONDS, POLICY, TEXT_BYTES_MAX, Socket, Talk

PING_SECONDS: float = 20
PONG_SECONDS: float = 60
CLOSE_SECONDS: float = 10
SHUTDOWN_SECONDS: float = 1
NO_PONG = 1011
KEY_BYTES = 16
NO_HANDSHAKE = WireError(-1000, "An unknown error occurred while processing the request.", 400)
SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: "
NS_PER_MS = 1_000_000


def answer_to(method: bytes, headers: Mapping[bytes, bytes]) -> bytes:
    """What a handshake is answered. WireError where it is none."""
    key = headers.get(b"sec-websocket-key", b"")
    try:
        length = len(base64.b64decode(key, validate=True))
    except binascii.Error:
        length = 0
    if method != b"GET" or headers.get(b"sec-websocket-version") != b"13" or length != KEY_BYTES:
        raise NO_HANDSHAKE
    return b"%b%b\r\n\r\n" % (SWITCHING, accept_key(key.decode("ascii")).encode())


class Gathering:
    """Whose answers are gathered to leave in one write: those of a batch to one connection come one behind the other.

    They leave when another connection is answered, at the latest when the loop's turn is over.
    """

    def __init__(self) -> None:
        self.socket: WebSocket | None = None
        self.frames: list[bytes] = []

    def begin(self, socket: "WebSocket") -> None:
        """Gather for another connection from now on."""
        if self.socket is None:
            asyncio.get_running_loop().call_soon(self.flush)
        else:
            self.flush()
        self.socket = socket

    def flush(self) -> None:
        """Write what was gathered."""
        socket, frames = self.socket, self.frames
        if socket is not None:
            self.socket = None
            self.frames = []
            socket.transport.write(b"".join(frames))

    def forget(self, socket: "WebSocket") -> None:
        """Its connection is lost."""
        if self.socket is socket:
            self.socket = None
            self.frames = []


class WebSocket(Socket):
    """A protocol of asyncio's. It answers pings, sends them every 20 s with the time in milliseconds, as Binance does,
    and expects their pongs.

    What is sent is written at once while the client takes it, else it waits as in every `Socket`; answers are gathered
    for a moment.
    """

    __slots__ = (
        *("ends", "gathering", "has_said_goodbye", "heard", "is_paused", "reader"),
        *("state", "talk", "timer", "transport"),
    )

    def __init__(self, server_state: Any, gathering: Gathering) -> None:
        Socket.__init__(self)
        self.state = server_state
        self.gathering = gathering
        self.transport: asyncio.Transport
        self.talk: Talk
        self.ends = self.heard = 0.0
        """When a day is over, and when the client was last heard to be there: times of the loop."""
        self.reader = frames.Reader(TEXT_BYTES_MAX)
        self.is_paused = True
        """Nothing is written: before the handshake, and while the client does not read."""
        self.has_said_goodbye = False
        self.timer: asyncio.TimerHandle | None = None

    def begin(self, transport: asyncio.Transport, talk: Talk, answer: bytes) -> None:
        """Answer the handshake, then send what waits."""
        self.transport = transport
        self.talk = talk
        self.state.connections.add(self)
        loop = asyncio.get_running_loop()
        self.ends = loop.time() + LIFE_SECONDS
        self.heard = loop.time()
        transport.set_write_buffer_limits()
        transport.write(answer)
        self.timer = loop.call_later(PING_SECONDS, self.ping)
        self.resume_writing()

    def data_received(self, data: bytes) -> None:
        try:
            self.reader.put(data)
            while (message := self.reader.take()) is not None:
                self.take(*message)
        except Broken as broken:
            self.close(broken.code, broken.reason)

    def take(self, opcode: int, payload: bytes) -> None:
        """One message or control frame. Raises Broken."""
        if opcode == frames.TEXT:
            text = frames.text_of(payload)
            if self.closing is None:
                self.talk.on_text(text)
        elif opcode == frames.BINARY:
            if self.closing is None:
                self.talk.on_text(payload.decode("utf-8", "replace"))
        elif opcode == frames.PING:
            if self.closing is None:
                self.transport.write(frames.frame(frames.PONG, payload))
        elif opcode == frames.PONG:
            self.heard = asyncio.get_running_loop().time()
        else:
            code = frames.closing(payload)
            self.close(code, "")
            self.end()

    def send(self, text: str, key: str = "") -> None:
        """Write a text, or have it wait while the client does not read."""
        if self.is_paused:
            super().send(text, key)
        elif self.closing is None:
            if self.gathering.socket is self:
                self.gathering.flush()
            self.transport.write(frames.text_frame(text))

    def answer(self, content: bytes) -> None:
        """Write an answer, together with those right behind it."""
        if self.is_paused or self.closing is not None:
            super().answer(content)
            return
        if self.gathering.socket is not self:
            self.gathering.begin(self)
        self.gathering.frames.append(frames.frame(frames.TEXT, content))

    def close(self, code: int, reason: str) -> None:
        """Send what waits and the last frame; the client has a while to answer it."""
        if self.closing is not None:
            return
        if self.gathering.socket is self:
            self.gathering.flush()
        super().close(code, reason)
        if not self.is_paused or code == POLICY:
            self.say_goodbye()
        self.abort_after(CLOSE_SECONDS)

    def abort_after(self, seconds: float) -> None:
        """End without the client's answer, if it takes longer than that."""
        if self.timer is not None:
            self.timer.cancel()
        self.timer = asyncio.get_running_loop().call_later(seconds, self.transport.abort)

    def say_goodbye(self) -> None:
        assert self.closing is not None
        if self.has_said_goodbye:
            return
        self.has_said_goodbye = True
        self.transport.write(frames.close_frame(*self.closing))
        if self.closing[0] in (frames.PROTOCOL_ERROR, frames.INVALID_DATA, frames.TOO_BIG):
            self.end()

    def end(self) -> None:
        """Nothing more is read; what was written goes out."""
        self.transport.close()

    def eof_received(self) -> None:
        """Nothing more comes: the transport closes itself."""

    def pause_writing(self) -> None:
        self.is_paused = True

    def resume_writing(self) -> None:
        self.is_paused = False
        texts = self.take_waiting()
        for number, text in enumerate(texts):
            if self.is_paused:
                self.put_back(texts[number:])
                return
            self.transport.write(frames.text_frame(text))
        if self.closing is not None:
            self.say_goodbye()

    def ping(self) -> None:
        """Every 20 s: is the client still there, and has it been for a day?"""
        now = asyncio.get_running_loop().time()
        if now >= self.ends:
            self.close(GOING_AWAY, "24 hours are over")
        elif now - self.heard > PING_SECONDS + PONG_SECONDS:
            self.close(NO_PONG, "no pong")
        else:
            if not self.is_paused:
                self.transport.write(frames.frame(frames.PING, b"%d" % (time.time_ns() // NS_PER_MS)))
            self.timer = asyncio.get_running_loop().call_later(PING_SECONDS, self.ping)

    def shutdown(self) -> None:
        """The server stops."""
        self.close(GOING_AWAY, "server shutdown")
        self.abort_after(SHUTDOWN_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        self.state.connections.discard(self)
        if self.timer is not None:
            self.timer.cancel()
        super().close(GOING_AWAY, "")
        self.take_waiting()
        self.gathering.forget(self)
        self.talk.on_lost()
