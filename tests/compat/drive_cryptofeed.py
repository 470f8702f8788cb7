"""cryptofeed against a venue whose https address, key and secret are the arguments: run in its own environment.

Its REST calls are coroutines of a feed, its streams callbacks; a local book is the one that it keeps itself.
"""

import asyncio
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

from cryptofeed import FeedHandler  # type: ignore[import-not-found]
from cryptofeed.defines import (  # type: ignore[import-not-found]
    BALANCES,
    BUY,
    CANDLES,
    GOOD_TIL_CANCELED,
    L2_BOOK,
    LIMIT,
    MARKET,
    ORDER_INFO,
    TICKER,
    TRADES,
)
from cryptofeed.exchanges import Binance  # type: ignore[import-not-found]
from cryptofeed.exchanges.mixins.binance_rest import BinanceRestMixin  # type: ignore[import-not-found]

SYMBOL = "BTC-USDT"
ROUNDS = 20
DEPTH = 1000


def use(address: str) -> None:
    """Other addresses, and nothing else."""
    Binance.websocket_endpoints[0].address = "ws" + address.removeprefix("http")
    Binance.rest_endpoints[0].address = address
    BinanceRestMixin.api = f"{address}/api/v3/"


async def drive_rest(feed: Any) -> None:
    """Every call that it has for a venue of this kind."""
    assert set(Binance.symbols()) >= {SYMBOL, "ETH-BTC"}
    assert Binance.info()["tick_size"][SYMBOL] == "0.01000000"
    balances = {each["asset"]: each for each in await feed.balances()}
    assert balances["USDT"]["free"] == "100000.00000000"
    terms = {"side": BUY, "order_type": LIMIT, "time_in_force": GOOD_TIL_CANCELED}
    resting = await feed.place_order(SYMBOL, amount=Decimal("0.01"), price=Decimal(50_000), **terms)
    assert resting["status"] == "NEW"
    assert [each["orderId"] for each in await feed.orders(SYMBOL)] == [resting["orderId"]]
    assert len(await feed.orders()) == 1
    canceled = await feed.cancel_order(resting["orderId"], SYMBOL)
    assert canceled["status"] == "CANCELED"
    assert await feed.orders() == []
    bought = await feed.place_order(SYMBOL, BUY, MARKET, Decimal("0.0005"))
    assert bought["status"] == "FILLED"
    balances = {each["asset"]: each for each in await feed.balances()}
    assert Decimal(balances["BTC"]["free"]) == Decimal("2.0005") - sum(
        Decimal(each["commission"]) for each in bought["fills"]
    )
    prices = {Decimal(each["price"]) for each in bought["fills"]}
    async for trades in feed.trades(SYMBOL):
        assert prices <= {each["price"] for each in trades}
        assert {each["symbol"] for each in trades} == {SYMBOL}
    async for candles in feed.candles(SYMBOL, interval="1m"):
        assert min(prices) >= candles[-1].low or len(candles) > 1


def keep(heard: list[Any]) -> Any:
    """A callback that keeps what it is told."""

    async def hear(event: Any, receipt: float) -> None:
        heard.append(event)

    return hear


async def until(fulfilled: Any, what: str) -> None:
    """Wait for what must come."""
    for _ in range(300):
        if fulfilled():
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"not within 30 s: {what}")


class Books:
    """What the client's own book was at each of its sequence numbers."""

    def __init__(self) -> None:
        self.found: dict[int, Any] = {}

    async def hear(self, book: Any, receipt: float) -> None:
        sides = [[list(level) for level in book.book[side].to_list()] for side in ("bids", "asks")]
        self.found[book.sequence_number] = sides

    async def check(self, feed: Any) -> bool:
        """Whether the venue's book was one of them; AssertionError where it was, and was another."""
        answer = await feed._request("GET", "depth", payload={"symbol": "BTCUSDT", "limit": DEPTH})
        for _ in range(20):
            if answer["lastUpdateId"] in self.found:
                wanted = [[[Decimal(cell) for cell in level] for level in answer[side]] for side in ("bids", "asks")]
                assert self.found[answer["lastUpdateId"]] == wanted, answer
                return True
            await asyncio.sleep(0.05)
        return False


async def drive_streams(feeds: FeedHandler, config: Any, trader: Any) -> None:
    """Market data beside its own orders, then its book against the venue's."""
    books = Books()
    heard: dict[str, list[Any]] = {name: [] for name in (TRADES, TICKER, CANDLES, ORDER_INFO, BALANCES)}
    public = (TRADES, TICKER, CANDLES)
    callbacks = {L2_BOOK: books.hear} | {name: keep(heard[name]) for name in public}
    market = Binance(
        config=config,
        symbols=[SYMBOL],
        channels=[L2_BOOK, *public],
        callbacks=callbacks,
        candle_closed_only=False,
        max_depth=DEPTH,
    )
    mine = {name: keep(heard[name]) for name in (ORDER_INFO, BALANCES)}
    user = Binance(config=config, symbols=[SYMBOL], channels=list(mine), callbacks=mine)
    feeds.add_feed(market)
    feeds.add_feed(user)
    feeds.run(start_loop=False, install_signal_handlers=False)
    await until(lambda: books.found, "a book")
    terms = {"side": BUY, "order_type": LIMIT, "time_in_force": GOOD_TIL_CANCELED, "amount": Decimal("0.001")}
    placed = [
        (await trader.place_order(SYMBOL, price=Decimal(50_000 + number), **terms))["orderId"]
        for number in range(ROUNDS)
    ]
    bought = await trader.place_order(SYMBOL, BUY, MARKET, Decimal("0.0005"))
    for number in placed:
        await trader.cancel_order(number, SYMBOL)
    ended = {(str(number), "CANCELED") for number in placed} | {(str(bought["orderId"]), "TRADE")}
    await until(lambda: ended <= {(each.id, each.status) for each in heard[ORDER_INFO]}, "ends of orders")
    await until(lambda: {"BTC", "USDT"} <= {each.currency for each in heard[BALANCES]}, "balances")
    await until(lambda: all(heard.values()), "an event of every kind")
    checked = sum([await books.check(trader) for _ in range(ROUNDS)])
    assert checked >= 3, checked
    assert heard[TICKER][-1].bid < heard[TICKER][-1].ask


async def main(address: str, key: str, secret: str) -> None:
    use(address)
    config = {
        "log": {"filename": "cryptofeed.log", "level": "WARNING"},
        "binance": {"key_id": key, "key_secret": secret},
    }
    feeds = FeedHandler(config=config)
    trader = Binance(config=config)
    await drive_rest(trader)
    await drive_streams(feeds, config, trader)
    # It restarts silently what fails, and tells its log alone.
    told = Path("cryptofeed.log").read_text()
    assert not told, told
    # Its feeds leave connections open, and their collection is told on standard error: this line comes last.
    await feeds.stop_async()
    await trader.http_conn.close()
    print("all of it", flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
