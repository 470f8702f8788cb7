"""Accounts and their API keys."""

from exchange.messages.accounts import (
    AccountOpened,
    AccountSet,
    ApiKeyGranted,
    ApiKeyRevoked,
    GrantApiKey,
    OpenAccount,
    RevokeApiKey,
    SetAccount,
)
from exchange.messages.base import Reject
from exchange.messages.limits import Limit
from exchange.messages.rejects import RejectCode

from .matching import codes, cold
from .state import ApiKey, State, check_account

KEY_EXPIRES = 1
HMAC, RSA, ED25519 = 1, 2, 3
ED25519_BYTES = 32
RSA_BYTES_MAX = 2_048
TEXT_LENGTH_MAX = 128
ID_MAX = 1 << 62


def check_tier_and_group(tier: int, trade_group: int) -> None:
    if not 0 <= tier < codes.TIERS:
        raise Reject(RejectCode.WRONG_TIER)
    if not 0 <= trade_group <= ID_MAX:
        raise Reject(RejectCode.WRONG_GROUP)


def open_account(state: State, command: OpenAccount) -> None:
    if len(state.users) >= state.limits[Limit.ACCOUNTS]:
        raise Reject(RejectCode.LIMIT_REACHED)
    if command.kind not in (codes.SPOT, codes.FUNDING):
        raise Reject(RejectCode.WRONG_KIND)
    if not 0 < command.user_id <= ID_MAX:
        raise Reject(RejectCode.WRONG_USER)
    check_tier_and_group(command.tier, command.trade_group)
    if command.parent:
        check_account(state, command.parent)
    # From here on the command must succeed.
    account_id = state.next_account_id
    state.next_account_id += 1
    state.users[account_id] = command.user_id
    state.matching.open_account(
        account_id, command.kind, codes.ACTIVE, command.tier, command.trade_group, command.parent
    )
    state.emit(
        AccountOpened(account_id, command.user_id, command.kind, command.tier, command.trade_group, command.parent)
    )


def set_account(state: State, command: SetAccount) -> None:
    check_account(state, command.account_id)
    if command.status not in (codes.ACTIVE, codes.DISABLED):
        raise Reject(RejectCode.WRONG_STATUS)
    check_tier_and_group(command.tier, command.trade_group)
    # From here on the command must succeed.
    state.matching.set_account(command.account_id, command.status, command.tier, command.trade_group)
    state.emit(AccountSet(command.account_id, command.status, command.tier, command.trade_group))


def grant(state: State, command: GrantApiKey) -> None:
    if len(state.api_keys) >= state.limits[Limit.KEYS]:
        raise Reject(RejectCode.LIMIT_REACHED)
    check_account(state, command.account_id)
    if not 0 < command.rights <= codes.RIGHT_READ | codes.RIGHT_TRADE | codes.RIGHT_OPERATE:
        raise Reject(RejectCode.WRONG_RIGHTS)
    check_material(command)
    if command.api_key in state.api_key_names:
        raise Reject(RejectCode.DUPLICATE_API_KEY)
    if command.expires_ns and not state.now_ns < command.expires_ns <= ID_MAX:
        raise Reject(RejectCode.ALREADY_EXPIRED)
    # From here on the command must succeed.
    key = ApiKey(
        state.next_key_id,
        command.api_key,
        command.algorithm,
        command.public_key,
        command.vault_reference,
        command.expires_ns,
    )
    state.next_key_id += 1
    state.api_keys[key.key_id] = key
    state.api_key_names[key.api_key] = key
    state.matching.add_key(key.key_id, command.account_id, command.rights)
    if key.expires_ns:
        state.timers[key.expires_ns, KEY_EXPIRES, key.key_id] = None
    state.emit(
        ApiKeyGranted(
            key.key_id,
            command.account_id,
            command.rights,
            key.api_key,
            key.algorithm,
            key.public_key,
            key.vault_reference,
            key.expires_ns,
        )
    )


def check_material(command: GrantApiKey) -> None:
    """A key has a public name, and either a reference into the vault (HMAC) or a public key, never a secret."""
    if not 1 <= len(command.api_key) <= TEXT_LENGTH_MAX or len(command.vault_reference) > TEXT_LENGTH_MAX:
        raise Reject(RejectCode.WRONG_KEY_MATERIAL)
    if command.algorithm == HMAC:
        if not command.vault_reference or command.public_key:
            raise Reject(RejectCode.WRONG_KEY_MATERIAL)
    elif command.algorithm == ED25519:
        if len(command.public_key) != ED25519_BYTES or command.vault_reference:
            raise Reject(RejectCode.WRONG_KEY_MATERIAL)
    elif command.algorithm == RSA:
        if not 0 < len(command.public_key) <= RSA_BYTES_MAX or command.vault_reference:
            raise Reject(RejectCode.WRONG_KEY_MATERIAL)
    else:
        raise Reject(RejectCode.WRONG_KEY_MATERIAL)


def revoke(state: State, command: RevokeApiKey) -> None:
    if command.revoked_key_id not in state.api_keys:
        raise Reject(RejectCode.UNKNOWN_KEY)
    found = cold.key(state.matching, command.revoked_key_id)
    assert found is not None
    if found[2]:
        raise Reject(RejectCode.ALREADY_REVOKED)
    # From here on the command must succeed.
    key = state.api_keys[command.revoked_key_id]
    if key.expires_ns:
        state.timers.pop((key.expires_ns, KEY_EXPIRES, key.key_id))
    expire(state, key.key_id)


def expire(state: State, key_id: int) -> None:
    """A key's time has come."""
    state.matching.revoke_key(key_id)
    state.emit(ApiKeyRevoked(key_id))


HANDLERS = {OpenAccount: open_account, SetAccount: set_account, GrantApiKey: grant, RevokeApiKey: revoke}
RIGHTS = dict.fromkeys(HANDLERS, codes.RIGHT_OPERATE)
