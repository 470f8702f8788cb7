"""atheris on the parsers of HTTP, query, form, JSON and WebSocket frames, in front of a venue in the same process.

Arguments: a data directory and how many inputs. What is fed never signs, so nothing may change: the state hash is the
same at the end. An exception, a status of 500 and above, or another hash ends it with a failure.
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

import atheris  # type: ignore[import-untyped]

with atheris.instrument_imports(include=["exchange.api"]):
    from exchange.api import http
    from exchange.api.rest import Call, Response
    from exchange.api.sessions import Session
    from exchange.api.sockets import Socket
    from exchange.api.streams import Connection
    from exchange.app import Exchange

import orjson
from uvicorn.server import ServerState

from exchange.config import Settings
from exchange.core import encoding
from exchange.ops import demo, listing
from exchange.store.vault import make_master_key

HANDSHAKE = (
    b"GET /ws-api/v3 HTTP/1.1\r\nHost: tape\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Transport(asyncio.Transport):
    """Takes what is written, and says nothing."""

    def __init__(self) -> None:
        super().__init__({"peername": ("192.0.2.1", 1), "sockname": ("192.0.2.2", 2)})
        self.written = b""
        self.closed = False

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        return None

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol: Any = protocol

    def get_protocol(self) -> Any:
        return self.protocol

    def can_write_eof(self) -> bool:
        """As over TLS: nobody is waited for here."""
        return False

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        return None

    def resume_reading(self) -> None:
        return None


class Target:
    """A venue and the ways into it, one for each value of an input's first byte."""

    def __init__(self, folder: Path, count: int) -> None:
        self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)
        self.count, self.fed = count, 0
        make_master_key(folder / "master.key")
        settings = Settings(data=str(folder), profile="bench", master_key_file=str(folder / "master.key"), log="json")
        self.exchange = Exchange(settings)
        self.key = self.run(self.prepare())
        self.before = self.state_hash
        self.paths = sorted(self.exchange.rest.table)
        self.ways = (self.bytes_of_http, self.query, self.form, self.control, self.request, self.frames)

    async def prepare(self) -> bytes:
        sequencing = asyncio.create_task(self.exchange.sequencer.run())
        for command in listing.commands():
            await self.exchange.sequencer.submit(command)
        person = await demo.open_person(self.exchange, 2, 3, demo.PURSE)
        self.sequencing = sequencing
        return person["api_key"].encode()

    @property
    def state_hash(self) -> bytes:
        return encoding.state_hash(self.exchange.engine.state)

    def run(self, coroutine: Any) -> Any:
        return self.loop.run_until_complete(coroutine)

    def feed(self, data: bytes) -> None:
        """One input."""
        self.run(self.ways[data[0] % len(self.ways)](data[1:]) if data else asyncio.sleep(0))
        self.fed += 1
        if self.fed == self.count:
            assert self.state_hash == self.before, "the state changed"
            print("all of it", flush=True)

    async def bytes_of_http(self, data: bytes) -> None:
        """What comes on a connection."""
        transport = self.connected(data)
        assert not transport.written or transport.written.startswith((b"HTTP/1.1 2", b"HTTP/1.1 4", b"HTTP/1.1 1"))

    def connected(self, data: bytes) -> Transport:
        """A connection on which this comes, and that is lost then."""
        transport = Transport()
        connection = http.protocol_of(self.exchange.rest, self.exchange.find_socket)(None, ServerState(), {})
        transport.set_protocol(connection)
        connection.connection_made(transport)
        connection.data_received(data)
        transport.get_protocol().connection_lost(None)
        return transport

    async def call(self, data: bytes, *, in_body: bool) -> None:
        method, path = self.paths[data[0] % len(self.paths)] if data else ("GET", "/api/v3/ping")
        headers = {b"x-mbx-apikey": self.key}
        query, body = (b"", data[1:]) if in_body else (data[1:], b"")
        begun = self.exchange.rest.begin(Call(method, path, query, headers, body, "192.0.2.1"))
        found = begun if isinstance(begun, Response) else await begun
        assert found.status < 500, found
        orjson.loads(found.content)

    async def query(self, data: bytes) -> None:
        """A query of one of the endpoints."""
        await self.call(data, in_body=False)

    async def form(self, data: bytes) -> None:
        """A body of one of them."""
        await self.call(data, in_body=True)

    async def control(self, data: bytes) -> None:
        """A control message of streams."""
        connection = Connection(self.exchange.hub, Socket(), False, 1_000_000)
        connection.control(data.decode("utf-8", "replace"))
        connection.unsubscribe(list(connection.streams))

    async def request(self, data: bytes) -> None:
        """A request of the WebSocket API."""
        context, users = self.exchange.context, self.exchange.user_data
        session = Session(context, users, Socket(), "192.0.2.1", show_limits=True, unit=1_000_000)
        begun = self.exchange.socket_api.handle(session, data.decode("utf-8", "replace"))
        answer = begun if isinstance(begun, dict) else await begun
        assert answer.get("status", 200) < 500, answer

    async def frames(self, data: bytes) -> None:
        """Frames on a WebSocket that has been opened."""
        assert self.connected(HANDSHAKE + data).written.startswith(b"HTTP/1.1 101 ")


def main(folder: str, count: str) -> None:
    target = Target(Path(folder), int(count))
    seeds = Path(folder) / "seeds"
    seeds.mkdir()
    for number, seed in enumerate(SEEDS):
        (seeds / str(number)).write_bytes(seed)
    atheris.Setup([sys.argv[0], f"-runs={count}", "-max_len=2048", "-verbosity=0", str(seeds)], target.feed)
    atheris.Fuzz()


SEEDS = (
    b"\0GET /api/v3/depth?symbol=BTCUSDT&limit=5 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"\0POST /api/v3/order HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    *(bytes([1, number]) + b"symbol=BTCUSDT&limit=5&interval=1m&timestamp=1700000000000" for number in range(0, 60, 3)),
    *(bytes([2, number]) + b"symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1%2E0&price=1" for number in range(0, 60, 7)),
    b'\3{"method":"SUBSCRIBE","params":["btcusdt@trade","!ticker_1h@arr"],"id":1,"fromSeq":5}',
    b'\3{"method":"SET_PROPERTY","params":["combined",true],"id":"x"}',
    b'\4{"id":1,"method":"depth","params":{"symbol":"BTCUSDT","limit":5}}',
    b'\4{"id":null,"method":"order.place","params":{"symbol":"BTCUSDT","apiKey":"a","signature":"b","timestamp":1}}',
    b"\5\x81\x85\0\0\0\0hello",
    b"\5\x89\x80\0\0\0\0\x88\x82\0\0\0\0\x03\xe8",
)

if __name__ == "__main__":
    main(*sys.argv[1:])
