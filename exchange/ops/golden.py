"""`run.py golden`: the scenarios under tests/golden; --update writes their outcomes, to be read before a commit."""

import argparse
import sys
from importlib import import_module
from pathlib import Path

from exchange.ops.build import ROOT


def main(argv: list[str]) -> int:
    """Compare every scenario's outcomes with the written ones; exit 1 where one differs."""
    parser = argparse.ArgumentParser(prog="run.py golden", description=__doc__)
    parser.add_argument("names", nargs="*", help="only scenarios whose path contains one of these")
    parser.add_argument("--update", action="store_true", help="write the outcomes that came about")
    options = parser.parse_args(argv)
    sys.path.insert(0, str(ROOT))
    scenario = import_module("tests.golden.scenario")
    passed = failed = 0
    for path in sorted((ROOT / "tests/golden").rglob("*.txt")):
        if options.names and not any(name in str(path) for name in options.names):
            continue
        outcome = scenario.run(path)
        if outcome == path.read_text():
            passed += 1
        elif options.update:
            path.write_text(outcome)
            print(f"updated {path.relative_to(ROOT)}")
        else:
            failed += 1
            show(path, outcome)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def show(path: Path, outcome: str) -> None:
    """Print the lines that differ."""
    for number, (written, found) in enumerate(zip(path.read_text().splitlines(), outcome.splitlines(), strict=True), 1):
        if written != found:
            print(f"{path.relative_to(ROOT)}:{number}\n  written {written}\n  found   {found}")
