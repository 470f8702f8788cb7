"""What the writer does when the disk fails, and what a power cut leaves, on a disk in memory that loses bytes."""

from __future__ import annotations

import contextlib
import errno
from pathlib import Path

import pytest

from journal.errors import JournalError, JournalUnusable
from journal.frame import MESSAGES, FrameContent
from journal.reader import read
from journal.verify import verify
from journal.writer import Journal
from tests.fakes.disk import FakeDisk

HERE = Path("/journal")
FIRST = HERE / "00000000000000000001.tape"
SEGMENT_BYTES = 16 * 1024


def message(seq: int, size: int = 1000) -> FrameContent:
    return MESSAGES, 1, seq, 1, bytes([seq % 255 + 1]) * size


def create(disk: FakeDisk) -> Journal:
    return Journal.create(HERE, created_ns=1, segment_bytes=SEGMENT_BYTES, journal_id=bytes(16), disk=disk)


def last_seq(disk: FakeDisk) -> int:
    return sum(frame.header.commands for frame in read(HERE, workers=0, disk=disk))


def assert_unusable(journal: Journal) -> None:
    for attempt in (lambda: journal.append([message(2)], 2, 0), journal.seal, lambda: journal.note(9, b"")):
        with pytest.raises(JournalUnusable, match="takes nothing more"):
            attempt()


def test_a_failed_fsync_names_file_offset_and_errno_and_ends_the_writer() -> None:
    disk = FakeDisk()
    journal = create(disk)
    journal.append([message(1)], 1, 0)
    offset = journal._position.offset
    disk.fail_sync = disk.syncs + 1
    with pytest.raises(JournalError, match=r"fdatasync failed in .*1\.tape at offset 5224.*errno 5") as caught:
        journal.append([message(2)], 2, 1)
    assert (caught.value.path, caught.value.offset, caught.value.errno) == (FIRST, offset, errno.EIO)
    assert_unusable(journal)
    journal.close()


def test_a_short_write_ends_the_writer() -> None:
    disk = FakeDisk()
    journal = create(disk)
    journal.append([message(1)], 1, 0)
    disk.fail_write = disk.writes + 1
    with pytest.raises(JournalError, match="only 564 of 1128 bytes were taken"):
        journal.append([message(2)], 2, 1)
    assert_unusable(journal)
    journal.close()
    assert last_seq(disk) == 1


def test_a_full_disk_stops_at_the_next_segment_and_not_within_a_batch() -> None:
    disk = FakeDisk(capacity_bytes=SEGMENT_BYTES + 100)
    journal = create(disk)
    fitting = (SEGMENT_BYTES - 4096) // 1128
    for seq in range(1, fitting + 1):
        journal.append([message(seq)], seq, 0)
    with pytest.raises(JournalError, match="opening the next segment") as caught:
        journal.append([message(fitting + 1)], 1, 0)
    assert caught.value.errno == errno.ENOSPC
    assert_unusable(journal)
    journal.close()
    disk.crash()
    assert last_seq(disk) == fitting


def test_a_failed_write_while_preparing_ahead_is_tried_again_when_the_segment_is_needed() -> None:
    disk = FakeDisk()
    journal = create(disk)
    disk.fail_sync = disk.syncs + 1  # the spare's own, at the first append
    for seq in range(1, 30):
        journal.append([message(seq)], seq, 0)
    journal.close()
    assert last_seq(disk) == 29


def test_after_a_failed_fsync_a_restart_does_not_trust_the_page_cache() -> None:
    # The kernel forgets that the pages were never written: they are read back, and the next fsync says yes.
    for seed in range(20):
        disk = FakeDisk(seed)
        journal = create(disk)
        journal.append([message(1)], 1, 0)
        disk.fail_sync = disk.syncs + 1
        with pytest.raises(JournalError):
            journal.append([message(2), message(3)], 2, 1)
        disk.kill()
        journal = Journal.open_for_append(HERE, disk=disk)
        assert journal.next_seq == 4
        journal.append([message(4)], 4, 3)
        disk.crash()
        assert last_seq(disk) == 4


@pytest.mark.parametrize("fail_sync", range(1, 5))
def test_a_creation_that_failed_or_was_cut_short_can_be_begun_again(fail_sync: int) -> None:
    for seed in range(10):
        disk = FakeDisk(seed, fail_sync=fail_sync)
        with contextlib.suppress(JournalError):
            create(disk).append([message(1)], 1, 0)
        disk.crash()
        disk.fail_sync = None
        if FIRST in disk.names:
            journal = Journal.open_for_append(HERE, disk=disk)
        else:
            journal = create(disk)
        journal.append([message(journal.next_seq)], 2, 0)
        journal.close()
        assert verify(HERE, disk=disk).torn_bytes == 0


class DiesBeforeDirectorySync(FakeDisk):
    """Ends the process at the first sync of the directory after `armed` was set."""

    armed = False

    def sync_directory(self, directory: Path) -> None:
        if self.armed:
            raise KeyboardInterrupt
        super().sync_directory(directory)


def test_a_segment_whose_name_was_not_synced_before_a_kill_is_not_lost_later() -> None:
    for seed in range(10):
        disk = DiesBeforeDirectorySync(seed)
        journal = create(disk)
        for seq in range(1, 11):
            journal.append([message(seq)], seq, 0)
        disk.armed = True
        with pytest.raises(KeyboardInterrupt):
            journal.append([message(11)], 11, 0)
        disk.armed = False
        disk.kill()
        journal = Journal.open_for_append(HERE, disk=disk)
        journal.append([message(11)], 11, 0)
        disk.crash()
        assert last_seq(disk) == 11


def test_a_seal_at_the_end_of_a_segment_is_durable_before_the_next_is_opened() -> None:
    # The seal is written over the border of two sectors, so a power cut could keep half of it.
    size = SEGMENT_BYTES - 4096 - 2 * 128 - 448
    for seed in range(20):
        disk = FakeDisk(seed)
        journal = create(disk)
        journal.append([message(1, size)], 1, 0)
        assert journal._position.offset % 512 == 448
        journal.seal()
        journal.append([message(2, size)], 2, 0)
        disk.crash()
        assert last_seq(disk) == 2


def test_torn_bytes_are_kept_durably_before_they_are_cut() -> None:
    for seed in range(40):
        disk = FakeDisk(seed)
        journal = create(disk)
        journal.append([message(1)], 1, 0)
        disk.fail_write = disk.writes + 1
        with pytest.raises(JournalError):
            journal.append([message(2)], 2, 1)
        disk.kill()
        # Half of the batch is in the page cache; it reaches the disk before the power is cut.
        disk.names[FIRST].sync()
        torn = disk.content(FIRST).rstrip(b"\0")
        disk.fail_sync = disk.syncs + 1 + seed % 3
        with contextlib.suppress(JournalError):
            Journal.open_for_append(HERE, disk=disk)
        disk.crash()
        kept = [disk.content(path) for path in disk.names if path.suffix == ".torn"]
        assert disk.content(FIRST).rstrip(b"\0") == torn or kept == [torn[4096 + 1128 :]]


def test_no_power_cut_loses_what_append_returned_for() -> None:
    """Crash after every number of writes and syncs, over rolls, with the seed choosing what survives."""
    for seed in range(60):
        disk = FakeDisk(seed)
        journal = create(disk)
        acknowledged: list[bytes] = []
        for _ in range(4):
            for _ in range(disk.random.randrange(1, 12)):
                seq = journal.next_seq
                batch = [message(seq + n, disk.random.randrange(2500)) for n in range(disk.random.randrange(1, 4))]
                if disk.random.random() < 0.1:
                    disk.fail_sync = disk.syncs + disk.random.choice((1, 2, 3))
                try:
                    journal.append(batch, seq, seq - 1)
                except JournalError:
                    break
                acknowledged += [bytes(frame[4]) for frame in batch]
                if disk.random.random() < 0.3:
                    journal.seal()
            disk.fail_sync = None
            if disk.random.random() < 0.3:
                disk.kill()
            else:
                disk.crash()
            journal = Journal.open_for_append(HERE, disk=disk)
            found = [bytes(frame.payload) for frame in read(HERE, workers=0, disk=disk)]
            assert found[: len(acknowledged)] == acknowledged
            assert len(found) - len(acknowledged) <= 3
            # What was written but not acknowledged may be there; from now on it is history like all else.
            acknowledged = found
        journal.close()
        assert verify(HERE, disk=disk).commands == len(acknowledged)
