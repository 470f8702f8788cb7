"""Lists of orders: OCO, OTO, OTOCO, OPO, OPOCO: how they are placed, what follows from what their orders do, their end.

An OCO has two legs, `first` above the market and `second` below, of which one ends the other when it starts to work or
trades. An OTO's `first` and an OTOCO's two wait, pending, until the `working` order is filled, and are then placed. The
two legs of a pair have one claim on their funds, the dearer one's: the target, which may be in the book, holds what it
needs, the stop what it needs more; who starts takes over what the other holds. An OPO is an OTO, and an OPOCO an OTOCO,
whose pending legs sell what the working order has bought (proceeds.py).

Source:  ../shared/binance-spot-reference.md §8; the README's section Lists has the choices.
"""

from typing import TYPE_CHECKING

from . import checks, codes, contingency, indexes, pegs, proceeds, records, triggers
from .buffers import Rows
from .checks import Checks
from .contingency import ListChecks
from .events import Events
from .links import Links
from .market import Market
from .trading import Trading

if TYPE_CHECKING:
    from .matching import Matching


class Lists:
    """The rules of lists, on the records of one core. Where orders trade, `matching` is the core itself."""

    def __init__(self, rows: Rows, checks: Checks, trading: Trading) -> None:
        self.rows = rows
        self.checks = checks
        self.trading = trading
        self.links: Links = self.trading.links
        self.events: Events = self.trading.events
        self.list_checks = ListChecks(self.rows, self.checks, self.trading)
        self.first_need = self.second_need = self.need = 0
        self.crosses = self.worst_key = 0

    def place(self, matching: "Matching", at: int, row: "records.Row", market: Market) -> None:
        """Place a list whole, or refuse it.

        Emits:   LIST_CHANGED, ACCEPTED of each order in the order of the rows; then what the legs of an OCO or the
                 working order do, as a PLACE.
        Rejects: in the order of the codes; every leg must pass, those that enter later by their filters alone.
        """
        code = self.list_checks.refused(at, row, market)
        if code:
            self.events.rejected(row, row.kind, code)
        else:
            # From here on the command must succeed.
            self.begin(matching, at, row, market)

    def begin(self, matching: "Matching", at: int, row: "records.Row", market: Market) -> None:
        """Make the list and its orders, tell of them, let those work that may."""
        contingency = self.rows.list_link(at).contingency
        self.first_need = self.list_checks.first_need
        self.second_need = self.list_checks.second_need
        order_list = self.trading.pool.take_list()
        order_list.id = self.links.next_list_id
        self.links.next_list_id += 1
        order_list.contingency = contingency
        order_list.market = market.id
        order_list.created_ns = self.trading.now_ns
        order_list.client_id = row.client_id
        self.links.add(order_list, self.checks.account)
        one = self.list_checks.leg_at(at, 1)
        two = self.list_checks.leg_at(at, 2)
        if contingency == codes.OCO:
            self.share_needs(self.rows.at(one).flags.side)
            order_list.first = self.draft(matching, order_list, one, market, self.first_need)
            order_list.second = self.draft(matching, order_list, two, market, self.second_need)
        else:
            order_list.working = self.draft(matching, order_list, one, market, self.list_checks.working_need)
            order_list.first = self.draft(matching, order_list, two, market, 0)
            order_list.first.details.pending = 1
            pegs.postpone(order_list.first)
            if contingency == codes.OTOCO or contingency == codes.OPOCO:
                order_list.second = self.draft(matching, order_list, self.list_checks.leg_at(at, 3), market, 0)
                order_list.second.details.pending = 1
                pegs.postpone(order_list.second)
        self.note_names(order_list)
        self.events.list_changed(order_list, codes.LIST_STARTED, row.key)
        if order_list.working:
            self.events.accepted(market, order_list.working, 0, row.key)
        self.events.accepted(market, order_list.first, 0, row.key)
        if order_list.second:
            self.events.accepted(market, order_list.second, 0, row.key)
        trades = market.trades
        if order_list.working:
            self.work(matching, market, order_list.working, self.list_checks.crosses, self.list_checks.worst_key)
        else:
            second = order_list.second
            self.work(matching, market, order_list.first, 0, 0)
            self.work(matching, market, second, 0, 0)
        matching.conclude(market, trades)

    def draft(
        self, matching: "Matching", order_list: "records.OrderList", at: int, market: Market, need: int
    ) -> "records.Order":
        """Make an order of a list; it is open from now on, whatever it waits for."""
        row = self.rows.at(at)
        self.checks.mode = self.list_checks.mode_of(row, market)
        self.checks.need = need
        order = matching.draft(at, row, market)
        self.links.link(order_list, order)
        self.trading.take_seat(order)
        self.trading.orders.put(order)
        self.trading.clients.put(order)
        return order

    def share_needs(self, side: int) -> None:
        """Let the stop of a pair hold only what it needs beyond its target, which is the first leg of a sale."""
        if side == codes.SELL:
            self.second_need = max(0, self.second_need - self.first_need)
        else:
            self.first_need = max(0, self.first_need - self.second_need)

    def note_names(self, order_list: "records.OrderList") -> None:
        if order_list.working:
            order_list.working_id = order_list.working.id
            order_list.working_name = order_list.working.client_id
        order_list.first_id = order_list.first.id
        order_list.first_name = order_list.first.client_id
        if order_list.second:
            order_list.second_id = order_list.second.id
            order_list.second_name = order_list.second.client_id

    def work(self, matching: "Matching", market: Market, order: "records.Order", crosses: int, worst_key: int) -> None:
        """Let an order of a list wait for its price, or trade and rest, as a PLACE would."""
        if order.flags.type > codes.LIMIT_MAKER:
            self.trading.triggers.wait(market, order)
        else:
            met = 0
            if crosses:
                met = matching.take(market, order, worst_key)
            matching.finish(market, order, met)

    def settle(self, matching: "Matching") -> None:
        """Carry out what follows from what has happened to orders of lists, list by list."""
        while self.links.touched:
            order_list = self.links.take_touched()
            happened = order_list.happened
            order_list.happened = 0
            market = matching.roster.find(order_list.market)
            if happened & codes.LEG_ENDED:
                self.end_others(market, order_list, order_list.reason, order_list.cancel_id, 0)
            elif happened & codes.LEG_STARTED:
                self.end_others(market, order_list, codes.OCO_TRIGGER, indexes.no_client_id(), 0)
            elif happened & codes.LEG_WORKED:
                self.links.make_ready(market, order_list)
            if self.links.is_empty(order_list):
                self.close(market, order_list)

    def end_others(
        self,
        market: Market,
        order_list: "records.OrderList",
        reason: int,
        cancel_id: "records.ClientId",
        code: int,
    ) -> None:
        """End what is left of a list, but for a leg that has begun to trade."""
        started = order_list.started
        if order_list.working and order_list.working != started:
            self.end_leg(market, order_list.working, reason, cancel_id, code)
        if order_list.first and order_list.first != started:
            self.end_leg(market, order_list.first, reason, cancel_id, code)
        if order_list.second and order_list.second != started:
            self.end_leg(market, order_list.second, reason, cancel_id, code)

    def end_leg(
        self, market: Market, order: "records.Order", reason: int, cancel_id: "records.ClientId", code: int
    ) -> None:
        self.links.unlink(order)
        self.events.code = code
        self.trading.cancel(market, order, reason, cancel_id, 0)
        self.events.code = 0

    def close(self, market: Market, order_list: "records.OrderList") -> None:
        """A list without orders has ended."""
        self.links.take_ready(market, order_list)
        self.trading.triggers.settle(market)
        self.events.list_changed(order_list, codes.LIST_DONE, 0)
        self.links.forget(order_list)

    def start(self, market: Market, order: "records.Order") -> None:
        """A leg that waited for its price starts to work: the other ends, and leaves it what it holds."""
        sibling = self.links.sibling(order)
        if sibling:
            order.held += sibling.held
            sibling.held = 0
            self.end_leg(market, sibling, codes.OCO_TRIGGER, indexes.no_client_id(), 0)

    def takes_price(self, market: Market, order: "records.Order") -> bool:
        """Give a pegged order that was set off its price, and hold what it needs there; else it ends (PEG_REFUSED)."""
        code = self.list_checks.refused_price(market, order)
        if code:
            self.events.code = code
            self.trading.cancel(market, order, codes.PEG_REFUSED, indexes.no_client_id(), 0)
            self.events.code = 0
        else:
            pegs.take_price(order, self.list_checks.price, self.list_checks.need)
        return code == 0

    def enter(self, matching: "Matching", market: Market) -> None:
        """Place the pending legs of the list that is ready first, or end it where one of them is refused now.

        Emits:   ENTERED of each leg, then as a PLACE; or CANCELED (LEG_REFUSED, with the code) of each.
        """
        order_list = market.first_ready
        self.links.take_ready(market, order_list)
        first = order_list.first
        second = order_list.second
        if order_list.contingency >= codes.OPO:
            self.size(first, second, proceeds.lots_of(market, order_list))
        code = self.refused_entry(market, first)
        self.first_need = self.need
        crosses = self.crosses
        worst_key = self.worst_key
        self.second_need = 0
        if not code and second:
            code = self.refused_entry(market, second)
            self.second_need = self.need
            if not code and contingency.wrong_prices(
                self.works_at(market, first), self.works_at(market, second), market.last_price
            ):
                code = codes.OCO_PRICES
        cell = first.seat.quote if first.flags.side == codes.BUY else first.seat.base
        if not code and max(self.first_need, self.second_need) > cell.available + first.held:
            code = codes.INSUFFICIENT_FUNDS
        if code:
            self.end_others(market, order_list, codes.LEG_REFUSED, indexes.no_client_id(), code)
            self.close(market, order_list)
        else:
            # Proceeds stand with the first one: what it does not need of them is available again.
            self.trading.release_claim(first, 0)
            if second:
                self.share_needs(first.flags.side)
                self.hold(second, self.second_need)
            self.hold(first, self.first_need)
            self.admit(market, first)
            self.work(matching, market, first, crosses, worst_key)
            if second:
                self.admit(market, second)
                self.work(matching, market, second, 0, 0)

    def size(self, first: "records.Order", second: "records.Order", lots: int) -> None:
        """Give pending legs the quantity that they were placed without."""
        first.quantity = first.remaining = lots
        if second:
            second.quantity = second.remaining = lots

    def works_at(self, market: Market, order: "records.Order") -> int:
        return order.details.trigger_price if order.flags.type > codes.LIMIT_MAKER else pegs.enters_at(market, order)

    def refused_entry(self, market: Market, order: "records.Order") -> int:
        """What speaks against a pending leg now that it is placed; sets its `need`, whether it `crosses`, and how far.

        A price that trades have reached whose effects are still under way counts as reached.
        """
        details = order.details
        side = order.flags.side
        order_type = order.flags.type
        waits_for = details.trigger_price if details.trigger_price else details.activation_price
        price = order.price if order_type > codes.LIMIT_MAKER else pegs.enters_at(market, order)
        pegged = details.peg_kind
        code = 0
        if price != order.price and order.price:
            code = self.list_checks.wrong_terms(market, side, order_type, order.price, order.quantity, 0, 0, 0, pegged)
        if not code and not price and pegged and order_type <= codes.LIMIT_MAKER:
            code = codes.PEG_WITHOUT_LEVEL
        if code:
            return code
        code = self.list_checks.wrong_terms(
            market, side, order_type, price, order.quantity, waits_for, details.trailing_delta, details.visible, pegged
        )
        self.need = self.list_checks.need
        if code:
            return code
        self.crosses = 0
        if order_type > codes.LIMIT_MAKER:
            if details.trigger_price and market.last_price:
                if triggers.is_above(order_type, side):
                    if details.trigger_price <= max(market.last_price, market.reach_up):
                        return codes.WOULD_TRIGGER
                elif details.trigger_price >= min(market.last_price, market.reach_down):
                    return codes.WOULD_TRIGGER
            return 0
        best = market.asks.best if side == codes.BUY else market.bids.best
        if order_type == codes.MARKET:
            self.worst_key = -codes.AMOUNT_MAX
            self.crosses = 1
            if side == codes.BUY:
                return self.cost_of(market, order)
            return 0
        self.worst_key = -price if side == codes.BUY else price
        if best and best.key >= self.worst_key:
            if order_type == codes.LIMIT_MAKER:
                return codes.WOULD_TAKE
            self.crosses = 1
        return 0

    def cost_of(self, market: Market, order: "records.Order") -> int:
        """Set what a purchase without a price needs: what the book asks for it."""
        seat = order.seat
        self.trading.walk(
            market,
            seat.account,
            seat.open_orders,
            codes.BUY,
            order.flags.self_trade,
            self.worst_key,
            order.quantity,
            codes.AMOUNT_MAX,
        )
        self.need = self.trading.cost
        return codes.INSUFFICIENT_FUNDS if self.trading.cut else 0

    def hold(self, order: "records.Order", need: int) -> None:
        cell = order.seat.quote if order.flags.side == codes.BUY else order.seat.base
        order.held = need
        cell.available -= need
        cell.held += need

    def admit(self, market: Market, order: "records.Order") -> None:
        order.details.pending = 0
        order.updated_ns = self.trading.now_ns
        pegs.choose(market, order)
        self.events.entered(market, order)

    def amended(self, market: Market, order: "records.Order", old_quantity: int, has_name: int) -> None:
        """An order of a list was amended: the other leg of a pair shrinks with it, a new name is told."""
        sibling = self.links.sibling(order)
        if sibling:
            sibling.details.amends += 1
            sibling.updated_ns = self.trading.now_ns
            released = self.trading.shrink(market, sibling, old_quantity - order.quantity)
            sibling.quantity = order.quantity
            left = codes.NOT_RESTING
            if sibling.level and sibling.flags.type <= codes.LIMIT_MAKER:
                left = sibling.level.quantity
            self.events.amended(market, sibling, old_quantity, sibling.client_id, released, left)
        if has_name:
            self.links.rename(order)
            self.events.list_changed(order.details.order_list, codes.LIST_UPDATED, 0)

    def cancel(self, matching: "Matching", at: int, row: "records.Row", market: Market) -> None:
        """Cancel a list, named by its number, its client id, or both.

        Emits:   CANCELED of each order left, then LIST_CHANGED.
        Rejects: as a cancel; UNKNOWN_ORDER where the account has no such list there.
        """
        code = checks.malformed(self.rows, at, row)
        if not code:
            code = codes.MALFORMED_ROW if row.flags.restriction else checks.malformed_cancel(self.rows, at, row)
        if not code:
            code = self.checks.refused_sender(row)
        if not code and market is None:
            code = codes.UNKNOWN_MARKET
        if not code and market.status == codes.BREAK:
            code = codes.MARKET_CLOSED
        if code:
            self.events.rejected(row, row.kind, code)
        else:
            self.cancel_named(matching, at, row, market)

    def cancel_named(self, matching: "Matching", at: int, row: "records.Row", market: Market) -> None:
        reference = self.rows.reference(at)
        name = indexes.no_client_id()
        if reference:
            name = reference.client_id
        order_list = self.links.find(self.checks.account, row.order_id, name)
        code = 0
        if not order_list or order_list.market != row.market:
            code = codes.UNKNOWN_ORDER
        elif indexes.has_client_id(name) and not indexes.same_client_id(name, order_list.client_id):
            code = codes.ORDER_ID_MISMATCH
        if code:
            self.events.rejected(row, row.kind, code)
        else:
            # From here on the command must succeed.
            order_list.started = self.trading.pool.no_order()
            self.end_others(market, order_list, codes.BY_REQUEST, row.client_id, 0)
            self.close(market, order_list)
            matching.note_emptied(market)
