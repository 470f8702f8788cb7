"""Everything that can be said against a list of orders before it is written, and against its legs when they enter.

Source:  ../shared/binance-spot-reference.md §8; the README's section Lists has the choices.
"""

from . import checks, codes, indexes, pegs, records, terms
from .buffers import Rows
from .checks import Checks
from .links import Links
from .market import Market
from .trading import Trading


def is_stop(order_type: int) -> bool:
    return order_type == codes.STOP_LOSS or order_type == codes.STOP_LOSS_LIMIT


def is_target(order_type: int) -> bool:
    """Whether a leg takes a profit: the other of a pair is a stop."""
    return order_type == codes.LIMIT_MAKER or order_type >= codes.TAKE_PROFIT


def are_pair(above: "records.Row", below: "records.Row") -> bool:
    """Whether two rows are the legs of which one ends the other: a target on the better side, a stop on the other."""
    if above.flags.side != below.flags.side or above.quantity != below.quantity:
        return False
    if above.flags.side == codes.SELL:
        return is_target(above.flags.type) and is_stop(below.flags.type)
    return is_stop(above.flags.type) and is_target(below.flags.type)


def wrong_prices(above: int, below: int, last_price: int) -> bool:
    """Whether the market does not stand between two legs; 0 is a leg that follows the price, or no trade so far."""
    if above and below and above <= below:
        return True
    if not last_price:
        return False
    return (above != 0 and above <= last_price) or below >= last_price


def switches_of(contingency: int) -> int:
    """The bits of `features_off` of which any keeps out such a list."""
    if contingency >= codes.OPO:
        off = codes.OTO_OFF | codes.OPO_OFF
        return off | codes.OCO_OFF if contingency == codes.OPOCO else off
    return codes.OCO_OFF << (contingency - 1)


class ListChecks:
    """What is refused of lists. Of one that is not it keeps what entering it needs: what each leg `need`s to hold, and
    whether the working order `crosses` and how far.
    """

    def __init__(self, rows: Rows, checks: Checks, trading: Trading) -> None:
        self.rows = rows
        self.checks = checks
        self.trading = trading
        self.links: Links = self.trading.links
        self.need = self.first_need = self.second_need = self.working_need = 0
        self.crosses = self.worst_key = self.price = 0

    def leg_at(self, at: int, number: int) -> int:
        """The word at which leg 1, 2 or 3 of a list begins."""
        for _ in range(number):
            at += codes.ROW_WORDS + codes.EXTENSION_WORDS * self.rows.at(at).extensions
        return at

    def refused(self, at: int, row: "records.Row", market: Market) -> int:
        code = self.malformed(at, row)
        if not code:
            for number in range(1, row.rows):
                leg = self.leg_at(at, number)
                has_pegs = self.checks.has_pegs
                if terms.unsupported_place(self.rows, leg, self.rows.at(leg), has_pegs) or self.rows.good_till(leg):
                    return codes.UNSUPPORTED
                if self.rows.at(leg).flags.options:
                    return codes.UNSUPPORTED
            code = self.checks.refused_sender(row)
        if code:
            return code
        if market is None:
            return codes.UNKNOWN_MARKET
        contingency = self.rows.list_link(at).contingency
        code = self.refused_by_market(at, row, market, contingency)
        if not code:
            self.checks.seat = self.checks.seats.find(self.checks.account, row.market)
            code = self.too_many(at, row, market)
        if not code:
            code = self.wrong_names(at, row)
        return code if code else self.wrong_legs(at, market, contingency)

    def malformed(self, at: int, row: "records.Row") -> int:
        """A head that says which kind of list, and behind it the orders of that kind, in their order."""
        flags = row.flags
        if checks.has_order_flags(row) or flags.restriction or flags.spare_1 or flags.spare_2 or row.extensions != 1:
            return codes.MALFORMED_ROW
        if row.account <= 0 or row.market <= 0 or row.key < 0:
            return codes.MALFORMED_ROW
        if row.price or row.quantity or row.quote_quantity or row.order_id or not indexes.has_client_id(row.client_id):
            return codes.MALFORMED_ROW
        link = self.rows.list_link(at)
        if not link or link.role or link.contingency < codes.OCO:
            return codes.MALFORMED_ROW
        if link.contingency > self.checks.limits.last_contingency:
            return codes.MALFORMED_ROW
        if link.spare_1 or link.spare_2 or link.spare_3 or link.spare_4 or link.spare_5:
            return codes.MALFORMED_ROW
        has_pair = link.contingency == codes.OTOCO or link.contingency == codes.OPOCO
        if row.rows != (4 if has_pair else 3):
            return codes.MALFORMED_ROW
        for number in range(1, row.rows):
            if self.malformed_leg(self.leg_at(at, number), row, link.contingency, number):
                return codes.MALFORMED_ROW
        one = self.rows.at(self.leg_at(at, 1))
        two = self.rows.at(self.leg_at(at, 2))
        if link.contingency == codes.OCO:
            return 0 if are_pair(one, two) else codes.MALFORMED_ROW
        if one.flags.type != codes.LIMIT and one.flags.type != codes.LIMIT_MAKER:
            return codes.MALFORMED_ROW
        if link.contingency >= codes.OPO and (one.flags.side != codes.BUY or two.flags.side != codes.SELL):
            return codes.MALFORMED_ROW
        if link.contingency == codes.OTO and not two.quantity:
            return codes.MALFORMED_ROW
        return codes.MALFORMED_ROW if has_pair and not are_pair(two, self.rows.at(self.leg_at(at, 3))) else 0

    def malformed_leg(self, at: int, head: "records.Row", contingency: int, number: int) -> int:
        """A leg is a PLACE of the same sender in the same market, that says which part of the list it is."""
        row = self.rows.at(at)
        if row.kind != codes.PLACE or row.rows != 1 or row.flags.spare_1 or row.flags.spare_2:
            return codes.MALFORMED_ROW
        if row.market != head.market or row.account != head.account or row.key != head.key:
            return codes.MALFORMED_ROW
        if (row.order_id | row.price | row.quantity | row.quote_quantity) < 0:
            return codes.MALFORMED_ROW
        seen = 0
        allowed = terms.allowed_extensions(codes.PLACE) | 1 << codes.LIST_LINK
        for extension in range(row.extensions):
            kind = self.rows.extension_kind(at, extension)
            if kind < 1 or kind > codes.EXTENSION_KINDS or seen >> kind & 1 or not allowed >> kind & 1:
                return codes.MALFORMED_ROW
            seen = seen | 1 << kind
        link = self.rows.list_link(at)
        if not link or link.spare_1 or link.spare_2 or link.spare_3 or link.spare_4 or link.spare_5:
            return codes.MALFORMED_ROW
        role = number + 1 if contingency == codes.OCO else number
        if (contingency == codes.OTO or contingency == codes.OPO) and number == 2:
            role = codes.PENDING_LEG
        if link.contingency != contingency or link.role != role:
            return codes.MALFORMED_ROW
        code = checks.malformed_terms(row)
        if not code and contingency >= codes.OPO and number > 1:
            code = codes.MALFORMED_ROW if row.quantity or row.quote_quantity else 0
        elif not code:
            code = checks.malformed_amounts(row)
        if not code:
            code = terms.malformed_trigger(row, self.rows.trigger(at))
        if not code:
            code = terms.malformed_iceberg(row, self.rows.iceberg(at))
        if not code and self.checks.has_pegs:
            code = pegs.malformed_peg(self.rows.peg(at))
        return code if code else terms.malformed_good_till(row, self.rows.good_till(at))

    def refused_by_market(self, at: int, row: "records.Row", market: Market, contingency: int) -> int:
        """What a market's status and switches say of orders that would work now, and of kinds of orders and lists."""
        off = market.features_off
        first_pending = 3 if contingency == codes.OCO else 2
        for number in range(1, row.rows):
            leg = self.leg_at(at, number)
            leg_row = self.rows.at(leg)
            if number < first_pending and market.status != codes.TRADING and terms.is_closed(leg_row, market.status):
                return codes.MARKET_CLOSED
        if off & switches_of(contingency):
            return codes.FEATURE_OFF
        for number in range(1, row.rows):
            leg = self.leg_at(at, number)
            leg_row = self.rows.at(leg)
            if off and terms.is_switched_off(leg_row, off, self.rows.trigger(leg), self.rows.iceberg(leg)):
                return codes.FEATURE_OFF
            if self.rows.peg(leg):
                enters = 1 if number < first_pending else 0
                code = pegs.refused_peg(leg_row, market, self.rows.peg(leg), enters)
                if code:
                    return code
        return codes.MARKET_BUSY if market.busy else 0

    def too_many(self, at: int, row: "records.Row", market: Market) -> int:
        """MAX_NUM_ORDER_LISTS, and the filters that count orders: a list counts with all that it has."""
        account = self.checks.account
        if market.max_lists and self.links.count(account, market.id) >= market.max_lists:
            return codes.MAX_NUM_ORDER_LISTS
        if self.links.count(account, 0) >= codes.LISTS_MAX:
            return codes.MAX_NUM_ORDER_LISTS
        legs = row.rows - 1
        seat = self.checks.seat
        open_here = seat.open_orders if seat else 0
        if open_here + legs > market.max_orders:
            return codes.MAX_NUM_ORDERS
        if account.open_orders + legs > codes.ORDERS_MAX:
            return codes.ACCOUNT_MAX_ORDERS
        algos = icebergs = 0
        for number in range(1, row.rows):
            leg = self.leg_at(at, number)
            if self.rows.at(leg).flags.type > codes.LIMIT_MAKER:
                algos += 1
            if self.rows.iceberg(leg):
                icebergs += 1
        if algos and market.max_algo_orders:
            if algos + (terms.waiting_orders(seat) if seat else 0) > market.max_algo_orders:
                return codes.MAX_NUM_ALGO_ORDERS
        if icebergs and market.max_iceberg_orders:
            if icebergs + (terms.icebergs(seat) if seat else 0) > market.max_iceberg_orders:
                return codes.MAX_NUM_ICEBERG_ORDERS
        limits = self.checks.limits
        if limits.max_lists and self.links.count(account, 0) >= limits.max_lists:
            return codes.EXCHANGE_MAX_NUM_ORDER_LISTS
        return limits.too_many(account, legs, algos, icebergs)

    def wrong_names(self, at: int, row: "records.Row") -> int:
        """The name of a list is unique among the account's open lists, those of its orders among its open orders."""
        if self.links.find(self.checks.account, 0, row.client_id):
            return codes.DUPLICATE_CLIENT_ID
        for number in range(1, row.rows):
            name = self.rows.at(self.leg_at(at, number)).client_id
            for other in range(number + 1, row.rows):
                if indexes.same_client_id(name, self.rows.at(self.leg_at(at, other)).client_id):
                    return codes.DUPLICATE_CLIENT_ID
        return 0

    def wrong_legs(self, at: int, market: Market, contingency: int) -> int:
        """Each order by itself: one that would work now as a PLACE, one that is pending by what is known already."""
        one = self.leg_at(at, 1)
        two = self.leg_at(at, 2)
        if contingency == codes.OCO:
            if wrong_prices(self.price_of(one, market), self.price_of(two, market), market.last_price):
                return codes.OCO_PRICES
            code = self.checks.wrong_order(one, self.rows.at(one), market)
            self.first_need = self.checks.need
            if not code:
                code = self.checks.wrong_order(two, self.rows.at(two), market)
                self.second_need = self.checks.need
            return code
        code = self.checks.wrong_order(one, self.rows.at(one), market)
        self.working_need = self.checks.need
        self.crosses = self.checks.crosses
        self.worst_key = self.checks.worst_key
        if not code:
            code = self.wrong_pending_row(two, market)
        if not code and (contingency == codes.OTOCO or contingency == codes.OPOCO):
            three = self.leg_at(at, 3)
            if wrong_prices(self.price_of(two, None), self.price_of(three, None), 0):
                return codes.OCO_PRICES
            code = self.wrong_pending_row(three, market)
        return code

    def price_of(self, at: int, market: Market | None) -> int:
        """The price at which a leg of a pair begins to work; 0 of one that follows the market, or will take its price
        from it: `market` is where it enters now, or none.
        """
        trigger = self.rows.trigger(at)
        if trigger:
            return trigger.trigger_price
        row = self.rows.at(at)
        peg = self.rows.peg(at)
        if not peg:
            return row.price
        return 0 if market is None else pegs.price_of(market, row.flags.side, peg.price_kind, peg.offset)

    def mode_of(self, row: "records.Row", market: Market) -> int:
        mode = row.flags.self_trade
        return market.default_self_trade if mode == codes.MARKET_DEFAULT else mode

    def wrong_pending_row(self, at: int, market: Market) -> int:
        """What speaks against a leg that will be placed later, as far as it is known now: of one without a quantity no
        filter is asked before it has one.
        """
        row = self.rows.at(at)
        trigger = self.rows.trigger(at)
        iceberg = self.rows.iceberg(at)
        waits_for = delta = visible = 0
        if trigger:
            waits_for = trigger.trigger_price if trigger.trigger_price else trigger.activation_price
            delta = trigger.trailing_delta
        if iceberg:
            visible = iceberg.visible
        flags = row.flags
        pegged = 1 if self.rows.peg(at) else 0
        code = 0
        if row.quantity:
            code = self.wrong_terms(
                market, flags.side, flags.type, row.price, row.quantity, waits_for, delta, visible, pegged
            )
        self.checks.mode = self.mode_of(row, market)
        self.checks.trading.clients.seek(row.account, row.client_id)
        return code if code else self.checks.wrong_mode_or_client_id(row, market)

    def wrong_terms(
        self,
        market: Market,
        side: int,
        order_type: int,
        price: int,
        quantity: int,
        waits_for: int,
        delta: int,
        visible: int,
        pegged: int,
    ) -> int:
        """The filters of price, quantity, notional, distance and parts for an order of these terms; sets its `need`.

        A `pegged` order may have no price so far: that is asked when it takes one.
        """
        is_priced = order_type != codes.MARKET and order_type != codes.STOP_LOSS and order_type != codes.TAKE_PROFIT
        has_price = is_priced and (price != 0 or not pegged)
        code = checks.wrong_price(market, waits_for) if waits_for else 0
        if not code and has_price:
            code = checks.wrong_price(market, price)
        if not code:
            code = checks.wrong_quantity(market, quantity)
        if not code and has_price:
            code = self.wrong_priced(market, side, price, quantity)
        elif not code and not is_priced:
            code = checks.wrong_market_quantity(market, quantity)
            if not code:
                code = terms.wrong_market_notional(market, quantity, self.trading.now_ns)
        if not code and delta:
            code = terms.wrong_trailing(market, order_type, side, delta)
        if not code and visible:
            code = checks.wrong_quantity(market, visible)
            if not code and market.iceberg_parts and (quantity - 1) // visible + 1 > market.iceberg_parts:
                code = codes.ICEBERG_PARTS
        if not code and market.rare:
            code = self.checks.limits.wrong_size(market, price, quantity, self.trading.now_ns)
        if code:
            return code
        self.need = quantity * market.base_per_lot
        if side == codes.BUY:
            reference = price if price else waits_for
            if not reference:
                reference = min(market.last_price, market.max_price)
            self.need = reference * quantity * market.quote_per_tick_lot
        return 0

    def refused_price(self, market: Market, order: "records.Order") -> int:
        """What speaks against the price that a pegged order takes as it is set off; sets `price`, and its `need`."""
        self.price = pegs.enters_at(market, order)
        if not self.price:
            return codes.PEG_WITHOUT_LEVEL
        flags = order.flags
        code = self.wrong_terms(market, flags.side, flags.type, self.price, order.remaining, 0, 0, 0, 1)
        if code:
            return code
        cell = order.seat.quote if flags.side == codes.BUY else order.seat.base
        return codes.INSUFFICIENT_FUNDS if self.need - order.held > cell.available else 0

    def wrong_priced(self, market: Market, side: int, price: int, quantity: int) -> int:
        code = checks.wrong_percent_price(market, side, price, self.trading.now_ns)
        if not code and market.up_ppm | market.down_ppm:
            code = terms.wrong_price_of_all(market, price, self.trading.now_ns)
        if code:
            return code
        notional = price * quantity * market.quote_per_tick_lot
        if notional < market.min_notional or (market.max_notional and notional > market.max_notional):
            return codes.NOTIONAL
        return 0
