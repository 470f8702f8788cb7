"""What the checks read: every frame of a journal applied anew, with its commands and its events as words."""

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from exchange.core.engine import ROWS, Engine
from exchange.messages.orders import EventKind
from exchange.runtime.recovery import apply_frame
from journal.frame import Frame
from journal.quarantine import quarantined
from journal.reader import read

Words = list[int]
MESSAGE_HEAD_WORDS = 3
WORD_BYTES = 8


class Step(NamedTuple):
    """One frame: `rows` are the words of its rows (none for messages), `stream` its events, `words` those as words."""

    frame: Frame
    rows: Words
    stream: bytes
    words: Words

    @property
    def last_seq(self) -> int:
        return self.frame.header.last_seq


class Source:
    """A journal applied by an engine of its own. `events_digest` is SHA-256 over all events up to here."""

    def __init__(self, directory: Path, notes: Mapping[int, object] | None = None) -> None:
        self.directory = directory
        self.quarantined = quarantined(directory) if notes is None else notes
        self.engine = Engine(secrets.token_bytes(16), self.quarantined)
        self.events_digest = hashlib.sha256()
        self.chain = b""

    def steps(self, to_seq: int = 0) -> Iterator[Step]:
        """Apply frame by frame, to the end or behind the frame that holds `to_seq`.

        Raises:  CorruptJournal, EngineFailed.
        """
        for frame in read(self.directory):
            apply_frame(self.engine, frame, self.directory)
            stream = self.engine.take_events()
            self.events_digest.update(stream)
            self.chain = frame.header.chain
            rows = frame.payload.cast("q").tolist() if frame.header.kind == ROWS else []
            yield Step(frame, rows, stream, memoryview(stream).cast("q").tolist())
            if to_seq and frame.header.last_seq >= to_seq:
                return


def places(words: Words) -> Iterator[int]:
    """Where each event of a stream begins, in words."""
    at = 0
    while at < len(words):
        yield at
        at += words[at] >> 8


def message_at(step: Step, at: int) -> bytes:
    """The MessagePack of a cold event."""
    start = (at + MESSAGE_HEAD_WORDS) * WORD_BYTES
    return step.stream[start : start + step.words[at + 2]]


MESSAGE = int(EventKind.MESSAGE)
