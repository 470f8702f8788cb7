"""Figure `peers`: other order books that Python can drive, on the same flow beside the core; each line one of them.

The flow is what all of them can do: LIMIT orders that stay until they are filled or canceled, and cancels; nobody meets
himself. Each is driven from Python, command by command, through its own objects; ours gets the same commands as rows,
its events taken after every 256, with its ledger, fees, filters, keys and client ids. All must end with the same lots
traded and the same orders and lots at rest, or there is no figure. The C++ reference is beside ours in figure `core`.

They come from PyPI (extra `bench-peers`), into an environment of their own below build/bench, as bench/peers.lock has
them. What cannot be installed on this Python has no line, and the reason is told. What each lacks is told beneath it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import re
import shutil
import subprocess
import sys
from array import array
from pathlib import Path
from typing import NamedTuple

from bench import core, measure, venue, workloads
from bench.hostile import PLAIN
from bench.measure import Figure, Options, Timed
from bench.rows import ROW
from bench.shape import START_NS
from bench.workloads import Workload
from exchange.core import queries
from exchange.core.matching import codes
from exchange.messages.words import Accepted, Traded, read_events

LOCK = Path(__file__).with_name("peers.lock")
DRIVER = Path(__file__).with_name("peer_driver.py")


LATER = 8


class Peer(NamedTuple):
    """Another engine: its package, the module that it is imported as, and what it lacks of what the core does here."""

    package: str
    module: str
    needs: tuple[str, ...]
    lacks: str
    minor: int = 0
    """The least minor version of Python 3 that it runs on; a later one that is on PATH serves where ours is older."""


PEERS = (
    Peer(
        "matching-engine",
        "matching_engine",
        ("msgspec", "sortedcontainers"),
        "no balances, fees or filters; no client ids; one market an engine; no stops, lists or icebergs",
        12,
    ),
    Peer(
        "liquibook",
        "liquibook",
        (),
        "no balances, fees or filters; no accounts, so no self-trade prevention; no client ids; no state to hash",
    ),
    Peer(
        "lightmatchingengine",
        "lightmatchingengine",
        (),
        "no balances, fees or filters; no accounts; no IOC, FOK or post-only; a MARKET remainder rests at price 0; "
        "the best price is searched anew; canceling a filled order fails",
    ),
)


class NotHere(Exception):
    """A peer cannot be had on this machine."""


class Ended(NamedTuple):
    """Where a run ended: lots traded, orders and lots at rest."""

    traded: int
    orders: int
    lots: int


def run(options: Options) -> list[Figure]:
    """Measure all that can be installed. Raises WrongState."""
    workload = core.load("peers", PLAIN, options)
    expected = core.timed(workload).state_hash
    ended, commands = translated(workload)
    figures = []
    with workloads.scratch("peers") as folder:
        path = Path(folder, "commands")
        path.write_bytes(commands.tobytes())
        for peer in PEERS:
            try:
                pairs = beside(peer, workload, path, expected, ended, options)
            except NotHere as error:
                print(f"run.py bench: {error}", file=sys.stderr)
                continue
            figures.append(line(peer, workload, pairs, expected))
    return figures


def beside(
    peer: Peer, workload: Workload, path: Path, expected: str, ended: Ended, options: Options
) -> list[measure.Pair]:
    """Our runs and a peer's in turn. Raises NotHere, WrongState."""
    python = environment(peer, options)
    return measure.in_turn(
        lambda: core.timed(workload),
        lambda: driven(python, peer, path),
        expected,
        options,
        peer.package,
        str(ended),
    )


def line(peer: Peer, workload: Workload, pairs: list[measure.Pair], expected: str) -> Figure:
    return measure.figure(
        f"core, limits and cancels, beside {peer.package}",
        workload.shape.commands,
        pairs,
        reference_name=peer.package,
        gate=0.0,
        state_hash=expected,
        clock="CPU time of one core",
        seen=f"{peer.package} has {peer.lacks}",
        lacks=peer.lacks,
    )


def locked(peer: Peer) -> str:
    """The lines of the lock for a peer and what it needs."""
    entries = re.split(r"\n(?=\S)", LOCK.read_text())
    wanted = (peer.package, *peer.needs)
    return "\n".join(entry for entry in entries if entry.partition("==")[0] in wanted)


def interpreter(peer: Peer) -> str:
    """A Python that a peer runs on. Raises NotHere."""
    if sys.version_info >= (3, peer.minor):
        return sys.executable
    for minor in range(peer.minor, peer.minor + LATER):
        found = shutil.which(f"python3.{minor}")
        # What is found may be a launcher of something that is not there.
        if found and not subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode:
            return found
    raise NotHere(f"no figure beside {peer.package}: it needs Python 3.{peer.minor}, and none is on PATH")


def environment(peer: Peer, options: Options) -> Path:
    """The interpreter of an environment that has a peer, made where there is none for this lock. Raises NotHere."""
    lines, base = locked(peer), interpreter(peer)
    stamp = hashlib.sha256(f"{lines} {base} {sys.version}".encode()).hexdigest()[:12]
    folder = workloads.FOLDER / f"peer-{peer.module}-{stamp}"
    python = folder / "bin" / "python"
    options.say(f"installing {peer.package}", 0, 1)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with Path(f"{folder}.making").open("w") as making:
        fcntl.flock(making, fcntl.LOCK_EX)
        if not (folder / "whole").exists():
            subprocess.run([base, "-m", "venv", "--clear", str(folder)], check=True)
            (folder / "wanted.txt").write_text(lines)
            install = ["-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--requirement"]
            ask(peer, [str(python), *install, str(folder / "wanted.txt")])
            ask(peer, [str(python), "-c", f"import {peer.module}"])
            (folder / "whole").touch()
    return python


def ask(peer: Peer, command: list[str]) -> str:
    """Run a command of a peer's. Raises NotHere with the last that it said."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["nothing was said"]
        raise NotHere(f"no figure beside {peer.package} here: {said[-1]}")
    return done.stdout


def driven(python: Path, peer: Peer, path: Path) -> Timed:
    """One run of a peer."""
    seconds, *ended = json.loads(ask(peer, [str(python), str(DRIVER), peer.module, str(path)]))
    return Timed(seconds, str(Ended(*ended)))


def translated(workload: Workload) -> tuple[Ended, array[int]]:
    """The flow in the words of peer_driver.py, and where a run of it must end."""
    engine = venue.open_venue(workload.shape, workload.funding)
    words, traded = array("q", [workloads.commands_in(workload.prefill)]), 0
    sides: dict[int, int] = {}
    for row in [*workloads.split(workload.prefill, 1), *workloads.split(workload.timed, 1)]:
        kind, _, _, _, _, _, flags, price, quantity, _, order_id, *_ = ROW.unpack_from(row)
        side = sides[order_id] if kind == codes.CANCEL else flags & 1
        engine.apply_rows(row, START_NS)
        for event in read_events(engine.take_events()):
            if isinstance(event, Accepted):
                order_id = event.order_id
                sides[order_id] = side
            elif isinstance(event, Traded):
                traded += event.quantity
        words.extend((kind, order_id, side, price, quantity))
    orders, lots = 0, 0
    for market in engine.state.matching.markets:
        orders += market.resting
        for side in (codes.BUY, codes.SELL):
            lots += sum(level[1] for level in queries.depth(engine.state, market.id, side, market.resting))
    return Ended(traded, orders, lots), words
