"""Where an order stands: in its price's queue and among its account's open orders; and its claim on a balance."""

from . import codes, records
from .ladder import Ladder
from .market import Market
from .pool import Pool


def own_side(market: Market, side: int) -> Ladder:
    """The side of the book on which an order of that side rests."""
    return market.bids if side == codes.BUY else market.asks


def other_side(market: Market, side: int) -> Ladder:
    """The side of the book that an order of that side trades with."""
    return market.asks if side == codes.BUY else market.bids


def key_of(side: int, price: int) -> int:
    """A price as a number that grows with priority on that side."""
    return price if side == codes.BUY else -price


def hold(cell: "records.Cell", amount: int) -> None:
    """Set aside what an order claims. The caller has checked that there is enough."""
    cell.available -= amount
    cell.held += amount


def release(cell: "records.Cell", amount: int) -> None:
    """Give back what an order no longer claims."""
    cell.held -= amount
    cell.available += amount


class Book:
    """Queues of orders. The caller keeps `level.quantity` right while an order in the queue is filled."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    def rest(self, market: Market, order: "records.Order") -> "records.Level":
        """Queue an order behind the others of its price; returns the level it stands in."""
        ladder = own_side(market, order.flags.side)
        key = key_of(order.flags.side, order.price)
        level = ladder.find(key)
        if not level:
            level = self.pool.take_level(key)
            ladder.insert(level)
        order.level = level
        order.prev = level.last
        if level.last:
            level.last.next = order
        else:
            level.first = order
        level.last = order
        level.quantity += order.remaining
        market.resting += 1
        return level

    def leave(self, market: Market, order: "records.Order") -> int:
        """Take an order out of its queue, and its level out of the book when it was the last; returns what the level
        has left.
        """
        level = order.level
        level.quantity -= order.remaining
        left = level.quantity
        if order.prev:
            order.prev.next = order.next
        else:
            level.first = order.next
        if order.next:
            order.next.prev = order.prev
        else:
            level.last = order.prev
        if not level.first:
            own_side(market, order.flags.side).remove(level)
            self.pool.give_level(level)
        market.resting -= 1
        return left

    def take_seat(self, order: "records.Order") -> None:
        """Add an order to the open orders of its account in its market, as the youngest."""
        seat = order.seat
        order.seat_prev = seat.last
        if seat.last:
            seat.last.seat_next = order
        else:
            seat.first = order
        seat.last = order
        seat.open_orders += 1
        seat.account.open_orders += 1

    def leave_seat(self, order: "records.Order") -> None:
        seat = order.seat
        if order.seat_prev:
            order.seat_prev.seat_next = order.seat_next
        else:
            seat.first = order.seat_next
        if order.seat_next:
            order.seat_next.seat_prev = order.seat_prev
        else:
            seat.last = order.seat_prev
        seat.open_orders -= 1
        seat.account.open_orders -= 1
