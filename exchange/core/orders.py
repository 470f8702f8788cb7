"""Rows that cold code handles whole."""

from .markets import note_emptied
from .matching import codes, cold
from .state import State
from exchange.messages.rejects import RejectCode
from exchange.messages.system import Parked


def apply_cold_row(state: State, rows: memoryview, at: int) -> int:
    """Apply the row at word `at`: a cancel-all over every market; other kinds are refused. Returns the word behind it.

    A cancel-all is bounded by the orders one account may have open (ACCOUNT_MAX_ORDERS).
    """
    matching = state.matching
    kind, market_id, account_id, words, code = cold.read_row(matching, rows, at, state.seq, state.now_ns)
    if not code:
        open_orders = cold.account(matching, account_id)[4]
        code = 0 if open_orders else RejectCode.NOTHING_TO_CANCEL
    if code:
        cold.reject_row(matching, at, code)
    else:
        # From here on the command must succeed.
        for market in matching.markets:
            if market.status != codes.BREAK and cold.cancel_seat(matching, at, market):
                if market.status == codes.CANCEL_ONLY and market.resting == 0:
                    note_emptied(state, market.id)
    return at + words


def park_row(state: State, rows: memoryview, at: int) -> int:
    """Answer a quarantined row INTERNAL_ERROR; its market only lets cancel until an operator resumes it."""
    state.seq += 1
    matching = state.matching
    _, market_id, _, words, _ = cold.read_row(matching, rows, at, state.seq, state.now_ns)
    cold.reject_row(matching, at, RejectCode.INTERNAL_ERROR)
    if 1 <= market_id <= len(matching.markets):
        matching.markets[market_id - 1].status = codes.CANCEL_ONLY
    else:
        market_id = 0
    state.emit(Parked(state.seq, market_id))
    return at + words
