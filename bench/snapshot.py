"""Figures of snapshots, of a venue with 1,000,000 resting orders.

`snapshot load`: the file read, verified and built into an engine, against the three seconds it may take; reading and
hashing the same bytes is told beside. `recovery`: what a start does, against 1.5 s: the same, the journal's chain up to
the snapshot hashed anew, and 100,000 entries behind it (orders and cancels in batches of 64) read, verified, applied;
read models are not made. `fork`: how long the trading thread stands still when a snapshot begins, against the 20 ms it
may. `batches beside a child`: the 99.9th percentile of what a batch of two orders takes (fsync and apply),
one every millisecond, while a child lives, against three times that without one; one child follows the other until
there are as many batches of either sort.
"""

import hashlib
import time
from pathlib import Path

from bench import measure, venue, workloads
from bench.measure import Figure, Options, Timed
from bench.replay import MESSAGES_IN_FRAME, Hasty, grouped
from bench.shape import QUOTE_ASSET, START_NS, Funding, Shape
from exchange.core import encoding
from exchange.core.engine import MESSAGES, ROWS, Engine
from exchange.core.matching.codes import FIRST_ACCOUNT
from exchange.messages import registry
from exchange.messages.orders import (
    ROW,
    Flags,
    OrderType,
    SelfTrade,
    Side,
    TimeInForce,
    cancel_row,
    pack_client_id,
    place_row,
)
from exchange.runtime import recovery
from journal.writer import Journal
from snapshots import store
from snapshots.writer import Failed, Pending, SnapshotWriter

RESTING = 1_000_000
MARKETS = 50
PURSE = 1 << 48
TAIL_ENTRIES, TAIL_BATCH, TAIL_AGE = 100_000, 64, 100
RECOVERY_SECONDS = 1.5
LOAD_SECONDS, FORK_SECONDS, TAIL_FACTOR = 3.0, 0.020, 3.0
STEP_SECONDS = 0.001
STEPS = 4_000
SCHEMA = 1
FILLING_BATCH = 500
BEST_BID = 1_000_000
FLAGS = Flags(Side.BUY, OrderType.LIMIT, TimeInForce.GTC, SelfTrade.NONE)


def run(options: Options) -> list[Figure]:
    """Measure all three. Raises WrongState."""
    resting = RESTING // options.scale
    options.say("snapshot: filling the books", 0, options.rounds)
    with workloads.scratch("snapshot") as folder:
        data = Path(folder, "venue")
        with new_journal(data / "journal") as journal:
            engine, chain = filled(resting, journal)
            path = written(SnapshotWriter(data / "snapshots"), engine, chain)
            loaded = load_figure(path, engine, resting, options)
            add_tail(engine, journal, resting, TAIL_ENTRIES // options.scale)
        recovered = recovery_figure(data, engine, resting, TAIL_ENTRIES // options.scale, options)
        return [loaded, recovered, *fork_figures(engine, Path(folder), options)]


def new_journal(directory: Path) -> Journal:
    return Journal.create(directory, created_ns=START_NS, journal_id=venue.JOURNAL_ID, disk=Hasty())


def bid(shape: Shape, number: int) -> bytes:
    """A bid at rest; its market, account and price follow from its number."""
    account = number // shape.markets % shape.accounts
    name = pack_client_id(f"x-bench{number:025d}")
    price = BEST_BID - number * 7_919 % 2_000
    owner = FIRST_ACCOUNT + account
    return place_row(1 + number % shape.markets, owner, account + 1, FLAGS, name, price=price, quantity=1 + number % 9)


def add(engine: Engine, journal: Journal, kind: int, commands: int, payload: bytes, ts_ns: int) -> bytes:
    """Append a batch and apply it; returns the chain value behind it."""
    chain = journal.append([(kind, SCHEMA, journal.next_seq, commands, payload)], ts_ns, engine.seq).chain
    engine.apply(kind, payload, engine.seq + 1, ts_ns)
    engine.take_events()
    return chain


def filled(resting: int, journal: Journal) -> tuple[Engine, bytes]:
    """An engine with that many orders at rest, spread over markets, accounts and prices; the end of its chain."""
    shape = Shape(MARKETS, resting, 0)
    engine = Engine(venue.SECRET)
    funding = [Funding(account, QUOTE_ASSET, PURSE) for account in shape.account_ids()]
    commands = [venue.genesis(), *venue.setup(shape, funding)]
    for group in grouped(commands, MESSAGES_IN_FRAME):
        add(engine, journal, MESSAGES, len(group), registry.encode_commands(group), START_NS)
    chain = b""
    for begin in range(0, resting, FILLING_BATCH):
        rows = [bid(shape, number) for number in range(begin, min(begin + FILLING_BATCH, resting))]
        chain = add(engine, journal, ROWS, len(rows), b"".join(rows), START_NS + begin)
    assert engine.state.matching.next_order_id == resting + 1, "every order of the filling rests"
    return engine, chain


def add_tail(engine: Engine, journal: Journal, resting: int, entries: int) -> None:
    """Orders, and after a while each one's cancel, behind the snapshot."""
    shape = Shape(MARKETS, resting, 0)
    rows = []
    for number in range(resting, resting + entries // 2):
        rows.append(bid(shape, number))
        market, owner, key = ROW.unpack_from(bid(shape, number - TAIL_AGE))[3:6]
        rows.append(cancel_row(market, owner, key, order_id=number - TAIL_AGE + 1))
    for begin in range(0, len(rows), TAIL_BATCH):
        batch = rows[begin : begin + TAIL_BATCH]
        add(engine, journal, ROWS, len(batch), b"".join(batch), START_NS + resting + begin)
    assert engine.state.matching.next_order_id == resting + entries // 2 + 1, "every order of the tail was accepted"


def begin(writer: SnapshotWriter, engine: Engine, chain: bytes = bytes(32)) -> float:
    """Begin a snapshot; returns the seconds that the caller stood still."""
    began = time.perf_counter()
    writer.start(
        engine.seq,
        created_ns=START_NS,
        journal_id=venue.JOURNAL_ID,
        chain=chain,
        produce=lambda: ((part, True) for part in encoding.sections(engine.state)),
    )
    return time.perf_counter() - began


def written(writer: SnapshotWriter, engine: Engine, chain: bytes) -> Path:
    """A snapshot of the engine, published."""
    begin(writer, engine, chain)
    pending = writer.wait()
    assert isinstance(pending, Pending), pending
    return writer.publish(pending)


def load_figure(path: Path, engine: Engine, resting: int, options: Options) -> Figure:
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
        aim=LOAD_SECONDS / RECOVERY_SECONDS,
        state_hash=expected,
        read_and_hash_seconds=beside,
        bytes=path.stat().st_size,
    )


def recovery_figure(data: Path, engine: Engine, resting: int, entries: int, options: Options) -> Figure:
    expected = venue.final_hash(engine)

    def recovered() -> Timed:
        with measure.quiet_collector():
            began = time.perf_counter()
            found = recovery.recover(data / "journal", data / "snapshots", venue.JOURNAL_ID)
            seconds = time.perf_counter() - began
        assert found.snapshot_seq == engine.seq - entries, "the snapshot was not used"
        return Timed(seconds, venue.final_hash(found.engine))

    name = f"recovery, {resting:,} resting + {entries:,} entries"
    pairs = measure.in_turn(recovered, lambda: Timed(RECOVERY_SECONDS, expected), expected, options, name)
    return measure.cost(
        name, pairs, reference_name="what it may", state_hash=expected, clock="wall time, files in the page cache"
    )


def fork_figures(engine: Engine, folder: Path, options: Options) -> list[Figure]:
    """Both come from the same runs: batches without a child, then a fork and batches while the child lives."""
    writer = SnapshotWriter(folder / "fork")
    number = engine.state.matching.next_order_id
    shape = Shape(MARKETS, number, 0)
    forks: list[tuple[float, float]] = []
    tails: list[tuple[float, float]] = []
    with Journal.create(folder / "journal", created_ns=START_NS, journal_id=venue.JOURNAL_ID) as journal:
        for done in range(options.rounds):
            options.say("fork", done, options.rounds)
            quiet, number = steady(engine, journal, shape, number)
            beside: list[float] = []
            while len(beside) < len(quiet):
                forks.append((begin(writer, engine), FORK_SECONDS))
                more, number = steady(engine, journal, shape, number, writer)
                beside += more
            tails.append((tail(beside), TAIL_FACTOR * tail(quiet)))
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
    engine: Engine, journal: Journal, shape: Shape, number: int, writer: SnapshotWriter | None = None
) -> tuple[list[float], int]:
    """Two orders every millisecond, durable and applied; no longer than a writer's child lives, where there is one."""
    shift = engine.seq + 1 - journal.next_seq
    seconds: list[float] = []
    due = time.perf_counter()
    while len(seconds) < STEPS:
        rows = bid(shape, number) + bid(shape, number + 1)
        number += 2
        began = time.perf_counter()
        journal.append(
            [(ROWS, SCHEMA, engine.seq + 1 - shift, 2, rows)], START_NS + RESTING + number, engine.seq - shift
        )
        engine.apply(ROWS, rows, engine.seq + 1, START_NS + RESTING + number)
        engine.take_events()
        seconds.append(time.perf_counter() - began)
        if writer is not None and drop(writer, writer.poll()):
            break
        due += STEP_SECONDS
        time.sleep(max(0, due - time.perf_counter()))
    while writer is not None and writer.is_running:
        drop(writer, writer.wait())
    return seconds, number


def drop(writer: SnapshotWriter, ended: Pending | Failed | None) -> bool:
    """Throw away what a child has written, if it has ended; has it?"""
    if ended is None:
        return False
    assert isinstance(ended, Pending), ended
    writer.discard(ended)
    return True
