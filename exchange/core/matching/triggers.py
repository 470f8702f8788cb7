"""Orders that wait for a price: stops, and trailing orders that follow it.

A stop waits in one of two more ladders of its market, at its trigger price, oldest first: `falling` for those that a
price at or below sets off, `rising` for those at or above. A trailing order follows each trade price from its list,
and lines up in a ladder once it is set off. `reach_down` and `reach_up` are the extremes of the trade prices since
nothing was pending: what they reach is set off, and enters nearest price first, those of `falling` before the others.
Whether the price comes back does not matter any more.

Source:  ../shared/binance-spot-reference.md §7; design §3.1 (entry in turn, bounded for each command).
"""

from . import codes, records
from .market import Market
from .pool import Pool


def is_above(order_type: int, side: int) -> bool:
    """Whether the stop price stands above the market: it is reached by a price at or above it."""
    is_stop_loss = order_type == codes.STOP_LOSS or order_type == codes.STOP_LOSS_LIMIT
    return is_stop_loss == (side == codes.BUY)


def fires_above(order: "records.Order") -> bool:
    """Whether a rising price sets an order off. A trailing purchase follows the lowest price and fires on a rise."""
    if order.details.trailing_delta:
        return order.flags.side == codes.BUY
    return is_above(order.flags.type, order.flags.side)


def behind(extreme: int, side: int, delta: int) -> int:
    """The price at which a trailing order fires: `delta` hundredths of a percent behind the extreme, in whole ticks.

    Limits:  extreme ≤ 2^53, delta < 10^4: no product overflows.
    """
    if side == codes.SELL:
        share = codes.BPS - delta
        return extreme // codes.BPS * share + extreme % codes.BPS * share // codes.BPS
    share = codes.BPS + delta
    return extreme // codes.BPS * share + (extreme % codes.BPS * share + codes.BPS - 1) // codes.BPS


class Triggers:
    """Waiting orders of one core. `busy` counts the markets where some are set off and have not entered yet."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.busy = 0

    def wait(self, market: Market, order: "records.Order") -> None:
        """Let an order wait for its price."""
        market.waiting += 1
        if order.details.trailing_delta:
            last = market.last_trailing
            order.prev = last
            if last:
                last.next = order
            else:
                market.first_trailing = order
            market.last_trailing = order
            market.trailing += 1
            market.next_up = 0
        else:
            self.line_up(market, order)

    def line_up(self, market: Market, order: "records.Order") -> None:
        """Queue an order at its trigger price."""
        if fires_above(order):
            level = self.pool.level_at(market.rising, -order.details.trigger_price)
        else:
            level = self.pool.level_at(market.falling, order.details.trigger_price)
        self.pool.enqueue(level, order)

    def leave(self, market: Market, order: "records.Order") -> None:
        """Take a waiting order out of where it waits."""
        market.waiting -= 1
        if order.level:
            self.unqueue(market, order)
        else:
            self.stop_following(market, order)

    def unqueue(self, market: Market, order: "records.Order") -> None:
        level = order.level
        self.pool.dequeue(order)
        if not level.first:
            if fires_above(order):
                market.rising.remove(level)
            else:
                market.falling.remove(level)
            self.pool.give_level(level)
        self.unlink(order)

    def stop_following(self, market: Market, order: "records.Order") -> None:
        older = order.prev
        younger = order.next
        if older:
            older.next = younger
        else:
            market.first_trailing = younger
        if younger:
            younger.prev = older
        else:
            market.last_trailing = older
        market.trailing -= 1
        self.unlink(order)

    def unlink(self, order: "records.Order") -> None:
        nobody = self.pool.no_order()
        order.next = nobody
        order.prev = nobody
        order.level = self.pool.no_level()

    def touch(self, market: Market, price: int) -> None:
        """A trade took place at this price."""
        if market.trailing and (price >= market.next_up or price <= market.next_down):
            self.follow(market, price)
        market.reach_down = min(market.reach_down, price)
        market.reach_up = max(market.reach_up, price)

    def follow(self, market: Market, price: int) -> None:
        """Let trailing orders follow a trade price, oldest first; those it sets off line up at their trigger price.

        `next_up` and `next_down` become the prices at which the next of them would notice a trade.
        """
        market.next_up = codes.AMOUNT_MAX
        market.next_down = 0
        order = market.first_trailing
        while order:
            following = order.next
            self.move(order, price)
            if self.is_set_off(order, price):
                self.stop_following(market, order)
                self.line_up(market, order)
            else:
                self.note_next(market, order)
            order = following

    def move(self, order: "records.Order", price: int) -> None:
        """Activate a trailing order, or move its extreme, by one trade price."""
        details = order.details
        side = order.flags.side
        if not details.extreme:
            waits_for = details.activation_price
            above = is_above(order.flags.type, side)
            if not waits_for or (price >= waits_for if above else price <= waits_for):
                details.extreme = price
        elif (price > details.extreme) == (side == codes.SELL):
            details.extreme = price
        if details.extreme:
            details.trigger_price = behind(details.extreme, side, details.trailing_delta)

    def is_set_off(self, order: "records.Order", price: int) -> bool:
        details = order.details
        if not details.extreme:
            return False
        return price <= details.trigger_price if order.flags.side == codes.SELL else price >= details.trigger_price

    def note_next(self, market: Market, order: "records.Order") -> None:
        details = order.details
        if details.extreme:
            is_sale = order.flags.side == codes.SELL
            up = details.extreme + 1 if is_sale else details.trigger_price
            down = details.trigger_price if is_sale else details.extreme - 1
            market.next_up = min(market.next_up, up)
            market.next_down = max(market.next_down, down)
        elif is_above(order.flags.type, order.flags.side):
            market.next_up = min(market.next_up, details.activation_price)
        else:
            market.next_down = max(market.next_down, details.activation_price)

    def pending(self, market: Market) -> "records.Order":
        """The order that enters next, if any is set off."""
        level = market.falling.best
        if level and level.key >= market.reach_down:
            return level.first
        level = market.rising.best
        if level and -level.key <= market.reach_up:
            return level.first
        return self.pool.no_order()

    def settle(self, market: Market) -> None:
        """To be called after each command that may have set off or taken out waiting orders of a market."""
        if self.pending(market) or market.first_ready:
            self.busy += 1 - market.busy
            market.busy = 1
        else:
            self.busy -= market.busy
            market.busy = 0
            market.reach_down = codes.AMOUNT_MAX
            market.reach_up = 0
