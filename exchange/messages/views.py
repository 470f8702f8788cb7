"""Orders, fills and trades as the read side tells them: folded by projections, kept by the history."""

from enum import IntEnum, unique
from typing import NamedTuple

import msgspec


@unique
class OrderStatus(IntEnum):
    """Where an order stands; from FILLED on it is closed."""

    PENDING_NEW = 0
    NEW = 1
    PARTIALLY_FILLED = 2
    FILLED = 3
    CANCELED = 4
    EXPIRED = 5
    EXPIRED_IN_MATCH = 6


class Order(msgspec.Struct, array_like=True, gc=False):
    """One order, open or closed.

    Units:  price in ticks; quantity, filled and prevented_quantity in lots; quote_quantity and filled_quote in minor
            units of the quote asset. `status` is an OrderStatus, `reason` a Reason (0: none), `prevented_id` the last
            prevented match it was in (0: none). `working_ns` is 0 until the order works. `stop_price` is the price it
            waits for, with a `trailing_delta` (hundredths of a percent) the one from which on it follows; 0: none. Of a
            pegged order (`peg` is a PegPrice, else 0) `price` is what its client sent, `pegged_price` what it took.
    """

    order_id: int
    market: int
    account: int
    client_id: str
    side: int
    type: int
    time_in_force: int
    self_trade: int
    price: int
    quantity: int
    quote_quantity: int
    filled: int
    filled_quote: int
    prevented_quantity: int
    prevented_id: int
    status: int
    reason: int
    created_ns: int
    updated_ns: int
    working_ns: int
    strategy_id: int
    strategy_type: int
    list_id: int
    stop_price: int = 0
    trailing_delta: int = 0
    visible: int = 0
    good_till_ns: int = 0
    peg: int = 0
    peg_offset_kind: int = 0
    peg_offset: int = 0
    pegged_price: int = 0

    @property
    def is_open(self) -> bool:
        return self.status < OrderStatus.FILLED


class OrderList(msgspec.Struct, array_like=True, gc=False):
    """A list of orders, open or ended. Ids are 0 where it has no such order; `is_done` is 0 or 1."""

    list_id: int
    market: int
    account: int
    contingency: int
    client_id: str
    is_done: int
    created_ns: int
    updated_ns: int
    working_id: int
    first_id: int
    second_id: int
    working_name: str
    first_name: str
    second_name: str

    @property
    def orders(self) -> list[tuple[int, str]]:
        """Its orders as (order id, client id)."""
        every = (
            (self.working_id, self.working_name),
            (self.first_id, self.first_name),
            (self.second_id, self.second_name),
        )
        return [(order_id, name) for order_id, name in every if order_id]


class Fill(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """One order's part in a trade. `is_maker` is 0 or 1; fee in minor units of `fee_asset`."""

    market: int
    trade_id: int
    is_maker: int
    order_id: int
    account: int
    side: int
    price: int
    quantity: int
    quote_amount: int
    fee: int
    fee_asset: int
    ts_ns: int
    list_id: int


class Trade(NamedTuple):
    """The public print of a trade. `is_buyer_maker` is 0 or 1."""

    trade_id: int
    price: int
    quantity: int
    quote_amount: int
    ts_ns: int
    is_buyer_maker: int


class Rows(NamedTuple):
    """What one batch gives the history: the orders that it closed, the fills that it made, the lists that ended."""

    orders: list[Order]
    fills: list[Fill]
    lists: list[OrderList]
