"""What cold code asks of the hot state, and the little it does there by itself. Nothing here is on the order path."""

from struct import Struct
from typing import Any

from . import codes, indexes, records
from .market import Market
from .matching import Matching

CLIENT_ID = Struct("<5q")


def extent(matching: Matching, data: Any, at: int) -> int:
    """Words of the command that starts at word `at` of a run of rows."""
    matching.rows.open(data)
    return matching.rows.extent(at)


def read_row(matching: Matching, data: Any, at: int, seq: int, now_ns: int) -> tuple[int, int, int, int, int]:
    """Make a row the current command; returns its kind, market, account, words, and what speaks against it so far."""
    matching.rows.open(data)
    words = matching.rows.extent(at)
    matching.events.seq = seq
    matching.trading.now_ns = now_ns
    row = matching.rows.at(at)
    if row.kind == codes.CANCEL_ALL:
        code = matching.checks.refused_cancel_all(at, row)
    else:
        code = codes.UNSUPPORTED if codes.PLACE <= row.kind <= codes.CANCEL_LIST else codes.MALFORMED_ROW
    return row.kind, row.market, row.account, words, code


def row_client_id(matching: Matching, at: int) -> bytes:
    """The 40 bytes of the current command's client id."""
    return client_id_bytes(matching.rows.at(at).client_id)


def refused_sender(matching: Matching, at: int) -> int:
    """What speaks against the sender of the current command."""
    return matching.checks.refused_sender(matching.rows.at(at))


def place_remembered(matching: Matching, at: int) -> int:
    """Place the current command's order, which is to be remembered; returns its id, or 0 where it was refused."""
    before = matching.next_order_id
    matching.owed = 0
    matching.checks.is_remembering = 1
    matching.place(at, matching.rows.at(at))
    matching.checks.is_remembering = 0
    return before if matching.next_order_id > before else 0


def owes_entries(matching: Matching) -> bool:
    """Whether a Tick is due because orders that were set off wait to enter a market that trades."""
    if matching.trading.triggers.busy:
        for number in range(len(matching.markets)):
            market: Market = matching.markets[number]
            if market.busy and market.status == codes.TRADING:
                return True
    return False


def allow_pegs(matching: Matching, is_allowed: bool) -> None:
    """Say whether the rule PEGS is in force."""
    matching.checks.has_pegs = int(is_allowed)


def reject_row(matching: Matching, at: int, code: int) -> None:
    """Refuse the current command."""
    row = matching.rows.at(at)
    matching.events.rejected(row, row.kind, code)


def cancel_seat(matching: Matching, at: int, market: Market) -> int:
    """Cancel all orders that the current command's account has in one market; returns how many there were."""
    row = matching.rows.at(at)
    seat = matching.seats.find(matching.accounts.find(row.account), market.id)
    canceled = 0
    if seat:
        while seat.first:
            matching.trading.cancel(market, seat.first, codes.BY_CANCEL_ALL, row.client_id, 0)
            canceled += 1
        matching.settle_lists()
    return canceled


def cancel_orders(matching: Matching, account_id: int, market: Market, reason: int, seq: int, now_ns: int) -> int:
    """Cancel all orders of an account in a market, oldest first; returns how many there were."""
    matching.events.seq = seq
    matching.trading.now_ns = now_ns
    seat = matching.seats.find(matching.accounts.find(account_id), market.id)
    canceled = 0
    if seat:
        while seat.first:
            matching.trading.cancel(market, seat.first, reason, indexes.no_client_id(), 0)
            canceled += 1
        matching.settle_lists()
    return canceled


def key(matching: Matching, key_id: int) -> tuple[int, int, int] | None:
    """Account, rights and whether revoked; None where there is no such key."""
    found = matching.keys.find(key_id)
    if not found:
        return None
    return found.account.id, found.rights, found.revoked


def account(matching: Matching, account_id: int) -> tuple[int, int, int, int, int] | None:
    """Kind, status, tier, trade group and open orders; None where there is no such account."""
    found = matching.accounts.find(account_id)
    if not found:
        return None
    return found.kind, found.status, found.tier, found.trade_group, found.open_orders


def all_cells(matching: Matching) -> list[tuple[int, int, int, int, int]]:
    """Every balance cell as (account, asset, available, held, borrowed), sorted."""
    cells = []
    for rank in range(matching.cells.sort()):
        cell = matching.cells.ranked(rank)
        cells.append((cell.account, cell.asset, cell.available, cell.held, cell.borrowed))
    return cells


def cells_of(matching: Matching, account_id: int, assets: int) -> list[tuple[int, int, int]]:
    """The cells of one account as (asset, available, held), of the assets 1 to `assets` that it ever had."""
    cells = []
    for asset in range(1, assets + 1):
        cell = matching.cells.find(account_id, asset)
        if cell:
            cells.append((asset, cell.available, cell.held))
    return cells


def order_fields(order: "records.Order") -> dict[str, Any]:
    """One open order by the names of the event ACCEPTED, with what it has traded so far."""
    flags = order.flags
    details = order.details
    client_id = order.client_id
    return {
        "order_id": order.id,
        "market": order.seat.market,
        "account": order.seat.account.id,
        "side": flags.side,
        "type": flags.type,
        "time_in_force": flags.time_in_force,
        "self_trade": flags.self_trade,
        "price": order.price,
        "quantity": order.quantity,
        "remaining": order.remaining,
        "held": order.held,
        "filled_quote": order.filled_quote,
        "prevented_quantity": order.prevented_quantity,
        "created_ns": order.created_ns,
        "updated_ns": order.updated_ns,
        "client_id": client_id_bytes(client_id),
        "strategy_id": details.strategy_id if details else 0,
        "strategy_type": details.strategy_type if details else 0,
        "list_id": details.list_id if details else 0,
        "trigger_price": details.trigger_price if details else 0,
        "trailing_delta": details.trailing_delta if details else 0,
        "activation_price": details.activation_price if details else 0,
        "extreme": details.extreme if details else 0,
        "triggered_ns": details.triggered_ns if details else 0,
        "visible": details.visible if details else 0,
        "shown": details.shown if details else 0,
        "amends": details.amends if details else 0,
        "pending": details.pending if details else 0,
        "due_ns": details.due_ns if details else 0,
        "peg_kind": details.peg_kind if details else 0,
        "peg_offset_kind": details.peg_offset_kind if details else 0,
        "peg_offset": details.peg_offset if details else 0,
        "sent_price": details.sent_price if details else 0,
        "pegged_price": details.pegged_price if details else 0,
    }


def client_id_bytes(client_id: "records.ClientId") -> bytes:
    """The 40 bytes of a client id, which is a tuple here and a struct there."""
    if isinstance(client_id, dict):
        return CLIENT_ID.pack(*client_id.values())
    return CLIENT_ID.pack(*client_id)


def order_by_id(matching: Matching, order_id: int) -> dict[str, Any] | None:
    order = matching.trading.orders.find(order_id)
    if not order:
        return None
    return order_fields(order)


def order_by_client_id(matching: Matching, account_id: int, client_id: bytes) -> dict[str, Any] | None:
    """An account's open order by the 40 bytes of its client id."""
    seat_orders = orders_of(matching, account_id, 0)
    for order in seat_orders:
        if order["client_id"] == client_id:
            return order
    return None


def orders_of(matching: Matching, account_id: int, market_id: int) -> list[dict[str, Any]]:
    """An account's open orders in one market (0: in all), oldest first within each."""
    orders = []
    account = matching.accounts.find(account_id)
    for number in range(1, len(matching.markets) + 1):
        if account and (market_id == 0 or number == market_id):
            seat = matching.seats.find(account, number)
            if seat:
                order = seat.first
                while order:
                    orders.append(order_fields(order))
                    order = order.seat_next
    return orders


def all_orders(matching: Matching) -> list[dict[str, Any]]:
    """Every open order, by id."""
    return [order_fields(matching.trading.orders.ranked(rank)) for rank in range(matching.trading.orders.sort())]


def depth(market: Market, side: int, limit: int) -> list[tuple[int, int]]:
    """The best `limit` levels of a side as (price, quantity), best first."""
    levels = []
    level = market.bids.best if side == codes.BUY else market.asks.best
    while level and limit > 0:
        levels.append((level.key if side == codes.BUY else -level.key, level.quantity))
        limit -= 1
        level = level.worse
    return levels


def moved(matching: Matching) -> int:
    """How many records the containers have moved to grow, in all. Plain Python moves none."""
    total = matching.trading.orders.moved + matching.trading.clients.moved + matching.seats.moved + matching.cells.moved
    for number in range(len(matching.markets)):
        market: Market = matching.markets[number]
        total += market.bids.moved + market.asks.moved + market.falling.moved + market.rising.moved
    return total


def expire(matching: Matching, seq: int, now_ns: int) -> int:
    """End the order whose time has come first; returns its market, or 0 where there is none."""
    order = matching.trading.due.first_due(now_ns)
    if not order:
        return 0
    matching.events.seq = seq
    matching.trading.now_ns = now_ns
    market: Market = matching.markets[order.seat.market - 1]
    matching.trading.cancel(market, order, codes.GOOD_TILL_ENDED, indexes.no_client_id(), 0)
    return market.id


def memory(matching: Matching) -> int:
    """Bytes handed out for records, indexes and ladders. Plain Python does not know and says 0."""
    total = matching.pool.taken() + matching.accounts.memory() + matching.keys.memory() + matching.cells.memory()
    total += matching.seats.memory() + matching.trading.orders.memory() + matching.trading.clients.memory()
    for number in range(len(matching.markets)):
        market: Market = matching.markets[number]
        total += market.bids.memory() + market.asks.memory() + market.falling.memory() + market.rising.memory()
    return total


def fullest_line(matching: Matching) -> int:
    """How many client ids stand in the fullest line of their index and behind it."""
    return matching.trading.clients.fullest()
