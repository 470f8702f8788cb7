"""Owns appending past the page cache: whole blocks out of memory of its own, by O_DIRECT.

What a journal writes is read by nobody for a long time. In the page cache it takes memory from what is read, and every
page that the system has to find for it costs the core's neighbour time; a block handed to the disk costs neither.
The disk takes whole blocks from whole blocks, so an append is copied behind the bytes that stand before it in its first
block, and filled up with zeros.

Whoever asks for a file's times has its next write noted to the nanosecond instead of the tick, and so every fdatasync
writes the inode, too: 40 µs of 135 on the machine that was measured. So nothing here asks for a file's status: its size
is where its end is, and a descriptor's own position, which nobody uses, is the mark by which it is known again.
"""

from __future__ import annotations

import errno
import mmap
import os
from collections.abc import Sequence
from contextlib import suppress
from itertools import count

BLOCK_BYTES = 4096
WINDOW_BYTES = 4 * 1024 * 1024
"""The most that one append takes, blocks counted whole."""

# Positions that no descriptor has by itself, each given once.
_marks = count(1 << 40)

# Given back by what was closed: memory that the system has to find anew costs more than the copy into it.
_windows: list[mmap.mmap] = []


class NotDirect(Exception):
    """This file, or this append, has to go through the page cache."""


class Direct:
    """A second descriptor of an open file, and the memory that is written from. Not for two threads at a time."""

    def __init__(self, fd: int) -> None:
        """Raises NotDirect where the system or the file system has no such way."""
        try:
            self._fd = os.open(f"/proc/self/fd/{fd}", os.O_WRONLY | os.O_DIRECT | os.O_CLOEXEC)
        except (OSError, AttributeError) as error:
            raise NotDirect from error
        self._mark = next(_marks)
        try:
            os.lseek(fd, self._mark, os.SEEK_SET)
        except OSError as error:
            os.close(self._fd)
            raise NotDirect from error
        self._window = _windows.pop() if _windows else mmap.mmap(-1, WINDOW_BYTES)
        self._reads = fd
        self._end = -1
        self._tail = b""

    def append(self, buffers: Sequence[bytes | memoryview], offset: int) -> int:
        """Write the buffers one after another, with zeros behind them to the end of their last block.

        Returns: how many of their bytes were taken.
        Raises:  NotDirect before anything is written, also where the descriptor means another file by now; OSError.
        """
        if os.lseek(self._reads, 0, os.SEEK_CUR) != self._mark:
            raise NotDirect
        file_size = os.lseek(self._reads, 0, os.SEEK_END)
        os.lseek(self._reads, self._mark, os.SEEK_SET)
        size = sum(map(len, buffers))
        before = offset % BLOCK_BYTES
        behind = -(offset + size) % BLOCK_BYTES
        total = before + size + behind
        if total > WINDOW_BYTES or (behind and offset + size + behind > file_size):
            raise NotDirect
        if before == behind == 0 and _is_mapped(buffers):
            return self._write(memoryview(buffers[0]), offset)
        if offset != self._end:
            self._tail = os.pread(self._reads, before, offset - before)
        if len(self._tail) != before:
            raise NotDirect
        at = before
        with memoryview(self._window) as window:
            window[:before] = self._tail
            for buffer in buffers:
                window[at : at + len(buffer)] = buffer
                at += len(buffer)
            window[at:total] = bytes(behind)
            taken = self._write(window[:total], offset - before)
            self._end = offset + size
            self._tail = bytes(window[at - self._end % BLOCK_BYTES : at])
        return max(0, min(taken - before, size))

    def _write(self, blocks: memoryview, offset: int) -> int:
        with blocks:
            try:
                return os.pwrite(self._fd, blocks, offset)
            except OSError as error:
                if error.errno == errno.EINVAL:
                    raise NotDirect from error
                raise

    def forget(self) -> None:
        """Somebody else has written: what stands before the next append is read anew."""
        self._end = -1

    def close(self) -> None:
        _windows.append(self._window)
        with suppress(OSError):
            os.close(self._fd)


def _is_mapped(buffers: Sequence[bytes | memoryview]) -> bool:
    """Whether it is one buffer on pages of its own, as a window's are: the disk takes it from there."""
    first = buffers[0]
    return len(buffers) == 1 and isinstance(first, memoryview) and isinstance(first.obj, mmap.mmap)
