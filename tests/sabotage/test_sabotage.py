"""Every act of sabotage is found out by the tests that are there for it; CI tries a share of them, another each day."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from exchange.ops.build import ROOT
from tests.sabotage.mutation import Mutation
from tests.sabotage.mutations import MUTATIONS

COPIED = ("exchange", "journal", "snapshots", "tests", "pyproject.toml", "run.py")
SHARE = 6
AT_ONCE = 2
SECONDS_MAX = 300


def copy(target: Path) -> Path:
    """A tree of its own, with nothing compiled in it."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.so", ".*_cache")
            shutil.copytree(source, target / name, ignore=ignored)
        else:
            shutil.copy(source, target / name)
    return target


def passes(tree: Path, killers: tuple[str, ...]) -> tuple[bool, str]:
    """Whether a tree's tests pass, and the end of what they say."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--timeout", "40", *killers]
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, timeout=SECONDS_MAX, env=environment)
    return done.returncode == 0, done.stdout[-600:]


def tried(mutation: Mutation, tree: Path) -> str:
    """Do it, ask the killers, undo it. Returns who found it out; empty where nobody did."""
    path = tree / mutation.path
    before = path.read_text()
    path.write_text(before.replace(mutation.old, mutation.new, 1))
    try:
        is_alive, said = passes(tree, mutation.killers)
    except subprocess.TimeoutExpired:
        is_alive, said = False, "it never ended"
    finally:
        path.write_text(before)
    return "" if is_alive else said.strip().splitlines()[-1]


def share() -> list[Mutation]:
    """Today's share: all have their turn."""
    first = int(time.time() // 86_400) * SHARE % len(MUTATIONS)
    return [*MUTATIONS, *MUTATIONS][first : first + SHARE]


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Path]]:
    found = [copy(tmp_path_factory.mktemp("tree")) for _ in range(AT_ONCE)]
    yield found
    for tree in found:
        shutil.rmtree(tree)


@pytest.mark.parametrize("which", ["share", pytest.param("all", marks=pytest.mark.long)])
@pytest.mark.timeout(3_600)
def test_every_act_of_sabotage_is_found_out(trees: list[Path], which: str, capsys: pytest.CaptureFixture[str]) -> None:
    chosen = share() if which == "share" else list(MUTATIONS)

    def work(number: int) -> list[tuple[Mutation, str]]:
        return [(mutation, tried(mutation, trees[number])) for mutation in chosen[number::AT_ONCE]]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = [each for part in pool.map(work, range(AT_ONCE)) for each in part]
    with capsys.disabled():
        for mutation, killer in found:
            print(f"\n  {mutation.name}: {killer or 'NOBODY FOUND IT OUT'}", end="")
    assert [mutation.name for mutation, killer in found if not killer] == []


def test_every_act_can_be_done_and_there_are_forty() -> None:
    assert len(MUTATIONS) >= 40
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS)
    for mutation in MUTATIONS:
        assert mutation.old in (ROOT / mutation.path).read_text(), f"{mutation.name}: {mutation.path} says it otherwise"


def test_what_is_not_sabotaged_passes(trees: list[Path]) -> None:
    killers = sorted({mutation.killers for mutation in share()})
    for each in killers:
        passed, said = passes(trees[0], each)
        assert passed, said
