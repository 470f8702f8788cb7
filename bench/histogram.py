"""Latency histograms: HdrHistogram's, three digits exact from a microsecond to a minute, in nanoseconds.

What is recorded is the time from when something was due, not from when it was sent: whoever sends late because the one
before was late has waited too. So nothing is left out that a steady flow would have met (no coordinated omission), and
no correction is needed afterwards.
"""

from typing import Any

from hdrh.histogram import HdrHistogram

LOWEST_NS, HIGHEST_NS, DIGITS = 1_000, 60_000_000_000, 3
PERCENTILES = (50.0, 90.0, 99.0, 99.9, 99.99, 100.0)
CURVE = (0.0, 25.0, 50.0, 75.0, 90.0, 95.0, 98.0, 99.0, 99.5, 99.8, 99.9, 99.95, 99.99, 100.0)
"""Where a latency's tail is drawn."""


class Histogram:
    """Counts of nanoseconds."""

    def __init__(self, values_ns: list[int] | None = None) -> None:
        self.counts = HdrHistogram(LOWEST_NS, HIGHEST_NS, DIGITS)
        for value in values_ns or []:
            self.record(value)

    def record(self, value_ns: int) -> None:
        self.counts.record_value(min(max(value_ns, LOWEST_NS), HIGHEST_NS))

    def add(self, other: "Histogram") -> None:
        self.counts.add(other.counts)

    @property
    def total(self) -> int:
        return int(self.counts.get_total_count())

    def at(self, percentile: float) -> float:
        """The seconds that so many of a hundred took at most."""
        return float(self.counts.get_value_at_percentile(percentile)) / 1e9

    def summary(self) -> dict[str, Any]:
        """Seconds by percentile, how many there were, and the curve of the tail."""
        return {
            "count": self.total,
            "seconds": {f"p{percentile:g}": self.at(percentile) for percentile in PERCENTILES},
            "curve": [(percentile, self.at(percentile)) for percentile in CURVE],
        }
