"""A run's figures as one page of HTML that needs nothing else: ratios, cost curves, the tails of latencies."""

from bench import baseline, plots, table
from bench.measure import Figure, Options


def page(figures: list[Figure], machine: str, options: Options) -> str:
    """Figures as a page: each beside its reference, its rounds, all ratios beside their gates, and its curves."""
    gated = [figure for figure in figures if figure.gate]
    head = table.headline(figures)
    parts = [
        plots.table([("machine", machine), *([("headline", head)] if head else [])]),
        plots.bars("Ratios", [(figure.name, figure.ratio) for figure in figures]),
        plots.bars("Of their gates", [(figure.name, figure.ratio / figure.gate) for figure in gated], "#8250df"),
        plots.table(rows(figures, options)),
        *[curve(figure) for figure in figures if "curve" in figure.details],
        *[tail(figure) for figure in figures if "latency" in figure.details],
    ]
    return plots.page("Tape: figures beside their references", parts)


def rows(figures: list[Figure], options: Options) -> list[tuple[str, str]]:
    """A line for each figure."""
    kept = baseline.ratios(options)
    found = []
    for figure in figures:
        rounds = " ".join(f"{ratio:.2f}" for ratio in figure.ratios)
        was = f", baseline {kept[figure.name]:.2f}" if figure.name in kept else ""
        said = f"{'pass' if figure.passes else 'miss'} {figure.gate:.2f}" if figure.gate else "no gate"
        ours, beside = (table.quantity(value, figure.unit) for value in (figure.ours, figure.reference))
        seen = f"; {figure.details['seen']}" if "seen" in figure.details else ""
        beside = f"{ours} beside {beside}, {figure.reference_name}"
        found.append((figure.name, f"{figure.ratio:.2f} ({said}{was}); rounds {rounds}; {beside}{seen}"))
    return found


def curve(figure: Figure) -> str:
    """What a command costs as something grows, each step to the right ten times as much of it."""
    points = figure.details["curve"]
    drawn = [(float(number), seconds * 1e9) for number, (_, seconds) in enumerate(points)]
    named = [("ns a command", drawn)]
    return plots.lines(f"{figure.name}, ns", named, f"{points[0][0]:,}", f"{points[-1][0]:,}", from_zero=True)


def tail(figure: Figure) -> str:
    """Latencies by percentile, each step to the right a rarer one."""
    found = figure.details["latency"]
    named = []
    for name, summary in found.items():
        named.append((name, [(float(at), seconds * 1e3) for at, (_, seconds) in enumerate(summary["curve"])]))
    percentiles = [percentile for percentile, _ in next(iter(found.values()))["curve"]]
    ticks = [f"p{percentile:g}" for percentile in percentiles]
    return plots.lines(f"{figure.name}, ms", named, ticks[0], ticks[-1], ticks=ticks, from_zero=True)
