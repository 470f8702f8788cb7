"""binance-sdk-spot against a venue whose address, key and secret are the arguments: run in its own environment.

Its models are typed: an answer of another shape raises. Errors are told apart by code only where they come as JSON.
"""

import asyncio
import sys
from typing import Any

from binance_common.configuration import (  # type: ignore[import-not-found]
    ConfigurationRestAPI,
    ConfigurationWebSocketAPI,
    ConfigurationWebSocketStreams,
)
from binance_common.errors import Error  # type: ignore[import-not-found]
from binance_sdk_spot.spot import Spot  # type: ignore[import-not-found]

SYMBOL = "BTCUSDT"
LIMIT = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "time_in_force": "GTC"}
SALE = {"symbol": SYMBOL, "side": "SELL", "type": "MARKET", "self_trade_prevention_mode": "NONE"}
ROUNDS = 20


def expect(code: int, call: Any, **arguments: Any) -> None:
    """A refusal must come with its code."""
    told = ""
    try:
        call(**arguments)
    except Error as raised:
        told = f"{type(raised).__name__} {raised} {vars(raised)}"
    assert str(code) in told, (call.__name__, arguments, told)


def drive_market_data(rest: Any) -> None:
    assert rest.time().data().server_time > 10**12
    rest.ping()
    assert rest.exchange_info(symbol=SYMBOL).data().symbols[0].symbol == SYMBOL
    assert rest.execution_rules(symbol=SYMBOL).data().symbol_rules[0].rules == []
    assert rest.depth(symbol=SYMBOL, limit=5).data().bids[0] == ["60000.00000000", "0.00600000"]
    assert len(rest.get_trades(symbol=SYMBOL).data()) == len(rest.historical_trades(symbol=SYMBOL).data()) == 1
    assert rest.agg_trades(symbol=SYMBOL).data()[0].p == "60000.00000000"
    assert rest.historical_block_trades(symbol=SYMBOL, from_id=1).data() == []
    assert rest.klines(symbol=SYMBOL, interval="1m").data()[-1][4] == "60000.00000000"
    assert rest.ui_klines(symbol=SYMBOL, interval="1m").data()[-1][4] == "60000.00000000"
    assert rest.avg_price(symbol=SYMBOL).data().mins == 5
    for call in (rest.ticker24hr, rest.ticker_trading_day, rest.ticker, rest.ticker_price, rest.ticker_book_ticker):
        assert call(symbol=SYMBOL).data() is not None
        assert call(symbols=[SYMBOL, "ETHUSDT"]).data() is not None
    expect(-1121, rest.depth, symbol="NOTHING")
    expect(-2043, rest.reference_price, symbol=SYMBOL)


def drive_trading(rest: Any) -> None:
    placed = rest.new_order(**LIMIT, quantity=0.01, price=60000, new_client_order_id="mine").data()
    assert (placed.status, placed.client_order_id) == ("NEW", "mine")
    sold = rest.new_order(**SALE, quantity=0.004).data()
    assert (sold.status, sold.fills[0].price) == ("FILLED", "60000.00000000")
    drive_market_data(rest)
    assert rest.order_test(**LIMIT, quantity=0.01, price=60000, compute_commission_rates=True).data() is not None
    assert rest.get_order(symbol=SYMBOL, orig_client_order_id="mine").data().order_id == placed.order_id
    assert len(rest.get_open_orders(symbol=SYMBOL).data()) == len(rest.get_open_orders().data()) == 1
    assert rest.delete_order(symbol=SYMBOL, order_id=placed.order_id).data().status == "CANCELED"
    rest.new_order(**LIMIT, quantity=0.001, price=59000)
    assert len(rest.delete_open_orders(symbol=SYMBOL).data()) == 1
    assert len(rest.all_orders(symbol=SYMBOL).data()) == 3
    assert len(rest.my_trades(symbol=SYMBOL).data()) == 2
    assert rest.get_account(omit_zero_balances=True).data().account_type == "SPOT"
    assert rest.account_commission(symbol=SYMBOL).data().standard_commission.maker == "0.00100000"
    assert len(rest.rate_limit_order().data()) == 2
    assert rest.my_filters(symbol=SYMBOL).data() is not None
    assert rest.my_allocations(symbol=SYMBOL).data() == []
    assert rest.my_prevented_matches(symbol=SYMBOL, order_id=placed.order_id).data() == []
    assert rest.order_amendments(symbol=SYMBOL, order_id=placed.order_id).data() == []
    expect(-2011, rest.delete_order, symbol=SYMBOL, order_id=placed.order_id)
    expect(-2013, rest.get_order, symbol=SYMBOL, order_id=999_999)
    expect(-2010, rest.new_order, **LIMIT, quantity=2, price=60000)
    expect(-1013, rest.new_order, **LIMIT, quantity=0.001, price=60000.001)


def drive_paying_lists(rest: Any) -> None:
    """A purchase whose sale, or whose pair of sales, is as great as what it has bought."""
    working = {"symbol": SYMBOL, "working_type": "LIMIT", "working_side": "BUY", "working_price": 60000}
    working |= {"working_quantity": 0.01, "working_time_in_force": "GTC", "pending_side": "SELL"}
    sale = {"pending_type": "LIMIT", "pending_price": 70000, "pending_time_in_force": "GTC"}
    pair = {"pending_above_type": "LIMIT_MAKER", "pending_above_price": 70000}
    pair |= {"pending_below_type": "STOP_LOSS", "pending_below_stop_price": 50000}
    form = {"new_order_resp_type": "RESULT"}
    for place, pending in ((rest.order_list_opo, sale), (rest.order_list_opoco, pair)):
        placed = place(**working, **pending, **form).data()
        assert placed.contingency_type == "OTO"
        assert [each.status for each in placed.order_reports][:2] == ["NEW", "PENDING_NEW"]
        assert placed.order_reports[1].orig_qty is None
        rest.new_order(**SALE, quantity=0.01)
        entered = rest.get_order(symbol=SYMBOL, order_id=placed.orders[1].order_id).data()
        assert entered.status == "NEW"
        assert 0.0099 <= float(entered.orig_qty) <= 0.01
        ended = rest.delete_order_list(symbol=SYMBOL, order_list_id=placed.order_list_id).data()
        assert ended.list_order_status == "ALL_DONE"
    expect(-1222, rest.order_list_opo, **(working | {"working_side": "SELL"}), **sale)
    expect(-1223, rest.order_list_opo, **(working | {"pending_side": "BUY"}), **sale)


async def drive_streams(client: Any) -> None:
    """Every stream of one market delivers what its model can read; a book kept from diffs does not drift."""
    streams = await client.websocket_streams.create_connection()
    found: dict[str, asyncio.Queue[Any]] = {}
    for name, subscribe in (
        ("diff", streams.diff_book_depth),
        ("trade", streams.trade),
        ("aggregate", streams.agg_trade),
        ("best", streams.book_ticker),
        ("mini", streams.mini_ticker),
        ("ticker", streams.ticker),
        ("average", streams.avg_price),
    ):
        handle = await subscribe(symbol=SYMBOL.lower())
        events: asyncio.Queue[Any] = asyncio.Queue()
        handle.on("message", events.put_nowait)
        found[name] = events
    rest = client.rest_api
    snapshot = rest.depth(symbol=SYMBOL, limit=5000).data()
    books = {"b": dict(snapshot.bids), "a": dict(snapshot.asks)}
    update_id = snapshot.last_update_id
    for number in range(ROUNDS):
        await asyncio.to_thread(rest.new_order, **LIMIT, quantity=0.001, price=59000 + number)
        if number % 3 == 0:
            await asyncio.to_thread(rest.new_order, **SALE, quantity=0.0005)
    last = rest.depth(symbol=SYMBOL, limit=5000).data()
    while update_id < last.last_update_id:
        event = await asyncio.wait_for(found["diff"].get(), 10)
        if event.u <= update_id:
            continue
        assert update_id + 1 >= event.U
        update_id = event.u
        books["b"].update(event.b)
        books["a"].update(event.a)
    assert {price: size for price, size in books["b"].items() if float(size)} == dict(last.bids)
    for name, events in found.items():
        if name != "diff":
            assert await asyncio.wait_for(events.get(), 10), name
    rest.delete_open_orders(symbol=SYMBOL)
    await streams.close_connection(close_session=True)


def result(answer: Any) -> Any:
    """What a request was answered; some of its models are of the whole response, some of the result alone."""
    data = answer.data()
    return getattr(data, "result", data)


async def drive_socket_api(client: Any) -> None:
    """Requests and user data on the WebSocket API."""
    api = await client.websocket_api.create_connection()
    await api.ping()
    assert result(await api.time()).server_time > 10**12
    for call in (
        api.exchange_info,
        api.depth,
        api.trades_recent,
        api.trades_aggregate,
        api.avg_price,
        api.ticker24hr,
        api.ticker_price,
    ):
        assert result(await call(symbol=SYMBOL)) is not None
    stream = await api.user_data_stream_subscribe_signature()
    events: asyncio.Queue[Any] = asyncio.Queue()
    stream.stream.on("message", events.put_nowait)
    placed = await api.order_place(**LIMIT, quantity=0.001, price=58000, new_client_order_id="by-socket")
    assert result(placed).status == "NEW"
    assert (await asyncio.wait_for(events.get(), 10)) is not None
    assert result(await api.order_status(symbol=SYMBOL, orig_client_order_id="by-socket")).status == "NEW"
    assert len(result(await api.open_orders_status(symbol=SYMBOL))) == 1
    canceled = await api.order_cancel(symbol=SYMBOL, orig_client_order_id="by-socket")
    assert result(canceled).status == "CANCELED"
    for call in (api.account_status, api.account_rate_limits_orders, api.session_status, api.session_subscriptions):
        assert result(await call()) is not None
    for call in (api.my_trades, api.all_orders, api.account_commission, api.my_filters):
        assert result(await call(symbol=SYMBOL)) is not None
    await api.close_connection(close_session=True)


def main(address: str, key: str, secret: str) -> None:
    socket = "ws" + address.removeprefix("http")
    client = Spot(
        config_rest_api=ConfigurationRestAPI(api_key=key, api_secret=secret, base_path=address),
        config_ws_api=ConfigurationWebSocketAPI(api_key=key, api_secret=secret, stream_url=f"{socket}/ws-api/v3"),
        config_ws_streams=ConfigurationWebSocketStreams(stream_url=f"{socket}/stream"),
    )
    drive_trading(client.rest_api)
    drive_paying_lists(client.rest_api)
    asyncio.run(drive_streams(client))
    asyncio.run(drive_socket_api(client))
    print("all of it")


if __name__ == "__main__":
    main(*sys.argv[1:])
