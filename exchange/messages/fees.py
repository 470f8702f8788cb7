"""What fees are beyond the rates of a market's tiers (SetFees): tiers by volume, specials, taxes, discount, referrals.

Each of the first four adds 1 to the `fee_version` of the market that it names, or of all.
"""

from .base import AccountId, AssetId, Command, Event, KeyId, MarketId


class SetVolumeTiers(Command, frozen=True, tag=60):
    """Let an account's volume of 30 days raise its tier: `least[0]` is what tier 1 needs, and so on.

    Units:   minor units of `asset_id`, in which volumes count; another asset begins at 0, asset 0 (and no `least`) ends
             it. An account has the tier that was given to it where that is greater.
    """

    key_id: KeyId
    asset_id: AssetId
    least: list[int]


class SetExtraFees(Command, frozen=True, tag=61):
    """Set a special (kind 1) or a tax (kind 2), which are added to the rates of the tiers.

    For everybody in a market (account 0), for an account in a market, or for an account in all markets (market 0); the
    account's own in the market counts, else its own in all, else the market's. What is set for nobody in no market is
    refused. A special may be negative; a taker never pays less than nothing.
    Units:   parts per million, as maker or taker and as buyer or seller; `is_lifted` 1 takes the rates away.
    """

    key_id: KeyId
    kind: int
    market_id: MarketId
    account_id: AccountId
    maker_ppm: int = 0
    taker_ppm: int = 0
    buyer_ppm: int = 0
    seller_ppm: int = 0
    is_lifted: int = 0


class SetDiscount(Command, frozen=True, tag=62):
    """Name the discount asset, and by what the rates of the tiers are multiplied where fees are paid in it (ppm of
    them); asset 0: there is none.
    """

    key_id: KeyId
    asset_id: AssetId
    discount_ppm: int


class SetMarketDiscount(Command, frozen=True, tag=63):
    """Let fees of a market be paid in the discount asset (1), or not (0)."""

    key_id: KeyId
    market_id: MarketId
    is_on: int


class SetDiscountPayment(Command, frozen=True, tag=64):
    """An account's own wish: pay its fees in the discount asset (1) where that is possible, or not (0)."""

    key_id: KeyId
    account_id: AccountId
    is_on: int


class SetReferral(Command, frozen=True, tag=65):
    """Give a share of the fees that an account pays to another; referrer 0: to nobody."""

    key_id: KeyId
    account_id: AccountId
    referrer_id: AccountId
    share_ppm: int = 0


class VolumeTiersSet(Event, frozen=True, tag=60):
    asset_id: AssetId
    least: list[int]


class ExtraFeesSet(Event, frozen=True, tag=61):
    """`rates` as maker, taker, buyer, seller; none: taken away."""

    kind: int
    market_id: MarketId
    account_id: AccountId
    rates: list[int]


class DiscountSet(Event, frozen=True, tag=62):
    asset_id: AssetId
    discount_ppm: int


class MarketDiscountSet(Event, frozen=True, tag=63):
    market_id: MarketId
    is_on: int


class DiscountPaymentSet(Event, frozen=True, tag=64):
    account_id: AccountId
    is_on: int


class ReferralSet(Event, frozen=True, tag=65):
    account_id: AccountId
    referrer_id: AccountId
    share_ppm: int
