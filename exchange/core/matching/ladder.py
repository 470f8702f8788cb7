"""Price levels sorted by key, in plain Python: `ladder.pyx` is the compiled twin."""

from sortedcontainers import SortedDict

from . import codes
from .records import Level


class Ladder:
    """Levels sorted by key, the best (greatest) at hand, neighbours linked."""

    def __init__(self) -> None:
        self.levels: SortedDict[int, Level] = SortedDict()
        self.best: Level | None = None
        self.best_key = codes.NO_KEY
        self.worst: Level | None = None
        self.count = 0
        self.moved = 0

    def find(self, key: int) -> Level | None:
        return self.levels.get(key)

    def insert(self, level: Level) -> None:
        rank = self.levels.bisect_left(level.key)
        level.worse = self.levels.peekitem(rank - 1)[1] if rank else None
        level.better = self.levels.peekitem(rank)[1] if rank < self.count else None
        self.levels[level.key] = level
        self.count += 1
        if level.better:
            level.better.worse = level
        else:
            self.best = level
            self.best_key = level.key
        if level.worse:
            level.worse.better = level
        else:
            self.worst = level

    def remove(self, level: Level) -> None:
        del self.levels[level.key]
        self.count -= 1
        if level.better:
            level.better.worse = level.worse
        else:
            self.best = level.worse
            self.best_key = level.worse.key if level.worse else codes.NO_KEY
        if level.worse:
            level.worse.better = level.better
        else:
            self.worst = level.better

    def memory(self) -> int:
        """Bytes that the nodes take: not known here."""
        return 0
