"""The rules of the order path: what a row of the journal does to books and balances.

Every handler has two halves and a line between. Above the line it only reads and may refuse; below it only writes and
may not fail. `place` is the parent of trading and reads as its sentence.
"""

from . import arithmetic, book, checks, codes, filters, indexes, records
from .buffers import Rows
from .events import Events
from .indexes import Accounts, Cells, Keys, Seats
from .market import Market
from .pool import Pool
from .trading import Trading
from .warm import Warmer


class Matching:
    """The hot state of an exchange. `secret` (16 bytes) keys the index of client ids and is never observable."""

    def __init__(self, secret: bytes) -> None:
        self.pool = Pool()
        self.cells = Cells(self.pool)
        self.seats = Seats(self.pool, self.cells)
        self.accounts = Accounts()
        self.keys = Keys()
        self.events = Events()
        self.trading = Trading(self.pool, secret, self.events)
        self.rows = Rows()
        self.warmer = Warmer(self.keys, self.seats, self.trading.orders, self.trading.clients)
        self.markets: list[Market] = []
        self.next_order_id = 1
        self.why = codes.DONE
        self.owed = self.owed_market = 0
        self.now_ns = 0
        self.mode = self.lots = self.need = 0

    def apply_rows(self, data: bytes, start: int, seq: int, now_ns: int) -> int:
        """Apply the commands of a run of rows from word `start` on, numbering them from `seq`.

        Returns: the word where it stopped; `why` says DONE, or COLD_ROW (the command there is for cold code, nothing
                 was written), or OWES (the command before is whole, and `owed` is due before the next).
        Raises:  ValueError where the rest of the run is not rows; nothing of it was applied.
        """
        self.rows.open(data)
        self.now_ns = now_ns
        self.trading.now_ns = now_ns
        self.owed = 0
        self.why = codes.DONE
        at = warmed = start
        while at < self.rows.count:
            if at >= warmed and self.seats.count + self.trading.orders.count > codes.WARM_FROM:
                warmed = self.warmer.fetch(self.rows, at)
            extent = self.rows.extent(at)
            row = self.rows.at(at)
            self.events.seq = seq
            if row.kind > codes.CANCEL_ALL or row.kind < codes.PLACE or (row.kind == codes.CANCEL_ALL and not row.market):
                self.why = codes.COLD_ROW
                break
            self.apply_row(at, row)
            at += extent
            seq += 1
            if self.owed:
                self.why = codes.OWES
                break
        return at

    def apply_row(self, at: int, row: "records.Row") -> None:
        if row.kind == codes.PLACE:
            self.place(at, row)
        elif row.kind == codes.CANCEL:
            self.cancel(at, row)
        else:
            self.cancel_all(at, row)

    def market_of(self, market_id: int) -> Market:
        """The market of that number; None where there is none."""
        if 0 < market_id <= len(self.markets):
            return self.markets[market_id - 1]
        return None

    def place(self, at: int, row: "records.Row") -> None:
        """Place an order: check, hold, match, settle, then rest or cancel the remainder.

        Emits:   ACCEPTED, then per fill TRADED, then RESTED or CANCELED where something remains.
        Rejects: in the order of the codes from MALFORMED_ROW to INSUFFICIENT_FUNDS.
        Units:   price in ticks, quantity in lots, amounts in minor units.
        Cost:    O(log levels + fills).
        Source:  price-time priority; ../shared/binance-spot-reference.md §6, §7, §9, §11.
        """
        market = self.market_of(row.market)
        code = self.refusal(at, row, market)
        if code:
            self.events.rejected(row, code)
        else:
            self.enter(at, row, market)

    def enter(self, at: int, row: "records.Row", market: Market) -> None:
        """Below the line of `place`: from here on the command must succeed."""
        order = self.draft(at, row, market)
        self.events.accepted(market, order, row.quote_quantity, row.key)
        met = 0
        if self.lots and self.is_fillable(row, market, order):
            met = self.trading.match(market, order, self.worst_key(row))
        self.finish(row, market, order, met)

    def is_fillable(self, row: "records.Row", market: Market, order: "records.Order") -> bool:
        """Whether an order may start to trade: a fill-or-kill one only where all of it would trade now."""
        if row.flags.time_in_force != codes.FOK:
            return True
        seat = order.seat
        self.trading.walk(
            market,
            seat.account,
            seat.open_orders,
            order.flags.side,
            self.mode,
            self.worst_key(row),
            order.quantity,
            codes.AMOUNT_MAX,
        )
        return self.trading.lots == order.quantity

    def refusal(self, at: int, row: "records.Row", market: Market) -> int:
        """Everything that can be said against an order, before anything is written."""
        code = checks.malformed(self.rows, at, row)
        if code:
            return code
        code = checks.unsupported(self.rows, at, row)
        if code:
            return code
        code = self.refused_sender(row)
        if code:
            return code
        if market is None:
            return codes.UNKNOWN_MARKET
        if market.status != codes.TRADING:
            return codes.MARKET_CLOSED
        self.seat = self.seats.find(row.account, row.market)
        return self.wrong_order(row, market)

    def refused_sender(self, row: "records.Row") -> int:
        key = self.keys.find(row.key)
        return checks.refused_sender(row, key, key.account if key else self.accounts.find(row.account))

    def wrong_order(self, row: "records.Row", market: Market) -> int:
        """Filters, then what the book and the account's other orders say, then funds."""
        side = row.flags.side
        order_type = row.flags.type
        self.mode = row.flags.self_trade
        if self.mode == codes.MARKET_DEFAULT:
            self.mode = market.default_self_trade
        if order_type == codes.MARKET:
            code = self.wrong_market(row, market, side)
        else:
            code = self.wrong_limit(row, market, side, order_type)
        if code:
            return code
        if self.spendable(row, market.quote if side == codes.BUY else market.base) < self.need:
            return codes.INSUFFICIENT_FUNDS
        return 0

    def wrong_limit(self, row: "records.Row", market: Market, side: int, order_type: int) -> int:
        """Check an order with a price; sets what it needs to hold, and in `lots` whether and what it would trade."""
        code = filters.wrong_price(market, row.price)
        if code:
            return code
        code = filters.wrong_quantity(market, row.quantity)
        if code:
            return code
        code = filters.wrong_percent_price(market, side, row.price, self.now_ns)
        if code:
            return code
        code = filters.wrong_notional(market, row.price, row.quantity)
        if code:
            return code
        time_in_force = row.flags.time_in_force
        if time_in_force == codes.GTC and self.seat:
            if self.seat.open_orders >= market.max_orders:
                return codes.MAX_NUM_ORDERS
            if self.seat.account.open_orders >= codes.ORDERS_MAX:
                return codes.ACCOUNT_MAX_ORDERS
        if self.mode != codes.NONE and not market.allowed_self_trade >> self.mode & 1:
            return codes.SELF_TRADE_MODE_NOT_ALLOWED
        if self.trading.clients.find(row.account, row.client_id):
            return codes.DUPLICATE_CLIENT_ID
        best = market.asks.best if side == codes.BUY else market.bids.best
        self.lots = 0
        if best:
            self.lots = 1 if best.key >= self.worst_key(row) else 0
        if self.lots and order_type == codes.LIMIT_MAKER:
            return codes.WOULD_TAKE
        if side == codes.BUY:
            self.need = arithmetic.quote_units(market.quote_per_tick_lot, row.price, row.quantity)
        else:
            self.need = row.quantity * market.base_per_lot
        return 0

    def wrong_market(self, row: "records.Row", market: Market, side: int) -> int:
        """Check an order without a price by walking the book; sets the lots it will trade and what it needs to hold.

        A purchase by quote quantity holds that quantity, a sale by quantity holds that quantity, the other two hold
        what the walk gives. Lots bought or sold for a quote quantity are rounded down to a whole step.
        """
        if row.quantity:
            code = filters.wrong_quantity(market, row.quantity)
            if code:
                return code
            code = filters.wrong_market_quantity(market, row.quantity)
            if code:
                return code
            code = filters.wrong_market_notional(market, row.quantity, self.now_ns)
            if code:
                return code
        elif row.quote_quantity > codes.AMOUNT_MAX:
            return codes.NUMBER_OUT_OF_RANGE
        if self.mode != codes.NONE and not market.allowed_self_trade >> self.mode & 1:
            return codes.SELF_TRADE_MODE_NOT_ALLOWED
        if self.trading.clients.find(row.account, row.client_id):
            return codes.DUPLICATE_CLIENT_ID
        self.trading.walk(
            market,
            self.accounts.find(row.account),
            self.seat.open_orders if self.seat else 0,
            side,
            self.mode,
            -codes.AMOUNT_MAX,
            row.quantity if row.quantity else market.max_quantity,
            codes.AMOUNT_MAX if row.quantity else row.quote_quantity,
        )
        self.lots = self.trading.lots
        if row.quote_quantity:
            if market.quantity_step > 1:
                self.lots -= self.lots % market.quantity_step
            if self.lots < max(market.min_quantity, market.market_min_quantity):
                return codes.BOOK_TOO_THIN
        if side == codes.BUY:
            self.need = row.quote_quantity if row.quote_quantity else self.trading.cost
        else:
            self.need = (row.quantity if row.quantity else self.lots) * market.base_per_lot
        return 0

    def worst_key(self, row: "records.Row") -> int:
        """The worst key on the other side that an order may trade with."""
        if not row.price:
            return -codes.AMOUNT_MAX
        return -book.key_of(row.flags.side, row.price)

    def spendable(self, row: "records.Row", asset: int) -> int:
        """What an account has available of an asset; an account new to a market has no seat there yet."""
        if self.seat:
            base = self.seat.base
            return base.available if base.asset == asset else self.seat.quote.available
        cell = self.cells.find(row.account, asset)
        return cell.available if cell else 0

    def draft(self, at: int, row: "records.Row", market: Market) -> "records.Order":
        """Make the order a row asks for, with its number and its funds held."""
        if not self.seat:
            self.seat = self.seats.open(self.accounts.find(row.account), market.id, market.base, market.quote)
        side = row.flags.side
        order = self.trading.pool.take_order()
        order.id = self.next_order_id
        self.next_order_id += 1
        order.seat = self.seat
        order.flags = row.flags
        order.flags.self_trade = self.mode
        order.price = row.price
        order.quantity = row.quantity if row.quantity else self.lots
        order.remaining = order.quantity
        order.held = self.need
        order.filled_quote = order.prevented_quantity = 0
        order.created_ns = order.updated_ns = self.now_ns
        order.client_id = row.client_id
        if row.extensions:
            self.note_strategy(order, self.rows.strategy(at))
        book.hold(self.seat.quote if side == codes.BUY else self.seat.base, self.need)
        return order

    def note_strategy(self, order: "records.Order", strategy: "records.Strategy") -> None:
        if strategy:
            order.details = self.trading.pool.take_details()
            order.details.strategy_id = strategy.strategy_id
            order.details.strategy_type = strategy.strategy_type

    def finish(self, row: "records.Row", market: Market, order: "records.Order", met: int) -> None:
        """Give the last word on an order that has just traded as far as it could."""
        time_in_force = row.flags.time_in_force
        order_type = row.flags.type
        if order.remaining == 0 or met or order_type == codes.MARKET or time_in_force != codes.GTC:
            if order.remaining:
                reason = codes.UNFILLED_FOK if time_in_force == codes.FOK else codes.UNFILLED_IOC
                if order_type == codes.MARKET:
                    reason = codes.NO_LIQUIDITY
                if met:
                    reason = codes.SELF_TRADE
                self.trading.cancel(market, order, reason, indexes.no_client_id(), met)
            else:
                self.trading.release_claim(market, order, 0)
                self.trading.pool.give_order(order)
        else:
            self.trading.rest(market, order)

    def cancel(self, at: int, row: "records.Row") -> None:
        """Cancel one order, named by its id, by its client id, or by both.

        Emits:   CANCELED; owes MARKET_EMPTIED where it was the last of a market that only lets cancel.
        Rejects: in the order of the codes, then UNKNOWN_ORDER, ORDER_ID_MISMATCH, CANCEL_RESTRICTED.
        """
        market = self.market_of(row.market)
        order = self.named_order(at, row)
        code = self.refused_cancel(at, row, market, order)
        if code:
            self.events.rejected(row, code)
        else:
            # From here on the command must succeed.
            self.trading.cancel(market, order, codes.BY_REQUEST, row.client_id, 0)
            self.note_emptied(market)

    def named_order(self, at: int, row: "records.Row") -> "records.Order":
        """The open order a row names, by id where it has one; whosever it is."""
        if row.extensions and not row.order_id:
            reference = self.rows.reference(at)
            if reference:
                return self.trading.clients.find(row.account, reference.client_id)
        return self.trading.orders.find(row.order_id)

    def refused_cancel(self, at: int, row: "records.Row", market: Market, order: "records.Order") -> int:
        """Everything that can be said against cancelling an order. An order of another account is an unknown one."""
        code = checks.malformed(self.rows, at, row)
        if code:
            return code
        code = self.refused_sender(row)
        if code:
            return code
        if market is None:
            return codes.UNKNOWN_MARKET
        if market.status == codes.BREAK:
            return codes.MARKET_CLOSED
        if not order:
            return codes.UNKNOWN_ORDER
        if order.seat.account_id != row.account or order.seat.market != row.market:
            return codes.UNKNOWN_ORDER
        if row.extensions and row.order_id:
            reference = self.rows.reference(at)
            if indexes.has_client_id(reference.client_id) and not indexes.same_client_id(
                reference.client_id, order.client_id
            ):
                return codes.ORDER_ID_MISMATCH
        restriction = row.flags.restriction
        is_new = order.remaining == order.quantity - order.prevented_quantity
        if restriction == codes.ONLY_NEW and not is_new:
            return codes.CANCEL_RESTRICTED
        if restriction == codes.ONLY_PARTIALLY_FILLED and is_new:
            return codes.CANCEL_RESTRICTED
        return 0

    def cancel_all(self, at: int, row: "records.Row") -> None:
        """Cancel every order of one account in one market, oldest first. Emits CANCELED for each."""
        market = self.market_of(row.market)
        code = checks.malformed(self.rows, at, row)
        if not code:
            code = self.refused_sender(row)
        if not code and market is None:
            code = codes.UNKNOWN_MARKET
        if not code and market.status == codes.BREAK:
            code = codes.MARKET_CLOSED
        seat = self.seats.find(row.account, row.market)
        open_orders = seat.open_orders if seat else 0
        if not code and not open_orders:
            code = codes.NOTHING_TO_CANCEL
        if code:
            self.events.rejected(row, code)
        else:
            # From here on the command must succeed.
            while seat.first:
                self.trading.cancel(market, seat.first, codes.BY_CANCEL_ALL, row.client_id, 0)
            self.note_emptied(market)

    def note_emptied(self, market: Market) -> None:
        """A market that only lets cancel and has lost its last order is owed to cold code."""
        if market.status == codes.CANCEL_ONLY and market.resting == 0:
            self.owed = codes.MARKET_EMPTIED
            self.owed_market = market.id

    def list_market(self, base: int, quote: int, base_per_lot: int, quote_per_tick_lot: int) -> Market:
        """Add a market, closed and without filters, and return it; its number is the next one."""
        market = Market(self.pool, len(self.markets) + 1, base, quote, base_per_lot, quote_per_tick_lot)
        market.base_fees = self.cells.open(codes.FEES_ACCOUNT, base)
        market.quote_fees = self.cells.open(codes.FEES_ACCOUNT, quote)
        self.markets.append(market)
        return market

    def open_account(self, account_id: int, kind: int, status: int, tier: int, trade_group: int, parent: int) -> None:
        assert not self.accounts.find(account_id)
        account = self.accounts.add(account_id)
        account.kind = kind
        account.status = status
        account.tier = tier
        account.trade_group = trade_group
        account.parent = parent

    def set_account(self, account_id: int, status: int, tier: int, trade_group: int) -> None:
        account = self.accounts.find(account_id)
        assert account
        assert 0 <= tier < codes.TIERS
        account.status = status
        account.tier = tier
        account.trade_group = trade_group

    def add_key(self, key_id: int, account_id: int, rights: int) -> None:
        assert not self.keys.find(key_id)
        account = self.accounts.find(account_id)
        assert account
        key = self.keys.add(key_id, account)
        key.rights = rights
        key.revoked = 0

    def revoke_key(self, key_id: int) -> None:
        key = self.keys.find(key_id)
        assert key
        key.revoked = 1

    def balance(self, account: int, asset: int) -> tuple[int, int, int]:
        """What an account has available, held and borrowed of an asset, in minor units."""
        cell = self.cells.find(account, asset)
        if not cell:
            return (0, 0, 0)
        return (cell.available, cell.held, cell.borrowed)

    def move(self, payer: int, receiver: int, asset: int, amount: int) -> None:
        """Post an amount from one account to another. The cold ledger has checked what may be."""
        assert 0 < amount <= codes.AMOUNT_MAX
        self.cells.open(payer, asset).available -= amount
        self.cells.open(receiver, asset).available += amount
