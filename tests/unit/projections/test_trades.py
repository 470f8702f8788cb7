"""Recent and aggregate trades against the events themselves."""

from itertools import groupby

from exchange.messages.views import Trade
from exchange.projections.trades import AggregateTrade, Trades
from tests.unit.projections.flow import MARKETS, Batch, Flow, prints


def as_trades(batch: Batch, market: int) -> list[Trade]:
    return [
        Trade(each.trade_id, each.price, each.quantity, each.quote_amount, each.ts_ns, int(not each.taker_buys))
        for each in prints(batch, market)
    ]


def as_aggregates(batch: Batch, market: int, last_id: int) -> list[AggregateTrade]:
    found = []
    for (_, price), group in groupby(prints(batch, market), lambda each: (each.taker_order, each.price)):
        parts = list(group)
        last_id += 1
        first, last = parts[0], parts[-1]
        quantity = sum(each.quantity for each in parts)
        sold = int(not first.taker_buys)
        found.append(AggregateTrade(last_id, price, quantity, first.trade_id, last.trade_id, batch.ts_ns, sold))
    return found


def test_every_batch_tells_its_trades_and_aggregates_and_the_newest_are_kept() -> None:
    flow, trades = Flow(1), Trades(kept=40)
    all_trades: dict[int, list[Trade]] = {market: [] for market in MARKETS}
    all_aggregates: dict[int, list[AggregateTrade]] = {market: [] for market in MARKETS}
    for batch in flow.batches(400):
        trades.on_batch(batch.ts_ns, batch.events)
        for market in MARKETS:
            new, last_id = as_trades(batch, market), len(all_aggregates[market])
            aggregates = as_aggregates(batch, market, last_id)
            assert [trade for number, trade in trades.batch if number == market] == new
            assert [each for number, each in trades.batch_aggregates if number == market] == aggregates
            all_trades[market] += new
            all_aggregates[market] += aggregates
            assert trades.recent(market, 7) == all_trades[market][-7:]
            assert trades.recent(market, 1_000) == all_trades[market][-40:]
    for market in MARKETS:
        assert len(all_trades[market]) > len(all_aggregates[market]) > 100, "some taker trades twice at a price"
        kept = all_aggregates[market][-40:]
        assert trades.aggregates(market) == kept
        assert trades.aggregates(market, limit=3) == kept[-3:]
        assert trades.aggregates(market, from_id=kept[5].aggregate_id, limit=3) == kept[5:8]
        start, end = kept[10].ts_ns, kept[20].ts_ns
        within = [each for each in kept if start <= each.ts_ns <= end]
        assert trades.aggregates(market, start_ns=start, end_ns=end) == within
        assert trades.aggregates(market, start_ns=start, limit=2) == [each for each in kept if each.ts_ns >= start][:2]
        assert trades.aggregates(market, end_ns=end, limit=2) == within[-2:]


def test_a_market_without_trades_has_none() -> None:
    assert Trades().recent(1, 5) == []
    assert Trades().aggregates(1) == []
