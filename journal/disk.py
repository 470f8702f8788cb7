"""Owns every file operation of the journal, so that a simulator can put a disk there that fails.

A `Disk` has no state but its locks and, by descriptor, the direct ways to files that are appended to. All calls raise
OSError as the operating system gives it.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from journal.direct import Direct, NotDirect
from journal.errors import JournalLocked
from journal.processors import allowed, keep_off

# The kernel takes at most 1,024 buffers in one call (IOV_MAX).
BUFFERS_MAX = 1024

# The bytes of the lock file that a writer and its second process hold.
_WRITER, _BESIDE = range(2)

# A POSIX lock belongs to the process: it does not stop a second opener in the same process, and would be lost when
# that one closes its descriptor. So the process remembers what it holds. The pid is part of the key because a forked
# child inherits this table but not the locks.
_held: dict[tuple[int, str], int] = {}
_held_guard = threading.Lock()

# By descriptor: the way past the page cache, None where there is none.
_direct: dict[int, Direct | None] = {}


class Disk:
    """The real disk. Descriptors are plain ints."""

    def open_new(self, path: Path) -> int:
        """Make a file that must not exist yet, for reading and writing."""
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)

    def open_write(self, path: Path) -> int:
        return os.open(path, os.O_RDWR | os.O_CLOEXEC)

    def open_read(self, path: Path) -> int:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def close(self, fd: int) -> None:
        direct = _direct.pop(fd, None)
        if direct is not None:
            direct.close()
        os.close(fd)

    def size(self, fd: int) -> int:
        return os.fstat(fd).st_size

    def read(self, fd: int, length: int, offset: int) -> bytes:
        """Return up to `length` bytes, fewer only at the end of the file."""
        return os.pread(fd, length, offset)

    def read_chunk(self, fd: int, length: int, offset: int) -> bytes | memoryview:
        """As `read`, for frames that are handed on as views: where they are put is the disk's choice."""
        return self.read(fd, length, offset)

    def write(self, fd: int, buffers: Sequence[bytes | memoryview], offset: int) -> int:
        """Write all buffers one after the other in one call; return how many bytes were taken."""
        if len(buffers) > BUFFERS_MAX:
            buffers = [b"".join(buffers)]
        direct = _direct.get(fd)
        if direct is not None:
            direct.forget()
        return os.pwritev(fd, buffers, offset)

    def append(self, fd: int, buffers: Sequence[bytes | memoryview], offset: int) -> int:
        """As `write`, where nothing but zeros stands behind it as far as its last block goes: past the page cache."""
        with suppress(NotDirect):
            if fd not in _direct:
                _direct[fd] = None
                _direct[fd] = Direct(fd)
            direct = _direct[fd]
            if direct is not None:
                return direct.append(buffers, offset)
        return self.write(fd, buffers, offset)

    def fdatasync(self, fd: int) -> None:
        os.fdatasync(fd)

    def fsync(self, fd: int) -> None:
        os.fsync(fd)

    def rename(self, old: Path, new: Path) -> None:
        os.rename(old, new)

    def remove(self, path: Path) -> None:
        os.unlink(path)

    def list(self, directory: Path) -> list[str]:
        return os.listdir(directory)

    def make_directory(self, directory: Path) -> None:
        """Make the directory (and its parents) where it is missing, durably in its parent."""
        if not directory.is_dir():
            os.makedirs(directory, exist_ok=True)
            self.sync_directory(directory.parent)

    def sync_directory(self, directory: Path) -> None:
        """Make creations, renames and removals in the directory durable."""
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def lock(self, path: Path) -> int:
        """Take the lock file for this process or raise JournalLocked with the pid of the holder.

        Nothing else in the process may open this file: closing any descriptor of it would give the lock away.
        A forked child does not inherit the lock, so closing its copy of the descriptor does no harm.
        """
        key = (os.getpid(), os.path.realpath(path))
        with _held_guard:
            if key in _held:
                raise JournalLocked(f"{path} is held by this very process, pid {key[0]}")
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _WRITER)
            except (BlockingIOError, PermissionError) as error:
                holder = os.pread(fd, 32, 0).decode("ascii", "replace").strip() or "not yet written"
                os.close(fd)
                raise JournalLocked(f"{path} is held by another process, pid {holder}") from error
            # What a writer that was killed had under way ends before anybody reads: its second process goes then.
            fcntl.lockf(fd, fcntl.LOCK_EX, 1, _BESIDE)
            fcntl.lockf(fd, fcntl.LOCK_UN, 1, _BESIDE)
            os.ftruncate(fd, 0)
            os.pwrite(fd, f"{key[0]}\n".encode("ascii"), 0)
            _held[key] = fd
            return fd

    def lock_beside(self, path: Path) -> int:
        """In the second process of a writer: hold what the next opener waits for, until this process ends.

        Returns: the lock file's descriptor.
        """
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        fcntl.lockf(fd, fcntl.LOCK_EX, 1, _BESIDE)
        return fd

    def unlock(self, fd: int) -> None:
        """Give the lock back. The file stays: removing it would let two processes lock two files of one name."""
        with _held_guard:
            for key in [key for key, held in _held.items() if held == fd and key[0] == os.getpid()]:
                del _held[key]
            os.close(fd)

    def in_background(self, work: Callable[[], None]) -> Callable[[], None]:
        """Run `work` on a thread of its own; return a function that waits for its end. `work` must not raise."""

        def run() -> None:
            keep_off(os.getpid(), allowed())
            work()

        thread = threading.Thread(target=run, name="journal-prepare", daemon=True)
        thread.start()
        return thread.join


REAL_DISK = Disk()
