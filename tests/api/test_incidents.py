"""What went wrong elsewhere (../shared/incidents.md, tagged wire), one test each, through the wire."""

import asyncio
from decimal import Decimal
from itertools import chain, combinations
from pathlib import Path
from typing import Any

from tests.api.test_sessions import text
from tests.api.wire import ORDER, SocketClient, Wire, open_wire

SYMBOL = ("symbol", "BTCUSDT")
WITH_ITSELF = ("selfTradePreventionMode", "NONE")
OPTIONAL = (
    ("newClientOrderId", "mine"),
    ("strategyId", "7"),
    ("strategyType", "1000000"),
    ("icebergQty", "0.0004"),
    ("newOrderRespType", "FULL"),
    ("recvWindow", "5000.5"),
)
OWN_FIELDS = {"clientOrderId", "strategyId", "strategyType", "icebergQty", "transactTime", "workingTime", "orderId"}
ORDERS, IN_FLIGHT = 300, 30


async def done(wire: Wire, method: str, path: str, *pairs: tuple[str, str]) -> Any:
    answer = await wire.signed(method, path, list(pairs))
    assert answer.status_code == 200, (path, pairs, answer.text)
    return answer.json()


async def balances(wire: Wire) -> dict[str, tuple[str, str]]:
    found = (await done(wire, "GET", "/api/v3/account"))["balances"]
    return {each["asset"]: (each["free"], each["locked"]) for each in found}


def test_incident_2_whatever_subset_of_optional_fields_is_sent_the_same_order_executes(tmp_path: Path) -> None:
    """Orders carrying a client order id were executed otherwise than those without."""
    subsets = list(chain.from_iterable(combinations(OPTIONAL, count) for count in range(len(OPTIONAL) + 1)))

    async def run() -> None:
        async with open_wire(tmp_path) as wire:
            await done(wire, "DELETE", "/api/v3/openOrders", SYMBOL)
            start = await balances(wire)
            shown: list[Any] = []
            prices: set[str] = set()
            for subset in subsets:
                placed = await done(wire, "POST", "/api/v3/order", *ORDER.items(), *subset)
                sold = ORDER | {"side": "SELL", "quantity": "0.0006"}
                taken = await done(wire, "POST", "/api/v3/order", *sold.items(), WITH_ITSELF)
                assert sum(Decimal(each["qty"]) for each in taken["fills"]) == Decimal("0.0006")
                prices |= {each["price"] for each in taken["fills"]}
                ended = await done(wire, "DELETE", "/api/v3/order", SYMBOL, ("orderId", str(placed["orderId"])))
                assert ended["executedQty"] == "0.00060000", (subset, ended)
                asked = dict(subset)
                assert asked.get("newClientOrderId") in (None, placed["clientOrderId"])
                for name in ("strategyId", "strategyType"):
                    assert str(placed.get(name, "")) == asked.get(name, "")
                assert float(placed.get("icebergQty", 0)) == float(asked.get("icebergQty", 0))
                shown.append({name: value for name, value in placed.items() if name not in OWN_FIELDS})
                now = await balances(wire)
                assert {name: locked for name, (_, locked) in now.items()} == {
                    name: locked for name, (_, locked) in start.items()
                }, "nothing stays held"
            assert all(each == shown[0] for each in shown)
            assert prices == {"60000.00000000"}

    asyncio.run(run())


def test_incident_13_no_owner_is_left_with_an_order_that_cannot_be_cancelled(tmp_path: Path) -> None:
    """Cancels of live orders were refused: here each is sent before its order is answered, by the client's name."""

    async def run() -> None:
        async with open_wire(tmp_path, profile="bench") as wire:
            await done(wire, "DELETE", "/api/v3/openOrders", SYMBOL)
            left = 0
            for first in range(0, ORDERS, IN_FLIGHT):
                calls = []
                for number in range(first, first + IN_FLIGHT):
                    name = f"flow-{number}"
                    calls.append(wire.signed("POST", "/api/v3/order", [*ORDER.items(), ("newClientOrderId", name)]))
                    if number % 3:
                        cancel = [SYMBOL, ("origClientOrderId", name)]
                        calls.append(wire.signed("DELETE", "/api/v3/order", cancel))
                answers = await asyncio.gather(*calls)
                assert {answer.status_code for answer in answers} == {200}, [each.text for each in answers]
                left += IN_FLIGHT // 3
            known = await done(wire, "GET", "/api/v3/openOrders", SYMBOL)
            assert len(known) == left
            for order in known:
                named = ("origClientOrderId", order["clientOrderId"])
                assert (await done(wire, "DELETE", "/api/v3/order", SYMBOL, named))["orderId"] == order["orderId"]
            assert await done(wire, "GET", "/api/v3/openOrders") == []
            assert {locked for _, locked in (await balances(wire)).values()} == {"0.00000000"}

    asyncio.run(run())


def test_incident_22_skew_is_told_a_retry_places_nothing_twice_and_no_fill_is_lost_on_reconnect(tmp_path: Path) -> None:
    async def run() -> None:
        async with open_wire(tmp_path) as wire:
            late = await wire.signed("GET", "/api/v3/account", [("timestamp", str(wire.now_ms() - 90_000))])
            assert late.json()["code"] == -1021
            assert abs(int(late.headers["x-clock-skew-ms"]) + 90_000) < 500

            wanted = [*ORDER.items(), ("newClientOrderId", "unknown-outcome"), ("idempotent", "true")]
            first = await done(wire, "POST", "/api/v3/order", *wanted)
            assert await done(wire, "POST", "/api/v3/order", *wanted) == first
            assert len(await done(wire, "GET", "/api/v3/openOrders", SYMBOL)) == 2

            begun = await wire.ask("POST", "/api/v3/userDataStream", headers={"X-MBX-APIKEY": wire.trader["api_key"]})
            listen_key = begun.json()["listenKey"]
            seen: list[Any] = []
            async with SocketClient(wire, f"/ws/{listen_key}") as socket:
                await sell(wire)
                while not fills(seen):
                    seen.append(await socket.received())
            for _ in range(3):
                await sell(wire)
            async with SocketClient(wire, "/ws") as socket:
                asked = {"method": "SUBSCRIBE", "params": [listen_key], "fromSeq": seen[-1]["seq"] + 1, "id": 1}
                await socket.incoming.put(text(asked))
                while len(fills(seen)) < 4 or len({each["seq"] for each in fills(seen)}) < 4:
                    message = await socket.received()
                    if "id" not in message:
                        seen.append(message)
            trades = await done(wire, "GET", "/api/v3/myTrades", SYMBOL)
            assert {each["t"] for each in fills(seen)} == {each["id"] for each in trades}

    asyncio.run(run())


async def sell(wire: Wire) -> None:
    """A trade with an order of its own that rests."""
    sold = ORDER | {"side": "SELL", "quantity": "0.0002"}
    assert (await done(wire, "POST", "/api/v3/order", *sold.items(), WITH_ITSELF))["status"] == "FILLED"


def fills(events: list[Any]) -> list[Any]:
    return [each for each in events if each.get("e") == "executionReport" and each["x"] == "TRADE"]
