"""The venue as of one entry: the newest snapshot before it, and a replay of what came between."""

import secrets
from collections.abc import Mapping
from itertools import accumulate, pairwise
from pathlib import Path
from typing import NamedTuple

from exchange.core import encoding
from exchange.core.engine import ROWS, Engine
from exchange.messages import registry
from exchange.messages.orders import EXTENSION, ROW, ROW_BYTES
from exchange.messages.words import AnyWords, read_events
from exchange.runtime.recovery import apply_frame
from journal.disk import REAL_DISK
from journal.frame import Frame
from journal.quarantine import quarantined
from journal.reader import read
from journal.segment import list_segments, read_segment
from snapshots.store import newest_valid


class NoSuchEntry(Exception):
    """The journal holds no entry of this number."""


class Moment(NamedTuple):
    """The venue right behind one entry: its command (rows as bytes, or a message), its events, and the core."""

    seq: int
    ts_ns: int
    kind: int
    command: bytes | registry.AnyCommand
    events: list[AnyWords]
    engine: Engine
    snapshot_seq: int


def extents(rows: bytes | memoryview) -> list[int]:
    """Where each command of a run of rows ends, in bytes."""
    sizes = []
    at = 0
    while at < len(rows):
        begin = at
        for _ in range(ROW.unpack_from(rows, at)[1]):
            at += ROW_BYTES + EXTENSION.size * ROW.unpack_from(rows, at)[2]
        sizes.append(at - begin)
    return list(accumulate(sizes))


def singles(kind: int, payload: bytes) -> list[bytes]:
    """The payloads of a frame's commands, one by one."""
    if kind == ROWS:
        return [payload[start:end] for start, end in pairwise([0, *extents(payload)])]
    return [registry.encode_commands([command]) for command in registry.decode_commands(payload)]


def cut(frame: Frame, count: int) -> tuple[bytes, bytes | registry.AnyCommand, bytes]:
    """Of a frame's commands: the payload of the first `count - 1`, the next command, and its payload."""
    if frame.header.kind == ROWS:
        ends = [0, *extents(frame.payload)]
        row = bytes(frame.payload[ends[count - 1] : ends[count]])
        return bytes(frame.payload[: ends[count - 1]]), row, row
    commands = registry.decode_commands(frame.payload)
    before, command = commands[: count - 1], commands[count - 1]
    return registry.encode_commands(before), command, registry.encode_commands([command])


def engine_before(journal: Path, snapshots: Path | None, seq: int, notes: Mapping[int, object]) -> tuple[Engine, int]:
    """An engine that has applied some of the entries before `seq`, none from it on; and the snapshot it came from."""
    engine = Engine(secrets.token_bytes(16), notes)
    if snapshots is None or not snapshots.is_dir():
        return engine, 0
    journal_id = read_segment(REAL_DISK, list_segments(REAL_DISK, journal)[0]).journal_id
    snapshot = newest_valid(snapshots, journal_id, max_seq=seq - 1)
    if snapshot is None:
        return engine, 0
    engine.state = encoding.restore(secrets.token_bytes(16), snapshot.state)
    engine.state.seq = snapshot.header.seq
    return engine, snapshot.header.seq


def moment(journal: Path, snapshots: Path | None, seq: int) -> Moment:
    """Stand right behind entry `seq`. Raises NoSuchEntry, CorruptJournal, EngineFailed, FileNotFoundError."""
    if seq < 1:
        raise NoSuchEntry(f"there is no entry {seq}")
    engine, snapshot_seq = engine_before(journal, snapshots, seq, quarantined(journal))
    for frame in read(journal, engine.seq + 1):
        header = frame.header
        if header.last_seq < seq:
            apply_frame(engine, frame, journal)
            engine.take_events()
            continue
        before, command, payload = cut(frame, seq - header.first_seq + 1)
        if seq > header.first_seq:
            engine.apply(header.kind, before, header.first_seq, header.ts_ns)
            engine.take_events()
        engine.apply(header.kind, payload, seq, header.ts_ns)
        events = list(read_events(engine.take_events()))
        return Moment(seq, header.ts_ns, header.kind, command, events, engine, snapshot_seq)
    raise NoSuchEntry(f"the journal ends before entry {seq}")
