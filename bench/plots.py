"""Plots and pages of HTML that need nothing else: lines and bars drawn as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 900, 240, 90, 28, 12
POINTS_MAX = 1_200
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


def line(title: str, points: Sequence[Point], left: str, right: str, colour: str = "#0969da") -> str:
    """One line over x; `left` and `right` say where x begins and ends."""
    points = thinned(points)
    if len(points) < 2:
        return f"<h2>{escape(title)}</h2><p>nothing to draw</p>"
    xs, ys = [x for x, _ in points], [y for _, y in points]
    low, high = min(ys), max(ys)
    spread, width = (high - low) or 1.0, (xs[-1] - xs[0]) or 1.0
    path = " ".join(
        f"{LEFT + (x - xs[0]) / width * (WIDTH - LEFT - 8):.1f},"
        f"{HEIGHT - BOTTOM - (y - low) / spread * (HEIGHT - BOTTOM - TOP):.1f}"
        for x, y in points
    )
    drawn = f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.4"/>'
    return f"<h2>{escape(title)}</h2>{frame(low, high, left, right, drawn)}"


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
