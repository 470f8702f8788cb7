"""The venue's beginning and the behaviours in force."""

from exchange.messages.base import Reject
from exchange.messages.limits import Limit, Rule
from exchange.messages.rejects import RejectCode
from exchange.messages.system import ActivateRule, Genesis, RuleActivated, Started

from .matching import codes, cold
from .matching.market import Market
from .state import State

SYSTEM_ACCOUNTS = (
    codes.EXTERNAL_ACCOUNT,
    codes.FEES_ACCOUNT,
    codes.INSURANCE_ACCOUNT,
    codes.CLEARING_ACCOUNT,
    codes.DUST_ACCOUNT,
)


def begin(state: State, command: Genesis) -> None:
    """The first command of a journal, and no other: the venue's own accounts, its rules and limits."""
    if state.journal_id:
        raise Reject(RejectCode.ALREADY_STARTED)
    if any(rule not in set(Rule) for rule in command.rules):
        raise Reject(RejectCode.UNKNOWN_RULE)
    if len(command.journal_id) != 16 or {limit for limit, _ in command.limits} != set(Limit):
        raise Reject(RejectCode.LIMIT_REACHED)
    # From here on the command must succeed.
    state.journal_id = command.journal_id
    state.format_version = command.format_version
    state.engine_version = command.engine_version
    state.created_ns = command.created_ns
    state.rules = dict.fromkeys(sorted(command.rules), state.seq)
    state.limits = dict(sorted(command.limits))
    for account in SYSTEM_ACCOUNTS:
        state.matching.open_account(account, codes.SYSTEM, codes.ACTIVE, 0, 0, 0)
    tell_all(state)
    state.emit(Started(command.journal_id, command.engine_version))


def tell(state: State, market: Market) -> None:
    """Let the order path know which version of its rules is in force in a market."""
    market.fee_rounding = 0 if state.is_active(Rule.FEES_ROUNDED_DOWN) else codes.PPM - 1
    market.hidden_behind_own = state.is_active(Rule.HIDDEN_BEHIND_OWN)
    market.auctions_on_steps = state.is_active(Rule.AUCTIONS_ON_STEPS)


def tell_all(state: State) -> None:
    cold.allow_pegs(state.matching, state.is_active(Rule.PEGS))
    has_opo = state.is_active(Rule.ONE_PAYS_THE_OTHER)
    state.matching.limits.last_contingency = codes.OPOCO if has_opo else codes.OTOCO
    for market in state.matching.markets:
        tell(state, market)


def activate(state: State, command: ActivateRule) -> None:
    """Switch a behaviour on from the next command on."""
    if command.rule not in set(Rule):
        raise Reject(RejectCode.UNKNOWN_RULE)
    if state.is_active(command.rule):
        raise Reject(RejectCode.RULE_ALREADY_ACTIVE)
    # From here on the command must succeed.
    state.rules[command.rule] = state.seq
    tell_all(state)
    state.emit(RuleActivated(command.rule))


HANDLERS = {Genesis: begin, ActivateRule: activate}
RIGHTS = {Genesis: 0, ActivateRule: codes.RIGHT_OPERATE}
