"""The unicorn clients (REST, WebSocket, local depth cache) against a venue whose address, key and secret are arguments.

Run in their own environment. The WebSocket clients work in threads of their own; what they hear is in buffers.
"""

import json
import sys
import time
from typing import Any

import unicorn_binance_rest_api.exceptions as refusals  # type: ignore[import-not-found]
from unicorn_binance_local_depth_cache import BinanceLocalDepthCacheManager  # type: ignore[import-not-found]
from unicorn_binance_rest_api import BinanceRestApiManager
from unicorn_binance_websocket_api import BinanceWebSocketApiManager  # type: ignore[import-not-found]
from unicorn_binance_websocket_api.connection_settings import (  # type: ignore[import-not-found]
    CONNECTION_SETTINGS,
    Exchanges,
)

SYMBOL = "BTCUSDT"
ROUNDS = 30
WITH_ITSELF = {"selfTradePreventionMode": "NONE"}
CHANNELS = ("trade", "aggTrade", "miniTicker", "ticker", "bookTicker", "kline_1m", "depth", "depth5", "avgPrice")


def use(address: str) -> None:
    """Other addresses, and nothing else."""
    socket = "ws" + address.removeprefix("http")
    BinanceRestApiManager.API_URL = f"{address}/api"
    BinanceRestApiManager.MARGIN_API_URL = f"{address}/sapi"
    CONNECTION_SETTINGS[Exchanges.BINANCE] = (1024, f"{socket}/", f"{socket}/ws-api/v3")


def connect(key: str, secret: str) -> Any:
    """With a top-level domain its addresses are the class's: with the name of an exchange they would be Binance's."""
    return BinanceRestApiManager(api_key=key, api_secret=secret, tld="com", warn_on_update=False)


def expect(code: int, call: Any, **arguments: Any) -> None:
    found = 0
    try:
        call(**arguments)
    except refusals.BinanceAPIException as raised:
        found = raised.code
    assert found == code, (call.__name__, arguments, found)


def drive_orders(rest: Any) -> None:
    assert rest.get_asset_balance("USDT") == {"asset": "USDT", "free": "100000.00000000", "locked": "0.00000000"}
    resting = rest.order_limit_buy(symbol=SYMBOL, quantity="0.01", price="60000")
    assert resting["status"] == "NEW"
    assert rest.get_order(symbol=SYMBOL, orderId=resting["orderId"])["price"] == "60000.00000000"
    assert rest.get_open_orders(symbol=SYMBOL)[0]["orderId"] == resting["orderId"]
    taken = rest.order_market_sell(symbol=SYMBOL, quantity="0.004", **WITH_ITSELF)
    assert (taken["status"], taken["fills"][0]["price"]) == ("FILLED", "60000.00000000")
    assert rest.cancel_order(symbol=SYMBOL, orderId=resting["orderId"])["executedQty"] == "0.00400000"
    for price in ("59000", "59001"):
        rest.order_limit_buy(symbol=SYMBOL, quantity="0.001", price=price)
    assert len(rest.cancel_all_open_orders(symbol=SYMBOL)) == 2
    assert rest.create_test_order(symbol=SYMBOL, side="BUY", type="MARKET", quantity="0.01") == {}
    listed = rest.order_oco_sell(
        symbol=SYMBOL,
        quantity="0.001",
        price="61000",
        stopPrice="59000",
        stopLimitPrice="58900",
        stopLimitTimeInForce="GTC",
    )
    assert (listed["contingencyType"], len(listed["orders"])) == ("OCO", 2)
    assert len(rest.cancel_all_open_orders(symbol=SYMBOL)) == 1
    assert [each["status"] for each in rest.get_all_orders(symbol=SYMBOL)][:4] == [
        *("CANCELED", "FILLED", "CANCELED", "CANCELED")
    ]
    assert len(rest.get_my_trades(symbol=SYMBOL)) == 2
    expect(-2010, rest.order_limit_buy, symbol=SYMBOL, quantity="100", price="60000")
    expect(-1013, rest.order_limit_buy, symbol=SYMBOL, quantity="0.00001", price="60000")
    expect(-1121, rest.order_limit_buy, symbol="NOTHING", quantity="1", price="60000")
    expect(-2013, rest.get_order, symbol=SYMBOL, orderId=999_999_999)
    expect(-2011, rest.cancel_order, symbol=SYMBOL, orderId=999_999_999)


def drive_market_data(rest: Any) -> None:
    assert rest.ping() == {}
    assert abs(rest.get_server_time()["serverTime"] - time.time() * 1000) < 60_000
    assert rest.get_exchange_info()["symbols"][0]["symbol"] == SYMBOL
    assert rest.get_symbol_info(SYMBOL)["filters"][0]["tickSize"] == "0.01000000"
    assert rest.get_order_book(symbol=SYMBOL)["bids"] == []
    # It asks /api/v1 for these, which Binance has given up.
    expect(-1020, rest.get_recent_trades, symbol=SYMBOL)
    assert rest.get_historical_trades(symbol=SYMBOL)[-1]["qty"] == "0.00400000"
    assert rest.get_aggregate_trades(symbol=SYMBOL)[0]["p"] == "60000.00000000"
    assert [each["p"] for each in rest.aggregate_trade_iter(SYMBOL, start_str="1 hour ago UTC")] == ["60000.00000000"]
    assert rest.get_klines(symbol=SYMBOL, interval="1M")[0][1:6] == ["60000.00000000"] * 4 + ["0.00400000"]
    assert len(rest.get_historical_klines(SYMBOL, "1M", "40 days ago UTC")) == 1
    assert rest.get_avg_price(symbol=SYMBOL)["price"] == "60000.00000000"
    assert rest.get_ticker(symbol=SYMBOL)["lastPrice"] == "60000.00000000"
    assert rest.get_symbol_ticker(symbol=SYMBOL)["price"] == "60000.00000000"
    assert rest.get_orderbook_ticker(symbol=SYMBOL)["bidPrice"] == "0.00000000"
    assert len(rest.get_all_tickers()) == len(rest.get_orderbook_tickers()) == 5
    assert int(rest.get_used_weight()["weight"]) > 0


def drive_account(rest: Any) -> None:
    assert rest.get_account()["canTrade"]
    assert rest.get_system_status()["status"] == 0
    # Its calls for account status, trade fees and asset details want the "success" of an interface that is gone.
    assert {each["coin"] for each in rest.get_all_coins_info()} >= {"BTC", "USDT"}
    assert rest.get_asset_dividend_history()["total"] == 0
    listen_key = rest.stream_get_listen_key()
    assert rest.stream_keepalive(listen_key) == {}
    assert rest.stream_close(listen_key) == {}
    expect(-1125, rest.stream_keepalive, listenKey=listen_key)


def until(fulfilled: Any, what: str, seconds: float = 30) -> Any:
    """What is found, once it is."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        found = fulfilled()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


class Buffer:
    """Everything that a stream of theirs has delivered."""

    def __init__(self, sockets: Any, stream: str) -> None:
        self.sockets, self.stream = sockets, stream
        self.heard: list[Any] = []

    def drain(self) -> list[Any]:
        while (found := self.sockets.pop_stream_data_from_stream_buffer(self.stream)) not in (None, False):
            self.heard.append(json.loads(found) if isinstance(found, str | bytes) else found)
        return self.heard


def drive_streams(rest: Any, key: str, secret: str) -> None:
    """Every stream of one market and the user's, a subscription changed while it runs."""
    with BinanceWebSocketApiManager(exchange="binance.com", warn_on_update=False, ubra_manager=rest) as sockets:
        market = sockets.create_stream(list(CHANNELS), [SYMBOL.lower()], stream_buffer_name="market")
        user = sockets.create_stream(["arr"], ["!userData"], api_key=key, api_secret=secret, stream_buffer_name="user")
        streams, mine = Buffer(sockets, "market"), Buffer(sockets, "user")
        for stream in (market, user):
            until(lambda: sockets.get_stream_info(stream)["status"] == "running", f"a stream {stream}")  # noqa: B023
        time.sleep(1)
        placed = rest.order_limit_buy(symbol=SYMBOL, quantity="0.01", price="60000")["orderId"]
        rest.order_market_sell(symbol=SYMBOL, quantity="0.004", **WITH_ITSELF)
        wanted = {f"{SYMBOL.lower()}@{channel}" for channel in CHANNELS}
        until(lambda: wanted <= {each.get("stream") for each in streams.drain()}, "an event of every stream")
        assert sockets.subscribe_to_stream(market, markets=["ethusdt"])
        rest.order_limit_buy(symbol="ETHUSDT", quantity="0.01", price="3000")
        until(lambda: "ethusdt@depth" in {each.get("stream") for each in streams.drain()}, "a market subscribed later")
        rest.cancel_order(symbol=SYMBOL, orderId=placed)
        events = until(lambda: [e for e in reports(mine) if (e["i"], e["X"]) == (placed, "CANCELED")], "its cancel")
        assert events[0]["z"] == "0.00400000"
        assert {event["X"] for event in reports(mine)} >= {"NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED"}
        rest.cancel_all_open_orders(symbol="ETHUSDT")


def reports(buffer: Buffer) -> list[Any]:
    found = [each.get("event", each) for each in buffer.drain()]
    return [each for each in found if each.get("e") == "executionReport"]


def drive_socket_api(rest: Any, key: str, secret: str) -> None:
    """Every method that it knows; each answer must be a success."""
    with BinanceWebSocketApiManager(exchange="binance.com", warn_on_update=False, ubra_manager=rest) as sockets:
        stream = sockets.create_stream(api=True, api_key=key, api_secret=secret, stream_buffer_name="api")
        answers = Buffer(sockets, "api")
        until(lambda: sockets.get_stream_info(stream)["status"] == "running", "the WebSocket API")
        spot = sockets.api.spot

        def ask(call: Any, status: int = 200, **parameters: Any) -> Any:
            # Its own waiting for an answer begins after the request is sent: one that comes at once is never seen.
            number = f"request-{len(answers.heard)}"
            assert call(stream_id=stream, request_id=number, **parameters)
            (answer,) = until(lambda: [each for each in answers.drain() if each.get("id") == number], call.__name__)
            assert answer["status"] == status, (call.__name__, answer)
            return answer.get("result", answer.get("error"))

        ask(spot.ping)
        assert ask(spot.get_server_time)["serverTime"] > 10**12
        assert ask(spot.get_exchange_info, symbols=[SYMBOL])["symbols"][0]["symbol"] == SYMBOL
        for call in (
            *(spot.get_order_book, spot.get_aggregate_trades, spot.get_recent_trades, spot.get_historical_trades),
            *(spot.get_current_average_price,),
        ):
            assert ask(call, symbol=SYMBOL)
        for call in (spot.get_klines, spot.get_ui_klines):
            assert ask(call, symbol=SYMBOL, interval="1m")
        terms: dict[str, Any] = {
            "symbol": SYMBOL,
            "side": "BUY",
            "order_type": "LIMIT",
            "time_in_force": "GTC",
            "quantity": 0.001,
        }
        ask(spot.create_test_order, price=58_000.0, **terms)
        placed = ask(spot.create_order, price=58_000.0, new_client_order_id="by-socket", **terms)
        assert placed["status"] == "NEW"
        assert ask(spot.get_order, symbol=SYMBOL, orig_client_order_id="by-socket")["orderId"] == placed["orderId"]
        assert len(ask(spot.get_open_orders, symbol=SYMBOL)) == 1
        # It always sends a "NewClientOrderId", which nobody knows.
        refused = ask(spot.cancel_and_replace_order, 400, cancel_order_id=placed["orderId"], price=58_001.0, **terms)
        assert refused["code"] == -1104
        ask(spot.cancel_order, symbol=SYMBOL, order_id=placed["orderId"])
        ask(spot.create_order, price=58_002.0, **terms)
        assert len(ask(spot.cancel_open_orders, symbol=SYMBOL)) == 1
        assert ask(spot.get_account_status)["accountType"] == "SPOT"
        # It asks for these without the time that every signed request must have.
        assert ask(spot.get_unfilled_order_count, status=400)["code"] == -1102
        assert ask(spot.get_listen_key)["listenKey"]
        assert ask(spot.cancel_order, status=400, symbol=SYMBOL, order_id=999_999)["code"] == -2011


def drive_depth_cache(rest: Any) -> None:
    """Its local book is the venue's after every handful of orders."""
    with BinanceLocalDepthCacheManager(
        exchange="binance.com", ubra_manager=rest, warn_on_update=False, init_interval=0.1
    ) as caches:
        caches.create_depthcache(markets=[SYMBOL])
        until(lambda: is_synchronized(caches, rest), "a depth cache")
        for number in range(ROUNDS):
            rest.order_limit_buy(symbol=SYMBOL, quantity="0.001", price=str(59_000 + number))
            rest.order_limit_sell(symbol=SYMBOL, quantity="0.001", price=str(61_000 + number))
            if number % 10 == 9:
                rest.cancel_order(symbol=SYMBOL, orderId=rest.get_open_orders(symbol=SYMBOL)[0]["orderId"])
                until(lambda: agrees(caches, rest.get_order_book(symbol=SYMBOL)), "the venue's book")
        assert caches.get_restart_count(market=SYMBOL) == 0
        rest.cancel_all_open_orders(symbol=SYMBOL)


def is_synchronized(caches: Any, rest: Any) -> bool:
    """Whether its book has begun: the first changes that it hears tell it that its snapshot is new enough."""
    made = rest.order_limit_buy(symbol=SYMBOL, quantity="0.001", price="50000")
    time.sleep(0.3)
    rest.cancel_order(symbol=SYMBOL, orderId=made["orderId"])
    return bool(caches.is_depth_cache_synchronized(market=SYMBOL))


def agrees(caches: Any, book: dict[str, Any]) -> bool:
    kept = {"bids": caches.get_bids(market=SYMBOL), "asks": caches.get_asks(market=SYMBOL)}
    return all(
        [[float(price), float(size)] for price, size in kept[side]]
        == [[float(price), float(size)] for price, size in book[side]]
        for side in ("bids", "asks")
    )


def main(address: str, key: str, secret: str) -> None:
    use(address)
    rest = connect(key, secret)
    drive_orders(rest)
    drive_market_data(rest)
    drive_account(rest)
    drive_streams(rest, key, secret)
    drive_socket_api(rest, key, secret)
    drive_depth_cache(rest)
    print("all of it", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
