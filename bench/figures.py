"""The list of promises: each a module with `run(options) -> list[Figure]` and a docstring saying what is measured."""

from collections.abc import Callable

from bench import (
    core,
    fanout,
    growth,
    heads,
    hostile,
    http,
    latency,
    memory,
    objects,
    peers,
    pipeline,
    prototype,
    replay,
    snapshot,
    websocket,
)
from bench.measure import Figure, Options

FIGURES: dict[str, Callable[[Options], list[Figure]]] = {
    "core": core.run,
    "hostile": hostile.run,
    "peers": peers.run,
    "prototype": prototype.run,
    "growth": growth.run,
    "pipeline": pipeline.run,
    "objects": objects.run,
    "replay": replay.run,
    "snapshot": snapshot.run,
    "memory": memory.run,
    "http": http.run,
    "heads": heads.run,
    "websocket": websocket.run,
    "latency": latency.run,
    "fanout": fanout.run,
}

SHORT = ("core", "memory", "http")
"""What CI measures, under two minutes together: what a busy machine disturbs least. A replay as short as that is mostly
the start of its second process, and what waits for the disk waits for whoever else uses it."""
