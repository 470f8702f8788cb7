"""Figure `http`: signed, durable `POST /api/v3/order` on 64 connections, beside a Starlette "hello" answering JSON.

Both servers run in a process of their own under the same uvicorn settings, and the same generator (raw sockets, in this
process) sends both the very same signed requests, one at a time on each connection. Ours checks the signature,
sequences, journals with fdatasync, matches and answers with the order; hello reads the body and answers a constant.
"""

import asyncio
import hashlib
import hmac
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

from bench import measure, workloads
from bench.measure import Figure, Options

GATE = 0.5
CONNECTIONS = 64
REQUESTS = 12_800
PRICES = 1_000
START_SECONDS = 60
OURS = "import sys; from exchange.ops import cli; sys.exit(cli.main(sys.argv[1:]))"
HELLO = """
import socket, sys, uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

async def hello(request):
    await request.body()
    return JSONResponse({"hello": "world"})

listening = socket.socket()
listening.bind(("127.0.0.1", 0))
print(f"ready http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
app = Starlette(routes=[Route("/api/v3/order", hello, methods=["POST"])])
config = uvicorn.Config(app, loop="uvloop", http="httptools", lifespan="off", log_config=None, access_log=False)
uvicorn.Server(config).run(sockets=[listening])
"""


def run(options: Options) -> list[Figure]:
    """Measure both in turn. AssertionError where an answer is no success."""
    count = REQUESTS // options.scale
    with tempfile.TemporaryDirectory(prefix="http-", dir=workloads.FOLDER) as folder:
        data = Path(folder, "venue")
        demo = ["demo", "--data", str(data), "--port", "0", "--profile", "bench", "--no-flow"]
        with served([sys.executable, "-c", OURS, *demo]) as ours, served([sys.executable, "-c", HELLO]) as hello:
            key = orjson.loads((data / "credentials.json").read_bytes())["trader"]
            pairs = []
            for number in range(options.rounds):
                options.say("http", number, options.rounds)
                pairs.append(measure.undisturbed(lambda: one(key, ours, hello, count)))
    return [
        measure.figure(
            "http order, 64 connections",
            count,
            pairs,
            reference_name='Starlette "hello"',
            gate=GATE,
            state_hash="every answer checked",
            unit="requests/s",
        )
    ]


def one(key: dict[str, str], ours: tuple[str, int], hello: tuple[str, int], count: int) -> tuple[float, float]:
    """Send the same requests, signed now, to both."""
    requests = [order(key, each) for each in range(count)]
    return timed(ours, requests), timed(hello, requests)


def order(key: dict[str, str], number: int) -> bytes:
    """One signed request, with a client id of its own: an order that is accepted, finds no seller, and expires."""
    price = f"{20_000 + number % PRICES}.00"
    body = f"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=IOC&quantity=0.001&price={price}"
    body += f"&newClientOrderId=bench-{number}"
    body += f"&recvWindow=60000&timestamp={time.time_ns() // 1_000_000}"
    signature = hmac.new(key["secret_key"].encode(), body.encode(), hashlib.sha256).hexdigest()
    content = f"{body}&signature={signature}"
    return (
        f"POST /api/v3/order HTTP/1.1\r\nhost: venue\r\nx-mbx-apikey: {key['api_key']}\r\n"
        f"content-type: application/x-www-form-urlencoded\r\ncontent-length: {len(content)}\r\n\r\n{content}"
    ).encode()


@contextmanager
def served(command: list[str]) -> Iterator[tuple[str, int]]:
    """A server process, from its `ready` line to its end."""
    root = Path(__file__).resolve().parent.parent
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=root, text=True)
    try:
        assert process.stdout is not None
        address = urlsplit(process.stdout.readline().removeprefix("ready ").strip())
        yield address.hostname or "", address.port or 0
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def timed(address: tuple[str, int], requests: list[bytes]) -> float:
    """Seconds until every request was answered with success."""
    return asyncio.run(send_all(address, requests))


async def send_all(address: tuple[str, int], requests: list[bytes]) -> float:
    shares = [requests[number::CONNECTIONS] for number in range(CONNECTIONS)]
    streams = [await asyncio.open_connection(*address) for _ in shares]
    began = time.perf_counter()
    await asyncio.gather(*[send(*stream, share) for stream, share in zip(streams, shares, strict=True)])
    seconds = time.perf_counter() - began
    for _, writer in streams:
        writer.close()
    return seconds


async def send(reader: asyncio.StreamReader, writer: Any, requests: list[bytes]) -> None:
    """Send one connection's requests, each after the answer to the one before."""
    for request in requests:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        body = await reader.readexactly(length)
        assert head.startswith(b"HTTP/1.1 200"), (head, body)
