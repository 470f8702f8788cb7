"""ccxt against a venue whose address, key and secret are the arguments: run in ccxt's own environment, by the test."""

import asyncio
import random
import sys
from typing import Any

import ccxt  # type: ignore[import-not-found]
import ccxt.pro  # type: ignore[import-not-found]

SYMBOL = "BTC/USDT"
ORDERS = 60


def configured(kind: Any, address: str, key: str, secret: str) -> Any:
    """A client as its users make it, with other addresses."""
    client = kind({"apiKey": key, "secret": secret, "enableRateLimit": False})
    client.options["fetchMarkets"] = {"types": ["spot"]}
    client.urls["api"] |= dict.fromkeys(("public", "private"), f"{address}/api/v3")
    client.urls["api"] |= {"sapi": f"{address}/sapi/v1", "v1": f"{address}/api/v1"}
    if "ws" in client.urls["api"]:
        socket = "ws" + address.removeprefix("http")
        client.urls["api"]["ws"]["spot"] = f"{socket}/ws"
        client.urls["api"]["ws"]["ws-api"]["spot"] = f"{socket}/ws-api/v3"
    return client


def expect(error: type[Exception], call: Any, *arguments: Any) -> None:
    found = None
    try:
        call(*arguments)
    except ccxt.BaseError as raised:
        found = raised
    assert type(found) is error, f"{type(found).__name__} instead of {error.__name__}: {found}"


def drive_rest(client: Any) -> None:
    """What a program does over REST, from its start on."""
    markets = client.load_markets()
    precision = markets[SYMBOL]["precision"]
    assert (precision["amount"], precision["price"]) == (1e-05, 0.01), precision
    assert markets[SYMBOL]["limits"]["cost"]["min"] == 5
    assert set(client.currencies) >= {"BTC", "USDT", "ETH"}
    free = client.fetch_balance()["free"]
    assert (free["USDT"], free["BTC"]) == (100_000, 2)
    assert client.fetch_order_book(SYMBOL)["bids"] == []

    resting = client.create_order(SYMBOL, "limit", "buy", 0.01, 60_000, {"clientOrderId": "by-ccxt"})
    assert (resting["status"], resting["clientOrderId"], resting["filled"]) == ("open", "by-ccxt", 0)
    assert client.fetch_balance()["used"]["USDT"] == 600
    assert client.fetch_order(resting["id"], SYMBOL)["price"] == 60_000
    assert [each["id"] for each in client.fetch_open_orders(SYMBOL)] == [resting["id"]]
    assert client.fetch_order_book(SYMBOL)["bids"] == [[60_000, 0.01]]
    with_itself = {"selfTradePreventionMode": "NONE"}
    taken = client.create_order(SYMBOL, "market", "sell", 0.004, None, with_itself)
    assert (taken["status"], taken["filled"], taken["average"]) == ("closed", 0.004, 60_000)
    assert client.fetch_order(resting["id"], SYMBOL)["filled"] == 0.004
    mine = client.fetch_my_trades(SYMBOL)
    assert sorted((each["side"], each["takerOrMaker"]) for each in mine) == [("buy", "maker"), ("sell", "taker")]
    assert all(each["fee"]["cost"] > 0 for each in mine)
    assert client.fetch_trades(SYMBOL)[-1]["price"] == 60_000
    canceled = client.cancel_order(resting["id"], SYMBOL)
    assert (canceled["status"], canceled["filled"]) == ("canceled", 0.004)
    for price in (59_000, 59_001):
        client.create_limit_buy_order(SYMBOL, 0.001, price)
    assert {each["status"] for each in client.cancel_all_orders(SYMBOL)} == {"canceled"}
    assert client.fetch_open_orders(SYMBOL) == []
    assert [each["status"] for each in client.fetch_orders(SYMBOL)] == ["canceled", "closed", "canceled", "canceled"]
    assert [each["id"] for each in client.fetch_closed_orders(SYMBOL)] == [taken["id"]]
    assert client.fetch_balance()["used"]["USDT"] == 0

    expect(ccxt.InsufficientFunds, client.create_limit_buy_order, SYMBOL, 100, 60_000)
    # ccxt has -1013 as InvalidOrder for api.binance.com alone; every other address gets its general table.
    expect(ccxt.BadRequest, client.create_limit_buy_order, SYMBOL, 0.00001, 60_000)
    expect(ccxt.InvalidOrder, client.create_limit_buy_order, SYMBOL, 0.000001, 60_000)
    expect(ccxt.OrderNotFound, client.fetch_order, "999999999", SYMBOL)
    expect(ccxt.OrderNotFound, client.cancel_order, "999999999", SYMBOL)
    client.create_limit_sell_order(SYMBOL, 0.001, 60_000)
    expect(ccxt.OrderImmediatelyFillable, client.create_order, SYMBOL, "limit", "buy", 1, 60_000, {"postOnly": True})
    client.cancel_all_orders(SYMBOL)
    stranger = configured(ccxt.binance, client.urls["api"]["public"].removesuffix("/api/v3"), "f" * 64, "wrong")
    expect(ccxt.AuthenticationError, stranger.fetch_balance)

    ticker = client.fetch_ticker(SYMBOL)
    assert (ticker["last"], ticker["baseVolume"], ticker["quoteVolume"]) == (60_000, 0.004, 240)
    assert set(client.fetch_tickers()) >= {SYMBOL, "ETH/BTC"}
    assert client.fetch_bids_asks([SYMBOL])[SYMBOL]["symbol"] == SYMBOL
    candle = client.fetch_ohlcv(SYMBOL, "1M")[-1]
    assert candle[1:] == [60_000, 60_000, 60_000, 60_000, 0.004]
    assert client.fetch_trading_fee(SYMBOL)["taker"] == 0.001
    assert abs(client.fetch_time() - client.milliseconds()) < 60_000
    assert client.fetch_status()["status"] == "ok"


async def drive_streams(client: Any) -> None:
    """Streams beside orders, then the local book against the venue's."""
    await client.load_markets()
    orders: dict[str, Any] = {}
    trades: dict[str, Any] = {}

    async def follow(watch: Any, into: dict[str, Any]) -> None:
        while True:
            for each in await watch(SYMBOL):
                into[each["id"]] = dict(each)

    async def follow_book() -> None:
        while True:
            await client.watch_order_book(SYMBOL)

    following = [
        asyncio.create_task(follow(client.watch_orders, orders)),
        asyncio.create_task(follow(client.watch_trades, trades)),
        asyncio.create_task(follow_book()),
    ]
    await asyncio.sleep(1)
    ids = await place_orders(client)
    placed = await client.create_order_ws(SYMBOL, "limit", "buy", 0.001, 59_000)
    ids.append(placed["id"])
    wanted = {each["id"] for each in await client.fetch_trades(SYMBOL, limit=1000)} - {"1"}
    async with asyncio.timeout(15):
        while not (set(ids) <= set(orders) and wanted <= set(trades)) or not await books_agree(client):
            for task in following:
                if task.done():
                    task.result()
            await asyncio.sleep(0.1)
    for task in following:
        task.cancel()
    assert len(wanted) > 5
    for order in await client.fetch_orders(SYMBOL, limit=1000):
        if order["id"] in ids:
            seen = orders[order["id"]]
            assert (seen["status"], seen["filled"]) == (order["status"], order["filled"]), (seen, order)


async def place_orders(client: Any) -> list[str]:
    """Orders that rest, trade and end, a few at a time; returns their ids."""
    chance = random.Random(7)
    ids: list[str] = []
    for _ in range(ORDERS // 6):
        calls = []
        for _ in range(6):
            side = chance.choice(("buy", "sell"))
            price = 60_000 + chance.randint(-20, 20) + (10 if side == "sell" else -10)
            extra = {"selfTradePreventionMode": "NONE"}
            calls.append(client.create_order(SYMBOL, "limit", side, chance.randint(1, 9) / 1000, price, extra))
        made = [each["id"] for each in await asyncio.gather(*calls)]
        ids += made
        await asyncio.sleep(0.05)
        found = await client.fetch_open_orders(SYMBOL)
        if found and chance.random() < 0.7:
            await client.cancel_order(chance.choice(found)["id"], SYMBOL)
    return ids


async def books_agree(client: Any) -> bool:
    wanted = await client.fetch_order_book(SYMBOL, 1000)
    kept = client.orderbooks.get(SYMBOL)
    if kept is None or kept["nonce"] != wanted["nonce"]:
        return False
    for side in ("bids", "asks"):
        assert [list(level) for level in kept[side]] == wanted[side], (side, kept[side], wanted[side])
    assert wanted["bids"]
    return True


async def main(address: str, key: str, secret: str) -> None:
    drive_rest(configured(ccxt.binance, address, key, secret))
    client = configured(ccxt.pro.binance, address, key, secret)
    try:
        await drive_streams(client)
    finally:
        await client.close()
    print("all of it")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
