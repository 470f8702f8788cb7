"""Pegged orders (section Pegs of core/matching/README.md): what may be pegged, and which price the book gives."""

from . import lists, words
from .filters import check_priced, refuse_if
from .rows import Row
from .state import Market, Order, State
from .words import Code


def check(market: Market, row: Row, *, enters: bool) -> None:
    """Whether its market, its type and its time in force let an order be pegged; `enters`: now, if it does not wait."""
    peg = row.extension(words.PEG)
    if peg is None:
        return
    is_primary = peg[0] == words.PRIMARY_PEG
    refuse_if(market.features_off & words.PEGS_OFF != 0, Code.FEATURE_OFF)
    is_unpriced = row.type in (words.MARKET, words.STOP_LOSS, words.TAKE_PROFIT)
    refuse_if(is_unpriced, Code.PEG_WRONG_TYPE)
    refuse_if(row.type == words.LIMIT_MAKER and not is_primary, Code.PEG_WRONG_KIND)
    refuse_if(row.type == words.LIMIT and is_primary and row.time_in_force != words.GTC, Code.PEG_WRONG_KIND)
    is_at_once = enters and row.type in (words.LIMIT, words.LIMIT_MAKER)
    refuse_if(is_at_once and market.status == words.AUCTION, Code.MARKET_CLOSED)


def price_in_book(market: Market, side: int, kind: int, offset: int) -> int:
    """The price of the level that a peg means, where there are so many; else 0."""
    prices: list[int] = []
    for order in market.side(side if kind == words.PRIMARY_PEG else 1 - side):
        if order.price not in prices[-1:]:
            prices.append(order.price)
        if len(prices) > offset:
            return prices[offset]
    return 0


def price_of(market: Market, row: Row) -> int:
    """What a row would enter the book at: by its peg, or its own price."""
    peg = row.extension(words.PEG)
    return row.price if peg is None else price_in_book(market, row.side, peg[0], peg[2])


def priced(state: State, market: Market, row: Row) -> Row:
    """The row with the price that it takes from the book, if it does now; what it sent must pass, too."""
    if row.extension(words.PEG) is None or row.type > words.LIMIT_MAKER:
        return row
    if row.price:
        check_priced(state, market, row.side, row.price, row.quantity)
    price = price_of(market, row)
    refuse_if(price == 0, Code.PEG_WITHOUT_LEVEL)
    return row._replace(price=price)


def entry_price(order: Order) -> int:
    """The price at which an order enters the book as it is."""
    kind, _, offset = order.peg
    return price_in_book(order.market, order.side, kind, offset) if kind else order.price


def choose(order: Order) -> None:
    """An order that enters the book now has the price of its peg from now on."""
    if order.peg[0] and order.type <= words.LIMIT_MAKER and not order.is_pending:
        order.price = order.pegged_price = entry_price(order)


def take_price(state: State, order: Order) -> None:
    """An order that waited takes its price, and holds what it needs there. Refusal."""
    market, price = order.market, entry_price(order)
    refuse_if(price == 0, Code.PEG_WITHOUT_LEVEL)
    need = lists.check_terms(state, market, (order.side, order.type, price, order.remaining, 0, 0, 0))
    more = need - order.held
    cell = order.account.account_id, order.held_asset
    refuse_if(more > state.ledger.available.get(cell, 0), Code.INSUFFICIENT_FUNDS)
    state.ledger.add(*cell, -more, more)
    order.held += more
    order.price = order.pegged_price = price
