"""The dead man's switch: an account's orders in a market go unless it says in time that it is still there."""

from .base import AccountId, Command, Event, KeyId, MarketId, Nanoseconds


class SetCountdown(Command, frozen=True, tag=50):
    """Cancel all orders of an account in a market in so many milliseconds, unless this is said again; 0: no longer."""

    key_id: KeyId
    account_id: AccountId
    market_id: MarketId
    milliseconds: int


class CountdownSet(Event, frozen=True, tag=50):
    """`due_ns` is when the orders go; 0: they stay."""

    account_id: AccountId
    market_id: MarketId
    due_ns: Nanoseconds
