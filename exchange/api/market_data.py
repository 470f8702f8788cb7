"""Market data: the book, trades, candles and statistics of every market."""

import re
from collections.abc import Mapping
from typing import Any

from exchange.api import answers, decimals, errors, parameters
from exchange.api.context import Reply, Request, WireMarket
from exchange.api.endpoints import Endpoint, public
from exchange.api.errors import WireError
from exchange.api.general import SYMBOL, SYMBOL_STATUS, SYMBOLS, chosen_markets, status
from exchange.api.parameters import Parameter
from exchange.core import queries
from exchange.messages.views import Trade
from exchange.projections.candles import INTERVALS, Candle
from exchange.projections.tickers import Ticker
from exchange.projections.trades import AggregateTrade

DEPTH_MAX = 5_000
TIME_ZONE = re.compile(r"([+-]?)([0-9]{1,2})(?::([0-5]?[0-9]))?")
NAMES = INTERVALS
MINUTE_NS, DAY_NS = 60_000_000_000, 86_400_000_000_000
WINDOW = re.compile(r"([1-9][0-9]?)([mhd])")
WINDOW_MAX = {"m": 59, "h": 23, "d": 7}
WINDOW_UNIT_NS = {"m": MINUTE_NS, "h": 60 * MINUTE_NS, "d": DAY_NS}
SYMBOLS_MAX = 100
Row = dict[str, Any]


def depth(request: Request) -> Reply:
    """Levels by the same update ids as the streams."""
    market = matching_status(request)
    update_id, bids, asks = request.context.projections.depth.snapshot(market.market_id, request.values["limit"])
    return Reply(
        {
            "lastUpdateId": update_id,
            "bids": levels(market, bids),
            "asks": levels(market, asks),
        }
    )


def levels(market: WireMarket, found: list[tuple[int, int]]) -> list[list[str]]:
    return [[market.price(ticks), market.quantity(lots)] for ticks, lots in found]


def matching_status(request: Request) -> WireMarket:
    """The market asked for. WireError -1220 where it has another status than was asked for."""
    market = request.context.market(request.values["symbol"])
    wanted = request.values.get("symbolStatus")
    if wanted is not None and status(request.context, market) != wanted:
        raise WireError(-1220, "The symbol's status does not match the requested symbolStatus.")
    return market


def trades(request: Request) -> Reply:
    """The newest trades."""
    market = request.context.market(request.values["symbol"])
    found = request.context.projections.trades.recent(market.market_id, request.values["limit"])
    return Reply([trade_row(request, market, trade) for trade in found])


async def historical_trades(request: Request) -> Reply:
    """Trades from an id on, or the newest."""
    values = request.values
    market = request.context.market(values["symbol"])
    from_id = values["fromId"]
    if from_id == 0:
        from_id = 1
    found = await request.context.history.market_trades(market.market_id, from_id or 0, values["limit"])
    return Reply([trade_row(request, market, trade) for trade in found])


def block_trades(request: Request) -> Reply:
    """Trades that were agreed outside of the book: there are none."""
    request.context.market(request.values["symbol"])
    return Reply([])


def trade_row(request: Request, market: WireMarket, trade: Trade) -> Row:
    return {
        "id": trade.trade_id,
        "price": market.price(trade.price),
        "qty": market.quantity(trade.quantity),
        "quoteQty": market.notional(trade.quote_amount),
        "time": request.time(trade.ts_ns),
        "isBuyerMaker": bool(trade.is_buyer_maker),
        "isBestMatch": True,
    }


def aggregate(market: WireMarket, trade: AggregateTrade, time: int) -> Row:
    return {
        "a": trade.aggregate_id,
        "p": market.price(trade.price),
        "q": market.quantity(trade.quantity),
        "f": trade.first_id,
        "l": trade.last_id,
        "T": time,
        "m": bool(trade.is_buyer_maker),
        "M": True,
    }


def aggregate_trades(request: Request) -> Reply:
    """Trades of one taker at one price, as one."""
    values = request.values
    market = request.context.market(values["symbol"])
    found = request.context.projections.trades.aggregates(
        market.market_id,
        from_id=values["fromId"] or 0,
        start_ns=values["startTime"] or 0,
        end_ns=until(values["endTime"]),
        limit=values["limit"],
    )
    return Reply([aggregate(market, trade, request.time(trade.ts_ns)) for trade in found])


def until(end_ns: int | None) -> int:
    """The last nanosecond of the millisecond that a client names; 0 where it names none."""
    return end_ns + 999_999 if end_ns else 0


def candle_row(request: Request, market: WireMarket, candle: Candle) -> list[Any]:
    return [
        request.time(candle.begin_ns),
        market.price(candle.open),
        market.price(candle.high),
        market.price(candle.low),
        market.price(candle.close),
        market.quantity(candle.volume),
        request.time(candle.end_ns) - 1,
        market.notional(candle.quote_volume),
        candle.trades,
        market.quantity(candle.taker_volume),
        market.notional(candle.taker_quote_volume),
        "0",
    ]


def klines(request: Request) -> Reply:
    """Candles of an interval, in a time zone."""
    values = request.values
    market = request.context.market(values["symbol"])
    found = request.context.projections.candles.klines(
        market.market_id,
        values["interval"],
        values["startTime"] or 0,
        values["endTime"] or 0,
        values["limit"],
        now_ns=request.now_ns,
        offset_ns=values["timeZone"],
    )
    return Reply([candle_row(request, market, candle) for candle in found])


@parameters.takes({"type": "string", "pattern": "^[+-]?[0-9]{1,2}(:[0-5]?[0-9])?$", "description": "-12:00 to +14:00"})
def time_zone(name: str, value: str) -> int:
    """A time zone such as 8, -1:00 or 05:45, in nanoseconds."""
    found = TIME_ZONE.fullmatch(value)
    if found is None:
        raise errors.bad_data(name)
    sign, hours, minutes = found.groups()
    total = (-1 if sign == "-" else 1) * (int(hours) * 60 + int(minutes or 0))
    if not -12 * 60 <= total <= 14 * 60:
        raise errors.bad_data(name)
    return total * 60_000_000_000


def average_price(request: Request) -> Reply:
    """The average price of the last minutes."""
    market = request.context.market(request.values["symbol"])
    ticks = queries.average_price(request.context.state, market.market_id, request.now_ns)
    found = request.context.projections.trades.recent(market.market_id, 1)
    minutes = queries.filters(request.context.state, market.market_id)["average_minutes"]
    closed = request.time(found[0].ts_ns) if found else 0
    return Reply({"mins": minutes, "price": market.price(ticks), "closeTime": closed})


def percent(change: int, base: int) -> str:
    """A change in percent with three places, rounded towards zero."""
    if not base:
        return "0.000"
    thousandths = abs(change) * 100_000 // base
    return ("-" if change < 0 else "") + decimals.write(thousandths, 3)


def ticker_row(request: Request, market: WireMarket, form: str) -> Row:
    """Statistics of the last 24 hours, FULL or MINI."""
    row, ticker = statistics_row(request, market, form, DAY_NS)
    if form == "FULL":
        best = request.context.projections.depth.best(market.market_id)
        row |= {
            "prevClosePrice": market.price(ticker.previous_close),
            "lastQty": market.quantity(ticker.last_quantity),
            "bidPrice": market.price(best.bid),
            "bidQty": market.quantity(best.bid_quantity),
            "askPrice": market.price(best.ask),
            "askQty": market.quantity(best.ask_quantity),
        }
    return row


def statistics_row(request: Request, market: WireMarket, form: str, window_ns: int) -> tuple[Row, Ticker]:
    """Statistics of a window that ends now, FULL or MINI, without what only 24 hours have."""
    now = request.now_ns
    ticker = request.context.projections.tickers.ticker(market.market_id, now, window_ns)
    if ticker is None:
        open_ns = (now - window_ns) // MINUTE_NS * MINUTE_NS
        ticker = Ticker(market.market_id, open_ns, now, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, 0)
    change = ticker.last - ticker.open
    full: Row = {}
    if form == "FULL":
        full = {
            "priceChange": market.price(change),
            "priceChangePercent": percent(change, ticker.open),
            "weightedAvgPrice": decimals.write(ticker.weighted_average, market.quote_scale),
        }
    row = {
        "symbol": market.symbol,
        **full,
        "openPrice": market.price(ticker.open),
        "highPrice": market.price(ticker.high),
        "lowPrice": market.price(ticker.low),
        "lastPrice": market.price(ticker.last),
        "volume": market.quantity(ticker.volume),
        "quoteVolume": market.notional(ticker.quote_volume),
        "openTime": request.time(ticker.open_ns),
        "closeTime": request.time(ticker.close_ns),
        "firstId": ticker.first_id,
        "lastId": ticker.last_id,
        "count": ticker.trades,
    }
    return row, ticker


def check_named(values: Mapping[str, Any]) -> None:
    """WireError where neither or both of `symbol` and `symbols` are there, or more than 100 of them."""
    if values["symbol"] is None and values["symbols"] is None:
        raise WireError(-1102, "Param 'symbol' or 'symbols' must be sent, but both were empty/null!")
    if len(values["symbols"] or ()) > SYMBOLS_MAX:
        raise errors.too_large("symbols", SYMBOLS_MAX)


def ticker_rolling(request: Request) -> Reply:
    """Statistics of a window that ends now."""
    values = request.values
    check_named(values)
    return shown(request, lambda asked, market: statistics_row(asked, market, values["type"], values["windowSize"])[0])


def ticker_trading_day(request: Request) -> Reply:
    """Statistics of the day that is running in a time zone."""
    values = request.values
    check_named(values)
    begun_ns = (request.now_ns + values["timeZone"]) // DAY_NS * DAY_NS - values["timeZone"]

    def row(asked: Request, market: WireMarket) -> Row:
        found, _ = statistics_row(asked, market, values["type"], asked.now_ns - begun_ns)
        return found | {"openTime": asked.time(begun_ns), "closeTime": asked.time(begun_ns + DAY_NS) - 1}

    return shown(request, row)


def reference_price(request: Request) -> Reply:
    """The price that filters and execution rules may go by: none was ever set here."""
    matching_status(request)
    raise WireError(-2043, "This symbol doesn't have a reference price.")


@parameters.takes({"type": "string", "pattern": "^([1-9]|[1-5][0-9])m$|^([1-9]|1[0-9]|2[0-3])h$|^[1-7]d$"})
def window_ns(name: str, value: str) -> int:
    """A window of 1m to 59m, 1h to 23h or 1d to 7d, in nanoseconds."""
    found = WINDOW.fullmatch(value)
    if found is None or not 1 <= int(found[1]) <= WINDOW_MAX[found[2]]:
        raise errors.bad_data(name)
    return int(found[1]) * WINDOW_UNIT_NS[found[2]]


def shown(request: Request, row: Any) -> Reply:
    """An object for one `symbol`, an array otherwise; only markets of the status asked for."""
    if request.values["symbol"] is not None:
        if request.values["symbols"] is not None:
            raise errors.BAD_COMBINATION
        return Reply(row(request, matching_status(request)))
    wanted = request.values["symbolStatus"]
    markets = chosen_markets(request)
    if wanted is not None:
        markets = [market for market in markets if status(request.context, market) == wanted]
    return Reply([row(request, market) for market in markets])


def ticker_24h(request: Request) -> Reply:
    """Statistics of the last 24 hours."""
    form = request.values["type"]
    return shown(request, lambda asked, market: ticker_row(asked, market, form))


def price_row(request: Request, market: WireMarket) -> Row:
    last = queries.filters(request.context.state, market.market_id)["last_price"]
    return {"symbol": market.symbol, "price": market.price(last)}


def ticker_price(request: Request) -> Reply:
    """Last prices."""
    return shown(request, price_row)


def book_row(request: Request, market: WireMarket) -> Row:
    best = request.context.projections.depth.best(market.market_id)
    return {
        "symbol": market.symbol,
        "bidPrice": market.price(best.bid),
        "bidQty": market.quantity(best.bid_quantity),
        "askPrice": market.price(best.ask),
        "askQty": market.quantity(best.ask_quantity),
    }


def ticker_book(request: Request) -> Reply:
    """Best prices."""
    return shown(request, book_row)


def depth_weight(values: Mapping[str, Any]) -> int:
    limit = values.get("limit") or 100
    return 5 if limit <= 100 else 25 if limit <= 500 else 50 if limit <= 1_000 else 250


def statistics_weight(values: Mapping[str, Any]) -> int:
    if values.get("symbol") is not None:
        return 2
    count = len(values.get("symbols") or ())
    return 80 if not count or count > 100 else 40 if count > 20 else 2


def windows_weight(values: Mapping[str, Any]) -> int:
    return min(200, 4 * (1 if values.get("symbol") is not None else len(values.get("symbols") or ())))


def ticker_weight(values: Mapping[str, Any]) -> int:
    return 2 if values.get("symbol") is not None else 4


MARKET = Parameter("symbol", parameters.symbol, mandatory=True)
LIMIT = Parameter("limit", parameters.at_most(1_000), default=500)
START = Parameter("startTime", parameters.moment_ns)
END = Parameter("endTime", parameters.moment_ns)
FROM_ID = Parameter("fromId", parameters.long)
KINDS = Parameter("type", parameters.word(("FULL", "MINI"), WireError(-1139, "Invalid ticker type.")), default="FULL")
KLINE_ROWS = (
    MARKET,
    Parameter("interval", parameters.word(NAMES, WireError(-1120, "Invalid interval.")), mandatory=True),
    START,
    END,
    Parameter("timeZone", time_zone, default=0),
    LIMIT,
)
ENDPOINTS: tuple[Endpoint, ...] = (
    public(
        "/api/v3/depth",
        depth_weight,
        depth,
        MARKET,
        Parameter("limit", parameters.at_most(DEPTH_MAX), default=100),
        SYMBOL_STATUS,
        socket_method="depth",
        response=answers.Book,
    ),
    public(
        "/api/v3/trades", 25, trades, MARKET, LIMIT, socket_method="trades.recent", response=list[answers.PublicTrade]
    ),
    public(
        "/api/v3/aggTrades",
        4,
        aggregate_trades,
        MARKET,
        Parameter("fromId", parameters.long),
        START,
        END,
        LIMIT,
        socket_method="trades.aggregate",
        response=list[answers.AggregateTrade],
    ),
    public("/api/v3/klines", 2, klines, *KLINE_ROWS, socket_method="klines", response=list[answers.Candle]),
    public("/api/v3/uiKlines", 2, klines, *KLINE_ROWS, socket_method="uiKlines", response=list[answers.Candle]),
    public("/api/v3/avgPrice", 2, average_price, MARKET, socket_method="avgPrice", response=answers.AveragePrice),
    public(
        "/api/v3/ticker/24hr",
        statistics_weight,
        ticker_24h,
        SYMBOL,
        SYMBOLS,
        KINDS,
        SYMBOL_STATUS,
        socket_method="ticker.24hr",
        response=answers.Statistics | list[answers.Statistics],
    ),
    public(
        "/api/v3/ticker/price",
        ticker_weight,
        ticker_price,
        SYMBOL,
        SYMBOLS,
        SYMBOL_STATUS,
        socket_method="ticker.price",
        response=answers.Price | list[answers.Price],
    ),
    public(
        "/api/v3/ticker/bookTicker",
        ticker_weight,
        ticker_book,
        SYMBOL,
        SYMBOLS,
        SYMBOL_STATUS,
        socket_method="ticker.book",
        response=answers.BestPrices | list[answers.BestPrices],
    ),
    public(
        "/api/v3/historicalTrades",
        25,
        historical_trades,
        MARKET,
        FROM_ID,
        LIMIT,
        socket_method="trades.historical",
        response=list[answers.PublicTrade],
    ),
    public(
        "/api/v3/historicalBlockTrades",
        25,
        block_trades,
        MARKET,
        FROM_ID._replace(mandatory=True),
        LIMIT,
        socket_method="blockTrades.historical",
        response=list[answers.BlockTrade],
    ),
    public(
        "/api/v3/ticker/tradingDay",
        windows_weight,
        ticker_trading_day,
        SYMBOL,
        SYMBOLS,
        Parameter("timeZone", time_zone, default=0),
        KINDS,
        SYMBOL_STATUS,
        socket_method="ticker.tradingDay",
        response=answers.Statistics | list[answers.Statistics],
    ),
    public(
        "/api/v3/ticker",
        windows_weight,
        ticker_rolling,
        SYMBOL,
        SYMBOLS,
        Parameter("windowSize", window_ns, default=DAY_NS),
        KINDS,
        SYMBOL_STATUS,
        socket_method="ticker",
        response=answers.Statistics | list[answers.Statistics],
    ),
    public(
        "/api/v3/referencePrice",
        2,
        reference_price,
        MARKET,
        socket_method="referencePrice",
        response=answers.ReferencePrice,
    ),
    public(
        "/api/v3/referencePrice/calculation",
        2,
        reference_price,
        MARKET,
        SYMBOL_STATUS,
        socket_method="referencePrice.calculation",
        response=answers.ReferenceCalculation,
    ),
)
