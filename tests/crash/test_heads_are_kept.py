"""A venue that serves has its heads signed beside it; a trader's receipts and proofs come from its own API."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from exchange.ops import audit
from exchange.verifier import proofs
from tests.server import Server

ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.001"}
PATIENCE_SECONDS = 30


def awaited(server: Server, path: str, who: str = "trader", of_seq: int = 0) -> dict[str, Any]:
    """What is told at last, when it is pending no more and of no entry before `of_seq`."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        answer = server.signed("GET", path, who=who)
        assert answer.status == 200, answer
        if answer.body["status"] != "pending" and answer.body["seq"] >= of_seq:
            return dict(answer.body)
        if of_seq:
            # A head is made where commands came: one that came behind the snapshot brings the head that names it.
            server.signed("POST", "/api/v3/order", **ORDER, price="60000.00")
        time.sleep(0.1)
    raise AssertionError(f"{path} is still pending: {server.errors.read_text()[-2000:]}")


def test_a_trader_gets_a_receipt_and_a_proof_from_the_venue_and_checks_them_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text("head_seconds = 0.3\n")
    arguments = ("--no-flow", "--config", str(settings), "--snapshot-every", "10")
    with Server(tmp_path / "data", *arguments) as server:
        orders = [ORDER | {"price": "60000.00", "newClientOrderId": f"mine-{number}"} for number in range(8)]
        placed = [server.signed("POST", "/api/v3/order", **order) for order in orders]
        seq = int(placed[-1].headers["x-seq"])
        receipt = awaited(server, f"/receipt/{seq}")
        public_key = server.ask("GET", "/audit/heads").body["heads"][-1]["public_key"]
        assert any(f"command {seq} stands" in line for line in proofs.check(receipt, public_key))
        assert b"mine-7" in bytes.fromhex(receipt["leaf"])
        # Others' commands are nobody's business, an operator's aside.
        assert server.signed("GET", "/receipt/1").status == 404
        assert server.signed("GET", f"/receipt/{seq + 10**6}").status == 404
        assert proofs.check(awaited(server, "/receipt/1", who="admin"))
        assert server.signed("GET", "/receipt/one").status == 400
        # The snapshot that a head speaks of may be of before the trader had anything: after these it is not.
        orders = [ORDER | {"price": "60000.00", "newClientOrderId": f"more-{number}"} for number in range(15)]
        placed = [server.signed("POST", "/api/v3/order", **order) for order in orders]
        told = proofs.check(awaited(server, "/liabilities/proof", of_seq=seq), public_key)
        assert any("USDT is in the" in line for line in told)
        kept = tmp_path / "heads.json"
        kept.write_text(json.dumps(server.ask("GET", "/audit/heads").body))
    assert audit.main([str(tmp_path / "data"), "--head", str(kept), "--key", public_key, "--quiet"]) == 0
    assert "heads" in capsys.readouterr().out
