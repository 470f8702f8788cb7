"""Local books kept by three clients through heavy flow with forced reconnects: they never differ from the core's."""

import asyncio
import random
import time
from pathlib import Path
from typing import Any

import pytest

from exchange.core import queries
from exchange.messages.orders import Side
from tests.api.test_sessions import text
from tests.api.wire import SocketClient, Wire, open_wire

SPEEDS = ("@100ms", "", "@100ms")
SYMBOL = "BTCUSDT"
MIDDLE = 60_000
ORDERS_A_ROUND = 40


class LocalBook:
    """A book as the reference's §16 has clients keep it: a snapshot, then every diff, without a gap.

    One that resumes takes its stream up by the seq of its last event and needs no snapshot when it comes back.
    """

    def __init__(self, wire: Wire, speed: str, *, resumes: bool) -> None:
        self.wire = wire
        self.stream = f"{SYMBOL.lower()}@depth{speed}"
        self.resumes = resumes
        self.sides: dict[str, dict[str, str]] = {"b": {}, "a": {}}
        self.update_id = self.seq = 0
        self.snapshots = self.events = 0
        self.socket: SocketClient | None = None

    async def connect(self) -> None:
        self.socket = await SocketClient(self.wire, "/ws").__aenter__()
        asked: dict[str, Any] = {"method": "SUBSCRIBE", "params": [self.stream], "id": 1}
        if self.resumes and self.seq:
            asked["fromSeq"] = self.seq
        else:
            self.update_id = 0
        await self.socket.incoming.put(text(asked))
        while True:
            message = await self.socket.received()
            if "id" in message:
                assert message["result"] is None, message
                return
            await self.take(message)

    async def disconnect(self) -> None:
        if self.socket is not None:
            await self.socket.__aexit__()
            self.socket = None

    async def take(self, event: dict[str, Any]) -> None:
        """One diff, after the snapshot that it goes on from."""
        self.events += 1
        self.seq = event["seq"]
        if not self.update_id:
            await self.fetch()
        if event["u"] <= self.update_id:
            return
        assert event["U"] <= self.update_id + 1, "a gap"
        self.update_id = event["u"]
        for side, levels in self.sides.items():
            for price, quantity in event[side]:
                levels[price] = quantity
                if not float(quantity):
                    del levels[price]

    async def fetch(self) -> None:
        self.snapshots += 1
        found = (await self.wire.ask("GET", f"/api/v3/depth?symbol={SYMBOL}&limit=5000")).json()
        self.update_id = found["lastUpdateId"]
        self.sides = {"b": dict(found["bids"]), "a": dict(found["asks"])}

    async def drain(self) -> None:
        """Take all that has come."""
        await asyncio.sleep(0)
        if self.socket is not None:
            await asyncio.sleep(0.001)
            while not self.socket.outgoing.empty():
                await self.take(await self.socket.received())


def book_of_the_core(wire: Wire) -> dict[str, dict[str, str]]:
    """The core's own book, as the wire writes it."""
    market = wire.exchange.context.market(SYMBOL)
    state = wire.exchange.context.state
    found = {}
    for name, side in (("b", Side.BUY), ("a", Side.SELL)):
        levels = queries.depth(state, market.market_id, side, 5_000)
        found[name] = {market.price(ticks): market.quantity(lots) for ticks, lots in levels}
    return found


def updates_of_the_core(wire: Wire) -> int:
    """How often the core's own book has changed."""
    context = wire.exchange.context
    return queries.filters(context.state, context.market(SYMBOL).market_id)["updates"]


async def flow(wire: Wire, dice: random.Random) -> None:
    """A burst of orders around one price, of which some trade, and some cancels of everything."""
    asked = []
    for _ in range(ORDERS_A_ROUND):
        side = dice.choice(("BUY", "SELL"))
        away = dice.randint(-3, 30) * (-1 if side == "BUY" else 1)
        values = {"symbol": SYMBOL, "side": side, "type": "LIMIT", "timeInForce": dice.choice(("GTC", "GTC", "IOC"))}
        values |= {"quantity": f"0.00{dice.randint(1, 9)}", "price": str(MIDDLE + away)}
        values |= {"selfTradePreventionMode": dice.choice(("NONE", "EXPIRE_MAKER", "EXPIRE_TAKER"))}
        asked.append(wire.signed("POST", "/api/v3/order", list(values.items())))
    if dice.random() < 0.2:
        asked.append(wire.signed("DELETE", "/api/v3/openOrders", [("symbol", SYMBOL)]))
    await asyncio.gather(*asked)


ROUNDS_MIN = 40


@pytest.mark.parametrize("seconds", [pytest.param(60), pytest.param(600, marks=pytest.mark.long)])
@pytest.mark.timeout(3_600)
def test_three_local_books_do_not_drift_from_the_core(tmp_path: Path, seconds: int) -> None:
    async def keep() -> tuple[int, list[LocalBook]]:
        dice = random.Random(seconds)
        until = time.monotonic() + seconds
        async with open_wire(tmp_path) as wire:
            books = [LocalBook(wire, speed, resumes=number == 2) for number, speed in enumerate(SPEEDS)]
            for book in books:
                await book.connect()
            compared = beat = 0
            while beat < ROUNDS_MIN or time.monotonic() < until:
                beat += 1
                await flow(wire, dice)
                if dice.random() < 0.3:
                    gone = dice.choice(books)
                    await gone.disconnect()
                    await flow(wire, dice)
                    wire.exchange.feed.beat(1, wire.exchange.context.now_ns())
                    await gone.connect()
                    await flow(wire, dice)
                wire.exchange.feed.beat(10 if beat % 5 == 0 else 1, wire.exchange.context.now_ns())
                for book in books:
                    await book.drain()
                    if (book.stream.endswith("@100ms") or beat % 5 == 0) and book.update_id:
                        assert book.sides == book_of_the_core(wire), f"round {beat}, {book.stream}"
                        assert book.update_id == updates_of_the_core(wire), f"round {beat}, {book.stream}"
                        compared += 1
            assert compared > beat
            for book in books:
                await book.disconnect()
            print(f"{beat} rounds of {ORDERS_A_ROUND} orders, {compared} books compared")
            return beat, books

    rounds, (first, slow, resuming) = asyncio.run(keep())
    assert first.snapshots > 1
    assert slow.snapshots > 1
    assert resuming.snapshots == 1, "who resumes needs no other snapshot"
    assert resuming.events > rounds / 2
