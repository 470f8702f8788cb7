"""The dead man's switch over the wire."""

import asyncio
from pathlib import Path

from tests.api.wire import open_wire

PATH = "/api/v3/countdownCancelAll"


def test_orders_go_when_nothing_is_heard_and_stay_while_it_is_said_again(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_wire(tmp_path) as wire:

            async def is_open() -> bool:
                found = await wire.signed("GET", "/api/v3/openOrders", [("symbol", "BTCUSDT")])
                return bool(found.json())

            async def say(milliseconds: str) -> None:
                answer = await wire.signed("POST", PATH, [("symbol", "BTCUSDT"), ("countdownTime", milliseconds)])
                assert answer.json() == {"symbol": "BTCUSDT", "countdownTime": milliseconds}

            assert await is_open()
            await say("60000")
            await say("0")
            assert not wire.exchange.engine.state.timers
            await say("60000")
            assert await is_open()
            await say("50")
            for _ in range(200):
                await asyncio.sleep(0.05)
                if not await is_open():
                    break
            ended = await wire.signed("GET", "/api/v3/order", [("symbol", "BTCUSDT"), ("origClientOrderId", "known")])
            assert ended.json()["status"] == "CANCELED"

    asyncio.run(talk())
