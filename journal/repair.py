"""Owns what opening a journal does to its last batch: writes it once more, or cuts what is torn and keeps it beside."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from journal.disk import Disk
from journal.scan import Position


class Torn(NamedTuple):
    """A tail that was cut at opening: where, how many bytes, and the file that keeps them."""

    path: Path
    offset: int
    cut_bytes: int
    kept: Path


def write_again(disk: Disk, fd: int, position: Position) -> None:
    """Make durable what was read back, also where the fsync of the last write had failed.

    After a failed fsync the kernel may hold the bytes as clean: they are read, another fsync says yes, and they are
    not on disk. Written once more they are dirty again. Only the last batch, and seals beside it, can be concerned.
    """
    size = position.offset - position.last_write_offset
    if size:
        data = disk.read(fd, size, position.last_write_offset)
        if disk.write(fd, [data], position.last_write_offset) != size:
            raise OSError(0, "the last batch was not taken whole")
    disk.fsync(fd)


def cut(disk: Disk, fd: int, path: Path, offset: int, torn_bytes: int) -> Torn:
    """Keep the torn bytes in a file beside, durably, and then write zeros over them."""
    names = set(disk.list(path.parent))
    kept = path.parent / f"{path.name}.{offset}.torn"
    turn = 1
    while kept.name in names:
        turn += 1
        kept = path.parent / f"{path.name}.{offset}.{turn}.torn"
    data = disk.read(fd, torn_bytes, offset)
    copy = disk.open_new(kept)
    try:
        if disk.write(copy, [data], 0) != torn_bytes:
            raise OSError(0, "the torn bytes were not taken whole")
        disk.fsync(copy)
    finally:
        disk.close(copy)
    disk.sync_directory(path.parent)
    if disk.write(fd, [bytes(torn_bytes)], offset) != torn_bytes:
        raise OSError(0, "the zeros over the torn bytes were not taken whole")
    disk.fsync(fd)
    return Torn(path, offset, torn_bytes, kept)
