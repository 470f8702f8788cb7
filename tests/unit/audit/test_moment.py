"""The venue as of an entry, and what changed its balance sheet between two: whatever the entry's place in its frame."""

from itertools import pairwise
from pathlib import Path

import pytest

from exchange.audit.causes import CUSTOMERS, explained
from exchange.audit.moment import NoSuchEntry, moment
from exchange.audit.source import places
from exchange.core import encoding
from exchange.core.engine import Engine
from exchange.core.matching import codes
from exchange.ops import audit, inspect
from journal.writer import Journal
from tests.unit.audit.steps import flow, take_snapshot

JOURNAL_ID = bytes(range(16))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A flow as a data directory: frames of many commands, a snapshot in its middle."""
    data: Path = tmp_path_factory.mktemp("moment") / "data"
    steps, _ = flow(7, steps=60, wild_percent=10, waiting=0.2)
    core = Engine(b"k" * 16)
    with Journal.create(data / "journal", created_ns=1, segment_bytes=1 << 20, journal_id=JOURNAL_ID) as journal:
        for number, step in enumerate(steps):
            header, payload = step.frame
            content = (header.kind, 1, header.first_seq, header.commands, bytes(payload))
            chain = journal.append([content], header.ts_ns, header.first_seq - 1).chain
            core.apply(header.kind, bytes(payload), header.first_seq, header.ts_ns)
            if number == len(steps) // 2:
                state = b"".join(encoding.sections(core.state))
                (data / "snapshots").mkdir()
                take_snapshot(data / "snapshots", core.seq, journal.journal_id, chain, state)
    return data


def test_behind_every_entry_stands_what_a_replay_of_all_before_it_gives(data: Path) -> None:
    steps, core = flow(7, steps=60, wild_percent=10, waiting=0.2)
    with_snapshot = 0
    for step in [*steps[::4], steps[-1]]:
        first, last = step.frame.header.first_seq, step.last_seq
        told = 0
        for seq in range(first, last + 1):
            found = moment(data / "journal", data / "snapshots", seq)
            alone = moment(data / "journal", None, seq)
            assert found.engine.seq == alone.engine.seq == seq
            assert encoding.state_hash(found.engine.state) == encoding.state_hash(alone.engine.state)
            assert found.events == alone.events
            assert all(event.seq == seq for event in found.events)
            with_snapshot += found.snapshot_seq > 0
            told += len(found.events)
        assert told == len(list(places(step.words)))
    assert with_snapshot > 10
    last_of_all = moment(data / "journal", data / "snapshots", core.seq)
    assert encoding.state_hash(last_of_all.engine.state) == encoding.state_hash(core.state)


@pytest.mark.parametrize("seq", [0, -1, 10**6])
def test_an_entry_that_is_not_there_is_said_to_be_none(
    data: Path, seq: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(NoSuchEntry):
        moment(data / "journal", data / "snapshots", seq)
    assert inspect.main([str(data), str(seq)]) == 1
    assert "run.py inspect:" in capsys.readouterr().err


def test_inspect_tells_the_entry_its_events_an_account_and_a_book(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    steps, core = flow(7, steps=60, wild_percent=10, waiting=0.2)
    for step in steps:
        assert inspect.main([str(data), str(step.last_seq)]) == 0
        assert f"entry {step.last_seq} at 20" in capsys.readouterr().out
    assert inspect.main([str(data), str(core.seq), "--account", str(codes.FIRST_ACCOUNT), "--market", "1"]) == 0
    said = capsys.readouterr().out
    assert f"account {codes.FIRST_ACCOUNT}" in said
    assert "available" in said
    assert "market 1 " in said
    assert inspect.main([str(data), str(core.seq), "--market", "NOTHING"]) == 1


def test_every_change_of_the_balance_sheet_has_its_cause(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    steps, core = flow(7, steps=60, wild_percent=10, waiting=0.2)
    cuts = [0, steps[1].last_seq, steps[30].last_seq + 1, core.seq]
    for before, after in pairwise(cuts):
        lines = explained(data / "journal", data / "snapshots", before, after)
        assert not any(line.unexplained for line in lines)
        for line in lines:
            assert line.closing - line.opening == line.credit + line.debit + line.trade + line.fee + line.referral
    whole = explained(data / "journal", None, 0, core.seq)
    assert any(line.fee < 0 for line in whole if line.party == CUSTOMERS)
    assert any(line.credit for line in whole)
    assert audit.main(["diff", str(data), "0", str(core.seq)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "asset,party,opening,credit,debit,trade,fee,referral,closing,unexplained"
    assert len(said) == 1 + len(whole)


def test_a_change_without_a_cause_is_told(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _, core = flow(7, steps=60, wild_percent=10, waiting=0.2)
    monkeypatch.setattr("exchange.audit.causes.moved_by_fill", lambda step, at, register: iter(()))
    assert audit.main(["diff", str(data), "0", str(core.seq)]) == 1
    assert [line for line in capsys.readouterr().out.splitlines()[1:] if not line.endswith(",0")]
