"""The list of promises: each a module with `run(options) -> list[Figure]` and a docstring saying what is measured."""

from collections.abc import Callable

from bench import core, heads, hostile, http, latency, pipeline, replay, snapshot
from bench.measure import Figure, Options

FIGURES: dict[str, Callable[[Options], list[Figure]]] = {
    "core": core.run,
    "hostile": hostile.run,
    "pipeline": pipeline.run,
    "replay": replay.run,
    "snapshot": snapshot.run,
    "http": http.run,
    "heads": heads.run,
    "latency": latency.run,
}
