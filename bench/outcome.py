"""What a backtest came to: profit, fees, drawdown and mark-outs, as a table and as a page with plots."""

from __future__ import annotations

from bisect import bisect_right

from rich.console import Console
from rich.table import Table

from bench import plots
from bench.backtest import Result
from bench.strategy import BUY, Fill

VERIFIED = (
    "Whoever has the journal replays it (<code>run.py replay</code>, <code>run.py audit</code>, the verifier) "
    "and must come to the state hash above."
)
AFTER_NS = (("10 ms", 10**7), ("100 ms", 10**8), ("1 s", 10**9), ("10 s", 10**10))


def drawdown(made: list[float]) -> float:
    """The greatest fall from a height that was reached before."""
    top, deepest = float("-inf"), 0.0
    for each in made:
        top = max(top, each)
        deepest = max(deepest, top - each)
    return deepest


def mark_outs(result: Result) -> list[tuple[str, float]]:
    """How far the middle had moved in a fill's favour some time after it, in ticks, the mean over the lots filled.

    Negative: whoever traded knew more. A fill near the end of the run, of which that is not known, does not count.
    """
    times = [mark.ts_ns for mark in result.marks]
    found = []
    for name, after_ns in AFTER_NS:
        moved = lots = 0.0
        for fill in result.fills:
            at = bisect_right(times, fill.ts_ns + after_ns) - 1
            if fill.ts_ns + after_ns <= times[-1] and at >= 0:
                sign = 1 if fill.side == BUY else -1
                moved += (result.marks[at].middle - fill.price) * sign * fill.quantity
                lots += fill.quantity
        found.append((name, moved / lots if lots else 0.0))
    return found


def fee_in_quote(result: Result, fill: Fill) -> float:
    """A fee in minor units of the quote asset: a buyer's is in base, at the price of the fill."""
    if fill.side == BUY:
        return fill.fee / result.terms.base_per_lot * fill.price * result.terms.quote_per_tick_lot
    return float(fill.fee)


def rows(result: Result) -> list[tuple[str, str]]:
    """Every number of a run, with its name."""
    unit = 10.0**result.scale
    made = [mark.made for mark in result.marks]
    middles = [mark.middle for mark in result.marks]
    seconds = (result.marks[-1].ts_ns - result.marks[0].ts_ns) / 1e9 if result.marks else 0.0
    fees = sum(fee_in_quote(result, fill) for fill in result.fills)
    volume = sum(fill.price * fill.quantity for fill in result.fills) * result.terms.quote_per_tick_lot
    makers = sum(fill.is_maker for fill in result.fills)
    inventories = [mark.inventory for mark in result.marks] or [0.0]
    profit = made[-1] if made else 0.0
    found = [
        ("time", f"{seconds:,.1f} s of the venue's, {result.seq:,} entries"),
        ("profit", f"{profit / unit:,.4f} (fees of {fees / unit:,.4f} are in it)"),
        ("deepest drawdown", f"{drawdown(made) / unit:,.4f}"),
        ("volume", f"{volume / unit:,.2f}"),
        ("orders", f"{result.placed:,} placed, {result.refused:,} refused"),
        ("fills", f"{len(result.fills):,}, {makers:,} of them as maker"),
        ("inventory", f"{inventories[-1]:,.1f} lots at the end, {min(inventories):,.1f} to {max(inventories):,.1f}"),
        ("middle", f"{middles[0]:,.1f} to {middles[-1]:,.1f} ticks" if middles else "never"),
    ]
    found += [(f"mark-out after {name}", f"{moved:+,.3f} ticks a lot") for name, moved in mark_outs(result)]
    return [*found, ("state hash", result.state_hash), ("journal", str(result.journal))]


def show(console: Console, title: str, result: Result) -> None:
    table = Table(title=title, show_header=False)
    for name, value in rows(result):
        table.add_row(name, value)
    console.print(table)


def page(title: str, result: Result) -> str:
    """The same as a page, with plots."""
    unit = 10.0**result.scale
    start_ns = result.marks[0].ts_ns if result.marks else 0
    end = f"{(result.marks[-1].ts_ns - start_ns) / 1e9:,.1f} s" if result.marks else ""
    profit = [((mark.ts_ns - start_ns) / 1e9, mark.made / unit) for mark in result.marks]
    inventory = [((mark.ts_ns - start_ns) / 1e9, mark.inventory) for mark in result.marks]
    middle = [((mark.ts_ns - start_ns) / 1e9, mark.middle) for mark in result.marks]
    parts = [
        plots.table(rows(result)),
        plots.line("Profit, in the quote asset", profit, "0 s", end),
        plots.line("Inventory, in lots", inventory, "0 s", end, "#8250df"),
        plots.line("Middle price, in ticks", middle, "0 s", end, "#57606a"),
        plots.bars("Mark-outs, in ticks a lot", mark_outs(result)),
        f"<p>{VERIFIED}</p>",
    ]
    return plots.page(title, parts)
