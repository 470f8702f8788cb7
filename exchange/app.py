"""Composition root: builds each part of a venue from its settings, passes it what it needs, runs it, stops it."""

import asyncio
import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any

import uvicorn
from starlette.routing import Route, Router, WebSocketRoute

from exchange import __version__
from exchange.api import (
    accounts,
    amendments,
    batches,
    commissions,
    countdowns,
    general,
    http,
    lists,
    market_data,
    operator,
    orders,
    routing,
    wallet,
)
from exchange.api.auth import Keys
from exchange.api.context import Context
from exchange.api.feed import Feed
from exchange.api.inspection import AccountDays, Inspection, Replays
from exchange.api.pages import Pages
from exchange.api.proofs import Proofs
from exchange.api.rate_limits import PROFILES, RateLimits
from exchange.api.rest import Rest
from exchange.api.sockets import Endpoint
from exchange.api.streams import Hub, Streams
from exchange.api.user_data import UserData
from exchange.api.websocket_api import WebSocketApi
from exchange.audit.keeping import keep_heads
from exchange.audit.receipts import Receipts
from exchange.config import Settings
from exchange.core import queries
from exchange.messages import registry
from exchange.messages.accounts import ApiKeyGranted, ApiKeyRevoked
from exchange.messages.disconnects import EndSession
from exchange.messages.markets import MarketListed
from exchange.messages.orders import RowKind
from exchange.messages.system import ClockAdopted
from exchange.messages.views import Rows
from exchange.messages.words import AnyWords, Message, Traded
from exchange.projections.all import Projections
from exchange.runtime import logs, recovery
from exchange.runtime.batches import Waiter
from exchange.runtime.clock import Clock
from exchange.runtime.keeping import SnapshotKeeper
from exchange.runtime.sequencer import Applied, Overloaded, Sequencer
from exchange.store.bans import Bans
from exchange.store.history import History
from exchange.store.vault import Vault, read_master_key
from journal.errors import CorruptJournal, JournalError, JournalLocked, QuarantineRefused
from journal.writer import Journal

STOP_SECONDS = 10
CANCELS = frozenset([RowKind.CANCEL, RowKind.CANCEL_ALL, RowKind.CANCEL_LIST])


class NotStarted(Exception):
    """The venue cannot start; the message says why, and what helps."""


class StaleReadModels(Exception):
    """A snapshot lacks read models in this version: they are rebuilt from the whole journal."""


def is_ours(record: logging.LogRecord) -> bool:
    """Whether a line of uvicorn's tells of us: anybody can send bytes that are no text, and would fill the log."""
    return not record.getMessage().startswith(("Invalid UTF-8 sequence received", "Invalid HTTP request received"))


class Exchange:
    """One venue on one data directory. Construct it, then `run` it on an event loop."""

    def __init__(self, settings: Settings) -> None:
        if settings.profile not in PROFILES:
            raise NotStarted(f"there is no profile {settings.profile!r}; there are {', '.join(PROFILES)}")
        self.settings = settings
        Path(settings.data).mkdir(parents=True, exist_ok=True)
        self.vault = Vault(settings.vault, read_master_key(Path(settings.master_key_file)))
        self.bans = Bans(settings.bans)
        self.journal = open_journal(settings)
        self.history = History(settings.history, journal_id=self.journal.journal_id)
        recovered = self.recover()
        self.engine = recovered.engine
        self.catching_up: Future[int] | None = None
        if self.history.begin(recovered.engine.seq, recovered.engine.seq):
            self.catching_up = self.history.catch_up(self.history_rows)
        logs.configure(settings.log, lambda: self.engine.seq)
        logging.getLogger("uvicorn.error").addFilter(is_ours)
        self.log = logs.logger()
        snapshot_seq = recovered.snapshot_seq
        self.log.info("recovered", snapshot=snapshot_seq, replayed=self.engine.seq - snapshot_seq)
        self.clock = Clock(recovered.last_ns)
        self.keeper = SnapshotKeeper(
            settings.snapshots,
            self.engine,
            self.journal.journal_id,
            self.history,
            self.projections.sections,
            every=settings.snapshot_every,
            keep=settings.snapshot_keep,
            report=lambda line: self.log.warning(line),
            last_seq=recovered.snapshot_seq,
        )
        self.sequencer = Sequencer(
            self.engine,
            self.journal,
            self.clock,
            self.publish,
            capacity=settings.queue_capacity,
            batch_commands=settings.batch_commands,
        )
        self.last_applied: Applied | None = None
        self.build_wire()

    def restore(self, rest: memoryview) -> None:
        """Take the read models back from a snapshot, if it has all of them in this version."""
        missing = self.projections.restore(rest)
        if missing:
            raise StaleReadModels(", ".join(missing))

    def recover(self) -> recovery.Recovered:
        """Stand where the journal ends; set a failing entry aside where settings say so."""
        snapshots: Path | None = self.settings.snapshots
        while True:
            self.projections = Projections()
            try:
                return recovery.recover(
                    self.settings.journal,
                    snapshots,
                    self.journal.journal_id,
                    on_restore=self.restore,
                    on_batch=self.fold,
                )
            except StaleReadModels:
                snapshots = None
            except CorruptJournal as error:
                raise NotStarted(str(error)) from error
            except recovery.EngineFailed as failure:
                if not self.settings.auto_quarantine:
                    raise NotStarted(str(failure)) from failure
                self.set_aside(failure)

    def set_aside(self, failure: recovery.EngineFailed) -> None:
        """Quarantine the entry on which the engine failed, where that may be done."""
        try:
            done = recovery.quarantine_itself(self.journal, self.settings.journal, self.settings.snapshots, failure)
        except QuarantineRefused as refusal:
            raise NotStarted(f"{failure} It cannot be set aside: {refusal}") from failure
        if not done:
            raise NotStarted(f"{failure} (--auto-quarantine sets one entry in 10,000 aside)") from failure

    def fold(self, applied: Applied, events: list[AnyWords]) -> None:
        """Carry a batch into every read model."""
        self.projections.on_batch(applied.ts_ns, events)
        rows = self.projections.take_history()
        self.history.on_batch(applied.last_seq, applied.ts_ns, rows, applied.first_seq)

    def history_rows(self, after_seq: int) -> Iterator[tuple[int, int, Rows]]:
        """What the journal gives the history, from its beginning: in the background, where rows were missing."""
        users = Projections().users
        for applied, events in recovery.batches(self.settings.journal):
            users.on_batch(applied.ts_ns, events)
            if applied.last_seq > after_seq:
                yield applied.last_seq, applied.ts_ns, users.rows

    def submit_row(self, row: bytes, waiter: Waiter) -> None:
        """Sequence a command of the order path. Raises Overloaded for what is no cancel while the history is full."""
        if self.history.is_full and row[0] not in CANCELS:
            raise Overloaded
        self.sequencer.take_row(row, waiter)

    def watch_history(self) -> "asyncio.Future[None]":
        """What fails when the history does: its disk, or what it rebuilds itself from. Both happen in its threads."""
        loop = asyncio.get_running_loop()
        failed: asyncio.Future[None] = loop.create_future()

        def fail(cause: BaseException | None) -> None:
            if cause is not None and not failed.done():
                failed.set_exception(cause)

        def tell(cause: BaseException | None) -> None:
            # The loop may be closed by now: then the venue has ended, and nobody waits to hear of it.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(fail, cause)

        self.history.on_failure = tell
        fail(self.history.failure)
        if self.catching_up is not None:
            self.catching_up.add_done_callback(lambda future: tell(future.exception()))
        return failed

    def build_wire(self) -> None:
        state = self.engine.state
        keys = Keys(self.vault.reveal)
        for granted in queries.granted_keys(state):
            keys.on_granted(granted)
        self.vault.sweep(queries.vault_references(state))
        self.context = Context(
            state=state,
            submit=self.sequencer.submit,
            submit_row=self.submit_row,
            now_ns=self.clock.read,
            projections=self.projections,
            history=self.history,
            keys=keys,
            limits=RateLimits(self.settings.profile, self.bans),
        )
        self.hub = Hub(self.context)
        self.user_data = UserData(self.context, self.hub)
        self.feed = Feed(self.context, self.hub)
        replays = Replays(Path(self.settings.data))
        table = (
            *general.ENDPOINTS,
            *market_data.ENDPOINTS,
            *orders.ENDPOINTS,
            *amendments.ENDPOINTS,
            *lists.ENDPOINTS,
            *batches.ENDPOINTS,
            *routing.ENDPOINTS,
            *commissions.ENDPOINTS,
            *countdowns.ENDPOINTS,
            *operator.ENDPOINTS,
            *accounts.ENDPOINTS,
            *wallet.ENDPOINTS,
            *self.user_data.endpoints,
            *Proofs(Receipts(Path(self.settings.data))).endpoints,
            *Inspection(replays).endpoints,
            *AccountDays(replays).endpoints,
        )
        self.rest = Rest(self.context, table)
        self.socket_api = WebSocketApi(self.context, table, self.user_data)
        self.rest.find_page = Pages(table, self.socket_api, __version__).find
        self.streams = Streams(self.hub)
        # Routing alone: what Starlette's middleware would do for an order costs as much as checking its signature.
        self.asgi = Router(
            routes=[
                WebSocketRoute("/ws-api/v3", self.socket_api),
                *[WebSocketRoute(path, self.streams) for path in ("/ws", "/ws/{streams:path}", "/stream")],
                Route("/{path:path}", self.rest),
            ]
        )

    def find_socket(self, path: str) -> Endpoint | None:
        """What WebSockets to a path are opened to."""
        if path == "/ws-api/v3":
            return self.socket_api
        return self.streams if path in ("/ws", "/stream") or path.startswith("/ws/") else None

    def publish(self, applied: Applied, events: list[AnyWords]) -> None:
        """After a batch: read models, keys and markets, streams, and perhaps a snapshot."""
        self.last_applied = applied
        self.fold(applied, events)
        kinds = set(map(type, events))
        if Message in kinds:
            for event in events:
                if isinstance(event, Message):
                    self.follow(registry.event_decoder.decode(event.payload))
        if Traded in kinds:
            self.context.limits.on_batch(events, self.context.now_ns())
        self.user_data.on_batch(applied.ts_ns)
        self.feed.on_batch(applied.ts_ns)
        self.keeper.on_batch(applied)

    def follow(self, event: Any) -> None:
        """What the edge must know of a cold event."""
        if isinstance(event, ApiKeyGranted):
            self.context.keys.on_granted(event)
        elif isinstance(event, ApiKeyRevoked):
            self.context.keys.on_revoked(event)
        elif isinstance(event, MarketListed):
            self.context.learn_markets()
        elif isinstance(event, ClockAdopted):
            self.clock.adopt(event.to_ns)

    async def run(self, on_ready: Callable[[str], None]) -> int:
        """Serve until SIGTERM or SIGINT: then answer what is in flight, take a snapshot, and return 0."""
        listening = bind(self.settings.host, self.settings.port)
        server = uvicorn.Server(
            uvicorn.Config(
                self.asgi,
                http=http.protocol_of(self.rest, self.find_socket),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=STOP_SECONDS,
            )
        )
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        # From here on the journal's second process writes; this thread has no turns to take with a thread that does.
        self.journal.start_beside()
        sequencing = asyncio.create_task(self.sequencer.run())
        await self.end_lost_sessions()
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        beside = [asyncio.create_task(self.feed.run())]
        if self.settings.head_seconds:
            beside.append(asyncio.create_task(self.keep_heads()))
        while not server.started and not serving.done():
            await asyncio.sleep(0.01)
        host, port = listening.getsockname()[:2]
        on_ready(f"http://{host}:{port}")
        self.log.info("serving", address=f"{host}:{port}", data=self.settings.data)
        waiting = asyncio.create_task(stopping.wait())
        failing = self.watch_history()
        ends: set[asyncio.Future[Any]] = {sequencing, serving, waiting, failing}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for ended in (failing, sequencing):
            if ended.done():
                self.die(ended.exception())
        for task in beside:
            task.cancel()
        return await self.stop(server, serving, sequencing)

    async def end_lost_sessions(self) -> None:
        """Sessions that were armed when the venue stopped or crashed are lost: their accounts' orders go first."""
        for session_id, account in queries.armed_sessions(self.engine.state):
            await self.sequencer.submit(EndSession(0, account, session_id, 1))

    async def keep_heads(self) -> None:
        """Sign what the journal is, every so often, in another process."""
        data, seconds = Path(self.settings.data), self.settings.head_seconds
        await keep_heads(data, seconds, lambda: self.engine.seq, self.sequencer.submit, self.log.warning)

    def die(self, cause: BaseException | None) -> None:
        """The venue no longer knows what is true: say so in one line, and end at once."""
        self.log.error("the venue stops", entry=self.engine.at_seq, cause=f"{type(cause).__name__}: {cause}")
        os._exit(1)

    async def stop(
        self, server: uvicorn.Server, serving: "asyncio.Task[None]", sequencing: "asyncio.Task[None]"
    ) -> int:
        self.log.info("stopping")
        self.hub.close_all()
        server.should_exit = True
        await serving
        self.sequencer.stop()
        await sequencing
        self.history.flush()
        self.keeper.finish(self.last_applied)
        self.journal.close()
        self.history.close()
        self.vault.close()
        self.bans.close()
        self.log.info("stopped")
        return 0


def open_journal(settings: Settings) -> Journal:
    """The journal of a data directory, begun where there is none."""
    try:
        if any(settings.journal.glob("*.tape")):
            return Journal.open_for_append(settings.journal, segment_bytes=settings.segment_bytes)
        return recovery.create_journal(settings.journal, time.time_ns(), settings.segment_bytes)
    except (JournalError, JournalLocked, CorruptJournal) as error:
        raise NotStarted(str(error)) from error


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 picks a free one."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise NotStarted(f"cannot listen on {host}:{port}: {error.strerror}") from error
    listening.set_inheritable(False)
    return listening
