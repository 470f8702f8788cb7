"""Seeded flows of commands, driven through the core as they are drawn, kept as files below build/bench.

The flow: 55 % passive orders (a fifth of them LIMIT_MAKER), 35 % cancels, 10 % orders that cross several levels (50 %
MARKET, 40 % IOC, 5 % FOK, 5 % GTC with a limit 20 ticks through the best). Each market has a fair price that wanders
and reverts to a slowly moving mean; passive orders stand at exponential distances from it (mean 150 ticks), never
through the best of the other side. Sizes are exponential, 50 lots in the mean; a crossing order takes 100 lots times
the cube of how full its market is against its target, so the number of resting orders stays level. Cancels name a young
order as often as any. Markets are chosen with weights 1 / rank^0.7.

Clients err a little, as they do: one cancel in about 40 names an order that has just gone, one LIMIT_MAKER in 50 was
priced too late and would take. One order in 100 carries the two numbers of a strategy, so rows differ in length.

Accounts: 5,000, alike. Where there are more than four markets each account trades in four home markets, most chosen
with the weights above, because that is how participants are: so nearly all seats are taken in the prefill and the timed
part is a steady state. Every account is funded for its markets beforehand; no order fails for want of funds.

The file: a head of 16 words (`HEAD`), then the funding (account, asset, amount: three words each), then the rows of the
prefill, then the timed rows.
"""

import hashlib
import itertools
import os
from collections.abc import Callable, Iterator
from math import log
from pathlib import Path
from random import Random
from struct import Struct
from tempfile import TemporaryDirectory
from typing import NamedTuple

from bench import mirror as mirrors
from bench import rows, shape, venue
from bench.shape import BATCH, BATCH_NS, START_NS, Funding, Shape
from exchange.core.engine import Engine
from exchange.core.matching import codes

FOLDER = Path(__file__).parent.parent / "build" / "bench"
MAGIC = int.from_bytes(b"TAPEWORK", "little")
VERSION = 1
HEAD = Struct("<16q")
FUNDING = Struct("<3q")
SOURCES = ("workloads.py", "hostile.py", "rows.py", "mirror.py", "shape.py", "venue.py")

HOME_MARKETS = 4
MIDDLE_TICKS = 100_000
DISTANCE_TICKS = 150.0
LOTS = 50.0
CROSSING_LOTS = 100.0
THROUGH_TICKS = 20
YOUNG_ORDERS = 1_000.0
# Where the flow comes to rest above the number it aims at, measured: what is filled and cancelled lags what comes in.
LEVEL_ABOVE_AIM = 1.05
# What clients may be told; anything else would be work that the reference does not do.
EXPECTED_REJECTS = frozenset([codes.UNKNOWN_ORDER, codes.WOULD_TAKE, codes.WOULD_TRIGGER])

Progress = Callable[[int, int], None]


def scratch(name: str) -> TemporaryDirectory[str]:
    """A folder for one run, on the disk on which everything is measured."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    return TemporaryDirectory(prefix=f"{name}-", dir=FOLDER)


class Workload(NamedTuple):
    """A flow in memory. `prefill` and `timed` are runs of whole commands, as bytes."""

    path: Path
    shape: Shape
    funding: list[Funding]
    prefill: memoryview
    timed: memoryview

    def batches(self) -> list[tuple[memoryview, int]]:
        """The timed commands as runs of up to 256, each with its time."""
        runs = split(self.timed, BATCH)
        return [(run, START_NS + BATCH_NS * (number + 1)) for number, run in enumerate(runs)]

    def open_filled(self) -> Engine:
        """Return a new engine that stands where the timed part begins, its events taken."""
        engine = venue.open_venue(self.shape, self.funding)
        engine.apply_rows(self.prefill, START_NS)
        engine.take_events()
        return engine


def extents(data: memoryview) -> Iterator[int]:
    """Yield where each command begins, in bytes, and at last where the last one ends. Commands here are single rows."""
    words = data.cast("q")
    at, end = 0, len(words)
    while at < end:
        yield at * 8
        at += codes.ROW_WORDS + codes.EXTENSION_WORDS * words[at + rows.EXTENSIONS_AT]
    yield at * 8


def split(data: memoryview, count: int) -> list[memoryview]:
    """Cut a run of rows into runs of `count` commands; the last may have fewer."""
    ends = list(extents(data))
    cuts = [*ends[:-1:count], ends[-1]]
    return [data[start:end] for start, end in itertools.pairwise(cuts)]


def commands_in(data: memoryview) -> int:
    return sum(1 for _ in extents(data)) - 1


def load(wanted: Shape, progress: Progress | None = None, folder: Path | None = None) -> Workload:
    """Return the flow of a shape, from its file or drawn anew (some 20 s for a million commands)."""
    folder = folder or FOLDER
    path = folder / f"{wanted.markets}-markets-{wanted.commands}-{key(wanted)}.rows"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".part{os.getpid()}")
        part.write_bytes(draw(wanted, progress))
        part.rename(path)
    data = memoryview(path.read_bytes())
    fields = HEAD.unpack_from(data)
    rows_at = HEAD.size + fields[6] * FUNDING.size
    timed_at = rows_at + fields[7]
    if len(data) != timed_at + fields[8]:
        raise ValueError(f"{path} has {len(data)} bytes where its head says {timed_at + fields[8]}: remove it")
    funding = [Funding(*each) for each in FUNDING.iter_unpack(data[HEAD.size : rows_at])]
    return Workload(path, wanted, funding, data[rows_at:timed_at], data[timed_at:])


def key(wanted: Shape) -> str:
    """Return what a kept file depends on, as a short digest: the shape and the sources that draw it."""
    digest = hashlib.sha256(repr(tuple(wanted)).encode())
    for name in SOURCES:
        digest.update(Path(__file__).with_name(name).read_bytes())
    return digest.hexdigest()[:16]


def draw(wanted: Shape, progress: Progress | None = None) -> bytes:
    """Draw a flow and return its file; `progress` hears (done, of)."""
    flow = KINDS[wanted.kind](wanted)
    for market in range(1, wanted.markets + 1):
        while flow.known.resting[market] < flow.aim:
            flow.passive(market)
    prefill_commands, prefill = len(flow.sent), b"".join(flow.sent)
    flow.sent.clear()
    flow.is_timed = True
    for done in range(wanted.commands):
        flow.step()
        if progress and done % 10_000 == 0:
            progress(done, wanted.commands)
    unexpected = set(flow.known.rejects) - EXPECTED_REJECTS
    if unexpected:
        raise AssertionError(f"the flow met refusals that it should not: {sorted(unexpected)}")
    timed = b"".join(flow.sent)
    head = HEAD.pack(
        MAGIC, VERSION, wanted.markets, wanted.accounts, prefill_commands, wanted.commands,
        len(flow.funding), len(prefill), len(timed),
        shape.BASE_PER_LOT, shape.QUOTE_PER_TICK_LOT, shape.MAKER_PPM, shape.TAKER_PPM, 0, 0, 0,
    )  # fmt: skip
    return head + b"".join(FUNDING.pack(*each) for each in flow.funding) + prefill + timed


class Flow:
    """The author of a flow: draws a command from what it knows of the venue, sends it, and reads the answer."""

    def __init__(self, wanted: Shape) -> None:
        self.rnd = Random(wanted.seed)
        self.commands = wanted.commands
        self.known = mirrors.Mirror(wanted.markets)
        self.sent: list[bytes] = []
        self.is_timed = False
        self.number = 0
        self.markets = range(1, wanted.markets + 1)
        self.weights = list(itertools.accumulate(rank**-0.7 for rank in self.markets))
        self.members: list[list[int]] = [[] for _ in range(wanted.markets + 1)]
        self.funding = list(self.choose_homes(wanted))
        self.engine = venue.open_venue(wanted, self.funding)
        self.aim = max(1, round(wanted.resting / wanted.markets / LEVEL_ABOVE_AIM))
        self.fair = [float(MIDDLE_TICKS)] * (wanted.markets + 1)
        self.mean = [float(MIDDLE_TICKS)] * (wanted.markets + 1)
        # Orders that came to rest, by market; those that are gone are found out when they are drawn.
        self.rested: list[list[tuple[int, int]]] = [[] for _ in range(wanted.markets + 1)]

    def choose_homes(self, wanted: Shape) -> Iterator[Funding]:
        """Choose who trades in each market, and yield what they are given for it."""
        for account in wanted.account_ids():
            # A market of small weight is somebody's too.
            homes = {self.markets[account % wanted.markets]}
            while len(homes) < min(HOME_MARKETS, wanted.markets):
                homes.add(self.a_market())
            yield Funding(account, shape.QUOTE_ASSET, wanted.quote_funds())
            for market in sorted(homes):
                self.members[market].append(account)
                yield Funding(account, shape.QUOTE_ASSET + market, shape.BASE_FUNDS)

    def step(self) -> None:
        """Draw and send one command."""
        market = self.a_market()
        self.mean[market] += self.rnd.gauss(0, 0.3)
        self.fair[market] += self.rnd.gauss(0, 1.0) - 0.002 * (self.fair[market] - self.mean[market])
        draw = self.rnd.random()
        if draw < 0.35:
            self.cancel(market)
        elif draw < 0.45:
            self.crossing(market)
        else:
            self.passive(market)

    def passive(self, market: int) -> None:
        """An order that is to wait in the book."""
        rnd, side = self.rnd, self.rnd.getrandbits(1)
        sign = 1 if side == codes.BUY else -1
        price = int(self.fair[market]) - sign * (1 + self.exponential(DISTANCE_TICKS))
        best = self.known.sides[market][1 - side].best()
        order_type = codes.LIMIT_MAKER if rnd.random() < 0.2 else codes.LIMIT
        if best:
            if order_type == codes.LIMIT_MAKER and rnd.random() < 0.02:
                price = best
            elif (best - price) * sign <= 0:
                price = best - sign
        self.place(market, side, order_type, codes.GTC, price, 1 + self.exponential(LOTS))

    def crossing(self, market: int) -> None:
        """An order of a drawn side that takes what stands at the best prices."""
        self.taking(market, self.rnd.getrandbits(1))

    def taking(self, market: int, side: int) -> None:
        rnd = self.rnd
        best = self.known.sides[market][1 - side].best()
        if not best:
            self.passive(market)
            return
        quantity = 1 + self.exponential(CROSSING_LOTS * (self.known.resting[market] / self.aim) ** 3)
        draw = rnd.random()
        if draw < 0.5:
            self.place(market, side, codes.MARKET, codes.GTC, 0, quantity)
            return
        time_in_force = codes.IOC if draw < 0.9 else codes.FOK if draw < 0.95 else codes.GTC
        price = best + (THROUGH_TICKS if side == codes.BUY else -THROUGH_TICKS)
        self.place(market, side, codes.LIMIT, time_in_force, price, quantity)

    def cancel(self, market: int) -> None:
        """Cancel an order of the market, a young one as often as any; now and then one that has just gone."""
        rnd, rested = self.rnd, self.rested[market]
        while rested:
            at = rnd.randrange(len(rested))
            if rnd.random() < 0.5:
                at = max(0, len(rested) - 1 - self.exponential(YOUNG_ORDERS))
            order_id, account = rested[at]
            rested[at] = rested[-1]
            rested.pop()
            if order_id in self.known.open or rnd.random() < 0.05:
                name = rows.packed_id(rows.drawn_id(rnd, self.number))
                self.send(rows.cancel(market, account, order_id, name))
                return
        self.passive(market)

    def place(self, market: int, side: int, order_type: int, time_in_force: int, price: int, quantity: int) -> None:
        rnd = self.rnd
        account = rnd.choice(self.members[market])
        name = rows.client_id(rnd, market, self.number)
        row = rows.place(market, account, side, order_type, time_in_force, price, quantity, name)
        if rnd.random() < 0.01:
            row = rows.with_strategy(row, 1 + account % 9)
        order_id = self.send(row)
        if order_id:
            self.rested[market].append((order_id, account))

    def send(self, row: bytes) -> int:
        """Send a command at its batch's time; returns the order that it left in the book, or 0."""
        now_ns = START_NS + (BATCH_NS * (1 + len(self.sent) // BATCH) if self.is_timed else 0)
        self.number += 1
        self.sent.append(row)
        self.engine.apply_rows(row, now_ns)
        return self.known.fold(memoryview(self.engine.take_events()).cast("q"))

    def a_market(self) -> int:
        if len(self.markets) == 1:
            return 1
        return self.rnd.choices(self.markets, cum_weights=self.weights)[0]

    def exponential(self, mean: float) -> int:
        """A whole number, exponential; written out, for the library's own has changed between versions."""
        return int(-log(1.0 - self.rnd.random()) * mean)


KINDS: dict[str, type[Flow]] = {"calm": Flow}
"""Flows by their names; bench/hostile.py adds those that are not calm."""
