"""`python -m exchange.verifier JOURNAL_DIR`: replay a journal by the second opinion and say whether all adds up."""

import argparse
import json
import sys
from pathlib import Path

from exchange.verifier import proofs
from exchange.verifier.frames import Journal
from exchange.verifier.venue import Venue
from exchange.verifier.words import Broken


def main(argv: list[str] | None = None) -> int:
    """Print the last seq, the state hash, sums and negative balances; return 1 where anything is wrong."""
    given = sys.argv[1:] if argv is None else argv
    if given[:1] == ["proof"]:
        return proof(given[1:])
    parser = argparse.ArgumentParser(prog="verifier", description=__doc__, epilog="verifier proof FILE: see there.")
    parser.add_argument("journal", type=Path, metavar="JOURNAL_DIR")
    directory = parser.parse_args(given).journal
    try:
        venue, journal = replay(directory)
    except (Broken, OSError, ValueError) as problem:
        print(f"wrong: {problem}", file=sys.stderr)
        return 1
    return report(venue, journal)


def proof(argv: list[str]) -> int:
    """Check a receipt or a proof of liabilities, as the venue's API gave it; return 1 where it proves nothing."""
    parser = argparse.ArgumentParser(prog="verifier proof", description=proof.__doc__)
    parser.add_argument("file", type=Path, help="the answer of /receipt or /liabilities/proof, as JSON")
    parser.add_argument("--key", default="", metavar="HEX", help="the public key that must have signed the head")
    options = parser.parse_args(argv)
    try:
        for line in proofs.check(json.loads(options.file.read_bytes()), options.key):
            print(line)
    except (Broken, OSError, ValueError) as problem:
        print(f"wrong: {problem}", file=sys.stderr)
        return 1
    return 0


def replay(directory: Path) -> tuple[Venue, Journal]:
    """Verify all frames and read all notes, then apply every command. Raises Broken or ValueError."""
    scout = Journal(directory)
    for _ in scout.frames():
        pass
    venue = Venue(scout.quarantined)
    journal = Journal(directory)
    for frame in journal.frames():
        header = frame.header
        if header.schema != 1:
            raise Broken(f"command {header.first_seq}: payload schema {header.schema}, this verifier reads 1")
        venue.apply(header.kind, frame.payload, header.first_seq, header.ts_ns)
        if venue.seq != header.first_seq + header.commands - 1:
            raise Broken(f"the frame at command {header.first_seq} holds another number of commands than it says")
    return venue, journal


def report(venue: Venue, journal: Journal) -> int:
    ledger = venue.state.ledger
    sums = ledger.sums()
    negatives = ledger.negatives()
    print(f"journal {journal.journal_id.hex()}")
    print(f"last seq {venue.seq}")
    print(f"chain {journal.chain.hex()}")
    print(f"state hash {venue.state_hash().hex()}")
    if journal.torn:
        print(journal.torn)
    for seq, reason in sorted(journal.quarantined.items()):
        print(f"quarantined {seq}: {reason}")
    for asset, total in sums.items():
        print(f"sum of {venue.state.assets[asset - 1][0]} {total}")
    for account, asset, available, held in negatives:
        print(f"negative: account {account} has {available} available and {held} held of asset {asset}")
    print(f"negative balances {len(negatives)}")
    return 1 if negatives or any(sums.values()) else 0


def run() -> None:
    """What an archive calls (`python -m zipapp DIR -m exchange.verifier.__main__:run`): it ignores what is returned."""
    raise SystemExit(main())


if __name__ == "__main__":
    run()
