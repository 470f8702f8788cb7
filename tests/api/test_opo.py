"""OPO and OPOCO lists as Binance's wire has them: sales without a quantity, funds that are locked, what may not be."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from exchange.messages.auctions import SetFeatures
from tests.api.wire import SocketClient, Wire, open_wire

WORKING = {
    "symbol": "BNBUSDT",
    "workingType": "LIMIT",
    "workingSide": "BUY",
    "workingPrice": "500",
    "workingQuantity": "1",
    "workingTimeInForce": "GTC",
    "pendingSide": "SELL",
}
PENDING = {"pendingType": "LIMIT", "pendingPrice": "600", "pendingTimeInForce": "GTC"}
OPO = WORKING | PENDING
OPOCO = WORKING | {
    "pendingAboveType": "LIMIT_MAKER",
    "pendingAbovePrice": "600",
    "pendingBelowType": "STOP_LOSS",
    "pendingBelowStopPrice": "400",
}
SHOWN = ("price", "executedQty", "origQuoteOrderQty", "cummulativeQuoteQty", "status", "timeInForce", "type", "side")


def conversation(tmp_path: Path, talk: Callable[[Wire], Awaitable[None]]) -> None:
    async def run() -> None:
        async with open_wire(tmp_path) as wire:
            await talk(wire)

    asyncio.run(run())


async def ask(wire: Wire, method: str, path: str, **fields: str) -> Any:
    return (await wire.signed(method, f"/api/v3/{path}", list(fields.items()))).json()


async def listen(wire: Wire) -> list[Any]:
    """What the trader's user stream tells from now on."""
    told: list[Any] = []
    await wire.client.post("/api/v3/userDataStream", headers={"X-MBX-APIKEY": wire.trader["api_key"]})
    account = next(iter(wire.exchange.user_data.listen_keys.values()))[0]
    wire.exchange.user_data.listen(account, (1, 1), lambda encode: told.append(orjson.loads(encode(1_000_000))))
    return told


async def sell(wire: Wire, quantity: str, price: str = "500") -> None:
    """The trader sells to itself: no other's order is needed."""
    order = {"symbol": "BNBUSDT", "side": "SELL", "type": "LIMIT", "timeInForce": "GTC", "price": price}
    placed = await ask(wire, "POST", "order", **order, quantity=quantity, selfTradePreventionMode="NONE")
    assert "code" not in placed, placed


async def balance(wire: Wire, asset: str = "BNB") -> tuple[float, float]:
    found = next(each for each in (await ask(wire, "GET", "account"))["balances"] if each["asset"] == asset)
    return float(found["free"]), float(found["locked"])


def test_an_opo_is_placed_filled_in_parts_and_sells_what_it_has_bought(tmp_path: Path) -> None:
    async def talk(wire: Wire) -> None:
        told = await listen(wire)
        free, locked = await balance(wire)
        count = (await ask(wire, "GET", "rateLimit/order"))[1]["count"]
        placed = await ask(
            wire, "POST", "orderList/opo", **OPO, listClientOrderId="pays", newOrderRespType="RESULT",
            workingClientOrderId="in", pendingClientOrderId="out",
        )  # fmt: skip
        assert (await ask(wire, "GET", "rateLimit/order"))[1]["count"] == count + 2
        assert (placed["contingencyType"], placed["listStatusType"], placed["listClientOrderId"]) == (
            "OTO", "EXEC_STARTED", "pays",
        )  # fmt: skip
        working, pending = placed["orderReports"]
        assert (working["origQty"], working["status"], working["side"]) == ("1.00000000", "NEW", "BUY")
        assert "origQty" not in pending
        assert {name: pending[name] for name in SHOWN} == {
            "price": "600.00000000",
            "executedQty": "0.00000000",
            "origQuoteOrderQty": "0.00000000",
            "cummulativeQuoteQty": "0.00000000",
            "status": "PENDING_NEW",
            "timeInForce": "GTC",
            "type": "LIMIT",
            "side": "SELL",
        }
        assert pending["workingTime"] == -1
        number = str(pending["orderId"])
        found = await ask(wire, "GET", "order", symbol="BNBUSDT", orderId=number)
        assert (found["status"], found["origQty"], found["isWorking"]) == ("PENDING_NEW", "0.00000000", False)
        assert [event["e"] for event in told[:3]] == ["listStatus", "executionReport", "executionReport"]
        assert [(event["x"], event["q"]) for event in told[1:3]] == [("NEW", "1.00000000"), ("NEW", "0.00000000")]

        await sell(wire, "0.4")
        assert (await balance(wire))[1] > locked, "what is bought is locked"
        refused = await ask(wire, "PUT", "order/amend/keepPriority", symbol="BNBUSDT", orderId=number, newQty="0.1")
        assert refused == {"code": -2038, "msg": "Order amend (pending OPO order) is not supported."}
        told.clear()
        await sell(wire, "0.6")
        found = await ask(wire, "GET", "order", symbol="BNBUSDT", orderId=number)
        assert (found["status"], found["isWorking"]) == ("NEW", True)
        fee = sum(float(fill["commission"]) for fill in await ask(wire, "GET", "myTrades", symbol="BNBUSDT")
                  if fill["isBuyer"])  # fmt: skip
        assert 1 - fee <= float(found["origQty"]) <= 1
        entered = [event for event in told if event["e"] == "executionReport" and event["i"] == int(number)]
        assert [(event["x"], event["X"], event["q"]) for event in entered] == [("NEW", "NEW", found["origQty"])]
        positions = [event for event in told if event["e"] == "outboundAccountPosition"]
        shown = next(each for each in positions[-1]["B"] if each["a"] == "BNB")
        assert (float(shown["f"]), float(shown["l"])) == await balance(wire)
        assert float(shown["l"]) - locked == pytest.approx(float(found["origQty"]))
        assert sum(await balance(wire)) == pytest.approx(free + locked - fee)
        smaller = await ask(wire, "PUT", "order/amend/keepPriority", symbol="BNBUSDT", orderId=number, newQty="0.5")
        assert smaller["amendedOrder"]["qty"] == "0.50000000"
        gone = await ask(wire, "DELETE", "orderList", symbol="BNBUSDT", listClientOrderId="pays")
        assert (gone["listOrderStatus"], gone["contingencyType"]) == ("ALL_DONE", "OTO")
        assert (await balance(wire))[1] == pytest.approx(locked)

    conversation(tmp_path, talk)


def test_what_was_locked_is_free_again_where_the_list_ends_early(tmp_path: Path) -> None:
    async def talk(wire: Wire) -> None:
        told = await listen(wire)
        locked = (await balance(wire))[1]
        placed = await ask(wire, "POST", "orderList/opoco", **OPOCO, newOrderRespType="FULL")
        assert [report["status"] for report in placed["orderReports"]] == ["NEW", "PENDING_NEW", "PENDING_NEW"]
        assert ["origQty" in report for report in placed["orderReports"]] == [True, False, False]
        assert placed["contingencyType"] == "OTO"
        await sell(wire, "0.4")
        assert (await balance(wire))[1] > locked
        gone = await ask(wire, "DELETE", "orderList", symbol="BNBUSDT", orderListId=str(placed["orderListId"]))
        assert [report["origQty"] for report in gone["orderReports"]] == ["1.00000000", "0.00000000", "0.00000000"]
        assert (await balance(wire))[1] == locked
        assert [event["l"] for event in told if event["e"] == "listStatus"] == ["EXEC_STARTED", "ALL_DONE"]
        closed = await ask(wire, "GET", "orderList", orderListId=str(placed["orderListId"]))
        assert closed["listOrderStatus"] == "ALL_DONE"
        every = await ask(wire, "GET", "allOrders", symbol="BNBUSDT")
        ids = {report["orderId"] for report in placed["orderReports"]}
        assert [each["status"] for each in every if each["orderId"] in ids] == ["CANCELED"] * 3

    conversation(tmp_path, talk)


def test_a_sale_that_its_filters_refuse_tells_what_it_would_have_been(tmp_path: Path) -> None:
    async def talk(wire: Wire) -> None:
        told = await listen(wire)
        placed = await ask(wire, "POST", "orderList/opo", **(OPO | {"pendingPrice": "0.01"}))
        assert "code" not in placed, placed
        await sell(wire, "1")
        number = placed["orders"][1]["orderId"]
        found = await ask(wire, "GET", "order", symbol="BNBUSDT", orderId=str(number))
        assert (found["status"], found["expiryReason"]) == ("EXPIRED", "REJECTED")
        assert 0.99 < float(found["origQty"]) <= 1
        last = [event for event in told if event["e"] == "executionReport" and event["i"] == number][-1]
        assert (last["x"], last["X"], last["q"]) == ("EXPIRED", "EXPIRED", found["origQty"])

    conversation(tmp_path, talk)


@pytest.mark.parametrize("path", ["orderList/opo", "orderList/opoco"])
@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        ({"workingSide": "SELL"}, -1222, "Working order in an OPO list must be a bid."),
        ({"pendingSide": "BUY"}, -1223, "Pending orders in an OPO list must be asks."),
        ({"workingQuantity": ""}, -1224, "Working order must include the 'workingQuantity' tag."),
        ({"pendingQuantity": "1"}, -1225, "Pending orders should not include the 'pendingQuantity' tag."),
        ({"workingType": "MARKET"}, -1130, "Data sent for parameter 'workingType' is not valid."),
        ({"workingPrice": "0.001"}, -1013, "Filter failure: PRICE_FILTER"),
        ({"workingQuantity": "1000000000"}, -1013, None),
        ({"workingTimeInForce": ""}, -1102, None),
        ({"workingPrice": ""}, -1102, None),
        ({"pendingSide": ""}, -1102, None),
        ({"workingQuantity": "9000", "workingPrice": "800"}, -2010, None),
    ],
)
def test_what_an_opo_may_not_be(
    tmp_path: Path, path: str, fields: dict[str, str], code: int, message: str | None
) -> None:
    """An empty value here is a parameter that is not sent."""

    async def talk(wire: Wire) -> None:
        given = {name: value for name, value in ((OPO if path.endswith("opo") else OPOCO) | fields).items() if value}
        before = wire.state_hash
        refused = await ask(wire, "POST", path, **given)
        assert refused["code"] == code, refused
        assert message in (None, refused["msg"])
        assert wire.state_hash == before
        async with SocketClient(wire, "/ws-api/v3") as socket:
            answer = await socket.signed(path.replace("orderList/", "orderList.place."), given)
            assert (answer["status"], answer["error"]["code"]) == (400, code)
            assert message in (None, answer["error"]["msg"])

    conversation(tmp_path, talk)


def test_what_the_pending_orders_of_an_opo_need_besides(tmp_path: Path) -> None:
    async def talk(wire: Wire) -> None:
        for fields, code in (
            ({"pendingType": "LIMIT_MAKER"}, -1106),
            ({"pendingType": "MARKET"}, -1106),
            ({"pendingType": "STOP_LOSS_LIMIT"}, -1102),
            ({"pendingIcebergQty": "0.1", "pendingTimeInForce": "IOC"}, -1160),
            ({"pendingStopPrice": "1"}, -1106),
        ):
            assert (await ask(wire, "POST", "orderList/opo", **(OPO | fields)))["code"] == code, fields
        for fields, code in (
            ({"pendingAboveType": "STOP_LOSS", "pendingAboveStopPrice": "1", "pendingAbovePrice": ""}, -1197),
            ({"pendingBelowStopPrice": "700"}, -2010),
        ):
            given = {name: value for name, value in (OPOCO | fields).items() if value}
            assert (await ask(wire, "POST", "orderList/opoco", **given))["code"] == code, fields

    conversation(tmp_path, talk)


@pytest.mark.parametrize(
    ("off", "opo", "opoco"),
    [
        (2048, "OPO orders are not supported for this symbol.", "OPO orders are not supported for this symbol."),
        (256, "OPO orders are not supported for this symbol.", "OPO orders are not supported for this symbol."),
        (128, "", "OCO orders are not supported for this symbol"),
    ],
)
def test_an_operator_switches_them_off_in_a_market(tmp_path: Path, off: int, opo: str, opoco: str) -> None:
    async def talk(wire: Wire) -> None:
        info = (await wire.ask("GET", "/api/v3/exchangeInfo?symbol=BNBUSDT")).json()["symbols"][0]
        assert (info["otoAllowed"], info["opoAllowed"], info["ocoAllowed"]) == (True, True, True)
        await wire.submit(SetFeatures(0, 3, off))
        info = (await wire.ask("GET", "/api/v3/exchangeInfo?symbol=BNBUSDT")).json()["symbols"][0]
        assert (info["otoAllowed"], info["opoAllowed"], info["ocoAllowed"]) == (off != 256, off != 2048, off != 128)
        for path, fields, message in (("orderList/opo", OPO, opo), ("orderList/opoco", OPOCO, opoco)):
            answer = await ask(wire, "POST", path, **fields)
            assert answer.get("msg", "") == message
            assert answer.get("code", -2010) == -2010

    conversation(tmp_path, talk)


def test_the_web_socket_api_places_both(tmp_path: Path) -> None:
    async def talk(wire: Wire) -> None:
        async with SocketClient(wire, "/ws-api/v3") as socket:
            for method, fields, legs in (("opo", OPO, 2), ("opoco", OPOCO, 3)):
                answer = await socket.signed(f"orderList.place.{method}", fields | {"newOrderRespType": "RESULT"})
                assert answer["status"] == 200, answer
                reports = answer["result"]["orderReports"]
                assert [report["status"] for report in reports] == ["NEW", *["PENDING_NEW"] * (legs - 1)]
                assert all("origQty" not in report for report in reports[1:])
                counts = [each["count"] for each in answer["rateLimits"] if each["rateLimitType"] == "ORDERS"]
                assert counts
        open_lists = await ask(wire, "GET", "openOrderList")
        assert [(each["contingencyType"], len(each["orders"])) for each in open_lists] == [("OTO", 2), ("OTO", 3)]

    conversation(tmp_path, talk)


def test_the_documents_have_both_and_not_what_they_do_not_take(tmp_path: Path) -> None:
    async def talk(wire: Wire) -> None:
        rest = (await wire.ask("GET", "/openapi.json")).json()["paths"]
        for kind in ("opo", "opoco"):
            rows = {row["name"]: row for row in rest[f"/api/v3/orderList/{kind}"]["post"]["parameters"]}
            assert rows["workingQuantity"]["required"]
            assert "pendingQuantity" not in rows
            assert "pendingQuantity" in {row["name"] for row in rest["/api/v3/orderList/oto"]["post"]["parameters"]}
        socket = (await wire.ask("GET", "/asyncapi.json")).text
        assert '"orderList.place.opo"' in socket
        assert '"orderList.place.opoco"' in socket
        assert "orderList/opoco" in (await wire.ask("GET", "/docs/rest")).text

    conversation(tmp_path, talk)
