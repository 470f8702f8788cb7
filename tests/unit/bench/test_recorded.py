"""A recorded journal as a workload: rows and messages in their frames, the same end, nothing where there is none."""

from pathlib import Path

import pytest

from bench import measure, pipeline, recorded, rows, venue, workloads
from bench.measure import Options
from bench.replay import Hasty
from bench.shape import QUOTE_FUNDS, START_NS, Funding, Shape
from exchange.core.engine import MESSAGES, ROWS
from exchange.core.matching import codes
from exchange.messages import registry, transfers
from exchange.ops import bench as command
from exchange.runtime import recovery
from journal.quarantine import quarantine_in
from journal.writer import Journal

ALICE = codes.FIRST_ACCOUNT
SMALL = Shape(1, 50, 500, accounts=20)


def write(directory: Path) -> tuple[int, int]:
    """A journal with a batch that holds rows, a message, and rows again; returns its commands and rows."""
    shape = Shape(1, 0, 0, accounts=2)
    setup = [venue.genesis(), *venue.setup(shape, [Funding(ALICE, 1, QUOTE_FUNDS)])]
    bids = [
        rows.place(1, ALICE, codes.BUY, codes.LIMIT, codes.GTC, 100, 1, rows.packed_id(f"bid {number}"))
        for number in range(4)
    ]
    credit = registry.encode_commands([transfers.Credit(0, "more", ALICE, 1, 5)])
    with Journal.create(directory, created_ns=1, segment_bytes=1 << 20, journal_id=bytes(16), disk=Hasty()) as journal:
        journal.append([(MESSAGES, 1, 1, len(setup), registry.encode_commands(setup))], START_NS, 0)
        seq = journal.next_seq
        mixed = [
            (ROWS, 1, seq, 2, bids[0] + bids[1]),
            (MESSAGES, 1, seq + 2, 1, credit),
            (ROWS, 1, seq + 3, 1, bids[2]),
        ]
        journal.append(mixed, START_NS + 1, 0)
        journal.append([(ROWS, 1, journal.next_seq, 1, bids[3])], START_NS + 1, 0)
    return len(setup) + 5, 4


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(workloads, "FOLDER", tmp_path / "build")
    (tmp_path / "build").mkdir()
    monkeypatch.setattr(recorded, "ONE_MARKET", SMALL)
    return tmp_path


def test_rows_and_messages_of_a_record_come_again_in_their_batches(folder: Path) -> None:
    commands, of_rows = write(folder / "data/journal")
    record = recorded.load(folder / "data")
    assert (record.commands, record.rows) == (commands, of_rows)
    assert [[content[0] for content in contents] for contents, _ in record.batches] == [
        [MESSAGES],
        [ROWS, MESSAGES, ROWS],
        [ROWS],
    ]
    figures = recorded.run(folder / "data", Options(rounds=2))
    assert [figure.name for figure in figures] == [
        "journal data, apply, in memory",
        "journal data, replay, page cache",
        "journal data, pipeline, fdatasync",
    ]
    assert len({figure.state_hash for figure in figures}) == 1
    engine = record.open_filled()
    for _ in recovery.replay(folder / "data/journal", engine):
        pass
    assert venue.final_hash(engine) == figures[0].state_hash
    assert figures[0].details["frame_latency"]["count"] == 5
    assert figures[2].details["seen"] == f"{commands} commands, {of_rows} of them rows, in 3 batches"


def test_a_run_that_leaves_a_command_out_gives_no_figure(folder: Path) -> None:
    write(folder / "data/journal")
    record = recorded.load(folder / "data")
    expected = pipeline.core_alone(record, record.batches).state_hash
    with pytest.raises(measure.WrongState):
        recorded.replay_figure("x", record, "another", Options(rounds=1))
    with pytest.raises(measure.WrongState):
        measure.checked(pipeline.timed(record, record.batches[:-1]), expected, "without the last batch")


def test_an_entry_that_was_set_aside_is_not_applied(folder: Path) -> None:
    write(folder / "data/journal")
    record = recorded.load(folder / "data")
    whole = pipeline.core_alone(record, record.batches).state_hash
    with Journal.open_for_append(folder / "data/journal") as journal:
        last = journal.next_seq - 1
        quarantine_in(journal, last, "a test", engine_version="0", created_ns=START_NS, known_applied_seq=0)
    record = recorded.load(folder / "data")
    assert pipeline.core_alone(record, record.batches).state_hash != whole
    engine = record.open_filled()
    for _ in recovery.replay(folder / "data/journal", engine):
        pass
    assert pipeline.core_alone(record, record.batches).state_hash == venue.final_hash(engine)


def test_where_there_is_no_journal_the_command_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(venue, "is_compiled", lambda: True)
    assert command.main(["--journal", str(folder / "nowhere")]) == 1
    assert "nowhere" in capsys.readouterr().err
    write(folder / "data/journal")
    page = folder / "page.html"
    assert command.main(["--journal", str(folder / "data"), "--quick", "--rounds", "1", "--html", str(page)]) == 0
    assert "journal data, replay" in capsys.readouterr().out
    assert "journal data, apply, in memory" in page.read_text()
