"""The hot state as words and back: sections 1 to 6 of the canonical encoding that the README lays out.

Writing goes over everything in order of ids and of priority, so equal states give equal bytes whatever their history.
Reading rebuilds the structures in an empty core; what it reads was hashed when it was written, yet is bounded again.
"""

from . import codes, indexes, records, wide
from .buffers import Reader, Writer
from .ladder import Ladder
from .market import Market
from .matching import Matching

COUNTERS, ACCOUNTS, KEYS, CELLS, MARKETS, ORDERS, LISTS = 1, 2, 3, 4, 5, 6, 7


def sections(matching: Matching, accounts: int, keys: int) -> list[tuple[int, bytes]]:
    """Return every hot section as (number, content); accounts and keys are one past the greatest ids in use.

    A core that never had a list has no section of them, so that it has the hash that it had before there were any.
    """
    lists = write_lists(matching, accounts)
    return [
        (COUNTERS, write_counters(matching)),
        (ACCOUNTS, write_accounts(matching, accounts)),
        (KEYS, write_keys(matching, keys)),
        (CELLS, write_cells(matching)),
        (MARKETS, write_markets(matching)),
        (ORDERS, write_orders(matching)),
        *([(LISTS, lists)] if lists else []),
    ]


def write_counters(matching: Matching) -> bytes:
    writer = Writer()
    writer.add(matching.next_order_id)
    return writer.take()


def write_accounts(matching: Matching, end: int) -> bytes:
    writer = Writer()
    for account_id in range(end):
        account = matching.accounts.find(account_id)
        if account:
            writer.add(account.id)
            writer.add(account.kind)
            writer.add(account.status)
            writer.add(account.tier)
            writer.add(account.trade_group)
            writer.add(matching.accounts.parents.get(account_id, 0))
    return writer.take()


def write_keys(matching: Matching, end: int) -> bytes:
    writer = Writer()
    for key_id in range(end):
        key = matching.keys.find(key_id)
        if key:
            writer.add(key_id)
            writer.add(key.account.id)
            writer.add(key.rights)
            writer.add(key.revoked)
    return writer.take()


def write_cells(matching: Matching) -> bytes:
    writer = Writer()
    for rank in range(matching.cells.sort()):
        cell = matching.cells.ranked(rank)
        if cell.available or cell.held or cell.borrowed:
            writer.add(cell.account)
            writer.add(cell.asset)
            writer.add(cell.available)
            writer.add(cell.held)
            writer.add(cell.borrowed)
    return writer.take()


def write_markets(matching: Matching) -> bytes:
    writer = Writer()
    for number in range(len(matching.markets)):
        market: Market = matching.markets[number]
        write_market(market, writer)
    return writer.take()


FIELDS_1 = ("id", "base", "quote", "base_per_lot", "quote_per_tick_lot", "status")
COUNTS = ("trades", "updates", "executions", "prevented", "last_price")
FILTERS = (
    "min_price", "max_price", "price_step", "min_quantity", "max_quantity", "quantity_step", "market_min_quantity",
    "market_max_quantity", "market_quantity_step", "min_notional", "max_notional", "apply_min_to_market",
    "apply_max_to_market", "bid_up_ppm", "bid_down_ppm", "ask_up_ppm", "ask_down_ppm",
)  # fmt: skip
REST = ("average_minutes", "max_orders", "default_self_trade", "allowed_self_trade", "fee_version")
MORE_FILTERS = (
    "up_ppm", "down_ppm", "min_trailing_above", "max_trailing_above", "min_trailing_below", "max_trailing_below",
    "max_algo_orders", "max_iceberg_orders", "iceberg_parts", "max_lists", "max_amends", "max_position",
)  # fmt: skip
PROTECTION = (
    "features_off", "range_bid_up_ppm", "range_bid_down_ppm", "range_ask_up_ppm", "range_ask_down_ppm", "breaker_ppm",
    "breaker_seconds", "notional_per_second", "breaker_price", "breaker_since_ns", "notional_second", "notional_sum",
)  # fmt: skip


def write_market(market: Market, writer: Writer) -> None:
    for name in FIELDS_1 + COUNTS + FILTERS + REST:
        writer.add(getattr(market, name))
    for tier in range(codes.TIERS):
        writer.add(market.maker_ppm[tier])
        writer.add(market.taker_ppm[tier])
    newest = market.average_bucket
    oldest = max(newest - codes.AVERAGE_BUCKETS + 1, 0)
    filled = 0
    for bucket in range(oldest, newest + 1):
        if wide.is_positive(market.average_lots, bucket % codes.AVERAGE_BUCKETS):
            filled += 1
    for name in MORE_FILTERS + PROTECTION:
        writer.add(getattr(market, name))
    writer.add(market.reach_down)
    writer.add(market.reach_up)
    writer.add(newest)
    writer.add(filled)
    for bucket in range(oldest, newest + 1):
        at = bucket % codes.AVERAGE_BUCKETS
        if wide.is_positive(market.average_lots, at):
            writer.add(bucket)
            writer.add(market.average_sums[2 * at])
            writer.add(market.average_sums[2 * at + 1])
            writer.add(market.average_lots[2 * at])
            writer.add(market.average_lots[2 * at + 1])


def write_orders(matching: Matching) -> bytes:
    writer = Writer()
    for number in range(len(matching.markets)):
        market: Market = matching.markets[number]
        writer.add(market.id)
        write_side(market.bids, writer)
        write_side(market.asks, writer)
        write_side(market.falling, writer)
        write_side(market.rising, writer)
        write_trailing(market, writer)
    return writer.take()


def write_trailing(market: Market, writer: Writer) -> None:
    """The orders that follow the price, oldest first, behind their number."""
    writer.add(market.trailing)
    order = market.first_trailing
    while order:
        write_order(order, writer)
        order = order.next


def write_side(ladder: Ladder, writer: Writer) -> None:
    """One side, best first, oldest first, behind the number of its orders."""
    count = 0
    level = ladder.best
    while level:
        order = level.first
        while order:
            count += 1
            order = order.next
        level = level.worse
    writer.add(count)
    level = ladder.best
    while level:
        order = level.first
        while order:
            write_order(order, writer)
            order = order.next
        level = level.worse


def write_order(order: "records.Order", writer: Writer) -> None:
    writer.add(order.id)
    writer.add_flags(order.flags)
    writer.add(order.seat.account.id)
    writer.add(order.price)
    writer.add(order.quantity)
    writer.add(order.remaining)
    writer.add(order.held)
    writer.add(order.filled_quote)
    writer.add(order.prevented_quantity)
    writer.add(order.created_ns)
    writer.add(order.updated_ns)
    writer.add_client_id(order.client_id)
    details = order.details
    if details:
        writer.add(17 if details.peg_kind else 12 if details.due_ns else 11)
        writer.add(details.strategy_id)
        writer.add(details.strategy_type)
        writer.add(details.list_id)
        writer.add(details.trigger_price)
        writer.add(details.trailing_delta)
        writer.add(details.activation_price)
        writer.add(details.extreme)
        writer.add(details.triggered_ns)
        writer.add(details.visible)
        writer.add(details.shown)
        writer.add(details.amends)
        if details.due_ns or details.peg_kind:
            writer.add(details.due_ns)
        if details.peg_kind:
            writer.add(details.peg_kind)
            writer.add(details.peg_offset_kind)
            writer.add(details.peg_offset)
            writer.add(details.sent_price)
            writer.add(details.pegged_price)
    else:
        writer.add(0)


def write_lists(matching: Matching, end: int) -> bytes:
    """The open lists by account and age with their pending orders, which stand nowhere else; then which are ready."""
    writer = Writer()
    if matching.trading.links.next_list_id == 1:
        return b""
    writer.add(matching.trading.links.next_list_id)
    count = 0
    for account_id in range(end):
        account = matching.accounts.find(account_id)
        if account:
            count += matching.trading.links.count(account, 0)
    writer.add(count)
    for account_id in range(end):
        account = matching.accounts.find(account_id)
        if account:
            order_list = matching.trading.links.heads.find(account_id)
            while order_list:
                write_list(order_list, writer)
                order_list = order_list.younger
    for number in range(len(matching.markets)):
        market: Market = matching.markets[number]
        count = 0
        ready = market.first_ready
        while ready:
            count += 1
            ready = ready.next_ready
        writer.add(count)
        ready = market.first_ready
        while ready:
            writer.add(ready.account.id)
            writer.add(ready.id)
            ready = ready.next_ready
    return writer.take()


def write_list(order_list: "records.OrderList", writer: Writer) -> None:
    writer.add(order_list.id)
    writer.add(order_list.contingency)
    writer.add(order_list.account.id)
    writer.add(order_list.market)
    writer.add(order_list.created_ns)
    writer.add_client_id(order_list.client_id)
    writer.add(order_list.working_id)
    writer.add_client_id(order_list.working_name)
    write_leg(order_list.working, writer)
    writer.add(order_list.first_id)
    writer.add_client_id(order_list.first_name)
    write_leg(order_list.first, writer)
    writer.add(order_list.second_id)
    writer.add_client_id(order_list.second_name)
    write_leg(order_list.second, writer)


def write_leg(order: "records.Order", writer: Writer) -> None:
    """0: gone, or there was none; 1: it stands with the other orders; 2: it is pending, and stands here."""
    if not order:
        writer.add(0)
    elif order.details.pending:
        writer.add(2)
        write_order(order, writer)
    else:
        writer.add(1)


def restore(matching: Matching, number: int, content: bytes | memoryview) -> None:
    """Read one hot section into a core that has read those before it and nothing else."""
    reader = Reader(content)
    if number == COUNTERS:
        matching.next_order_id = reader.take()
    elif number == ACCOUNTS:
        while reader.at < reader.count:
            matching.open_account(
                reader.take(), reader.take(), reader.take(), reader.take(), reader.take(), reader.take()
            )
    elif number == KEYS:
        while reader.at < reader.count:
            key_id = reader.take()
            matching.add_key(key_id, reader.take(), reader.take())
            if reader.take():
                matching.revoke_key(key_id)
    elif number == CELLS:
        while reader.at < reader.count:
            cell = matching.cells.open(reader.take(), reader.take())
            cell.available = reader.take()
            cell.held = reader.take()
            cell.borrowed = reader.take()
    elif number == MARKETS:
        while reader.at < reader.count:
            read_market(matching, reader)
    elif number == ORDERS:
        matching.trading.orders.expect(reader.count // codes.ORDER_WORDS)
        matching.trading.clients.expect(reader.count // codes.ORDER_WORDS)
        read_orders(matching, reader)
    elif number == LISTS:
        read_lists(matching, reader)
    else:
        raise ValueError(f"there is no hot section {number}")
    if reader.at != reader.count:
        raise ValueError(f"hot section {number} has {reader.count} words, {reader.at} were read")


def read_market(matching: Matching, reader: Reader) -> None:
    market_id = reader.take()
    market: Market = matching.list_market(reader.take(), reader.take(), reader.take(), reader.take())
    if market.id != market_id:
        raise ValueError(f"market {market_id} stands where {market.id} belongs")
    market.status = reader.take()
    market.trades = reader.take()
    market.updates = reader.take()
    market.executions = reader.take()
    market.prevented = reader.take()
    market.last_price = reader.take()
    for name in FILTERS:
        setattr(market, name, reader.take())
    market.set_average_minutes(reader.take())
    market.max_orders = reader.take()
    market.default_self_trade = reader.take()
    market.allowed_self_trade = reader.take()
    version = reader.take()
    for tier in range(codes.TIERS):
        market.set_fees(tier, reader.take(), reader.take())
    market.fee_version = version
    for name in MORE_FILTERS + PROTECTION:
        setattr(market, name, reader.take())
    market.reach_down = reader.take()
    market.reach_up = reader.take()
    market.average_bucket = reader.take()
    for _ in range(reader.take()):
        at = reader.take() % codes.AVERAGE_BUCKETS
        market.average_sums[2 * at] = reader.take()
        market.average_sums[2 * at + 1] = reader.take()
        market.average_lots[2 * at] = reader.take()
        market.average_lots[2 * at + 1] = reader.take()
        wide.gather(market.average_sums, codes.AVERAGE_TOTAL, at)
        wide.gather(market.average_lots, codes.AVERAGE_TOTAL, at)


def read_orders(matching: Matching, reader: Reader) -> None:
    """Put every order where it was: books by priority as they stand here, seats by age, which is the order of ids."""
    for _ in range(len(matching.markets)):
        market: Market = matching.markets[reader.take() - 1]
        for _side in (codes.BUY, codes.SELL):
            for _rank in range(reader.take()):
                order = read_order(matching, market, reader)
                matching.trading.queue(market, order)
        for _list in range(3):
            for _rank in range(reader.take()):
                order = read_order(matching, market, reader)
                if _list < 2:
                    market.waiting += 1
                    matching.trading.triggers.line_up(market, order)
                else:
                    matching.trading.triggers.wait(market, order)
        # Nothing that trades have reached is forgotten here: lists that are ready are still to come.
        if matching.trading.triggers.pending(market):
            matching.trading.triggers.settle(market)


def remember_orders(matching: Matching) -> None:
    """Behind the last section: give every open order its place among those of its account and market (by age, which is
    the order of ids), among client ids, and among those that end in time.
    """
    for rank in range(matching.trading.orders.sort()):
        matching.warmer.fetch_ranked(rank)
        order = matching.trading.orders.ranked(rank)
        matching.trading.take_seat(order)
        matching.trading.clients.put(order)
        if order.details and order.details.due_ns:
            matching.trading.due.put(order)
    matching.trading.orders.let_ranks_go()


def read_order(matching: Matching, market: Market, reader: Reader) -> "records.Order":
    matching.warmer.fetch_encoded(reader, market.id)
    order = matching.trading.pool.take_order()
    order.id = reader.take()
    order.flags = reader.take_flags()
    account = matching.accounts.find(reader.take())
    if not account:
        raise ValueError(f"order {order.id} belongs to an account that does not exist")
    order.seat = matching.seats.open(account, market.id, market.base, market.quote)
    order.price = reader.take()
    order.quantity = reader.take()
    order.remaining = reader.take()
    order.held = reader.take()
    order.filled_quote = reader.take()
    order.prevented_quantity = reader.take()
    order.created_ns = reader.take()
    order.updated_ns = reader.take()
    order.client_id = reader.take_client_id()
    words = reader.take()
    if words:
        order.details = matching.trading.pool.take_details()
        order.details.strategy_id = reader.take()
        order.details.strategy_type = reader.take()
        order.details.list_id = reader.take()
        order.details.trigger_price = reader.take()
        order.details.trailing_delta = reader.take()
        order.details.activation_price = reader.take()
        order.details.extreme = reader.take()
        order.details.triggered_ns = reader.take()
        order.details.visible = reader.take()
        order.details.shown = reader.take()
        order.details.amends = reader.take()
        if words > 11:
            order.details.due_ns = reader.take()
        if words > 12:
            order.details.peg_kind = reader.take()
            order.details.peg_offset_kind = reader.take()
            order.details.peg_offset = reader.take()
            order.details.sent_price = reader.take()
            order.details.pegged_price = reader.take()
    matching.trading.orders.put(order)
    return order


def read_lists(matching: Matching, reader: Reader) -> None:
    links = matching.trading.links
    links.next_list_id = reader.take()
    for _ in range(reader.take()):
        read_list(matching, reader)
    for number in range(len(matching.markets)):
        market: Market = matching.markets[number]
        for _rank in range(reader.take()):
            account = matching.accounts.find(reader.take())
            links.make_ready(market, links.find(account, reader.take(), indexes.no_client_id()))
        if market.first_ready:
            matching.trading.triggers.settle(market)


def read_list(matching: Matching, reader: Reader) -> None:
    order_list = matching.trading.pool.take_list()
    order_list.id = reader.take()
    order_list.contingency = reader.take()
    account = matching.accounts.find(reader.take())
    if not account:
        raise ValueError(f"list {order_list.id} belongs to an account that does not exist")
    order_list.market = reader.take()
    order_list.created_ns = reader.take()
    order_list.client_id = reader.take_client_id()
    matching.trading.links.add(order_list, account)
    order_list.working_id = reader.take()
    order_list.working_name = reader.take_client_id()
    order_list.working = read_leg(matching, order_list, order_list.working_id, reader)
    order_list.first_id = reader.take()
    order_list.first_name = reader.take_client_id()
    order_list.first = read_leg(matching, order_list, order_list.first_id, reader)
    order_list.second_id = reader.take()
    order_list.second_name = reader.take_client_id()
    order_list.second = read_leg(matching, order_list, order_list.second_id, reader)


def read_leg(matching: Matching, order_list: "records.OrderList", order_id: int, reader: Reader) -> "records.Order":
    kind = reader.take()
    if not kind:
        return matching.trading.pool.no_order()
    order = matching.trading.orders.find(order_id)
    if kind == 2:
        market: Market = matching.markets[order_list.market - 1]
        order = read_order(matching, market, reader)
        order.details.pending = 1
    if not order:
        raise ValueError(f"list {order_list.id} has an order {order_id} that does not exist")
    matching.trading.links.link(order_list, order)
    return order
