"""Connections of the generator of requests: what comes is read into memory that stays.

asyncio's streams have every read ask for 256 KiB of new memory. Where that happens to lie at the end of the heap, it is
given back to the system behind each read and touched anew at the next: two page faults a request beside hello and one
for two orders beside the WebSocket API, where both answer, in rounds of some lengths and not of others. That took 9 and
4 µs of the second processor, which our server's other threads need and hello's one thread does not.
"""

import asyncio

from bench.servers import Address

READ_BYTES = 64 * 1024


class Reading(asyncio.BufferedProtocol):
    """Hands what comes to a reader."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self.reader = reader
        self.space = memoryview(bytearray(READ_BYTES))

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next read goes."""
        return self.space

    def buffer_updated(self, nbytes: int) -> None:
        self.reader.feed_data(bytes(self.space[:nbytes]))

    def connection_lost(self, exc: Exception | None) -> None:
        """Whoever waits for more is told that nothing comes."""
        self.reader.feed_eof()


async def connect(address: Address) -> tuple[asyncio.StreamReader, asyncio.Transport]:
    """A connection: what is read from, what is written to."""
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().create_connection(lambda: Reading(reader), *address)
    return reader, transport
