"""The simulator: crash after crash nothing is lost; it is not blind, and it finds the bugs that are planted."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from exchange.core import encoding
from exchange.core.engine import Engine
from exchange.messages.orders import EventKind
from exchange.messages.rejects import RejectCode
from exchange.ops import sim
from exchange.verifier import fees, words
from exchange.verifier.state import State
from journal import beside, scan, writer
from journal.scan import Verdict
from tests.fakes.disk import LyingDisk
from tests.golden import scenario
from tests.simulation import house, small, world
from tests.simulation.world import FAULTS, World

MUST_HAPPEN = (
    *{fault.__name__ for fault in FAULTS},
    *("torn tails", "durable though nobody was told", "writes that failed", "flips refused"),
    *("lies that the list reported", "snapshots with their tails"),
    *(f"house: {fault.__name__}" for fault in house.FAULTS),
    *("power cuts", "venues that stopped because of the disk", "starts from a snapshot", "acknowledged", "sent again"),
    *("clients that did not wait", "nonsense refused", "readers that stand still", "book changes read"),
    *("clocks adopted", "snapshots published", "pegged orders"),
)

EVERYTHING = (
    *MUST_HAPPEN,
    *(f"refusal: {code.name}" for code in RejectCode),
    *(f"event: {kind.name}" for kind in EventKind),
)


@pytest.mark.parametrize(
    ("rounds", "minutes", "expected"),
    [
        (2_000, 4, MUST_HAPPEN),
        pytest.param(40_000, 60, EVERYTHING, marks=pytest.mark.long),
        pytest.param(1_000_000, 60 * 24, EVERYTHING, marks=pytest.mark.long),
    ],
)
@pytest.mark.timeout(60 * 60 * 24)
def test_crash_after_crash_nothing_that_was_acknowledged_is_lost(
    rounds: int, minutes: float, expected: tuple[str, ...]
) -> None:
    happened, failures = sim.simulate(1, minutes * 60, rounds)
    for each in failures:
        sim.tell(each)
    assert not failures
    assert happened["recoveries"] >= rounds
    assert [what for what in expected if not happened[what]] == []


@pytest.mark.parametrize("first", [0, 12])
def test_in_a_few_worlds_nothing_fails(first: int) -> None:
    for seed in range(first, first + 12):
        assert not sim.failure("disk", seed, world.plan(seed), Counter()), seed


def fails(seeds: int = 40) -> str:
    """The first failure of some worlds."""
    for seed in range(seeds):
        problem = sim.failure("disk", seed, world.plan(seed), Counter())
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
    seed = next(seed for seed in range(20) if sim.failure("disk", seed, world.plan(seed), Counter()))
    sim.tell(sim.Failure("disk", seed, "planted"))
    line, said = capsys.readouterr().out.splitlines()[-2:]
    assert said == "  the commands alone do not fail: it takes the crash"
    assert line.startswith(f"  python3 run.py sim --kind disk --seed {seed} --plan ")
    kept = line.rpartition(" ")[2]
    assert "," not in kept
    assert sim.main(["--kind", "disk", "--seed", str(seed), "--plan", kept]) == 1
    monkeypatch.undo()
    assert sim.main(["--kind", "disk", "--seed", str(seed), "--plan", kept]) == 0


def test_the_same_seed_is_the_same_world() -> None:
    told = []
    for _ in range(2):
        happened: Counter[str] = Counter()
        world.run(5, world.plan(5), happened)
        told.append(happened)
    assert told[0] == told[1]
    assert world.plan(5) != world.plan(6)


def test_what_core_and_verifier_disagree_on_becomes_a_scenario(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A verifier broken on purpose: of hundreds of commands a handful is left, and fails as a golden scenario."""
    real = fees.part

    def planted(state: State, amount: int, by: int, over: int, is_rounded_down: bool | None = None) -> int:
        """A fee is one unit too much."""
        return real(state, amount, by, over, is_rounded_down) + (over == words.PPM and by > 0)

    monkeypatch.setattr("exchange.verifier.fees.part", planted)
    monkeypatch.setattr(small, "FOUND", tmp_path)
    seed = next(seed for seed in range(20) if "other events" in sim.failure("disk", seed, world.plan(seed), Counter()))
    sim.tell(sim.Failure("disk", seed, "planted"))
    path = tmp_path / f"disk-{seed}.txt"
    assert str(path) in capsys.readouterr().out
    text = path.read_text()
    assert text.count("\nentry ") <= 25
    assert scenario.run(path) != text
    monkeypatch.undo()
    entries = [line.split()[1:4] for line in text.splitlines() if line.startswith("entry ")]
    commands = [small.Entry(int(kind), bytes.fromhex(payload), int(ts_ns)) for kind, ts_ns, payload in entries]
    assert small.disagreement(commands) == ""
    path.write_text(small.scenario(commands, "mended"))
    assert scenario.run(path) == path.read_text()
