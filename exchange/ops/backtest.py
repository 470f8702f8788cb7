"""`run.py backtest STRATEGY`: a strategy on the production matcher, in a drawn flow or inside a recorded journal."""

import argparse
import sys
from collections.abc import Callable
from importlib import util
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from bench import outcome, venue
from bench.background import Drawn, Recorded
from bench.backtest import Backtest, Latency
from bench.strategies.market_maker import MarketMaker
from bench.strategies.momentum import Momentum
from exchange.ops.replay import journal_directory

EXAMPLES: dict[str, Callable[[Any], Any]] = {"market_maker": MarketMaker, "momentum": Momentum}
DRAWN_SYMBOL = "BASE1QUOTE"


def main(argv: list[str]) -> int:
    """Run, show what came of it, and leave a journal that anybody can replay; exit 1 where it cannot be run."""
    parser = argparse.ArgumentParser(prog="run.py backtest", description=__doc__)
    parser.add_argument("strategy", help=f"{', '.join(EXAMPLES)}, or FILE.py or FILE.py:CLASS of your own")
    parser.add_argument("--out", type=Path, metavar="DIR", required=True, help="a new directory for the journal")
    parser.add_argument("--journal", type=Path, metavar="DIR", help="among those who traded there, not a drawn flow")
    parser.add_argument("--from", type=int, dest="from_seq", metavar="SEQ", default=0, help="and from this entry on")
    parser.add_argument("--symbol", default="", help="the market (default: the drawn one, or BTCUSDT)")
    parser.add_argument("--commands", type=int, default=100_000, metavar="N", help="of the drawn flow: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="of flow and latency: the same gives the same journal")
    parser.add_argument("--feed-us", type=int, default=200, metavar="N", help="to the strategy: %(default)s µs")
    parser.add_argument("--order-us", type=int, default=300, metavar="N", help="to the venue: %(default)s µs")
    parser.add_argument("--jitter-us", type=int, default=50, metavar="N", help="on top of each, in the mean")
    parser.add_argument("--html", type=Path, metavar="FILE", help="the outcome as a page with plots")
    options = parser.parse_args(argv)
    try:
        made = strategy(options.strategy)
        where = options.out / "journal"
        if where.exists():
            raise ValueError(f"{where} is there already: a run leaves a journal of its own")
        background: Drawn | Recorded = Drawn(options.seed, options.commands)
        if options.journal:
            background = Recorded(journal_directory(options.journal), options.from_seq)
        latency = Latency(options.feed_us * 1_000, options.order_us * 1_000, options.jitter_us * 1_000)
        symbol = options.symbol or ("BTCUSDT" if options.journal else DRAWN_SYMBOL)
        run = Backtest(made, background, where, symbol, latency, (10**11, 10**14), options.seed)
        of = None if options.journal else options.commands
        with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as progress:
            task = progress.add_task("trading", total=of)
            result = run.run(lambda done: progress.update(task, completed=done))
    except (ValueError, KeyError, OSError) as error:
        print(f"run.py backtest: {error}", file=sys.stderr)
        return 1
    title = f"{options.strategy} in {symbol}" + ("" if venue.is_compiled() else " (interpreted core)")
    outcome.show(Console(), title, result)
    if options.html:
        options.html.write_text(outcome.page(title, result))
    return 0


def strategy(text: str) -> Callable[[Any], Any]:
    """An example by its name, or the class of a file: the one it names, or the only one that has `on_event`."""
    if text in EXAMPLES:
        return EXAMPLES[text]
    path, _, name = text.partition(":")
    spec = util.spec_from_file_location("strategy_of_a_file", path) if Path(path).is_file() else None
    if spec is None or spec.loader is None:
        raise ValueError(f"there is no strategy {text!r}: {', '.join(EXAMPLES)}, or a file")
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = [
        each
        for each in vars(module).values()
        if isinstance(each, type) and each.__module__ == module.__name__ and hasattr(each, "on_event")
    ]
    if name:
        found = [each for each in found if each.__name__ == name]
    if len(found) != 1:
        raise ValueError(f"{path} has {len(found)} classes with on_event: name one as FILE.py:CLASS")
    made: Callable[[Any], Any] = found[0]
    return made
