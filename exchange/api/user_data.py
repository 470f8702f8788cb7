"""User data: executions and balances of an account, sent to its WebSocket API sessions and to its listen keys."""

import secrets
import string
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import orjson

from exchange.api import decimals, parameters, pegs
from exchange.api.answers import Empty, ListKey
from exchange.api.context import Context, Reply, Request, WireMarket
from exchange.api.endpoints import KEYED, Endpoint
from exchange.api.errors import WireError
from exchange.api.order_views import EXPIRY
from exchange.api.parameters import Parameter, table
from exchange.api.streams import Hub
from exchange.messages.orders import Contingency, ListStatus, OrderType, Reason, SelfTrade, Side, TimeInForce
from exchange.messages.rejects import RejectCode
from exchange.projections.updates import AccountEvent, BalanceUpdate, Execution, ListUpdate, OrderUpdate, Position

ALPHABET = string.ascii_letters + string.digits
LISTEN_KEY_LENGTH = 64
LISTEN_KEY_NS = 3_600_000_000_000
LISTEN_KEY = table(Parameter("listenKey", parameters.text, mandatory=True))
NO_LISTEN_KEY = WireError(-1125, "This listenKey does not exist.")

LIST_STATUSES = {
    ListStatus.STARTED: "EXEC_STARTED",
    ListStatus.UPDATED: "UPDATED",
    ListStatus.DONE: "ALL_DONE",
}
REFUSED = {
    int(RejectCode.INSUFFICIENT_FUNDS): "INSUFFICIENT_BALANCES",
    int(RejectCode.WOULD_TRIGGER): "STOP_PRICE_WOULD_TRIGGER_IMMEDIATELY",
    int(RejectCode.WOULD_TAKE): "WOULD_MATCH_IMMEDIATELY",
    int(RejectCode.OCO_PRICES): "OCO_BAD_PRICES",
}

Event = dict[str, Any]
Listener = Callable[[Callable[[int], str]], None]
"""Is given what encodes an event for a time unit: once, however many listen."""


class UserData:
    """Who listens to which account. Events are made only for accounts that somebody listens to."""

    def __init__(self, context: Context, hub: Hub) -> None:
        self.context = context
        self.hub = hub
        self.users = context.projections.users
        self.users.balance_of = context.balance_of
        self.users.watched = set()
        self.listeners: dict[int, dict[tuple[int, int], Listener]] = {}
        self.listen_keys: dict[str, tuple[int, int]] = {}
        """Listen key to its account and when it ends."""
        self.endpoints: tuple[Endpoint, ...] = tuple(
            Endpoint(method, "/api/v3/userDataStream", KEYED, 2, rows, handler, 0, word, response)
            for method, rows, handler, word, response in (
                ("POST", table(), self.begin_key, "userDataStream.start", ListKey),
                ("PUT", LISTEN_KEY, self.extend_key, "userDataStream.ping", Empty),
                ("DELETE", LISTEN_KEY, self.end_key, "userDataStream.stop", Empty),
            )
        )

    def listen(self, account: int, name: tuple[int, int], listener: Listener) -> None:
        self.listeners.setdefault(account, {})[name] = listener
        self.watch()

    def leave(self, account: int, name: tuple[int, int]) -> None:
        self.listeners.get(account, {}).pop(name, None)
        self.watch()

    def watch(self) -> None:
        """Have account events made for those who listen, and no others."""
        self.listeners = {account: who for account, who in self.listeners.items() if who}
        self.users.watched = {*self.listeners, *(account for account, _ in self.listen_keys.values())}

    def on_batch(self, ts_ns: int) -> None:
        """Send what the last batch did to the accounts that are listened to."""
        if not self.users.events:
            return
        keys = [(name, account) for name, (account, ends) in self.listen_keys.items() if ends > ts_ns]
        for event in self.users.events:
            listeners = self.listeners.get(event.account)
            named = [name for name, account in keys if account == event.account and self.hub.has(name)]
            if not listeners and not named:
                continue
            view = self.viewer(event)
            if listeners:
                encode = lru_cache(maxsize=None)(lambda unit, view=view: orjson.dumps(view(unit)).decode())
                for listener in listeners.values():
                    listener(encode)
            for name in named:
                self.hub.publish(name, view, event.seq)

    def viewer(self, event: AccountEvent) -> Callable[[int], Event]:
        """What makes the event's payload for a time unit, as it is told now."""
        if isinstance(event, OrderUpdate):
            market = self.context.market_by_id(event.order.market)
            asset = self.context.asset(event.fee_asset) if event.fee_asset else None
            return partial(execution_report, market, event, asset)
        if isinstance(event, ListUpdate):
            return partial(list_status, self.context.market_by_id(event.order_list.market), event)
        return partial(self.balances, event)

    def balances(self, event: Position | BalanceUpdate, unit: int) -> Event:
        now = event.ts_ns // unit
        if isinstance(event, Position):
            balances = []
            for number, available, held in event.balances:
                name = self.context.asset(number)[0]
                free, locked = self.context.amount(name, available), self.context.amount(name, held)
                balances.append({"a": name, "f": free, "l": locked})
            return {"e": "outboundAccountPosition", "E": now, "u": now, "B": balances, "seq": event.seq}
        name = self.context.asset(event.asset)[0]
        amount = self.context.amount(name, event.delta)
        return {"e": "balanceUpdate", "E": now, "a": name, "d": amount, "T": now, "seq": event.seq}

    def begin_key(self, request: Request) -> Reply:
        """POST: the account's listen key, made or extended."""
        account = request.sender.account
        self.drop_ended(request.now_ns)
        for name, (owner, _) in self.listen_keys.items():
            if owner == account:
                self.listen_keys[name] = (account, request.now_ns + LISTEN_KEY_NS)
                return Reply({"listenKey": name})
        name = "".join(secrets.choice(ALPHABET) for _ in range(LISTEN_KEY_LENGTH))
        self.listen_keys[name] = (account, request.now_ns + LISTEN_KEY_NS)
        self.watch()
        return Reply({"listenKey": name})

    def extend_key(self, request: Request) -> Reply:
        """PUT: a listen key lives for another hour."""
        name = self.own_key(request)
        self.listen_keys[name] = (request.sender.account, request.now_ns + LISTEN_KEY_NS)
        return Reply({})

    def end_key(self, request: Request) -> Reply:
        """DELETE: a listen key ends."""
        del self.listen_keys[self.own_key(request)]
        self.watch()
        return Reply({})

    def own_key(self, request: Request) -> str:
        self.drop_ended(request.now_ns)
        name: str = request.values["listenKey"]
        if self.listen_keys.get(name, (0, 0))[0] != request.sender.account:
            raise NO_LISTEN_KEY
        return name

    def drop_ended(self, now_ns: int) -> None:
        """Listen keys live for an hour; whoever still listens is told."""
        for name in [name for name, (_, ends) in self.listen_keys.items() if ends <= now_ns]:
            del self.listen_keys[name]
            self.hub.publish(name, partial(expired, name, now_ns), self.context.state.seq)
        self.watch()


def expired(name: str, now_ns: int, unit: int) -> Event:
    return {"e": "listenKeyExpired", "E": now_ns // unit, "listenKey": name}


def execution_report(market: WireMarket, event: OrderUpdate, fee_asset: tuple[str, int] | None, unit: int) -> Event:
    """One execution in the form of the reference's §17."""
    order = event.order
    now = event.ts_ns // unit
    canceled = event.execution == Execution.CANCELED
    fee = "0" if fee_asset is None else decimals.write(event.fee, fee_asset[1])
    view: Event = {
        "e": "executionReport",
        "E": now,
        "s": market.symbol,
        "c": event.cancel_id if canceled else event.client_id,
        "S": Side(order.side).name,
        "o": OrderType(order.type).name,
        "f": TimeInForce(order.time_in_force).name,
        "q": market.quantity(event.quantity),
        "p": market.price(order.price),
        "P": market.price(order.stop_price),
        "F": market.quantity(order.visible),
        "g": order.list_id or -1,
        "C": event.client_id if canceled else event.cancel_id,
        "x": event.execution.name,
        "X": event.status.name,
        "r": REFUSED.get(event.code, "NONE"),
        "i": order.order_id,
        "l": market.quantity(event.last_quantity),
        "z": market.quantity(event.filled),
        "L": market.price(event.last_price),
        "n": fee,
        "N": None if fee_asset is None else fee_asset[0],
        "T": now,
        "t": event.trade_id or -1,
        "I": event.execution_id,
        "w": event.is_working,
        "m": event.is_maker,
        "M": False,
        "O": order.created_ns // unit,
        "Z": market.notional(event.filled_quote),
        "Y": market.notional(event.last_quote),
        "Q": market.notional(order.quote_quantity),
        "V": SelfTrade(order.self_trade).name,
        "seq": event.seq,
    }
    return view | rest_of_report(market, event, unit)


def rest_of_report(market: WireMarket, event: OrderUpdate, unit: int) -> Event:
    """What only some executions show."""
    order = event.order
    view: Event = {}
    if event.working_ns:
        view["W"] = event.working_ns // unit
    if order.good_till_ns:
        view["gtd"] = order.good_till_ns // unit
    if order.trailing_delta:
        view["d"] = order.trailing_delta
    if order.strategy_id:
        view["j"] = order.strategy_id
    if order.strategy_type:
        view["J"] = order.strategy_type
    if order.peg:
        price = order.pegged_price if event.working_ns else 0
        peg = pegs.shown(market, order.peg, order.peg_offset_kind, order.peg_offset, price)
        view |= {pegs.LETTERS[name]: value for name, value in peg.items()}
    if event.execution == Execution.EXPIRED and event.reason in EXPIRY:
        view["eR"] = EXPIRY[Reason(event.reason)]
    if event.prevented is not None:
        view |= prevention(market, event)
    return view


def list_status(market: WireMarket, event: ListUpdate, unit: int) -> Event:
    """What became of a list, in the form of the reference's §17."""
    order_list = event.order_list
    return {
        "e": "listStatus",
        "E": event.ts_ns // unit,
        "s": market.symbol,
        "g": order_list.list_id,
        "c": "OCO" if order_list.contingency == Contingency.OCO else "OTO",
        "l": LIST_STATUSES[ListStatus(event.status)],
        "L": "ALL_DONE" if event.status == ListStatus.DONE else "EXECUTING",
        "r": "NONE",
        "C": order_list.client_id,
        "T": event.ts_ns // unit,
        "O": [{"s": market.symbol, "i": order_id, "c": name} for order_id, name in order_list.orders],
        "seq": event.seq,
    }


def prevention(market: WireMarket, event: OrderUpdate) -> Event:
    """The fields of an order that ended by self-trade prevention."""
    met = event.prevented
    assert met is not None
    is_taker = met.taker_order == event.order.order_id
    return {
        "v": met.prevented_id,
        "A": market.quantity(event.prevented_quantity),
        "B": market.quantity(met.taker_prevented if is_taker else met.maker_prevented),
        "u": met.trade_group or -1,
        "U": met.maker_order if is_taker else met.taker_order,
        "Cs": market.symbol,
    }
