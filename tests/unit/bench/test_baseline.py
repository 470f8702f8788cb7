"""The baseline, what is lost for good, pages with curves, and two commits side by side."""

import subprocess
from pathlib import Path

import pytest

from bench import against, baseline, core, figures, measure, plots, report, servers, venue, workloads
from bench.histogram import Histogram
from bench.measure import Figure, Options
from bench.shape import Shape
from exchange.ops import bench as command

WHOLE, QUICK = Options(), Options(3, 10)
FIGURE = measure.figure(
    "core, 3 markets", 1_000, [(2.0, 1.0)] * 3, reference_name="C", gate=0.5, state_hash="ab", aim=0.7
)
MACHINE = "a machine"
SMALL = Shape(1, 300, 3_000, accounts=40)


def at(ratio: float) -> Figure:
    return FIGURE._replace(ratio=ratio)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A baseline of this machine in both forms."""
    path = tmp_path / "baseline.json"
    baseline.keep([FIGURE], WHOLE, MACHINE, path)
    baseline.keep([FIGURE], QUICK, MACHINE, path)
    return path


def test_a_ratio_that_lost_more_than_noise_makes_is_told(path: Path) -> None:
    assert baseline.lost([FIGURE, at(0.5 * 0.86)], WHOLE, path) == []
    (line,) = baseline.lost([at(0.5 * 0.84)], WHOLE, path)
    assert line.startswith("core, 3 markets is at 0.42, the baseline at 0.50")
    assert baseline.lost([at(0.1)._replace(name="nobody knows it")], WHOLE, path) == []


def test_each_form_has_ratios_of_its_own_and_others_stay(path: Path) -> None:
    baseline.keep([at(0.9)._replace(name="other")], WHOLE, MACHINE, path)
    assert baseline.ratios(WHOLE, path) == {"core, 3 markets": 0.5, "other": 0.9}
    assert baseline.ratios(QUICK, path) == {"core, 3 markets": 0.5}


def test_ratios_of_another_machine_are_neither_compared_nor_mixed(path: Path) -> None:
    assert baseline.why_not(MACHINE, WHOLE, path) == ""
    assert "is of another machine" in baseline.why_not("another", WHOLE, path)
    baseline.keep([FIGURE], WHOLE, "another", path)
    assert "no baseline of form 1:10" in baseline.why_not("another", QUICK, path)
    assert baseline.why_not("another", WHOLE, path) == ""
    assert "no baseline" in baseline.why_not(MACHINE, WHOLE, path.with_name("none"))


@pytest.mark.parametrize(
    ("again", "measured", "is_lost"),
    [([], 0, False), ([0.49], 1, False), ([0.3, 0.3, 0.49], 3, False), ([0.3, 0.3, 0.3], 3, True)],
)
def test_what_looks_lost_is_measured_again_before_it_is(
    again: list[float], measured: int, *, is_lost: bool, path: Path
) -> None:
    left, times = list(again), 0

    def run(options: Options) -> list[Figure]:
        nonlocal times
        times += 1
        return [at(left.pop(0))]

    first = at(0.3) if again else FIGURE
    assert bool(baseline.lost_for_good([(run, [first])], WHOLE, path)) == is_lost
    assert times == measured


def test_a_figure_that_was_well_once_is_not_lost_when_another_is_measured_again(path: Path) -> None:
    """Two figures of one module: the first is lost at first, the second only in the repetition."""
    other = FIGURE._replace(name="other")
    baseline.keep([other], WHOLE, MACHINE, path)
    bad = other._replace(ratio=0.1)
    assert baseline.lost_for_good([(lambda options: [FIGURE, bad], [at(0.1), other])], WHOLE, path) == []


def test_the_command_keeps_and_compares_by_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reached = [0.5]
    monkeypatch.setattr(baseline, "FILE", tmp_path / "baseline.json")
    for function in (baseline.read, baseline.ratios, baseline.keep, baseline.why_not, baseline.lost):
        monkeypatch.setattr(function, "__defaults__", (tmp_path / "baseline.json",))
    monkeypatch.setattr(baseline.lost_for_good, "__defaults__", (tmp_path / "baseline.json",))
    monkeypatch.setattr(venue, "is_compiled", lambda: True)
    for name in figures.SHORT:
        monkeypatch.setitem(figures.FIGURES, name, lambda options: [at(reached[0])])
    assert command.main(["--ci"]) == 0
    assert "no baseline of form 1:4" in capsys.readouterr().err
    assert command.main(["--ci", "--keep"]) == 0
    reached[0] = 0.3
    assert command.main(["--ci"]) == 1
    assert "a loss above 15%" in capsys.readouterr().err
    reached[0] = 0.45
    assert command.main(["--ci"]) == 0


@pytest.mark.parametrize(
    "arguments",
    [["--ci", "--against", "HEAD"], ["--journal", "x", "--keep"], ["--against", "HEAD", "http"], ["--rounds", "0"]],
)
def test_what_does_not_go_together_is_a_usage_error(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        command.main(arguments)
    assert end.value.code == 2


def test_a_page_of_figures_has_its_curves_and_needs_nothing_else() -> None:
    tails = {"ours": Histogram([10**6, 10**7]).summary(), "bare": Histogram([10**6] * 9).summary()}
    grown = FIGURE._replace(name="grown", details={"curve": [(10, 1e-7), (100, 2e-7), (1_000, 3e-7)]})
    text = report.page(
        [FIGURE._replace(name="a <name>"), grown, FIGURE._replace(details={"latency": tails})], "x", WHOLE
    )
    assert text.count("<svg") == 4
    assert text.count("<polyline") == 3
    assert "p99.9" in text
    assert "1,000</text>" in text
    assert "a &lt;name&gt;" in text
    assert "http" not in text


def test_lines_share_their_scale_and_begin_at_zero_where_asked() -> None:
    text = plots.lines("two", [("a", [(0, 1), (1, 2)]), ("b", [(0, 4), (1, 4)])], "l", "r", from_zero=True)
    top, bottom = plots.TOP, plots.HEIGHT - plots.BOTTOM
    assert f",{top:.1f} " in text
    assert f",{bottom - (bottom - top) / 4:.1f} " in text
    assert "nothing to draw" in plots.lines("none", [("a", [])], "", "")


def test_an_interval_holds_one_where_nothing_differs_and_not_where_it_does() -> None:
    same = [1.0 + (number % 7 - 3) / 100 for number in range(15)]
    low, high = against.interval(same)
    assert low < 1 < high
    low, high = against.interval([ratio * 1.1 for ratio in same])
    assert 1.05 < low < high < 1.15
    assert against.interval(same) == against.interval(same)


def test_pairs_take_turns_in_who_is_first() -> None:
    order: list[str] = []

    def timed(name: str, seconds: float) -> float:
        order.append(name)
        return seconds

    pairs = against.take_turns(lambda: timed("a", 1.0), lambda: timed("b", 2.0), "x", Options(rounds=1))
    assert pairs == [(1.0, 2.0)] * 3
    assert order == ["a", "b", "b", "a", "a", "b"]


@pytest.fixture
def sides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(workloads, "FOLDER", tmp_path)
    monkeypatch.setitem(against.SIZES, "core", (core.Size("core, small", SMALL, 0.6),))
    return tmp_path


def test_a_tree_held_against_itself_does_the_same(sides: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(against, "tree_of", lambda commit, options: servers.ROOT)
    monkeypatch.setattr(core, "SIZES", against.SIZES["core"])
    for what in ("core", "replay", "pipeline"):
        figure = against.figure_of(what, against.SIZES["core"][0], servers.ROOT, Options(rounds=1))
        assert len(figure.ratios) == 3
        assert figure.details["interval"][0] <= figure.ratio <= figure.details["interval"][1]
        assert 0.2 < figure.ratio < 5


def test_a_side_that_ends_otherwise_gives_no_figure(sides: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = against.SIDE.replace("print(json.dumps([expected", "print(json.dumps([what")
    monkeypatch.setattr(against, "SIDE", other)
    with pytest.raises(measure.WrongState, match="the untimed one in core"):
        against.figure_of("core", against.SIZES["core"][0], servers.ROOT, Options(rounds=1))


def test_a_commit_that_is_not_there_is_told(
    sides: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(venue, "is_compiled", lambda: True)
    assert command.main(["--against", "no-such-commit"]) == 1
    assert "'no-such-commit' is no commit of this repository" in capsys.readouterr().err


def test_a_commit_gets_a_tree_of_its_own(sides: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made from a repository of two commits, without what compiles."""
    repository = sides / "repository"
    repository.mkdir()

    def git(*arguments: str) -> None:
        subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@y", *arguments], cwd=repository, check=True)

    git("init", "-q")
    for text in ("old", "new"):
        (repository / "file").write_text(text)
        git("add", "file")
        git("commit", "-qm", text)
    monkeypatch.setattr(against, "ROOT", repository)
    monkeypatch.setattr(against, "BUILD", "open('built', 'w').write('yes')")
    tree = against.tree_of("HEAD~1", Options())
    assert (tree / "file").read_text() == "old"
    assert (tree / "built").exists()
    assert against.tree_of("HEAD~1", Options()) == tree
