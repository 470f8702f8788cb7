"""reference.cpp as a program: compiled when needed, run on a workload's file, its answer read."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).with_name("reference.cpp")
HEADER = SOURCE.with_suffix(".hpp")
FLAGS = ("-std=c++17", "-O3", "-march=native")
COMPILER = "g++"
NAME = "C++"
"""What it is called in a table."""


class NoCompiler(Exception):
    """The reference cannot be compiled on this machine."""


class Answer(NamedTuple):
    """What the reference printed: counts, FNV-1a of all balances, and the median CPU time of its runs."""

    trades: int
    rejects: int
    open_orders: int
    checksum: int
    cpu_seconds: float


def build(folder: Path) -> Path:
    """Return the compiled program, kept in `folder` by a digest of its source. Raises NoCompiler."""
    digest = hashlib.sha256(SOURCE.read_bytes() + HEADER.read_bytes() + " ".join(FLAGS).encode()).hexdigest()[:16]
    program = folder / f"reference-{digest}"
    if program.exists():
        return program
    folder.mkdir(parents=True, exist_ok=True)
    compiled(SOURCE, program)
    return program


def compiled(source: Path, program: Path) -> None:
    """Compile a source. Raises NoCompiler."""
    if shutil.which(COMPILER) is None:
        raise NoCompiler(f"{COMPILER} is not on PATH: the reference is C++ (Debian: apt-get install g++)")
    part = program.with_suffix(".part")
    done = subprocess.run([COMPILER, *FLAGS, "-o", str(part), str(source)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoCompiler(f"{COMPILER} did not compile {source.name}:\n{done.stderr}")
    part.rename(program)


def run(program: Path, workload: Path, runs: int = 1) -> Answer:
    """Apply a workload `runs` times, each to a new exchange."""
    done = subprocess.run([str(program), str(workload), str(runs)], capture_output=True, text=True, check=True)
    return Answer(**json.loads(done.stdout))
