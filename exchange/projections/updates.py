"""What the user stream tells of accounts: executions of orders, balances, lists."""

from enum import IntEnum, unique
from typing import NamedTuple

from exchange.messages.orders import Reason
from exchange.messages.views import Order, OrderList, OrderStatus
from exchange.messages.words import Prevented


@unique
class Execution(IntEnum):
    """What happened to an order."""

    NEW = 1
    TRADE = 2
    CANCELED = 3
    EXPIRED = 4
    TRADE_PREVENTION = 5
    REPLACED = 6


ENDS: dict[int, tuple[Execution, OrderStatus]] = {
    Reason.BY_REQUEST: (Execution.CANCELED, OrderStatus.CANCELED),
    Reason.UNFILLED_IOC: (Execution.EXPIRED, OrderStatus.EXPIRED),
    Reason.UNFILLED_FOK: (Execution.EXPIRED, OrderStatus.EXPIRED),
    Reason.NO_LIQUIDITY: (Execution.EXPIRED, OrderStatus.EXPIRED),
    Reason.SELF_TRADE: (Execution.TRADE_PREVENTION, OrderStatus.EXPIRED_IN_MATCH),
    Reason.BY_CANCEL_ALL: (Execution.CANCELED, OrderStatus.CANCELED),
    Reason.BY_OPERATOR: (Execution.CANCELED, OrderStatus.CANCELED),
    Reason.EXCHANGE_CANCELED: (Execution.EXPIRED, OrderStatus.EXPIRED),
    Reason.OUT_OF_RANGE: (Execution.EXPIRED, OrderStatus.EXPIRED),
    Reason.HALTED: (Execution.EXPIRED, OrderStatus.EXPIRED),
    Reason.AMENDED_AWAY: (Execution.CANCELED, OrderStatus.CANCELED),
    Reason.COUNTED_DOWN: (Execution.CANCELED, OrderStatus.CANCELED),
    Reason.DISCONNECTED: (Execution.CANCELED, OrderStatus.CANCELED),
    Reason.OCO_TRIGGER: (Execution.EXPIRED, OrderStatus.EXPIRED),
    Reason.OTO_PHASE_ONE_EXPIRED: (Execution.EXPIRED, OrderStatus.EXPIRED),
    Reason.LEG_REFUSED: (Execution.EXPIRED, OrderStatus.EXPIRED),
    Reason.GOOD_TILL_ENDED: (Execution.EXPIRED, OrderStatus.EXPIRED),
    Reason.PEG_REFUSED: (Execution.EXPIRED, OrderStatus.EXPIRED),
}


class OrderUpdate(NamedTuple):
    """One execution of an order.

    What changes while an order lives (status to prevented_quantity, working_ns) is here as it was right after the
    execution; of `order` only what never changes may be read. `trade_id` and `fee_asset` are 0 where nothing was
    traded, `cancel_id` is the cancel's own id (of an amendment the old client id), `prevented` the meeting that ended
    the order.
    """

    seq: int
    ts_ns: int
    account: int
    execution: Execution
    order: Order
    status: OrderStatus
    quantity: int
    client_id: str
    filled: int
    filled_quote: int
    prevented_quantity: int
    execution_id: int
    reason: int = 0
    last_price: int = 0
    last_quantity: int = 0
    last_quote: int = 0
    fee: int = 0
    fee_asset: int = 0
    trade_id: int = 0
    is_maker: bool = False
    cancel_id: str = ""
    prevented: Prevented | None = None
    working_ns: int = 0
    code: int = 0
    """Why a pending order, or one that was to take its price, was refused."""

    @property
    def is_working(self) -> bool:
        """Whether the order is in force after this: open, and not waiting for its price."""
        return self.status < OrderStatus.FILLED and self.working_ns > 0


class Position(NamedTuple):
    """The balances that a command may have changed, as (asset, available, held)."""

    seq: int
    ts_ns: int
    account: int
    balances: list[tuple[int, int, int]]


class BalanceUpdate(NamedTuple):
    """Money that came or went without trading; `delta` is signed."""

    seq: int
    ts_ns: int
    account: int
    asset: int
    delta: int


class ListUpdate(NamedTuple):
    """A list began, changed or ended (`status`); it is told as it is now."""

    seq: int
    ts_ns: int
    account: int
    status: int
    order_list: OrderList


AccountEvent = OrderUpdate | Position | BalanceUpdate | ListUpdate
