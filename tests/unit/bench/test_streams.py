"""Connections of the generator: whole, ended, and without new memory for each read."""

import asyncio
import socket
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import pytest

from bench import streams
from bench.servers import Address

QUESTIONS = 50
LARGE = 3 * streams.READ_BYTES


def echo(listening: socket.socket) -> None:
    """Give back what comes on one connection, until that ends."""
    connection, _ = listening.accept()
    with connection:
        while data := connection.recv(1_000):
            connection.sendall(data)


async def talk(address: Address) -> int:
    """An answer larger than the memory of a read, then how much was allocated at once while small ones were read."""
    reader, transport = await streams.connect(address)
    transport.write(b"x" * LARGE)
    assert await reader.readexactly(LARGE) == b"x" * LARGE
    tracemalloc.start()
    for number in range(QUESTIONS):
        transport.write(b"%d\n" % number)
        assert await reader.readuntil(b"\n") == b"%d\n" % number
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    transport.write_eof()
    with pytest.raises(asyncio.IncompleteReadError):
        await reader.readexactly(1)
    transport.close()
    return peak


def test_answers_come_whole_into_memory_that_stays() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as pool:
        echoed = pool.submit(echo, listening)
        peak = asyncio.run(asyncio.wait_for(talk(listening.getsockname()[:2]), 20))
        echoed.result()
    assert peak < streams.READ_BYTES
