"""`run.py audit diff DIR SEQ1 SEQ2`: the change of the balance sheet between two entries by cause, as CSV."""

import argparse
import csv
import sys
from pathlib import Path

from exchange.audit.causes import Line, explained
from exchange.audit.moment import NoSuchEntry
from exchange.ops.replay import journal_directory
from exchange.runtime.recovery import EngineFailed
from journal.errors import CorruptJournal


def main(argv: list[str]) -> int:
    """Print the lines; exit 1 where anything is unexplained."""
    parser = argparse.ArgumentParser(prog="run.py audit diff", description=__doc__, epilog="Amounts in minor units.")
    parser.add_argument("dir", type=Path, help="data directory, or a journal directory")
    parser.add_argument("seq1", type=int, help="the balance sheet behind this entry (0: before the first)")
    parser.add_argument("seq2", type=int, help="and behind this one")
    options = parser.parse_args(argv)
    if not 0 <= options.seq1 <= options.seq2:
        parser.error("SEQ1 is 0 or more, and not behind SEQ2")
    try:
        lines = explained(journal_directory(options.dir), options.dir / "snapshots", options.seq1, options.seq2)
    except (NoSuchEntry, CorruptJournal, EngineFailed, OSError) as error:
        print(f"run.py audit diff: {error}", file=sys.stderr)
        return 1
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(Line._fields)
    table.writerows(lines)
    return 1 if any(line.unexplained for line in lines) else 0
