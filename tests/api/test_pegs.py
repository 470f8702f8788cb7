"""Pegged orders as Binance's wire has them: what is shown of them wherever an order is shown, and who has none."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from exchange.messages.auctions import SetFeatures
from exchange.messages.limits import Rule
from exchange.messages.system import ActivateRule
from exchange.runtime import recovery
from tests.api import wire
from tests.api.wire import SocketClient, Wire

PEGS_OFF = 1024
UNSUPPORTED = {"code": -2010, "msg": "Pegged orders are not supported for this symbol."}
BUY = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01"}
SECOND_BID = {"pegPriceType": "PRIMARY_PEG", "pegOffsetType": "PRICE_LEVEL", "pegOffsetValue": "1"}
SECOND_SHOWN = {"pegPriceType": "PRIMARY_PEG", "pegOffsetType": "PRICE_LEVEL", "pegOffsetValue": 1}
Talk = Callable[[Wire], Awaitable[None]]


def conversation(tmp_path: Path, talk: Talk) -> None:
    """With bids at 60,000, 59,000 and 58,000, asks at 70,000 and 71,000, and one trade at 65,000."""

    async def run() -> None:
        async with wire.open_wire(tmp_path) as venue:
            for side in ("SELL", "BUY"):
                await place(venue, side=side, price="65000", selfTradePreventionMode="NONE")
            for side, price in (("BUY", "59000"), ("BUY", "58000"), ("SELL", "70000"), ("SELL", "71000")):
                await place(venue, side=side, price=price)
            await talk(venue)

    asyncio.run(run())


async def ask(venue: Wire, method: str, path: str, **fields: str) -> Any:
    return (await venue.signed(method, f"/api/v3/{path}", list(fields.items()))).json()


async def place(venue: Wire, **fields: str) -> dict[str, Any]:
    body: dict[str, Any] = await ask(venue, "POST", "order", **(BUY | fields))
    assert "code" not in body, body
    return body


def pegs_of(view: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in view.items() if name.startswith("peg")}


async def listen(venue: Wire) -> list[Any]:
    """What the trader is told from now on."""
    await venue.client.post("/api/v3/userDataStream", headers={"X-MBX-APIKEY": venue.trader["api_key"]})
    account = next(iter(venue.exchange.user_data.listen_keys.values()))[0]
    told: list[Any] = []
    venue.exchange.user_data.listen(account, (1, 1), lambda encode: told.append(orjson.loads(encode(1_000_000))))
    return told


def reports(told: list[Any], order_id: int) -> list[dict[str, Any]]:
    names = ("x", "p", "gP", "gOT", "gOV", "gp")
    return [
        {name: event[name] for name in names if name in event}
        for event in told
        if event["e"] == "executionReport" and event["i"] == order_id
    ]


def test_a_pegged_order_shows_the_sent_price_and_the_taken_one_wherever_it_is_shown(tmp_path: Path) -> None:
    async def talk(venue: Wire) -> None:
        told = await listen(venue)
        placed = await place(venue, **SECOND_BID, newClientOrderId="pegged")
        shown = SECOND_SHOWN | {"peggedPrice": "59000.00000000"}
        assert (placed["price"], placed["status"], pegs_of(placed)) == ("0.00000000", "NEW", shown)
        named = {"symbol": "BTCUSDT", "orderId": str(placed["orderId"])}
        for found in (
            await ask(venue, "GET", "order", **named),
            (await ask(venue, "GET", "openOrders", symbol="BTCUSDT"))[-1],
            (await ask(venue, "GET", "allOrders", symbol="BTCUSDT"))[-1],
        ):
            assert (found["price"], pegs_of(found)) == ("0.00000000", shown)
        book = (await venue.ask("GET", "/api/v3/depth?symbol=BTCUSDT")).json()
        assert book["bids"][1] == ["59000.00000000", "0.02000000"]
        amended = await ask(venue, "PUT", "order/amend/keepPriority", **named, newQty="0.005")
        assert amended["amendedOrder"]["price"] == "0.00000000"
        assert pegs_of(amended["amendedOrder"]) == shown
        canceled = await ask(venue, "DELETE", "order", **named)
        assert (canceled["price"], pegs_of(canceled)) == ("0.00000000", shown)
        closed = await ask(venue, "GET", "order", **named)
        assert (closed["status"], closed["price"], pegs_of(closed)) == ("CANCELED", "0.00000000", shown)
        letters = {"p": "0.00000000", "gP": "PRIMARY_PEG", "gOT": "PRICE_LEVEL", "gOV": 1, "gp": "59000.00000000"}
        executions = [{"x": execution, **letters} for execution in ("NEW", "REPLACED", "CANCELED")]
        assert reports(told, placed["orderId"]) == executions

    conversation(tmp_path, talk)


def test_a_price_that_is_sent_is_shown_and_the_order_trades_at_the_pegged_one(tmp_path: Path) -> None:
    async def talk(venue: Wire) -> None:
        told = await listen(venue)
        mode = {"selfTradePreventionMode": "NONE"}
        placed = await place(venue, price="61000", timeInForce="IOC", pegPriceType="MARKET_PEG", **mode)
        assert (placed["price"], placed["status"]) == ("61000.00000000", "FILLED")
        assert pegs_of(placed) == {"pegPriceType": "MARKET_PEG", "peggedPrice": "70000.00000000"}
        assert [fill["price"] for fill in placed["fills"]] == ["70000.00000000"]
        letters = {"p": "61000.00000000", "gP": "MARKET_PEG", "gp": "70000.00000000"}
        assert reports(told, placed["orderId"]) == [{"x": "NEW", **letters}, {"x": "TRADE", **letters}]

    conversation(tmp_path, talk)


def test_a_pegged_stop_takes_its_price_when_it_is_triggered(tmp_path: Path) -> None:
    async def talk(venue: Wire) -> None:
        told = await listen(venue)
        stop = {"type": "STOP_LOSS_LIMIT", "stopPrice": "69000", "pegPriceType": "PRIMARY_PEG"}
        placed = await place(venue, **stop, newOrderRespType="RESULT")
        assert (placed["price"], placed["workingTime"]) == ("0.00000000", -1)
        assert pegs_of(placed) == {"pegPriceType": "PRIMARY_PEG", "peggedPrice": "0.00000000"}
        await place(venue, side="BUY", price="70000", quantity="0.001", selfTradePreventionMode="NONE")
        found = await ask(venue, "GET", "order", symbol="BTCUSDT", orderId=str(placed["orderId"]))
        assert (found["price"], found["isWorking"]) == ("0.00000000", True)
        assert found["peggedPrice"] == "60000.00000000"
        prices = [(each["x"], each["gp"]) for each in reports(told, placed["orderId"])]
        assert prices == [("NEW", "0.00000000"), ("NEW", "60000.00000000")]

    conversation(tmp_path, talk)


def test_a_pegged_stop_that_finds_no_price_expires_and_says_why(tmp_path: Path) -> None:
    async def talk(venue: Wire) -> None:
        told = await listen(venue)
        placed = await place(venue, type="STOP_LOSS_LIMIT", stopPrice="69000", **(SECOND_BID | {"pegOffsetValue": "9"}))
        await place(venue, side="BUY", price="70000", quantity="0.001", selfTradePreventionMode="NONE")
        found = await ask(venue, "GET", "order", symbol="BTCUSDT", orderId=str(placed["orderId"]))
        assert (found["status"], found["expiryReason"], found["isWorking"]) == ("EXPIRED", "REJECTED", False)
        assert [each["x"] for each in reports(told, placed["orderId"])] == ["NEW", "EXPIRED"]
        ended = next(each for each in told if each.get("i") == placed["orderId"] and each["x"] == "EXPIRED")
        assert (ended["eR"], ended["w"], ended["gp"]) == ("REJECTED", False, "0.00000000")

    conversation(tmp_path, talk)


def test_legs_of_lists_and_replacements_are_pegged_too(tmp_path: Path) -> None:
    async def talk(venue: Wire) -> None:
        oco = {
            "symbol": "BTCUSDT",
            "side": "SELL",
            "quantity": "0.01",
            "aboveType": "LIMIT_MAKER",
            "abovePegPriceType": "PRIMARY_PEG",
            "abovePegOffsetType": "PRICE_LEVEL",
            "abovePegOffsetValue": "1",
            "belowType": "STOP_LOSS_LIMIT",
            "belowStopPrice": "61000",
            "belowTimeInForce": "GTC",
            "belowPegPriceType": "MARKET_PEG",
            "newOrderRespType": "RESULT",
        }
        above, below = (await ask(venue, "POST", "orderList/oco", **oco))["orderReports"]
        assert (above["price"], above["peggedPrice"]) == ("0.00000000", "71000.00000000")
        assert (below["price"], below["peggedPrice"]) == ("0.00000000", "0.00000000")
        oto = {
            "symbol": "BTCUSDT",
            "workingType": "LIMIT",
            "workingSide": "BUY",
            "workingQuantity": "0.01",
            "workingTimeInForce": "GTC",
            "workingPegPriceType": "PRIMARY_PEG",
            "pendingSide": "SELL",
            "pendingQuantity": "0.01",
            "pendingType": "LIMIT_MAKER",
            "pendingPegPriceType": "PRIMARY_PEG",
            "newOrderRespType": "RESULT",
        }
        working, pending = (await ask(venue, "POST", "orderList/oto", **oto))["orderReports"]
        assert (working["price"], working["peggedPrice"]) == ("0.00000000", "60000.00000000")
        assert (pending["status"], pending["peggedPrice"]) == ("PENDING_NEW", "0.00000000")
        bare = {name: value for name, value in oto.items() if name != "workingPegPriceType"}
        refused = await ask(venue, "POST", "orderList/oto", **bare)
        missing = "Mandatory parameter 'workingPrice' was not sent, was empty/null, or malformed."
        assert refused == {"code": -1102, "msg": missing}
        wrong = await ask(venue, "POST", "orderList/oco", **(oco | {"abovePegPriceType": "MARKET_PEG"}))
        assert wrong == {"code": -2010, "msg": "This price peg cannot be used with this order type."}
        named = {"cancelOrigClientOrderId": "known", "cancelReplaceMode": "STOP_ON_FAILURE"}
        both = await ask(venue, "POST", "order/cancelReplace", **BUY, **SECOND_BID, **named)
        new = both["newOrderResponse"]
        # The working order of the list is at 60,000 still, the one that was there before is gone.
        assert (new["price"], new["peggedPrice"]) == ("0.00000000", "59000.00000000")

    conversation(tmp_path, talk)


def test_a_pegged_order_by_websocket(tmp_path: Path) -> None:
    async def talk(venue: Wire) -> None:
        async with SocketClient(venue, "/ws-api/v3") as socket:
            answer = await socket.signed("order.place", BUY | SECOND_BID | {"pegOffsetValue": 2})
            assert pegs_of(answer["result"]) == SECOND_SHOWN | {"pegOffsetValue": 2, "peggedPrice": "58000.00000000"}
            tested = await socket.signed("order.test", BUY | {"pegPriceType": "WORST_PEG"})
            assert tested["error"] == {"code": -1210, "msg": "Invalid pegPriceType."}

    conversation(tmp_path, talk)


async def is_offered(venue: Wire) -> bool:
    shown = (await venue.ask("GET", "/api/v3/exchangeInfo?symbol=BTCUSDT")).json()["symbols"][0]
    return bool(shown["pegInstructionsAllowed"])


def test_an_operator_switches_pegs_off_in_a_market(tmp_path: Path) -> None:
    async def talk(venue: Wire) -> None:
        assert await is_offered(venue)
        await venue.submit(SetFeatures(0, 1, PEGS_OFF))
        assert not await is_offered(venue)
        refused = await ask(venue, "POST", "order", **BUY, pegPriceType="PRIMARY_PEG")
        assert refused == UNSUPPORTED
        await place(venue, price="50000")
        await venue.submit(SetFeatures(0, 1, 0))
        await place(venue, pegPriceType="PRIMARY_PEG")

    conversation(tmp_path, talk)


def test_a_venue_from_before_there_were_pegs_offers_them_once_the_rule_is_activated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "RULES_AT_GENESIS", [Rule.SPOT, Rule.MARKET_EMPTIED])

    async def talk(venue: Wire) -> None:
        assert not await is_offered(venue)
        assert await ask(venue, "POST", "order", **BUY, pegPriceType="PRIMARY_PEG") == UNSUPPORTED
        await venue.submit(ActivateRule(0, Rule.PEGS))
        assert await is_offered(venue)
        await place(venue, pegPriceType="PRIMARY_PEG")

    conversation(tmp_path, talk)
