"""Commands and events that move money outside matching. No command mints: each names the account that pays."""

from .base import AccountId, Amount, AssetId, Command, Event, KeyId


class Credit(Command, frozen=True, tag=30):
    """An operator credits an account from `external`. A `request_id` counts once, for ever."""

    key_id: KeyId
    request_id: str
    account_id: AccountId
    asset_id: AssetId
    amount: Amount


class Debit(Command, frozen=True, tag=31):
    """An operator debits an account to `external`. A `request_id` counts once, for ever."""

    key_id: KeyId
    request_id: str
    account_id: AccountId
    asset_id: AssetId
    amount: Amount


class Posted(Event, frozen=True, tag=30):
    """An amount moved from one account to another. Reasons: CREDIT 1, DEBIT 2."""

    reason: int
    request_id: str
    payer: AccountId
    receiver: AccountId
    asset_id: AssetId
    amount: Amount
