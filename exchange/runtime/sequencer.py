"""The sequencer: takes all that waits, stamps it, makes it durable, applies it, publishes it, answers.

A pipeline of two: while one batch is written and fsynced in a thread, the one before is applied. Nothing is answered
before it is durable. A failed write or a failed assertion of the core ends the venue: `fatal` says why, `run` raises.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Protocol

from exchange.core import timers
from exchange.core.engine import MESSAGES, ROW_SCHEMA, ROWS, Engine
from exchange.messages import registry
from exchange.messages.system import Tick
from exchange.messages.words import AnyWords, read_events
from exchange.runtime.clock import Clock

MESSAGE_SCHEMA = 1
FRAME_PAYLOAD_MAX = 65_408
SEAL_AFTER_SECONDS = 0.1

FrameContent = tuple[int, int, int, int, bytes]


class Appended(Protocol):
    """What the log answers when a batch is durable."""

    @property
    def last_seq(self) -> int: ...
    @property
    def chain(self) -> bytes: ...


class Log(Protocol):
    """All that the sequencer knows of its log: a journal now, perhaps a replicated one later."""

    @property
    def next_seq(self) -> int: ...
    def begin(self, frames: list[FrameContent], ts_ns: int, applied_seq: int) -> None: ...
    def append(self, frames: list[FrameContent], ts_ns: int, applied_seq: int) -> Appended: ...
    def seal(self) -> bool: ...


class Overloaded(Exception):
    """More commands wait than may: this one was not executed."""


class Stopping(Exception):
    """The venue takes no more commands: this one was not executed."""


class Failed(Exception):
    """The venue has stopped because it no longer knows what is true; whether this command counts is not known."""


class Answer(NamedTuple):
    """What became of one command: the seq that it has, its time, and its events."""

    seq: int
    ts_ns: int
    events: list[AnyWords]


class Waiting(NamedTuple):
    """A command that waits for its batch: one command (or a run of rows) and whoever waits for its answer."""

    kind: int
    payload: bytes
    command: registry.AnyCommand | None
    commands: int
    answer: "asyncio.Future[Answer]"


class Batch(NamedTuple):
    """A batch as it goes to the log and then to the core."""

    frames: list[FrameContent]
    ts_ns: int
    first_seq: int
    answers: "dict[int, asyncio.Future[Answer]]"
    """By the seq of the command, or of the last command of a run."""


class Applied(NamedTuple):
    """A batch that is durable and applied, as it is published."""

    first_seq: int
    last_seq: int
    ts_ns: int
    chain: bytes
    stream: bytes

    def events(self) -> list[AnyWords]:
        """The events of the batch, in order."""
        return list(read_events(self.stream))


class Sequencer:
    """Runs on the event loop; `append` of the log runs in a thread of its own.

    `publish` is called on the loop after each batch, before its answers; `decode` says whether batches nobody waits
    for are decoded for it. `capacity` is how many commands may wait.
    """

    def __init__(
        self,
        engine: Engine,
        log: Log,
        clock: Clock,
        publish: Callable[[Applied, list[AnyWords]], None],
        *,
        capacity: int = 20_000,
        batch_commands: int = 4_096,
        decode: bool = True,
    ) -> None:
        self.engine = engine
        self.log = log
        self.clock = clock
        self.publish = publish
        self.capacity = capacity
        self.batch_commands = batch_commands
        self.decode = decode
        self.waiting: list[Waiting] = []
        self.waiting_commands = 0
        self.stopping = False
        self.fatal: BaseException | None = None
        self.under_way: list[Batch] = []
        """Batches that were taken and are not answered: at most two."""
        self.wake = asyncio.Event()
        self.thread = ThreadPoolExecutor(1, "journal")

    def submit(self, command: registry.AnyCommand) -> "asyncio.Future[Answer]":
        """Sequence a message; the answer comes when it is durable and applied."""
        return self.enqueue(MESSAGES, b"", command, 1)

    def submit_row(self, row: bytes) -> "asyncio.Future[Answer]":
        """Sequence one command of the order path, its rows as bytes."""
        return self.enqueue(ROWS, row, None, 1)

    def submit_rows(self, rows: bytes, count: int) -> "asyncio.Future[Answer]":
        """Sequence a run of `count` commands at once; the answer is the last one's. The run must fit one frame."""
        return self.enqueue(ROWS, rows, None, count)

    def enqueue(
        self, kind: int, payload: bytes, command: registry.AnyCommand | None, count: int
    ) -> "asyncio.Future[Answer]":
        if self.fatal is not None:
            raise Failed(str(self.fatal))
        if self.stopping:
            raise Stopping
        if self.waiting_commands + count > self.capacity:
            raise Overloaded
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.waiting.append(Waiting(kind, payload, command, count, answer))
        self.waiting_commands += count
        self.wake.set()
        return answer

    async def run(self) -> None:
        """Sequence until `stop`; whatever was taken is answered before it returns. Raises what ended the venue."""
        durable: tuple[Batch, Appended] | None = None
        try:
            while True:
                if not self.waiting:
                    if durable:
                        self.apply(*durable)
                        durable = None
                    if self.stopping and not self.waiting:
                        break
                    if not await self.work():
                        continue
                batch = self.take()
                self.under_way.append(batch)
                # A large batch is on its way from here on: the thread would wait for its turn beside the core.
                self.log.begin(batch.frames, batch.ts_ns, self.engine.seq)
                writing = self.in_thread(self.log.append, batch.frames, batch.ts_ns, self.engine.seq)
                if durable:
                    # While this batch is written, the one before is applied; a turn of the loop starts the thread.
                    await asyncio.sleep(0)
                    self.apply(*durable)
                durable = (batch, await writing)
        except BaseException as error:
            self.fail(error)
            raise
        finally:
            self.thread.shutdown(wait=True)

    def in_thread(self, do: Callable[..., Appended], *arguments: object) -> "asyncio.Future[Appended]":
        return asyncio.get_running_loop().run_in_executor(self.thread, do, *arguments)

    async def work(self) -> bool:
        """Wait for commands or for a timer; seal the journal when it has been idle. Returns whether a batch is due."""
        self.wake.clear()
        try:
            await asyncio.wait_for(self.wake.wait(), SEAL_AFTER_SECONDS)
        except TimeoutError:
            await asyncio.get_running_loop().run_in_executor(self.thread, self.log.seal)
            await self.sleep_until_due()
        return bool(self.waiting) or timers.is_due(self.engine.state, self.clock.read())

    async def sleep_until_due(self) -> None:
        """Sleep until a command comes or the first timer is due."""
        due_ns = timers.next_due_ns(self.engine.state)
        seconds = None if due_ns is None else max(0, due_ns - self.clock.read()) / 1e9
        try:
            await asyncio.wait_for(self.wake.wait(), seconds)
        except TimeoutError:
            return

    def take(self) -> Batch:
        """Make a batch of what waits, with a Tick first where one is due."""
        ts_ns = self.clock.stamp()
        first_seq = self.log.next_seq
        builder = FrameBuilder(first_seq)
        if timers.is_due(self.engine.state, ts_ns):
            builder.add_message(Tick())
        answers: dict[int, asyncio.Future[Answer]] = {}
        taken = 0
        while taken < len(self.waiting) and builder.seq - first_seq < self.batch_commands:
            waiting = self.waiting[taken]
            if waiting.command is not None:
                builder.add_message(waiting.command)
            else:
                builder.add_rows(waiting.payload, waiting.commands)
            answers[builder.seq - 1] = waiting.answer
            self.waiting_commands -= waiting.commands
            taken += 1
        del self.waiting[:taken]
        return Batch(builder.finish(), ts_ns, first_seq, answers)

    def apply(self, batch: Batch, appended: Appended) -> None:
        """Apply a durable batch, publish it, answer."""
        for kind, _, first_seq, _, payload in batch.frames:
            self.engine.apply(kind, payload, first_seq, batch.ts_ns)
        applied = Applied(batch.first_seq, self.engine.seq, batch.ts_ns, appended.chain, self.engine.take_events())
        events = applied.events() if self.decode or batch.answers else []
        self.publish(applied, events)
        by_seq: dict[int, list[AnyWords]] = {}
        for event in events:
            by_seq.setdefault(event.seq, []).append(event)
        for seq, answer in batch.answers.items():
            if not answer.done():
                answer.set_result(Answer(seq, batch.ts_ns, by_seq.get(seq, [])))
        self.under_way.remove(batch)

    def stop(self) -> None:
        """Take no more commands; `run` returns when those taken are answered."""
        self.stopping = True
        self.wake.set()

    def fail(self, error: BaseException) -> None:
        """Tell everybody who waits that it is not known what became of their commands."""
        self.fatal = error
        unanswered = [each.answer for each in self.waiting]
        for batch in self.under_way:
            unanswered += batch.answers.values()
        for answer in unanswered:
            if not answer.done():
                answer.set_exception(Failed(str(error)))
        self.waiting.clear()


class FrameBuilder:
    """Cuts consecutive commands of one kind into frames."""

    def __init__(self, first_seq: int) -> None:
        self.seq = first_seq
        self.frames: list[FrameContent] = []
        self.rows: list[bytes] = []
        self.rows_count = self.rows_bytes = 0
        self.messages: list[registry.AnyCommand] = []
        self.messages_bytes = 0

    def add_rows(self, payload: bytes, count: int) -> None:
        self.close_messages()
        if self.rows_bytes + len(payload) > FRAME_PAYLOAD_MAX:
            self.close_rows()
        self.rows.append(payload)
        self.rows_bytes += len(payload)
        self.rows_count += count
        self.seq += count

    def add_message(self, command: registry.AnyCommand) -> None:
        self.close_rows()
        size = len(registry.encoder.encode(command))
        if self.messages_bytes + size > FRAME_PAYLOAD_MAX - 8:
            self.close_messages()
        self.messages.append(command)
        self.messages_bytes += size
        self.seq += 1

    def close_rows(self) -> None:
        if self.rows:
            first_seq = self.seq - self.rows_count
            self.frames.append((ROWS, ROW_SCHEMA, first_seq, self.rows_count, b"".join(self.rows)))
            self.rows = []
            self.rows_count = self.rows_bytes = 0

    def close_messages(self) -> None:
        if self.messages:
            count = len(self.messages)
            payload = registry.encode_commands(self.messages)
            self.frames.append((MESSAGES, MESSAGE_SCHEMA, self.seq - count, count, payload))
            self.messages = []
            self.messages_bytes = 0

    def finish(self) -> list[FrameContent]:
        """The frames of everything added."""
        self.close_rows()
        self.close_messages()
        return self.frames
