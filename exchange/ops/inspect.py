"""`run.py inspect DIR SEQ`: one entry, its events, and the venue as it was right behind it."""

import argparse
import sys
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from typing import Any

from exchange.api import decimals
from exchange.audit.moment import Moment, NoSuchEntry, moment
from exchange.core import queries
from exchange.core.state import State
from exchange.messages import registry
from exchange.messages.orders import (
    ROW,
    OrderType,
    RowKind,
    Side,
)
from exchange.messages.words import AnyWords, Message
from exchange.ops.replay import journal_directory
from exchange.runtime.recovery import EngineFailed
from journal.errors import CorruptJournal

LEVELS = 10
CLIENT_ID_BYTES = 40
HIDDEN = ("head", "seq", "spare", "spare_1", "spare_2", "spare_3")


def main(argv: list[str]) -> int:
    """Print an entry and what it left; exit 1 where there is none or the journal does not verify."""
    parser = argparse.ArgumentParser(prog="run.py inspect", description=__doc__)
    parser.add_argument("dir", type=Path, help="data directory, or a journal directory")
    parser.add_argument("seq", type=int, help="the number of the entry")
    parser.add_argument("--account", type=int, metavar="A", help="its balances and open orders as of then")
    parser.add_argument("--market", metavar="M", help="a symbol or a number: its status and book as of then")
    options = parser.parse_args(argv)
    try:
        found = moment(journal_directory(options.dir), options.dir / "snapshots", options.seq)
        lines = [*entry(found), *part_of_account(found, options.account), *part_of_market(found, options.market)]
    except (NoSuchEntry, CorruptJournal, EngineFailed, OSError) as error:
        print(f"run.py inspect: {error}", file=sys.stderr)
        return 1
    print("\n".join(lines))
    return 0


def entry(found: Moment) -> list[str]:
    """The entry and its events."""
    when = datetime.fromtimestamp(found.ts_ns // 1_000_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    lines = [f"entry {found.seq} at {when}.{found.ts_ns % 1_000_000_000:09d} UTC"]
    lines.append(f"  {command_text(found.command)}")
    lines += [f"  -> {event_text(event)}" for event in found.events]
    lines.append(f"  (replayed {found.seq - found.snapshot_seq} entries behind the snapshot at {found.snapshot_seq})")
    return lines


def command_text(command: bytes | registry.AnyCommand) -> str:
    if not isinstance(command, bytes):
        return repr(command)
    kind, _, extensions, market, account, key, *rest = ROW.unpack_from(command)
    side, order_type = rest[0], rest[1]
    price, quantity, quote_quantity, order_id = rest[8:12]
    parts = [f"{named(RowKind, kind)} in market {market} by account {account}, key {key}"]
    if kind == RowKind.PLACE:
        kinds = f"{named(OrderType, order_type)} {named(Side, side)}"
        parts.append(f"{kinds} {quantity or quote_quantity} at {price}")
    if order_id:
        parts.append(f"order {order_id}")
    parts.append(f"client id {text_of(command[ROW.size - CLIENT_ID_BYTES : ROW.size])}")
    if extensions:
        parts.append(f"{extensions} extensions")
    return ", ".join(parts)


def text_of(client_id: bytes) -> str:
    """A client id as text; what a client sent may be none."""
    return repr(client_id.rstrip(b"\0").decode("utf-8", "backslashreplace"))


def named(kind: type[IntEnum], number: int) -> str:
    """The name of a number, which may be one that has none."""
    try:
        return kind(number).name
    except ValueError:
        return str(number)


def event_text(event: AnyWords) -> str:
    if isinstance(event, Message):
        return repr(registry.event_decoder.decode(event.payload))
    fields: list[str] = []
    for name, value in event._asdict().items():
        if name in HIDDEN or value in (0, bytes(CLIENT_ID_BYTES)):
            continue
        shown: Any = text_of(value) if isinstance(value, bytes) else value
        fields.append(f"{name}={tuple(shown[:5]) if isinstance(shown, tuple) else shown}")
    return f"{type(event).__name__}({', '.join(fields)})"


def part_of_account(found: Moment, account: int | None) -> list[str]:
    """Balances and open orders of an account."""
    if account is None:
        return []
    state = found.engine.state
    scales = queries.asset_scales(state)
    lines = [f"account {account}"]
    for asset, available, held in queries.balances(state, account):
        scale = scales[asset]
        lines.append(f"  {asset}: {decimals.write(available, scale)} available, {decimals.write(held, scale)} held")
    for order in queries.open_orders(state, account, 0):
        market = queries.market_by_id(state, order["market"])
        lines.append(
            f"  order {order['order_id']} {market.symbol} {Side(order['side']).name} "
            f"{OrderType(order['type']).name}: {order['remaining']} of {order['quantity']} lots at {order['price']}"
        )
    return lines


def part_of_market(found: Moment, market: str | None) -> list[str]:
    """Status and book of a market."""
    if market is None:
        return []
    state = found.engine.state
    described = market_named(state, market)
    status = queries.filters(state, described.market_id)["status"]
    lines = [f"market {described.market_id} {described.symbol}, status {status}"]
    for side in (Side.SELL, Side.BUY):
        levels = queries.depth(state, described.market_id, side, LEVELS)
        for ticks, lots in reversed(levels) if side == Side.SELL else levels:
            price = decimals.write(ticks * described.tick_size, described.quote_scale)
            quantity = decimals.write(lots * described.lot_size, described.base_scale)
            lines.append(f"  {side.name:<4} {price} {quantity}")
    return lines


def market_named(state: State, text: str) -> queries.Market:
    """A market by symbol or number. Raises NoSuchEntry."""
    if text.isdecimal() and 1 <= int(text) <= queries.market_count(state):
        return queries.market_by_id(state, int(text))
    try:
        return queries.market(state, text)
    except KeyError as error:
        raise NoSuchEntry(f"there was no market {text} then") from error


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
