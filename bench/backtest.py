"""A strategy on the production matcher, among others: drawn ones, or those of a recorded journal.

Events reach the strategy late and its orders reach the venue late, by a latency that is drawn from its model. All that
happened is a journal: whoever has it replays it with `run.py replay`, `audit` and the verifier, and comes to the same
state hash. The same seed gives the same journal.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import NamedTuple

from bench.background import Drawn, Opened, Recorded
from bench.replay import Hasty
from bench.strategy import Cancel, Ended, Event, Fill, Order, Place, Print, Quote, Strategy, Terms
from exchange.core import encoding, queries
from exchange.core.engine import MESSAGES, ROWS, Engine
from exchange.messages import accounts, registry, transfers
from exchange.messages.accounts import AccountOpened, ApiKeyGranted
from exchange.messages.orders import (
    Flags,
    OrderType,
    Reason,
    RowKind,
    SelfTrade,
    Side,
    TimeInForce,
    cancel_row,
    pack_client_id,
    place_row,
    unpack_client_id,
)
from exchange.messages.rejects import RejectCode
from exchange.messages.words import AnyWords, Canceled, Message, Rejected, Traded, read_events
from journal.writer import Journal

SCHEMA = 1
SEGMENT_BYTES = 8 << 20
END_NS = 1 << 62
MARK_NS = 50_000_000
"""How often what the account is worth is noted, besides at its own fills."""


class Latency(NamedTuple):
    """One way to the strategy, one way back, and the mean of an exponential that comes on top of each."""

    feed_ns: int = 200_000
    order_ns: int = 300_000
    jitter_ns: int = 50_000


class Mark(NamedTuple):
    """What was made up to a time, in minor units of the quote asset, what was bought and sold at the middle price.

    `inventory` is in lots; fees that were paid in the base asset make it no whole number.
    """

    ts_ns: int
    middle: float
    made: float
    inventory: float


class Result(NamedTuple):
    """A run: where its journal is, the state hash that a replay must reach, and what the strategy made."""

    journal: Path
    state_hash: str
    seq: int
    terms: Terms
    marks: list[Mark]
    fills: list[Fill]
    placed: int
    refused: int
    scale: int


class Backtest:
    """One run. `purse` is what the account has in the beginning: minor units of base and quote."""

    def __init__(
        self,
        make: Callable[[Terms], Strategy],
        background: Drawn | Recorded,
        out: Path,
        symbol: str,
        latency: Latency,
        purse: tuple[int, int],
        seed: int = 1,
    ) -> None:
        self.background = background
        self.latency = latency
        self.purse = purse
        self.chance = Random(seed)
        self.engine = Engine(bytes(16))
        self.journal = Journal.create(
            out, created_ns=1, segment_bytes=SEGMENT_BYTES, journal_id=bytes(16), disk=Hasty()
        )
        self.symbol = symbol
        self.make = make
        self.waiting: list[tuple[int, int, Event | Order]] = []
        """What is on its way, by the time of its arrival: events to the strategy, orders to the venue."""
        self.number = 0
        self.ids: dict[str, int] = {}
        self.marks: list[Mark] = []
        self.fills: list[Fill] = []
        self.placed = self.refused = 0
        self.best: tuple[int, int, int, int] = (0, 0, 0, 0)
        self.account = 0

    def run(self, say: Callable[[int], None] = lambda done: None) -> Result:
        """Run the background to its end with the strategy in it. Raises KeyError for an unknown symbol."""
        self.ts_ns = self.background.begin(self.apply)
        self.open_account()
        for done, step in enumerate(self.background.steps(self.opened)):
            self.deliver(step.ts_ns)
            self.ts_ns = step.ts_ns
            step.run()
            self.mark(MARK_NS)
            if done % 1_000 == 0:
                say(done)
        self.deliver(END_NS)
        self.mark(0)
        self.journal.close()
        return Result(
            self.journal.directory,
            encoding.state_hash(self.engine.state).hex(),
            self.engine.seq,
            self.terms,
            self.marks,
            self.fills,
            self.placed,
            self.refused,
            self.market.quote_scale,
        )

    def open_account(self) -> None:
        """The strategy's account with its key and its purse, and the strategy itself."""
        self.market = queries.market(self.engine.state, self.symbol)
        self.terms = Terms(self.symbol, self.market.lot_size, self.market.quote_per_tick_lot)
        opened = self.command(accounts.OpenAccount(0, 1 << 40, 1))
        assert isinstance(opened, AccountOpened)
        granted = self.command(accounts.GrantApiKey(0, opened.account_id, 3, "strategy", 1, vault_reference="strategy"))
        assert isinstance(granted, ApiKeyGranted)
        self.opened = Opened(opened.account_id, granted.granted_key_id)
        self.account, self.key = opened.account_id, granted.granted_key_id
        assets = queries.assets(self.engine.state)
        for asset, amount in zip((self.market.base, self.market.quote), self.purse, strict=True):
            self.command(transfers.Credit(0, f"strategy {asset}", self.account, assets[asset], amount))
        self.strategy = self.make(self.terms)

    def command(self, command: registry.AnyCommand) -> object:
        stream = self.apply(MESSAGES, registry.encode_commands([command]), self.ts_ns)
        (event,) = [event for event in read_events(stream) if isinstance(event, Message)]
        return registry.event_decoder.decode(event.payload)

    # The venue.

    def apply(self, kind: int, payload: bytes, ts_ns: int) -> bytes:
        """Journal one payload and apply it; what the strategy may know of it is on its way to it."""
        first_seq = self.engine.seq + 1
        commands = len(registry.decode_commands(payload)) if kind == MESSAGES else 1
        self.journal.append([(kind, SCHEMA, first_seq, commands, payload)], ts_ns, self.engine.seq)
        self.engine.apply(kind, payload, first_seq, ts_ns)
        stream = self.engine.take_events()
        if self.account:
            for event in read_events(stream):
                self.tell(event, ts_ns)
            self.tell_best(ts_ns)
        return stream

    def tell(self, event: AnyWords, ts_ns: int) -> None:
        if isinstance(event, Traded) and event.market == self.market.market_id:
            own = False
            for account, is_maker in ((event.taker_account, False), (event.maker_account, True)):
                if account == self.account:
                    own = True
                    self.fill(event, ts_ns, is_maker=is_maker)
            if not own:
                self.send(ts_ns, Print(ts_ns, event.price, event.quantity, event.taker_side))
        elif isinstance(event, Canceled) and event.account == self.account:
            self.end(ts_ns, unpack_client_id(event.client_id), Reason(event.reason).name)

    def fill(self, event: Traded, ts_ns: int, *, is_maker: bool) -> None:
        order_id, left, fee = (
            (event.maker_order, event.maker_remaining, event.maker_fee)
            if is_maker
            else (event.taker_order, event.taker_remaining, event.taker_fee)
        )
        name = next(name for name, known in self.ids.items() if known == order_id)
        side = 1 - event.taker_side if is_maker else event.taker_side
        fill = Fill(ts_ns, name, side, event.price, event.quantity, left, fee, is_maker)
        self.fills.append(fill)
        self.send(ts_ns, fill)
        if left == 0:
            self.end(ts_ns, name, "FILLED")

    def end(self, ts_ns: int, name: str, reason: str) -> None:
        self.ids.pop(name, None)
        self.send(ts_ns, Ended(ts_ns, name, reason))

    def tell_best(self, ts_ns: int) -> None:
        """The best prices, where they changed."""
        (bid, bids), (ask, asks) = queries.best(self.engine.state, self.market.market_id)
        if self.best != (bid, bids, ask, asks):
            self.best = bid, bids, ask, asks
            self.send(ts_ns, Quote(ts_ns, *self.best))

    # The ways there and back.

    def late(self, way_ns: int) -> int:
        return way_ns + int(self.chance.expovariate(1.0) * self.latency.jitter_ns)

    def send(self, ts_ns: int, event: Event) -> None:
        self.put(ts_ns + self.late(self.latency.feed_ns), event)

    def put(self, due_ns: int, what: Event | Order) -> None:
        self.number += 1
        heapq.heappush(self.waiting, (due_ns, self.number, what))

    def deliver(self, until_ns: int) -> None:
        """Let everything arrive that is due before a time."""
        while self.waiting and self.waiting[0][0] < until_ns:
            due_ns, _, what = heapq.heappop(self.waiting)
            self.ts_ns = max(self.ts_ns, due_ns)
            if isinstance(what, Place | Cancel):
                self.arrive(what)
                continue
            orders = self.strategy.on_event(what)
            # Behind the end everybody still hears what is on its way; orders would find nobody.
            for order in orders if until_ns < END_NS else ():
                self.put(due_ns + self.late(self.latency.order_ns), order)

    def arrive(self, order: Order) -> None:
        """An order is at the venue."""
        name = pack_client_id(order.name)
        if isinstance(order, Cancel):
            row = cancel_row(self.market.market_id, self.account, self.key, original_client_id=name)
        else:
            self.placed += 1
            kind = OrderType.LIMIT_MAKER if order.post_only else OrderType.LIMIT if order.price else OrderType.MARKET
            force = TimeInForce.IOC if order.immediate and order.price else TimeInForce.GTC
            flags = Flags(Side(order.side), kind, force, SelfTrade.MARKET_DEFAULT)
            number = self.engine.state.matching.next_order_id
            self.ids[order.name] = number
            row = place_row(
                self.market.market_id, self.account, self.key, flags, name, price=order.price, quantity=order.quantity
            )
        stream = self.apply(ROWS, row, self.ts_ns)
        self.background.note(stream)
        for event in read_events(stream):
            if isinstance(event, Rejected):
                self.refused += event.row_kind == RowKind.PLACE
                if event.row_kind == RowKind.PLACE:
                    self.end(self.ts_ns, order.name, RejectCode(event.code).name)

    # What came of it.

    def mark(self, every_ns: int) -> None:
        """Note what was made, if it was not noted for so long."""
        bid, _, ask, _ = self.best
        if not (bid and ask) or (self.marks and self.ts_ns - self.marks[-1].ts_ns < every_ns):
            return
        middle = (bid + ask) / 2
        held = {}
        for asset, available, frozen in queries.balances(self.engine.state, self.account):
            held[asset] = available + frozen
        lots = (held[self.market.base] - self.purse[0]) / self.terms.base_per_lot
        made = held[self.market.quote] - self.purse[1] + lots * middle * self.terms.quote_per_tick_lot
        self.marks.append(Mark(self.ts_ns, middle, made, lots))
