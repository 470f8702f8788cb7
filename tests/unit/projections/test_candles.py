"""Candles against trades grouped by hand, with the calendar of the standard library."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from exchange.projections.bars import DAY, HOUR, MINUTE, SECOND, Bar
from exchange.projections.candles import GRID, INTERVALS, Candle, Candles, CandleTaker
from tests.unit.projections.flow import Flow, Print, prints

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}


def begin_of(interval: str, ts_ns: int) -> int:
    count, unit = int(interval[:-1]), interval[-1]
    if unit in UNITS:
        return ts_ns // (count * UNITS[unit]) * count * UNITS[unit]
    day = EPOCH + timedelta(days=ts_ns // DAY)
    day = day.replace(day=1) if unit == "M" else day - timedelta(days=day.weekday())
    return (day - EPOCH).days * DAY


def end_of(interval: str, begin_ns: int) -> int:
    count, unit = int(interval[:-1]), interval[-1]
    if unit in UNITS:
        return begin_ns + count * UNITS[unit]
    return begin_of(interval, begin_ns + (32 if unit == "M" else 7) * DAY)


def naive(trades: list[Print], interval: str, now_ns: int, offset_ns: int = 0) -> list[Candle]:
    """Every candle from the first trade to now."""
    groups: dict[int, list[Print]] = {}
    for trade in trades:
        groups.setdefault(begin_of(interval, trade.ts_ns + offset_ns), []).append(trade)
    found: list[Candle] = []
    begin = min(groups)
    while begin <= now_ns + offset_ns:
        end = end_of(interval, begin)
        group = groups.get(begin, [])
        prices = [trade.price for trade in group] or [found[-1].close]
        takers = [trade for trade in group if trade.taker_buys]
        found.append(
            Candle(
                begin - offset_ns, end - offset_ns, prices[0], max(prices), min(prices), prices[-1],
                sum(trade.quantity for trade in group), sum(trade.quote_amount for trade in group), len(group),
                sum(trade.quantity for trade in takers), sum(trade.quote_amount for trade in takers),
                group[0].trade_id if group else -1, group[-1].trade_id if group else -1,
            )
        )  # fmt: skip
        begin = end
    return found


def traded(seed: int, pause_seconds: float, batches: int, kept: int = 1_000) -> tuple[Candles, list[Print], int]:
    flow, candles = Flow(seed, pause_seconds), Candles(kept)
    trades: list[Print] = []
    for batch in flow.batches(batches):
        candles.on_batch(batch.ts_ns, batch.events)
        trades += prints(batch, 1)
    assert len(trades) > 40
    return candles, trades, flow.now_ns


@pytest.mark.parametrize("interval", INTERVALS)
def test_candles_are_the_trades_grouped(interval: str) -> None:
    width = GRID.intervals[GRID.numbers[interval]].width_ns or 30 * DAY
    candles, trades, now_ns = traded(1, width / SECOND / 2, 250)
    expected = naive(trades, interval, now_ns)
    assert len(expected) > 60
    assert candles.klines(1, interval, limit=1_000) == expected[-1_000:]
    assert candles.klines(1, interval, limit=7) == expected[-7:]
    random = Random(interval)
    for _ in range(30):
        start, end = (random.randrange(trades[0].ts_ns, now_ns + width) for _ in range(2))
        after = [each for each in expected if each.begin_ns >= start]
        assert candles.klines(1, interval, start, limit=9) == after[:9]
        assert candles.klines(1, interval, 0, end, 9) == [each for each in expected if each.begin_ns <= end][-9:]
        assert candles.klines(1, interval, start, end, 9) == [each for each in after if each.begin_ns <= end][:9]
    assert candles.klines(1, interval, trades[0].ts_ns - 100 * DAY, limit=3) == expected[:3]


def test_time_that_passes_without_trades_makes_flat_candles_up_to_now() -> None:
    candles, trades, now_ns = traded(2, 1, 200)
    newest = candles.klines(1, "1m", limit=3, now_ns=now_ns + 10 * MINUTE)
    close = trades[-1].price
    assert [each[2:] for each in newest] == [(close, close, close, close, 0, 0, 0, 0, 0, -1, -1)] * 3
    assert newest[-1].begin_ns <= now_ns + 10 * MINUTE < newest[-1].end_ns


def test_a_market_without_trades_has_no_candles() -> None:
    assert Candles().klines(1, "1m") == []


@pytest.mark.parametrize(("interval", "hours"), [("1d", 8.0), ("1d", -1.0), ("12h", 5.5), ("1w", 8.0), ("4h", 14.0)])
def test_candles_of_a_time_zone_begin_there(interval: str, hours: float) -> None:
    candles, trades, now_ns = traded(3, 2 * 3600, 200)
    offset_ns = int(hours * HOUR)
    assert candles.klines(1, interval, limit=1_000, offset_ns=offset_ns) == naive(trades, interval, now_ns, offset_ns)
    assert candles.klines(1, interval, limit=2, offset_ns=offset_ns) == naive(trades, interval, now_ns, offset_ns)[-2:]


def test_only_the_newest_closed_candles_with_trades_are_kept() -> None:
    candles, trades, now_ns = traded(4, 90, 300, kept=5)
    known = candles.klines(1, "1m", limit=1_000)
    # Beside the five: the open minute, and the one before it while its last second is still open.
    assert 6 <= sum(1 for each in known if each.trades) <= 7
    assert known == naive(trades, "1m", now_ns)[-len(known) :]


def test_sums_may_pass_sixty_three_bits() -> None:
    bar = Bar(0, 5, 1)
    for trade_id in range(1, 9):
        bar.add(5, 1 << 61, (1 << 62) - 1, True, trade_id)
    assert bar.quote_volume > 1 << 64
    again = Bar.read(bar.words())
    assert (again.volume, again.quote_volume, again.taker_quote_volume) == (1 << 64, bar.quote_volume, bar.quote_volume)
    assert max(bar.words()) < 1 << 63


def test_a_stream_tells_each_candle_closed_once_and_the_current_one_when_it_changed() -> None:
    flow, candles = Flow(5, 0.3), Candles()
    trades: list[Print] = []
    taker = CandleTaker(candles)
    wanted = [(1, "1s", 0), (1, "1m", 0)]
    closed: dict[str, list[Candle]] = {"1s": [], "1m": []}
    beat_ns = 0
    for batch in flow.batches(400):
        # A beat sees what was folded before it, and everything later than it comes after.
        while beat_ns and beat_ns <= batch.ts_ns:
            told = list(taker.take(beat_ns, wanted))
            for (_, interval, _), candle, is_closed in told:
                if is_closed:
                    closed[interval].append(candle)
                else:
                    assert candle == naive(trades, interval, beat_ns)[-1]
            assert list(taker.take(beat_ns, wanted)) == [], "nothing changed since"
            beat_ns += SECOND
        candles.on_batch(batch.ts_ns, batch.events)
        trades += prints(batch, 1)
        beat_ns = beat_ns or (batch.ts_ns // SECOND + 1) * SECOND
    for interval, told_closed in closed.items():
        expected = [each for each in naive(trades, interval, beat_ns) if each.end_ns <= beat_ns - SECOND]
        assert len(told_closed) > 1
        assert told_closed == expected[-len(told_closed) :]
        assert len(told_closed) >= len(expected) - 1


def test_a_stream_nobody_wants_any_more_is_forgotten() -> None:
    candles, _, now_ns = traded(6, 1, 120)
    taker = CandleTaker(candles)
    assert len(list(taker.take(now_ns, [(1, "1m", 0), (1, "1h", 0)]))) == 2
    assert list(taker.take(now_ns, [])) == []
    assert taker.told == {}
