"""Figure `memory`: bytes for each resting order, its client id included, against the 250 that it may take.

Each round is a process of its own, in which the venue stands with its markets and funded accounts; then a million
orders come to rest, 200 of each account in its four home markets, and the resident memory of the process may have
grown by so much. What an account takes (with a key and two balances) is measured in the same way, and told beneath.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from bench import measure, servers, venue
from bench.measure import Figure, Options
from bench.shape import QUOTE_ASSET, START_NS, Funding, Shape
from exchange.core.engine import Engine
from exchange.core.matching.codes import FIRST_ACCOUNT
from exchange.messages.orders import Flags, OrderType, SelfTrade, Side, TimeInForce, pack_client_id, place_row

RESTING = 1_000_000
ACCOUNTS = 100_000
MARKETS, TRADERS, HOMES = 50, 5_000, 4
ALLOWED_BYTES = 250
PURSE = 1 << 48
BATCH = 1_000
FLAGS = Flags(Side.BUY, OrderType.LIMIT, TimeInForce.GTC, SelfTrade.NONE)
PROBE = "import sys; from bench import memory; memory.probe(sys.argv[1], int(sys.argv[2]))"


def run(options: Options) -> list[Figure]:
    """Measure both. Raises WrongState where two rounds end differently."""
    resting, accounts = RESTING // options.scale, ACCOUNTS // options.scale
    found, each_account, hashes = [], 0.0, set()
    for number in range(options.rounds):
        options.say("memory", number, options.rounds)
        grown, state_hash = probed("orders", resting)
        each_account = probed("accounts", accounts)[0] / accounts
        found.append((grown / resting, float(ALLOWED_BYTES)))
        hashes.add(state_hash)
    if len(hashes) > 1:
        raise measure.WrongState(f"memory: the rounds ended in {len(hashes)} states")
    return [
        measure.cost(
            f"memory per resting order, {resting:,} of them",
            found,
            reference_name="what it may",
            unit="bytes",
            state_hash=hashes.pop(),
            clock="resident memory of a process",
            seen=f"an account with a key and two balances takes {each_account:,.0f} bytes",
            bytes_per_account=each_account,
        )
    ]


def probed(what: str, count: int) -> tuple[int, str]:
    """By how many bytes a process of its own grew, and its state hash."""
    command = [sys.executable, "-c", PROBE, what, str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=servers.ROOT)
    grown, state_hash = json.loads(done.stdout)
    return grown, state_hash


def probe(what: str, count: int) -> None:
    """Grow, and print by how much."""
    grown, engine = (rest_orders if what == "orders" else open_accounts)(count)
    print(json.dumps([grown, venue.final_hash(engine)]))


def growth(run: Callable[[], None]) -> int:
    before = resident_bytes()
    run()
    return resident_bytes() - before


def resident_bytes(pid: int | None = None) -> int:
    """Resident memory of a process, or of this one. RuntimeError where the system does not tell."""
    path = Path(f"/proc/{pid or 'self'}/statm")
    if not path.exists():
        raise RuntimeError("memory is read from /proc/PID/statm, which this system does not have")
    return int(path.read_text().split()[1]) * measure.PAGE_BYTES


def open_accounts(count: int) -> tuple[int, Engine]:
    """Open accounts with a key and funds in a venue that has some already."""
    shape = Shape(1, 0, 0, accounts=TRADERS)
    engine = venue.open_venue(shape, [])
    more = range(FIRST_ACCOUNT + TRADERS, FIRST_ACCOUNT + TRADERS + count)

    def grow() -> None:
        for account in more:
            funding = [Funding(account, QUOTE_ASSET + asset, PURSE) for asset in range(2)]
            for command in venue.account_setup(account, funding):
                engine.apply_message(command, START_NS)
            engine.take_events()

    grown = growth(grow)
    assert engine.state.next_account_id == FIRST_ACCOUNT + TRADERS + count, "every account was opened"
    return grown, engine


def rest_orders(count: int) -> tuple[int, Engine]:
    """Let orders come to rest, none of which meets another."""
    shape = Shape(MARKETS, count, 0, accounts=TRADERS)
    engine = venue.open_venue(shape, [Funding(account, QUOTE_ASSET, PURSE) for account in shape.account_ids()])

    def grow() -> None:
        for begin in range(0, count, BATCH):
            rows = b"".join([bid(number) for number in range(begin, min(begin + BATCH, count))])
            engine.apply_rows(rows, START_NS + begin)
            engine.take_events()

    grown = growth(grow)
    assert venue.resting(engine) == count, "every order rests"
    return grown, engine


def bid(number: int) -> bytes:
    """A bid at rest; its market, account and price follow from its number."""
    account = number % TRADERS
    market = 1 + (account + number // TRADERS % HOMES) % MARKETS
    price = 1_000_000 - number * 7_919 % 2_000
    name = pack_client_id(f"x-TKT5PX2F{number:022d}")
    return place_row(market, FIRST_ACCOUNT + account, account + 1, FLAGS, name, price=price, quantity=1 + number % 9)
