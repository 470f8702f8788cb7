"""What an account had at the end of each day, for the api: `python -m exchange.ops.days DIR ACCOUNT FIRST LAST`.

Days are counted since 1970, UTC. Prints JSON: a list of [day, holdings].
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from exchange.api import decimals, valuation
from exchange.audit.days import day_ends
from exchange.core import queries
from exchange.core.state import State
from exchange.runtime.recovery import EngineFailed
from journal.errors import CorruptJournal

WORTH_IN = "BTC"


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
    """Print them; exit 1 where the journal does not verify."""
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
