"""Sessions of the WebSocket API, time units, and what a stream does for those who come back or read slowly."""

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest

from exchange.api import sockets
from exchange.api.sockets import AsgiSocket
from tests.api.schemas import check_event_type
from tests.api.test_streams import trade
from tests.api.wire import ORDER, SocketClient, Wire, open_wire, revoke

LIMIT = ORDER | {"price": "59000"}


def test_a_session_is_logged_on_asked_and_logged_out(tmp_path: Path) -> None:
    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire, SocketClient(wire, "/ws-api/v3") as socket:
            before = (await socket.call("session.status", {}))["result"]
            assert (before["apiKey"], before["authorizedSince"], before["userDataStream"]) == (None, None, False)
            unsigned = {**LIMIT, "timestamp": wire.now_ms()}
            assert (await socket.call("order.place", unsigned))["error"]["code"] == -2014
            on = (await socket.signed("session.logon", {}))["result"]
            assert on["apiKey"] == wire.trader["api_key"]
            assert on["connectedSince"] <= on["authorizedSince"] <= on["serverTime"]
            assert (await socket.call("order.place", unsigned))["status"] == 200
            late = await socket.call("order.place", unsigned | {"timestamp": wire.now_ms() - 6_000})
            assert late["error"]["code"] == -1021
            assert (await socket.call("order.place", LIMIT))["error"]["code"] == -1102, "the timestamp is still needed"
            reader = await socket.signed("order.place", LIMIT, wire.reader)
            assert reader["error"]["code"] == -2015, "an explicit key goes before the session's"
            out = (await socket.call("session.logout", {}))["result"]
            assert out["apiKey"] is None
            assert (await socket.call("order.place", unsigned))["error"]["code"] == -2014

    asyncio.run(ask_all())


def test_a_wrong_logon_leaves_the_session_as_it_was(tmp_path: Path) -> None:
    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire, SocketClient(wire, "/ws-api/v3") as socket:
            await socket.signed("session.logon", {})
            wrong = wire.trader | {"secret_key": "wrong"}
            assert (await socket.signed("session.logon", {}, wrong))["error"]["code"] == -1022
            assert (await socket.call("session.status", {}))["result"]["apiKey"] == wire.trader["api_key"]

    asyncio.run(ask_all())


def test_user_data_comes_once_for_each_account_and_ends_when_told(tmp_path: Path) -> None:
    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire, SocketClient(wire, "/ws-api/v3") as socket:
            assert (await socket.call("userDataStream.subscribe", {}))["error"]["code"] == -2015
            await socket.signed("session.logon", {})
            assert (await socket.call("userDataStream.subscribe", {}))["result"] == {"subscriptionId": 0}
            again = await socket.signed("userDataStream.subscribe.signature", {})
            assert (again["status"], again["error"]["code"]) == (400, -2035)
            other = await socket.signed("userDataStream.subscribe.signature", {}, wire.reader)
            assert other["result"] == {"subscriptionId": 1}
            numbers = (await socket.call("session.subscriptions", {}))["result"]
            assert numbers == [{"subscriptionId": 0}, {"subscriptionId": 1}]
            await wire.signed("POST", "/api/v3/order", list(LIMIT.items()))
            for name in ("executionReport", "outboundAccountPosition"):
                frame = await socket.received()
                assert (frame["subscriptionId"], frame["event"]["e"]) == (0, name)
                check_event_type("a" * 64, frame["event"])
            await socket.incoming.put(text({"id": 5, "method": "session.logout"}))
            assert (await socket.received())["event"]["e"] == "eventStreamTerminated"
            assert (await socket.received())["result"]["userDataStream"] is False
            assert (await socket.call("session.subscriptions", {}))["result"] == [{"subscriptionId": 1}]
            none = await socket.call("userDataStream.unsubscribe", {"subscriptionId": 0})
            assert none["error"]["code"] == -2036

    asyncio.run(ask_all())


def text(message: dict[str, Any]) -> dict[str, Any]:
    return {"type": "websocket.receive", "text": orjson.dumps(message).decode()}


def test_a_key_that_is_revoked_ends_what_it_let_in(tmp_path: Path) -> None:
    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire, SocketClient(wire, "/ws-api/v3") as socket:
            await socket.signed("session.logon", {}, wire.reader)
            await socket.call("userDataStream.subscribe", {})
            await revoke(wire, wire.reader)
            assert (await socket.received())["event"]["e"] == "eventStreamTerminated"
            told = await socket.received()
            assert (told["id"], told["status"], told["error"]["code"]) == (None, 401, -2015)
            assert (await socket.call("session.status", {}))["result"]["apiKey"] is None

    asyncio.run(ask_all())


def test_times_come_in_microseconds_where_asked(tmp_path: Path) -> None:
    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire:
            for unit, digits in (("MICROSECOND", 16), ("microsecond", 16), ("MILLISECOND", 13)):
                answer = await wire.ask("GET", "/api/v3/time", headers={"x-mbx-time-unit": unit})
                assert len(str(answer.json()["serverTime"])) == digits
                async with SocketClient(wire, f"/ws-api/v3?timeUnit={unit}") as socket:
                    assert len(str((await socket.call("time", {}))["result"]["serverTime"])) == digits
                async with SocketClient(wire, f"/ws/btcusdt@trade?timeUnit={unit}") as stream:
                    await wire.signed("POST", "/api/v3/order", list(ORDER.items()))
                    await trade(wire)
                    event = await stream.received()
                    assert [len(str(event[name])) for name in ("E", "T")] == [digits, digits]
            bad = await wire.ask("GET", "/api/v3/time", headers={"x-mbx-time-unit": "Second"})
            assert bad.json()["code"] == -1194

    asyncio.run(ask_all())


@pytest.mark.parametrize("path", ["/ws/btcusdt@trade", "/ws-api/v3"])
def test_a_time_unit_that_is_none_is_refused_before_the_connection_is_one(tmp_path: Path, path: str) -> None:
    async def ask() -> list[dict[str, Any]]:
        async with open_wire(tmp_path) as wire:
            socket = SocketClient(wire, f"{path}?timeUnit=hours")
            await socket.incoming.put({"type": "websocket.connect"})
            await wire.exchange.asgi(socket.scope, socket.incoming.get, socket.outgoing.put)  # type: ignore[arg-type]
            return [socket.outgoing.get_nowait() for _ in range(2)]

    start, body = asyncio.run(ask())
    assert start["status"] == 400
    assert orjson.loads(body["body"])["code"] == -1194


async def traded(wire: Wire, count: int) -> None:
    for _ in range(count):
        await wire.signed("POST", "/api/v3/order", [*ORDER.items()])
        await trade(wire)


def test_a_stream_is_taken_up_again_where_it_was_left(tmp_path: Path) -> None:
    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire:
            async with SocketClient(wire, "/ws/btcusdt@trade") as first:
                await traded(wire, 2)
                seen = [await first.received() for _ in range(2)]
            await traded(wire, 3)
            last = seen[-1]["seq"]
            async with SocketClient(wire, "/ws") as second:
                asked = {"method": "SUBSCRIBE", "params": ["btcusdt@trade"], "fromSeq": last, "id": 1}
                await second.incoming.put(text(asked))
                events = [await second.received() for _ in range(4)]
                answer = await second.received()
                assert answer == {"result": None, "id": 1}
                assert events[0] == seen[-1]
                assert [event["t"] for event in events] == [seen[-1]["t"] + number for number in range(4)]
                for event in events:
                    check_event_type("btcusdt@trade", event)
            for stream, seq in (("btcusdt@trade", 1), ("ethusdt@trade", last), ("btcusdt@ticker", last)):
                async with SocketClient(wire, f"/stream?streams={stream}&fromSeq={seq}") as third:
                    lost = await third.received()
                    assert lost == {"code": 2, "msg": f"Invalid request: {stream} from seq {seq} is not in memory"}

    asyncio.run(ask_all())


def test_a_stream_to_which_nobody_comes_back_is_forgotten(tmp_path: Path) -> None:
    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire:
            hub = wire.exchange.hub
            async with SocketClient(wire, "/stream?streams=btcusdt@trade/btcusdt@ticker/nothing"):
                assert len(hub.streams) == 3
            assert list(hub.streams) == ["btcusdt@trade"]
            hub.sweep(wire.exchange.context.now_ns() + 60_000_000_000)
            assert hub.has("btcusdt@trade")
            hub.sweep(wire.exchange.context.now_ns() + 121_000_000_000)
            assert not hub.streams

    asyncio.run(ask_all())


class Reader:
    """The other side of a socket: takes what is sent only while it is told to."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.reads = asyncio.Event()
        self.incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def take(self, message: Any) -> None:
        await self.reads.wait()
        self.taken.append(message)


async def opened(reader: Reader) -> tuple[AsgiSocket, "asyncio.Task[None]"]:
    socket = AsgiSocket(reader.incoming.get, reader.take)
    running = asyncio.create_task(socket.run(lambda _: None))
    await reader.incoming.put({"type": "websocket.connect"})
    reader.reads.set()
    await asyncio.sleep(0.01)
    reader.reads.clear()
    socket.send("first")
    await asyncio.sleep(0.01)
    return socket, running


def test_who_reads_slowly_gets_the_newest_of_a_conflated_stream_and_all_of_the_others() -> None:
    async def all_of_it() -> list[str]:
        reader = Reader()
        socket, running = await opened(reader)
        for number in range(1_000):
            socket.send(f"ticker {number}", "ticker")
            if number % 500 == 0:
                socket.send(f"trade {number}")
        reader.reads.set()
        await reader.incoming.put({"type": "websocket.disconnect"})
        await running
        return [message["text"] for message in reader.taken if message["type"] == "websocket.send"]

    assert asyncio.run(all_of_it()) == ["first", "ticker 999", "trade 0", "trade 500"]


@pytest.mark.parametrize(("count", "size"), [(sockets.WAITING_MAX + 2, 1), (40, 1 << 20)])
def test_who_does_not_read_is_disconnected_with_a_reason_and_holds_no_memory(count: int, size: int) -> None:
    async def all_of_it() -> dict[str, Any]:
        reader = Reader()
        socket, running = await opened(reader)
        for _ in range(count):
            socket.send("x" * size)
        assert not socket.waiting
        reader.reads.set()
        await reader.incoming.put({"type": "websocket.disconnect"})
        await running
        return reader.taken[-1]

    assert asyncio.run(all_of_it()) == {"type": "websocket.close", "code": 1008, "reason": "too slow a reader"}


def test_a_payload_is_encoded_once_however_many_listen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire:
            clients = [SocketClient(wire, "/ws/btcusdt@trade") for _ in range(5)]
            clients += [SocketClient(wire, "/stream?streams=btcusdt@trade") for _ in range(5)]
            for client in clients:
                await client.__aenter__()
            encoded: list[Any] = []
            dumps = orjson.dumps

            def count(value: Any) -> bytes:
                encoded.append(value)
                return dumps(value)

            counting = type("Orjson", (), {"dumps": count})
            monkeypatch.setattr("exchange.api.streams.orjson", counting)
            await traded(wire, 1)
            events = [await client.received() for client in clients]
            assert events[0] == events[4] == events[9]["data"]
            assert len([value for value in encoded if isinstance(value, dict)]) == 1
            for client in clients:
                await client.__aexit__()

    asyncio.run(ask_all())


def test_more_messages_in_a_second_than_may_be_end_a_connection(tmp_path: Path) -> None:
    async def ask_all() -> None:
        async with open_wire(tmp_path, "reference") as wire, SocketClient(wire, "/ws") as socket:
            now_ns = wire.exchange.context.now_ns()
            wire.exchange.context.now_ns = lambda: now_ns
            for number in range(5):
                answer = await socket.send(orjson.dumps({"method": "LIST_SUBSCRIPTIONS", "id": number}).decode())
                assert answer["id"] == number
            await socket.incoming.put(text({"method": "LIST_SUBSCRIPTIONS", "id": 5}))
            assert await socket.outgoing.get() == {
                "type": "websocket.close",
                "code": 1008,
                "reason": "Too many requests",
            }

    asyncio.run(ask_all())


def test_everybody_is_told_before_the_server_stops(tmp_path: Path) -> None:
    async def ask_all() -> None:
        async with (
            open_wire(tmp_path) as wire,
            SocketClient(wire, "/ws/btcusdt@trade") as bare,
            SocketClient(wire, "/stream") as combined,
            SocketClient(wire, "/ws-api/v3") as session,
        ):
            wire.exchange.hub.close_all()
            assert (await bare.received())["e"] == "serverShutdown"
            wrapped = await combined.received()
            assert (wrapped["stream"], wrapped["data"]["e"]) == ("!serverShutdown", "serverShutdown")
            assert (await session.received())["event"]["e"] == "serverShutdown"
            for socket in (bare, combined, session):
                assert (await socket.outgoing.get())["code"] == 1001

    asyncio.run(ask_all())
