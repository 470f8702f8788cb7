"""What an account pays, over the wire: rates, specials, taxes, the discount asset, shares of who referred it."""

import asyncio
from pathlib import Path
from typing import Any

from exchange.messages import fees, markets
from exchange.messages.transfers import Credit
from exchange.projections.updates import BalanceUpdate
from tests.api.wire import Wire, open_wire, refusal

MARKET = [("symbol", "BNBUSDT")]
BNB = 4
TRADER_ACCOUNT, READER_ACCOUNT = 16, 17


async def trade(wire: Wire, last: str = "BUY") -> dict[str, Any]:
    """The trader sells 1 BNB at 600 to itself; the answer of the order that comes last, and takes."""
    first = "SELL" if last == "BUY" else "BUY"
    order = [*MARKET, ("type", "LIMIT"), ("timeInForce", "GTC"), ("quantity", "1"), ("price", "600")]
    order += [("selfTradePreventionMode", "NONE")]
    assert (await wire.signed("POST", "/api/v3/order", [*order, ("side", first)])).status_code == 200
    answer = await wire.signed("POST", "/api/v3/order", [*order, ("side", last), ("newOrderRespType", "FULL")])
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def four(maker: str, taker: str, buyer: str = "0.00000000", seller: str = "0.00000000") -> dict[str, str]:
    return {"maker": maker, "taker": taker, "buyer": buyer, "seller": seller}


def test_commissions_are_shown_as_they_are_charged(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_wire(tmp_path) as wire:
            await wire.submit(Credit(0, "bnb", TRADER_ACCOUNT, BNB, 10 * 10**8))
            await wire.submit(markets.SetFees(0, 3, 1, 100, 500))
            await wire.submit(fees.SetExtraFees(0, 1, 3, TRADER_ACCOUNT, -50, 200, 10, 0))
            await wire.submit(fees.SetExtraFees(0, 2, 3, 0, 0, 0, 0, 30))
            before = (await wire.signed("GET", "/api/v3/account/commission", MARKET)).json()
            assert before["standardCommission"] == four("0.00100000", "0.00100000")
            assert before["specialCommission"] == four("-0.00005000", "0.00020000", "0.00001000")
            assert before["taxCommission"] == four("0.00000000", "0.00000000", seller="0.00003000")
            assert before["discount"]["enabledForAccount"] is False
            # A purchase as taker pays 0.1 % + 0.02 % + 0.001 % of 1 BNB.
            assert (await trade(wire))["fills"][0]["commission"] == "0.00121000"
            # 600 USDT of volume: tier 1 from the next trade on.
            await wire.submit(fees.SetVolumeTiers(0, 1, [1_000 * 10**8]))
            assert (await wire.signed("GET", "/api/v3/account/commission", MARKET)).json()[
                "standardCommission"
            ] == four("0.00100000", "0.00100000")
            assert (await trade(wire))["fills"][0]["commission"] == "0.00121000"
            after = (await wire.signed("GET", "/api/v3/account/commission", MARKET)).json()
            assert after["standardCommission"] == four("0.00010000", "0.00050000")
            assert (await wire.signed("GET", "/sapi/v1/account/info", [])).json()["vipLevel"] == 1
            assert (await trade(wire))["fills"][0]["commission"] == "0.00071000"
            test = [*MARKET, ("side", "BUY"), ("type", "MARKET"), ("quantity", "1"), ("computeCommissionRates", "true")]
            tested = (await wire.signed("POST", "/api/v3/order/test", test)).json()
            assert tested["specialCommissionForOrder"] == {"maker": "-0.00004000", "taker": "0.00021000"}
            assert tested["taxCommissionForOrder"] == {"maker": "0.00000000", "taker": "0.00000000"}

    asyncio.run(talk())


def test_an_account_pays_in_the_discount_asset_if_it_says_so(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_wire(tmp_path) as wire:
            await wire.submit(Credit(0, "bnb", TRADER_ACCOUNT, BNB, 10 * 10**8))
            await wire.submit(fees.SetDiscount(0, BNB, 750_000))
            await wire.submit(fees.SetMarketDiscount(0, 3, 1))
            off = {"spotBNBBurn": False, "interestBNBBurn": False}
            assert (await wire.signed("GET", "/sapi/v1/bnbBurn", [])).json() == off
            assert (await trade(wire))["fills"][0]["commissionAsset"] == "BNB"
            turned = await wire.signed("POST", "/sapi/v1/bnbBurn", [("spotBNBBurn", "true")])
            assert turned.json() == off | {"spotBNBBurn": True}
            assert (await wire.signed("POST", "/sapi/v1/bnbBurn", [])).json() == off | {"spotBNBBurn": True}
            shown = (await wire.signed("GET", "/api/v3/account/commission", MARKET)).json()["discount"]
            assert shown == {
                "enabledForAccount": True,
                "enabledForSymbol": True,
                "discountAsset": "BNB",
                "discount": "0.75000000",
            }
            await trade(wire)
            # Who sells receives USDT, and is told at once in what the fee was paid.
            (fill,) = (await trade(wire, "SELL"))["fills"]
            assert (fill["commission"], fill["commissionAsset"]) == ("0.00075000", "BNB")
            sold = (await wire.signed("GET", "/api/v3/myTrades", MARKET)).json()
            # The buyer receives BNB and pays so, the seller 600 USDT × 0.1 % × 0.75 at 600.
            paid = {(each["isBuyer"], each["commission"], each["commissionAsset"]) for each in sold[-2:]}
            assert paid == {(True, "0.00075000", "BNB"), (False, "0.00075000", "BNB")}
            assert {each["commissionAsset"] for each in sold[:2]} == {"BNB", "USDT"}
            refused = await wire.signed("POST", "/sapi/v1/bnbBurn", [("spotBNBBurn", "true")], wire.reader)
            assert refusal(refused)["code"] == -2015
            back = await wire.signed("POST", "/sapi/v1/bnbBurn", [("spotBNBBurn", "false")])
            assert back.json() == off

    asyncio.run(talk())


def test_who_referred_an_account_is_told_of_its_share(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_wire(tmp_path) as wire:
            await wire.submit(Credit(0, "bnb", TRADER_ACCOUNT, BNB, 10 * 10**8))
            await wire.submit(fees.SetReferral(0, TRADER_ACCOUNT, READER_ACCOUNT, 100_000))
            stream = wire.exchange.projections.users
            stream.watched = None
            await trade(wire)
            told = [event for event in stream.events if isinstance(event, BalanceUpdate)]
            assert {(each.account, each.asset, each.delta) for each in told} == {
                (READER_ACCOUNT, BNB, 10_000),
                (READER_ACCOUNT, 1, 6_000_000),
            }
            owned = (await wire.signed("GET", "/api/v3/account", [("omitZeroBalances", "true")], wire.reader)).json()
            assert {(each["asset"], each["free"]) for each in owned["balances"]} == {
                ("USDT", "0.06000000"),
                ("BNB", "0.00010000"),
            }

    asyncio.run(talk())
