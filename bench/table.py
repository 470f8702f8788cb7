"""Figures as a person reads them."""

from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from bench import reference
from bench.measure import Figure


def show(console: Console, figures: list[Figure], machine: dict[str, Any]) -> None:
    """Print the machine, the headline, the table, and what stands behind each line."""
    console.print(describe(machine), highlight=False)
    console.print(table_of(figures))
    for figure in figures:
        console.print(beneath(figure), highlight=False, style="dim")


def describe(machine: dict[str, Any]) -> str:
    caches = ", ".join(f"L{name} {size}" for name, size in machine["caches"].items())
    return (
        f"{machine['processor']}, {machine['cores']} cores ({caches}), {machine['memory_mib']:,} MiB, "
        f"{machine['system']}, {machine['python']}, load {machine['load_1_minute']:.1f}"
    )


def headline(figures: list[Figure]) -> str:
    """The worst of the workloads that the core was given; the figure that the others are no excuse for."""
    core = [figure for figure in figures if figure.reference_name == reference.NAME]
    if not core:
        return ""
    worst = min(core, key=lambda figure: figure.ratio)
    said = f"{worst.name}: {quantity(worst.ours, worst.unit)}, {worst.ratio:.2f} of {worst.reference_name}"
    return f"The worst of {len(core)} workloads is {said}" if len(core) > 1 else said


def quantity(value: float, unit: str) -> str:
    """A number and its unit, scaled to three or four digits."""
    if unit.endswith("/s"):
        thousands = ((1e6, "M/s"), (1e3, "k/s"), (1.0, "/s"))
        factor, name = next((each for each in thousands if value >= each[0]), thousands[-1])
        return f"{value / factor:.3g} {name}"
    if unit == "s":
        parts = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
        factor, name = next((each for each in parts if value >= each[0]), parts[-1])
        return f"{value / factor:.3g} {name}"
    return f"{value:,.0f} {unit}"


def table_of(figures: list[Figure]) -> Table:
    """One line a figure, short enough for a terminal of 80 columns; a greater ratio is better in every line."""
    table = Table("figure", title=headline(figures), title_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("ours", "beside", "is", "ratio", "gate", "aim"):
        table.add_column(name)
    table.columns[0].overflow = table.columns[2].overflow = "fold"
    for number in (1, 3, 4, 5, 6):
        table.columns[number].justify = "right"
    for figure in figures:
        table.add_row(
            figure.name,
            quantity(figure.ours, figure.unit),
            figure.reference_name,
            quantity(figure.reference, figure.unit),
            f"{figure.ratio:.2f}",
            gate(figure),
            "" if figure.aim is None else f"{figure.aim:.2f}",
        )
    return table


def gate(figure: Figure) -> str:
    if not figure.gate:
        return "none"
    return f"{figure.gate:.2f} [green]pass[/]" if figure.passes else f"{figure.gate:.2f} [red]miss[/]"


def beneath(figure: Figure) -> str:
    """What stands behind a line: its clock, its rounds, the aim of its rate, what else was seen."""
    ratios = " ".join(f"{ratio:.2f}" for ratio in figure.ratios)
    said = [str(figure.details[name]) for name in ("clock", "seen") if name in figure.details]
    if "rate_aim" in figure.details:
        said.append(f"aim {quantity(figure.details['rate_aim'], figure.unit)}")
    said += [f"ratios of {len(figure.ratios)} rounds {ratios}", f"state {figure.state_hash[:16]}"]
    return f"{figure.name}: {'; '.join(said)}"
