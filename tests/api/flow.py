"""A seeded flow of requests over real connections, good and bad ones, and every byte that they are answered with.

`python -m tests.api.flow FILE COUNT` writes requests and answers: the same wherever the sources mean the same. Time
moves by the requests alone, and what is drawn at random comes from the seed.
"""

import asyncio
import os
import random
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import orjson

from bench.websocket import frame, upgrade
from exchange.api import http
from exchange.api.endpoints import Endpoint
from exchange.app import Exchange
from exchange.config import Settings
from exchange.ops import demo, listing
from exchange.store.vault import make_master_key
from tests.api.wire import hmac_of, shown_value

BEGIN_NS = 1_800_000_000_000_000_000
STEP_NS = 1_234_567
PRICES = (
    *("67000.00", "66999.5") * 12,
    "66999.99",
    "67000",
    "67000.00",
    "67000.01",
    "67001",
    "66000.5",
    "70000",
    "67000.001",
    "0",
    "9" * 19,
    "abc",
    "-1",
)
QUANTITIES = (
    *("0.001", "0.5") * 12,
    "0.001",
    "0.00100000",
    "1",
    "0.25",
    "0.000001",
    "0",
    "1e3",
    ".5",
    "5.",
    "1000000",
    "",
)
IDS = tuple(f"order-{number}" for number in range(40))
VALUES: dict[str, tuple[Any, ...]] = {
    "symbol": ("BTCUSDT",) * 30 + ("ETHUSDT", "ETHBTC", "NOTHING", "btcusdt", "", "\u2603" * 3),
    "side": ("BUY", "SELL") * 20 + ("buy", ""),
    "type": ("LIMIT",) * 20 + ("MARKET", "LIMIT_MAKER", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "STOP_LOSS", "LIMITED"),
    "timeInForce": ("GTC",) * 15 + ("IOC", "FOK", "GTD", "NEVER"),
    "newClientOrderId": (*IDS, "x" * 37, "a b", ""),
    "origClientOrderId": (*IDS, "unknown"),
    "cancelOrigClientOrderId": IDS,
    "listClientOrderId": IDS,
    "orderId": (*range(1, 60), "", "x", 1 << 63, "99999999999999999999"),
    "orderListId": (0, 1, 2, 3, 99),
    "newOrderRespType": ("ACK", "RESULT", "FULL", "NONE"),
    "selfTradePreventionMode": ("NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT", "MARKET_DEFAULT"),
    "cancelReplaceMode": ("STOP_ON_FAILURE", "ALLOW_FAILURE"),
    "cancelRestrictions": ("ONLY_NEW", "ONLY_PARTIALLY_FILLED", "ANY"),
    "interval": ("1m", "1h", "1d", "7m"),
    "recvWindow": ("5000", "60000", "60001", "0.001", "1e3"),
    "strategyId": (1, 7, -1),
    "strategyType": (1_000_000, 999_999, 1 << 31),
    "trailingDelta": (10, 2_000, 10_000),
    "limit": (1, 5, 500, 1_001, 0),
    "pegPriceType": ("PRIMARY_PEG", "MARKET_PEG"),
    "goodTillDate": (BEGIN_NS // 1_000_000 + 100_000, 1),
    "idempotent": ("true", "false", "perhaps"),
    "computeCommissionRates": ("true", "false"),
    "returnRateLimits": (True, False, "true"),
    "unknown": (1, "1", None, True, [1], {"a": 1}, 1.5),
}
MUST = ("symbol", "side", "type", "timeInForce", "quantity", "price", "origClientOrderId")
PAGES = ("/openapi.json", "/asyncapi.json", "/docs")
ODD: tuple[Any, ...] = (None, 1.5, [], "x", True)
WATCHED = "/api/v3/order"
"""What is asked most."""


class Flow:
    """Draws requests for the endpoints of a venue."""

    def __init__(self, exchange: Exchange, key: dict[str, str], rnd: random.Random) -> None:
        self.rnd = rnd
        self.key = key
        self.exchange = exchange
        self.endpoints = sorted(exchange.rest.table.values(), key=lambda each: (each.path, each.method))
        self.orders = [each for each in self.endpoints if each.path == WATCHED]
        self.methods = sorted(exchange.socket_api.readers)

    def value(self, name: str) -> Any:
        if name in VALUES:
            return self.rnd.choice(VALUES[name])
        lowered = name.lower()
        if "price" in lowered:
            return self.rnd.choice(PRICES)
        if "qty" in lowered or "quantity" in lowered:
            return self.rnd.choice(QUANTITIES)
        return self.rnd.choice((1, "1", "BTCUSDT", "x", "true", "", "60000"))

    def params(self, rows: Any) -> dict[str, Any]:
        """Parameters: what is needed nearly always, else a few."""
        rnd = self.rnd
        names = [name for name in rows if name not in ("timestamp", "signature", "apiKey")]
        plain = rnd.random() < 0.8
        chosen = {
            name: self.value(name)
            for name in names
            if rnd.random() < (0.99 if rows[name].mandatory or name in MUST else 0.01 if plain else 0.2)
        }
        if chosen.get("type") == "MARKET" and rnd.random() < 0.9:
            chosen.pop("timeInForce", None), chosen.pop("price", None)
        if rnd.random() < 0.03:
            chosen["unknown"] = self.value("unknown")
        return chosen

    def stamp(self) -> int:
        """When it is sent: now, hardly ever at another time."""
        now_ms = self.exchange.context.now_ns() // 1_000_000
        return now_ms + self.rnd.choice((0,) * 30 + (5_000, -90_000))

    def http(self) -> bytes:
        rnd = self.rnd
        endpoint: Endpoint = rnd.choice(self.orders if rnd.random() < 0.6 else self.endpoints)
        sent = self.params(endpoint.rows)
        if endpoint.security == "SIGNED":
            sent["timestamp"] = self.stamp()
        payload = "&".join(f"{name}={quote(shown_value(value), safe='')}" for name, value in sent.items())
        if rnd.random() < 0.02:
            payload += f"&{payload}"
        if endpoint.security == "SIGNED" and rnd.random() < 0.98:
            secret = self.key["secret_key"] if rnd.random() < 0.97 else "wrong"
            payload += f"&signature={hmac_of(secret, payload)}"
        in_body = endpoint.method != "GET" and rnd.random() < 0.7
        head = [
            f"{endpoint.method} {endpoint.path.replace('{seq}', '7')}{'' if in_body else '?' + payload} HTTP/1.1",
            "host: a",
        ]
        if rnd.random() < 0.98:
            head.append(f"x-mbx-apikey: {self.key['api_key']}")
        if rnd.random() < 0.1:
            head.append(f"x-mbx-time-unit: {rnd.choice(('MICROSECOND', 'millisecond', 'HOUR'))}")
        body = payload if in_body else ""
        return "\r\n".join([*head, f"content-length: {len(body)}", "", body]).encode()

    def text(self, number: int) -> bytes:
        rnd = self.rnd
        if rnd.random() < 0.02:
            return rnd.choice((b"", b"{", b"[]", b"nothing", b'{"id": {}, "method": "ping"}', b'{"id": 1}'))
        method = "order.place" if rnd.random() < 0.5 else rnd.choice(self.methods)
        endpoint, own = self.exchange.socket_api.methods.get(method), self.exchange.socket_api.own.get(method)
        rows = endpoint.rows if endpoint is not None else own.rows if own is not None else {}
        sent = self.params(rows)
        signed = endpoint.security == "SIGNED" if endpoint is not None else "signature" in rows
        if signed:
            sent["timestamp"] = self.stamp()
        if signed and rnd.random() < 0.9:
            sent["apiKey"] = self.key["api_key"]
            payload = "&".join(f"{name}={shown_value(sent[name])}" for name in sorted(sent))
            sent["signature"] = hmac_of(self.key["secret_key"] if rnd.random() < 0.97 else "wrong", payload)
        asked: dict[str, Any] = {"id": f"{number}", "method": method, "params": sent}
        if rnd.random() < 0.05:
            asked[rnd.choice(("id", "method", "params"))] = ODD[rnd.randrange(len(ODD))]
        return orjson.dumps(asked)


async def answer_over_http(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return head + await reader.readexactly(length)


async def told(reader: asyncio.StreamReader) -> bytes:
    """What comes over the socket up to the answer of a request: events come without a status."""
    found: list[bytes] = []
    while not found or b'"status":' not in found[-1]:
        _, length = await reader.readexactly(2)
        if length > 125:
            length = int.from_bytes(await reader.readexactly(2 if length == 126 else 8), "big")
        found.append(await reader.readexactly(length))
    return b"\n".join(found)


async def ask_all(exchange: Exchange, flow: Flow, now: list[int], count: int) -> "list[tuple[bytes, bytes]]":
    loop = asyncio.get_running_loop()
    state = SimpleNamespace(connections=set(), default_headers=[])
    protocol = http.protocol_of(exchange.rest, exchange.find_socket)
    server = await loop.create_server(lambda: protocol(None, state, {}), "127.0.0.1", 0)
    address = server.sockets[0].getsockname()[:2]
    socket, talk = await asyncio.open_connection(*address)
    talk.write(upgrade("/ws-api/v3", 1))
    await socket.readuntil(b"\r\n\r\n")
    asked = [(path.encode(), repr(exchange.rest.find_page(path)).encode()) for path in PAGES]
    for number in range(count):
        now[0] += STEP_NS
        if flow.rnd.random() < 0.5:
            reader, writer = await asyncio.open_connection(*address)
            request = flow.http()
            writer.write(request)
            asked.append((request, await answer_over_http(reader)))
            writer.close()
        else:
            request = flow.text(number)
            talk.write(frame(request))
            asked.append((request, await told(socket)))
    talk.close()
    server.close()
    return asked


async def main(path: Path, count: int) -> None:
    rnd = random.Random(12)
    os.urandom = random._urandom = rnd.randbytes  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory() as folder:
        make_master_key(Path(folder, "master.key"))
        settings = Settings(data=folder, profile="demo", master_key_file=f"{folder}/master.key", segment_bytes=1 << 20)
        exchange = Exchange(settings)
        now = [BEGIN_NS]
        exchange.clock.wall_ns = exchange.clock.monotonic_ns = lambda: now[0]
        exchange.clock.then_ns = exchange.clock.now_ns = exchange.clock.last_ns = BEGIN_NS
        running = asyncio.create_task(exchange.sequencer.run())
        for command in listing.commands():
            await exchange.sequencer.submit(command)
        key = await demo.open_person(exchange, 2, demo.READ_AND_TRADE, demo.PURSE)
        asked = await ask_all(exchange, Flow(exchange, key, rnd), now, count)
        path.write_bytes(b"\n".join(repr(each).encode() for each in asked))
        exchange.sequencer.stop()
        await running
        exchange.journal.close()
        exchange.history.close()
        exchange.vault.close()
        exchange.bans.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
