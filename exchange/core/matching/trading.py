"""Trading: who meets whom, at what price, and what changes hands.

Price-time priority; trades happen at the maker's price, so an improvement is the taker's. What a taker pays and gets is
summed over its trades and settled once.
"""

from . import average, codes, guards, indexes, proceeds, records, sides, transfers
from .due import DueOrders
from .events import Events
from .fees import Fees
from .indexes import ClientIndex, OrderIndex
from .links import Links
from .market import Market
from .pool import Pool
from .triggers import Triggers


def same_owner(one: "records.Account", other: "records.Account") -> bool:
    """Whether two accounts are one owner's: the same account, or one trade group."""
    return one == other or (one.trade_group != 0 and one.trade_group == other.trade_group)


def fee_of(amount: int, ppm: int, rounding: int) -> int:
    """Return amount × ppm / 10^6, rounded up where `rounding` is PPM - 1, down where it is 0.

    Limits:  amount ≥ 0; 0 ≤ ppm ≤ FEE_PPM_MAX: no product overflows up to 2^62.
    """
    return amount // codes.PPM * ppm + (amount % codes.PPM * ppm + rounding) // codes.PPM


def rebate_of(amount: int, ppm: int, most: int) -> int:
    """Return amount × ppm / 10^6, rounded down, and not above `most`: the venue gives no more than it gets.

    Limits:  as `fee_of`.
    """
    return min(amount // codes.PPM * ppm + amount % codes.PPM * ppm // codes.PPM, most)


def waits(order: "records.Order") -> bool:
    """Whether an order waits for its price: it is open, and in no book."""
    if order.flags.type <= codes.LIMIT_MAKER:
        return False
    return order.details.triggered_ns == 0 and order.details.pending == 0


def is_known(order: "records.Order") -> bool:
    """Whether an order with details was remembered before it came to trade: it waited, or is part of a list."""
    return order.flags.type > codes.LIMIT_MAKER or order.details.list_id != 0


def shown_of(order: "records.Order") -> int:
    """How much of an order its level shows: all that remains of it, unless it is an iceberg."""
    details = order.details
    if details and details.visible:
        return details.shown
    return order.remaining


class Trading:
    """Books, and matching and settling on the records of one core."""

    def __init__(self, pool: Pool, secret: bytes, events: Events, fees: Fees) -> None:
        self.pool = pool
        self.orders = OrderIndex()
        self.clients = ClientIndex(pool, secret)
        self.events = events
        self.fees = fees
        self.triggers = Triggers(pool)
        self.links = Links(pool)
        self.due = DueOrders(pool)
        self.now_ns = 0
        self.lots = self.cost = 0
        self.blocked = self.cut = False
        self.kept_back = 0
        self.taker_paid = self.taker_received = self.taker_fees = self.maker_fees = self.rebates = 0

    def walk(
        self,
        market: Market,
        account: "records.Account",
        own_orders: int,
        side: int,
        mode: int,
        limit_key: int,
        quantity: int,
        budget: int,
    ) -> None:
        """Find what an order of this account would trade now, without trading: sets `lots`, and their `cost`.

        `cut` says that the budget ended it.

        Units:   quantity in lots; budget, the most quote units that may change hands, at most 2^62; own_orders, how
                 many of the account's orders are open in this market.
        """
        alone = mode == codes.NONE or (own_orders == 0 and account.trade_group == 0)
        self.lots = self.cost = 0
        self.blocked = self.cut = False
        level = sides.best_against(market, side)
        while level and level.key >= limit_key and self.lots < quantity and not self.blocked:
            most = quantity - self.lots
            lots = level.quantity + level.hidden if alone else self.open_to(market, level, account, mode, most)
            unit = -sides.key(side, level.key) * market.quote_per_tick_lot
            wanted = min(lots, most)
            taken = min(wanted, (budget - self.cost) // unit)
            self.lots += taken
            self.cost += taken * unit
            if taken < wanted:
                self.cut = True
            if taken < lots:
                break
            level = level.worse

    def open_to(self, market: Market, level: "records.Level", account: "records.Account", mode: int, most: int) -> int:
        """Return the lots of a level that an account's order could take; `blocked` where it could go no further.

        It looks no further than to the order with which they are at least `most`. Of icebergs ahead of an order at
        which it would end only what shows counts: their next parts queue behind.
        """
        stops = mode == codes.EXPIRE_TAKER or mode == codes.EXPIRE_BOTH
        only_shown = stops and market.hidden_behind_own
        lots = 0
        order = level.first
        while order and lots < most:
            if not same_owner(order.seat.account, account):
                lots += shown_of(order) if only_shown else order.remaining
            elif mode == codes.TRANSFER:
                # What is handed over is paid as what trades.
                if order.flags.self_trade == codes.TRANSFER and order.seat.account != account:
                    lots += order.remaining
            elif stops:
                self.blocked = True
                return lots
            order = order.next
        return lots if order or not only_shown else level.quantity + level.hidden

    def match(self, market: Market, taker: "records.Order", limit_key: int) -> int:
        """Trade the taker with the best of the other side, oldest first, as long as keys reach `limit_key`, and until
        no more than the lots `kept_back` of it remain.

        Returns: the maker that ended the taker by self-trade prevention, or 0.
        """
        side = taker.flags.side
        mode = taker.flags.self_trade
        met = 0
        self.taker_paid = self.taker_received = self.taker_fees = self.maker_fees = self.rebates = 0
        level = sides.best_against(market, side)
        while level and taker.remaining > self.kept_back and level.key >= limit_key:
            maker = level.first
            if mode != codes.NONE and same_owner(maker.seat.account, taker.seat.account):
                maker_id = maker.id
                if self.prevent(market, taker, maker):
                    met = maker_id
                    break
            else:
                self.trade(market, taker, maker)
            level = sides.best_against(market, side)
        if self.taker_paid:
            self.settle_taker(market, taker)
        return met

    def prevent(self, market: Market, taker: "records.Order", maker: "records.Order") -> bool:
        """Two orders of one owner met: expire what the taker's mode says. True: the taker has ended."""
        mode = taker.flags.self_trade
        if mode == codes.DECREMENT or mode == codes.TRANSFER:
            return self.decrement(market, taker, maker)
        ends_taker = mode == codes.EXPIRE_TAKER or mode == codes.EXPIRE_BOTH
        ends_maker = mode == codes.EXPIRE_MAKER or mode == codes.EXPIRE_BOTH
        taker_prevented = taker.remaining if ends_taker else 0
        maker_prevented = maker.remaining if ends_maker else 0
        self.events.prevented(market, taker, maker, taker_prevented, maker_prevented)
        if ends_taker:
            taker.prevented_quantity += taker_prevented
        if ends_maker:
            maker.prevented_quantity += maker_prevented
            self.cancel(market, maker, codes.SELF_TRADE, indexes.no_client_id(), taker.id)
        return ends_taker

    def decrement(self, market: Market, taker: "records.Order", maker: "records.Order") -> bool:
        """Both lose what the smaller one has left; whoever has none ends. What the maker keeps is told RESTED."""
        lots = min(taker.remaining - self.kept_back, maker.remaining)
        self.events.prevented(market, taker, maker, lots, lots)
        taker.prevented_quantity += lots
        maker.prevented_quantity += lots
        taker.remaining -= lots
        self.shrink(market, maker, lots)
        if transfers.is_due(taker, maker):
            transfers.hand_over(self.events, market, taker, maker, lots)
        maker.updated_ns = self.now_ns
        if maker.details and maker.details.order_list:
            self.links.lost(maker)
        if maker.remaining == 0:
            self.cancel(market, maker, codes.SELF_TRADE, indexes.no_client_id(), taker.id)
        else:
            self.events.rested(market, maker, maker.level)
        return taker.remaining == 0

    def shrink(self, market: Market, order: "records.Order", lots: int) -> int:
        """Take lots away from what remains of an open order, hidden ones first, and release what they held."""
        kept = order.held // order.remaining * (order.remaining - lots)
        before = shown_of(order)
        order.remaining -= lots
        if order.details and order.details.visible:
            order.details.shown = min(before, order.remaining)
        if order.level and not waits(order):
            after = shown_of(order)
            order.level.quantity -= before - after
            order.level.hidden -= lots - (before - after)
        return self.release_claim(order, kept)

    def refill(self, market: Market, order: "records.Order") -> None:
        """Show the next part of an iceberg, behind the others of its price."""
        level = order.level
        details = order.details
        details.shown = min(details.visible, order.remaining)
        level.quantity += details.shown
        level.hidden -= details.shown
        self.pool.dequeue(order)
        self.pool.enqueue(level, order)
        self.events.refilled(market, order)

    def trade(self, market: Market, taker: "records.Order", maker: "records.Order") -> None:
        """One trade at the maker's price: the maker is settled, the taker's part is summed up."""
        quantity = min(taker.remaining - self.kept_back, shown_of(maker))
        base_amount = quantity * market.base_per_lot
        quote_amount = maker.price * quantity * market.quote_per_tick_lot
        side = taker.flags.side
        paid = sides.of(side, quote_amount, base_amount)
        received = sides.of(side, base_amount, quote_amount)
        market.trades += 1
        market.last_price = maker.price
        if market.has_fee_terms:
            self.fees.charge(market, taker, maker, base_amount, quote_amount, codes.TAKER_RATE, self.now_ns)
            taker_fee = self.fees.taker_part
            maker_fee = self.fees.maker_part
        else:
            taker_fee = fee_of(received, market.taker_ppm[taker.seat.account.tier], market.fee_rounding)
            maker_ppm = market.maker_ppm[maker.seat.account.tier]
            if maker_ppm >= 0:
                maker_fee = fee_of(paid, maker_ppm, market.fee_rounding)
            else:
                maker_fee = -rebate_of(received, -maker_ppm, taker_fee)
        average.note_trade(market, self.now_ns, maker.price, quantity)
        taker.remaining -= quantity
        taker.filled_quote += quote_amount
        taker.updated_ns = self.now_ns
        self.taker_paid += paid
        self.taker_received += received
        self.taker_fees += taker_fee
        maker.remaining -= quantity
        maker.filled_quote += quote_amount
        maker.updated_ns = self.now_ns
        maker.level.quantity -= quantity
        # The maker pays what the taker receives, from what its order holds, and gets what the taker pays less its fee.
        maker.held -= received
        seat = maker.seat
        given = sides.gaining(seat, side)
        gained = sides.paying(seat, side)
        given.held -= received
        if maker_fee >= 0:
            gained.available += paid - maker_fee
            self.maker_fees += maker_fee
        else:
            # A rebate is part of the taker's fee, and in its asset.
            gained.available += paid
            given.available -= maker_fee
            self.rebates -= maker_fee
        self.events.traded(market, taker, maker, quantity, base_amount, quote_amount, taker_fee, maker_fee)
        if market.has_fee_terms:
            self.fees.tell_shares(market, taker, maker)
        if taker.details:
            self.keep_taken(market, taker, received, taker_fee)
        if market.waiting:
            self.triggers.touch(market, maker.price)
        if market.breaker_ppm | market.notional_per_second:
            # Where it is stopped, what remains of the taker ends (HALTED).
            if guards.trips(market, self.now_ns, quote_amount):
                self.kept_back = taker.remaining
        self.leave_or_refill(market, maker, quantity, maker_fee)

    def keep_taken(self, market: Market, taker: "records.Order", received: int, fee: int) -> None:
        """What its account has available says how a working order's fee is paid: it is settled trade by trade."""
        if proceeds.are_kept(taker):
            self.settle_taker(market, taker)
            self.taker_paid = self.taker_received = self.taker_fees = self.maker_fees = self.rebates = 0
            proceeds.keep(self.events, market, taker, received, fee, self.fees.discount_asset)

    def leave_or_refill(self, market: Market, order: "records.Order", traded: int, fee: int) -> None:
        """An order in the book has traded: it leaves where it is filled, an iceberg shows its next part."""
        if order.details:
            self.note_fill(market, order, traded, fee)
        if order.remaining == 0:
            self.unqueue(market, order)
            self.forget(order)

    def note_fill(self, market: Market, order: "records.Order", traded: int, fee: int) -> None:
        """What the trade of an order of the book means to it as an iceberg, and to its list."""
        details = order.details
        if proceeds.are_kept(order):
            received = traded * market.base_per_lot
            proceeds.keep(self.events, market, order, received, fee, self.fees.discount_asset)
        if details.visible:
            details.shown -= traded
            if details.shown == 0 and order.remaining:
                self.refill(market, order)
        if details.order_list:
            self.links.traded(order)
        if details.due_level and order.remaining == 0:
            self.due.remove(order)

    def cover(self, market: Market, order: "records.Order") -> None:
        """Hold more for a purchase without a price, where the book asks for more than it holds and there is more.

        Lots that cannot be paid all the same are `kept_back`.
        """
        seat = order.seat
        cell = seat.quote
        budget = order.held + cell.available
        if budget > codes.AMOUNT_MAX:
            budget = codes.AMOUNT_MAX
        self.walk(
            market,
            seat.account,
            seat.open_orders,
            codes.BUY,
            order.flags.self_trade,
            -codes.AMOUNT_MAX,
            order.remaining,
            budget,
        )
        more = self.cost - order.held
        if more > 0:
            cell.available -= more
            cell.held += more
            order.held += more
        if self.cut:
            self.kept_back = order.remaining - self.lots

    def settle_taker(self, market: Market, taker: "records.Order") -> None:
        """Pay the sum of all trades from what the taker holds; give it the sum it gets, less its fees."""
        seat = taker.seat
        taker.held -= self.taker_paid
        assert taker.held >= 0
        side = taker.flags.side
        sides.paying(seat, side).held -= self.taker_paid
        sides.gaining(seat, side).available += self.taker_received - self.taker_fees
        sides.fees_of_taker(market, side).available += self.taker_fees - self.rebates
        sides.fees_of_maker(market, side).available += self.maker_fees

    def rest(self, market: Market, order: "records.Order") -> None:
        """Put what remains of an order into the book, holding no more than it can still cost."""
        cost = order.price * order.remaining * market.quote_per_tick_lot
        kept = sides.of(order.flags.side, cost, order.remaining * market.base_per_lot)
        self.release_claim(order, kept)
        is_new = True
        if order.details:
            order.details.shown = min(order.details.visible, order.remaining)
            is_new = not is_known(order)
            if is_new and order.details.due_ns:
                self.due.put(order)
        level = self.queue(market, order)
        if is_new:
            self.remember(order)
        self.events.rested(market, order, level)

    def remember(self, order: "records.Order") -> None:
        """Keep an order whose client id was sought last: it stays open."""
        self.take_seat(order)
        self.orders.put(order)
        self.clients.put_sought(order)

    def wait(self, market: Market, order: "records.Order") -> None:
        """Let an order wait for its price. It is found and counted as if it were in the book."""
        self.remember(order)
        if order.details.due_ns:
            self.due.put(order)
        self.triggers.wait(market, order)

    def drop(self, order: "records.Order") -> None:
        """Forget an order that has ended as a taker: one that waited once was remembered then."""
        if order.details and is_known(order):
            if order.details.order_list:
                self.links.filled(order)
            if order.details.due_level:
                self.due.remove(order)
            self.forget(order)
        else:
            self.pool.give_order(order)

    def forget(self, order: "records.Order") -> None:
        """Drop an order that has left the book: its claim must be spent by now."""
        assert order.held == 0
        self.orders.remove(order)
        self.clients.remove(order)
        self.leave_seat(order)
        self.pool.give_order(order)

    def cancel(
        self, market: Market, order: "records.Order", reason: int, cancel_id: "records.ClientId", counter_order: int
    ) -> None:
        """End an order, resting, waiting or neither, with what remains of it unfilled."""
        released = self.release_claim(order, 0)
        order.updated_ns = self.now_ns
        left = codes.NOT_RESTING
        is_open = True
        if waits(order):
            self.triggers.leave(market, order)
            self.triggers.settle(market)
        elif order.level:
            left = self.unqueue(market, order)
        else:
            is_open = order.details and is_known(order)
        self.events.canceled(market, order, reason, released, left, cancel_id, counter_order)
        if order.details:
            if order.details.order_list:
                self.links.ended(order, reason, cancel_id)
            if order.details.due_level:
                self.due.remove(order)
        if is_open:
            self.forget(order)
        else:
            self.pool.give_order(order)

    def release_claim(self, order: "records.Order", kept: int) -> int:
        """Give back what an order holds above `kept`; returns how much that was."""
        amount = order.held - kept
        if amount:
            cell = sides.paying(order.seat, order.flags.side)
            cell.held -= amount
            cell.available += amount
            order.held = kept
        return amount

    def queue(self, market: Market, order: "records.Order") -> "records.Level":
        """Queue an order behind the others of its price; returns the level it stands in.

        The caller keeps `level.quantity` right while an order in the queue is filled.
        """
        side = order.flags.side
        level = self.pool.level_at(sides.ladder(market, side), sides.key(side, order.price))
        self.pool.enqueue(level, order)
        shown = shown_of(order)
        level.quantity += shown
        level.hidden += order.remaining - shown
        market.resting += 1
        return level

    def unqueue(self, market: Market, order: "records.Order") -> int:
        """Take an order out of its queue, and its level out of the book when it was the last; returns what the level
        has left.
        """
        level = order.level
        shown = shown_of(order)
        left = level.quantity - shown
        level.quantity = left
        level.hidden -= order.remaining - shown
        self.pool.dequeue(order)
        market.resting -= 1
        if not level.first:
            sides.ladder(market, order.flags.side).remove(level)
            self.pool.give_level(level)
        return left

    def take_seat(self, order: "records.Order") -> None:
        """Add an order to the open orders of its account in its market, as the youngest."""
        seat = order.seat
        self.pool.append_to_seat(order)
        seat.open_orders += 1
        seat.account.open_orders += 1

    def leave_seat(self, order: "records.Order") -> None:
        seat = order.seat
        self.pool.remove_from_seat(order)
        seat.open_orders -= 1
        seat.account.open_orders -= 1
