"""The tools that judge the sources, as steps: format, lint, types; and pytest with its counts."""

import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, NamedTuple

from exchange.ops.build import ROOT

# What mypy reads strictly; a name that is not in the tree is left out.
TYPED = ("run.py", "exchange", "journal", "snapshots", "bench", "tests")


class Step(NamedTuple):
    """One tool: a name for a person, and its command line after the interpreter's."""

    name: str
    arguments: list[str]


class Counts(NamedTuple):
    """What pytest counted. An error in a fixture or in collecting counts as failed."""

    passed: int
    failed: int
    skipped: int


def tool_steps() -> list[Step]:
    """List the tools that read the sources, quickest first."""
    typed = [name for name in TYPED if (ROOT / name).exists()]
    return [
        Step("ruff check", ["-m", "ruff", "check", "--quiet", "."]),
        Step("ruff format", ["-m", "ruff", "format", "--check", "--quiet", "."]),
        Step("mypy", ["-m", "mypy", "--no-error-summary", *typed]),
    ]


def run_steps(steps: list[Step]) -> list[str]:
    """Run each step, let it print, and return the names of those that failed."""
    failed = []
    for step in steps:
        done = subprocess.run([sys.executable, *step.arguments], cwd=ROOT, check=False)
        print(f"{step.name}: {'failed' if done.returncode else 'passed'}", flush=True)
        if done.returncode:
            failed.append(step.name)
    return failed


def run_side_by_side(first: list[str], second: list[str]) -> Counts:
    """Run pytest twice at the same time; what the second run prints comes behind the first."""
    with tempfile.TemporaryFile("w+") as output, ThreadPoolExecutor(1) as pool:
        other = pool.submit(run_pytest, second, output)
        counts = run_pytest(first)
        others = other.result()
        output.seek(0)
        print(output.read(), end="", flush=True)
    return Counts(*map(sum, zip(counts, others, strict=True)))


def run_pytest(arguments: list[str], output: IO[str] | None = None) -> Counts:
    """Run pytest in a process of its own, so that a crash of the compiled core is a failure and not our end."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "counts.json")
        command = [sys.executable, "-m", "pytest", "--counts-to", str(report), *arguments]
        code = subprocess.run(command, cwd=ROOT, check=False, stdout=output).returncode
        counts = Counts(**json.loads(report.read_text())) if report.exists() else Counts(0, 0, 0)
    if code and not counts.failed:
        print(f"pytest ended with exit code {code}", file=output, flush=True)
        return counts._replace(failed=1)
    return counts
