"""Runs of rows one behind the other with nothing between them: a replay's way through matching. It wants no events."""

from typing import Any

from . import codes
from .matching import Matching

Runs = list[tuple[Any, int]]


def apply_runs(matching: Matching, runs: Runs, number: int, seq: int) -> tuple[int, int]:
    """Apply runs of rows from the one with this number on, numbering their commands from `seq`; drop their events.

    A run is rows and a stamp in ns.
    Returns: how many of the runs are done; and where that is not all of them, the word at which matching stopped in the
             next one (`matching.why`).
    Raises:  what `Matching.apply_rows` does.
    """
    at = 0
    while number < len(runs):
        rows, now_ns = runs[number]
        at = matching.apply_rows(rows, 0, seq, now_ns)
        if matching.why != codes.DONE:
            break
        matching.events.buffer.drop()
        seq = matching.events.seq + 1
        number += 1
    return number, at
