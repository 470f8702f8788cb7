"""What fees a trade is due, from the terms that cold events tell and the volumes that fills add up to."""

from collections.abc import Callable
from typing import NamedTuple

from exchange.audit.venue import Market, Register
from exchange.core.matching import codes
from exchange.messages import accounts, fees, registry

Balance = Callable[[int, int], int]
NONE = [0, 0, 0, 0]


class Side(NamedTuple):
    """One side of a fill."""

    account: int
    is_buy: bool
    role: int


class Due(NamedTuple):
    """Fee and asset of taker and maker (negative: a rebate), the word of TRADED about them, and the shares of them:
    account, referrer, asset, amount, ppm.
    """

    taker: tuple[int, int]
    maker: tuple[int, int]
    terms: int
    shares: list[tuple[int, int, int, int, int]]


class Volume:
    """What an account traded by day, as long as it counts."""

    def __init__(self) -> None:
        self.last_day = 0
        self.days: dict[int, int] = {}

    def begin(self, day: int) -> None:
        self.last_day = max(day, self.last_day)
        for old in [each for each in self.days if each <= self.last_day - codes.VOLUME_DAYS]:
            del self.days[old]

    def total(self) -> int:
        return min(sum(self.days.values()), codes.VOLUME_MAX)


class Schedule:
    """All fee terms in force; `available(account, asset)` tells whether a fee can be paid in the discount asset."""

    def __init__(self, register: Register, available: Balance) -> None:
        self.register = register
        self.available = available
        self.last_prices: dict[int, int] = {}
        self.volume_asset = 0
        self.least: list[int] = []
        self.volumes: dict[int, Volume] = {}
        self.extras: dict[tuple[int, int, int], list[int]] = {}
        self.discount = 0, 0
        self.discount_markets: set[int] = set()
        self.payers: set[int] = set()
        self.referrals: dict[int, tuple[int, int]] = {}
        self.tiers: dict[int, int] = {}
        """By volume, of those that have traded since volumes count."""

    def fold(self, event: registry.AnyEvent) -> None:
        """Take one cold event in; the register has it already."""
        match event:
            case fees.VolumeTiersSet():
                if event.asset_id != self.volume_asset:
                    self.volumes = {}
                self.volume_asset, self.least = event.asset_id, event.least
                self.tiers = {account: self.tier_for(volume) for account, volume in self.volumes.items()}
            case fees.ExtraFeesSet():
                row = event.kind, event.market_id, event.account_id
                self.extras.pop(row, None)
                if event.rates:
                    self.extras[row] = event.rates
            case fees.DiscountSet():
                self.discount = event.asset_id, event.discount_ppm
            case fees.MarketDiscountSet():
                (self.discount_markets.add if event.is_on else self.discount_markets.discard)(event.market_id)
            case fees.DiscountPaymentSet():
                (self.payers.add if event.is_on else self.payers.discard)(event.account_id)
            case fees.ReferralSet():
                self.referrals.pop(event.account_id, None)
                if event.referrer_id:
                    self.referrals[event.account_id] = event.referrer_id, event.share_ppm
            case accounts.AccountSet() if event.account_id in self.volumes:
                self.tiers[event.account_id] = self.tier_for(self.volumes[event.account_id])
        bump(self.register, event)

    def tier_for(self, volume: Volume) -> int:
        return sum(volume.total() >= least for least in self.least)

    def tier(self, account: int) -> int:
        return max(self.register.tiers[account], self.tiers.get(account, 0))

    def ratio(self, amount: int, by: int, over: int, *, is_down: bool = False) -> int:
        """amount × by / over, rounded as fees are."""
        rounds_down = is_down or self.register.are_fees_rounded_down
        return amount * by // over if rounds_down else -(-amount * by // over)

    def convert(self, amount: int, quote: int, asset: int, *, is_down: bool = False) -> int | None:
        """An amount of a quote asset in another, at the last price of the first market of both."""
        if quote == asset:
            return amount
        for number, market in self.register.markets.items():
            if (market.base, market.quote) in ((asset, quote), (quote, asset)):
                lot_worth = self.last_prices.get(number, 0) * market.quote_per_tick_lot
                if not lot_worth:
                    return None
                parts = (market.base_per_lot, lot_worth) if market.base == asset else (lot_worth, market.base_per_lot)
                found = self.ratio(amount, *parts, is_down=is_down)
                return found if found <= codes.AMOUNT_MAX else None
        return None

    def has_terms(self, number: int) -> bool:
        """Whether a trade of a market tells of terms."""
        markets = {row[1] for row in self.extras}
        everywhere = self.volume_asset or self.referrals or 0 in markets
        return bool(everywhere or number in markets or (self.discount[0] and number in self.discount_markets))

    def extra(self, number: int, side: Side) -> tuple[int, int]:
        """What is added to a side's standard rate, and the bits that say where it is from."""
        total = bits = 0
        for kind, bit in ((codes.SPECIAL, codes.OWN_SPECIAL), (codes.TAX, codes.OWN_TAX)):
            rates = self.extras.get((kind, number, 0), NONE)
            for place in (0, number):
                if (kind, place, side.account) in self.extras:
                    rates = self.extras[kind, place, side.account]
                    bits |= bit
            total += rates[side.role] + rates[codes.BUYER_RATE if side.is_buy else codes.SELLER_RATE]
        return total, bits

    def assess(self, number: int, side: Side, amounts: tuple[int, int]) -> tuple[int, int, int, int]:
        """Fee, asset, rate and bits of one side."""
        market = self.register.markets[number]
        received, asset = (amounts[0], market.base) if side.is_buy else (amounts[1], market.quote)
        standard = market.fees[self.tier(side.account)][side.role]
        extra, bits = self.extra(number, side)
        discount_asset, ppm = self.discount
        if discount_asset and number in self.discount_markets and side.account in self.payers and standard > 0:
            rate = standard * ppm // codes.PPM + extra
            if rate >= 0 and asset == discount_asset:
                return self.ratio(received, rate, codes.PPM), asset, rate, bits | codes.DISCOUNTED
            if rate >= 0:
                worth = self.ratio(amounts[1], rate, codes.PPM)
                fee = self.convert(worth, market.quote, discount_asset)
                if fee is not None and fee <= self.available(side.account, discount_asset):
                    return fee, discount_asset, rate, bits | codes.DISCOUNTED
        rate = standard + extra
        return self.ratio(received, max(rate, 0), codes.PPM), asset, rate, bits

    def due(self, number: int, taker: Side, maker: Side, amounts: tuple[int, int], day: int) -> Due:
        """The fees of a fill at the market's last price; counts its volume."""
        market = self.register.markets[number]
        if self.volume_asset:
            for side in (taker, maker):
                volume = self.volumes.setdefault(side.account, Volume())
                volume.begin(day)
                self.tiers[side.account] = self.tier_for(volume)
        tiers = self.tier(taker.account) | self.tier(maker.account) << 8
        fee, asset, _, taker_bits = self.assess(number, taker, amounts)
        if asset not in (market.base, market.quote) or asset != (market.base if taker.is_buy else market.quote):
            # Paid at once: an account that is both sides has less for the other.
            before = self.available
            self.available = lambda account, other: (
                before(account, other) - (fee if (account, other) == (taker.account, asset) else 0)
            )
            makers = self.assess(number, maker, amounts)
            self.available = before
        else:
            makers = self.assess(number, maker, amounts)
        rebate = self.rebate(market, taker, maker, amounts, (fee, asset), makers[2])
        shares = [*self.share(taker.account, fee - rebate, asset), *self.share(maker.account, *makers[:2])]
        if self.volume_asset:
            worth = self.convert(amounts[1], market.quote, self.volume_asset, is_down=True) or 0
            for side in (taker, maker):
                volume = self.volumes[side.account]
                volume.days[volume.last_day] = volume.days.get(volume.last_day, 0) + worth
                self.tiers[side.account] = self.tier_for(volume)
        terms = codes.TERMS_TOLD | tiers | taker_bits << 16 | makers[3] << 24
        told = (-rebate, asset) if rebate else makers[:2]
        return Due((fee, asset), told, terms if self.has_terms(number) else 0, shares)

    def rebate(
        self, market: Market, taker: Side, maker: Side, amounts: tuple[int, int], fee: tuple[int, int], rate: int
    ) -> int:
        """A maker's share of what it gives, a part of the taker's fee and never above it."""
        if rate >= 0 or taker.role != codes.TAKER_RATE:
            return 0
        asset = market.base if taker.is_buy else market.quote
        due: int | None = amounts[1 if maker.is_buy else 0] * -rate // codes.PPM
        if fee[1] != asset:
            due = self.convert(amounts[1] * -rate // codes.PPM, market.quote, fee[1], is_down=True)
        return fee[0] if due is None else min(due, fee[0])

    def share(self, account: int, fee: int, asset: int) -> list[tuple[int, int, int, int, int]]:
        referrer, ppm = self.referrals.get(account, (0, 0))
        amount = fee * ppm // codes.PPM
        return [(account, referrer, asset, amount, ppm)] if amount else []


def bump(register: Register, event: registry.AnyEvent) -> None:
    """Every change of terms is another schedule: of the market that it names, or of all."""
    if isinstance(event, fees.VolumeTiersSet | fees.DiscountSet):
        market_id = 0
    elif isinstance(event, fees.ExtraFeesSet | fees.MarketDiscountSet):
        market_id = event.market_id
    else:
        return
    for number, market in register.markets.items():
        market.fee_version += market_id in (0, number)
