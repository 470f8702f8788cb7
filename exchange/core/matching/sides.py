"""What depends on an order's side, in plain Python: `sides.pxd` is the compiled twin, and chooses without a branch."""

from .ladder import Ladder
from .market import Market
from .records import Cell, Level, Seat


def of(side: int, buy: int, sell: int) -> int:
    """One number for a BUY, another for a SELL; both are worked out."""
    return sell if side else buy


def key(side: int, price: int) -> int:
    """The key of a price in the ladder of its side; the price of a key, too."""
    return -price if side else price


def ladder(market: Market, side: int) -> Ladder:
    """Where orders of that side rest."""
    return market.asks if side else market.bids


def best_against(market: Market, side: int) -> Level | None:
    """The level that an order of that side meets first."""
    return market.bids.best if side else market.asks.best


def best_key_against(market: Market, side: int) -> int:
    return market.bids.best_key if side else market.asks.best_key


def paying(seat: Seat, side: int) -> Cell:
    """The cell from which an order of that side pays."""
    return seat.base if side else seat.quote


def fees_of_taker(market: Market, side: int) -> Cell:
    """The venue's own cell of what a taker of that side receives, and pays its fee in."""
    return market.quote_fees if side else market.base_fees


def fees_of_maker(market: Market, side: int) -> Cell:
    """The venue's own cell of what the makers receive that a taker of that side meets."""
    return market.base_fees if side else market.quote_fees


def gaining(seat: Seat, side: int) -> Cell:
    """The cell into which an order of that side is paid."""
    return seat.quote if side else seat.base
