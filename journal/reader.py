"""Owns reading: frames from a seq on, notes, the chain value at a seq. Changes nothing on disk.

Any process may read while another writes. A reader stops at the end, also at a torn one; cutting is the writer's work.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from journal.ahead import ReadAhead, walk_ahead
from journal.disk import REAL_DISK, Disk
from journal.frame import NOTE, Frame
from journal.segment import list_segments, read_segment
from journal.walk import place_of, walk


def read(
    directory: Path, from_seq: int = 1, *, workers: int = 1, ahead: ReadAhead | None = None, disk: Disk = REAL_DISK
) -> Iterator[Frame]:
    """Yield the frames with commands, verified, from the one that holds `from_seq` to the end.

    The first frame may begin below `from_seq`; its header says where. Verified are the headers' checksums, their order
    and the hash chain, which covers the payloads, from the head of the segment that holds `from_seq` (`verify` goes
    back to the first command).
    A payload is a view into a buffer of 1 MiB: who keeps many should copy.

    `workers` is 1 to have a longer journal read and hashed by a second process (the caller then only decodes), 0 to
    do all in this one; `ahead` is that process where the caller has it already. Raises CorruptJournal,
    FileNotFoundError; whichever process met it.
    """
    for frames in read_chunks(directory, from_seq, workers=workers, ahead=ahead, disk=disk):
        yield from frames


def read_chunks(
    directory: Path, from_seq: int = 1, *, workers: int = 1, ahead: ReadAhead | None = None, disk: Disk = REAL_DISK
) -> Iterator[list[Frame]]:
    """Yield what `read` does, but all the frames at once that were read at once: half a MiB of them."""
    if workers not in (0, 1):
        raise ValueError(f"workers is 0 or 1, not {workers}")
    chunks = walk_ahead(directory, from_seq, ahead=ahead, disk=disk) if workers else None
    for frames in chunks or walk(disk, place_of(disk, directory, from_seq)):
        yield [
            frame
            for frame in frames
            if frame.header.kind != NOTE and frame.header.first_seq + frame.header.commands > from_seq
        ]


def notes(directory: Path, from_seq: int = 1, *, disk: Disk = REAL_DISK) -> Iterator[Frame]:
    """Yield the notes (`header.schema` says which type) that stand after the command `from_seq` or later.

    A note about a command stands after it, so who replays from a snapshot at S needs the notes from S + 1 only.
    Some notes from before `from_seq` may come too. Payloads of commands are skipped, not hashed.
    """
    for frames in walk(disk, place_of(disk, directory, from_seq), hashes=False):
        for frame in frames:
            if frame.header.kind == NOTE:
                yield frame


def chain_at(directory: Path, seq: int, *, disk: Disk = REAL_DISK) -> bytes:
    """Return the chain value after the command `seq`, which must be the last of a frame (0: before the first).

    Raises LookupError where no frame ends there.
    """
    if seq == 0:
        return read_segment(disk, list_segments(disk, directory)[0]).chain
    for frame in read(directory, seq, workers=0, disk=disk):
        if frame.header.last_seq == seq:
            return frame.header.chain
        break
    raise LookupError(f"no frame of the journal in {directory} ends at seq {seq}")
