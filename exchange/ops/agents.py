"""The demo's live flow: makers, takers and a momentum follower, each with an account of its own, over the public wire.

A process of its own: it reads one line of JSON from standard input (address, seed, keys and markets) and ends when
standard input does. Seeded, so that two runs send the same orders as long as the venue answers alike.
"""

import asyncio
import hashlib
import hmac
import math
import random
import sys
import time
from decimal import Decimal
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

LEVELS = 12
PAUSE_SECONDS = 0.4
REVERSION = 0.02
VOLATILITY = 0.0006
SPREAD = 0.0004


class Trader:
    """One account on the WebSocket API: signed requests, answers matched by id."""

    def __init__(self, address: str, api_key: str, secret_key: str) -> None:
        self.address = address
        self.api_key = api_key
        self.secret = secret_key.encode()
        self.number = 0
        self.answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.socket: ClientConnection | None = None

    async def open(self) -> None:
        self.socket = await connect(self.address.replace("http", "ws") + "/ws-api/v3", compression=None)
        self.reading = asyncio.create_task(self.read(self.socket))

    async def read(self, socket: ClientConnection) -> None:
        try:
            async for text in socket:
                answer = orjson.loads(text)
                waiting = self.answers.pop(answer.get("id"), None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(answer)
        except ConnectionClosed:
            pass
        for waiting in self.answers.values():
            if not waiting.done():
                waiting.set_exception(ConnectionError("the venue has gone"))

    async def call(self, method: str, **params: str) -> dict[str, Any]:
        """Send a signed request; returns the answer, an error among them."""
        assert self.socket is not None
        self.number += 1
        params |= {"apiKey": self.api_key, "timestamp": str(time.time_ns() // 1_000_000), "recvWindow": "60000"}
        payload = "&".join(f"{name}={params[name]}" for name in sorted(params))
        params["signature"] = hmac.new(self.secret, payload.encode(), hashlib.sha256).hexdigest()
        answer = self.answers[self.number] = asyncio.get_running_loop().create_future()
        await self.socket.send(orjson.dumps({"id": self.number, "method": method, "params": params}).decode())
        found: dict[str, Any] = await answer
        return found


class Price:
    """A market's fair price: a random walk that is drawn back to where it began."""

    def __init__(self, chance: random.Random, begin: float) -> None:
        self.chance = chance
        self.begin = self.now = begin

    def step(self) -> float:
        pull = REVERSION * math.log(self.begin / self.now)
        self.now *= math.exp(pull + self.chance.gauss(0, VOLATILITY))
        return self.now


class Market:
    """What agents must know of a market."""

    def __init__(self, chance: random.Random, row: dict[str, str]) -> None:
        self.symbol = row["symbol"]
        self.tick = Decimal(row["tick"])
        self.lot = Decimal(row["lot"])
        self.size = float(row["size"])
        self.price = Price(chance, float(row["price"]))

    def at(self, price: float) -> str:
        return f"{(Decimal(price) / self.tick).to_integral_value() * self.tick:f}"

    def of(self, quantity: float) -> str:
        return f"{max(self.lot, (Decimal(quantity) / self.lot).to_integral_value() * self.lot):f}"


async def make(trader: Trader, market: Market, chance: random.Random) -> None:
    """Keep a ladder of orders around the fair price; let the oldest go."""
    own: list[str] = []
    while True:
        fair = market.price.step()
        for side, sign in (("BUY", -1), ("SELL", 1)):
            away = SPREAD * (1 + chance.expovariate(0.35))
            answer = await trader.call(
                "order.place",
                symbol=market.symbol,
                side=side,
                type="LIMIT",
                timeInForce="GTC",
                price=market.at(fair * (1 + sign * away)),
                quantity=market.of(market.size * chance.uniform(0.5, 2)),
                newOrderRespType="ACK",
            )
            if answer["status"] == 200:
                own.append(str(answer["result"]["orderId"]))
        while len(own) > 2 * LEVELS:
            await trader.call("order.cancel", symbol=market.symbol, orderId=own.pop(0))
        await asyncio.sleep(PAUSE_SECONDS * chance.uniform(0.5, 1.5))


async def take(trader: Trader, market: Market, chance: random.Random) -> None:
    """Now and then buy or sell at what the book asks, a little more one way than the other for a while."""
    leaning = 0.5
    while True:
        leaning = min(0.8, max(0.2, leaning + chance.gauss(0, 0.05)))
        await trader.call(
            "order.place",
            symbol=market.symbol,
            side="BUY" if chance.random() < leaning else "SELL",
            type="MARKET",
            quantity=market.of(market.size * chance.uniform(0.2, 1.5)),
            newOrderRespType="ACK",
        )
        await asyncio.sleep(PAUSE_SECONDS * chance.expovariate(0.5))


async def follow(trader: Trader, market: Market, chance: random.Random) -> None:
    """Trade with the last move when it was large: what a trend follower does."""
    last = market.price.now
    while True:
        await asyncio.sleep(4 * PAUSE_SECONDS)
        move = market.price.now / last - 1
        last = market.price.now
        if abs(move) > VOLATILITY:
            await trader.call(
                "order.place",
                symbol=market.symbol,
                side="BUY" if move > 0 else "SELL",
                type="LIMIT",
                timeInForce="IOC",
                price=market.at(last * (1.002 if move > 0 else 0.998)),
                quantity=market.of(market.size * chance.uniform(0.5, 1.5)),
                newOrderRespType="ACK",
            )


async def run(plan: dict[str, Any]) -> None:
    """Trade by a plan until standard input ends."""
    traders = [Trader(plan["address"], key["api_key"], key["secret_key"]) for key in plan["keys"]]
    for trader in traders:
        await trader.open()
        await trader.call("openOrders.cancelAll", symbol=plan["markets"][0]["symbol"])
    acting = []
    for number, row in enumerate(plan["markets"]):
        chance = random.Random(plan["seed"] * 1_000 + number)
        market = Market(chance, row)
        for trader in traders[:1]:
            await trader.call("openOrders.cancelAll", symbol=market.symbol)
        for trader, act in zip(traders, (make, take, follow), strict=True):
            acting.append(asyncio.create_task(act(trader, market, random.Random(chance.random()))))
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    await asyncio.wait([ended, *acting], return_when=asyncio.FIRST_COMPLETED)
    for task in acting:
        task.cancel()
    for failure in await asyncio.gather(*acting, return_exceptions=True):
        if isinstance(failure, Exception):
            raise failure


def main() -> None:
    plan = orjson.loads(sys.stdin.readline())
    try:
        asyncio.run(run(plan))
    except (ConnectionError, ConnectionClosed, OSError) as error:
        print(f"agents: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
