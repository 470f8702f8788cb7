"""The rarer terms of orders: extensions, what can be said against orders that wait, icebergs, changes of orders, and
against kinds of orders that a market's status or its operator keeps out. Each check returns a refusal, or 0. The table
of kinds and extensions in the README of this package is the source of `allowed_extensions`.

Source:  ../shared/binance-spot-reference.md §7, §10, §11.
"""

from . import arithmetic, average, codes, indexes, records, triggers
from .buffers import Rows
from .market import Market


def malformed_extensions(rows: Rows, at: int, row: "records.Row") -> int:
    """Each extension at most once, and only where its kind of row may carry it."""
    seen = 0
    for number in range(row.extensions):
        kind = rows.extension_kind(at, number)
        if kind < 1 or kind > codes.EXTENSION_KINDS:
            return codes.MALFORMED_ROW
        if seen >> kind & 1 or not allowed_extensions(row.kind) >> kind & 1:
            return codes.MALFORMED_ROW
        seen = seen | 1 << kind
    return 0


def allowed_extensions(row_kind: int) -> int:
    """The extensions that a row of this kind may carry, as bits by extension kind."""
    if row_kind == codes.PLACE:
        return (
            1 << codes.TRIGGER
            | 1 << codes.ICEBERG
            | 1 << codes.PEG
            | 1 << codes.CONDITION
            | 1 << codes.STRATEGY
            | 1 << codes.GOOD_TILL
        )
    if row_kind == codes.CANCEL or row_kind == codes.AMEND or row_kind == codes.CANCEL_LIST:
        return 1 << codes.REFERENCE
    if row_kind == codes.CANCEL_REPLACE:
        return allowed_extensions(codes.PLACE) | 1 << codes.REFERENCE | 1 << codes.CANCEL_ID
    return 0


def unsupported_place(rows: Rows, at: int, row: "records.Row", has_pegs: int) -> int:
    """Refuse what is well formed and not known to this engine: see the README's table for what is."""
    for number in range(row.extensions):
        kind = rows.extension_kind(at, number)
        if kind == codes.CONDITION or (kind == codes.PEG and not has_pegs):
            return codes.UNSUPPORTED
    return 0


def malformed_trigger(row: "records.Row", trigger: "records.Trigger") -> int:
    """A type that waits has one price to wait for, or one distance to follow at; another type has neither."""
    if row.flags.type <= codes.LIMIT_MAKER:
        return codes.MALFORMED_ROW if trigger else 0
    if not trigger or trigger.direction or trigger.spare_1 or trigger.spare_2 or trigger.spare_3:
        return codes.MALFORMED_ROW
    if (trigger.trigger_price | trigger.trailing_delta | trigger.activation_price) < 0:
        return codes.MALFORMED_ROW
    if trigger.trailing_delta >= codes.BPS or (trigger.trigger_price != 0) == (trigger.trailing_delta != 0):
        return codes.MALFORMED_ROW
    return codes.MALFORMED_ROW if trigger.activation_price and not trigger.trailing_delta else 0


def malformed_iceberg(row: "records.Row", iceberg: "records.Iceberg") -> int:
    """Only an order that rests can show a part of itself at a time."""
    if not iceberg:
        return 0
    order_type = row.flags.type
    if order_type == codes.MARKET or order_type == codes.STOP_LOSS or order_type == codes.TAKE_PROFIT:
        return codes.MALFORMED_ROW
    if row.flags.time_in_force != codes.GTC or iceberg.visible <= 0:
        return codes.MALFORMED_ROW
    spares = iceberg.spare_1 | iceberg.spare_2 | iceberg.spare_3 | iceberg.spare_4 | iceberg.spare_5 | iceberg.spare_6
    return codes.MALFORMED_ROW if spares else 0


def malformed_good_till(row: "records.Row", good_till: "records.GoodTill") -> int:
    """An order that ends by itself says when, and no other does."""
    if not good_till and row.flags.time_in_force == codes.GTD:
        return codes.MALFORMED_ROW
    if not good_till:
        return 0
    if row.flags.time_in_force != codes.GTD:
        return codes.MALFORMED_ROW
    spares = good_till.spare_1 | good_till.spare_2 | good_till.spare_3 | good_till.spare_4 | good_till.spare_5
    return codes.MALFORMED_ROW if good_till.due_ns <= 0 or spares or good_till.spare_6 else 0


def malformed_replace(row: "records.Row", reference: "records.Reference") -> int:
    """A cancel-replace names one order as a cancel does, and says what happens where that cannot be cancelled."""
    if row.flags.restriction > codes.ONLY_PARTIALLY_FILLED or not reference or reference.spare_2:
        return codes.MALFORMED_ROW
    if reference.spare_1 != codes.STOP_ON_FAILURE and reference.spare_1 != codes.ALLOW_FAILURE:
        return codes.MALFORMED_ROW
    return 0 if row.order_id or indexes.has_client_id(reference.client_id) else codes.MALFORMED_ROW


def malformed_cancel_all(row: "records.Row") -> int:
    """A cancel-all names an account and perhaps a market (0: all of them)."""
    if row.flags.restriction or row.price or row.quantity or row.quote_quantity or row.order_id:
        return codes.MALFORMED_ROW
    return 0


def malformed_amend(row: "records.Row", reference: "records.Reference") -> int:
    """An amendment names one order as a cancel does, and its new quantity."""
    if row.flags.restriction or row.market == 0 or row.price or row.quote_quantity or not row.quantity:
        return codes.MALFORMED_ROW
    if row.order_id:
        return 0
    if reference:
        return 0 if indexes.has_client_id(reference.client_id) else codes.MALFORMED_ROW
    return codes.MALFORMED_ROW


def off_bounds(number: int, least: int, most: int) -> bool:
    """Whether a number lies outside its bounds; an upper bound of 0 is none."""
    return number < least or (most != 0 and number > most)


def wrong_price_of_all(market: Market, price: int, now_ns: int) -> int:
    """PERCENT_PRICE around the average price, whatever the side."""
    reference = average.average_price(market, now_ns)
    if not reference:
        return 0
    is_low = price < arithmetic.mul_ppm(reference, market.down_ppm)
    return codes.PERCENT_PRICE if is_low or price > arithmetic.upper_bound(reference, market.up_ppm) else 0


def wrong_market_notional(market: Market, quantity: int, now_ns: int) -> int:
    """NOTIONAL for a MARKET order by quantity: only the bounds marked so, at the average price."""
    if not market.apply_min_to_market and not market.apply_max_to_market:
        return 0
    reference = average.average_price(market, now_ns)
    if not reference:
        return 0
    if quantity > codes.AMOUNT_MAX // (reference * market.quote_per_tick_lot):
        return codes.NOTIONAL
    notional = reference * quantity * market.quote_per_tick_lot
    if market.apply_min_to_market and notional < market.min_notional:
        return codes.NOTIONAL
    if market.apply_max_to_market and market.max_notional and notional > market.max_notional:
        return codes.NOTIONAL
    return 0


def is_closed(row: "records.Row", status: int) -> bool:
    """Whether a market of this status, which is not TRADING, takes no such order: the table of the README."""
    if status != codes.POST_ONLY and status != codes.AUCTION:
        return True
    order_type = row.flags.type
    if order_type == codes.MARKET or (status == codes.AUCTION and order_type == codes.LIMIT_MAKER):
        return True
    time_in_force = row.flags.time_in_force
    return order_type == codes.LIMIT and time_in_force != codes.GTC and time_in_force != codes.GTD


def is_switched_off(row: "records.Row", off: int, trigger: "records.Trigger", iceberg: "records.Iceberg") -> bool:
    """Whether an order needs what its market is told not to offer."""
    if iceberg and off & codes.ICEBERGS_OFF:
        return True
    if row.kind == codes.CANCEL_REPLACE and off & codes.REPLACES_OFF:
        return True
    if trigger and off & (codes.TRAILING_OFF if trigger.trailing_delta else codes.STOPS_OFF):
        return True
    if row.flags.time_in_force == codes.GTD and off & codes.GOOD_TILL_OFF:
        return True
    return row.quote_quantity != 0 and off & codes.QUOTE_ORDERS_OFF != 0


def wrong_trailing(market: Market, order_type: int, side: int, delta: int) -> int:
    """TRAILING_DELTA by whether the order's stop price stands above the market; at most so many in a market."""
    if triggers.is_above(order_type, side):
        if off_bounds(delta, market.min_trailing_above, market.max_trailing_above):
            return codes.TRAILING_DELTA
    elif off_bounds(delta, market.min_trailing_below, market.max_trailing_below):
        return codes.TRAILING_DELTA
    return codes.MARKET_MAX_TRAILING if market.trailing >= codes.TRAILING_MAX else 0


def waiting_orders(seat: "records.Seat") -> int:
    """How many of an account's open orders in a market are of a type that waits, whether they do or not."""
    count = 0
    order = seat.first
    while order:
        if order.flags.type > codes.LIMIT_MAKER:
            count += 1
        order = order.seat_next
    return count


def wrong_parts(market: Market, seat: "records.Seat", quantity: int, visible: int) -> int:
    """ICEBERG_PARTS, and how many icebergs an account has open in a market."""
    parts = (quantity - 1) // visible + 1
    if market.iceberg_parts and parts > market.iceberg_parts:
        return codes.ICEBERG_PARTS
    if market.max_iceberg_orders and seat and icebergs(seat) >= market.max_iceberg_orders:
        return codes.MAX_NUM_ICEBERG_ORDERS
    return 0


def icebergs(seat: "records.Seat") -> int:
    """How many icebergs an account has open in a market."""
    count = 0
    order = seat.first
    while order:
        if order.details and order.details.visible:
            count += 1
        order = order.seat_next
    return count


def wrong_due(good_till: "records.GoodTill", now_ns: int) -> int:
    """Whether the moment at which an order would end has come already."""
    return codes.GOOD_TILL_PASSED if good_till and good_till.due_ns <= now_ns else 0


def wrong_position(market: Market, seat: "records.Seat", cell: "records.Cell", lots: int) -> int:
    """MAX_POSITION: what an account has of the base asset, would have by its open purchases, and by this one."""
    position = lots
    if cell:
        position += (cell.available + cell.held) // market.base_per_lot
    if seat:
        order = seat.first
        while order:
            if order.flags.side == codes.BUY:
                position += order.remaining
            order = order.seat_next
    return codes.MAX_POSITION if position > market.max_position else 0


def note_details(rows: Rows, at: int, details: "records.Details") -> None:
    """Keep what the extensions of a row say of its order."""
    strategy = rows.strategy(at)
    if strategy:
        details.strategy_id = strategy.strategy_id
        details.strategy_type = strategy.strategy_type
    iceberg = rows.iceberg(at)
    if iceberg:
        details.visible = iceberg.visible
    good_till = rows.good_till(at)
    if good_till:
        details.due_ns = good_till.due_ns
    trigger = rows.trigger(at)
    if trigger:
        details.trigger_price = trigger.trigger_price
        details.trailing_delta = trigger.trailing_delta
        details.activation_price = trigger.activation_price
