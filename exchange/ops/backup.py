"""`run.py backup DIR FILE`, `run.py restore FILE DIR`: everything that cannot be made anew, encrypted, as one file."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from exchange.ops.replay import journal_directory
from exchange.store.backup import read_backup, write_backup
from exchange.store.errors import StoreError
from exchange.store.vault import read_master_key
from journal.disk import REAL_DISK
from journal.errors import CorruptJournal
from journal.segment import list_segments, read_segment
from journal.verify import verify
from journal.walk import contents
from snapshots.store import newest_valid


def main(argv: list[str]) -> int:
    """Write a backup of a venue, which may be running; exit 1 where its journal does not verify."""
    parser = argparse.ArgumentParser(prog="run.py backup", description=__doc__)
    parser.add_argument("dir", type=Path, help="data directory")
    parser.add_argument("file", type=Path, help="where to")
    options = with_key(parser).parse_args(argv)
    try:
        key = read_master_key(options.master_key_file or options.dir / "master.key")
        write_backup(options.file, key, files(options.dir), options.dir / "vault.sqlite")
    except (StoreError, CorruptJournal, OSError) as error:
        print(f"run.py backup: {error}", file=sys.stderr)
        return 1
    size = options.file.stat().st_size
    print(f"{options.file}: {size:,} bytes; it opens with the master key only, which is not in it")
    return 0


def with_key(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--master-key-file", type=Path, metavar="FILE", help="default: master.key of the directory")
    return parser


def files(data: Path) -> Iterator[tuple[str, bytes]]:
    """The newest snapshot, then the journal: it reaches further than the snapshot."""
    journal = journal_directory(data)
    if (data / "snapshots").is_dir():
        journal_id = read_segment(REAL_DISK, list_segments(REAL_DISK, journal)[0]).journal_id
        snapshot = newest_valid(data / "snapshots", journal_id)
        if snapshot is not None:
            yield f"snapshots/{snapshot.path.name}", snapshot.path.read_bytes()
    for name, content in contents(journal):
        yield f"journal/{name}", content


def restore(argv: list[str]) -> int:
    """Unpack a backup into a new directory and verify its journal; exit 1 where it does not open."""
    parser = argparse.ArgumentParser(prog="run.py restore", description=__doc__)
    parser.add_argument("file", type=Path, help="a backup")
    parser.add_argument("dir", type=Path, help="a directory that is empty, or not there")
    parser.add_argument("--master-key-file", type=Path, metavar="FILE", required=True, help="it is not in the backup")
    options = parser.parse_args(argv)
    try:
        names = read_backup(options.file, read_master_key(options.master_key_file), options.dir)
        report = verify(options.dir / "journal")
    except (StoreError, CorruptJournal, OSError) as error:
        print(f"run.py restore: {error}", file=sys.stderr)
        return 1
    print(f"{options.dir}: {len(names)} files, {report.commands:,} entries, every checksum and hash verified")
    return 0
