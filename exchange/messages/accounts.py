"""Commands and events about accounts and their API keys."""

from .base import AccountId, Command, Event, KeyId, Nanoseconds, UserId


class OpenAccount(Command, frozen=True, tag=20):
    """Open an account for a user. Kinds: SPOT 1, FUNDING 2 (others come with their rules)."""

    key_id: KeyId
    user_id: UserId
    kind: int
    tier: int = 0
    trade_group: int = 0
    parent: AccountId = 0


class SetAccount(Command, frozen=True, tag=21):
    """Set an account's status (ACTIVE 1, DISABLED 2), fee tier and trade group."""

    key_id: KeyId
    account_id: AccountId
    status: int
    tier: int
    trade_group: int


class GrantApiKey(Command, frozen=True, tag=22):
    """Grant an API key. The journal has its public name, never its secret.

    `rights` are bits: READ 1, TRADE 2, OPERATE 4. `algorithm`: HMAC 1 (`vault_reference` names the secret in the
    vault), RSA 2, ED25519 3 (`public_key` holds it). `expires_ns` 0 is never.
    """

    key_id: KeyId
    account_id: AccountId
    rights: int
    api_key: str
    algorithm: int
    public_key: bytes = b""
    vault_reference: str = ""
    expires_ns: Nanoseconds = 0


class RevokeApiKey(Command, frozen=True, tag=23):
    key_id: KeyId
    revoked_key_id: KeyId


class AccountOpened(Event, frozen=True, tag=20):
    account_id: AccountId
    user_id: UserId
    kind: int
    tier: int
    trade_group: int
    parent: AccountId


class AccountSet(Event, frozen=True, tag=21):
    account_id: AccountId
    status: int
    tier: int
    trade_group: int


class ApiKeyGranted(Event, frozen=True, tag=22):
    granted_key_id: KeyId
    account_id: AccountId
    rights: int
    api_key: str
    algorithm: int
    public_key: bytes
    vault_reference: str
    expires_ns: Nanoseconds


class ApiKeyRevoked(Event, frozen=True, tag=23):
    revoked_key_id: KeyId
