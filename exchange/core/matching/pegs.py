"""Pegged orders: their price is taken from the book once, when they enter it, and does not follow the market.

PRIMARY is the best price of an order's own side, MARKET the best of the other; an offset goes so many existing price
levels deeper. Whoever is there counts, the account's own orders, too. An order that waits for its price, or for another
order of its list, takes its price when it begins to work. A price that was sent besides is asked of the filters, told,
and no more than that.

Limits:  a walk visits at most PEG_OFFSET_MAX levels behind the best.
Source:  ../shared/binance-spot-reference.md §10; the README's section Pegs has the choices.
"""

from . import codes, records
from .buffers import Rows
from .market import Market


def malformed_peg(peg: "records.Peg") -> int:
    """A kind of price, and perhaps an offset in price levels."""
    if not peg:
        return 0
    if peg.price_kind < codes.PRIMARY_PEG or peg.price_kind > codes.MARKET_PEG:
        return codes.MALFORMED_ROW
    if peg.offset_kind < 0 or peg.offset_kind > codes.PRICE_LEVEL:
        return codes.MALFORMED_ROW
    if peg.offset < 0 or peg.offset > (codes.PEG_OFFSET_MAX if peg.offset_kind else 0):
        return codes.MALFORMED_ROW
    return codes.MALFORMED_ROW if peg.spare_1 | peg.spare_2 | peg.spare_3 | peg.spare_4 else 0


def refused_peg(row: "records.Row", market: Market, peg: "records.Peg", enters: int) -> int:
    """What speaks against a peg before its market's filters; `enters` says that the order would not be pending.

    One that would enter a book which gathers orders is refused: the best prices there are nobody's to trade at.
    """
    if market.features_off & codes.PEGS_OFF:
        return codes.FEATURE_OFF
    order_type = row.flags.type
    if order_type == codes.MARKET or order_type == codes.STOP_LOSS or order_type == codes.TAKE_PROFIT:
        return codes.PEG_WRONG_TYPE
    if order_type == codes.LIMIT_MAKER and peg.price_kind != codes.PRIMARY_PEG:
        return codes.PEG_WRONG_KIND
    if order_type == codes.LIMIT and peg.price_kind == codes.PRIMARY_PEG and row.flags.time_in_force != codes.GTC:
        return codes.PEG_WRONG_KIND
    if enters and order_type <= codes.LIMIT_MAKER and market.status == codes.AUCTION:
        return codes.MARKET_CLOSED
    return 0


def price_of(market: Market, side: int, price_kind: int, offset: int) -> int:
    """The price that an order of this side takes from the book as it is; 0 where there is no such level."""
    is_bid = (side == codes.BUY) == (price_kind == codes.PRIMARY_PEG)
    level = market.bids.best if is_bid else market.asks.best
    while level and offset > 0:
        level = level.worse
        offset -= 1
    if not level:
        return 0
    return level.key if is_bid else -level.key


def note_peg(rows: Rows, at: int, market: Market, order: "records.Order") -> None:
    """Keep what a row says of its peg, and the price that it sent; an order that enters its book takes its price."""
    peg = rows.peg(at)
    if peg:
        order.details.peg_kind = peg.price_kind
        order.details.peg_offset_kind = peg.offset_kind
        order.details.peg_offset = peg.offset
        order.details.sent_price = order.price
        choose(market, order)


def enters_at(market: Market, order: "records.Order") -> int:
    """The price of an order that works at once: its own, or of a pegged one what the book says now."""
    if order.details.peg_kind:
        return price_of(market, order.flags.side, order.details.peg_kind, order.details.peg_offset)
    return order.price


def choose(market: Market, order: "records.Order") -> None:
    """Give a pegged order that enters its book its price; one that still waits keeps what it sent."""
    details = order.details
    if details.peg_kind and not details.pending and order.flags.type <= codes.LIMIT_MAKER:
        order.price = details.pegged_price = enters_at(market, order)


def postpone(order: "records.Order") -> None:
    """A pending order takes its price later."""
    if order.details.peg_kind:
        order.price = order.details.sent_price
        order.details.pegged_price = 0


def take_price(order: "records.Order", price: int, need: int) -> None:
    """Give a pegged order that was set off its price, and let it hold what it needs there."""
    order.price = order.details.pegged_price = price
    more = need - order.held
    cell = order.seat.quote if order.flags.side == codes.BUY else order.seat.base
    cell.available -= more
    cell.held += more
    order.held = need
