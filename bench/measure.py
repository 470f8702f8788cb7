"""How figures are made: two things in turn, medians, the ratio pair by pair, and the machine it was on.

Two cores shared with others give ±20 %: whatever disturbs a round disturbs both halves of its pair, so the median of
ratios says more than the ratio of medians, and it is what gates look at. Where one half needs both cores and the other
needs one (a pipeline beside its slower half), others do not disturb them alike: a round is measured again while other
processes take more than a little of the machine, a few times at most. /proc tells; elsewhere every round counts.
"""

import gc
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

ROUNDS = 5
OTHERS_MAX = 0.15
"""How much of one processor other processes may take during a round."""
ATTEMPTS = 5
"""How often a round is measured at most; the last counts whatever others do."""


PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

Pair = tuple[float, float]
"""Seconds of ours and of what it is held against."""


class WrongState(Exception):
    """A timed run ended in another state than the untimed one: there is no figure."""


class Timed(NamedTuple):
    """One run: the seconds it took, and the hash of the state it ended in."""

    seconds: float
    state_hash: str


class Figure(NamedTuple):
    """One line of the table: ours and what it is held against, medians of all rounds.

    In a unit that ends in `/s` both are rates; in `s` or `bytes` they are costs, and a smaller one is better. Whichever
    it is, a greater ratio is better; `gate` is the least that there must be (0 where nothing was promised), `aim` the
    least that there is to be.
    """

    name: str
    unit: str
    ours: float
    reference: float
    reference_name: str
    ratio: float
    ratios: list[float]
    gate: float
    aim: float | None
    state_hash: str
    details: dict[str, Any]

    @property
    def passes(self) -> bool:
        return self.ratio >= self.gate

    def as_json(self) -> dict[str, Any]:
        return self._asdict() | {"passes": self.passes}


class Options(NamedTuple):
    """What a caller may set: `scale` divides the number of commands; `say` hears what is going on (text, done, of)."""

    rounds: int = ROUNDS
    scale: int = 1
    say: Callable[[str, int, int], None] = lambda text, done, of: None


def in_turn(
    ours: Callable[[], Timed],
    reference: Callable[[], Timed],
    expected: str,
    options: Options,
    name: str,
    expected_reference: str | None = None,
) -> list[Pair]:
    """Run both in turn and return the pairs of seconds, (ours, reference).

    Raises:  WrongState where a run does not end in the expected state.
    """

    def one(number: int) -> Pair:
        options.say(f"{name}: ours", number, options.rounds)
        first = checked(ours(), expected, name)
        options.say(f"{name}: reference", number, options.rounds)
        return first, checked(reference(), expected_reference or expected, f"{name}, reference")

    pairs = [undisturbed(partial(one, number)) for number in range(options.rounds)]
    options.say(name, options.rounds, options.rounds)
    return pairs


def undisturbed(measure: Callable[[], Pair]) -> Pair:
    """Measure a pair while other processes leave the machine alone, as far as that can be had."""
    left = ATTEMPTS
    while True:
        began, busy, own = time.perf_counter(), busy_seconds(), own_seconds()
        pair = measure()
        others = busy_seconds() - busy - (own_seconds() - own)
        left -= 1
        if not left or others <= OTHERS_MAX * (time.perf_counter() - began):
            return pair


def busy_seconds() -> float:
    """Processor time that was spent on this machine, by whomever; 0 where the system does not tell."""
    path = Path("/proc/stat")
    if not path.exists():
        return 0.0
    user, nice, system, _, _, irq, softirq = map(int, path.read_text().split()[1:8])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def own_seconds() -> float:
    """Processor time of this process and of all that came of it, as far as it lives or was waited for."""
    parents: dict[int, int] = {}
    ticks: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            told = path.read_bytes().rpartition(b")")[2].split()
            parents[int(path.parent.name)] = int(told[1])
            ticks[int(path.parent.name)] = sum(map(int, told[11:15]))

    def is_ours(pid: int) -> bool:
        return pid == os.getpid() or (pid in parents and is_ours(parents[pid]))

    return sum(spent for pid, spent in ticks.items() if is_ours(pid)) / os.sysconf("SC_CLK_TCK")


def checked(timed: Timed, expected: str, name: str) -> float:
    if timed.state_hash != expected:
        raise WrongState(f"{name}: a timed run ended in state {timed.state_hash}, the untimed one in {expected}")
    return timed.seconds


def figure(
    name: str,
    work: int,
    pairs: list[Pair],
    *,
    reference_name: str,
    gate: float,
    state_hash: str,
    unit: str = "commands/s",
    aim: float | None = None,
    **details: Any,
) -> Figure:
    """Make the line of the table from what one run has to do and the seconds of every pair."""
    costs = cost(
        name, pairs, reference_name=reference_name, gate=gate, state_hash=state_hash, unit=unit, aim=aim, **details
    )
    return costs._replace(
        ours=statistics.median(work / ours for ours, _ in pairs),
        reference=statistics.median(work / reference for _, reference in pairs),
    )


def cost(
    name: str,
    pairs: list[Pair],
    *,
    reference_name: str,
    state_hash: str,
    gate: float = 1.0,
    unit: str = "s",
    aim: float | None = None,
    **details: Any,
) -> Figure:
    """Make a line of what something costs, and what it is held against or may cost."""
    ratios = [reference / ours for ours, reference in pairs]
    return Figure(
        name,
        unit,
        statistics.median(ours for ours, _ in pairs),
        statistics.median(reference for _, reference in pairs),
        reference_name,
        statistics.median(ratios),
        ratios,
        gate,
        aim,
        state_hash,
        details,
    )


@contextmanager
def quiet_collector() -> Iterator[None]:
    """What was there before is collected and set aside, so that a run pays for its own garbage only."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def fingerprint() -> dict[str, Any]:
    """Return what the figures depend on besides the code: processor, caches, kernel, Python, load."""
    return {
        "processor": first_field(Path("/proc/cpuinfo"), "model name") or platform.processor(),
        "cores": os.cpu_count(),
        "caches": caches(Path("/sys/devices/system/cpu/cpu0/cache")),
        "memory_mib": PAGE_BYTES * os.sysconf("SC_PHYS_PAGES") >> 20,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "interpreter": sys.executable,
        "load_1_minute": os.getloadavg()[0],
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def first_field(path: Path, name: str) -> str:
    lines = path.read_text().splitlines() if path.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")


def caches(folder: Path) -> dict[str, str]:
    """Size by level and type, such as {"2 Unified": "2048K"}."""
    found = {}
    for cache in sorted(folder.glob("index*")):
        level, kind, size = ((cache / name).read_text().strip() for name in ("level", "type", "size"))
        found[f"{level} {kind}"] = size
    return found
