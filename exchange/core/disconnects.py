"""Cancel on disconnect: which sessions asked for it, and what their loss does."""

from exchange.messages.base import Reject
from exchange.messages.disconnects import ArmSession, EndSession, SessionArmed, SessionEnded
from exchange.messages.rejects import RejectCode

from .markets import note_if_emptied
from .matching import codes, cold
from .state import State, check_account

SESSIONS_MAX = 100
"""Of one account."""


def check_owner(state: State, key_id: int, account_id: int) -> None:
    """Refuse a key of another account. Key 0 is the venue itself."""
    check_account(state, account_id)
    if key_id:
        found = cold.key(state.matching, key_id)
        if found is None or found[0] != account_id:
            raise Reject(RejectCode.KEY_OF_OTHER_ACCOUNT)


def arm(state: State, command: ArmSession) -> None:
    check_owner(state, command.key_id, command.account_id)
    if sum(account == command.account_id for account in state.sessions.values()) >= SESSIONS_MAX:
        raise Reject(RejectCode.LIMIT_REACHED)
    # From here on the command must succeed.
    session_id = state.next_session_id
    state.next_session_id += 1
    state.sessions[session_id] = command.account_id
    state.emit(SessionArmed(command.account_id, session_id))


def end(state: State, command: EndSession) -> None:
    """Forget a session; where it was lost, cancel its account's orders market by market, whatever their status."""
    check_owner(state, command.key_id, command.account_id)
    if state.sessions.get(command.session_id) != command.account_id:
        raise Reject(RejectCode.UNKNOWN_SESSION)
    if command.is_lost not in (0, 1):
        raise Reject(RejectCode.NUMBER_OUT_OF_RANGE)
    # From here on the command must succeed.
    del state.sessions[command.session_id]
    state.emit(SessionEnded(command.account_id, command.session_id, command.is_lost))
    if command.is_lost:
        matching = state.matching
        for market in matching.markets:
            if cold.cancel_orders(matching, command.account_id, market, codes.DISCONNECTED, state.seq, state.now_ns):
                note_if_emptied(state, market.id)


HANDLERS = {ArmSession: arm, EndSession: end}
RIGHTS = dict.fromkeys(HANDLERS, codes.RIGHT_TRADE)
