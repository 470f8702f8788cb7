"""Rows that cold code handles whole."""

from exchange.messages.rejects import RejectCode
from exchange.messages.system import Parked

from . import auctions, remembering
from .markets import note_emptied
from .matching import codes, cold
from .state import State


def apply_cold_row(state: State, rows: memoryview, at: int) -> int:
    """Apply the row at word `at`: a cancel-all over every market, an order to be remembered; other kinds are refused.
    Returns the word behind it.

    A cancel-all is bounded by the orders one account may have open (ACCOUNT_MAX_ORDERS).
    """
    matching = state.matching
    kind, _, account_id, words, code = cold.read_row(matching, rows, at, state.seq, state.now_ns)
    if kind == codes.PLACE:
        return remembering.place(state, rows, at)
    if not code:
        found = cold.account(matching, account_id)
        code = 0 if found and found[4] else RejectCode.NOTHING_TO_CANCEL
    if code:
        cold.reject_row(matching, at, code)
    else:
        # From here on the command must succeed.
        for market in matching.markets:
            canceled = cold.cancel_seat(matching, at, market) if market.status != codes.BREAK else 0
            if canceled and market.status == codes.CANCEL_ONLY and market.resting == 0 and market.waiting == 0:
                note_emptied(state, market.id)
    return at + words


def park_row(state: State, rows: memoryview, at: int) -> int:
    """Answer a quarantined row INTERNAL_ERROR; its market only lets cancel until an operator resumes it."""
    state.seq += 1
    matching = state.matching
    _, market_id, _, words, _ = cold.read_row(matching, rows, at, state.seq, state.now_ns)
    cold.reject_row(matching, at, RejectCode.INTERNAL_ERROR)
    if 1 <= market_id <= len(matching.markets):
        auctions.stop_timers(state, matching.markets[market_id - 1])
        matching.markets[market_id - 1].status = codes.CANCEL_ONLY
    else:
        market_id = 0
    state.emit(Parked(state.seq, market_id))
    return at + words
