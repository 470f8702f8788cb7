"""Figure `pipeline`: rows → journal on a real disk → apply → events, in wall time.

Ours: as the sequencer does it: while one batch is written and fsynced in a thread, the one before is applied; a batch
is what has gathered, here 4,096 commands in frames of 256. Held against the slower of its two halves alone: the same
rows applied without a journal, and the same batches appended and fsynced without being applied. The disk is whatever
holds build/bench.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench import core, measure, venue, workloads
from bench.measure import Figure, Options, Timed
from bench.shape import START_NS
from bench.workloads import Workload
from exchange.core.engine import Engine
from journal.frame import ROWS, FrameContent
from journal.writer import Journal

GATE = 0.8
SCHEMA = 1
FRAMES = 16
SWITCH_SECONDS = 0.0002

Batch = tuple[list[tuple[int, int, int, int, memoryview]], int]


def run(options: Options) -> list[Figure]:
    """Measure both sizes of figure `core`. Raises WrongState."""
    return [figure_of(size, options) for size in core.SIZES]


def figure_of(size: core.Size, options: Options) -> Figure:
    name = size.name.replace("core", "pipeline")
    workload = core.load(name, size.shape, options)
    expected = core_alone(workload).state_hash
    halves: dict[str, list[float]] = {"core alone": [], "disk alone": []}

    def slower_half() -> Timed:
        alone = core_alone(workload)
        halves["core alone"].append(alone.seconds)
        halves["disk alone"].append(disk_alone(workload))
        return Timed(max(alone.seconds, halves["disk alone"][-1]), alone.state_hash)

    pairs = measure.in_turn(lambda: timed(workload), slower_half, expected, options, name)
    return measure.figure(
        name,
        workload.shape.commands,
        pairs,
        reference_name="the slower of core and disk",
        gate=GATE,
        state_hash=expected,
        clock="wall time, fdatasync for every batch",
        halves_seconds=halves,
        shape=workload.shape._asdict(),
    )


def batches(workload: Workload, first_seq: int) -> Iterator[Batch]:
    """The timed rows as the sequencer would hand them to its log: frames of 256 commands, 16 to a batch."""
    frames: list[tuple[int, int, int, int, memoryview]] = []
    seq, now_ns = first_seq, START_NS
    for rows, now_ns in workload.batches():
        count = workloads.commands_in(rows)
        frames.append((ROWS, SCHEMA, seq, count, memoryview(rows)))
        seq += count
        if len(frames) == FRAMES:
            yield frames, now_ns
            frames = []
    if frames:
        yield frames, now_ns


def open_journal(folder: str) -> Journal:
    return Journal.create(Path(folder, "journal"), created_ns=START_NS, journal_id=venue.JOURNAL_ID)


def renumbered(batch: Batch, shift: int) -> list[FrameContent]:
    """A batch's frames for a journal that begins with them."""
    return [(kind, schema, seq - shift, count, rows) for kind, schema, seq, count, rows in batch[0]]


def timed(workload: Workload) -> Timed:
    """One run of the whole way."""
    engine = workload.open_filled()
    shift = engine.seq
    prepared = list(batches(workload, shift + 1))
    switch = sys.getswitchinterval()
    with (
        tempfile.TemporaryDirectory(prefix="pipeline-", dir=workloads.FOLDER) as folder,
        measure.quiet_collector(),
        open_journal(folder) as journal,
        ThreadPoolExecutor(1) as thread,
    ):
        # The writer needs the interpreter for a moment between its hashes and its writes, and must not wait for it.
        sys.setswitchinterval(SWITCH_SECONDS)
        began = time.perf_counter()
        durable: Batch | None = None
        for batch in prepared:
            writing = thread.submit(journal.append, renumbered(batch, shift), batch[1], engine.seq - shift)
            if durable is not None:
                apply(engine, durable)
            writing.result()
            durable = batch
        if durable is not None:
            apply(engine, durable)
        seconds = time.perf_counter() - began
        sys.setswitchinterval(switch)
    return Timed(seconds, venue.final_hash(engine))


def core_alone(workload: Workload) -> Timed:
    """The same batches applied, and no journal."""
    engine = workload.open_filled()
    prepared = list(batches(workload, engine.seq + 1))
    with measure.quiet_collector():
        began = time.perf_counter()
        for batch in prepared:
            apply(engine, batch)
        seconds = time.perf_counter() - began
    return Timed(seconds, venue.final_hash(engine))


def apply(engine: Engine, batch: Batch) -> None:
    for kind, _, seq, _, rows in batch[0]:
        engine.apply(kind, rows, seq, batch[1])
    engine.take_events()


def disk_alone(workload: Workload) -> float:
    """Seconds to append and fsync the same batches."""
    prepared = list(batches(workload, 1))
    with (
        tempfile.TemporaryDirectory(prefix="disk-", dir=workloads.FOLDER) as folder,
        measure.quiet_collector(),
        open_journal(folder) as journal,
    ):
        began = time.perf_counter()
        for batch in prepared:
            journal.append([*batch[0]], batch[1], 0)
        return time.perf_counter() - began
