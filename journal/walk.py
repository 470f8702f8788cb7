"""Owns a pass over a journal, segment by segment: verified frames in chunks, until the end or the first damage."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

from journal.disk import REAL_DISK, Disk
from journal.errors import CorruptJournal
from journal.frame import Frame
from journal.scan import Place, Position, judge, read_frames
from journal.segment import Segment, list_segments, read_segment

Chunks = Generator[list[Frame], None, None]


def contents(directory: Path, *, disk: Disk = REAL_DISK) -> Iterator[tuple[str, bytes]]:
    """Yield every segment's name and its bytes up to its last good frame: a copy, also while somebody writes.

    Raises CorruptJournal.
    """
    place = place_of(disk, directory, 1)
    following: Segment | None = place.segment
    while following is not None:
        place.enter(following)
        fd = disk.open_read(place.segment.path)
        try:
            following = _end_of(walk_segment(disk, fd, place.segment, place.position, hashes=True))
            yield place.segment.path.name, disk.read(fd, place.position.offset, 0)
        finally:
            disk.close(fd)
        if following is not None:
            check_continues(following, place.segment, place.position)


def _end_of(chunks: Generator[list[Frame], None, Segment | None]) -> Segment | None:
    """Run to the end, and return what it returns."""
    while True:
        try:
            next(chunks)
        except StopIteration as end:
            following: Segment | None = end.value
            return following


def place_of(disk: Disk, directory: Path, seq: int) -> Place:
    """Return the head of the segment that holds `seq`. Raises CorruptJournal, FileNotFoundError."""
    return Place(read_segment(disk, segment_with(list_segments(disk, directory), seq)))


def walk(disk: Disk, place: Place, *, hashes: bool = True) -> Chunks:
    """Yield lists of frames, notes among them, from `place` on and move it. Raises CorruptJournal."""
    while True:
        fd = disk.open_read(place.segment.path)
        try:
            following = yield from walk_segment(disk, fd, place.segment, place.position, hashes)
        finally:
            disk.close(fd)
        if following is None:
            return
        check_continues(following, place.segment, place.position)
        place.enter(following)


def walk_segment(
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
