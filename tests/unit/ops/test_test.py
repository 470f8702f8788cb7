"""Tests of `run.py test` and `check`: what counts as a failure, and the closing line."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from exchange.ops import build, check, checks, test
from exchange.ops.checks import Counts, Step

SUITE = """
import pytest
def test_passes(): pass
def test_skips(): pytest.skip("not here")
@pytest.mark.skip(reason="never")
def test_is_skipped(): pass
"""


def run_suite(folder: Path, source: str, ci: str) -> tuple[int, str, str]:
    """Run a suite under our conftest; return pytest's exit code, what it printed, and the counts."""
    shutil.copy(build.ROOT / "tests" / "conftest.py", folder)
    (folder / "test_suite.py").write_text(source)
    (folder / "pytest.ini").write_text("[pytest]\n")
    counts = folder / "counts.json"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--counts-to", str(counts)]
    env = os.environ | {"CI": ci}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, counts.read_text()


def test_elsewhere_a_skip_is_a_skip(tmp_path: Path) -> None:
    code, _, counts = run_suite(tmp_path, SUITE, ci="")
    assert (code, counts) == (0, '{"passed": 1, "failed": 0, "skipped": 2}')


def test_on_ci_a_skip_is_a_failure_that_keeps_its_reason(tmp_path: Path) -> None:
    code, output, counts = run_suite(tmp_path, SUITE, ci="true")
    assert (code, counts) == (1, '{"passed": 1, "failed": 2, "skipped": 0}')
    assert "CI does not allow: Skipped: not here" in output


def test_on_ci_a_skipped_module_is_a_failure(tmp_path: Path) -> None:
    code, output, counts = run_suite(tmp_path, 'import pytest\npytest.importorskip("no_such_module")\n', ci="true")
    assert (code, counts) == (2, '{"passed": 0, "failed": 1, "skipped": 0}')
    assert "CI does not allow" in output


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Replace the tools and pytest by ones that pass at once."""
    for module in (test, check):
        monkeypatch.setattr(module, "tool_steps", lambda: [Step("nothing", ["-c", ""])])
        monkeypatch.setattr(module, "run_pytest", lambda arguments: Counts(3, 0, 0))
    monkeypatch.setattr(test, "run_side_by_side", lambda first, second: Counts(3, 0, 0))
    monkeypatch.setattr(test, "process_age", lambda: 1.0)
    monkeypatch.setenv("CI", "true")
    return monkeypatch


def last_line(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out.splitlines()[-1]


def test_a_whole_run_passes_and_ends_with_its_counts(
    quiet: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert test.main([]) == 0
    assert last_line(capsys).startswith("3 passed, 0 failed in ")
    assert check.main([]) == 0
    assert last_line(capsys).startswith("3 passed, 0 failed in ")


def test_a_tool_that_fails_fails_the_run(quiet: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for module in (test, check):
        quiet.setattr(module, "tool_steps", lambda: [Step("broken", ["-c", "raise SystemExit(3)"])])
        assert module.main([]) == 1
        assert last_line(capsys).startswith("3 passed, 1 failed in ")


def test_a_run_over_the_budget_fails_on_ci_only(quiet: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    quiet.setattr(test, "process_age", lambda: test.BUDGET_SECONDS + 1.0)
    assert test.main([]) == 1
    assert last_line(capsys).startswith("3 passed, 1 failed in 1201.0 s")
    assert test.main(["--long"]) == 0
    quiet.delenv("CI")
    assert test.main([]) == 0


def test_a_run_without_tests_fails(quiet: pytest.MonkeyPatch) -> None:
    quiet.setattr(test, "run_side_by_side", lambda first, second: Counts(0, 0, 0))
    assert test.main([]) == 1


def test_long_forms_are_asked_for_by_name_and_the_rest_goes_to_pytest(quiet: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def run_pytest(arguments: list[str]) -> Counts:
        asked.append(arguments)
        return Counts(1, 0, 0)

    quiet.setattr(test, "run_pytest", run_pytest)
    test.main(["tests/unit", "-k", "a", "--long"])
    test.main(["-x"])
    test.main(["--long"])
    assert asked == [["-m", "long or not long", "tests/unit", "-k", "a"], ["-x"], ["-m", "long or not long"]]


def test_two_runs_at_the_same_time_count_as_one(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Each waits for the other's file: one after the other neither would pass."""
    meet = (
        "import time\nfrom pathlib import Path\n"
        "def test_meets():\n"
        "    Path({mine!r}).touch()\n"
        "    until = time.monotonic() + 60\n"
        "    while not Path({others!r}).exists(): assert time.monotonic() < until\n"
        "def test_fails(): assert {passes}\n"
    )
    shutil.copy(build.ROOT / "tests" / "conftest.py", tmp_path)
    runs = []
    for mine, others, passes in [("one", "two", True), ("two", "one", False)]:
        (tmp_path / f"test_{mine}.py").write_text(
            meet.format(mine=str(tmp_path / mine), others=str(tmp_path / others), passes=passes)
        )
        runs.append(["-q", "-p", "no:cacheprovider", str(tmp_path / f"test_{mine}.py")])
    assert checks.run_side_by_side(*runs) == Counts(3, 1, 0)
    printed = capfd.readouterr().out
    assert printed.index("2 passed") < printed.index("1 failed, 1 passed")


def test_every_test_is_in_one_of_the_two_runs(quiet: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def run_side_by_side(first: list[str], second: list[str]) -> Counts:
        asked.extend((first, second))
        return Counts(1, 0, 0)

    quiet.setattr(test, "run_side_by_side", run_side_by_side)
    test.main([])
    assert asked[0] == [f"--ignore={folder}" for folder in asked[1]]
    assert all((build.ROOT / folder).is_dir() for folder in asked[1])


def test_a_crash_of_pytest_counts_as_a_failure(tmp_path: Path) -> None:
    (tmp_path / "test_crash.py").write_text("import os\ndef test_crash(): os.abort()\n")
    assert checks.run_pytest(["-q", "-p", "no:cacheprovider", str(tmp_path)]).failed == 1


def test_the_age_of_this_process_counts_from_its_start() -> None:
    code = "import time; time.sleep(0.3); from exchange.ops.test import process_age; print(process_age())"
    done = subprocess.run([sys.executable, "-c", code], cwd=build.ROOT, capture_output=True, text=True, check=True)
    assert float(done.stdout) >= 0.25
