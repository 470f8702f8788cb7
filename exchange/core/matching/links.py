"""What hangs together: lists of orders, and what has happened to one of them that concerns the others.

Trading notes here what it does to an order of a list; `lists.py` carries out what follows, when that order is done. At
most one leg of a list is in a book at a time (a leg that waits for a price works from its trigger on, and that ends
the others), so nothing is lost by the delay.
"""

from . import codes, indexes, records
from .indexes import ListHeads
from .market import Market
from .pool import Pool


class Links:
    """The open lists of one core, oldest first by account, and those that something `touched` in this command."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.heads = ListHeads()
        self.next_list_id = 1
        self.touched = self.last_touched = self.pool.no_list()

    def add(self, order_list: "records.OrderList", account: "records.Account") -> None:
        """Remember a list as its account's youngest."""
        order_list.account = account
        youngest = self.heads.find(account.id)
        if youngest:
            while youngest.younger:
                youngest = youngest.younger
            youngest.younger = order_list
            order_list.older = youngest
        else:
            self.heads.put(account.id, order_list)

    def forget(self, order_list: "records.OrderList") -> None:
        older = order_list.older
        younger = order_list.younger
        if older:
            older.younger = younger
        else:
            self.heads.put(order_list.account.id, younger)
        if younger:
            younger.older = older
        self.pool.give_list(order_list)

    def find(self, account: "records.Account", list_id: int, client_id: "records.ClientId") -> "records.OrderList":
        """An account's open list by its number, or by its client id where that is 0."""
        order_list = self.heads.find(account.id)
        while order_list:
            if order_list.id == list_id if list_id else indexes.same_client_id(order_list.client_id, client_id):
                break
            order_list = order_list.younger
        return order_list

    def count(self, account: "records.Account", market: int) -> int:
        """How many lists an account has open in a market (0: in all)."""
        count = 0
        order_list = self.heads.find(account.id)
        while order_list:
            if market == 0 or order_list.market == market:
                count += 1
            order_list = order_list.younger
        return count

    def link(self, order_list: "records.OrderList", order: "records.Order") -> None:
        order.details.order_list = order_list
        order.details.list_id = order_list.id

    def unlink(self, order: "records.Order") -> None:
        """An order has nothing to do with its list any more."""
        order_list = order.details.order_list
        nobody = self.pool.no_order()
        if order == order_list.working:
            order_list.working = nobody
        elif order == order_list.first:
            order_list.first = nobody
        else:
            order_list.second = nobody
        if order == order_list.started:
            order_list.started = nobody
        order.details.order_list = self.pool.no_list()

    def is_empty(self, order_list: "records.OrderList") -> bool:
        return not order_list.working and not order_list.first and not order_list.second

    def sibling(self, order: "records.Order") -> "records.Order":
        """The leg that ends where this one works, if there is one."""
        order_list = order.details.order_list
        if order == order_list.first:
            return order_list.second
        if order == order_list.second:
            return order_list.first
        return self.pool.no_order()

    def rename(self, order: "records.Order") -> None:
        """An order of a list has another client id."""
        order_list = order.details.order_list
        if order == order_list.working:
            order_list.working_name = order.client_id
        elif order == order_list.first:
            order_list.first_name = order.client_id
        else:
            order_list.second_name = order.client_id

    def traded(self, order: "records.Order") -> None:
        """An order of a list that rests has traded."""
        if order.remaining == 0:
            self.filled(order)
        else:
            self.lost(order)

    def lost(self, order: "records.Order") -> None:
        """An order of a list has less left, by a trade or by self-trade prevention: a leg has begun so."""
        order_list = order.details.order_list
        if order != order_list.working:
            order_list.started = order
            self.touch(order_list, codes.LEG_STARTED)

    def filled(self, order: "records.Order") -> None:
        order_list = order.details.order_list
        happened = codes.LEG_WORKED if order == order_list.working else codes.LEG_STARTED
        self.unlink(order)
        self.touch(order_list, happened)

    def ended(self, order: "records.Order", reason: int, cancel_id: "records.ClientId") -> None:
        """An order of a list has ended with something unfilled: the first to do so says why the others will."""
        order_list = order.details.order_list
        if not order_list.happened & codes.LEG_ENDED:
            is_asked = reason == codes.BY_REQUEST or reason == codes.BY_CANCEL_ALL or reason == codes.COUNTED_DOWN
            if not is_asked and reason != codes.DISCONNECTED:
                is_phase_one = order == order_list.working
                reason = codes.OTO_PHASE_ONE_EXPIRED if is_phase_one else codes.OCO_TRIGGER
            order_list.reason = reason
            order_list.cancel_id = cancel_id
        self.unlink(order)
        self.touch(order_list, codes.LEG_ENDED)

    def touch(self, order_list: "records.OrderList", happened: int) -> None:
        if not order_list.happened:
            if self.touched:
                self.last_touched.next_touched = order_list
            else:
                self.touched = order_list
            self.last_touched = order_list
        order_list.happened = order_list.happened | happened

    def take_touched(self) -> "records.OrderList":
        """The list that was touched first; its `happened` is the caller's to clear."""
        order_list = self.touched
        self.touched = order_list.next_touched
        order_list.next_touched = self.pool.no_list()
        return order_list

    def make_ready(self, market: Market, order_list: "records.OrderList") -> None:
        """The legs of a list may enter their market, behind those of lists that were ready before."""
        last = market.last_ready
        if last:
            last.next_ready = order_list
        else:
            market.first_ready = order_list
        market.last_ready = order_list
        market.waiting += 1

    def take_ready(self, market: Market, order_list: "records.OrderList") -> None:
        """Take a list out of those that are ready, if it is among them."""
        earlier = self.pool.no_list()
        at = market.first_ready
        while at and at != order_list:
            earlier = at
            at = at.next_ready
        if at:
            if earlier:
                earlier.next_ready = at.next_ready
            else:
                market.first_ready = at.next_ready
            if market.last_ready == at:
                market.last_ready = earlier
            at.next_ready = self.pool.no_list()
            market.waiting -= 1
