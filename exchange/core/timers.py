"""What is due when: timers are rows of the state, in order of due time, kind and id, fired by a journaled Tick."""

from exchange.messages.base import Reject
from exchange.messages.rejects import RejectCode
from exchange.messages.system import AdoptClock, ClockAdopted, Tick

from . import accounts, auctions, countdowns, markets
from .matching import codes, cold
from .state import State

KEY_EXPIRES = accounts.KEY_EXPIRES
FIRE = {KEY_EXPIRES: accounts.expire, **auctions.FIRE, **countdowns.FIRE}


def is_due(state: State, now_ns: int) -> bool:
    """Whether a Tick at this time would do something: the sequencer then puts one first in its batch."""
    if state.timers and state.timers.peekitem(0)[0][0] <= now_ns:
        return True
    return has_due_order(state, now_ns) or bool(cold.owes_entries(state.matching))


def has_due_order(state: State, now_ns: int) -> bool:
    return bool(0 < state.matching.due.next_due_ns() <= now_ns)


def next_due_ns(state: State) -> int | None:
    """When the first timer or order is due; None where none is, 0 where orders that were set off wait to enter."""
    if cold.owes_entries(state.matching):
        return 0
    due_ns: int = state.matching.due.next_due_ns()
    timer_ns = state.timers.peekitem(0)[0][0] if state.timers else 0
    return min(due_ns, timer_ns) if due_ns and timer_ns else due_ns or timer_ns or None


def tick(state: State, command: Tick) -> None:
    """Let waiting orders enter that were set off, end the orders whose time has come, fire what is due, at most
    CASCADE_MAX steps in all; what is left is due at the next Tick.
    """
    steps = state.matching.resume(state.seq, state.now_ns, codes.CASCADE_MAX)
    auctions.settle_trips(state)
    while steps < codes.CASCADE_MAX and has_due_order(state, state.now_ns):
        steps += 1
        markets.note_if_emptied(state, cold.expire(state.matching, state.seq, state.now_ns))
    while steps < codes.CASCADE_MAX and state.timers and state.timers.peekitem(0)[0][0] <= state.now_ns:
        steps += 1
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
