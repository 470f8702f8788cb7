"""Recovery: the newest snapshot that verifies, then the tail of the journal through the core and the projections."""

import secrets
from collections.abc import Callable, Iterator
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from exchange.core import encoding
from exchange.core.engine import MESSAGES, ROWS, Engine
from exchange.messages import registry
from exchange.messages.limits import LIMITS_AT_GENESIS, RULES_AT_GENESIS
from exchange.messages.orders import EXTENSION, ROW, ROW_BYTES, RowKind
from exchange.messages.system import Genesis
from exchange.messages.words import AnyWords
from exchange.runtime.batches import MESSAGE_SCHEMA
from exchange.runtime.sequencer import Applied
from journal.ahead import ReadAhead
from journal.errors import CorruptJournal
from journal.frame import Frame
from journal.quarantine import REASON_LENGTH_MAX, quarantine_in, quarantined
from journal.reader import chain_at, read, read_chunks
from journal.writer import Journal
from snapshots.store import Snapshot, list_snapshots, newest_valid

ENGINE_VERSION = "0.1.0"
FORMAT_VERSION = 1
AUTO_QUARANTINE_EVERY = 10_000
KIND_OF = attrgetter("header.kind")
BatchSeen = Callable[[Applied, list[AnyWords]], None]


class EngineFailed(Exception):
    """The core failed on an entry: it must be quarantined, or this engine rolled back."""

    def __init__(self, seq: int, subject: str, directory: Path, cause: BaseException) -> None:
        super().__init__(
            f"engine {ENGINE_VERSION} failed on entry {seq} ({subject}): {type(cause).__name__}: {cause}. "
            f"If no release of the engine applied it, set it aside: "
            f"python3 run.py quarantine {directory} {seq} --reason '...'"
        )
        self.seq = seq
        self.subject = subject


class Recovered(NamedTuple):
    """An engine that stands where the journal ends."""

    engine: Engine
    snapshot_seq: int
    rest: memoryview
    """The projection sections of the snapshot; empty without one."""
    last_ns: int
    chain: bytes


def create_journal(directory: Path, created_ns: int, segment_bytes: int) -> Journal:
    """Begin a journal: its first entry is Genesis, with the rules and limits in force."""
    journal = Journal.create(directory, created_ns=created_ns, segment_bytes=segment_bytes)
    begin_journal(journal, created_ns)
    return journal


def begin_journal(journal: Journal, created_ns: int) -> None:
    """Write Genesis into a journal that has nothing yet."""
    genesis = Genesis(
        FORMAT_VERSION,
        ENGINE_VERSION,
        created_ns,
        journal.journal_id,
        [int(rule) for rule in RULES_AT_GENESIS],
        [(int(limit), value) for limit, value in LIMITS_AT_GENESIS],
    )
    journal.append([(MESSAGES, MESSAGE_SCHEMA, 1, 1, registry.encode_commands([genesis]))], created_ns, 0)


def restore_newest(
    journal_directory: Path, snapshots: Path | None, journal_id: bytes, on_invalid: Callable[[str], None]
) -> tuple[Engine, Snapshot | None]:
    """An engine from the newest snapshot that verifies, or a new one.

    Raises:  CorruptJournal where the journal is not the one that the snapshot was taken of.
    """
    notes = quarantined(journal_directory)
    snapshot = None
    if snapshots is not None:
        snapshot = newest_valid(snapshots, journal_id, on_invalid=lambda error: on_invalid(str(error)))
    engine = Engine(secrets.token_bytes(16), notes)
    if snapshot is not None:
        check_history(journal_directory, snapshot)
        engine.state = encoding.restore(secrets.token_bytes(16), snapshot.state)
        engine.state.seq = snapshot.header.seq
    return engine, snapshot


def check_history(directory: Path, snapshot: Snapshot) -> None:
    """The journal must have come to the snapshot's chain value where the snapshot was taken, hashed anew up to there.

    A journal that ends before has lost what was acknowledged: a disk lied, or a part of it is missing.
    """
    seq = snapshot.header.seq
    try:
        found = chain_at(directory, seq)
    except LookupError as error:
        raise CorruptJournal(directory, 0, seq, f"there is a snapshot of entry {seq}, but {error}") from error
    if found != snapshot.header.chain:
        raise CorruptJournal(directory, 0, seq, f"the snapshot of entry {seq} was taken of another history")


def recover(
    journal_directory: Path,
    snapshots: Path | None,
    journal_id: bytes,
    *,
    on_restore: Callable[[memoryview], None] | None = None,
    on_batch: BatchSeen | None = None,
    progress: Callable[[int], None] | None = None,
    on_invalid: Callable[[str], None] = lambda line: None,
) -> Recovered:
    """Stand where the journal ends. `on_restore` gets a snapshot's projections, `on_batch` every batch replayed.

    Raises:  EngineFailed naming the entry on which the core failed; CorruptJournal where the journal does not verify.
    """
    snapshot_seq = known_applied_seq(snapshots) if snapshots is not None else 0
    with ReadAhead(journal_directory, snapshot_seq + 1) as ahead:
        # The reader starts while a snapshot is restored.
        engine, snapshot = restore_newest(journal_directory, snapshots, journal_id, on_invalid)
        rest = memoryview(b"") if snapshot is None else memoryview(snapshot.rest)
        if on_restore is not None and snapshot is not None:
            on_restore(rest)
        last_ns, chain = 0, b""
        if snapshot is not None:
            last_ns, chain = snapshot.header.created_ns, snapshot.header.chain
        for frame in read(journal_directory, engine.seq + 1, ahead=ahead):
            header = frame.header
            if header.commands == 0:
                continue
            last_ns, chain = header.ts_ns, header.chain
            apply_frame(engine, frame, journal_directory)
            stream = engine.take_events()
            if on_batch is not None:
                applied = Applied(header.first_seq, engine.seq, header.ts_ns, header.chain, stream)
                on_batch(applied, applied.events())
            if progress is not None:
                progress(engine.seq)
    return Recovered(engine, 0 if snapshot is None else snapshot.header.seq, rest, last_ns, chain)


def known_applied_seq(snapshots: Path) -> int:
    """The highest seq that a snapshot shows to have been applied."""
    return max((int(path.stem) for path in list_snapshots(snapshots)), default=0)


def quarantine_itself(journal: Journal, directory: Path, snapshots: Path, failure: EngineFailed) -> bool:
    """Set the entry aside on which the engine failed: at most one in 10,000. Returns whether it did."""
    if any(failure.seq - seq < AUTO_QUARANTINE_EVERY for seq in quarantined(directory)):
        return False
    reason = f"automatic: {failure}"[:REASON_LENGTH_MAX]
    quarantine_in(
        journal,
        failure.seq,
        reason,
        engine_version=ENGINE_VERSION,
        created_ns=journal.ts_ns,
        known_applied_seq=known_applied_seq(snapshots),
    )
    return True


def apply_frame(engine: Engine, frame: Frame, directory: Path) -> None:
    """Apply one frame; what the core cannot do becomes EngineFailed with the entry's number."""
    header = frame.header
    try:
        engine.apply(header.kind, frame.payload, header.first_seq, header.ts_ns)
    except Exception as cause:
        raise EngineFailed(engine.at_seq, subject_of(frame, engine.at_seq), directory, cause) from cause


def subject_of(frame: Frame, seq: int) -> str:
    """What the entry that failed was about, for the operator who must decide on it."""
    number = seq - frame.header.first_seq
    if frame.header.kind != ROWS:
        return type(registry.decode_commands(frame.payload)[number]).__name__
    at = 0
    for _ in range(number):
        at += ROW_BYTES + EXTENSION.size * ROW.unpack_from(frame.payload, at)[2]
    kind, _, _, market, account, *rest = ROW.unpack_from(frame.payload, at)
    return f"{RowKind(kind).name} in market {market} by account {account}, order {rest[-6]}"


def batches(directory: Path) -> Iterator[tuple[Applied, list[AnyWords]]]:
    """Every frame of a journal applied anew, with its events, by an engine of its own."""
    return ((applied, events) for _, applied, events in replayed(directory))


def replayed(directory: Path) -> Iterator[tuple[Engine, Applied, list[AnyWords]]]:
    """The same, with the engine as it is right behind the frame."""
    engine = Engine(secrets.token_bytes(16), quarantined(directory))
    for frame in read(directory, workers=0):
        if frame.header.commands:
            apply_frame(engine, frame, directory)
            applied = Applied(
                frame.header.first_seq, engine.seq, frame.header.ts_ns, frame.header.chain, engine.take_events()
            )
            yield engine, applied, applied.events()


def replay(directory: Path, engine: Engine, ahead: ReadAhead | None = None, to: int | None = None) -> Iterator[int]:
    """Apply a journal to an engine, to its end or the frame that holds entry `to`, and drop the events.

    Yields the seq reached, behind each half MiB or so. Raises what `recover` does.
    """
    for chunk in read_chunks(directory, engine.seq + 1, ahead=ahead):
        frames = chunk if to is None else [frame for frame in chunk if frame.header.first_seq <= to]
        apply_frames(engine, frames, directory)
        yield engine.seq
        if to is not None and engine.seq >= to:
            return


def apply_frames(engine: Engine, frames: list[Frame], directory: Path) -> None:
    """Apply frames that follow each other, as `apply_frame` does each, and drop their events."""
    try:
        for kind, group in groupby(frames, KIND_OF):
            if kind == ROWS:
                engine.apply_runs([(frame.payload, frame.header.ts_ns) for frame in group])
            else:
                for frame in group:
                    engine.apply(kind, frame.payload, frame.header.first_seq, frame.header.ts_ns)
                    engine.take_events()
        if frames:
            last_seq = frames[-1].header.last_seq
            assert engine.seq == last_seq, f"came to command {engine.seq} behind frames that end at {last_seq}"
    except Exception as cause:
        frame = next((frame for frame in frames if frame.header.last_seq >= engine.at_seq), frames[-1])
        raise EngineFailed(engine.at_seq, subject_of(frame, engine.at_seq), directory, cause) from cause
