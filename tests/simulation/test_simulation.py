"""The simulator: crash after crash nothing is lost; it is not blind, and it finds the bugs that are planted."""

from collections import Counter
from typing import Any

import pytest

from exchange.core import encoding
from exchange.core.engine import Engine
from exchange.ops import sim
from journal import beside, scan, writer
from journal.scan import Verdict
from tests.simulation import world
from tests.simulation.world import FAULTS, LyingDisk, World

MUST_HAPPEN = (
    *{fault.__name__ for fault in FAULTS},
    *("torn tails", "durable though nobody was told", "writes that failed", "flips refused"),
    *("lies that the list reported", "snapshots with their tails"),
)


@pytest.mark.parametrize(("rounds", "minutes"), [(2_000, 4), pytest.param(1_000_000, 60 * 24, marks=pytest.mark.long)])
@pytest.mark.timeout(60 * 60 * 24)
def test_crash_after_crash_nothing_that_was_acknowledged_is_lost(rounds: int, minutes: float) -> None:
    happened, failures = sim.simulate(1, minutes * 60, rounds)
    for each in failures:
        sim.tell(each)
    assert not failures
    assert happened["recoveries"] >= rounds
    assert [what for what in MUST_HAPPEN if not happened[what]] == []


@pytest.mark.parametrize("first", [0, 12])
def test_in_a_few_worlds_nothing_fails(first: int) -> None:
    for seed in range(first, first + 12):
        assert not sim.failure(seed, world.plan(seed), Counter()), seed


def fails(seeds: int = 40) -> str:
    """The first failure of some worlds."""
    for seed in range(seeds):
        problem = sim.failure(seed, world.plan(seed), Counter())
        if problem:
            return problem
    return ""


def test_a_disk_that_always_lies_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LyingDisk, "fdatasync", lambda disk, fd: None)
    assert fails()


def test_a_writer_that_does_not_wait_for_the_disk_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    real = beside.put

    def hasty(disk: Any, fd: int, *rest: Any) -> bytes:
        lies, disk.lies = disk.lies, True
        try:
            return real(disk, fd, *rest)
        finally:
            disk.lies = lies

    monkeypatch.setattr(writer, "put", hasty)
    assert "acknowledged and not there" in fails()


def test_a_reader_that_calls_damage_torn_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    real = scan.judge

    def lenient(*given: Any, **named: Any) -> Verdict:
        verdict = real(*given, **named)
        return Verdict(verdict.torn_bytes, None)

    monkeypatch.setattr("journal.walk.judge", lenient)
    assert "nobody was told" in fails(200)


def test_a_snapshot_that_forgets_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    real = encoding.restore

    def forgetful(secret: bytes, state: bytes) -> Any:
        found = real(secret, state)
        found.timers.clear()
        found.requests.clear()
        return found

    monkeypatch.setattr(encoding, "restore", forgetful)
    assert "give another state" in fails()


def test_an_engine_that_forgets_what_was_set_aside_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Engine.__init__
    monkeypatch.setattr(Engine, "__init__", lambda engine, secret, notes=None: real(engine, secret))
    assert fails()


def test_a_failure_is_made_small_and_can_be_repeated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(World, "killed", lambda given, chance: 1 // 0)
    monkeypatch.setattr(world, "FAULTS", (World.power_cut, World.killed))
    monkeypatch.setattr(sim, "FAILURES", (ZeroDivisionError,))
    seed = next(seed for seed in range(20) if sim.failure(seed, world.plan(seed), Counter()))
    sim.tell(sim.Failure(seed, "planted"))
    line = capsys.readouterr().out.splitlines()[-1]
    assert line.startswith(f"  python3 run.py sim --seed {seed} --plan ")
    kept = line.rpartition(" ")[2]
    assert "," not in kept
    assert sim.main(["--seed", str(seed), "--plan", kept]) == 1
    monkeypatch.undo()
    assert sim.main(["--seed", str(seed), "--plan", kept]) == 0


def test_the_same_seed_is_the_same_world() -> None:
    told = []
    for _ in range(2):
        happened: Counter[str] = Counter()
        world.run(5, world.plan(5), happened)
        told.append(happened)
    assert told[0] == told[1]
    assert world.plan(5) != world.plan(6)
