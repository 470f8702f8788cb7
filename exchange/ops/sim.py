"""`run.py sim --seed N --minutes M`: venues to which everything happens, crash after crash; what fails is made small.

Two kinds of world take turns: `disk`, journal and core with every kind of order on a disk that fails; `house`, the
whole exchange with its clients, streams and clock.
"""

import argparse
import multiprocessing
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple
from unittest.mock import patch

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
from rich.table import Table

from exchange.messages.orders import EventKind
from exchange.messages.rejects import RejectCode
from journal.errors import CorruptJournal, JournalError
from tests.simulation import house, small, world

PROCESSES = 2
WORLDS_AT_ONCE = 20
# What a world may end in but success: what must hold did not, the record is not what it was, or an assertion of ours.
FAILURES = (AssertionError, CorruptJournal, JournalError, LookupError, ValueError, OSError)
# A venue's tables are large and live for milliseconds: who gives them back to the system pays for every page anew.
MEMORY_KEPT = {
    "MALLOC_MMAP_THRESHOLD_": "1000000000",
    "MALLOC_TRIM_THRESHOLD_": "10000000000",
    "MALLOC_TOP_PAD_": "67108864",
}
KINDS: dict[str, Callable[[int, list[int], "Counter[str]"], None]] = {"disk": world.run, "house": house.run}


class Failure(NamedTuple):
    """A world that failed: its kind and seed, and why."""

    kind: str
    seed: int
    reason: str


def main(argv: list[str]) -> int:
    """Simulate; exit 1 where anything failed, with the line that repeats it."""
    parser = argparse.ArgumentParser(prog="run.py sim", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first world's; each further one has the next")
    parser.add_argument("--minutes", type=float, default=1.0, help="how long (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=0, metavar="N", help="or until there were N crashes")
    parser.add_argument("--kind", choices=KINDS, help="only worlds of this kind")
    parser.add_argument("--plan", metavar="A,B,…", help="one world alone, with these rounds: the line of a failure")
    options = parser.parse_args(argv)
    kinds = [options.kind] if options.kind else list(KINDS)
    if options.plan is not None:
        rounds = [int(each) for each in options.plan.split(",") if each]
        problem = failure(kinds[0], options.seed, rounds, Counter())
        print(problem or "nothing fails")
        return 1 if problem else 0
    happened, failures = simulate(options.seed, options.minutes * 60, options.rounds, kinds)
    show(happened)
    for each in failures:
        tell(each)
    return 1 if failures else 0


def failure(kind: str, seed: int, rounds: list[int], happened: "Counter[str]") -> str:
    """Why a world fails; empty where it does not."""
    try:
        KINDS[kind](seed, rounds, happened)
    except FAILURES as error:
        return f"{type(error).__name__}: {error}"
    return ""


def one(world_of: tuple[str, int]) -> "tuple[Counter[str], Failure | None]":
    """One world, in a process of a pool."""
    kind, seed = world_of
    happened: Counter[str] = Counter()
    reason = failure(kind, seed, world.plan(seed), happened)
    return happened, Failure(kind, seed, reason) if reason else None


def simulate(
    first_seed: int, seconds: float, rounds: int = 0, kinds: "list[str] | None" = None
) -> "tuple[Counter[str], list[Failure]]":
    """Worlds from a seed on, until the time is up, or there were so many recoveries, or an interrupt, or a failure."""
    kinds = kinds or list(KINDS)
    until = time.monotonic() + seconds
    happened: Counter[str] = Counter()
    seed = first_seed
    # Read by the C library when a process of the pool starts.
    with patch.dict(os.environ, MEMORY_KEPT):
        processes = multiprocessing.get_context("spawn").Pool(PROCESSES, ignore_interrupts)
    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with processes as pool, Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("crashes" if rounds else "seconds", total=rounds or round(seconds))
        try:
            while time.monotonic() < until and not (rounds and happened["recoveries"] >= rounds):
                worlds = [(kinds[number % len(kinds)], number) for number in range(seed, seed + WORLDS_AT_ONCE)]
                seed += WORLDS_AT_ONCE
                for done, failed in pool.imap_unordered(one, worlds):
                    happened.update(done)
                    if failed is not None:
                        return happened, [failed]
                left = until - time.monotonic()
                progress.update(task, completed=happened["recoveries"] if rounds else round(seconds - left))
        except KeyboardInterrupt:
            console.print(f"stopped at seed {seed}")
    return happened, []


def ignore_interrupts() -> None:
    """In a process of the pool: who ends it is the one that started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def tell(failed: Failure) -> None:
    """Make a failure as small as it goes, and print the line that repeats it."""
    fewest = small.fewest(
        world.plan(failed.seed), lambda rounds: bool(failure(failed.kind, failed.seed, rounds, Counter()))
    )
    print(f"seed {failed.seed} FAILS: {failed.reason}")
    print(f"  python3 run.py sim --kind {failed.kind} --seed {failed.seed} --plan {','.join(map(str, fewest))}")
    if failed.kind == "disk":
        entries = world.entries(failed.seed, fewest)
        path = small.write_scenario(entries, f"disk-{failed.seed}", failed.reason)
        said = (
            f"the fewest commands that fail: {path}" if path else "the commands alone do not fail: it takes the crash"
        )
        print(f"  {said}")


def show(happened: "Counter[str]") -> None:
    """What was done to the venues, and what they went through; how many refusals and kinds of events came about."""
    table = Table("what happened", "times")
    seen = {"refusal": set[str](), "event": set[str]()}
    for what, count in sorted(happened.items()):
        kind, _, name = what.partition(": ")
        if kind in seen:
            seen[kind].add(name)
        else:
            table.add_row(what, f"{count:,}")
    for kind, every in (("refusal", RejectCode), ("event", EventKind)):
        table.add_row(f"kinds of {kind} met", f"{len(seen[kind])} of {len(every)}")
    Console().print(table)
