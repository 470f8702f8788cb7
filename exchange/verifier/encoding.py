"""The canonical encoding of the state (the READMEs of core and core/matching), and its hash."""

import struct
from hashlib import sha256
from typing import Any

from . import limitations, schedules
from .fields import OTHER_FILTERS, PROTECTION
from .messagepack import pack
from .state import FILTERS, Market, Order, State

VERSION = 1
COUNTERS, ACCOUNTS, KEYS, CELLS, MARKETS, ORDERS, LISTS = 1, 2, 3, 4, 5, 6, 7
SYSTEM, ASSETS, LISTINGS, USERS, API_KEYS, REQUESTS, TIMERS, RESUMPTIONS = 16, 17, 18, 19, 20, 21, 22, 23
SESSIONS, REMEMBERED, LIMITATIONS, FEES = 24, 25, 26, 27
HIGH = 1 << 62
# The order of filters in the section of markets is not that of the message.
MARKET_FILTERS = (
    *(name for name in FILTERS if name not in ("max_orders", "default_self_trade", "allowed_self_trade")),
    *("max_orders", "default_self_trade", "allowed_self_trade"),
)
MARKET_FILTERS, MORE_FILTERS = (
    tuple(name for name in MARKET_FILTERS if name not in OTHER_FILTERS[-12:]),
    OTHER_FILTERS[-12:],
)


def encode(state: State) -> bytes:
    """All sections, each with its head, padded to whole words."""
    return b"".join(
        struct.pack("<3q", number, VERSION, len(content)) + content + bytes(-len(content) % 8)
        for number, content in [*hot_sections(state), *cold_sections(state)]
    )


def state_hash(state: State) -> bytes:
    return sha256(encode(state)).digest()


def as_words(numbers: list[int]) -> bytes:
    return struct.pack(f"<{len(numbers)}q", *numbers)


def hot_sections(state: State) -> list[tuple[int, bytes]]:
    accounts: list[int] = []
    for _, account in sorted(state.accounts.items()):
        accounts += [account.account_id, account.kind, account.status]
        accounts += [account.tier, account.trade_group, account.parent]
    keys: list[int] = []
    for _, key in sorted(state.keys.items()):
        keys += [key.key_id, key.account_id, key.rights, int(key.is_revoked)]
    cells = [number for account, asset, *amounts in state.ledger.cells() for number in (account, asset, *amounts, 0)]
    markets = [number for market in state.markets for number in market_words(market)]
    orders: list[int] = []
    for market in state.markets:
        orders.append(market.market_id)
        for side in (market.bids, market.asks, market.falling, market.rising, market.trailing):
            orders.append(len(side))
            orders += [number for order in side for number in order_words(order)]
    return [
        (COUNTERS, as_words([state.next_order_id])),
        (ACCOUNTS, as_words(accounts)),
        (KEYS, as_words(keys)),
        (CELLS, as_words(cells)),
        (MARKETS, as_words(markets)),
        (ORDERS, as_words(orders)),
        *([(LISTS, as_words(list_words(state)))] if state.next_list_id > 1 else []),
    ]


def list_words(state: State) -> list[int]:
    numbers = [state.next_list_id, len(state.lists)]
    for each in sorted(state.lists, key=lambda each: each.account.account_id):
        numbers += [each.list_id, each.contingency, each.account.account_id, each.market.market_id, each.created_ns]
        numbers += each.client_id
        for order, order_id, name in zip(each.legs, each.ids, each.names, strict=True):
            numbers += [order_id, *name]
            if order is None:
                numbers.append(0)
            else:
                numbers += [2, *order_words(order)] if order.is_pending else [1]
    for market in state.markets:
        numbers.append(len(market.ready))
        for each in market.ready:
            numbers += [each.account.account_id, each.list_id]
    return numbers


def market_words(market: Market) -> list[int]:
    numbers = [market.market_id, market.base, market.quote, market.base_per_lot, market.quote_per_tick_lot]
    numbers += [market.status, market.trades, market.updates, market.executions, market.prevented, market.last_price]
    numbers += [market.filters[name] for name in MARKET_FILTERS]
    numbers.append(market.fee_version)
    for maker_ppm, taker_ppm in market.fees:
        numbers += [maker_ppm, taker_ppm]
    guards = market.protection
    numbers += [market.filters[name] for name in MORE_FILTERS]
    numbers += [market.features_off, *(guards[name] for name in PROTECTION[:7])]
    numbers += [market.breaker_price, market.breaker_since_ns, market.notional_second, market.notional_sum]
    numbers += [market.reach_down, market.reach_up, market.newest_bucket, len(market.buckets)]
    for number, (notional, quantity) in sorted(market.buckets.items()):
        numbers += [number, notional // HIGH, notional % HIGH, quantity // HIGH, quantity % HIGH]
    return numbers


def resumption(market: Market) -> list[int]:
    """How a market goes on after a halt, and the auction that it is in."""
    settings = [market.protection[name] for name in PROTECTION[7:]]
    phase = [market.halt_ends_ns, market.auction_ends_ns, market.indicates_ns, market.seconds, market.extended]
    return [market.market_id, *settings, *phase, int(market.is_killed)]


def order_words(order: Order) -> list[int]:
    flags = struct.unpack("<q", order.flags)[0]
    numbers = [order.order_id, flags, order.account.account_id, order.price, order.quantity, order.remaining]
    numbers += [order.held, order.filled_quote, order.prevented_quantity, order.created_ns, order.updated_ns]
    numbers += order.client_id
    if not order.has_details:
        return [*numbers, 0]
    waiting = order.trigger_price, order.trailing_delta, order.activation_price, order.extreme, order.triggered_ns
    details = [*order.strategy, order.list_id, *waiting, order.visible, order.part, order.amends]
    if order.peg[0]:
        details += [order.due_ns, *order.peg, order.sent_price, order.pegged_price]
    else:
        details += [order.due_ns] if order.due_ns else []
    return [*numbers, len(details), *details]


def remembered(state: State) -> list[Any]:
    return [
        [account_id, [[as_words(list(name)), *rest] for name, *rest in every]]
        for account_id, every in sorted(state.remembered.items())
    ]


def cold_sections(state: State) -> list[tuple[int, bytes]]:
    users = [[account.account_id, account.user_id] for _, account in sorted(state.accounts.items()) if account.user_id]
    keys = [
        [key.key_id, key.api_key, key.algorithm, key.public_key, key.vault_reference, key.expires_ns]
        for _, key in sorted(state.keys.items())
    ]
    contents = [
        (
            SYSTEM,
            [
                *(state.journal_id, state.format_version, state.engine_version, state.created_ns),
                sorted(state.rules.items()),
                sorted(state.limits.items()),
            ],
        ),
        (ASSETS, [[number, name, scale] for number, (name, scale) in enumerate(state.assets, 1)]),
        (
            LISTINGS,
            [
                [market.market_id, market.symbol, market.base, market.quote, market.tick_size, market.lot_size]
                for market in state.markets
            ],
        ),
        (USERS, [state.next_account_id, users]),
        (API_KEYS, [state.next_key_id, keys]),
        (REQUESTS, sorted(state.requests.items())),
        (TIMERS, sorted(state.timers)),
        (RESUMPTIONS, [numbers for market in state.markets if any((numbers := resumption(market))[1:])]),
    ]
    if state.next_session_id > 1:
        contents.append((SESSIONS, [state.next_session_id, sorted(state.sessions.items())]))
    if state.remembered:
        contents.append((REMEMBERED, remembered(state)))
    limits = limitations.content(state)
    if limits:
        contents.append((LIMITATIONS, limits))
    terms = schedules.content(state)
    if terms:
        contents.append((FEES, terms))
    return [(number, pack(content)) for number, content in contents]
