"""What happens to orders of lists, noted until the order that caused it is done (section Lists of core/matching)."""

from . import words
from .state import Order, OrderList, State

ASKED_FOR = (words.BY_REQUEST, words.BY_CANCEL_ALL, words.COUNTED_DOWN, words.DISCONNECTED)


def touch(state: State, order_list: OrderList, what: str) -> None:
    order_list.happened.append(what)
    if order_list not in state.touched:
        state.touched.append(order_list)


def unlink(order: Order) -> None:
    order_list = order.order_list
    assert order_list is not None
    order_list.legs[order_list.legs.index(order)] = None
    if order_list.started is order:
        order_list.started = None
    order.order_list = None


def traded(state: State, order: Order) -> None:
    """An order has traded."""
    order_list = order.order_list
    if order_list is None:
        return
    if order.remaining:
        lost(state, order)
        return
    what = "worked" if order is order_list.legs[0] else "started"
    unlink(order)
    touch(state, order_list, what)


def lost(state: State, order: Order) -> None:
    """An order has less left than before."""
    order_list = order.order_list
    if order_list is not None and order is not order_list.legs[0]:
        order_list.started = order
        touch(state, order_list, "started")


def ended(state: State, order: Order, reason: int, cancel_id: tuple[int, ...]) -> None:
    """An order has ended unfilled: the first of a list says why the others will."""
    order_list = order.order_list
    if order_list is None:
        return
    if "ended" not in order_list.happened:
        if reason not in ASKED_FOR:
            reason = words.OTO_PHASE_ONE_EXPIRED if order is order_list.legs[0] else words.OCO_TRIGGER
        order_list.reason, order_list.cancel_id = reason, cancel_id
    unlink(order)
    touch(state, order_list, "ended")
