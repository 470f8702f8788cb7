"""Pings of the venue's WebSockets: what they carry, and what becomes of those that do not answer them."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from websockets.client import ClientProtocol
from websockets.frames import Opcode
from websockets.uri import parse_uri

from exchange.api.keepalive import WebSocket


async def silent(scope: Any, receive: Any, send: Any) -> None:
    """Accepts, and says nothing until the other side goes."""
    await receive()
    await send({"type": "websocket.accept"})
    await receive()


@contextlib.asynccontextmanager
async def connected(timeout: float) -> AsyncIterator[tuple[ClientProtocol, asyncio.StreamReader, asyncio.StreamWriter]]:
    """A WebSocket to a server of our protocol that pings at once, frame by frame."""
    config = uvicorn.Config(
        silent, port=0, ws=WebSocket, ws_ping_interval=0.05, ws_ping_timeout=timeout, lifespan="off", log_config=None
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    client = ClientProtocol(parse_uri(f"ws://127.0.0.1:{port}/ws"))
    client.send_request(client.connect())
    writer.write(b"".join(client.data_to_send()))
    try:
        yield client, reader, writer
    finally:
        writer.close()
        server.should_exit = True
        await serving


async def frames(client: ClientProtocol, reader: asyncio.StreamReader) -> list[Any]:
    """The next frames; an end of the connection is one of them, None."""
    found: list[Any] = []
    while not found:
        data = await asyncio.wait_for(reader.read(4096), 5)
        if not data:
            return [None]
        client.receive_data(data)
        found = [event for event in client.events_received() if hasattr(event, "opcode")]
    return found


def test_a_ping_carries_the_time_as_text_and_its_pong_keeps_the_connection() -> None:
    async def follow() -> None:
        async with connected(timeout=0.3) as (client, reader, writer):
            pings: list[int] = []
            while len(pings) < 8:
                for frame in await frames(client, reader):
                    assert frame is not None, pings
                    assert frame.opcode is Opcode.PING
                    pings.append(int(bytes(frame.data).decode("ascii")))
                writer.write(b"".join(client.data_to_send()))
            assert abs(pings[0] - time.time() * 1000) < 5_000
            assert pings == sorted(pings)
            assert pings[-1] - pings[0] > 300

    asyncio.run(follow())


def test_who_does_not_answer_a_ping_is_disconnected() -> None:
    async def ignore() -> None:
        async with connected(timeout=0.2) as (client, reader, _):
            heard = [frame for _ in range(2) for frame in await frames(client, reader)]
            assert heard[0].opcode is Opcode.PING
            assert heard[1].opcode is Opcode.CLOSE

    asyncio.run(ignore())
