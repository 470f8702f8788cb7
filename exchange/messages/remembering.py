"""Orders that are remembered after their end, so that sending one again does not place it again."""

from .base import AccountId, Event, Seq


class OrderRepeated(Event, frozen=True, tag=53):
    """An order was sent again as it was: it is this one, which command `first_seq` placed. Nothing has changed."""

    account_id: AccountId
    order_id: int
    first_seq: Seq
