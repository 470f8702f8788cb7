"""The history against lists kept by hand: before rows are on disk, after, after a kill, and rebuilt from nothing."""

import asyncio
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from random import Random

import msgspec
import pytest

from exchange.messages.orders import Side
from exchange.messages.views import Fill, Order, Rows, Trade
from exchange.projections.user_stream import UserStream
from exchange.store.errors import StoreError
from exchange.store.history import History
from tests.unit.projections.flow import Flow
from tests.venue import FIRST_ACCOUNT

ROOT = Path(__file__).parents[3]
Handed = tuple[int, int, Rows]


def handed(seed: int, batches: int) -> list[tuple[int, Handed]]:
    """What a flow hands over, each with the first seq of its batch."""
    flow, users = Flow(seed), UserStream()
    users.watched = set()
    found = []
    for batch in flow.batches(batches):
        users.on_batch(batch.ts_ns, batch.events)
        found.append((batch.first_seq, (batch.last_seq, batch.ts_ns, users.rows)))
    return found


FLOW = handed(1, 300)
LAST_SEQ = FLOW[-1][1][0]
ORDERS = sorted((order for _, (_, _, rows) in FLOW for order in rows.orders), key=lambda order: order.order_id)
FILLS = sorted(
    (fill for _, (_, _, rows) in FLOW for fill in rows.fills),
    key=lambda fill: (fill.trade_id, fill.is_maker),
)
ACCOUNT = FIRST_ACCOUNT + 2


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite"


@pytest.fixture
def history(path: Path) -> Iterator[History]:
    opened = History(path)
    yield opened
    opened.close()


def hand_over(history: History, until_seq: int = LAST_SEQ, after_seq: int = 0) -> None:
    for first_seq, (last_seq, ts_ns, rows) in FLOW:
        if after_seq < last_seq <= until_seq:
            history.on_batch(last_seq, ts_ns, rows, first_seq)


def stored(path: Path) -> tuple[int, list[Order], list[Fill]]:
    """What the file says: its seq, its orders and its fills."""
    database = sqlite3.connect(path)
    seq = database.execute("select seq from progress").fetchone()[0]
    orders = [Order(*row) for row in database.execute("select * from orders order by order_id")]
    fills = [Fill(*row) for row in database.execute("select * from fills order by trade_id, is_maker, market")]
    database.close()
    return seq, orders, fills


def is_behind(history: History) -> bool:
    return history.is_behind


def rows_until(seq: int) -> tuple[list[Order], list[Fill]]:
    reached = [rows for _, (last_seq, _, rows) in FLOW if last_seq <= seq]
    orders = sorted((order for rows in reached for order in rows.orders), key=lambda order: order.order_id)
    fills = [fill for rows in reached for fill in rows.fills]
    return orders, sorted(fills, key=lambda fill: (fill.trade_id, fill.is_maker, fill.market))


def chosen_orders(market: int, order_id: int, start_ns: int, end_ns: int, limit: int) -> list[Order]:
    found = [
        order
        for order in ORDERS
        if (order.account, order.market) == (ACCOUNT, market)
        and order.order_id >= order_id
        and start_ns <= order.created_ns <= (end_ns or 1 << 62)
    ]
    return found[:limit] if order_id or start_ns else found[-limit:]


def chosen_fills(market: int, order_id: int, from_id: int, start_ns: int, end_ns: int, limit: int) -> list[Fill]:
    found = [
        fill
        for fill in FILLS
        if (fill.account, fill.market) == (ACCOUNT, market)
        and (not order_id or fill.order_id == order_id)
        and fill.trade_id >= from_id
        and start_ns <= fill.ts_ns <= (end_ns or 1 << 62)
    ]
    return found[:limit] if from_id or start_ns else found[-limit:]


async def check_answers(history: History, random: Random, questions: int) -> None:
    """Questions with random bounds: each answer is what the lists say."""
    begin_ns, end_ns = FLOW[0][1][1], FLOW[-1][1][1]
    for _ in range(questions):
        market, limit = random.choice((1, 2)), random.choice((1, 5, 500))
        start, end = (random.choice((0, random.randrange(begin_ns, end_ns))) for _ in range(2))
        order_id = random.choice((0, random.randrange(1, ORDERS[-1].order_id + 50)))
        assert await history.orders(
            ACCOUNT, market, order_id=order_id, start_ns=start, end_ns=end, limit=limit
        ) == chosen_orders(market, order_id, start, end, limit)
        order_id = random.choice((0, random.choice(FILLS).order_id))
        from_id = random.choice((0, random.randrange(1, FILLS[-1].trade_id + 20)))
        bounds = {"order_id": order_id, "from_id": from_id, "start_ns": start, "end_ns": end, "limit": limit}
        assert await history.fills(ACCOUNT, market, **bounds) == chosen_fills(market, **bounds)
        order = random.choice(ORDERS)
        assert await history.order(order.account, order.market, order.order_id) == order
        assert await history.order(order.account + 1, order.market, order.order_id) is None
        assert await history.order(order.account, 3 - order.market, order.order_id) is None
        assert await history.order_by_client_id(order.account, order.market, order.client_id) == order
        assert await history.order_by_client_id(order.account, 3 - order.market, order.client_id) is None


async def check_trades(history: History) -> None:
    makers = [fill for fill in FILLS if fill.is_maker and fill.market == 1]
    trades = [
        Trade(fill.trade_id, fill.price, fill.quantity, fill.quote_amount, fill.ts_ns, int(fill.side == Side.BUY))
        for fill in makers
    ]
    assert len(trades) > 100
    assert await history.market_trades(1, 0, 10) == trades[-10:]
    assert await history.market_trades(1, trades[20].trade_id, 10) == trades[20:30]
    assert await history.market_trades(1, limit=5_000) == trades


def test_the_flow_has_what_the_questions_are_about() -> None:
    assert len(ORDERS) > 500
    assert len(FILLS) > 400
    assert len({order.account for order in ORDERS}) == 6


def test_rows_are_found_from_the_moment_they_are_handed_over_and_when_they_are_on_disk(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing, go_on = threading.Event(), threading.Event()
    write = history.write

    def wait_and_write(connection: sqlite3.Connection, batches: tuple[object, ...]) -> None:
        writing.set()
        go_on.wait()
        write(connection, batches)  # type: ignore[arg-type]

    half = FLOW[150][1][0]
    hand_over(history, half)
    history.flush()
    monkeypatch.setattr(history, "write", wait_and_write)
    hand_over(history)
    writing.wait()
    try:
        assert history.durable_seq() == half
        asyncio.run(check_answers(history, Random(1), 60))
        asyncio.run(check_trades(history))
    finally:
        go_on.set()
    history.flush()
    assert history.durable_seq() == LAST_SEQ
    asyncio.run(check_answers(history, Random(2), 60))
    asyncio.run(check_trades(history))


def test_answers_are_whole_while_rows_move_from_memory_to_disk(history: History) -> None:
    async def ask() -> None:
        for _, (last_seq, ts_ns, rows) in FLOW:
            history.on_batch(last_seq, ts_ns, rows)
            for order in rows.orders[:2]:
                assert await history.order(order.account, order.market, order.order_id) == order

    asyncio.run(ask())


def test_the_seq_is_in_the_transaction_of_its_rows(history: History, path: Path) -> None:
    for until_seq in (FLOW[10][1][0], FLOW[100][1][0], LAST_SEQ):
        hand_over(history, until_seq)
        history.flush()
        assert stored(path) == (until_seq, *rows_until(until_seq))
        assert history.durable_seq() == until_seq


def test_batches_that_are_known_are_skipped(history: History, path: Path) -> None:
    hand_over(history, FLOW[50][1][0])
    history.flush()
    other = msgspec.structs.replace(ORDERS[0], order_id=1_000_000)
    history.on_batch(FLOW[50][1][0], 0, Rows([other], [], []))
    history.on_batch(1, 0, Rows([other], [], []))
    hand_over(history)
    history.flush()
    assert stored(path) == (LAST_SEQ, *rows_until(LAST_SEQ))


WRITE_FOR_EVER = """
import sys
from tests.unit.store.test_history import FLOW, History, Path
history = History(Path(sys.argv[1]))
for number, (first_seq, (last_seq, ts_ns, rows)) in enumerate(FLOW[:-1]):
    history.on_batch(last_seq, ts_ns, rows, first_seq)
    if number % 7 == 0:
        history.flush()
        print(history.durable_seq(), flush=True)
import time
time.sleep(60)
"""


@pytest.mark.parametrize("lines", [2, 15])
def test_after_a_kill_the_file_has_exactly_the_rows_of_its_seq(path: Path, lines: int) -> None:
    command = [sys.executable, "-c", WRITE_FOR_EVER, str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        said = [int(writer.stdout.readline()) for _ in range(lines)]
        writer.send_signal(signal.SIGKILL)
    opened = History(path)
    reached = opened.durable_seq()
    assert reached >= said[-1]
    assert stored(path) == (reached, *rows_until(reached))
    hand_over(opened)
    opened.flush()
    opened.close()
    assert stored(path) == (LAST_SEQ, *rows_until(LAST_SEQ))


def test_a_deleted_file_is_rebuilt_while_the_venue_goes_on(path: Path) -> None:
    snapshot_seq, now_seq = FLOW[200][1][0], FLOW[250][1][0]
    history = History(path)
    assert history.begin(snapshot_seq)
    hand_over(history, now_seq, snapshot_seq)
    history.flush()
    assert is_behind(history)
    assert history.durable_seq() == 0, "what is live does not count before the gap is filled"
    live = [order for order in ORDERS if order in FLOW[240][1][2].orders]
    for order in live:
        assert asyncio.run(history.order(order.account, order.market, order.order_id)) == order

    asked: list[int] = []

    def read_rows(after_seq: int) -> Iterator[Handed]:
        asked.append(after_seq)
        for _, each in handed(1, 300):
            yield each

    assert history.catch_up(read_rows).result() == snapshot_seq
    history.flush()
    assert asked == [0]
    assert not is_behind(history)
    assert history.durable_seq() == now_seq
    hand_over(history, LAST_SEQ, now_seq)
    history.flush()
    history.close()
    assert stored(path) == (LAST_SEQ, *rows_until(LAST_SEQ))


def test_a_rebuild_that_was_interrupted_goes_on_where_its_seq_is(path: Path) -> None:
    snapshot_seq, stopped_at = FLOW[200][1][0], FLOW[77][1][0]
    history = History(path)
    hand_over(history, LAST_SEQ, snapshot_seq)

    def broken(after_seq: int) -> Iterator[Handed]:
        for _, each in FLOW:
            if each[0] > stopped_at:
                raise OSError("the journal's disk is gone")
            yield each

    with pytest.raises(OSError, match="disk is gone"):
        history.catch_up(broken).result()
    history.flush()
    history.close()
    assert stored(path)[0] == stopped_at

    history = History(path)
    assert history.durable_seq() == stopped_at
    assert history.begin(LAST_SEQ)
    assert history.catch_up(lambda seq: (each for _, each in FLOW if each[0] > seq)).result() == LAST_SEQ
    history.flush()
    history.close()
    assert stored(path) == (LAST_SEQ, *rows_until(LAST_SEQ))


def test_a_journal_that_ends_too_early_does_not_close_the_gap(history: History) -> None:
    history.begin(LAST_SEQ + 1)
    with pytest.raises(StoreError, match=f"rebuilt up to {LAST_SEQ} only, {LAST_SEQ + 1} was wanted"):
        history.catch_up(lambda seq: (each for _, each in FLOW)).result()
    assert is_behind(history)


def test_without_a_gap_there_is_nothing_to_catch_up(history: History) -> None:
    hand_over(history)
    history.flush()
    assert not history.begin(LAST_SEQ)
    assert history.catch_up(lambda seq: iter(())).result() == LAST_SEQ


def test_a_failed_write_is_told_once_and_stops_the_history(path: Path) -> None:
    told: list[StoreError] = []
    failed = threading.Event()

    def on_failure(error: StoreError) -> None:
        told.append(error)
        failed.set()

    history = History(path, on_failure=on_failure)
    hand_over(history, FLOW[10][1][0])
    history.flush()
    with sqlite3.connect(path) as database:
        database.execute("drop table fills")
    database.close()
    hand_over(history, FLOW[20][1][0], FLOW[10][1][0])
    failed.wait()
    assert "no such table: fills" in str(told[0])
    with pytest.raises(StoreError, match="no such table"):
        history.flush()
    with pytest.raises(StoreError, match="no such table"):
        hand_over(history)
    assert history.durable_seq() == FLOW[10][1][0]
    history.close()
    assert len(told) == 1


def test_a_question_that_cannot_be_answered_is_an_error_of_the_store(history: History, path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("drop table orders")
    database.close()
    with pytest.raises(StoreError, match="no such table"):
        asyncio.run(history.order(ACCOUNT, 1, 1))


@pytest.mark.parametrize("change", ["pragma user_version = 99", "update progress set journal_id = x'00'"])
def test_tables_of_another_version_or_journal_are_emptied(path: Path, change: str) -> None:
    history = History(path, journal_id=b"mine")
    hand_over(history)
    history.close()
    again = History(path, journal_id=b"mine")
    assert again.durable_seq() == LAST_SEQ
    again.close()
    with sqlite3.connect(path) as database:
        database.execute(change)
    database.close()
    emptied = History(path, journal_id=b"mine")
    assert emptied.durable_seq() == 0
    hand_over(emptied)
    emptied.close()
    assert stored(path) == (LAST_SEQ, *rows_until(LAST_SEQ))


def test_a_file_that_is_no_database_is_named_with_what_helps(path: Path) -> None:
    path.write_bytes(b"this is not a database, whatever its name says" * 100)
    with pytest.raises(StoreError, match=r"history\.sqlite.*not a database.*deleted"):
        History(path)


def test_a_history_that_knows_more_than_the_journal_is_refused(history: History) -> None:
    hand_over(history)
    history.flush()
    history.begin(10, LAST_SEQ)
    with pytest.raises(StoreError, match=f"reaches to {LAST_SEQ}, the journal to {LAST_SEQ - 1}: delete it"):
        history.begin(10, LAST_SEQ - 1)


def test_it_says_when_more_rows_wait_than_should(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exchange.store.history.ROWS_MAX", 50)
    history = History(path)
    seen = [history.is_full]
    hand_over(history)
    seen.append(history.is_full)
    history.flush()
    seen.append(history.is_full)
    assert seen == [False, True, False]
    history.close()


def test_of_orders_with_one_client_id_the_newest_is_told(history: History) -> None:
    first, second, third = (msgspec.structs.replace(ORDERS[0], order_id=number) for number in (1, 2, 3))

    def told() -> Order | None:
        return asyncio.run(history.order_by_client_id(first.account, first.market, first.client_id))

    history.on_batch(1, 0, Rows([first, second], [], []))
    assert told() == second
    history.flush()
    assert told() == second
    history.on_batch(2, 0, Rows([third], [], []))
    assert told() == third
