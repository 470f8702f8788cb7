"""What an account had when days ended is what an engine says that stops there."""

from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from exchange.audit.days import NS_PER_DAY, day_ends
from exchange.core import encoding
from exchange.core.engine import Engine
from exchange.ops.days import holdings
from journal.writer import Journal
from tests.unit.audit.steps import flow, take_snapshot

JOURNAL_ID = bytes(range(16))
FIRST_DAY = 20_000
ACCOUNT = 16
# Some days have many entries, some none.
DAYS = [FIRST_DAY + number // 9 * 2 for number in range(80)]


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[int, Any]]:
    """A data directory whose entries span days, several segments and a snapshot; and the account at the end of each."""
    data: Path = tmp_path_factory.mktemp("days") / "data"
    steps, _ = flow(11, steps=len(DAYS) - 1, wild_percent=10)
    core = Engine(b"k" * 16)
    expected = {}
    chain = b""
    created_ns = FIRST_DAY * NS_PER_DAY
    with Journal.create(
        data / "journal", created_ns=created_ns, segment_bytes=1 << 14, journal_id=JOURNAL_ID
    ) as journal:
        for day, group in groupby(zip(DAYS, steps, strict=False), key=lambda pair: pair[0]):
            for number, (_, step) in enumerate(group):
                header, payload = step.frame
                # The first comes with midnight, and nothing of a day with the last nanosecond before.
                ts_ns = day * NS_PER_DAY + number
                content = (header.kind, 1, header.first_seq, header.commands, bytes(payload))
                chain = journal.append([content], ts_ns, header.first_seq - 1).chain
                core.apply(header.kind, bytes(payload), header.first_seq, ts_ns)
            expected[day] = expected[day + 1] = holdings(core.state, ACCOUNT)
            if day == FIRST_DAY + 8:
                state = b"".join(encoding.sections(core.state))
                (data / "snapshots").mkdir()
                take_snapshot(data / "snapshots", core.seq, journal.journal_id, chain, state)
    assert len(list((data / "journal").glob("*.tape"))) > 2
    return data, expected


@pytest.mark.parametrize(("first", "last"), [(0, 17), (-5, 3), (3, 3), (4, 4), (9, 12), (17, 17), (18, 19), (5, 4)])
def test_days_end_as_an_engine_that_stops_there(venue: tuple[Path, dict[int, Any]], first: int, last: int) -> None:
    data, expected = venue
    found = {
        day: holdings(state, ACCOUNT)
        for day, state in day_ends(data / "journal", data / "snapshots", FIRST_DAY + first, FIRST_DAY + last)
    }
    newest = max(expected)
    wanted = range(FIRST_DAY + max(first, 0), FIRST_DAY + last + 1)
    assert found == {day: expected[min(day, newest)] for day in wanted}


def test_an_account_has_something_and_not_always_the_same(venue: tuple[Path, dict[int, Any]]) -> None:
    _, expected = venue
    assert len({str(each) for each in expected.values()}) > 3
    assert all(each["balances"] for day, each in expected.items() if day > FIRST_DAY + 1)


def test_a_replay_goes_from_the_snapshot_to_the_last_day_that_is_asked_for(
    venue: tuple[Path, dict[int, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    data, _ = venue
    (snapshot,) = (data / "snapshots").iterdir()
    applied = []
    real = Engine.apply

    def apply(self: Engine, kind: int, payload: bytes, first_seq: int, ts_ns: int) -> None:
        applied.append(first_seq)
        real(self, kind, payload, first_seq, ts_ns)

    monkeypatch.setattr(Engine, "apply", apply)
    list(day_ends(data / "journal", data / "snapshots", FIRST_DAY + 10, FIRST_DAY + 10))
    (count,) = {len(applied)}
    assert min(applied) == int(snapshot.name[:20]) + 1
    list(day_ends(data / "journal", data / "snapshots", FIRST_DAY + 10, FIRST_DAY + 16))
    assert len(applied) > 3 * count
