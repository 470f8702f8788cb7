"""The history: closed orders and fills in SQLite, a read model that can be deleted and is rebuilt from the journal.

Rows go to a thread of its own, which writes many batches in one transaction together with the seq up to which the
tables are complete. What is not durable yet stays in memory and is merged into every answer, so a closed order is found
from the moment it was handed over. Queries run in threads too: the loop never waits for the disk.

Where the tables end before the live batches begin (deleted, or older than the snapshot), live rows are written all the
same, but the seq stays until `catch_up` has filled the gap from the journal. Rows written twice are the same rows.
"""

import asyncio
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from exchange.messages.views import Fill, Order, OrderList, Rows, Trade
from exchange.store import history_read
from exchange.store.errors import StoreError
from exchange.store.history_schema import connect, insert, prepare

GATHER_SECONDS = 0.02
ROWS_MAX = 200_000
READERS = 2
ReadRows = Callable[[int], Iterator[tuple[int, int, Rows]]]
"""Given a seq, yields (last seq, ts_ns, rows) of every batch or frame after it, in order."""
Answer = TypeVar("Answer")


class Batch(NamedTuple):
    """Rows on their way to the disk."""

    last_seq: int
    rows: Rows
    fills_gap: bool


class History:
    """Closed orders and fills of one venue. `on_batch` belongs to the loop, the queries to whoever awaits them.

    `journal_id` names the journal whose rows these are: tables of another are emptied. `on_failure` is told, once and
    in the writing thread, why nothing more can be written; from then on `on_batch` raises.
    """

    def __init__(
        self, path: Path, *, journal_id: bytes = b"", on_failure: Callable[[StoreError], None] | None = None
    ) -> None:
        self.path = path
        self.durable = prepare(path, journal_id)
        self.taken_seq = self.durable
        self.live_seq = self.durable
        self.gap_to = 0
        self.pending: deque[Batch] = deque()
        self.pending_rows = 0
        self.failure: StoreError | None = None
        self.on_failure = on_failure
        self.changed = threading.Condition()
        """Guards all of the above, and is notified of every change."""
        self.closing = threading.Event()
        self.local = threading.local()
        self.connections: list[sqlite3.Connection] = []
        self.readers = ThreadPoolExecutor(READERS, "history-read", initializer=self.open_reader)
        self.filler = ThreadPoolExecutor(1, "history-fill")
        self.writer = threading.Thread(target=self.write_all, name="history-write", daemon=True)
        self.writer.start()

    def durable_seq(self) -> int:
        """Everything up to this seq is on disk."""
        return self.durable

    @property
    def is_behind(self) -> bool:
        """Whether rows are missing that `catch_up` must bring."""
        return self.gap_to > 0

    @property
    def is_full(self) -> bool:
        """Whether more rows wait than should: the venue takes no orders until the disk has followed."""
        return self.pending_rows >= ROWS_MAX

    def begin(self, after_seq: int, journal_seq: int | None = None) -> bool:
        """Say that live batches begin after this seq; returns whether rows before it are missing.

        Raises:  StoreError where the tables tell of more than the journal has, whose last seq is `journal_seq`.
        """
        if journal_seq is not None and self.durable > journal_seq:
            raise StoreError(f"{self.path} reaches to {self.durable}, the journal to {journal_seq}: delete it")
        with self.changed:
            if after_seq > self.taken_seq:
                self.gap_to = self.taken_seq = after_seq
        return self.is_behind

    def on_batch(self, last_seq: int, ts_ns: int, rows: Rows, first_seq: int = 0) -> None:
        """Hand over the rows of one applied batch; one that is known already is skipped.

        `first_seq`, where given, lets the history notice by itself that batches before this one are missing.
        Raises:  StoreError where writing has failed.
        """
        if self.failure is not None:
            raise self.failure
        if last_seq <= self.taken_seq:
            return
        if first_seq:
            self.begin(first_seq - 1)
        self.add(Batch(last_seq, rows, fills_gap=False))

    def add(self, batch: Batch) -> None:
        with self.changed:
            self.pending.append(batch)
            self.pending_rows += len(batch.rows.orders) + len(batch.rows.fills)
            if not batch.fills_gap:
                self.taken_seq = batch.last_seq
            self.changed.notify_all()

    def catch_up(self, read_rows: ReadRows) -> "Future[int]":
        """Fill the gap in the background with what `read_rows` makes of the journal; the result is the seq reached.

        `read_rows` is called and iterated in a thread; what it raises is the future's.
        """
        return self.filler.submit(self.fill_gap, read_rows)

    def fill_gap(self, read_rows: ReadRows) -> int:
        reached = self.durable
        if not self.is_behind:
            return reached
        for last_seq, _, rows in read_rows(reached):
            if last_seq <= reached:
                continue
            with self.changed:
                self.changed.wait_for(lambda: not self.is_full or self.has_ended)
            if self.failure is not None:
                raise self.failure
            if self.closing.is_set():
                return reached
            reached = last_seq
            self.add(Batch(last_seq, rows, fills_gap=True))
            if reached >= self.gap_to:
                return reached
        raise StoreError(f"the history was rebuilt up to {reached} only, {self.gap_to} was wanted")

    @property
    def has_ended(self) -> bool:
        return self.failure is not None or self.closing.is_set()

    def write_all(self) -> None:
        """The writing thread: until it is closed, or until it fails."""
        try:
            connection = connect(self.path)
            try:
                while batches := self.wait_for_batches():
                    self.write(connection, batches)
            finally:
                connection.close()
        except (sqlite3.Error, OSError) as error:
            self.fail(StoreError(f"{self.path}: {error}"))

    def wait_for_batches(self) -> tuple[Batch, ...]:
        """Wait for batches and let some gather; none where the history is closed and all is written."""
        with self.changed:
            self.changed.wait_for(lambda: self.pending or self.closing.is_set())
        self.closing.wait(GATHER_SECONDS)
        with self.changed:
            return tuple(self.pending)

    def write(self, connection: sqlite3.Connection, batches: tuple[Batch, ...]) -> None:
        """Write batches, and the seq they reach, in one transaction."""
        reached, live_seq, gap_to = self.durable, self.live_seq, self.gap_to
        known_gap = gap_to
        for batch in batches:
            if not batch.fills_gap:
                live_seq = batch.last_seq
            if batch.fills_gap and batch.last_seq < gap_to:
                reached = batch.last_seq
            elif batch.fills_gap or not gap_to:
                # Nothing is missing from here on: what is live counts again.
                gap_to = 0
                reached = max(batch.last_seq, live_seq)
        with connection:
            for table, rows in (
                ("orders", chain.from_iterable(batch.rows.orders for batch in batches)),
                ("fills", chain.from_iterable(batch.rows.fills for batch in batches)),
                ("lists", chain.from_iterable(batch.rows.lists for batch in batches)),
            ):
                insert(connection, table, [msgspec.structs.astuple(row) for row in rows])
            connection.execute("update progress set seq = ?", [reached])
        with self.changed:
            for batch in batches:
                self.pending.popleft()
                self.pending_rows -= len(batch.rows.orders) + len(batch.rows.fills)
            self.durable, self.live_seq = reached, live_seq
            if self.gap_to == known_gap:
                self.gap_to = gap_to
            self.changed.notify_all()

    def fail(self, failure: StoreError) -> None:
        with self.changed:
            self.failure = failure
            self.changed.notify_all()
        if self.on_failure is not None:
            self.on_failure(failure)

    def flush(self) -> None:
        """Wait until everything handed over is durable. Raises StoreError where writing has failed."""
        with self.changed:
            self.changed.wait_for(lambda: not self.pending or self.failure is not None)
        if self.failure is not None:
            raise self.failure

    def close(self) -> None:
        """Write what waits, and end the threads."""
        with self.changed:
            self.closing.set()
            self.changed.notify_all()
        self.filler.shutdown(wait=True)
        self.writer.join()
        self.readers.shutdown(wait=True)
        for connection in self.connections:
            connection.close()

    def open_reader(self) -> None:
        self.local.connection = connect(self.path)
        self.local.connection.execute("pragma query_only = 1")
        self.connections.append(self.local.connection)

    async def read(self, query: "Callable[[sqlite3.Connection, Rows], Answer]") -> Answer:
        """Run a query in a reading thread, with the rows that are not on disk yet. Raises StoreError."""
        # Taken before the query begins: what leaves memory meanwhile is on disk by then.
        with self.changed:
            batches = tuple(self.pending)

        def run() -> Answer:
            waiting = Rows(
                list(chain.from_iterable(batch.rows.orders for batch in batches)),
                list(chain.from_iterable(batch.rows.fills for batch in batches)),
                list(chain.from_iterable(batch.rows.lists for batch in batches)),
            )
            try:
                return query(self.local.connection, waiting)
            except sqlite3.Error as error:
                raise StoreError(f"{self.path}: {error}") from error

        return await asyncio.get_running_loop().run_in_executor(self.readers, run)

    async def orders(self, account: int, market: int, **bounds: Any) -> list[Order]:
        """Closed orders of an account in a market, oldest first.

        `order_id`, `start_ns`, `end_ns` (of their creation, inclusive): 0 is not given. From an id or a start the
        oldest `limit` (500), else the newest.
        """
        return await self.read(
            lambda database, waiting: history_read.orders(database, waiting, account, market, **bounds)
        )

    async def order(self, account: int, market: int, order_id: int) -> Order | None:
        """A closed order by its id."""
        return await self.read(
            lambda database, waiting: history_read.order(database, waiting, account, market, order_id)
        )

    async def order_by_client_id(self, account: int, market: int, client_id: str) -> Order | None:
        """The newest closed order with this client id."""
        return await self.read(
            lambda database, waiting: history_read.order_by_client_id(database, waiting, account, market, client_id)
        )

    async def fills(self, account: int, market: int, **bounds: Any) -> list[Fill]:
        """Fills of an account in a market, oldest first.

        `order_id`, `from_id` (trade id), `start_ns`, `end_ns` (inclusive): 0 is not given. From an id or a start the
        oldest `limit` (500), else the newest.
        """
        return await self.read(
            lambda database, waiting: history_read.fills(database, waiting, account, market, **bounds)
        )

    async def lists(self, account: int, **bounds: Any) -> list[OrderList]:
        """Ended lists of an account, oldest first.

        `list_id`, `start_ns`, `end_ns` (of their creation, inclusive): 0 is not given. From an id or a start the oldest
        `limit` (500), else the newest.
        """
        return await self.read(lambda database, waiting: history_read.lists(database, waiting, account, **bounds))

    async def list_by_client_id(self, account: int, client_id: str) -> OrderList | None:
        """The newest ended list with this client id."""
        return await self.read(
            lambda database, waiting: history_read.list_by_client_id(database, waiting, account, client_id)
        )

    async def market_trades(self, market: int, from_id: int = 0, limit: int = 500) -> list[Trade]:
        """A market's trades, oldest first: the oldest `limit` from an id, or the newest."""
        return await self.read(lambda database, waiting: history_read.trades(database, waiting, market, from_id, limit))
