"""What goes on around a strategy: a drawn flow that reacts to the book as it is, or a recorded journal.

Both yield commands with their times; a command is applied to the engine that the strategy trades on, so its orders
stand in the true queue and change what others meet. In a recorded flow the others do what they did then: an order id
that a recorded row names is translated to the one that the same order has here.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from struct import Struct
from typing import Any, NamedTuple

from bench import venue, workloads
from bench.shape import START_NS, Shape
from exchange.audit.moment import singles
from exchange.core.engine import MESSAGES, ROWS, Engine
from exchange.core.matching import codes
from exchange.messages import registry
from exchange.messages.system import RecordHead
from exchange.messages.words import Accepted, read_events
from journal.quarantine import quarantined
from journal.reader import read

FRAME_MESSAGES = 200
COMMANDS_A_SECOND = 2_000
NOBODY = 1 << 61
ACCOUNT, KEY, ORDER = 4, 5, 10
SHIFTED = ("account_id", "key_id", "revoked_key_id", "parent")
Apply = Callable[[int, bytes, int], bytes]
"""Applies a payload of one kind at a time; returns its events."""


class Opened(NamedTuple):
    """The first account and key that were opened for the strategy: recorded ids from these on are one greater here."""

    account: int
    key: int


class Step(NamedTuple):
    """Something that somebody else does at a time: `run` applies it."""

    ts_ns: int
    run: Callable[[], None]


class Drawn:
    """The flow of bench/workloads.py in one market, at random times; it looks at the book that it trades on."""

    def __init__(self, seed: int, commands: int, resting: int = 2_000) -> None:
        self.shape = Shape(1, resting, commands, accounts=500, seed=seed)
        self.clock = random.Random(seed)

    def begin(self, apply: Apply) -> int:
        """Set the venue up and fill its book; returns the time from which on the strategy is there."""
        self.apply = apply
        self.flow = flow = workloads.Flow(self.shape)
        setup = [venue.genesis(), *venue.setup(self.shape, flow.funding)]
        for start in range(0, len(setup), FRAME_MESSAGES):
            apply(MESSAGES, registry.encode_commands(setup[start : start + FRAME_MESSAGES]), START_NS)
        self.ts_ns = START_NS
        flow.send = self.send  # type: ignore[method-assign]
        while flow.known.resting[1] < flow.aim:
            flow.passive(1)
        return self.ts_ns

    def send(self, row: bytes) -> int:
        self.flow.number += 1
        events = self.apply(ROWS, row, self.ts_ns)
        return self.flow.known.fold(memoryview(events).cast("q"))

    def note(self, events: bytes) -> None:
        """What the strategy did to the book is seen by the others."""
        self.flow.known.fold(memoryview(events).cast("q"))

    def steps(self, opened: Opened) -> Iterator[Step]:
        for _ in range(self.shape.commands):
            self.ts_ns += 1 + int(self.clock.expovariate(COMMANDS_A_SECOND) * 1e9)
            yield Step(self.ts_ns, self.flow.step)


class Recorded:
    """A journal from the record: up to entry `from_seq` as it was, from there on with a strategy in it."""

    def __init__(self, directory: Path, from_seq: int) -> None:
        if quarantined(directory):
            raise ValueError(f"{directory} has entries that were set aside: what came of them is not repeated here")
        self.directory = directory
        self.from_seq = from_seq
        self.then = Engine(bytes(16))
        self.here: dict[int, int] = {}
        """Order ids: as recorded, and as they are here."""

    def begin(self, apply: Apply) -> int:
        """Apply what was before the strategy; returns the time of the last of it."""
        self.apply = apply
        ts_ns = 0
        for frame in read(self.directory, workers=0):
            if frame.header.commands and frame.header.last_seq <= self.from_seq:
                ts_ns = frame.header.ts_ns
                apply(frame.header.kind, bytes(frame.payload), ts_ns)
                self.then.apply(frame.header.kind, frame.payload, frame.header.first_seq, ts_ns)
                self.then.take_events()
        self.first_id = self.then.state.matching.next_order_id
        return ts_ns

    def note(self, events: bytes) -> None:
        """The others do what they did then, whatever the strategy does."""

    def steps(self, opened: Opened) -> Iterator[Step]:
        for frame in read(self.directory, self.from_seq + 1, workers=0):
            header = frame.header
            if not header.commands or header.first_seq <= self.then.seq:
                continue
            for payload in singles(header.kind, bytes(frame.payload)):
                yield Step(header.ts_ns, partial(self.again, header.kind, payload, header.ts_ns, opened))

    def again(self, kind: int, payload: bytes, ts_ns: int, opened: Opened) -> None:
        """Do once more what was done then, with the ids that things have here."""
        self.then.apply(kind, payload, self.then.seq + 1, ts_ns)
        before = accepted(self.then.take_events())
        changed = self.row(payload, opened) if kind == ROWS else message(payload, opened)
        if not changed:
            return
        after = accepted(self.apply(kind, changed, ts_ns))
        if len(before) == len(after):
            self.here.update(zip(before, after, strict=True))

    def row(self, payload: bytes, opened: Opened) -> bytes:
        words = Struct(f"<{len(payload) // 8}q")
        values = list(words.unpack(payload))
        at = 0
        for _ in range(values[1]):
            values[at + ACCOUNT] += values[at + ACCOUNT] >= opened.account
            values[at + KEY] += values[at + KEY] >= opened.key
            order_id = values[at + ORDER]
            if order_id >= self.first_id:
                values[at + ORDER] = self.here.get(order_id, order_id | NOBODY)
            at += codes.ROW_WORDS + codes.EXTENSION_WORDS * values[at + 2]
        return words.pack(*values)


def message(payload: bytes, opened: Opened) -> bytes:
    """A message with ids of accounts and keys as they are here; none of a head, which is of the journal that was."""
    (command,) = registry.decode_commands(payload)
    if isinstance(command, RecordHead):
        return b""
    values: list[Any] = []
    for name in type(command).__struct_fields__:
        value = getattr(command, name)
        if name in SHIFTED:
            value += value >= (opened.key if "key" in name else opened.account)
        values.append(value)
    return registry.encode_commands([type(command)(*values)])


def accepted(events: bytes) -> list[int]:
    """The orders that were accepted, in order."""
    return [event.order_id for event in read_events(events) if isinstance(event, Accepted)]
