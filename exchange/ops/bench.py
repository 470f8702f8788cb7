"""`run.py bench [NAME ...]`: the figures that are promised, each beside its reference in the same run."""

import argparse
import json
import sys
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from bench import against, baseline, measure, recorded, report, table, venue
from bench.baseline import Measure
from bench.figures import FIGURES, SHORT
from bench.measure import Figure, Options
from bench.reference import NoCompiler
from journal.errors import CorruptJournal, JournalError

QUICK = Options(rounds=3, scale=10)
CI = Options(rounds=5, scale=4)
NO_FIGURE = (
    NoCompiler,
    measure.WrongState,
    recorded.NoCommands,
    against.NoSuchCommit,
    JournalError,
    CorruptJournal,
    FileNotFoundError,
    AssertionError,
)


def main(argv: list[str]) -> int:
    """Measure and print; exit 1 where there is no figure, where one is lost, or with --gate where one misses."""
    given = parse(argv)
    if not venue.is_compiled():
        print("run.py bench: the core runs interpreted here, and no figure applies to that", file=sys.stderr)
        return 1
    options = CI if given.ci else QUICK if given.quick else Options(given.rounds)
    fingerprint = measure.fingerprint()
    machine = baseline.machine_of(fingerprint)
    measured, missing = measure_all(chosen(given), options)
    figures = [figure for _, found in measured for figure in found]
    if figures:
        table.show(Console(), figures, fingerprint)
    lost = compared(measured, options, machine) if given.compare else []
    for reason in missing:
        print(f"run.py bench: {reason}", file=sys.stderr)
    if given.json:
        written = {
            "machine": fingerprint,
            "form": baseline.form(options),
            "figures": [figure.as_json() for figure in figures],
        }
        given.json.write_text(json.dumps(written, indent=2) + "\n")
    if given.html:
        given.html.write_text(report.page(figures, table.describe(fingerprint), options))
    if given.keep and not missing:
        baseline.keep(figures, options, machine)
    for line in lost:
        print(f"run.py bench: {line}", file=sys.stderr)
    return 1 if lost or missing or (given.gate and not all(figure.passes for figure in figures)) else 0


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="run.py bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(FIGURES)}; all without a name")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write figures and machine there")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write figures and machine there as one page")
    parser.add_argument("--quick", action="store_true", help="a tenth of the commands and 3 rounds: a look, no figure")
    parser.add_argument("--rounds", type=int, default=measure.ROUNDS, metavar="N", help="default %(default)s")
    parser.add_argument("--gate", action="store_true", help="exit 1 where a ratio misses its gate")
    parser.add_argument("--compare", action="store_true", help="exit 1 where a ratio lost 15 %% of the baseline's")
    parser.add_argument("--keep", action="store_true", help="make these ratios the baseline: bench/baseline.json")
    parser.add_argument("--ci", action="store_true", help=f"what CI runs: {', '.join(SHORT)}, shortened, compared")
    parser.add_argument("--journal", type=Path, metavar="DIR", help="measure a recorded journal's commands instead")
    parser.add_argument("--against", metavar="COMMIT", help=f"this tree beside a commit's: {', '.join(against.SIZES)}")
    given = parser.parse_args(argv)
    allowed = against.SIZES if given.against else FIGURES
    unknown = [name for name in given.names if name not in allowed]
    if unknown or given.rounds < 1:
        parser.error(f"no figure {unknown[0]!r} here, but {', '.join(allowed)}" if unknown else "--rounds is 1 or more")
    special = [name for name in ("ci", "journal", "against") if getattr(given, name)]
    if len(special) > 1:
        parser.error(f"--{special[0]} and --{special[1]} are different runs")
    if given.keep and (given.journal or given.against):
        parser.error(f"--{special[0]} has no baseline to keep: its figures are of that {special[0]} only")
    if given.ci:
        given.compare, given.names = not given.keep, given.names or list(SHORT)
    return given


def chosen(given: argparse.Namespace) -> list[Measure]:
    """What is to be measured."""
    if given.against:
        return [partial(against.run, given.against, given.names)]
    if given.journal:
        return [partial(recorded.run, given.journal)]
    return [FIGURES[name] for name in given.names or FIGURES]


def compared(measured: list[tuple[Measure, list[Figure]]], options: Options, machine: str) -> list[str]:
    """A line for each figure that is lost and stays so; why nothing could be compared is told."""
    reason = baseline.why_not(machine, options)
    if reason:
        print(f"run.py bench: {reason}", file=sys.stderr)
        return []
    try:
        return baseline.lost_for_good(measured, options)
    except NO_FIGURE as error:
        return [str(error)]


def measure_all(measures: list[Measure], options: Options) -> tuple[list[tuple[Measure, list[Figure]]], list[str]]:
    """Run the figures one after the other under one progress bar; returns them, and why there is none of others.

    One that fails takes no other with it, and an interrupt leaves what was measured before.
    """
    measured: list[tuple[Measure, list[Figure]]] = []
    missing: list[str] = []
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as progress:
        task = progress.add_task("")

        def say(text: str, done: int, of: int) -> None:
            progress.update(task, description=text, completed=done, total=of)

        for one in measures:
            try:
                measured.append((one, one(options._replace(say=say))))
            except NO_FIGURE as error:
                missing.append(str(error) or repr(error))
            except KeyboardInterrupt:
                missing.append("interrupted")
                break
    return measured, missing
