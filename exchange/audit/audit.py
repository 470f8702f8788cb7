"""An audit as a whole: which checks there are, each in a process of its own, and what they say together.

Each process replays the journal by itself with a secret of its own, so that three replays must agree: in the events, in
the state's hash, and with every snapshot that is there.
"""

import gc
import multiprocessing
import queue
from collections.abc import Callable, Mapping
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any, NamedTuple

from exchange.audit.book import Book
from exchange.audit.findings import Findings, Problem
from exchange.audit.head import Head, SignedHead
from exchange.audit.money import Money
from exchange.audit.source import Source
from exchange.audit.witness import Witness
from exchange.core import encoding
from exchange.runtime.recovery import EngineFailed
from journal.errors import CorruptJournal
from journal.verify import verify
from snapshots.store import InvalidSnapshot, list_snapshots, read_header

FRAMES_BETWEEN_REPORTS = 64
WAIT_SECONDS = 1.0


class Wanted(NamedTuple):
    """What is to be audited. `heads` are chain values by seq that are held elsewhere, `signed` heads with signatures;
    `public_key` is whose they must be (none given: one key for all). `to_seq` 0 is the end.
    """

    journal: Path
    snapshots: Path | None
    from_seq: int = 1
    to_seq: int = 0
    heads: Mapping[int, bytes] = {}
    signed: tuple[SignedHead, ...] = ()
    public_key: bytes = b""


class Outcome(NamedTuple):
    """What one check found: its problems in words, how many there were, what it looked at, and what must agree."""

    check: str
    problems: list[Problem]
    number: int
    seen: dict[str, int]
    facts: dict[str, str]


Tell = Callable[[int], None]


def check_chain(wanted: Wanted, tell: Tell) -> Outcome:
    """Frames, checksums, order, chain, seals, quarantines, and the heads that are held elsewhere."""
    findings = Findings("chain")
    facts = {}
    try:
        report = verify(wanted.journal, heads=wanted.heads, progress=tell)
        facts = {"chain": report.chain.hex(), "last seq": str(report.last_seq)} if not wanted.to_seq else {}
        for what in ("segments", "frames", "commands", "seals", "quarantines", "torn_bytes"):
            findings.saw(what, getattr(report, what))
        findings.saw("heads", len(wanted.heads))
    except CorruptJournal as error:
        findings.add(error.seq, str(error))
    return Outcome("chain", findings.problems, findings.count, findings.seen, facts)


def check_book(wanted: Wanted, tell: Tell) -> Outcome:
    """Rights, limits, price-time order."""
    source = Source(wanted.journal)
    findings = Findings("book", wanted.from_seq)
    book = Book(findings, frozenset(source.quarantined))
    run(source, findings, wanted, tell, lambda step: book.on_step(step))
    return outcome(findings, source)


def check_money(wanted: Wanted, tell: Tell) -> Outcome:
    """Conservation, fees, and the balances of the state."""
    source = Source(wanted.journal)
    findings = Findings("money", wanted.from_seq)
    money = Money(findings)
    run(source, findings, wanted, tell, lambda step: money.on_step(step))
    if not findings.count:
        money.compare(source.engine.seq, source.engine)
    for asset, total in money.fees.items():
        findings.saw(f"fees of {money.register.assets[asset][0]}", total)
    return outcome(findings, source)


def check_snapshots(wanted: Wanted, tell: Tell) -> Outcome:
    """Determinism: the state that this replay reaches where a snapshot was taken has the snapshot's hash."""
    source = Source(wanted.journal)
    findings = Findings("snapshots", wanted.from_seq)
    headers = {}
    for path in list_snapshots(wanted.snapshots) if wanted.snapshots is not None else []:
        try:
            header = read_header(path)
        except InvalidSnapshot as error:
            findings.add(0, str(error))
            continue
        headers[header.seq] = header

    def compare(step: Any) -> None:
        header = headers.pop(step.last_seq, None)
        if header is not None:
            findings.saw("snapshots")
            if header.chain != step.frame.header.chain:
                findings.add(step.last_seq, "a snapshot of another history: its chain value is not the journal's")
            if header.state_hash != encoding.state_hash(source.engine.state):
                findings.add(step.last_seq, "the snapshot's state is not the one that the journal gives")

    run(source, findings, wanted, tell, compare)
    for seq in sorted(headers):
        if not wanted.to_seq or seq <= wanted.to_seq:
            findings.add(seq, "a snapshot of an entry at which no frame of the journal ends")
    return outcome(findings, source)


def check_heads(wanted: Wanted, tell: Tell) -> Outcome:
    """Signed heads, in the journal and kept elsewhere: signatures, chain values, trees, quarantines."""
    findings = Findings("heads", wanted.from_seq)
    witness = Witness(wanted.journal, findings, list(wanted.signed), wanted.public_key)
    witness.run(wanted.to_seq, tell)
    for path in list_snapshots(wanted.snapshots) if wanted.snapshots is not None else []:
        for seq, head in witness.heads:
            if head.snapshot_seq == int(path.name[:20]):
                compare_with_snapshot(findings, seq or head.seq, head, path)
    return Outcome("heads", findings.problems, findings.count, findings.seen, {})


def compare_with_snapshot(findings: Findings, seq: int, head: Head, path: Path) -> None:
    """A head's state must be that of the snapshot it names; what is owed can be made anew by the venue alone."""
    try:
        if read_header(path).state_hash != head.state_hash:
            findings.add(seq, f"a head says another state than the snapshot of entry {head.snapshot_seq}")
    except InvalidSnapshot as error:
        findings.add(seq, str(error))
    findings.saw("states")


CHECKS = {
    "chain": check_chain,
    "book": check_book,
    "money": check_money,
    "snapshots": check_snapshots,
    "heads": check_heads,
}


def run(source: Source, findings: Findings, wanted: Wanted, tell: Tell, on_step: Callable[[Any], None]) -> None:
    """Let a check see every frame; what makes that impossible is a problem too."""
    seq = 0
    try:
        for number, step in enumerate(source.steps(wanted.to_seq)):
            seq = step.last_seq
            on_step(step)
            if number % FRAMES_BETWEEN_REPORTS == 0:
                tell(seq)
        tell(seq)
    except EngineFailed as failure:
        findings.add(failure.seq, str(failure))
    except CorruptJournal as error:
        findings.add(error.seq, str(error))
    except (LookupError, ValueError) as error:
        findings.add(seq, f"events that do not fit together: {type(error).__name__} {error}")


def outcome(findings: Findings, source: Source) -> Outcome:
    facts = {
        "last seq": str(source.engine.seq),
        "chain": source.chain.hex(),
        "events": source.events_digest.hexdigest(),
        "state hash": encoding.state_hash(source.engine.state).hex(),
    }
    return Outcome(findings.check, findings.problems, findings.count, findings.seen, facts)


def audit(wanted: Wanted, tell: Callable[[str, int], None] = lambda check, seq: None) -> list[Outcome]:
    """Run all checks, two at a time; `tell` hears how far each is. The last outcome is that they agree."""
    context = multiprocessing.get_context("spawn")
    told: Queue[tuple[str, Any]] = context.Queue()
    waiting = ["book", "money", "heads", "snapshots", "chain"]
    running: dict[str, Any] = {}
    found: dict[str, Outcome] = {}
    try:
        while len(found) < len(CHECKS):
            while waiting and len(running) < 2:
                name = waiting.pop(0)
                running[name] = context.Process(target=work, args=(name, wanted, told), daemon=True)
                running[name].start()
            try:
                name, what = told.get(timeout=WAIT_SECONDS)
            except queue.Empty:
                for name, process in running.items():
                    if not process.is_alive() and told.empty():
                        raise RuntimeError(f"the check {name} ended with exit code {process.exitcode}") from None
                continue
            if isinstance(what, Outcome):
                found[name] = what
                running.pop(name).join()
            else:
                tell(name, what)
    finally:
        for process in running.values():
            process.kill()
            process.join()
    return [*(found[name] for name in CHECKS), agreement(list(found.values()))]


def work(name: str, wanted: Wanted, told: "Queue[tuple[str, Any]]") -> None:
    """What a check's process does. Notes are read before anything else: there, too, a journal can be corrupt."""
    # Orders and balances by the million, none of them in a cycle: to look for those took a fifth of the time.
    gc.disable()
    try:
        found = CHECKS[name](wanted, lambda seq: told.put((name, seq)))
    except CorruptJournal as error:
        found = Outcome(name, [Problem(error.seq, name, str(error))], 1, {}, {})
    told.put((name, found))


def agreement(outcomes: list[Outcome]) -> Outcome:
    """Several replays of one journal must be one history."""
    findings = Findings("agreement")
    known: dict[str, str] = {}
    for each in outcomes:
        for name, value in each.facts.items():
            findings.saw("facts compared")
            if known.setdefault(name, value) != value:
                findings.add(0, f"{name}: the check {each.check} came to {value}, another to {known[name]}")
    return Outcome("agreement", findings.problems, findings.count, findings.seen, known)
