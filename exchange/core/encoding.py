"""State ↔ its canonical encoding: what a snapshot holds and the state hash hashes (README of this package).

Dull on purpose: field by field, and the place where old versions would be upgraded.
"""

import hashlib
from collections.abc import Iterator
from struct import Struct
from typing import Any

import msgspec

from . import auctions, countdowns, fees, limitations, rules
from .matching import encoding as hot
from .state import ApiKey, Asset, Listing, Remembered, State

VERSION = 1
SYSTEM, ASSETS, LISTINGS, USERS, API_KEYS, REQUESTS, TIMERS, RESUMPTIONS = 16, 17, 18, 19, 20, 21, 22, 23
SESSIONS, REMEMBERED, LIMITATIONS, FEES = 24, 25, 26, 27
HEAD = Struct("<3q")
HOT_SECTIONS = (hot.COUNTERS, hot.ACCOUNTS, hot.KEYS, hot.CELLS, hot.MARKETS, hot.ORDERS, hot.LISTS)
# Left out where there is nothing to say: a journal that never used them keeps the hash that it had before they were.
OPTIONAL_SECTIONS = frozenset([hot.LISTS, SESSIONS, REMEMBERED, LIMITATIONS, FEES])


def sections(state: State) -> Iterator[bytes]:
    """Yield every section, head and content, padded to whole words."""
    for number, content in hot.sections(state.matching, state.next_account_id, state.next_key_id):
        yield from framed(number, content)
    for number, content in cold_sections(state):
        yield from framed(number, msgspec.msgpack.encode(content))


def framed(number: int, content: bytes) -> Iterator[bytes]:
    yield HEAD.pack(number, VERSION, len(content))
    yield content
    yield bytes(-len(content) % 8)


def state_hash(state: State) -> bytes:
    """SHA-256 over all sections."""
    digest = hashlib.sha256()
    for part in sections(state):
        digest.update(part)
    return digest.digest()


def cold_sections(state: State) -> list[tuple[int, Any]]:
    return [
        (
            SYSTEM,
            [
                state.journal_id,
                state.format_version,
                state.engine_version,
                state.created_ns,
                sorted(state.rules.items()),
                sorted(state.limits.items()),
            ],
        ),
        (ASSETS, [(asset.asset_id, asset.name, asset.scale) for asset in state.assets]),
        (
            LISTINGS,
            [
                (each.market_id, each.symbol, each.base.asset_id, each.quote.asset_id, each.tick_size, each.lot_size)
                for each in state.listings
            ],
        ),
        (USERS, [state.next_account_id, sorted(state.users.items())]),
        (
            API_KEYS,
            [
                state.next_key_id,
                [
                    (key.key_id, key.api_key, key.algorithm, key.public_key, key.vault_reference, key.expires_ns)
                    for _, key in sorted(state.api_keys.items())
                ],
            ],
        ),
        (REQUESTS, sorted(state.requests.items())),
        (TIMERS, list(state.timers)),
        (
            RESUMPTIONS,
            [
                (market_id, *vars(each).values())
                for market_id, each in sorted(state.resumptions.items())
                if any(vars(each).values())
            ],
        ),
        *([(SESSIONS, [state.next_session_id, sorted(state.sessions.items())])] if state.next_session_id > 1 else []),
        *([(REMEMBERED, remembered(state))] if state.remembered else []),
        *([(LIMITATIONS, limits)] if (limits := limitations.content(state)) else []),
        *([(FEES, terms)] if (terms := fees.content(state)) else []),
    ]


def remembered(state: State) -> list[Any]:
    """By account; within it as they were placed."""
    return [
        (account_id, [(name, *known) for name, known in mine.items()])
        for account_id, mine in sorted(state.remembered.items())
    ]


def restore(secret: bytes, encoded: bytes | memoryview) -> State:
    """Rebuild a state from its sections. ValueError where they are not those of this version, in their order."""
    state = State(secret)
    view = memoryview(encoded)
    at = 0
    for expected in (
        *HOT_SECTIONS,
        SYSTEM,
        ASSETS,
        LISTINGS,
        USERS,
        API_KEYS,
        REQUESTS,
        TIMERS,
        RESUMPTIONS,
        SESSIONS,
        REMEMBERED,
        LIMITATIONS,
        FEES,
    ):
        if at == len(view) and expected in OPTIONAL_SECTIONS:
            continue
        number, version, size = HEAD.unpack_from(view, at)
        if number != expected and expected in OPTIONAL_SECTIONS:
            continue
        if (number, version) != (expected, VERSION):
            raise ValueError(f"section {number} version {version} stands where section {expected} version 1 belongs")
        at += HEAD.size
        content = view[at : at + size]
        if number in HOT_SECTIONS:
            hot.restore(state.matching, number, content)
        else:
            restore_cold(state, number, msgspec.msgpack.decode(content))
        at += size + -size % 8
    if at != len(view):
        raise ValueError(f"{len(view) - at} bytes stand behind the last section")
    hot.remember_orders(state.matching)
    limitations.note_all(state)
    rules.tell_all(state)
    return state


def restore_cold(state: State, number: int, content: Any) -> None:
    if number == SYSTEM:
        state.journal_id, state.format_version, state.engine_version, state.created_ns, rules, limits = content
        state.rules = dict(rules)
        state.limits = dict(limits)
    elif number == ASSETS:
        state.assets = [Asset(*fields) for fields in content]
        state.asset_names = {asset.name: asset for asset in state.assets}
    elif number == LISTINGS:
        for market_id, symbol, base, quote, tick_size, lot_size in content:
            listing = Listing(market_id, symbol, state.assets[base - 1], state.assets[quote - 1], tick_size, lot_size)
            state.listings.append(listing)
            state.symbols[symbol] = listing
    elif number == USERS:
        state.next_account_id = content[0]
        state.users = dict(content[1])
    elif number == API_KEYS:
        state.next_key_id = content[0]
        for fields in content[1]:
            key = ApiKey(*fields)
            state.api_keys[key.key_id] = key
            state.api_key_names[key.api_key] = key
    elif number == REQUESTS:
        state.requests = dict(content)
    elif number == TIMERS:
        for due_ns, kind, subject_id in content:
            state.timers[due_ns, kind, subject_id] = None
            if kind == countdowns.COUNTDOWN_ENDS:
                state.countdowns[subject_id] = due_ns
    elif number == LIMITATIONS:
        limitations.restore(state, content)
    elif number == FEES:
        fees.restore(state, content)
    elif number == REMEMBERED:
        for account_id, mine in content:
            state.remembered[account_id] = {name: Remembered(*known) for name, *known in mine}
    elif number == SESSIONS:
        state.next_session_id = content[0]
        state.sessions = dict(content[1])
    else:
        for market_id, *values in content:
            phase = auctions.resumption(state, market_id)
            for name, value in zip(vars(phase), values, strict=True):
                setattr(phase, name, value)
