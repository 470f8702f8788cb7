"""The forked child: what it writes, what it gives up, and what is left when it or its parent is killed."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from journal.processors import allowed
from snapshots.store import Section, list_snapshots, load, newest_valid, snapshot_path
from snapshots.writer import Failed, Pending, Produce, SnapshotWriter

ROOT = Path(__file__).parents[3]
JOURNAL_ID = b"sixteen bytes id"
CHAIN = bytes(32)


def start(writer: SnapshotWriter, seq: int, produce: Produce) -> int:
    return writer.start(seq, created_ns=1, journal_id=JOURNAL_ID, chain=CHAIN, produce=produce)


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Wait for a fact about another process; the limit only ends a test that would hang."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for: {what}"
        time.sleep(0.005)


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[SnapshotWriter]:
    made = SnapshotWriter(tmp_path / "snapshots")
    yield made
    made.stop()


def test_the_child_leaves_the_parent_its_processor(writer: SnapshotWriter) -> None:
    ours = allowed()

    def produce() -> Iterator[Section]:
        until = time.monotonic() + 20
        while allowed() == ours and time.monotonic() < until:
            # It may run before its parent, which says where, goes on.
            time.sleep(0.001)
        yield json.dumps(sorted(allowed())).encode(), True

    start(writer, 12, produce)
    pending = writer.wait()
    assert isinstance(pending, Pending)
    theirs = set(json.loads(bytes(load(writer.publish(pending)).state)))
    assert theirs < ours
    assert len(theirs) == len(ours) - 1


def test_the_child_writes_the_state_as_it_was_at_the_fork(writer: SnapshotWriter, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    state = {"price": 100}

    def produce() -> Iterator[Section]:
        while not gate.exists():
            time.sleep(0.001)
        yield json.dumps(state).encode(), True
        yield b"candles", False

    start(writer, 12, produce)
    assert writer.poll() is None
    state["price"] = 200
    gate.touch()
    pending = writer.wait()
    assert isinstance(pending, Pending)
    assert list_snapshots(writer.directory) == []  # it has no name before the parent says so
    path = writer.publish(pending)
    snapshot = load(path)
    assert json.loads(bytes(snapshot.state)) == {"price": 100}
    assert bytes(snapshot.rest) == b"candles"
    assert snapshot.header.state_hash == pending.state_hash
    assert [name.name for name in writer.directory.iterdir()] == [snapshot_path(Path(), 12).name]
    assert writer.poll() is None


def test_pages_are_held_ready_for_the_copies_behind_a_fork(writer: SnapshotWriter) -> None:
    def are_held() -> bool:
        return not writer._reserve.closed

    for seq in (1, 2):
        assert are_held()
        start(writer, seq, lambda: [(b"x", True)])
        assert not are_held(), "what is not let go is of no use to the copies"
        writer.wait()
    assert are_held()


def test_polling_does_not_wait_and_finds_the_end(writer: SnapshotWriter) -> None:
    start(writer, 1, lambda: [(b"x", True)])
    results: list[Pending | Failed] = []

    def has_ended() -> bool:
        result = writer.poll()
        if result is not None:
            results.append(result)
        return result is not None

    wait_until(has_ended, "the child's end")
    (pending,) = results
    assert isinstance(pending, Pending)
    writer.discard(pending)
    assert list(writer.directory.iterdir()) == []
    assert not writer.is_running


def test_one_at_a_time(writer: SnapshotWriter) -> None:
    def produce() -> Iterator[Section]:
        time.sleep(600)
        yield b"", True

    pid = start(writer, 1, produce)
    with pytest.raises(RuntimeError, match="the snapshot of seq 1 is still being written"):
        start(writer, 2, lambda: [(b"x", True)])
    writer.stop()
    assert is_gone(pid)
    assert list(writer.directory.iterdir()) == []
    start(writer, 2, lambda: [(b"x", True)])
    assert isinstance(writer.wait(), Pending)


def test_an_error_in_the_child_is_told_and_leaves_no_file(writer: SnapshotWriter) -> None:
    def produce() -> Iterator[Section]:
        yield b"half of the", True
        raise AssertionError("a book is crossed")

    start(writer, 3, produce)
    assert writer.wait() == Failed(3, "AssertionError: a book is crossed")
    assert list(writer.directory.iterdir()) == []


def test_even_an_exit_in_the_child_does_not_run_the_parents_code(writer: SnapshotWriter) -> None:
    parent = os.getpid()

    def produce() -> Iterator[Section]:
        yield b"", True
        raise SystemExit(0)

    start(writer, 3, produce)
    assert os.getpid() == parent
    assert writer.wait() == Failed(3, "SystemExit: 0")


def test_a_killed_child_leaves_nothing_that_could_be_taken_for_a_snapshot(writer: SnapshotWriter) -> None:
    def produce() -> Iterator[Section]:
        yield b"x" * 20_000_000, True
        time.sleep(600)

    pid = start(writer, 4, produce)
    part = writer.directory / "00000000000000000004.snapshot.part"
    wait_until(lambda: part.stat().st_size > 19_000_000, "bytes on disk")
    os.kill(pid, signal.SIGKILL)
    assert writer.wait() == Failed(4, "the child ended without a word, exit code -9")
    assert list(writer.directory.iterdir()) == []
    assert newest_valid(writer.directory, JOURNAL_ID) is None


def test_a_disk_that_takes_no_more_is_a_failure_and_not_the_end_of_the_parent(writer: SnapshotWriter) -> None:
    def produce() -> Iterator[Section]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        yield b"x" * 3_000_000, True

    start(writer, 5, produce)
    assert writer.wait() == Failed(5, "OSError: [Errno 27] File too large")
    assert list(writer.directory.iterdir()) == []


def test_the_child_holds_no_descriptor_of_the_parent(writer: SnapshotWriter, tmp_path: Path) -> None:
    inherited = os.open(tmp_path, os.O_RDONLY)
    os.set_inheritable(inherited, True)

    def produce() -> Iterator[Section]:
        links = []
        for name in sorted(os.listdir("/proc/self/fd"), key=int):
            try:
                links.append(os.readlink(f"/proc/self/fd/{name}"))
            except FileNotFoundError:
                continue  # the listing's own
        yield json.dumps(links).encode(), True

    start(writer, 6, produce)
    pending = writer.wait()
    os.close(inherited)
    assert isinstance(pending, Pending)
    links = json.loads(bytes(load(pending.part).state))
    assert links[:3] == ["/dev/null"] * 3
    assert [link.partition(":")[0] for link in links[3:]] == [str(pending.part), "pipe"]


def test_signals_in_the_child_do_not_run_the_parents_handlers(writer: SnapshotWriter, tmp_path: Path) -> None:
    seen: list[int] = []
    gate = tmp_path / "gate"
    ready = tmp_path / "ready"

    def produce() -> Iterator[Section]:
        ready.touch()
        while not gate.exists():
            time.sleep(0.001)
        yield repr(seen).encode(), True

    before = signal.signal(signal.SIGTERM, lambda number, _: seen.append(number))
    try:
        pid = start(writer, 7, produce)
        wait_until(ready.exists, "the child at work")
        os.kill(pid, signal.SIGINT)  # ignored: the parent decides
        gate.touch()
        assert isinstance(writer.wait(), Pending)
        gate.unlink()
        ready.unlink()
        pid = start(writer, 8, produce)
        wait_until(ready.exists, "the child at work")
        os.kill(pid, signal.SIGTERM)
        assert writer.wait() == Failed(8, "the child ended without a word, exit code -15")
        # The parent's own signals work as before.
        os.kill(os.getpid(), signal.SIGTERM)
        wait_until(lambda: seen == [signal.SIGTERM], "the parent's handler")
    finally:
        signal.signal(signal.SIGTERM, before)


def test_what_writers_that_died_left_is_swept_at_the_start(tmp_path: Path) -> None:
    part = tmp_path / "00000000000000000004.snapshot.part"
    part.write_bytes(b"half")
    assert SnapshotWriter(tmp_path).swept == [part]
    assert list(tmp_path.iterdir()) == []


PARENT = """
import socket, sys, time
from pathlib import Path
from snapshots.writer import SnapshotWriter

directory, ignores_death = Path(sys.argv[1]), sys.argv[2] == "yes"
listener = socket.create_server(("127.0.0.1", 0))
listener.set_inheritable(True)

def produce():
    if ignores_death:
        # Only so that a test can look at a child that outlives its parent.
        import ctypes
        ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)
    yield b"x" * 10_000_000, True
    time.sleep(600)

writer = SnapshotWriter(directory)
pid = writer.start(9, created_ns=1, journal_id=b"sixteen bytes id", chain=bytes(32), produce=produce)
print(listener.getsockname()[1], pid, flush=True)
time.sleep(600)
"""


def run_parent(directory: Path, *, child_outlives: bool) -> tuple[int, int]:
    """Start a listening parent with a child at work, kill -9 the parent; return its port and the child's pid."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(directory), "yes" if child_outlives else "no"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    try:
        assert parent.stdout is not None
        port, pid = map(int, parent.stdout.readline().split())
        part = directory / "00000000000000000009.snapshot.part"
        wait_until(lambda: part.stat().st_size > 9_000_000, "bytes on disk")
    finally:
        parent.kill()
    # The child holds no copy of this pipe, so it ends with the parent.
    assert parent.communicate(timeout=60)[0] == b""
    return port, pid


def test_a_child_dies_with_its_parent_and_leaves_no_broken_snapshot(tmp_path: Path) -> None:
    _, pid = run_parent(tmp_path, child_outlives=False)
    wait_until(lambda: is_gone(pid), "the child's death")
    assert newest_valid(tmp_path, JOURNAL_ID) is None
    assert list_snapshots(tmp_path) == []
    writer = SnapshotWriter(tmp_path)
    assert len(writer.swept) == 1
    start(writer, 9, lambda: [(b"anew", True)])
    pending = writer.wait()
    assert isinstance(pending, Pending)
    assert bytes(load(writer.publish(pending)).state) == b"anew"


def test_the_parents_port_is_free_after_its_death_even_while_the_child_lives(tmp_path: Path) -> None:
    port, pid = run_parent(tmp_path, child_outlives=True)
    try:
        assert not is_gone(pid)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        socket.create_server(("127.0.0.1", port)).close()
        assert not is_gone(pid)
    finally:
        os.kill(pid, signal.SIGKILL)
