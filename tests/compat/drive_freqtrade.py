"""freqtrade, live, against a venue whose address, key and secret are the arguments: run in its own environment.

The bot is a process of its own with a strategy and a configuration as its users write them; the addresses are given as
settings of the ccxt below it. Over its own HTTP interface it is told what to do; the venue is asked what came of it.
"""

import base64
import hashlib
import hmac
import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

PAIR, SYMBOL = "BTC/USDT", "BTCUSDT"
USER, PASSWORD = "driver", "not a secret"
STRATEGY = """
from freqtrade.strategy import IStrategy


class Told(IStrategy):
    INTERFACE_VERSION = 3
    timeframe = "1m"
    minimal_roi = {"0": 10}
    stoploss = -0.10
    startup_candle_count = 0
    position_adjustment_enable = True
    order_types = {
        "entry": "limit",
        "exit": "limit",
        "force_entry": "limit",
        "force_exit": "limit",
        "emergency_exit": "market",
        "stoploss": "limit",
        "stoploss_on_exchange": True,
        "stoploss_on_exchange_interval": 5,
        "stoploss_on_exchange_limit_ratio": 0.99,
    }

    def populate_indicators(self, dataframe, metadata):
        return dataframe

    def populate_entry_trend(self, dataframe, metadata):
        return dataframe

    def populate_exit_trend(self, dataframe, metadata):
        return dataframe
"""


def configuration(address: str, key: str, secret: str, port: int) -> dict[str, Any]:
    sockets = "ws" + address.removeprefix("http")
    rest = dict.fromkeys(("public", "private"), f"{address}/api/v3")
    urls = rest | {
        "sapi": f"{address}/sapi/v1",
        "v1": f"{address}/api/v1",
        "ws": {"spot": f"{sockets}/ws", "ws-api": {"spot": f"{sockets}/ws-api/v3"}},
    }
    pricing = {"price_side": "other", "use_order_book": True, "order_book_top": 1}
    return {
        "max_open_trades": 3,
        "stake_currency": "USDT",
        "stake_amount": 200,
        "dry_run": False,
        "trading_mode": "spot",
        "force_entry_enable": True,
        "unfilledtimeout": {"entry": 10, "exit": 10, "unit": "minutes"},
        "entry_pricing": pricing,
        "exit_pricing": pricing,
        "exchange": {
            "name": "binance",
            "key": key,
            "secret": secret,
            # Of a venue that has spot alone, ccxt must not ask for futures' markets.
            "ccxt_config": {"urls": {"api": urls}, "options": {"fetchMarkets": {"types": ["spot"]}}},
            "pair_whitelist": [PAIR, "ETH/USDT"],
        },
        "pairlists": [{"method": "StaticPairList"}],
        "api_server": {
            "enabled": True,
            "listen_ip_address": "127.0.0.1",
            "listen_port": port,
            "username": USER,
            "password": PASSWORD,
            "jwt_secret_key": "a key of this run, of no use to anybody",
            "ws_token": "a token of this run, of no use",
            "verbosity": "error",
        },
        "initial_state": "running",
        "internals": {"process_throttle_secs": 1},
    }


class Bot:
    """Its HTTP interface."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}/api/v1/"
        self.authorization = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

    def ask(self, method: str, path: str, **body: Any) -> Any:
        headers = {"Authorization": self.authorization, "Content-Type": "application/json"}
        content = json.dumps(body).encode() if body else None
        request = urllib.request.Request(self.address + path, content, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError((method, path, body, error.code, error.read())) from error

    def is_up(self) -> bool:
        try:
            return bool(self.ask("GET", "ping") == {"status": "pong"})
        except OSError:
            return False

    def trades(self) -> list[Any]:
        found: list[Any] = self.ask("GET", "status")
        return found


class Venue:
    """The venue, asked beside the bot."""

    def __init__(self, address: str, key: str, secret: str) -> None:
        self.address, self.key, self.secret = address, key, secret

    def ask(self, path: str, **parameters: Any) -> Any:
        query = urlencode({**parameters, "timestamp": time.time_ns() // 1_000_000})
        signature = hmac.new(self.secret.encode(), query.encode(), hashlib.sha256).hexdigest()
        request = urllib.request.Request(f"{self.address}{path}?{query}&signature={signature}")
        request.add_header("X-MBX-APIKEY", self.key)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def open_orders(self, kind: str) -> list[Any]:
        return [each for each in self.ask("/api/v3/openOrders", symbol=SYMBOL) if each["type"] == kind]

    def order(self, number: str) -> Any:
        return self.ask("/api/v3/order", symbol=SYMBOL, orderId=number)


def until(fulfilled: Any, what: str, seconds: float = 40) -> Any:
    """What is found, once it is."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        found = fulfilled()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"not within {seconds} s: {what}")


def drive_entry(bot: Bot, venue: Venue) -> Any:
    """An entry that fills, and the stop that it keeps at the venue for it."""
    bot.ask("POST", "forceenter", pair=PAIR, ordertype="market", stakeamount=200)
    trade = until(lambda: [each for each in bot.trades() if has_stop(each)], "a trade with a stop")[0]
    (bought,) = [each for each in trade["orders"] if each["ft_order_side"] == "buy"]
    order = venue.order(bought["order_id"])
    assert (order["status"], order["type"]) == ("FILLED", "MARKET"), order
    assert abs(float(order["executedQty"]) - trade["amount"]) <= 0.00001, (order, trade)
    average = float(order["cummulativeQuoteQty"]) / float(order["executedQty"])
    assert abs(average - trade["open_rate"]) < 0.01, (average, trade["open_rate"])
    (stop,) = until(lambda: venue.open_orders("STOP_LOSS_LIMIT"), "the stop at the venue")
    assert float(stop["stopPrice"]) < average
    return trade


def has_stop(trade: Any) -> bool:
    return any(each["ft_order_side"] == "stoploss" for each in trade["orders"])


def drive_management(bot: Bot, venue: Venue, trade: Any) -> None:
    """An order far from the market is put, seen as open, and taken back; then the rest is sold."""
    number = trade["trade_id"]
    far = round(trade["open_rate"] * 1.2, 2)
    bot.ask("POST", "forceexit", tradeid=str(number), ordertype="limit", price=far)
    (sale,) = until(lambda: venue.open_orders("LIMIT"), "the order to sell")
    assert (sale["side"], float(sale["price"])) == ("SELL", far), sale
    bot.ask("DELETE", f"trades/{number}/open-order")
    until(lambda: not venue.open_orders("LIMIT"), "its cancel")
    assert venue.order(sale["orderId"])["status"] == "CANCELED"
    until(lambda: venue.open_orders("STOP_LOSS_LIMIT"), "the stop, put again")
    bot.ask("POST", "forceexit", tradeid=str(number), ordertype="market")
    closed = until(lambda: ended(bot, number), "the end of the trade")
    sold = [each for each in closed["orders"] if each["ft_order_side"] == "sell" and each["filled"]][-1]
    order = venue.order(sold["order_id"])
    assert order["status"] == "FILLED", order
    average = float(order["cummulativeQuoteQty"]) / float(order["executedQty"])
    assert abs(average - closed["close_rate"]) < 0.01, (average, closed)
    until(lambda: not venue.open_orders("STOP_LOSS_LIMIT"), "no stop of a closed trade")


def ended(bot: Bot, number: int) -> Any:
    found = [each for each in bot.ask("GET", "trades")["trades"] if each["trade_id"] == number and not each["is_open"]]
    return found[0] if found else None


def drive_views(bot: Bot, venue: Venue) -> None:
    """What it shows of the venue."""
    shown = {each["currency"]: each for each in bot.ask("GET", "balance")["currencies"]}
    held = {each["asset"]: each for each in venue.ask("/api/v3/account")["balances"]}
    assert abs(shown["USDT"]["balance"] - float(held["USDT"]["free"]) - float(held["USDT"]["locked"])) < 0.01
    assert bot.ask("GET", "show_config")["runmode"] == "live"
    assert bot.ask("GET", "whitelist")["whitelist"] == [PAIR, "ETH/USDT"]
    assert bot.ask("GET", "profit")["closed_trade_count"] == 1
    candles = until(lambda: bot.ask("GET", f"pair_candles?pair={PAIR}&timeframe=1m&limit=5")["data"], "candles", 80)
    assert len(candles[0]) >= 6


def main(address: str, key: str, secret: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    home = Path.cwd() / "freqtrade"
    (home / "strategies").mkdir(parents=True)
    (home / "strategies" / "told.py").write_text(STRATEGY)
    (home / "config.json").write_text(json.dumps(configuration(address, key, secret, port)))
    command = [
        sys.executable,
        "-m",
        "freqtrade",
        "trade",
        "--userdir",
        str(home),
        "--config",
        str(home / "config.json"),
    ]
    command += ["--strategy", "Told", "--db-url", f"sqlite:///{home}/trades.sqlite"]
    log = home / "bot.log"
    with log.open("w") as told:
        process = subprocess.Popen(command, stdout=told, stderr=subprocess.STDOUT, cwd=home)
    bot, venue = Bot(port), Venue(address, key, secret)
    try:
        until(lambda: bot.is_up() or process.poll() is not None, "its interface", 90)
        assert process.poll() is None, "it ended at its start"
        trade = drive_entry(bot, venue)
        drive_management(bot, venue, trade)
        drive_views(bot, venue)
    finally:
        process.terminate()
        process.wait(30)
        print(log.read_text()[-20_000:])
    failures = [line for line in log.read_text().splitlines() if " - ERROR - " in line or "Traceback" in line]
    assert not failures, failures
    print("all of it", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
