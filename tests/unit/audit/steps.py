"""Flows as the audit sees them: frames applied by the core, with their events, and events made to lie."""

from pathlib import Path
from random import Random
from typing import Any

from exchange.audit.book import Book
from exchange.audit.findings import Findings
from exchange.audit.money import Money
from exchange.audit.source import Step, places
from exchange.core.engine import ROWS, Engine
from exchange.verifier.venue import Venue
from journal.frame import FORMAT_VERSION, MAGIC, Frame, FrameHeader
from snapshots import store
from tests import flows


def header(kind: int, commands: int, first_seq: int, ts_ns: int) -> FrameHeader:
    return FrameHeader(MAGIC, FORMAT_VERSION, kind, 1, commands, 0, 0, 0, first_seq, first_seq, ts_ns, 0, b"")


def step_of(core: Engine, kind: int, payload: bytes, ts_ns: int) -> Step:
    """Apply one frame to a core; what the audit is given of it."""
    first_seq = core.seq + 1
    core.apply(kind, payload, first_seq, ts_ns)
    stream = core.take_events()
    rows = memoryview(payload).cast("q").tolist() if kind == ROWS else []
    frame = Frame(header(kind, core.seq + 1 - first_seq, first_seq, ts_ns), memoryview(payload))
    return Step(frame, rows, stream, memoryview(stream).cast("q").tolist())


def flow(seed: int, *, steps: int = 60, quarantined: tuple[int, ...] = (), **knobs: Any) -> tuple[list[Step], Engine]:
    """A random flow, wild commands among the others, and the core that applied it."""
    venue = Venue(quarantined)
    core = Engine(b"k" * 16, dict.fromkeys(quarantined))
    random = Random(seed)
    chosen = flows.Knobs(markets=2, accounts=4, seed=seed, wild_percent=10, spread=3, fee_ppm=1_000)._replace(**knobs)
    found = []
    for entry in flows.entries(chosen, venue, [random.randrange(1 << 32) for _ in range(steps)]):
        first_seq = venue.seq + 1
        venue.apply(entry.kind, entry.payload, first_seq, entry.ts_ns)
        if venue.seq >= first_seq:
            found.append(step_of(core, entry.kind, entry.payload, entry.ts_ns))
    return found, core


def audited(steps: list[Step], core: Engine | None = None, quarantined: tuple[int, ...] = ()) -> list[str]:
    """What book and money find."""
    book = Book(Findings("book"), frozenset(quarantined))
    money = Money(Findings("money"))
    for step in steps:
        book.on_step(step)
        money.on_step(step)
    if core is not None:
        money.compare(core.seq, core)
    return [problem.text for findings in (book.findings, money.findings) for problem in findings.problems]


def events_of(steps: list[Step], kind: int) -> list[tuple[int, int]]:
    """Step and place of every event of a kind."""
    return [
        (number, at) for number, step in enumerate(steps) for at in places(step.words) if step.words[at] & 255 == kind
    ]


def lied(steps: list[Step], number: int, at: int, difference: int) -> list[Step]:
    """The steps with one word of the events of one of them changed."""
    words = list(steps[number].words)
    words[at] += difference
    return put(steps, number, steps[number]._replace(words=words))


def put(steps: list[Step], number: int, step: Step) -> list[Step]:
    return [*steps[:number], step, *steps[number + 1 :]]


def take_snapshot(directory: Path, seq: int, journal_id: bytes, chain: bytes, body: bytes) -> None:
    path = store.snapshot_path(directory, seq)
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        store.write(file.fileno(), [(body, True)], seq=seq, created_ns=1, journal_id=journal_id, chain=chain)
    store.publish(part, path)
