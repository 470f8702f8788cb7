"""Lists of orders as Binance's wire has them: what each kind needs, what it answers, how it is told and found."""

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.api import wire
from tests.api.wire import Wire

BASE = {"symbol": "BTCUSDT", "side": "SELL", "quantity": "0.01"}
PAIR = {"aboveType": "LIMIT_MAKER", "abovePrice": "70000", "belowType": "STOP_LOSS", "belowStopPrice": "60000"}
WORKING = {
    "symbol": "BTCUSDT",
    "workingType": "LIMIT",
    "workingSide": "BUY",
    "workingPrice": "64000",
    "workingQuantity": "0.01",
    "workingTimeInForce": "GTC",
    "pendingSide": "SELL",
    "pendingQuantity": "0.01",
}
PENDING = {"pendingType": "LIMIT", "pendingPrice": "70000", "pendingTimeInForce": "GTC"}
PENDING_PAIR = {
    "pendingAboveType": "LIMIT_MAKER",
    "pendingAbovePrice": "70000",
    "pendingBelowType": "STOP_LOSS_LIMIT",
    "pendingBelowStopPrice": "60000",
    "pendingBelowPrice": "59000",
    "pendingBelowTimeInForce": "GTC",
}


def conversation(tmp_path: Path, talk: Any) -> None:
    async def run() -> None:
        async with wire.open_wire(tmp_path) as venue:
            await trade_at(venue, "65000")
            await talk(venue)

    asyncio.run(run())


async def ask(venue: Wire, method: str, path: str, **fields: str) -> Any:
    answer = await venue.signed(method, f"/api/v3/{path}", list(fields.items()))
    return answer.json()


async def open_orders(venue: Wire) -> list[dict[str, Any]]:
    """Of lists alone: the venue of these tests begins with an order of its own."""
    found = await ask(venue, "GET", "openOrders", symbol="BTCUSDT")
    return [each for each in found if each["orderListId"] != -1]


async def trade_at(venue: Wire, price: str) -> None:
    """Let the last price be this: the trader trades with itself."""
    for side in ("SELL", "BUY"):
        fields = {"side": side, "type": "LIMIT", "timeInForce": "GTC", "price": price, "quantity": "0.01"}
        placed = await ask(venue, "POST", "order", symbol="BTCUSDT", selfTradePreventionMode="NONE", **fields)
        assert "code" not in placed, placed


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        ({"aboveType": "LIMIT", "aboveTimeInForce": "GTC"}, -1158, "Order type not supported in OCO."),
        ({"belowType": "LIMIT_MAKER"}, -1168, "At least one OCO order must be contingent."),
        ({"side": "BUY"}, -1165, "A limit order in a buy OCO must be below."),
        ({"aboveType": "TAKE_PROFIT", "belowType": "LIMIT_MAKER"}, -1166, "A limit order in a sell OCO must be above."),
        ({"aboveType": "STOP_LOSS", "belowType": "TAKE_PROFIT"}, -1197, None),
        ({"side": "BUY", "aboveType": "TAKE_PROFIT", "belowType": "TAKE_PROFIT"}, -1198, None),
        ({"side": "BUY", "aboveType": "TAKE_PROFIT", "belowType": "STOP_LOSS"}, -1196, None),
        ({"aboveType": "TAKE_PROFIT", "belowType": "TAKE_PROFIT"}, -1199, None),
        ({"belowPrice": "1"}, -1106, "Parameter 'belowPrice' sent when not required."),
        ({"belowType": "STOP_LOSS_LIMIT", "belowPrice": "59000"}, -1102, None),
        ({"belowStopPrice": "66000"}, -2010, "The relationship of the prices for the orders is not correct."),
        ({"abovePrice": "64000"}, -2010, "The relationship of the prices for the orders is not correct."),
        ({"quantity": "100000"}, -1013, None),
        ({"aboveIcebergQty": "0.001", "aboveStrategyType": "1"}, -1134, None),
    ],
)
def test_what_an_oco_may_not_be(tmp_path: Path, fields: dict[str, str], code: int, message: str | None) -> None:
    async def talk(venue: Wire) -> None:
        body = await ask(venue, "POST", "orderList/oco", **(BASE | PAIR | fields))
        assert body["code"] == code, body
        assert message in (None, body["msg"])

    conversation(tmp_path, talk)


def test_an_oco_is_placed_told_found_and_cancelled(tmp_path: Path) -> None:
    async def talk(venue: Wire) -> None:
        told: list[Any] = []
        key = (
            await venue.client.post("/api/v3/userDataStream", headers={"X-MBX-APIKEY": venue.trader["api_key"]})
        ).json()
        account = next(iter(venue.exchange.user_data.listen_keys.values()))[0]
        venue.exchange.user_data.listen(account, (1, 1), lambda encode: told.append(orjson.loads(encode(1_000_000))))
        assert key["listenKey"]
        placed = await ask(
            venue, "POST", "orderList/oco", **BASE, **PAIR, listClientOrderId="exit", newOrderRespType="RESULT"
        )
        assert (placed["contingencyType"], placed["listStatusType"], placed["listOrderStatus"]) == (
            "OCO", "EXEC_STARTED", "EXECUTING",
        )  # fmt: skip
        assert [report["type"] for report in placed["orderReports"]] == ["LIMIT_MAKER", "STOP_LOSS"]
        assert {report["orderListId"] for report in placed["orderReports"]} == {placed["orderListId"]}
        assert [each["orderId"] for each in placed["orders"]] == [each["orderId"] for each in placed["orderReports"]]
        assert [event["e"] for event in told[:3]] == ["listStatus", "executionReport", "executionReport"]
        assert (told[0]["l"], told[0]["L"], told[0]["C"]) == ("EXEC_STARTED", "EXECUTING", "exit")
        assert [event["g"] for event in told[1:3]] == [placed["orderListId"]] * 2
        open_lists = await ask(venue, "GET", "openOrderList")
        assert [each["listClientOrderId"] for each in open_lists] == ["exit"]
        by_name = await ask(venue, "GET", "orderList", origClientOrderId="exit")
        assert by_name == {name: value for name, value in placed.items() if name != "orderReports"}
        stop = placed["orderReports"][1]["orderId"]
        ended = await ask(venue, "DELETE", "order", symbol="BTCUSDT", orderId=str(stop))
        assert (ended["orderId"], ended["status"]) == (stop, "CANCELED")
        assert await ask(venue, "GET", "openOrderList") == []
        assert await open_orders(venue) == []
        closed = await ask(venue, "GET", "orderList", orderListId=str(placed["orderListId"]))
        assert closed["listOrderStatus"] == "ALL_DONE"
        assert [event["l"] for event in told if event["e"] == "listStatus"] == ["EXEC_STARTED", "ALL_DONE"]
        count = (await ask(venue, "GET", "rateLimit/order"))[1]["count"]
        again = await ask(venue, "POST", "orderList/oco", **BASE, **PAIR, listClientOrderId="exit")
        assert (await ask(venue, "GET", "rateLimit/order"))[1]["count"] == count + 2
        assert again["orderReports"][0].keys() == {"symbol", "orderId", "orderListId", "clientOrderId", "transactTime"}
        wrong = await ask(venue, "DELETE", "orderList", symbol="BTCUSDT", orderListId="1", listClientOrderId="exit")
        assert wrong == {"code": -2011, "msg": "Unknown order sent."}
        gone = await ask(venue, "DELETE", "orderList", symbol="BTCUSDT", listClientOrderId="exit", newClientOrderId="c")
        assert (gone["listOrderStatus"], len(gone["orderReports"])) == ("ALL_DONE", 2)
        assert {report["clientOrderId"] for report in gone["orderReports"]} == {"c"}
        every = await ask(venue, "GET", "allOrderList")
        assert [each["orderListId"] for each in every] == [placed["orderListId"], again["orderListId"]]
        assert len(await ask(venue, "GET", "allOrderList", fromId=str(again["orderListId"]))) == 1
        assert (await ask(venue, "GET", "orderList", orderListId="99"))["code"] == -2013

    conversation(tmp_path, talk)


def test_the_old_oco_and_both_sides(tmp_path: Path) -> None:
    async def talk(venue: Wire) -> None:
        old = {"price": "70000", "stopPrice": "60000"}
        missing = await ask(venue, "POST", "order/oco", **BASE, **old, stopLimitPrice="59000")
        assert missing["code"] == -1102
        sale = await ask(
            venue, "POST", "order/oco", **BASE, **old, stopLimitPrice="59000", stopLimitTimeInForce="GTC",
            limitClientOrderId="up", stopClientOrderId="down", newOrderRespType="FULL",
        )  # fmt: skip
        assert [each["clientOrderId"] for each in sale["orders"]] == ["up", "down"]
        assert sale["orderReports"][1]["stopPrice"].startswith("60000")
        bought = BASE | {"side": "BUY", "price": "60000", "stopPrice": "70000"}
        purchase = await ask(venue, "POST", "order/oco", **bought, newOrderRespType="RESULT")
        assert [each["type"] for each in purchase["orderReports"]] == ["STOP_LOSS", "LIMIT_MAKER"]
        ended = await ask(venue, "DELETE", "openOrders", symbol="BTCUSDT")
        assert [len(each["orderReports"]) for each in ended if "orderReports" in each] == [2, 2]

    conversation(tmp_path, talk)


def test_a_pending_order_enters_when_the_working_one_is_filled(tmp_path: Path) -> None:
    async def talk(venue: Wire) -> None:
        placed = await ask(venue, "POST", "orderList/oto", **WORKING, **PENDING, newOrderRespType="RESULT")
        assert placed["contingencyType"] == "OTO"
        assert [report["status"] for report in placed["orderReports"]] == ["NEW", "PENDING_NEW"]
        assert placed["orderReports"][1]["workingTime"] == -1
        found = await ask(venue, "GET", "order", symbol="BTCUSDT", orderId=str(placed["orders"][1]["orderId"]))
        assert (found["status"], found["isWorking"], found["workingTime"]) == ("PENDING_NEW", False, -1)
        sale = {"side": "SELL", "type": "LIMIT", "timeInForce": "GTC", "price": "64000", "quantity": "0.01"}
        await ask(venue, "POST", "order", symbol="BTCUSDT", selfTradePreventionMode="NONE", **sale)
        found = await ask(venue, "GET", "order", symbol="BTCUSDT", orderId=str(placed["orders"][1]["orderId"]))
        assert (found["status"], found["isWorking"]) == ("NEW", True)
        await ask(venue, "DELETE", "openOrders", symbol="BTCUSDT")
        expired = await ask(venue, "POST", "orderList/oto", **(WORKING | {"workingTimeInForce": "IOC"}), **PENDING)
        assert (expired["listOrderStatus"], expired["listStatusType"]) == ("ALL_DONE", "ALL_DONE")
        found = await ask(venue, "GET", "order", symbol="BTCUSDT", orderId=str(expired["orders"][1]["orderId"]))
        assert (found["status"], found["expiryReason"]) == ("EXPIRED", "OTO_PHASE_ONE_EXPIRED")
        bad = await ask(venue, "POST", "orderList/oto", **(WORKING | {"workingType": "MARKET"}), **PENDING)
        assert bad["code"] == -1130

    conversation(tmp_path, talk)


def test_an_otoco_becomes_an_oco(tmp_path: Path) -> None:
    async def talk(venue: Wire) -> None:
        placed = await ask(venue, "POST", "orderList/otoco", **WORKING, **PENDING_PAIR, newOrderRespType="FULL")
        assert [report["status"] for report in placed["orderReports"]] == ["NEW", "PENDING_NEW", "PENDING_NEW"]
        sale = {"side": "SELL", "type": "LIMIT", "timeInForce": "GTC", "price": "64000", "quantity": "0.01"}
        await ask(venue, "POST", "order", symbol="BTCUSDT", selfTradePreventionMode="NONE", **sale)
        still = await open_orders(venue)
        assert [(each["type"], each["status"]) for each in still] == [
            ("LIMIT_MAKER", "NEW"),
            ("STOP_LOSS_LIMIT", "NEW"),
        ]
        amended = await ask(
            venue, "PUT", "order/amend/keepPriority", symbol="BTCUSDT", newQty="0.005", orderId=str(still[0]["orderId"])
        )
        assert amended["amendedOrder"]["orderListId"] == placed["orderListId"]
        assert amended["listStatus"]["orderListId"] == placed["orderListId"]
        still = await open_orders(venue)
        assert [float(each["origQty"]) for each in still] == [0.005, 0.005]

    conversation(tmp_path, talk)


def test_what_a_list_is_asked_by(tmp_path: Path) -> None:
    async def talk(venue: Wire) -> None:
        placed = await ask(venue, "POST", "orderList/oco", **BASE, **PAIR, selfTradePreventionMode="EXPIRE_MAKER")
        assert {each["selfTradePreventionMode"] for each in await open_orders(venue)} == {"EXPIRE_MAKER"}
        number = placed["orderListId"]
        for method in ("GET", "DELETE"):
            names = ("orderListId", "listClientOrderId" if method == "DELETE" else "origClientOrderId")
            fields = {"symbol": "BTCUSDT"} if method == "DELETE" else {}
            refused = await ask(venue, method, "orderList", **fields)
            message = f"Param '{names[0]}' or '{names[1]}' must be sent, but both were empty/null!"
            assert refused == {"code": -1102, "msg": message}
        unknown = {"code": -2011, "msg": "Unknown order sent."}
        for other in (0, number + 1):
            assert await ask(venue, "DELETE", "orderList", symbol="BTCUSDT", orderListId=str(other)) == unknown
        await ask(venue, "DELETE", "orderList", symbol="BTCUSDT", orderListId=str(number))
        assert (await ask(venue, "GET", "orderList", orderListId=str(number)))["listOrderStatus"] == "ALL_DONE"
        for other in (0, number - 1, number + 1):
            assert (await ask(venue, "GET", "orderList", orderListId=str(other)))["code"] == -2013

    conversation(tmp_path, talk)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"stopLimitPrice": "59000"}, -1102),
        ({"stopLimitTimeInForce": "GTC"}, -1106),
    ],
)
def test_the_old_oco_has_a_time_in_force_with_a_stop_limit_price_alone(
    tmp_path: Path, fields: dict[str, str], code: int
) -> None:
    async def talk(venue: Wire) -> None:
        refused = await ask(venue, "POST", "order/oco", **BASE, price="70000", stopPrice="60000", **fields)
        assert refused["code"] == code
        assert "stopLimitTimeInForce" in refused["msg"]

    conversation(tmp_path, talk)


def test_a_list_needs_room_for_all_its_orders(tmp_path: Path) -> None:
    async def talk(venue: Wire) -> None:
        asked = await ask(venue, "GET", "rateLimit/order")
        left = min(each["limit"] - each["count"] for each in asked)
        limits, account = venue.exchange.context.limits, 16
        limits.count_order(account, venue.exchange.context.now_ns(), left - 1)
        assert (await ask(venue, "POST", "orderList/oco", **BASE, **PAIR))["code"] == -1015
        order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT_MAKER", "price": "60000", "quantity": "0.01"}
        placed = await ask(venue, "POST", "order", **order)
        assert "orderId" in placed, placed

    conversation(tmp_path, talk)
