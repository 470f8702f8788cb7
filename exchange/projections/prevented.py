"""Prevented matches: two orders of one owner that met and did not trade, the newest of every market."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from exchange.messages.words import Prevented
from exchange.projections.folding import Handler, Projection
from exchange.projections.ring import Ring

KEPT = 10_000


class PreventedMatch(NamedTuple):
    """One meeting: price in ticks, quantities in lots (0: that side lost nothing); `mode` is a SelfTrade."""

    prevented_id: int
    mode: int
    price: int
    taker_order: int
    taker_account: int
    taker_prevented: int
    maker_order: int
    maker_account: int
    maker_prevented: int
    trade_group: int
    ts_ns: int


class PreventedMatches(Projection):
    """`kept` is how many meetings are kept for each market."""

    name = "prevented"
    version = 1

    def __init__(self, kept: int = KEPT) -> None:
        super().__init__()
        self.kept = kept
        self.markets: dict[int, Ring] = {}

    def handlers(self) -> dict[type[Any], Handler]:
        return {Prevented: self.on_prevented}

    def on_prevented(self, seq: int, event: Prevented) -> None:
        ring = self.markets.get(event.market)
        if ring is None:
            ring = self.markets[event.market] = Ring(len(PreventedMatch._fields), self.kept)
        ring.append(
            event.prevented_id,
            event.mode,
            event.price,
            event.taker_order,
            event.taker_account,
            event.taker_prevented,
            event.maker_order,
            event.maker_account,
            event.maker_prevented,
            event.trade_group,
            self.ts_ns,
        )

    def matches(
        self, account: int, market: int, *, prevented_id: int = 0, order_id: int = 0, from_id: int = 0, limit: int = 500
    ) -> list[PreventedMatch]:
        """An account's meetings in a market, oldest first: one by its id, or those of an order from an id on."""
        ring = self.markets.get(market)
        if ring is None:
            return []
        found = []
        for row in ring.rows(ring.find(prevented_id or from_id), len(ring)):
            match = PreventedMatch(*row)
            if prevented_id and match.prevented_id != prevented_id:
                break
            is_owner = account in (match.taker_account, match.maker_account)
            if is_owner and (not order_id or order_id in (match.taker_order, match.maker_order)):
                found.append(match)
                if len(found) == limit:
                    break
        return found

    def sections(self) -> Iterator[bytes]:
        for number, ring in self.markets.items():
            yield msgspec.msgpack.encode((number, bytes(ring.data)))

    def restore(self, part: bytes | memoryview) -> None:
        number, data = SECTION.decode(part)
        ring = self.markets[number] = Ring(len(PreventedMatch._fields), self.kept)
        ring.restore(data)


SECTION: msgspec.msgpack.Decoder[tuple[int, bytes]] = msgspec.msgpack.Decoder(tuple[int, bytes])
