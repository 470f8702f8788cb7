"""Plots and pages of HTML that need nothing else: lines and bars drawn as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 900, 240, 90, 28, 12
POINTS_MAX = 1_200
COLOURS = ("#0969da", "#bf3989", "#57606a", "#8250df")
STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:960px;margin:32px auto;padding:0 16px;color:#1b1f24}"
    "h1{font-size:24px}h2{font-size:17px;margin:28px 0 6px}table{border-collapse:collapse}"
    "td,th{padding:3px 14px 3px 0;text-align:left;font-variant-numeric:tabular-nums}"
    "svg{width:100%;height:auto;background:#fafbfc;border:1px solid #e3e6ea}code{word-break:break-all}"
)

Point = tuple[float, float]


def page(title: str, parts: Sequence[str]) -> str:
    """A whole page."""
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
    return f"<!doctype html><html><head>{head}</head><body><h1>{escape(title)}</h1>{''.join(parts)}</body></html>\n"


def table(rows: Sequence[tuple[str, str]]) -> str:
    cells = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows)
    return f"<table>{cells}</table>"


def thinned(points: Sequence[Point]) -> Sequence[Point]:
    """At most so many points as a line can show, the last one among them."""
    if len(points) <= POINTS_MAX:
        return points
    step = len(points) / POINTS_MAX
    return [*(points[int(number * step)] for number in range(POINTS_MAX)), points[-1]]


def frame(low: float, high: float, left: str, right: str, drawn: str) -> str:
    """Axes with their ends told, around what is drawn."""
    text = 'font-size="11" fill="#57606a"'
    bottom = HEIGHT - BOTTOM
    labels = "".join(
        f'<text x="{LEFT - 6}" y="{y}" text-anchor="end" {text}>{value:,.6g}</text>'
        for value, y in ((high, TOP + 8), ((low + high) / 2, (TOP + bottom) / 2 + 4), (low, bottom))
    )
    ends = f'<text x="{LEFT}" y="{HEIGHT - 8}" {text}>{escape(left)}</text>'
    ends += f'<text x="{WIDTH - 8}" y="{HEIGHT - 8}" text-anchor="end" {text}>{escape(right)}</text>'
    axes = f'<path d="M{LEFT} {TOP}V{bottom}H{WIDTH - 8}" stroke="#8c959f" fill="none"/>'
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img">{axes}{labels}{ends}{drawn}</svg>'


def line(title: str, points: Sequence[Point], left: str, right: str, colour: str = COLOURS[0]) -> str:
    """One line over x; `left` and `right` say where x begins and ends."""
    return lines(title, [("", points)], left, right, colours=(colour,))


def lines(
    title: str,
    named: Sequence[tuple[str, Sequence[Point]]],
    left: str,
    right: str,
    *,
    ticks: Sequence[str] = (),
    from_zero: bool = False,
    colours: Sequence[str] = COLOURS,
) -> str:
    """Lines over the same x, with a legend where there is more than one; `ticks` are told below x, at equal steps."""
    named = [(name, thinned(points)) for name, points in named]
    if min(len(points) for _, points in named) < 2:
        return f"<h2>{escape(title)}</h2><p>nothing to draw</p>"
    ys = [y for _, points in named for _, y in points]
    low, high = 0.0 if from_zero else min(ys), max(ys)
    drawn = ""
    for number, (name, points) in enumerate(named):
        colour = colours[number % len(colours)]
        drawn += f'<polyline points="{path_of(points, low, high)}" fill="none" stroke="{colour}" stroke-width="1.4"/>'
        if name:
            drawn += f'<text x="{LEFT + 12}" y="{TOP + 14 + 15 * number}" font-size="12" fill="{colour}">'
            drawn += f"{escape(name)}</text>"
    step = (WIDTH - LEFT - 8) / max(1, len(ticks) - 1)
    for number, tick in enumerate(ticks[1:-1], 1):
        drawn += f'<text x="{LEFT + number * step:.1f}" y="{HEIGHT - 8}" text-anchor="middle" font-size="11" '
        drawn += f'fill="#57606a">{escape(tick)}</text>'
    return f"<h2>{escape(title)}</h2>{frame(low, high, left, right, drawn)}"


def path_of(points: Sequence[Point], low: float, high: float) -> str:
    """Points as they lie in a frame whose y goes from `low` to `high`."""
    first = points[0][0]
    spread, width = (high - low) or 1.0, (points[-1][0] - first) or 1.0
    return " ".join(
        f"{LEFT + (x - first) / width * (WIDTH - LEFT - 8):.1f},"
        f"{HEIGHT - BOTTOM - (y - low) / spread * (HEIGHT - BOTTOM - TOP):.1f}"
        for x, y in points
    )


def bars(title: str, values: Sequence[tuple[str, float]], colour: str = "#0969da") -> str:
    """One bar for each name, around zero."""
    if not values:
        return f"<h2>{escape(title)}</h2><p>nothing to draw</p>"
    low, high = min(0.0, *(value for _, value in values)), max(0.0, *(value for _, value in values))
    spread = (high - low) or 1.0
    room = HEIGHT - BOTTOM - TOP
    zero = HEIGHT - BOTTOM + low / spread * room
    wide = (WIDTH - LEFT - 8) / len(values)
    drawn = ""
    for number, (name, value) in enumerate(values):
        x = LEFT + number * wide
        tall = value / spread * room
        drawn += f'<rect x="{x + wide * 0.2:.1f}" y="{min(zero, zero - tall):.1f}" width="{wide * 0.6:.1f}" '
        drawn += f'height="{abs(tall):.1f}" fill="{colour}"/>'
        drawn += f'<text x="{x + wide / 2:.1f}" y="{HEIGHT - 8}" text-anchor="middle" font-size="11">'
        drawn += f"{escape(name)}</text>"
    return f"<h2>{escape(title)}</h2>{frame(low, high, '', '', drawn)}"
