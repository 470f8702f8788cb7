"""A torn tail is cut and kept beside; everything else that does not verify is refused with nothing changed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from journal.errors import CorruptJournal
from journal.frame import HEADER_BYTES, MESSAGES, ROWS, FrameContent
from journal.reader import notes, read
from journal.scan import READ_BYTES
from journal.verify import verify
from journal.writer import Journal

SEGMENT_BYTES = 64 * 1024
FIRST = "00000000000000000001.tape"


def frame(seq: int, size: int = 256) -> FrameContent:
    return ROWS, 1, seq, 1, bytes([seq % 255 + 1]) * size


def abandon(journal: Journal) -> None:
    """End as a killed process does: no seal, but lock and descriptor are free."""
    journal._position.sealed = True
    journal.close()


def write(directory: Path, batches: list[int], *, sealed: bool = False) -> list[int]:
    """Write batches of so many frames each; return the offset of every frame and of the end."""
    journal = Journal.create(directory, created_ns=1, segment_bytes=SEGMENT_BYTES)
    seq = 1
    offsets = []
    for frames in batches:
        offsets += [journal._position.offset + n * (HEADER_BYTES + 256) for n in range(frames)]
        journal.append([frame(seq + n) for n in range(frames)], seq, 0)
        seq += frames
    offsets.append(journal._position.offset)
    if sealed:
        journal.close()
    else:
        abandon(journal)
    return offsets


def damage(directory: Path, offset: int, data: bytes, name: str = FIRST) -> None:
    with open(directory / name, "r+b") as file:
        file.seek(offset)
        file.write(data)


def files(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.name != "LOCK"}


def seqs(directory: Path) -> list[int]:
    return [found.header.first_seq for found in read(directory)]


def assert_refused(directory: Path, offset: int, seq: int, words: str = "corrupt journal") -> None:
    before = files(directory)
    for attempt in (
        lambda: list(read(directory)),
        lambda: list(read(directory, workers=0)),
        lambda: verify(directory),
        lambda: Journal.open_for_append(directory),
    ):
        with pytest.raises(CorruptJournal, match=words) as caught:
            attempt()
        assert (caught.value.offset, caught.value.seq) == (offset, seq)
        assert caught.value.path.parent == directory
    assert files(directory) == before


def assert_torn(directory: Path, offset: int, kept_seqs: list[int]) -> None:
    """Readers stop there; opening cuts there, keeps the cut bytes, and the journal goes on."""
    before = files(directory)
    assert seqs(directory) == kept_seqs
    assert verify(directory).torn_bytes > 0
    assert files(directory) == before
    with Journal.open_for_append(directory) as journal:
        assert journal.torn is not None
        assert (journal.torn.offset, journal.next_seq) == (offset, len(kept_seqs) + 1)
        kept = journal.torn.kept.read_bytes()
        assert kept == before[FIRST][offset : offset + journal.torn.cut_bytes]
        assert not any(before[FIRST][offset + journal.torn.cut_bytes :])
        journal.append([frame(journal.next_seq)], 99, 0)
    assert seqs(directory) == [*kept_seqs, len(kept_seqs) + 1]
    assert verify(directory).torn_bytes == 0


def test_a_torn_last_frame_is_cut_and_kept_beside(tmp_path: Path) -> None:
    offsets = write(tmp_path, [1, 1, 1])
    damage(tmp_path, offsets[2] + HEADER_BYTES + 100, bytes(156))
    assert_torn(tmp_path, offsets[2], [1, 2])


@pytest.mark.parametrize("behind", [0, READ_BYTES - 1, READ_BYTES, 2 * READ_BYTES + 5, 3 * READ_BYTES - 1])
def test_one_byte_is_found_however_far_it_stands_behind_the_last_frame(tmp_path: Path, behind: int) -> None:
    end = write(tmp_path, [1, 1])[-1]
    with open(tmp_path / FIRST, "r+b") as file:
        file.truncate(end + 3 * READ_BYTES)
    assert verify(tmp_path).torn_bytes == 0
    damage(tmp_path, end + behind, b"\1")
    assert verify(tmp_path).torn_bytes == behind + 1
    assert seqs(tmp_path) == [1, 2]


def test_a_frame_without_its_header_is_torn(tmp_path: Path) -> None:
    offsets = write(tmp_path, [1, 1, 1])
    damage(tmp_path, offsets[2], bytes(HEADER_BYTES))
    assert_torn(tmp_path, offsets[2], [1, 2])


@pytest.mark.parametrize("lost", range(2, 6))
@pytest.mark.parametrize("part", ["header", "payload"])
def test_a_hole_in_the_last_batch_is_torn_although_frames_of_that_batch_follow(
    tmp_path: Path, lost: int, part: str
) -> None:
    offsets = write(tmp_path, [1, 1, 4])
    start = offsets[lost] + (0 if part == "header" else HEADER_BYTES)
    damage(tmp_path, start, bytes(HEADER_BYTES if part == "header" else 256))
    assert_torn(tmp_path, offsets[lost], list(range(1, lost + 1)))


def test_a_second_tear_at_the_same_place_keeps_both(tmp_path: Path) -> None:
    offsets = write(tmp_path, [1, 1])
    for _ in range(2):
        damage(tmp_path, offsets[1] + HEADER_BYTES, b"garbage")
        Journal.open_for_append(tmp_path).close()
        damage(tmp_path, offsets[1], bytes(4096))
    assert len(list(tmp_path.glob("*.torn"))) == 2


def test_garbage_after_the_end_is_torn(tmp_path: Path) -> None:
    offsets = write(tmp_path, [1, 1], sealed=True)
    damage(tmp_path, offsets[-1] + 2 * HEADER_BYTES, b"TAPF and no header")
    assert_torn(tmp_path, offsets[-1] + HEADER_BYTES, [1, 2])


@pytest.mark.parametrize("part", [0, 40, 96, HEADER_BYTES])
def test_a_bad_frame_before_another_batch_is_corruption(tmp_path: Path, part: int) -> None:
    offsets = write(tmp_path, [1, 1, 1])
    damage(tmp_path, offsets[1] + part, b"\xff\xfe\xfd")
    assert_refused(tmp_path, offsets[1], 2, "a bad frame before batch 3, so it once was durable")


def test_a_bad_first_frame_of_the_batch_before_the_last_is_corruption(tmp_path: Path) -> None:
    offsets = write(tmp_path, [1, 3, 1])
    damage(tmp_path, offsets[1], bytes(HEADER_BYTES))
    assert_refused(tmp_path, offsets[1], 2)


def test_a_whole_lost_batch_before_another_is_corruption(tmp_path: Path) -> None:
    offsets = write(tmp_path, [1, 2, 2])
    damage(tmp_path, offsets[1], bytes(offsets[3] - offsets[1]))
    assert_refused(tmp_path, offsets[1], 2, "a bad frame before batch 4")


def test_a_bad_frame_in_a_sealed_batch_is_corruption(tmp_path: Path) -> None:
    offsets = write(tmp_path, [1, 2], sealed=True)
    damage(tmp_path, offsets[2] + HEADER_BYTES, b"\0")
    assert_refused(tmp_path, offsets[2], 3, "before a note")


def test_a_torn_seal_is_cut_and_the_batch_before_it_stays(tmp_path: Path) -> None:
    offsets = write(tmp_path, [1, 2], sealed=True)
    damage(tmp_path, offsets[3] + 96, bytes(32))
    assert_torn(tmp_path, offsets[3], [1, 2, 3])


def test_a_seal_lost_with_a_torn_batch_after_it_is_cut_with_it(tmp_path: Path) -> None:
    # The seal has no fsync of its own, so a power cut in the next batch's fsync may keep that batch and lose the seal.
    offsets = write(tmp_path, [1, 2], sealed=True)
    with Journal.open_for_append(tmp_path) as journal:
        journal.append([frame(4), frame(5)], 9, 0)
        abandon(journal)
    damage(tmp_path, offsets[3], bytes(HEADER_BYTES))
    assert_torn(tmp_path, offsets[3], [1, 2, 3])


def test_bytes_that_clients_chose_can_not_imitate_a_header(tmp_path: Path) -> None:
    other = tmp_path / "other"
    offsets = write(other, [1, 1, 1])
    imitation = (other / FIRST).read_bytes()[offsets[0] : offsets[3]]
    here = tmp_path / "here"
    with Journal.create(here, created_ns=1, segment_bytes=SEGMENT_BYTES) as journal:
        journal.append([frame(1)], 1, 0)
        journal.append([(MESSAGES, 1, 2, 1, imitation)], 2, 1)
        start = journal._position.last_write_offset, journal._position.offset
        abandon(journal)
    damage(here, 4096 + HEADER_BYTES + 256, bytes(HEADER_BYTES))
    assert start[0] < start[1]
    assert_torn(here, 4096 + HEADER_BYTES + 256, [1])


def test_damage_in_a_segment_that_is_not_the_last_is_corruption(tmp_path: Path) -> None:
    with Journal.create(tmp_path, created_ns=1, segment_bytes=8192) as journal:
        for seq in range(1, 30):
            journal.append([frame(seq)], seq, 0)
    assert len(list(tmp_path.glob("*.tape"))) == 3
    last_frame = 4096 + 9 * 384
    damage(tmp_path, last_frame + HEADER_BYTES, b"\0")
    with pytest.raises(CorruptJournal, match="not the last") as caught:
        list(read(tmp_path))
    assert (caught.value.offset, caught.value.seq) == (last_frame, 10)
    damage(tmp_path, last_frame, bytes(384))
    with pytest.raises(CorruptJournal, match="the next segment begins at seq 11") as caught:
        list(read(tmp_path))
    assert caught.value.seq == 10


def test_a_missing_segment_is_corruption(tmp_path: Path) -> None:
    with Journal.create(tmp_path, created_ns=1, segment_bytes=8192) as journal:
        for seq in range(1, 30):
            journal.append([frame(seq)], seq, 0)
    first, middle, _ = sorted(tmp_path.glob("*.tape"))
    shutil.move(middle, tmp_path / "away")
    with pytest.raises(CorruptJournal, match="begins at seq 21"):
        list(read(tmp_path))
    shutil.move(tmp_path / "away", middle)
    first.unlink()
    with pytest.raises(CorruptJournal, match="the journal begins later"):
        list(read(tmp_path))
    with pytest.raises(CorruptJournal, match="the journal begins at seq 11"):
        verify(tmp_path)


@pytest.mark.parametrize("at", [0, 4, 8, 30, 64, 100, 127, 128, 4095])
def test_a_damaged_segment_header_is_corruption(tmp_path: Path, at: int) -> None:
    write(tmp_path, [1])
    damage(tmp_path, at, bytes([(tmp_path / FIRST).read_bytes()[at] ^ 1]))
    assert_refused(tmp_path, 0, 1)


def test_a_segment_under_another_name_is_corruption(tmp_path: Path) -> None:
    write(tmp_path, [1])
    (tmp_path / FIRST).rename(tmp_path / "00000000000000000002.tape")
    with pytest.raises(CorruptJournal, match="named 2 but begins at seq 1"):
        Journal.open_for_append(tmp_path)


def test_a_frame_moved_from_elsewhere_in_the_same_journal_is_corruption(tmp_path: Path) -> None:
    offsets = write(tmp_path, [1, 1, 1])
    data = (tmp_path / FIRST).read_bytes()
    damage(tmp_path, offsets[3], data[offsets[1] : offsets[2]])
    assert_refused(tmp_path, offsets[3], 4, "a frame that begins at seq 2")


def test_a_rewritten_payload_with_fitting_checksums_breaks_the_chain(tmp_path: Path) -> None:
    # Someone who knows the journal id can forge header and checksum of one frame, but not the hashes after it.
    journals = []
    middle = 0
    for name, payload in (("a", b"truth"), ("b", b"forgy")):
        with Journal.create(
            tmp_path / name, created_ns=1, segment_bytes=SEGMENT_BYTES, journal_id=bytes(16)
        ) as journal:
            journal.append([(MESSAGES, 1, 1, 1, payload)], 1, 0)
            middle = journal._position.offset
            journal.append([(MESSAGES, 1, 2, 1, b"same")], 2, 0)
        journals.append((tmp_path / name / FIRST).read_bytes())
    damage(tmp_path / "a", 0, journals[1][:middle])
    assert_refused(tmp_path / "a", middle, 2, "the hash chain is broken")


def test_notes_survive_a_torn_batch_after_them(tmp_path: Path) -> None:
    write(tmp_path, [1])
    with Journal.open_for_append(tmp_path) as journal:
        journal.note(9, b"kept")
        journal.append([frame(2)], 2, 0)
        end = journal._position.offset
        abandon(journal)
    damage(tmp_path, end - 1, b"\0")
    assert_torn(tmp_path, end - 384, [1])
    assert [bytes(note.payload) for note in notes(tmp_path) if note.header.schema == 9] == [b"kept"]
