"""Cancel on disconnect: a session that asked for it has its account's orders cancelled when it is lost."""

from .base import AccountId, Command, Event, KeyId


class ArmSession(Command, frozen=True, tag=51):
    """Cancel all orders of an account when this session is lost."""

    key_id: KeyId
    account_id: AccountId


class EndSession(Command, frozen=True, tag=52):
    """An armed session has ended: orderly (`is_lost` 0), or it was lost (1), also by a crash of the venue."""

    key_id: KeyId
    account_id: AccountId
    session_id: int
    is_lost: int


class SessionArmed(Event, frozen=True, tag=51):
    """What happens to the session from now on concerns the account's orders."""

    account_id: AccountId
    session_id: int


class SessionEnded(Event, frozen=True, tag=52):
    """It does not any more; where it was lost, the account's orders are cancelled behind this."""

    account_id: AccountId
    session_id: int
    is_lost: int
