"""Owns one pass over the frames of a segment, and tells a torn tail from corruption.

The torn rule: a batch is one write and one fdatasync, and nothing is written after it before it is durable. So what a
crash can leave behind is damage to the last batch alone. A bad frame is **torn** if every valid header after it
belongs to one batch, the one that the bad frame can belong to; then it was never acknowledged and may be cut. A valid
header of any other batch, a seal or another note after it says that it once was durable: that is **corruption**.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import NamedTuple
from zlib import crc32

from journal.disk import Disk
from journal.errors import CorruptJournal
from journal.frame import (
    FORMAT_VERSION,
    FRAME_BYTES_MAX,
    HEADER_BYTES,
    MAGIC,
    MESSAGES,
    NOTE,
    ROWS,
    Frame,
    FrameHeader,
    decode_header,
    next_chain,
    padded,
)
from journal.segment import SEGMENT_HEADER_BYTES, Segment

READ_BYTES = 512 * 1024
_ZEROS = bytes(READ_BYTES)


class Position:
    """Where a pass stands: what was verified so far, and what the next frame must continue."""

    __slots__ = (
        "applied_seq",
        "batch_first_seq",
        "chain",
        "epoch",
        "last_write_offset",
        "next_seq",
        "offset",
        "sealed",
        "ts_ns",
    )

    def __init__(self, segment: Segment) -> None:
        self.offset = SEGMENT_HEADER_BYTES
        # Where the last batch begins, or the notes before it: a seal may have waited for the batch's own fsync.
        self.last_write_offset = SEGMENT_HEADER_BYTES
        self.next_seq = segment.first_seq
        self.chain = segment.chain
        self.epoch = segment.epoch
        self.ts_ns = segment.created_ns
        self.applied_seq = 0
        self.batch_first_seq = 0
        # Nothing can continue a batch over the beginning of a segment or over a note.
        self.sealed = True

    def dump(self) -> tuple[int | bytes, ...]:
        """Return all of it, for another process."""
        return _ALL(self)

    def restore(self, dumped: tuple[int | bytes, ...]) -> None:
        """Stand where another process stood."""
        for name, value in zip(self.__slots__, dumped, strict=True):
            setattr(self, name, value)


_ALL = attrgetter(*Position.__slots__)


class Place:
    """A segment, and the position in it."""

    __slots__ = ("position", "segment")

    def __init__(self, segment: Segment) -> None:
        self.enter(segment)

    def enter(self, segment: Segment) -> None:
        """Stand at the head of a segment."""
        self.segment = segment
        self.position = Position(segment)


class Verdict(NamedTuple):
    """What stands after the last good frame: nothing (0 torn bytes), a torn tail, or corruption."""

    torn_bytes: int
    corruption: str | None


def read_frames(
    disk: Disk, fd: int, segment: Segment, position: Position, *, hashes: bool = True
) -> Iterator[list[Frame]]:
    """Yield lists of verified frames and move `position` with them; end before the first that is not good.

    Without `hashes` only headers and notes are verified and payloads are skipped: enough to find notes.
    """
    while True:
        frames = parse(disk.read_chunk(fd, READ_BYTES, position.offset), segment, position, hashes=hashes)
        if not frames:
            return
        yield frames


def parse(data: bytes | memoryview, segment: Segment, position: Position, *, hashes: bool) -> list[Frame]:
    """Return the good frames at the beginning of `data`, which stands at the position's offset, and move it."""
    view = memoryview(data)
    frames: list[Frame] = []
    at = 0
    while (header := decode_header(view, at, segment.journal_id)) is not None:
        # All names at once: this is what a replay does for each frame besides hashing it.
        _, _, kind, _, commands, size, checksum, epoch, batch_first_seq, first_seq, ts_ns, applied_seq, chain = header
        check_follows(header, segment, position)
        payload_end = at + HEADER_BYTES + size
        end = padded(payload_end)
        if end > len(view):
            break
        payload = view[at + HEADER_BYTES : payload_end]
        # Both hashes cover the payload, so one that fits says all; which of the two does not fit tells what happened.
        is_chained = kind != NOTE and (
            not hashes or next_chain(position.chain, view[at : at + HEADER_BYTES], payload) == chain
        )
        if end != payload_end and (hashes or kind == NOTE) and any(view[payload_end:end]):
            break
        if not is_chained and crc32(payload) != checksum:
            break
        if batch_first_seq == first_seq and not position.sealed:
            position.last_write_offset = position.offset
        if kind == NOTE:
            position.sealed = True
        else:
            if not is_chained:
                raise CorruptJournal(segment.path, position.offset, position.next_seq, "the hash chain is broken")
            position.sealed = False
            position.batch_first_seq = batch_first_seq
            position.next_seq = first_seq + commands
            position.chain = chain
        position.epoch = epoch
        position.ts_ns = ts_ns
        position.applied_seq = applied_seq
        position.offset += end - at
        at = end
        frames.append(Frame(header, payload))
    return frames


def check_follows(header: FrameHeader, segment: Segment, position: Position) -> None:
    """Raise CorruptJournal where a valid header is not one that can stand at this position."""
    _, version, kind, _, commands, size, _, epoch, batch_first_seq, first_seq, ts_ns, applied_seq, chain = header
    found = None
    if version != FORMAT_VERSION:
        found = f"format version {version}, this code reads {FORMAT_VERSION}"
    elif size > FRAME_BYTES_MAX - HEADER_BYTES:
        found = f"a payload of {size} bytes"
    elif first_seq != position.next_seq:
        found = f"a frame that begins at seq {first_seq}"
    elif applied_seq >= first_seq:
        found = f"applied_seq {applied_seq} in a frame that begins at {first_seq}"
    elif epoch < position.epoch:
        found = f"epoch {epoch} after epoch {position.epoch}"
    elif kind == NOTE:
        if commands != 0 or batch_first_seq != first_seq:
            found = "a note that takes a seq"
        elif chain != position.chain:
            found = "a note with another chain value"
    elif kind not in (ROWS, MESSAGES):
        found = f"unknown kind {kind}"
    elif commands == 0:
        found = "a frame without commands"
    elif batch_first_seq != first_seq:
        continues = not position.sealed and batch_first_seq == position.batch_first_seq
        if not continues or ts_ns != position.ts_ns:
            found = f"a frame of batch {batch_first_seq} outside its batch"
    if found is not None:
        raise CorruptJournal(segment.path, position.offset, position.next_seq, found)


def judge(disk: Disk, fd: int, segment: Segment, position: Position, *, is_last: bool) -> Verdict:
    """Say what the bytes from the position to the end of the file are."""
    blank = is_blank(disk, fd, position.offset)
    rest = b"" if blank else disk.read(fd, max(0, disk.size(fd) - position.offset), position.offset)
    dirty = len(rest.rstrip(b"\0"))
    if dirty == 0:
        return Verdict(0, None)
    if not is_last:
        # A segment is synced before the next is opened, so no crash can tear it.
        return Verdict(dirty, "bytes that are no frame, in a segment that is not the last")
    view = memoryview(rest)
    bad = decode_header(view, 0, segment.journal_id)
    if bad is None:
        first_possible = 8
        possible = {position.next_seq}
        if not position.sealed:
            possible.add(position.batch_first_seq)
    else:
        first_possible = padded(HEADER_BYTES + bad.payload_bytes)
        possible = {bad.batch_first_seq} if bad.kind != NOTE else set()
    batch = None
    for header in valid_headers(rest, first_possible, segment.journal_id):
        if header.kind == NOTE:
            return Verdict(dirty, "a bad frame before a note, so it once was durable")
        if header.batch_first_seq not in possible or batch not in (None, header.batch_first_seq):
            return Verdict(dirty, f"a bad frame before batch {header.batch_first_seq}, so it once was durable")
        batch = header.batch_first_seq
    return Verdict(dirty, None)


def is_blank(disk: Disk, fd: int, offset: int) -> bool:
    """Whether nothing but zeros stands from an offset to the end of a file: most of a segment may be so."""
    while piece := disk.read(fd, READ_BYTES, offset):
        if piece != _ZEROS[: len(piece)]:
            return False
        offset += len(piece)
    return True


def valid_headers(data: bytes, start: int, journal_id: bytes) -> Iterator[FrameHeader]:
    """Yield every valid header from `start` on, wherever a header can stand (at multiples of 8)."""
    view = memoryview(data)
    at = data.find(MAGIC, start)
    while at >= 0:
        header = decode_header(view, at, journal_id) if at % 8 == 0 else None
        if header is not None:
            yield header
        at = data.find(MAGIC, at + 1)
