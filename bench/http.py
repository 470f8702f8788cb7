"""Figure `http`: signed, durable `POST /api/v3/order` on 64 connections, beside a Starlette "hello" answering JSON.

Both servers run in a process of their own under the same uvicorn settings, and the same generator (streams.py, in this
process) sends both the very same signed requests, one at a time on each connection. Ours checks the signature,
sequences, journals with fdatasync, matches and answers with the order; hello reads the body and answers a constant.
"""

import asyncio
import hashlib
import hmac
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import measure, servers, streams, workloads
from bench.measure import Figure, Options
from bench.servers import Address, Venue

GATE = 0.7
CONNECTIONS = 64
REQUESTS = 12_800
PRICES = 1_000
CLOCK = "wall time, one request at a time on each connection"


def run(options: Options) -> list[Figure]:
    """Measure both in turn. AssertionError where an answer is no success, WrongState where the journal has others."""
    return beside_hello("http", "http order, 64 connections, fdatasync", options, order, timed, gate=GATE, clock=CLOCK)


def beside_hello(
    name: str,
    title: str,
    options: Options,
    request: Callable[[Venue, int], bytes],
    send: Callable[[Address, list[bytes]], float],
    **about: Any,
) -> list[Figure]:
    """Send our venue so many requests, each with a number of its own, and as many orders by HTTP to hello, in turn."""
    count = REQUESTS // options.scale
    sent = 0
    with workloads.scratch(name) as folder:
        data = Path(folder, "venue")
        with servers.venue_at(data) as ours, servers.served(servers.HELLO) as hello:

            def one() -> measure.Pair:
                nonlocal sent
                asked = [request(ours, sent + each) for each in range(count)]
                beside = [order(ours, sent + each) for each in range(count)]
                sent += count
                return send(ours.server.address, asked), timed(hello.address, beside)

            pairs = []
            for number in range(options.rounds):
                options.say(name, number, options.rounds)
                pairs.append(measure.undisturbed(one))
        proven = servers.proven_hash(data, sent)
    return [
        measure.figure(
            title,
            count,
            pairs,
            reference_name=servers.HELLO_NAME,
            state_hash=proven,
            unit="requests/s",
            **about,
        )
    ]


def order(venue: Venue, number: int) -> bytes:
    """One signed request, with a client id of its own: an order that is accepted, finds no seller, and expires."""
    price = f"{20_000 + number % PRICES}.00"
    body = f"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=IOC&quantity=0.001&price={price}"
    body += f"&newClientOrderId=bench-{number}"
    return signed(venue, body)


def signed(venue: Venue, body: str) -> bytes:
    """A request to place an order, signed now."""
    body += f"&recvWindow=60000&timestamp={time.time_ns() // 1_000_000}"
    signature = hmac.new(venue.secret_key.encode(), body.encode(), hashlib.sha256).hexdigest()
    content = f"{body}&signature={signature}"
    return (
        f"POST /api/v3/order HTTP/1.1\r\nhost: venue\r\nx-mbx-apikey: {venue.api_key}\r\n"
        f"content-type: application/x-www-form-urlencoded\r\ncontent-length: {len(content)}\r\n\r\n{content}"
    ).encode()


def post(address: Address, request: bytes) -> bytes:
    """Send one request on a connection of its own; returns the body. AssertionError where the answer is no success."""
    with socket.create_connection(address) as connection:
        connection.sendall(request)
        answer = connection.makefile("rb")
        head = list(iter(answer.readline, b"\r\n"))
        lengths = [int(line.partition(b":")[2]) for line in head if line.lower().startswith(b"content-length:")]
        body = answer.read(lengths[0])
    assert head[0].startswith(b"HTTP/1.1 200"), (head, body)
    return body


def timed(address: Address, requests: list[bytes]) -> float:
    """Seconds until every request was answered with success."""
    return asyncio.run(send_all(address, requests))


async def send_all(address: Address, requests: list[bytes]) -> float:
    shares = [requests[number::CONNECTIONS] for number in range(CONNECTIONS)]
    connections = [await streams.connect(address) for _ in shares]
    began = time.perf_counter()
    await asyncio.gather(*[send(*stream, share) for stream, share in zip(connections, shares, strict=True)])
    seconds = time.perf_counter() - began
    for _, transport in connections:
        transport.close()
    return seconds


async def send(reader: asyncio.StreamReader, transport: asyncio.Transport, requests: list[bytes]) -> None:
    """Send one connection's requests, each after the answer to the one before."""
    for request in requests:
        transport.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        body = await reader.readexactly(length)
        assert head.startswith(b"HTTP/1.1 200"), (head, body)
