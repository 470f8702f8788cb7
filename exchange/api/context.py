"""What endpoints work with: the venue behind them, and markets as the wire names and counts them."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Generator, Mapping
from typing import Any, Final, Protocol

from exchange.api import decimals, errors
from exchange.api.auth import Key, Keys
from exchange.api.errors import WireError
from exchange.api.rate_limits import RateLimits
from exchange.api.sockets import Opening
from exchange.core import queries
from exchange.messages import registry
from exchange.projections.all import Projections
from exchange.runtime.batches import Answer, Waiter
from exchange.runtime.guard import Drive, attempt
from exchange.runtime.sequencer import Failed, Overloaded, Stopping

ENGINE_NS: Final = 10_000_000_000
LOOPBACK: Final = ("127.0.0.1", "::1")
PRICE_MAX: Final = 1 << 53
QUANTITY_MAX: Final = 1 << 53


class WireMarket:
    """A market with its numbers as the wire writes them: prices in the quote's scale, quantities in the base's."""

    def __init__(self, market: queries.Market) -> None:
        self.market_id = market.market_id
        self.symbol = market.symbol
        self.base = market.base
        self.base_scale = market.base_scale
        self.quote = market.quote
        self.quote_scale = market.quote_scale
        self.tick_size = market.tick_size
        self.lot_size = market.lot_size
        self.quote_per_tick_lot = market.quote_per_tick_lot
        self.no_quantity, self.no_notional = self.quantity(0), self.notional(0)

    def price(self, ticks: int) -> str:
        return decimals.write(ticks * self.tick_size, self.quote_scale)

    def quantity(self, lots: int) -> str:
        return decimals.write(lots * self.lot_size, self.base_scale)

    def notional(self, units: int) -> str:
        return decimals.write(units, self.quote_scale)

    def read_price(self, name: str, text: str) -> int:
        """Ticks. WireError -1100, -1111, or a filter failure where it is off the tick, zero or too great."""
        ticks, rest = divmod(decimals.parse(name, text, self.quote_scale), self.tick_size)
        if rest or not 0 < ticks <= PRICE_MAX:
            raise errors.filter_failure("PRICE_FILTER")
        return ticks

    def read_quantity(self, name: str, text: str) -> int:
        """Lots. WireError -1100, -1111, or a filter failure where it is no whole lot, zero or too great."""
        lots, rest = divmod(decimals.parse(name, text, self.base_scale), self.lot_size)
        if rest or not 0 < lots <= QUANTITY_MAX:
            raise errors.filter_failure("LOT_SIZE")
        return lots

    def read_notional(self, name: str, text: str) -> int:
        """Minor units of the quote asset."""
        units = decimals.parse(name, text, self.quote_scale)
        if not 0 < units <= 1 << 62:
            raise errors.filter_failure("NOTIONAL")
        return units


class History(Protocol):
    """The read model of closed orders and older trades; see exchange/store/history.py."""

    def orders(self, account: int, market: int, **bounds: Any) -> Awaitable[list[Any]]: ...
    def order(self, account: int, market: int, order_id: int) -> Awaitable[Any]: ...
    def order_by_client_id(self, account: int, market: int, client_id: str) -> Awaitable[Any]: ...
    def lists(self, account: int, **bounds: Any) -> Awaitable[list[Any]]: ...
    def list_by_client_id(self, account: int, client_id: str) -> Awaitable[Any]: ...
    def fills(self, account: int, market: int, **bounds: Any) -> Awaitable[list[Any]]: ...
    def market_trades(self, market: int, from_id: int = 0, limit: int = 500) -> Awaitable[list[Any]]: ...


class TimedOut(Exception):
    """The engine did not answer in time: what became of the command is not known."""


class Context:
    """One venue as its endpoints see it. `state` is the core's, to be asked through core.queries only."""

    def __init__(
        self,
        *,
        state: Any,
        submit: "Callable[[registry.AnyCommand], Awaitable[Answer]]",
        submit_row: Callable[[bytes, Waiter], None],
        now_ns: Callable[[], int],
        projections: Projections,
        history: History,
        keys: Keys,
        limits: RateLimits,
    ) -> None:
        self.state = state
        self.submit_command = submit
        self.submit_order = submit_row
        self.now_ns = now_ns
        self.projections = projections
        self.history = history
        self.keys = keys
        self.limits = limits
        self.in_engine: deque[tuple[int, Waiter]] = deque()
        """Orders that were handed on and how long they may take, oldest first."""
        self.markets: dict[str, WireMarket] = {}
        self.markets_by_id: list[WireMarket] = []
        self.asset_scales: dict[str, int] = {}
        self.learn_markets()

    def market(self, symbol: str) -> WireMarket:
        """A market by its symbol. WireError -1121."""
        found = self.markets.get(symbol)
        if found is None:
            raise errors.BAD_SYMBOL
        return found

    def market_by_id(self, market_id: int) -> WireMarket:
        return self.markets_by_id[market_id - 1]

    def learn_markets(self) -> None:
        """Take over what was listed since the last call."""
        for number in range(len(self.markets_by_id) + 1, queries.market_count(self.state) + 1):
            market = WireMarket(queries.market_by_id(self.state, number))
            self.markets_by_id.append(market)
            self.markets[market.symbol] = market
        self.asset_scales = queries.asset_scales(self.state)

    def asset(self, asset_id: int) -> tuple[str, int]:
        """An asset's name and scale."""
        name = queries.asset_name(self.state, asset_id)
        return name, self.asset_scales[name]

    def amount(self, asset: str, units: int) -> str:
        """An amount of an asset as the wire has it."""
        return decimals.write(units, self.asset_scales[asset])

    def balance_of(self, account: int, asset_id: int) -> tuple[int, int]:
        """What an account has available and held of an asset."""
        return queries.balance(self.state, account, asset_id)

    def opening(self, scope: Mapping[str, Any]) -> Opening:
        """What a connection asks for that comes as an ASGI scope."""
        peer = scope["client"][0] if scope.get("client") else ""
        address = address_of(peer, dict(scope["headers"]))
        return Opening(scope["path"], scope["query_string"].decode("latin-1"), address)

    async def submit(self, row: bytes) -> Answer:
        """Sequence an order row. WireError where the venue is too busy, stopping, or no longer knows."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.hand_over(row, answer, self.now_ns())
        try:
            return await answer
        except UNTOLD as error:
            raise UNTAKEN[type(error)] from error

    def submit_for(self, request: "Request", row: bytes, make: "Make") -> "Pending":
        """The same without a coroutine: `make` makes the reply when the answer comes."""
        pending = Pending(make)
        self.hand_over(row, pending, request.now_ns)
        return pending

    def hand_over(self, row: bytes, waiter: Waiter, now_ns: int) -> None:
        """Give a row to the sequencer. WireError where it is not taken."""
        try:
            self.submit_order(row, waiter)
        except UNTOLD as error:
            raise UNTAKEN[type(error)] from error
        waiting = self.in_engine
        # What was answered is let go soon: its memory is still in the cache for who comes next.
        while waiting and waiting[0][1].done():
            waiting.popleft()
        waiting.append((now_ns + ENGINE_NS, waiter))

    def expire(self, now_ns: int) -> None:
        """Tell those who waited too long for the engine that nobody knows; called at every beat."""
        waiting = self.in_engine
        while waiting and (waiting[0][1].done() or waiting[0][0] <= now_ns):
            answer = waiting.popleft()[1]
            if not answer.done():
                answer.set_exception(TimedOut())

    async def command(self, command: registry.AnyCommand) -> Answer:
        """Sequence a message."""
        try:
            return await self.submit_command(command)
        except UNTOLD as error:
            raise UNTAKEN[type(error)] from error


def address_of(peer: str, headers: Mapping[bytes, bytes]) -> str:
    """Whose limits count: the other end, or whom a proxy on this very machine says that it speaks for."""
    if peer in LOOPBACK and b"x-forwarded-for" in headers:
        return headers[b"x-forwarded-for"].rpartition(b",")[2].strip().decode("latin-1") or peer
    return peer


UNTAKEN: Final[dict[type[Exception], WireError]] = {
    Overloaded: errors.OVERLOADED,
    Stopping: errors.STOPPING,
    Failed: errors.UNKNOWN_OUTCOME,
    TimedOut: errors.TIMED_OUT,
}
UNTOLD: Final = tuple(UNTAKEN)
"""Why there is no answer to a command."""


class Request:
    """A request that was let in, its parameters read by its endpoint's rows.

    A class of its own, as is what else each order makes: compiled, its fields are C's, and those of a tuple are not.
    """

    __slots__ = ("context", "key", "micros", "now_ns", "values")

    def __init__(self, context: Context, values: dict[str, Any], now_ns: int, key: Key | None, micros: bool) -> None:
        self.context = context
        self.values = values
        self.now_ns = now_ns
        self.key = key
        self.micros = micros

    def having(self, values: dict[str, Any]) -> "Request":
        """The same with other parameters."""
        return Request(self.context, values, self.now_ns, self.key, self.micros)

    @property
    def sender(self) -> Key:
        """The key that signed."""
        assert self.key is not None
        return self.key

    def time(self, ns: int) -> int:
        """A time as the client asked for it: milliseconds, or microseconds."""
        return ns // 1_000 if self.micros else ns // 1_000_000


class Reply:
    """What an endpoint answers: the body before encoding, the seq it holds for, and how many orders are counted for the
    account, where it says so.
    """

    __slots__ = ("body", "orders", "seq")

    def __init__(self, body: Any, seq: int = 0, orders: tuple[int, ...] = ()) -> None:
        self.body = body
        self.seq = seq
        self.orders = orders


Make = Callable[[Answer], Reply | Awaitable[Reply]]


def as_it_is(found: Any) -> Any:
    return found


def ignored(found: Any) -> None:
    """Nobody is there to be told."""


class Pending:
    """A reply that comes when its command is durable and applied, made and told right there: no coroutine waits for it.

    `make` makes it of the sequencer's answer. Who asked sets `render`, which makes what is sent of a reply or a
    WireError, `otherwise`, which makes that of an exception that nobody expected, and `tell`, which takes it; or awaits
    it. Towards the sequencer it is a future.
    """

    __slots__ = ("is_done", "make", "otherwise", "render", "tell")

    def __init__(self, make: Make) -> None:
        self.make = make
        self.render: Callable[[Reply | WireError], Any] = as_it_is
        self.otherwise: Callable[[Exception], Any] = as_it_is
        self.tell: Callable[[Any], None] = ignored
        self.is_done = False

    def done(self) -> bool:
        """Whether there is an answer."""
        return self.is_done

    def set_result(self, answer: Answer) -> None:
        """Make the reply, and tell it."""
        self.is_done = True
        attempt(self.finish, self.fail, answer)

    def set_exception(self, error: Exception) -> None:
        """Tell why there is no answer."""
        self.is_done = True
        attempt(self.refuse, self.fail, error)

    def finish(self, answer: Answer) -> None:
        try:
            reply = self.make(answer)
        except WireError as error:
            self.tell(self.render(error))
            return
        if isinstance(reply, Reply):
            self.tell(self.render(reply))
        else:
            Drive(self.wait(reply), self.tell, self.otherwise).step()

    async def wait(self, reply: Awaitable[Reply]) -> Any:
        """What is sent where a reply needs more than the answer."""
        try:
            return self.render(await reply)
        except WireError as error:
            return self.render(error)

    def refuse(self, error: Exception) -> None:
        self.tell(self.render(UNTAKEN[type(error)]))

    def fail(self, error: Exception) -> None:
        # Whoever answers a whole batch must not end because of one request.
        attempt(self.tell, ignored, attempt(self.otherwise, as_it_is, error))

    def __await__(self) -> Generator[Any, None, Any]:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.tell = future.set_result
        found = yield from future
        if isinstance(found, Exception):
            raise found
        return found


def not_supported(what: str) -> WireError:
    return WireError(-2010, f"{what} are not supported for this symbol.")
