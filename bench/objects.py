"""Figure `objects`: commands as Python objects → rows → journal → apply → events, beside the same from rows.

An object is a tuple with names, as whoever drives the engine from Python would have it; that it becomes a row is in the
figure, and so is all that figure `pipeline` times. The batches hold the
same rows, both ways end in the same state.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple, final

from bench import core, measure, pipeline, workloads
from bench.measure import Figure, Options
from bench.pipeline import Batch
from bench.shape import BATCH, BATCH_NS, START_NS
from bench.workloads import Workload
from exchange.messages.orders import PLACED
from exchange.runtime.batches import FrameBuilder

GATE = 0.5
RUN_COMMANDS = 100
"""Rows that are handed over in one piece."""


@final
class Command(NamedTuple):
    """An order to place or to cancel, its fields as a row has them: prices in ticks, quantities in lots."""

    kind: int
    rows: int
    extensions: int
    market: int
    account: int
    key: int
    flags: bytes
    """Side, type, time in force and so on, as `pack_flags` gives them once for all orders of a kind."""
    price: int
    quantity: int
    quote_quantity: int
    order_id: int
    client_id: bytes


class Extended(NamedTuple):
    """A command that says more, in extensions."""

    command: Command
    extensions: bytes


def run(options: Options) -> list[Figure]:
    """Measure both sizes of figure `core`. Raises WrongState."""
    return [figure_of(size, options) for size in core.SIZES]


def figure_of(size: core.Size, options: Options) -> Figure:
    name = size.name.replace("core", "objects") + ", fdatasync"
    workload = core.load(name, size.shape, options)
    prepared = list(pipeline.batches(workload))
    expected = pipeline.core_alone(workload, prepared).state_hash
    commands = list(objects(workload))
    pairs = measure.in_turn(
        lambda: pipeline.timed(workload, batches(commands)),
        lambda: pipeline.timed(workload, prepared),
        expected,
        options,
        name,
    )
    return measure.figure(
        name,
        workload.shape.commands,
        pairs,
        reference_name="the same from rows",
        gate=GATE,
        state_hash=expected,
        clock="wall time, fdatasync for every batch",
    )


def objects(workload: Workload) -> Iterator[Command | Extended]:
    """The timed rows as objects."""
    kinds: dict[bytes, bytes] = {}
    for row in workloads.split(workload.timed, 1):
        command = Command._make(PLACED.unpack_from(row))
        command = command._replace(flags=kinds.setdefault(command.flags, command.flags))
        yield Extended(command, bytes(row[PLACED.size :])) if command.extensions else command


def packed(commands: list[Command | Extended], pack: Callable[..., bytes] = PLACED.pack) -> bytes:
    """The rows of commands."""
    return b"".join(
        [pack(*each) if type(each) is Command else pack(*each.command) + each.extensions for each in commands]
    )


def batches(commands: list[Command | Extended]) -> Iterator[Batch]:
    """What `pipeline.batches` has prepared, made when it is asked for."""
    seq, now_ns = 1, START_NS
    for begin in range(0, len(commands), pipeline.BATCH_COMMANDS):
        builder = FrameBuilder(seq)
        end = min(begin + pipeline.BATCH_COMMANDS, len(commands))
        for at in range(begin, end, RUN_COMMANDS):
            taken = commands[at : min(at + RUN_COMMANDS, end)]
            builder.add_rows(packed(taken), len(taken))
        seq, now_ns = builder.seq, now_ns + BATCH_NS * pipeline.BATCH_COMMANDS // BATCH
        yield [*builder.finish()], now_ns
