"""A working disk in memory that keeps only what was synced, and fails as its seed and settings say."""

from __future__ import annotations

import errno
import random
from collections.abc import Callable, Sequence
from pathlib import Path

from journal.disk import Disk
from journal.errors import JournalLocked

SECTOR_BYTES = 512


class _File:
    """`live` is what a reader sees, `durable` what a power cut leaves, `pending` the writes between the two."""

    def __init__(self) -> None:
        self.live = bytearray()
        self.durable = bytearray()
        self.pending: list[tuple[int, bytes]] = []

    def write(self, data: bytes, offset: int) -> None:
        put(self.live, data, offset)
        self.pending.append((offset, data))

    def sync(self) -> None:
        for offset, data in self.pending:
            put(self.durable, data, offset)
        self.pending.clear()


def put(target: bytearray, data: bytes, offset: int) -> None:
    if len(target) < offset:
        target.extend(bytes(offset - len(target)))
    target[offset : offset + len(data)] = data


class FakeDisk(Disk):
    """Unsynced bytes are lost at `crash`, except for sectors that the seed lets survive: so the last write is torn.

    `fail_sync` is the number of the fsync or fdatasync (from 1) that fails with EIO; what it should have made durable
    counts as clean afterwards, as Linux does it: later syncs succeed without it. `fail_write` is the number of the
    write that takes only half of its bytes. `capacity_bytes` bounds the sum of all files.
    """

    def __init__(
        self,
        seed: int = 0,
        *,
        fail_sync: int | None = None,
        fail_write: int | None = None,
        capacity_bytes: int | None = None,
    ) -> None:
        self.random = random.Random(seed)
        self.fail_sync = fail_sync
        self.fail_write = fail_write
        self.capacity_bytes = capacity_bytes
        self.writes = 0
        self.syncs = 0
        self.names: dict[Path, _File] = {}
        # The directory as it was after each change since it was last synced; the first is the durable one.
        self._name_history: list[dict[Path, _File]] = [{}]
        self._open: dict[int, _File] = {}
        self._next_fd = 1000
        self._locks: dict[int, Path] = {}

    def crash(self) -> None:
        """Cut the power: every descriptor and lock is gone, and what was not synced survives only in part."""
        self.names = dict(self.random.choice(self._name_history))
        self._name_history = [dict(self.names)]
        self._open.clear()
        self._locks.clear()
        for file in self.names.values():
            for offset, data in file.pending:
                fate = self.random.choice(("all", "none", "beginning", "sectors"))
                end = offset + self.random.randrange(len(data) + 1)
                start = offset
                while start < offset + len(data):
                    # The disk writes whole sectors; where they begin does not depend on where the write began.
                    stop = min(start // SECTOR_BYTES * SECTOR_BYTES + SECTOR_BYTES, offset + len(data))
                    survives = {
                        "all": True,
                        "none": False,
                        "beginning": stop <= end,
                        "sectors": self.random.random() < 0.5,
                    }[fate]
                    if survives:
                        put(file.durable, data[start - offset : stop - offset], start)
                    start = stop
            file.pending.clear()
            file.live = bytearray(file.durable)

    def kill(self) -> None:
        """End the process only: descriptors and locks are gone, the page cache stays."""
        self._open.clear()
        self._locks.clear()

    def flip_bit(self, path: Path, offset: int, bit: int) -> None:
        for content in (self.names[path].live, self.names[path].durable):
            content[offset] ^= 1 << bit

    def content(self, path: Path) -> bytes:
        return bytes(self.names[path].live)

    def open_new(self, path: Path) -> int:
        if path in self.names:
            raise FileExistsError(errno.EEXIST, "exists", str(path))
        self.names[path] = _File()
        self._names_changed()
        return self._opened(path)

    def open_write(self, path: Path) -> int:
        return self._opened(path)

    def open_read(self, path: Path) -> int:
        return self._opened(path)

    def close(self, fd: int) -> None:
        del self._open[fd]

    def size(self, fd: int) -> int:
        return len(self._open[fd].live)

    def read(self, fd: int, length: int, offset: int) -> bytes:
        return bytes(self._open[fd].live[offset : offset + length])

    def write(self, fd: int, buffers: Sequence[bytes | memoryview], offset: int) -> int:
        self.writes += 1
        data = b"".join(buffers)
        room = len(data)
        if self.writes == self.fail_write:
            room //= 2
        if self.capacity_bytes is not None:
            used = sum(len(file.live) for file in self.names.values())
            new = max(0, offset + len(data) - len(self._open[fd].live))
            room = min(room, len(data) - max(0, used + new - self.capacity_bytes))
            if room <= 0:
                raise OSError(errno.ENOSPC, "No space left on device")
        self._open[fd].write(data[:room], offset)
        return room

    def append(self, fd: int, buffers: Sequence[bytes | memoryview], offset: int) -> int:
        return self.write(fd, buffers, offset)

    def fdatasync(self, fd: int) -> None:
        self.syncs += 1
        if self.syncs == self.fail_sync:
            self._open[fd].pending.clear()
            raise OSError(errno.EIO, "Input/output error")
        self._open[fd].sync()

    def fsync(self, fd: int) -> None:
        self.fdatasync(fd)

    def rename(self, old: Path, new: Path) -> None:
        self.names[new] = self.names.pop(old)
        self._names_changed()

    def remove(self, path: Path) -> None:
        del self.names[path]
        self._names_changed()

    def list(self, directory: Path) -> list[str]:
        return [path.name for path in self.names if path.parent == directory]

    def make_directory(self, directory: Path) -> None:
        """Directories need no making here."""

    def sync_directory(self, directory: Path) -> None:
        self._name_history = [dict(self.names)]

    def lock(self, path: Path) -> int:
        if path in self._locks.values():
            raise JournalLocked(f"{path} is held")
        self._next_fd += 1
        self._locks[self._next_fd] = path
        return self._next_fd

    def unlock(self, fd: int) -> None:
        self._locks.pop(fd, None)

    def in_background(self, work: Callable[[], None]) -> Callable[[], None]:
        """Run the work at once: one thread, so that a seed repeats."""
        work()
        return lambda: None

    def _names_changed(self) -> None:
        self._name_history.append(dict(self.names))

    def _opened(self, path: Path) -> int:
        if path not in self.names:
            raise FileNotFoundError(errno.ENOENT, "missing", str(path))
        self._next_fd += 1
        self._open[self._next_fd] = self.names[path]
        return self._next_fd


class LyingDisk(FakeDisk):
    """A disk that can be told to lie: it says that all is durable, and keeps it in its memory."""

    lies = False

    def fdatasync(self, fd: int) -> None:
        if self.lies:
            self.syncs += 1
            return
        super().fdatasync(fd)
