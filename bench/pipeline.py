"""Figure `pipeline`: rows → journal on a real disk → apply → events, in wall time.

Ours: as the sequencer does it: while batches are hashed, written and fsynced, those before are applied; a batch is what
has gathered, here 4,096 commands, in frames as the sequencer cuts them, and each is one write and one fdatasync. Held
against the slower of its two halves alone: the same batches applied without a journal, and the same appended and
fsynced, one after the other by this process, without being applied. The disk is whatever holds build/bench. The process
that writes is there when the clock starts, as in a venue at work. It hashes a batch while the disk has the one before,
which the disk alone does not, so where the disk is the slower half the ratio can be above 1.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

from bench import core, measure, venue, workloads
from bench.measure import Figure, Options, Timed
from bench.shape import BATCH, BATCH_NS, START_NS
from bench.workloads import Workload
from exchange.core.engine import Engine
from exchange.runtime.batches import FrameBuilder
from journal.disk import REAL_DISK, Disk
from journal.frame import FrameContent
from journal.writer import Journal

GATE, AIM = 0.8, 0.9
RATE_AIM = 1_800_000
BATCH_COMMANDS = 4_096

Batch = tuple[list[FrameContent], int]
"""Frames, numbered as in a journal that begins with them, and their time."""


class Opens(Protocol):
    """Whatever has commands, and an engine that stands before the first of them."""

    def open_filled(self) -> Engine: ...


def run(options: Options) -> list[Figure]:
    """Measure both sizes of figure `core`. Raises WrongState."""
    figures = []
    for size in core.SIZES:
        name = size.name.replace("core", "pipeline") + ", fdatasync"
        workload = core.load(name, size.shape, options)
        commands = workload.shape.commands
        prepared = list(batches(workload))
        found = figure_of(name, workload, prepared, commands, options, gate=GATE, aim=AIM, rate_aim=RATE_AIM)
        figures.append(found)
    return figures


def figure_of(
    name: str,
    workload: Opens,
    prepared: list[Batch],
    commands: int,
    options: Options,
    *,
    gate: float,
    aim: float | None = None,
    **details: Any,
) -> Figure:
    expected = core_alone(workload, prepared).state_hash
    halves: dict[str, list[float]] = {"core alone": [], "disk alone": []}

    def slower_half() -> Timed:
        alone = core_alone(workload, prepared)
        halves["core alone"].append(alone.seconds)
        halves["disk alone"].append(disk_alone(prepared))
        return Timed(max(alone.seconds, halves["disk alone"][-1]), alone.state_hash)

    pairs = measure.in_turn(lambda: timed(workload, prepared), slower_half, expected, options, name)
    return measure.figure(
        name,
        commands,
        pairs,
        reference_name="the slower of core and disk",
        gate=gate,
        aim=aim,
        state_hash=expected,
        clock="wall time, fdatasync for every batch",
        halves_seconds=halves,
        **details,
    )


def batches(workload: Workload) -> Iterator[Batch]:
    """The timed rows as the sequencer hands them to its log."""
    seq, now_ns = 1, START_NS
    for run in workloads.split(workload.timed, BATCH_COMMANDS):
        builder = FrameBuilder(seq)
        for row in workloads.split(run, 1):
            builder.add_rows(bytes(row), 1)
        seq, now_ns = builder.seq, now_ns + BATCH_NS * BATCH_COMMANDS // BATCH
        yield [*builder.finish()], now_ns


class Alone(Disk):
    """The real disk, for a writer that is to do all by itself: only the one real disk is shared with a process."""


def open_journal(folder: str, disk: Disk = REAL_DISK) -> Journal:
    return Journal.create(Path(folder, "journal"), created_ns=START_NS, journal_id=venue.JOURNAL_ID, disk=disk)


def timed(workload: Opens, prepared: Iterable[Batch]) -> Timed:
    """One run of the whole way."""
    engine = workload.open_filled()
    shift = engine.seq
    with (
        workloads.scratch("pipeline") as folder,
        measure.quiet_collector(),
        open_journal(folder) as journal,
    ):
        journal.start_beside()
        began = time.perf_counter()
        begun: deque[Batch] = deque()
        for batch in prepared:
            while not journal.begin(*batch, engine.seq - shift):
                if not begun:
                    # Where a segment is full and the next one not ready the writer itself opens it.
                    journal.append(*batch, engine.seq - shift)
                    apply(engine, batch, shift)
                    break
                journal.end()
                apply(engine, begun.popleft(), shift)
            else:
                begun.append(batch)
        for batch in begun:
            journal.end()
            apply(engine, batch, shift)
        seconds = time.perf_counter() - began
    return Timed(seconds, venue.final_hash(engine))


def core_alone(workload: Opens, prepared: list[Batch], clock: Callable[[], float] = time.perf_counter) -> Timed:
    """The same batches applied, and no journal."""
    engine = workload.open_filled()
    shift = engine.seq
    with measure.quiet_collector():
        began = clock()
        for batch in prepared:
            apply(engine, batch, shift)
        seconds = clock() - began
    return Timed(seconds, venue.final_hash(engine))


def apply(engine: Engine, batch: Batch, shift: int) -> None:
    for kind, _, seq, _, rows in batch[0]:
        engine.apply(kind, memoryview(rows), seq + shift, batch[1])
    engine.take_events()


def disk_alone(prepared: list[Batch]) -> float:
    """Seconds to append and fsync the same batches."""
    with (
        workloads.scratch("disk") as folder,
        measure.quiet_collector(),
        open_journal(folder, Alone()) as journal,
    ):
        began = time.perf_counter()
        for batch in prepared:
            journal.append(*batch, 0)
        return time.perf_counter() - began
