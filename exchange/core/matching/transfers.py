"""What two orders in mode TRANSFER do where they meet: no trade and no fee, but what they would have traded moves."""

from . import codes, records
from .events import Events
from .market import Market


def is_due(taker: "records.Order", maker: "records.Order") -> bool:
    """Whether two orders of one owner hand over what is prevented: both ask for it, and are of two accounts."""
    if taker.flags.self_trade != codes.TRANSFER or maker.flags.self_trade != codes.TRANSFER:
        return False
    return taker.seat.account != maker.seat.account


def hand_over(events: Events, market: Market, taker: "records.Order", maker: "records.Order", lots: int) -> None:
    """Move lots and their worth at the maker's price between two accounts.

    The maker has released what it held for them; the taker gives from what it holds.
    """
    base_amount = lots * market.base_per_lot
    quote_amount = maker.price * lots * market.quote_per_tick_lot
    taker_buys = taker.flags.side == codes.BUY
    buyer = taker.seat if taker_buys else maker.seat
    seller = maker.seat if taker_buys else taker.seat
    taker.held -= quote_amount if taker_buys else base_amount
    assert taker.held >= 0
    if taker_buys:
        buyer.quote.held -= quote_amount
        seller.base.available -= base_amount
    else:
        seller.base.held -= base_amount
        buyer.quote.available -= quote_amount
    buyer.base.available += base_amount
    seller.quote.available += quote_amount
    events.transferred(market, buyer.account, seller.account, maker.price, lots, base_amount, quote_amount)
