"""Streams, where what one client subscribes to could touch another."""

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest

from exchange.api.events import STREAMS
from tests.api.schemas import check_event_type
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
            await trade(wire)
            wire.exchange.feed.beat(20, wire.exchange.context.now_ns())
            first, second = await received(plain), await received(with_zone)
            assert first == second
            assert '"c":"60000.00000000"' in first["text"]
            assert upper.outgoing.empty()
            assert nonsense.outgoing.empty()

    asyncio.run(ask_all())


SAMPLES = {
    "symbol": "btcusdt",
    "interval": "1m",
    "offset": "",
    "window": "1h",
    "levels": "5",
    "speed": "@100ms",
}
# Nothing of the kind happens here yet, or it is told elsewhere (user data has its own test).
SILENT = {"{symbol}@blockTrade", "{symbol}@referencePrice", "{listenKey}"}


async def every_stream(wire: Wire, unit: str) -> dict[str, list[Any]]:
    """What each kind of stream says while two orders trade and two beats of a second pass."""
    rows = [row for row in STREAMS if row.name not in SILENT]
    names = [row.name.format_map(SAMPLES) for row in rows]
    extra = ["btcusdt@depth", "btcusdt@depth@1000ms", "btcusdt@depth20", "btcusdt@kline_1s", "!ticker_4h@arr"]
    found: dict[str, list[Any]] = {name: [] for name in [*names, *extra]}
    async with SocketClient(wire, f"/stream?streams={'/'.join(found)}&timeUnit={unit}") as socket:
        await trade(wire)
        now_ns = wire.exchange.context.now_ns()
        for beat in (10, 20):
            wire.exchange.feed.beat(beat, now_ns + beat * 100_000_000)
        await asyncio.sleep(0.01)
        while not socket.outgoing.empty():
            message = orjson.loads((await socket.outgoing.get())["text"])
            found[message["stream"]].append(message["data"])
    return found


@pytest.mark.parametrize(("unit", "digits"), [("MILLISECOND", 13), ("MICROSECOND", 16)])
def test_every_stream_sends_what_its_row_declares(tmp_path: Path, unit: str, digits: int) -> None:
    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire:
            for stream, events in (await every_stream(wire, unit)).items():
                assert events, stream
                for event in events:
                    check_event_type(stream, event)
                    for one in event if isinstance(event, list) else [event]:
                        times = [one[name] for name in ("E", "O", "C") if isinstance(one.get(name), int)]
                        assert all(len(str(time)) == digits for time in times), (stream, one)
                        assert "e" not in one or one["seq"] == wire.exchange.engine.seq

    asyncio.run(ask_all())


def test_what_an_account_is_sent_is_what_its_rows_declare(tmp_path: Path) -> None:
    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire:
            headers = {"X-MBX-APIKEY": wire.trader["api_key"]}
            key = (await wire.ask("POST", "/api/v3/userDataStream", headers=headers)).json()["listenKey"]
            async with SocketClient(wire, f"/ws/{key}") as socket:
                rest = [(name, value) for name, value in ORDER.items() if name not in ("side", "type")]
                await trade(wire)
                waiting = [*rest, ("side", "BUY"), ("type", "STOP_LOSS_LIMIT"), ("stopPrice", "70000")]
                await wire.signed("POST", "/api/v3/order", waiting)
                await wire.signed("DELETE", "/api/v3/openOrders", [("symbol", "BTCUSDT")])
                self_trading = [*rest, ("type", "LIMIT"), ("strategyId", "7"), ("strategyType", "1000000")]
                await wire.signed("POST", "/api/v3/order", [*self_trading, ("side", "BUY")])
                mode = ("selfTradePreventionMode", "EXPIRE_TAKER")
                await wire.signed("POST", "/api/v3/order", [*self_trading, ("side", "SELL"), mode])
                seen = set()
                await asyncio.sleep(0.01)
                while not socket.outgoing.empty():
                    event = orjson.loads((await socket.outgoing.get())["text"])
                    check_event_type(key, event)
                    seen.add(event.get("x", event["e"]))
            assert seen == {"NEW", "TRADE", "CANCELED", "TRADE_PREVENTION", "outboundAccountPosition"}

    asyncio.run(ask_all())


def test_nothing_is_made_for_streams_that_nobody_listens_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire:
            published: list[object] = []
            monkeypatch.setattr("exchange.api.streams.Hub.publish", lambda hub, *told: published.append(told))
            await trade(wire)
            wire.exchange.feed.beat(20, wire.exchange.context.now_ns())
            assert not published

    asyncio.run(ask_all())


def test_older_trades_are_had_from_an_id_on_and_from_the_first(tmp_path: Path) -> None:
    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire:
            for _ in range(3):
                await trade(wire)
                await wire.signed("POST", "/api/v3/order", list(ORDER.items()))

            async def ids(query: str) -> list[int]:
                answer = await wire.ask("GET", f"/api/v3/historicalTrades?symbol=BTCUSDT&{query}")
                return [each["id"] for each in answer.json()]

            assert await ids("limit=2") == [2, 3]
            assert await ids("fromId=0&limit=2") == [1, 2]
            assert await ids("fromId=3") == [3]

    asyncio.run(ask_all())


def test_windows_of_statistics_end_now_and_days_begin_at_midnight(tmp_path: Path) -> None:
    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire:
            await trade(wire)
            day_ms = 86_400_000
            for query, width in (("", day_ms), ("&windowSize=1m", 60_000), ("&windowSize=7d", 7 * day_ms)):
                found = (await wire.ask("GET", f"/api/v3/ticker?symbol=BTCUSDT{query}")).json()
                assert (found["lastPrice"], found["volume"]) == ("60000.00000000", "0.00100000")
                assert 0 <= found["closeTime"] - found["openTime"] - width < 60_000
                assert found["openTime"] % 60_000 == 0
            for zone, offset in (("0", 0), ("8", 8), ("-1:00", -1)):
                found = (await wire.ask("GET", f"/api/v3/ticker/tradingDay?symbol=BTCUSDT&timeZone={zone}")).json()
                assert (found["openTime"] + offset * 3_600_000) % day_ms == 0
                assert found["closeTime"] - found["openTime"] == day_ms - 1
            mini = (await wire.ask("GET", "/api/v3/ticker?symbols=[%22BTCUSDT%22]&type=MINI")).json()
            assert "priceChange" not in mini[0]

    asyncio.run(ask_all())


def test_prevented_matches_are_told_to_both_of_their_owners_questions(tmp_path: Path) -> None:
    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire:
            sold = [*(ORDER | {"side": "SELL", "selfTradePreventionMode": "EXPIRE_BOTH"}).items()]
            placed = (await wire.signed("POST", "/api/v3/order", sold)).json()
            assert placed["status"] == "EXPIRED_IN_MATCH"

            async def matches(*pairs: tuple[str, str], key: dict[str, str] | None = None) -> Any:
                asked = [("symbol", "BTCUSDT"), *pairs]
                return (await wire.signed("GET", "/api/v3/myPreventedMatches", asked, key)).json()

            (found,) = await matches(("orderId", str(placed["orderId"])))
            assert found["takerOrderId"] == placed["orderId"]
            assert found["takerPreventedQuantity"] == found["makerPreventedQuantity"] == "0.00100000"
            assert await matches(("preventedMatchId", str(found["preventedMatchId"]))) == [found]
            assert await matches(("orderId", str(found["makerOrderId"]))) == [found]
            assert await matches(("orderId", str(found["makerOrderId"])), ("fromPreventedMatchId", "99")) == []
            assert await matches(("orderId", "1"), key=wire.reader) == []

    asyncio.run(ask_all())
