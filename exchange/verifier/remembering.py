"""Idempotent orders (core/README.md): a row that was placed within a day is not placed again."""

import struct
from hashlib import sha256

from . import events, orders, words
from .filters import refuse_if
from .rows import Row
from .state import Account, State
from .words import Code

MOST = 1_000
DAY_NS = 86_400 * words.NS_PER_SECOND


def place(state: State, row: Row, account: Account) -> None:
    digest = sha256(struct.pack(f"<{len(row.content)}q", *row.content)).digest()
    every = state.remembered.get(account.account_id, [])
    live = [each for each in every if state.now_ns - each[4] < DAY_NS]
    known = next((each for each in live if each[0] == row.client_id), None)
    if known is not None:
        refuse_if(known[1] != digest, Code.DUPLICATE_CLIENT_ID)
        events.message(state, 53, account.account_id, known[2], known[3])
        return
    refuse_if(len(live) >= MOST, Code.TOO_MANY_REMEMBERED)
    number = state.next_order_id
    orders.place_here(state, row, account, orders.check_market(state, row))
    live.append((row.client_id, digest, number, state.seq, state.now_ns))
    state.remembered[account.account_id] = live
