"""Owns which processor whom runs on: a second process or a child keeps off its caller's, the caller off interrupts.

Where one processor takes all interrupts of a disk (a virtual machine's, most often), whoever runs there pays for what
others write: a fifth of its time beside a process that writes without a pause. The caller is bound to no processor,
which its threads and children would be with it: it is put elsewhere, and left there.
"""

from __future__ import annotations

import os
from itertools import zip_longest
from pathlib import Path

# Where /proc/PID/stat has the processor that a thread ran on last, counted behind the name.
_PROCESSOR = 36
# A disk with more has a queue for each processor.
_INTERRUPTS_MAX = 4


def allowed() -> set[int]:
    """Those on which this thread may run; none where the system does not tell."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()


def keep_off(pid: int, among: set[int], who: int = 0) -> None:
    """Have a thread (0: this one) run on one of these processors, but not on that of the main thread of `pid`.

    Where there is no other, or the system does not tell, it runs where it may.
    """
    try:
        os.sched_setaffinity(who, among - {_processor_of(pid)})
    except OSError:
        return


def move_off(pid: int, avoided: set[int]) -> None:
    """Put the main thread of `pid` on another processor if it runs on one of these, and may run elsewhere."""
    try:
        if avoided and _processor_of(pid) in avoided:
            may = os.sched_getaffinity(pid)
            os.sched_setaffinity(pid, may - avoided)
            os.sched_setaffinity(pid, may)
    except OSError:
        return


def _processor_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[_PROCESSOR])


def interrupt_counts(fd: int) -> list[Path]:
    """Where the system counts the interrupts of the disk that holds this file, a list for each by processor.

    None where it does not tell, or where the disk has a queue for each processor.
    """
    device = os.fstat(fd).st_dev
    disk = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve()
    for numbers in (folder / "msi_irqs" for folder in disk.parents):
        if numbers.is_dir():
            counts = [Path("/sys/kernel/irq", number.name, "per_cpu_count") for number in numbers.iterdir()]
            return counts if len(counts) <= _INTERRUPTS_MAX else []
    return []


class Interrupts:
    """Which processors take them."""

    def __init__(self, counts: list[Path]) -> None:
        self._counts = counts
        self._before: list[int] = []
        self._taken_by: set[int] = set()

    def taken_by(self) -> set[int]:
        """Those that took a tenth of all since the last call at least, or did before it if there were none since."""
        try:
            told = [[int(count) for count in path.read_text().split(",")] for path in self._counts]
        except (OSError, ValueError):
            return set()
        counts = [sum(each) for each in zip(*told, strict=True)]
        new = [count - before for count, before in zip_longest(counts, self._before, fillvalue=0)]
        self._before = counts
        if any(new):
            self._taken_by = {number for number, count in enumerate(new) if 10 * count >= sum(new)}
        return self._taken_by
