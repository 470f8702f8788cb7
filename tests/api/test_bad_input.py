"""Bad input, for every parameter of every endpoint there is: Binance's refusal each time, and a state left alone."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx

from exchange.api import endpoints
from exchange.api.auth import OPERATE
from exchange.api.endpoints import Endpoint
from exchange.ops import demo
from tests.api.wire import ORDER, READ_ONLY, READER, SocketClient, Wire, check_error, open_wire, refusal, revoke

# A good value for every parameter that some endpoint must have; a new mandatory parameter needs a row here.
EXAMPLES = ORDER | {
    "interval": "1m",
    "fromId": "1",
    "orderId": "1",
    "seq": "1",
    "newQty": "0.0005",
    "cancelReplaceMode": "STOP_ON_FAILURE",
    "countdownTime": "0",
    "command": "KillSwitch",
    "fields": '{"market_id": 1}',
    "cancelOrigClientOrderId": "known",
    "batchOrders": '[{"symbol": "BTCUSDT"}]',
}
# By path: what goes together, lists above all.
SMALL = {"price": "60000", "stopPrice": "70000"}
WORKING = {"workingType": "LIMIT", "workingSide": "BUY", "workingQuantity": "0.001", "workingTimeInForce": "GTC"}
WORKING |= {"workingPrice": "60000", "pendingSide": "SELL", "pendingQuantity": "0.001"}
LISTS: dict[str, dict[str, str]] = {
    "/sapi/v1/asset/transfer": {"type": "MAIN_FUNDING"},
    "/sapi/v1/accountSnapshot": {"type": "SPOT"},
    "/api/v3/order/oco": SMALL,
    "/api/v3/orderList/oco": {"aboveType": "STOP_LOSS", "aboveStopPrice": "70000", "belowType": "LIMIT_MAKER"}
    | {"belowPrice": "60000"},
    "/api/v3/orderList/oto": WORKING | {"pendingType": "LIMIT", "pendingPrice": "70000", "pendingTimeInForce": "GTC"},
    "/api/v3/orderList/otoco": WORKING
    | {"pendingAboveType": "LIMIT_MAKER", "pendingAbovePrice": "70000", "pendingBelowType": "STOP_LOSS"}
    | {"pendingBelowStopPrice": "50000"},
}
PAYING = {name: value for name, value in WORKING.items() if name != "pendingQuantity"}
LISTS["/api/v3/orderList/opo"] = PAYING | {"pendingType": "MARKET"}
LISTS["/api/v3/orderList/opoco"] = PAYING | {
    name: value for name, value in LISTS["/api/v3/orderList/otoco"].items() if name.startswith(("pendingA", "pendingB"))
}
# What must go along although no row says so.
COMPANIONS = {
    ("POST", "/api/v3/order"): ("timeInForce", "quantity", "price"),
    ("POST", "/api/v3/order/test"): ("timeInForce", "quantity", "price"),
    ("POST", "/api/v3/sor/order"): ("timeInForce", "quantity", "price"),
    ("POST", "/api/v3/sor/order/test"): ("timeInForce", "quantity", "price"),
    ("POST", "/api/v3/order/cancelReplace"): ("timeInForce", "quantity", "price", "cancelOrigClientOrderId"),
    ("GET", "/api/v3/ticker"): ("symbol",),
    ("GET", "/api/v3/ticker/tradingDay"): ("symbol",),
    ("GET", "/api/v3/myPreventedMatches"): ("orderId",),
}
FREE_TEXT = {
    "command",
    "fields",
    "asset",
    "newClientOrderId",
    "origClientOrderId",
    "cancelOrigClientOrderId",
    "cancelNewClientOrderId",
    "permissions",
    "listenKey",
}
NUMBER_OR_WORD = ("1e400", "-1e400", "NaN", "maybe", "{}", "null", "0x10", "☃", "²", "1;2", "\0", "1 ", "9" * 5_000)
NEGATIVE = ("-1", "-0.5")
MAY_BE_NEGATIVE = {"timeZone"}
EXTREMES = (str((1 << 63) - 1), str(1 << 63), str(-(1 << 63)), "9" * 20, "0")
OVERSIZED = "A" * 20_000

Pairs = list[tuple[str, str]]


def is_free_text(name: str) -> bool:
    return name in FREE_TEXT or name.endswith("ClientOrderId")


def good_values(endpoint: Endpoint, listen_key: str) -> dict[str, str]:
    """Values with which an endpoint has nothing to refuse before the engine."""
    examples = EXAMPLES | {"listenKey": listen_key}
    names = [row.name for row in endpoint.rows.values() if row.mandatory and row.name != "timestamp"]
    names += COMPANIONS.get((endpoint.method, endpoint.path), ())
    if endpoint.path in LISTS:
        examples = examples | LISTS[endpoint.path]
        names += [name for name in LISTS[endpoint.path] if name not in names]
    values = {name: examples[name] for name in names}
    if endpoint.path == "/api/v3/orderList":
        values["orderListId"] = "1"
    is_order = endpoint.path == "/api/v3/order" and endpoint.method != "POST"
    if is_order or endpoint.path.endswith("/keepPriority"):
        values["origClientOrderId"] = "known"
    return values


def bad_values(endpoint: Endpoint, good: dict[str, str]) -> Iterator[tuple[str, Pairs]]:
    """Requests that must be refused: what is wrong with them, and their parameters."""
    for row in endpoint.rows.values():
        rest = [(name, value) for name, value in good.items() if name != row.name]
        if row.mandatory and row.name != "timestamp":
            yield f"{row.name} missing", rest
        yield f"{row.name} empty", [*rest, (row.name, "")]
        yield f"{row.name} oversized", [*rest, (row.name, OVERSIZED)]
        some = good.get(row.name, "1")
        yield f"{row.name} twice", [*rest, (row.name, some), (row.name, some)]
        if not is_free_text(row.name):
            for value in NUMBER_OR_WORD + (() if row.name in MAY_BE_NEGATIVE else NEGATIVE):
                yield f"{row.name} is {value[:20]!r}", [*rest, (row.name, value)]
    for unknown in ("unknown", "Symbol", "☃", ""):
        yield f"unknown parameter {unknown!r}", [*good.items(), (unknown, "1")]


def extreme_values(endpoint: Endpoint, good: dict[str, str]) -> Iterator[Pairs]:
    """Requests at the ends of what numbers can be: refused or answered, but never a failure."""
    names = [row.name for row in endpoint.rows.values()]
    for value in EXTREMES:
        for name in names:
            yield [*((each, text) for each, text in good.items() if each != name), (name, value)]
    if "startTime" in names:
        for start, end in ((EXTREMES[0], EXTREMES[0]), ("0", "0"), ("0", EXTREMES[0]), ("1", "86400001")):
            yield [*good.items(), ("startTime", start), ("endTime", end)]


async def request(wire: Wire, endpoint: Endpoint, pairs: Pairs) -> httpx.Response:
    """Ask an endpoint with the credentials that it wants."""
    if endpoint.security == endpoints.SIGNED:
        return await wire.signed(endpoint.method, endpoint.path, pairs)
    query = urlencode(pairs)
    headers = {} if endpoint.security == endpoints.NONE else {"X-MBX-APIKEY": wire.trader["api_key"]}
    return await wire.ask(endpoint.method, f"{endpoint.path}?{query}", headers=headers)


async def new_listen_key(wire: Wire) -> str:
    response = await wire.ask("POST", "/api/v3/userDataStream", headers={"X-MBX-APIKEY": wire.trader["api_key"]})
    key: str = response.json()["listenKey"]
    return key


def test_every_bad_parameter_of_every_rest_endpoint_is_refused(tmp_path: Path) -> None:
    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire:
            key = await new_listen_key(wire)
            before, asked = wire.state_hash, 0
            for endpoint in wire.endpoints:
                for what, pairs in bad_values(endpoint, good_values(endpoint, key)):
                    response = await request(wire, endpoint, pairs)
                    body = refusal(response)
                    oversized_or_empty = what.endswith(("oversized", "empty"))
                    assert not oversized_or_empty or body["code"] != -2010, (endpoint.path, what)
                    asked += 1
            assert wire.state_hash == before
            assert asked > 1_000

    asyncio.run(ask_all())


def test_the_same_requests_without_the_fault_are_answered(tmp_path: Path) -> None:
    """Otherwise the test above would be content with an endpoint that refuses everything."""

    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire:
            for endpoint in wire.endpoints:
                response = await request(
                    wire, endpoint, list(good_values(endpoint, await new_listen_key(wire)).items())
                )
                # The one order that is open has gone by then.
                known = endpoint.method in ("DELETE", "PUT", "POST") and "Unknown order sent." in response.text
                known = known or (endpoint.path.startswith("/api/v3/referencePrice") and "-2043" in response.text)
                known = known or (endpoint.path == "/api/v3/orderList" and "-2013" in response.text)
                known = known or "SOR orders are not supported" in response.text
                known = known or (endpoint.right == OPERATE and "-2015" in response.text)
                assert response.status_code == 200 or known, (endpoint.path, response.text)

    asyncio.run(ask_all())


def test_numbers_at_their_ends_never_make_the_venue_fail(tmp_path: Path) -> None:
    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire:
            key = await new_listen_key(wire)
            for endpoint in wire.endpoints:
                changes = endpoint.method != "GET" and not endpoint.path.endswith("/test")
                for pairs in () if changes else extreme_values(endpoint, good_values(endpoint, key)):
                    response = await request(wire, endpoint, pairs)
                    if response.status_code != 200:
                        refusal(response)
            for name in ("quantity", "price", "quoteOrderQty", "strategyId", "strategyType"):
                for value in (*EXTREMES, "0.00000000", "." + "9" * 20, "1" * 40):
                    order = {**ORDER, "newOrderRespType": "ACK", name: value}
                    response = await wire.signed("POST", "/api/v3/order/test", list(order.items()))
                    if response.status_code != 200:
                        refusal(response)
            assert (await wire.ask("GET", "/api/v3/ping")).json() == {}

    asyncio.run(ask_all())


def test_every_bad_parameter_of_every_websocket_method_is_refused(tmp_path: Path) -> None:
    wrong_types: tuple[Any, ...] = (None, [], {}, [[]], 1.5e300, -1, {"a": 1}, "", "☃", deep(300), OVERSIZED)

    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire, SocketClient(wire, "/ws-api/v3") as socket:
            before, asked = wire.state_hash, 0
            for endpoint in wire.endpoints:
                if not endpoint.socket_method:
                    continue
                good: dict[str, Any] = dict(good_values(endpoint, ""))
                for row in endpoint.rows.values():
                    for value in wrong_types:
                        is_free = is_free_text(row.name) or row.name in MAY_BE_NEGATIVE
                        if is_free and value not in (None, "", "☃", OVERSIZED):
                            continue
                        if row.name == "permissions" and value:
                            continue
                        params = good | {row.name: value}
                        signed = endpoint.security == endpoints.SIGNED
                        method = endpoint.socket_method
                        answer = await (socket.signed(method, params) if signed else socket.call(method, params))
                        check_answer(answer, f"{method} {row.name} {str(value)[:30]}")
                        asked += 1
                answer = await socket.call(endpoint.socket_method, good | {"unknown": 1})
                check_answer(answer, endpoint.socket_method)
            assert wire.state_hash == before
            assert asked > 300

    asyncio.run(ask_all())


def test_a_websocket_request_may_say_whether_rate_limits_are_shown(tmp_path: Path) -> None:
    """ccxt sends `returnRateLimits` with every request."""

    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire, SocketClient(wire, "/ws-api/v3") as socket:
            for params, shown in (({}, True), ({"returnRateLimits": False}, False), ({"returnRateLimits": True}, True)):
                for method in ("ping", "session.status", "nothing"):
                    assert ("rateLimits" in await socket.call(method, params)) is shown
                assert ("rateLimits" in await socket.signed("account.status", dict(params))) is shown
            check_answer(await socket.call("ping", {"returnRateLimits": "maybe"}), "maybe")

    asyncio.run(ask_all())


def deep(levels: int) -> list[Any]:
    """Arrays in arrays: what reads them may have a limit, what writes them another."""
    found: list[Any] = []
    for _ in range(levels):
        found = [found]
    return found


def check_answer(answer: dict[str, Any], where: str) -> None:
    where = f"{where}: {str(answer)[:300]}"
    assert 400 <= answer["status"] < 500, where
    check_error(answer["error"], where)
    assert "result" not in answer, where


def test_who_may_not_is_told_so_and_changes_nothing(tmp_path: Path) -> None:
    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire:
            revoked = dict(wire.reader)
            await revoke(wire, revoked)
            wire.reader = await fresh_reader(wire)
            before = wire.state_hash
            for endpoint in wire.endpoints:
                if endpoint.security == endpoints.SIGNED:
                    await check_credentials(wire, endpoint, revoked)
            assert wire.state_hash == before

    asyncio.run(ask_all())


async def fresh_reader(wire: Wire) -> dict[str, str]:
    return await demo.open_person(wire.exchange, READER, READ_ONLY, {})


async def check_credentials(wire: Wire, endpoint: Endpoint, revoked: dict[str, str]) -> None:
    good = list(good_values(endpoint, "").items())
    method, path, now, key = endpoint.method, endpoint.path, wire.now_ms(), wire.trader

    async def code(pairs: Pairs, signer: dict[str, str] = key) -> int:
        found: int = refusal(await wire.signed(method, path, good + pairs, signer))["code"]
        return found

    if endpoint.right == OPERATE:
        assert await code([]) == -2015  # a trader is no operator: tests/api/test_operator.py has the rest
        return
    wrong_secret = {"api_key": key["api_key"], "secret_key": "wrong"}
    assert await code([], wrong_secret) == -1022
    assert await code([], {"api_key": "f" * 64, "secret_key": key["secret_key"]}) == -2015
    assert await code([], {"api_key": "not a key!", "secret_key": key["secret_key"]}) == -2014
    assert await code([], revoked) == -2015
    assert await code([("timestamp", str(now - 6_000))]) == -1021
    assert await code([("timestamp", str(wire.now_ms() + 2_000))]) == -1021
    assert await code([("timestamp", "1")]) == -1021
    for window in ("60000.001", "99999"):
        assert await code([("recvWindow", window)]) in (-1100, -1131)
    for window in ("-1", "1.0001", "1e3", "5s", "600000"):
        assert await code([("recvWindow", window)]) == -1100
    if endpoint.right == 2:
        assert await code([], wire.reader) == -2015
    query = urlencode([*good, ("timestamp", str(wire.now_ms()))])
    headers = {"X-MBX-APIKEY": key["api_key"]}
    for signature in ("", "0" * 64, "☃", "%FF", "a" * 10_000):
        answer = await wire.ask(method, f"{path}?{query}&signature={signature}", headers=headers)
        assert refusal(answer)["code"] in (-1022, -1105, -1100)
    assert refusal(await wire.ask(method, f"{path}?{query}", headers=headers))["code"] == -1102
    assert refusal(await wire.ask(method, f"{path}?{query}&signature=00"))["code"] == -2014


def test_bodies_and_addresses_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire:
            before = wire.state_hash
            headers = {"X-MBX-APIKEY": wire.trader["api_key"]}
            bodies = (b"x" * (2 << 20), b"symbol=\xff\xfe", b"{", b'{"symbol":"BTCUSDT"}', b"\0" * 100, b"&" * 9_000)
            for body in bodies:
                for path in ("/api/v3/order", "/api/v3/order/test", "/api/v3/userDataStream"):
                    response = await wire.ask("POST", path, body, headers)
                    if path != "/api/v3/userDataStream" or body.strip(b"&"):
                        refusal(response)
            for target in ("/x", "/api/v3", "/api/v3/nothing", "/api/v3/order/", "/sapi/v1/x", "/%FF", "/api/v3/%00"):
                assert refusal(await wire.ask("GET", target))["code"] == -1020
            for method in ("PUT", "PATCH", "OPTIONS", "TRACE", "MADEUP"):
                assert refusal(await wire.ask(method, "/api/v3/order"))["code"] == -1020
            units = {"X-MBX-TIME-UNIT": "FORTNIGHT"}
            assert refusal(await wire.ask("GET", "/api/v3/time", headers=units))["code"] == -1194
            assert wire.state_hash == before

    asyncio.run(ask_all())


def test_websocket_requests_that_are_none_are_refused_and_the_connection_goes_on(tmp_path: Path) -> None:
    texts = (
        *("", "{", "null", "[]", "1", '"text"', "\0", "☃", "[" * 2_000, '{"a":' * 500, "{}", '{"id":1}'),
        *('{"id":1.5,"method":"ping"}', '{"id":[],"method":"ping"}', '{"id":true,"method":"ping"}'),
        *('{"id":1,"method":1}', '{"id":1,"method":[]}', '{"id":1,"method":"nothing"}', '{"id":1,"method":""}'),
        *('{"id":1,"method":"SUBSCRIBE","params":1}', '{"id":1,"method":"SUBSCRIBE","params":[1]}'),
        *('{"id":1,"method":"ping","params":[1]}', '{"id":1,"method":"ping","params":"text"}'),
        *('{"id":1,"method":"depth","params":{"symbol":1e400}}', '{"id":"' + "x" * 99 + '","method":"ping"}'),
        *('{"id":1,"method":"SET_PROPERTY","params":["combined",1]}', '{"id":1,"method":"GET_PROPERTY","params":[]}'),
        *('{"id":1,"method":"session.logon"}', '{"id":1,"method":"userDataStream.subscribe"}'),
        '{"id":1,"method":"userDataStream.unsubscribe","params":{"subscriptionId":7}}',
        '{"id":1,"method":"userDataStream.unsubscribe","params":{"subscriptionId":-7}}',
        '{"id":1,"method":"ping","params":{"\\ud800":1}}',
    )

    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire:
            before = wire.state_hash
            async with SocketClient(wire, "/ws-api/v3") as socket:
                for text in texts:
                    check_answer(await socket.send(text), text[:50])
                assert (await socket.call("ping", {}))["status"] == 200
            for path in ("/ws", "/stream", "/ws/btcusdt@trade"):
                async with SocketClient(wire, path) as socket:
                    for text in texts:
                        answer = await socket.send(text)
                        assert answer["code"] in (0, 1, 2, 3), (text, answer)
                        assert answer["msg"], (text, answer)
                    assert await socket.call("LIST_SUBSCRIPTIONS", []) == {
                        "result": ["btcusdt@trade"] if "@" in path else [],
                        "id": 1,
                    }
            assert wire.state_hash == before

    asyncio.run(ask_all())
