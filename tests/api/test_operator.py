"""What an operator can do over the wire, and that nobody else can."""

import asyncio
import json
from pathlib import Path
from typing import Any

from exchange.api.operator import COMMANDS
from exchange.core.engine import RIGHTS
from exchange.core.matching import codes
from exchange.messages.accounts import GrantApiKey
from exchange.messages.system import RecordHead
from exchange.ops import demo
from exchange.ops import operate as command
from tests.api.wire import Wire, open_wire
from tests.server import Server

OPERATOR = 9
SYMBOL = [("symbol", "BTCUSDT")]
ANY_END = "the journal ends before entry {}"


def test_every_command_of_an_operator_is_offered_but_the_one_with_a_secret() -> None:
    operators = {kind for kind, right in RIGHTS.items() if right == codes.RIGHT_OPERATE}
    # A head is the venue's own, signed by its notary.
    assert operators - set(COMMANDS.values()) <= {GrantApiKey, RecordHead}


async def operate(wire: Wire, key: dict[str, str], name: str, fields: object) -> tuple[int, dict[str, Any]]:
    text = fields if isinstance(fields, str) else json.dumps(fields)
    answer = await wire.signed("POST", "/admin/v1/command", [("command", name), ("fields", text)], key)
    body: dict[str, Any] = answer.json()
    return answer.status_code, body


def test_an_operator_kills_a_market_and_opens_it_by_an_auction(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_wire(tmp_path) as wire:
            key = await demo.open_person(wire.exchange, OPERATOR, demo.ALL_RIGHTS, {})
            status, body = await operate(wire, key, "KillSwitch", {"market_id": 1})
            assert status == 200
            assert [event["type"] for event in body["events"]] == ["Killed", "MarketStatusSet"]
            info = (await wire.ask("GET", "/api/v3/exchangeInfo?symbol=BTCUSDT")).json()
            assert info["symbols"][0]["status"] == "CANCEL_ONLY"
            status, body = await operate(wire, key, "SetMarketStatus", {"market_id": 1, "status": 1})
            assert (status, body["msg"]) == (400, "The command was refused: NEEDS_AUCTION.")
            status, body = await operate(wire, key, "StartAuction", {"market_id": 1, "seconds": 60})
            assert [event["type"] for event in body["events"]][:2] == ["MarketStatusSet", "AuctionStarted"]

    asyncio.run(talk())


def test_what_is_no_command_is_refused_and_so_is_who_may_not(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_wire(tmp_path) as wire:
            key = await demo.open_person(wire.exchange, OPERATOR, demo.ALL_RIGHTS, {})
            before = wire.state_hash
            assert (await operate(wire, wire.trader, "KillSwitch", {"market_id": 1}))[1]["code"] == -2015
            for name, fields in (
                ("Genesis", {}),
                ("Tick", {}),
                ("KillSwitch", {}),
                ("KillSwitch", {"market_id": "1"}),
                ("KillSwitch", {"market_id": 1, "more": 1}),
                ("KillSwitch", {"market_id": 1, "key_id": 0}),
                ("KillSwitch", "[1]"),
                ("KillSwitch", "{"),
                ("KillSwitch", "[" * 10_000),
                ("KillSwitch", {"market_id": 1 << 70}),
            ):
                status, body = await operate(wire, key, name, fields)
                assert (status, body["code"]) == (400, -1130), (name, fields, body)
            assert wire.state_hash == before

    asyncio.run(talk())


def test_run_py_operate_speaks_to_a_venue_that_runs(tmp_path: Path, capsys: Any) -> None:
    with Server(tmp_path / "data", "--no-flow") as server:
        where = ["--url", server.address, "--data", str(server.data)]
        assert command.main(["StartAuction", "market_id=1", "seconds=5", *where]) == 0
        assert "AuctionStarted" in capsys.readouterr().out
        assert command.main(["SetMarketStatus", "market_id=99", "status=1", *where]) == 1
        assert "UNKNOWN_MARKET" in capsys.readouterr().out


async def inspected(wire: Wire, key: dict[str, str], **values: object) -> tuple[int, dict[str, Any]]:
    pairs = [(name, str(value)) for name, value in values.items()]
    answer = await wire.signed("GET", "/admin/v1/inspect", pairs, key)
    body: dict[str, Any] = answer.json()
    return answer.status_code, body


def test_an_operator_looks_at_the_venue_as_it_was(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_wire(tmp_path) as wire:
            key = await demo.open_person(wire.exchange, OPERATOR, demo.ALL_RIGHTS, {})
            known = (await wire.signed("GET", "/api/v3/order", [*SYMBOL, ("origClientOrderId", "known")])).json()
            gone = await wire.signed("DELETE", "/api/v3/order", [*SYMBOL, ("orderId", str(known["orderId"]))])
            seq = int(gone.headers["x-seq"])
            asked = [inspected(wire, key, seq=at, accountId=16, symbol="BTCUSDT") for at in (seq - 1, seq)]
            (_, before), (status, behind) = await asyncio.gather(*asked)
            assert (status, behind["seq"]) == (200, seq)
            assert "CANCEL in market 1 by account 16" in behind["lines"][1]
            assert any("Canceled(" in line for line in behind["lines"])
            resting = f"  order {known['orderId']} BTCUSDT BUY LIMIT"
            assert any(line.startswith(resting) for line in before["lines"])
            assert not any(line.startswith(resting) for line in behind["lines"])
            assert (await inspected(wire, key, seq=10**6))[1] == {"code": -1130, "msg": ANY_END.format(10**6)}
            assert (await inspected(wire, key, seq=seq, symbol="NONE"))[1]["code"] == -1130
            assert (await inspected(wire, wire.trader, seq=seq))[1]["code"] == -2015
            crowd = await asyncio.gather(*[inspected(wire, key, seq=1) for _ in range(8)])
            assert sorted(status for status, _ in crowd) == [200] * 5 + [503] * 3

    asyncio.run(talk())
