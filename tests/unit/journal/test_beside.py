"""Batches written by a second process: the same bytes, the same refusals, and nothing after a failure."""

from __future__ import annotations

import errno
import os
import resource
import select
import signal
import subprocess
import sys
import threading
import time
from itertools import groupby
from pathlib import Path

import pytest

from journal.beside import BATCH_BYTES_MIN, BATCHES_BETWEEN_LOOKS, SLOT_BYTES, SLOTS
from journal.disk import REAL_DISK, Disk
from journal.errors import BatchRefused, JournalError, JournalUnusable
from journal.frame import ROWS, FrameContent, genesis_chain
from journal.reader import read
from journal.verify import verify
from journal.writer import Journal

ROOT = Path(__file__).parents[3]
IDENTITY = bytes(range(16))
SEGMENT_BYTES = 1 << 20
PAYLOAD_BYTES = 50_001
LARGE = BATCH_BYTES_MIN // PAYLOAD_BYTES + 1


class Alone(Disk):
    """The real disk, not shared with a second process."""


def frames(first_seq: int, count: int) -> list[FrameContent]:
    return [(ROWS, 1, seq, 1, bytes([seq % 251]) * PAYLOAD_BYTES) for seq in range(first_seq, first_seq + count)]


def create(directory: Path, disk: Disk = REAL_DISK) -> Journal:
    journal = Journal.create(directory, created_ns=1, segment_bytes=SEGMENT_BYTES, journal_id=IDENTITY, disk=disk)
    journal.start_beside()
    return journal


def process_of(journal: Journal) -> int:
    """The pid of the second process; 0 where there is none."""
    helper = journal._beside._helper
    return helper._process.pid if helper and helper._process else 0


def put(journal: Journal, batch: list[FrameContent], ts_ns: int) -> None:
    """Write a batch by the second process where it takes it, as all who may begin do."""
    applied_seq = batch[0][2] - 1
    if journal.begin(batch, ts_ns, applied_seq):
        journal.end()
    else:
        journal.append(batch, ts_ns, applied_seq)


def write_some(journal: Journal) -> None:
    """Large and small batches, begun one or several at a time or not at all, over several segments, with a seal."""
    under_way = 0
    for number in range(24):
        first = journal.next_seq
        batch = frames(first, LARGE if number % 3 else 1)
        while number % 4 and journal.begin(batch, number, first - 1) is False and under_way:
            journal.end()
            under_way -= 1
        if journal.next_seq > first:
            under_way += 1
            continue
        for _ in range(under_way):
            journal.end()
        under_way = 0
        journal.append(batch, number, first - 1)
        if number == 12:
            journal.seal()
    for _ in range(under_way):
        journal.end()


def test_a_second_process_writes_the_very_bytes_that_the_first_would_have_written(tmp_path: Path) -> None:
    with create(tmp_path / "beside") as journal:
        assert process_of(journal) > 0
        write_some(journal)
        end = journal.chain
    with create(tmp_path / "alone", Alone()) as journal:
        assert process_of(journal) == 0
        write_some(journal)
    names = sorted(path.name for path in (tmp_path / "beside").glob("*.tape"))
    assert len(names) > 1
    for name in names:
        assert (tmp_path / "beside" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes()
    assert verify(tmp_path / "beside").chain == end


def test_what_was_begun_is_on_its_way_before_end_asks(tmp_path: Path) -> None:
    with create(tmp_path) as journal:
        assert journal.begin(frames(1, LARGE), 5, 0)
        until = time.monotonic() + 20
        while len(list(read(tmp_path, workers=0))) < LARGE and time.monotonic() < until:
            time.sleep(0.005)
        assert len(list(read(tmp_path, workers=0))) == LARGE
        assert (journal.next_seq, journal.chain) == (1 + LARGE, genesis_chain(IDENTITY, 1))
        for other in (journal.seal, lambda: journal.append(frames(1 + LARGE, 1), 5, 0)):
            with pytest.raises(JournalUnusable, match="a batch has begun"):
                other()
        assert journal.end() == (LARGE, journal.chain)
        assert journal.append(frames(1 + LARGE, 1), 5, 0).last_seq == LARGE + 1


def test_as_many_batches_as_there_are_slots_are_under_way_and_end_in_their_order(tmp_path: Path) -> None:
    with create(tmp_path) as journal:
        os.kill(process_of(journal), signal.SIGSTOP)
        assert [journal.begin(frames(seq, 1), seq, 0) for seq in range(1, SLOTS + 2)] == [True] * SLOTS + [False]
        assert not select.select([journal.answers], [], [], 0)[0]
        os.kill(process_of(journal), signal.SIGCONT)
        assert select.select([journal.answers], [], [], 20)[0]
        assert [journal.end().last_seq for _ in range(SLOTS)] == list(range(1, SLOTS + 1))
        assert not select.select([journal.answers], [], [], 0)[0]
        assert journal.begin(frames(SLOTS + 1, 1), 9, SLOTS)
        assert (journal.end().last_seq, journal.ts_ns) == (SLOTS + 1, 9)


def test_small_batches_do_not_start_a_second_process_and_the_first_large_one_does_not_wait_for_it(
    tmp_path: Path,
) -> None:
    with Journal.create(tmp_path, created_ns=1, segment_bytes=SEGMENT_BYTES) as journal:
        assert not journal.begin(frames(1, 1), 1, 0)
        assert (process_of(journal), journal.answers) == (0, -1)
        assert not journal.begin(frames(1, LARGE), 1, 0)
        assert process_of(journal) > 0
        journal.append(frames(1, LARGE), 1, 0)
    assert len(list(read(tmp_path))) == LARGE


def test_a_batch_out_of_order_is_refused_and_the_journal_goes_on(tmp_path: Path) -> None:
    with create(tmp_path) as journal:
        for call in (journal.begin, journal.append):
            with pytest.raises(BatchRefused, match="expected from 1"):
                call(frames(2, LARGE), 1, 0)
        assert journal.begin(frames(1, 1), 1, 0)
        with pytest.raises(BatchRefused, match="expected from 2"):
            journal.begin(frames(1, 1), 1, 0)
        journal.end()


def test_a_second_process_that_is_gone_before_a_batch_is_not_missed(tmp_path: Path) -> None:
    with create(tmp_path) as journal:
        os.kill(process_of(journal), signal.SIGKILL)
        time.sleep(0.05)
        put(journal, frames(1, LARGE), 1)
        put(journal, frames(1 + LARGE, LARGE), 2)
    assert len(list(read(tmp_path))) == 2 * LARGE


def test_a_second_process_that_dies_with_batches_leaves_the_journal_unusable(tmp_path: Path) -> None:
    with create(tmp_path) as journal:
        journal.append(frames(1, 1), 1, 0)
        # It stops before it has read the messages, and never goes on.
        os.kill(process_of(journal), signal.SIGSTOP)
        assert journal.begin(frames(2, LARGE), 2, 0)
        assert journal.begin(frames(2 + LARGE, 1), 3, 0)
        os.kill(process_of(journal), signal.SIGKILL)
        with pytest.raises(JournalError, match=r"write failed in .* the process that wrote it has ended"):
            journal.end()
        for call in (journal.end, lambda: journal.append(frames(2, 1), 2, 0), lambda: journal.begin([], 2, 0)):
            with pytest.raises(JournalUnusable):
                call()
    with Journal.open_for_append(tmp_path) as journal:
        assert journal.next_seq == 2


def test_what_the_disk_says_to_the_second_process_is_what_the_writer_raises_and_nothing_follows(tmp_path: Path) -> None:
    with create(tmp_path) as journal:
        put(journal, frames(1, LARGE), 1)
        # No file of the second process may reach beyond its first batch: a disk that is full there.
        limit = journal._position.offset + PAYLOAD_BYTES
        resource.prlimit(process_of(journal), resource.RLIMIT_FSIZE, (limit, limit))
        assert journal.begin(frames(1 + LARGE, LARGE), 2, 0)
        # Refused where the second process has failed already.
        journal.begin(frames(1 + 2 * LARGE, 1), 3, 0)
        with pytest.raises(JournalError, match=r"write failed in .* only [0-9]+ of [0-9]+ bytes were taken"):
            journal.end()
        helper = journal._beside._helper
        assert helper is not None
        assert helper._process is not None
        # It is gone, and cannot write what was handed over behind.
        assert helper._process.wait(20) == 1
        with pytest.raises(JournalUnusable):
            journal.append(frames(1 + LARGE, 1), 2, 0)
    with Journal.open_for_append(tmp_path) as journal:
        assert journal.next_seq == 1 + LARGE
        assert journal.torn is not None


def test_an_error_of_the_second_process_keeps_its_number(tmp_path: Path) -> None:
    with create(tmp_path) as journal:
        next(tmp_path.glob("*.tape")).rename(tmp_path / "away")
        assert journal.begin(frames(1, LARGE), 1, 0)
        with pytest.raises(JournalError, match="open failed") as raised:
            journal.end()
        assert raised.value.errno == errno.ENOENT


LOCK = """
import fcntl, os, sys
descriptor = os.open(sys.argv[1], os.O_RDWR)
try:
    fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 1)
except OSError:
    print("held", flush=True)
else:
    print("free", flush=True)
    sys.stdin.read()
"""
OPEN = """
import sys
from pathlib import Path
from journal.writer import Journal
Journal.open_for_append(Path(sys.argv[1])).close()
"""


def test_who_opens_next_waits_for_the_second_process_of_a_writer_that_was_killed(tmp_path: Path) -> None:
    lock = [sys.executable, "-c", LOCK, str(tmp_path / "LOCK")]
    with create(tmp_path):
        found = subprocess.run(lock, stdin=subprocess.DEVNULL, capture_output=True, check=True)
        assert found.stdout == b"held\n"
    with subprocess.Popen(lock, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as orphan:
        assert orphan.stdout is not None
        assert orphan.stdout.readline() == b"free\n"
        opening = subprocess.Popen([sys.executable, "-c", OPEN, str(tmp_path)], cwd=ROOT)
        with pytest.raises(subprocess.TimeoutExpired):
            opening.wait(1)
    assert opening.wait(20) == 0


def test_a_batch_larger_than_a_slot_is_for_the_first_process(tmp_path: Path) -> None:
    count = SLOT_BYTES // PAYLOAD_BYTES + 1
    with Journal.create(tmp_path, created_ns=1, segment_bytes=2 * SLOT_BYTES) as journal:
        journal.start_beside()
        assert not journal.begin(frames(1, count), 1, 0)
        assert journal.begin(frames(1, count - 1), 1, 0)
        journal.end()


def test_a_journal_that_is_closed_with_batches_under_way_waits_for_them(tmp_path: Path) -> None:
    with create(tmp_path) as journal:
        for seq in range(1, SLOTS + 1):
            assert journal.begin(frames(seq, 1), seq, 0)
    assert [frame.header.first_seq for frame in read(tmp_path) if frame.header.commands] == list(range(1, SLOTS + 1))


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one processor: there is nowhere else to run")
def test_the_second_process_keeps_off_the_processor_of_its_caller(tmp_path: Path) -> None:
    with create(tmp_path) as journal:
        mine = os.sched_getaffinity(0)
        try:
            for cpu in sorted(mine)[:2]:
                os.sched_setaffinity(0, {cpu})
                for _ in range(BATCHES_BETWEEN_LOOKS + 1):
                    put(journal, frames(journal.next_seq, 1), 1)
                threads = os.listdir(f"/proc/{process_of(journal)}/task")
                assert len(threads) == 2
                assert all(cpu not in os.sched_getaffinity(int(thread)) for thread in threads)
                os.sched_setaffinity(0, mine)
        finally:
            os.sched_setaffinity(0, mine)


def test_an_answer_is_waited_for_also_where_an_event_loop_watches_for_it(tmp_path: Path) -> None:
    with create(tmp_path) as journal:
        os.set_blocking(journal.answers, False)
        # The file that is prepared meanwhile is told of on the same way.
        for seq in range(1, 40):
            assert journal.begin(frames(seq, 1), seq, 0) or journal.append(frames(seq, 1), seq, 0)
            if journal.next_seq > journal._position.next_seq:
                assert journal.end().last_seq == seq


def wait_for_spare(directory: Path) -> int:
    """Wait until the next segment is made; return its size."""
    spare = directory / "next.part"
    until = time.monotonic() + 20
    while not (spare.exists() and spare.stat().st_size == SEGMENT_BYTES) and time.monotonic() < until:
        time.sleep(0.005)
    return spare.stat().st_size


def test_the_next_segment_is_made_by_the_second_process_and_taken_as_it_is(tmp_path: Path) -> None:
    with create(tmp_path) as journal:
        journal.append(frames(1, 1), 1, 0)
        assert wait_for_spare(tmp_path) == SEGMENT_BYTES
        assert not any(thread.name == "journal-prepare" for thread in threading.enumerate())
        number = (tmp_path / "next.part").stat().st_ino
        while len(list(tmp_path.glob("*.tape"))) == 1:
            put(journal, frames(journal.next_seq, LARGE), 1)
        assert max(tmp_path.glob("*.tape")).stat().st_ino == number
        wait_for_spare(tmp_path)
    assert not (tmp_path / "next.part").exists()


def fill_up(journal: Journal, ts_ns: int) -> list[FrameContent]:
    """Write until the next batch does not fit and the next segment is ready; return that batch."""
    journal.append(frames(journal.next_seq, 1), ts_ns, 0)
    wait_for_spare(journal.directory)
    while journal._position.offset + LARGE * PAYLOAD_BYTES <= SEGMENT_BYTES or not journal._beside.has_prepared:
        put(journal, [(ROWS, 1, journal.next_seq, 1, bytes(8_000))], ts_ns)
    return frames(journal.next_seq, LARGE)


def test_a_full_segment_is_followed_by_the_next_one_while_batches_are_under_way(tmp_path: Path) -> None:
    with create(tmp_path / "beside") as journal:
        for ts_ns in (10, 20):
            fill_up(journal, ts_ns)
            full = journal._segment.path
            assert journal.begin([(ROWS, 1, journal.next_seq, 1, bytes(8))], ts_ns + 1, 3)
            assert journal.begin(frames(journal.next_seq, LARGE), ts_ns + 2, 3)
            # What would open a third has to wait for the second.
            assert not journal.begin(frames(journal.next_seq, 20), ts_ns + 3, 3)
            assert journal.begin(frames(journal.next_seq, 1), ts_ns + 3, 3)
            journal.end()
            assert journal._segment.path == full
            journal.end()
            assert journal._segment.path > full
            # The file behind that one has been begun, and nobody has said that it is whole.
            assert not journal._beside.has_prepared
            journal.end()
        journal.append(frames(journal.next_seq, 1), 30, 3)
    with create(tmp_path / "alone", Alone()) as journal:
        for _, group in groupby(read(tmp_path / "beside"), key=lambda frame: frame.header.batch_first_seq):
            written = [(each.header, each.payload) for each in group]
            header = written[0][0]
            journal.append(
                [(ROWS, 1, head.first_seq, 1, bytes(rows)) for head, rows in written], header.ts_ns, header.applied_seq
            )
    names = sorted(path.name for path in (tmp_path / "beside").glob("*.tape"))
    assert len(names) == 3
    for name in names:
        assert (tmp_path / "beside" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes()


def test_a_full_segment_whose_seal_is_not_synced_is_for_the_writer(tmp_path: Path) -> None:
    with create(tmp_path) as journal:
        batch = fill_up(journal, 1)
        journal.seal()
        assert not journal.begin(batch, 2, 0)
        journal.append(batch, 2, 0)
    assert verify(tmp_path).last_seq == batch[-1][2]


def test_a_next_segment_that_cannot_be_opened_leaves_the_journal_unusable(tmp_path: Path) -> None:
    """Whether its file is gone, its name is taken, or the second process ends: nothing of the batch is there."""

    def gone(journal: Journal, _: int) -> None:
        (journal.directory / "next.part").unlink()

    def taken(journal: Journal, first_seq: int) -> None:
        (journal.directory / f"{first_seq:020d}.tape").mkdir()

    def killed(journal: Journal, _: int) -> None:
        os.kill(process_of(journal), signal.SIGKILL)

    harms = [(gone, "open failed"), (taken, "opening the next segment failed"), (killed, "write failed")]
    for number, (harm, says) in enumerate(harms):
        directory = tmp_path / str(number)
        with create(directory) as journal:
            batch = fill_up(journal, 1)
            # It reads nothing of this before the harm is done.
            os.kill(process_of(journal), signal.SIGSTOP)
            assert journal.begin(batch, 7, 3)
            harm(journal, batch[0][2])
            os.kill(process_of(journal), signal.SIGCONT)
            with pytest.raises(JournalError, match=says):
                journal.end()
            with pytest.raises(JournalUnusable):
                journal.append(batch, 7, 3)
        for path in directory.glob("*.tape"):
            if path.is_dir():
                path.rmdir()
        with Journal.open_for_append(directory) as journal:
            assert journal.next_seq == batch[0][2]
            journal.append(batch, 8, 3)
        assert verify(directory).last_seq == batch[-1][2]


def test_a_next_segment_that_the_second_process_did_not_end_is_made_by_the_writer(tmp_path: Path) -> None:
    with create(tmp_path) as journal:
        os.kill(process_of(journal), signal.SIGSTOP)
        journal.append(frames(1, 1), 1, 0)
        (tmp_path / "next.part").write_bytes(b"half")
        os.kill(process_of(journal), signal.SIGKILL)
        while len(list(tmp_path.glob("*.tape"))) < 3:
            journal.append(frames(journal.next_seq, LARGE), 1, 0)
        last_seq = journal.next_seq - 1
    assert sum(frame.header.commands for frame in read(tmp_path)) == last_seq
    assert verify(tmp_path).last_seq == last_seq
