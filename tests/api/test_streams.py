"""Streams, where what one client subscribes to could touch another."""

import asyncio
from pathlib import Path
from typing import Any

from tests.api.wire import ORDER, SocketClient, Wire, open_wire


async def trade(wire: Wire) -> None:
    """One trade at 60,000, with the order that rests there."""
    terms = [(name, value) for name, value in ORDER.items() if name != "side"]
    pairs = [*terms, ("side", "SELL"), ("selfTradePreventionMode", "NONE")]
    response = await wire.signed("POST", "/api/v3/order", pairs)
    assert response.json()["status"] == "FILLED", response.text


async def received(socket: SocketClient) -> Any:
    async with asyncio.timeout(5):
        return await socket.outgoing.get()


def test_candles_come_to_everybody_however_the_same_stream_is_written(tmp_path: Path) -> None:
    names = ("btcusdt@kline_1m", "btcusdt@kline_1m@+00:00", "BTCUSDT@kline_1m", "btcusdt@kline_1m@+99:99")

    async def ask_all() -> None:
        async with (
            open_wire(tmp_path) as wire,
            SocketClient(wire, f"/ws/{names[0]}") as plain,
            SocketClient(wire, f"/ws/{names[1]}") as with_zone,
            SocketClient(wire, f"/ws/{names[2]}") as upper,
            SocketClient(wire, f"/ws/{names[3]}") as nonsense,
        ):
            feeding = asyncio.create_task(wire.exchange.feed.run())
            await trade(wire)
            first, second = await received(plain), await received(with_zone)
            feeding.cancel()
            assert first == second
            assert '"c":"60000.00000000"' in first["text"]
            assert upper.outgoing.empty()
            assert nonsense.outgoing.empty()

    asyncio.run(ask_all())
