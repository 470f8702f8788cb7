"""`run.py shadow DIR`: does this code make of an old journal what was recorded when it was written?"""

import argparse
import sys
from pathlib import Path

from exchange.audit.shadow import RECORD, Difference, NoRecord, compare, record
from exchange.messages.words import read_events
from exchange.ops.inspect import event_text
from exchange.ops.replay import journal_directory
from exchange.runtime.recovery import EngineFailed
from journal.errors import CorruptJournal

EVENTS_SHOWN = 20


def main(argv: list[str]) -> int:
    """Compare, or with --record write the record; exit 1 where anything differs."""
    parser = argparse.ArgumentParser(prog="run.py shadow", description=__doc__)
    parser.add_argument("dir", type=Path, help="data directory, or a journal directory")
    parser.add_argument("--digests", type=Path, metavar="FILE", help=f"default: {RECORD} in DIR")
    parser.add_argument("--record", action="store_true", help="write what this code makes of it")
    options = parser.parse_args(argv)
    journal = journal_directory(options.dir)
    digests = options.digests or options.dir / RECORD
    try:
        if options.record:
            print(f"recorded the events of {record(journal, digests):,} entries in {digests}")
            return 0
        seq, difference = compare(journal, digests)
    except (NoRecord, CorruptJournal, EngineFailed, OSError) as error:
        print(f"run.py shadow: {error}", file=sys.stderr)
        return 1
    if difference is None:
        print(f"the same events and the same state, up to entry {seq:,}")
        return 0
    show(difference)
    return 1


def show(difference: Difference) -> None:
    """Where it is, and what this code makes of those entries."""
    print(f"DIFFERS behind entry {difference.after_seq:,}, up to {difference.to_seq:,}: {difference.what}")
    shown = 0
    for step in difference.steps:
        for event in read_events(step.stream):
            print(f"  {event.seq}: {event_text(event)}")
            shown += 1
            if shown == EVENTS_SHOWN:
                return
