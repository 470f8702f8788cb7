"""Figure `heads`: what signed heads cost the order path: the same orders to a venue that signs and one that does not.

As figure `http`: signed durable orders on 64 connections. Ours signs every EVERY_SECONDS, a dozen times as often as a
venue does by itself, so that every round has heads in it; each step of the notary has to take in all orders since the
last. On a machine whose processors are all busy with orders it takes its time from them, as little as its priority
gets it.
"""

import sys
import tempfile
from pathlib import Path

import orjson

from bench import http, measure, workloads
from bench.measure import Figure, Options

GATE = 0.97
EVERY_SECONDS = 5
REQUESTS = 128_000


def run(options: Options) -> list[Figure]:
    """Measure both in turn. AssertionError where an answer is no success or a round has no head."""
    count = REQUESTS // options.scale
    with tempfile.TemporaryDirectory(prefix="heads-", dir=workloads.FOLDER) as folder:
        signing, silent = Path(folder, "signing"), Path(folder, "silent")
        with http.served(venue(signing, EVERY_SECONDS)) as ours, http.served(venue(silent, 0)) as reference:
            keys = [orjson.loads((data / "credentials.json").read_bytes())["trader"] for data in (signing, silent)]
            pairs = []
            for number in range(options.rounds):
                options.say("heads", number, options.rounds)
                before = heads(signing)
                requests = [[http.order(key, each) for each in range(count)] for key in keys]
                pairs.append((http.timed(ours, requests[0]), http.timed(reference, requests[1])))
                assert heads(signing) > before or options.scale > 1, "a round without a head"
    return [
        measure.figure(
            "orders while heads are signed",
            count,
            pairs,
            reference_name="no heads",
            gate=GATE,
            state_hash="every answer checked",
            unit="requests/s",
        )
    ]


def venue(data: Path, head_seconds: float) -> list[str]:
    """The command of a venue that signs so often."""
    data.with_suffix(".toml").write_text(f"head_seconds = {head_seconds}\n")
    options = ["--data", str(data), "--port", "0", "--profile", "bench", "--no-flow"]
    return [sys.executable, "-c", http.OURS, "demo", *options, "--config", str(data.with_suffix(".toml"))]


def heads(data: Path) -> int:
    """How many heads the notary has found in the journal."""
    file = data / "audit" / "heads"
    return len(file.read_text().splitlines()) if file.exists() else 0
