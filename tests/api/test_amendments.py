"""Icebergs, amendments and cancel-replace as Binance's wire has them: every row of the outcome table of §10."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

from tests.api.wire import Wire, open_wire

SELL = {"symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01"}
REPLACE = SELL | {"price": "71000"}
Talk = Callable[[Wire], Awaitable[None]]


def conversation(tmp_path: Path, talk: Talk) -> None:
    async def run() -> None:
        async with open_wire(tmp_path) as wire:
            await talk(wire)

    asyncio.run(run())


async def place(wire: Wire, name: str, **fields: str) -> dict[str, Any]:
    values = SELL | {"price": "70000", "newClientOrderId": name} | fields
    answer = await wire.signed("POST", "/api/v3/order", list(values.items()))
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def replace(wire: Wire, mode: str, target: str, **fields: str) -> httpx.Response:
    values = REPLACE | {"cancelReplaceMode": mode, "cancelOrigClientOrderId": target} | fields
    return await wire.signed("POST", "/api/v3/order/cancelReplace", list(values.items()))


def test_every_row_of_the_outcome_table_of_a_cancel_replace(tmp_path: Path) -> None:
    async def talk(wire: Wire) -> None:
        await place(wire, "one")
        both = await replace(wire, "STOP_ON_FAILURE", "one", newClientOrderId="two")
        assert both.status_code == 200
        body = both.json()
        assert (body["cancelResult"], body["newOrderResult"]) == ("SUCCESS", "SUCCESS")
        assert body["cancelResponse"]["origClientOrderId"] == "one"
        assert body["newOrderResponse"]["clientOrderId"] == "two"
        table = [
            ("STOP_ON_FAILURE", "gone", {}, 400, -2022, "FAILURE", "NOT_ATTEMPTED"),
            ("ALLOW_FAILURE", "gone", {"quantity": "120"}, 400, -2022, "FAILURE", "FAILURE"),
            ("STOP_ON_FAILURE", "two", {"quantity": "120"}, 409, -2021, "SUCCESS", "FAILURE"),
            ("ALLOW_FAILURE", "gone", {}, 409, -2021, "FAILURE", "SUCCESS"),
        ]
        for mode, target, fields, status, code, cancel, new in table:
            answer = await replace(wire, mode, target, **fields)
            body = answer.json()
            assert (answer.status_code, body["code"]) == (status, code), body
            assert (body["data"]["cancelResult"], body["data"]["newOrderResult"]) == (cancel, new)
            if cancel == "FAILURE":
                assert body["data"]["cancelResponse"] == {"code": -2011, "msg": "Unknown order sent."}
            if new == "NOT_ATTEMPTED":
                assert body["data"]["newOrderResponse"] is None
            if new == "FAILURE":
                assert body["data"]["newOrderResponse"]["code"] == -2010

    conversation(tmp_path, talk)


def test_filters_are_asked_before_either_half(tmp_path: Path) -> None:
    async def talk(wire: Wire) -> None:
        await place(wire, "stays")
        answer = await replace(wire, "ALLOW_FAILURE", "stays", price="0.01")
        assert (answer.status_code, answer.json()["code"]) == (400, -1013)
        found = await wire.signed("GET", "/api/v3/order", [("symbol", "BTCUSDT"), ("origClientOrderId", "stays")])
        assert found.json()["status"] == "NEW"

    conversation(tmp_path, talk)


def test_an_amendment_keeps_the_order_and_its_place(tmp_path: Path) -> None:
    async def talk(wire: Wire) -> None:
        placed = await place(wire, "first")
        named = [("symbol", "BTCUSDT"), ("orderId", str(placed["orderId"]))]
        path = "/api/v3/order/amend/keepPriority"
        answer = await wire.signed("PUT", path, [*named, ("newQty", "0.004"), ("newClientOrderId", "second")])
        assert answer.status_code == 200, answer.text
        order = answer.json()["amendedOrder"]
        assert (order["origClientOrderId"], order["clientOrderId"]) == ("first", "second")
        assert (float(order["qty"]), order["status"]) == (0.004, "NEW")
        for quantity, message in (
            ("0.004", "The requested action would change no state; rejecting"),
            ("0.005", "Order amend (quantity increase) is not supported."),
        ):
            answer = await wire.signed("PUT", path, [*named, ("newQty", quantity)])
            assert answer.json() == {"code": -2038, "msg": message}
        unknown = [("symbol", "BTCUSDT"), ("origClientOrderId", "gone"), ("newQty", "0.001")]
        answer = await wire.signed("PUT", path, unknown)
        assert answer.json() == {"code": -2038, "msg": "Unknown order sent."}

    conversation(tmp_path, talk)


def test_an_iceberg_shows_a_part_and_says_so(tmp_path: Path) -> None:
    async def talk(wire: Wire) -> None:
        placed = await place(wire, "berg", icebergQty="0.002", newOrderRespType="RESULT")
        assert float(placed["icebergQty"]) == 0.002
        depth = (await wire.ask("GET", "/api/v3/depth?symbol=BTCUSDT")).json()
        assert [float(each) for each in depth["asks"][0]] == [70000.0, 0.002]
        found = await wire.signed("GET", "/api/v3/order", [("symbol", "BTCUSDT"), ("origClientOrderId", "berg")])
        assert float(found.json()["icebergQty"]) == 0.002
        answer = await wire.signed(
            "POST", "/api/v3/order", list((SELL | {"price": "1", "timeInForce": "IOC", "icebergQty": "0.001"}).items())
        )
        assert answer.json()["code"] == -1160

    conversation(tmp_path, talk)
