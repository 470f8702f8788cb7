"""How much a client may ask: request weight and raw requests per address, orders per account, in fixed UTC windows."""

from typing import NamedTuple

from exchange.api.errors import WireError

LETTERS = {"SECOND": "S", "MINUTE": "M", "HOUR": "H", "DAY": "D"}
SECONDS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3_600, "DAY": 86_400}
NS = 1_000_000_000
CLIENTS_MAX = 100_000


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
    """A named set of limits."""

    weight: Limit
    raw: Limit
    orders: tuple[Limit, Limit]

    @property
    def shown(self) -> list[dict[str, str | int]]:
        return [self.weight.shown, *[limit.shown for limit in self.orders], self.raw.shown]


def profile(weight: int, raw: int, orders_10s: int, orders_day: int) -> Profile:
    return Profile(
        Limit("REQUEST_WEIGHT", "MINUTE", 1, weight),
        Limit("RAW_REQUESTS", "MINUTE", 5, raw),
        (Limit("ORDERS", "SECOND", 10, orders_10s), Limit("ORDERS", "DAY", 1, orders_day)),
    )


PROFILES = {
    "reference": profile(6_000, 300_000, 100, 200_000),
    "demo": profile(600_000, 30_000_000, 100_000, 1_000_000_000),
    "bench": profile(1_000_000_000, 1_000_000_000, 1_000_000_000, 1_000_000_000),
}


class Window:
    """Counts per client in the window that `limit` is for; another window forgets them all."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self.width_ns = limit.width_ns
        self.begins_ns = self.ends_ns = 0
        self.counts: dict[str | int, int] = {}

    def used(self, client: str | int, now_ns: int) -> int:
        if not self.begins_ns <= now_ns < self.ends_ns or len(self.counts) > CLIENTS_MAX:
            self.begins_ns = now_ns - now_ns % self.width_ns
            self.ends_ns = self.begins_ns + self.width_ns
            self.counts = {}
        return self.counts.get(client, 0)

    def add(self, client: str | int, count: int, now_ns: int) -> int:
        used = self.counts[client] = self.used(client, now_ns) + count
        return used

    def retry_after(self, now_ns: int) -> int:
        """Whole seconds until the next window."""
        return -(-(self.width_ns - now_ns % self.width_ns) // NS)


class RateLimits:
    """All windows of a profile."""

    def __init__(self, name: str) -> None:
        self.profile = PROFILES[name]
        self.weight = Window(self.profile.weight)
        self.raw = Window(self.profile.raw)
        self.orders = [Window(limit) for limit in self.profile.orders]

    def charge(self, address: str, weight: int, now_ns: int) -> int:
        """Count a request; returns the weight used in this window. WireError 429 -1003 above the limit."""
        used = self.weight.add(address, weight, now_ns)
        if used > self.profile.weight.limit:
            raise WireError(
                -1003,
                f"Too much request weight used; current limit is {self.profile.weight.limit} request weight per "
                "1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.",
                429,
                self.weight.retry_after(now_ns),
            )
        if self.raw.add(address, 1, now_ns) > self.profile.raw.limit:
            raise WireError(-1003, "Too many requests queued.", 429, self.raw.retry_after(now_ns))
        return used

    def check_orders(self, account: int, now_ns: int) -> None:
        """WireError 429 -1015 where an account has placed as many orders as a window allows."""
        for window in self.orders:
            if window.used(account, now_ns) >= window.limit.limit:
                limit = window.limit
                raise WireError(
                    -1015,
                    f"Too many new orders; current limit is {limit.limit} orders per {limit.number} {limit.interval}.",
                    429,
                    window.retry_after(now_ns),
                )

    def count_order(self, account: int, now_ns: int) -> list[tuple[bytes, bytes]]:
        """Count an accepted order; returns the headers that tell how many there were."""
        return [
            (
                f"x-mbx-order-count-{window.limit.suffix.lower()}".encode(),
                str(window.add(account, 1, now_ns)).encode(),
            )
            for window in self.orders
        ]
