"""Figure `heads`: what signed heads cost the order path: the same orders to a venue that signs and one that does not.

As figure `http`: signed durable orders on 64 connections. Ours signs every EVERY_SECONDS, a dozen times as often as a
venue does by itself, so that every round has heads in it; each step of the notary has to take in all orders since the
last. On a machine whose processors are all busy with orders it takes its time from them, as little as its priority
gets it.
"""

from contextlib import AbstractContextManager
from pathlib import Path

from bench import http, measure, servers, workloads
from bench.measure import Figure, Options
from bench.servers import Venue

GATE = 0.97
EVERY_SECONDS = 5
REQUESTS = 128_000


def run(options: Options) -> list[Figure]:
    """Measure both in turn. AssertionError where an answer is no success or a round has no head; WrongState."""
    count = REQUESTS // options.scale
    with workloads.scratch("heads") as folder:
        signing, silent = Path(folder, "signing"), Path(folder, "silent")
        with venue(signing, EVERY_SECONDS) as ours, venue(silent, 0) as reference:
            sent = 0

            def one() -> measure.Pair:
                nonlocal sent
                before = heads(signing)
                requests = [[http.order(each, sent + at) for at in range(count)] for each in (ours, reference)]
                sent += count
                pair = (
                    http.timed(ours.server.address, requests[0]),
                    http.timed(reference.server.address, requests[1]),
                )
                assert heads(signing) > before or options.scale > 1, "a round without a head"
                return pair

            pairs = []
            for number in range(options.rounds):
                options.say("heads", number, options.rounds)
                pairs.append(measure.undisturbed(one))
        proven = servers.proven_hash(signing, sent)
    return [
        measure.figure(
            "orders while heads are signed, fdatasync",
            count,
            pairs,
            reference_name="no heads",
            gate=GATE,
            state_hash=proven,
            unit="requests/s",
        )
    ]


def venue(data: Path, head_seconds: float) -> AbstractContextManager[Venue]:
    """A venue that signs so often."""
    settings = data.with_suffix(".toml")
    settings.write_text(f"head_seconds = {head_seconds}\n")
    return servers.venue_at(data, "--config", str(settings))


def heads(data: Path) -> int:
    """How many heads the notary has found in the journal."""
    file = data / "audit" / "heads"
    return len(file.read_text().splitlines()) if file.exists() else 0
