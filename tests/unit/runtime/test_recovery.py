"""Recovery: the same state from the journal alone and from a snapshot with its tail; and what cannot be applied."""

import asyncio
import shutil
from pathlib import Path
from types import ModuleType

import pytest

from exchange.core import encoding, interpreted
from exchange.core.engine import ROWS, Engine
from exchange.core.matching import cold
from exchange.messages import markets, words
from exchange.messages.orders import Side
from exchange.messages.rejects import RejectCode
from exchange.ops import quarantine
from exchange.runtime import keeping, recovery, sequencer
from exchange.runtime.sequencer import Applied
from journal.errors import CorruptJournal
from journal.quarantine import quarantined
from journal.writer import Journal
from snapshots.store import list_snapshots
from tests.unit.audit.steps import take_snapshot
from tests.venue import Venue, limit, listing

FATAL_PRICE = 4_444


class NoHistory:
    """A read model that is always durable."""

    def durable_seq(self) -> int:
        return 1 << 60


async def trade(venue: Venue, rounds: int, begin: int = 0) -> None:
    for number in range(begin, begin + rounds):
        await venue.place(
            limit(number % 4, Side.SELL, 5_000_000 + number % 7, 3, f"s{number}"),
            limit((number + 1) % 4, Side.BUY, 5_000_000 + number % 5, 2, f"b{number}"),
        )


def test_snapshots_on_the_way_change_nothing(tmp_path: Path) -> None:
    async def scenario() -> tuple[str, int]:
        last: list[Applied] = []

        def publish(applied: Applied, events: list[words.AnyWords]) -> None:
            last.append(applied)
            keeper.on_batch(applied)
            if keeper.writer.is_running:
                # A test does not race its child: each snapshot is whole before the next batch.
                keeper.take(keeper.writer.wait())
                keeper.publish_if_durable()

        venue = Venue(tmp_path, publish)
        keeper = keeping.SnapshotKeeper(
            tmp_path / "snapshots",
            venue.engine,
            venue.journal.journal_id,
            NoHistory(),
            lambda: iter(()),
            every=10,
            keep=3,
            report=pytest.fail,
        )
        async with venue:
            await venue.send(listing())
            await trade(venue, 30)
        keeper.finish(last[-1])
        return venue.state_hash, venue.engine.seq

    state_hash, seq = asyncio.run(scenario())
    assert len(list_snapshots(tmp_path / "snapshots")) == 3
    whole = Venue(tmp_path)
    assert (whole.state_hash, whole.engine.seq, whole.snapshot_seq) == (state_hash, seq, seq)
    whole.journal.close()
    for path in sorted(list_snapshots(tmp_path / "snapshots"))[1:]:
        path.unlink()
    tail = Venue(tmp_path)
    assert tail.state_hash == state_hash
    assert 0 < tail.snapshot_seq < seq
    tail.journal.close()
    shutil.rmtree(tmp_path / "snapshots")
    genesis = Venue(tmp_path)
    assert (genesis.state_hash, genesis.snapshot_seq) == (state_hash, 0)
    genesis.journal.close()


def test_a_restored_venue_has_the_same_future(tmp_path: Path) -> None:
    async def scenario(data: Path) -> str:
        async with Venue(data) as venue:
            if venue.engine.seq < 2:
                await venue.send(listing())
                await trade(venue, 20)
            else:
                await trade(venue, 20, 20)
            return venue.state_hash

    asyncio.run(scenario(tmp_path / "stopped"))
    stopped = asyncio.run(scenario(tmp_path / "stopped"))

    async def never() -> str:
        async with Venue(tmp_path / "never") as venue:
            await venue.send(listing())
            await trade(venue, 40)
            return venue.state_hash

    never_stopped = asyncio.run(never())
    # Journals have random ids and times of their own: what must be equal is the ledger and the book.
    assert stopped != never_stopped
    books = []
    for name in ("stopped", "never"):
        venue = Venue(tmp_path / name)
        cells = cells_of(venue)
        books.append((cells, venue.engine.state.matching.next_order_id))
        venue.journal.close()
    assert books[0] == books[1]


def cells_of(venue: Venue) -> list[tuple[int, ...]]:
    return list(cold.all_cells(venue.engine.state.matching))


@pytest.fixture
def broken_core(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The core, uncompiled, failing an assertion on any order with a certain price that it has already accepted."""
    matching = interpreted.load("matching.matching").Matching
    enter = matching.enter

    def fail(self: object, at: int, row: object, market: object) -> None:
        assert row.price != FATAL_PRICE, "broken on purpose"  # type: ignore[attr-defined]
        enter(self, at, row, market)

    monkeypatch.setattr(matching, "enter", fail)
    engine = interpreted.load("engine")
    monkeypatch.setattr(recovery, "Engine", engine.Engine)
    monkeypatch.setattr(recovery, "encoding", interpreted.load("encoding"))
    monkeypatch.setattr("exchange.runtime.sequencer.timers", interpreted.load("timers"))
    return engine


def crash(tmp_path: Path) -> int:
    """Run a venue into the fatal order, with commands before and behind it in the same batch; returns its seq."""

    async def scenario() -> int:
        venue = Venue(tmp_path)
        running = asyncio.create_task(venue.sequencer.run())
        await venue.send(listing())
        before = venue.engine.seq
        rows = [limit(0, Side.SELL, 5_000_000 + number, 1, f"{number}") for number in range(9)]
        rows[4] = limit(1, Side.BUY, FATAL_PRICE, 1, "fatal")
        answers = [venue.sequencer.submit_row(row) for row in rows]
        with pytest.raises(AssertionError, match="broken on purpose"):
            await running
        venue.journal.close()
        for answer in answers:
            with pytest.raises(sequencer.Failed):
                await answer
        return before + 5

    return asyncio.run(scenario())


def test_recovery_names_the_entry_on_which_the_core_fails_and_the_command_that_helps(
    tmp_path: Path, broken_core: ModuleType
) -> None:
    fatal = crash(tmp_path)
    with pytest.raises(recovery.EngineFailed) as caught:
        Venue(tmp_path)
    assert caught.value.seq == fatal
    assert f"run.py quarantine {tmp_path / 'journal'} {fatal} --reason" in str(caught.value)
    assert "PLACE in market 1 by account 17" in str(caught.value)


def test_a_replay_names_the_same_entry_in_whatever_frame_it_stands(tmp_path: Path, broken_core: ModuleType) -> None:
    fatal = crash(tmp_path)
    engine = broken_core.Engine(b"a secret of test")
    with pytest.raises(recovery.EngineFailed, match="PLACE in market 1 by account 17") as caught:
        list(recovery.replay(tmp_path / "journal", engine))
    assert caught.value.seq == fatal == engine.at_seq


def test_a_replay_ends_behind_the_frame_that_holds_the_entry_asked_for(tmp_path: Path) -> None:
    async def scenario() -> list[int]:
        async with Venue(tmp_path) as venue:
            await venue.send(listing())
            ends = []
            for number in range(5):
                await trade(venue, 1, number)
                ends.append(venue.engine.seq)
            return ends

    ends = asyncio.run(scenario())
    for to, end in ((ends[1], ends[1]), (ends[1] + 1, ends[2]), (ends[2] - 1, ends[2]), (10**9, ends[4])):
        engine = Engine(b"a secret of test")
        assert list(recovery.replay(tmp_path / "journal", engine, to=to))[-1] == engine.seq == end
        assert engine.state.now_ns, "the stamp of what was applied last"


def test_a_frame_that_says_more_commands_than_it_has_is_not_taken_for_applied(tmp_path: Path) -> None:
    with Journal.create(tmp_path / "journal", created_ns=1, segment_bytes=1 << 20) as journal:
        recovery.begin_journal(journal, 1)
        journal.append([(ROWS, 1, 2, 2, limit(0, Side.SELL, 5_000_000, 1, "one"))], 2, 1)
    with pytest.raises(recovery.EngineFailed, match="came to command 2 behind frames that end at 3"):
        list(recovery.replay(tmp_path / "journal", Engine(b"a secret of test")))


def test_a_quarantined_entry_is_parked_and_everything_around_it_is_intact(
    tmp_path: Path, broken_core: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    fatal = crash(tmp_path)
    assert quarantine.main([str(tmp_path), str(fatal), "--reason", "a test"]) == 0
    assert list(quarantined(tmp_path / "journal")) == [fatal]

    async def scenario() -> None:
        async with Venue(tmp_path) as venue:
            assert venue.engine.seq == fatal + 4
            state = venue.engine.state
            assert state.matching.markets[0].status == 4, "its market only lets cancel"
            assert venue.engine.state.matching.next_order_id == 5, "the four orders before it were accepted"
            answer = (await venue.place(limit(0, Side.SELL, 5_000_000, 1, "after")))[0]
            assert isinstance(answer.events[0], words.Rejected)
            assert answer.events[0].code == RejectCode.MARKET_CLOSED
            await venue.send([markets.SetMarketStatus(0, 1, 1)])
            answer = (await venue.place(limit(0, Side.SELL, 5_000_000, 1, "resumed")))[0]
            assert isinstance(answer.events[0], words.Accepted)

    asyncio.run(scenario())


def test_an_entry_that_was_applied_is_never_quarantined(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def scenario() -> int:
        async with Venue(tmp_path) as venue:
            await venue.send(listing())
            answers = await venue.place(limit(0, Side.SELL, 5_000_000, 1, "kept"))
            await venue.place(limit(0, Side.SELL, 5_000_000, 1, "later"))
            return answers[0].seq

    seq = asyncio.run(scenario())
    assert quarantine.main([str(tmp_path), str(seq), "--reason", "no"]) == 1
    assert "was applied" in capsys.readouterr().err
    assert quarantined(tmp_path / "journal") == {}


def test_the_venue_sets_one_entry_aside_by_itself_and_not_a_second_one_so_soon(
    tmp_path: Path, broken_core: ModuleType
) -> None:
    fatal = crash(tmp_path)
    directory, snapshots = tmp_path / "journal", tmp_path / "snapshots"
    with Journal.open_for_append(directory) as journal:
        with pytest.raises(recovery.EngineFailed) as caught:
            recovery.recover(directory, snapshots, journal.journal_id)
        assert recovery.quarantine_itself(journal, directory, snapshots, caught.value)
        assert recovery.recover(directory, snapshots, journal.journal_id).engine.seq == fatal + 4
        soon = recovery.EngineFailed(fatal + 9_999, "another", directory, AssertionError())
        assert not recovery.quarantine_itself(journal, directory, snapshots, soon)
    assert list(quarantined(directory)) == [fatal]


def test_incident_21_recovery_trusts_no_stored_hash_the_journal_must_have_come_to_the_snapshots_chain(
    tmp_path: Path,
) -> None:
    journal, snapshots = tmp_path / "journal", tmp_path / "snapshots"

    async def begin(rounds: int) -> Venue:
        async with Venue(tmp_path) as venue:
            await venue.send(listing())
            await trade(venue, rounds)
        return venue

    asyncio.run(begin(2))
    shutil.copytree(journal, tmp_path / "short")
    venue = asyncio.run(begin(2))
    seq, journal_id = venue.engine.seq, venue.journal.journal_id
    state = b"".join(encoding.sections(venue.engine.state))
    take_snapshot(snapshots, seq, journal_id, venue.journal.chain, state)
    assert recovery.recover(journal, snapshots, journal_id).snapshot_seq == seq
    # A disk that lied: the end of the journal is gone, and nothing in it tells.
    with pytest.raises(CorruptJournal, match=f"there is a snapshot of entry {seq}, but no frame"):
        recovery.recover(tmp_path / "short", snapshots, journal_id)
    shutil.rmtree(snapshots)
    snapshots.mkdir()
    take_snapshot(snapshots, seq, journal_id, bytes(32), state)
    with pytest.raises(CorruptJournal, match="was taken of another history"):
        recovery.recover(journal, snapshots, journal_id)
