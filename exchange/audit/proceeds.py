"""What OPO and OPOCO lists keep of what their working orders receive: what must be told of it, how much is sold."""

from math import lcm
from typing import NamedTuple

from exchange.audit.source import Words
from exchange.audit.venue import Market
from exchange.core.matching import codes
from exchange.messages.orders import ListStatus


class Kept(NamedTuple):
    """Proceeds that must be told as locked: where and for whom, what was received, and what fee came off that."""

    market: int
    account: int
    list_id: int
    order_id: int
    trade_id: int
    received: int
    fee: int


class Proceeds:
    """Lists whose pending orders sell what the working order buys; `due` is what must be told next."""

    def __init__(self) -> None:
        self.lists: dict[int, tuple[int, int, int]] = {}
        """By working order: the list, and its pending orders."""
        self.second_of: dict[int, int] = {}
        """By first pending order: the second one, or 0."""
        self.due: Kept | None = None
        self.lots: dict[int, int] = {}
        """Of the second order of a pair that is entering, its lots: those of the first."""

    def list_changed(self, words: Words, at: int) -> None:
        list_id, contingency, status = words[at + 4 : at + 7]
        working, first, second = words[at + 9 : at + 12]
        if contingency >= codes.OPO:
            if status == ListStatus.STARTED:
                self.lists[working] = list_id, first, second
                self.second_of[first] = second
            elif status == ListStatus.DONE:
                self.lists.pop(working, None)
                self.second_of.pop(first, None)
                self.lots.pop(second, None)

    def traded(self, words: Words, at: int, order_id: int, account: int, fee: tuple[int, int], base: int) -> None:
        """One side of a fill: of a working order what it receives is locked next."""
        if order_id in self.lists:
            list_id, first, _ = self.lists[order_id]
            fee_of_base = max(fee[0], 0) if fee[1] == base else 0
            self.due = Kept(words[at + 2], account, list_id, first, words[at + 3], words[at + 7], fee_of_base)

    def amount(self, kept: Kept, available: int, *, is_discount: bool) -> int:
        """What is locked: all of it where the fee can be had from what else is available, else what the fee left."""
        is_free = kept.fee == 0 or (available >= kept.received and not is_discount)
        return kept.received if is_free else kept.received - kept.fee

    def sized(self, market: Market, order_id: int, held: int, *, is_unpriced: bool) -> int | None:
        """The lots that a pending order of such a list enters with; None of any other order. `is_unpriced` says whether
        one of those that enter trades at any price.
        """
        if order_id in self.lots:
            return self.lots.pop(order_id)
        second = self.second_of.get(order_id)
        if second is None:
            return None
        found = self.lots_of(market, held, is_unpriced=is_unpriced)
        if second:
            self.lots[second] = found
        return found

    @staticmethod
    def lots_of(market: Market, held: int, *, is_unpriced: bool) -> int:
        """As many lots as LOT_SIZE, and where one of them has no price MARKET_LOT_SIZE, let through."""
        most, steps = market.filter("max_quantity"), [max(market.filter("quantity_step"), 1)]
        if market.filter("market_max_quantity") and is_unpriced:
            most = min(most, market.filter("market_max_quantity"))
            steps.append(max(market.filter("market_quantity_step"), 1))
        step = lcm(*steps)
        return min(held // market.base_per_lot, most) // step * step
