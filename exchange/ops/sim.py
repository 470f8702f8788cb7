"""`run.py sim --seed N --minutes M`: venues whose disks fail, crash after crash; what fails is made small."""

import argparse
import multiprocessing
import time
from collections import Counter
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from journal.errors import CorruptJournal, JournalError
from tests.simulation import world

PROCESSES = 2
WORLDS_AT_ONCE = 20
# What a world may end in but success: what must hold did not, the record is not what it was, or an assertion of ours.
FAILURES = (AssertionError, CorruptJournal, JournalError, LookupError, ValueError, OSError)


class Failure(NamedTuple):
    """A world that failed: its seed, and why."""

    seed: int
    reason: str


def main(argv: list[str]) -> int:
    """Simulate; exit 1 where anything failed, with the line that repeats it."""
    parser = argparse.ArgumentParser(prog="run.py sim", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first world's; each further one has the next")
    parser.add_argument("--minutes", type=float, default=1.0, help="how long (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=0, metavar="N", help="or until there were N crashes")
    parser.add_argument("--plan", metavar="A,B,…", help="one world alone, with these rounds: the line of a failure")
    options = parser.parse_args(argv)
    if options.plan is not None:
        rounds = [int(each) for each in options.plan.split(",") if each]
        problem = failure(options.seed, rounds, Counter())
        print(problem or "nothing fails")
        return 1 if problem else 0
    happened, failures = simulate(options.seed, options.minutes * 60, options.rounds)
    show(happened)
    for each in failures:
        tell(each)
    return 1 if failures else 0


def failure(seed: int, rounds: list[int], happened: "Counter[str]") -> str:
    """Why a world fails; empty where it does not."""
    try:
        world.run(seed, rounds, happened)
    except FAILURES as error:
        return f"{type(error).__name__}: {error}"
    return ""


def one(seed: int) -> "tuple[Counter[str], Failure | None]":
    """One world, in a process of a pool."""
    happened: Counter[str] = Counter()
    reason = failure(seed, world.plan(seed), happened)
    return happened, Failure(seed, reason) if reason else None


def simulate(first_seed: int, seconds: float, rounds: int = 0) -> "tuple[Counter[str], list[Failure]]":
    """Worlds from a seed on, until the time is up or there were so many recoveries; stops at the first failure."""
    until = time.monotonic() + seconds
    happened: Counter[str] = Counter()
    seed = first_seed
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        while time.monotonic() < until and not (rounds and happened["recoveries"] >= rounds):
            worlds = range(seed, seed + WORLDS_AT_ONCE)
            seed += WORLDS_AT_ONCE
            for done, failed in pool.imap_unordered(one, worlds):
                happened.update(done)
                if failed is not None:
                    return happened, [failed]
    return happened, []


def tell(failed: Failure) -> None:
    """Make a failure as small as it goes, and print the line that repeats it."""
    fewest = world.shrunk(
        failed.seed, world.plan(failed.seed), lambda seed, rounds: bool(failure(seed, rounds, Counter()))
    )
    print(f"seed {failed.seed} FAILS: {failed.reason}")
    print(f"  python3 run.py sim --seed {failed.seed} --plan {','.join(map(str, fewest))}")


def show(happened: "Counter[str]") -> None:
    """What was done to the venues, and what they went through."""
    table = Table("what happened", "times")
    for what, count in sorted(happened.items()):
        table.add_row(what, f"{count:,}")
    Console().print(table)
