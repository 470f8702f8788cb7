"""The call auction: the one price at which a market that has gathered orders trades, and those trades.

Source:  most volume, then least imbalance, then nearest the reference price, then the lower one.
"""

from . import arithmetic, average, codes, records, trading
from .market import Market
from .trading import Trading


def nearest_step(reference: int, low: int, high: int, step: int) -> int:
    """Of the whole multiples of a step from `low` to `high` the one nearest to a reference, of two the lower; or 0."""
    nearest = min(max(reference, low), high)
    below = nearest - nearest % step
    above = below if below == nearest else below + step
    if below >= low and (above > high or nearest - below <= above - nearest):
        return below
    return above if above <= high else 0


class Auction:
    """Works out what an auction would give, and carries it out. `price` is 0 where nobody meets."""

    def __init__(self, trading: Trading) -> None:
        self.trading = trading
        self.price = self.volume = self.imbalance = self.reference = 0

    def find(self, market: Market) -> None:
        """Set `price`, `volume` and `imbalance` (lots wanted less lots offered at that price).

        Goes up from the best ask to the best bid: between two prices at which a level ends, demand and supply stay the
        same, and of those prices the nearest to the reference counts (the last price; before any trade the best ask).
        Only whole steps of the price filter count, unless there is none in between. Cost: O(levels that cross).
        """
        self.search(market, market.price_step if market.auctions_on_steps else 1)
        if self.price == 0:
            self.search(market, 1)

    def search(self, market: Market, step: int) -> None:
        """Consider all prices that are whole multiples of a step."""
        self.price = self.volume = self.imbalance = 0
        bid = market.bids.best
        ask = market.asks.best
        if bid and ask and bid.key + ask.key >= 0:
            at = -ask.key
            high = bid.key
            self.reference = market.last_price if market.last_price else at
            demand = bid.quantity + bid.hidden
            while bid.worse and bid.worse.key >= at:
                bid = bid.worse
                demand += bid.quantity + bid.hidden
            supply = 0
            while at <= high:
                while ask and -ask.key <= at:
                    supply += ask.quantity + ask.hidden
                    ask = ask.worse
                end = bid.key
                if ask and -ask.key - 1 < end:
                    end = -ask.key - 1
                self.consider(nearest_step(self.reference, at, end, step), demand, supply)
                if end == bid.key:
                    demand -= bid.quantity + bid.hidden
                    if bid.better:
                        bid = bid.better
                at = end + 1

    def consider(self, price: int, demand: int, supply: int) -> None:
        """A price that may be the best so far; 0 is none."""
        volume = min(demand, supply)
        if price and (self.price == 0 or self.is_better(price, volume, arithmetic.distance(demand, supply))):
            self.price = price
            self.volume = volume
            self.imbalance = demand - supply

    def is_better(self, price: int, volume: int, imbalance: int) -> bool:
        if volume != self.volume:
            return volume > self.volume
        if imbalance != arithmetic.distance(self.imbalance, 0):
            return imbalance < arithmetic.distance(self.imbalance, 0)
        return arithmetic.distance(price, self.reference) < arithmetic.distance(self.price, self.reference)

    def uncross(self, market: Market) -> None:
        """Trade all that meets, best price first, oldest first, at the one price. No self-trade is prevented here."""
        self.find(market)
        left = self.volume
        self.trading.events.cause = codes.AUCTION_CAUSE
        while left > 0:
            buyer = market.bids.best.first
            seller = market.asks.best.first
            quantity = min(left, trading.shown_of(buyer), trading.shown_of(seller))
            self.trade_at(market, buyer, seller, self.price, quantity)
            left -= quantity
        self.trading.events.cause = 0

    def trade_at(
        self, market: Market, buyer: "records.Order", seller: "records.Order", price: int, quantity: int
    ) -> None:
        """One trade of an auction between two orders of the book. Both pay the maker's fee.

        The older one is told as the maker; what the other has left in the book is told as RESTED, even 0.
        """
        base_amount = quantity * market.base_per_lot
        quote_amount = price * quantity * market.quote_per_tick_lot
        market.trades += 1
        market.last_price = price
        # Nobody takes here, so there is no fee that a rebate could be part of.
        if market.has_fee_terms:
            younger = buyer if buyer.id > seller.id else seller
            older = seller if buyer.id > seller.id else buyer
            fees = self.trading.fees
            fees.charge(market, younger, older, base_amount, quote_amount, codes.MAKER_RATE, self.trading.now_ns)
            buyer_fee = fees.taker_part if buyer.id > seller.id else fees.maker_part
            seller_fee = fees.maker_part if buyer.id > seller.id else fees.taker_part
        else:
            buyer_ppm = max(0, market.maker_ppm[buyer.seat.account.tier])
            seller_ppm = max(0, market.maker_ppm[seller.seat.account.tier])
            buyer_fee = trading.fee_of(base_amount, buyer_ppm, market.fee_rounding)
            seller_fee = trading.fee_of(quote_amount, seller_ppm, market.fee_rounding)
        average.note_trade(market, self.trading.now_ns, price, quantity)
        claim = buyer.price * quantity * market.quote_per_tick_lot
        buyer.held -= claim
        cell = buyer.seat.quote
        cell.held -= claim
        cell.available += claim - quote_amount
        buyer.seat.base.available += base_amount - buyer_fee
        seller.held -= base_amount
        seller.seat.base.held -= base_amount
        seller.seat.quote.available += quote_amount - seller_fee
        market.base_fees.available += buyer_fee
        market.quote_fees.available += seller_fee
        self.note_fill(buyer, quantity, quote_amount)
        self.note_fill(seller, quantity, quote_amount)
        if buyer.id > seller.id:
            self.tell_auction(market, buyer, seller, quantity, base_amount, quote_amount, buyer_fee, seller_fee)
        else:
            self.tell_auction(market, seller, buyer, quantity, base_amount, quote_amount, seller_fee, buyer_fee)
        if market.waiting:
            self.trading.triggers.touch(market, price)
        self.trading.leave_or_refill(market, buyer, quantity, buyer_fee)
        self.trading.leave_or_refill(market, seller, quantity, seller_fee)

    def tell_auction(
        self,
        market: Market,
        younger: "records.Order",
        older: "records.Order",
        quantity: int,
        base_amount: int,
        quote_amount: int,
        younger_fee: int,
        older_fee: int,
    ) -> None:
        self.trading.events.traded(market, younger, older, quantity, base_amount, quote_amount, younger_fee, older_fee)
        if market.has_fee_terms:
            self.trading.fees.tell_shares(market, younger, older)
        self.trading.events.rested(market, younger, younger.level)

    def note_fill(self, order: "records.Order", quantity: int, quote_amount: int) -> None:
        """An order in the book has traded."""
        order.remaining -= quantity
        order.filled_quote += quote_amount
        order.updated_ns = self.trading.now_ns
        order.level.quantity -= quantity
