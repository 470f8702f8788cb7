"""The wallet's reads that say what things are worth, and those of what does not happen here."""

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

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
