"""The release gate: another release's journal, replayed by this code, must give the events that were recorded then.

The record is a text beside the journal, a line for each group of frames: the seq of its last command and the first 16
bytes of the SHA-256 of its events. The last line has the state's hash. A change of the rules that is guarded by a named
rule leaves an old journal's events as they were; one that is not shows here.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from exchange.audit.source import Source, Step
from exchange.core import encoding

RECORD = "events.digests"
COMMANDS_IN_GROUP = 1_000
DIGEST_BYTES = 16
STATE = "state"


class Group(NamedTuple):
    """The events of some frames: up to which command, their digest, and the events themselves."""

    last_seq: int
    digest: str
    steps: list[Step]


class Difference(NamedTuple):
    """Where this code goes another way: between two entries, in events or in the state."""

    after_seq: int
    to_seq: int
    what: str
    steps: list[Step]


class NoRecord(Exception):
    """There is nothing to compare with, or it is no record."""


def groups(source: Source) -> Iterator[Group]:
    """Replay, and yield the digest of each group of events."""
    steps: list[Step] = []
    for step in source.steps():
        steps.append(step)
        if step.last_seq - steps[0].frame.header.first_seq + 1 >= COMMANDS_IN_GROUP:
            yield group(steps)
            steps = []
    if steps:
        yield group(steps)


def group(steps: list[Step]) -> Group:
    digest = hashlib.sha256(b"".join(step.stream for step in steps)).digest()[:DIGEST_BYTES]
    return Group(steps[-1].last_seq, digest.hex(), steps)


def record(journal: Path, target: Path) -> int:
    """Write what this code makes of a journal; returns the last seq."""
    source = Source(journal)
    lines = [f"{each.last_seq} {each.digest}\n" for each in groups(source)]
    lines.append(f"{STATE} {encoding.state_hash(source.engine.state).hex()}\n")
    beside = target.with_suffix(".part")
    beside.write_text("".join(lines))
    beside.rename(target)
    return source.engine.seq


def recorded(path: Path) -> tuple[dict[int, str], str]:
    """Digests by last seq, and the state's hash. Raises NoRecord."""
    try:
        fields = [line.split() for line in path.read_text().splitlines()]
        digests = {int(seq): digest for seq, digest in fields[:-1]}
        word, state = fields[-1]
    except (OSError, ValueError, IndexError) as error:
        raise NoRecord(f"{path} is no record of events: {error}") from error
    if word != STATE:
        raise NoRecord(f"{path} does not end with the hash of the state")
    return digests, state


def compare(journal: Path, record_path: Path) -> tuple[int, Difference | None]:
    """Replay a journal and hold it against its record; returns the seq reached, and the first difference.

    Raises:  NoRecord, CorruptJournal, EngineFailed.
    """
    digests, state = recorded(record_path)
    source = Source(journal)
    before = 0
    for each in groups(source):
        told = digests.pop(each.last_seq, None)
        if told is None:
            return each.last_seq, Difference(before, each.last_seq, "the record has no such group", each.steps)
        if told != each.digest:
            return each.last_seq, Difference(before, each.last_seq, "other events", each.steps)
        before = each.last_seq
    if digests:
        return before, Difference(before, max(digests), "the journal ends before its record", [])
    if state != encoding.state_hash(source.engine.state).hex():
        return before, Difference(0, before, "another state, by the same events", [])
    return before, None
