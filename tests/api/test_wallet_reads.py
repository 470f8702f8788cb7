"""The wallet's reads that say what things are worth, and those of what does not happen here."""

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from exchange.api import inspection
from exchange.api.errors import WireError
from tests.api.wire import ORDER, SocketClient, Wire, open_wire, refusal


async def deal(wire: Wire, symbol: str, price: str, quantity: str) -> None:
    """A trade of the trader with itself, at a price."""
    for side, status in (("BUY", "NEW"), ("SELL", "FILLED")):
        terms = ORDER | {"symbol": symbol, "side": side, "price": price, "quantity": quantity}
        answer = await wire.signed("POST", "/api/v3/order", [*terms.items(), ("selfTradePreventionMode", "NONE")])
        assert (answer.status_code, answer.json().get("status")) == (200, status), answer.text


async def read(wire: Wire, path: str, method: str = "GET", **parameters: str) -> Any:
    answer = await wire.signed(method, path, list(parameters.items()))
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_worth_goes_over_the_markets_between_two_assets(tmp_path: Path) -> None:
    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire:
            assert (await wire.signed("DELETE", "/api/v3/openOrders", [("symbol", "BTCUSDT")])).status_code == 200
            held = {each["asset"]: each for each in await read(wire, "/sapi/v3/asset/getUserAsset", "POST")}
            assert {each["btcValuation"] for each in held.values()} == {"0"}
            (wallet,) = await read(wire, "/sapi/v1/asset/wallet/balance")
            assert wallet == {"activate": True, "balance": f"{Decimal(held['BTC']['free']):.8f}", "walletName": "Spot"}
            await deal(wire, "BTCUSDT", "50000", "0.002")
            await deal(wire, "BNBUSDT", "500", "0.02")
            found = await read(wire, "/sapi/v3/asset/getUserAsset", "POST", needBtcValuation="true")
            worth = {each["asset"]: each["btcValuation"] for each in found}
            total = {each["asset"]: Decimal(each["free"]) + Decimal(each["locked"]) for each in found}
            assert Decimal(worth["BTC"]) == total["BTC"]
            assert worth["USDT"] == f"{(total['USDT'] / 50_000 - Decimal('0.000000005')):.8f}"
            assert Decimal(worth["BNB"]) == total["BNB"] / 100, "over two markets"
            assert worth["SOL"] == "0", "nobody has traded it"
            (wallet,) = await read(wire, "/sapi/v1/asset/wallet/balance", quoteAsset="USDT")
            expected = total["USDT"] + 50_000 * total["BTC"] + 500 * total["BNB"]
            assert abs(Decimal(wallet["balance"]) - expected) < Decimal("0.0001")
            refused = await wire.signed("GET", "/sapi/v1/asset/wallet/balance", [("quoteAsset", "NOTHING")])
            assert refusal(refused)["code"] == -1130

    asyncio.run(ask_all())


def test_what_does_not_happen_here_is_empty(tmp_path: Path) -> None:
    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire:
            assert await read(wire, "/sapi/v1/asset/transfer", type="MAIN_FUNDING") == {"total": 0, "rows": []}
            assert await read(wire, "/sapi/v1/capital/withdraw/quota") == {"wdQuota": "0", "usedWdQuota": "0"}
            assert await read(wire, "/sapi/v1/capital/withdraw/address/list") == []
            assert refusal(await wire.signed("GET", "/sapi/v1/asset/transfer", []))["code"] == -1102

    asyncio.run(ask_all())


def test_orders_are_not_routed_between_markets(tmp_path: Path) -> None:
    routed = list(ORDER.items())
    refusals = (
        (routed, -2010, "SOR orders are not supported for this symbol."),
        ([*routed[1:], ("symbol", "NOTHING")], -1121, "Invalid symbol."),
        ([*routed, ("quoteOrderQty", "100")], -1104, ""),
        ([(name, value) for name, value in routed if name != "price"], -1102, ""),
        ([(name, "STOP_LOSS" if name == "type" else value) for name, value in routed], -1014, ""),
    )

    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire, SocketClient(wire, "/ws-api/v3") as socket:
            assert "sors" not in (await wire.ask("GET", "/api/v3/exchangeInfo")).json()
            before = wire.state_hash
            for path, method in (("order", "place"), ("order/test", "test")):
                for pairs, code, message in refusals:
                    for body in (
                        refusal(await wire.signed("POST", f"/api/v3/sor/{path}", list(pairs))),
                        (await socket.signed(f"sor.order.{method}", dict(pairs)))["error"],
                    ):
                        assert body["code"] == code, (path, pairs, body)
                        assert not message or body["msg"] == message
            assert wire.state_hash == before

    asyncio.run(ask_all())


NS_PER_DAY = 86_400 * 10**9


def test_an_account_is_shown_as_days_left_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire:
            now_ns = wire.exchange.context.now_ns()
            today = now_ns // NS_PER_DAY
            empty = {"code": 200, "msg": "", "snapshotVos": []}
            assert await read(wire, "/sapi/v1/accountSnapshot", type="SPOT") == empty, "no day is over yet"
            await deal(wire, "BTCUSDT", "50000", "0.002")
            monkeypatch.setattr(wire.exchange.context, "now_ns", lambda: (today + 2) * NS_PER_DAY + 61 * 10**9)
            late = str((today + 2) * 86_400_000 + 61_000)

            async def days(**parameters: str) -> list[Any]:
                pairs = [*({"type": "SPOT"} | parameters).items(), ("timestamp", late)]
                answer = await wire.signed("GET", "/sapi/v1/accountSnapshot", pairs)
                assert answer.status_code == 200, answer.text
                shown: list[Any] = answer.json()["snapshotVos"]
                return shown

            first, second = await days()
            account = (await wire.signed("GET", "/api/v3/account", [("timestamp", late)])).json()
            assert first["data"]["balances"] == account["balances"]
            all_of_it = {each["asset"]: Decimal(each["free"]) + Decimal(each["locked"]) for each in account["balances"]}
            worth = all_of_it["BTC"] + all_of_it["USDT"] / 50_000
            assert abs(Decimal(first["data"]["totalAssetOfBtc"]) - worth) < Decimal("0.00000002")
            assert (first["type"], first["updateTime"]) == ("spot", (today + 1) * 86_400_000 - 1000)
            # What is over stays as it is: nothing is replayed again.
            monkeypatch.delattr(inspection, "replayed")
            assert await days(limit="1") == [second]
            assert await days(endTime=str(first["updateTime"])) == [first]
            assert await days(startTime=str(first["updateTime"] + 1)) == [second]
            assert await days(startTime=str(first["updateTime"]), limit="1") == [first]
            assert await days(type="MARGIN") == []
            assert second == first | {"updateTime": (today + 2) * 86_400_000 - 1000}

    asyncio.run(ask_all())


@pytest.mark.parametrize(
    ("values", "days"),
    [
        ({}, range(93, 100)),
        ({"limit": 30}, range(70, 100)),
        ({"startTime": 0, "limit": 30}, range(70, 100)),
        ({"startTime": 98 * NS_PER_DAY}, range(98, 100)),
        ({"startTime": 99 * NS_PER_DAY - 10**9}, range(98, 100)),
        ({"startTime": 99 * NS_PER_DAY - 10**9 + 1}, range(99, 100)),
        ({"endTime": 99 * NS_PER_DAY - 10**9}, range(92, 99)),
        ({"endTime": 99 * NS_PER_DAY - 10**9 - 1}, range(91, 98)),
        ({"startTime": 80 * NS_PER_DAY, "endTime": 90 * NS_PER_DAY, "limit": 3}, range(80, 83)),
        ({"endTime": 10 * NS_PER_DAY}, range(0)),
        ({"startTime": 101 * NS_PER_DAY}, range(0)),
    ],
)
def test_days_are_chosen_of_those_that_are_over(values: dict[str, int], days: range) -> None:
    defaults = {"startTime": None, "endTime": None, "limit": 7}
    for now_ns in (100 * NS_PER_DAY + 60 * 10**9, 101 * NS_PER_DAY + 59 * 10**9):
        assert list(inspection.days_of(defaults | values, now_ns)) == list(days)


def test_replays_take_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running: list[str] = []

    async def replayed(module: str, arguments: list[str]) -> str:
        running.append(module)
        assert len(running) == 1
        await asyncio.sleep(0)
        running.pop()
        return module

    async def ask_all() -> None:
        replays = inspection.Replays(tmp_path)
        assert await asyncio.gather(*[replays.run(name) for name in "abc"]) == ["a", "b", "c"]

    monkeypatch.setattr(inspection, "replayed", replayed)
    asyncio.run(ask_all())


def test_no_more_than_a_month_between_two_times() -> None:
    with pytest.raises(WireError, match="More than 720 hours"):
        inspection.days_of({"startTime": 1, "endTime": 2 + 30 * NS_PER_DAY, "limit": 7}, 100 * NS_PER_DAY)
