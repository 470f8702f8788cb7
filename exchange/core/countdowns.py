"""The dead man's switch: a timer for each account and market that asked for one."""

from exchange.messages.base import Reject
from exchange.messages.countdowns import CountdownSet, SetCountdown
from exchange.messages.rejects import RejectCode

from .markets import note_if_emptied
from .matching import codes, cold
from .matching.market import Market
from .state import State, check_account, find_market

COUNTDOWN_ENDS = 5
MILLISECONDS_MAX = 24 * 3_600 * 1_000
# A timer's subject is one number: the account, then so many bits for the market.
MARKET_BITS = 20


def set_countdown(state: State, command: SetCountdown) -> None:
    check_account(state, command.account_id)
    if command.key_id:
        found = cold.key(state.matching, command.key_id)
        if found is None or found[0] != command.account_id:
            raise Reject(RejectCode.KEY_OF_OTHER_ACCOUNT)
    market = find_market(state, command.market_id)
    if not 0 <= command.milliseconds <= MILLISECONDS_MAX:
        raise Reject(RejectCode.NUMBER_OUT_OF_RANGE)
    # From here on the command must succeed.
    subject = command.account_id << MARKET_BITS | market.id
    before_ns = state.countdowns.pop(subject, 0)
    if before_ns:
        state.timers.pop((before_ns, COUNTDOWN_ENDS, subject))
    due_ns = 0
    if command.milliseconds:
        due_ns = state.now_ns + command.milliseconds * 1_000_000
        state.countdowns[subject] = due_ns
        state.timers[due_ns, COUNTDOWN_ENDS, subject] = None
    state.emit(CountdownSet(command.account_id, market.id, due_ns))


def end(state: State, subject: int) -> None:
    """Nothing was heard of an account: its orders go, whatever the market lets through."""
    account_id, market_id = subject >> MARKET_BITS, subject & ((1 << MARKET_BITS) - 1)
    del state.countdowns[subject]
    market: Market = state.matching.markets[market_id - 1]
    state.emit(CountdownSet(account_id, market_id, 0))
    canceled = cold.cancel_orders(state.matching, account_id, market, codes.COUNTED_DOWN, state.seq, state.now_ns)
    if canceled:
        note_if_emptied(state, market_id)


HANDLERS = {SetCountdown: set_countdown}
RIGHTS = {SetCountdown: codes.RIGHT_TRADE}
FIRE = {COUNTDOWN_ENDS: end}
