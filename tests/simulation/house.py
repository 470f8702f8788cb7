"""The whole exchange on one thread: sequencer, journal, core, read models, REST, streams; and clients that misbehave.

Disk, clock, network and clients are fakes that do as the seed says; all between them is what runs in production. A
house lives several lives. Each ends by a crash at any step: between two callbacks, or within a write or a sync. What
left the venue as a success was acknowledged, and is kept in a list of the simulator's own.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from exchange.api import accounts as account_endpoints
from exchange.api import general, lists, orders
from exchange.api.auth import Keys
from exchange.api.context import Context
from exchange.api.feed import Feed
from exchange.api.rate_limits import RateLimits
from exchange.api.rest import Rest
from exchange.api.streams import Hub, Streams
from exchange.core import encoding, queries
from exchange.core.engine import Engine
from exchange.messages import accounts, system, transfers, words
from exchange.messages.orders import unpack_client_id
from exchange.ops import listing
from exchange.projections.all import Projections
from exchange.runtime import recovery
from exchange.runtime.clock import Clock
from exchange.runtime.sequencer import Applied, Sequencer
from exchange.verifier.venue import Venue
from journal.errors import JournalError
from journal.frame import Frame
from journal.reader import read
from journal.writer import Journal
from tests.fakes.disk import LyingDisk
from tests.fakes.history import MemoryHistory
from tests.fakes.loop import PowerCut, VirtualLoop
from tests.simulation import clients
from tests.simulation.world import JOURNAL_ID, SEGMENT_BYTES, Broke

HERE = Path("journal")
BEGIN_NS = 1_700_000_000_000_000_000
PEOPLE = 3
LIFE_SECONDS = (0.05, 0.3, 1.0, 4.0)


class Moment(NamedTuple):
    """What a snapshot child that was allowed to end would have published."""

    seq: int
    state: bytes
    read_models: bytes


class Ack(NamedTuple):
    """One success that left the venue: the command's seq, what it was, which order, the client's name for it."""

    seq: int
    method: str
    order_id: int
    client_id: str


class CutDisk(LyingDisk):
    """A disk whose power fails in the middle of an operation: the `cut_at`-th write or sync from now."""

    cut_at: int | None = None

    def count(self) -> None:
        if self.cut_at is not None:
            self.cut_at -= 1
            if self.cut_at < 0:
                raise PowerCut

    def write(self, fd: int, buffers: Any, offset: int) -> int:
        taken = super().write(fd, buffers, offset)
        self.count()
        return taken

    def fdatasync(self, fd: int) -> None:
        self.count()
        super().fdatasync(fd)


class House:
    """One venue through its lives. `happened` counts what was done to it, and what it went through."""

    def __init__(self, seed: int, happened: Counter[str]) -> None:
        self.random = Random(f"house {seed}")
        self.happened = happened
        self.disk = CutDisk(seed)
        self.skew_ns = 0
        self.past_ns = BEGIN_NS
        self.acks: list[Ack] = []
        self.once: set[str] = set()
        """Client ids of orders that are sent again until somebody answers, and must be there once."""
        self.snapshots: list[Moment] = []
        self.has_adopted = False
        self.found: BaseException | None = None
        """What a client found wrong."""
        journal = Journal.create(
            HERE, created_ns=BEGIN_NS, segment_bytes=SEGMENT_BYTES, journal_id=JOURNAL_ID, disk=self.disk
        )
        recovery.begin_journal(journal, BEGIN_NS)
        journal.close()
        self.live(self.settle)
        self.disk.kill()

    def wall_ns(self) -> int:
        return self.past_ns + int(self.loop.time() * 1e9) + self.skew_ns

    def monotonic_ns(self) -> int:
        return int(self.loop.time() * 1e9)

    # A life.

    def live(self, work: Callable[[], Awaitable[None]]) -> None:
        """Start the venue, do some work, and end it the hard way: whatever was not durable may be gone."""
        self.loop = VirtualLoop(self.random)
        try:
            self.loop.run_until_complete(self.serve(work))
        except PowerCut:
            self.happened["power cuts"] += 1
        except (JournalError, OSError):
            self.happened["venues that stopped because of the disk"] += 1
        finally:
            self.past_ns += int(self.loop.time() * 1e9) + 1
            self.disk.cut_at = None
            self.loop.cut()
        if self.found is not None:
            raise self.found

    async def serve(self, work: Callable[[], Awaitable[None]]) -> None:
        """The venue of exchange/app.py, with fakes at its borders; ends with `work`, or with the sequencer."""
        self.open()
        sequencing = asyncio.create_task(self.sequencer.run())
        feeding = asyncio.create_task(self.feed.run())
        working = asyncio.ensure_future(work())
        await asyncio.wait({sequencing, feeding, working}, return_when=asyncio.FIRST_COMPLETED)
        for each in (sequencing, feeding, working):
            if each.done():
                await each

    def open(self) -> None:
        """Recover, from a snapshot where chance has one, and put the venue together."""
        self.journal = Journal.open_for_append(HERE, segment_bytes=SEGMENT_BYTES, disk=self.disk)
        self.projections = Projections()
        self.history = MemoryHistory()
        moment = self.random.choice(self.snapshots) if self.snapshots and self.random.random() < 0.5 else None
        frames = list(read(HERE, workers=0, disk=self.disk))
        self.engine = Engine(self.random.randbytes(16))
        if moment is not None:
            self.engine.state = encoding.restore(self.random.randbytes(16), moment.state)
            self.engine.state.seq = moment.seq
            self.projections.restore(moment.read_models)
            self.happened["starts from a snapshot"] += 1
        for frame in frames:
            if frame.header.first_seq > self.engine.seq and frame.header.commands:
                header = frame.header
                self.engine.apply(header.kind, frame.payload, header.first_seq, header.ts_ns)
                applied = Applied(header.first_seq, self.engine.seq, header.ts_ns, b"", self.engine.take_events())
                self.fold(applied, applied.events())
        self.clock = Clock(self.journal.ts_ns, wall_ns=self.wall_ns, monotonic_ns=self.monotonic_ns)
        self.began_ns = self.clock.read()
        self.has_adopted = False
        self.sequencer = Sequencer(self.engine, self.journal, self.clock, self.publish, capacity=50, batch_commands=8)
        self.projections.users.balance_of = lambda account, asset: queries.balance(self.engine.state, account, asset)
        keys = Keys(lambda reference: reference.encode())
        for granted in queries.granted_keys(self.engine.state):
            keys.on_granted(granted)
        self.context = Context(
            state=self.engine.state,
            submit=self.sequencer.submit,
            submit_row=self.sequencer.take_row,
            now_ns=self.clock.read,
            projections=self.projections,
            history=self.history,
            keys=keys,
            limits=RateLimits("bench"),
        )
        self.hub = Hub(self.context)
        self.feed = Feed(self.context, self.hub)
        self.streams = Streams(self.hub)
        table = (*general.ENDPOINTS, *orders.ENDPOINTS, *lists.ENDPOINTS, *account_endpoints.ENDPOINTS)
        self.rest = Rest(self.context, table)

    def fold(self, applied: Applied, events: list[words.AnyWords]) -> None:
        self.projections.on_batch(applied.ts_ns, events)
        self.history.on_batch(self.projections.take_history())

    def publish(self, applied: Applied, events: list[words.AnyWords]) -> None:
        self.fold(applied, events)
        self.context.limits.on_batch(events, self.context.now_ns())
        self.feed.on_batch(applied.ts_ns)
        self.happened["batches"] += 1
        if self.random.random() < 0.05:
            state = b"".join(encoding.sections(self.engine.state))
            self.loop.create_task(self.snapshot(Moment(applied.last_seq, state, b"".join(self.projections.sections()))))

    async def snapshot(self, moment: Moment) -> None:
        """A snapshot's child: it takes its time, and a crash takes it along."""
        await asyncio.sleep(self.random.random())
        self.snapshots.append(moment)
        self.happened["snapshots published"] += 1

    async def settle(self) -> None:
        """Markets, and people with keys and money."""
        for command in listing.commands():
            await self.sequencer.submit(command)
        known = queries.assets(self.engine.state)
        for number in range(PEOPLE):
            account = 16 + number
            await self.sequencer.submit(accounts.OpenAccount(0, number + 1, 1))
            name = clients.name_of(number)
            await self.sequencer.submit(accounts.GrantApiKey(0, account, 3, name, 1, vault_reference=f"secret {name}"))
            for asset, amount in (("USDT", "1000000"), ("BTC", "10")):
                request = f"{number} {asset}"
                await self.sequencer.submit(transfers.Credit(0, request, account, known[asset], listing.units(amount)))

    # Rounds.

    def round(self, seed: int) -> None:
        """One life of the venue with a fault of the seed's choice, then the checks."""
        self.random.seed(f"round {seed}")
        fault = self.random.choice(FAULTS)
        self.happened[f"house: {fault.__name__}"] += 1
        self.live(lambda: self.busy_life(fault))
        self.disk.cut_at = self.disk.fail_sync = self.disk.fail_write = self.disk.capacity_bytes = None
        self.random.choice([self.disk.crash, self.disk.kill])()
        self.check()

    async def busy_life(self, fault: Callable[[House], None]) -> None:
        """Clients, a reader that keeps up, one that stands still; then the fault, and sooner or later the end."""
        acting = [clients.Client(self, number).live() for number in range(PEOPLE)]
        acting += [clients.follow(self, is_stalled=False), clients.follow(self, is_stalled=True)]
        for each in acting:
            self.loop.create_task(each).add_done_callback(self.note_end)
        await asyncio.sleep(self.random.random() * 0.2)
        fault(self)
        await asyncio.sleep(self.random.choice(LIFE_SECONDS))
        raise PowerCut

    def note_end(self, task: asyncio.Task[None]) -> None:
        """A client ends by what it found wrong, or with the venue."""
        if not task.cancelled() and task.exception() is not None:
            self.found = self.found or task.exception()

    def nothing(self) -> None:
        """It just ends."""

    def power_in_the_middle(self) -> None:
        self.disk.cut_at = self.random.randrange(30)

    def failed_sync(self) -> None:
        self.disk.fail_sync = self.disk.syncs + self.random.randint(1, 10)

    def short_write(self) -> None:
        self.disk.fail_write = self.disk.writes + self.random.randint(1, 10)

    def full_disk(self) -> None:
        used = sum(len(file.live) for file in self.disk.names.values())
        self.disk.capacity_bytes = used + self.random.choice([0, 1, 4_096])

    def clock_jump(self) -> None:
        """The wall clock jumps; the venue's time must not, until an operator says so."""
        self.skew_ns += self.random.choice([-1, 1]) * self.random.choice([1, 2_000, 10**6]) * 1_000_000_000
        if self.random.random() < 0.5:
            self.sequencer.submit(system.AdoptClock(0, self.wall_ns()))
            self.has_adopted = True
            self.happened["clocks adopted"] += 1

    def heard(self, method: str, path: str, answer: clients.Answer) -> None:
        """A success has left the venue."""
        if answer.status == 200 and path == "/api/v3/order" and method in ("POST", "DELETE"):
            body = json.loads(answer.body)
            self.acks.append(Ack(answer.seq, method, body["orderId"], body["clientOrderId"]))
            self.happened["acknowledged"] += 1

    # What must hold.

    def check(self) -> None:
        """Everything acknowledged is there, once; live, replayed and the verifier's state are one; time never jumps."""
        frames = list(read(HERE, workers=0, disk=self.disk))
        replayed, model = Engine(self.random.randbytes(16)), Venue([])
        events: dict[int, list[words.AnyWords]] = {}
        seen = self.engine.seq
        live = encoding.state_hash(self.engine.state)
        for frame in frames:
            header = frame.header
            if header.commands:
                replayed.apply(header.kind, frame.payload, header.first_seq, header.ts_ns)
                model.apply(header.kind, bytes(frame.payload), header.first_seq, header.ts_ns)
                for event in words.read_events(replayed.take_events()):
                    events.setdefault(event.seq, []).append(event)
                if replayed.seq == seen and encoding.state_hash(replayed.state) != live:
                    raise Broke(f"a replay up to {seen} gives another state than the venue had")
        if replayed.seq < seen:
            raise Broke(f"the venue had applied {seen}, and the journal ends with {replayed.seq}")
        if model.state_hash() != encoding.state_hash(replayed.state):
            raise Broke("the verifier has another state")
        self.check_times(frames)
        self.check_acks(events)
        self.happened["recoveries"] += 1
        self.snapshots = [moment for moment in self.snapshots if moment.seq <= replayed.seq]

    def check_times(self, frames: list[Frame]) -> None:
        stamps = [frame.header.ts_ns for frame in frames if frame.header.commands]
        if any(later < earlier for earlier, later in pairwise(stamps)):
            raise Broke("a batch is stamped before the one in front of it")
        lived_ns = self.monotonic_ns()
        passed_ns = self.clock.last_ns - self.began_ns
        if not self.has_adopted and passed_ns > lived_ns + lived_ns // 1_000 + self.engine.seq:
            raise Broke(f"the venue's time went on by {passed_ns} ns in a life of {lived_ns} ns")

    def check_acks(self, events: dict[int, list[words.AnyWords]]) -> None:
        """Every acknowledged order and cancel, by its seq; and no order twice that was sent twice."""
        for ack in self.acks:
            wanted = words.Accepted if ack.method == "POST" else words.Canceled
            found = [event for event in events.get(ack.seq, ()) if isinstance(event, wanted)]
            if ack.order_id not in [event.order_id for event in found]:
                raise Broke(f"acknowledged and not there: {ack}")
        accepted = [event for each in events.values() for event in each if isinstance(event, words.Accepted)]
        names = Counter(unpack_client_id(event.client_id) for event in accepted)
        self.happened["sent for once"] += sum(name in names for name in self.once)
        for name, count in names.items():
            if count > 1 and name in self.once:
                raise Broke(f"the order {name} was sent again and is there {count} times")


FAULTS: tuple[Callable[[House], None], ...] = (
    House.nothing, House.power_in_the_middle, House.power_in_the_middle, House.failed_sync, House.short_write,
    House.full_disk, House.clock_jump,
)  # fmt: skip


def run(seed: int, rounds: list[int], happened: Counter[str]) -> None:
    """One house through its rounds. Raises whatever shows that something is wrong."""
    house = House(seed, happened)
    for each in rounds:
        house.round(each)
