"""Figure `core`: rows in memory → checks, matching, ledger, fees → events in memory, on one core, in CPU time.

Ours: the engine as it runs in the exchange, events taken after every 256 commands; filters, client ids, keys, rights,
self-trade prevention and fees are on. Held against reference.cpp on the same rows, which makes no events and has no
filters, client ids, keys or rights (its head lists all that it lacks); both must end with the same trades, refusals,
open orders and balances. Two sizes: one market with some 4,400 orders at rest, and fifty with 107,000.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from bench import measure, reference, venue, workloads
from bench.measure import Figure, Options, Timed
from bench.shape import FIFTY_MARKETS, ONE_MARKET, START_NS, Shape
from bench.workloads import Workload
from exchange.core.matching import codes


class Size(NamedTuple):
    """One line of the table: the ratio that it must reach, and the one that it is to reach."""

    name: str
    shape: Shape
    gate: float
    aim: float | None = None


SIZES = (
    Size("core, 1 market", ONE_MARKET, 0.6, 0.8),
    Size("core, 50 markets", FIFTY_MARKETS, 0.45, 0.65),
)


def run(options: Options) -> list[Figure]:
    """Measure both sizes. Raises NoCompiler, WrongState."""
    program = reference.build(workloads.FOLDER)
    return [figure_of(size, program, options) for size in SIZES]


def figure_of(size: Size, program: Path, options: Options) -> Figure:
    workload = load(size.name, size.shape, options)
    options.say(f"{size.name}: untimed run", 0, options.rounds)
    expected, answer = untimed(workload)
    said = reference.run(program, workload.path)
    if said._replace(cpu_seconds=0.0) != answer:
        raise measure.WrongState(f"{size.name}: the reference ended with {said}, the core with {answer}")
    name = f"{size.name}, in memory"
    pairs = measure.in_turn(
        lambda: timed(workload),
        lambda: timed_reference(program, workload),
        expected,
        options,
        name,
        str(answer.checksum),
    )
    return measure.figure(
        name,
        workload.shape.commands,
        pairs,
        reference_name=reference.NAME,
        gate=size.gate,
        aim=size.aim,
        state_hash=expected,
        clock="CPU time of one core",
        shape=workload.shape._asdict(),
        trades=answer.trades,
        rejects=answer.rejects,
        open_orders=answer.open_orders,
    )


def load(name: str, shape: Shape, options: Options) -> Workload:
    """The workload of a size, drawn anew where no file has it."""
    return workloads.load(
        shape.scaled(options.scale), lambda done, of: options.say(f"{name}: drawing the workload", done, of)
    )


def untimed(workload: Workload) -> tuple[str, reference.Answer]:
    """Run once without a clock: the final state hash, and what the reference must say."""
    engine = venue.open_venue(workload.shape, workload.funding)
    rejects = 0
    for run, now_ns in [(workload.prefill, START_NS), *workload.batches()]:
        engine.apply_rows(run, now_ns)
        rejects += venue.count(engine.take_events(), codes.REJECTED)
    checksum = venue.checksum(venue.balance_words(engine, workload.shape))
    answer = reference.Answer(venue.trades(engine), rejects, venue.resting(engine), checksum, 0.0)
    return venue.final_hash(engine), answer


def timed(workload: Workload, clock: Callable[[], float] = time.process_time) -> Timed:
    """One run of the core: applying every batch and taking its events are timed, nothing else is."""
    engine = workload.open_filled()
    batches = workload.batches()
    with measure.quiet_collector():
        began = clock()
        for run, now_ns in batches:
            engine.apply_rows(run, now_ns)
            engine.take_events()
        seconds = clock() - began
    return Timed(seconds, venue.final_hash(engine))


def timed_reference(program: Path, workload: Workload) -> Timed:
    answer = reference.run(program, workload.path)
    return Timed(answer.cpu_seconds, str(answer.checksum))
