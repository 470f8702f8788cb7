"""User stream: every open order as its owner sees it, and what each command did to whom.

A batch becomes a list of account events in journal order: one OrderUpdate for each execution (NEW, TRADE ..., EXPIRED),
and behind those of one command one Position for each account it touched. Balances are asked from outside, when the
batch is folded: those of a Position are what a query in that moment would answer, which later commands of the same
batch may have moved already.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from exchange.messages.markets import MarketListed
from exchange.messages.orders import ListStatus, OrderType, SelfTrade, Side, unpack_client_id
from exchange.messages.transfers import Posted
from exchange.messages.views import Fill, Order, OrderList, OrderStatus, Rows
from exchange.messages.words import (
    Accepted,
    Amended,
    Canceled,
    Entered,
    ListChanged,
    Pegged,
    Prevented,
    Referred,
    StrategyNoted,
    TermsNoted,
    Traded,
    Transferred,
    Triggered,
)
from exchange.projections.folding import Handler, Projection
from exchange.projections.updates import (
    ENDS,
    AccountEvent,
    BalanceUpdate,
    Execution,
    ListUpdate,
    OrderUpdate,
    Position,
)

BalanceOf = Callable[[int, int], tuple[int, int]]
PART_ORDERS = 10_000


class UserStream(Projection):
    """Open orders by id and by account.

    `balance_of(account, asset)` gives (available, held); while it is None, as before the core is recovered, no Position
    is told. `watched` are the accounts somebody listens to: for others no account events are made; None is everybody.
    Orders and rows are kept for all.
    """

    name = "user_stream"
    version = 5

    def __init__(self, balance_of: BalanceOf | None = None) -> None:
        super().__init__()
        self.balance_of = balance_of
        self.watched: set[int] | None = None
        self.orders: dict[int, Order] = {}
        self.accounts: dict[int, dict[int, Order]] = {}
        self.lists: dict[int, OrderList] = {}
        """Open ones, by number."""
        self.pending: set[int] = set()
        """Orders that wait until another of their list is filled."""
        self.assets: dict[int, tuple[int, int]] = {}
        """Base and quote asset by market."""
        self.events: list[AccountEvent] = []
        """What the last batch did, in order."""
        self.rows = Rows([], [], [])
        """What the last batch gives the history."""
        self.seq = 0
        self.touched: dict[int, dict[int, None]] = {}
        """Accounts and their assets that the command being folded may have changed."""
        self.prevented: dict[int, Prevented] = {}

    def handlers(self) -> dict[type[Any], Handler]:
        return {
            Accepted: self.on_accepted,
            StrategyNoted: self.on_strategy_noted,
            TermsNoted: self.on_terms_noted,
            Pegged: self.on_pegged,
            Triggered: self.on_triggered,
            Amended: self.on_amended,
            Traded: self.on_traded,
            Prevented: self.on_prevented,
            Canceled: self.on_canceled,
            ListChanged: self.on_list_changed,
            Entered: self.on_entered,
            Referred: self.on_referred,
            Transferred: self.on_transferred,
            MarketListed: self.on_listed,
            Posted: self.on_posted,
        }

    def begin_batch(self) -> None:
        self.events = []
        self.rows = Rows([], [], [])

    def end_batch(self) -> None:
        self.tell_positions()
        self.prevented.clear()

    def is_watched(self, account: int) -> bool:
        return self.watched is None or account in self.watched

    def begin_command(self, seq: int) -> None:
        if seq != self.seq:
            self.tell_positions()
            self.seq = seq

    def touch(self, seq: int, account: int, *assets: int) -> None:
        """A command may have changed these balances; the commands before it are complete."""
        self.begin_command(seq)
        self.touched.setdefault(account, {}).update(dict.fromkeys(assets))

    def tell_positions(self) -> None:
        """The command that was folded last is complete: what its accounts have now."""
        if self.balance_of is not None:
            for account, assets in self.touched.items():
                balances = [(asset, *self.balance_of(account, asset)) for asset in assets]
                self.events.append(Position(self.seq, self.ts_ns, account, balances))
        self.touched.clear()

    def on_listed(self, seq: int, event: MarketListed) -> None:
        self.assets[event.market_id] = (event.base, event.quote)

    def on_accepted(self, seq: int, event: Accepted) -> None:
        flags = event.flags
        order = Order(
            event.order_id,
            event.market,
            event.account,
            unpack_client_id(event.client_id),
            flags.side,
            flags.type,
            flags.time_in_force,
            flags.self_trade,
            event.price,
            event.quantity,
            event.quote_quantity,
            0,
            0,
            0,
            0,
            OrderStatus.NEW,
            0,
            event.created_ns,
            event.created_ns,
            0 if flags.type > OrderType.LIMIT_MAKER else event.created_ns,
            0,
            0,
            event.list_id,
        )
        if event.order_id in self.pending:
            order.status = OrderStatus.PENDING_NEW
            order.working_ns = 0
        self.orders[event.order_id] = order
        account = self.accounts.get(event.account)
        if account is None:
            account = self.accounts[event.account] = {}
        account[event.order_id] = order
        if self.is_watched(event.account):
            self.touch(seq, event.account, self.assets[event.market][1 if flags.side == Side.BUY else 0])
            self.tell(seq, Execution.NEW, order, event.execution_id)

    def on_strategy_noted(self, seq: int, event: StrategyNoted) -> None:
        order = self.orders[event.order_id]
        order.strategy_id = event.strategy_id
        order.strategy_type = event.strategy_type

    def on_terms_noted(self, seq: int, event: TermsNoted) -> None:
        order = self.orders[event.order_id]
        if not order.working_ns:
            order.stop_price = event.activation_price if event.trailing_delta else event.trigger_price
            order.trailing_delta = event.trailing_delta
        order.visible = event.visible
        order.good_till_ns = event.due_ns

    def on_pegged(self, seq: int, event: Pegged) -> None:
        order = self.orders[event.order_id]
        order.price = event.sent_price
        order.peg = event.price_kind
        order.peg_offset_kind = event.offset_kind
        order.peg_offset = event.offset
        order.pegged_price = event.price

    def on_amended(self, seq: int, event: Amended) -> None:
        order = self.orders[event.order_id]
        order.quantity = event.quantity
        order.client_id = unpack_client_id(event.client_id)
        order.updated_ns = self.ts_ns
        if self.is_watched(order.account):
            self.touch(seq, order.account, self.assets[event.market][1 if order.side == Side.BUY else 0])
            old = unpack_client_id(event.old_client_id)
            self.tell(seq, Execution.REPLACED, order, event.execution_id, cancel_id=old)

    def on_triggered(self, seq: int, event: Triggered) -> None:
        order = self.orders[event.order_id]
        order.working_ns = order.updated_ns = self.ts_ns
        if self.is_watched(order.account):
            self.touch(seq, order.account, self.assets[event.market][1 if order.side == Side.BUY else 0])
            self.tell(seq, Execution.NEW, order, event.execution_id)

    def on_list_changed(self, seq: int, event: ListChanged) -> None:
        """A list begins before its orders are told, and ends behind the last of them."""
        order_list = list_of(event, self.ts_ns)
        self.lists[event.list_id] = order_list
        if event.status == ListStatus.STARTED and event.working_id:
            self.pending |= {event.first_id, event.second_id} - {0}
        if event.status == ListStatus.DONE:
            del self.lists[event.list_id]
            self.pending -= {event.first_id, event.second_id}
            self.rows.lists.append(order_list)
        if self.is_watched(event.account):
            self.begin_command(seq)
            self.events.append(ListUpdate(seq, self.ts_ns, event.account, event.status, order_list))

    def on_entered(self, seq: int, event: Entered) -> None:
        order = self.orders[event.order_id]
        self.pending.discard(event.order_id)
        order.status = OrderStatus.NEW
        order.quantity = event.quantity
        order.updated_ns = self.ts_ns
        if order.type <= OrderType.LIMIT_MAKER:
            order.working_ns = self.ts_ns
        if self.is_watched(order.account):
            self.touch(seq, order.account, self.assets[event.market][1 if order.side == Side.BUY else 0])
            self.tell(seq, Execution.NEW, order, event.execution_id)

    def on_traded(self, seq: int, event: Traded) -> None:
        taker, maker = self.orders[event.taker_order], self.orders[event.maker_order]
        fills = self.rows.fills
        self.fill(seq, event, taker, event.taker_execution_id, event.taker_fee, event.taker_fee_asset, 0)
        self.fill(seq, event, maker, event.maker_execution_id, event.maker_fee, event.maker_fee_asset, 1)
        fills.append(fill_of(event, taker, event.taker_fee, event.taker_fee_asset, self.ts_ns, 0))
        fills.append(fill_of(event, maker, event.maker_fee, event.maker_fee_asset, self.ts_ns, 1))

    def fill(
        self, seq: int, event: Traded, order: Order, execution_id: int, fee: int, fee_asset: int, is_maker: int
    ) -> None:
        """One order's part of a trade."""
        order.filled += event.quantity
        order.filled_quote += event.quote_amount
        order.updated_ns = self.ts_ns
        order.status = OrderStatus.PARTIALLY_FILLED
        if (event.maker_remaining if is_maker else event.taker_remaining) == 0:
            order.status = OrderStatus.FILLED
            self.forget(order)
        if self.is_watched(order.account):
            self.touch(seq, order.account, *self.assets[event.market], fee_asset)
            self.tell(
                seq,
                Execution.TRADE,
                order,
                execution_id,
                last_price=event.price,
                last_quantity=event.quantity,
                last_quote=event.quote_amount,
                fee=fee,
                fee_asset=fee_asset,
                trade_id=event.trade_id,
                is_maker=bool(is_maker),
            )

    def on_prevented(self, seq: int, event: Prevented) -> None:
        for number, quantity in (
            (event.taker_order, event.taker_prevented),
            (event.maker_order, event.maker_prevented),
        ):
            if quantity:
                order = self.orders[number]
                order.prevented_quantity += quantity
                order.prevented_id = event.prevented_id
                order.updated_ns = self.ts_ns
                if event.mode >= SelfTrade.DECREMENT and self.is_watched(order.account):
                    # Neither need end by it, but the maker holds less from now on.
                    self.touch(seq, order.account, self.assets[event.market][1 if order.side == Side.BUY else 0])
                self.prevented[number] = event

    def on_canceled(self, seq: int, event: Canceled) -> None:
        order = self.orders[event.order_id]
        execution, order.status = ENDS[event.reason]
        order.quantity = event.quantity
        order.reason = event.reason
        order.updated_ns = self.ts_ns
        self.forget(order)
        if self.is_watched(order.account):
            self.touch(seq, order.account, self.assets[event.market][1 if order.side == Side.BUY else 0])
            self.tell(
                seq,
                execution,
                order,
                event.execution_id,
                reason=event.reason,
                cancel_id=unpack_client_id(event.cancel_id),
                prevented=self.prevented.get(event.order_id),
                code=event.code,
            )

    def on_posted(self, seq: int, event: Posted) -> None:
        for account, delta in ((event.payer, -event.amount), (event.receiver, event.amount)):
            if self.is_watched(account):
                self.touch(seq, account, event.asset_id)
                self.events.append(BalanceUpdate(seq, self.ts_ns, account, event.asset_id, delta))

    def on_transferred(self, seq: int, event: Transferred) -> None:
        base, quote = self.assets[event.market]
        for account, sign in ((event.buyer, 1), (event.seller, -1)):
            if self.is_watched(account):
                self.touch(seq, account, base, quote)
                for asset, amount in ((base, sign * event.base_amount), (quote, -sign * event.quote_amount)):
                    self.events.append(BalanceUpdate(seq, self.ts_ns, account, asset, amount))

    def on_referred(self, seq: int, event: Referred) -> None:
        if self.is_watched(event.referrer):
            self.touch(seq, event.referrer, event.asset)
            self.events.append(BalanceUpdate(seq, self.ts_ns, event.referrer, event.asset, event.amount))

    def tell(self, seq: int, execution: Execution, order: Order, execution_id: int, **rest: Any) -> None:
        self.events.append(
            OrderUpdate(
                seq,
                self.ts_ns,
                order.account,
                execution,
                order,
                OrderStatus(order.status),
                order.quantity,
                order.client_id,
                order.filled,
                order.filled_quote,
                order.prevented_quantity,
                execution_id,
                working_ns=order.working_ns,
                **rest,
            )
        )

    def forget(self, order: Order) -> None:
        """An order is closed: it is the history's from now on."""
        del self.orders[order.order_id]
        account = self.accounts[order.account]
        del account[order.order_id]
        if not account:
            del self.accounts[order.account]
        self.rows.orders.append(order)

    def open_orders(self, account: int, market: int = 0) -> list[Order]:
        """An account's open orders in one market (0: in all), oldest first. They change with the next batch."""
        orders = self.accounts.get(account, {}).values()
        return [order for order in orders if not market or order.market == market]

    def order(self, order_id: int) -> Order | None:
        """An open order."""
        return self.orders.get(order_id)

    def order_by_client_id(self, account: int, client_id: str, market: int = 0) -> Order | None:
        """An account's open order by its client id, which is unique among those."""
        return next((order for order in self.open_orders(account, market) if order.client_id == client_id), None)

    def open_lists(self, account: int) -> list[OrderList]:
        """An account's open lists, oldest first."""
        return [each for each in self.lists.values() if each.account == account]

    def seed(
        self, orders: Iterable[Order], assets: dict[int, tuple[int, int]], lists: Iterable[OrderList] = ()
    ) -> None:
        """Set all open orders, oldest first, and the markets' assets: where they are known from elsewhere."""
        self.assets.update(assets)
        for order in orders:
            self.orders[order.order_id] = order
            self.accounts.setdefault(order.account, {})[order.order_id] = order
            if order.status == OrderStatus.PENDING_NEW:
                self.pending.add(order.order_id)
        for order_list in lists:
            self.lists[order_list.list_id] = order_list

    def sections(self) -> Iterator[bytes]:
        orders = list(self.orders.values())
        markets = [(market, base, quote) for market, (base, quote) in self.assets.items()]
        yield msgspec.msgpack.encode((markets, orders[:PART_ORDERS], list(self.lists.values())))
        for at in range(PART_ORDERS, len(orders), PART_ORDERS):
            yield msgspec.msgpack.encode(((), orders[at : at + PART_ORDERS], ()))

    def restore(self, part: bytes | memoryview) -> None:
        markets, orders, lists = SECTION.decode(part)
        self.seed(orders, {market: (base, quote) for market, base, quote in markets}, lists)


Section = tuple[list[tuple[int, int, int]], list[Order], list[OrderList]]
SECTION: msgspec.msgpack.Decoder[Section] = msgspec.msgpack.Decoder(Section)


def list_of(event: ListChanged, ts_ns: int) -> OrderList:
    return OrderList(
        event.list_id,
        event.market,
        event.account,
        event.contingency,
        unpack_client_id(event.client_id),
        int(event.status == ListStatus.DONE),
        event.created_ns,
        ts_ns,
        event.working_id,
        event.first_id,
        event.second_id,
        unpack_client_id(event.working_name),
        unpack_client_id(event.first_name),
        unpack_client_id(event.second_name),
    )


def fill_of(event: Traded, order: Order, fee: int, fee_asset: int, ts_ns: int, is_maker: int) -> Fill:
    return Fill(
        event.market,
        event.trade_id,
        is_maker,
        order.order_id,
        order.account,
        order.side,
        event.price,
        event.quantity,
        event.quote_amount,
        fee,
        fee_asset,
        ts_ns,
        order.list_id,
    )
