"""Figure `websocket`: signed, durable `order.place` over the WebSocket API on 16 connections, beside Starlette's hello.

Hello is the one of figure `http`, asked on its 64 connections by the same kind of generator (streams.py, in this
process, one request at a time on each connection). Here each connection has four requests on their way, as its answers
name what they answer: as many at once as hello has. Frames are masked, as a client's must be, with a mask of zeros,
which is a mask like any other and costs the generator nothing. Every answer must have status 200, and the journal must
hold as many orders.
"""

import asyncio
import base64
import hashlib
import hmac
import time

import orjson

from bench import http, streams
from bench.measure import Figure, Options
from bench.servers import Address, Venue

GATE = 1.2
CLOCK = "wall time, 4 requests at a time on each connection"
CONNECTIONS = 16
IN_FLIGHT = 4
MASKED, SHORT_MAX, MEDIUM = 0x80, 125, 126
TEXT = 0x81
NO_MASK = bytes(4)
UPGRADE = (
    "GET {path} HTTP/1.1\r\nhost: venue\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
    "sec-websocket-key: {key}\r\nsec-websocket-version: 13\r\n\r\n"
)
SWITCHED = b"HTTP/1.1 101"


def run(options: Options) -> list[Figure]:
    """Measure both in turn. AssertionError where an answer is no success, WrongState where the journal has others."""
    title = "WebSocket order.place, 16 connections, fdatasync"
    return http.beside_hello("websocket", title, options, order, timed, gate=GATE, clock=CLOCK)


def timed(address: Address, frames: list[bytes]) -> float:
    """Seconds until every frame was answered with success."""
    return asyncio.run(send_all(address, frames))


def order(venue: Venue, number: int) -> bytes:
    """One signed request as a frame: an order that is accepted, finds no seller, and expires."""
    sent = {
        "apiKey": venue.api_key,
        "newClientOrderId": f"bench-{number}",
        "price": f"{20_000 + number % http.PRICES}.00",
        "quantity": "0.001",
        "recvWindow": "60000",
        "side": "BUY",
        "symbol": "BTCUSDT",
        "timeInForce": "IOC",
        "timestamp": str(time.time_ns() // 1_000_000),
        "type": "LIMIT",
    }
    payload = "&".join(f"{name}={sent[name]}" for name in sorted(sent))
    sent["signature"] = hmac.new(venue.secret_key.encode(), payload.encode(), hashlib.sha256).hexdigest()
    return frame(orjson.dumps({"id": number, "method": "order.place", "params": sent}))


def frame(text: bytes) -> bytes:
    """A text as a client's frame."""
    if len(text) <= SHORT_MAX:
        return bytes((TEXT, MASKED | len(text))) + NO_MASK + text
    return bytes((TEXT, MASKED | MEDIUM)) + len(text).to_bytes(2, "big") + NO_MASK + text


def upgrade(path: str, number: int) -> bytes:
    """The request that makes a connection a WebSocket."""
    key = base64.b64encode(number.to_bytes(16, "big")).decode()
    return UPGRADE.format(path=path, key=key).encode()


async def send_all(address: Address, frames: list[bytes]) -> float:
    shares = [frames[number::CONNECTIONS] for number in range(CONNECTIONS)]
    connections = [await connect(address, number) for number in range(CONNECTIONS)]
    began = time.perf_counter()
    await asyncio.gather(*[send(*stream, share) for stream, share in zip(connections, shares, strict=True)])
    seconds = time.perf_counter() - began
    for _, transport in connections:
        transport.close()
    return seconds


async def connect(address: Address, number: int) -> tuple[asyncio.StreamReader, asyncio.Transport]:
    reader, transport = await streams.connect(address)
    transport.write(upgrade("/ws-api/v3?returnRateLimits=false", number))
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(SWITCHED), head
    return reader, transport


async def send(reader: asyncio.StreamReader, transport: asyncio.Transport, frames: list[bytes]) -> None:
    """Send one connection's requests, so many at once, then one for each answer."""
    transport.write(b"".join(frames[:IN_FLIGHT]))
    for number in range(len(frames)):
        answer = orjson.loads(await text(reader))
        assert answer["status"] == 200, answer
        for each in frames[number + IN_FLIGHT : number + IN_FLIGHT + 1]:
            transport.write(each)


async def text(reader: asyncio.StreamReader) -> bytes:
    """The next text; frames of control have nothing to say here."""
    while True:
        kind, length = await reader.readexactly(2)
        if length == MEDIUM:
            length = int.from_bytes(await reader.readexactly(2), "big")
        assert length <= 1 << 16, "an answer of more than 64 KiB"
        content = await reader.readexactly(length)
        if kind == TEXT:
            return content
