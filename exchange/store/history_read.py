"""Questions to the history: rows on disk and rows that are not there yet, as one."""

import sqlite3

from exchange.messages.orders import Side
from exchange.messages.views import Fill, Order, OrderList, Rows, Trade

FOR_EVER_NS = (1 << 63) - 1
Conditions = list[tuple[str, int]]


def select(
    database: sqlite3.Connection, table: str, where: Conditions, order: str, *, newest: bool, limit: int
) -> list[tuple[int, ...]]:
    """Rows that fulfil all conditions, by `order`; the newest first where those are wanted."""
    conditions = " and ".join(condition for condition, _ in where)
    columns = [f"{column} desc" if newest else column for column in order.split()]
    query = f"select * from {table} where {conditions} order by {', '.join(columns)} limit ?"
    return database.execute(query, [*(value for _, value in where), limit]).fetchall()


def first_number(database: sqlite3.Connection, query: str, *values: int) -> int:
    """The number a query gives, 0 where it gives none."""
    row = database.execute(query, values).fetchone()
    return int(row[0]) if row else 0


def cut(size: int, *, newest: bool, limit: int) -> slice:
    """Which of `size` sorted rows were asked for."""
    return slice(max(0, size - limit), size) if newest else slice(0, limit)


def orders(
    database: sqlite3.Connection,
    waiting: Rows,
    account: int,
    market: int,
    *,
    order_id: int = 0,
    start_ns: int = 0,
    end_ns: int = 0,
    limit: int = 500,
) -> list[Order]:
    newest = not (order_id or start_ns)
    where: Conditions = [("account = ?", account), ("market = ?", market)]
    if order_id:
        # Orders are created in the order of their ids: the time of the id leads into the index.
        query = "select created_ns from orders where order_id >= ? order by order_id limit 1"
        where += [("order_id >= ?", order_id), ("created_ns >= ?", first_number(database, query, order_id))]
    if start_ns:
        where.append(("created_ns >= ?", start_ns))
    if end_ns:
        where.append(("created_ns <= ?", end_ns))
    rows = select(database, "orders", where, "created_ns order_id", newest=newest, limit=limit)
    found = {row[0]: Order(*row) for row in rows}  # type: ignore[arg-type]
    for order in waiting.orders:
        is_within = order.order_id >= order_id and start_ns <= order.created_ns <= (end_ns or FOR_EVER_NS)
        if (order.account, order.market) == (account, market) and is_within:
            found[order.order_id] = order
    result = [found[number] for number in sorted(found)]
    return result[cut(len(result), newest=newest, limit=limit)]


def order(database: sqlite3.Connection, waiting: Rows, account: int, market: int, order_id: int) -> Order | None:
    for each in waiting.orders:
        if (each.order_id, each.account, each.market) == (order_id, account, market):
            return each
    query = "select * from orders where order_id = ? and account = ? and market = ?"
    row = database.execute(query, [order_id, account, market]).fetchone()
    return Order(*row) if row else None


def order_by_client_id(
    database: sqlite3.Connection, waiting: Rows, account: int, market: int, client_id: str
) -> Order | None:
    for each in reversed(waiting.orders):
        if (each.account, each.market, each.client_id) == (account, market, client_id):
            return each
    query = "select * from orders where account = ? and client_id = ? and +market = ? order by order_id desc limit 1"
    row = database.execute(query, [account, client_id, market]).fetchone()
    return Order(*row) if row else None


def lists(
    database: sqlite3.Connection,
    waiting: Rows,
    account: int,
    *,
    list_id: int = 0,
    start_ns: int = 0,
    end_ns: int = 0,
    limit: int = 500,
) -> list[OrderList]:
    newest = not (list_id or start_ns)
    where: Conditions = [("account = ?", account), ("list_id >= ?", list_id), ("created_ns >= ?", start_ns)]
    where.append(("created_ns <= ?", end_ns or FOR_EVER_NS))
    rows = select(database, "lists", where, "created_ns list_id", newest=newest, limit=limit)
    found = {row[0]: OrderList(*row) for row in rows}  # type: ignore[arg-type]
    for each in waiting.lists:
        is_within = each.list_id >= list_id and start_ns <= each.created_ns <= (end_ns or FOR_EVER_NS)
        if each.account == account and is_within:
            found[each.list_id] = each
    result = [found[number] for number in sorted(found)]
    return result[cut(len(result), newest=newest, limit=limit)]


def list_by_client_id(database: sqlite3.Connection, waiting: Rows, account: int, client_id: str) -> OrderList | None:
    for each in reversed(waiting.lists):
        if (each.account, each.client_id) == (account, client_id):
            return each
    query = "select * from lists where account = ? and client_id = ? order by list_id desc limit 1"
    row = database.execute(query, [account, client_id]).fetchone()
    return OrderList(*row) if row else None


def fills(
    database: sqlite3.Connection,
    waiting: Rows,
    account: int,
    market: int,
    *,
    order_id: int = 0,
    from_id: int = 0,
    start_ns: int = 0,
    end_ns: int = 0,
    limit: int = 500,
) -> list[Fill]:
    newest = not (from_id or start_ns)
    # The plus keeps the index of accounts out of the way where the one of orders is the better.
    plus = "+" if order_id else ""
    where: Conditions = [(f"{plus}account = ?", account), (f"{plus}market = ?", market)]
    if order_id:
        where.append(("order_id = ?", order_id))
    if from_id:
        query = "select ts_ns from fills where market = ? and trade_id >= ? order by trade_id limit 1"
        where += [("trade_id >= ?", from_id), ("ts_ns >= ?", first_number(database, query, market, from_id))]
    if start_ns:
        where.append(("ts_ns >= ?", start_ns))
    if end_ns:
        where.append(("ts_ns <= ?", end_ns))
    rows = select(database, "fills", where, "ts_ns trade_id is_maker", newest=newest, limit=limit)
    found = {(row[1], row[2]): Fill(*row) for row in rows}
    for fill in waiting.fills:
        is_named = (fill.account, fill.market) == (account, market) and (not order_id or fill.order_id == order_id)
        if is_named and fill.trade_id >= from_id and start_ns <= fill.ts_ns <= (end_ns or FOR_EVER_NS):
            found[fill.trade_id, fill.is_maker] = fill
    result = [found[key] for key in sorted(found)]
    return result[cut(len(result), newest=newest, limit=limit)]


def trades(database: sqlite3.Connection, waiting: Rows, market: int, from_id: int, limit: int) -> list[Trade]:
    """Every trade has one maker's fill, which tells it."""
    where: Conditions = [("market = ?", market), ("is_maker = ?", 1), ("trade_id >= ?", from_id)]
    rows = select(database, "fills", where, "trade_id", newest=not from_id, limit=limit)
    found = {row[1]: Fill(*row) for row in rows}
    found |= {
        fill.trade_id: fill
        for fill in waiting.fills
        if fill.market == market and fill.is_maker and fill.trade_id >= from_id
    }
    result = [found[number] for number in sorted(found)]
    return [print_of(fill) for fill in result[cut(len(result), newest=not from_id, limit=limit)]]


def print_of(fill: Fill) -> Trade:
    is_buyer_maker = int(fill.side == Side.BUY)
    return Trade(fill.trade_id, fill.price, fill.quantity, fill.quote_amount, fill.ts_ns, is_buyer_maker)
