"""Fees that are more than the rates of an account's tier: tiers that follow the volume of 30 days, special rates and
taxes, fees paid in the discount asset, shares of them for who referred the account.

A market says by `has_fee_terms` whether any of this can concern a trade of it; the order path looks no further where
none can. What an account's tier is stands with the account: it changes when its volume crosses a bound, or when a day
of it falls out of the window, which is noticed at the account's next trade.

Source:  ../shared/binance-spot-reference.md §12. Choices: a volume is the quote amount of trades in a rolling window
         of UTC days, today the last of them; an amount in another asset counts at the last price of the first market
         of the two; the rate of a discounted fee is rounded down to whole ppm, the fee and its conversion as all fees.
"""

from typing import Any

from . import arithmetic, codes, records, wide
from .events import Events
from .indexes import Accounts, Cells
from .market import Market
from .pool import Pool


def bounded(volume: int, more: int) -> int:
    """The sum of two volumes, at most VOLUME_MAX."""
    return volume + more if more < codes.VOLUME_MAX - volume else codes.VOLUME_MAX


class Payer:
    """What is known of an account that its fees depend on, besides its tier: of few accounts where there are no tiers
    by volume, else of all that have traded. `granted` is the tier that an operator gave it.
    """

    def __init__(self, pool: Pool, tier: int) -> None:
        self.pool = pool
        self.granted = tier
        self.day = self.total = 0
        self.days = self.pool.take_words(codes.VOLUME_DAYS)
        self.pays_discount = self.referrer = self.share_ppm = 0
        self.special: dict[int, Any] = {}
        self.tax: dict[int, Any] = {}


class Fees:
    """What both sides of a trade pay where it is not the rate of their tier alone.

    `charge` leaves in `taker_part` and `maker_part` what comes off what each of them receives (negative: a rebate, in
    the asset of the taker's part); everything else it posts itself.
    """

    def __init__(self, pool: Pool, accounts: Accounts, cells: Cells, events: Events, markets: list[Market]) -> None:
        self.pool = pool
        self.accounts = accounts
        self.cells = cells
        self.events = events
        self.markets = markets
        self.payers: list[Any] = []
        self.volume_asset = self.bounds_count = 0
        self.bounds = self.pool.take_words(codes.TIERS)
        self.discount_asset = self.discount_ppm = 0
        self.taker_part = self.maker_part = self.rate = self.asset = self.how = 0
        self.taker_share = self.maker_share = 0
        self.is_apart = False

    def payer_of(self, account: "records.Account") -> Any:
        """The account's payer, or None."""
        return self.payers[account.id] if account.has_payer else None

    def open_payer(self, account: "records.Account") -> Payer:
        if account.has_payer:
            return self.payers[account.id]
        while len(self.payers) <= account.id:
            self.payers.append(None)
        payer = Payer(self.pool, account.tier)
        self.payers[account.id] = payer
        account.has_payer = 1
        return payer

    # Trades.

    def charge(
        self,
        market: Market,
        taker: "records.Order",
        maker: "records.Order",
        base_amount: int,
        quote_amount: int,
        takers_role: int,
        now_ns: int,
    ) -> None:
        """Work out the fees of a trade and tell `events` of them; `takers_role` is that of a maker in an auction, where
        nobody takes and there is no rebate.
        """
        events = self.events
        taker_account = taker.seat.account
        maker_account = maker.seat.account
        if self.volume_asset:
            self.roll(taker_account, now_ns // codes.NS_PER_DAY)
            self.roll(maker_account, now_ns // codes.NS_PER_DAY)
        tiers = taker_account.tier | maker_account.tier << 8
        taker_buys = taker.flags.side == codes.BUY
        taker_gets = base_amount if taker_buys else quote_amount
        maker_gets = quote_amount if taker_buys else base_amount
        events.taker_fee = self.assess(market, taker_account, takers_role, taker_buys, taker_gets, quote_amount)
        events.taker_fee_asset = self.asset
        taker_how = self.how
        taker_is_apart = self.is_apart
        events.maker_fee = self.assess(
            market, maker_account, codes.MAKER_RATE, not taker_buys, maker_gets, quote_amount
        )
        events.maker_fee_asset = self.asset
        events.fee_terms = codes.TERMS_TOLD | tiers | taker_how << 16 | self.how << 24
        self.taker_part = 0 if taker_is_apart else events.taker_fee
        self.maker_part = 0 if self.is_apart else events.maker_fee
        rebate = 0
        if self.rate < 0 and takers_role == codes.TAKER_RATE:
            rebate = self.rebate(market, maker_account, taker_gets, quote_amount, taker_is_apart)
        self.taker_share = self.share(taker_account, events.taker_fee_asset, events.taker_fee - rebate)
        self.maker_share = 0 if rebate else self.share(maker_account, events.maker_fee_asset, events.maker_fee)
        if self.volume_asset:
            volume = self.convert(quote_amount, market.volume_rate, 0)
            self.note_volume(taker_account, volume)
            self.note_volume(maker_account, volume)

    def assess(
        self, market: Market, account: "records.Account", role: int, buys: bool, received: int, quote_amount: int
    ) -> int:
        """What one side pays, and in what `asset`, at which `rate`, and `how` that came about.

        `is_apart`: it was paid in the discount asset at once, from what the account has available. Where the discount
        asset is what the side receives, the fee is discounted and comes off that.
        """
        payer = self.payer_of(account)
        standard = market.maker_ppm[account.tier]
        if role == codes.TAKER_RATE:
            standard = market.taker_ppm[account.tier]
        side = codes.BUYER_RATE if buys else codes.SELLER_RATE
        extra = market.special[role] + market.special[side] + market.tax[role] + market.tax[side]
        rounds_up = 1 if market.fee_rounding else 0
        self.how = 0
        self.is_apart = False
        self.asset = market.base if buys else market.quote
        if payer is not None:
            extra = self.own_extra(market, payer, role, side)
            if market.has_discount and payer.pays_discount and standard > 0:
                self.rate = arithmetic.mul_ppm(standard, self.discount_ppm) + extra
                if self.rate >= 0:
                    if self.asset == self.discount_asset:
                        self.how |= codes.DISCOUNTED
                        return wide.scaled(received, self.rate, codes.PPM, rounds_up)
                    fee = wide.scaled(quote_amount, self.rate, codes.PPM, rounds_up)
                    fee = self.convert(fee, market.discount_rate, rounds_up)
                    if fee >= 0 and self.has_available(account, fee):
                        self.how |= codes.DISCOUNTED
                        self.is_apart = True
                        self.asset = self.discount_asset
                        self.post(account.id, codes.FEES_ACCOUNT, fee)
                        return fee
        self.rate = standard + extra
        return wide.scaled(received, max(self.rate, 0), codes.PPM, rounds_up)

    def own_extra(self, market: Market, payer: Payer, role: int, side: int) -> int:
        """Special and tax of an account: its own where it has any, else what everybody pays."""
        special = market.special[role] + market.special[side]
        tax = market.tax[role] + market.tax[side]
        own = own_rates(payer.special, market.id)
        if own is not None:
            special = own[role] + own[side]
            self.how |= codes.OWN_SPECIAL
        own = own_rates(payer.tax, market.id)
        if own is not None:
            tax = own[role] + own[side]
            self.how |= codes.OWN_TAX
        return special + tax

    def has_available(self, account: "records.Account", fee: int) -> bool:
        cell = self.cells.find(account.id, self.discount_asset)
        return cell.available >= fee if cell else False

    def rebate(self, market: Market, account: "records.Account", given: int, quote_amount: int, is_apart: bool) -> int:
        """Give a maker its part of the taker's fee; that fee's asset is the rebate's."""
        events = self.events
        if is_apart:
            due = self.convert(wide.scaled(quote_amount, -self.rate, codes.PPM, 0), market.discount_rate, 0)
            due = min(due, events.taker_fee) if due >= 0 else events.taker_fee
            self.post(codes.FEES_ACCOUNT, account.id, due)
        else:
            due = min(wide.scaled(given, -self.rate, codes.PPM, 0), events.taker_fee)
            self.maker_part = -due
        if due:
            events.maker_fee = -due
            events.maker_fee_asset = events.taker_fee_asset
        return due

    def post(self, payer: int, receiver: int, amount: int) -> None:
        """Move an amount of the discount asset."""
        if amount:
            self.cells.open(payer, self.discount_asset).available -= amount
            self.cells.open(receiver, self.discount_asset).available += amount

    def share(self, account: "records.Account", asset: int, fee: int) -> int:
        """Give who referred an account its part of a fee that the venue keeps."""
        payer = self.payer_of(account)
        if payer is None or not payer.referrer:
            return 0
        amount = arithmetic.mul_ppm(fee, payer.share_ppm)
        if amount:
            self.cells.open(codes.FEES_ACCOUNT, asset).available -= amount
            self.cells.open(payer.referrer, asset).available += amount
        return amount

    def tell_shares(self, market: Market, taker: "records.Order", maker: "records.Order") -> None:
        """Behind TRADED: the shares of its fees."""
        if self.taker_share:
            self.tell_share(market, taker.seat.account, self.events.taker_fee_asset, self.taker_share)
        if self.maker_share:
            self.tell_share(market, maker.seat.account, self.events.maker_fee_asset, self.maker_share)

    def tell_share(self, market: Market, account: "records.Account", asset: int, amount: int) -> None:
        payer = self.payer_of(account)
        self.events.referred(market, account, payer.referrer, asset, amount, payer.share_ppm)

    def convert(self, amount: int, rate: int, rounds_up: int) -> int:
        """An amount of a quote asset in another asset; NOT_CONVERTIBLE without a market, before its first trade, or
        beyond what a word counts.

        Units:   rate, the number of the market whose base is the other asset, or negative where that is its quote.
        """
        if rate == codes.SAME_ASSET:
            return amount
        if rate == 0:
            return codes.NOT_CONVERTIBLE
        market: Market = self.markets[(rate if rate > 0 else -rate) - 1]
        unit = market.last_price * market.quote_per_tick_lot
        if unit == 0:
            return codes.NOT_CONVERTIBLE
        if rate > 0:
            return wide.scaled(amount, market.base_per_lot, unit, rounds_up)
        return wide.scaled(amount, unit, market.base_per_lot, rounds_up)

    # Volumes.

    def roll(self, account: "records.Account", day: int) -> None:
        """Let the days of an account's volume fall out of the window that are 30 days old by now."""
        payer = self.open_payer(account)
        if day > payer.day:
            for number in range(codes.VOLUME_DAYS):
                if number == day - payer.day:
                    break
                payer.days[(day - number) % codes.VOLUME_DAYS] = 0
            payer.day = day
            payer.total = 0
            for number in range(codes.VOLUME_DAYS):
                payer.total = bounded(payer.total, payer.days[number])
            self.settle_tier(account)

    def note_volume(self, account: "records.Account", volume: int) -> None:
        """Count a trade of an account that was rolled to its day."""
        if volume > 0:
            payer = self.open_payer(account)
            at = payer.day % codes.VOLUME_DAYS
            payer.days[at] = bounded(payer.days[at], volume)
            payer.total = bounded(payer.total, volume)
            self.settle_tier(account)

    def settle_tier(self, account: "records.Account") -> None:
        payer = self.open_payer(account)
        account.tier = max(payer.granted, self.tier_for(payer.total))

    def tier_for(self, volume: int) -> int:
        """The tier that a volume of 30 days gives."""
        tier = 0
        while tier < self.bounds_count and volume >= self.bounds[tier]:
            tier += 1
        return tier

    def grant(self, account: "records.Account", tier: int) -> None:
        """An operator gives an account a tier: it has that, or what its volume gives, whichever is greater."""
        account.tier = tier
        if account.has_payer:
            self.open_payer(account).granted = tier
            if self.volume_asset:
                self.settle_tier(account)

    # What cold code sets and asks.

    def set_bounds(self, asset: int, bounds: list[int]) -> None:
        """From now on volumes count in this asset (0: they do not), and these give the tiers from 1 on."""
        is_new = asset != self.volume_asset
        self.volume_asset = asset
        self.bounds_count = len(bounds)
        for number in range(len(bounds)):
            self.bounds[number] = bounds[number]
        for account_id in range(len(self.payers)):
            account = self.accounts.find(account_id)
            if account and account.has_payer:
                payer = self.open_payer(account)
                if is_new:
                    payer.day = payer.total = 0
                    for number in range(codes.VOLUME_DAYS):
                        payer.days[number] = 0
                self.settle_tier(account)

    def set_discount(self, asset: int, ppm: int) -> None:
        self.discount_asset = asset
        self.discount_ppm = ppm

    def set_payment(self, account_id: int, is_on: int) -> None:
        self.open_payer(self.accounts.find(account_id)).pays_discount = is_on

    def set_referral(self, account_id: int, referrer: int, share_ppm: int) -> None:
        payer = self.open_payer(self.accounts.find(account_id))
        payer.referrer = referrer
        payer.share_ppm = share_ppm

    def set_own_rates(self, account_id: int, special: dict[int, Any], tax: dict[int, Any]) -> None:
        """Rates of an account by market (0: in those not named): maker, taker, buyer, seller."""
        payer = self.open_payer(self.accounts.find(account_id))
        payer.special = special
        payer.tax = tax

    def tier_at(self, account_id: int, day: int) -> int:
        """The tier that an account would have in a trade of that day."""
        account = self.accounts.find(account_id)
        payer = self.payer_of(account)
        if payer is None or not self.volume_asset:
            return account.tier
        return max(payer.granted, self.tier_for(self.volume_at(account_id, day)))

    def volume_at(self, account_id: int, day: int) -> int:
        """What an account has traded in the 30 days that end with that day, or with its last if that is later."""
        payer = self.payer_of(self.accounts.find(account_id))
        total = 0
        if payer is not None:
            for past in range(codes.VOLUME_DAYS):
                if payer.day - past > day - codes.VOLUME_DAYS:
                    total = bounded(total, payer.days[(payer.day - past) % codes.VOLUME_DAYS])
        return total

    def volumes(self) -> list[Any]:
        """Of every account that has traded since volumes count: its id, granted tier, day, and [day, volume] of those
        in its window that have any, oldest first.
        """
        found = []
        for account_id in range(len(self.payers)):
            account = self.accounts.find(account_id)
            payer = self.payer_of(account) if account else None
            if payer is not None and payer.day:
                days = []
                for number in range(codes.VOLUME_DAYS):
                    day = payer.day - codes.VOLUME_DAYS + 1 + number
                    volume = payer.days[day % codes.VOLUME_DAYS]
                    if volume:
                        days.append([day, volume])
                found.append([account_id, payer.granted, payer.day, days])
        return found

    def restore_volume(self, account_id: int, granted: int, day: int, days: list[Any]) -> None:
        account = self.accounts.find(account_id)
        payer = self.open_payer(account)
        payer.granted = granted
        payer.day = day
        payer.total = 0
        for at, volume in days:
            payer.days[at % codes.VOLUME_DAYS] = volume
            payer.total = bounded(payer.total, volume)
        self.settle_tier(account)


def own_rates(rates: dict[int, Any], market_id: int) -> Any:
    """An account's own rates in a market, or in all that it has none of its own for, or None."""
    found = rates.get(market_id)
    return rates.get(0) if found is None else found
