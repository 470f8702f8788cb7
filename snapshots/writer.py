"""Owns the forked child that writes a snapshot while its parent goes on.

The child has the parent's memory as it was at the fork, and nothing else of the parent: no descriptor, no signal
handler, no thread; it takes no lock, logs nothing, and ends with `os._exit`. It dies with its parent.
"""

from __future__ import annotations

import ctypes
import gc
import mmap
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple, NoReturn

from journal.processors import allowed, keep_off
from snapshots.store import PART_SUFFIX, Section, publish, snapshot_path, sweep, write

# Loaded before any fork: a child of a process with threads must not wait for the loader's lock.
_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1
_NICE = 10
_REPORT_BYTES_MAX = 4096
_RESERVE_BYTES = 1024 * 1024

Produce = Callable[[], Iterable[Section]]


class Pending(NamedTuple):
    """A snapshot that is whole and durable, but has no name yet."""

    seq: int
    part: Path
    state_hash: bytes


class Failed(NamedTuple):
    """A snapshot that came to nothing; its file is gone."""

    seq: int
    reason: str


class _Child(NamedTuple):
    pid: int
    status_fd: int
    seq: int
    part: Path


class SnapshotWriter:
    """Writes one snapshot at a time into `directory`. For one thread: the main one.

    That the child dies with its parent is bound to the *thread* that forked, so that thread must last.
    """

    def __init__(self, directory: Path) -> None:
        """Make the directory where it is missing, and sweep what writers that died left there."""
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.swept = sweep(directory)
        self._child: _Child | None = None
        self._reserve = _reserve()

    @property
    def is_running(self) -> bool:
        return self._child is not None

    @property
    def child_pid(self) -> int | None:
        return self._child.pid if self._child is not None else None

    def start(self, seq: int, *, created_ns: int, journal_id: bytes, chain: bytes, produce: Produce) -> int:
        """Fork a child that writes what `produce` yields; return its pid.

        `produce` runs in the child and yields (bytes, belongs to the state), the state first; it may use memory only:
        no descriptor, no lock that another thread could have held. Call `gc.freeze()` before, once and whenever much
        has been made since: a collection in either process would otherwise copy every page that it visits.
        Raises RuntimeError while another child runs; OSError.
        """
        if self._child is not None:
            raise RuntimeError(f"the snapshot of seq {self._child.seq} is still being written")
        part = snapshot_path(self.directory, seq).with_suffix(f".snapshot{PART_SUFFIX}")
        fd = os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        status_fd, child_status_fd = os.pipe()
        parent = os.getpid()
        # A signal between the fork and the child's own settings would run the parent's handlers in the child.
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            self._reserve.close()
            pid = _fork()
            if pid == 0:

                def work() -> bytes:
                    sections = produce()
                    return write(
                        fd, sections, seq=seq, created_ns=created_ns, journal_id=journal_id, chain=chain
                    ).state_hash

                _run_child(parent, fd, child_status_fd, work)
            # Before it runs: else it begins wherever the parent waits next, and the parent waits for its turn to end.
            keep_off(parent, allowed(), pid)
        except OSError:
            os.close(status_fd)
            part.unlink()
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            os.close(fd)
            os.close(child_status_fd)
        self._child = _Child(pid, status_fd, seq, part)
        return pid

    def poll(self) -> Pending | Failed | None:
        """Say what became of the child, None while it runs or where none was started. Never waits."""
        return self._reap(os.WNOHANG)

    def wait(self) -> Pending | Failed | None:
        """Wait for the child's end, and say what became of it."""
        return self._reap(0)

    def publish(self, pending: Pending) -> Path:
        """Give the snapshot its name, durably: from here on it is found. Raises OSError."""
        path = snapshot_path(self.directory, pending.seq)
        publish(pending.part, path)
        return path

    def discard(self, pending: Pending) -> None:
        """Forget a snapshot that shall not be published."""
        pending.part.unlink(missing_ok=True)

    def stop(self) -> None:
        """End a running child and remove its file. For the end of the process."""
        if self._child is not None:
            os.kill(self._child.pid, signal.SIGKILL)
            result = self.wait()
            if isinstance(result, Pending):
                self.discard(result)

    def _reap(self, options: int) -> Pending | Failed | None:
        child = self._child
        if child is None:
            return None
        try:
            pid, status = os.waitpid(child.pid, options)
        except ChildProcessError:
            # Somebody else waited for it, or SIGCHLD is ignored. What it reported is still in the pipe.
            pid, status = child.pid, 0
        if pid == 0:
            return None
        self._child = None
        self._reserve = _reserve()
        report = os.read(child.status_fd, _REPORT_BYTES_MAX)
        os.close(child.status_fd)
        if status == 0 and report[:1] == b"+":
            return Pending(child.seq, child.part, report[1:])
        child.part.unlink(missing_ok=True)
        if report[:1] == b"-":
            reason = report[1:].decode("utf-8", "replace")
        else:
            reason = f"the child ended without a word, exit code {os.waitstatus_to_exitcode(status)}"
        return Failed(child.seq, reason)


def _reserve() -> mmap.mmap:
    """Memory that has been used, to be let go just before a fork.

    Behind it some 140 pages are written to at once for the first time, and copied then. Where a host gives a virtual
    machine memory at its first touch, pages that nobody has used lately cost 10 us each, and these next to nothing.
    """
    return mmap.mmap(-1, _RESERVE_BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE)


def _fork() -> int:
    with warnings.catch_warnings():
        # From 3.12 on Python warns that other threads may hold locks; the child takes none.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _run_child(parent: int, fd: int, status_fd: int, work: Callable[[], bytes]) -> NoReturn:
    """Do the child's work and end the process, whatever happens: nothing may unwind into the parent's loop."""
    code = 1
    report = b""
    try:
        _leave_parent(parent, {fd, status_fd})
        report = b"+" + work()
        code = 0
    finally:
        try:
            error = sys.exc_info()[1]
            if error is not None:
                report = f"-{type(error).__name__}: {error}".encode()[:_REPORT_BYTES_MAX]
            os.write(status_fd, report)
        finally:
            os._exit(code)


def _leave_parent(parent: int, keep: set[int]) -> None:
    """Give up everything that was inherited but memory."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        # It died before the line above; nobody would tell us.
        os._exit(1)
    gc.disable()
    _close_all_but(keep)
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    # Ctrl-C goes to the whole group: the parent decides, and the child ends with it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.nice(_NICE)


def _close_all_but(keep: set[int]) -> None:
    """Close every descriptor but these; 0 to 2 become /dev/null.

    A listening socket would otherwise stay open after the parent's death, and its restart find the port taken; a pipe
    to a reader would never end.
    """
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        # A parent without standard streams may have given one of these numbers to a file of ours.
        if standard not in keep:
            os.dup2(null, standard)
    for name in os.listdir("/dev/fd"):
        fd = int(name)
        if fd > 2 and fd not in keep:
            try:
                os.close(fd)
            except OSError:
                # The descriptor of the listing itself is closed already.
                continue
