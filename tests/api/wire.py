"""A venue in the test's own process, asked through its ASGI application, so that its state can be looked at, too."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import orjson

from exchange.api.endpoints import Endpoint
from exchange.app import Exchange
from exchange.config import Settings
from exchange.core import encoding
from exchange.messages import accounts, registry
from exchange.ops import demo, listing
from exchange.store.vault import make_master_key
from tests.api.schemas import check_answer_type, check_result_type

TRADER, READER = 2, 3
READ_ONLY = 1
# Every code of the reference's §19 that a request of ours may be refused with.
CODES = {
    *(-1000, -1001, -1002, -1003, -1006, -1007, -1008, -1013, -1014, -1015, -1016, -1020, -1021, -1022),
    *(-1100, -1101, -1102, -1103, -1104, -1105, -1106, -1108, -1111, -1112, -1114, -1115, -1116, -1117, -1118, -1119),
    *(-1120, -1121, -1122, -1125, -1127, -1128, -1130, -1131, -1134, -1135, -1139, -1145, -1151, -1194, -1210, -1211),
    *(-1220, -1222, -1223, -1224, -1225),
    *(-2010, -2011, -2013, -2014, -2015, -2026, -2035, -2036, -2039, -2042, -2043),
}


class Wire:
    """A running venue, its keys, and requests to it."""

    def __init__(self, exchange: Exchange, client: httpx.AsyncClient) -> None:
        self.exchange = exchange
        self.client = client
        self.trader: dict[str, str] = {}
        self.reader: dict[str, str] = {}

    @property
    def state_hash(self) -> str:
        return encoding.state_hash(self.exchange.engine.state).hex()

    @property
    def endpoints(self) -> list[Endpoint]:
        """The table that the venue itself routes by: what is added there is tested here."""
        found: list[Endpoint] = list(self.exchange.rest.table.values())
        return found

    def now_ms(self) -> int:
        return self.exchange.context.now_ns() // 1_000_000

    async def submit(self, command: registry.AnyCommand) -> None:
        await self.exchange.sequencer.submit(command)

    async def ask(
        self, method: str, target: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> httpx.Response:
        response = await self.client.request(method, target, content=body, headers=headers)
        endpoint = self.exchange.rest.table.get((method, target.partition("?")[0]))
        if response.status_code == 200 and endpoint is not None:
            check_answer_type(endpoint, response.content)
        return response

    async def signed(
        self, method: str, path: str, pairs: list[tuple[str, str]], key: dict[str, str] | None = None
    ) -> httpx.Response:
        """A request with a timestamp, unless `pairs` have one, signed by the trader or another."""
        key = key or self.trader
        if all(name != "timestamp" for name, _ in pairs):
            pairs = [*pairs, ("timestamp", str(self.now_ms()))]
        return await self.signed_as_is(method, path, urlencode(pairs), key)

    async def signed_as_is(self, method: str, path: str, query: str, key: dict[str, str]) -> httpx.Response:
        """A request whose query is signed as it stands."""
        target = f"{path}?{query}&signature={quote(hmac_of(key['secret_key'], query), safe='')}"
        return await self.ask(method, target, headers={"X-MBX-APIKEY": key["api_key"]})


def hmac_of(secret: str, payload: str) -> str:
    return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()


def refusal(response: httpx.Response) -> dict[str, Any]:
    """The body of a refusal; AssertionError where it is not what Binance's clients can read."""
    where = f"{response.request.method} {str(response.request.url)[:300]}: {response.status_code} {response.text[:300]}"
    assert 400 <= response.status_code < 500, where
    assert response.headers["content-type"].startswith("application/json"), where
    body: dict[str, Any] = response.json()
    check_error(body, where)
    return body


def check_error(body: dict[str, Any], where: str) -> None:
    """AssertionError where an error has another form or an unknown code."""
    assert set(body) <= {"code", "msg", "data"}, where
    assert body["code"] in CODES, where
    assert isinstance(body["msg"], str), where
    assert body["msg"], where


class SocketClient:
    """A WebSocket to an ASGI application in the same process."""

    def __init__(self, wire: Wire, target: str) -> None:
        self.wire = wire
        path, _, query = target.partition("?")
        self.scope: dict[str, Any] = {
            "type": "websocket",
            "path": path,
            "query_string": query.encode(),
            "headers": [],
            "client": ("t", 1),
        }
        self.scope |= {"root_path": "", "scheme": "ws", "subprotocols": [], "asgi": {"version": "3.0"}}
        self.incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.outgoing: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def __aenter__(self) -> "SocketClient":
        self.task = asyncio.create_task(
            self.wire.exchange.asgi(self.scope, self.incoming.get, self.outgoing.put)  # type: ignore[arg-type]
        )
        await self.incoming.put({"type": "websocket.connect"})
        assert (await self.outgoing.get())["type"] == "websocket.accept"
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.incoming.put({"type": "websocket.disconnect", "code": 1000})
        await self.task

    async def send(self, text: str) -> Any:
        """Send a text and return the next one received, decoded."""
        await self.incoming.put({"type": "websocket.receive", "text": text})
        async with asyncio.timeout(5):
            return orjson.loads((await self.outgoing.get())["text"])

    async def received(self) -> Any:
        """The next message that comes, decoded."""
        async with asyncio.timeout(5):
            return orjson.loads((await self.outgoing.get())["text"])

    async def call(self, method: str, params: Any) -> Any:
        answer = await self.send(json.dumps({"id": 1, "method": method, "params": params}))
        if answer.get("status") == 200:
            check_result_type(self.wire.exchange.socket_api, method, answer["result"])
        return answer

    async def signed(self, method: str, params: dict[str, Any], key: dict[str, str] | None = None) -> Any:
        """Call a method with `apiKey`, `timestamp` (unless given) and signature."""
        key = key or self.wire.trader
        params = {"apiKey": key["api_key"], "timestamp": self.wire.now_ms()} | params
        shown = {name: shown_value(value) for name, value in params.items()}
        payload = "&".join(f"{name}={shown[name]}" for name in sorted(shown))
        return await self.call(method, params | {"signature": hmac_of(key["secret_key"], payload)})


def shown_value(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


@asynccontextmanager
async def open_wire(data: Path, profile: str = "bench") -> AsyncIterator[Wire]:
    """The demo's markets, a trader with one order at rest (client id `known`), and a key that may only read."""
    make_master_key(data / "master.key")
    key_file = str(data / "master.key")
    exchange = Exchange(Settings(data=str(data), profile=profile, master_key_file=key_file, segment_bytes=1 << 20))
    running = asyncio.create_task(exchange.sequencer.run())
    transport = httpx.ASGITransport(exchange.asgi, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://tape") as client:
        wire = Wire(exchange, client)
        await asyncio.gather(*[wire.submit(command) for command in listing.commands()])
        wire.trader = await demo.open_person(exchange, TRADER, demo.READ_AND_TRADE, demo.PURSE)
        wire.reader = await demo.open_person(exchange, READER, READ_ONLY, {})
        placed = await wire.signed("POST", "/api/v3/order", [*ORDER.items(), ("newClientOrderId", "known")])
        assert placed.status_code == 200 or "Duplicate" in placed.text, placed.text
        try:
            yield wire
        finally:
            exchange.sequencer.stop()
            await running
            exchange.history.flush()
            exchange.journal.close()
            exchange.history.close()
            exchange.vault.close()
            exchange.bans.close()


ORDER = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.001",
    "price": "60000",
}


async def revoke(wire: Wire, key: dict[str, str]) -> None:
    """Take a key's rights away."""
    found = wire.exchange.context.keys.find(key["api_key"])
    await wire.submit(accounts.RevokeApiKey(0, found.key_id))
