"""What happened, told in words. Each method fills one event; the counters that number events move on here.

An event carries enough for a projection to need nothing else: the maker of a trade, whose acceptance may be long ago,
is told whole.
"""

from . import codes, records
from .buffers import Buffer
from .market import Market


class Events:
    """The event stream of a core. `seq` is the number of the command being applied."""

    def __init__(self) -> None:
        self.buffer = Buffer()
        self.seq = 0
        self.cause = 0
        self.code = 0
        # Of the trade being told, where its market has fee terms (fees.py).
        self.fee_terms = self.taker_fee = self.taker_fee_asset = self.maker_fee = self.maker_fee_asset = 0

    def accepted(self, market: Market, order: "records.Order", quote_quantity: int, key: int) -> None:
        market.executions += 1
        event = self.buffer.accepted()
        event.seq = self.seq
        event.market = market.id
        event.account = order.seat.account.id
        event.order_id = order.id
        event.flags = order.flags
        event.price = order.price
        event.quantity = order.quantity
        event.quote_quantity = quote_quantity
        event.held = order.held
        event.created_ns = order.created_ns
        event.execution_id = market.executions
        event.list_id = order.details.list_id if order.details else 0
        event.key = key
        event.client_id = order.client_id
        event.spare = 0
        if order.details:
            self.strategy_noted(market, order)
            self.terms_noted(market, order)

    def strategy_noted(self, market: Market, order: "records.Order") -> None:
        details = order.details
        if details.strategy_id or details.strategy_type:
            note = self.buffer.strategy_noted()
            note.seq = self.seq
            note.market = market.id
            note.order_id = order.id
            note.strategy_id = details.strategy_id
            note.strategy_type = details.strategy_type

    def terms_noted(self, market: Market, order: "records.Order") -> None:
        """Tell what few orders have: the price they wait for, or the distance at which they follow it."""
        details = order.details
        if details.trigger_price or details.trailing_delta or details.visible or details.due_ns:
            terms = self.buffer.terms_noted()
            terms.seq = self.seq
            terms.market = market.id
            terms.order_id = order.id
            terms.trigger_price = details.trigger_price
            terms.trailing_delta = details.trailing_delta
            terms.activation_price = details.activation_price
            terms.visible = details.visible
            terms.due_ns = details.due_ns
            terms.spare = 0
        if details.peg_kind:
            self.pegged(market, order)

    def pegged(self, market: Market, order: "records.Order") -> None:
        """Tell from where an order takes its price, and which it took, if it has."""
        details = order.details
        peg = self.buffer.pegged()
        peg.seq = self.seq
        peg.market = market.id
        peg.order_id = order.id
        peg.price_kind = details.peg_kind
        peg.offset_kind = details.peg_offset_kind
        peg.offset = details.peg_offset
        peg.sent_price = details.sent_price
        peg.price = details.pegged_price
        peg.spare = 0

    def triggered(self, market: Market, order: "records.Order") -> None:
        details = order.details
        if details.peg_kind:
            self.pegged(market, order)
        market.executions += 1
        event = self.buffer.triggered()
        event.seq = self.seq
        event.market = market.id
        event.account = order.seat.account.id
        event.order_id = order.id
        event.flags = order.flags
        event.price = order.price
        event.trigger_price = details.trigger_price
        event.last_price = market.last_price
        event.quantity = order.quantity
        event.remaining = order.remaining
        event.held = order.held
        event.created_ns = order.created_ns
        event.execution_id = market.executions
        event.list_id = details.list_id
        event.strategy_id = details.strategy_id
        event.strategy_type = details.strategy_type
        event.trailing_delta = details.trailing_delta
        event.client_id = order.client_id
        event.spare = 0

    def entered(self, market: Market, order: "records.Order") -> None:
        self.terms_noted(market, order)
        market.executions += 1
        event = self.buffer.entered()
        event.seq = self.seq
        event.market = market.id
        event.account = order.seat.account.id
        event.order_id = order.id
        event.flags = order.flags
        event.price = order.price
        event.quantity = order.quantity
        event.remaining = order.remaining
        event.held = order.held
        event.created_ns = order.created_ns
        event.execution_id = market.executions
        event.list_id = order.details.list_id
        event.strategy_id = order.details.strategy_id
        event.strategy_type = order.details.strategy_type
        event.client_id = order.client_id

    def list_changed(self, order_list: "records.OrderList", status: int, key: int) -> None:
        event = self.buffer.list_changed()
        event.seq = self.seq
        event.market = order_list.market
        event.account = order_list.account.id
        event.list_id = order_list.id
        event.contingency = order_list.contingency
        event.status = status
        event.created_ns = order_list.created_ns
        event.key = key
        event.working_id = order_list.working_id
        event.first_id = order_list.first_id
        event.second_id = order_list.second_id
        event.client_id = order_list.client_id
        event.working_name = order_list.working_name
        event.first_name = order_list.first_name
        event.second_name = order_list.second_name

    def rested(self, market: Market, order: "records.Order", level: "records.Level") -> None:
        market.updates += 1
        event = self.buffer.rested()
        event.seq = self.seq
        event.market = market.id
        event.account = order.seat.account.id
        event.order_id = order.id
        event.side = order.flags.side
        event.price = order.price
        event.remaining = order.remaining
        event.level_quantity = level.quantity
        event.update_id = market.updates

    def refilled(self, market: Market, order: "records.Order") -> None:
        market.updates += 1
        event = self.buffer.refilled()
        event.seq = self.seq
        event.market = market.id
        event.account = order.seat.account.id
        event.order_id = order.id
        event.side = order.flags.side
        event.price = order.price
        event.shown = order.details.shown
        event.level_quantity = order.level.quantity
        event.update_id = market.updates

    def amended(
        self,
        market: Market,
        order: "records.Order",
        old_quantity: int,
        old_client_id: "records.ClientId",
        released: int,
        level_quantity: int,
    ) -> None:
        """`level_quantity` is what its price has in the book, -1 where the order does not rest."""
        details = order.details
        if details.peg_kind:
            self.pegged(market, order)
        market.executions += 1
        if level_quantity >= 0:
            market.updates += 1
        event = self.buffer.amended()
        event.seq = self.seq
        event.market = market.id
        event.account = order.seat.account.id
        event.order_id = order.id
        event.flags = order.flags
        event.price = order.price
        event.quantity = order.quantity
        event.old_quantity = old_quantity
        event.remaining = order.remaining
        event.filled_quote = order.filled_quote
        event.prevented_quantity = order.prevented_quantity
        event.released = released
        event.created_ns = order.created_ns
        event.execution_id = market.executions
        event.list_id = details.list_id
        event.strategy_id = details.strategy_id
        event.strategy_type = details.strategy_type
        event.level_quantity = level_quantity
        event.update_id = market.updates
        event.client_id = order.client_id
        event.old_client_id = old_client_id
        event.spare_1 = event.spare_2 = 0

    def traded(
        self,
        market: Market,
        taker: "records.Order",
        maker: "records.Order",
        quantity: int,
        base_amount: int,
        quote_amount: int,
        taker_fee: int,
        maker_fee: int,
    ) -> None:
        market.updates += 1
        market.executions += 2
        event = self.buffer.traded()
        event.seq = self.seq
        event.market = market.id
        event.trade_id = market.trades
        event.taker_side = taker.flags.side
        event.price = market.last_price
        event.quantity = quantity
        event.base_amount = base_amount
        event.quote_amount = quote_amount
        event.fee_version = market.fee_version
        event.taker_order = taker.id
        event.taker_account = taker.seat.account.id
        event.taker_remaining = taker.remaining
        event.taker_fee = taker_fee
        event.taker_fee_asset = market.base if taker.flags.side == codes.BUY else market.quote
        event.taker_execution_id = market.executions - 1
        event.maker_order = maker.id
        event.maker_account = maker.seat.account.id
        event.maker_remaining = maker.remaining
        event.maker_fee = maker_fee
        event.maker_fee_asset = market.quote if (taker.flags.side == codes.BUY) == (maker_fee >= 0) else market.base
        event.maker_execution_id = market.executions
        event.maker_flags = maker.flags
        event.maker_price = maker.price
        event.maker_quantity = maker.quantity
        event.maker_filled_quote = maker.filled_quote
        event.maker_prevented_quantity = maker.prevented_quantity
        event.maker_created_ns = maker.created_ns
        event.maker_list_id = maker.details.list_id if maker.details else 0
        event.maker_strategy_id = maker.details.strategy_id if maker.details else 0
        event.maker_strategy_type = maker.details.strategy_type if maker.details else 0
        event.maker_client_id = maker.client_id
        event.level_quantity = maker.level.quantity
        event.update_id = market.updates
        event.cause = self.cause
        event.fee_terms = 0
        if market.has_fee_terms:
            event.fee_terms = self.fee_terms
            event.taker_fee = self.taker_fee
            event.taker_fee_asset = self.taker_fee_asset
            event.maker_fee = self.maker_fee
            event.maker_fee_asset = self.maker_fee_asset

    def referred(
        self, market: Market, account: "records.Account", referrer: int, asset: int, amount: int, share_ppm: int
    ) -> None:
        event = self.buffer.referred()
        event.seq = self.seq
        event.market = market.id
        event.trade_id = market.trades
        event.account = account.id
        event.referrer = referrer
        event.asset = asset
        event.amount = amount
        event.share_ppm = share_ppm
        event.fee_version = market.fee_version

    def proceeds_locked(
        self, market: Market, working: "records.Order", pending: "records.Order", amount: int, received: int
    ) -> None:
        event = self.buffer.proceeds_locked()
        event.seq = self.seq
        event.market = market.id
        event.account = working.seat.account.id
        event.list_id = working.details.list_id
        event.order_id = pending.id
        event.trade_id = market.trades
        event.amount = amount
        event.held = pending.held
        event.received = received

    def canceled(
        self,
        market: Market,
        order: "records.Order",
        reason: int,
        released: int,
        level_quantity: int,
        cancel_id: "records.ClientId",
        counter_order: int,
    ) -> None:
        """`level_quantity` is what its price has left in the book, -1 where the order did not rest."""
        if order.details:
            self.terms_noted(market, order)
        market.executions += 1
        if level_quantity >= 0:
            market.updates += 1
        event = self.buffer.canceled()
        event.seq = self.seq
        event.market = market.id
        event.account = order.seat.account.id
        event.order_id = order.id
        event.flags = order.flags
        event.reason = reason
        event.price = order.price
        event.quantity = order.quantity
        event.remaining = order.remaining
        event.filled_quote = order.filled_quote
        event.prevented_quantity = order.prevented_quantity
        event.released = released
        event.created_ns = order.created_ns
        event.execution_id = market.executions
        event.list_id = order.details.list_id if order.details else 0
        event.strategy_id = order.details.strategy_id if order.details else 0
        event.strategy_type = order.details.strategy_type if order.details else 0
        event.level_quantity = level_quantity
        event.update_id = market.updates
        event.client_id = order.client_id
        event.cancel_id = cancel_id
        event.counter_order = counter_order
        event.code = self.code

    def prevented(
        self,
        market: Market,
        taker: "records.Order",
        maker: "records.Order",
        taker_prevented: int,
        maker_prevented: int,
    ) -> None:
        market.prevented += 1
        event = self.buffer.prevented()
        event.seq = self.seq
        event.market = market.id
        event.prevented_id = market.prevented
        event.mode = taker.flags.self_trade
        event.price = maker.price
        event.taker_order = taker.id
        event.taker_account = taker.seat.account.id
        event.taker_prevented = taker_prevented
        event.maker_order = maker.id
        event.maker_account = maker.seat.account.id
        event.maker_prevented = maker_prevented
        event.trade_group = taker.seat.account.trade_group
        event.spare = 0

    def transferred(
        self,
        market: Market,
        buyer: "records.Account",
        seller: "records.Account",
        price: int,
        quantity: int,
        base_amount: int,
        quote_amount: int,
    ) -> None:
        event = self.buffer.transferred()
        event.seq = self.seq
        event.market = market.id
        event.prevented_id = market.prevented
        event.buyer = buyer.id
        event.seller = seller.id
        event.price = price
        event.quantity = quantity
        event.base_amount = base_amount
        event.quote_amount = quote_amount

    def rejected(self, row: "records.Row", row_kind: int, code: int) -> None:
        """A command is refused, or one half of it, whose kind is told."""
        event = self.buffer.rejected()
        event.seq = self.seq
        event.row_kind = row_kind
        event.market = row.market
        event.account = row.account
        event.key = row.key
        event.code = code
        event.order_id = row.order_id
