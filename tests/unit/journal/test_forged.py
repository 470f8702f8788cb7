"""Headers with a right checksum that do not belong where they stand, and every single bit of a journal flipped."""

from __future__ import annotations

import struct
from hashlib import blake2b
from pathlib import Path
from zlib import crc32

import pytest

from journal.errors import CorruptJournal
from journal.frame import MESSAGES, NOTE, ROWS, next_chain
from journal.reader import read
from journal.writer import Journal
from tests.fakes.disk import FakeDisk

HERE = Path("/journal")
FIRST = HERE / "00000000000000000001.tape"
JOURNAL_ID = bytes(range(16))


def make(disk: FakeDisk, *, close: bool = False) -> Journal:
    """Write one batch of three frames, commands 1 to 3, stamped 50, in epoch 5."""
    journal = Journal.create(HERE, created_ns=1, segment_bytes=8192, epoch=5, journal_id=JOURNAL_ID, disk=disk)
    journal.append([(MESSAGES, 1, seq, 1, b"odd") for seq in (1, 2, 3)], 50, 0)
    if close:
        journal.close()
    else:
        disk.kill()
    return journal


def forge(journal: Journal, **changed: int | bytes) -> bytes:
    """Return a frame that would continue the batch as command 4, but for what is changed, with right checksums."""
    payload = b"forged!!"
    fields: dict[str, int | bytes] = {
        "magic": b"TAPF", "format_version": 1, "kind": ROWS, "schema": 1, "commands": 1, "payload_bytes": 8,
        "payload_checksum": crc32(payload), "epoch": 5, "batch_first_seq": 1, "first_seq": 4, "ts_ns": 50,
        "applied_seq": 0, "chain": bytes(32),
    }  # fmt: skip
    fields |= changed
    layout = "<4sHHIIIIQQQQQ32s"
    if "chain" not in changed:
        fields["chain"] = next_chain(journal.chain, struct.pack(layout, *fields.values()), payload)
    checked = struct.pack(layout, *fields.values())
    return checked + blake2b(checked, key=JOURNAL_ID, digest_size=32).digest() + payload


def put(disk: FakeDisk, offset: int, data: bytes) -> None:
    fd = disk.open_write(FIRST)
    disk.write(fd, [data], offset)
    disk.close(fd)


def test_the_forger_knows_the_format() -> None:
    disk = FakeDisk()
    journal = make(disk)
    put(disk, journal._position.offset, forge(journal))
    assert [bytes(frame.payload) for frame in read(HERE, workers=0, disk=disk)][3:] == [b"forged!!"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"format_version": 2}, "format version 2, this code reads 1"),
        ({"kind": 4}, "unknown kind 4"),
        ({"kind": 0}, "unknown kind 0"),
        ({"commands": 0}, "without commands"),
        ({"payload_bytes": 65_409}, "a payload of 65409 bytes"),
        ({"epoch": 4}, "epoch 4 after epoch 5"),
        ({"batch_first_seq": 2}, "a frame of batch 2 outside its batch"),
        ({"batch_first_seq": 5}, "a frame of batch 5 outside its batch"),
        ({"ts_ns": 51}, "a frame of batch 1 outside its batch"),
        ({"first_seq": 5}, "a frame that begins at seq 5"),
        ({"first_seq": 3}, "a frame that begins at seq 3"),
        ({"applied_seq": 4}, "applied_seq 4 in a frame that begins at 4"),
        ({"chain": bytes(32)}, "the hash chain is broken"),
        ({"kind": NOTE, "batch_first_seq": 4}, "a note that takes a seq"),
        ({"kind": NOTE, "commands": 0}, "a note that takes a seq"),
        ({"kind": NOTE, "commands": 0, "batch_first_seq": 4, "chain": bytes(32)}, "a note with another chain value"),
    ],
)
def test_a_whole_header_that_does_not_belong_there_is_corruption(changed: dict[str, int | bytes], words: str) -> None:
    disk = FakeDisk()
    journal = make(disk)
    put(disk, journal._position.offset, forge(journal, **changed))
    before = disk.content(FIRST)
    with pytest.raises(CorruptJournal, match=words):
        list(read(HERE, workers=0, disk=disk))
    with pytest.raises(CorruptJournal, match=words):
        Journal.open_for_append(HERE, disk=disk)
    assert disk.content(FIRST) == before


def test_frames_of_two_batches_after_a_bad_one_are_corruption_although_each_alone_could_be_torn() -> None:
    disk = FakeDisk()
    journal = make(disk)
    put(disk, 4096 + 136, bytes(128))
    assert len(list(read(HERE, workers=0, disk=disk))) == 1
    put(disk, journal._position.offset, forge(journal, batch_first_seq=2, first_seq=2))
    with pytest.raises(CorruptJournal, match="a bad frame before batch 2"):
        list(read(HERE, workers=0, disk=disk))


def test_a_torn_payload_that_holds_frames_of_this_very_journal_is_torn() -> None:
    # Somebody may store an excerpt of the journal in the journal: what lies inside a frame's extent is its payload.
    disk = FakeDisk()
    make(disk, close=True)
    excerpt = disk.content(FIRST)[4096 : 4096 + 4 * 136]
    with Journal.open_for_append(HERE, disk=disk) as journal:
        offset = journal._position.offset
        journal.append([(MESSAGES, 1, 4, 1, b"see: ..." + excerpt)], 60, 3)
        disk.kill()
        journal._closed = True
    put(disk, offset + 128, b"torn")
    assert len(list(read(HERE, workers=0, disk=disk))) == 3
    with Journal.open_for_append(HERE, disk=disk) as journal:
        assert journal.torn is not None
        assert journal.torn.offset == offset


def test_every_flipped_bit_of_a_sealed_journal_is_seen() -> None:
    disk = FakeDisk()
    journal = make(disk, close=True)
    seal = journal._position.offset - 128
    for offset in [*range(128), 128, 4095, *range(4096, seal + 128)]:
        bit = offset % 8
        disk.flip_bit(FIRST, offset, bit)
        if offset < seal:
            with pytest.raises(CorruptJournal):
                list(read(HERE, workers=0, disk=disk))
        else:
            # The seal stands last, so it may be torn; the commands before it are whole.
            assert len(list(read(HERE, workers=0, disk=disk))) == 3
        disk.flip_bit(FIRST, offset, bit)
    assert len(list(read(HERE, workers=0, disk=disk))) == 3
