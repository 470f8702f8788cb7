"""What ends by itself (core/README.md): orders good till a date, and all of an account that does not answer."""

from collections.abc import Iterator

from . import events, lists, words
from .fields import Message
from .filters import refuse_if
from .orders import end
from .state import Market, State
from .words import Code, Refusal

MILLISECONDS_MAX = 86_400_000
SESSIONS_MAX = 100


def set_countdown(state: State, command: Message) -> None:
    account = state.accounts.get(command.account_id)
    refuse_if(0 < command.account_id < words.FIRST_ACCOUNT, Code.WRONG_ACCOUNT)
    if account is None:
        raise Refusal(Code.UNKNOWN_ACCOUNT)
    is_others = command.key_id != 0 and state.keys[command.key_id].account_id != command.account_id
    refuse_if(is_others, Code.KEY_OF_OTHER_ACCOUNT)
    refuse_if(state.market(command.market_id) is None, Code.UNKNOWN_MARKET)
    refuse_if(not 0 <= command.milliseconds <= MILLISECONDS_MAX, Code.NUMBER_OUT_OF_RANGE)
    subject = command.account_id * words.COUNTDOWN_MARKET + command.market_id
    state.timers = [each for each in state.timers if each[1:] != (words.COUNTDOWN_ENDS, subject)]
    due_ns = 0
    if command.milliseconds:
        due_ns = state.now_ns + command.milliseconds * 1_000_000
        state.timers.append((due_ns, words.COUNTDOWN_ENDS, subject))
    events.message(state, 50, command.account_id, command.market_id, due_ns)


def expire(state: State, most: int) -> Iterator[Market]:
    """End open orders whose time has come, at most so many; yield the market of each."""
    due = [order for account in state.accounts.values() for order in account.orders if 0 < order.due_ns <= state.now_ns]
    due.sort(key=lambda order: (order.due_ns, order.order_id))
    for order in due[:most]:
        end(state, order, words.GOOD_TILL_ENDED)
        yield order.market


def check_owner(state: State, command: Message) -> None:
    refuse_if(0 < command.account_id < words.FIRST_ACCOUNT, Code.WRONG_ACCOUNT)
    refuse_if(command.account_id not in state.accounts, Code.UNKNOWN_ACCOUNT)
    is_others = command.key_id != 0 and state.keys[command.key_id].account_id != command.account_id
    refuse_if(is_others, Code.KEY_OF_OTHER_ACCOUNT)


def arm_session(state: State, command: Message) -> None:
    check_owner(state, command)
    mine = sum(account_id == command.account_id for account_id in state.sessions.values())
    refuse_if(mine >= SESSIONS_MAX, Code.LIMIT_REACHED)
    state.sessions[state.next_session_id] = command.account_id
    events.message(state, 51, command.account_id, state.next_session_id)
    state.next_session_id += 1


def end_session(state: State, command: Message) -> list[Market]:
    """Forget a session; where it was lost, cancel everything of its account. Returns the markets concerned."""
    check_owner(state, command)
    refuse_if(state.sessions.get(command.session_id) != command.account_id, Code.UNKNOWN_SESSION)
    refuse_if(command.is_lost not in (0, 1), Code.NUMBER_OUT_OF_RANGE)
    del state.sessions[command.session_id]
    events.message(state, 52, command.account_id, command.session_id, command.is_lost)
    return list(state.markets) if command.is_lost else []


def cancel_lost(state: State, account_id: int, market: Market) -> bool:
    orders = [order for order in state.accounts[account_id].orders if order.market is market]
    for order in orders:
        end(state, order, words.DISCONNECTED)
    lists.settle(state)
    return bool(orders)


def fire(state: State, subject: int) -> bool:
    """Cancel what the account has open there; return whether there was anything."""
    account_id, market_id = divmod(subject, words.COUNTDOWN_MARKET)
    market = state.markets[market_id - 1]
    events.message(state, 50, account_id, market_id, 0)
    orders = [order for order in state.accounts[account_id].orders if order.market is market]
    for order in orders:
        end(state, order, words.COUNTED_DOWN)
    lists.settle(state)
    return bool(orders)
