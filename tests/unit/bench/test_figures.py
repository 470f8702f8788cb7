"""Tests of bench: the reference agrees with the core, no figure without its state, the table and the exit code."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from bench import baseline, core, figures, hostile, measure, reference, replay, table, venue, workloads
from bench.measure import Figure, Options, Timed
from bench.shape import QUOTE_FUNDS, Shape
from exchange.core.matching import codes
from exchange.ops import bench as command

SHAPES = [
    Shape(1, 300, 4_000, accounts=40),
    Shape(8, 1_600, 4_000, accounts=80),
]
FIGURE = measure.figure(
    "core, 3 markets",
    1_000,
    [(2.0, 1.0), (1.0, 1.0), (4.0, 1.0)],
    reference_name="C",
    gate=0.5,
    state_hash="ab",
    aim=0.7,
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(workloads, "FOLDER", tmp_path)
    return tmp_path


@pytest.mark.parametrize("kind", [kind for kind in workloads.KINDS if kind != "calm"])
def test_flows_that_are_not_calm_end_alike_in_both(kind: str, tmp_path: Path) -> None:
    workload = workloads.load(Shape(1, 300, 3_000, accounts=60, kind=kind), folder=tmp_path)
    _, expected = core.untimed(workload)
    said = reference.run(reference.build(tmp_path), workload.path, 2)
    assert said._replace(cpu_seconds=0.0) == expected
    assert said.open_orders
    assert said.trades or kind == "storm"


@pytest.mark.parametrize("shape", SHAPES)
def test_the_reference_ends_with_the_trades_refusals_orders_and_balances_of_the_core(
    shape: Shape, tmp_path: Path
) -> None:
    workload = workloads.load(shape, folder=tmp_path)
    program = reference.build(tmp_path)
    _, expected = core.untimed(workload)
    said = reference.run(program, workload.path, 2)
    assert said._replace(cpu_seconds=0.0) == expected
    assert said.trades > 500
    assert said.rejects > 0
    assert said.open_orders > shape.resting // 2
    assert said.cpu_seconds > 0


def test_a_flow_holds_self_trades_of_every_time_in_force(tmp_path: Path) -> None:
    shape = Shape(1, 200, 3_000, accounts=5)
    workload = workloads.load(shape, folder=tmp_path)
    engine = venue.open_venue(shape, workload.funding)
    engine.apply_rows(workload.prefill, 1)
    engine.apply_rows(workload.timed, 2)
    assert engine.state.matching.markets[0].prevented > 20
    said = reference.run(reference.build(tmp_path), workload.path)
    assert said.trades == venue.trades(engine)
    assert said.checksum == venue.checksum(venue.balance_words(engine, shape))


def test_a_file_that_is_no_workload_is_refused_by_the_reference(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.rows"
    wrong.write_bytes(bytes(256))
    done = subprocess.run([reference.build(tmp_path), wrong], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "is not a workload" in done.stderr


def test_a_machine_without_a_compiler_is_told_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(reference.NoCompiler, match=r"g\+\+ is not on PATH"):
        reference.build(tmp_path)


def test_the_final_state_of_a_timed_run_is_the_untimed_one(tmp_path: Path) -> None:
    workload = workloads.load(SHAPES[0], folder=tmp_path)
    expected, _ = core.untimed(workload)
    assert core.timed(workload).state_hash == expected
    replay.write(workload, tmp_path / "journal")
    assert replay.timed(workload, tmp_path / "journal", Options(), "replay").state_hash == expected
    other = workload._replace(timed=workload.timed[: list(workloads.extents(workload.timed))[-2]])
    assert core.timed(other).state_hash != expected


def test_a_run_that_ends_in_another_state_gives_no_figure() -> None:
    options = Options(rounds=2)
    right, wrong = Timed(1.0, "right"), Timed(1.0, "wrong")
    assert measure.in_turn(lambda: right, lambda: right, "right", options, "name") == [(1.0, 1.0), (1.0, 1.0)]
    with pytest.raises(measure.WrongState, match="ended in state wrong"):
        measure.in_turn(lambda: wrong, lambda: right, "right", options, "name")
    with pytest.raises(measure.WrongState, match="ended in state wrong"):
        measure.in_turn(lambda: right, lambda: wrong, "right", options, "name")


def test_runs_take_turns_and_the_ratio_is_the_median_of_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "busy_seconds", lambda: 0.0)
    order: list[str] = []
    ours = iter([2.0, 1.0, 4.0])

    def run_ours() -> Timed:
        order.append("ours")
        return Timed(next(ours), "s")

    def run_theirs() -> Timed:
        order.append("theirs")
        return Timed(1.0, "s")

    pairs = measure.in_turn(run_ours, run_theirs, "s", Options(rounds=3), "name")
    assert order == ["ours", "theirs"] * 3
    assert pairs == [(2.0, 1.0), (1.0, 1.0), (4.0, 1.0)]
    assert FIGURE.ratios == [0.5, 1.0, 0.25]
    assert (FIGURE.ratio, FIGURE.ours, FIGURE.reference) == (0.5, 500.0, 1000.0)
    assert FIGURE.passes
    assert not FIGURE._replace(gate=0.51).passes


def test_the_table_shows_rates_ratio_gate_and_machine_within_80_columns() -> None:
    text = io.StringIO()
    longest = max((size.name.replace("core", "replay") for size in core.SIZES), key=len)
    missed = FIGURE._replace(
        name=longest, gate=0.9, ours=1_234_567.0, reference=14_000_000.0, reference_name="core alone", aim=0.95
    )
    table.show(Console(file=text, width=80), [FIGURE, missed], measure.fingerprint())
    shown = text.getvalue()
    for part in (
        "core, 3 markets",
        "0.50",
        "pass",
        "miss",
        longest,
        "1.23 M/s",
        "14 M/s",
        "500 /s",
        "1 k/s",
        "core alone",
        "0.95",
        "cores",
        "CPython",
        "0.25",
    ):
        assert part in shown
    assert "…" not in shown


def test_costs_are_better_when_they_are_smaller_and_are_shown_in_their_unit() -> None:
    dear = measure.cost("dear", [(0.004, 0.002), (0.008, 0.002)], reference_name="what it may", state_hash="")
    assert (dear.ratio, dear.ours, dear.reference, dear.passes) == (0.375, 0.006, 0.002, False)
    assert [table.quantity(value, "s") for value in (2.5, 0.006, 0.00025, 3e-8)] == ["2.5 s", "6 ms", "250 µs", "30 ns"]
    assert table.quantity(1234.5, "bytes") == "1,234 bytes"
    assert table.gate(dear._replace(gate=0.0)) == "none"


def test_the_headline_is_the_worst_workload_of_the_core() -> None:
    better = FIGURE._replace(name="calm", reference_name=reference.NAME, ratio=0.9)
    worse = better._replace(name="storm", ratio=0.4)
    assert table.headline([FIGURE, better, worse]) == "The worst of 2 workloads is storm: 500 /s, 0.40 of C++"
    assert table.headline([FIGURE]) == ""


@pytest.mark.parametrize(("arguments", "ratio", "code"), [([], 0.1, 0), (["--gate"], 0.1, 1), (["--gate"], 0.9, 0)])
def test_a_miss_fails_only_under_gate_and_json_has_it_all(
    arguments: list[str], ratio: float, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Options] = []

    def run(options: Options) -> list[Figure]:
        seen.append(options)
        return [FIGURE._replace(ratio=ratio)]

    monkeypatch.setitem(figures.FIGURES, "core", run)
    monkeypatch.setattr(venue, "is_compiled", lambda: True)
    report = tmp_path / "report.json"
    assert command.main(["core", "--json", str(report), *arguments]) == code
    written = json.loads(report.read_text())
    assert written["figures"][0]["ratio"] == ratio
    assert written["figures"][0]["passes"] == (ratio >= 0.5)
    assert written["machine"]["cores"]
    assert seen[0].rounds == 5


@pytest.mark.parametrize(
    ("error", "reason"), [(AssertionError("refused"), "refused"), (KeyboardInterrupt(), "interrupted")]
)
def test_a_figure_that_cannot_be_made_takes_no_other_with_it(
    error: BaseException,
    reason: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fails(options: Options) -> list[Figure]:
        raise error

    monkeypatch.setattr(command, "FIGURES", {"core": lambda options: [FIGURE], "replay": fails})
    monkeypatch.setattr(baseline, "keep", lambda *given: pytest.fail("half a baseline was kept"))
    report = tmp_path / "figures.json"
    assert command.main(["core", "replay", "--json", str(report), "--keep"]) == 1
    assert [each["name"] for each in json.loads(report.read_text())["figures"]] == [FIGURE.name]
    assert f"run.py bench: {reason}" in capsys.readouterr().err


@pytest.mark.parametrize("size", [*core.SIZES, *hostile.SIZES], ids=lambda size: size.name)
def test_no_workload_gives_its_accounts_more_than_there_can_be(size: core.Size) -> None:
    assert size.shape.accounts * size.shape.quote_funds() <= codes.AMOUNT_MAX
    assert size.shape.quote_funds() >= QUOTE_FUNDS // 10


def test_an_interpreted_core_gets_no_figure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(venue, "is_compiled", lambda: False)
    assert command.main(["core"]) == 1
    assert "interpreted" in capsys.readouterr().err


def test_an_unknown_figure_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        command.main(["cor"])
    assert end.value.code == 2
    assert "no figure 'cor'" in capsys.readouterr().err


def test_a_whole_figure_is_made_from_small_sizes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core, "SIZES", (core.Size("core, small", SHAPES[0], 0.6),))
    said: list[str] = []
    options = Options(rounds=2, scale=2, say=lambda text, done, of: said.append(text))
    measured = [*core.run(options), *replay.run(options)]
    assert [figure.name for figure in measured] == ["core, small, in memory", "replay, small, page cache"]
    assert measured[0].details["shape"]["commands"] == SHAPES[0].commands // 2
    assert measured[0].state_hash == measured[1].state_hash
    assert all(figure.ratio > 0 for figure in measured)
    assert any("replaying" in text for text in said)
    assert list(folder.glob("1-markets-*.rows"))


def test_a_reference_that_disagrees_gives_no_figure(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = reference.Answer(1, 2, 3, 4, 5.0)
    monkeypatch.setattr(reference, "run", lambda program, workload, runs=1: wrong)
    with pytest.raises(measure.WrongState, match="the reference ended with"):
        core.figure_of(core.Size("core, small", SHAPES[0], 0.6), folder, Options(rounds=1))


def test_a_round_that_others_disturb_is_measured_again_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    def rounds_beside(taken: list[float]) -> int:
        """How many rounds of a second were measured while others took so many seconds of each."""
        clock, busy, pairs = iter(range(100)), 0.0, 0

        def measured() -> tuple[float, float]:
            nonlocal busy, pairs
            busy += 1.0 + taken[pairs]
            pairs += 1
            return pairs, 1.0

        monkeypatch.setattr(measure, "busy_seconds", lambda: busy)
        monkeypatch.setattr(measure, "own_seconds", lambda: float(pairs))
        monkeypatch.setattr("bench.measure.time.perf_counter", lambda: float(next(clock)))
        assert measure.undisturbed(measured) == (pairs, 1.0)
        return pairs

    monkeypatch.setattr(measure, "ATTEMPTS", 5)
    assert rounds_beside([0.1]) == 1
    assert rounds_beside([0.9, 0.5, 0.0]) == 3
    assert rounds_beside([0.9] * 9) == 5


def test_own_time_is_that_of_this_process_and_its_children() -> None:
    own, busy = measure.own_seconds(), measure.busy_seconds()
    subprocess.run([sys.executable, "-c", "sum(range(20_000_000))"], check=True)
    spent = measure.own_seconds() - own
    assert spent > 0.1
    assert measure.busy_seconds() - busy >= spent - 0.05
