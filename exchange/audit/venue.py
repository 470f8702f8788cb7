"""What the checks must know of accounts, keys and markets, folded from cold events alone."""

from dataclasses import dataclass, field

from exchange.core.matching import codes
from exchange.messages import accounts, markets, registry, system, transfers
from exchange.messages.limits import Rule


@dataclass
class Key:
    """Who a key acts for and what it may."""

    account: int
    rights: int
    is_revoked: bool = False


FILTERS = markets.SetFilters.__struct_fields__[2:]


@dataclass
class Market:
    """How a market counts and what it charges: maker and taker ppm by tier."""

    base: int
    quote: int
    base_per_lot: int
    quote_per_tick_lot: int
    status: int = codes.BREAK
    default_self_trade: int = codes.NONE
    fee_version: int = 0
    filters: list[int] = field(default_factory=lambda: [1] * len(FILTERS))
    """As FiltersSet tells them; before any is set, nothing trades."""
    fees: list[tuple[int, int]] = field(default_factory=lambda: [(0, 0)] * codes.TIERS)

    def filter(self, name: str) -> int:
        return self.filters[FILTERS.index(name)]


class Register:
    """Accounts, keys and markets as they stand after the events folded so far."""

    def __init__(self) -> None:
        # The venue's own accounts are there from the beginning, in tier 0.
        self.tiers: dict[int, int] = dict.fromkeys(range(1, codes.FIRST_ACCOUNT), 0)
        self.groups: dict[int, int] = {}
        self.users: dict[int, int] = {}
        self.keys: dict[int, Key] = {}
        self.markets: dict[int, Market] = {}
        self.assets: dict[int, tuple[str, int]] = {}
        self.are_fees_rounded_down = False

    def fold(self, event: registry.AnyEvent) -> None:
        """Take one cold event in."""
        match event:
            case system.RuleActivated() if event.rule == Rule.FEES_ROUNDED_DOWN:
                self.are_fees_rounded_down = True
            case accounts.AccountOpened():
                self.tiers[event.account_id] = event.tier
                self.groups[event.account_id] = event.trade_group
                self.users[event.account_id] = event.user_id
            case accounts.AccountSet():
                self.tiers[event.account_id] = event.tier
                self.groups[event.account_id] = event.trade_group
            case accounts.ApiKeyGranted():
                self.keys[event.granted_key_id] = Key(event.account_id, event.rights)
            case accounts.ApiKeyRevoked():
                self.keys[event.revoked_key_id].is_revoked = True
            case markets.AssetListed():
                self.assets[event.asset_id] = event.name, event.scale
            case markets.MarketListed():
                self.markets[event.market_id] = Market(
                    event.base, event.quote, event.base_per_lot, event.quote_per_tick_lot
                )
            case markets.MarketStatusSet():
                self.markets[event.market_id].status = event.status
            case system.Parked() if event.market_id:
                self.markets[event.market_id].status = codes.CANCEL_ONLY
            case markets.FiltersSet():
                self.markets[event.market_id].filters = event.filters
                self.markets[event.market_id].default_self_trade = event.filters[DEFAULT_SELF_TRADE_AT]
            case markets.FeesSet():
                market = self.markets[event.market_id]
                market.fees[event.tier] = event.maker_ppm, event.taker_ppm
                market.fee_version = event.version

    def may(self, key_id: int, right: int, account: int = 0) -> bool:
        """Whether a key has a right now, and acts for the account where one is named. Key 0 is the venue itself."""
        if key_id == 0:
            return True
        key = self.keys.get(key_id)
        if key is None or key.is_revoked or not key.rights & right:
            return False
        return account in (0, key.account)


# FiltersSet has the fields of SetFilters behind key and market.
DEFAULT_SELF_TRADE_AT = FILTERS.index("default_self_trade")


def posted(event: registry.AnyEvent) -> transfers.Posted | None:
    return event if isinstance(event, transfers.Posted) else None
