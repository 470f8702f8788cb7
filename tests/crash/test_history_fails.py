"""The history's disk and its rebuilding fail in threads of their own: the venue must not go on as if they had not."""

import asyncio
import resource
import time
from contextlib import suppress
from pathlib import Path

import pytest

from exchange.api.errors import WireError
from exchange.app import Exchange
from exchange.config import Settings
from exchange.messages.orders import Flags, OrderType, RowKind, SelfTrade, Side, TimeInForce, pack_client_id, place_row
from exchange.store import history
from exchange.store.vault import make_master_key
from journal.frame import HEADER_BYTES, MAGIC
from tests.server import Server

ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.001"}
BYTES_LEFT = 24 * 1024
PAIRS = 30


def place_and_cancel(server: Server) -> None:
    """An order that ends: rows for the history."""
    placed = server.signed("POST", "/api/v3/order", **ORDER, price="60000.00")
    assert placed.status == 200, placed
    canceled = server.signed("DELETE", "/api/v3/order", symbol="BTCUSDT", orderId=placed.body["orderId"])
    assert canceled.status == 200, canceled


def ends(server: Server, seconds: float) -> bool:
    assert server.process is not None
    until = time.monotonic() + seconds
    while server.process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    return server.process.returncode is not None


def test_a_disk_that_takes_no_more_history_ends_the_venue_though_nobody_asks_it_anything(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", "--no-flow").start()
    try:
        assert server.process is not None
        place_and_cancel(server)
        # No file may grow beyond this: the history's log does, the journal was filled to its size before.
        limit = (tmp_path / "data" / "history.sqlite-wal").stat().st_size + BYTES_LEFT
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (limit, limit))
        for _ in range(PAIRS):
            place_and_cancel(server)
            if ends(server, 0.5):
                break
        assert server.process.returncode == 1
    finally:
        server.kill()
    last = server.errors.read_text().strip().splitlines()[-1]
    assert "the venue stops" in last
    assert "StoreError" in last
    assert "history.sqlite" in last


def test_a_history_that_cannot_be_rebuilt_ends_the_venue(tmp_path: Path) -> None:
    data = tmp_path / "data"
    settings = tmp_path / "settings.toml"
    settings.write_text("segment_bytes = 8192\n")
    server = Server(data, "--no-flow", "--config", str(settings))
    with server:
        for _ in range(40):
            place_and_cancel(server)
    segments = sorted((data / "journal").glob("*.tape"))
    assert len(segments) > 2
    # Behind the newest snapshot nothing is wrong, so the venue starts; what the history needs is before it.
    content = bytearray(segments[1].read_bytes())
    content[content.rindex(MAGIC) + HEADER_BYTES] ^= 1
    segments[1].write_bytes(content)
    for path in data.glob("history.sqlite*"):
        path.unlink()
    # It may have said that it is ready by then, or not.
    with suppress(AssertionError):
        server.start()
    assert ends(server, 20)
    assert server.process is not None
    assert server.process.returncode == 1
    stops = [line for line in server.errors.read_text().splitlines() if "the venue stops" in line]
    assert len(stops) == 1
    assert "corrupt journal" in stops[0]
    assert segments[1].name in stops[0]


def test_while_the_history_is_full_orders_are_turned_away_and_cancels_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "key"
    make_master_key(key)
    exchange = Exchange(Settings(data=str(tmp_path / "data"), master_key_file=str(key)))
    flags = Flags(Side.BUY, OrderType.LIMIT, TimeInForce.GTC, SelfTrade.NONE)
    place = place_row(1, 16, 1, flags, pack_client_id("one"), price=1, quantity=1)

    async def tell() -> None:
        running = asyncio.create_task(exchange.sequencer.run())
        submit = exchange.context.submit
        assert (await submit(place)).seq == 2
        monkeypatch.setattr(history, "ROWS_MAX", 0)
        assert exchange.history.is_full
        with pytest.raises(WireError) as refused:
            await submit(place)
        assert (refused.value.code, refused.value.status) == (-1008, 503)
        for seq, kind in ((3, RowKind.CANCEL), (4, RowKind.CANCEL_ALL)):
            assert (await submit(bytes([kind]) + place[1:])).seq == seq
        monkeypatch.undo()
        assert (await submit(place)).seq == 5
        exchange.sequencer.stop()
        await running

    try:
        asyncio.run(tell())
    finally:
        exchange.journal.close()
        exchange.history.close()
        exchange.vault.close()


def test_a_journal_that_does_not_verify_is_named_in_one_line_at_the_start(tmp_path: Path) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text("segment_bytes = 8192\n")
    data = tmp_path / "data"
    server = Server(data, "--no-flow", "--config", str(settings))
    with server:
        for _ in range(20):
            place_and_cancel(server)
    for path in (data / "snapshots").iterdir():
        path.unlink()
    damaged = sorted((data / "journal").glob("*.tape"))[1]
    content = bytearray(damaged.read_bytes())
    content[content.rindex(MAGIC) + HEADER_BYTES] ^= 1
    damaged.write_bytes(content)
    server.errors.unlink()
    with pytest.raises(AssertionError):
        server.start()
    said = server.errors.read_text()
    assert "Traceback" not in said
    assert said.startswith("run.py demo: corrupt journal")
    assert damaged.name in said
