"""Figure `prototype`: the core beside the C++ with which the gates of figure `core` were found, where that is at hand.

`limit.cpp` of ../shared/prototype has matching, a ledger and fees, and no events, filters, client ids, keys or rights.
It is not part of this project, so it is compiled where it lies, and there is no figure where it does not. The flow is
that of `core`, in its words. bench/reference.cpp, which `core` is held against, was written for this project and keeps
its tables small: at one market the same flow takes it half as long.

Both must end with the same trades and open orders but for one in a thousand: they do not treat a fill-or-kill order
alike that would meet one of its own account.
"""

import re
import subprocess
import sys
from array import array
from pathlib import Path

from bench import core, measure, reference, venue, workloads
from bench.measure import Figure, Options, Timed
from bench.rows import ROW
from bench.shape import START_NS
from bench.workloads import Workload
from exchange.core.matching import codes

SOURCE = Path(__file__).parents[2] / "shared" / "prototype" / "limit.cpp"
PLACE, CANCEL, DEPOSIT = 1, 2, 3
# What it knows an order by, from type and time in force.
KINDS = {
    (codes.LIMIT, codes.GTC): 0,
    (codes.LIMIT, codes.IOC): 1,
    (codes.LIMIT, codes.FOK): 2,
    (codes.LIMIT_MAKER, codes.GTC): 3,
    (codes.MARKET, codes.GTC): 4,
}
# Ids of orders that are refused: above all others.
REFUSED = 1 << 40
SAID = re.compile(r"trades (\d+) rej \d+ open (\d+) .*median (\d+) k/s", re.DOTALL)


def run(options: Options) -> list[Figure]:
    """Measure both sizes of figure `core`. Raises NoCompiler, WrongState."""
    if not SOURCE.exists():
        print(f"run.py bench: no figure beside the prototype's C++: there is no {SOURCE}", file=sys.stderr)
        return []
    with workloads.scratch("prototype") as folder:
        program = Path(folder, "limit")
        reference.compiled(SOURCE, program)
        return [figure_of(size, program, Path(folder, "commands"), options) for size in core.SIZES]


def figure_of(size: core.Size, program: Path, path: Path, options: Options) -> Figure:
    name = size.name.replace("core", "core beside the prototype's C++")
    workload = core.load(name, size.shape, options)
    options.say(f"{name}: untimed run", 0, options.rounds)
    expected = core.timed(workload).state_hash
    words, ended = translated(workload)
    path.write_bytes(words.tobytes())
    said = driven(program, path, workload).state_hash
    for ours, theirs in zip(ended, map(int, said.split()), strict=True):
        if abs(ours - theirs) * 1_000 > ours:
            raise measure.WrongState(
                f"{name}: limit.cpp ended with {said} trades and open orders, the core with {ended}"
            )
    pairs = measure.in_turn(
        lambda: core.timed(workload), lambda: driven(program, path, workload), expected, options, name, said
    )
    return measure.figure(
        f"{name}, in memory",
        workload.shape.commands,
        pairs,
        reference_name="limit.cpp",
        gate=size.aim or size.gate,
        state_hash=expected,
        clock="CPU time of one core",
    )


def translated(workload: Workload) -> tuple["array[int]", tuple[int, int]]:
    """The flow in the words of `limit.cpp`, before them how many are not timed; and the trades and open orders that the
    core ends with. Eight words a command: op, market, account, side, kind, price, quantity, order id.
    """
    engine = venue.open_venue(workload.shape, workload.funding)
    words = array("q")
    for account, asset, amount in workload.funding:
        words.extend((DEPOSIT, asset - 1, account - codes.FIRST_ACCOUNT, 0, 0, 0, amount, 0))
    timed_from = 0
    for number, part in enumerate([[(workload.prefill, START_NS)], workload.batches()]):
        if number == 1:
            timed_from = len(words) // 8
        for run, now_ns in part:
            for row in workloads.split(run, 1):
                kind, _, _, market, account, _, flags, price, quantity, _, order_id, *_ = ROW.unpack_from(row)
                before = engine.state.matching.next_order_id
                engine.apply_rows(row, now_ns)
                place = (market - 1, account - codes.FIRST_ACCOUNT)
                if kind == codes.CANCEL:
                    words.extend((CANCEL, *place, 0, 0, 0, 0, order_id))
                else:
                    is_accepted = engine.state.matching.next_order_id > before
                    order_type = KINDS[flags >> 8 & 255, flags >> 16 & 255]
                    own_id = before if is_accepted else REFUSED + len(words)
                    words.extend((PLACE, *place, flags & 255, order_type, price, quantity, own_id))
    engine.take_events()
    words.insert(0, timed_from)
    return words, (venue.trades(engine), venue.resting(engine))


def driven(program: Path, path: Path, workload: Workload) -> Timed:
    """The median of its seven runs, and its trades and open orders."""
    command = [str(program), str(path), str(workload.shape.markets)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = SAID.search(done.stdout)
    assert found, done.stdout
    return Timed(workload.shape.commands / (1e3 * int(found[3])), f"{found[1]} {found[2]}")
