"""kill -9 of a real server under load of real clients: what was acknowledged is there, once, after every restart."""

import asyncio
import random
import time
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from exchange.core import encoding
from exchange.ops import replay
from exchange.runtime import recovery
from journal.writer import Journal
from tests.server import Server, sign

ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
LISTED_AT_ONCE = 1_000
OPEN_EACH = 8
WITH_ITSELF = "NONE"
UNKNOWN_OUTCOME = -1006
"""What a venue answers that stops by itself."""


class Acknowledged:
    """What the venue said it had done, and what it was still asked when it died."""

    def __init__(self) -> None:
        self.orders: dict[str, int] = {}
        self.canceled: set[str] = set()
        self.new: list[str] = []
        self.asked: set[str] = set()


class Http:
    """A client over HTTP, keeping its connection."""

    def __init__(self, server: Server) -> None:
        self.key = server.credentials()
        self.client = httpx.AsyncClient(base_url=server.address, headers={"X-MBX-APIKEY": self.key["api_key"]})

    async def call(self, method: str, path: str, parameters: dict[str, Any]) -> Any:
        query = sign(self.key["secret_key"], parameters | stamp())
        return (await self.client.request(method, f"{path}?{query}")).json()

    async def place(self, parameters: dict[str, Any]) -> Any:
        return await self.call("POST", "/api/v3/order", parameters)

    async def cancel(self, parameters: dict[str, Any]) -> Any:
        return await self.call("DELETE", "/api/v3/order", parameters)

    async def close(self) -> None:
        await self.client.aclose()


class Socket:
    """A client over the WebSocket API; it logs on with every request by its signature."""

    def __init__(self, server: Server, connection: ClientConnection) -> None:
        self.key = server.credentials()
        self.connection = connection

    async def call(self, method: str, parameters: dict[str, Any]) -> Any:
        params = parameters | stamp() | {"apiKey": self.key["api_key"]}
        signed = sign(self.key["secret_key"], dict(sorted(params.items())))
        params["signature"] = signed.rpartition("=")[2]
        await self.connection.send(orjson.dumps({"id": 1, "method": method, "params": params}))
        answer = orjson.loads(await self.connection.recv())
        return answer.get("result", answer.get("error"))

    async def place(self, parameters: dict[str, Any]) -> Any:
        return await self.call("order.place", parameters)

    async def cancel(self, parameters: dict[str, Any]) -> Any:
        return await self.call("order.cancel", parameters)

    async def close(self) -> None:
        await self.connection.close()


def stamp() -> dict[str, int]:
    return {"timestamp": time.time_ns() // 1_000_000, "recvWindow": 60_000}


async def trade(client: Http | Socket, name: str, seed: str, known: Acknowledged) -> None:
    """Place and cancel until the venue dies; an answer counts from the moment it has come."""
    chance = random.Random(seed)
    resting: list[str] = []
    number = 0
    while True:
        number += 1
        client_id = f"{name}-{number}"
        side = chance.choice(("BUY", "SELL"))
        price = 60_000 + chance.randint(0, 40) * (-1 if side == "BUY" else 1)
        terms = ORDER | {"side": side, "quantity": f"0.00{chance.randint(1, 9)}", "price": price}
        terms |= {"newClientOrderId": client_id, "selfTradePreventionMode": WITH_ITSELF}
        known.asked.add(client_id)
        answer = await client.place(terms)
        if answer.get("code") == UNKNOWN_OUTCOME:
            return
        assert "orderId" in answer, answer
        known.orders[client_id] = answer["orderId"]
        known.new.append(client_id)
        resting.append(client_id)
        if len(resting) > OPEN_EACH or chance.random() < 0.3:
            ended = resting.pop(chance.randrange(len(resting)))
            answer = await client.cancel({"symbol": "BTCUSDT", "origClientOrderId": ended})
            if "orderId" in answer:
                known.canceled.add(ended)
            else:
                assert answer["code"] in (-2011, UNKNOWN_OUTCOME), answer


async def trade_until_dead(client: Http | Socket, name: str, seed: str, known: Acknowledged) -> None:
    try:
        await trade(client, name, seed, known)
    except (httpx.HTTPError, WebSocketException, OSError):
        pass
    finally:
        await client.close()


def has_child(server: Server) -> bool:
    """Whether the server has a child: the one that writes a snapshot."""
    assert server.process is not None
    pid = server.process.pid
    return bool(Path(f"/proc/{pid}/task/{pid}/children").read_text().strip())


async def load_and_kill(server: Server, round_number: int, known: Acknowledged, with_child: bool) -> bool:
    """Trade, kill at a random point, and tell whether a snapshot was being written then."""
    chance = random.Random(f"kill {round_number}")
    clients: list[Http | Socket] = [Http(server) for _ in range(3)]
    clients += [Socket(server, await connect(f"{server.socket_address}/ws-api/v3", proxy=None)) for _ in range(2)]
    trading = [
        asyncio.create_task(trade_until_dead(client, f"{round_number}-{number}", f"{round_number} {number}", known))
        for number, client in enumerate(clients)
    ]
    await asyncio.sleep(chance.uniform(0.02, 0.5))
    until = time.monotonic() + 3
    while with_child and not has_child(server) and time.monotonic() < until:
        await asyncio.sleep(0.001)
    child = has_child(server)
    server.kill()
    await asyncio.gather(*trading)
    return child


async def check(server: Server, known: Acknowledged) -> None:
    """Every acknowledged order and cancel is there, by client id and in the list, and none is there twice."""
    async with connect(f"{server.socket_address}/ws-api/v3", proxy=None) as connection:
        socket = Socket(server, connection)
        for client_id in known.new:
            found = await socket.call("order.status", {"symbol": "BTCUSDT", "origClientOrderId": client_id})
            assert found.get("orderId") == known.orders[client_id], (client_id, found)
            if client_id in known.canceled:
                assert found["status"] == "CANCELED", found
    listed: list[dict[str, Any]] = []
    client = Http(server)
    while True:
        least = listed[-1]["orderId"] + 1 if listed else 1
        bounds = {"symbol": "BTCUSDT", "orderId": least, "limit": LISTED_AT_ONCE}
        page = await client.call("GET", "/api/v3/allOrders", bounds)
        listed += page
        if len(page) < LISTED_AT_ONCE:
            break
    by_name = {each["clientOrderId"]: each for each in listed}
    assert len(by_name) == len(listed) == len({each["orderId"] for each in listed})
    assert set(by_name) <= known.asked
    for client_id, order_id in known.orders.items():
        assert by_name[client_id]["orderId"] == order_id, client_id
    for client_id in known.canceled:
        assert by_name[client_id]["status"] == "CANCELED", client_id
    known.new.clear()
    ended = await client.call("DELETE", "/api/v3/openOrders", {"symbol": "BTCUSDT"})
    if isinstance(ended, list):
        known.canceled.update(each["origClientOrderId"] for each in ended)
    else:
        assert ended["code"] == -2011, ended
    await client.close()


def check_replay(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The journal from its beginning, and the newest snapshot with what came after it, are one state."""
    assert replay.main([str(data), "--quiet"]) == 0
    from_genesis = capsys.readouterr().out
    journal = Journal.open_for_append(data / "journal")
    journal.close()
    recovered = recovery.recover(data / "journal", data / "snapshots", journal.journal_id)
    assert recovered.snapshot_seq > 0
    assert encoding.state_hash(recovered.engine.state).hex() in from_genesis


@pytest.mark.timeout(3_000)
@pytest.mark.parametrize("rounds", [20, pytest.param(300, marks=pytest.mark.long)])
def test_what_was_acknowledged_outlives_kill_9(tmp_path: Path, rounds: int, capsys: pytest.CaptureFixture[str]) -> None:
    known = Acknowledged()
    data = tmp_path / "data"
    with_child = 0
    for round_number in range(rounds):
        server = Server(data, "--no-flow", "--snapshot-every", "150").start()
        try:
            asyncio.run(check(server, known))
            with_child += asyncio.run(load_and_kill(server, round_number, known, with_child=round_number % 2 == 1))
        finally:
            server.kill()
    assert len(known.orders) > 20 * rounds
    assert len(known.canceled) > 5 * rounds
    assert with_child >= rounds // 4
    check_replay(data, capsys)
    with Server(data, "--no-flow") as server:
        asyncio.run(check(server, known))
    check_replay(data, capsys)
    with capsys.disabled():
        print(f" {len(known.orders)} orders, {len(known.canceled)} cancels, {with_child} kills beside a child", end="")
