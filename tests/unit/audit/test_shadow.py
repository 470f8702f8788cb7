"""The release gate: an old journal gives the events that were recorded with it, or the difference is shown."""

import shutil
from pathlib import Path

import pytest

from exchange.audit import shadow as gate
from exchange.core.matching import codes
from exchange.ops import shadow
from exchange.ops.build import ROOT
from journal.writer import Journal
from tests.unit.audit.steps import flow

GOLDEN = ROOT / "tests" / "golden" / "journals"
JOURNAL_ID = bytes(range(16))


def write(directory: Path, seed: int, steps: int) -> None:
    """A plain flow as a journal: no command in it that a release does not know."""
    told, _ = flow(seed, steps=steps, wild_percent=0, waiting=0.2)
    with Journal.create(directory, created_ns=1, segment_bytes=1 << 17, journal_id=JOURNAL_ID) as journal:
        for step in told:
            header, payload = step.frame
            content = (header.kind, 1, header.first_seq, header.commands, bytes(payload))
            journal.append([content], header.ts_ns, header.first_seq - 1)


@pytest.mark.parametrize("release", sorted(path.name for path in GOLDEN.iterdir()))
def test_a_release_is_replayed_as_it_was(release: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert shadow.main([str(GOLDEN / release)]) == 0
    assert "the same events and the same state" in capsys.readouterr().out


def test_there_is_a_journal_of_a_release() -> None:
    assert list(GOLDEN.glob("*/journal/*.tape"))
    assert all((path / gate.RECORD).exists() for path in GOLDEN.iterdir())


def test_a_change_of_events_is_shown_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gate, "COMMANDS_IN_GROUP", 20)
    write(tmp_path / "journal", 3, 40)
    assert shadow.main([str(tmp_path), "--record"]) == 0
    assert shadow.main([str(tmp_path)]) == 0
    record = tmp_path / gate.RECORD
    kept = record.read_text().splitlines()
    assert len(kept) > 4
    seqs = [line.split()[0] for line in kept]
    lies = [
        ([*kept[:2], f"{seqs[2]} {'0' * 32}", *kept[3:]], f"behind entry {seqs[1]}, up to {seqs[2]}: other events"),
        ([*kept[:2], *kept[3:]], f"behind entry {seqs[1]}, up to {seqs[2]}: the record has no such group"),
        ([*kept[:-1], f"9999 {'0' * 32}", kept[-1]], "the journal ends before its record"),
        ([*kept[:-1], f"state {'0' * 64}"], "another state"),
    ]
    capsys.readouterr()
    for lines, told in lies:
        record.write_text("\n".join(lines) + "\n")
        assert shadow.main([str(tmp_path)]) == 1
        assert told in capsys.readouterr().out


def test_an_unguarded_change_of_a_rule_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fee that is reckoned otherwise: here by telling the cold part other ppm."""
    write(tmp_path / "journal", 3, 40)
    assert shadow.main([str(tmp_path), "--record"]) == 0
    monkeypatch.setattr(codes, "TIERS", 1)
    assert shadow.main([str(tmp_path)]) == 1


@pytest.mark.parametrize("text", ["", "1\n", "one two\n", "1 aa\n2 bb\n"])
def test_what_is_no_record_is_refused(tmp_path: Path, text: str) -> None:
    shutil.copytree(next(GOLDEN.iterdir()), tmp_path / "data")
    (tmp_path / "data" / gate.RECORD).write_text(text)
    with pytest.raises(gate.NoRecord):
        gate.compare(tmp_path / "data" / "journal", tmp_path / "data" / gate.RECORD)
    assert shadow.main([str(tmp_path / "data")]) == 1
