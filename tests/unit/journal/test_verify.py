"""The whole journal hashed anew, and held against heads from outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from journal.disk import REAL_DISK
from journal.errors import CorruptJournal
from journal.frame import MESSAGES, genesis_chain, next_chain
from journal.quarantine import quarantine_in
from journal.reader import chain_at, read
from journal.segment import encode_segment_header, read_segment
from journal.verify import verify
from journal.writer import Journal


def make(directory: Path, batches: int = 40) -> dict[int, bytes]:
    """Write batches of two commands each; return the chain values by seq."""
    heads = {}
    with Journal.create(directory, created_ns=77, segment_bytes=8192, journal_id=b"sixteen bytes id") as journal:
        for seq in range(1, 2 * batches, 2):
            end = journal.append([(MESSAGES, 1, seq, 2, bytes([seq]) * 150)], seq, 0)
            heads[end.last_seq] = end.chain
            if seq == 9:
                journal.seal()
                quarantine_in(journal, 4, "made the engine fail", engine_version="1", created_ns=5)
    return heads


def test_the_report_says_what_stands_in_the_journal(tmp_path: Path) -> None:
    heads = make(tmp_path)
    seen: list[int] = []
    report = verify(tmp_path, heads=heads, progress=seen.append)
    assert report._asdict() == {
        "journal_id": b"sixteen bytes id",
        "created_ns": 77,
        "segments": len(list(tmp_path.glob("*.tape"))),
        "frames": 40,
        "commands": 80,
        "first_seq": 1,
        "last_seq": 80,
        "seals": 2,
        "quarantines": 1,
        "chain": heads[80],
        "torn_bytes": 0,
    }
    assert report.segments > 2
    assert seen[-1] == 80


def test_an_empty_journal_verifies(tmp_path: Path) -> None:
    Journal.create(tmp_path, created_ns=77, segment_bytes=8192).close()
    report = verify(tmp_path)
    assert (report.commands, report.last_seq, report.chain) == (0, 0, genesis_chain(report.journal_id, 77))
    assert verify(tmp_path, heads={0: report.chain}) == report


def test_a_head_with_another_chain_value_is_refused(tmp_path: Path) -> None:
    heads = make(tmp_path)
    with pytest.raises(CorruptJournal, match="the chain value at seq 40 is not the head's"):
        verify(tmp_path, heads=heads | {40: bytes(32)})
    with pytest.raises(CorruptJournal, match="seq 0 is not the head's"):
        verify(tmp_path, heads={0: bytes(32)})


def test_an_acknowledged_suffix_that_is_gone_is_seen_against_a_head(tmp_path: Path) -> None:
    heads = make(tmp_path / "long")
    make(tmp_path / "short", 39)
    assert verify(tmp_path / "short").last_seq == 78
    with pytest.raises(CorruptJournal, match="a head names seq 80, but the journal ends before it"):
        verify(tmp_path / "short", heads=heads)
    with pytest.raises(CorruptJournal, match="a head names seq 7, but no frame ends there"):
        verify(tmp_path / "short", heads={7: bytes(32)})


def test_a_stored_chain_value_at_the_head_of_a_segment_is_not_trusted(tmp_path: Path) -> None:
    make(tmp_path)
    for path, words in zip(sorted(tmp_path.glob("*.tape")), ("genesis", "another chain value"), strict=False):
        data = path.read_bytes()
        forged = read_segment(REAL_DISK, path)._replace(chain=bytes(32))
        path.write_bytes(encode_segment_header(forged) + data[4096:])
        with pytest.raises(CorruptJournal, match=words):
            verify(tmp_path)
        path.write_bytes(data)
    verify(tmp_path)


def test_the_chain_is_what_the_readme_says(tmp_path: Path) -> None:
    heads = make(tmp_path, 2)
    data = (tmp_path / "00000000000000000001.tape").read_bytes()
    chain = genesis_chain(b"sixteen bytes id", 77)
    first = data[4096 : 4096 + 128 + 300]
    chain = next_chain(chain, first[:128], first[128:278])
    assert chain == heads[2] == chain_at(tmp_path, 2)


def test_a_payload_whose_checksum_was_never_its_own_is_told_by_verify(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("journal.frame.crc32", lambda payload: 7)
    with Journal.create(tmp_path, created_ns=1) as journal:
        journal.append([(MESSAGES, 1, 1, 1, b"payload")], 1, 0)
    # The chain covers both, so what is there is what was written.
    assert [bytes(frame.payload) for frame in read(tmp_path)] == [b"payload"]
    with pytest.raises(CorruptJournal, match="checksum was never its own"):
        verify(tmp_path)
