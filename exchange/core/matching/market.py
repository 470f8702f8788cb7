"""One market as matching sees it: its two sides, its counters, and the numbers its filters and fees go by."""

from . import codes
from .ladder import Ladder
from .pool import Pool


class Market:
    """A traded pair. Prices are ticks, quantities are lots, amounts are minor units; a filter bound of 0 is off.

    The cold side (exchange/core/markets.py) checks whatever is set here; `bids` and `asks` hold the levels, keyed by
    price for bids and by -price for asks, so that a greater key is always served first.
    """

    def __init__(self, pool: Pool, market_id: int, base: int, quote: int, base_per_lot: int, tick_lot: int) -> None:
        self.pool = pool
        self.id = market_id
        self.base = base
        self.quote = quote
        self.base_per_lot = base_per_lot
        self.quote_per_tick_lot = tick_lot
        self.status = codes.BREAK
        self.bids = Ladder()
        self.asks = Ladder()
        self.up_ppm = self.down_ppm = 0
        self.min_trailing_above = self.max_trailing_above = self.min_trailing_below = self.max_trailing_below = 0
        self.max_algo_orders = self.max_iceberg_orders = self.iceberg_parts = 0
        self.max_lists = self.max_amends = self.max_position = 0
        # MIN_NOTIONAL and MAX_ASSET, and whether any limit of limits.py is set here.
        self.least_notional = self.least_applies = self.max_base = self.max_quote = self.rare = 0
        # Protection (matching/README.md): how far from the average price an order may trade, how far the price may move
        # in a while, how much may trade in a second; 0 is off. `tripped` says that one of the last two has just stopped
        # the market.
        self.features_off = self.tripped = 0
        self.range_bid_up_ppm = self.range_bid_down_ppm = self.range_ask_up_ppm = self.range_ask_down_ppm = 0
        self.breaker_ppm = self.breaker_seconds = self.notional_per_second = 0
        self.breaker_price = self.breaker_since_ns = self.notional_second = self.notional_sum = 0
        # Orders that wait for a price (triggers.py): stops by their trigger price, trailing ones oldest first.
        self.falling = Ladder()
        self.rising = Ladder()
        self.first_trailing = self.last_trailing = self.pool.no_order()
        self.waiting = self.trailing = self.busy = 0
        # Lists whose working order is filled: their legs enter next, in this order (links.py).
        self.first_ready = self.last_ready = self.pool.no_list()
        self.reach_down = codes.AMOUNT_MAX
        self.reach_up = self.next_up = self.next_down = 0
        self.resting = self.trades = self.updates = self.executions = self.prevented = self.last_price = 0
        self.min_price = self.min_quantity = self.price_step = self.quantity_step = 1
        self.max_price = self.max_quantity = 1
        self.market_min_quantity = self.market_max_quantity = self.market_quantity_step = 0
        self.min_notional = self.max_notional = self.apply_min_to_market = self.apply_max_to_market = 0
        self.bid_up_ppm = self.bid_down_ppm = self.ask_up_ppm = self.ask_down_ppm = 0
        self.max_orders = codes.ORDERS_MAX
        self.default_self_trade = codes.NONE
        self.allowed_self_trade = 0
        self.fee_version = 0
        # Rule versions: what is added before a fee is divided (PPM - 1 rounds up, 0 down); how far walks see; auctions.
        self.fee_rounding, self.hidden_behind_own, self.auctions_on_steps = codes.PPM - 1, False, False
        self.maker_ppm = self.pool.take_words(codes.TIERS)
        self.taker_ppm = self.pool.take_words(codes.TIERS)
        # What fees.py adds to them: rates for all accounts, and from which market a fee or a volume is converted.
        self.has_fee_terms = self.has_discount = self.discount_rate = self.volume_rate = 0
        self.special = self.pool.take_words(codes.RATES)
        self.tax = self.pool.take_words(codes.RATES)
        self.average_minutes = 0
        self.average_bucket = 0
        # Sums of price × quantity and of quantity by bucket; behind the buckets their totals, then room to reckon.
        self.average_sums = self.pool.take_words(2 * (codes.AVERAGE_BUCKETS + 2))
        self.average_lots = self.pool.take_words(2 * (codes.AVERAGE_BUCKETS + 2))
        # When the newest bucket ends; bounds that the percent price filter has worked out, how long they hold, and the
        # averages that they hold for.
        self.bucket_until_ns = self.bounds_until_ns = 0
        self.average_low = self.average_high = 0
        self.bid_top = self.bid_bottom = self.ask_top = self.ask_bottom = 0

    def set_fees(self, tier: int, maker_ppm: int, taker_ppm: int) -> None:
        """Set what makers and takers of one account tier pay, in parts per million of what they receive."""
        assert 0 <= tier < codes.TIERS
        assert -codes.FEE_PPM_MAX <= maker_ppm <= codes.FEE_PPM_MAX
        assert 0 <= taker_ppm <= codes.FEE_PPM_MAX
        self.maker_ppm[tier] = maker_ppm
        self.taker_ppm[tier] = taker_ppm
        self.fee_version += 1

    def maker_fee_ppm(self, tier: int) -> int:
        assert 0 <= tier < codes.TIERS
        return self.maker_ppm[tier]

    def taker_fee_ppm(self, tier: int) -> int:
        assert 0 <= tier < codes.TIERS
        return self.taker_ppm[tier]

    def set_rates(self, kind: int, rates: list[int]) -> None:
        """Set what everybody pays besides the rates of the tiers: a special, or a tax."""
        for number in range(codes.RATES):
            if kind == codes.TAX:
                self.tax[number] = rates[number]
            else:
                self.special[number] = rates[number]

    def crosses(self) -> bool:
        """Whether the best bid reaches the best ask: orders have gathered and not traded yet."""
        bid = self.bids.best
        ask = self.asks.best
        return bid.key + ask.key >= 0 if bid and ask else False

    def forget_bounds(self) -> None:
        """To be called when a percent price filter was set."""
        self.bounds_until_ns = 0

    def set_average_minutes(self, minutes: int) -> None:
        """Set the width of the average price's window; another width forgets what was gathered."""
        self.bounds_until_ns = self.bucket_until_ns = 0
        if minutes != self.average_minutes:
            self.average_minutes = minutes
            self.average_bucket = 0
            for at in range(2 * (codes.AVERAGE_BUCKETS + 1)):
                self.average_sums[at] = 0
                self.average_lots[at] = 0
