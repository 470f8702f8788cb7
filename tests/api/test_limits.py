"""Limits of the wire: weights and their headers, 429, 418 and bans that outlive a restart, orders that are unfilled."""

import asyncio
from pathlib import Path
from typing import Any

import httpx

from exchange.api.errors import WireError
from exchange.api.rate_limits import BAN_SECONDS, FORGIVEN_NS, NS, TOLD_MAX, RateLimits
from exchange.store.bans import Bans
from tests.api.wire import ORDER, SocketClient, Wire, open_wire, refusal

MINUTE_NS = 60 * NS
NOON_NS = 1_780_000_020 * NS // MINUTE_NS * MINUTE_NS


def stop_the_clock(wire: Wire) -> None:
    """No window ends while a test counts."""
    now_ns = wire.exchange.clock.read() // MINUTE_NS * MINUTE_NS + MINUTE_NS
    wire.exchange.context.now_ns = lambda: now_ns


def used(response: httpx.Response) -> int:
    assert response.headers["x-mbx-used-weight"] == response.headers["x-mbx-used-weight-1m"]
    return int(response.headers["x-mbx-used-weight"])


def refused(limits: RateLimits, weight: int, now_ns: int, address: str = "a") -> WireError:
    try:
        limits.charge(address, weight, now_ns)
    except WireError as error:
        return error
    raise AssertionError("let in")


def test_every_answer_tells_the_weight_that_its_address_has_used(tmp_path: Path) -> None:
    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire:
            stop_the_clock(wire)
            for path, weight in (("ping", 1), ("depth?symbol=BTCUSDT&limit=5000", 250), ("depth", 1), ("nothing", 1)):
                before = used(await wire.ask("GET", "/api/v3/time"))
                assert used(await wire.ask("GET", f"/api/v3/{path}")) - before == weight, path
            other = await wire.ask("GET", "/api/v3/ping", headers={"x-forwarded-for": "192.0.2.9"})
            assert used(other) == 1

    asyncio.run(ask_all())


def test_trading_weighs_nothing_where_it_succeeds_and_something_where_it_fails(tmp_path: Path) -> None:
    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire:
            stop_the_clock(wire)
            before = used(await wire.ask("GET", "/api/v3/ping"))
            placed = await wire.signed("POST", "/api/v3/order", [*ORDER.items()])
            assert (placed.status_code, used(placed)) == (200, before)
            canceled = await wire.signed("DELETE", "/api/v3/openOrders", [("symbol", "BTCUSDT")])
            assert (canceled.status_code, used(canceled)) == (200, before)
            again = await wire.signed("DELETE", "/api/v3/openOrders", [("symbol", "BTCUSDT")])
            assert (refusal(again)["code"], used(again)) == (-2011, before + 1)
            tested = await wire.signed("POST", "/api/v3/order/test", [*ORDER.items()])
            assert (tested.status_code, used(tested)) == (200, before + 2)
            await wire.signed("POST", "/api/v3/order", [*ORDER.items(), ("newClientOrderId", "less")])
            less = [("symbol", "BTCUSDT"), ("origClientOrderId", "less"), ("newQty", "0.0005")]
            amended = await wire.signed("PUT", "/api/v3/order/amend/keepPriority", less)
            assert (amended.status_code, used(amended)) == (200, before + 6)

    asyncio.run(ask_all())


def test_on_the_websocket_api_weights_are_the_same_and_connecting_weighs_two(tmp_path: Path) -> None:
    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire:
            stop_the_clock(wire)
            async with SocketClient(wire, "/ws-api/v3") as socket:

                async def weight(method: str, params: dict[str, Any], *, signed: bool = False) -> int:
                    answer = await (socket.signed(method, params) if signed else socket.call(method, params))
                    count: int = answer["rateLimits"][0]["count"]
                    return count

                assert await weight("ping", {}) == 3
                assert await weight("depth", {"symbol": "BTCUSDT", "limit": 5000}) == 253
                assert await weight("order.place", dict(ORDER), signed=True) == 253
                assert await weight("order.cancel", {"symbol": "BTCUSDT", "orderId": 99}, signed=True) == 254
                assert await weight("session.status", {}) == 256
                assert await weight("depth", {}) == 257

    asyncio.run(ask_all())


def test_above_the_limit_is_429_and_going_on_is_418_for_that_address_alone(tmp_path: Path) -> None:
    async def ask_all() -> None:
        async with open_wire(tmp_path, "reference") as wire:
            stop_the_clock(wire)
            heavy = "/api/v3/depth?symbol=BTCUSDT&limit=5000"
            for _ in range(6_000 // 250):
                assert (await wire.ask("GET", heavy)).status_code == 200
            for _ in range(TOLD_MAX):
                told = await wire.ask("GET", "/api/v3/ping")
                assert told.status_code == 429
                assert told.headers["retry-after"] == "60"
                assert told.json()["msg"].startswith("Too much request weight used; current limit is 6000 request w")
            banned = await wire.ask("GET", "/api/v3/ping")
            assert (banned.status_code, banned.headers["retry-after"]) == (418, "120")
            until = wire.now_ms() + 120_000
            assert banned.json()["code"] == -1003
            assert f"IP banned until {until}." in banned.json()["msg"]
            other = await wire.ask("GET", "/api/v3/ping", headers={"x-forwarded-for": "192.0.2.9"})
            assert other.status_code == 200

    asyncio.run(ask_all())


def test_a_ban_outlives_a_restart(tmp_path: Path) -> None:
    async def ask_all() -> None:
        headers = {"x-forwarded-for": "192.0.2.7"}
        async with open_wire(tmp_path) as wire:
            limits, now_ns = wire.exchange.context.limits, wire.exchange.context.now_ns()
            for _ in range(TOLD_MAX + 1):
                refused(limits, 2_000_000_000, now_ns, "192.0.2.7")
            assert (await wire.ask("GET", "/api/v3/ping", headers=headers)).status_code == 418
        async with open_wire(tmp_path) as wire:
            assert (await wire.ask("GET", "/api/v3/ping", headers=headers)).status_code == 418
            assert (await wire.ask("GET", "/api/v3/ping")).status_code == 200

    asyncio.run(ask_all())


def test_bans_grow_from_two_minutes_to_three_days_and_are_forgiven(tmp_path: Path) -> None:
    bans = Bans(tmp_path / "bans.sqlite")
    limits = RateLimits("reference", bans)
    now_ns = NOON_NS
    found = []
    for _ in range(len(BAN_SECONDS) + 1):
        for _ in range(TOLD_MAX):
            assert refused(limits, 6_001, now_ns).status == 429
        found.append(refused(limits, 1, now_ns).retry_after)
        assert refused(limits, 1, now_ns + found[-1] * NS - 1).status == 418
        now_ns = (now_ns + found[-1] * NS) // MINUTE_NS * MINUTE_NS + MINUTE_NS
        limits.charge("a", 1, now_ns)
        limits = RateLimits("reference", bans)
    assert found == [*BAN_SECONDS, BAN_SECONDS[-1]]
    now_ns += FORGIVEN_NS
    for _ in range(TOLD_MAX):
        refused(limits, 6_001, now_ns)
    assert refused(limits, 1, now_ns).retry_after == BAN_SECONDS[0]
    bans.close()


def test_windows_end_with_the_minute_and_raw_requests_with_five() -> None:
    limits = RateLimits("reference")
    assert limits.charge("a", 6_000, NOON_NS + 59 * NS) == 6_000
    assert refused(limits, 1, NOON_NS + 59 * NS).retry_after == 1
    assert limits.charge("a", 1, NOON_NS + MINUTE_NS) == 1
    for _ in range(300_000):
        limits.charge("b", 0, NOON_NS)
    assert refused(limits, 0, NOON_NS, "b").status == 429
    limits.charge("b", 0, NOON_NS + 5 * MINUTE_NS)


def test_sapi_has_windows_of_its_own(tmp_path: Path) -> None:
    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire:
            stop_the_clock(wire)
            before = used(await wire.ask("GET", "/api/v3/ping"))
            answer = await wire.ask("GET", "/sapi/v1/system/status")
            assert used(answer) == before
            assert answer.headers["x-sapi-used-ip-weight-1m"] == "1"

    asyncio.run(ask_all())


async def counts(wire: Wire) -> list[int]:
    response = await wire.signed("GET", "/api/v3/rateLimit/order", [])
    return [row["count"] for row in response.json()]


def terms(side: str, price: str, **more: str) -> list[tuple[str, str]]:
    return list((ORDER | {"side": side, "price": price, "selfTradePreventionMode": "NONE"} | more).items())


def test_orders_count_until_their_first_fill_and_a_makers_counts_for_five(tmp_path: Path) -> None:
    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire:
            stop_the_clock(wire)
            before = shown = await counts(wire)
            for number in range(9):
                placed = await wire.signed("POST", "/api/v3/order", terms("BUY", f"{50_000 + number}"))
                shown = [int(placed.headers[f"x-mbx-order-count-{window}"]) for window in ("10s", "1d")]
                assert shown == [count + number + 1 for count in before]
            assert await counts(wire) == shown
            await wire.signed("DELETE", "/api/v3/order", [("symbol", "BTCUSDT"), ("orderId", "2")])
            assert await counts(wire) == shown, "a cancel takes nothing away"
            sold = await wire.signed("POST", "/api/v3/order", terms("SELL", "50008", quantity="0.0005"))
            assert sold.json()["status"] == "FILLED", sold.text
            after = [count + 1 - 1 - 5 for count in shown]
            assert await counts(wire) == after
            again = await wire.signed("POST", "/api/v3/order", terms("SELL", "60000", quantity="0.0005"))
            assert again.json()["executedQty"] == "0.00050000"
            assert await counts(wire) == after, "the maker's second fill takes nothing away"

    asyncio.run(ask_all())


def test_above_the_limit_of_orders_nothing_is_placed(tmp_path: Path) -> None:
    async def ask_all() -> None:
        async with open_wire(tmp_path, "reference") as wire, SocketClient(wire, "/ws-api/v3") as socket:
            stop_the_clock(wire)
            (count, _) = await counts(wire)
            for number in range(count, 100):
                placed = await wire.signed("POST", "/api/v3/order", terms("BUY", f"{50_000 + number}"))
                assert placed.status_code == 200, placed.text
            before = wire.state_hash
            answer = await wire.signed("POST", "/api/v3/order", terms("BUY", "49999"))
            assert answer.status_code == 429
            message = "Too many new orders; current limit is 100 orders per 10 SECOND."
            assert answer.json() == {"code": -1015, "msg": message}
            assert 0 < int(answer.headers["retry-after"]) <= 10
            told: dict[str, Any] = await socket.signed("order.place", dict(terms("BUY", "49999")))
            assert (told["status"], told["error"]["code"]) == (429, -1015)
            data = told["error"]["data"]
            assert 0 < data["retryAfter"] - data["serverTime"] <= 10_000
            assert [row["rateLimitType"] for row in told["rateLimits"]] == ["REQUEST_WEIGHT", "ORDERS", "ORDERS"]
            assert told["rateLimits"][1]["count"] == 100
            assert wire.state_hash == before

    asyncio.run(ask_all())
