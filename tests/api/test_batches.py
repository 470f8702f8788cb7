"""Several orders in one request: in their order, each with an answer of its own, good or bad."""

import asyncio
from pathlib import Path
from typing import Any

import orjson

from tests.api import wire
from tests.api.wire import ORDER, SocketClient, Wire


def test_each_order_of_a_batch_has_its_own_answer_in_its_place(tmp_path: Path) -> None:
    async def send(venue: Wire, method: str, orders: list[dict[str, Any]]) -> Any:
        return (
            await venue.signed(method, "/api/v3/batchOrders", [("batchOrders", orjson.dumps(orders).decode())])
        ).json()

    async def run() -> None:
        async with wire.open_wire(tmp_path) as venue:
            batch: list[dict[str, Any]] = [
                ORDER | {"newClientOrderId": "one", "quantity": 0.001},
                ORDER | {"side": "UP"},
                ORDER | {"newClientOrderId": "one"},
                ORDER | {"newClientOrderId": "two", "unknown": "1"},
                ORDER | {"newClientOrderId": "three", "newOrderRespType": "ACK"},
            ]
            placed = await send(venue, "POST", batch)
            assert [each.get("code", 0) for each in placed] == [0, -1117, -2010, -1104, 0]
            assert placed[0]["clientOrderId"] == "one"
            assert placed[0]["orderId"] < placed[4]["orderId"]
            assert "status" not in placed[4]
            cancels = [{"symbol": "BTCUSDT", "origClientOrderId": name} for name in ("one", "two", "three")]
            canceled = await send(venue, "DELETE", cancels)
            assert [each.get("code", 0) for each in canceled] == [0, -2011, 0]
            assert canceled[2]["status"] == "CANCELED"
            for wrong in ([], [1], {"a": 1}, [ORDER] * 21, [{"symbol": ["BTCUSDT"]}]):
                assert (await send(venue, "POST", wrong))["code"] in (-1130, -1102)  # type: ignore[arg-type]
            async with SocketClient(venue, "/ws-api/v3") as socket:
                answer = await socket.signed("batchOrders.place", {"batchOrders": [ORDER, ORDER | {"price": "x"}]})
                assert [each.get("code", 0) for each in answer["result"]] == [0, -1100]

    asyncio.run(run())
