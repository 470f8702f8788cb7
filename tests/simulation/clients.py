"""Clients of a simulated venue: they place, cancel, ask again, repeat ids, send nonsense, vanish; some read streams."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from exchange.core import queries

if TYPE_CHECKING:
    from tests.simulation.house import House

SYMBOL = "BTCUSDT"
PRICE = 67_000
UNKNOWN_OUTCOME = -1006
PENDING = {"pendingType": "LIMIT", "pendingTimeInForce": "GTC"}
NONSENSE = (
    b"symbol=BTCUSDT&side=BUY&side=SELL", b"%00%ff&&==", b"symbol=BTCUSDT&quantity=1e400", b"timestamp=-1",
    b"symbol=" + b"A" * 5_000, "symbol=ÅÄÖ".encode(),
)  # fmt: skip


def name_of(number: int) -> str:
    return f"key-{number}".ljust(64, "x")


class Answer:
    """What a client heard: nothing, where it did not wait or nobody answered."""

    def __init__(self) -> None:
        self.status = 0
        self.seq = 0
        self.body = b""


class Client:
    """One person's program. It knows of its orders what it was told."""

    def __init__(self, house: House, number: int) -> None:
        self.house = house
        self.random = house.random
        self.number = number
        self.life = house.random.randrange(1 << 32)
        self.sent = 0
        self.mine: list[int] = []

    async def live(self) -> None:
        """Act for ever, at the pace of chance."""
        while True:
            await asyncio.sleep(self.random.expovariate(100))
            acts = self.place, self.place, self.place, self.pay, self.cancel, self.insist, self.babble, self.look
            await self.random.choice(acts)()

    def new_name(self) -> str:
        self.sent += 1
        return f"c{self.number}-{self.life}-{self.sent}"

    async def place(self) -> None:
        """An order near the price, perhaps under a name that was used before."""
        name = self.new_name() if self.random.random() < 0.9 else f"c{self.number}-again"
        order = {
            "symbol": SYMBOL,
            "side": self.random.choice(["BUY", "SELL"]),
            "type": "LIMIT",
            "timeInForce": self.random.choice(["GTC", "GTC", "IOC", "FOK"]),
            "quantity": f"0.{self.random.randint(1, 99):05}",
            "price": str(PRICE + self.random.randint(-5, 5)),
            "newClientOrderId": name,
        }
        if self.random.random() < 0.1:
            self.peg(order)
        answer = await self.ask("POST", order)
        if answer.status == 200:
            body = json.loads(answer.body)
            self.mine.append(body["orderId"])
            self.house.happened["pegged orders"] += "peggedPrice" in body

    def peg(self, order: dict[str, str]) -> None:
        """Let an order take its price from the book, if there is such a level then."""
        del order["price"]
        order["pegPriceType"] = "PRIMARY_PEG" if order["timeInForce"] == "GTC" else "MARKET_PEG"
        if self.random.random() < 0.5:
            order |= {"pegOffsetType": "PRICE_LEVEL", "pegOffsetValue": str(self.random.randint(1, 3))}

    async def pay(self) -> None:
        """A purchase near the price, and behind it a sale of what it has bought, or two of which one ends the other."""
        is_pair = self.random.random() < 0.5
        near = PRICE + self.random.randint(-5, 5)
        order = {
            "symbol": SYMBOL,
            "workingType": "LIMIT",
            "workingSide": "BUY",
            "workingPrice": str(near),
            "workingQuantity": f"0.{self.random.randint(1, 99):05}",
            "workingTimeInForce": self.random.choice(["GTC", "GTC", "IOC"]),
            "pendingSide": "SELL",
            "listClientOrderId": self.new_name(),
        }
        if is_pair:
            order |= {"pendingAboveType": "LIMIT_MAKER", "pendingAbovePrice": str(near + 3)}
            order |= {"pendingBelowType": "STOP_LOSS", "pendingBelowStopPrice": str(near - 3)}
        else:
            order |= self.random.choice([{"pendingType": "MARKET"}, PENDING | {"pendingPrice": str(near + 1)}])
        answer = await self.ask("POST", order, path=f"/api/v3/orderList/{'opoco' if is_pair else 'opo'}")
        if answer.status == 200:
            self.house.happened["purchases that pay for sales"] += 1
            self.mine += [each["orderId"] for each in json.loads(answer.body)["orders"]]

    async def cancel(self) -> None:
        if self.mine:
            order_id = self.mine.pop(self.random.randrange(len(self.mine)))
            await self.ask("DELETE", {"symbol": SYMBOL, "orderId": str(order_id)})

    async def insist(self) -> None:
        """An order that must be there once: it is sent again, under the same name, until somebody answers."""
        name = self.new_name()
        self.house.once.add(name)
        order = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT_MAKER", "quantity": "0.001", "price": "20000"}
        for _ in range(self.random.randint(1, 4)):
            answer = await self.ask(
                "POST", order | {"newClientOrderId": name}, patience=self.random.choice([0.0, 0.001, 9.0])
            )
            if answer.status:
                return
            self.house.happened["sent again"] += 1

    async def babble(self) -> None:
        """Bytes that mean nothing: never more than a refusal."""
        answer = Answer()
        await self.request(answer, self.random.choice(["POST", "DELETE", "GET"]), self.random.choice(NONSENSE))
        if not 400 <= answer.status < 500:
            raise AssertionError(f"nonsense was answered {answer.status}: {answer.body!r}")
        self.house.happened["nonsense refused"] += 1

    async def look(self) -> None:
        """What is open, as the venue's own state has it right then."""
        answer = await self.ask("GET", {"symbol": SYMBOL}, path="/api/v3/openOrders")
        if answer.status != 200:
            raise AssertionError(f"open orders were answered {answer.status}: {answer.body!r}")
        told = [order["orderId"] for order in json.loads(answer.body)]
        there = [order["order_id"] for order in queries.open_orders(self.house.engine.state, 16 + self.number, 1)]
        if sorted(told) != sorted(there):
            raise AssertionError(f"client {self.number} is told of the open orders {told}; there are {there}")

    async def ask(
        self, method: str, values: dict[str, str], path: str = "/api/v3/order", patience: float = 60.0
    ) -> Answer:
        """A signed request. Who does not wait long enough hears nothing; the venue goes on with it all the same."""
        values = values | {"timestamp": str(self.house.clock.read() // 1_000_000), "recvWindow": "60000"}
        query = urlencode(values)
        secret = f"secret {name_of(self.number)}".encode()
        signature = hmac.new(secret, query.encode(), hashlib.sha256).hexdigest()
        answer = Answer()
        going = asyncio.ensure_future(self.request(answer, method, f"{query}&signature={signature}".encode(), path))
        await asyncio.wait({going}, timeout=patience)
        if not going.done():
            self.house.happened["clients that did not wait"] += 1
            return Answer()
        await going
        if answer.status == 500 and json.loads(answer.body)["code"] != UNKNOWN_OUTCOME:
            raise AssertionError(f"{method} {values} was answered {answer.body!r}")
        return answer

    async def request(self, answer: Answer, method: str, query: bytes, path: str = "/api/v3/order") -> None:
        """Through the venue's application. A success that leaves it counts, whether anybody hears it or not."""
        headers = [(b"x-mbx-apikey", name_of(self.number).encode())]
        scope = {
            "type": "http", "method": method, "path": path, "query_string": query, "headers": headers,
            "client": (f"10.0.0.{self.number}", 1),
        }  # fmt: skip

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.seq = int(dict(message["headers"]).get(b"x-seq", b"0"))
            else:
                answer.body += message["body"]
                self.house.heard(method, path, answer)

        await self.house.rest(scope, receive, send)


async def follow(house: House, *, is_stalled: bool) -> None:
    """Read a stream of book changes. Who keeps up misses none of them; who stands still does not stop anybody."""
    scope = {
        "type": "websocket", "path": f"/ws/{SYMBOL.lower()}@depth@100ms", "query_string": b"", "headers": [],
        "client": ("10.0.1.1", 1), "path_params": {"streams": f"{SYMBOL.lower()}@depth@100ms"},
    }  # fmt: skip
    incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    await incoming.put({"type": "websocket.connect"})
    last = 0

    async def send(message: Any) -> None:
        nonlocal last
        if message["type"] != "websocket.send":
            return
        if is_stalled:
            house.happened["readers that stand still"] += 1
            await asyncio.Event().wait()
        event = json.loads(message["text"])
        if last and event["U"] != last + 1:
            raise AssertionError(f"a book stream goes from update {last} to {event['U']}")
        last = event["u"]
        house.happened["book changes read"] += 1

    await house.streams(scope, incoming.get, send)
