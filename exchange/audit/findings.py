"""What an audit finds, and what it counts: a problem names the entry at which it shows."""

from typing import NamedTuple

PROBLEMS_KEPT = 100


class Problem(NamedTuple):
    """Something that does not hold, at an entry; 0 where no entry can be named."""

    seq: int
    check: str
    text: str


class Findings:
    """The problems of one check between two entries, the first hundred in words, and how much it looked at."""

    def __init__(self, check: str, from_seq: int = 1) -> None:
        self.check = check
        self.from_seq = from_seq
        self.problems: list[Problem] = []
        self.count = 0
        self.seen: dict[str, int] = {}

    def add(self, seq: int, text: str) -> None:
        """Note a problem. One before `from_seq` was not asked for."""
        if 0 < seq < self.from_seq:
            return
        self.count += 1
        if len(self.problems) < PROBLEMS_KEPT:
            self.problems.append(Problem(seq, self.check, text))

    def saw(self, what: str, number: int = 1) -> None:
        self.seen[what] = self.seen.get(what, 0) + number
