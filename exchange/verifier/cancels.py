"""Cancelling orders, making them smaller, replacing them; one function per sentence of core/matching/README.md."""

from . import events, lists, words
from .filters import check_limit_filters, check_lots_without_price, check_quantity, refuse_if
from .orders import check_form, check_market, check_sender, end, place_here, shrink
from .rows import NO_CLIENT_ID, Row
from .state import Account, Market, Order, State
from .words import Code, Refusal


def cancel(state: State, row: Row) -> Market:
    check_form(state, row)
    account = check_sender(state, row)
    market = check_market(state, row)
    end(state, named(market, account, row), words.BY_REQUEST, row.client_id)
    lists.settle(state)
    return market


def named(market: Market, account: Account, row: Row) -> Order:
    """The order that a row names and may end or change."""
    reference = row.extension(words.REFERENCE)
    original = reference[:5] if reference else NO_CLIENT_ID
    order = next(
        (
            each
            for each in account.orders
            if (each.order_id == row.order_id if row.order_id else each.client_id == original)
        ),
        None,
    )
    if order is None or order.market is not market:
        raise Refusal(Code.UNKNOWN_ORDER)
    refuse_if(original not in (NO_CLIENT_ID, order.client_id), Code.ORDER_ID_MISMATCH)
    has_traded = order.filled_quote != 0
    refuse_if(row.restriction == words.ONLY_NEW and has_traded, Code.CANCEL_RESTRICTED)
    refuse_if(row.restriction == words.ONLY_PARTIALLY_FILLED and not has_traded, Code.CANCEL_RESTRICTED)
    return order


def amend(state: State, row: Row) -> Market:
    """Give an order a smaller quantity, and perhaps another client id."""
    check_form(state, row)
    account = check_sender(state, row)
    market = check_market(state, row)
    refuse_if(market.features_off & words.AMENDS_OFF != 0, Code.FEATURE_OFF)
    order = named(market, account, row)
    refuse_if(order.quantity == 0, Code.AMENDS_PENDING_OPO)
    refuse_if(row.quantity == order.quantity, Code.NOTHING_TO_CHANGE)
    refuse_if(row.quantity > order.quantity, Code.QUANTITY_NOT_LESS)
    most = market.filters["max_amends"]
    refuse_if(most != 0 and order.amends >= most, Code.MAX_NUM_ORDER_AMENDS)
    check_quantity(market, row.quantity)
    is_small = market.notional(order.price, row.quantity) < market.filters["min_notional"]
    refuse_if(order.price != 0 and is_small, Code.NOTIONAL)
    if row.client_id not in (NO_CLIENT_ID, order.client_id):
        refuse_if(any(each.client_id == row.client_id for each in account.orders), Code.DUPLICATE_CLIENT_ID)
    if row.quantity <= order.quantity - order.remaining:
        end(state, order, words.AMENDED_AWAY, row.client_id)
        lists.settle(state)
        return market
    old = order.quantity, order.client_id
    order.has_details = True
    order.amends += 1
    order.updated_ns = state.now_ns
    released = shrink(state, order, order.quantity - row.quantity)
    order.quantity = row.quantity
    if row.client_id != NO_CLIENT_ID:
        order.client_id = row.client_id
    events.amended(state, order, *old, released)
    lists.amended(state, order, old[0], row.client_id != NO_CLIENT_ID)
    return market


def cancel_replace(state: State, row: Row) -> None:
    """Cancel one order, place another; either half may fail by itself."""
    check_form(state, row)
    account = check_sender(state, row)
    market = check_market(state, row)
    if row.type in (words.MARKET, words.STOP_LOSS, words.TAKE_PROFIT):
        if row.quantity:
            check_lots_without_price(state, market, row)
    elif row.price == 0 and row.extension(words.PEG):
        check_quantity(market, row.quantity)
    else:
        check_limit_filters(state, market, row)
    reference = row.extension(words.REFERENCE) or ()
    try:
        order = named(market, account, row)
    except Refusal as refusal:
        if reference[5] == words.STOP_ON_FAILURE:
            raise
        events.rejected(state, row, refusal.code, words.CANCEL)
    else:
        cancel_id = (row.extension(words.CANCEL_ID) or NO_CLIENT_ID)[:5]
        end(state, order, words.BY_REQUEST, cancel_id)
        lists.settle(state)
    try:
        place_here(state, row, account, market)
    except Refusal as refusal:
        events.rejected(state, row, refusal.code, words.PLACE)


def cancel_all(state: State, row: Row) -> Market:
    check_form(state, row)
    account = check_sender(state, row)
    market = check_market(state, row)
    orders = [order for order in account.orders if order.market is market]
    refuse_if(not orders, Code.NOTHING_TO_CANCEL)
    for order in orders:
        end(state, order, words.BY_CANCEL_ALL, row.client_id)
    lists.settle(state)
    return market
