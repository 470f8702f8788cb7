"""What a market lets through: its status, its switches, its filters, and the average price that some of them ask."""

from . import words
from .rows import Row
from .state import Account, Market, State
from .words import Code, Refusal


def takes(status: int, row: Row) -> bool:
    """Whether a market of this status takes such an order."""
    if status == words.POST_ONLY:
        return row.type != words.MARKET and (row.type != words.LIMIT or row.time_in_force in (words.GTC, words.GTD))
    if status == words.AUCTION:
        return row.type > words.LIMIT_MAKER or (row.type == words.LIMIT and row.time_in_force in (words.GTC, words.GTD))
    return status == words.TRADING


def is_switched_off(off: int, row: Row) -> bool:
    trigger = row.extension(words.TRIGGER)
    if row.extension(words.ICEBERG) and off & words.ICEBERGS_OFF:
        return True
    if row.kind == words.CANCEL_REPLACE and off & words.REPLACES_OFF:
        return True
    if trigger and off & (words.TRAILING_OFF if trigger[1] else words.STOPS_OFF):
        return True
    if row.time_in_force == words.GTD and off & words.GOOD_TILL_OFF:
        return True
    return row.quote_quantity != 0 and off & words.QUOTE_ORDERS_OFF != 0


def refuse_if(is_wrong: bool, code: Code) -> None:
    if is_wrong:
        raise Refusal(code)


def average_price(market: Market, now_ns: int) -> int:
    """The average over the window; the last price where the window is empty; 0 before any trade."""
    minutes = market.filters["average_minutes"]
    if minutes == 0:
        return market.last_price
    newest = now_ns // (minutes * words.NS_PER_SECOND)
    window = [sums for number, sums in market.buckets.items() if newest - words.AVERAGE_BUCKETS < number <= newest]
    quantity = sum(each[1] for each in window)
    return sum(each[0] for each in window) // quantity if quantity else market.last_price


def note_trade(market: Market, price: int, quantity: int, now_ns: int) -> None:
    """Put a trade into its bucket, and drop the buckets that no window reaches any more."""
    market.last_price = price
    minutes = market.filters["average_minutes"]
    if minutes == 0:
        return
    newest = now_ns // (minutes * words.NS_PER_SECOND)
    notional, total = market.buckets.get(newest, (0, 0))
    market.buckets[newest] = (notional + price * quantity, total + quantity)
    market.newest_bucket = newest
    for number in [each for each in market.buckets if each <= newest - words.AVERAGE_BUCKETS]:
        del market.buckets[number]


def is_off_step(value: int, least: int, most: int, step: int) -> bool:
    return not least <= value <= most or (step > 1 and value % step != 0)


def check_quantity(market: Market, quantity: int) -> None:
    filters = market.filters
    bounds = filters["min_quantity"], filters["max_quantity"], filters["quantity_step"]
    refuse_if(is_off_step(quantity, *bounds), Code.LOT_SIZE)


def check_limit_filters(state: State, market: Market, row: Row) -> None:
    check_priced(state, market, row.side, row.price, row.quantity)


def check_priced(state: State, market: Market, side: int, price: int, quantity: int) -> None:
    filters = market.filters
    bounds = filters["min_price"], filters["max_price"], filters["price_step"]
    refuse_if(price == 0 or is_off_step(price, *bounds), Code.PRICE_FILTER)
    check_quantity(market, quantity)
    average = average_price(market, state.now_ns)
    if average:
        up, down = ("bid_up_ppm", "bid_down_ppm") if side == words.BUY else ("ask_up_ppm", "ask_down_ppm")
        is_high = filters[up] != 0 and price > average * filters[up] // words.PPM
        is_low = price < average * filters[down] // words.PPM
        refuse_if(is_high or is_low, Code.PERCENT_PRICE_BY_SIDE)
        is_high = filters["up_ppm"] != 0 and price > average * filters["up_ppm"] // words.PPM
        refuse_if(is_high or price < average * filters["down_ppm"] // words.PPM, Code.PERCENT_PRICE)
    notional = market.notional(price, quantity)
    is_great = filters["max_notional"] != 0 and notional > filters["max_notional"]
    refuse_if(notional < filters["min_notional"] or is_great, Code.NOTIONAL)


def check_market_filters(state: State, market: Market, row: Row) -> None:
    if not row.quantity:
        refuse_if(row.quote_quantity > words.AMOUNT_MAX, Code.NUMBER_OUT_OF_RANGE)
        return
    check_lots_without_price(state, market, row)


def check_lots_without_price(state: State, market: Market, row: Row) -> None:
    filters = market.filters
    check_quantity(market, row.quantity)
    most = filters["market_max_quantity"]
    is_off = is_off_step(row.quantity, filters["market_min_quantity"], most, filters["market_quantity_step"])
    refuse_if(most != 0 and is_off, Code.MARKET_LOT_SIZE)
    average = average_price(market, state.now_ns)
    if average and (filters["apply_min_to_market"] or filters["apply_max_to_market"]):
        notional = market.notional(average, row.quantity)
        is_small = filters["apply_min_to_market"] != 0 and notional < filters["min_notional"]
        has_most = filters["apply_max_to_market"] != 0 and filters["max_notional"] != 0
        is_great = notional > words.AMOUNT_MAX or (has_most and notional > filters["max_notional"])
        refuse_if(is_small or is_great, Code.NOTIONAL)


def check_counts(market: Market, account: Account) -> None:
    here = sum(order.market is market for order in account.orders)
    refuse_if(here >= market.filters["max_orders"], Code.MAX_NUM_ORDERS)
    refuse_if(len(account.orders) >= words.ACCOUNT_ORDERS_MAX, Code.ACCOUNT_MAX_ORDERS)


def check_iceberg(market: Market, account: Account, row: Row) -> None:
    iceberg = row.extension(words.ICEBERG)
    if iceberg is None:
        return
    check_quantity(market, iceberg[0])
    parts, count = -(-row.quantity // iceberg[0]), sum(o.market is market and o.visible > 0 for o in account.orders)
    most_parts, most = market.filters["iceberg_parts"], market.filters["max_iceberg_orders"]
    refuse_if(most_parts != 0 and parts > most_parts, Code.ICEBERG_PARTS)
    refuse_if(most != 0 and count >= most, Code.MAX_NUM_ICEBERG_ORDERS)


def check_position(state: State, market: Market, account: Account, row: Row, lots: int) -> None:
    most = market.filters["max_position"]
    if most == 0 or row.side != words.BUY:
        return
    cell = account.account_id, market.base
    owned = (state.ledger.available.get(cell, 0) + state.ledger.held.get(cell, 0)) // market.base_per_lot
    bought = sum(o.remaining for o in account.orders if o.market is market and o.side == words.BUY)
    refuse_if(owned + bought + lots > most, Code.MAX_POSITION)
