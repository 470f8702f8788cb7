"""Every row of the reference's §19 that applies, provoked: code, message and HTTP status, over both ways in."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from exchange.api import errors
from exchange.api.context import ENGINE_NS
from exchange.messages import accounts, markets
from exchange.messages.orders import SelfTrade
from exchange.messages.rejects import RejectCode
from exchange.ops import listing
from exchange.runtime.sequencer import Failed, Overloaded, Stopping
from tests.api.wire import ORDER, SocketClient, Wire, open_wire

MARKET = {"symbol": "BTCUSDT"}
SOLD = ORDER | {"side": "SELL", "price": "70000"}
AT_MARKET = {"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET"}
CANCEL = MARKET | {"origClientOrderId": "known"}
ILLEGAL = "Illegal characters found in parameter '{}'; legal range is '{}'."
MISSING = "Mandatory parameter '{}' was not sent, was empty/null, or malformed."
NOT_FOR_TYPE = "This order type may not use pegged price."
NOT_WITH_TYPE = "This price peg cannot be used with this order type."
WHOLE, DECIMAL = "^[0-9]{1,20}$", "^([0-9]{1,20})(\\.[0-9]{1,20})?$"


class Row(NamedTuple):
    """What is asked, and what must come back."""

    code: int
    message: str
    asked: str
    values: dict[str, str]
    status: int = 400


def order(code: int, message: str, **changed: str) -> Row:
    """A refused order: ORDER with changes; an empty word leaves a parameter out."""
    values = {name: value for name, value in (ORDER | changed).items() if value != "-"}
    return Row(code, message, "POST /api/v3/order", values)


ROWS = (
    Row(-1101, "Too many parameters; expected '0' and received '1'.", "GET /api/v3/ping", {"a": "1"}),
    Row(-1102, MISSING.format("symbol"), "GET /api/v3/depth", {}),
    Row(-1104, "Not all sent parameters were read; read '1' parameter(s) but was sent '2'.", "GET /api/v3/depth",
        MARKET | {"a": "1"}),
    Row(-1105, "Parameter 'symbol' was empty.", "GET /api/v3/depth", {"symbol": ""}),
    Row(-1100, ILLEGAL.format("limit", WHOLE), "GET /api/v3/depth", MARKET | {"limit": "ten"}),
    Row(-1108, "Parameter 'limit' overflowed.", "GET /api/v3/depth", MARKET | {"limit": "9" * 20}),
    Row(-1130, "Data sent for parameter 'limit' is not valid.", "GET /api/v3/depth", MARKET | {"limit": "0"}),
    Row(-1120, "Invalid interval.", "GET /api/v3/klines", MARKET | {"interval": "2m"}),
    Row(-1121, "Invalid symbol.", "GET /api/v3/depth", {"symbol": "NOTHING"}),
    Row(-1122, "Invalid symbolStatus.", "GET /api/v3/depth", MARKET | {"symbolStatus": "OPEN"}),
    Row(-1139, "Invalid ticker type.", "GET /api/v3/ticker/24hr", MARKET | {"type": "HALF"}),
    Row(-1151, "Symbol is present multiple times in the list.", "GET /api/v3/ticker/24hr",
        {"symbols": '["BTCUSDT","BTCUSDT"]'}),
    Row(-1220, "The symbol's status does not match the requested symbolStatus.", "GET /api/v3/depth",
        MARKET | {"symbolStatus": "HALT"}),
    Row(-1128, "Combination of optional parameters invalid.", "GET /api/v3/ticker/price",
        MARKET | {"symbols": '["BTCUSDT"]'}),
    Row(-1102, "Param 'symbol' or 'symbols' must be sent, but both were empty/null!", "GET /api/v3/ticker", {}),
    Row(-2043, "This symbol doesn't have a reference price.", "GET /api/v3/referencePrice", MARKET),
    Row(-1127, "More than 24 hours between startTime and endTime.", "GET /api/v3/allOrders",
        MARKET | {"startTime": "1600000000000", "endTime": "1700000000000"}),
    Row(-1128, "Combination of optional parameters invalid.", "GET /api/v3/myTrades",
        MARKET | {"orderId": "1", "startTime": "1"}),
    Row(-2013, "Order does not exist.", "GET /api/v3/order", MARKET | {"orderId": "999"}),
    Row(-2039, "Client order ID is not correct for this order ID.", "GET /api/v3/order",
        MARKET | {"orderId": "1", "origClientOrderId": "other"}),
    Row(-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!", "GET /api/v3/order",
        MARKET),
    Row(-1100, ILLEGAL.format("recvWindow", "^[0-9]{1,5}(\\.[0-9]{1,3})?$"), "GET /api/v3/account",
        {"recvWindow": "a"}),
    Row(-1131, "recvWindow must be less than 60000.", "GET /api/v3/account", {"recvWindow": "60001"}),
    Row(-2011, "Unknown order sent.", "DELETE /api/v3/order", MARKET | {"orderId": "999"}),
    Row(-2011, "Unknown order sent.", "DELETE /api/v3/openOrders", {"symbol": "ETHUSDT"}),
    Row(-2011, "Cancel order is invalid. Check origClOrdId and orderId.", "DELETE /api/v3/order",
        MARKET | {"orderId": "1", "origClientOrderId": "other"}),
    Row(-2011, "Order was not canceled due to cancel restrictions.", "DELETE /api/v3/order",
        CANCEL | {"cancelRestrictions": "ONLY_NEW"}),
    Row(-1145, "Invalid cancelRestrictions", "DELETE /api/v3/order", CANCEL | {"cancelRestrictions": "NONE"}),
    order(-1117, "Invalid side.", side="LEFT"),
    order(-1116, "Invalid orderType.", type="LIMITED"),
    order(-1115, "Invalid timeInForce.", timeInForce="GTX"),
    order(-1102, MISSING.format("goodTillDate"), timeInForce="GTD"),
    order(-1102, MISSING.format("timeInForce"), timeInForce="-"),
    order(-1102, MISSING.format("price"), price="-"),
    order(-1106, "Parameter 'timeInForce' sent when not required.", type="MARKET", price="-"),
    order(-1106, "Parameter 'price' sent when not required.", type="MARKET", timeInForce="-"),
    order(-1106, "Parameter 'stopPrice' sent when not required.", stopPrice="1"),
    order(-1102, "Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!", type="MARKET",
          timeInForce="-", price="-", quantity="-"),
    order(-1100, ILLEGAL.format("quantity", "^([0-9]{1,20})(\\.[0-9]{1,20})?$"), quantity="-1"),
    order(-1100, ILLEGAL.format("newClientOrderId", "^[a-zA-Z0-9-_]{1,36}$"), newClientOrderId="a b"),
    order(-1111, "Parameter 'price' has too much precision.", price="60000.123456789"),
    order(-1130, "Data sent for parameter 'newOrderRespType' is not valid.", newOrderRespType="SHORT"),
    order(-1134, "strategyType was less than 1000000.", strategyType="5"),
    order(-1013, "Filter failure: PRICE_FILTER", price="60000.001"),
    order(-1013, "Filter failure: PRICE_FILTER", price="1000001"),
    order(-1013, "Filter failure: LOT_SIZE", quantity="0.000001"),
    order(-1013, "Filter failure: LOT_SIZE", quantity="9001"),
    order(-1013, "Filter failure: NOTIONAL", quantity="0.00001"),
    order(-1013, "Filter failure: PERCENT_PRICE_BY_SIDE", price="100", quantity="1"),
    Row(-1013, "Filter failure: MARKET_LOT_SIZE", "POST /api/v3/order", AT_MARKET | {"quantity": "901"}),
    order(-2010, "Duplicate order sent.", newClientOrderId="known"),
    order(-2010, "Account has insufficient balance for requested action.", quantity="2", price="60000"),
    order(-2010, "Order would immediately match and take.", side="SELL", type="LIMIT_MAKER", timeInForce="-"),
    order(-2010, "Order would trigger immediately.", type="STOP_LOSS_LIMIT", stopPrice="50000"),
    order(-1210, "Invalid pegPriceType.", pegPriceType="BEST_PEG"),
    order(-1211, "Invalid pegOffsetType.", pegPriceType="PRIMARY_PEG", pegOffsetType="TICK", pegOffsetValue="1"),
    order(-1102, "'pegOffsetValue' contains unexpected value. Cannot be greater than 100.",
          pegPriceType="PRIMARY_PEG", pegOffsetType="PRICE_LEVEL", pegOffsetValue="101"),
    order(-1100, ILLEGAL.format("pegOffsetValue", WHOLE), pegPriceType="PRIMARY_PEG", pegOffsetType="PRICE_LEVEL",
          pegOffsetValue="-1"),
    order(-1102, MISSING.format("pegPriceType"), pegOffsetType="PRICE_LEVEL", pegOffsetValue="1"),
    order(-1102, MISSING.format("pegOffsetType"), pegPriceType="PRIMARY_PEG", pegOffsetValue="1"),
    order(-1102, MISSING.format("pegOffsetValue"), pegPriceType="PRIMARY_PEG", pegOffsetType="PRICE_LEVEL"),
    order(-1106, "Parameter 'price' sent when not required.", type="MARKET", timeInForce="-",
          pegPriceType="MARKET_PEG"),
    order(-1102, MISSING.format("quantity"), quantity="-", pegPriceType="PRIMARY_PEG"),
    order(-2010, NOT_FOR_TYPE, type="MARKET", timeInForce="-", price="-", pegPriceType="MARKET_PEG"),
    order(-2010, NOT_FOR_TYPE, type="STOP_LOSS", timeInForce="-", price="-", stopPrice="70000",
          pegPriceType="PRIMARY_PEG"),
    order(-2010, NOT_FOR_TYPE, type="TAKE_PROFIT", timeInForce="-", price="-", stopPrice="50000",
          pegPriceType="PRIMARY_PEG"),
    order(-2010, NOT_WITH_TYPE, timeInForce="IOC", pegPriceType="PRIMARY_PEG"),
    order(-2010, NOT_WITH_TYPE, timeInForce="FOK", price="-", pegPriceType="PRIMARY_PEG"),
    order(-2010, NOT_WITH_TYPE, type="LIMIT_MAKER", timeInForce="-", price="-", pegPriceType="MARKET_PEG"),
    order(-2010, "Order book liquidity is too low for this pegged order.", price="-", pegPriceType="MARKET_PEG"),
    order(-2010, "Order book liquidity is too low for this pegged order.", price="-", pegPriceType="PRIMARY_PEG",
          pegOffsetType="PRICE_LEVEL", pegOffsetValue="1"),
    order(-1013, "Filter failure: PRICE_FILTER", price="1000001", pegPriceType="PRIMARY_PEG"),
    order(-1013, "Filter failure: PERCENT_PRICE_BY_SIDE", price="100", quantity="1", pegPriceType="PRIMARY_PEG"),
    order(-1013, "Filter failure: NOTIONAL", price="-", quantity="0.00001", pegPriceType="PRIMARY_PEG"),
    order(-2010, "Account has insufficient balance for requested action.", quantity="2", price="-",
          pegPriceType="PRIMARY_PEG"),
    order(-1121, "Invalid symbol.", symbol="NOTHING"),
    Row(-1125, "This listenKey does not exist.", "PUT /api/v3/userDataStream", {"listenKey": "a" * 64}),
)  # fmt: skip
WITHOUT_A_TRADE = {"Filter failure: PERCENT_PRICE_BY_SIDE", "Order would trigger immediately."}


async def ask(wire: Wire, row: Row) -> tuple[int, dict[str, Any]]:
    method, path = row.asked.split()
    endpoint = wire.exchange.rest.table[method, path]
    if endpoint.security == "SIGNED":
        answer = await wire.signed(method, path, list(row.values.items()))
    else:
        query = "&".join(f"{name}={value}" for name, value in row.values.items())
        answer = await wire.ask(method, f"{path}?{query}", headers={"x-mbx-apikey": wire.trader["api_key"]})
    body: dict[str, Any] = answer.json()
    return answer.status_code, body


async def ask_by_socket(wire: Wire, socket: SocketClient, row: Row) -> tuple[int, dict[str, Any]] | None:
    method, path = row.asked.split()
    endpoint = wire.exchange.rest.table[method, path]
    if not endpoint.socket_method:
        return None
    if endpoint.security == "SIGNED":
        answer = await socket.signed(endpoint.socket_method, dict(row.values))
    else:
        key = {"apiKey": wire.trader["api_key"]} if endpoint.security == "KEYED" else {}
        answer = await socket.call(endpoint.socket_method, row.values | key)
    return answer["status"], answer["error"]


async def prepare(wire: Wire) -> None:
    """One trade at 60,000 (some rules go by prices), and no money but what the purse had."""
    values = dict(SOLD, price="60000", quantity="0.0005", selfTradePreventionMode="NONE")
    await wire.signed("POST", "/api/v3/order", list(values.items()))


def test_every_row_is_refused_with_its_code_message_and_status(tmp_path: Path) -> None:
    async def ask_all() -> list[str]:
        wrong = []
        async with open_wire(tmp_path) as wire, SocketClient(wire, "/ws-api/v3") as socket:
            await prepare(wire)
            before = wire.state_hash
            for row in ROWS:
                wanted = row.status, {"code": row.code, "msg": row.message}
                found = await ask(wire, row)
                if found != wanted:
                    wrong.append(f"{row.asked} {row.values}: {found} instead of {wanted}")
                twin = await ask_by_socket(wire, socket, row)
                numbers = row.code in (-1101, -1104)
                if twin is not None and twin != wanted and not (numbers and twin[1]["code"] in (-1101, -1104)):
                    wrong.append(f"socket {row.asked} {row.values}: {twin} instead of {wanted}")
            if wire.state_hash != before:
                wrong.append("something of it changed the state")
        return wrong

    wrong = asyncio.run(ask_all())
    assert not wrong, "\n".join(wrong)


def test_keys_signatures_and_times(tmp_path: Path) -> None:
    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire:
            path, now = "/api/v3/account", wire.now_ms()
            account = f"{path}?timestamp={now}&signature=00"

            async def refused(status: int, code: int, message: str, target: str, key: str | None) -> Any:
                headers = {} if key is None else {"X-MBX-APIKEY": key}
                answer = await wire.ask("GET", target, headers=headers)
                assert (answer.status_code, answer.json()) == (status, {"code": code, "msg": message}), target
                return answer

            bad_format = "API-key format invalid."
            for key in (None, "", "a b", "x" * 200):
                await refused(401, -2014, bad_format, account, key)
            not_allowed = "Invalid API-key, IP, or permissions for action."
            await refused(401, -2015, not_allowed, account, "unknown")
            key = wire.trader["api_key"]
            await refused(400, -1022, "Signature for this request is not valid.", account, key)
            await refused(400, -1102, MISSING.format("signature"), f"{path}?timestamp={now}", key)
            placed = await wire.signed("POST", "/api/v3/order", list(ORDER.items()), wire.reader)
            assert (placed.status_code, placed.json()["msg"]) == (401, not_allowed)
            for shift, message in (
                (-5_500, "Timestamp for this request is outside of the recvWindow."),
                (1_500, "Timestamp for this request was 1000ms ahead of the server's time."),
            ):
                late = await wire.signed("GET", path, [("timestamp", str(wire.now_ms() + shift))])
                assert (late.status_code, late.json()) == (400, {"code": -1021, "msg": message})
                assert abs(int(late.headers["x-clock-skew-ms"]) - shift) <= 100

    asyncio.run(ask_all())


def test_what_the_venue_itself_cannot_do_now_is_told_with_its_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire:
            context = wire.exchange.context
            submit = context.submit_order

            async def refused(status: int, code: int, message: str, submit: Callable[[bytes, Any], None]) -> None:
                context.submit_order = submit
                answer = await wire.signed("POST", "/api/v3/order", list(ORDER.items()))
                assert (answer.status_code, answer.json()) == (status, {"code": code, "msg": message})

            def raising(error: Exception) -> Callable[[bytes, Any], None]:
                def fail(row: bytes, waiter: Any) -> None:
                    raise error

                return fail

            def never(row: bytes, waiter: Any) -> None:
                asyncio.get_running_loop().call_soon(context.expire, context.now_ns() + ENGINE_NS + 1_000_000_000)

            busy = "Server is currently overloaded with other requests. Please try again in a few minutes."
            await refused(503, -1008, busy, raising(Overloaded()))
            await refused(503, -1016, "This service is no longer available.", raising(Stopping()))
            lost = "An unexpected response was received from the message bus. Execution status unknown."
            await refused(500, -1006, lost, raising(Failed("it")))
            slow = "Timeout waiting for response from backend server. Send status unknown; execution status unknown."
            await refused(504, -1007, slow, never)
            unknown = "An unknown error occurred while processing the request."
            await refused(500, -1000, unknown, raising(ZeroDivisionError()))
            context.submit_order = submit
            assert not context.in_engine or len(context.in_engine) < 10

    asyncio.run(ask_all())


def test_a_failure_of_ours_before_anything_waits_is_told_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(request: Any) -> Any:
        raise ZeroDivisionError

    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire, SocketClient(wire, "/ws-api/v3") as socket:
            row = wire.exchange.rest.rows["GET", "/api/v3/time"]
            broken = row.endpoint._replace(handler=fail)
            monkeypatch.setitem(wire.exchange.rest.rows, ("GET", "/api/v3/time"), row._replace(endpoint=broken))
            monkeypatch.setitem(wire.exchange.socket_api.methods, "time", broken)
            unknown = {"code": -1000, "msg": "An unknown error occurred while processing the request."}
            answer = await wire.ask("GET", "/api/v3/time")
            assert (answer.status_code, answer.json()) == (500, unknown)
            told = await socket.call("time", {})
            assert (told["status"], told["error"]) == (500, unknown)
            assert (await wire.ask("GET", "/api/v3/ping")).status_code == 200

    asyncio.run(ask_all())


def test_markets_and_accounts_that_are_closed(tmp_path: Path) -> None:
    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire:
            account = wire.exchange.context.keys.find(wire.trader["api_key"]).account

            async def refused(code: int, message: str) -> None:
                answer = await wire.signed("POST", "/api/v3/order", list(ORDER.items()))
                assert (answer.status_code, answer.json()) == (400, {"code": code, "msg": message})

            await wire.submit(markets.SetMarketStatus(0, 1, 2))
            await refused(-2010, "Market is closed.")
            await wire.submit(markets.SetMarketStatus(0, 1, 1))
            await wire.submit(accounts.SetAccount(0, account, 2, 0, 0))
            await refused(-2010, "This action is disabled on this account.")

    asyncio.run(ask_all())


def test_a_self_trade_mode_that_the_market_does_not_allow(tmp_path: Path) -> None:
    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire:
            listed = next(each for each in listing.commands() if isinstance(each, markets.SetFilters))
            only_taker = 1 << SelfTrade.EXPIRE_TAKER
            narrow = {"default_self_trade": int(SelfTrade.EXPIRE_TAKER), "allowed_self_trade": only_taker}
            await wire.submit(msgspec.structs.replace(listed, **narrow))
            values = ORDER | {"selfTradePreventionMode": "EXPIRE_BOTH"}
            answer = await wire.signed("POST", "/api/v3/order", list(values.items()))
            message = "This symbol does not allow the specified self-trade prevention mode."
            assert (answer.status_code, answer.json()) == (400, {"code": -1013, "msg": message})

    asyncio.run(ask_all())


def test_a_market_order_for_less_than_a_lot_of_what_is_there(tmp_path: Path) -> None:
    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire:
            values = AT_MARKET | {"side": "BUY", "quoteOrderQty": "10"}
            answer = await wire.signed("POST", "/api/v3/order", list(values.items()))
            message = "Order book liquidity is less than `LOT_SIZE` filter minimum quantity."
            assert (answer.status_code, answer.json()) == (400, {"code": -2010, "msg": message})

    asyncio.run(ask_all())


def test_every_refusal_of_the_engine_has_its_words() -> None:
    """Those of the order path, whichever comes: none is answered with our own failure."""
    for code in [code for code in RejectCode if code <= RejectCode.INTERNAL_ERROR]:
        refusal = errors.rejected(code)
        assert refusal.message
        assert refusal.status in (400, 401, 503)
    assert errors.rejected(RejectCode.INTERNAL_ERROR).code == -1001


def test_a_request_of_the_websocket_api_that_is_none(tmp_path: Path) -> None:
    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire, SocketClient(wire, "/ws-api/v3") as socket:
            for sent in ("{", "[]", '{"id":1}', '{"id":1,"method":5}', '{"id":1,"method":"ping","params":[1]}'):
                answer = await socket.send(sent)
                assert answer["status"] == 400
                assert answer["error"] == {"code": -1135, "msg": "Invalid JSON Request"}
            unknown = await socket.send('{"id":"x","method":"nothing"}')
            assert (unknown["id"], unknown["error"]["code"]) == ("x", -1020)

    asyncio.run(ask_all())
