"""Trading: who meets whom, at what price, and what changes hands.

Price-time priority; trades happen at the maker's price, so an improvement is the taker's. What a taker pays and gets is
summed over its trades and settled once.
"""

from . import arithmetic, average, book, codes, indexes, records
from .book import Book
from .events import Events
from .indexes import ClientIndex, OrderIndex
from .market import Market
from .pool import Pool


def same_owner(one: "records.Account", other: "records.Account") -> bool:
    """Whether two accounts are one owner's: the same account, or one trade group."""
    if one == other:
        return True
    return one.trade_group != 0 and one.trade_group == other.trade_group


class Trading:
    """Matching and settling on the records of one core."""

    def __init__(self, pool: Pool, secret: bytes, events: Events) -> None:
        self.pool = pool
        self.book = Book(pool)
        self.orders = OrderIndex(pool)
        self.clients = ClientIndex(pool, secret)
        self.events = events
        self.now_ns = 0
        self.lots = self.cost = 0
        self.blocked = False
        self.taker_paid = self.taker_received = self.taker_fees = self.maker_fees = 0

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

        Units:   quantity in lots; budget, the most quote units that may change hands, at most 2^62; own_orders, how
                 many of the account's orders are open in this market.
        """
        alone = mode == codes.NONE or (own_orders == 0 and account.trade_group == 0)
        self.lots = self.cost = 0
        self.blocked = False
        level = market.asks.best if side == codes.BUY else market.bids.best
        while level and level.key >= limit_key and self.lots < quantity and not self.blocked:
            lots = level.quantity if alone else self.open_to(level, account, mode)
            unit = arithmetic.quote_units(market.quote_per_tick_lot, level.key if side == codes.SELL else -level.key, 1)
            taken = min(lots, quantity - self.lots, (budget - self.cost) // unit)
            self.lots += taken
            self.cost += taken * unit
            if taken < lots:
                break
            level = level.worse

    def open_to(self, level: "records.Level", account: "records.Account", mode: int) -> int:
        """Return the lots of a level that an account's order could take; `blocked` where it could go no further."""
        lots = 0
        order = level.first
        while order:
            if not same_owner(order.seat.account, account):
                lots += order.remaining
            elif mode != codes.EXPIRE_MAKER:
                self.blocked = True
                break
            order = order.next
        return lots

    def match(self, market: Market, taker: "records.Order", limit_key: int) -> int:
        """Trade the taker with the best of the other side, oldest first, as long as keys reach `limit_key`.

        Returns: the maker that ended the taker by self-trade prevention, or 0.
        """
        opposite = book.other_side(market, taker.flags.side)
        mode = taker.flags.self_trade
        met = 0
        self.taker_paid = self.taker_received = self.taker_fees = self.maker_fees = 0
        level = opposite.best
        while level and taker.remaining > 0 and level.key >= limit_key:
            maker = level.first
            if mode != codes.NONE and same_owner(maker.seat.account, taker.seat.account):
                maker_id = maker.id
                if self.prevent(market, taker, maker):
                    met = maker_id
                    break
            else:
                self.trade(market, taker, maker)
            level = opposite.best
        if self.taker_paid:
            self.settle_taker(market, taker)
        return met

    def prevent(self, market: Market, taker: "records.Order", maker: "records.Order") -> bool:
        """Two orders of one owner met: expire what the taker's mode says. True: the taker has ended."""
        mode = taker.flags.self_trade
        ends_taker = mode == codes.EXPIRE_TAKER or mode == codes.EXPIRE_BOTH  # noqa: PLR1714
        ends_maker = mode == codes.EXPIRE_MAKER or mode == codes.EXPIRE_BOTH  # noqa: PLR1714
        taker_prevented = taker.remaining if ends_taker else 0
        maker_prevented = maker.remaining if ends_maker else 0
        self.events.prevented(market, taker, maker, taker_prevented, maker_prevented)
        if ends_taker:
            taker.prevented_quantity += taker_prevented
        if ends_maker:
            maker.prevented_quantity += maker_prevented
            self.cancel(market, maker, codes.SELF_TRADE, indexes.no_client_id(), taker.id)
        return ends_taker

    def trade(self, market: Market, taker: "records.Order", maker: "records.Order") -> None:
        """One trade at the maker's price: the maker is settled, the taker's part is summed up."""
        quantity = min(taker.remaining, maker.remaining)
        base_amount = quantity * market.base_per_lot
        quote_amount = arithmetic.quote_units(market.quote_per_tick_lot, maker.price, quantity)
        taker_buys = taker.flags.side == codes.BUY
        taker_fee = arithmetic.mul_ppm_up(
            base_amount if taker_buys else quote_amount, market.taker_ppm[taker.seat.account.tier]
        )
        maker_fee = arithmetic.mul_ppm_up(
            quote_amount if taker_buys else base_amount, market.maker_ppm[maker.seat.account.tier]
        )
        market.trades += 1
        market.last_price = maker.price
        average.note_trade(market, self.now_ns, maker.price, quantity)
        taker.remaining -= quantity
        taker.filled_quote += quote_amount
        taker.updated_ns = self.now_ns
        maker.remaining -= quantity
        maker.filled_quote += quote_amount
        maker.updated_ns = self.now_ns
        maker.level.quantity -= quantity
        self.taker_paid += quote_amount if taker_buys else base_amount
        self.taker_received += base_amount if taker_buys else quote_amount
        self.taker_fees += taker_fee
        self.maker_fees += maker_fee
        self.settle_maker(
            market, maker, codes.SELL if taker_buys else codes.BUY, base_amount, quote_amount, maker_fee
        )
        self.events.traded(market, taker, maker, quantity, base_amount, quote_amount, taker_fee, maker_fee)
        if maker.remaining == 0:
            self.book.leave(market, maker)
            self.forget(maker)

    def settle_maker(
        self, market: Market, maker: "records.Order", maker_side: int, base_amount: int, quote_amount: int, fee: int
    ) -> None:
        """Pay from what the maker's order holds; give it what it gets, less its fee."""
        seat = maker.seat
        if maker_side == codes.SELL:
            maker.held -= base_amount
            seat.base.held -= base_amount
            seat.quote.available += quote_amount - fee
        else:
            maker.held -= quote_amount
            seat.quote.held -= quote_amount
            seat.base.available += base_amount - fee

    def settle_taker(self, market: Market, taker: "records.Order") -> None:
        """Pay the sum of all trades from what the taker holds; give it the sum it gets, less its fees."""
        seat = taker.seat
        taker.held -= self.taker_paid
        if taker.flags.side == codes.BUY:
            seat.quote.held -= self.taker_paid
            seat.base.available += self.taker_received - self.taker_fees
            market.base_fees.available += self.taker_fees
            market.quote_fees.available += self.maker_fees
        else:
            seat.base.held -= self.taker_paid
            seat.quote.available += self.taker_received - self.taker_fees
            market.quote_fees.available += self.taker_fees
            market.base_fees.available += self.maker_fees

    def rest(self, market: Market, order: "records.Order") -> None:
        """Put what remains of an order into the book, holding no more than it can still cost."""
        kept = order.remaining * market.base_per_lot
        if order.flags.side == codes.BUY:
            kept = arithmetic.quote_units(market.quote_per_tick_lot, order.price, order.remaining)
        self.release_claim(market, order, kept)
        level = self.book.rest(market, order)
        self.book.take_seat(order)
        self.orders.put(order)
        self.clients.put(order)
        self.events.rested(market, order, level)

    def forget(self, order: "records.Order") -> None:
        """Drop an order that has left the book: its claim must be spent by now."""
        assert order.held == 0
        self.orders.remove(order)
        self.clients.remove(order)
        self.book.leave_seat(order)
        self.pool.give_order(order)

    def cancel(
        self, market: Market, order: "records.Order", reason: int, cancel_id: "records.ClientId", counter_order: int
    ) -> None:
        """End an order, resting or not, with what remains of it unfilled."""
        released = self.release_claim(market, order, 0)
        order.updated_ns = self.now_ns
        if order.level:
            left = self.book.leave(market, order)
            self.events.canceled(market, order, reason, released, left, cancel_id, counter_order)
            self.forget(order)
        else:
            self.events.canceled(market, order, reason, released, codes.NOT_RESTING, cancel_id, counter_order)
            self.pool.give_order(order)

    def release_claim(self, market: Market, order: "records.Order", kept: int) -> int:
        """Give back what an order holds above `kept`; returns how much that was."""
        amount = order.held - kept
        if amount:
            book.release(order.seat.quote if order.flags.side == codes.BUY else order.seat.base, amount)
            order.held = kept
        return amount
