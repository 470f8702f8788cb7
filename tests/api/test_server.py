"""The server as a process: it starts, answers, stops with a snapshot, goes on where it was, and survives kill -9."""

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from websockets.sync.client import connect

from exchange.ops.demo import PURSE
from tests.server import ROOT, Server

ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.001"}


def held(server: Server) -> dict[str, Decimal]:
    answer = server.signed("GET", "/api/v3/account", omitZeroBalances="true")
    assert answer.status == 200, answer.body
    return {row["asset"]: Decimal(row["free"]) + Decimal(row["locked"]) for row in answer.body["balances"]}


def purse() -> dict[str, Decimal]:
    return {name: Decimal(amount) for name, amount in PURSE.items()}


def test_it_starts_answers_and_leaves_a_snapshot_when_told_to_stop(tmp_path: Path) -> None:
    with Server(tmp_path / "data", "--no-flow") as server:
        assert server.ask("GET", "/api/v3/ping").body == {}
        answer = server.ask("GET", "/api/v3/exchangeInfo")
        assert [market["symbol"] for market in answer.body["symbols"]][:2] == ["BTCUSDT", "ETHUSDT"]
        assert answer.headers["content-type"].startswith("application/json")
        assert held(server) == purse()
        assert (server.data / "credentials.json").stat().st_mode & 0o777 == 0o600
        assert not list((server.data / "snapshots").iterdir())
        server.stop()
        assert list((server.data / "snapshots").iterdir())


def test_a_second_start_goes_on_with_the_same_keys_and_funds_nobody_twice(tmp_path: Path) -> None:
    with Server(tmp_path / "data", "--no-flow") as server:
        keys = {who: server.credentials(who) for who in ("trader", "admin")}
        placed = server.signed("POST", "/api/v3/order", **ORDER, price="60000", newClientOrderId="stays")
        assert placed.status == 200, placed.body
    with Server(tmp_path / "data", "--no-flow") as server:
        assert {who: server.credentials(who) for who in ("trader", "admin")} == keys
        assert held(server) == purse()
        (found,) = server.signed("GET", "/api/v3/openOrders").body
        assert (found["clientOrderId"], found["orderId"]) == ("stays", placed.body["orderId"])


def test_where_credentials_were_lost_new_keys_are_made_and_nobody_is_funded_twice(tmp_path: Path) -> None:
    with Server(tmp_path / "data", "--no-flow") as server:
        lost = server.credentials()
    (tmp_path / "data" / "credentials.json").unlink()
    with Server(tmp_path / "data", "--no-flow") as server:
        assert server.credentials() != lost
        assert held(server) == purse()


def test_after_kill_9_the_port_is_free_at_once_and_orders_are_there(tmp_path: Path) -> None:
    first = Server(tmp_path / "data", "--no-flow").start()
    try:
        placed = first.signed("POST", "/api/v3/order", **ORDER, price="60000", newClientOrderId="acknowledged")
        assert placed.status == 200, placed.body
        # A client that is still connected leaves the server's side of its connection behind, on the server's port.
        with connect(first.socket_address + "/ws", proxy=None, close_timeout=0):
            first.kill()
            second = Server(tmp_path / "data", "--no-flow", port=first.port).start()
    finally:
        first.kill()
    try:
        assert second.port == first.port
        found = second.signed("GET", "/api/v3/order", symbol="BTCUSDT", origClientOrderId="acknowledged")
        assert found.body["orderId"] == placed.body["orderId"]
    finally:
        second.kill()


@pytest.mark.parametrize("path", ["/ws/btcusdt@trade", "/stream", "/ws-api/v3"])
def test_it_stops_while_clients_are_connected(tmp_path: Path, path: str) -> None:
    with Server(tmp_path / "data") as server, connect(server.socket_address + path, proxy=None):
        assert server.ask("GET", "/api/v3/ping").status == 200
        server.stop()


def test_a_port_in_use_is_said_and_ends_the_start(tmp_path: Path) -> None:
    with Server(tmp_path / "one", "--no-flow") as server:
        second = Server(tmp_path / "two", "--no-flow", port=server.port)
        with pytest.raises(AssertionError, match=f"cannot listen on 127.0.0.1:{server.port}"):
            second.start()
        assert second.process is not None
        assert second.process.returncode == 1


def test_a_second_venue_on_the_same_data_says_who_has_it(tmp_path: Path) -> None:
    with Server(tmp_path / "data", "--no-flow") as server:
        assert server.process is not None
        code = "import sys; from exchange.ops import cli; sys.exit(cli.main(sys.argv[1:]))"
        second = subprocess.run(
            [sys.executable, "-c", code, "demo", "--data", str(tmp_path / "data"), "--port", "0"],
            cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert second.returncode == 1
        said = second.stderr.strip().splitlines()
        assert len(said) == 1
        assert said[0].endswith(f"is held by another process, pid {server.process.pid}")
