"""Figures of snapshots, of a venue with 1,000,000 resting orders.

`snapshot load`: the file read, verified and built into an engine, against the three seconds it may take; reading and
hashing the same bytes is told beside. `fork`: how long the trading thread stands still when a snapshot begins, against
the 20 ms it may. `batches beside a child`: the 99.9th percentile of what a batch of two orders takes (fsync and apply),
one every millisecond, while the child lives, against three times that without one.
"""

import hashlib
import tempfile
import time
from pathlib import Path

from bench import measure, venue, workloads
from bench.measure import Figure, Options, Timed
from bench.shape import QUOTE_ASSET, START_NS, Funding, Shape
from exchange.core import encoding
from exchange.core.engine import MESSAGES, ROWS, Engine
from exchange.core.matching.codes import FIRST_ACCOUNT
from exchange.messages import registry
from exchange.messages.orders import Flags, OrderType, SelfTrade, Side, TimeInForce, pack_client_id, place_row
from journal.writer import Journal
from snapshots import store
from snapshots.writer import Pending, SnapshotWriter

RESTING = 1_000_000
MARKETS = 50
PURSE = 1 << 48
LOAD_SECONDS, FORK_SECONDS, TAIL_FACTOR = 3.0, 0.020, 3.0
STEP_SECONDS = 0.001
STEPS = 4_000
SCHEMA = 1
BEST_BID = 1_000_000
FLAGS = Flags(Side.BUY, OrderType.LIMIT, TimeInForce.GTC, SelfTrade.NONE)


def run(options: Options) -> list[Figure]:
    """Measure all three. Raises WrongState."""
    resting = RESTING // options.scale
    options.say("snapshot: filling the books", 0, options.rounds)
    engine = filled(resting)
    with tempfile.TemporaryDirectory(prefix="snapshot-", dir=workloads.FOLDER) as folder:
        loaded = load_figure(engine, resting, Path(folder), options)
        return [loaded, *fork_figures(engine, Path(folder), options)]


def bid(shape: Shape, number: int) -> bytes:
    """A bid at rest; its market, account and price follow from its number."""
    account = number // shape.markets % shape.accounts
    name = pack_client_id(f"x-bench{number:025d}")
    price = BEST_BID - number * 7_919 % 2_000
    owner = FIRST_ACCOUNT + account
    return place_row(1 + number % shape.markets, owner, account + 1, FLAGS, name, price=price, quantity=1 + number % 9)


def filled(resting: int) -> Engine:
    """An engine with that many orders at rest, spread over markets, accounts and prices."""
    shape = Shape(MARKETS, resting, 0)
    engine = Engine(venue.SECRET)
    funding = [Funding(account, QUOTE_ASSET, PURSE) for account in shape.account_ids()]
    commands = [venue.genesis(), *venue.setup(shape, funding)]
    engine.apply(MESSAGES, registry.encode_commands(commands), 1, START_NS)
    engine.take_events()
    for begin in range(0, resting, 1_000):
        rows = [bid(shape, number) for number in range(begin, min(begin + 1_000, resting))]
        engine.apply(ROWS, b"".join(rows), engine.seq + 1, START_NS + begin)
        engine.take_events()
    assert engine.state.matching.next_order_id == resting + 1, "every order of the filling rests"
    return engine


def begin(writer: SnapshotWriter, engine: Engine) -> float:
    """Begin a snapshot; returns the seconds that the caller stood still."""
    began = time.perf_counter()
    writer.start(
        engine.seq,
        created_ns=START_NS,
        journal_id=venue.JOURNAL_ID,
        chain=bytes(32),
        produce=lambda: ((part, True) for part in encoding.sections(engine.state)),
    )
    return time.perf_counter() - began


def written(writer: SnapshotWriter, engine: Engine) -> Path:
    """A snapshot of the engine, published."""
    begin(writer, engine)
    pending = writer.wait()
    assert isinstance(pending, Pending), pending
    return writer.publish(pending)


def load_figure(engine: Engine, resting: int, folder: Path, options: Options) -> Figure:
    path = written(SnapshotWriter(folder / "load"), engine)
    expected = venue.final_hash(engine)
    beside: list[float] = []

    def load() -> Timed:
        began = time.perf_counter()
        state = encoding.restore(venue.SECRET, store.load(path).state)
        return Timed(time.perf_counter() - began, encoding.state_hash(state).hex())

    def allowed() -> Timed:
        began = time.perf_counter()
        hashlib.sha256(path.read_bytes()).digest()
        beside.append(time.perf_counter() - began)
        return Timed(LOAD_SECONDS, expected)

    pairs = measure.in_turn(load, allowed, expected, options, "snapshot load")
    return measure.cost(
        f"snapshot load, {resting:,} resting",
        pairs,
        reference_name="what it may",
        state_hash=expected,
        read_and_hash_seconds=beside,
        bytes=path.stat().st_size,
    )


def fork_figures(engine: Engine, folder: Path, options: Options) -> list[Figure]:
    """Both come from the same runs: batches without a child, then a fork and batches while the child lives."""
    writer = SnapshotWriter(folder / "fork")
    shape = Shape(MARKETS, RESTING, 0)
    number = RESTING
    forks: list[tuple[float, float]] = []
    tails: list[tuple[float, float]] = []
    with Journal.create(folder / "journal", created_ns=START_NS, journal_id=venue.JOURNAL_ID) as journal:
        for done in range(options.rounds):
            options.say("fork", done, options.rounds)
            quiet, number = steady(engine, journal, shape, number, writer)
            forks.append((begin(writer, engine), FORK_SECONDS))
            beside, number = steady(engine, journal, shape, number, writer)
            tails.append((tail(beside), TAIL_FACTOR * tail(quiet)))
            while writer.is_running:
                ended = writer.wait()
                assert isinstance(ended, Pending), ended
                writer.discard(ended)
    final = venue.final_hash(engine)
    return [
        measure.cost("fork", forks, reference_name="what it may", state_hash=final),
        measure.cost(
            "batches beside a child, p99.9, fdatasync",
            tails,
            reference_name="3 x without it",
            aim=1.5,
            state_hash=final,
        ),
    ]


def tail(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.999)]


def steady(
    engine: Engine, journal: Journal, shape: Shape, number: int, writer: SnapshotWriter
) -> tuple[list[float], int]:
    """Two orders every millisecond, durable and applied; as long as a child lives, if one did at the beginning."""
    had_child = writer.is_running
    shift = engine.seq + 1 - journal.next_seq
    seconds: list[float] = []
    due = time.perf_counter()
    while len(seconds) < STEPS and (not had_child or writer.poll() is None):
        rows = bid(shape, number) + bid(shape, number + 1)
        number += 2
        began = time.perf_counter()
        journal.append(
            [(ROWS, SCHEMA, engine.seq + 1 - shift, 2, rows)], START_NS + RESTING + number, engine.seq - shift
        )
        engine.apply(ROWS, rows, engine.seq + 1, START_NS + RESTING + number)
        engine.take_events()
        seconds.append(time.perf_counter() - began)
        due += STEP_SECONDS
        time.sleep(max(0, due - time.perf_counter()))
    return seconds, number
