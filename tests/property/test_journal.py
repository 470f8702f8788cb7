"""Any batches come back as they went in; any flipped bit is seen; any tear keeps what was acknowledged."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journal.errors import CorruptJournal, JournalError
from journal.frame import MESSAGES, ROWS, FrameContent
from journal.reader import read
from journal.verify import verify
from journal.writer import Journal
from tests.fakes.disk import FakeDisk

HERE = Path("/journal")
SEGMENT_BYTES = 16 * 1024

payloads = st.integers(0, 1500).flatmap(lambda size: st.binary(min_size=min(size, 40), max_size=min(size, 40)).map(
    lambda start: start.ljust(size, b"\0")
))  # fmt: skip
frames = st.tuples(st.sampled_from([ROWS, MESSAGES]), st.integers(0, 2**32 - 1), st.integers(1, 2**32 - 1), payloads)
batches = st.lists(st.tuples(st.lists(frames, min_size=1, max_size=4), st.booleans()), min_size=1, max_size=12)

Batches = list[tuple[list[tuple[int, int, int, bytes]], bool]]


def write(disk: FakeDisk, given_batches: Batches) -> tuple[Journal, list[FrameContent]]:
    """Append the batches, some sealed; return the open journal and its frames as (kind, schema, seq, count, bytes)."""
    journal = Journal.create(HERE, created_ns=1, segment_bytes=SEGMENT_BYTES, journal_id=bytes(16), disk=disk)
    written: list[FrameContent] = []
    for number, (contents, sealed) in enumerate(given_batches):
        batch: list[FrameContent] = []
        seq = journal.next_seq
        for kind, schema, commands, payload in contents:
            batch.append((kind, schema, seq, commands, payload))
            seq += commands
        journal.append(batch, number, 0)
        written += batch
        if sealed:
            journal.seal()
    return journal, written


def found(disk: FakeDisk) -> list[FrameContent]:
    return [
        (f.header.kind, f.header.schema, f.header.first_seq, f.header.commands, bytes(f.payload))
        for f in read(HERE, workers=0, disk=disk)
    ]


@given(batches)
@settings(max_examples=60, deadline=None)
def test_what_goes_in_comes_out(given_batches: Batches) -> None:
    disk = FakeDisk()
    journal, written = write(disk, given_batches)
    assert found(disk) == written
    journal.close()
    report = verify(HERE, disk=disk)
    assert (report.frames, report.chain, report.torn_bytes) == (len(written), journal.chain, 0)


@given(batches, st.data())
@settings(max_examples=150, deadline=None)
def test_a_flipped_bit_is_seen_or_costs_no_sealed_command(given_batches: Batches, data: st.DataObject) -> None:
    disk = FakeDisk()
    journal, written = write(disk, given_batches)
    journal.close()
    path = data.draw(st.sampled_from(sorted(path for path in disk.names if path.suffix == ".tape")))
    used = len(disk.content(path).rstrip(b"\0"))
    offset = data.draw(st.integers(0, used - 1))
    disk.flip_bit(path, offset, data.draw(st.integers(0, 7)))
    try:
        came = found(disk)
    except CorruptJournal:
        return
    # Only the seal that stands last of all has nothing after it to show that it was once whole.
    assert came == written
    assert path == max(name for name in disk.names if name.suffix == ".tape")
    assert offset >= used - 128


@given(batches, st.lists(frames, min_size=1, max_size=4), st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
def test_a_tear_in_the_last_batch_keeps_all_before_it(
    given_batches: Batches, last: list[tuple[int, int, int, bytes]], seed: int
) -> None:
    disk = FakeDisk(seed)
    journal, written = write(disk, given_batches)
    batch: list[FrameContent] = []
    seq = journal.next_seq
    for kind, schema, commands, payload in last:
        batch.append((kind, schema, seq, commands, payload))
        seq += commands
    disk.fail_sync = disk.syncs + 1
    with pytest.raises(JournalError):
        journal.append(batch, 99, 0)
    # The bytes that the failed fsync dropped come back as unsynced ones, so that the seed can tear them.
    newest = max(name for name in disk.names if name.suffix == ".tape")
    file = disk.names[newest]
    file.pending.append((0, bytes(file.live)))
    disk.crash()
    disk.fail_sync = None
    reopened = Journal.open_for_append(HERE, disk=disk)
    came = found(disk)
    assert came[: len(written)] == written
    assert came == (written + batch)[: len(came)]
    assert reopened.next_seq == (came[-1][2] + came[-1][3])
