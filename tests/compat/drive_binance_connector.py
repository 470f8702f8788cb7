"""binance-connector against a venue whose address, key and secret are the arguments: run in its own environment.

It sends everything in the query, claims JSON, and takes user data by listen key.
"""

import json
import os
import queue
import sys
import traceback
from typing import Any

from binance.error import ClientError  # type: ignore[import-not-found]
from binance.spot import Spot  # type: ignore[import-not-found]
from binance.websocket.spot.websocket_api import SpotWebsocketAPIClient  # type: ignore[import-not-found]
from binance.websocket.spot.websocket_stream import SpotWebsocketStreamClient  # type: ignore[import-not-found]

SYMBOL = "BTCUSDT"
LIMIT = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
WITH_ITSELF = {"selfTradePreventionMode": "NONE"}
ROUNDS = 30


def expect(code: int, call: Any, *positional: Any, **arguments: Any) -> None:
    found = 0
    try:
        call(*positional, **arguments)
    except ClientError as raised:
        found = raised.error_code
    assert found == code, (call.__name__, arguments, found)


def drive_market_data(client: Any) -> None:
    assert client.ping() == {}
    assert client.time()["serverTime"] > 10**12
    assert client.exchange_info(symbol=SYMBOL)["symbols"][0]["symbol"] == SYMBOL
    assert len(client.exchange_info(symbols=[SYMBOL, "ETHUSDT"])["symbols"]) == 2
    assert client.depth(SYMBOL, limit=5)["bids"] == [["60000.00000000", "0.00600000"]]
    for trades in (client.trades(SYMBOL), client.historical_trades(SYMBOL, fromId=1), client.agg_trades(SYMBOL)):
        assert len(trades) == 1
    assert client.klines(SYMBOL, "1m")[-1][4] == client.ui_klines(SYMBOL, "1m")[-1][4] == "60000.00000000"
    assert client.avg_price(SYMBOL)["price"] == "60000.00000000"
    for ticker in (client.ticker_24hr(SYMBOL), client.trading_day_ticker(SYMBOL), client.rolling_window_ticker(SYMBOL)):
        assert (ticker["lastPrice"], ticker["count"]) == ("60000.00000000", 1)
    assert client.rolling_window_ticker(symbols=[SYMBOL, "ETHUSDT"], windowSize="2h", type="MINI")[0]["count"] == 1
    assert {each["symbol"] for each in client.ticker_price(symbols=[SYMBOL, "ETHUSDT"])} == {SYMBOL, "ETHUSDT"}
    assert client.book_ticker(SYMBOL)["bidQty"] == "0.00600000"
    expect(-1121, client.depth, "NOTHING")


def drive_trading(client: Any) -> int:
    assert client.new_order_test(**LIMIT, quantity=0.01, price=60000) == {}
    placed = client.new_order(**LIMIT, quantity=0.01, price=60000, newClientOrderId="mine")
    assert (placed["status"], placed["clientOrderId"]) == ("NEW", "mine")
    assert client.get_order(SYMBOL, origClientOrderId="mine")["orderId"] == placed["orderId"]
    sold = client.new_order(SYMBOL, "SELL", "MARKET", quantity=0.004, **WITH_ITSELF)
    assert (sold["status"], sold["fills"][0]["price"]) == ("FILLED", "60000.00000000")
    drive_market_data(client)
    assert [each["orderId"] for each in client.get_open_orders(SYMBOL)] == [placed["orderId"]]
    assert client.cancel_order(SYMBOL, orderId=placed["orderId"])["status"] == "CANCELED"
    for price in (59000, 59001):
        client.new_order(**LIMIT, quantity=0.001, price=price)
    assert len(client.cancel_open_orders(SYMBOL)) == 2
    assert len(client.get_orders(SYMBOL)) == 4
    assert len(client.my_trades(SYMBOL)) == 2
    expect(-2011, client.cancel_order, SYMBOL, orderId=placed["orderId"])
    expect(-2013, client.get_order, SYMBOL, orderId=999_999)
    expect(-2010, client.new_order, **LIMIT, quantity=2, price=60000)
    waiting = client.new_order(SYMBOL, "SELL", "STOP_LOSS", quantity=0.001, stopPrice=50000)
    assert client.get_order(SYMBOL, orderId=waiting["orderId"])["isWorking"] is False
    client.cancel_order(SYMBOL, orderId=waiting["orderId"])
    number: int = placed["orderId"]
    return number


def drive_account(client: Any, order: int) -> None:
    balances = {each["asset"]: each for each in client.account(omitZeroBalances="true")["balances"]}
    assert balances["BTC"]["locked"] == "0.00000000"
    assert [each["rateLimitType"] for each in client.get_order_rate_limit()] == ["ORDERS", "ORDERS"]
    assert client.query_prevented_matches(SYMBOL, orderId=order) == []
    assert client.query_allocations(SYMBOL) == []
    assert client.query_commission_rates(SYMBOL)["standardCommission"]["maker"] == "0.00100000"
    assert client.system_status() == {"status": 0, "msg": "normal"}
    assert "USDT" in {each["coin"] for each in client.coin_info()}
    assert client.account_status() == {"data": "Normal"}
    assert client.api_trading_status()["data"]["isLocked"] is False
    assert client.trade_fee(symbol=SYMBOL)[0]["symbol"] == SYMBOL
    assert {each["asset"] for each in client.user_asset()} >= {"BTC", "USDT"}
    assert client.funding_wallet() == []
    assert client.api_key_permissions()["enableSpotAndMarginTrading"] is True
    assert client.asset_detail()["BTC"]["withdrawStatus"] is False
    assert client.dust_log()["total"] == client.asset_dividend_record()["total"] == 0
    assert client.delist_schedule_symbols() == []


class Incoming:
    """Messages of one of its sockets, which come on a thread of its own."""

    def __init__(self) -> None:
        self.queue: queue.Queue[Any] = queue.Queue()

    def __call__(self, _: Any, raw: str) -> None:
        self.queue.put(json.loads(raw))

    def next(self, wanted: Any) -> Any:
        """The next message that is wanted."""
        while True:
            message = self.queue.get(timeout=10)
            if wanted(message):
                return message


def drive_streams(client: Any, address: str) -> None:
    """A local book kept from diffs, trades, and user data by listen key."""
    incoming = Incoming()
    socket = SpotWebsocketStreamClient(stream_url="ws" + address.removeprefix("http"), on_message=incoming)
    listen_key = client.new_listen_key()["listenKey"]
    assert client.new_listen_key()["listenKey"] == listen_key
    assert client.renew_listen_key(listen_key) == {}
    for number, subscribe in enumerate((socket.diff_book_depth, socket.trade, socket.agg_trade, socket.book_ticker), 1):
        subscribe(symbol=SYMBOL, id=number)
        assert incoming.next(lambda message, number=number: message.get("id") == number)["result"] is None
    socket.user_data(listen_key=listen_key, id=9)
    incoming.next(lambda message: message.get("id") == 9)
    socket.list_subscribe(id=10)
    assert len(incoming.next(lambda message: message.get("id") == 10)["result"]) == 5
    snapshot = client.depth(SYMBOL, limit=5000)
    book = {"b": dict(snapshot["bids"]), "a": dict(snapshot["asks"])}
    update_id = snapshot["lastUpdateId"]
    for number in range(ROUNDS):
        client.new_order(**LIMIT, quantity=0.001, price=59000 + number, newClientOrderId=f"row-{number}")
        if number % 3 == 0:
            client.new_order(SYMBOL, "SELL", "MARKET", quantity=0.0005, **WITH_ITSELF)
        if number % 5 == 4:
            client.cancel_order(SYMBOL, origClientOrderId=f"row-{number}")
    last = client.depth(SYMBOL, limit=5000)
    while update_id < last["lastUpdateId"]:
        event = incoming.next(lambda message: message.get("e") == "depthUpdate")
        if event["u"] <= update_id:
            continue
        assert event["U"] <= update_id + 1, (event, update_id)
        update_id = event["u"]
        for side in book:
            book[side].update(event[side])
    for side, rows in (("b", last["bids"]), ("a", last["asks"])):
        assert {price: size for price, size in book[side].items() if float(size)} == dict(rows)
    client.cancel_open_orders(SYMBOL)
    assert incoming.next(lambda message: message.get("x") == "CANCELED")["e"] == "executionReport"
    assert client.close_listen_key(listen_key) == {}
    socket.stop()


def drive_socket_api(address: str, key: str, secret: str) -> None:
    """Requests of its WebSocket API, some of them signed."""
    incoming = Incoming()
    path = "ws" + address.removeprefix("http") + "/ws-api/v3"
    api = SpotWebsocketAPIClient(stream_url=path, api_key=key, api_secret=secret, on_message=incoming)
    asked: tuple[tuple[Any, dict[str, Any]], ...] = (
        (api.ping_connectivity, {}),
        (api.server_time, {}),
        (api.exchange_info, {}),
        (api.order_book, {"symbol": SYMBOL}),
        (api.recent_trades, {"symbol": SYMBOL}),
        (api.historical_trades, {"symbol": SYMBOL, "apiKey": key}),
        (api.aggregate_trades, {"symbol": SYMBOL}),
        (api.klines, {"symbol": SYMBOL, "interval": "1m"}),
        (api.avg_price, {"symbol": SYMBOL}),
        (api.ticker_24hr, {"symbol": SYMBOL}),
        (api.ticker, {"symbol": SYMBOL}),
        (api.ticker_price, {"symbol": SYMBOL}),
        (api.ticker_book, {"symbol": SYMBOL}),
        (api.account, {}),
        (api.order_rate_limit, {}),
        (api.order_history, {"symbol": SYMBOL}),
        (api.my_trades, {"symbol": SYMBOL}),
        (api.new_order_test, {**LIMIT, "quantity": 0.01, "price": 58000}),
        (api.new_order, {**LIMIT, "quantity": 0.01, "price": 58000, "newClientOrderId": "by-socket"}),
        (api.get_order, {"symbol": SYMBOL, "origClientOrderId": "by-socket"}),
        (api.get_open_orders, {"symbol": SYMBOL}),
        (api.cancel_order, {"symbol": SYMBOL, "origClientOrderId": "by-socket"}),
        (api.user_data_start, {}),
    )
    for number, (call, arguments) in enumerate(asked, 1):
        call(**arguments, id=number)
        answer = incoming.next(lambda message, number=number: message.get("id") == number)
        assert answer["status"] == 200, (call.__name__, answer)
    api.stop()


def main(address: str, key: str, secret: str) -> None:
    client = Spot(api_key=key, api_secret=secret, base_url=address, timeout=10)
    order = drive_trading(client)
    drive_account(client, order)
    drive_streams(client, address)
    drive_socket_api(address, key, secret)
    micros = Spot(base_url=address, time_unit="microsecond", show_limit_usage=True)
    answer = micros.time()
    assert answer["data"]["serverTime"] > 10**15
    assert int(answer["limit_usage"]["x-mbx-used-weight-1m"]) > 0
    print("all of it")


if __name__ == "__main__":
    is_done = False
    try:
        main(*sys.argv[1:])
        is_done = True
    finally:
        if not is_done:
            # Its sockets have threads that would keep the process alive.
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)
