"""`run.py quarantine DIR SEQ --reason ...`: set aside a command on which the engine fails (design §3.6)."""

import argparse
import sys
import time
from pathlib import Path

from exchange.ops.replay import journal_directory
from exchange.runtime.recovery import ENGINE_VERSION, known_applied_seq
from journal import quarantine as notes
from journal.errors import CorruptJournal, JournalError, QuarantineRefused


def main(argv: list[str]) -> int:
    """Append a quarantine note; exit 1 where anything shows that the command was applied."""
    parser = argparse.ArgumentParser(prog="run.py quarantine", description=__doc__)
    parser.add_argument("dir", type=Path, help="data directory of a venue that is not running")
    parser.add_argument("seq", type=int, help="the entry that the engine failed on: its error names it")
    parser.add_argument("--reason", required=True, help="kept in the journal for ever")
    options = parser.parse_args(argv)
    try:
        note = notes.quarantine(
            journal_directory(options.dir),
            options.seq,
            options.reason,
            engine_version=ENGINE_VERSION,
            created_ns=time.time_ns(),
            known_applied_seq=known_applied_seq(options.dir / "snapshots"),
        )
    except (QuarantineRefused, CorruptJournal, JournalError) as error:
        print(f"run.py quarantine: {error}", file=sys.stderr)
        return 1
    print(f"entry {note.seq} is set aside: it will answer INTERNAL_ERROR, its market only lets cancel until resumed")
    return 0
