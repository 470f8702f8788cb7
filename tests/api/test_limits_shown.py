"""Limits over all markets and of assets: an operator sets them: exchangeInfo and myFilters show them."""

import asyncio
from pathlib import Path
from typing import Any

from exchange.messages.limitations import SetAssetLimit, SetExchangeLimits, SetMinNotional
from tests.api import wire
from tests.api.wire import ORDER, Wire


def test_limits_are_shown_where_they_are_set_and_refuse_by_their_names(tmp_path: Path) -> None:
    async def filters(venue: Wire) -> Any:
        return (await venue.signed("GET", "/api/v3/myFilters", [("symbol", "BTCUSDT")])).json()

    async def refusal(venue: Wire, **fields: str) -> Any:
        return (await venue.signed("POST", "/api/v3/order", list((ORDER | fields).items()))).json().get("msg")

    async def run() -> None:
        async with wire.open_wire(tmp_path) as venue:
            before = await filters(venue)
            assert before["exchangeFilters"] == before["assetFilters"] == []
            await venue.submit(SetMinNotional(0, 1, 100_000_000_000))
            assert await refusal(venue) == "Filter failure: MIN_NOTIONAL"
            await venue.submit(SetMinNotional(0, 1, 0))
            await venue.submit(SetExchangeLimits(0, 1))
            assert await refusal(venue) == "Filter failure: EXCHANGE_MAX_NUM_ORDERS"
            await venue.submit(SetAssetLimit(0, 1, 1_000_000))
            await venue.submit(SetAssetLimit(0, 2, 1_000_000))
            assert await refusal(venue) == "Filter failure: MAX_ASSET"
            found = await filters(venue)
            assert found["exchangeFilters"] == [{"filterType": "EXCHANGE_MAX_NUM_ORDERS", "maxNumOrders": 1}]
            assert {each["asset"] for each in found["assetFilters"]} == {"BTC", "USDT"}
            shown = (await venue.ask("GET", "/api/v3/exchangeInfo")).json()
            assert shown["exchangeFilters"] == found["exchangeFilters"]

    asyncio.run(run())
