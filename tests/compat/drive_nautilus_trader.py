"""nautilus_trader against a venue whose address, key and secret are the arguments: run in its own environment.

A node with its adapter for Binance Spot and one strategy, which is moved on by what it hears.
It decodes strictly: an answer of another shape than Binance's is an error in its log, and that fails the run.
"""

import asyncio
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

from nautilus_trader.adapters.binance import (  # type: ignore[import-not-found]
    BINANCE,
    BinanceAccountType,
    BinanceDataClientConfig,
    BinanceExecClientConfig,
    BinanceLiveDataClientFactory,
    BinanceLiveExecClientFactory,
)
from nautilus_trader.config import (  # type: ignore[import-not-found]
    InstrumentProviderConfig,
    LiveExecEngineConfig,
    LoggingConfig,
    TradingNodeConfig,
)
from nautilus_trader.live.node import TradingNode  # type: ignore[import-not-found]
from nautilus_trader.model.data import BarType, TradeTick  # type: ignore[import-not-found]
from nautilus_trader.model.enums import (  # type: ignore[import-not-found]
    BookType,
    OrderSide,
    OrderStatus,
    TimeInForce,
)
from nautilus_trader.model.identifiers import InstrumentId, TraderId  # type: ignore[import-not-found]
from nautilus_trader.trading.strategy import Strategy  # type: ignore[import-not-found]

INSTRUMENT = InstrumentId.from_str("BTCUSDT.BINANCE")
BARS = BarType.from_str("BTCUSDT.BINANCE-1-SECOND-LAST-EXTERNAL")
DONE_SECONDS = 40
LOG = "nautilus"
LIVE, PAST = ("trade", "quote", "deltas", "bar", "instrument"), ("past bars", "past trades")


class Driven(Strategy):  # type: ignore[misc]
    """Counts what it hears; orders are placed by the driver, in the node's own loop."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: Counter[str] = Counter()
        self.events: list[Any] = []

    def on_start(self) -> None:
        self.subscribe_order_book_deltas(INSTRUMENT, book_type=BookType.L2_MBP)
        self.subscribe_trade_ticks(INSTRUMENT)
        self.subscribe_quote_ticks(INSTRUMENT)
        self.subscribe_bars(BARS)
        self.request_instrument(INSTRUMENT)

    def on_stop(self) -> None:
        self.unsubscribe_order_book_deltas(INSTRUMENT)
        self.unsubscribe_trade_ticks(INSTRUMENT)
        self.unsubscribe_quote_ticks(INSTRUMENT)
        self.unsubscribe_bars(BARS)

    def request_past(self) -> None:
        """What has already happened; there must be something."""
        self.request_trade_ticks(INSTRUMENT, start=self.clock.utc_now() - timedelta(minutes=10))
        self.request_bars(BARS, start=self.clock.utc_now() - timedelta(hours=1))

    def on_instrument(self, instrument: Any) -> None:
        self.heard["instrument"] += 1

    def on_order_book_deltas(self, deltas: Any) -> None:
        self.heard["deltas"] += 1

    def on_trade_tick(self, tick: Any) -> None:
        self.heard["trade"] += 1

    def on_quote_tick(self, tick: Any) -> None:
        self.heard["quote"] += 1

    def on_bar(self, bar: Any) -> None:
        self.heard["bar"] += 1

    def on_historical_data(self, data: Any) -> None:
        self.heard["past trades" if isinstance(data, TradeTick) else "past bars"] += 1

    def on_order_event(self, event: Any) -> None:
        self.events.append(event)


async def until(fulfilled: Any, what: Any) -> Any:
    """What is found, once it is."""
    for _ in range(DONE_SECONDS * 20):
        found = fulfilled()
        if found:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"not within {DONE_SECONDS} s: {what() if callable(what) else what}")


def order_of(strategy: Any, kind: str, side: Any, quantity: str, **terms: Any) -> Any:
    """One of its orders, with prices and quantities in the instrument's precision."""
    instrument = strategy.cache.instrument(INSTRUMENT)
    prices = {name: instrument.make_price(terms.pop(name)) for name in ("price", "trigger_price") if name in terms}
    made = getattr(strategy.order_factory, kind)
    return made(INSTRUMENT, side, instrument.make_qty(float(quantity)), **prices, **terms)


async def ends(strategy: Any, order: Any, status: Any) -> None:
    await until(lambda: order.status == status, lambda: (order, strategy.events[-3:]))


async def drive_orders(strategy: Any, best: Any) -> None:
    """Every order type that its adapter has for spot."""
    low, high = float(best.bid_price) * 0.8, float(best.ask_price) * 1.2
    resting = order_of(strategy, "limit", OrderSide.BUY, "0.001", price=low)
    maker = order_of(strategy, "limit", OrderSide.BUY, "0.001", price=low, post_only=True)
    stop = order_of(strategy, "stop_limit", OrderSide.BUY, "0.001", price=high, trigger_price=high)
    touched = order_of(strategy, "limit_if_touched", OrderSide.SELL, "0.001", price=high, trigger_price=high)
    for order in (resting, maker, stop, touched):
        strategy.submit_order(order)
        await ends(strategy, order, OrderStatus.ACCEPTED)
    for order in (resting, maker):
        strategy.cancel_order(order)
        await ends(strategy, order, OrderStatus.CANCELED)
    strategy.cancel_all_orders(INSTRUMENT)
    for order in (stop, touched):
        await ends(strategy, order, OrderStatus.CANCELED)
    bought = order_of(strategy, "market", OrderSide.BUY, "0.0005")
    strategy.submit_order(bought)
    await ends(strategy, bought, OrderStatus.FILLED)
    killed = order_of(strategy, "limit", OrderSide.BUY, "0.001", price=low, time_in_force=TimeInForce.FOK)
    strategy.submit_order(killed)
    await until(lambda: killed.is_closed, lambda: strategy.events[-3:])
    refused = order_of(strategy, "limit", OrderSide.BUY, "100", price=low)
    strategy.submit_order(refused)
    await until(lambda: refused.is_closed, lambda: strategy.events[-3:])
    assert refused.status in (OrderStatus.REJECTED, OrderStatus.DENIED), refused
    crossing = order_of(strategy, "limit", OrderSide.BUY, "0.001", price=high, post_only=True)
    strategy.submit_order(crossing)
    await ends(strategy, crossing, OrderStatus.REJECTED)
    sold = order_of(strategy, "market", OrderSide.SELL, "0.0004")
    strategy.submit_order(sold)
    await ends(strategy, sold, OrderStatus.FILLED)


async def drive(node: Any, strategy: Any) -> None:
    try:
        await until(lambda: all(strategy.heard[name] for name in LIVE), lambda: strategy.heard)
        strategy.request_past()
        await until(lambda: all(strategy.heard[name] for name in PAST), lambda: strategy.heard)
        account = strategy.portfolio.account(INSTRUMENT.venue)
        before = {str(currency): balance.total.as_decimal() for currency, balance in account.balances().items()}
        assert before["USDT"] == 100_000, before
        await drive_orders(strategy, strategy.cache.quote_tick(INSTRUMENT))
        await until(lambda: changed(account, before), "balances")
        book = strategy.cache.order_book(INSTRUMENT)
        assert book.best_bid_price() < book.best_ask_price()
        assert strategy.cache.orders_open() == []
    finally:
        node.stop()


def changed(account: Any, before: dict[str, Any]) -> bool:
    """Whether it was told of what it bought and sold."""
    after = {str(currency): balance.total.as_decimal() for currency, balance in account.balances().items()}
    return bool(after["BTC"] > before["BTC"] and after["USDT"] < before["USDT"])


def node_for(address: str, key: str, secret: str) -> Any:
    socket = "ws" + address.removeprefix("http")
    common = {
        "api_key": key,
        "api_secret": secret,
        "account_type": BinanceAccountType.SPOT,
        "base_url_http": address,
        "instrument_provider": InstrumentProviderConfig(load_all=True),
    }
    # Newer ones have user data on the WebSocket API, older ones by a listen key.
    by_api = "base_url_ws_stream" in BinanceExecClientConfig.__struct_fields__
    orders_socket = f"{socket}/ws-api/v3" if by_api else socket
    node = TradingNode(
        TradingNodeConfig(
            trader_id=TraderId("DRIVER-001"),
            logging=LoggingConfig(log_level_file="WARNING", log_directory=".", log_file_name=LOG, log_colors=False),
            exec_engine=LiveExecEngineConfig(reconciliation=True, reconciliation_startup_delay_secs=0.1),
            data_clients={BINANCE: BinanceDataClientConfig(base_url_ws=socket, **common)},
            exec_clients={BINANCE: BinanceExecClientConfig(base_url_ws=orders_socket, **common)},
            timeout_disconnection=3.0,
            timeout_post_stop=1.0,
        )
    )
    node.add_data_client_factory(BINANCE, BinanceLiveDataClientFactory)
    node.add_exec_client_factory(BINANCE, BinanceLiveExecClientFactory)
    return node


async def run(node: Any, strategy: Any) -> None:
    node.trader.add_strategy(strategy)
    node.build()
    _, driven = await asyncio.gather(node.run_async(), drive(node, strategy), return_exceptions=True)
    if isinstance(driven, BaseException):
        raise driven


def main(address: str, key: str, secret: str) -> None:
    node = node_for(address, key, secret)
    strategy = Driven()
    try:
        node.get_event_loop().run_until_complete(run(node, strategy))
    finally:
        node.dispose()
    errors = [line for line in Path(f"{LOG}.log").read_text().splitlines() if "[ERROR]" in line]
    assert not errors, errors
    print("all of it", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
