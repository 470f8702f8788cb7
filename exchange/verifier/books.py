"""Reading a book: who would meet whom, and what it would cost, without touching it."""

from itertools import groupby

from . import words
from .filters import average_price
from .rows import Row
from .state import Account, Market, Order, State


def self_trade_mode(market: Market, row: Row) -> int:
    return market.filters["default_self_trade"] if row.self_trade == words.MARKET_DEFAULT else row.self_trade


def is_same_owner(one: Account, other: Account) -> bool:
    return one is other or (one.trade_group != 0 and one.trade_group == other.trade_group)


def is_handed_over(taker: Account, mode: int, maker: Order) -> bool:
    """Whether what is prevented moves between the two all the same: both are in mode TRANSFER, and of two accounts."""
    return mode == maker.self_trade == words.TRANSFER and taker is not maker.account


def reaches(side: int, price: int, maker_price: int) -> bool:
    """Whether an order of this side and price may trade at a maker's price; price 0 is any."""
    return price == 0 or (price >= maker_price if side == words.BUY else price <= maker_price)


def within_reach(state: State, account: Account, mode: int, level: list[Order]) -> tuple[int, bool]:
    """How many lots of a level's queue an order of the account could trade, and whether it would end in there."""
    own = [place for place, maker in enumerate(level) if mode != words.NONE and is_same_owner(account, maker.account)]
    if own and mode in (words.EXPIRE_TAKER, words.EXPIRE_BOTH):
        ahead = level[: own[0]]
        is_hidden_behind = words.HIDDEN_BEHIND_OWN_RULE in state.rules
        return sum(maker.shown if is_hidden_behind else maker.remaining for maker in ahead), True
    there = [
        maker.remaining
        for place, maker in enumerate(level)
        if place not in own or (mode == words.TRANSFER and is_handed_over(account, mode, maker))
    ]
    return sum(there), False


def walk(
    state: State,
    market: Market,
    account: Account,
    side: int,
    mode: int,
    price: int,
    wanted: int,
    budget: int,
    limits: tuple[int, int] = (0, words.AMOUNT_MAX),
) -> tuple[int, int, bool]:
    """What the book would give an order, without touching it: lots, their cost, whether the budget ended it.

    A level counts as one: of the lots in it that are not the account's own, as many as are wanted and can be paid.
    """
    lots = cost = 0
    is_cut = False
    for maker_price, makers in groupby(market.side(1 - side), lambda maker: maker.price):
        if lots == wanted or not reaches(side, price, maker_price):
            break
        if not limits[0] <= maker_price <= limits[1]:
            continue
        there, is_stopped = within_reach(state, account, mode, list(makers))
        lot_cost = maker_price * market.quote_per_tick_lot
        taken = min(there, wanted - lots, (budget - cost) // lot_cost)
        is_cut = taken < min(there, wanted - lots)
        lots += taken
        cost += taken * lot_cost
        if is_stopped or taken < there:
            break
    return lots, cost, is_cut


Limits = tuple[int, int]


def price_range(state: State, order: Order) -> Limits:
    """The prices at which an order may trade, fixed when it begins to: none where the best is too good already."""
    market = order.market
    makers = market.side(1 - order.side)
    average = average_price(market, state.now_ns)
    names = (
        ("range_bid_down_ppm", "range_bid_up_ppm")
        if order.side == words.BUY
        else ("range_ask_down_ppm", "range_ask_up_ppm")
    )
    down, up = (market.protection[name] for name in names)
    if not average or not makers:
        return 0, words.AMOUNT_MAX
    least = average * down // words.PPM
    most = average * up // words.PPM if up else words.AMOUNT_MAX
    best = makers[0].price
    if best < least if order.side == words.BUY else best > most:
        return 1, 0
    return (0, most) if order.side == words.BUY else (least, words.AMOUNT_MAX)


def is_fillable(state: State, order: Order, limits: Limits) -> bool:
    mode = words.EXPIRE_TAKER if order.self_trade in (words.DECREMENT, words.TRANSFER) else order.self_trade
    book = order.market, order.account, order.side, mode, order.price
    return walk(state, *book, order.quantity, words.AMOUNT_MAX, limits)[0] == order.quantity
