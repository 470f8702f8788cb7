"""Frames that are written at once: what they are, and that nothing is written past what waits."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.frames import Frame, Opcode

from exchange.api.sockets import GOING_AWAY, POLICY, WAITING_MAX, Socket, frame_of


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536])
def test_a_frame_is_what_the_library_would_have_made(size: int) -> None:
    text = "ü" * (size // 2) + "x" * (size % 2)
    assert frame_of(text) == Frame(Opcode.TEXT, text.encode()).serialize(mask=False)


class Peer:
    """The other side of a connection: takes frames at once while it is ready, and texts when it is let."""

    def __init__(self) -> None:
        self.got: list[Any] = []
        self.is_ready = True
        self.may_take = asyncio.Event()
        self.may_take.set()
        self.leaves = asyncio.Event()
        self.told = iter(self.connect())

    def connect(self) -> Iterator[dict[str, Any]]:
        yield {"type": "websocket.connect"}

    def write(self, frame: bytes) -> bool:
        if self.is_ready:
            self.got.append(frame)
        return self.is_ready

    async def receive(self) -> dict[str, Any]:
        for message in self.told:
            return message
        await self.leaves.wait()
        return {"type": "websocket.disconnect"}

    async def send(self, message: Any) -> None:
        await self.may_take.wait()
        if message["type"] != "websocket.accept":
            self.got.append(message.get("text") or message.get("code"))


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def nothing(text: str) -> None:
    raise AssertionError("nobody sends here")


def test_texts_are_written_at_once_but_never_past_what_waits() -> None:
    async def drive() -> None:
        peer = Peer()
        socket = Socket(peer.receive, peer.send, peer.write)
        socket.send("before it is accepted", "", b"made before")
        peer.got.clear()
        running = asyncio.create_task(socket.run(nothing))
        await settle()
        socket.send("one")
        socket.send("two", "", b"made before")
        assert peer.got == [frame_of("one"), b"made before"]
        # The reader falls behind: what comes now is queued, and so is all that follows until it is sent.
        peer.is_ready = False
        peer.may_take.clear()
        socket.send("three")
        await settle()
        peer.is_ready = True
        socket.send("four")
        socket.send("five", "key")
        socket.send("instead of five", "key")
        assert len(peer.got) == 2
        peer.may_take.set()
        await settle()
        assert peer.got[2:] == ["three", "four", "instead of five"]
        # Nothing waits any more: the next is written at once again.
        socket.send("six")
        assert peer.got[5:] == [frame_of("six")]
        peer.leaves.set()
        await running
        assert peer.got[6:] == [GOING_AWAY]

    asyncio.run(drive())


def test_what_is_sent_before_the_connection_is_accepted_comes_after_that() -> None:
    async def drive() -> None:
        peer = Peer()
        peer.is_ready = False
        socket = Socket(peer.receive, peer.send, peer.write)
        socket.send("early")
        socket.send("also early")
        await settle()
        assert peer.got == []
        running = asyncio.create_task(socket.run(nothing))
        await settle()
        assert peer.got == ["early", "also early"]
        socket.close(1001, "done")
        peer.leaves.set()
        await running
        assert peer.got[2:] == [1001]

    asyncio.run(drive())


def test_who_takes_nothing_is_disconnected() -> None:
    async def drive() -> None:
        peer = Peer()
        peer.is_ready = False
        socket = Socket(peer.receive, peer.send, peer.write)
        running = asyncio.create_task(socket.run(nothing))
        await settle()
        peer.may_take.clear()
        for number in range(WAITING_MAX + 2):
            socket.send(str(number))
        assert not socket.waiting
        peer.may_take.set()
        peer.leaves.set()
        await running
        assert peer.got[-1] == POLICY

    asyncio.run(drive())
