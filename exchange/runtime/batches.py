"""Batches, command by command: what waits becomes frames, and events become answers. Compiled with the wire: it is what
every order passes through in the sequencer, which itself is not.
"""

from collections.abc import Sequence
from typing import Final, Protocol

from exchange.core.engine import MESSAGES, ROW_SCHEMA, ROWS
from exchange.messages import registry
from exchange.messages.words import AnyWords

MESSAGE_SCHEMA: Final = 1
FRAME_PAYLOAD_MAX: Final = 65_408

FrameContent = tuple[int, int, int, int, bytes]


class Answer:
    """What became of one command: the seq that it has, its time, and its events."""

    __slots__ = ("events", "seq", "ts_ns")

    def __init__(self, seq: int, ts_ns: int, events: list[AnyWords]) -> None:
        self.seq = seq
        self.ts_ns = ts_ns
        self.events = events


class Waiter(Protocol):
    """Who waits for an answer: a future, or what acts like one and does at once what is to be done then. It is told
    while its batch is answered, so it must not raise.
    """

    def done(self) -> bool: ...
    def set_result(self, answer: Answer, /) -> None: ...
    def set_exception(self, error: Exception, /) -> None: ...


Waiting = tuple[int, bytes, registry.AnyCommand | None, int, Waiter]
"""What waits for its batch: kind, rows or command, how many commands these are, and who waits for the answer."""


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
        if self.messages:
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

    def add_waiting(self, waiting: list[Waiting], end_seq: int) -> dict[int, Waiter]:
        """Add what waits, in its order, while the next seq is below `end_seq`.

        Returns: who waits for what was added, by the seq of the command, or of the last command of a run.
        """
        answers: dict[int, Waiter] = {}
        for _, payload, command, count, waiter in waiting:
            if self.seq >= end_seq:
                break
            if command is not None:
                self.add_message(command)
            else:
                self.add_rows(payload, count)
            answers[self.seq - 1] = waiter
        return answers

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


def answer(answers: dict[int, Waiter], ts_ns: int, events: Sequence[AnyWords]) -> None:
    """Tell everybody who waits what became of the command of that seq; both are in the order of seqs."""
    at, end = 0, len(events)
    for seq, waiter in answers.items():
        while at < end and events[at].seq < seq:
            at += 1
        mine: list[AnyWords] = []
        while at < end and events[at].seq == seq:
            mine.append(events[at])
            at += 1
        if not waiter.done():
            waiter.set_result(Answer(seq, ts_ns, mine))
