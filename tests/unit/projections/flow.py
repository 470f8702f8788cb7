"""Seeded trading on the real core, batch by batch: what projections and history are held against."""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from exchange.core import queries, timers
from exchange.core.engine import MESSAGES, ROWS, Engine
from exchange.messages import accounts, auctions, markets, orders, registry, system, transfers, words
from exchange.messages.limits import LIMITS_AT_GENESIS, RULES_AT_GENESIS
from exchange.messages.orders import Flags, OrderType, SelfTrade, Side, TimeInForce
from tests.venue import FIRST_ACCOUNT, UNIT, listing

BEGIN_NS = 1_700_000_000_000_000_000
SECOND = 1_000_000_000
PEOPLE = 6
MARKETS = (1, 2)
MIDDLE = 1_000_000


class Batch(NamedTuple):
    first_seq: int
    last_seq: int
    ts_ns: int
    events: list[words.AnyWords]


class Print(NamedTuple):
    """A trade as the naive forms know it."""

    ts_ns: int
    trade_id: int
    price: int
    quantity: int
    quote_amount: int
    taker_buys: bool
    taker_order: int


WAITING = (OrderType.STOP_LOSS, OrderType.STOP_LOSS_LIMIT, OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT)


class Flow:
    """Two markets, six people (two of them one trade group), orders of all kinds. `pause_seconds` is the mean gap."""

    def __init__(self, seed: int, pause_seconds: float = 1.0) -> None:
        self.random = Random(seed)
        self.pause_seconds = pause_seconds
        self.engine = Engine(bytes(16))
        self.now_ns = BEGIN_NS
        self.clients = 0
        self.requests = 0

    def batches(self, count: int) -> Iterator[Batch]:
        """Yield the opening of the venue, then `count` batches of trading."""
        rules = [int(rule) for rule in RULES_AT_GENESIS]
        limits = [(int(limit), value) for limit, value in LIMITS_AT_GENESIS]
        genesis = system.Genesis(1, "flow", BEGIN_NS, b"a journal of one", rules, limits)
        yield self.apply(MESSAGES, registry.encode_commands([genesis, *listing(PEOPLE), *self.second_market()]))
        for _ in range(count):
            self.now_ns += 1 + int(self.random.expovariate(1 / self.pause_seconds) * SECOND)
            if timers.is_due(self.engine.state, self.now_ns):
                yield self.apply(MESSAGES, registry.encode_commands([system.Tick()]))
            if self.random.random() < 0.01:
                auction = auctions.StartAuction(0, self.random.choice(MARKETS), 3)
                yield self.apply(MESSAGES, registry.encode_commands([auction]))
            if self.random.random() < 0.05:
                yield self.apply(MESSAGES, registry.encode_commands([self.transfer(), self.transfer()]))
            else:
                yield self.apply(ROWS, b"".join(self.row() for _ in range(self.random.randrange(1, 9))))

    def second_market(self) -> list[registry.AnyCommand]:
        commands: list[registry.AnyCommand] = [
            markets.ListAsset(0, "ETH", 8),
            markets.ListMarket(0, "ETHUSDT", 3, 1, UNIT // 100, UNIT // 10_000),
            markets.SetFilters(0, 2, 1, 10**8, 1, 1, 10**7, 1, 200, 1, 60),
            markets.SetFees(0, 2, 0, 500, 750),
            markets.SetMarketStatus(0, 2, 1),
            accounts.SetAccount(0, FIRST_ACCOUNT, 1, 0, 7),
            accounts.SetAccount(0, FIRST_ACCOUNT + 1, 1, 0, 7),
        ]
        return commands + [
            transfers.Credit(0, f"eth {person}", FIRST_ACCOUNT + person, 3, 1_000 * UNIT) for person in range(PEOPLE)
        ]

    def apply(self, kind: int, payload: bytes) -> Batch:
        first_seq = self.engine.seq + 1
        self.engine.apply(kind, payload, first_seq, self.now_ns)
        events = list(words.read_events(self.engine.take_events()))
        return Batch(first_seq, self.engine.seq, self.now_ns, events)

    def transfer(self) -> transfers.Credit | transfers.Debit:
        self.requests += 1
        kind = self.random.choice((transfers.Credit, transfers.Debit))
        account = FIRST_ACCOUNT + self.random.randrange(PEOPLE)
        return kind(0, f"flow {self.requests}", account, self.random.choice((1, 2, 3)), self.random.randrange(1, UNIT))

    def row(self) -> bytes:
        person = self.random.randrange(PEOPLE)
        account, market = FIRST_ACCOUNT + person, self.random.choice(MARKETS)
        chance = self.random.random()
        if chance < 0.02:
            return orders.cancel_all_row(market, account, person + 1, cancel_id=self.client_id())
        mine = queries.open_orders(self.engine.state, account, market)
        if chance < 0.2 and mine:
            chosen = self.random.choice(mine)
            order_id = int(chosen["order_id"])
            if self.random.random() < 0.2 and chosen["quantity"] > 1:
                less = self.random.randrange(1, chosen["quantity"])
                name = self.client_id() if self.random.random() < 0.5 else orders.NO_CLIENT_ID
                return orders.amend_row(market, account, person + 1, less, order_id=order_id, client_id=name)
            return orders.cancel_row(market, account, person + 1, order_id=order_id, cancel_id=self.client_id())
        if chance < 0.23:
            return self.some_list(market, account, person + 1)
        return self.placement(market, account, person + 1)

    def some_list(self, market: int, account: int, key: int) -> bytes:
        """An order, and behind it the way back, or a pair of such."""
        side, quantity = self.random.choice(list(Side)), self.random.randrange(1, 50)
        way = 1 if side == Side.BUY else -1
        near = MIDDLE + int(self.random.gauss(0, 10))
        is_pair = self.random.random() < 0.5
        kind = orders.Contingency.OTOCO if is_pair else orders.Contingency.OTO
        back = Side.SELL if side == Side.BUY else Side.BUY
        target, stop = near + 20 * way, near - 20 * way
        terms: list[tuple[orders.Leg, Side, OrderType, int, bytes]] = [
            (orders.Leg.WORKING, side, OrderType.LIMIT, near, b"")
        ]
        if is_pair:
            above, below = (
                (orders.Leg.ABOVE, orders.Leg.BELOW) if back == Side.SELL else (orders.Leg.BELOW, orders.Leg.ABOVE)
            )
            pair: list[tuple[orders.Leg, Side, OrderType, int, bytes]] = [
                (above, back, OrderType.LIMIT_MAKER, target, b""),
                (below, back, OrderType.STOP_LOSS, 0, orders.trigger(stop)),
            ]
            terms += sorted(pair)
        else:
            terms.append((orders.Leg.PENDING, back, OrderType.LIMIT, target, b""))
        legs = [
            orders.place_row(
                market, account, key, Flags(leg_side, order_type, TimeInForce.GTC, SelfTrade.NONE), self.client_id(),
                price=price, quantity=quantity, extensions=more + orders.list_link(kind, leg),
            )
            for leg, leg_side, order_type, price, more in terms
        ]  # fmt: skip
        return orders.list_rows(market, account, key, kind, self.client_id(), legs)

    def placement(self, market: int, account: int, key: int) -> bytes:
        choose = self.random.choice
        kinds = [OrderType.LIMIT] * 6 + [OrderType.LIMIT_MAKER, OrderType.MARKET, choose(WAITING)]
        side, kind = choose(list(Side)), choose(kinds)
        mode = choose(tuple(SelfTrade)[1:6])
        in_force = TimeInForce.GTC
        if kind in (OrderType.LIMIT, OrderType.STOP_LOSS_LIMIT, OrderType.TAKE_PROFIT_LIMIT):
            in_force = choose([TimeInForce.GTC] * 6 + [TimeInForce.IOC, TimeInForce.FOK])
        flags = Flags(side, kind, in_force, mode)
        quantity, quote_quantity, price = self.random.randrange(1, 400), 0, 0
        if kind == OrderType.MARKET and self.random.random() < 0.5:
            quantity, quote_quantity = 0, self.random.randrange(1, 400) * MIDDLE * 10
        if kind not in (OrderType.MARKET, OrderType.STOP_LOSS, OrderType.TAKE_PROFIT):
            away = -10 if side == Side.BUY else 10
            price = MIDDLE + away + int(self.random.gauss(0, 10))
        extensions = orders.strategy(self.clients + 1, 1_000_001) if self.random.random() < 0.1 else b""
        is_resting = in_force == TimeInForce.GTC and price > 0
        if is_resting and self.random.random() < 0.1:
            extensions += orders.iceberg(self.random.randrange(1, 200))
        if kind in WAITING:
            stop_price = MIDDLE + int(self.random.gauss(0, 10))
            extensions += (
                orders.trigger(stop_price) if choose((0, 1)) else orders.trigger(0, 50, choose((0, stop_price)))
            )
        if price and self.random.random() < 0.1:
            extensions += orders.peg(choose(tuple(orders.PegPrice)), *choose([(0, 0), (1, 1), (1, 3)]))
            price = choose([0, price])
        return orders.place_row(
            market, account, key, flags, self.client_id(),
            price=price, quantity=quantity, quote_quantity=quote_quantity, extensions=extensions,
        )  # fmt: skip

    def client_id(self) -> bytes:
        self.clients += 1
        return orders.pack_client_id(f"client-{self.clients}")

    def balance_of(self, account: int, asset: int) -> tuple[int, int]:
        available, held, _ = self.engine.state.matching.balance(account, asset)
        return available, held


def prints(batch: Batch, market: int) -> list[Print]:
    """The trades of a batch in one market, from the events themselves."""
    return [
        Print(
            batch.ts_ns, event.trade_id, event.price, event.quantity, event.quote_amount,
            event.taker_side == Side.BUY, event.taker_order,
        )
        for event in batch.events
        if isinstance(event, words.Traded) and event.market == market
    ]  # fmt: skip
