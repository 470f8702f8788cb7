"""Servers to measure: ours with its data directory, and what it is held against, each in a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import orjson

from bench import venue
from bench.measure import WrongState
from exchange.core import encoding
from exchange.core.engine import Engine
from exchange.runtime import recovery
from snapshots import store

ROOT = Path(__file__).resolve().parent.parent
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
listening.listen(4096)
print(f"ready http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
app = Starlette(routes=[Route("/api/v3/order", hello, methods=["POST"])])
config = uvicorn.Config(app, loop="uvloop", http="httptools", lifespan="off", log_config=None, access_log=False)
uvicorn.Server(config).run(sockets=[listening])
"""
HELLO_NAME = 'Starlette "hello"'

Address = tuple[str, int]


class Server(NamedTuple):
    """A server at work."""

    address: Address
    pid: int


class Venue(NamedTuple):
    """Our server, and the key of its trader."""

    server: Server
    api_key: str
    secret_key: str


@contextmanager
def served(program: str, *arguments: str) -> Iterator[Server]:
    """A Python program that serves, from its `ready` line to its end."""
    command = [sys.executable, "-c", program, *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT, text=True)
    try:
        assert process.stdout is not None
        address = urlsplit(process.stdout.readline().removeprefix("ready ").strip())
        yield Server((address.hostname or "", address.port or 0), process.pid)
    finally:
        process.terminate()
        process.communicate(timeout=START_SECONDS)


@contextmanager
def venue_at(data: Path, *options: str) -> Iterator[Venue]:
    """The demo's markets and traders without its flow, under the raised limits of profile `bench`."""
    given = ["--data", str(data), "--port", "0", "--profile", "bench", "--no-flow", *options]
    with served(OURS, "demo", *given) as server:
        key = orjson.loads((data / "credentials.json").read_bytes())["trader"]
        yield Venue(server, key["api_key"], key["secret_key"])


def proven_hash(data: Path, orders: int) -> str:
    """The state hash of a venue that has stopped, come to from its first entry and from its last snapshot.

    Raises:  WrongState where the two differ, or where other than so many orders were accepted.
    """
    whole = Engine(venue.SECRET)
    for _ in recovery.replay(data / "journal", whole):
        pass
    newest = max(store.list_snapshots(data / "snapshots"))
    state_hash = encoding.state_hash(whole.state).hex()
    restored = encoding.restore(venue.SECRET, store.load(newest).state)
    if encoding.state_hash(restored).hex() != state_hash:
        raise WrongState(f"{data}: the venue that was measured and a replay of its journal differ")
    accepted = whole.state.matching.next_order_id - 1
    if accepted != orders:
        raise WrongState(f"{data}: {orders:,} orders were answered, the journal has {accepted:,}")
    return state_hash
