"""A quarantine note is durable, found by every reader, and never about an entry that may have been applied."""

from __future__ import annotations

from pathlib import Path

import pytest

from journal.errors import CorruptJournal, QuarantineRefused
from journal.frame import MESSAGES, QUARANTINE
from journal.quarantine import Note, decode_note, encode_note, quarantine, quarantine_in, quarantined
from journal.reader import read
from journal.verify import verify
from journal.writer import Journal


def make(directory: Path, *, applied: dict[int, int] | None = None, last: int = 60) -> None:
    """Write single commands 1 .. last; the frame of seq s says applied[s], or else that 20 were applied."""
    with Journal.create(directory, created_ns=1, segment_bytes=8192) as journal:
        for seq in range(1, last + 1):
            applied_seq = (applied or {}).get(seq, min(20, seq - 1))
            journal.append([(MESSAGES, 1, seq, 1, bytes(100))], seq, applied_seq)


def test_a_quarantine_is_found_by_its_seq_and_changes_no_command(tmp_path: Path) -> None:
    make(tmp_path)
    before = [(frame.header, bytes(frame.payload)) for frame in read(tmp_path)]
    chain = verify(tmp_path).chain
    note = quarantine(tmp_path, 21, "négative fee", engine_version="0.1", created_ns=7, known_applied_seq=20)
    assert quarantined(tmp_path) == {21: note} == {21: Note(21, "négative fee", "0.1", 7)}
    assert quarantined(tmp_path, 21) == {21: note}
    assert quarantined(tmp_path, 22) == {}
    assert [(frame.header, bytes(frame.payload)) for frame in read(tmp_path)] == before
    assert verify(tmp_path).chain == chain
    with Journal.open_for_append(tmp_path) as journal:
        journal.append([(MESSAGES, 1, 61, 1, b"goes on")], 61, 60)
    assert quarantined(tmp_path) == {21: note}


def test_a_note_is_found_by_who_starts_late(tmp_path: Path) -> None:
    make(tmp_path)
    quarantine(tmp_path, 60, "late", engine_version="1", created_ns=7)
    assert list(quarantined(tmp_path, 60)) == [60]
    assert list(quarantined(tmp_path, 59)) == [60]


def test_an_entry_that_a_later_frame_says_was_applied_is_refused(tmp_path: Path) -> None:
    make(tmp_path, applied={50: 30})
    for seq in (30, 21, 5, 1):
        with pytest.raises(QuarantineRefused, match=f"seq {seq} was applied: the frame at seq"):
            quarantine(tmp_path, seq, "no", engine_version="1", created_ns=7)
    assert quarantined(tmp_path) == {}
    quarantine(tmp_path, 31, "yes", engine_version="1", created_ns=7)


def test_a_seal_counts_as_evidence_too(tmp_path: Path) -> None:
    make(tmp_path)
    with Journal.open_for_append(tmp_path) as journal:
        journal.append([(MESSAGES, 1, 61, 1, b"")], 61, 20)
        journal.seal(applied_seq=61)
    with pytest.raises(QuarantineRefused, match=r"says so \(61\)"):
        quarantine(tmp_path, 61, "no", engine_version="1", created_ns=7)


def test_what_the_caller_knows_counts_too(tmp_path: Path) -> None:
    make(tmp_path)
    with pytest.raises(QuarantineRefused, match="the caller knows of seq 40"):
        quarantine(tmp_path, 40, "no", engine_version="1", created_ns=7, known_applied_seq=40)
    quarantine(tmp_path, 41, "yes", engine_version="1", created_ns=7, known_applied_seq=40)


def test_an_entry_that_is_not_there_or_quarantined_already_is_refused(tmp_path: Path) -> None:
    make(tmp_path)
    for seq in (0, 61):
        with pytest.raises(QuarantineRefused, match="not in the journal, which holds 1 to 60"):
            quarantine(tmp_path, seq, "no", engine_version="1", created_ns=7)
    with pytest.raises(QuarantineRefused, match="allowed are 1000"):
        quarantine(tmp_path, 60, "x" * 1001, engine_version="1", created_ns=7)
    quarantine(tmp_path, 60, "yes", engine_version="1", created_ns=7)
    with pytest.raises(QuarantineRefused, match="already"):
        quarantine(tmp_path, 60, "again", engine_version="1", created_ns=7)


def test_an_open_journal_can_be_given_its_note(tmp_path: Path) -> None:
    make(tmp_path)
    with Journal.open_for_append(tmp_path) as journal:
        quarantine_in(journal, 60, "by itself", engine_version="1", created_ns=7)
        journal.append([(MESSAGES, 1, 61, 1, b"")], 61, 59)
    assert list(quarantined(tmp_path)) == [60]


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"{}", b'{"seq": 1}', encode_note(Note(1, "", "", 0)).replace(b"1", b'"1"')]
)
def test_a_malformed_note_is_corruption(tmp_path: Path, payload: bytes) -> None:
    make(tmp_path, last=3)
    with pytest.raises(ValueError):
        decode_note(payload)
    with Journal.open_for_append(tmp_path) as journal:
        journal.note(QUARANTINE, payload)
    with pytest.raises(CorruptJournal):
        quarantined(tmp_path)


@pytest.mark.parametrize("seq", [0, 4, 99])
def test_a_note_about_a_command_that_is_not_before_it_is_corruption(tmp_path: Path, seq: int) -> None:
    make(tmp_path, last=3)
    with Journal.open_for_append(tmp_path) as journal:
        journal.note(QUARANTINE, encode_note(Note(seq, "", "", 0)))
    with pytest.raises(CorruptJournal, match=f"a note about seq {seq}"):
        quarantined(tmp_path)
