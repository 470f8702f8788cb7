"""`run.py verifier FILE`: write the second opinion as one file, for whoever has nothing but Python and a journal."""

import argparse
import shutil
import tempfile
import zipapp
from pathlib import Path

from exchange.ops.build import ROOT

PACKAGE = Path("exchange", "verifier")
ENTRY = "exchange.verifier.__main__:run"


def main(argv: list[str]) -> int:
    """Write the archive; `python FILE JOURNAL_DIR` then needs nothing of ours and nothing installed."""
    parser = argparse.ArgumentParser(prog="run.py verifier", description=__doc__)
    parser.add_argument("file", type=Path, nargs="?", default=Path("verifier.pyz"), help="default %(default)s")
    target = parser.parse_args(argv).file
    write(target)
    print(f"{target}: python3 {target} JOURNAL_DIR")
    return 0


def write(target: Path) -> None:
    """Write the archive to a file, whole or not at all."""
    with tempfile.TemporaryDirectory(prefix="verifier-", dir=target.resolve().parent) as folder:
        sources, archive = Path(folder, "sources"), Path(folder, "verifier.pyz")
        shutil.copytree(ROOT / PACKAGE, sources / PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
        zipapp.create_archive(sources, archive, interpreter="/usr/bin/env python3", main=ENTRY, compressed=True)
        archive.rename(target)
