"""Parquet from a journal: what its events told, and who stood where in each queue."""

from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from bench.background import Drawn
from bench.backtest import Backtest, Latency
from bench.strategies.market_maker import MarketMaker
from exchange.core import queries
from exchange.core.engine import Engine
from exchange.messages import words
from exchange.ops import export
from exchange.ops.queues import Queues
from exchange.runtime import recovery
from journal.writer import Journal
from tests.unit.audit.steps import flow

Table = list[dict[str, Any]]


@pytest.fixture(scope="module", params=["a flow of everything", "a backtest"])
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Table], Path]:
    """The four tables, and the journal they were made of."""
    folder: Path = tmp_path_factory.mktemp("export")
    directory = folder / "data/journal"
    if request.param == "a backtest":
        Backtest(MarketMaker, Drawn(3, 3_000, 200), directory, "BASE1QUOTE", Latency(), (10**11, 10**14)).run()
    else:
        steps, _ = flow(5, steps=200, waiting=0.2, wild_percent=0, lists=0.2)
        with Journal.create(directory, created_ns=1, segment_bytes=1 << 20, journal_id=bytes(16)) as journal:
            for step in steps:
                header, payload = step.frame
                content = (header.kind, 1, header.first_seq, header.commands, bytes(payload))
                journal.append([content], header.ts_ns, header.first_seq - 1)
    assert export.main([str(folder / "data"), str(folder / "out")]) == 0
    tables = {name: parquet.read_table(folder / "out" / f"{name}.parquet").to_pylist() for name in export.COLUMNS}
    return tables, directory


def told(directory: Path) -> tuple[Engine, list[words.AnyWords]]:
    events: list[words.AnyWords] = []
    engine = Engine(bytes(16))
    for behind, _, found in recovery.replayed(directory):
        engine = behind
        events += found
    return engine, events


def test_every_trade_and_every_order_is_there_once(exported: tuple[dict[str, Table], Path]) -> None:
    tables, directory = exported
    _, events = told(directory)
    trades = [event for event in events if isinstance(event, words.Traded)]
    assert trades
    assert [(row["seq"], row["trade_id"], row["price_ticks"], row["quantity_lots"]) for row in tables["trades"]] == [
        (event.seq, event.trade_id, event.price, event.quantity) for event in trades
    ]
    accepted = [event.order_id for event in events if isinstance(event, words.Accepted)]
    assert [row["order_id"] for row in tables["orders"] if row["event"] == "ACCEPTED"] == accepted
    entered = [(event.order_id, event.quantity) for event in events if isinstance(event, words.Entered)]
    told_of = [(row["order_id"], row["quantity_lots"]) for row in tables["orders"] if row["event"] == "ENTERED"]
    assert told_of == entered


def test_what_the_queues_show_at_the_end_is_the_book(exported: tuple[dict[str, Table], Path]) -> None:
    tables, directory = exported
    engine, _ = told(directory)
    shown: dict[tuple[str, str, int], int] = {}
    for row in tables["book"]:
        shown[row["symbol"], row["side"], row["price_ticks"]] = row["level_lots"]
    for number in range(1, queries.market_count(engine.state) + 1):
        symbol = queries.market_by_id(engine.state, number).symbol
        for side, name in enumerate(("BUY", "SELL")):
            there = dict(queries.depth(engine.state, number, side, 10_000))
            followed = {price: lots for (s, n, price), lots in shown.items() if (s, n) == (symbol, name) and lots}
            assert followed == there


def test_nobody_trades_before_those_in_front_of_him(exported: tuple[dict[str, Table], Path]) -> None:
    tables, directory = exported
    _, events = told(directory)
    in_turn = {event.seq for event in events if isinstance(event, words.Traded) and not event.cause}
    fills = [row for row in tables["book"] if row["event"] == "TRADED" and row["seq"] in in_turn]
    assert fills
    assert {row["ahead_lots"] for row in fills} == {0}
    assert any(row["ahead_lots"] for row in tables["book"] if row["event"] == "RESTED")


def test_candles_are_the_trades_of_their_minutes(exported: tuple[dict[str, Table], Path]) -> None:
    tables, _ = exported
    for candle in tables["candles"]:
        minute = candle["open_ns"], candle["open_ns"] + export.MINUTE_NS
        within = [
            row for row in tables["trades"]
            if row["symbol"] == candle["symbol"] and minute[0] <= row["ts_ns"] < minute[1]
        ]  # fmt: skip
        prices = [row["price"] for row in within]
        assert candle["trades"] == len(within)
        assert (candle["open"], candle["close"]) == (prices[0], prices[-1])
        assert (candle["high"], candle["low"]) == (max(prices), min(prices))
        assert candle["volume"] == pytest.approx(sum(row["quantity"] for row in within))
    assert sum(candle["trades"] for candle in tables["candles"]) == len(tables["trades"])


def test_files_that_are_there_are_not_written_over(
    exported: tuple[dict[str, Table], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    _, directory = exported
    out = directory.parent.parent / "out"
    assert export.main([str(directory.parent), str(out)]) == 1
    assert "is there already" in capsys.readouterr().err


def test_a_queue_knows_what_stands_in_front() -> None:
    queues = Queues()
    assert queues.put(1, 0, 100, 7, 10) == 0
    assert queues.put(1, 0, 100, 8, 15) == 10
    assert queues.put(1, 0, 100, 9, 16) == 15
    assert queues.put(1, 0, 100, 7, 12) == 0
    assert queues.level(1, 0, 100) == {7: 6, 8: 5, 9: 1}
    assert queues.take(1, 0, 100, 8) == 6
    assert queues.take(1, 0, 100, 9) == 6
    assert queues.put(1, 0, 100, 7, 0, is_gone=True) == 0
    assert queues.level(1, 0, 100) == {}
