"""`run.py export DIR OUT`: a journal as Parquet: orders, trades, book changes with queue positions, minutes' candles.

Everything is decided anew from the journal, as every replay does; nothing of the venue's read models is asked. Prices
and quantities are in the market's own units as doubles, and as exact whole ticks and lots beside them.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from exchange.core import queries
from exchange.messages import words
from exchange.messages.orders import OrderType, Reason, Side, TimeInForce
from exchange.ops.queues import Queues
from exchange.ops.replay import journal_directory
from exchange.runtime import recovery
from journal.errors import CorruptJournal

ROWS_AT_ONCE = 50_000
MINUTE_NS = 60_000_000_000
Row = tuple[Any, ...]
WHEN = (("seq", "int64"), ("ts_ns", "int64"), ("symbol", "string"))
COLUMNS: dict[str, tuple[tuple[str, str], ...]] = {
    "orders": (
        *WHEN, ("event", "string"), ("order_id", "int64"), ("account", "int64"), ("client_id", "string"),
        ("side", "string"), ("type", "string"), ("time_in_force", "string"), ("price", "double"),
        ("quantity", "double"), ("remaining", "double"), ("reason", "string"), ("price_ticks", "int64"),
        ("quantity_lots", "int64"), ("remaining_lots", "int64"),
    ),
    "trades": (
        *WHEN, ("trade_id", "int64"), ("price", "double"), ("quantity", "double"), ("taker_side", "string"),
        ("taker_order", "int64"), ("taker_account", "int64"), ("taker_fee", "int64"), ("maker_order", "int64"),
        ("maker_account", "int64"), ("maker_fee", "int64"), ("price_ticks", "int64"), ("quantity_lots", "int64"),
    ),
    "book": (
        *WHEN, ("event", "string"), ("side", "string"), ("order_id", "int64"), ("price", "double"),
        ("shown", "double"), ("ahead", "double"), ("level", "double"), ("level_orders", "int64"),
        ("price_ticks", "int64"), ("shown_lots", "int64"), ("ahead_lots", "int64"), ("level_lots", "int64"),
    ),
    "candles": (
        ("symbol", "string"), ("open_ns", "int64"), ("open", "double"), ("high", "double"), ("low", "double"),
        ("close", "double"), ("volume", "double"), ("quote_volume", "double"), ("trades", "int64"),
    ),
}  # fmt: skip


def main(argv: list[str]) -> int:
    """Write the four files; exit 1 where the journal does not verify or they are there already."""
    parser = argparse.ArgumentParser(prog="run.py export", description=__doc__)
    parser.add_argument("dir", type=Path, metavar="DIR", help="data directory, or a journal directory")
    parser.add_argument("out", type=Path, metavar="OUT", help="a directory for the files; it may be new")
    options = parser.parse_args(argv)
    try:
        written = export(journal_directory(options.dir), options.out)
    except (CorruptJournal, recovery.EngineFailed, OSError) as error:
        print(f"run.py export: {error}", file=sys.stderr)
        return 1
    for name, count in written.items():
        print(f"{options.out / name}.parquet  {count:,} rows")
    return 0


class Writer:
    """One file, written many rows at a time."""

    def __init__(self, out: Path, name: str) -> None:
        # Here, because only this command needs it, and it takes a while.
        import pyarrow as arrow
        from pyarrow import parquet

        self.path = out / f"{name}.parquet"
        if self.path.exists():
            raise FileExistsError(f"{self.path} is there already")
        self.arrow = arrow
        types = {"int64": arrow.int64(), "double": arrow.float64(), "string": arrow.string()}
        self.schema = arrow.schema([(column, types[kind]) for column, kind in COLUMNS[name]])
        self.file = parquet.ParquetWriter(self.path, self.schema, compression="zstd")
        self.rows: list[Row] = []
        self.count = 0

    def add(self, row: Row) -> None:
        self.rows.append(row)
        self.count += 1
        if len(self.rows) >= ROWS_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        columns = [list(column) for column in zip(*self.rows, strict=True)] or [[] for _ in self.schema]
        arrays = [self.arrow.array(column, field.type) for column, field in zip(columns, self.schema, strict=True)]
        self.file.write_table(self.arrow.Table.from_arrays(arrays, schema=self.schema))
        self.rows.clear()

    def close(self) -> None:
        self.flush()
        self.file.close()


class Units:
    """A market's numbers as people write them."""

    def __init__(self, market: queries.Market) -> None:
        self.symbol = market.symbol
        self.tick = market.tick_size / 10**market.quote_scale
        self.lot = market.lot_size / 10**market.base_scale
        self.quote = 10.0**market.quote_scale


def export(directory: Path, out: Path) -> dict[str, int]:
    """Write everything that a journal tells; returns how many rows each file has."""
    out.mkdir(parents=True, exist_ok=True)
    writers = {name: Writer(out, name) for name in COLUMNS}
    flow = Flow(writers)
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as progress:
        task = progress.add_task("entries", total=None)
        for engine, applied, events in recovery.replayed(directory):
            flow.on_batch(engine, applied.ts_ns, events)
            progress.update(task, completed=applied.last_seq)
    flow.finish()
    for writer in writers.values():
        writer.close()
    return {name: writer.count for name, writer in writers.items()}


class Flow:
    """Turns events into rows."""

    def __init__(self, writers: dict[str, Writer]) -> None:
        self.orders, self.trades = writers["orders"].add, writers["trades"].add
        self.book, self.candles = writers["book"].add, writers["candles"].add
        self.units: list[Units] = []
        self.queues = Queues()
        self.candle: dict[int, list[Any]] = {}
        self.handlers: dict[type, Callable[[Any, Units], None]] = {
            words.Accepted: self.accepted,
            words.Rested: self.rested,
            words.Traded: self.traded,
            words.Canceled: self.canceled,
            words.Entered: self.entered,
            words.Triggered: self.triggered,
            words.Refilled: self.refilled,
            words.Amended: self.amended,
        }

    def on_batch(self, engine: Any, ts_ns: int, events: list[words.AnyWords]) -> None:
        self.ts_ns = ts_ns
        while len(self.units) < queries.market_count(engine.state):
            self.units.append(Units(queries.market_by_id(engine.state, len(self.units) + 1)))
        for event in events:
            handle = self.handlers.get(type(event))
            if handle is not None:
                handle(event, self.units[event.market - 1])  # type: ignore[union-attr]

    def order(self, event: Any, units: Units, what: str, remaining: int, reason: str = "") -> None:
        flags, lot = event.flags, units.lot
        kinds = Side(flags.side).name, OrderType(flags.type).name, TimeInForce(flags.time_in_force).name
        human = event.price * units.tick, event.quantity * lot, remaining * lot, reason
        exact = event.price, event.quantity, remaining
        # What a client sent as its id may be no text.
        name = event.client_id.rstrip(b"\0").decode("utf-8", "backslashreplace")
        named = event.order_id, event.account, name
        self.orders((event.seq, self.ts_ns, units.symbol, what, *named, *kinds, *human, *exact))

    def place(self, event: Any, units: Units, what: str, side: int, order_id: int, price: int, ahead: int) -> None:
        """One change of a queue: `ahead` stood in front of the order at its price."""
        level = self.queues.level(event.market, side, price)
        shown, there = level.get(order_id, 0), sum(level.values())
        human = price * units.tick, shown * units.lot, ahead * units.lot, there * units.lot
        exact = len(level), price, shown, ahead, there
        self.book((event.seq, self.ts_ns, units.symbol, what, Side(side).name, order_id, *human, *exact))

    def accepted(self, event: words.Accepted, units: Units) -> None:
        self.order(event, units, "ACCEPTED", event.quantity)

    def entered(self, event: words.Entered, units: Units) -> None:
        self.order(event, units, "ENTERED", event.remaining)

    def triggered(self, event: words.Triggered, units: Units) -> None:
        self.order(event, units, "TRIGGERED", event.remaining)

    def rested(self, event: words.Rested, units: Units) -> None:
        at = event.market, event.side, event.price
        ahead = self.queues.put(*at, event.order_id, event.level_quantity, is_gone=event.remaining == 0)
        self.place(event, units, "RESTED", event.side, event.order_id, event.price, ahead)

    def refilled(self, event: words.Refilled, units: Units) -> None:
        at = event.market, event.side, event.price
        self.queues.take(*at, event.order_id)
        ahead = self.queues.put(*at, event.order_id, event.level_quantity)
        self.place(event, units, "REFILLED", event.side, event.order_id, event.price, ahead)

    def amended(self, event: words.Amended, units: Units) -> None:
        self.order(event, units, "AMENDED", event.remaining)
        if event.level_quantity >= 0:
            at = event.market, event.flags.side, event.price
            ahead = self.queues.put(*at, event.order_id, event.level_quantity)
            self.place(event, units, "AMENDED", event.flags.side, event.order_id, event.price, ahead)

    def canceled(self, event: words.Canceled, units: Units) -> None:
        self.order(event, units, "CANCELED", event.remaining, Reason(event.reason).name)
        if event.level_quantity >= 0:
            ahead = self.queues.take(event.market, event.flags.side, event.price, event.order_id)
            self.place(event, units, "CANCELED", event.flags.side, event.order_id, event.price, ahead)

    def traded(self, event: words.Traded, units: Units) -> None:
        taker = event.taker_order, event.taker_account, event.taker_fee
        maker = event.maker_order, event.maker_account, event.maker_fee
        human = event.price * units.tick, event.quantity * units.lot, Side(event.taker_side).name
        what = event.seq, self.ts_ns, units.symbol, event.trade_id
        self.trades((*what, *human, *taker, *maker, event.price, event.quantity))
        side = 1 - event.taker_side
        at = event.market, side, event.maker_price
        is_gone = event.maker_remaining == 0
        ahead = self.queues.put(*at, event.maker_order, event.level_quantity, is_gone=is_gone)
        self.place(event, units, "TRADED", side, event.maker_order, event.maker_price, ahead)
        self.count(event, units)

    def count(self, event: words.Traded, units: Units) -> None:
        """A trade in the candle of its minute."""
        open_ns = self.ts_ns // MINUTE_NS * MINUTE_NS
        price, quantity, quote = event.price * units.tick, event.quantity * units.lot, event.quote_amount / units.quote
        candle = self.candle.get(event.market)
        if candle is not None and candle[1] != open_ns:
            self.candles(tuple(candle))
            candle = None
        if candle is None:
            self.candle[event.market] = [units.symbol, open_ns, price, price, price, price, quantity, quote, 1]
            return
        candle[3:6] = max(candle[3], price), min(candle[4], price), price
        candle[6] += quantity
        candle[7] += quote
        candle[8] += 1

    def finish(self) -> None:
        """The last candle of every market."""
        for _, candle in sorted(self.candle.items()):
            self.candles(tuple(candle))
