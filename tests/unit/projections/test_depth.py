"""Depth against the core's own book, and a client that follows the diffs as the reference's §16 tells it to."""

from itertools import pairwise
from typing import Any

import pytest

from exchange.core import queries
from exchange.core.engine import MESSAGES, ROWS
from exchange.messages import auctions, markets, registry
from exchange.messages.orders import Side
from exchange.projections import depth as depths
from exchange.projections.depth import Depth, DepthChange, DepthTaker
from tests.unit.projections.flow import MARKETS, MIDDLE, Flow
from tests.venue import limit

ALL = 10_000


class Client:
    """A local book: a snapshot, then diffs, each beginning where the last ended."""

    def __init__(self, depth: Depth, market: int) -> None:
        self.last_id, bids, asks = depth.snapshot(market, ALL)
        self.sides = (dict(bids), dict(asks))
        self.ended_id = 0

    def on_change(self, change: DepthChange) -> bool:
        """Follow a diff; False where the book must be fetched again."""
        if self.ended_id and change.first_id != self.ended_id + 1:
            return False
        self.ended_id = change.last_id
        if change.last_id <= self.last_id:
            return True
        if change.first_id > self.last_id + 1:
            return False
        for side, levels in zip(self.sides, (change.bids, change.asks), strict=True):
            side.update(levels)
            for price in [price for price, quantity in side.items() if not quantity]:
                del side[price]
        self.last_id = change.last_id
        return True

    def book(self) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        return sorted(self.sides[0].items(), reverse=True), sorted(self.sides[1].items())


def core_book(flow: Flow, market: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    state = flow.engine.state
    return queries.depth(state, market, Side.BUY, ALL), queries.depth(state, market, Side.SELL, ALL)


def test_the_book_and_its_best_prices_are_the_cores_after_every_batch() -> None:
    flow, depth = Flow(1), Depth()
    best: dict[int, tuple[Any, ...]] = dict.fromkeys(MARKETS, (0, 0, 0, 0))
    for batch in flow.batches(400):
        depth.on_batch(batch.ts_ns, batch.events)
        changed = {each.market: each for each in depth.best_changes}
        for market in MARKETS:
            update_id, bids, asks = depth.snapshot(market, ALL)
            assert (bids, asks) == core_book(flow, market)
            assert depth.snapshot(market, 3) == (update_id, bids[:3], asks[:3])
            now = (*(bids[0] if bids else (0, 0)), *(asks[0] if asks else (0, 0)))
            assert (market in changed) == (now != best[market])
            if market in changed:
                assert changed[market] == (market, update_id, *now)
            assert depth.best(market)[2:] == now
            best[market] = now
    assert flow.engine.state.matching.markets[0].updates == depth.snapshot(1, 1)[0]


@pytest.mark.parametrize("begin", [0, 57])
def test_clients_of_both_speeds_that_follow_the_diffs_have_the_cores_book(begin: int) -> None:
    flow, depth = Flow(2), Depth()
    clients: dict[tuple[int, int], Client] = {}
    takers: list[tuple[DepthTaker, int]] = [(depth.fast, 1), (depth.slow, 10)]
    for number, batch in enumerate(flow.batches(300)):
        depth.on_batch(batch.ts_ns, batch.events)
        for taker, every in takers:
            if number % every:
                continue
            for market in taker.touched():
                change = taker.take(market)
                assert change is not None
                assert change.first_id <= change.last_id
                if (market, every) in clients:
                    assert clients[market, every].on_change(change)
                    assert clients[market, every].book() == core_book(flow, market)
            assert not taker.touched()
            assert taker.take(1) is None
        if number == begin:
            clients = {(market, every): Client(depth, market) for market in MARKETS for _, every in takers}
    assert all(client.ended_id > 300 for client in clients.values())


def test_changes_nobody_takes_are_dropped_and_the_next_diff_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(depths, "CHANGES_MAX", 12)
    flow, depth = Flow(3), Depth()
    ends: list[DepthChange] = []
    for number, batch in enumerate(flow.batches(200)):
        depth.on_batch(batch.ts_ns, batch.events)
        held = [*depth.slow.pending.values(), *depth.fast.pending.values()]
        assert all(len(each.bids) + len(each.asks) <= 12 for each in held)
        assert all(len(book.fresh[0]) + len(book.fresh[1]) <= 12 for book in depth.books.values())
        if (number < 5 or number > 150) and (change := depth.slow.take(1)):
            ends.append(change)
    gaps = [after.first_id - before.last_id - 1 for before, after in pairwise(ends)]
    assert min(gaps) >= 0
    assert max(gaps) > 50


def test_two_batches_between_takes_are_one_diff_with_the_newest_quantities() -> None:
    flow, depth = Flow(4), Depth()
    batches = list(flow.batches(60))
    for batch in batches:
        depth.on_batch(batch.ts_ns, batch.events)
    change = depth.slow.take(1)
    assert change is not None
    assert (change.first_id, change.last_id) == (1, depth.snapshot(1, 1)[0])
    _, bids, asks = depth.snapshot(1, ALL)
    assert {price: quantity for price, quantity in change.bids.items() if quantity} == dict(bids)
    assert {price: quantity for price, quantity in change.asks.items() if quantity} == dict(asks)


def test_an_auction_takes_from_the_prices_of_its_makers_not_from_its_own() -> None:
    flow, depth = Flow(5), Depth()
    orders = (
        limit(0, Side.BUY, MIDDLE + 50, 3, "first"),
        limit(1, Side.SELL, MIDDLE - 50, 2, "second"),
        limit(2, Side.SELL, MIDDLE + 10, 4, "third"),
        limit(3, Side.BUY, MIDDLE + 20, 2, "fourth"),
    )
    batches = [*flow.batches(0), flow.apply(MESSAGES, registry.encode_commands([auctions.StartAuction(0, 1, 60)]))]
    batches.append(flow.apply(ROWS, b"".join(orders)))
    batches.append(flow.apply(MESSAGES, registry.encode_commands([markets.SetMarketStatus(0, 1, 1)])))
    for batch in batches:
        depth.on_batch(batch.ts_ns, batch.events)
    assert depth.snapshot(1, ALL)[1:] == core_book(flow, 1) == ([], [(MIDDLE + 10, 1)])
