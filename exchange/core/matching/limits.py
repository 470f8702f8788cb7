"""Limits that few orders meet: of a position, of an order's size in an asset, of what an account has open everywhere.

A market says by `rare` whether any of them is set; the order path looks no further where none is.

Source:  ../shared/binance-spot-reference.md §11.
"""

from . import average, codes, records, terms
from .indexes import Cells, Seats
from .market import Market


class Limits:
    """The limits over all markets (0 is off), and the looking up that they and the rarer ones of a market need."""

    def __init__(self, cells: Cells, seats: Seats) -> None:
        self.cells = cells
        self.seats = seats
        self.max_orders = self.max_algo_orders = self.max_iceberg_orders = self.max_lists = 0
        self.markets = 0
        # The last kind of list that the rules in force know: a row of another is malformed.
        self.last_contingency = codes.OTOCO

    def refused(self, row: "records.Row", market: Market, seat: "records.Seat", account: "records.Account", lots: int,
                visible: int, now_ns: int, price: int) -> int:  # fmt: skip
        """What speaks against an order of so many lots: MAX_POSITION, MIN_NOTIONAL, MAX_ASSET, then the counts.

        `price` is that of the row, or the one that a pegged order takes, which is asked besides.
        """
        if market.max_position and row.flags.side == codes.BUY:
            code = terms.wrong_position(market, seat, self.cells.find(account.id, market.base), lots)
            if code:
                return code
        code = self.wrong_size(market, row.price, lots, now_ns) if row.price or not price else 0
        if not code and price != row.price:
            code = self.wrong_size(market, price, lots, now_ns)
        if code:
            return code
        order_type = row.flags.type
        time_in_force = row.flags.time_in_force
        waits = order_type > codes.LIMIT_MAKER
        stays = time_in_force == codes.GTC or time_in_force == codes.GTD
        if waits or (stays and order_type != codes.MARKET):
            return self.too_many(account, 1, 1 if waits else 0, 1 if visible else 0)
        return 0

    def wrong_size(self, market: Market, price: int, lots: int, now_ns: int) -> int:
        """MIN_NOTIONAL and MAX_ASSET; an order without a price counts at the average price, and not before a trade."""
        if market.max_base and lots > market.max_base // market.base_per_lot:
            return codes.MAX_ASSET
        least = market.least_notional if price or market.least_applies else 0
        reference = price if price else average.average_price(market, now_ns)
        if not reference or not (least or market.max_quote):
            return 0
        if lots > codes.AMOUNT_MAX // (reference * market.quote_per_tick_lot):
            return codes.MAX_ASSET if market.max_quote else 0
        notional = reference * lots * market.quote_per_tick_lot
        if notional < least:
            return codes.MIN_NOTIONAL
        return codes.MAX_ASSET if market.max_quote and notional > market.max_quote else 0

    def too_many(self, account: "records.Account", orders: int, algos: int, icebergs: int) -> int:
        """Whether an account would have more open than it may in all markets together."""
        if self.max_orders and account.open_orders + orders > self.max_orders:
            return codes.ACCOUNT_MAX_ORDERS
        if algos and self.max_algo_orders and self.count(account, True) + algos > self.max_algo_orders:
            return codes.EXCHANGE_MAX_NUM_ALGO_ORDERS
        if icebergs and self.max_iceberg_orders and self.count(account, False) + icebergs > self.max_iceberg_orders:
            return codes.EXCHANGE_MAX_NUM_ICEBERG_ORDERS
        return 0

    def count(self, account: "records.Account", algos: bool) -> int:
        """How many orders of a type that waits, or icebergs, an account has open in all markets."""
        found = 0
        for number in range(1, self.markets + 1):
            seat = self.seats.find(account, number)
            if seat:
                found += terms.waiting_orders(seat) if algos else terms.icebergs(seat)
        return found
