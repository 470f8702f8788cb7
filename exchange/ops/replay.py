"""`run.py replay DIR`: rebuild everything from the journal alone; state hash and entries per second."""

import argparse
import secrets
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from exchange.core import encoding, ledger
from exchange.core.engine import Engine
from exchange.runtime import recovery
from journal.ahead import ReadAhead
from journal.errors import CorruptJournal, JournalError
from journal.quarantine import quarantined
from journal.reader import read


def main(argv: list[str]) -> int:
    """Replay a journal from its first entry; exit 1 where it does not verify or the engine fails on an entry."""
    parser = argparse.ArgumentParser(prog="run.py replay", description=__doc__)
    parser.add_argument("dir", type=Path, help="data directory (the one that holds `journal`), or a journal directory")
    parser.add_argument("--to", type=int, metavar="SEQ", help="stop behind the frame that holds this entry")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    options = parser.parse_args(argv)
    directory = journal_directory(options.dir)
    try:
        with ReadAhead(directory) as ahead:
            return replay(directory, ahead, options.to, options.quiet)
    except (CorruptJournal, JournalError, recovery.EngineFailed, FileNotFoundError) as error:
        print(f"run.py replay: {error}", file=sys.stderr)
        return 1


def journal_directory(given: Path) -> Path:
    """The journal below a data directory, or the directory itself where it is one."""
    below = given / "journal"
    return below if below.is_dir() else given


def replay(directory: Path, ahead: ReadAhead, to: int | None, quiet: bool) -> int:
    engine = Engine(secrets.token_bytes(16), quarantined(directory))
    total = to or last_seq(directory)
    columns = (TextColumn("replay"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    began = time.perf_counter()
    with Progress(*columns, console=Console(stderr=True), disable=quiet or not sys.stderr.isatty()) as progress:
        task = progress.add_task("replay", total=total)
        for seq in recovery.replay(directory, engine, ahead, to):
            progress.update(task, completed=seq)
    seconds = time.perf_counter() - began
    ledger.check_sums(engine.state)
    ledger.check_claims(engine.state)
    print(f"seq         {engine.seq}")
    print(f"state hash  {encoding.state_hash(engine.state).hex()}")
    print("ledger      sums are zero, every held amount is claimed")
    print(f"speed       {engine.seq / max(seconds, 1e-9):,.0f} entries/s, every checksum and hash verified")
    return 0


def last_seq(directory: Path) -> int:
    """The last entry's number, for the length of the bar: read without work on what is in it."""
    last = 0
    for frame in read(directory, last_segment_seq(directory)):
        if frame.header.commands:
            last = frame.header.last_seq
    return last


def last_segment_seq(directory: Path) -> int:
    """The first seq of the newest segment, from its name."""
    return max((int(path.stem) for path in directory.glob("*.tape")), default=1)
