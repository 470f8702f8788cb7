"""The audit as an auditor calls it: exit 0 only if all holds, and what does not hold is named."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from exchange.audit.audit import Wanted, agreement, check_chain, check_snapshots
from exchange.core import encoding
from exchange.messages.orders import Side
from exchange.ops import audit, verifier
from journal.reader import chain_at
from snapshots import store
from tests.unit.audit.steps import take_snapshot
from tests.venue import Venue, limit, listing


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A venue's directory: people trade, a snapshot is taken in between."""
    data: Path = tmp_path_factory.mktemp("audited") / "data"

    async def trade(first: int) -> None:
        venue = Venue(data)
        async with venue:
            if first == 0:
                await venue.send(listing())
            for number in range(first, first + 20):
                side = Side.BUY if number % 2 else Side.SELL
                await venue.place(limit(number % 3, side, 6_000_000 + number % 5, 10 + number, f"order {number}"))
            state = list(encoding.sections(venue.engine.state))
            seq = venue.engine.seq
        body = b"".join(state)
        chain = chain_at(data / "journal", seq)
        take_snapshot(data / "snapshots", seq, venue.journal.journal_id, chain, body)

    asyncio.run(trade(0))
    asyncio.run(trade(20))
    return data


def test_an_honest_venue_holds_and_says_so(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.main([str(data), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["holds"]
    assert {check["check"] for check in report["checks"]} == set(audit.SAID)
    seen = {check["check"]: check["seen"] for check in report["checks"]}
    assert seen["snapshots"] == {"snapshots": 2}
    assert seen["book"]["fills"] == seen["money"]["fills"] > 0
    assert audit.main([str(data), "--quiet"]) == 0
    assert "all of it holds" in capsys.readouterr().out


def test_a_flipped_bit_is_named_and_the_exit_code_is_1(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    segment = next((data / "journal").glob("*.tape"))
    content = bytearray(segment.read_bytes())
    content[4096 + 200] ^= 1
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / segment.name).write_bytes(content)
    assert audit.main([str(tmp_path), "--quiet"]) == 1
    said = capsys.readouterr().out
    assert "FAILS  chain" in said
    assert "corrupt journal" in said
    assert "NOT all of it holds" in said


def test_a_chain_value_that_somebody_kept_must_be_met(data: Path) -> None:
    journal = data / "journal"
    last = max(store.read_header(path).seq for path in store.list_snapshots(data / "snapshots"))
    kept = chain_at(journal, last)
    assert check_chain(Wanted(journal, None, heads={last: kept}), print).number == 0
    for lie in ({last: bytes(32)}, {last + 1000: kept}):
        assert check_chain(Wanted(journal, None, heads=lie), print).number == 1


@pytest.mark.parametrize("lie", ["state", "chain", "seq"])
def test_a_snapshot_of_another_state_or_history_is_found(data: Path, tmp_path: Path, lie: str) -> None:
    path = store.list_snapshots(data / "snapshots")[-1]
    snapshot = store.load(path)
    header = snapshot.header
    body = bytes(snapshot.state)
    if lie == "state":
        body = body[:-8] + bytes(8 - 1) + b"\1"
    chain = bytes(32) if lie == "chain" else header.chain
    seq = header.seq + 1_000 if lie == "seq" else header.seq
    take_snapshot(tmp_path, seq, header.journal_id, chain, body)
    outcome = check_snapshots(Wanted(data / "journal", tmp_path), print)
    assert outcome.number == 1, outcome
    assert check_snapshots(Wanted(data / "journal", data / "snapshots"), print).number == 0


def test_replays_that_do_not_agree_are_found(data: Path) -> None:
    outcome = check_snapshots(Wanted(data / "journal", None), print)
    assert agreement([outcome, outcome]).number == 0
    other = outcome._replace(check="other", facts=outcome.facts | {"events": "another history"})
    assert agreement([outcome, other]).number == 1


def test_problems_before_the_entry_asked_for_are_not_told(data: Path, tmp_path: Path) -> None:
    snapshot = store.load(store.list_snapshots(data / "snapshots")[0])
    header = snapshot.header
    take_snapshot(tmp_path, header.seq, header.journal_id, bytes(32), bytes(snapshot.state))
    assert check_snapshots(Wanted(data / "journal", tmp_path, from_seq=header.seq), print).number == 1
    assert check_snapshots(Wanted(data / "journal", tmp_path, from_seq=header.seq + 1), print).number == 0


def test_the_verifier_written_as_one_file_reaches_the_same_state(data: Path, tmp_path: Path) -> None:
    target = tmp_path / "verifier.pyz"
    assert verifier.main([str(target)]) == 0
    command = [sys.executable, "-I", "-S", str(target), str(data / "journal")]
    said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    facts = check_snapshots(Wanted(data / "journal", None), print).facts
    assert f"state hash {facts['state hash']}" in said
    assert list(tmp_path.iterdir()) == [target]
