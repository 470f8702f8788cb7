"""Figure `replay`: a journal on disk → every header and chain hash verified → engine → events, in wall time.

Ours: `recovery.replay`, as `run.py replay` does it: frames of 256 commands, reading and hashing in a second process
(the chain covers the payloads and their checksums), events dropped after each frame. As there, the process starts
before the engine is made, and the making is not in the figure. Held against the engine alone on the same rows in
memory, events taken. The files are warm in the page cache: what is measured is the work, not the disk. The setup and
the prefill are in the journal too, in a segment of their own (a replay verifies from the head of the segment that it
begins in), and are applied before the clock starts.
"""

import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from bench import core, measure, venue, workloads
from bench.measure import Figure, Options, Timed
from bench.shape import BATCH, START_NS
from bench.workloads import Workload
from exchange.messages import registry
from exchange.runtime import recovery
from journal.ahead import ReadAhead
from journal.disk import Disk
from journal.frame import HEADER_BYTES, MESSAGES, ROWS, FrameContent, padded
from journal.segment import SEGMENT_BYTES_DEFAULT, SEGMENT_HEADER_BYTES
from journal.writer import Journal

GATE, AIM = 0.8, 0.9
SCHEMA = 1
MESSAGES_IN_FRAME = 200
CHUNKS_BETWEEN_REPORTS = 4


class Hasty(Disk):
    """A disk that waits for nothing: the journal is made for one reading and thrown away."""

    def fdatasync(self, fd: int) -> None:
        pass


def run(options: Options) -> list[Figure]:
    """Measure both sizes of figure `core`. Raises WrongState."""
    return [figure_of(size, options) for size in core.SIZES]


def figure_of(size: core.Size, options: Options) -> Figure:
    name = size.name.replace("core", "replay") + ", page cache"
    workload = core.load(name, size.shape, options)
    expected = core.timed(workload).state_hash
    with workloads.scratch("replay") as folder:
        directory = Path(folder, "journal")
        options.say(f"{name}: writing the journal", 0, options.rounds)
        write(workload, directory)
        pairs = measure.in_turn(
            lambda: timed(workload, directory, options, name),
            lambda: core.timed(workload, time.perf_counter),
            expected,
            options,
            name,
        )
    return measure.figure(
        name,
        workload.shape.commands,
        pairs,
        reference_name="core alone",
        gate=GATE,
        aim=AIM,
        rate_aim=2_500_000,
        state_hash=expected,
        clock="wall time, every hash verified",
        shape=workload.shape._asdict(),
    )


def write(workload: Workload, directory: Path) -> None:
    """Write a whole journal: genesis, setup and prefill fill the first segment, so the timed rows begin another."""
    before: list[tuple[int, int, bytes | memoryview]] = [
        (MESSAGES, len(group), registry.encode_commands(group))
        for group in grouped([venue.genesis(), *venue.setup(workload.shape, workload.funding)], MESSAGES_IN_FRAME)
    ]
    before += [(ROWS, workloads.commands_in(rows), rows) for rows in workloads.split(workload.prefill, BATCH)]
    first_bytes = SEGMENT_HEADER_BYTES + sum(HEADER_BYTES + padded(len(payload)) for _, _, payload in before)
    disk = Hasty()
    with Journal.create(
        directory, created_ns=START_NS, segment_bytes=first_bytes, journal_id=venue.JOURNAL_ID, disk=disk
    ) as journal:
        for kind, commands, payload in before:
            journal.append([frame(journal, kind, commands, payload)], START_NS, 0)
    with Journal.open_for_append(directory, segment_bytes=SEGMENT_BYTES_DEFAULT, disk=disk) as journal:
        for rows, now_ns in workload.batches():
            journal.append([frame(journal, ROWS, workloads.commands_in(rows), rows)], now_ns, 0)
    for path in directory.iterdir():
        # It was written past the page cache: the first round would read from the disk.
        path.read_bytes()


def grouped(commands: list[registry.AnyCommand], count: int) -> Iterator[list[registry.AnyCommand]]:
    cuts = [*range(0, len(commands), count), len(commands)]
    return (commands[start:end] for start, end in pairwise(cuts))


def frame(journal: Journal, kind: int, commands: int, payload: bytes | memoryview) -> FrameContent:
    return kind, SCHEMA, journal.next_seq, commands, payload


def timed(workload: Workload, directory: Path, options: Options, name: str) -> Timed:
    """One replay from the first timed command to the end of the journal."""
    with ReadAhead(directory) as ahead:
        engine = workload.open_filled()
        first_seq, commands = engine.seq, workload.shape.commands
        with measure.quiet_collector():
            began = time.perf_counter()
            for number, seq in enumerate(recovery.replay(directory, engine, ahead)):
                if number % CHUNKS_BETWEEN_REPORTS == 0:
                    options.say(f"{name}: replaying", seq - first_seq, commands)
            seconds = time.perf_counter() - began
    return Timed(seconds, venue.final_hash(engine))
