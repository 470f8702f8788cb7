"""Pegged orders: the price that one took must have stood in the book, where its peg says."""

from exchange.audit.orders import Order, Side
from exchange.audit.source import Words
from exchange.core.matching import codes


def asked(row: Words) -> Words:
    """What a row asks for: kind of price, kind of offset, offset, and the price that it sends; empty without a peg."""
    for at in range(codes.ROW_WORDS, len(row), codes.EXTENSION_WORDS):
        if row[at] == codes.PEG:
            return [*row[at + 1 : at + 4], row[7]]
    return []


def fold(order: Order, sides: tuple[Side, Side], told: Words) -> str:
    """How an order is pegged, and which price it has taken; returns what is wrong with that, if anything is."""
    kind, _, offset, _, price = told
    before = order.peg or [*told[:4], 0]
    order.peg = told
    if before[:4] != told[:4] or before[4] not in (0, price):
        return f"an order is pegged as {told}, before as {before}"
    if before[4] or not price:
        return ""
    order.limit = price
    side = order.side if kind == codes.PRIMARY_PEG else 1 - order.side
    there = sides[side].price_behind(offset)
    return "" if there == price else f"a pegged order took {price}, the book has {there} there"
