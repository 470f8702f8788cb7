"""What an account had at the end of each day: the journal replayed past midnight after midnight.

Nothing is kept for it: who asks for days pays by a replay, from the newest snapshot before the first of them.

    python -m exchange.audit.days DIR ACCOUNT FIRST LAST    days counted since 1970, UTC; prints JSON
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from exchange.api import decimals, valuation
from exchange.audit.moment import engine_before
from exchange.core import queries
from exchange.core.state import State
from exchange.runtime.recovery import EngineFailed, apply_frame
from journal.disk import REAL_DISK
from journal.errors import CorruptJournal
from journal.quarantine import quarantined
from journal.reader import read
from journal.segment import list_segments, read_segment

NS_PER_DAY = 86_400 * 10**9
WORTH_IN = "BTC"


def day_ends(journal: Path, snapshots: Path | None, first: int, last: int) -> Iterator[tuple[int, State]]:
    """The state as each of these days left it, oldest first; days before that of the journal's creation are left out.

    The state is good until the next is asked for. A day behind the last entry ends as that entry left it.
    Raises CorruptJournal, EngineFailed, FileNotFoundError.
    """
    segments = [read_segment(REAL_DISK, path) for path in list_segments(REAL_DISK, journal)]
    day = max(first, segments[0].journal_created_ns // NS_PER_DAY)
    begun = [segment.first_seq for segment in segments if segment.created_ns < (day + 1) * NS_PER_DAY]
    engine, _ = engine_before(journal, snapshots, begun[-1] if begun else 1, quarantined(journal))
    for frame in read(journal, engine.state.seq + 1):
        while day <= last and frame.header.ts_ns >= (day + 1) * NS_PER_DAY:
            yield day, engine.state
            day += 1
        if day > last:
            return
        apply_frame(engine, frame, journal)
        engine.take_events()
    for rest in range(day, last + 1):
        yield rest, engine.state


def holdings(state: State, account: int) -> dict[str, Any]:
    """An account's balances as the wire writes them, and their worth; what no market tells the worth of counts nothing.

    An account that is not open yet has none.
    """
    scales = queries.asset_scales(state)
    rates = valuation.rates(state, WORTH_IN)
    total = valuation.ZERO
    balances = []
    for asset, available, held in queries.balances(state, account):
        free, locked = decimals.write(available, scales[asset]), decimals.write(held, scales[asset])
        balances.append({"asset": asset, "free": free, "locked": locked})
        if asset in rates:
            total += valuation.worth(decimals.write(available + held, scales[asset]), rates[asset])
    return {"balances": balances, "totalAssetOfBtc": valuation.write(total)}


def main(argv: list[str] | None = None) -> int:
    """Print a list of [day, holdings]; exit 1 where the journal does not verify."""
    parser = argparse.ArgumentParser(prog="days", description=__doc__)
    parser.add_argument("dir", type=Path, help="data directory")
    for name in ("account", "first", "last"):
        parser.add_argument(name, type=int)
    options = parser.parse_args(argv)
    ends = day_ends(options.dir / "journal", options.dir / "snapshots", options.first, options.last)
    try:
        print(json.dumps([(day, holdings(state, options.account)) for day, state in ends]))
    except (CorruptJournal, EngineFailed, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
