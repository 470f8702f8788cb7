"""Trades: the newest prints of every market, alone and aggregated.

An aggregate is what one taker's order traded at one price at one time. A taker trades within one command, so every
aggregate is complete when its batch is.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from exchange.messages.orders import Side
from exchange.messages.views import Trade
from exchange.messages.words import Traded
from exchange.projections.folding import Handler, Projection
from exchange.projections.ring import Ring

KEPT = 1_000


class AggregateTrade(NamedTuple):
    """One taker's order at one price: quantity in lots; `is_buyer_maker` is 0 or 1."""

    aggregate_id: int
    price: int
    quantity: int
    first_id: int
    last_id: int
    ts_ns: int
    is_buyer_maker: int


class Market:
    """The prints of one market."""

    __slots__ = ("aggregate", "aggregate_taker", "aggregates", "last_aggregate_id", "trades")

    def __init__(self, kept: int) -> None:
        self.trades = Ring(len(Trade._fields), kept)
        self.aggregates = Ring(len(AggregateTrade._fields), kept)
        self.last_aggregate_id = 0
        self.aggregate: AggregateTrade | None = None
        """What grows while its batch is folded."""
        self.aggregate_taker = 0


class Trades(Projection):
    """`kept` is how many trades and aggregates are kept for each market."""

    name = "trades"
    version = 1

    def __init__(self, kept: int = KEPT) -> None:
        super().__init__()
        self.kept = kept
        self.markets: dict[int, Market] = {}
        self.unfinished: dict[int, Market] = {}
        self.batch: list[tuple[int, Trade]] = []
        """(market, trade) of the last batch, in order."""
        self.batch_aggregates: list[tuple[int, AggregateTrade]] = []
        """(market, aggregate) of the last batch."""

    def handlers(self) -> dict[type[Any], Handler]:
        return {Traded: self.on_traded}

    def begin_batch(self) -> None:
        self.batch = []
        self.batch_aggregates = []

    def on_traded(self, seq: int, event: Traded) -> None:
        number = event.market
        market = self.markets.get(number)
        if market is None:
            market = self.markets[number] = Market(self.kept)
        is_buyer_maker = int(event.taker_side == Side.SELL)
        trade = Trade(event.trade_id, event.price, event.quantity, event.quote_amount, self.ts_ns, is_buyer_maker)
        market.trades.append(*trade)
        self.batch.append((number, trade))
        grown = market.aggregate
        if grown is not None and market.aggregate_taker == event.taker_order and grown.price == event.price:
            market.aggregate = grown._replace(quantity=grown.quantity + event.quantity, last_id=event.trade_id)
            return
        self.finish(number, market)
        market.last_aggregate_id += 1
        market.aggregate_taker = event.taker_order
        market.aggregate = AggregateTrade(
            market.last_aggregate_id,
            event.price,
            event.quantity,
            event.trade_id,
            event.trade_id,
            self.ts_ns,
            is_buyer_maker,
        )
        self.unfinished[number] = market

    def finish(self, number: int, market: Market) -> None:
        """What grew is complete."""
        if market.aggregate is not None:
            market.aggregates.append(*market.aggregate)
            self.batch_aggregates.append((number, market.aggregate))
            market.aggregate = None

    def end_batch(self) -> None:
        for number, market in self.unfinished.items():
            self.finish(number, market)
        self.unfinished.clear()

    def recent(self, market: int, limit: int) -> list[Trade]:
        """The newest trades of a market, oldest first."""
        known = self.markets.get(market)
        if known is None:
            return []
        count = len(known.trades)
        return [Trade(*row) for row in known.trades.rows(count - limit, count)]

    def aggregates(
        self, market: int, *, from_id: int = 0, start_ns: int = 0, end_ns: int = 0, limit: int = 500
    ) -> list[AggregateTrade]:
        """Aggregates among those kept, oldest first: from an id or a time on the oldest `limit`, else the newest.

        0 is not given; both ends of the time are inclusive.
        """
        known = self.markets.get(market)
        if known is None:
            return []
        ring = known.aggregates
        found = [AggregateTrade(*row) for row in ring.rows(ring.find(from_id), len(ring))]
        if start_ns or end_ns:
            found = [each for each in found if start_ns <= each.ts_ns and (not end_ns or each.ts_ns <= end_ns)]
        return found[:limit] if from_id or start_ns else found[max(0, len(found) - limit) :]

    def sections(self) -> Iterator[bytes]:
        for number, market in self.markets.items():
            yield msgspec.msgpack.encode(
                (number, market.last_aggregate_id, bytes(market.trades.data), bytes(market.aggregates.data))
            )

    def restore(self, part: bytes | memoryview) -> None:
        number, last_aggregate_id, trades, aggregates = SECTION.decode(part)
        market = self.markets[number] = Market(self.kept)
        market.last_aggregate_id = last_aggregate_id
        market.trades.restore(trades)
        market.aggregates.restore(aggregates)


SECTION: msgspec.msgpack.Decoder[tuple[int, int, bytes, bytes]] = msgspec.msgpack.Decoder(tuple[int, int, bytes, bytes])
