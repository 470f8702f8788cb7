"""Cancel on disconnect: who asked for it loses its orders with its connection, and with the venue."""

import asyncio
from pathlib import Path
from typing import Any

from exchange.core import queries
from exchange.messages.disconnects import ArmSession
from tests.api import wire
from tests.api.wire import ORDER, SocketClient, Wire


async def own_orders(venue: Wire) -> list[Any]:
    found: list[Any] = (await venue.signed("GET", "/api/v3/openOrders", [("symbol", "BTCUSDT")])).json()
    return found


async def until_none(venue: Wire) -> list[Any]:
    for _ in range(100):
        if not await own_orders(venue):
            break
        await asyncio.sleep(0.02)
    return await own_orders(venue)


def test_a_session_that_asked_for_it_takes_its_orders_along_and_no_other(tmp_path: Path) -> None:
    async def run() -> None:
        async with wire.open_wire(tmp_path) as venue:
            async with SocketClient(venue, "/ws-api/v3") as socket:
                answer = await socket.signed("session.cancelOnDisconnect", {"enabled": True})
                assert answer["result"] == {"cancelOnDisconnect": True}, answer
                assert (await socket.signed("session.cancelOnDisconnect", {"enabled": True}))["status"] == 200
                assert len(queries.armed_sessions(venue.exchange.engine.state)) == 1, "twice is as once"
                assert (await socket.signed("session.cancelOnDisconnect", {"enabled": False}))["status"] == 200
                assert queries.armed_sessions(venue.exchange.engine.state) == []
            await asyncio.sleep(0.1)
            assert len(await own_orders(venue)) == 1, "switched off again: the order stays"
            async with SocketClient(venue, "/ws-api/v3") as socket:
                await socket.signed("session.cancelOnDisconnect", {"enabled": True})
                placed = await socket.signed("order.place", dict(ORDER))
                assert placed["status"] == 200
                assert len(await own_orders(venue)) == 2
            assert await until_none(venue) == []
            found = [("symbol", "BTCUSDT"), ("orderId", str(placed["result"]["orderId"]))]
            assert (await venue.signed("GET", "/api/v3/order", found)).json()["status"] == "CANCELED"
            assert queries.armed_sessions(venue.exchange.engine.state) == []

    asyncio.run(run())


def test_a_session_that_was_armed_at_a_crash_is_lost_at_the_next_start(tmp_path: Path) -> None:
    async def run() -> None:
        async with wire.open_wire(tmp_path) as venue:
            order = (await own_orders(venue))[0]
            owner = venue.exchange.projections.users.order(order["orderId"])
            assert owner is not None
            await venue.submit(ArmSession(0, owner.account))
            assert len(queries.armed_sessions(venue.exchange.engine.state)) == 1
            await venue.exchange.end_lost_sessions()
            assert await own_orders(venue) == []
            assert queries.armed_sessions(venue.exchange.engine.state) == []

    asyncio.run(run())
