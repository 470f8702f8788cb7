"""Figure `growth`: what a command costs where there is 100 times as much, beside what it costs at first.

Three things grow, each by itself and by 10 and by 100: the orders at rest in one market (from 10,000), the markets over
which 100,000 orders rest (from 10), and the accounts of a market (from 2,000). The flow is the calm one, the cost is
CPU time of the core for a command; held against each other are the first and the last size, which may cost twice as
much. The middle one makes the curve.
"""

import statistics
from functools import partial
from typing import NamedTuple

from bench import core, measure
from bench.measure import Figure, Options
from bench.shape import Shape
from bench.workloads import Workload

GATE = 0.5
COMMANDS = 200_000


class Curve(NamedTuple):
    """What grows: how much of it there is, and the shape that has as much."""

    name: str
    sizes: tuple[int, ...]
    shapes: tuple[Shape, ...]


CURVES = (
    Curve(
        "resting orders",
        (10_000, 100_000, 1_000_000),
        tuple(Shape(1, resting, COMMANDS, accounts=20_000) for resting in (10_000, 100_000, 1_000_000)),
    ),
    Curve("markets", (10, 100, 1_000), tuple(Shape(markets, 100_000, COMMANDS) for markets in (10, 100, 1_000))),
    Curve(
        "accounts",
        (2_000, 20_000, 200_000),
        tuple(Shape(1, 4_400, COMMANDS, accounts=accounts) for accounts in (2_000, 20_000, 200_000)),
    ),
)


def run(options: Options) -> list[Figure]:
    """Measure all three. Raises WrongState."""
    return [figure_of(curve, options) for curve in CURVES]


def figure_of(curve: Curve, options: Options) -> Figure:
    name = f"cost at 100 x the {curve.name}, in memory"
    loaded = [core.load(name, shape, options) for shape in curve.shapes]
    expected = [core.timed(workload).state_hash for workload in loaded]
    rounds: list[list[float]] = []

    def one(number: int) -> measure.Pair:
        options.say(name, number, options.rounds)
        costs = [cost(workload, wanted, name) for workload, wanted in zip(loaded, expected, strict=True)]
        rounds.append(costs)
        return costs[-1], costs[0]

    pairs = [measure.undisturbed(partial(one, number)) for number in range(options.rounds)]
    return measure.cost(
        name,
        pairs,
        reference_name=f"{curve.sizes[0]:,} of them",
        gate=GATE,
        state_hash=expected[-1],
        clock="CPU time of one core for a command",
        curve=[
            (size, statistics.median(costs)) for size, costs in zip(curve.sizes, zip(*rounds, strict=True), strict=True)
        ],
    )


def cost(workload: Workload, expected: str, name: str) -> float:
    return measure.checked(core.timed(workload), expected, name) / workload.shape.commands
