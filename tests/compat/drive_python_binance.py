"""python-binance against a venue whose address, key and secret are the arguments: run in its own environment."""

import asyncio
import random
import sys
from typing import Any

from binance import AsyncClient, BinanceSocketManager, Client  # type: ignore[import-not-found]
from binance.base_client import BaseClient  # type: ignore[import-not-found]
from binance.exceptions import BinanceAPIException  # type: ignore[import-not-found]

SYMBOL = "BTCUSDT"
ROUNDS = 40
WITH_ITSELF = {"selfTradePreventionMode": "NONE"}


def use(address: str) -> None:
    """Other addresses, and nothing else."""
    socket = "ws" + address.removeprefix("http")
    BaseClient.API_URL = f"{address}/api"
    BaseClient.MARGIN_API_URL = f"{address}/sapi"
    BaseClient.WS_API_URL = f"{socket}/ws-api/v3"
    BinanceSocketManager.STREAM_URL = f"{socket}/"


def expect(code: int, call: Any, **arguments: Any) -> None:
    found = 0
    try:
        call(**arguments)
    except BinanceAPIException as raised:
        found = raised.code
    assert found == code, (call.__name__, arguments)


def drive_rest(client: Any) -> None:
    """What a program does over REST, from its start on."""
    assert client.get_symbol_info(SYMBOL)["filters"][0]["tickSize"] == "0.01000000"
    assert client.get_exchange_info()["symbols"][0]["symbol"] == SYMBOL
    assert client.get_asset_balance("USDT") == {"asset": "USDT", "free": "100000.00000000", "locked": "0.00000000"}
    assert client.get_order_book(symbol=SYMBOL)["bids"] == []
    resting = client.order_limit_buy(symbol=SYMBOL, quantity="0.01", price="60000")
    assert (resting["status"], resting["fills"]) == ("NEW", [])
    assert resting["clientOrderId"].startswith("x-HNA2TXFJ")
    assert client.get_order(symbol=SYMBOL, orderId=resting["orderId"])["price"] == "60000.00000000"
    assert client.get_open_orders(symbol=SYMBOL)[0]["orderId"] == resting["orderId"]
    assert client.get_order_book(symbol=SYMBOL)["bids"] == [["60000.00000000", "0.01000000"]]
    taken = client.order_market_sell(symbol=SYMBOL, quantity="0.004", **WITH_ITSELF)
    assert (taken["status"], taken["fills"][0]["qty"]) == ("FILLED", "0.00400000")
    assert client.order_market_sell(symbol=SYMBOL, quoteOrderQty="60", **WITH_ITSELF)["executedQty"] == "0.00100000"
    assert len(client.get_my_trades(symbol=SYMBOL)) == 4
    canceled = client.cancel_order(symbol=SYMBOL, orderId=resting["orderId"])
    assert (canceled["status"], canceled["executedQty"]) == ("CANCELED", "0.00500000")
    for price in ("59000", "59001"):
        client.order_limit_buy(symbol=SYMBOL, quantity="0.001", price=price)
    assert len(client.cancel_all_open_orders(symbol=SYMBOL)) == 2
    assert client.get_open_orders() == []
    statuses = [each["status"] for each in client.get_all_orders(symbol=SYMBOL)]
    assert statuses == ["CANCELED", "FILLED", "FILLED", "CANCELED", "CANCELED"]
    assert client.create_test_order(symbol=SYMBOL, side="BUY", type="MARKET", quantity="0.01") == {}

    expect(-2010, client.order_limit_buy, symbol=SYMBOL, quantity="100", price="60000")
    expect(-1013, client.order_limit_buy, symbol=SYMBOL, quantity="0.00001", price="60000")
    expect(-1121, client.order_limit_buy, symbol="NOTHING", quantity="1", price="60000")
    expect(-1111, client.order_limit_buy, symbol=SYMBOL, quantity="0.0000000001", price="60000")
    expect(-2013, client.get_order, symbol=SYMBOL, orderId=999_999_999)
    expect(-2011, client.cancel_order, symbol=SYMBOL, orderId=999_999_999)

    ticker = client.get_ticker(symbol=SYMBOL)
    assert (ticker["lastPrice"], ticker["volume"], ticker["count"]) == ("60000.00000000", "0.00500000", 2)
    assert len(client.get_all_tickers()) == 5
    assert client.get_symbol_ticker(symbol=SYMBOL)["price"] == "60000.00000000"
    assert client.get_orderbook_ticker(symbol=SYMBOL)["bidPrice"] == "0.00000000"
    assert client.get_avg_price(symbol=SYMBOL)["price"] == "60000.00000000"
    (candle,) = client.get_klines(symbol=SYMBOL, interval=Client.KLINE_INTERVAL_1MONTH)
    assert candle[1:6] == ["60000.00000000"] * 4 + ["0.00500000"]
    assert len(client.get_historical_klines(SYMBOL, "1M", "40 days ago UTC")) == 1
    assert client.get_recent_trades(symbol=SYMBOL)[-1]["qty"] == "0.00100000"
    assert client.get_aggregate_trades(symbol=SYMBOL)[0]["p"] == "60000.00000000"
    assert client.get_trade_fee(symbol=SYMBOL)[0]["takerCommission"] == "0.001"
    assert client.get_system_status()["status"] == 0
    assert client.get_account()["canTrade"]


class Book:
    """A local book kept by the rules of the diff stream; it asserts that no update is missing."""

    def __init__(self, snapshot: dict[str, Any]) -> None:
        self.update_id = snapshot["lastUpdateId"]
        self.sides = {side: dict(map(tuple, snapshot[name])) for side, name in (("b", "bids"), ("a", "asks"))}

    def apply(self, event: dict[str, Any]) -> None:
        if event["u"] <= self.update_id:
            return
        assert event["U"] <= self.update_id + 1, (event["U"], self.update_id)
        self.update_id = event["u"]
        for side, levels in self.sides.items():
            for price, quantity in event[side]:
                levels[price] = quantity
                if not float(quantity):
                    del levels[price]

    def check(self, snapshot: dict[str, Any]) -> None:
        for side, name in (("b", "bids"), ("a", "asks")):
            kept = sorted(self.sides[side].items(), key=lambda level: float(level[0]), reverse=side == "b")
            assert [list(level) for level in kept] == snapshot[name], (kept, snapshot[name])


async def drive_streams(client: Any) -> None:
    """User data and depth beside orders, then the local book against the venue's."""
    manager = BinanceSocketManager(client)
    diffs: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = []

    async def follow(socket: Any, into: list[dict[str, Any]], started: asyncio.Event) -> None:
        async with socket as stream:
            started.set()
            while True:
                into.append(await stream.recv())

    following = []
    for socket, into in ((manager.depth_socket(SYMBOL, interval=100), diffs), (manager.user_socket(), events)):
        started = asyncio.Event()
        following.append(asyncio.create_task(follow(socket, into, started)))
        await asyncio.wait_for(started.wait(), 10)
    await asyncio.sleep(0.5)
    first = await client.get_order_book(symbol=SYMBOL, limit=5000)
    ids = await place_orders(client)
    last = await client.get_order_book(symbol=SYMBOL, limit=5000)
    assert last["lastUpdateId"] > first["lastUpdateId"]
    async with asyncio.timeout(15):
        while not diffs or diffs[-1]["u"] < last["lastUpdateId"] or not ids <= seen_orders(events):
            for task in following:
                if task.done():
                    task.result()
            await asyncio.sleep(0.1)
    for task in following:
        task.cancel()
    book = Book(first)
    for event in diffs:
        book.apply(event)
    assert book.update_id == last["lastUpdateId"]
    assert last["bids"]
    book.check(last)
    await check_reports(client, events)


async def place_orders(client: Any) -> set[int]:
    chance = random.Random(11)
    ids: set[int] = set()
    for number in range(ROUNDS):
        side = chance.choice(("BUY", "SELL"))
        price = 60_000 + chance.randint(-20, 20) + (10 if side == "SELL" else -10)
        quantity = f"0.00{chance.randint(1, 9)}"
        terms = {"symbol": SYMBOL, "side": side, "type": "LIMIT", "timeInForce": "GTC", "price": str(price)}
        ids.add((await client.create_order(**terms, quantity=quantity, **WITH_ITSELF))["orderId"])
        if number % 5 == 4 and (found := await client.get_open_orders(symbol=SYMBOL)):
            await client.cancel_order(symbol=SYMBOL, orderId=chance.choice(found)["orderId"])
    return ids


def seen_orders(events: list[dict[str, Any]]) -> set[int]:
    return {event["i"] for event in events if event.get("e") == "executionReport"}


async def check_reports(client: Any, events: list[dict[str, Any]]) -> None:
    """The last report of every order is the order; the last position is the balance."""
    reports = {event["i"]: event for event in events if event.get("e") == "executionReport"}
    for order in await client.get_all_orders(symbol=SYMBOL):
        report = reports.get(order["orderId"])
        if report is not None:
            assert (report["X"], report["z"], report["Z"]) == (
                order["status"],
                order["executedQty"],
                order["cummulativeQuoteQty"],
            ), (report, order)
    positions: dict[str, tuple[str, str]] = {}
    for event in events:
        if event.get("e") == "outboundAccountPosition":
            positions |= {each["a"]: (each["f"], each["l"]) for each in event["B"]}
    for name, held in positions.items():
        balance = await client.get_asset_balance(name)
        assert held == (balance["free"], balance["locked"]), (name, held, balance)
    assert set(positions) == {"BTC", "USDT"}


async def main(address: str, key: str, secret: str) -> None:
    use(address)
    drive_rest(Client(key, secret))
    client = await AsyncClient.create(key, secret)
    try:
        await drive_streams(client)
    finally:
        await client.close_connection()
    print("all of it")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
