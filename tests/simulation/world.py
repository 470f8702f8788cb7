"""A venue on one thread whose disk fails as the seed says: rounds of work, each ended by a crash and by checks.

The journal, the core and the recovery are the real ones; the disk is tests/fakes/disk.py. What was acknowledged is
kept in a list of the simulator's own. After every crash (design §8): all of that is there, once; the live state, a
replay from the first entry and a snapshot with its tail have one hash, the verifier too; ledger and books hold.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import NamedTuple

from exchange.audit.book import Book
from exchange.audit.findings import Findings
from exchange.audit.moment import extents, singles
from exchange.audit.money import Money
from exchange.audit.source import Step
from exchange.core import encoding, ledger
from exchange.core.engine import ROWS, Engine
from exchange.messages import registry
from exchange.messages.orders import EventKind
from exchange.messages.rejects import RejectCode
from exchange.verifier.venue import Venue
from journal.errors import CorruptJournal, JournalError
from journal.frame import Frame
from journal.quarantine import quarantine_in, quarantined
from journal.reader import read
from journal.writer import Journal
from tests import flows
from tests.commands import refused
from tests.fakes.disk import LyingDisk
from tests.simulation import small

HERE = Path("journal")
SEGMENT_BYTES = 32_768
JOURNAL_ID = bytes(range(16))


class Broke(AssertionError):
    """Something that must hold did not."""


class Sent(NamedTuple):
    """One entry as it was handed to the journal."""

    kind: int
    first_seq: int
    commands: int
    payload: bytes
    ts_ns: int


class World:
    """One venue through its crashes. `happened` counts what was done to it, and what it went through."""

    def __init__(self, seed: int, happened: Counter[str]) -> None:
        self.random = Random(seed)
        self.happened = happened
        self.disk = LyingDisk(seed)
        self.journal = Journal.create(
            HERE, created_ns=1, segment_bytes=SEGMENT_BYTES, journal_id=JOURNAL_ID, disk=self.disk
        )
        knobs = flows.Knobs(
            markets=self.random.randint(1, 3),
            accounts=self.random.randint(2, 5),
            seed=seed,
            wild_percent=self.random.choice([0, 5, 30]),
            spread=self.random.randint(0, 6),
            fee_ppm=self.random.choice([0, 1_000]),
            waiting=self.random.choice([0.0, 0.3]),
            lists=seed // 4 % 2 * 0.2,
            terms=seed % 2,
            pegs=seed // 2 % 2 * 0.3,
            crowds=0.2 if seed % 50 == 48 else 0.0,
        )
        self.model = Venue([])
        self.core = Engine(b"k" * 16)
        self.flow = flows.Flow(knobs, self.model)
        self.acknowledged: list[Sent] = []
        self.under_way: Sent | None = None
        self.snapshots: list[tuple[int, bytes]] = []
        self.ended = False
        for entry in self.flow.setup():
            self.send(entry)

    # Work.

    def sent(self, entry: flows.Entry) -> Sent | None:
        """An entry with its number; None where it cannot be cut into commands: the edge would not send it."""
        try:
            if entry.kind == ROWS:
                commands = len(extents(entry.payload))
            else:
                commands = len(registry.decode_commands(entry.payload))
        except (ValueError, LookupError, struct.error) as error:
            self.happened[f"not sent: {type(error).__name__}"] += 1
            return None
        return Sent(entry.kind, self.journal.next_seq, commands, entry.payload, entry.ts_ns) if commands else None

    def send(self, entry: flows.Entry) -> None:
        """Journal an entry, then apply it to core and verifier, which must agree."""
        sent = self.sent(entry)
        if sent is not None:
            self.under_way = sent
            self.write(sent)
            self.acknowledge(sent)

    def write(self, sent: Sent) -> None:
        content = (sent.kind, 1, sent.first_seq, sent.commands, sent.payload)
        self.journal.append([content], sent.ts_ns, self.core.seq)

    def acknowledge(self, sent: Sent) -> None:
        """It is durable: apply and answer."""
        self.acknowledged.append(sent)
        self.under_way = None
        self.core.apply(sent.kind, sent.payload, sent.first_seq, sent.ts_ns)
        told = self.core.take_events()
        if told != self.model.apply(sent.kind, sent.payload, sent.first_seq, sent.ts_ns):
            raise Broke(f"core and verifier tell other events of the entries from {sent.first_seq} on")
        self.happened["entries"] += sent.commands
        events = flows.split(told)
        self.happened.update(f"refusal: {RejectCode(code).name}" for code in refused(events))
        self.happened.update(f"event: {EventKind(flows.kind_of(event)).name}" for event in events)

    def work(self, chance: Random, count: int) -> None:
        for _ in range(count):
            self.send(self.flow.step(chance.randrange(1 << 32)))
            if chance.random() < 0.3:
                self.journal.seal()
            if chance.random() < 0.2:
                self.snapshots.append((self.core.seq, b"".join(encoding.sections(self.core.state))))

    # What happens to it.

    def round(self, seed: int) -> None:
        """Work, a fault, a crash, and the checks."""
        chance = Random(seed)
        fault = chance.choice(FAULTS)
        self.happened[fault.__name__] += 1
        # A crowd that began comes whole.
        self.work(chance, chance.randint(0, 3) + len(self.flow.coming))
        fault(self, chance)
        if not self.ended:
            self.recover(chance)

    def power_cut(self, chance: Random) -> None:
        """The machine stops between two batches."""
        self.disk.crash()

    def killed(self, chance: Random) -> None:
        """The process stops; what the system holds stays."""
        self.disk.kill()

    def failing(self, chance: Random) -> None:
        """The writer meets an error, refuses all after it, and the venue stops; the power may go, too."""
        try:
            self.work(chance, 4)
        except JournalError:
            self.happened["writes that failed"] += 1
        self.disk.fail_sync = self.disk.fail_write = self.disk.capacity_bytes = None
        chance.choice([self.disk.crash, self.disk.kill])()

    def failed_sync(self, chance: Random) -> None:
        self.disk.fail_sync = self.disk.syncs + chance.randint(1, 3)
        self.failing(chance)

    def short_write(self, chance: Random) -> None:
        self.disk.fail_write = self.disk.writes + chance.randint(1, 3)
        self.failing(chance)

    def full_disk(self, chance: Random) -> None:
        used = sum(len(file.live) for file in self.disk.names.values())
        self.disk.capacity_bytes = used + chance.choice([0, 1, 4_096])
        self.failing(chance)

    def flipped_bit(self, chance: Random) -> None:
        """A bit changes on the disk: it is refused by name, or stands where nothing does, or looks torn."""
        self.disk.crash()
        self.disk.kill()
        paths = sorted(path for path in self.disk.names if path.suffix == ".tape")
        path = chance.choice(paths)
        offset, bit = chance.randrange(len(self.disk.content(path))), chance.randrange(8)
        self.disk.flip_bit(path, offset, bit)
        try:
            frames = list(read(HERE, workers=0, disk=self.disk))
            missing = self.missing(frames)
            if missing:
                self.happened["a flip that looks like a torn tail"] += 1
                if path != paths[-1] or len(missing) > 1:
                    raise Broke(f"a flipped bit in {path} at {offset} lost what was acknowledged, and nobody was told")
        except CorruptJournal:
            self.happened["flips refused"] += 1
        self.disk.flip_bit(path, offset, bit)

    def lying_sync(self, chance: Random) -> None:
        """The disk lies: what is lost then is in nothing but the simulator's own list, which must show it."""
        before = len(self.acknowledged)
        self.disk.lies = True
        self.work(chance, 3)
        self.disk.crash()
        self.disk.lies = False
        self.ended = True
        try:
            frames = list(read(HERE, workers=0, disk=self.disk))
        except (CorruptJournal, FileNotFoundError):
            self.happened["lies that were refused"] += 1
            return
        if self.missing(frames):
            self.happened["lies that the list reported"] += 1
        elif len(self.acknowledged) > before:
            self.happened["lies without a loss"] += 1

    def poison(self, chance: Random) -> None:
        """An entry on which the engine fails: it is durable, nobody was told; it is set aside, and answers an error."""
        sent = self.sent(self.flow.step(chance.randrange(1 << 32)))
        if sent is None:
            self.disk.kill()
            return
        self.write(sent)
        self.disk.kill()
        self.journal = Journal.open_for_append(HERE, disk=self.disk)
        quarantine_in(self.journal, sent.first_seq, "poison", engine_version="test", created_ns=7, disk=self.disk)
        self.model.quarantined.add(sent.first_seq)
        self.core.quarantined = sorted([*self.core.quarantined, sent.first_seq])
        self.acknowledge(sent)
        chance.choice([self.disk.crash, self.disk.kill])()

    # What must hold.

    def missing(self, frames: list[Frame]) -> list[Sent]:
        """What was acknowledged and is not there as it was."""
        there = [told(frame) for frame in frames]
        return [sent for number, sent in enumerate(self.acknowledged) if there[number : number + 1] != [sent]]

    def recover(self, chance: Random) -> None:
        """Start again, and check."""
        self.journal = Journal.open_for_append(HERE, disk=self.disk)
        self.happened["recoveries"] += 1
        self.happened["torn tails"] += self.journal.torn is not None
        frames = list(read(HERE, workers=0, disk=self.disk))
        missing = self.missing(frames)
        if missing:
            raise Broke(f"acknowledged and not there: the entries from {missing[0].first_seq} on")
        behind = [told(frame) for frame in frames[len(self.acknowledged) :]]
        if behind and behind != [self.under_way]:
            raise Broke(f"nobody sent what stands behind entry {self.acknowledged[-1].first_seq}")
        for sent in behind:
            self.happened["durable though nobody was told"] += 1
            self.acknowledge(sent)
        self.under_way = None
        self.compare(frames, chance)

    def compare(self, frames: list[Frame], chance: Random) -> None:
        """Live, replayed, from a snapshot, by the verifier: one state; the ledger and the books hold."""
        notes = quarantined(HERE, disk=self.disk)
        replayed = Engine(chance.randbytes(16), notes)
        book = Book(Findings("book"), frozenset(notes))
        money = Money(Findings("money"))
        for frame in frames:
            replayed.apply(frame.header.kind, frame.payload, frame.header.first_seq, frame.header.ts_ns)
            stream = replayed.take_events()
            rows = frame.payload.cast("q").tolist() if frame.header.kind == ROWS else []
            step = Step(frame, rows, stream, memoryview(stream).cast("q").tolist())
            book.on_step(step)
            money.on_step(step)
        money.compare(replayed.seq, replayed)
        ledger.check_sums(replayed.state)
        ledger.check_claims(replayed.state)
        problems = [*book.findings.problems, *money.findings.problems]
        if problems:
            raise Broke(f"the audit finds: {problems[0]}")
        wanted = encoding.state_hash(self.core.state)
        if encoding.state_hash(replayed.state) != wanted:
            raise Broke("a replay from the first entry gives another state")
        if self.model.state_hash() != wanted:
            raise Broke("the verifier has another state")
        if self.snapshots:
            self.compare_snapshot(frames, wanted, notes, chance)

    def compare_snapshot(self, frames: list[Frame], wanted: bytes, notes: Mapping[int, object], chance: Random) -> None:
        seq, state = chance.choice(self.snapshots)
        engine = Engine(chance.randbytes(16), notes)
        engine.state = encoding.restore(chance.randbytes(16), state)
        engine.state.seq = seq
        for frame in frames:
            if frame.header.first_seq > seq:
                engine.apply(frame.header.kind, frame.payload, frame.header.first_seq, frame.header.ts_ns)
                engine.take_events()
        self.happened["snapshots with their tails"] += 1
        if encoding.state_hash(engine.state) != wanted:
            raise Broke(f"the snapshot at {seq} and what came behind it give another state")


def told(frame: Frame) -> Sent:
    header = frame.header
    return Sent(header.kind, header.first_seq, header.commands, bytes(frame.payload), header.ts_ns)


FAULTS: tuple[Callable[[World, Random], None], ...] = (
    World.power_cut, World.power_cut, World.killed, World.failed_sync, World.failed_sync, World.short_write,
    World.full_disk, World.flipped_bit, World.lying_sync, World.poison,
)  # fmt: skip
ROUNDS_IN_WORLD = 10


def run(seed: int, rounds: list[int], happened: Counter[str]) -> None:
    """One world through its rounds. Raises whatever shows that something is wrong."""
    world = World(seed, happened)
    for each in rounds:
        if world.ended:
            return
        world.round(each)


def plan(seed: int) -> list[int]:
    """The rounds of a world."""
    chance = Random(f"rounds of {seed}")
    return [chance.randrange(1 << 32) for _ in range(ROUNDS_IN_WORLD)]


def entries(seed: int, rounds: list[int]) -> list[small.Entry]:
    """Every command that a world was sent, up to where it fails."""
    world = World(seed, Counter())
    with suppress(*small.FAILURES, JournalError, CorruptJournal):
        for each in rounds:
            if not world.ended:
                world.round(each)
    sent = [*world.acknowledged, *([world.under_way] if world.under_way else [])]
    return [small.Entry(each.kind, one, each.ts_ns) for each in sent for one in singles(each.kind, each.payload)]
