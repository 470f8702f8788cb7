"""Self-trade mode TRANSFER over the wire: two accounts of a trade group, no trade, and yet the coins move."""

import asyncio
from pathlib import Path

from exchange.core import queries
from exchange.messages.accounts import SetAccount
from exchange.messages.markets import SetFilters
from exchange.ops import demo
from exchange.projections.updates import BalanceUpdate
from tests.api.wire import TRADER, open_wire

SYMBOL = [("symbol", "BNBUSDT")]


def test_two_accounts_of_a_group_hand_over_what_they_would_have_traded(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_wire(tmp_path) as wire:
            state = wire.exchange.engine.state
            other = await demo.open_person(wire.exchange, TRADER + 5, demo.READ_AND_TRADE, demo.PURSE)
            for account in (16, 18):
                await wire.submit(SetAccount(0, account, 1, 0, 7))
            found = queries.filters(state, 3)
            values = {name: found[name] for name in SetFilters.__struct_fields__[2:]}
            await wire.submit(SetFilters(0, 3, **values | {"allowed_self_trade": 124}))
            info = (await wire.ask("GET", "/api/v3/exchangeInfo?symbol=BNBUSDT")).json()
            assert "TRANSFER" in info["symbols"][0]["allowedSelfTradePreventionModes"]
            wire.exchange.projections.users.watched = None
            order = [*SYMBOL, ("type", "LIMIT"), ("timeInForce", "GTC"), ("quantity", "2"), ("price", "600")]
            order += [("selfTradePreventionMode", "TRANSFER")]
            before = {account: {n: f + h for n, f, h in queries.balances(state, account)} for account in (16, 18)}
            sold = await wire.signed("POST", "/api/v3/order", [*order, ("side", "SELL")], other)
            assert sold.json()["status"] == "NEW", sold.text
            bought = (await wire.signed("POST", "/api/v3/order", [*order, ("side", "BUY")])).json()
            assert bought["status"] == "EXPIRED_IN_MATCH"
            assert (bought["executedQty"], bought["fills"]) == ("0.00000000", [])
            told = [each for each in wire.exchange.projections.users.events if isinstance(each, BalanceUpdate)]
            assert {(each.account, each.asset, each.delta) for each in told} == {
                *((16, 4, 2 * 10**8), (18, 4, -2 * 10**8)),
                *((16, 1, -1_200 * 10**8), (18, 1, 1_200 * 10**8)),
            }
            after = {account: {n: f + h for n, f, h in queries.balances(state, account)} for account in (16, 18)}
            for account, sign in ((16, 1), (18, -1)):
                assert after[account]["BNB"] - before[account].get("BNB", 0) == sign * 2 * 10**8
                assert after[account]["USDT"] - before[account]["USDT"] == -sign * 1_200 * 10**8
            matches = await wire.signed(
                "GET", "/api/v3/myPreventedMatches", [*SYMBOL, ("orderId", str(bought["orderId"]))]
            )
            (match,) = matches.json()
            assert (match["selfTradePreventionMode"], match["price"]) == ("TRANSFER", "600.00000000")
            assert match["takerPreventedQuantity"] == match["makerPreventedQuantity"] == "2.00000000"

    asyncio.run(talk())
