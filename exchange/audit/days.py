"""The venue as days left it: the journal replayed past midnight after midnight.

Nothing is kept for it: who asks for days pays by a replay, from the newest snapshot before the first of them.
"""

from collections.abc import Iterator
from pathlib import Path

from exchange.audit.moment import engine_before
from exchange.core.state import State
from exchange.runtime.recovery import apply_frame
from journal.disk import REAL_DISK
from journal.quarantine import quarantined
from journal.reader import read
from journal.segment import list_segments, read_segment

NS_PER_DAY = 86_400 * 10**9


def day_ends(journal: Path, snapshots: Path | None, first: int, last: int) -> Iterator[tuple[int, State]]:
    """The state as each of these days left it, oldest first; days before that of the journal's creation are left out.

    The state is good until the next is asked for. A day behind the last entry ends as that entry left it.
    Raises CorruptJournal, EngineFailed, FileNotFoundError.
    """
    segments = [read_segment(REAL_DISK, path) for path in list_segments(REAL_DISK, journal)]
    day = max(first, segments[0].journal_created_ns // NS_PER_DAY)
    begun = [segment.first_seq for segment in segments if segment.created_ns < (day + 1) * NS_PER_DAY]
    engine, _ = engine_before(journal, snapshots, begun[-1] if begun else 1, quarantined(journal))
    for frame in read(journal, engine.state.seq + 1):
        while day <= last and frame.header.ts_ns >= (day + 1) * NS_PER_DAY:
            yield day, engine.state
            day += 1
        if day > last:
            return
        apply_frame(engine, frame, journal)
        engine.take_events()
    for rest in range(day, last + 1):
        yield rest, engine.state
