"""Reading by a second process: what comes, and what is refused, is what reading alone gives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from journal import ahead
from journal.ahead import ALONE_BYTES, SLOT_BYTES, SLOTS, ReadAhead, begin, is_long, take, walk_ahead
from journal.disk import REAL_DISK, Disk
from journal.errors import CorruptJournal
from journal.frame import HEADER_BYTES, ROWS, Frame
from journal.helper import Helper
from journal.scan import READ_BYTES
from journal.walk import place_of, walk
from journal.writer import Journal

PAYLOAD_BYTES = 60_000
# Thrice what all slots hold: some are used again, and who is killed has not told of all yet.
FRAMES = 3 * SLOTS * SLOT_BYTES // PAYLOAD_BYTES


class Hasty(Disk):
    """A disk that waits for nothing: what is tested is how it is read."""

    def fdatasync(self, fd: int) -> None:
        pass

    def fsync(self, fd: int) -> None:
        pass


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A journal of several segments, a seal in its middle and one at its end."""
    with Journal.create(tmp_path, created_ns=1, segment_bytes=4 * READ_BYTES, disk=Hasty()) as journal:
        for seq in range(1, FRAMES + 1):
            payload = (seq.to_bytes(4, "little") * (PAYLOAD_BYTES // 4))[seq % 8 :]
            journal.append([(ROWS, 1, seq, 1, payload)], seq, seq - 1)
            if seq == FRAMES // 2:
                journal.seal()
    return tmp_path


def alone(directory: Path) -> Iterator[list[Frame]]:
    return walk(REAL_DISK, place_of(REAL_DISK, directory, 1))


def helped(directory: Path) -> Iterator[list[Frame]]:
    """All of it by the second process."""
    helper = Helper("journal.ahead", SLOTS * SLOT_BYTES)
    place = place_of(REAL_DISK, directory, 1)
    try:
        helper.channel.wait()
        assert begin(helper, place)
        assert (yield from take(helper, place))
    finally:
        helper.close()


def seen(chunks: Iterator[list[Frame]]) -> tuple[list[tuple[object, bytes]], str]:
    """What came and what was raised. Bytes are looked at when all has come: memory used again too early would show."""
    frames: list[Frame] = []
    raised = ""
    try:
        for chunk in chunks:
            frames += chunk
    except (CorruptJournal, OSError) as error:
        raised = f"{type(error).__name__}: {error}"
    return [(frame.header, bytes(frame.payload)) for frame in frames], raised


def damage(directory: Path, number: int, offset: int) -> None:
    path = sorted(directory.glob("*.tape"))[number]
    data = bytearray(path.read_bytes())
    data[offset] ^= 1
    path.write_bytes(data)


def test_a_second_process_gives_every_frame_that_the_first_would_have_read(directory: Path) -> None:
    frames, raised = seen(helped(directory))
    assert (frames, raised) == seen(alone(directory))
    assert (len(frames), raised) == (FRAMES + 2, "")


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lambda directory: damage(directory, 0, 3 * READ_BYTES), id="a flipped bit"),
        pytest.param(lambda directory: damage(directory, 1, 100), id="a segment's head"),
        pytest.param(lambda directory: damage(directory, -1, 4096 + 200), id="before a later batch"),
        pytest.param(lambda directory: sorted(directory.glob("*.tape"))[1].unlink(), id="a segment that is gone"),
        pytest.param(
            lambda directory: sorted(directory.glob("*.tape"))[1].chmod(0), id="a segment that only root may read"
        ),
    ],
)
def test_what_the_second_process_meets_is_raised_as_if_it_had_been_met_here(
    directory: Path, harm: Callable[[Path], None]
) -> None:
    harm(directory)
    assert seen(helped(directory)) == seen(alone(directory))


def test_a_torn_tail_is_the_end_for_the_second_process_too(directory: Path) -> None:
    last = max(directory.glob("*.tape"))
    data = last.read_bytes()
    end = data.rindex(b"TAPF", 0, data.rindex(b"TAPF"))
    last.write_bytes(data[: end + 20_000].ljust(len(data), b"\0"))
    frames, raised = seen(helped(directory))
    assert (frames, raised) == seen(alone(directory))
    assert (len(frames), raised) == (FRAMES, "")


@pytest.fixture
def helpers(monkeypatch: pytest.MonkeyPatch) -> list[Helper]:
    """The helpers that are started; one is waited for as soon as it is wanted."""
    started: list[Helper] = []

    class Awaited(Helper):
        def __init__(self, module: str, memory_bytes: int) -> None:
            super().__init__(module, memory_bytes)
            started.append(self)
            while not self.channel.has_message:
                time.sleep(0.001)

    monkeypatch.setattr(ahead, "Helper", Awaited)
    return started


@pytest.mark.parametrize("killed_after", [4, 7, 10])
def test_where_the_second_process_is_killed_the_first_reads_on(
    directory: Path, helpers: list[Helper], killed_after: int
) -> None:
    def reading() -> Iterator[list[Frame]]:
        for number, chunk in enumerate(walk_ahead(directory, 1)):
            if number == killed_after:
                process = helpers[0]._process
                assert process is not None
                process.kill()
                process.wait()
            yield chunk

    assert seen(reading()) == seen(alone(directory))
    assert len(helpers) == 1


def test_a_long_journal_is_handed_to_a_second_process_that_ends_with_the_reading(
    directory: Path, helpers: list[Helper]
) -> None:
    assert seen(walk_ahead(directory, 1)) == seen(alone(directory))
    assert [helper._process.returncode for helper in helpers if helper._process] == [-signal.SIGKILL]
    chunks = walk_ahead(directory, 1)
    for _ in range(4):
        next(chunks)
    chunks.close()
    assert [helper._process.returncode for helper in helpers if helper._process] == [-signal.SIGKILL] * 2


def test_who_has_other_work_first_starts_the_second_process_and_keeps_it(
    directory: Path, helpers: list[Helper]
) -> None:
    with ReadAhead(directory) as own:
        assert own.helper is helpers[0]
        assert seen(walk_ahead(directory, 1, ahead=own)) == seen(alone(directory))
        assert helpers[0]._process is not None
        assert helpers[0]._process.poll() is None
    assert len(helpers) == 1
    assert helpers[0]._process.returncode == -signal.SIGKILL


def test_a_short_journal_is_read_by_the_caller_alone(tmp_path: Path, helpers: list[Helper]) -> None:
    with Journal.create(tmp_path, created_ns=1, disk=Hasty()) as journal:
        for seq in range(1, ALONE_BYTES // (HEADER_BYTES + PAYLOAD_BYTES) + 2):
            with ReadAhead(tmp_path) as own:
                assert own.helper is None
            journal.append([(ROWS, 1, seq, 1, bytes(PAYLOAD_BYTES))], seq, seq - 1)
    assert seen(walk_ahead(tmp_path, 1)) == seen(alone(tmp_path))
    assert len(helpers) == 1


def test_what_stands_before_the_first_seq_does_not_make_a_journal_long(tmp_path: Path) -> None:
    with Journal.create(tmp_path, created_ns=1, segment_bytes=READ_BYTES, disk=Hasty()) as journal:
        for seq in range(1, READ_BYTES // PAYLOAD_BYTES + 3):
            journal.append([(ROWS, 1, seq, 1, bytes(PAYLOAD_BYTES))], seq, seq - 1)
    _, second = sorted(tmp_path.glob("*.tape"))
    assert is_long(tmp_path, int(second.stem) - 1)
    assert not is_long(tmp_path, int(second.stem))


def test_where_no_process_can_be_started_the_first_reads_all(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    before = len(os.listdir("/proc/self/fd"))
    assert seen(walk_ahead(directory, 1)) == seen(alone(directory))
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_helper_ends_when_its_caller_is_killed() -> None:
    code = (
        "from journal.ahead import SLOTS, SLOT_BYTES, Helper\n"
        "helper = Helper('journal.ahead', SLOTS * SLOT_BYTES)\n"
        "helper.channel.receive()\n"
        "print(helper._process.pid, flush=True)\n"
        "input()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as caller:
        assert caller.stdout is not None
        pid = int(caller.stdout.readline())
        assert is_alive(pid)
        caller.kill()
    until = time.monotonic() + 20
    while is_alive(pid) and time.monotonic() < until:
        time.sleep(0.01)
    assert not is_alive(pid)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
