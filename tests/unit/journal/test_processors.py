"""Who runs where: moved off, kept off, and never bound."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from journal.processors import Interrupts, allowed, interrupt_counts, keep_off, move_off

SPIN = "while True: pass"


@pytest.fixture
def busy() -> Iterator[int]:
    """A process that never waits."""
    with subprocess.Popen([sys.executable, "-c", SPIN]) as process:
        yield process.pid
        process.kill()


def processor_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[36])


def two() -> tuple[int, int]:
    first, second, *_ = [*sorted(allowed()), -1, -1]
    if second < 0:
        pytest.fail("this test needs two processors")
    return first, second


def test_a_process_is_moved_off_and_not_bound(busy: int) -> None:
    before = os.sched_getaffinity(busy)
    moved = 0
    for _ in range(20):
        avoided = processor_of(busy)
        move_off(busy, {avoided})
        # Whoever else is at work here may have pushed it back.
        moved += processor_of(busy) != avoided
        assert os.sched_getaffinity(busy) == before
    assert moved > 10


def test_who_may_run_nowhere_else_stays(busy: int) -> None:
    first, second = two()
    os.sched_setaffinity(busy, {first})
    move_off(busy, {first})
    move_off(busy, {second})
    move_off(busy, allowed())
    assert os.sched_getaffinity(busy) == {first}


def test_where_a_process_has_gone_nothing_happens() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    before = allowed()
    move_off(process.pid, before)
    keep_off(process.pid, before)
    assert allowed() == before


def test_a_thread_keeps_off(busy: int) -> None:
    before = allowed()
    first, second = two()
    try:
        for theirs, ours in ((first, second), (second, first)):
            os.sched_setaffinity(busy, {theirs})
            while processor_of(busy) != theirs:
                time.sleep(0.001)
            keep_off(busy, {first, second})
            assert allowed() == {ours}
    finally:
        os.sched_setaffinity(0, before)


def test_whoever_takes_a_tenth_of_the_interrupts_is_named(tmp_path: Path) -> None:
    requests, rare = tmp_path / "36", tmp_path / "35"
    interrupts = Interrupts([rare, requests])
    seen = []
    for told in ("0,1000,0", "0,1000,0", "0,1002,89", "900,1002,89", "1000,2002,89", "1001,2011,89"):
        rare.write_text("1,0,0\n")
        requests.write_text(f"{told}\n")
        seen.append(interrupts.taken_by())
    assert seen == [{1}, {1}, {2}, {0}, {1}, {0, 1}]


def test_where_nothing_is_told_nobody_is_named(tmp_path: Path) -> None:
    assert Interrupts([]).taken_by() == set()
    assert Interrupts([tmp_path / "none"]).taken_by() == set()


def test_the_disk_of_a_file_has_all_its_counts_or_none(tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file:
        counts = interrupt_counts(file.fileno())
    assert [path.name for path in counts] == ["per_cpu_count"] * len(counts)
    assert all(path.is_file() for path in counts)
    assert Interrupts(counts).taken_by() <= set(range(os.cpu_count() or 1))
    with Path("/proc/self/stat").open("rb") as file:
        assert interrupt_counts(file.fileno()) == []
