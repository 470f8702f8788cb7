"""The ratios that were reached: what a later run is compared with.

Ratios only, each of pairs measured in turn: they mean the same on a machine of another speed, but not on one with other
caches, so the baseline names its machine and nothing is compared elsewhere. The short form has ratios of its own.

A loss above 15 % of one may still be noise where others use the machine: what looks lost is measured again, three times
at most, and is lost only where it stays so. A real loss does; noise has to come four times for the same figure.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.measure import Figure, Options

FILE = Path(__file__).with_name("baseline.json")
LOSS_MAX = 0.15
REPEATS = 3

Measure = Callable[[Options], list[Figure]]


def form(options: Options) -> str:
    """Under which name ratios of such a run are kept."""
    return "whole" if options.scale == 1 else f"1:{options.scale}"


def machine_of(fingerprint: dict[str, Any]) -> str:
    """What of a machine ratios depend on."""
    caches = ", ".join(f"L{name} {size}" for name, size in sorted(fingerprint["caches"].items()))
    return f"{fingerprint['processor']} ({caches}), {fingerprint['cores']} cores"


def read(path: Path = FILE) -> dict[str, Any]:
    """The machine, and ratios by form and by the figure's name; empty where nobody has kept any."""
    return dict(json.loads(path.read_text())) if path.exists() else {}


def ratios(options: Options, path: Path = FILE) -> dict[str, float]:
    return dict(read(path).get(form(options), {}))


def keep(figures: list[Figure], options: Options, machine: str, path: Path = FILE) -> None:
    """Note the ratios of these figures; those of others stay as they are, if they are of this machine."""
    kept = read(path)
    if kept.get("machine") != machine:
        kept = {"machine": machine}
    of_form = kept.get(form(options), {}) | {figure.name: round(figure.ratio, 3) for figure in figures}
    kept[form(options)] = dict(sorted(of_form.items()))
    path.write_text(json.dumps(kept, indent=2) + "\n")


def why_not(machine: str, options: Options, path: Path = FILE) -> str:
    """Why a run cannot be compared, or an empty text."""
    kept = read(path)
    if not kept.get(form(options)):
        return f"no baseline of form {form(options)} is kept: nothing is compared"
    if kept["machine"] != machine:
        return f"the baseline is of another machine ({kept['machine']}; this is {machine}): nothing is compared"
    return ""


def lost(figures: list[Figure], options: Options, path: Path = FILE) -> list[str]:
    """A line for every figure that is worse than it was, beyond what noise makes."""
    kept = ratios(options, path)
    return [
        f"{figure.name} is at {figure.ratio:.2f}, the baseline at {kept[figure.name]:.2f}: a loss above {LOSS_MAX:.0%}"
        for figure in figures
        if figure.name in kept and figure.ratio < kept[figure.name] * (1 - LOSS_MAX)
    ]


def lost_for_good(measured: list[tuple[Measure, list[Figure]]], options: Options, path: Path = FILE) -> list[str]:
    """The same of what stays lost when it is measured again."""
    lines = []
    for again, figures in measured:
        looks_lost = {figure.name for figure in figures if lost([figure], options, path)}
        last = lost(figures, options, path)
        for _ in range(REPEATS):
            if not looks_lost:
                break
            repeated = [figure for figure in again(options) if figure.name in looks_lost]
            last = lost(repeated, options, path)
            looks_lost = {figure.name for figure in repeated if lost([figure], options, path)}
        lines += last if looks_lost else []
    return lines
