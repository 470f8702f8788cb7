"""Owns the second process: how it is started, spoken to and ended. What it does is the business of whoever starts it.

Hashing on a thread takes turns with its caller on Python's one lock, and a caller that never waits gives few turns. A
process of its own takes none. It is started anew (`vfork` and `exec`, so no page of the caller is copied and no
descriptor but two goes with it), runs on the standard library and this package alone, and ends when its caller does.

Two pipes carry short messages (tuples of numbers, texts and bytes); a file in memory carries the bytes.
"""

from __future__ import annotations

import marshal
import mmap
import os
import select
import signal
import sys
from importlib import import_module
from typing import Any

_BEGIN = "import sys; sys.path.insert(0, sys.argv[1]); from journal import helper; helper.main(sys.argv[2:])"
_LENGTH_BYTES = 4
# A mapping's own reference, and the one of who counts.
_REFERENCES_UNSEEN = 2


class HelperGone(Exception):
    """The other process has ended; what it was doing is not known."""


class Channel:
    """One end of both pipes: `reads` and `writes` are descriptors."""

    def __init__(self, reads: int, writes: int) -> None:
        self.reads = reads
        self._writes = writes

    def send(self, *message: Any) -> None:
        """Send a tuple of what `marshal` knows. Raises HelperGone."""
        data = marshal.dumps(message)
        rest = memoryview(len(data).to_bytes(_LENGTH_BYTES, "little") + data)
        try:
            while rest:
                rest = rest[os.write(self._writes, rest) :]
        except OSError as error:
            raise HelperGone from error

    def receive(self) -> tuple[Any, ...]:
        """Wait for a message. Raises HelperGone."""
        length = int.from_bytes(self._exactly(_LENGTH_BYTES), "little")
        message: tuple[Any, ...] = marshal.loads(self._exactly(length))
        return message

    @property
    def has_message(self) -> bool:
        """Whether `receive` would not wait (also where the other end has gone)."""
        return bool(select.select([self.reads], [], [], 0)[0])

    def wait(self) -> None:
        """Wait until there is a message."""
        select.select([self.reads], [], [])

    def close(self) -> None:
        os.close(self.reads)
        os.close(self._writes)

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            try:
                piece = os.read(self.reads, size - len(data))
            except BlockingIOError:
                # An event loop that watches a descriptor has it wait for nothing.
                self.wait()
                continue
            if not piece:
                raise HelperGone
            data += piece
        return data


class Helper:
    """A started process: `channel` speaks to it, `memory` is the descriptor of the bytes in common.

    `module` is the name of a module with `serve(channel, memory)`. Its first message says that it is there.
    Raises OSError where no process can be started.
    """

    def __init__(self, module: str, memory_bytes: int) -> None:
        # Here, for the started process imports this module too, and every import makes its start longer.
        from subprocess import DEVNULL, Popen

        their_reads, our_writes = os.pipe()
        our_reads, their_writes = os.pipe()
        self.channel = Channel(our_reads, our_writes)
        self.memory = os.memfd_create("journal", os.MFD_CLOEXEC)
        self._process: Popen[bytes] | None = None
        root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        theirs = (their_reads, their_writes, self.memory)
        try:
            os.ftruncate(self.memory, memory_bytes)
            self._process = Popen(
                [sys.executable, "-I", "-S", "-c", _BEGIN, root, module, *map(str, theirs)],
                pass_fds=theirs,
                stdin=DEVNULL,
                stdout=DEVNULL,
                # A Ctrl-C is for the caller, who ends the helper.
                process_group=0,
            )
        except OSError:
            self.close()
            raise
        finally:
            os.close(their_reads)
            os.close(their_writes)

    def close(self) -> None:
        """End it."""
        self.channel.close()
        os.close(self.memory)
        if self._process is not None:
            self._process.kill()
            self._process.wait()


class Mapping:
    """A range of the memory in common as this process sees it."""

    def __init__(self, memory: int, offset: int, size: int, *, writes: bool) -> None:
        self._map = mmap.mmap(
            memory,
            size,
            flags=mmap.MAP_SHARED | mmap.MAP_POPULATE,
            prot=mmap.PROT_READ | (mmap.PROT_WRITE if writes else 0),
            offset=offset,
        )

    def view(self) -> memoryview:
        return memoryview(self._map)

    @property
    def is_seen(self) -> bool:
        """Whether somebody still holds a view of it, or a part of one: each keeps a reference."""
        return sys.getrefcount(self._map) > _REFERENCES_UNSEEN


def main(arguments: list[str]) -> None:
    """What the started process runs, until its caller is gone."""
    # A service manager that stops a venue tells all its processes, but this one is needed until the last batch.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    module, *descriptors = arguments
    reads, writes, memory = map(int, descriptors)
    try:
        import_module(module).serve(Channel(reads, writes), memory)
    except HelperGone:
        return
