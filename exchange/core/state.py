"""Everything the core remembers: one root, with the hot part inside."""

from typing import NamedTuple

from sortedcontainers import SortedDict

from exchange.messages.base import Event, KeyId, Reject
from exchange.messages.registry import encoder
from exchange.messages.rejects import RejectCode

from .matching import codes, cold
from .matching.market import Market
from .matching.matching import Matching


class Asset:
    """A thing of which accounts own amounts, counted in minor units of 10^-scale."""

    def __init__(self, asset_id: int, name: str, scale: int) -> None:
        self.asset_id = asset_id
        self.name = name
        self.scale = scale


class Listing:
    """What a market is called and how its ticks and lots count."""

    def __init__(self, market_id: int, symbol: str, base: Asset, quote: Asset, tick_size: int, lot_size: int) -> None:
        self.market_id = market_id
        self.symbol = symbol
        self.base = base
        self.quote = quote
        self.tick_size = tick_size
        self.lot_size = lot_size


class ApiKey:
    """What a key is beside its rights, which the hot part has."""

    def __init__(
        self, key_id: int, api_key: str, algorithm: int, public_key: bytes, vault_reference: str, expires_ns: int
    ) -> None:
        self.key_id = key_id
        self.api_key = api_key
        self.algorithm = algorithm
        self.public_key = public_key
        self.vault_reference = vault_reference
        self.expires_ns = expires_ns


class Remembered(NamedTuple):
    """An order that was placed and may be sent again: a digest of its row, its number, the command's seq and time."""

    digest: bytes
    order_id: int
    seq: int
    ts_ns: int


class Resumption:
    """How a market goes on after a halt, and the auction that it is in: `ends_ns` 0 is none."""

    def __init__(self, halt_seconds: int, auction_seconds: int, collar_ppm: int, extensions: int) -> None:
        self.halt_seconds = halt_seconds
        self.auction_seconds = auction_seconds
        self.collar_ppm = collar_ppm
        self.extensions = extensions
        self.halt_ends_ns = self.ends_ns = self.indicates_ns = self.seconds = self.extended = 0
        self.is_killed = 0


class State:
    """The root. `secret` (16 bytes) keys a hash table and is never observable."""

    def __init__(self, secret: bytes) -> None:
        self.matching = Matching(secret)
        self.seq = 0
        self.now_ns = 0
        self.journal_id = b""
        self.format_version = 0
        self.engine_version = ""
        self.created_ns = 0
        self.rules: dict[int, int] = {}
        """Rule number to the seq of the command that switched it on."""
        self.limits: dict[int, int] = {}
        self.assets: list[Asset] = []
        self.asset_names: dict[str, Asset] = {}
        self.listings: list[Listing] = []
        self.symbols: dict[str, Listing] = {}
        self.users: dict[int, int] = {}
        """Account to the user it was opened for."""
        self.next_account_id = codes.FIRST_ACCOUNT
        self.next_key_id = 1
        self.api_keys: dict[int, ApiKey] = {}
        self.api_key_names: dict[str, ApiKey] = {}
        self.requests: dict[str, int] = {}
        """Every request id that moved money, to the seq of its command."""
        self.resumptions: dict[int, Resumption] = {}
        """By market, where it was ever set or needed."""
        self.countdowns: dict[int, int] = {}
        """When a dead man's switch ends, by the subject of its timer: the timers have it, too."""
        self.remembered: dict[int, dict[bytes, Remembered]] = {}
        """Idempotent orders of a day, by account and the 40 bytes of their client id, oldest first."""
        self.asset_limits: dict[int, int] = {}
        """How much of an asset one order may be about; 0: no limit."""
        self.volume_least: list[int] = []
        """What tiers need of volume, from tier 1 on, in the asset that the order path knows."""
        self.extra_fees: dict[tuple[int, int, int], tuple[int, int, int, int]] = {}
        """Rates added to those of the tiers, by kind, market and account."""
        self.discount_markets: dict[int, None] = {}
        self.discount_payers: dict[int, None] = {}
        self.referrals: dict[int, tuple[int, int]] = {}
        """By account who referred it, and the share of its fees that goes there."""
        self.sessions: dict[int, int] = {}
        """Sessions whose loss cancels the orders of an account."""
        self.next_session_id = 1
        self.timers: SortedDict[tuple[int, int, int], None] = SortedDict()
        """What is due when: (due_ns, kind, subject id)."""

    def emit(self, event: Event) -> None:
        """Add an event to the stream, behind what the hot part has written."""
        self.matching.events.buffer.message(self.seq, encoder.encode(event))

    def is_active(self, rule: int) -> bool:
        """Whether a named behaviour is in force."""
        return rule in self.rules


def find_market(state: State, market_id: int) -> Market:
    if not 1 <= market_id <= len(state.listings):
        raise Reject(RejectCode.UNKNOWN_MARKET)
    market: Market = state.matching.markets[market_id - 1]
    return market


def find_asset(state: State, asset_id: int) -> Asset:
    if not 1 <= asset_id <= len(state.assets):
        raise Reject(RejectCode.UNKNOWN_ASSET)
    return state.assets[asset_id - 1]


def check_account(state: State, account_id: int) -> None:
    """Refuse an account that no user has, the venue's own among them."""
    if 0 < account_id < codes.FIRST_ACCOUNT:
        raise Reject(RejectCode.WRONG_ACCOUNT)
    if account_id not in state.users:
        raise Reject(RejectCode.UNKNOWN_ACCOUNT)


def check_right(state: State, key_id: KeyId, right: int) -> None:
    """Refuse a key that may not give this command. Key 0 is the venue itself."""
    if key_id == 0:
        return
    if key_id not in state.api_keys:  # asked here first: a number in a message may be wider than a word
        raise Reject(RejectCode.UNKNOWN_KEY)
    found = cold.key(state.matching, key_id)
    assert found is not None
    _, rights, revoked = found
    if revoked:
        raise Reject(RejectCode.KEY_REVOKED)
    if not rights & right:
        raise Reject(RejectCode.RIGHT_MISSING)
