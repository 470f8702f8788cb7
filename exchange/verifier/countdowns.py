"""What ends by itself (core/README.md): orders good till a date, and all of an account that does not answer."""

from collections.abc import Iterator

from . import events, lists, words
from .fields import Message
from .filters import refuse_if
from .orders import end
from .state import Market, State
from .words import Code, Refusal

MILLISECONDS_MAX = 86_400_000


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
