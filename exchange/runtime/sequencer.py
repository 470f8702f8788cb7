"""The sequencer: takes all that waits, stamps it, makes it durable, applies it, publishes it, answers.

A pipeline: while batches are written and fsynced, those before are applied. What waits while a batch is written is the
next batch; where more waits than one may hold, a few are on their way at once. They are written by the log's second
process, or, where it does not take them, in a thread. Nothing is answered before it is durable. A failed write or a
failed assertion of the core ends the venue: `fatal` says why, `run` raises.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Protocol

from exchange.core import timers
from exchange.core.engine import MESSAGES, ROWS, Engine
from exchange.messages import registry
from exchange.messages.system import Tick
from exchange.messages.words import AnyWords, read_events
from exchange.runtime import batches
from exchange.runtime.batches import Answer, FrameBuilder, FrameContent, Waiter, Waiting
from exchange.runtime.clock import Clock

SEAL_AFTER_SECONDS = 0.1
BEGUN_MAX = 3
"""Batches on their way at once: one is written, one is hashed, one waits so that nobody else does."""


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
    @property
    def answers(self) -> int: ...
    def begin(self, frames: list[FrameContent], ts_ns: int, applied_seq: int) -> bool: ...
    def end(self) -> Appended: ...
    def append(self, frames: list[FrameContent], ts_ns: int, applied_seq: int) -> Appended: ...
    def seal(self) -> bool: ...


class Overloaded(Exception):
    """More commands wait than may: this one was not executed."""


class Stopping(Exception):
    """The venue takes no more commands: this one was not executed."""


class Failed(Exception):
    """The venue has stopped because it no longer knows what is true; whether this command counts is not known."""


class Batch(NamedTuple):
    """A batch as it goes to the log and then to the core."""

    frames: list[FrameContent]
    ts_ns: int
    first_seq: int
    answers: dict[int, Waiter]
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
        """Batches that were taken and are not answered."""
        self.begun: deque[Batch] = deque()
        """Those of them that the log's second process has, oldest first."""
        self.unbegun: Batch | None = None
        """The one that it did not take: it is written in a thread once those are durable."""
        self.sleeper: asyncio.Future[None] | None = None
        """What ends the sleep of `run` when a command comes."""
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
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.hand_over((kind, payload, command, count, answer))
        return answer

    def take_row(self, row: bytes, waiter: Waiter) -> None:
        """As `submit_row`, for who wants no future."""
        self.hand_over((ROWS, row, None, 1, waiter))

    def hand_over(self, waiting: Waiting) -> None:
        """Sequence a command for whoever waits for it. Raises Failed, Stopping, Overloaded where it is not taken."""
        if self.fatal is not None:
            raise Failed(str(self.fatal))
        if self.stopping:
            raise Stopping
        wanted = self.waiting_commands + waiting[3]
        if wanted > self.capacity:
            raise Overloaded
        self.waiting.append(waiting)
        self.waiting_commands = wanted
        if self.sleeper is not None:
            self.wake()

    def wake(self) -> None:
        if self.sleeper is not None:
            settle(self.sleeper)
            self.sleeper = None

    async def run(self) -> None:
        """Sequence until `stop`; whatever was taken is answered before it returns. Raises what ended the venue."""
        durable: tuple[Batch, Appended] | None = None
        try:
            while True:
                self.begin_what_waits()
                if self.begun:
                    if durable:
                        self.apply(*durable)
                    durable = await self.written()
                elif self.unbegun:
                    durable = await self.write_in_thread(self.unbegun, durable)
                    self.unbegun = None
                elif durable:
                    self.apply(*durable)
                    durable = None
                elif self.stopping and not self.waiting:
                    break
                elif await self.work():
                    self.begin(self.take())
        except BaseException as error:
            self.fail(error)
            raise
        finally:
            self.thread.shutdown(wait=True)

    def begin_what_waits(self) -> None:
        """Take batches: one where none is on its way, and further ones that are full."""
        while self.waiting and not self.unbegun:
            if self.begun and (self.waiting_commands < self.batch_commands or len(self.begun) == BEGUN_MAX):
                break
            self.begin(self.take())

    def begin(self, batch: Batch) -> None:
        """Give a batch to the log's second process, or keep it where that does not take it now."""
        self.under_way.append(batch)
        if self.log.begin(batch.frames, batch.ts_ns, self.engine.seq):
            self.begun.append(batch)
        else:
            self.unbegun = batch

    async def written(self) -> tuple[Batch, Appended]:
        """Wait until the oldest batch that was begun is durable."""
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        descriptor = self.log.answers
        loop.add_reader(descriptor, settle, ready)
        try:
            await ready
        finally:
            loop.remove_reader(descriptor)
        return self.begun.popleft(), self.log.end()

    async def write_in_thread(self, batch: Batch, durable: tuple[Batch, Appended] | None) -> tuple[Batch, Appended]:
        """Append a batch in a thread; meanwhile apply the one before."""
        loop = asyncio.get_running_loop()
        writing = loop.run_in_executor(self.thread, self.log.append, batch.frames, batch.ts_ns, self.engine.seq)
        if durable:
            # A turn of the loop starts the thread.
            await asyncio.sleep(0)
            self.apply(*durable)
        return batch, await writing

    async def work(self) -> bool:
        """Wait for commands or for a timer; seal the journal when it has been idle. Returns whether a batch is due."""
        await self.sleep(SEAL_AFTER_SECONDS)
        if not self.waiting and not self.stopping:
            await asyncio.get_running_loop().run_in_executor(self.thread, self.log.seal)
            due_ns = timers.next_due_ns(self.engine.state)
            await self.sleep(None if due_ns is None else max(0, due_ns - self.clock.read()) / 1e9)
        return bool(self.waiting) or timers.is_due(self.engine.state, self.clock.read())

    async def sleep(self, seconds: float | None) -> None:
        """Sleep until a command comes or waits already, or for so long."""
        if self.waiting or self.stopping:
            return
        loop = asyncio.get_running_loop()
        self.sleeper = loop.create_future()
        timer = None if seconds is None else loop.call_later(seconds, settle, self.sleeper)
        try:
            await self.sleeper
        finally:
            self.sleeper = None
            if timer is not None:
                timer.cancel()

    def take(self) -> Batch:
        """Make a batch of what waits, with a Tick first where one is due."""
        ts_ns = self.clock.stamp()
        first_seq = self.log.next_seq
        builder = FrameBuilder(first_seq)
        if timers.is_due(self.engine.state, ts_ns):
            builder.add_message(Tick())
        first_taken = builder.seq
        answers = builder.add_waiting(self.waiting, first_seq + self.batch_commands)
        self.waiting_commands -= builder.seq - first_taken
        del self.waiting[: len(answers)]
        return Batch(builder.finish(), ts_ns, first_seq, answers)

    def apply(self, batch: Batch, appended: Appended) -> None:
        """Apply a durable batch, publish it, answer."""
        for kind, _, first_seq, _, payload in batch.frames:
            self.engine.apply(kind, payload, first_seq, batch.ts_ns)
        applied = Applied(batch.first_seq, self.engine.seq, batch.ts_ns, appended.chain, self.engine.take_events())
        events = applied.events() if self.decode or batch.answers else []
        self.publish(applied, events)
        batches.answer(batch.answers, batch.ts_ns, events)
        self.under_way.remove(batch)

    def stop(self) -> None:
        """Take no more commands; `run` returns when those taken are answered."""
        self.stopping = True
        self.wake()

    def fail(self, error: BaseException) -> None:
        """Tell everybody who waits that it is not known what became of their commands."""
        self.fatal = error
        unanswered = [waiter for *_, waiter in self.waiting]
        for batch in self.under_way:
            unanswered += batch.answers.values()
        for answer in unanswered:
            if not answer.done():
                answer.set_exception(Failed(str(error)))
        self.waiting.clear()


def settle(future: "asyncio.Future[None]") -> None:
    """End somebody's wait, once."""
    if not future.done():
        future.set_result(None)
