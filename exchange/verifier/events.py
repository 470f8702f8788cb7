"""Events as words: the layouts of exchange/core/matching/README.md and records.pxd, written field by field."""

import struct
from typing import Any

from . import words
from .messagepack import pack
from .rows import Row
from .state import Account, Market, Order, OrderList, State

Words = list[int | bytes]
WORD = struct.Struct("<q")


def emit(state: State, kind: int, fields: list[Any]) -> None:
    """Add an event: integers as words, bytes as they are (whole words), nested client ids flattened."""
    flat: Words = []
    for each in fields:
        if isinstance(each, tuple):
            flat.extend(each)
        else:
            flat.append(each)
    body = b"".join([each if isinstance(each, bytes) else WORD.pack(each) for each in flat])
    count = 2 + len(body) // 8
    state.events.append(WORD.pack(kind | count << 8) + WORD.pack(state.seq) + body)


def message(state: State, tag: int, *fields: Any) -> None:
    """Add a cold event: its length and its MessagePack, padded to whole words."""
    content = pack([tag, *fields])
    emit(state, words.MESSAGE, [len(content), content + bytes(-len(content) % 8)])


def accepted(state: State, order: Order, row: Row) -> None:
    market = order.market
    market.executions += 1
    fields = [market.market_id, order.account.account_id, order.order_id, order.flags, order.price, order.quantity]
    fields += [
        row.quote_quantity,
        order.held,
        order.created_ns,
        market.executions,
        order.list_id,
        row.key,
        order.client_id,
        0,
    ]
    emit(state, words.ACCEPTED, fields)
    if any(order.strategy):
        emit(state, words.STRATEGY_NOTED, [market.market_id, order.order_id, order.strategy])
    terms_noted(state, order)


def terms_noted(state: State, order: Order) -> None:
    terms = order.trigger_price, order.trailing_delta, order.activation_price, order.visible, order.due_ns
    if any(terms):
        emit(state, words.TERMS_NOTED, [order.market.market_id, order.order_id, terms, 0])
    pegged(state, order)


def pegged(state: State, order: Order) -> None:
    if order.peg[0]:
        prices = order.sent_price, order.pegged_price
        emit(state, words.PEGGED, [order.market.market_id, order.order_id, order.peg, prices, 0])


def triggered(state: State, order: Order) -> None:
    pegged(state, order)
    market = order.market
    market.executions += 1
    fields = [market.market_id, order.account.account_id, order.order_id, order.flags, order.price]
    fields += [order.trigger_price, market.last_price, order.quantity, order.remaining, order.held, order.created_ns]
    fields += [market.executions, order.list_id, order.strategy, order.trailing_delta, order.client_id, 0]
    emit(state, words.TRIGGERED, fields)


def entered(state: State, order: Order) -> None:
    terms_noted(state, order)
    market = order.market
    market.executions += 1
    fields = [market.market_id, order.account.account_id, order.order_id, order.flags, order.price, order.quantity]
    fields += [order.remaining, order.held, order.created_ns, market.executions, order.list_id, order.strategy]
    emit(state, words.ENTERED, [*fields, order.client_id])


def list_changed(state: State, order_list: OrderList, status: int, key: int = 0) -> None:
    fields = [order_list.market.market_id, order_list.account.account_id, order_list.list_id, order_list.contingency]
    fields += [status, order_list.created_ns, key, *order_list.ids]
    emit(state, words.LIST_CHANGED, [*fields, order_list.client_id, *order_list.names])


def rested(state: State, order: Order) -> None:
    market = order.market
    market.updates += 1
    level = market.level_quantity(order.side, order.price)
    fields = [market.market_id, order.account.account_id, order.order_id, order.side, order.price, order.remaining]
    emit(state, words.RESTED, [*fields, level, market.updates])


def traded(
    state: State,
    market: Market,
    taker: Order,
    maker: Order,
    quantity: int,
    amounts: tuple[int, int],
    taker_fee: tuple[int, int],
    maker_fee: tuple[int, int],
    terms: int,
    cause: int = 0,
) -> None:
    """`amounts` are of base and quote, fees are amount and asset; both orders are as the trade left them."""
    market.trades += 1
    market.updates += 1
    market.executions += 2
    fields = [market.market_id, market.trades, taker.side, market.last_price, quantity, amounts, market.fee_version]
    fields += [taker.order_id, taker.account.account_id, taker.remaining, taker_fee, market.executions - 1]
    fields += [maker.order_id, maker.account.account_id, maker.remaining, maker_fee, market.executions]
    fields += [maker.flags, maker.price, maker.quantity, maker.filled_quote, maker.prevented_quantity]
    fields += [maker.created_ns, maker.list_id, maker.strategy, maker.client_id]
    fields += [market.level_quantity(maker.side, maker.price), market.updates, cause, terms]
    emit(state, words.TRADED, fields)


def transferred(state: State, buyer: Order, seller: Order, price: int, quantity: int, amounts: tuple[int, int]) -> None:
    market = buyer.market
    fields = [market.market_id, market.prevented, buyer.account.account_id, seller.account.account_id]
    emit(state, words.TRANSFERRED, [*fields, price, quantity, amounts])


def proceeds_locked(state: State, working: Order, pending: Order, amount: int, received: int) -> None:
    market = working.market
    fields = [market.market_id, working.account.account_id, working.list_id, pending.order_id, market.trades]
    emit(state, words.PROCEEDS_LOCKED, [*fields, amount, pending.held, received])


def referred(state: State, market: Market, share: tuple[int, int, int, int, int]) -> None:
    emit(state, words.REFERRED, [market.market_id, market.trades, *share, market.fee_version])


def canceled(
    state: State, order: Order, reason: int, has_rested: bool, cancel_id: tuple[int, ...], counter_order: int, code: int
) -> None:
    """An order that rested has left its list already; `order.held` is still what is released."""
    terms_noted(state, order)
    market = order.market
    market.executions += 1
    market.updates += has_rested
    level = market.level_quantity(order.side, order.price) if has_rested else words.NOT_RESTING
    fields = [market.market_id, order.account.account_id, order.order_id, order.flags, reason, order.price]
    fields += [order.quantity, order.remaining, order.filled_quote, order.prevented_quantity, order.held]
    fields += [order.created_ns, market.executions, order.list_id, order.strategy, level, market.updates]
    emit(state, words.CANCELED, [*fields, order.client_id, cancel_id, counter_order, code])


def refilled(state: State, order: Order) -> None:
    market = order.market
    market.updates += 1
    fields = [market.market_id, order.account.account_id, order.order_id, order.side, order.price, order.part]
    emit(state, words.REFILLED, [*fields, market.level_quantity(order.side, order.price), market.updates])


def amended(state: State, order: Order, old_quantity: int, old_client_id: tuple[int, ...], released: int) -> None:
    pegged(state, order)
    market = order.market
    market.executions += 1
    rests = order in market.side(order.side)
    market.updates += rests
    level = words.NOT_RESTING if not rests else market.level_quantity(order.side, order.price)
    fields = [market.market_id, order.account.account_id, order.order_id, order.flags, order.price, order.quantity]
    fields += [old_quantity, order.remaining, order.filled_quote, order.prevented_quantity, released, order.created_ns]
    fields += [
        market.executions,
        order.list_id,
        order.strategy,
        level,
        market.updates,
        order.client_id,
        old_client_id,
        0,
        0,
    ]
    emit(state, words.AMENDED, fields)


def rejected(state: State, row: Row, code: int, row_kind: int = 0) -> None:
    emit(state, words.REJECTED, [row_kind or row.kind, row.market, row.account, row.key, int(code), row.order_id])


def prevented(
    state: State, taker: Order, maker: Order, taker_prevented: int, maker_prevented: int, owner: Account
) -> None:
    market = taker.market
    market.prevented += 1
    fields = [market.market_id, market.prevented, taker.self_trade, maker.price]
    fields += [taker.order_id, taker.account.account_id, taker_prevented]
    fields += [maker.order_id, maker.account.account_id, maker_prevented, owner.trade_group, 0]
    emit(state, words.PREVENTED, fields)
