"""Cold commands: the venue, markets, accounts, keys, transfers. Checks from top to bottom, then the writing."""

from collections.abc import Callable

from . import auctions, countdowns, events, fields, limitations, schedules, words
from .fees import settle_tier
from .fields import Message
from .orders import fire, stop_timers
from .state import FILTERS, Account, Key, Market, State
from .words import Code, Refusal

NAME_LENGTH_MAX = 20
# Code points that a name may not have, first and last of each range: what does not show.
INVISIBLE = [
    *[(0, 32), (127, 160), (173, 173), (5_760, 5_760), (6_158, 6_158), (8_192, 8_207), (8_232, 8_239)],
    *[(8_287, 8_303), (12_288, 12_288), (55_296, 63_743), (65_024, 65_039), (65_279, 65_279), (65_520, 65_535)],
    (917_504, 1_114_111),
]
SCALE_MAX = 18
TEXT_LENGTH_MAX = 128
RSA_BYTES_MAX = 2_048
ED25519_BYTES = 32
REQUEST_ID_LENGTH_MAX = 64
ID_MAX = 1 << 62


def refuse_if(is_wrong: bool, code: Code) -> None:
    if is_wrong:
        raise Refusal(code)


def apply_message(state: State, command: Message) -> None:
    """Apply one command, or refuse it: a refusal is raised before anything is written."""
    refuse_if(not state.journal_id and command.tag != fields.GENESIS, Code.NOT_STARTED)
    if "key_id" in command.values:
        is_traders = command.tag in fields.OF_TRADERS
        check_right(state, command.key_id, words.TRADE_RIGHT if is_traders else words.OPERATE_RIGHT)
    HANDLERS[command.tag](state, command)


def check_right(state: State, key_id: int, right: int) -> None:
    if key_id == 0:
        return
    key = state.keys.get(key_id)
    if key is None:
        raise Refusal(Code.UNKNOWN_KEY)
    refuse_if(key.is_revoked, Code.KEY_REVOKED)
    refuse_if(not key.rights & right, Code.RIGHT_MISSING)


# The venue.


def begin(state: State, command: Message) -> None:
    refuse_if(state.journal_id != b"", Code.ALREADY_STARTED)
    refuse_if(any(rule not in words.RULES for rule in command.rules), Code.UNKNOWN_RULE)
    numbers = sorted({limit for limit, _ in command.limits})
    refuse_if(len(command.journal_id) != 16 or numbers != sorted(words.LIMITS), Code.LIMIT_REACHED)
    state.journal_id = command.journal_id
    state.format_version = command.format_version
    state.engine_version = command.engine_version
    state.created_ns = command.created_ns
    state.rules = dict.fromkeys(command.rules, state.seq)
    state.limits = dict(map(tuple, sorted(command.limits)))
    for account in words.SYSTEM_ACCOUNTS:
        state.accounts[account] = Account(account, words.SYSTEM)
    events.message(state, 1, command.journal_id, command.engine_version)


def tick(state: State, command: Message) -> None:
    """Let orders enter that were set off, then fire what is due, in order, so many steps in all."""
    state.steps = 0
    for market in state.markets:
        if market.status == words.TRADING:
            fire(state, market)
    auctions.settle_trips(state)
    for market in countdowns.expire(state, words.TICK_STEPS_MAX - state.steps):
        state.steps += 1
        note_emptied(state, market)
    for _ in range(words.TICK_STEPS_MAX - state.steps):
        state.timers.sort()
        if not state.timers or state.timers[0][0] > state.now_ns:
            return
        _, kind, subject = state.timers.pop(0)
        if kind == words.KEY_EXPIRES:
            state.keys[subject].is_revoked = True
            events.message(state, 23, subject)
        elif kind == words.COUNTDOWN_ENDS:
            if countdowns.fire(state, subject):
                note_emptied(state, state.markets[subject % words.COUNTDOWN_MARKET - 1])
        else:
            auctions.fire(state, kind, state.markets[subject - 1])


def end_session(state: State, command: Message) -> None:
    for market in countdowns.end_session(state, command):
        if countdowns.cancel_lost(state, command.account_id, market):
            note_emptied(state, market)


def activate_rule(state: State, command: Message) -> None:
    refuse_if(command.rule not in words.RULES, Code.UNKNOWN_RULE)
    refuse_if(command.rule in state.rules, Code.RULE_ALREADY_ACTIVE)
    state.rules[command.rule] = state.seq
    events.message(state, 3, command.rule)


# Assets and markets.


def adopt_clock(state: State, command: Message) -> None:
    refuse_if(not 0 < command.to_ns <= words.AMOUNT_MAX, Code.NUMBER_OUT_OF_RANGE)
    events.message(state, 5, command.to_ns)


def record_head(state: State, command: Message) -> None:
    """Any statement of a fitting size: whether its signature holds is for whoever reads the heads."""
    sizes = len(command.signature), len(command.public_key)
    refuse_if(sizes != (64, 32) or not 0 < len(command.statement) <= 16_384, Code.NUMBER_OUT_OF_RANGE)
    events.message(state, 6, command.statement, command.signature, command.public_key)


def check_name(name: str) -> None:
    refuse_if(not 1 <= len(name) <= NAME_LENGTH_MAX, Code.WRONG_NAME)
    refuse_if(any(first <= ord(letter) <= last for letter in name for first, last in INVISIBLE), Code.WRONG_NAME)


def list_asset(state: State, command: Message) -> None:
    refuse_if(len(state.assets) >= state.limits[words.ASSETS_LIMIT], Code.LIMIT_REACHED)
    check_name(command.name)
    refuse_if(any(name == command.name for name, _ in state.assets), Code.DUPLICATE_NAME)
    refuse_if(not 0 <= command.scale <= SCALE_MAX, Code.WRONG_SCALE)
    state.assets.append((command.name, command.scale))
    events.message(state, 10, len(state.assets), command.name, command.scale)


def list_market(state: State, command: Message) -> None:
    refuse_if(len(state.markets) >= state.limits[words.MARKETS_LIMIT], Code.LIMIT_REACHED)
    check_name(command.symbol)
    refuse_if(any(market.symbol == command.symbol for market in state.markets), Code.DUPLICATE_NAME)
    for asset in (command.base, command.quote):
        refuse_if(not 1 <= asset <= len(state.assets), Code.UNKNOWN_ASSET)
    refuse_if(command.base == command.quote, Code.SAME_ASSET)
    is_tick = 0 < command.tick_size <= words.PRICE_MAX
    refuse_if(not (is_tick and 0 < command.lot_size <= words.QUANTITY_MAX), Code.NUMBER_OUT_OF_RANGE)
    whole = 10 ** state.assets[command.base - 1][1]
    product = command.tick_size * command.lot_size
    refuse_if(product % whole != 0 or product < whole, Code.NOT_EXACT)
    quote_per_tick_lot = product // whole
    refuse_if(quote_per_tick_lot > words.QUANTITY_MAX, Code.NUMBER_OUT_OF_RANGE)
    market_id = len(state.markets) + 1
    listing = command.symbol, command.base, command.quote, command.tick_size, command.lot_size
    state.markets.append(Market(market_id, *listing, quote_per_tick_lot))
    events.message(state, 11, market_id, *listing, command.lot_size, quote_per_tick_lot)


def find_market(state: State, market_id: int) -> Market:
    market = state.market(market_id)
    if market is None:
        raise Refusal(Code.UNKNOWN_MARKET)
    return market


def set_market_status(state: State, command: Message) -> None:
    market = find_market(state, command.market_id)
    refuse_if(not words.TRADING <= command.status <= words.POST_ONLY, Code.WRONG_STATUS)
    if market.status == words.AUCTION and command.status == words.TRADING:
        auctions.resume(state, market)
        return
    is_opened = command.status in (words.TRADING, words.POST_ONLY)
    refuse_if(is_opened and (market.is_killed or market.is_crossed), Code.NEEDS_AUCTION)
    stop_timers(state, market)
    market.status = command.status
    events.message(state, 12, market.market_id, market.status)
    note_emptied(state, market)


def note_emptied(state: State, market: Market) -> None:
    """Tell that a market that only lets cancel has no order left, where that rule is in force."""
    is_emptied = market.status == words.CANCEL_ONLY and market.is_empty
    if is_emptied and words.MARKET_EMPTIED_RULE in state.rules:
        events.message(state, 15, market.market_id)


def set_filters(state: State, command: Message) -> None:
    market = find_market(state, command.market_id)
    values = {name: command.values[name] for name in FILTERS}
    check_filters(market, values)
    if values["average_minutes"] != market.filters["average_minutes"]:
        market.buckets = {}
        market.newest_bucket = 0
    market.filters = values
    events.message(state, 13, market.market_id, list(values.values()))


def check_filters(market: Market, values: dict[str, int]) -> None:
    positive = fields.REQUIRED_FILTERS[:7]
    refuse_if(min(values.values()) < 0 or any(values[name] == 0 for name in positive), Code.WRONG_FILTER)
    is_price = values["min_price"] <= values["max_price"] <= words.PRICE_MAX
    is_quantity = values["min_quantity"] <= values["max_quantity"] <= words.QUANTITY_MAX
    refuse_if(not is_price or not is_quantity, Code.WRONG_FILTER)
    for name in ("price_step", "quantity_step", "market_quantity_step", "market_min_quantity", "market_max_quantity"):
        refuse_if(values[name] > words.QUANTITY_MAX, Code.WRONG_FILTER)
    greatest = market.notional(values["max_price"], values["max_quantity"])
    refuse_if(greatest >= words.AMOUNT_MAX, Code.NUMBER_OUT_OF_RANGE)
    refuse_if(values["max_quantity"] * market.base_per_lot >= words.AMOUNT_MAX, Code.NUMBER_OUT_OF_RANGE)
    bounds = {
        "min_notional": words.AMOUNT_MAX,
        "max_notional": words.AMOUNT_MAX,
        "bid_up_ppm": words.PPM_FILTER_MAX,
        "bid_down_ppm": words.PPM_FILTER_MAX,
        "ask_up_ppm": words.PPM_FILTER_MAX,
        "ask_down_ppm": words.PPM_FILTER_MAX,
        "apply_min_to_market": 1,
        "apply_max_to_market": 1,
        "average_minutes": words.AVERAGE_MINUTES_MAX,
        "max_orders": words.ACCOUNT_ORDERS_MAX,
        "up_ppm": words.PPM_FILTER_MAX,
        "down_ppm": words.PPM_FILTER_MAX,
        "max_position": words.QUANTITY_MAX,
        **dict.fromkeys(fields.OTHER_FILTERS[-10:-1], words.ACCOUNT_ORDERS_MAX),
    }
    refuse_if(any(values[name] > most for name, most in bounds.items()), Code.WRONG_FILTER)
    default, allowed = values["default_self_trade"], values["allowed_self_trade"]
    modes = {mode for mode in range(64) if allowed >> mode & 1}
    possible = {words.EXPIRE_TAKER, words.EXPIRE_MAKER, words.EXPIRE_BOTH, words.DECREMENT, words.TRANSFER}
    refuse_if(not modes <= possible or default not in modes | {words.NONE}, Code.WRONG_FILTER)


def set_fees(state: State, command: Message) -> None:
    market = find_market(state, command.market_id)
    refuse_if(not 0 <= command.tier < words.TIERS, Code.WRONG_TIER)
    fees = command.maker_ppm, command.taker_ppm
    refuse_if(not all(abs(ppm) <= words.FEE_PPM_MAX for ppm in fees) or fees[1] < 0, Code.WRONG_FEE)
    market.fees[command.tier] = fees
    market.fee_version += 1
    events.message(state, 14, market.market_id, command.tier, *fees, market.fee_version)


# Accounts and keys.


def check_account(state: State, account_id: int) -> Account:
    """An account that a user has."""
    refuse_if(0 < account_id < words.FIRST_ACCOUNT, Code.WRONG_ACCOUNT)
    account = state.accounts.get(account_id)
    if account is None:
        raise Refusal(Code.UNKNOWN_ACCOUNT)
    return account


def check_tier_and_group(command: Message) -> None:
    refuse_if(not 0 <= command.tier < words.TIERS, Code.WRONG_TIER)
    refuse_if(not 0 <= command.trade_group <= ID_MAX, Code.WRONG_GROUP)


def open_account(state: State, command: Message) -> None:
    opened = len(state.accounts) - len(words.SYSTEM_ACCOUNTS)
    refuse_if(opened >= state.limits[words.ACCOUNTS_LIMIT], Code.LIMIT_REACHED)
    refuse_if(command.kind not in (words.SPOT, words.FUNDING), Code.WRONG_KIND)
    refuse_if(not 0 < command.user_id <= ID_MAX, Code.WRONG_USER)
    check_tier_and_group(command)
    if command.parent:
        check_account(state, command.parent)
    account = Account(
        state.next_account_id,
        command.kind,
        user_id=command.user_id,
        tier=command.tier,
        granted=command.tier,
        trade_group=command.trade_group,
        parent=command.parent,
    )
    state.next_account_id += 1
    state.accounts[account.account_id] = account
    told = account.account_id, account.user_id, account.kind, account.tier, account.trade_group, account.parent
    events.message(state, 20, *told)


def set_account(state: State, command: Message) -> None:
    account = check_account(state, command.account_id)
    refuse_if(command.status not in (words.ACTIVE, words.DISABLED), Code.WRONG_STATUS)
    check_tier_and_group(command)
    account.status = command.status
    account.tier = account.granted = command.tier
    settle_tier(state, account)
    account.trade_group = command.trade_group
    events.message(state, 21, account.account_id, account.status, account.granted, account.trade_group)


def grant_api_key(state: State, command: Message) -> None:
    refuse_if(len(state.keys) >= state.limits[words.KEYS_LIMIT], Code.LIMIT_REACHED)
    check_account(state, command.account_id)
    refuse_if(not 1 <= command.rights <= 7, Code.WRONG_RIGHTS)
    refuse_if(not is_key_material(command), Code.WRONG_KEY_MATERIAL)
    refuse_if(command.api_key in state.api_keys, Code.DUPLICATE_API_KEY)
    expires_ns = command.expires_ns
    refuse_if(expires_ns != 0 and not state.now_ns < expires_ns <= ID_MAX, Code.ALREADY_EXPIRED)
    material = command.api_key, command.algorithm, command.public_key, command.vault_reference, expires_ns
    key = Key(state.next_key_id, command.account_id, command.rights, *material)
    state.next_key_id += 1
    state.keys[key.key_id] = key
    state.api_keys.add(key.api_key)
    if expires_ns:
        state.timers.append((expires_ns, words.KEY_EXPIRES, key.key_id))
    events.message(state, 22, key.key_id, key.account_id, key.rights, *material)


def is_key_material(command: Message) -> bool:
    """A name, and a vault's reference (HMAC) or a public key; never both, never a secret."""
    if not 1 <= len(command.api_key) <= TEXT_LENGTH_MAX or len(command.vault_reference) > TEXT_LENGTH_MAX:
        return False
    key_bytes = len(command.public_key)
    if command.algorithm == words.HMAC:
        return command.vault_reference != "" and key_bytes == 0
    if command.algorithm == words.RSA:
        return command.vault_reference == "" and 0 < key_bytes <= RSA_BYTES_MAX
    return command.algorithm == words.ED25519 and command.vault_reference == "" and key_bytes == ED25519_BYTES


def revoke_api_key(state: State, command: Message) -> None:
    key = state.keys.get(command.revoked_key_id)
    if key is None:
        raise Refusal(Code.UNKNOWN_KEY)
    refuse_if(key.is_revoked, Code.ALREADY_REVOKED)
    if key.expires_ns:
        state.timers.remove((key.expires_ns, words.KEY_EXPIRES, key.key_id))
    key.is_revoked = True
    events.message(state, 23, key.key_id)


# Money.


def move(state: State, command: Message, reason: int, payer: int, receiver: int) -> None:
    """Move money between an account and `external`; only `external` may owe."""
    refuse_if(not 1 <= len(command.request_id) <= REQUEST_ID_LENGTH_MAX, Code.WRONG_REQUEST_ID)
    refuse_if(command.request_id in state.requests, Code.DUPLICATE_REQUEST)
    check_account(state, command.account_id)
    refuse_if(not 1 <= command.asset_id <= len(state.assets), Code.UNKNOWN_ASSET)
    asset, amount = command.asset_id, command.amount
    refuse_if(not 0 < amount <= words.AMOUNT_MAX, Code.WRONG_AMOUNT)
    available = state.ledger.available
    left = available.get((payer, asset), 0) - amount
    if payer == words.EXTERNAL:
        refuse_if(left < -words.AMOUNT_MAX, Code.BALANCE_TOO_GREAT)
    else:
        refuse_if(left < 0, Code.INSUFFICIENT_FUNDS)
    refuse_if(available.get((receiver, asset), 0) + amount > words.AMOUNT_MAX, Code.BALANCE_TOO_GREAT)
    state.requests[command.request_id] = state.seq
    state.ledger.add(payer, asset, -amount)
    state.ledger.add(receiver, asset, amount)
    events.message(state, 30, reason, command.request_id, payer, receiver, asset, amount)


def credit(state: State, command: Message) -> None:
    move(state, command, words.CREDIT, words.EXTERNAL, command.account_id)


def debit(state: State, command: Message) -> None:
    move(state, command, words.DEBIT, command.account_id, words.EXTERNAL)


HANDLERS: dict[int, Callable[[State, Message], None]] = {
    fields.GENESIS: begin,
    fields.TICK: tick,
    fields.ACTIVATE_RULE: activate_rule,
    fields.ADOPT_CLOCK: adopt_clock,
    fields.RECORD_HEAD: record_head,
    fields.LIST_ASSET: list_asset,
    fields.LIST_MARKET: list_market,
    fields.SET_MARKET_STATUS: set_market_status,
    fields.SET_FILTERS: set_filters,
    fields.SET_FEES: set_fees,
    fields.OPEN_ACCOUNT: open_account,
    fields.SET_ACCOUNT: set_account,
    fields.GRANT_API_KEY: grant_api_key,
    fields.REVOKE_API_KEY: revoke_api_key,
    fields.SET_PROTECTION: auctions.set_protection,
    fields.START_AUCTION: auctions.start_auction,
    fields.KILL_SWITCH: auctions.kill,
    fields.SET_FEATURES: auctions.set_features,
    fields.SET_EXCHANGE_LIMITS: limitations.set_exchange_limits,
    fields.SET_ASSET_LIMIT: limitations.set_asset_limit,
    fields.SET_MIN_NOTIONAL: limitations.set_min_notional,
    **schedules.HANDLERS,
    fields.SET_COUNTDOWN: countdowns.set_countdown,
    fields.ARM_SESSION: countdowns.arm_session,
    fields.END_SESSION: end_session,
    fields.CREDIT: credit,
    fields.DEBIT: debit,
}
