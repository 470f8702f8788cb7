"""The verifier beside the journal it reads: same frames, same verdicts on damage, and a command line for auditors."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipapp
from pathlib import Path
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.core import encoding, engine
from exchange.ops.build import ROOT
from exchange.verifier import __main__ as verifier
from exchange.verifier import messagepack, words
from exchange.verifier.frames import Journal as Pass
from exchange.verifier.venue import Venue
from exchange.verifier.words import Broken
from journal import quarantine
from journal.errors import CorruptJournal
from journal.reader import read
from journal.writer import Journal
from tests import flows

SEGMENT_BYTES = 16_384
BROKEN_COMMAND = 90


def write_journal(directory: Path, *, steps: int = 40, seed: int = 4) -> engine.Engine:
    """Write a flow as a journal of several segments, one command quarantined; return the core that applied it."""
    venue = Venue([BROKEN_COMMAND])
    core = engine.Engine(b"k" * 16, {BROKEN_COMMAND: "test"})
    random = Random(seed)
    with Journal.create(directory, created_ns=flows.START_NS, segment_bytes=SEGMENT_BYTES) as journal:
        is_noted = False
        seeds = [random.randrange(1 << 32) for _ in range(steps)]
        for entry in flows.entries(flows.Knobs(2, 4, seed, 10, 3, 1_000, pegs=0.1), venue, seeds):
            first_seq = venue.seq + 1
            venue.apply(entry.kind, entry.payload, first_seq, entry.ts_ns)
            core.apply(entry.kind, entry.payload, first_seq, entry.ts_ns)
            applied_seq = min(first_seq - 1, BROKEN_COMMAND - 1) if not is_noted else first_seq - 1
            if venue.seq >= first_seq:
                content = (entry.kind, 1, first_seq, venue.seq - first_seq + 1, entry.payload)
                journal.append([content], entry.ts_ns, applied_seq)
            if venue.seq >= BROKEN_COMMAND and not is_noted:
                quarantine.quarantine_in(
                    journal, BROKEN_COMMAND, "broken on purpose", engine_version="test", created_ns=7
                )
                is_noted = True
    return core


def test_the_verifier_reads_what_the_journal_wrote_and_reaches_the_same_hash(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    core = write_journal(tmp_path)
    assert len(list(tmp_path.glob("*.tape"))) > 2
    assert verifier.main([str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert f"last seq {core.seq}\n" in said
    assert f"state hash {encoding.state_hash(core.state).hex()}\n" in said
    assert f"quarantined {BROKEN_COMMAND}: broken on purpose\n" in said
    assert set(re.findall(r"^sum of .* (-?\d+)$", said, re.MULTILINE)) == {"0"}
    assert "negative balances 0\n" in said


def test_it_is_one_file_that_needs_nothing_else(tmp_path: Path) -> None:
    """`python -m zipapp` of the package alone; run isolated, so that nothing of ours and nothing installed is found."""
    core = write_journal(tmp_path / "journal", steps=5)
    sources = tmp_path / "sources"
    shutil.copytree(ROOT / "exchange" / "verifier", sources / "exchange" / "verifier")
    archive = tmp_path / "verifier.pyz"
    zipapp.create_archive(sources, archive, main="exchange.verifier.__main__:run")
    command = [sys.executable, "-I", "-S", str(archive), str(tmp_path / "journal")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert encoding.state_hash(core.state).hex() in done.stdout, done.stderr
    assert done.returncode == 0
    bad = subprocess.run([*command[:-1], str(tmp_path / "nothing")], capture_output=True, text=True, check=False)
    assert bad.returncode == 1


def verdict_of_journal(directory: Path) -> list[tuple[int, bytes]] | None:
    try:
        return [(frame.header.first_seq, bytes(frame.payload)) for frame in read(directory, workers=0)]
    except CorruptJournal:
        return None


def verdict_of_verifier(directory: Path) -> list[tuple[int, bytes]] | None:
    try:
        return [(frame.header.first_seq, frame.payload) for frame in Pass(directory).frames()]
    except Broken:
        return None


def write_small(directory: Path, *, is_sealed: bool) -> Path:
    """Two batches of two frames, a note between them; sealed or as a crash leaves it."""
    journal = Journal.create(directory, created_ns=1, segment_bytes=8_192)
    journal.append([(2, 1, 1, 2, b"one, two"), (1, 1, 3, 1, bytes(range(21)))], 5, 0)
    journal.seal(applied_seq=3)
    journal.append([(1, 1, 4, 1, b"x" * 60)], 6, 3)
    journal.append([(1, 1, 5, 1, b"y" * 16), (1, 1, 6, 2, b"z" * 30)], 7, 4)
    path = directory / "00000000000000000001.tape"
    unsealed = path.read_bytes()
    if is_sealed:
        journal.seal(applied_seq=7)
    journal.close()
    if not is_sealed:
        path.write_bytes(unsealed)
    return path


@pytest.mark.parametrize("is_sealed", [True, False])
def test_every_damaged_byte_gets_the_verdict_that_the_journal_gives(tmp_path: Path, is_sealed: bool) -> None:
    """Torn or corrupt: two readers from one README, on every byte flipped and every place cut off."""
    path = write_small(tmp_path, is_sealed=is_sealed)
    whole = path.read_bytes()
    end = len(whole.rstrip(b"\0"))
    differing = []
    verdicts = set()
    for at in [*range(128), *range(4_096, end + 16)]:
        for damaged in (
            whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :],
            whole[:at] + bytes(len(whole) - at),
        ):
            path.write_bytes(damaged)
            ours, theirs = verdict_of_verifier(tmp_path), verdict_of_journal(tmp_path)
            verdicts.add(-1 if theirs is None else len(theirs))
            if ours != theirs:
                differing.append((at, ours, theirs))
    assert not differing, differing[:3]
    assert verdicts == {-1, 0, 1, 2, 3, 4, 5}


def test_a_command_that_was_applied_cannot_be_quarantined_for_the_verifier(tmp_path: Path) -> None:
    with Journal.create(tmp_path, created_ns=1, segment_bytes=8_192) as journal:
        journal.append([(2, 1, 1, 1, b"\x91\x91\x02")], 5, 0)
        journal.append([(2, 1, 2, 1, b"\x91\x91\x02")], 6, 1)
        journal.note(2, b'{"created_ns": 7, "engine_version": "0", "reason": "late", "seq": 1}')
    with pytest.raises(Broken, match="was applied"):
        list(Pass(tmp_path).frames())


@pytest.mark.parametrize("payload", [b"\x92\x91\x02\x91\x02", b"\x91\x92\x63\x00", b"\x01"])
def test_a_frame_that_does_not_hold_what_it_says_is_wrong(
    tmp_path: Path, payload: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    with Journal.create(tmp_path, created_ns=1, segment_bytes=8_192) as journal:
        journal.append([(2, 1, 1, 1, payload)], 5, 0)
    assert verifier.main([str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("wrong: ")


def test_a_ledger_that_does_not_add_up_is_told_at_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """The verifier checks itself: a fee taken and given to nobody is seen at once."""
    venue = Venue()
    venue.apply(flows.MESSAGES, flows.payload_of_messages(flows.simple_setup()), 1, flows.START_NS)
    fees = flows.payload_of_messages([[14, 0, 1, 0, 1_000, 1_000]])
    venue.apply(flows.MESSAGES, fees, venue.seq + 1, flows.START_NS)
    monkeypatch.setattr(words, "FEES", 5)
    rows = [flows.limit(1, 16, 1, 10, 5, 1), flows.limit(1, 17, 0, 10, 5, 1)]
    venue.state.accounts[5].orders = []
    add = venue.state.ledger.add
    monkeypatch.setattr(venue.state.ledger, "add", lambda account, *rest: None if account == 5 else add(account, *rest))
    with pytest.raises(Broken, match="changed the sum of asset"):
        venue.apply(flows.ROWS, flows.payload_of_rows(rows), venue.seq + 1, flows.START_NS)


VALUES = st.recursive(
    st.integers(-(1 << 63), (1 << 64) - 1) | st.text(max_size=70_000) | st.binary(max_size=300),
    lambda inner: st.lists(inner, max_size=20),
    max_leaves=30,
)


@settings(max_examples=200, derandomize=True, deadline=None, database=None)
@given(VALUES)
def test_messagepack_is_written_and_read_as_by_others(value: object) -> None:
    packed = messagepack.pack(value)
    assert packed == msgspec.msgpack.encode(value)
    assert messagepack.unpack(packed) == value


@pytest.mark.parametrize("length", [15, 16, 31, 32, 255, 256, 65_535, 65_536])
def test_messagepack_changes_form_at_the_same_lengths(length: int) -> None:
    for value in ("x" * length, b"x" * length, [7] * length):
        assert messagepack.pack(value) == msgspec.msgpack.encode(value)
        assert messagepack.unpack(messagepack.pack(value)) == value
