"""What is due when: timers are rows of the state, in order of due time, kind and id, fired by a journaled Tick."""

from exchange.messages.base import Reject
from exchange.messages.rejects import RejectCode
from exchange.messages.system import AdoptClock, ClockAdopted, Tick

from . import accounts
from .matching import codes
from .state import State

KEY_EXPIRES = accounts.KEY_EXPIRES
FIRE = {KEY_EXPIRES: accounts.expire}


def is_due(state: State, now_ns: int) -> bool:
    """Whether a Tick at this time would do something: the sequencer then puts one first in its batch."""
    return bool(state.timers) and state.timers.peekitem(0)[0][0] <= now_ns


def next_due_ns(state: State) -> int | None:
    """When the first timer is due; None where there is none."""
    return state.timers.peekitem(0)[0][0] if state.timers else None


def tick(state: State, command: Tick) -> None:
    """Fire what is due, at most CASCADE_MAX of them; what is left is due at the next Tick."""
    for _ in range(codes.CASCADE_MAX):
        if not is_due(state, state.now_ns):
            break
        (_, kind, subject_id), _ = state.timers.popitem(0)
        FIRE[kind](state, subject_id)


def adopt_clock(state: State, command: AdoptClock) -> None:
    """Journal what an operator says the time is; the sequencer's clock follows the event."""
    if not 0 < command.to_ns <= codes.AMOUNT_MAX:
        raise Reject(RejectCode.NUMBER_OUT_OF_RANGE)
    # From here on the command must succeed.
    state.emit(ClockAdopted(command.to_ns))


HANDLERS = {Tick: tick, AdoptClock: adopt_clock}
RIGHTS = {Tick: 0, AdoptClock: codes.RIGHT_OPERATE}
