"""A journal from the record as a workload: `run.py bench --journal DIR`, on a venue's data directory or its journal.

Every command of it is applied again, rows and messages in the frames and batches in which they came, from the first
entry on; it is all held in memory. Three things are timed:

`apply, in memory`  the engine alone, nothing read or written: beside it stands the mean of the calm flow, figure `core`
                    at one market, command for command, so that one sees what this record costs;
`replay`            read from the page cache, every hash verified, applied: beside the engine alone;
`pipeline`          appended to a new journal with fdatasync and applied: beside the slower of the two halves alone.

A run must end in the state that an untimed one ends in. How long single frames take is in the details as a histogram.
"""

import time
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from bench import core, measure, pipeline, venue
from bench.histogram import Histogram
from bench.measure import Figure, Options, Timed
from bench.shape import ONE_MARKET
from exchange.core.engine import ROWS, Engine
from exchange.runtime import recovery
from journal.ahead import ReadAhead
from journal.frame import Frame, FrameContent
from journal.quarantine import quarantined
from journal.reader import read

# What a record costs depends on what is in it: nothing is promised.
NO_GATE = 0.0


class NoCommands(Exception):
    """A journal in which nothing has happened."""


class Record(NamedTuple):
    """A whole journal in memory."""

    directory: Path
    batches: list[pipeline.Batch]
    commands: int
    rows: int
    """How many of the commands came as rows; the others are messages."""

    def open_filled(self) -> Engine:
        """A new engine: the record begins with its genesis."""
        return Engine(venue.SECRET, quarantined(self.directory))


def load(given: Path) -> Record:
    """Read and verify a data directory's journal. Raises NoCommands, CorruptJournal, FileNotFoundError."""
    directory = given / "journal" if (given / "journal").is_dir() else given
    frames = [
        Frame(frame.header, memoryview(bytes(frame.payload)))
        for frame in read(directory, workers=0)
        if frame.header.commands
    ]
    if not frames:
        raise NoCommands(f"{directory} holds no command yet: there is nothing to measure")
    batches = [batch(list(group)) for _, group in groupby(frames, lambda frame: frame.header.batch_first_seq)]
    rows = sum(frame.header.commands for frame in frames if frame.header.kind == ROWS)
    return Record(directory, batches, sum(frame.header.commands for frame in frames), rows)


def batch(frames: list[Frame]) -> pipeline.Batch:
    """Frames that came together, as they were handed to the journal."""
    contents: list[FrameContent] = [
        (frame.header.kind, frame.header.schema, frame.header.first_seq, frame.header.commands, frame.payload)
        for frame in frames
    ]
    return contents, frames[0].header.ts_ns


def run(given: Path, options: Options) -> list[Figure]:
    """Measure all three. Raises WrongState and what `load` raises."""
    options.say("reading the journal", 0, 1)
    record = load(given)
    name = f"journal {given.resolve().name}"
    expected = pipeline.core_alone(record, record.batches).state_hash
    seen = f"{record.commands:,} commands, {record.rows:,} of them rows, in {len(record.batches):,} batches"
    figures = [
        apply_figure(name, record, expected, options),
        replay_figure(name, record, expected, options),
        pipeline.figure_of(
            f"{name}, pipeline, fdatasync", record, record.batches, record.commands, options, gate=NO_GATE
        ),
    ]
    return [figure._replace(details=figure.details | {"seen": seen}) for figure in figures]


def apply_figure(name: str, record: Record, expected: str, options: Options) -> Figure:
    """The engine alone, beside as many commands of the calm flow."""
    calm = core.load("calm flow", ONE_MARKET, options)
    calm_hash = core.timed(calm).state_hash
    share = record.commands / calm.shape.commands
    frames = Histogram()

    def applied() -> Timed:
        return pipeline.core_alone(record, record.batches, time.process_time)

    def calm_applied() -> Timed:
        timed = core.timed(calm)
        return timed._replace(seconds=timed.seconds * share)

    pairs = measure.in_turn(applied, calm_applied, expected, options, name, calm_hash)
    observe(record, frames)
    return measure.figure(
        f"{name}, apply, in memory",
        record.commands,
        pairs,
        reference_name="as many calm ones",
        gate=NO_GATE,
        state_hash=expected,
        clock="CPU time of one core",
        frame_latency=frames.summary(),
    )


def observe(record: Record, frames: Histogram) -> None:
    """Note how long each frame takes, in a run of its own."""
    engine = record.open_filled()
    with measure.quiet_collector():
        for contents, ts_ns in record.batches:
            for kind, _, first_seq, _, payload in contents:
                began = time.perf_counter_ns()
                engine.apply(kind, memoryview(payload), first_seq, ts_ns)
                engine.take_events()
                frames.record(time.perf_counter_ns() - began)


def replay_figure(name: str, record: Record, expected: str, options: Options) -> Figure:
    def replayed() -> Timed:
        with ReadAhead(record.directory) as ahead, measure.quiet_collector():
            engine = record.open_filled()
            began = time.perf_counter()
            for _ in recovery.replay(record.directory, engine, ahead):
                pass
            seconds = time.perf_counter() - began
        return Timed(seconds, venue.final_hash(engine))

    pairs = measure.in_turn(
        replayed, lambda: pipeline.core_alone(record, record.batches), expected, options, f"{name}: replay"
    )
    return measure.figure(
        f"{name}, replay, page cache",
        record.commands,
        pairs,
        reference_name="core alone",
        gate=NO_GATE,
        state_hash=expected,
        clock="wall time, every hash verified",
    )
