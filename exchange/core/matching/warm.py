"""Memory fetched ahead of its use: plain Python cannot, and need not; `warm.pyx` tells what and why."""

from .buffers import Reader, Rows
from .indexes import Accounts, Keys, Markets, Seats
from .market import Market
from .records import Order, Row
from .trading import Trading


class Warmer:
    """Does nothing, at the pace of one run at a time."""

    def __init__(
        self, rows: Rows, accounts: Accounts, keys: Keys, markets: Markets, seats: Seats, trading: Trading
    ) -> None:
        self.rows = rows

    def glance(self, at: int) -> None:
        pass

    def fetch_level(self, market: Market, row: Row) -> None:
        pass

    def fetch_order(self, order: Order | None) -> None:
        pass

    def fetch(self, at: int, next_order_id: int) -> int:
        """Return the word up to which rows were looked at: all of them."""
        return self.rows.count

    def fetch_encoded(self, reader: Reader, market: int) -> None:
        pass

    def fetch_ranked(self, rank: int) -> None:
        pass
