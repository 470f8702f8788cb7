"""All projections together: nothing is forgotten, and a snapshot carries them as if they had never stopped."""

from random import Random
from typing import Any, get_args

from exchange.messages import registry, words
from exchange.messages.orders import Side
from exchange.projections.all import HEAD, IGNORED, Projections
from exchange.projections.user_stream import UserStream
from tests.unit.projections.flow import MARKETS, Flow


def everything(projections: Projections, now_ns: int) -> list[Any]:
    """What anybody can read, but for what belongs to the last batch alone."""
    told: list[Any] = [projections.users.orders]
    for market in MARKETS:
        told += [projections.depth.snapshot(market, 1_000), projections.depth.best(market)]
        told += [projections.trades.recent(market, 1_000), projections.trades.aggregates(market)]
        told += [projections.candles.klines(market, name, limit=50) for name in ("1s", "1m", "1h", "1d", "1w", "1M")]
        told.append(projections.tickers.ticker(market, now_ns))
    return told


def test_every_event_is_folded_or_listed_as_ignored() -> None:
    folded = set(Projections().fold.by_type)
    kinds = {
        *get_args(words.OrderEvent),
        *get_args(words.OwnWords),
        *get_args(registry.AnyEvent),
    }
    assert folded | IGNORED == kinds
    assert not folded & IGNORED


def test_projections_taken_from_a_snapshot_go_on_as_if_they_had_never_stopped() -> None:
    random = Random(1)
    for seed in range(4):
        flow = Flow(seed, pause_seconds=400.0)
        never_stopped, stopped = (Projections(flow.balance_of, candles_kept=30, trades_kept=20) for _ in range(2))
        for batch in flow.batches(150):
            if random.random() < 0.1:
                carried = b"".join(stopped.sections())
                stopped = Projections(flow.balance_of, candles_kept=30, trades_kept=20)
                assert stopped.restore(memoryview(carried)) == []
                assert b"".join(stopped.sections()) == carried
            never_stopped.on_batch(batch.ts_ns, batch.events)
            stopped.on_batch(batch.ts_ns, batch.events)
            assert stopped.users.events == never_stopped.users.events
            assert stopped.take_history() == never_stopped.take_history()
            assert stopped.trades.batch_aggregates == never_stopped.trades.batch_aggregates
            assert stopped.depth.best_changes == never_stopped.depth.best_changes
        assert everything(stopped, flow.now_ns) == everything(never_stopped, flow.now_ns)
        assert b"".join(stopped.sections()) == b"".join(never_stopped.sections())


def test_a_section_of_another_version_is_left_out_and_named() -> None:
    flow = Flow(1)
    written = Projections(flow.balance_of)
    for batch in flow.batches(50):
        written.on_batch(batch.ts_ns, batch.events)
    written.candles.version = 99
    read = Projections(flow.balance_of)
    assert read.restore(b"".join(written.sections())) == ["candles"]
    assert read.candles.markets == {}
    assert read.depth.snapshot(1, 9) == written.depth.snapshot(1, 9)
    assert Projections().restore(b"") == ["depth", "trades", "candles", "tickers", "user_stream", "prevented"]
    unknown = HEAD.pack(b"later", 1, 3) + b"abc"
    assert read.restore(unknown) == ["depth", "trades", "candles", "tickers", "user_stream", "prevented"]


def test_an_empty_venue_restores_as_one() -> None:
    assert Projections().restore(b"".join(Projections().sections())) == []


def test_more_open_orders_than_fit_one_part_are_carried_in_their_order() -> None:
    flow = Flow(2)
    users = UserStream()
    for batch in flow.batches(60):
        users.on_batch(batch.ts_ns, batch.events)
    order = next(iter(users.orders.values()))
    many = [type(order)(*[number, *list(as_fields(order))[1:]]) for number in range(1, 25_001)]
    written, read = UserStream(), UserStream()
    written.seed(many, {1: (2, 1)})
    parts = list(written.sections())
    assert len(parts) == 3
    for part in parts:
        read.restore(part)
    assert list(read.orders.values()) == many
    assert read.assets == {1: (2, 1)}
    assert read.open_orders(order.account) == many


def as_fields(order: Any) -> list[Any]:
    return [getattr(order, name) for name in order.__struct_fields__]


def test_sides_of_the_book_are_not_mixed_up() -> None:
    flow = Flow(3)
    projections = Projections(flow.balance_of)
    for batch in flow.batches(60):
        projections.on_batch(batch.ts_ns, batch.events)
    for book in projections.depth.books.values():
        bids, asks = book.sides[Side.BUY], book.sides[Side.SELL]
        assert bids.keys()[-1] < asks.keys()[0]
