"""The ratios that were reached: what a later run is compared with, and a page of a run's figures.

Ratios only: they mean the same on a machine of another speed. A loss above 15 % of one is more than a noisy machine
makes of a median of five.
"""

import json
from pathlib import Path

from bench import plots, table
from bench.measure import Figure

FILE = Path(__file__).with_name("baseline.json")
LOSS_MAX = 0.15


def read(path: Path = FILE) -> dict[str, float]:
    """Ratios by the figure's name; none where nobody has kept any."""
    return dict(json.loads(path.read_text())) if path.exists() else {}


def keep(figures: list[Figure], path: Path = FILE) -> None:
    """Note the ratios of these figures; those of others stay as they are."""
    kept = read(path) | {figure.name: round(figure.ratio, 3) for figure in figures}
    path.write_text(json.dumps(dict(sorted(kept.items())), indent=2) + "\n")


def lost(figures: list[Figure], path: Path = FILE) -> list[str]:
    """A line for every figure that is worse than it was, beyond what noise makes."""
    kept = read(path)
    return [
        f"{figure.name} is at {figure.ratio:.2f}, the baseline at {kept[figure.name]:.2f}: a loss above {LOSS_MAX:.0%}"
        for figure in figures
        if figure.name in kept and figure.ratio < kept[figure.name] * (1 - LOSS_MAX)
    ]


def page(figures: list[Figure], machine: str) -> str:
    """Figures as a page: each beside its reference, its rounds, and all ratios beside their gates."""
    kept = read()
    rows = []
    for figure in figures:
        rounds = " ".join(f"{ratio:.2f}" for ratio in figure.ratios)
        was = f", baseline {kept[figure.name]:.2f}" if figure.name in kept else ""
        said = "pass" if figure.passes else "miss"
        ours, beside = (table.quantity(value, figure.unit) for value in (figure.ours, figure.reference))
        rates = f"{ours} beside {beside} ({figure.reference_name})"
        rows.append((figure.name, f"{figure.ratio:.2f} ({said} {figure.gate:.2f}{was}); rounds {rounds}; {rates}"))
    parts = [
        plots.table([("machine", machine)]),
        plots.bars("Ratios", [(figure.name, figure.ratio) for figure in figures]),
        plots.bars(
            "Of their gates",
            [(figure.name, figure.ratio / figure.gate) for figure in figures if figure.gate],
            "#8250df",
        ),
        plots.table(rows),
    ]
    return plots.page("Tape: figures beside their references", parts)
