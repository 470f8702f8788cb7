"""When snapshots are taken, published and let go: every so many entries, on demand, and at a clean stop."""

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from exchange.core import encoding
from exchange.core.engine import Engine
from exchange.runtime.sequencer import Applied
from snapshots.store import retain
from snapshots.writer import Failed, Pending, SnapshotWriter


class Durable(Protocol):
    """What must be durable before a snapshot is published: the read model on disk."""

    def durable_seq(self) -> int: ...


class SnapshotKeeper:
    """Forks a writer between batches and publishes what it wrote once history is durable up to it.

    `rest` yields the projections' sections behind the state. Called on the thread that runs the event loop.
    """

    def __init__(
        self,
        directory: Path,
        engine: Engine,
        journal_id: bytes,
        history: Durable,
        rest: Callable[[], Iterator[bytes]],
        *,
        every: int,
        keep: int,
        report: Callable[[str], None],
        last_seq: int = 0,
    ) -> None:
        self.writer = SnapshotWriter(directory)
        self.directory = directory
        self.engine = engine
        self.journal_id = journal_id
        self.history = history
        self.rest = rest
        self.every = every
        self.keep = keep
        self.report = report
        self.last_seq = last_seq
        self.wanted = False
        self.pending: Pending | None = None

    def on_batch(self, applied: Applied) -> None:
        """After a batch was published: begin a snapshot if one is due, go on with one that is under way."""
        self.poll()
        due = self.wanted or applied.last_seq - self.last_seq >= self.every
        if due and not self.writer.is_running and self.pending is None:
            self.begin(applied)

    def begin(self, applied: Applied) -> None:
        """Fork the writer: what it sees is the state after this batch."""
        self.wanted = False
        self.last_seq = applied.last_seq
        gc.freeze()
        try:
            self.writer.start(
                applied.last_seq,
                created_ns=applied.ts_ns,
                journal_id=self.journal_id,
                chain=applied.chain,
                produce=self.produce,
            )
        finally:
            gc.unfreeze()

    def produce(self) -> Iterator[tuple[bytes, bool]]:
        """In the child: the canonical encoding of the state, then the projections."""
        for part in encoding.sections(self.engine.state):
            yield part, True
        for part in self.rest():
            yield part, False

    def poll(self) -> None:
        """Take note of a writer that has ended; publish when history is durable up to it."""
        if self.pending is None and self.writer.is_running:
            self.take(self.writer.poll())
        self.publish_if_durable()

    def take(self, ended: Pending | Failed | None) -> None:
        if isinstance(ended, Failed):
            self.report(f"a snapshot was not written: {ended}")
        elif ended is not None:
            self.pending = ended

    def publish_if_durable(self) -> None:
        if self.pending is not None and self.history.durable_seq() >= self.pending.seq:
            self.writer.publish(self.pending)
            self.pending = None
            retain(self.directory, self.keep)

    def finish(self, applied: Applied | None) -> None:
        """At a clean stop: end what is under way and take a last snapshot of the state after `applied`."""
        if self.writer.is_running:
            self.take(self.writer.wait())
        self.publish_if_durable()
        if applied is not None and applied.last_seq > self.last_seq:
            if self.pending is not None:
                self.writer.discard(self.pending)
                self.pending = None
            self.begin(applied)
            self.take(self.writer.wait())
            self.publish_if_durable()
