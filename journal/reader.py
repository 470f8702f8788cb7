"""Owns reading: frames from a seq on, notes, the chain value at a seq. Changes nothing on disk.

Any process may read while another writes. A reader stops at the end, also at a torn one; cutting is the writer's work.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from journal.disk import REAL_DISK, Disk
from journal.errors import CorruptJournal
from journal.frame import NOTE, Frame
from journal.scan import Position, judge, read_frames
from journal.segment import Segment, list_segments, read_segment

# Chunks of up to 4 MiB that may wait between the thread that verifies and the one that consumes.
CHUNKS_AHEAD = 4

Chunks = Generator[list[Frame], None, None]


def read(directory: Path, from_seq: int = 1, *, workers: int = 1, disk: Disk = REAL_DISK) -> Iterator[Frame]:
    """Yield the frames with commands, verified, from the one that holds `from_seq` to the end.

    The first frame may begin below `from_seq`; its header says where. Verified are header and payload checksum, order
    and hash chain, from the head of the segment that holds `from_seq` (`verify` goes back to the first command).
    A payload is a view into a buffer of up to 4 MiB: who keeps many should copy.

    `workers` is 1 to read and hash on a second thread (a consumer that releases the GIL, or waits, then only
    decodes), 0 to do all on the caller's thread. Raises CorruptJournal, FileNotFoundError; whichever thread met it.
    """
    if workers not in (0, 1):
        raise ValueError(f"workers is 0 or 1, not {workers}")
    chunks = scan(directory, from_seq, disk=disk)
    for frames in read_ahead(chunks) if workers else chunks:
        for frame in frames:
            header = frame.header
            if header.kind != NOTE and header.first_seq + header.commands > from_seq:
                yield frame


def notes(directory: Path, from_seq: int = 1, *, disk: Disk = REAL_DISK) -> Iterator[Frame]:
    """Yield the notes (`header.schema` says which type) that stand after the command `from_seq` or later.

    A note about a command stands after it, so who replays from a snapshot at S needs the notes from S + 1 only.
    Some notes from before `from_seq` may come too. Payloads of commands are skipped, not hashed.
    """
    for frames in scan(directory, from_seq, hashes=False, disk=disk):
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


def scan(directory: Path, from_seq: int, *, hashes: bool = True, disk: Disk = REAL_DISK) -> Chunks:
    """Yield lists of frames, notes among them, from the head of the segment that holds `from_seq`."""
    path = segment_with(list_segments(disk, directory), from_seq)
    segment = read_segment(disk, path)
    while True:
        position = Position(segment)
        fd = disk.open_read(segment.path)
        try:
            following = yield from _scan_segment(disk, fd, segment, position, hashes)
        finally:
            disk.close(fd)
        if following is None:
            return
        check_continues(following, segment, position)
        segment = following


def _scan_segment(
    disk: Disk, fd: int, segment: Segment, position: Position, hashes: bool
) -> Generator[list[Frame], None, Segment | None]:
    """Yield the frames of one segment; return the next segment, None where this is the last."""
    yield from read_frames(disk, fd, segment, position, hashes=hashes)
    while True:
        # The order matters while a writer is at work: what was called bad, or the last, is read once more afterwards,
        # for by then the write in whose middle it was seen has ended.
        following = next_segment(disk, segment)
        verdict = judge(disk, fd, segment, position, is_last=following is None)
        before = position.offset
        if following is not None or verdict.corruption is not None:
            yield from read_frames(disk, fd, segment, position, hashes=hashes)
        if position.offset == before:
            break
    if verdict.corruption is not None:
        raise CorruptJournal(segment.path, position.offset, position.next_seq, verdict.corruption)
    return following


def segment_with(paths: list[Path], seq: int) -> Path:
    """Return the segment in which the command `seq` stands or will stand."""
    found = None
    for path in paths:
        if int(path.name[:20]) <= max(seq, 1):
            found = path
    if found is None:
        raise CorruptJournal(paths[0], 0, seq, "the journal begins later")
    return found


def next_segment(disk: Disk, segment: Segment) -> Segment | None:
    for path in list_segments(disk, segment.path.parent):
        if path.name > segment.path.name:
            return read_segment(disk, path)
    return None


def check_continues(following: Segment, segment: Segment, position: Position) -> None:
    """Raise CorruptJournal where a segment does not go on where the one before it ended."""
    found = None
    if (following.journal_id, following.journal_created_ns) != (segment.journal_id, segment.journal_created_ns):
        found = "the next segment belongs to another journal"
    elif following.first_seq != position.next_seq:
        found = f"the next segment begins at seq {following.first_seq}"
    elif following.chain != position.chain:
        found = "the next segment begins with another chain value"
    if found is not None:
        raise CorruptJournal(segment.path, position.offset, position.next_seq, found)


def read_ahead(chunks: Chunks) -> Iterator[list[Frame]]:
    """Yield what `chunks` yields, a few ahead on a thread of their own; its errors are raised here."""
    with ThreadPoolExecutor(1, "journal-read-ahead") as executor:
        ahead = deque(executor.submit(next, chunks, None) for _ in range(CHUNKS_AHEAD))
        try:
            while (frames := ahead.popleft().result()) is not None:
                ahead.append(executor.submit(next, chunks, None))
                yield frames
        finally:
            for future in ahead:
                future.cancel()
            executor.shutdown()
            chunks.close()
