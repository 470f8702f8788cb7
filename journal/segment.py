"""Owns the files of a journal: their names, the block at their head, and the next one prepared ahead.

A segment is `%020d.tape`, named by the seq of the first command in it. It is filled with zeros when it is made, so
that an append changes neither size nor extents and an fdatasync has nothing but data to write. Its first 4,096 bytes
are a block of their own, so that no append can tear it. The block, little-endian, zeros after the fields:

    offset  size  field
         0     4  magic               b"TAPS"
         4     2  format_version      1
         6     2  zero
         8    16  journal_id          random, given once at creation
        24     8  journal_created_ns  creation time of the journal
        32     8  first_seq           seq of the first command in this file
        40     8  created_ns          time stamp of the batch that opened this file
        48     8  segment_bytes       the size that it was filled to
        56     8  epoch               epoch in force
        64    32  chain               hash chain before the first frame
        96    32  checksum            blake2b of bytes 0..95, 32 bytes long, keyed with the journal id
"""

from __future__ import annotations

import errno
import mmap
import re
import struct
from collections.abc import Callable
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from journal.disk import Disk
from journal.errors import CorruptJournal

MAGIC = b"TAPS"
FORMAT_VERSION = 1
SEGMENT_HEADER_BYTES = 4096
SEGMENT_BYTES_DEFAULT = 64 * 1024 * 1024
SEGMENT_BYTES_MIN = 2 * SEGMENT_HEADER_BYTES
JOURNAL_ID_BYTES = 16
SPARE_NAME = "next.part"

_FIELDS = struct.Struct("<4sHH16sQQQQQ32s")
_CHECKED_BYTES = 96
assert _FIELDS.size == _CHECKED_BYTES
_NAME = re.compile(r"[0-9]{20}\.tape")
# Written and synced in pieces: the writer's own fdatasync must not wait behind a whole segment of zeros. Nobody writes
# to this memory, so it is the system's one page of zeros, and the disk takes it from there.
_ZEROS = mmap.mmap(-1, 1024 * 1024, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=mmap.PROT_READ)


class Segment(NamedTuple):
    """What the block at the head of a segment says, and where the file is."""

    path: Path
    journal_id: bytes
    journal_created_ns: int
    first_seq: int
    created_ns: int
    segment_bytes: int
    epoch: int
    chain: bytes


def segment_path(directory: Path, first_seq: int) -> Path:
    return directory / f"{first_seq:020d}.tape"


def list_segments(disk: Disk, directory: Path) -> list[Path]:
    """Return the paths of all segments in order; raise FileNotFoundError where there is none."""
    names = sorted(name for name in disk.list(directory) if _NAME.fullmatch(name))
    if not names:
        raise FileNotFoundError(f"there is no journal in {directory}")
    return [directory / name for name in names]


def encode_segment_header(segment: Segment) -> bytes:
    checked = _FIELDS.pack(
        MAGIC, FORMAT_VERSION, 0, segment.journal_id, segment.journal_created_ns, segment.first_seq,
        segment.created_ns, segment.segment_bytes, segment.epoch, segment.chain,
    )  # fmt: skip
    block = checked + blake2b(checked, key=segment.journal_id, digest_size=32).digest()
    return block.ljust(SEGMENT_HEADER_BYTES, b"\0")


def read_segment(disk: Disk, path: Path) -> Segment:
    """Return a segment's head. It was synced before the file got its name, so a bad one is corruption."""
    fd = disk.open_read(path)
    try:
        block = disk.read(fd, SEGMENT_HEADER_BYTES, 0)
    finally:
        disk.close(fd)
    named_seq = int(path.name[:20])
    if len(block) < SEGMENT_HEADER_BYTES or block[:4] != MAGIC:
        raise CorruptJournal(path, 0, named_seq, "the segment has no header")
    checked = block[:_CHECKED_BYTES]
    _, version, _, journal_id, journal_created_ns, first_seq, created_ns, size, epoch, chain = _FIELDS.unpack(checked)
    checksum = blake2b(checked, key=journal_id, digest_size=32).digest()
    if block[_CHECKED_BYTES:] != checksum.ljust(SEGMENT_HEADER_BYTES - _CHECKED_BYTES, b"\0"):
        raise CorruptJournal(path, 0, named_seq, "the segment's header does not verify")
    if version != FORMAT_VERSION:
        raise CorruptJournal(path, 0, named_seq, f"format version {version}, this code reads {FORMAT_VERSION}")
    if first_seq != named_seq:
        raise CorruptJournal(path, 0, named_seq, f"the file is named {named_seq} but begins at seq {first_seq}")
    return Segment(path, journal_id, journal_created_ns, first_seq, created_ns, size, epoch, chain)


def read_segments(disk: Disk, directory: Path) -> list[Segment]:
    """Return the heads of all segments in order, all of one journal."""
    segments = [read_segment(disk, path) for path in list_segments(disk, directory)]
    first = segments[0]
    for segment in segments:
        if (segment.journal_id, segment.journal_created_ns) != (first.journal_id, first.journal_created_ns):
            raise CorruptJournal(segment.path, 0, segment.first_seq, "the segment belongs to another journal")
    return segments


def fill(disk: Disk, path: Path, segment_bytes: int, may_go_on: Callable[[], bool] = lambda: True) -> int:
    """Make a file of zeros, synced, in place of one that may be there; return its descriptor."""
    if path.name in disk.list(path.parent):
        disk.remove(path)
    fd = disk.open_new(path)
    try:
        done = 0
        while done < segment_bytes and may_go_on():
            taken = disk.append(fd, [memoryview(_ZEROS)[: segment_bytes - done]], done)
            if taken == 0:
                raise OSError(errno.ENOSPC, "the disk took no byte")
            done += taken
            disk.fdatasync(fd)
    except OSError:
        disk.close(fd)
        raise
    return fd


def give_name(disk: Disk, fd: int, prepared: Path, segment: Segment) -> None:
    """Give a prepared file its head and, when that is durable, its name: it is the journal's last segment then."""
    head = encode_segment_header(segment)
    if disk.write(fd, [head], 0) != len(head):
        raise OSError(0, "the segment's header was not taken whole")
    disk.fsync(fd)
    disk.rename(prepared, segment.path)
    disk.sync_directory(segment.path.parent)


Preparing = Callable[[], bool]
"""Waits until a file is prepared elsewhere; returns whether it is whole."""


class Spare:
    """The next segment, filled with zeros while the present one is written: by another process, or on a thread.

    It has no name of its own yet (`next.part`): what its first seq will be is known only when it is taken. One that a
    writer left behind when it died is made anew.
    """

    def __init__(self, disk: Disk, directory: Path, segment_bytes: int) -> None:
        self._disk = disk
        self._path = directory / SPARE_NAME
        self._segment_bytes = segment_bytes
        self._fd = -1
        self._preparing: Preparing | None = None
        self._stop = False

    def start(self, elsewhere: Callable[[Path, int], Preparing | None]) -> None:
        """Begin to prepare, unless it was begun before: elsewhere, if that can be."""
        if self._preparing is None:
            self._preparing = elsewhere(self._path, self._segment_bytes) or self._on_a_thread()

    def take(self) -> int:
        """Return the descriptor of a zero-filled, synced file at `path`; waits where it is not ready.

        What went wrong ahead of time is tried once more here, where an OSError can reach the caller.
        """
        if self._preparing is not None:
            is_whole = self._preparing()
            self._preparing = None
            if is_whole and self._fd < 0:
                self._fd = self._disk.open_write(self._path)
        if self._fd < 0:
            self._fd = fill(self._disk, self._path, self._segment_bytes)
        fd, self._fd = self._fd, -1
        return fd

    @property
    def path(self) -> Path:
        return self._path

    def give_away(self) -> None:
        """Whoever prepared it opens the segment with it."""
        self._preparing = None

    def close(self) -> None:
        """Stop preparing and leave nothing behind."""
        self._stop = True
        if self._preparing is not None:
            self._preparing()
            if self._fd >= 0:
                self._disk.close(self._fd)
                self._fd = -1
            if self._path.name in self._disk.list(self._path.parent):
                self._disk.remove(self._path)

    def _on_a_thread(self) -> Preparing:
        wait = self._disk.in_background(self._fill_quietly)

        def preparing() -> bool:
            wait()
            return self._fd >= 0

        return preparing

    def _fill_quietly(self) -> None:
        # What fails here is tried again by take(), which reports. Until then there is room in the present segment.
        with suppress(OSError):
            self._fd = fill(self._disk, self._path, self._segment_bytes, lambda: not self._stop)
