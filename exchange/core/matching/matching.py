"""The rules of the order path: what a row of the journal does to books and balances.

Every handler has two halves and a line between. Above the line it only reads and may refuse; below it only writes and
may not fail. `place` is the parent of trading and reads as its sentence.
"""

from typing import Any

from . import arithmetic, average, codes, indexes, pegs, records, sides, terms, trading
from .auction import Auction
from .buffers import Rows
from .checks import Checks
from .events import Events
from .fees import Fees
from .indexes import Accounts, Cells, Keys, Markets, Seats
from .lists import Lists
from .market import Market
from .pool import Pool
from .trading import Trading
from .warm import Warmer


class Matching:
    """The hot state of an exchange. `secret` (16 bytes) keys the index of client ids and is never observable."""

    def __init__(self, secret: bytes) -> None:
        self.pool = Pool()
        self.accounts = Accounts()
        self.cells = Cells(self.pool, self.accounts)
        self.seats = Seats(self.pool, self.cells)
        self.keys = Keys()
        self.events = Events()
        self.markets: list[Market] = []
        self.fees = Fees(self.pool, self.accounts, self.cells, self.events, self.markets)
        self.trading = Trading(self.pool, secret, self.events, self.fees)
        self.auction = Auction(self.trading)
        self.roster = Markets(self.markets)
        self.rows = Rows()
        self.checks = Checks(self.rows, self.accounts, self.keys, self.cells, self.seats, self.trading)
        self.links = self.trading.links
        self.limits = self.checks.limits
        self.due = self.trading.due
        self.lists = Lists(self.rows, self.checks, self.trading)
        self.warmer = Warmer(self.rows, self.accounts, self.keys, self.roster, self.seats, self.trading)
        self.next_order_id, self.why = 1, codes.DONE
        self.owed = self.owed_market = 0
        self.now_ns = self.steps = 0
        self.is_out_of_range = False

    def apply_rows(self, data: Any, start: int, seq: int, now_ns: int) -> int:
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
        is_large = self.accounts.count + self.seats.opened + self.trading.orders.count > codes.WARM_FROM
        at = warmed = start
        while at < self.rows.count:
            if not is_large:
                self.warmer.glance(at)
            elif at >= warmed:
                warmed = self.warmer.fetch(at, self.next_order_id)
            extent = self.rows.extent(at)
            row = self.rows.at(at)
            self.events.seq = seq
            self.steps = 0
            kind = row.kind
            if kind == codes.PLACE:
                self.place(at, row)
            elif kind == codes.CANCEL:
                self.cancel(at, row)
            elif kind > codes.CANCEL_LIST or kind < codes.PLACE or (kind == codes.CANCEL_ALL and not row.market):
                self.why = codes.COLD_ROW
                break
            else:
                self.apply_rare(at, row)
            at += extent
            seq += 1
            if self.owed:
                self.why = codes.OWES
                if self.owed == codes.ROW_IS_COLD:
                    self.why = codes.COLD_ROW
                    at -= extent
                break
        return at

    def apply_rare(self, at: int, row: "records.Row") -> None:
        """Apply one of the commands that few rows are."""
        if row.kind == codes.CANCEL_ALL:
            self.cancel_all(at, row)
        elif row.kind == codes.AMEND:
            self.amend(at, row)
        elif row.kind == codes.CANCEL_REPLACE:
            self.cancel_replace(at, row)
        elif row.kind == codes.LIST:
            self.lists.place(self, at, row, self.roster.find(row.market))
        else:
            self.lists.cancel(self, at, row, self.roster.find(row.market))

    def place(self, at: int, row: "records.Row") -> None:
        """Place an order: check, hold, match, settle, then rest or cancel the remainder.

        Emits:   ACCEPTED, then per fill TRADED, then RESTED or CANCELED where something remains; an order that waits
                 for a price: ACCEPTED. Then for each waiting order that a trade set off: TRIGGERED, and as above.
        Rejects: in the order of the codes from MALFORMED_ROW to INSUFFICIENT_FUNDS.
        Units:   price in ticks, quantity in lots, amounts in minor units.
        Cost:    O(log levels + fills), and as much for each order set off, at most CASCADE_MAX; the rest enters with
                 the next Ticks, and until then the market takes no other order (MARKET_BUSY).
        Source:  price-time priority; ../shared/binance-spot-reference.md §6, §7, §9, §11.
        """
        market = self.roster.find(row.market)
        code = self.checks.refused_place(at, row, market)
        if not code:
            self.enter(at, row, market)
        elif code == codes.ROW_IS_COLD:
            self.owed = code
        else:
            self.events.rejected(row, row.kind, code)

    def enter(self, at: int, row: "records.Row", market: Market) -> None:
        """Below the line of `place`: from here on the command must succeed."""
        self.warmer.fetch_level(market, row)
        order = self.draft(at, row, market)
        self.events.accepted(market, order, row.quote_quantity, row.key)
        if order.flags.type > codes.LIMIT_MAKER:
            self.trading.wait(market, order)
        else:
            met = 0
            trades = market.trades
            if self.checks.crosses:
                met = self.take(market, order, self.checks.worst_key)
            self.finish(market, order, met)
            self.conclude(market, trades)

    def conclude(self, market: Market, trades: int) -> None:
        """What an order that has done its own owes to others: lists, orders that wait, the market itself."""
        self.settle_lists()
        if market.waiting and market.trades != trades:
            self.fire(market)
        if market.tripped:
            self.owed, self.owed_market = codes.MARKET_TRIPPED, market.id

    def take(self, market: Market, order: "records.Order", worst_key: int) -> int:
        """Trade as far as an order may: to its price, and within the market's price range, fixed now.

        Returns: the maker that ended it by self-trade prevention, or 0.
        """
        key = worst_key
        if market.range_bid_up_ppm | market.range_bid_down_ppm | market.range_ask_up_ppm | market.range_ask_down_ppm:
            key = self.range_key(market, order.flags.side, worst_key)
        self.is_out_of_range = False
        met = 0
        if self.is_fillable(market, order, key):
            met = self.trading.match(market, order, key)
            if key != worst_key:
                best = market.asks.best if order.flags.side == codes.BUY else market.bids.best
                if best:
                    self.is_out_of_range = best.key < key and best.key >= worst_key
        return met

    def range_key(self, market: Market, side: int, worst_key: int) -> int:
        """The worst key within a range of the average price; nothing is within reach where the best is too good."""
        reference = average.average_price(market, self.now_ns)
        best = market.asks.best if side == codes.BUY else market.bids.best
        if not reference or not best:
            return worst_key
        if side == codes.BUY:
            least = -arithmetic.mul_ppm(reference, market.range_bid_up_ppm) if market.range_bid_up_ppm else worst_key
            most = -arithmetic.mul_ppm(reference, market.range_bid_down_ppm)
        else:
            least = arithmetic.mul_ppm(reference, market.range_ask_down_ppm)
            most = arithmetic.mul_ppm(reference, market.range_ask_up_ppm)
            if not market.range_ask_up_ppm:
                most = best.key
        if best.key > most:
            return best.key + 1
        return max(worst_key, least)

    def is_fillable(self, market: Market, order: "records.Order", worst_key: int) -> bool:
        """Whether an order may start to trade: a fill-or-kill one only where all of it would trade now."""
        if order.flags.time_in_force != codes.FOK:
            return True
        seat = order.seat
        mode = order.flags.self_trade
        self.trading.walk(
            market,
            seat.account,
            seat.open_orders,
            order.flags.side,
            # What is decremented or transferred does not trade: such an order would not be filled.
            codes.EXPIRE_TAKER if mode >= codes.DECREMENT else mode,
            worst_key,
            order.remaining,
            codes.AMOUNT_MAX,
        )
        return self.trading.lots == order.remaining

    def fire(self, market: Market) -> None:
        """Let the orders enter that trades have set off, as many as a command may; they may set off others."""
        order = self.trading.triggers.pending(market)
        while self.steps < codes.CASCADE_MAX and market.status == codes.TRADING:
            if market.first_ready:
                self.lists.enter(self, market)
            elif order:
                self.trigger(market, order)
            else:
                break
            self.steps += 1
            self.settle_lists()
            order = self.trading.triggers.pending(market)
        self.trading.triggers.settle(market)

    def settle_lists(self) -> None:
        """Carry out what follows for lists from what has just happened to orders of theirs."""
        if self.links.touched:
            self.lists.settle(self)

    def trigger(self, market: Market, order: "records.Order") -> None:
        """A waiting order's price was reached: it enters as if it were placed now, with what it holds."""
        side = order.flags.side
        self.trading.triggers.leave(market, order)
        order.updated_ns = order.details.triggered_ns = self.now_ns
        if order.details.order_list:
            self.lists.start(market, order)
        if not order.details.peg_kind or self.lists.takes_price(market, order):
            worst_key = -order.price if side == codes.BUY else order.price
            if not order.price:
                worst_key = -codes.AMOUNT_MAX
                if side == codes.BUY:
                    self.trading.cover(market, order)
            self.events.triggered(market, order)
            met = self.take(market, order, worst_key)
            self.finish(market, order, met)

    def resume(self, seq: int, now_ns: int, steps: int) -> int:
        """Go on with orders that were set off and have not entered, in markets that trade; returns the steps done.

        For a Tick that may take `steps` steps.
        """
        self.events.seq = seq
        self.now_ns = now_ns
        self.trading.now_ns = now_ns
        self.steps = codes.CASCADE_MAX - steps
        for number in range(len(self.markets)):
            market: Market = self.markets[number]
            if market.busy and market.status == codes.TRADING:
                self.fire(market)
        return self.steps - (codes.CASCADE_MAX - steps)

    def uncross(self, market: Market, seq: int, now_ns: int) -> None:
        """Let a market trade that has gathered orders: first what meets, at one price, then as ever."""
        self.events.seq = seq
        self.now_ns = now_ns
        self.trading.now_ns = now_ns
        self.steps = 0
        self.auction.uncross(market)
        self.settle_lists()
        market.status = codes.TRADING
        market.breaker_price = 0
        if market.waiting:
            self.fire(market)

    def draft(self, at: int, row: "records.Row", market: Market) -> "records.Order":
        """Make the order a row asks for, with its number and its funds held."""
        checks = self.checks
        seat = checks.seat
        if not seat:
            seat = self.seats.open(checks.account, market.id, market.base, market.quote)
        order = self.trading.pool.take_order()
        order.id = self.next_order_id
        self.next_order_id += 1
        order.seat = seat
        records.take_flags(order, row, checks.mode)
        order.price = row.price
        order.quantity = order.remaining = row.quantity if row.quantity else checks.lots
        order.filled_quote = order.prevented_quantity = 0
        order.created_ns = order.updated_ns = self.now_ns
        order.client_id = row.client_id
        if row.extensions:
            order.details = self.trading.pool.take_details()
            terms.note_details(self.rows, at, order.details)
            pegs.note_peg(self.rows, at, market, order)
        cell = sides.paying(seat, row.flags.side)
        order.held = checks.need
        cell.available -= checks.need
        cell.held += checks.need
        return order

    def finish(self, market: Market, order: "records.Order", met: int) -> None:
        """Give the last word on an order that has just traded as far as it could. One without a price never rests, nor
        does one that the market's range or a halt has stopped.
        """
        time_in_force = order.flags.time_in_force
        rests = time_in_force == codes.GTC or time_in_force == codes.GTD
        stopped = market.tripped or self.is_out_of_range
        self.is_out_of_range = False
        self.trading.kept_back = 0
        if order.remaining == 0 or met or not order.price or not rests or stopped:
            if order.remaining or met:
                reason = codes.UNFILLED_FOK if time_in_force == codes.FOK else codes.UNFILLED_IOC
                if not order.price:
                    reason = codes.NO_LIQUIDITY
                if stopped:
                    reason = codes.HALTED if market.tripped else codes.OUT_OF_RANGE
                if met:
                    reason = codes.SELF_TRADE
                self.trading.cancel(market, order, reason, indexes.no_client_id(), met)
            else:
                self.trading.release_claim(order, 0)
                self.trading.drop(order)
        else:
            self.trading.rest(market, order)

    def cancel(self, at: int, row: "records.Row") -> None:
        """Cancel one order, named by its id, by its client id, or by both.

        Emits:   CANCELED; owes MARKET_EMPTIED where it was the last of a market that only lets cancel.
        Rejects: in the order of the codes, then UNKNOWN_ORDER, ORDER_ID_MISMATCH, CANCEL_RESTRICTED.
        """
        market = self.roster.find(row.market)
        order = self.named_order(at, row)
        self.warmer.fetch_order(order)
        code = self.checks.refused_cancel(at, row, market, order)
        if code:
            self.events.rejected(row, row.kind, code)
        else:
            # From here on the command must succeed.
            self.trading.cancel(market, order, codes.BY_REQUEST, row.client_id, 0)
            self.settle_lists()
            self.note_emptied(market)

    def named_order(self, at: int, row: "records.Row") -> "records.Order":
        """The open order a row names, by id where it has one; whosever it is."""
        if row.extensions and not row.order_id:
            reference = self.rows.reference(at)
            if reference:
                return self.trading.clients.find(row.account, reference.client_id)
        return self.trading.orders.find(row.order_id)

    def amend(self, at: int, row: "records.Row") -> None:
        """Give an order a smaller quantity, and perhaps another client id; it keeps its place.

        Emits:   AMENDED; CANCELED (AMENDED_AWAY) where it has traded, or lost to self-trade prevention, that much.
        Rejects: as a cancel; then NOTHING_TO_CHANGE, QUANTITY_NOT_LESS, MAX_NUM_ORDER_AMENDS, LOT_SIZE, NOTIONAL,
                 DUPLICATE_CLIENT_ID.
        """
        market = self.roster.find(row.market)
        order = self.named_order(at, row)
        code = self.checks.refused_amend(at, row, market, order)
        if code:
            self.events.rejected(row, row.kind, code)
        elif row.quantity <= order.quantity - order.remaining:
            self.trading.cancel(market, order, codes.AMENDED_AWAY, row.client_id, 0)
            self.settle_lists()
            self.note_emptied(market)
        else:
            # From here on the command must succeed.
            old_quantity = order.quantity
            old_client_id = order.client_id
            if not order.details:
                order.details = self.trading.pool.take_details()
            order.details.amends += 1
            order.updated_ns = self.now_ns
            released = self.trading.shrink(market, order, old_quantity - row.quantity)
            order.quantity = row.quantity
            has_name = 1 if indexes.has_client_id(row.client_id) else 0
            if has_name:
                self.trading.clients.remove(order)
                order.client_id = row.client_id
                self.trading.clients.put(order)
            left = order.level.quantity if order.level and not trading.waits(order) else codes.NOT_RESTING
            self.events.amended(market, order, old_quantity, old_client_id, released, left)
            if order.details.order_list:
                self.lists.amended(market, order, old_quantity, has_name)

    def cancel_replace(self, at: int, row: "records.Row") -> None:
        """Cancel one order and place another, whose filters are asked before either.

        Emits:   CANCELED, or REJECTED of a CANCEL where that may fail; then as `place`, or REJECTED of a PLACE.
        Rejects: as `place` up to the filters of price and quantity; then as `cancel` where that may not fail.
        """
        market = self.roster.find(row.market)
        code = self.checks.refused_order(at, row, market)
        if not code:
            code = self.checks.wrong_filters(at, row, market)
        order = self.named_order(at, row)
        target_code = self.checks.wrong_target(at, row, order)
        reference = self.rows.reference(at)
        if not code and target_code and reference.spare_1 == codes.STOP_ON_FAILURE:
            code = target_code
        if code:
            self.events.rejected(row, row.kind, code)
        else:
            if target_code:
                self.events.rejected(row, codes.CANCEL, target_code)
            else:
                self.trading.cancel(market, order, codes.BY_REQUEST, self.cancel_id(at), 0)
                self.settle_lists()
            code = self.checks.wrong_order(at, row, market)
            if code:
                self.events.rejected(row, codes.PLACE, code)
            else:
                self.enter(at, row, market)

    def cancel_id(self, at: int) -> "records.ClientId":
        """The client id of the cancel in a cancel-replace."""
        extension = self.rows.cancel_id(at)
        if extension:
            return extension.client_id
        return indexes.no_client_id()

    def cancel_all(self, at: int, row: "records.Row") -> None:
        """Cancel every order of one account in one market, oldest first. Emits CANCELED for each."""
        market = self.roster.find(row.market)
        code = self.checks.refused_cancel_all(at, row)
        if not code and market is None:
            code = codes.UNKNOWN_MARKET
        if not code and market.status == codes.BREAK:
            code = codes.MARKET_CLOSED
        if not code:
            seat = self.seats.find(self.checks.account, row.market)
            open_orders = seat.open_orders if seat else 0
            if not open_orders:
                code = codes.NOTHING_TO_CANCEL
        if code:
            self.events.rejected(row, row.kind, code)
        else:
            # From here on the command must succeed.
            while seat.first:
                self.trading.cancel(market, seat.first, codes.BY_CANCEL_ALL, row.client_id, 0)
            self.settle_lists()
            self.note_emptied(market)

    def note_emptied(self, market: Market) -> None:
        """A market that only lets cancel and has lost its last order is owed to cold code."""
        if market.status == codes.CANCEL_ONLY and market.resting == 0 and market.waiting == 0:
            self.owed = codes.MARKET_EMPTIED
            self.owed_market = market.id

    def list_market(self, base: int, quote: int, base_per_lot: int, quote_per_tick_lot: int) -> Market:
        """Add a market, closed and without filters, and return it; its number is the next one."""
        market = Market(self.pool, len(self.markets) + 1, base, quote, base_per_lot, quote_per_tick_lot)
        market.base_fees = self.cells.open(codes.FEES_ACCOUNT, base)
        market.quote_fees = self.cells.open(codes.FEES_ACCOUNT, quote)
        self.markets.append(market)
        self.limits.markets = market.id
        return market

    def open_account(self, account_id: int, kind: int, status: int, tier: int, trade_group: int, parent: int) -> None:
        assert not self.accounts.find(account_id)
        account = self.accounts.add(account_id)
        account.kind = kind
        account.status = status
        account.tier = tier
        account.trade_group = trade_group
        if parent:
            self.accounts.parents[account_id] = parent

    def set_account(self, account_id: int, status: int, tier: int, trade_group: int) -> None:
        account = self.accounts.find(account_id)
        assert account
        assert 0 <= tier < codes.TIERS
        account.status = status
        self.fees.grant(account, tier)
        account.trade_group = trade_group

    def add_key(self, key_id: int, account_id: int, rights: int) -> None:
        assert not self.keys.find(key_id)
        account = self.accounts.find(account_id)
        assert account
        key = self.keys.add(key_id, account)
        key.rights = rights
        key.revoked = 0
        account.trading_key = key_id if rights & codes.RIGHT_TRADE else account.trading_key

    def revoke_key(self, key_id: int) -> None:
        key = self.keys.find(key_id)
        assert key
        key.revoked = 1
        if key.account.trading_key == key_id:
            key.account.trading_key = 0

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
