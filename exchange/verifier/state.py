"""Everything the verifier remembers: accounts, keys, markets with their books as plain lists, and one ledger."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field

from . import words
from .fields import PROTECTION
from .words import Broken

FILTERS = (
    *("min_price", "max_price", "price_step", "min_quantity", "max_quantity", "quantity_step"),
    *("max_orders", "default_self_trade", "allowed_self_trade"),
    *("market_min_quantity", "market_max_quantity", "market_quantity_step", "min_notional", "max_notional"),
    *("apply_min_to_market", "apply_max_to_market", "bid_up_ppm", "bid_down_ppm", "ask_up_ppm", "ask_down_ppm"),
    "average_minutes",
    *("up_ppm", "down_ppm", "min_trailing_above", "max_trailing_above", "min_trailing_below", "max_trailing_below"),
    *("max_algo_orders", "max_iceberg_orders", "iceberg_parts", "max_lists", "max_amends", "max_position"),
)
# A new market has these until filters are set: one tick, one lot.
NEW_FILTERS = {
    **dict.fromkeys(FILTERS, 0),
    **dict.fromkeys(FILTERS[:6], 1),
    "max_orders": words.ACCOUNT_ORDERS_MAX,
    "default_self_trade": words.NONE,
}


@dataclass
class Account:
    """What trades and owns; `orders` are its open ones, oldest first."""

    account_id: int
    kind: int
    user_id: int = 0
    status: int = words.ACTIVE
    tier: int = 0
    trade_group: int = 0
    parent: int = 0
    granted: int = 0
    """The tier that an operator gave it; `tier` is that, or what its volume gives."""
    volumes: dict[int, int] = field(default_factory=dict)
    volume_day: int = 0
    """What it traded by day, and the last day on which it did."""
    orders: list["Order"] = field(default_factory=list)


@dataclass
class Key:
    """An API key: who it acts for and what it may."""

    key_id: int
    account_id: int
    rights: int
    api_key: str
    algorithm: int
    public_key: bytes
    vault_reference: str
    expires_ns: int
    is_revoked: bool = False


@dataclass(eq=False)
class Order:
    """An order from acceptance to its end. `flags` has the self-trade mode that holds for it."""

    order_id: int
    market: "Market"
    account: Account
    flags: bytes
    price: int
    quantity: int
    held: int
    created_ns: int
    client_id: tuple[int, ...]
    has_details: bool
    """Whether its row had any extension."""
    strategy: tuple[int, int]
    remaining: int
    updated_ns: int
    filled_quote: int = 0
    prevented_quantity: int = 0
    trigger_price: int = 0
    """In ticks; of a trailing order where it would fire now."""
    trailing_delta: int = 0
    activation_price: int = 0
    extreme: int = 0
    """The best price since a trailing order became active; 0 before."""
    triggered_ns: int = 0
    """When a waiting order began to work; 0 before."""
    visible: int = 0
    """How much of an iceberg shows at a time; 0: all of it does."""
    part: int = 0
    """What is left of the part that an iceberg shows."""
    amends: int = 0
    due_ns: int = 0
    """When it ends by itself; 0: it does not."""
    order_list: "OrderList | None" = None
    """The list that it is part of, as long as what happens to it concerns the others."""
    list_id: int = 0
    is_pending: bool = False
    """It waits until the working order of its list is filled."""
    peg: tuple[int, int, int] = (0, 0, 0)
    """Kind of price, kind of offset, offset; the first is 0 where it is not pegged."""
    sent_price: int = 0
    pegged_price: int = 0
    """Of a pegged order: what it sent as a price, and what it has taken from the book."""

    def __post_init__(self) -> None:
        self.held_asset = self.market.quote if self.side == words.BUY else self.market.base

    @property
    def shown(self) -> int:
        return self.part if self.visible else self.remaining

    @property
    def is_waiting(self) -> bool:
        return self.type > words.LIMIT_MAKER and self.triggered_ns == 0 and not self.is_pending

    @property
    def type(self) -> int:
        return self.flags[1]

    @property
    def side(self) -> int:
        return self.flags[0]

    @property
    def self_trade(self) -> int:
        return self.flags[3]


@dataclass(eq=False)
class OrderList:
    """Orders that hang together; in `legs` the working one, the first, the second, where one is there and open."""

    list_id: int
    contingency: int
    market: "Market"
    account: Account
    created_ns: int
    client_id: tuple[int, ...]
    legs: list["Order | None"] = field(default_factory=lambda: [None, None, None])
    ids: list[int] = field(default_factory=lambda: [0, 0, 0])
    names: list[tuple[int, ...]] = field(default_factory=lambda: [(0,) * 5] * 3)
    started: "Order | None" = None
    """The leg that has begun to trade."""
    happened: list[str] = field(default_factory=list)
    reason: int = 0
    cancel_id: tuple[int, ...] = (0,) * 5


@dataclass
class Market:
    """A market: how it counts, what it lets through, its counters, its book, its average."""

    market_id: int
    symbol: str
    base: int
    quote: int
    tick_size: int
    lot_size: int
    quote_per_tick_lot: int
    status: int = words.BREAK
    filters: dict[str, int] = field(default_factory=lambda: dict(NEW_FILTERS))
    fees: list[tuple[int, int]] = field(default_factory=lambda: [(0, 0)] * words.TIERS)
    """Maker and taker ppm by tier."""
    fee_version: int = 0
    trades: int = 0
    updates: int = 0
    executions: int = 0
    prevented: int = 0
    last_price: int = 0
    bids: list[Order] = field(default_factory=list)
    asks: list[Order] = field(default_factory=list)
    """Best first, at one price oldest first."""
    falling: list[Order] = field(default_factory=list)
    rising: list[Order] = field(default_factory=list)
    """Stops by trigger price, nearest first, at one price in the order in which they came to stand there."""
    trailing: list[Order] = field(default_factory=list)
    """Trailing orders that are not set off, oldest first."""
    ready: list[OrderList] = field(default_factory=list)
    """Lists whose working order is filled: their other orders enter next."""
    least_notional: int = 0
    least_applies: int = 0
    features_off: int = 0
    protection: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PROTECTION, 0))
    breaker_price: int = 0
    breaker_since_ns: int = 0
    notional_second: int = 0
    notional_sum: int = 0
    has_tripped: bool = False
    """Its own trades have just stopped it."""
    is_killed: bool = False
    halt_ends_ns: int = 0
    auction_ends_ns: int = 0
    indicates_ns: int = 0
    seconds: int = 0
    """Of the auction that it is or was in last."""
    extended: int = 0
    reach_down: int = words.AMOUNT_MAX
    reach_up: int = 0
    """Extremes of the trade prices since nothing was set off."""
    buckets: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Bucket number to Σ(price × quantity) and Σ quantity."""
    newest_bucket: int = 0

    @property
    def base_per_lot(self) -> int:
        return self.lot_size

    def side(self, side: int) -> list[Order]:
        return self.bids if side == words.BUY else self.asks

    @property
    def is_empty(self) -> bool:
        """Whether no order is open in it."""
        return not (self.bids or self.asks or self.has_waiting)

    @property
    def has_waiting(self) -> bool:
        return bool(self.falling or self.rising or self.trailing or self.ready)

    @property
    def is_busy(self) -> bool:
        """Whether orders are about to enter it."""
        return bool(self.ready) or self.pending() is not None

    @property
    def is_crossed(self) -> bool:
        return bool(self.bids and self.asks) and self.bids[0].price >= self.asks[0].price

    def pending(self) -> Order | None:
        """The waiting order that was set off and enters next."""
        if self.falling and self.falling[0].trigger_price >= self.reach_down:
            return self.falling[0]
        if self.rising and self.rising[0].trigger_price <= self.reach_up:
            return self.rising[0]
        return None

    def level(self, side: int, price: int) -> tuple[int, int]:
        """Where the orders of a price begin and end in a side, which is sorted; both are where they would stand."""
        sign = -1 if side == words.BUY else 1
        orders = self.side(side)
        first = bisect_left(orders, sign * price, key=lambda order: sign * order.price)
        return first, bisect_right(orders, sign * price, lo=first, key=lambda order: sign * order.price)

    def level_quantity(self, side: int, price: int) -> int:
        first, end = self.level(side, price)
        return sum(order.shown for order in self.side(side)[first:end])

    def notional(self, price: int, quantity: int) -> int:
        return price * quantity * self.quote_per_tick_lot


class Ledger:
    """Available and held by (account, asset). Remembers what one command touched, to check it afterwards."""

    def __init__(self) -> None:
        self.available: dict[tuple[int, int], int] = {}
        self.held: dict[tuple[int, int], int] = {}
        self.touched: dict[tuple[int, int], None] = {}
        self.moved: dict[int, int] = {}
        """Asset to what this command added to all cells together."""

    def add(self, account: int, asset: int, available: int, held: int = 0) -> None:
        cell = (account, asset)
        self.available[cell] = self.available.get(cell, 0) + available
        self.held[cell] = self.held.get(cell, 0) + held
        self.touched[cell] = None
        self.moved[asset] = self.moved.get(asset, 0) + available + held

    def cells(self) -> list[tuple[int, int, int, int]]:
        """Account, asset, available, held of every cell with any amount, sorted."""
        return sorted(
            (*cell, self.available[cell], self.held[cell])
            for cell in self.available
            if self.available[cell] or self.held[cell]
        )

    def sums(self) -> dict[int, int]:
        """Asset to the sum over all accounts, by asset: zero, or something is wrong."""
        totals: dict[int, int] = {}
        for _, asset, available, held in sorted(self.cells(), key=lambda cell: cell[1]):
            totals[asset] = totals.get(asset, 0) + available + held
        return totals

    def negatives(self) -> list[tuple[int, int, int, int]]:
        """The cells that are below zero and may not be: only `external` owes."""
        return [cell for cell in self.cells() if cell[3] < 0 or (cell[2] < 0 and cell[0] != words.EXTERNAL)]


class State:
    """The root."""

    def __init__(self) -> None:
        self.seq = 0
        self.now_ns = 0
        self.journal_id = b""
        self.format_version = 0
        self.engine_version = ""
        self.created_ns = 0
        self.rules: dict[int, int] = {}
        self.limits: dict[int, int] = {}
        self.assets: list[tuple[str, int]] = []
        """Name and scale; the first is asset 1."""
        self.markets: list[Market] = []
        self.accounts: dict[int, Account] = {}
        self.next_account_id = words.FIRST_ACCOUNT
        self.keys: dict[int, Key] = {}
        self.next_key_id = 1
        self.api_keys: set[str] = set()
        """The names of all keys."""
        self.requests: dict[str, int] = {}
        self.remembered: dict[int, list[tuple[tuple[int, ...], bytes, int, int, int]]] = {}
        """By account: client id, digest, order id, seq and time of its idempotent orders, oldest first."""
        self.exchange_limits = [0, 0, 0, 0]
        """Orders, orders that wait, icebergs, lists of an account in all markets."""
        self.asset_limits: dict[int, int] = {}
        self.volume_asset = 0
        self.volume_least: list[int] = []
        self.extra_fees: dict[tuple[int, int, int], tuple[int, ...]] = {}
        """By kind, market and account: rates as maker, taker, buyer, seller."""
        self.discount = (0, 0)
        """Asset and ppm."""
        self.discount_markets: dict[int, None] = {}
        self.discount_payers: dict[int, None] = {}
        self.referrals: dict[int, tuple[int, int]] = {}
        """By account: referrer and share in ppm."""
        self.sessions: dict[int, int] = {}
        """Sessions whose loss cancels orders, and whose."""
        self.next_session_id = 1
        self.timers: list[tuple[int, int, int]] = []
        self.next_order_id = 1
        self.next_list_id = 1
        self.lists: list[OrderList] = []
        """Open ones, oldest first."""
        self.touched: list[OrderList] = []
        """Those to whose orders something happened in the command being applied."""
        self.steps = 0
        """Waiting orders that have entered in the command being applied."""
        self.ledger = Ledger()
        self.events: list[bytes] = []

    def market(self, market_id: int) -> Market | None:
        return self.markets[market_id - 1] if 1 <= market_id <= len(self.markets) else None

    def check_touched(self) -> None:
        """After each command: it moved money, made none; what it touched is covered and not negative."""
        ledger = self.ledger
        for asset, change in ledger.moved.items():
            if change:
                raise Broken(f"command {self.seq} changed the sum of asset {asset} by {change}")
        for cell in ledger.touched:
            self.check_cell(*cell)
        ledger.touched.clear()
        ledger.moved.clear()

    def check_cell(self, account: int, asset: int) -> None:
        available, held = self.ledger.available[account, asset], self.ledger.held[account, asset]
        claims = sum(order.held for order in self.accounts[account].orders if order.held_asset == asset)
        if held != claims:
            raise Broken(f"command {self.seq}: account {account} holds {held} of asset {asset}, claims are {claims}")
        if held < 0 or (available < 0 and account != words.EXTERNAL):
            raise Broken(f"command {self.seq}: account {account} has {available} and {held} of asset {asset}")
        if max(abs(available), held) > words.AMOUNT_MAX:
            raise Broken(f"command {self.seq}: account {account} has more than 2^62 of asset {asset}")
