"""Idempotent orders (design §3.1): what was sent is remembered for a day, at most so many of an account."""

import hashlib

from exchange.messages.rejects import RejectCode
from exchange.messages.remembering import OrderRepeated

from . import auctions
from .matching import codes, cold
from .state import Remembered, State

REMEMBERED_MAX = 1_000
DAY_NS = 86_400 * codes.NS_PER_SECOND


def place(state: State, rows: memoryview, at: int) -> int:
    """Place the order at word `at`, unless it was placed already; returns the word behind it.

    Emits:   as a PLACE, or OrderRepeated where the very same row was placed within a day.
    Rejects: the sender's refusals; DUPLICATE_CLIENT_ID where another row of this client id was; TOO_MANY_REMEMBERED;
             then as a PLACE. A refused order is not remembered.
    """
    matching = state.matching
    _, _, account_id, words, _ = cold.read_row(matching, rows, at, state.seq, state.now_ns)
    name = cold.row_client_id(matching, at)
    digest = hashlib.sha256(rows[at * 8 : (at + words) * 8]).digest()
    mine = state.remembered.get(account_id, {})
    live = {each: known for each, known in mine.items() if state.now_ns - known.ts_ns < DAY_NS}
    known = live.get(name)
    code = cold.refused_sender(matching, at)
    if not code and known is not None and known.digest != digest:
        code = RejectCode.DUPLICATE_CLIENT_ID
    if not code and known is None and len(live) >= REMEMBERED_MAX:
        code = RejectCode.TOO_MANY_REMEMBERED
    if code:
        cold.reject_row(matching, at, code)
    elif known is not None:
        state.emit(OrderRepeated(account_id, known.order_id, known.seq))
    else:
        order_id = cold.place_remembered(matching, at)
        if order_id:
            live[name] = Remembered(digest, order_id, state.seq, state.now_ns)
            state.remembered[account_id] = live
        if matching.owed == codes.MARKET_TRIPPED:
            auctions.note_tripped(state, matching.owed_market)
    return at + words
