"""`run.py audit DIR`: everything an auditor needs from the journal alone; exit 0 only if all of it holds."""

import argparse
import json
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from exchange.audit.audit import CHECKS, Outcome, Wanted, audit
from exchange.audit.head import SignedHead, WrongHead, opened, signed_of
from exchange.ops import audit_diff
from exchange.ops.replay import journal_directory, last_seq
from journal.errors import CorruptJournal

SEEN_SHOWN = 12
SAID = {
    "chain": "every frame, checksum, chain value, seal and note; heads held elsewhere",
    "book": "rights of keys; fills inside their limits and in price-time order",
    "money": "no money from nowhere; fees are the schedule's; balances are their history",
    "heads": "signed heads, in the journal and kept elsewhere: signatures, chain values, trees, quarantines",
    "snapshots": "the state at every snapshot is the one that the journal gives",
    "agreement": "independent replays came to the same events, chain and state",
}


def main(argv: list[str]) -> int:
    """Audit a data directory or a journal; exit 0 where all holds, 1 where anything does not."""
    if argv[:1] == ["diff"]:
        return audit_diff.main(argv[1:])
    epilog = "run.py audit diff DIR SEQ1 SEQ2: the change of the balance sheet between two entries, by cause."
    parser = argparse.ArgumentParser(prog="run.py audit", description=__doc__, epilog=epilog)
    parser.add_argument("dir", type=Path, help="data directory (the one that holds `journal`), or a journal directory")
    parser.add_argument("--from", dest="from_seq", type=int, default=1, metavar="SEQ", help="report from this entry on")
    parser.add_argument("--to", dest="to_seq", type=int, default=0, metavar="SEQ", help="stop behind this entry")
    parser.add_argument("--head", type=Path, metavar="FILE", help="signed heads that somebody else has kept")
    parser.add_argument("--key", default="", metavar="HEX", help="the public key that must have signed every head")
    parser.add_argument("--json", action="store_true", help="the report as JSON on standard output")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")
    options = parser.parse_args(argv)
    directory = journal_directory(options.dir)
    try:
        signed = read_heads(options.head) if options.head else ()
        heads = {head.seq: head.chain for head in map(opened, signed)}
        snapshots = options.dir / "snapshots"
        found = snapshots if snapshots.is_dir() else None
        key = bytes.fromhex(options.key)
        wanted = Wanted(directory, found, options.from_seq, options.to_seq, heads, signed, key)
        began = time.perf_counter()
        outcomes = watched(wanted, quiet=options.quiet or options.json)
        seconds = time.perf_counter() - began
    except (OSError, ValueError, WrongHead) as error:
        print(f"run.py audit: {error}", file=sys.stderr)
        return 1
    holds = not any(outcome.number for outcome in outcomes)
    if options.json:
        print(json.dumps(as_json(outcomes, seconds, holds=holds), indent=2))
    else:
        show(outcomes, seconds, holds=holds)
    return 0 if holds else 1


def read_heads(path: Path) -> tuple[SignedHead, ...]:
    """Signed heads: the answer of /audit/heads, or one head as JSON a line. Raises ValueError, WrongHead."""
    text = path.read_text()
    try:
        lines = json.loads(text)["heads"]
    except (ValueError, KeyError, TypeError):
        lines = [json.loads(line) for line in text.splitlines() if line.strip()]
    return tuple(map(signed_of, lines))


def watched(wanted: Wanted, *, quiet: bool) -> list[Outcome]:
    """Run the audit under a bar for each check."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,.0f}"), TimeElapsedColumn())
    console = Console(stderr=True)
    if quiet or not sys.stderr.isatty():
        return audit(wanted)
    # Where the end of the journal does not verify, the checks will say so; the bars then have no end.
    total: int | None = wanted.to_seq
    with suppress(CorruptJournal):
        total = total or last_seq(wanted.journal)
    with Progress(*columns, console=console) as progress:
        tasks = {name: progress.add_task(name, total=total) for name in CHECKS}
        return audit(wanted, lambda name, seq: progress.update(tasks[name], completed=seq))


def as_json(outcomes: list[Outcome], seconds: float, *, holds: bool) -> dict[str, Any]:
    checks = [
        {
            "check": outcome.check,
            "holds": not outcome.number,
            "problems": outcome.number,
            "first_problems": [problem._asdict() for problem in outcome.problems],
            "seen": outcome.seen,
        }
        for outcome in outcomes
    ]
    return {"holds": holds, "seconds": round(seconds, 3), "facts": outcomes[-1].facts, "checks": checks}


def show(outcomes: list[Outcome], seconds: float, *, holds: bool) -> None:
    """The report for people."""
    for outcome in outcomes:
        print(f"{'holds' if not outcome.number else 'FAILS':<6} {outcome.check:<10} {SAID[outcome.check]}")
        seen = ", ".join(f"{number:,} {what}" for what, number in list(outcome.seen.items())[:SEEN_SHOWN])
        print(f"{'':<17} {seen}")
        for problem in outcome.problems[:10]:
            print(f"{'':<17} entry {problem.seq}: {problem.text}")
        if outcome.number > len(outcome.problems[:10]):
            print(f"{'':<17} ... {outcome.number} problems in all")
    for name, value in outcomes[-1].facts.items():
        print(f"{name:<17} {value}")
    print(f"{'all of it holds' if holds else 'NOT all of it holds'}, after {seconds:.1f} s")
