"""Two commits side by side: `run.py bench --against COMMIT [NAME ...]`, this tree beside that one.

The commit gets a work tree of its own below build/bench, where its core is compiled once. Each side is a process that
stays, with the harness of its own tree; both are given the very same file of commands, drawn by this tree. They take
turns, and who is first changes from pair to pair, so what disturbs one disturbs the other, and what drifts drifts for
both. The ratio is the median of the pairs, with the interval in which 95 of 100 medians lie that are drawn again from
them (bootstrap, seeded): where 1 is inside, no difference was shown.

Both must come to the same trades, refusals, open orders and balances, and each in every run to its own state hash.
"""

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from bench import core, hostile, measure, workloads
from bench.core import Size
from bench.measure import Figure, Options, Pair
from bench.servers import ROOT
from bench.workloads import Workload

PAIRS_FOR_A_ROUND = 3
RESAMPLES = 4_000
OUTSIDE = 0.05
SEED = 7
SIZES: dict[str, tuple[Size, ...]] = {
    "core": core.SIZES,
    "hostile": hostile.SIZES,
    "pipeline": core.SIZES,
    "replay": core.SIZES,
}
"""What can be asked for; the flows of `hostile` are timed as `core` is."""
BUILD = "from exchange.ops import build; build.build()"
SIDE = """
import json, sys, tempfile
from pathlib import Path
from bench import core, pipeline, replay, venue, workloads
from bench.measure import Options
from bench.shape import Funding, Shape

path, what, *numbers = sys.argv[1:]
data = memoryview(Path(path).read_bytes())
head = workloads.HEAD.unpack_from(data)
rows_at = workloads.HEAD.size + head[6] * workloads.FUNDING.size
funding = [Funding(*each) for each in workloads.FUNDING.iter_unpack(data[workloads.HEAD.size : rows_at])]
timed_at = rows_at + head[7]
shape = Shape(*map(int, numbers))
workload = workloads.Workload(Path(path), shape, funding, data[rows_at:timed_at], data[timed_at:])
if not venue.is_compiled():
    sys.exit("the core is interpreted")
expected, answer = core.untimed(workload)
with tempfile.TemporaryDirectory(prefix="side-", dir=Path(path).parent) as folder:
    workloads.FOLDER = Path(folder)
    if what == "replay":
        replay.write(workload, Path(folder, "journal"))
        run = lambda: replay.timed(workload, Path(folder, "journal"), Options(), what)
    elif what == "pipeline":
        batches = list(pipeline.batches(workload))
        expected = pipeline.core_alone(workload, batches).state_hash
        run = lambda: pipeline.timed(workload, batches)
    else:
        run = lambda: core.timed(workload)
    print(json.dumps([expected, list(answer[:4])]), flush=True)
    for _ in sys.stdin:
        print(json.dumps(list(run())), flush=True)
"""


class NoSuchCommit(Exception):
    """The other side cannot be had."""


class Side:
    """One tree's process: what it must come to, and its runs."""

    def __init__(self, process: "subprocess.Popen[str]", tree: Path) -> None:
        self.process = process
        self.tree = tree
        self.expected, self.answer = self.read()

    def read(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise NoSuchCommit(f"the harness in {self.tree} does not work with this one: see above")
        return json.loads(line)

    def run(self, name: str) -> float:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        seconds, state_hash = self.read()
        return measure.checked(measure.Timed(seconds, state_hash), self.expected, f"{name}, {self.tree.name}")


def run(commit: str, names: list[str], options: Options) -> list[Figure]:
    """Measure all sizes of what is asked for. Raises NoSuchCommit, WrongState, BuildError's line."""
    unknown = [name for name in names if name not in SIZES]
    if unknown:
        raise NoSuchCommit(f"{unknown[0]!r} cannot be held against a commit; {', '.join(SIZES)} can")
    tree = tree_of(commit, options)
    return [figure_of(name, size, tree, options) for name in names or ["core"] for size in SIZES[name]]


def git(*arguments: str) -> str:
    """Ask git in this tree. NoSuchCommit with what it says."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoSuchCommit(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


def tree_of(commit: str, options: Options) -> Path:
    """The commit's work tree, its core compiled."""
    try:
        full = git("rev-parse", "--verify", f"{commit}^{{commit}}")
    except NoSuchCommit as error:
        raise NoSuchCommit(f"{commit!r} is no commit of this repository ({error})") from error
    tree = workloads.FOLDER / f"against-{full[:12]}"
    options.say(f"compiling {full[:12]}", 0, 1)
    if not tree.exists():
        workloads.FOLDER.mkdir(parents=True, exist_ok=True)
        git("worktree", "prune")
        git("worktree", "add", "--detach", str(tree), full)
    subprocess.run([sys.executable, "-c", BUILD], cwd=tree, check=True, stdout=subprocess.DEVNULL)
    return tree


@contextmanager
def side(tree: Path, what: str, workload: Workload) -> Iterator[Side]:
    """A tree's process, until the end of the block."""
    numbers = [str(number) for number in workload.shape[:4]]
    command = [sys.executable, "-c", SIDE, str(workload.path), what, *numbers]
    with subprocess.Popen(command, cwd=tree, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        try:
            yield Side(process, tree)
        finally:
            process.stdin.close()


def figure_of(what: str, size: Size, tree: Path, options: Options) -> Figure:
    name = size.name if what in ("core", "hostile") else size.name.replace("core", what)
    workload = core.load(name, size.shape, options)
    with side(ROOT, what, workload) as ours, side(tree, what, workload) as theirs:
        if ours.answer != theirs.answer:
            raise measure.WrongState(f"{name}: this tree ends with {ours.answer}, {tree.name} with {theirs.answer}")
        # The first run of each finds its memory for the first time.
        ours.run(name), theirs.run(name)
        pairs = take_turns(partial(ours.run, name), partial(theirs.run, name), name, options)
    ratios = [other / own for own, other in pairs]
    low, high = interval(ratios)
    said = "faster" if low > 1 else "slower" if high < 1 else "no difference shown"
    return measure.figure(
        name,
        workload.shape.commands,
        pairs,
        reference_name=tree.name.removeprefix("against-"),
        gate=0.0,
        state_hash=ours.expected,
        seen=f"95 % of medians are from {low:.3f} to {high:.3f}: {said}",
        interval=[low, high],
    )


def take_turns(ours: Callable[[], float], theirs: Callable[[], float], name: str, options: Options) -> list[Pair]:
    """Pairs of seconds; who is first changes from pair to pair."""
    count = options.rounds * PAIRS_FOR_A_ROUND

    pairs = []
    for number in range(count):
        options.say(name, number, count)
        if number % 2:
            other = theirs()
            pairs.append((ours(), other))
        else:
            pairs.append((ours(), theirs()))
    return pairs


def interval(ratios: list[float]) -> tuple[float, float]:
    """Between which two 95 of 100 medians are when as many ratios are drawn from these, again and again."""
    rnd = Random(SEED)
    medians = sorted(statistics.median(rnd.choices(ratios, k=len(ratios))) for _ in range(RESAMPLES))
    outside = int(RESAMPLES * OUTSIDE / 2)
    return medians[outside], medians[-1 - outside]
