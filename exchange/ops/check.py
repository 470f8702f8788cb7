"""`run.py check`: format, lint, types, tidy, unit and golden tests, under a minute: before each commit."""

import argparse

from exchange.ops.build import ROOT
from exchange.ops.checks import Step, run_pytest, run_steps, tool_steps
from exchange.ops.test import process_age, summary

TESTS = ("tests/test_tidy.py", "tests/unit", "tests/golden")
FIXES = [
    Step("ruff check --fix", ["-m", "ruff", "check", "--fix", "--quiet", "."]),
    Step("ruff format", ["-m", "ruff", "format", "--quiet", "."]),
]


def main(argv: list[str]) -> int:
    """Run the quick checks; the last line is `N passed, N failed`."""
    parser = argparse.ArgumentParser(prog="run.py check", description=__doc__)
    parser.add_argument("--fix", action="store_true", help="first format, and mend what the linter can")
    options = parser.parse_args(argv)
    failed_steps = run_steps([*(FIXES if options.fix else []), *tool_steps()])
    counts = run_pytest(["-q", *(name for name in TESTS if (ROOT / name).exists())])
    for name in failed_steps:
        print(f"run.py check: {name} failed")
    print(summary(counts._replace(failed=counts.failed + len(failed_steps)), process_age()), flush=True)
    return 1 if failed_steps or counts.failed else 0
