"""Writing batches and reading them back: order, framing, rolling, what is refused."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Callable
from pathlib import Path

import pytest

from journal.disk import Disk
from journal.errors import BatchRefused, JournalUnusable
from journal.frame import MESSAGES, NOTE, PAYLOAD_BYTES_MAX, ROWS, SEAL, Frame, FrameContent
from journal.reader import chain_at, notes, read
from journal.writer import Journal

SEGMENT_BYTES = 64 * 1024


def rows(first_seq: int, commands: int = 1, row_bytes: int = 128) -> FrameContent:
    return ROWS, 1, first_seq, commands, b"".join(n.to_bytes(row_bytes, "little") for n in range(commands))


def contents(frames: list[Frame]) -> list[tuple[int, int, int, int, bytes]]:
    return [(f.header.kind, f.header.schema, f.header.first_seq, f.header.commands, bytes(f.payload)) for f in frames]


def test_what_was_appended_is_read_back(tmp_path: Path) -> None:
    batches: list[list[FrameContent]] = [
        [rows(1, 3)],
        [(MESSAGES, 7, 4, 2, b"five!"), rows(6, 10)],
        [(MESSAGES, 7, 16, 1, b"")],
    ]
    with Journal.create(tmp_path, created_ns=1, segment_bytes=SEGMENT_BYTES) as journal:
        ends = [journal.append(batch, 100 + n, n).last_seq for n, batch in enumerate(batches)]
    assert ends == [3, 15, 16]
    for workers in (0, 1):
        frames = list(read(tmp_path, workers=workers))
        assert contents(frames) == [frame for batch in batches for frame in batch]
        assert [frame.header.ts_ns for frame in frames] == [100, 101, 101, 102]
        assert [frame.header.applied_seq for frame in frames] == [0, 1, 1, 2]
        assert [frame.header.batch_first_seq for frame in frames] == [1, 4, 4, 16]


def test_reading_begins_with_the_frame_that_holds_the_seq(tmp_path: Path) -> None:
    with Journal.create(tmp_path, created_ns=1, segment_bytes=SEGMENT_BYTES) as journal:
        for first in range(1, 3001, 100):
            journal.append([rows(first, 100)], first, first - 1)
    assert len(list(tmp_path.glob("*.tape"))) > 3
    for seq in (1, 100, 101, 555, 2900, 2901, 3000):
        assert next(iter(read(tmp_path, seq))).header.first_seq == (seq - 1) // 100 * 100 + 1
    assert list(read(tmp_path, 3001)) == []


def test_payloads_are_word_aligned_in_the_file_whatever_their_length(tmp_path: Path) -> None:
    with Journal.create(tmp_path, created_ns=1, segment_bytes=SEGMENT_BYTES) as journal:
        for seq in range(1, 18):
            journal.append([(MESSAGES, 1, seq, 1, bytes([seq]) * seq)], seq, 0)
    assert [bytes(frame.payload) for frame in read(tmp_path)] == [bytes([seq]) * seq for seq in range(1, 18)]
    # The core reads rows as 64-bit words where they lie, so no odd message before them may move them.
    data = (next(tmp_path.glob("*.tape"))).read_bytes()
    offsets = [at for at in range(len(data)) if data.startswith(b"TAPF", at)]
    assert len(offsets) == 18
    assert all(offset % 8 == 0 for offset in offsets)


def test_a_payload_of_words_is_taken_as_its_bytes(tmp_path: Path) -> None:
    words = array("q", range(16))
    with Journal.create(tmp_path, created_ns=1, segment_bytes=SEGMENT_BYTES) as journal:
        journal.append([(ROWS, 1, 1, 1, memoryview(words))], 1, 0)
    assert [bytes(frame.payload) for frame in read(tmp_path)] == [words.tobytes()]


def test_a_reopened_journal_goes_on_where_it_ended(tmp_path: Path) -> None:
    with Journal.create(tmp_path, created_ns=1, segment_bytes=SEGMENT_BYTES) as journal:
        end = journal.append([rows(1, 5)], 10, 0)
    with Journal.open_for_append(tmp_path) as journal:
        assert (journal.next_seq, journal.chain, journal.ts_ns, journal.torn) == (6, end.chain, 10, None)
        journal.append([rows(6, 5)], 11, 5)
    assert [frame.header.first_seq for frame in read(tmp_path)] == [1, 6]


def test_a_hundred_restarts_leave_no_file_behind_and_lose_nothing(tmp_path: Path) -> None:
    Journal.create(tmp_path, created_ns=1, segment_bytes=SEGMENT_BYTES).close()
    for seq in range(1, 101):
        (tmp_path / "next.part").write_bytes(b"what a writer that died had begun")
        with Journal.open_for_append(tmp_path) as journal:
            journal.append([rows(seq, 1)], seq, seq - 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["00000000000000000001.tape", "LOCK"]
    assert [frame.header.first_seq for frame in read(tmp_path)] == list(range(1, 101))


def test_segments_roll_by_size_and_no_batch_is_split(tmp_path: Path) -> None:
    with Journal.create(tmp_path, created_ns=1, segment_bytes=SEGMENT_BYTES) as journal:
        seq = 1
        for _ in range(20):
            journal.append([rows(seq, 70), rows(seq + 70, 70)], seq, 0)
            seq += 140
    files = sorted(tmp_path.glob("*.tape"))
    assert [int(path.stem) for path in files] == list(range(1, 2801, 420))
    assert {path.stat().st_size for path in files} == {SEGMENT_BYTES}
    assert contents(list(read(tmp_path)))[-1] == rows(2731, 70)


def test_a_batch_larger_than_a_segment_is_refused_and_the_journal_goes_on(tmp_path: Path) -> None:
    with Journal.create(tmp_path, created_ns=1, segment_bytes=SEGMENT_BYTES) as journal:
        with pytest.raises(BatchRefused, match="does not fit into a segment"):
            journal.append([rows(1, 300), rows(301, 300)], 1, 0)
        journal.append([rows(1)], 1, 0)
    assert len(list(read(tmp_path))) == 1


def test_the_largest_batch_fits_into_a_segment_that_holds_only_notes(tmp_path: Path) -> None:
    with Journal.create(tmp_path, created_ns=1, segment_bytes=SEGMENT_BYTES) as journal:
        journal.note(9, b"a note of some other type")
        largest = SEGMENT_BYTES - 4096 - 128
        journal.append([(MESSAGES, 1, 1, 1, bytes(largest))], 1, 0)
        journal.append([(MESSAGES, 1, 2, 1, bytes(largest))], 1, 0)
    assert [frame.header.first_seq for frame in read(tmp_path)] == [1, 2]
    assert [note.header.schema for note in notes(tmp_path)] == [9, SEAL]


@pytest.mark.parametrize(
    ("frames", "ts_ns", "applied_seq", "words"),
    [
        ([], 1, 0, "without frames"),
        ([rows(2)], 1, 0, "expected from 1"),
        ([rows(1), rows(3)], 1, 0, "expected from 2"),
        ([(ROWS, 1, 1, 0, b"")], 1, 0, "0 commands"),
        ([(NOTE, 1, 1, 1, b"")], 1, 0, "kind 3"),
        ([(ROWS, -1, 1, 1, b"")], 1, 0, "schema -1"),
        ([rows(1)], 1, 1, "applied_seq 1"),
        ([rows(1)], -1, 0, "ts_ns -1"),
        ([rows(1)], 2**63, 0, "ts_ns"),
        ([(ROWS, 1, 1, 1, bytes(PAYLOAD_BYTES_MAX + 1))], 1, 0, "allowed are 65408"),
    ],
)
def test_a_malformed_batch_is_refused_before_anything_is_written(
    tmp_path: Path, frames: list[FrameContent], ts_ns: int, applied_seq: int, words: str
) -> None:
    with Journal.create(tmp_path, created_ns=1, segment_bytes=2 * SEGMENT_BYTES) as journal:
        with pytest.raises(BatchRefused, match=words):
            journal.append(frames, ts_ns, applied_seq)
        journal.append([(ROWS, 1, 1, 1, bytes(PAYLOAD_BYTES_MAX))], 1, 0)
    assert len(list(read(tmp_path))) == 1


class CountingDisk(Disk):
    def __init__(self) -> None:
        self.calls: list[str] = []

    def append(self, fd, buffers, offset):  # type: ignore[no-untyped-def]
        self.calls.append("append")
        return super().append(fd, buffers, offset)

    def fdatasync(self, fd: int) -> None:
        self.calls.append("fdatasync")
        super().fdatasync(fd)

    def in_background(self, work: Callable[[], None]) -> Callable[[], None]:
        work()
        return lambda: None


def test_a_batch_of_many_frames_is_one_write_and_one_fdatasync(tmp_path: Path) -> None:
    disk = CountingDisk()
    with Journal.create(tmp_path, created_ns=1, segment_bytes=2**20, disk=disk) as journal:
        journal.append([rows(1)], 1, 0)
        # That has prepared the next segment too, so only the batch's own calls are counted from here.
        disk.calls.clear()
        # 400 frames are 1,200 buffers with their padding: more than one call of the kernel takes.
        journal.append([(MESSAGES, 1, seq, 1, b"odd") for seq in range(2, 402)], 2, 0)
        assert disk.calls == ["append", "fdatasync"]
        disk.calls.clear()
        assert journal.seal()
        assert disk.calls == ["append"]
        assert not journal.seal()
        journal.note(9, b"after an unsynced seal")
        assert disk.calls == ["append", "fdatasync", "append", "fdatasync"]
    assert len(list(read(tmp_path))) == 401


def test_closing_seals_and_a_closed_journal_takes_nothing(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path, created_ns=1, segment_bytes=SEGMENT_BYTES)
    journal.append([rows(1)], 5, 0)
    journal.close()
    journal.close()
    with pytest.raises(JournalUnusable, match="it was closed"):
        journal.append([rows(2)], 6, 1)
    with pytest.raises(JournalUnusable):
        journal.seal()
    (seal,) = notes(tmp_path)
    assert (seal.header.schema, seal.header.first_seq, seal.header.ts_ns) == (SEAL, 2, 5)
    assert seal.header.chain == chain_at(tmp_path, 1)


def test_the_chain_value_at_a_seq_is_the_one_that_append_gave(tmp_path: Path) -> None:
    with Journal.create(tmp_path, created_ns=1, segment_bytes=SEGMENT_BYTES) as journal:
        ends = {0: journal.chain}
        for first in range(1, 2001, 100):
            end = journal.append([rows(first, 100)], first, 0)
            ends[end.last_seq] = end.chain
    assert {seq: chain_at(tmp_path, seq) for seq in ends} == ends
    assert len(set(ends.values())) == len(ends)
    for seq in (99, 2001):
        with pytest.raises(LookupError):
            chain_at(tmp_path, seq)


def test_a_reader_follows_a_writer_at_work_and_meets_no_corruption(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path, created_ns=1, segment_bytes=SEGMENT_BYTES)
    journal.append([rows(1, 9)], 1, 0)

    def write() -> None:
        for first in range(10, 4000, 10):
            journal.append([rows(first, 5), rows(first + 5, 5)], first, 0)
            if first % 70 == 0:
                journal.seal()

    writer = threading.Thread(target=write)
    writer.start()
    passes = 0
    while writer.is_alive() or passes == 0:
        seqs = [frame.header.first_seq for frame in read(tmp_path, workers=0)]
        assert seqs == [1, *range(10, 10 + 5 * (len(seqs) - 1), 5)]
        passes += 1
    writer.join()
    journal.close()
    assert sum(frame.header.commands for frame in read(tmp_path)) == 3999


def test_a_reader_may_be_left_before_its_end(tmp_path: Path) -> None:
    with Journal.create(tmp_path, created_ns=1, segment_bytes=SEGMENT_BYTES) as journal:
        for seq in range(1, 1000):
            journal.append([rows(seq)], seq, 0)
    reader = read(tmp_path)
    assert next(reader).header.first_seq == 1
    reader.close()  # type: ignore[attr-defined]
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("journal-read")] == []


def test_reading_where_no_journal_is_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(read(tmp_path))
    with pytest.raises(FileNotFoundError):
        Journal.open_for_append(tmp_path)
    Journal.create(tmp_path, created_ns=1, segment_bytes=SEGMENT_BYTES).close()
    with pytest.raises(FileExistsError):
        Journal.create(tmp_path, created_ns=1)
    Journal.open_for_append(tmp_path).close()  # the refusal gave the lock back
    assert list(read(tmp_path)) == []
