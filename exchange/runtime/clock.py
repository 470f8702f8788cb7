"""The time that commands are stamped with: monotonic, never behind the last stamp, slewed to the wall clock."""

import time
from collections.abc import Callable

SLEW_PPM = 500
ALARM_NS = 1_000_000_000
PPM = 1_000_000


class Clock:
    """Time is the last stamp plus the monotonic time since, drawn to the wall clock by at most 500 ppm.

    While the venue runs, a gap of more than a second between the two is not followed: a jump forward would expire every
    timed order, for ever. `alarm` then says so until an operator's `AdoptClock` command (or the wall clock's return)
    ends it. At start the wall clock is taken as it is, unless it is behind the last stamp.
    """

    def __init__(
        self,
        last_ns: int,
        *,
        wall_ns: Callable[[], int] = time.time_ns,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.wall_ns = wall_ns
        self.monotonic_ns = monotonic_ns
        self.last_ns = last_ns
        self.then_ns = monotonic_ns()
        self.now_ns = max(last_ns, wall_ns())

    @property
    def gap_ns(self) -> int:
        """How far the wall clock is ahead of the venue's time."""
        return self.wall_ns() - self.read()

    @property
    def alarm(self) -> bool:
        """Whether the wall clock is more than a second away and is not being followed."""
        return abs(self.gap_ns) > ALARM_NS

    def read(self) -> int:
        """The venue's time now, without stamping."""
        return self.now_ns + self.monotonic_ns() - self.then_ns

    def stamp(self) -> int:
        """The time of the next batch: greater than that of the one before."""
        monotonic = self.monotonic_ns()
        elapsed = monotonic - self.then_ns
        self.then_ns = monotonic
        self.now_ns += elapsed
        gap = self.wall_ns() - self.now_ns
        if abs(gap) <= ALARM_NS:
            most = elapsed * SLEW_PPM // PPM
            self.now_ns += max(-most, min(most, gap))
        self.last_ns = max(self.last_ns + 1, self.now_ns)
        return self.last_ns

    def adopt(self, to_ns: int) -> None:
        """Follow an operator's journaled word on what time it is; never back behind the last stamp."""
        self.then_ns = self.monotonic_ns()
        self.now_ns = max(self.last_ns, to_ns)
