"""A failure made small: of the entries of a world, the fewest on which core and verifier still disagree.

They become a golden scenario in `tests/golden/found`, with the outcomes that the verifier has: it fails until one of
the two is mended.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

from exchange.core import encoding, ledger
from exchange.core.engine import ROWS, Engine
from exchange.messages import registry, words
from exchange.ops.inspect import command_text
from exchange.verifier.venue import Venue
from tests.golden.scenario import Scenario

FOUND = Path(__file__).parent.parent / "golden/found"
# What core or verifier may fail with on an entry that they cannot do.
FAILURES = (AssertionError, LookupError, OverflowError, ValueError, ArithmeticError, AttributeError, TypeError)
Item = TypeVar("Item")


class Entry(NamedTuple):
    """One command: a row command's rows, or one message, as a journal has it."""

    kind: int
    payload: bytes
    ts_ns: int

    def text(self) -> str:
        """The command, for a person."""
        if self.kind == ROWS:
            return command_text(self.payload)
        return command_text(registry.decode_commands(self.payload)[0])


def disagreement(entries: list[Entry]) -> str:
    """Where core and verifier part, or one of them fails; empty where they agree to the end."""
    core, model = Engine(bytes(16)), Venue([])
    for number, entry in enumerate(entries, 1):
        try:
            core.apply(entry.kind, entry.payload, number, entry.ts_ns)
            told = core.take_events()
            if told != model.apply(entry.kind, entry.payload, number, entry.ts_ns):
                return f"core and verifier tell other events of entry {number}"
            ledger.check_sums(core.state)
            ledger.check_claims(core.state)
        except (*FAILURES, struct.error) as error:
            return f"entry {number}: {type(error).__name__}: {error}"
    if encoding.state_hash(core.state) != model.state_hash():
        return "core and verifier end in other states"
    return ""


def fewest(items: list[Item], fails: Callable[[list[Item]], bool]) -> list[Item]:
    """The fewest items that still fail: parts are left out as long as that goes on."""
    size = max(1, len(items) // 2)
    while size:
        at = 0
        while at < len(items):
            fewer = items[:at] + items[at + size :]
            if fails(fewer):
                items = fewer
            else:
                at += size
        size //= 2
    return items


def scenario(entries: list[Entry], title: str) -> str:
    """Entries as a golden scenario, each with the outcome that the verifier has."""
    lines = [f"# {title}", "an empty venue"]
    mirror, model = Scenario(Engine(bytes(16)), is_empty=True), Venue([])
    for number, entry in enumerate(entries, 1):
        lines.append(f"# {entry.text()}")
        try:
            told = model.apply(entry.kind, entry.payload, number, entry.ts_ns)
            mirror.engine.apply(entry.kind, entry.payload, number, entry.ts_ns)
            mirror.engine.take_events()
        except FAILURES as error:
            lines.append(f"# {type(error).__name__}: {error}")
            told = b""
        outcome = mirror.tell(list(words.read_events(told)))
        line = f"entry {entry.kind} {entry.ts_ns} {entry.payload.hex()}"
        lines.append(line if outcome == "done" else f"{line} -> {outcome}")
    lines.append(f"state -> {model.state_hash().hex()}")
    return "\n".join(lines) + "\n"


def write_scenario(entries: list[Entry], name: str, reason: str) -> Path | None:
    """Make entries small and write them as a scenario; None where they alone do not fail: it takes the crash."""
    if not disagreement(entries):
        return None
    smallest = fewest(entries, lambda fewer: bool(disagreement(fewer)))
    FOUND.mkdir(exist_ok=True)
    path = FOUND / f"{name}.txt"
    path.write_text(scenario(smallest, f"Found by run.py sim ({name}): {reason}"))
    return path
