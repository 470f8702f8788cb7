"""How much a client may ask: request weight and raw requests per address, open orders per account, in UTC windows.

An address that goes on above its limit after it was told (429) is banned (418): first for two minutes, then longer each
time, and over restarts. Orders count while nothing of them was filled (reference §3): an accepted order adds one, its
first fill takes one away, or MAKER_CREDIT where it was the maker's.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from exchange.api.errors import WireError
from exchange.messages.words import Traded

LETTERS = {"SECOND": "S", "MINUTE": "M", "HOUR": "H", "DAY": "D"}
SECONDS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3_600, "DAY": 86_400}
NS: Final = 1_000_000_000
CLIENTS_MAX: Final = 100_000
MAKER_CREDIT: Final = 5
TOLD_MAX: Final = 20
"""Requests above the limit in one window that are answered 429; the next one is banned."""
BAN_SECONDS: Final = (120, 600, 3_600, 6 * 3_600, 86_400, 3 * 86_400)
FORGIVEN_NS: Final = 3 * 86_400 * NS
"""A ban that ended longer ago no longer makes the next one longer."""


class Limit(NamedTuple):
    """One limit as exchangeInfo shows it."""

    kind: str
    interval: str
    number: int
    limit: int

    @property
    def width_ns(self) -> int:
        return SECONDS[self.interval] * self.number * NS

    @property
    def suffix(self) -> str:
        return f"{self.number}{LETTERS[self.interval]}"

    @property
    def shown(self) -> dict[str, str | int]:
        return {
            "rateLimitType": self.kind,
            "interval": self.interval,
            "intervalNum": self.number,
            "limit": self.limit,
        }


class Profile(NamedTuple):
    """A named set of limits; those of /sapi are not shown in exchangeInfo."""

    weight: Limit
    raw: Limit
    orders: tuple[Limit, Limit]
    sapi_address: Limit
    sapi_user: Limit
    connections: Limit
    messages_a_second: int
    """Control messages on one connection of streams."""

    @property
    def shown(self) -> list[dict[str, str | int]]:
        return [self.weight.shown, *[limit.shown for limit in self.orders], self.raw.shown]


def profile(
    weight: int, raw: int, orders_10s: int, orders_day: int, sapi: int, connections: int, messages: int
) -> Profile:
    return Profile(
        Limit("REQUEST_WEIGHT", "MINUTE", 1, weight),
        Limit("RAW_REQUESTS", "MINUTE", 5, raw),
        (Limit("ORDERS", "SECOND", 10, orders_10s), Limit("ORDERS", "DAY", 1, orders_day)),
        Limit("REQUEST_WEIGHT", "MINUTE", 1, sapi),
        Limit("REQUEST_WEIGHT", "MINUTE", 1, sapi * 15),
        Limit("CONNECTIONS", "MINUTE", 5, connections),
        messages,
    )


ENDLESS = 1_000_000_000
PROFILES = {
    "reference": profile(6_000, 300_000, 100, 200_000, 12_000, 300, 5),
    "demo": profile(600_000, 30_000_000, 100_000, ENDLESS, 1_200_000, 100_000, 1_000),
    "bench": profile(ENDLESS, ENDLESS, ENDLESS, ENDLESS, ENDLESS, ENDLESS, ENDLESS),
}


class BanStore(Protocol):
    """Where bans outlive the process; see exchange/store/bans.py."""

    def load(self) -> dict[str, tuple[int, int]]: ...
    def keep(self, address: str, until_ns: int, times: int) -> None: ...
    def forget(self, ended_before_ns: int) -> None: ...


class Window:
    """Counts per client in the window that `limit` is for; another window forgets them all."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self.most = limit.limit
        self.width_ns = limit.width_ns
        self.begins_ns = self.ends_ns = 0
        self.counts: dict[str | int, int] = {}

    def used(self, client: str | int, now_ns: int) -> int:
        if not self.begins_ns <= now_ns < self.ends_ns or len(self.counts) > CLIENTS_MAX:
            self.begin(now_ns)
        return self.counts.get(client, 0)

    def add(self, client: str | int, count: int, now_ns: int) -> int:
        if not self.begins_ns <= now_ns < self.ends_ns or len(self.counts) > CLIENTS_MAX:
            self.begin(now_ns)
        used = self.counts.get(client, 0) + count
        if used < 0:
            used = 0
        self.counts[client] = used
        return used

    def begin(self, now_ns: int) -> None:
        """Another window: nothing is counted yet."""
        self.begins_ns = now_ns - now_ns % self.width_ns
        self.ends_ns = self.begins_ns + self.width_ns
        self.counts = {}

    def retry_after(self, now_ns: int) -> int:
        """Whole seconds until the next window."""
        return -(-(self.width_ns - now_ns % self.width_ns) // NS)


class RateLimits:
    """All windows of a profile, and the bans."""

    def __init__(self, name: str, bans: BanStore | None = None) -> None:
        self.profile = PROFILES[name]
        self.weight = Window(self.profile.weight)
        self.raw = Window(self.profile.raw)
        self.sapi_address = Window(self.profile.sapi_address)
        self.sapi_user = Window(self.profile.sapi_user)
        self.connections = Window(self.profile.connections)
        self.orders = [Window(limit) for limit in self.profile.orders]
        names = [f"x-mbx-order-count-{window.limit.suffix.lower()}" for window in self.orders]
        self.order_lines = "".join([f"{name}: %d\r\n" for name in names]).encode()
        """The headers that tell how many orders are counted."""
        self.told = Window(self.profile.weight)
        """Requests of this window that were answered 429."""
        self.store = bans
        self.bans = bans.load() if bans else {}
        """By address: until when it is banned, and how many times it was."""

    def check_ban(self, address: str, now_ns: int) -> None:
        """WireError 418 -1003 while an address is banned."""
        until_ns = self.bans[address][0] if address in self.bans else 0
        if now_ns < until_ns:
            raise banned(until_ns, now_ns)

    def charge(self, address: str, weight: int, now_ns: int) -> int:
        """Count a request; returns the weight used in this window. WireError 429 or 418 -1003 above the limit."""
        if self.bans:
            self.check_ban(address, now_ns)
        used = self.weight.add(address, weight, now_ns)
        if used > self.weight.most:
            limit = self.weight.limit
            self.tell(
                address,
                f"Too much request weight used; current limit is {limit.limit} request weight per {limit.number} "
                f"{limit.interval}. Please use WebSocket Streams for live updates to avoid polling the API.",
                self.weight,
                now_ns,
            )
        if self.raw.add(address, 1, now_ns) > self.raw.most:
            self.tell(address, "Too many requests queued.", self.raw, now_ns)
        return used

    def charge_sapi(self, address: str, account: int, weight: int, now_ns: int) -> None:
        """Count a request of /sapi: by its user where `account` is not 0, else by address. WireError as above."""
        if self.bans:
            self.check_ban(address, now_ns)
        window, client = (self.sapi_user, account) if account else (self.sapi_address, address)
        if window.add(client, weight, now_ns) > window.most:
            limit = window.limit
            message = f"Too much request weight used; current limit is {limit.limit} request weight per 1 MINUTE."
            self.tell(address, message, window, now_ns)

    def connect(self, address: str, weight: int, now_ns: int) -> None:
        """Count a WebSocket connection and its weight. WireError 429 or 418 above the limits."""
        self.charge(address, weight, now_ns)
        if self.connections.add(address, 1, now_ns) > self.connections.most:
            self.tell(address, "Too many requests queued.", self.connections, now_ns)

    def refund(self, address: str, weight: int, now_ns: int) -> None:
        """What a trading call costs only where it fails."""
        self.weight.add(address, -weight, now_ns)

    def tell(self, address: str, message: str, window: Window, now_ns: int) -> None:
        """WireError 429 for those above a limit, 418 for those who were told so often enough."""
        if self.told.add(address, 1, now_ns) <= TOLD_MAX:
            raise WireError(-1003, message, 429, window.retry_after(now_ns))
        before_ns, times = self.bans.get(address, (0, 0))
        times = times + 1 if now_ns - before_ns < FORGIVEN_NS else 1
        until_ns = now_ns + BAN_SECONDS[min(times, len(BAN_SECONDS)) - 1] * NS
        self.bans = {who: ban for who, ban in self.bans.items() if ban[0] > now_ns - FORGIVEN_NS}
        self.bans[address] = (until_ns, times)
        if self.store is not None:
            self.store.forget(now_ns - FORGIVEN_NS)
            self.store.keep(address, until_ns, times)
        raise banned(until_ns, now_ns)

    def check_orders(self, account: int, now_ns: int, count: int = 1) -> None:
        """WireError 429 -1015 where an account would have more unfilled orders than a window allows."""
        for window in self.orders:
            used = window.counts.get(account, 0) if now_ns < window.ends_ns else window.used(account, now_ns)
            if used + count > window.most:
                limit = window.limit
                raise WireError(
                    -1015,
                    f"Too many new orders; current limit is {limit.limit} orders per {limit.number} {limit.interval}.",
                    429,
                    window.retry_after(now_ns),
                )

    def count_order(self, account: int, now_ns: int, count: int = 1) -> tuple[int, int]:
        """Count accepted orders; returns how many there are in each window."""
        short, long = self.orders
        return short.add(account, count, now_ns), long.add(account, count, now_ns)

    def on_traded(self, event: Traded, now_ns: int, *, is_takers_first: bool) -> None:
        """The first fill of an order no longer counts it; a maker's counts for more."""
        for window in self.orders:
            if is_takers_first and window.used(event.taker_account, now_ns):
                window.add(event.taker_account, -1, now_ns)
            filled = event.maker_quantity - event.maker_remaining - event.maker_prevented_quantity
            if filled == event.quantity and window.used(event.maker_account, now_ns):
                window.add(event.maker_account, -MAKER_CREDIT, now_ns)

    def on_batch(self, events: Sequence[object], now_ns: int) -> None:
        """Follow the trades of a batch."""
        taker = 0
        for event in events:
            if type(event) is Traded:
                self.on_traded(event, now_ns, is_takers_first=event.taker_order != taker)
                taker = event.taker_order

    def order_counts(self, account: int, now_ns: int) -> list[dict[str, str | int]]:
        """The limits of orders with how many of them are used."""
        return [{**window.limit.shown, "count": window.used(account, now_ns)} for window in self.orders]


def banned(until_ns: int, now_ns: int) -> WireError:
    return WireError(
        -1003,
        f"Way too much request weight used; IP banned until {until_ns // 1_000_000}. Please use WebSocket Streams for "
        "live updates to avoid bans.",
        418,
        -(-(until_ns - now_ns) // NS),
    )
