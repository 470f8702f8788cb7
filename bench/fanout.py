"""Figures of `fanout`: one message to 19,000 WebSocket subscribers of the one port, beside bare uvicorn.

A trade is made by one order, and each subscriber of `btcusdt@trade` gets it; timed is from sending the order to the
last subscriber's having it. Beside it: a bare ASGI application under uvicorn's `websockets-sansio`, which sends a text
of the same length to all its connections, from its request until the last has it. The subscribers are a process for
each server (bench/crowd.py), the settings of uvicorn are the same, and the two are asked in turn.

The second figure is what a connection takes of our server's resident memory, against 20 KiB.

A process needs a descriptor for each connection: where the system allows fewer (`ulimit -n`), there are fewer
subscribers, and the name of the figure says how many there were.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import orjson

from bench import http, measure, memory, servers, workloads
from bench.measure import Figure, Options, Pair
from bench.servers import Server, Venue

GATE = 1.25
"""Ours may take 0.8 of the time that bare uvicorn takes."""
SUBSCRIBERS = 19_000
SPARE_DESCRIPTORS = 500
CONNECTION_BYTES = 20 << 10
PAUSE_SECONDS = 0.2
BARE = """
import socket, sys, uvicorn

listeners = []
text = "x" * int(sys.argv[1])

async def app(scope, receive, send):
    if scope["type"] == "http":
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})
        for each in listeners:
            await each({"type": "websocket.send", "text": text})
        return
    await receive()
    await send({"type": "websocket.accept"})
    listeners.append(send)
    while (await receive())["type"] != "websocket.disconnect":
        pass

listening = socket.socket()
listening.bind(("127.0.0.1", 0))
listening.listen(4096)
print(f"ready http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
config = uvicorn.Config(
    app, loop="uvloop", http="httptools", ws="websockets-sansio", ws_per_message_deflate=False, ws_ping_interval=20,
    ws_ping_timeout=60, lifespan="off", log_config=None, access_log=False,
)
uvicorn.Server(config).run(sockets=[listening])
"""
POKE = b"POST / HTTP/1.1\r\nhost: bare\r\ncontent-length: 0\r\n\r\n"


class Crowd(NamedTuple):
    """Subscribers that are connected, and what each took of the server's memory."""

    process: "subprocess.Popen[str]"
    subscribers: int
    connection_bytes: float

    def told(self) -> tuple[float, str]:
        """Wait until each has a message: when the last had it, and the text. AssertionError where one has two."""
        assert self.process.stdout is not None
        at, had, text = json.loads(self.process.stdout.readline())
        assert had == self.subscribers, f"{had} messages for {self.subscribers} subscribers"
        return at, text


def run(options: Options) -> list[Figure]:
    """Measure both. AssertionError where a subscriber does not get what it must, WrongState for the orders."""
    wanted = allowed(SUBSCRIBERS // options.scale)
    name = f"one message to {wanted:,} subscribers"
    with workloads.scratch("fanout") as folder:
        data = Path(folder, "venue")
        with servers.venue_at(data) as ours:
            sent = offer(ours)
            with crowd_at(ours.server, "/ws/btcusdt@trade", 1) as one:
                sent += 1
                trade(ours, sent)
                length = len(one.told()[1])
            with (
                servers.served(BARE, str(length)) as bare,
                crowd_at(ours.server, "/ws/btcusdt@trade", wanted) as subscribers,
                crowd_at(bare, "/", wanted) as plain,
            ):
                pairs: list[Pair] = []
                for number in range(options.rounds):
                    options.say(name, number, options.rounds)
                    sent += 1
                    pairs.append(one_round(ours, bare, subscribers, plain, sent))
        proven = servers.proven_hash(data, sent)
    return [
        measure.cost(name, pairs, reference_name="bare uvicorn", gate=GATE, state_hash=proven, clock="wall time"),
        measure.cost(
            f"memory per connection, {wanted:,} subscribers",
            [(subscribers.connection_bytes, float(CONNECTION_BYTES))],
            reference_name="what it may",
            unit="bytes",
            state_hash=proven,
            clock="resident memory of the server",
            seen=f"bare uvicorn takes {plain.connection_bytes:,.0f} bytes",
        ),
    ]


def allowed(wanted: int) -> int:
    """How many connections a process may have here."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard - SPARE_DESCRIPTORS)


@contextmanager
def crowd_at(server: Server, path: str, count: int) -> Iterator[Crowd]:
    """So many subscribers, until the end of the block."""
    before = memory.resident_bytes(server.pid)
    host, port = server.address
    command = [sys.executable, "-m", "bench.crowd", host, str(port), path, str(count)]
    with subprocess.Popen(
        command, cwd=servers.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "connected\n", "not all subscribers could connect"
            yield Crowd(process, count, (memory.resident_bytes(server.pid) - before) / count)
        finally:
            process.stdin.close()


def one_round(ours: Venue, bare: Server, subscribers: Crowd, plain: Crowd, number: int) -> Pair:
    """Tell ours, then the bare one's."""
    time.sleep(PAUSE_SECONDS)
    return (
        seconds(lambda: trade(ours, number), subscribers),
        seconds(lambda: http.post(bare.address, POKE), plain),
    )


def seconds(tell: Callable[[], object], crowd: Crowd) -> float:
    began = time.monotonic()
    tell()
    return crowd.told()[0] - began


def offer(venue: Venue) -> int:
    """What the trades are made with: an ask that lasts. Returns how many orders that were."""
    body = "symbol=BTCUSDT&side=SELL&type=LIMIT&timeInForce=GTC&quantity=1&price=30000.00&newClientOrderId=ask"
    http.post(venue.server.address, http.signed(venue, body))
    return 1


def trade(venue: Venue, number: int) -> None:
    """Buy a thousandth of it. AssertionError where that was no trade."""
    body = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=IOC&quantity=0.001&price=30000.00"
    body += f"&selfTradePreventionMode=NONE&newClientOrderId=buy-{number}"
    answer = orjson.loads(http.post(venue.server.address, http.signed(venue, body)))
    assert answer["status"] == "FILLED", answer
