"""`run.py bench [NAME ...]`: the figures that are promised, each beside its reference in the same run."""

import argparse
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from bench import baseline, measure, recorded, table, venue
from bench.figures import FIGURES
from bench.measure import Figure, Options
from bench.reference import NoCompiler
from journal.errors import CorruptJournal, JournalError

QUICK_ROUNDS, QUICK_SCALE = 3, 10


def main(argv: list[str]) -> int:
    """Measure and print; exit 1 where there is no figure, or with --gate where one misses."""
    parser = argparse.ArgumentParser(prog="run.py bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(FIGURES)}; all without a name")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write figures and machine there")
    parser.add_argument("--quick", action="store_true", help="a tenth of the commands and 3 rounds: a look, no figure")
    parser.add_argument("--rounds", type=int, default=measure.ROUNDS, metavar="N", help="default %(default)s")
    parser.add_argument("--gate", action="store_true", help="exit 1 where a ratio misses its gate")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write figures and machine there as one page")
    parser.add_argument("--compare", action="store_true", help="exit 1 where a ratio lost 15 %% of the baseline's")
    parser.add_argument("--keep", action="store_true", help="make these ratios the baseline: bench/baseline.json")
    parser.add_argument(
        "--journal", type=Path, metavar="DIR", help="measure the commands of a recorded journal instead"
    )
    options = parser.parse_args(argv)
    unknown = [name for name in options.names if name not in FIGURES]
    if unknown or options.rounds < 1:
        parser.error(f"no figure {unknown[0]!r}" if unknown else "--rounds is 1 or more")
    if not venue.is_compiled():
        print("run.py bench: the core runs interpreted here, and no figure applies to that", file=sys.stderr)
        return 1
    chosen = Options(QUICK_ROUNDS, QUICK_SCALE) if options.quick else Options(options.rounds)
    machine = measure.fingerprint()
    try:
        if options.journal:
            figures = measure_all([partial(recorded.run, options.journal)], chosen)
        else:
            figures = measure_all([FIGURES[name] for name in options.names or FIGURES], chosen)
    except (
        NoCompiler,
        measure.WrongState,
        recorded.NoCommands,
        JournalError,
        CorruptJournal,
        FileNotFoundError,
    ) as error:
        print(f"run.py bench: {error}", file=sys.stderr)
        return 1
    table.show(Console(), figures, machine)
    if options.json:
        report = {"machine": machine, "quick": options.quick, "figures": [figure.as_json() for figure in figures]}
        options.json.write_text(json.dumps(report, indent=2) + "\n")
    if options.html:
        options.html.write_text(baseline.page(figures, table.describe(machine)))
    if options.keep:
        baseline.keep(figures)
    lost = baseline.lost(figures) if options.compare else []
    for line in lost:
        print(f"run.py bench: {line}", file=sys.stderr)
    return 1 if lost or (options.gate and not all(figure.passes for figure in figures)) else 0


def measure_all(measures: list[Callable[[Options], list[Figure]]], options: Options) -> list[Figure]:
    """Run the figures one after the other under one progress bar."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as progress:
        task = progress.add_task("")

        def say(text: str, done: int, of: int) -> None:
            progress.update(task, description=text, completed=done, total=of)

        return [figure for one in measures for figure in one(options._replace(say=say))]
