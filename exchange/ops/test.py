"""`run.py test`: lint, types and every test, within a time budget on CI."""

import argparse
import os
import time
from pathlib import Path

from exchange.ops.checks import Counts, run_pytest, run_side_by_side, run_steps, tool_steps

# What one run on CI may take on two cores, from the start of run.py (the installation included) to its last line: the
# 8 minutes of issue 01, 5 of 03, 5 of 05 and 2 of 04.
BUDGET_SECONDS = 20 * 60
# Tests that serve nobody, so that they disturb none: they run beside all others, on the second core, unless some are
# asked for.
COMPUTING = [
    "tests/golden",
    "tests/property",
    "tests/sabotage",
    "tests/simulation",
    *(f"tests/unit/{name}" for name in ("audit", "core", "ops", "verifier")),
]


def main(argv: list[str]) -> int:
    """Run everything; what is not ours goes to pytest. The last line is `N passed, N failed`."""
    parser = argparse.ArgumentParser(prog="run.py test", description=__doc__, epilog="Other arguments go to pytest.")
    parser.add_argument("--long", action="store_true", help="run the long forms too, without a budget")
    options, rest = parser.parse_known_args(argv)
    failed_steps = run_steps(tool_steps())
    if options.long or rest:
        counts = run_pytest([*(["-m", "long or not long"] if options.long else []), *rest])
    else:
        counts = run_side_by_side([f"--ignore={folder}" for folder in COMPUTING], COMPUTING)
    taken = process_age()
    problems = [f"{name} failed" for name in failed_steps]
    if os.environ.get("CI") == "true" and not options.long and taken > BUDGET_SECONDS:
        problems.append(f"took {taken:.0f} s of {BUDGET_SECONDS} s: over the budget of CI")
    for problem in problems:
        print(f"run.py test: {problem}")
    print(summary(counts._replace(failed=counts.failed + len(problems)), taken), flush=True)
    return 1 if problems or counts.failed or not counts.passed else 0


def summary(counts: Counts, taken: float) -> str:
    """Return the closing line; a tool that failed and a budget passed count as one failure each."""
    skipped = f", {counts.skipped} skipped" if counts.skipped else ""
    return f"{counts.passed} passed, {counts.failed} failed{skipped} in {taken:.1f} s (budget on CI {BUDGET_SECONDS} s)"


def process_age() -> float:
    """Return the seconds since this process began; `exec` into the environment did not begin it anew."""
    started_ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started_ticks / os.sysconf("SC_CLK_TCK")
