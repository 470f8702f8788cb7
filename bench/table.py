"""Figures as a person reads them."""

from typing import Any

from rich.console import Console
from rich.table import Table

from bench.measure import Figure


def show(console: Console, figures: list[Figure], machine: dict[str, Any]) -> None:
    """Print the machine, the table, and what stands behind each line."""
    console.print(describe(machine), highlight=False)
    console.print(table_of(figures))
    for figure in figures:
        ratios = " ".join(f"{ratio:.2f}" for ratio in figure.ratios)
        clock = figure.details.get("clock", "")
        console.print(
            f"{figure.name}: {clock}; ratios of {len(figure.ratios)} rounds {ratios}; state {figure.state_hash[:16]}",
            highlight=False,
            style="dim",
        )


def describe(machine: dict[str, Any]) -> str:
    caches = ", ".join(f"L{name} {size}" for name, size in machine["caches"].items())
    return (
        f"{machine['processor']}, {machine['cores']} cores ({caches}), {machine['memory_mib']:,} MiB, "
        f"{machine['system']}, {machine['python']}, load {machine['load_1_minute']:.1f}"
    )


def table_of(figures: list[Figure]) -> Table:
    """One line a figure: rates in millions a second, short enough for a terminal of 80 columns."""
    table = Table("figure", "M/s", "reference", "M/s", "ratio", "gate", "aim")
    for number in (1, 3, 4, 6):
        table.columns[number].justify = "right"
    for figure in figures:
        table.add_row(
            figure.name,
            f"{figure.ours / 1e6:.3f}",
            figure.reference_name,
            f"{figure.reference / 1e6:.3f}",
            f"{figure.ratio:.2f}",
            f"{figure.gate:.2f} [green]pass[/]" if figure.passes else f"{figure.gate:.2f} [red]miss[/]",
            "" if figure.aim is None else f"{figure.aim / 1e6:.3f}",
        )
    return table
