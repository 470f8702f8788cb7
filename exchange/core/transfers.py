"""Credits and debits by an operator: money from outside, and back."""

from exchange.messages.base import Reject
from exchange.messages.rejects import RejectCode
from exchange.messages.transfers import Credit, Debit

from . import ledger
from .matching import codes
from .state import State, check_account, find_asset

REQUEST_ID_LENGTH_MAX = 64


def check(state: State, command: Credit | Debit) -> None:
    """What a credit and a debit have in common."""
    if not 1 <= len(command.request_id) <= REQUEST_ID_LENGTH_MAX:
        raise Reject(RejectCode.WRONG_REQUEST_ID)
    if command.request_id in state.requests:
        raise Reject(RejectCode.DUPLICATE_REQUEST)
    check_account(state, command.account_id)
    find_asset(state, command.asset_id)
    if not 0 < command.amount <= codes.AMOUNT_MAX:
        raise Reject(RejectCode.WRONG_AMOUNT)


def credit(state: State, command: Credit) -> None:
    check(state, command)
    payer, receiver = codes.EXTERNAL_ACCOUNT, command.account_id
    ledger.check_post(state, payer, receiver, command.asset_id, command.amount)
    # From here on the command must succeed.
    state.requests[command.request_id] = state.seq
    ledger.post(state, ledger.CREDIT, command.request_id, payer, receiver, command.asset_id, command.amount)


def debit(state: State, command: Debit) -> None:
    check(state, command)
    payer, receiver = command.account_id, codes.EXTERNAL_ACCOUNT
    ledger.check_post(state, payer, receiver, command.asset_id, command.amount)
    # From here on the command must succeed.
    state.requests[command.request_id] = state.seq
    ledger.post(state, ledger.DEBIT, command.request_id, payer, receiver, command.asset_id, command.amount)


HANDLERS = {Credit: credit, Debit: debit}
RIGHTS = dict.fromkeys(HANDLERS, codes.RIGHT_OPERATE)
