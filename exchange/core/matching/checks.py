"""Everything that can be said against a row, before anything is written: each check returns a refusal, or 0.

In this order: the form of the row, what this engine knows, the sender, the market, the market's filters, the book and
the account's other orders, funds. A filter bound of 0 is off.

Source:  ../shared/binance-spot-reference.md §6, §7, §9, §11.
"""

from . import average, codes, indexes, pegs, records, sides, terms, triggers
from .buffers import Rows
from .indexes import Accounts, Cells, Keys, Seats
from .limits import Limits
from .market import Market
from .trading import Trading


def malformed(rows: Rows, at: int, row: "records.Row") -> int:
    """Refuse a row whose numbers cannot mean anything."""
    if row.rows != 1 or row.account == 0 or row.flags.spare_1 or row.flags.spare_2:
        return codes.MALFORMED_ROW
    if (row.account | row.market | row.key | row.order_id | row.price | row.quantity | row.quote_quantity) < 0:
        return codes.MALFORMED_ROW
    if row.extensions:
        return terms.malformed_extensions(rows, at, row)
    return 0


def malformed_place(row: "records.Row") -> int:
    """An order has a market, a client id, and the numbers of its type and no others."""
    code = malformed_terms(row)
    return code if code else malformed_amounts(row)


def malformed_terms(row: "records.Row") -> int:
    """What an order is, but for how much of it."""
    order_type = row.flags.type
    time_in_force = row.flags.time_in_force
    if row.flags.side > codes.SELL or row.flags.self_trade > codes.TRANSFER:
        return codes.MALFORMED_ROW
    if row.kind == codes.PLACE and (row.flags.restriction or row.order_id):
        return codes.MALFORMED_ROW
    if row.flags.options > codes.IDEMPOTENT:
        return codes.MALFORMED_ROW
    if order_type < codes.LIMIT or order_type > codes.TAKE_PROFIT_LIMIT:
        return codes.MALFORMED_ROW
    if time_in_force < codes.GTC or time_in_force > codes.GTD:
        return codes.MALFORMED_ROW
    if row.market == 0 or not indexes.has_client_id(row.client_id):
        return codes.MALFORMED_ROW
    if order_type == codes.MARKET or order_type == codes.STOP_LOSS or order_type == codes.TAKE_PROFIT:
        if row.price or time_in_force != codes.GTC:
            return codes.MALFORMED_ROW
    return codes.MALFORMED_ROW if order_type == codes.LIMIT_MAKER and time_in_force != codes.GTC else 0


def malformed_amounts(row: "records.Row") -> int:
    if row.flags.type == codes.MARKET:
        return codes.MALFORMED_ROW if (row.quantity != 0) == (row.quote_quantity != 0) else 0
    return codes.MALFORMED_ROW if not row.quantity or row.quote_quantity else 0


def malformed_cancel(rows: Rows, at: int, row: "records.Row") -> int:
    """A cancel names one order, by its id or its client id or both, and nothing else but a restriction."""
    if has_order_flags(row) or row.flags.restriction > codes.ONLY_PARTIALLY_FILLED:
        return codes.MALFORMED_ROW
    if row.market == 0 or row.price | row.quantity | row.quote_quantity:
        return codes.MALFORMED_ROW
    if row.order_id:
        return 0
    reference = rows.reference(at)
    if reference:
        return 0 if indexes.has_client_id(reference.client_id) else codes.MALFORMED_ROW
    return codes.MALFORMED_ROW


def has_order_flags(row: "records.Row") -> bool:
    flags = row.flags
    return (flags.side | flags.type | flags.time_in_force | flags.self_trade | flags.options) != 0


def off_step(number: int, step: int) -> bool:
    """Whether a number is not a whole multiple of a step. Most markets step by one, which needs no division."""
    return step > 1 and number % step != 0


def wrong_price(market: Market, price: int) -> int:
    if price < market.min_price or price > market.max_price or off_step(price, market.price_step):
        return codes.PRICE_FILTER
    return 0


def wrong_quantity(market: Market, quantity: int) -> int:
    if quantity < market.min_quantity or quantity > market.max_quantity or off_step(quantity, market.quantity_step):
        return codes.LOT_SIZE
    return 0


def wrong_market_quantity(market: Market, quantity: int) -> int:
    """MARKET_LOT_SIZE: off where it has no greatest quantity."""
    if not market.market_max_quantity:
        return 0
    if quantity < market.market_min_quantity or quantity > market.market_max_quantity:
        return codes.MARKET_LOT_SIZE
    return codes.MARKET_LOT_SIZE if off_step(quantity, market.market_quantity_step) else 0


def wrong_percent_price(market: Market, side: int, price: int, now_ns: int) -> int:
    """PERCENT_PRICE_BY_SIDE around the average price; nothing is checked before the first trade.

    Bounds worked out before some trades are narrower than the true ones: only who is outside them is asked again.
    """
    if now_ns >= market.bounds_until_ns:
        average.set_bounds(market, now_ns)
    if is_outside(market, side, price):
        average.set_bounds(market, now_ns)
        if is_outside(market, side, price):
            return codes.PERCENT_PRICE_BY_SIDE
    return 0


def is_outside(market: Market, side: int, price: int) -> bool:
    top = sides.of(side, market.bid_top, market.ask_top)
    return price > top or price < sides.of(side, market.bid_bottom, market.ask_bottom)


class Checks:
    """What is refused. Of an order that is not, it keeps what entering it needs: its `account`, whose `seat` in the
    market (or none yet), its self-trade `mode`, whether it `crosses`, the `lots` a MARKET order can trade now, its
    `worst_key` on the other side, what it `need`s to hold, and its `price` where that comes from the book.
    """

    def __init__(
        self, rows: Rows, accounts: Accounts, keys: Keys, cells: Cells, seats: Seats, trading: Trading
    ) -> None:
        self.rows = rows
        self.accounts = accounts
        self.keys = keys
        self.cells = cells
        self.seats = seats
        self.trading = trading
        self.limits = Limits(self.cells, self.seats)
        self.mode = self.lots = self.crosses = self.worst_key = self.need = self.price = self.is_remembering = 0
        # Whether the rule PEGS is in force.
        self.has_pegs = 0

    def refused_place(self, at: int, row: "records.Row", market: Market) -> int:
        """Everything that can be said against an order."""
        code = self.refused_order(at, row, market)
        return code if code else self.wrong_order(at, row, market)

    def refused_order(self, at: int, row: "records.Row", market: Market) -> int:
        """What speaks against an order before its market's filters."""
        code = malformed(self.rows, at, row)
        if not code:
            code = malformed_place(row)
        if not code and (row.extensions or row.flags.options or row.flags.type > codes.LIMIT_MAKER):
            code = self.refused_extras(at, row)
        elif not code and (row.flags.time_in_force == codes.GTD or row.kind == codes.CANCEL_REPLACE):
            # Both ask for an extension, and there is none.
            code = codes.MALFORMED_ROW
        if not code:
            code = self.refused_sender(row)
        if code:
            return code
        if market is None:
            return codes.UNKNOWN_MARKET
        if market.status != codes.TRADING and terms.is_closed(row, market.status):
            return codes.MARKET_CLOSED
        if market.features_off:
            if terms.is_switched_off(row, market.features_off, self.rows.trigger(at), self.rows.iceberg(at)):
                return codes.FEATURE_OFF
        if row.extensions and self.rows.peg(at):
            code = pegs.refused_peg(row, market, self.rows.peg(at), 1)
            if code:
                return code
        return codes.MARKET_BUSY if market.busy else 0

    def refused_extras(self, at: int, row: "records.Row") -> int:
        """What speaks against what most orders do not have: extensions, and flags that ask for some."""
        code = terms.malformed_trigger(row, self.rows.trigger(at))
        if not code:
            code = terms.malformed_iceberg(row, self.rows.iceberg(at))
        if not code:
            code = terms.malformed_good_till(row, self.rows.good_till(at))
        if not code and self.has_pegs:
            code = pegs.malformed_peg(self.rows.peg(at))
        if not code and row.kind == codes.CANCEL_REPLACE:
            code = terms.malformed_replace(row, self.rows.reference(at))
        if not code:
            code = terms.unsupported_place(self.rows, at, row, self.has_pegs)
        if not code and row.flags.options:
            code = self.refused_options(row)
        return code

    def refused_options(self, row: "records.Row") -> int:
        """An order that is remembered is for cold code, which comes back with it; nothing else has options."""
        if row.kind != codes.PLACE:
            return codes.UNSUPPORTED
        return 0 if self.is_remembering else codes.ROW_IS_COLD

    def refused_cancel(self, at: int, row: "records.Row", market: Market, order: "records.Order") -> int:
        """Everything that can be said against cancelling an order. An order of another account is an unknown one."""
        code = malformed(self.rows, at, row)
        if not code:
            code = malformed_cancel(self.rows, at, row)
        if not code:
            code = self.refused_sender(row)
        if code:
            return code
        if market is None:
            return codes.UNKNOWN_MARKET
        if market.status == codes.BREAK:
            return codes.MARKET_CLOSED
        return self.wrong_target(at, row, order)

    def wrong_target(self, at: int, row: "records.Row", order: "records.Order") -> int:
        """What speaks against cancelling or changing the order that a row names."""
        if not order:
            return codes.UNKNOWN_ORDER
        if order.seat.account.id != row.account or order.seat.market != row.market:
            return codes.UNKNOWN_ORDER
        if row.extensions and row.order_id and self.rows.reference(at):
            reference = self.rows.reference(at)
            if indexes.has_client_id(reference.client_id) and not indexes.same_client_id(
                reference.client_id, order.client_id
            ):
                return codes.ORDER_ID_MISMATCH
        if row.flags.restriction:
            is_new = order.remaining == order.quantity - order.prevented_quantity
            if is_new != (row.flags.restriction == codes.ONLY_NEW):
                return codes.CANCEL_RESTRICTED
        return 0

    def refused_amend(self, at: int, row: "records.Row", market: Market, order: "records.Order") -> int:
        """Everything that can be said against changing an order's quantity and client id."""
        code = malformed(self.rows, at, row)
        if not code:
            code = codes.MALFORMED_ROW if has_order_flags(row) else terms.malformed_amend(row, self.rows.reference(at))
        if not code:
            code = self.refused_sender(row)
        if code:
            return code
        if market is None:
            return codes.UNKNOWN_MARKET
        if market.status == codes.BREAK:
            return codes.MARKET_CLOSED
        if market.features_off & codes.AMENDS_OFF:
            return codes.FEATURE_OFF
        code = self.wrong_target(at, row, order)
        return code if code else self.wrong_amendment(row, market, order)

    def wrong_amendment(self, row: "records.Row", market: Market, order: "records.Order") -> int:
        """What speaks against a new quantity, and against a new client id."""
        if not order.quantity:
            return codes.AMENDS_PENDING_OPO
        if row.quantity >= order.quantity:
            return codes.NOTHING_TO_CHANGE if row.quantity == order.quantity else codes.QUANTITY_NOT_LESS
        if market.max_amends and order.details and order.details.amends >= market.max_amends:
            return codes.MAX_NUM_ORDER_AMENDS
        code = wrong_quantity(market, row.quantity)
        if code:
            return code
        if order.price and order.price * row.quantity * market.quote_per_tick_lot < market.min_notional:
            return codes.NOTIONAL
        if indexes.has_client_id(row.client_id) and not indexes.same_client_id(row.client_id, order.client_id):
            if self.trading.clients.find(row.account, row.client_id):
                return codes.DUPLICATE_CLIENT_ID
        return 0

    def refused_cancel_all(self, at: int, row: "records.Row") -> int:
        """What can be said against cancelling all orders whatever the markets."""
        code = malformed(self.rows, at, row)
        if not code:
            code = codes.MALFORMED_ROW if has_order_flags(row) else terms.malformed_cancel_all(row)
        return code if code else self.refused_sender(row)

    def refused_sender(self, row: "records.Row") -> int:
        """Refuse a sender who may not trade for the account. Key 0 is the venue itself."""
        # The account by its own number, not by its key's pointer: the memory of both is waited for at once.
        account = self.accounts.find(row.account)
        if row.key and (account.trading_key != row.key if account else True):
            key = self.keys.find(row.key)
            if not key:
                return codes.UNKNOWN_KEY
            if key.revoked:
                return codes.KEY_REVOKED
            if key.account != account:
                return codes.KEY_OF_OTHER_ACCOUNT
            if not key.rights & codes.RIGHT_TRADE:
                return codes.RIGHT_MISSING
        if not account:
            return codes.UNKNOWN_ACCOUNT
        self.account = account
        if account.status != codes.ACTIVE or account.kind == codes.SYSTEM:
            return codes.ACCOUNT_DISABLED
        return 0

    def wrong_order(self, at: int, row: "records.Row", market: Market) -> int:
        """Filters, then what the book and the account's other orders say, then funds."""
        self.trading.clients.seek(row.account, row.client_id)
        side = row.flags.side
        self.lots = 0
        self.seat = self.seats.find(self.account, row.market)
        self.mode = row.flags.self_trade
        if self.mode == codes.MARKET_DEFAULT:
            self.mode = market.default_self_trade
        if row.flags.type == codes.MARKET:
            code = self.wrong_market(row, market, side)
        elif row.flags.type > codes.LIMIT_MAKER:
            code = self.wrong_stop(row, market, side, self.rows.trigger(at), self.rows.peg(at))
        elif row.extensions and self.rows.peg(at):
            code = self.wrong_pegged(row, market, side, self.rows.peg(at))
        else:
            code = self.wrong_limit(row, market, side, row.price)
        if not code and row.extensions:
            code = self.wrong_iceberg(row, market, self.rows.iceberg(at))
            code = code if code else terms.wrong_due(self.rows.good_till(at), self.trading.now_ns)
        if not code and market.rare:
            lots = row.quantity if row.quantity else self.lots
            visible = 1 if self.rows.iceberg(at) else 0
            price = self.price if row.flags.type <= codes.LIMIT_MAKER and self.rows.peg(at) else row.price
            now_ns = self.trading.now_ns
            code = self.limits.refused(row, market, self.seat, self.account, lots, visible, now_ns, price)
        if code:
            return code
        return codes.INSUFFICIENT_FUNDS if self.spendable(row, market, side) < self.need else 0

    def wrong_filters(self, at: int, row: "records.Row", market: Market) -> int:
        """The filters of price, quantity and notional alone: what of an order is asked before another is cancelled."""
        order_type = row.flags.type
        if order_type == codes.MARKET or order_type == codes.STOP_LOSS or order_type == codes.TAKE_PROFIT:
            return self.wrong_quantities(row, market) if row.quantity else 0
        if not row.price and self.rows.peg(at):
            return wrong_quantity(market, row.quantity)
        return self.wrong_terms(row, market, row.flags.side, row.price)

    def wrong_pegged(self, row: "records.Row", market: Market, side: int, peg: "records.Peg") -> int:
        """Check an order at the price that it sent, if any, and at the `price` that it takes from the book."""
        code = self.wrong_terms(row, market, side, row.price) if row.price else 0
        self.price = pegs.price_of(market, side, peg.price_kind, peg.offset)
        if not code and not self.price:
            code = codes.PEG_WITHOUT_LEVEL
        return code if code else self.wrong_limit(row, market, side, self.price)

    def wrong_limit(self, row: "records.Row", market: Market, side: int, price: int) -> int:
        """Check an order with a price; sets what it needs to hold, and whether it `crosses`."""
        code = self.wrong_terms(row, market, side, price)
        if not code and (row.flags.time_in_force == codes.GTC or row.flags.time_in_force == codes.GTD):
            code = self.too_many(market)
        if not code:
            code = self.wrong_mode_or_client_id(row, market)
        if code:
            return code
        # The key alone, which stands in the ladder: most orders do not cross, and need no level of the other side.
        self.worst_key = -sides.key(side, price)
        self.crosses = 1 if sides.best_key_against(market, side) >= self.worst_key else 0
        if self.crosses and (row.flags.type == codes.LIMIT_MAKER or market.status != codes.TRADING):
            if market.status != codes.AUCTION:
                return codes.WOULD_TAKE
            # Orders only gather.
            self.crosses = 0
        return 0

    def wrong_terms(self, row: "records.Row", market: Market, side: int, price: int) -> int:
        """Filters of price, quantity and notional; sets what an order of these terms needs to hold."""
        quantity = row.quantity
        code = wrong_price(market, price)
        if not code:
            code = wrong_quantity(market, quantity)
        if not code:
            code = wrong_percent_price(market, side, price, self.trading.now_ns)
        if not code and market.up_ppm | market.down_ppm:
            code = terms.wrong_price_of_all(market, price, self.trading.now_ns)
        if code:
            return code
        notional = price * quantity * market.quote_per_tick_lot
        if notional < market.min_notional or (market.max_notional and notional > market.max_notional):
            return codes.NOTIONAL
        self.need = sides.of(side, notional, quantity * market.base_per_lot)
        return 0

    def too_many(self, market: Market) -> int:
        """Whether an account has as many open orders as it may."""
        if self.seat:
            if self.seat.open_orders >= market.max_orders:
                return codes.MAX_NUM_ORDERS
            if self.seat.account.open_orders >= codes.ORDERS_MAX:
                return codes.ACCOUNT_MAX_ORDERS
        return 0

    def wrong_stop(
        self, row: "records.Row", market: Market, side: int, trigger: "records.Trigger", peg: "records.Peg"
    ) -> int:
        """Check an order that waits for a price; sets what it needs to hold.

        A purchase without a price of its own holds its quantity at the price it waits for (at the last price where it
        waits for none); what more it costs is held when it enters, as far as there is more (`Trading.cover`; of a
        pegged one all of it, or it ends). Filters ask of a pegged order without a price its quantity alone.
        """
        waits_for = trigger.trigger_price if trigger.trigger_price else trigger.activation_price
        code = wrong_price(market, waits_for) if waits_for else 0
        if not code:
            if row.flags.type == codes.STOP_LOSS or row.flags.type == codes.TAKE_PROFIT:
                code = self.wrong_quantities(row, market)
            elif peg and not row.price:
                code = wrong_quantity(market, row.quantity)
            else:
                code = self.wrong_terms(row, market, side, row.price)
        if not code and not row.price:
            reference = waits_for if waits_for else min(market.last_price, market.max_price)
            self.need = row.quantity * market.base_per_lot
            if side == codes.BUY:
                self.need = reference * row.quantity * market.quote_per_tick_lot
        if not code:
            code = self.too_many(market)
        if not code and trigger.trailing_delta:
            code = terms.wrong_trailing(market, row.flags.type, side, trigger.trailing_delta)
        if not code and market.max_algo_orders and self.seat:
            if terms.waiting_orders(self.seat) >= market.max_algo_orders:
                code = codes.MAX_NUM_ALGO_ORDERS
        if not code:
            code = self.wrong_mode_or_client_id(row, market)
        if not code and trigger.trigger_price and market.last_price:
            above = triggers.is_above(row.flags.type, side)
            distance = trigger.trigger_price - market.last_price
            if distance <= 0 if above else distance >= 0:
                code = codes.WOULD_TRIGGER
        self.crosses = 0
        return code

    def wrong_iceberg(self, row: "records.Row", market: Market, iceberg: "records.Iceberg") -> int:
        """LOT_SIZE of the part that shows, how many parts, how many such orders."""
        if not iceberg:
            return 0
        code = wrong_quantity(market, iceberg.visible)
        return code if code else terms.wrong_parts(market, self.seat, row.quantity, iceberg.visible)

    def wrong_quantities(self, row: "records.Row", market: Market) -> int:
        """The filters of an order by quantity that has no price."""
        code = wrong_quantity(market, row.quantity)
        if not code:
            code = wrong_market_quantity(market, row.quantity)
        return code if code else terms.wrong_market_notional(market, row.quantity, self.trading.now_ns)

    def wrong_market(self, row: "records.Row", market: Market, side: int) -> int:
        """Check an order without a price by walking the book; sets the lots it will trade and what it needs to hold.

        A purchase by quote quantity holds that quantity, a sale by quantity holds that quantity, the other two hold
        what the walk gives. Lots bought or sold for a quote quantity are rounded down to a whole step.
        """
        quantity = row.quantity
        if quantity:
            code = self.wrong_quantities(row, market)
            if code:
                return code
        elif row.quote_quantity > codes.AMOUNT_MAX:
            return codes.NUMBER_OUT_OF_RANGE
        code = self.wrong_mode_or_client_id(row, market)
        if code:
            return code
        self.worst_key = -codes.AMOUNT_MAX
        self.trading.walk(
            market,
            self.account,
            self.seat.open_orders if self.seat else 0,
            side,
            self.mode,
            self.worst_key,
            quantity if quantity else market.max_quantity,
            codes.AMOUNT_MAX if quantity else row.quote_quantity,
        )
        self.lots = self.trading.lots
        self.crosses = 1
        if row.quote_quantity:
            if market.quantity_step > 1:
                self.lots -= self.lots % market.quantity_step
            if self.lots < max(market.min_quantity, market.market_min_quantity):
                return codes.BOOK_TOO_THIN
        if side == codes.BUY:
            self.need = row.quote_quantity if row.quote_quantity else self.trading.cost
            if quantity and self.trading.cut:
                # More than any account can have: the book asks for more than a word counts.
                self.need = codes.AMOUNT_MAX + 1
        else:
            self.need = (quantity if quantity else self.lots) * market.base_per_lot
        return 0

    def wrong_mode_or_client_id(self, row: "records.Row", market: Market) -> int:
        """For who has told the client index to `seek` the row's id."""
        if self.mode != codes.NONE and not market.allowed_self_trade >> self.mode & 1:
            return codes.SELF_TRADE_MODE_NOT_ALLOWED
        return codes.DUPLICATE_CLIENT_ID if self.trading.clients.find_sought(row.account, row.client_id) else 0

    def spendable(self, row: "records.Row", market: Market, side: int) -> int:
        """What an account has available of what it would pay with; one new to a market has no seat there yet."""
        if self.seat:
            cell = sides.paying(self.seat, side)
        else:
            cell = self.cells.find(row.account, market.quote if side == codes.BUY else market.base)
        return cell.available if cell else 0
