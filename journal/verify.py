"""Owns the full check of a journal: everything hashed anew from the first command, no stored hash trusted.

What a journal alone cannot show is that its end was cut off at the boundary of a batch (by a disk that lied, or by a
person). That takes a witness from outside: `heads`, chain values that were signed and kept elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from journal.ahead import walk_ahead
from journal.disk import REAL_DISK, Disk
from journal.errors import CorruptJournal
from journal.frame import NOTE, QUARANTINE, SEAL, genesis_chain
from journal.scan import Position, judge, read_frames
from journal.segment import read_segments


class Report(NamedTuple):
    """What stands in a journal that verifies. `last_seq` is 0 for an empty one."""

    journal_id: bytes
    created_ns: int
    segments: int
    frames: int
    commands: int
    first_seq: int
    last_seq: int
    seals: int
    quarantines: int
    chain: bytes
    torn_bytes: int


def verify(
    directory: Path,
    *,
    heads: Mapping[int, bytes] | None = None,
    progress: Callable[[int], None] | None = None,
    disk: Disk = REAL_DISK,
) -> Report:
    """Hash the whole journal from its first command and return what stands in it.

    `heads` maps the last seq of a frame to the chain value that an outside witness holds for it; each must be met.
    `progress` is called with the last seq of each chunk of about 1 MiB. Raises CorruptJournal, FileNotFoundError.
    A torn tail is no error (the next opening for append cuts it); its length is in the report.
    """
    segments = read_segments(disk, directory)
    first = segments[0]
    chain = genesis_chain(first.journal_id, first.journal_created_ns)
    if first.first_seq != 1:
        raise CorruptJournal(first.path, 0, 1, f"the journal begins at seq {first.first_seq}")
    if first.chain != chain:
        raise CorruptJournal(first.path, 0, 1, "the first segment does not begin with the genesis chain value")
    open_heads = dict(heads or {})
    if open_heads.pop(0, chain) != chain:
        raise CorruptJournal(first.path, 0, 0, "the chain value at seq 0 is not the head's")
    frames = commands = last_seq = seals = quarantines = 0
    for chunk in walk_ahead(directory, 1, disk=disk):
        for frame in chunk:
            header = frame.header
            if header.kind == NOTE:
                seals += header.schema == SEAL
                quarantines += header.schema == QUARANTINE
                continue
            if crc32(frame.payload) != header.payload_checksum:
                raise CorruptJournal(directory, 0, header.first_seq, "a payload's checksum was never its own")
            frames += 1
            commands += header.commands
            last_seq = header.last_seq
            chain = header.chain
            if open_heads.pop(last_seq, chain) != chain:
                raise CorruptJournal(directory, 0, last_seq, f"the chain value at seq {last_seq} is not the head's")
        if progress is not None:
            progress(last_seq)
    if open_heads:
        seq = min(open_heads)
        missing = "the journal ends before it" if seq > last_seq else "no frame ends there"
        raise CorruptJournal(directory, 0, seq, f"a head names seq {seq}, but {missing}")
    segments = read_segments(disk, directory)
    return Report(
        first.journal_id, first.journal_created_ns, len(segments), frames, commands, 1, last_seq,
        seals, quarantines, chain, _torn_bytes(disk, directory),
    )  # fmt: skip


def _torn_bytes(disk: Disk, directory: Path) -> int:
    segment = read_segments(disk, directory)[-1]
    position = Position(segment)
    fd = disk.open_read(segment.path)
    try:
        for _ in read_frames(disk, fd, segment, position):
            pass
        return judge(disk, fd, segment, position, is_last=True).torn_bytes
    finally:
        disk.close(fd)
