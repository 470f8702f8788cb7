"""Owns the quarantine note: this command made the engine fail, and nothing shows that it was ever applied.

What follows from the note (the command answers INTERNAL_ERROR, its subject is parked ...) is the engine's business.
The payload is a JSON object in UTF-8 with sorted keys: created_ns, engine_version, reason, seq.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from journal.disk import REAL_DISK, Disk
from journal.errors import CorruptJournal, QuarantineRefused
from journal.frame import QUARANTINE, Frame
from journal.reader import notes
from journal.walk import place_of, walk
from journal.writer import Journal

REASON_LENGTH_MAX = 1000


class Note(NamedTuple):
    """One quarantine note. `created_ns` is a time stamp of the operator's clock, for people to read."""

    seq: int
    reason: str
    engine_version: str
    created_ns: int


def encode_note(note: Note) -> bytes:
    return json.dumps(note._asdict(), sort_keys=True, ensure_ascii=False).encode("utf-8")


def decode_note(payload: bytes | memoryview) -> Note:
    """Return the note; raise ValueError where the payload is not one."""
    fields = json.loads(bytes(payload))
    if not isinstance(fields, dict) or set(fields) != set(Note._fields):
        raise ValueError("a quarantine note with other fields")
    note = Note(**fields)
    if [type(value) for value in note] != [int, str, str, int]:
        raise ValueError("a quarantine note with fields of other types")
    return note


def quarantine(
    directory: Path,
    seq: int,
    reason: str,
    *,
    engine_version: str,
    created_ns: int,
    known_applied_seq: int = 0,
    disk: Disk = REAL_DISK,
) -> Note:
    """Append a quarantine note for the command `seq`, durably, to a journal that nobody has open.

    `known_applied_seq` is the highest seq of which the caller knows that it was applied (snapshots, history, heads).
    Raises QuarantineRefused where the command does not exist, is quarantined already, or may have been applied: when
    `known_applied_seq` or the `applied_seq` of any frame reaches it. Acknowledged history is never erased.
    """
    with Journal.open_for_append(directory, disk=disk) as journal:
        return quarantine_in(
            journal,
            seq,
            reason,
            engine_version=engine_version,
            created_ns=created_ns,
            known_applied_seq=known_applied_seq,
            disk=disk,
        )


def quarantine_in(
    journal: Journal,
    seq: int,
    reason: str,
    *,
    engine_version: str,
    created_ns: int,
    known_applied_seq: int = 0,
    disk: Disk = REAL_DISK,
) -> Note:
    """As `quarantine`, for a journal that the caller has open for writing."""
    if len(reason) > REASON_LENGTH_MAX:
        raise QuarantineRefused(f"the reason has {len(reason)} characters, allowed are {REASON_LENGTH_MAX}")
    if not 1 <= seq < journal.next_seq:
        raise QuarantineRefused(f"seq {seq} is not in the journal, which holds 1 to {journal.next_seq - 1}")
    if known_applied_seq >= seq:
        raise QuarantineRefused(f"seq {seq} was applied: the caller knows of seq {known_applied_seq}")
    applied_seq = 0
    for frames in walk(disk, place_of(disk, journal.directory, seq), hashes=False):
        for frame in frames:
            applied_seq = max(applied_seq, frame.header.applied_seq)
            if applied_seq >= seq:
                raise QuarantineRefused(
                    f"seq {seq} was applied: the frame at seq {frame.header.first_seq} says so ({applied_seq})"
                )
    if seq in quarantined(journal.directory, seq, disk=disk):
        raise QuarantineRefused(f"seq {seq} is quarantined already")
    note = Note(seq, reason, engine_version, created_ns)
    # The engine that failed at this command has applied those before it and none after.
    journal.note(QUARANTINE, encode_note(note), applied_seq=max(applied_seq, known_applied_seq))
    return note


def quarantined(directory: Path, from_seq: int = 1, *, disk: Disk = REAL_DISK) -> dict[int, Note]:
    """Return the notes for commands from `from_seq` on, by seq: what every replay needs before it begins."""
    found: dict[int, Note] = {}
    for frame in notes(directory, from_seq, disk=disk):
        if frame.header.schema == QUARANTINE:
            note = _checked(frame, directory)
            if note.seq >= from_seq:
                found[note.seq] = note
    return found


def _checked(frame: Frame, directory: Path) -> Note:
    try:
        note = decode_note(frame.payload)
    except ValueError as error:
        raise CorruptJournal(directory, 0, frame.header.first_seq, str(error)) from error
    if not 1 <= note.seq < frame.header.first_seq:
        raise CorruptJournal(
            directory, 0, frame.header.first_seq, f"a note about seq {note.seq}, which is not before it"
        )
    return note
