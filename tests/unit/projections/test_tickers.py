"""Tickers against all trades of the window, counted one by one."""

from random import Random

import pytest

from exchange.core import queries
from exchange.projections.bars import DAY, HOUR, MINUTE, SECOND
from exchange.projections.tickers import Ticker, Tickers
from tests.unit.projections.flow import MARKETS, Flow, Print, prints


def naive(trades: list[Print], now_ns: int, window_ns: int, tick_size: int, quote_per_tick_lot: int) -> Ticker:
    open_ns = (now_ns - window_ns) // MINUTE * MINUTE
    inside = [each for each in trades if each.ts_ns >= open_ns]
    before = [each for each in trades if each.ts_ns < open_ns]
    last = trades[-1]
    if not inside:
        same = (last.price,) * 4
        return Ticker(1, open_ns, now_ns, *same, last.quantity, last.price, 0, 0, 0, -1, -1, 0)
    volume, quote = sum(each.quantity for each in inside), sum(each.quote_amount for each in inside)
    return Ticker(
        1, open_ns, now_ns, inside[0].price, max(each.price for each in inside), min(each.price for each in inside),
        last.price, last.quantity, before[-1].price if before else inside[0].price, volume, quote, len(inside),
        inside[0].trade_id, last.trade_id, quote * tick_size // (volume * quote_per_tick_lot),
    )  # fmt: skip


@pytest.mark.parametrize("pause_seconds", [2.0, 60.0, 600.0, 7_200.0])
def test_a_window_is_its_trades(pause_seconds: float) -> None:
    flow, tickers = Flow(1, pause_seconds), Tickers()
    trades: list[Print] = []
    random = Random(1)
    for batch in flow.batches(400):
        tickers.on_batch(batch.ts_ns, batch.events)
        trades += prints(batch, 1)
        if not trades:
            assert tickers.ticker(1, batch.ts_ns) is None
            continue
        market = queries.market(flow.engine.state, "BTCUSDT")
        rates = (market.tick_size, market.quote_per_tick_lot)
        now_ns = batch.ts_ns + random.choice((0, SECOND, MINUTE, 3 * HOUR))
        for window_ns in (DAY, 4 * HOUR, HOUR, MINUTE * random.randrange(1, 1_440)):
            assert tickers.ticker(1, now_ns, window_ns) == naive(trades, now_ns, window_ns, *rates)
    assert len(trades) > 100


def test_the_weighted_average_is_a_price_in_the_unit_of_the_tick_size() -> None:
    flow, tickers = Flow(2), Tickers()
    for batch in flow.batches(100):
        tickers.on_batch(batch.ts_ns, batch.events)
    market = queries.market(flow.engine.state, "BTCUSDT")
    found = tickers.ticker(1, flow.now_ns)
    assert found is not None
    assert found.low * market.tick_size <= found.weighted_average <= found.high * market.tick_size
    assert found.change == found.last - found.open


def test_only_markets_that_traded_are_told_as_changed() -> None:
    flow, tickers = Flow(3), Tickers()
    for batch in flow.batches(100):
        tickers.on_batch(batch.ts_ns, batch.events)
        assert sorted(tickers.take_changed()) == [market for market in MARKETS if prints(batch, market)]
        assert tickers.take_changed() == []
