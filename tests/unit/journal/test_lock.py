"""One writer at a time: by process, within a process, over forks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from journal.errors import JournalLocked
from journal.writer import Journal

ROOT = Path(__file__).parents[3]
HOLD = """
import sys
from pathlib import Path
from journal.writer import Journal
journal = Journal.open_for_append(Path(sys.argv[1]))
print("open", flush=True)
sys.stdin.read()
"""


def make(directory: Path) -> None:
    Journal.create(directory, created_ns=1, segment_bytes=8192).close()


def test_a_second_process_is_refused_with_the_pid_of_the_holder(tmp_path: Path) -> None:
    make(tmp_path)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        with pytest.raises(JournalLocked, match=rf"held by another process, pid {holder.pid}$"):
            Journal.open_for_append(tmp_path)
        # A kill gives the lock back, and what it leaves is no obstacle.
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        Journal.open_for_append(tmp_path).close()
    finally:
        holder.kill()
        holder.communicate()


def test_a_second_opener_in_the_same_process_is_refused_and_the_first_keeps_its_lock(tmp_path: Path) -> None:
    make(tmp_path)
    with Journal.open_for_append(tmp_path):
        for _ in range(2):
            with pytest.raises(JournalLocked, match=f"this very process, pid {os.getpid()}"):
                Journal.open_for_append(tmp_path)
        result = subprocess.run(
            [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.DEVNULL, capture_output=True, cwd=ROOT
        )
        assert f"pid {os.getpid()}" in result.stderr.decode()
    Journal.open_for_append(tmp_path).close()


def test_a_child_that_closes_its_copy_of_the_descriptor_does_not_free_the_lock(tmp_path: Path) -> None:
    make(tmp_path)
    with Journal.open_for_append(tmp_path) as journal:
        child = os.fork()
        if child == 0:
            os.close(journal._lock)
            os._exit(0)
        os.waitpid(child, 0)
        result = subprocess.run(
            [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.DEVNULL, capture_output=True, cwd=ROOT
        )
        assert b"JournalLocked" in result.stderr


def test_a_refused_opening_gives_the_lock_back(tmp_path: Path) -> None:
    make(tmp_path)
    name = tmp_path / "00000000000000000001.tape"
    data = name.read_bytes()
    name.write_bytes(b"no journal" + data[10:])
    with pytest.raises(Exception, match="corrupt journal"):
        Journal.open_for_append(tmp_path)
    name.write_bytes(data)
    Journal.open_for_append(tmp_path).close()
