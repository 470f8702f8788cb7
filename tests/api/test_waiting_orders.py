"""Orders that wait for a price, as Binance's wire has them: what they need, what they answer, how they are told."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.api import wire
from tests.api.wire import Wire

SELL = [("symbol", "BTCUSDT"), ("side", "SELL"), ("quantity", "0.01")]
BUY = [("symbol", "BTCUSDT"), ("side", "BUY"), ("quantity", "0.01")]


def conversation(tmp_path: Path, talk: Any) -> None:
    async def run() -> None:
        async with wire.open_wire(tmp_path) as venue:
            await talk(venue)

    asyncio.run(run())


async def order(venue: Wire, base: list[tuple[str, str]], **fields: str) -> dict[str, Any]:
    answer = await venue.signed("POST", "/api/v3/order", [*base, *fields.items()])
    body: dict[str, Any] = answer.json()
    return body


async def trade_at(venue: Wire, price: str) -> None:
    """Let the last price be this: the trader trades with itself."""
    for base in (SELL, BUY):
        placed = await order(venue, base, type="LIMIT", timeInForce="GTC", price=price, selfTradePreventionMode="NONE")
        assert "code" not in placed, placed


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        ({"type": "STOP_LOSS"}, -1102, "Param 'stopPrice' or 'trailingDelta' must be sent, but both were empty/null!"),
        ({"type": "STOP_LOSS", "stopPrice": "64000", "price": "1"}, -1106, "Parameter 'price' sent when not required."),
        ({"type": "STOP_LOSS_LIMIT", "stopPrice": "64000", "price": "63000"}, -1102, None),
        ({"type": "STOP_LOSS_LIMIT", "stopPrice": "64000", "timeInForce": "GTC"}, -1102, None),
        ({"type": "MARKET", "stopPrice": "64000"}, -1106, "Parameter 'stopPrice' sent when not required."),
        ({"type": "STOP_LOSS", "trailingDelta": "0"}, -1013, "Filter failure: TRAILING_DELTA"),
        ({"type": "STOP_LOSS", "trailingDelta": "10000"}, -1013, "Filter failure: TRAILING_DELTA"),
        ({"type": "STOP_LOSS", "stopPrice": "0"}, -1013, "Filter failure: PRICE_FILTER"),
        ({"type": "STOP_LOSS", "stopPrice": "65000"}, -2010, "Order would trigger immediately."),
        ({"type": "TAKE_PROFIT", "stopPrice": "65000"}, -2010, "Order would trigger immediately."),
    ],
)
def test_what_a_waiting_order_needs_and_may_not_have(
    tmp_path: Path, fields: dict[str, str], code: int, message: str | None
) -> None:
    async def talk(venue: Wire) -> None:
        await trade_at(venue, "65000")
        body = await order(venue, SELL, **fields)
        assert body["code"] == code, body
        assert message in (None, body["msg"])

    conversation(tmp_path, talk)


def test_a_stop_waits_is_queried_triggers_and_rests(tmp_path: Path) -> None:
    async def talk(venue: Wire) -> None:
        await trade_at(venue, "65000")
        stop = {"type": "STOP_LOSS_LIMIT", "timeInForce": "GTC", "stopPrice": "64000", "price": "63900"}
        placed = await order(venue, SELL, newOrderRespType="RESULT", **stop)
        assert (placed["status"], placed["workingTime"], placed["stopPrice"]) == ("NEW", -1, "64000.00000000")
        query = [("symbol", "BTCUSDT"), ("orderId", str(placed["orderId"]))]
        found = (await venue.signed("GET", "/api/v3/order", query)).json()
        assert (found["isWorking"], found["workingTime"], found["stopPrice"]) == (False, -1, "64000.00000000")
        assert (await venue.ask("GET", "/api/v3/depth?symbol=BTCUSDT")).json()["asks"] == []
        await trade_at(venue, "64000")
        found = (await venue.signed("GET", "/api/v3/order", query)).json()
        assert found["isWorking"] is True
        assert found["workingTime"] >= placed["transactTime"]
        (ask,) = (await venue.ask("GET", "/api/v3/depth?symbol=BTCUSDT")).json()["asks"]
        assert (float(ask[0]), float(ask[1])) == (63900.0, 0.01)

    conversation(tmp_path, talk)


def test_a_trailing_order_is_cancelled_by_its_id(tmp_path: Path) -> None:
    async def talk(venue: Wire) -> None:
        placed = await order(venue, SELL, type="STOP_LOSS", trailingDelta="200", newOrderRespType="RESULT")
        assert (placed["trailingDelta"], placed["trailingTime"]) == (200, -1)
        query = [("symbol", "BTCUSDT"), ("orderId", str(placed["orderId"]))]
        ended = (await venue.signed("DELETE", "/api/v3/order", query)).json()
        assert (ended["status"], ended["trailingDelta"]) == ("CANCELED", 200)
        assert (await venue.signed("DELETE", "/api/v3/order", query)).json()["code"] == -2011

    conversation(tmp_path, talk)
