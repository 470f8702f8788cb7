# cython: overflowcheck=False
"""Memory fetched ahead of its use.

A command touches a dozen records at places that only its row tells: its key and account, its seat, a cell, an order and
that order's neighbours. Waiting for each in turn takes longer than all the arithmetic. So the next rows of a run are
looked at together before they are applied: each pass asks for what the pass before has brought, and the waits of 28
commands pass side by side. Only hints are given: nothing is written, no result depends on it.

Placements and cancels are listed apart first, because a processor cannot foresee which of them a row is. Where a bucket
is empty the bucket itself is asked for again, which costs nothing and needs no branch either.
"""
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE

from .buffers cimport Reader, Rows
from .codes cimport BUY, CANCEL, EXTENSION_WORDS, ORDER_WORDS, PLACE, ROW_WORDS, WARM_MARKETS_FROM
from .indexes cimport Accounts, Cells, ClientIndex, Keys, Line, Markets, OrderIndex, Seats, pair_hash
from .ladder cimport Ladder, Node
from .market cimport Market
from .pool cimport fetch, fetch_line
from .trading cimport Trading
from .records cimport Account, Cell, Level, Order, Row, Seat
from .sides cimport key


cdef inline void fetch_node(Node *node) noexcept:
    cdef long long line
    for line in range(4):
        fetch_line(node, line)


cdef class Warmer:
    """Looks at up to 28 rows at a time."""

    def __init__(self, Rows rows, Accounts accounts, Keys keys, Markets markets, Seats seats, Trading trading):
        self.rows = rows
        self.accounts = accounts
        self.keys = keys
        self.markets = markets
        self.seats = seats
        self.cells = seats.cells
        self.orders = trading.orders
        self.clients = trading.clients
        self.slot = &self.nothing

    cdef void glance(self, long long at) noexcept:
        """Ask for what the next two commands will touch first, where the whole venue is in the cache or near it.

        Rows without extensions are taken for granted: words that are no row ask in vain, and for nothing outside.
        """
        cdef Row *row
        cdef void *node
        if at + 3 * ROW_WORDS > self.rows.count:
            return
        row = self.rows.at(at + 2 * ROW_WORDS)
        # What was found for the row behind the next one when it was looked at last.
        node = self.slot[0]
        node = node if node else row
        fetch(node)
        fetch_line(node, 1)
        fetch_line(node, 2)
        self.slot = self.orders.slot(row.order_id)
        self.fetch_account(row.account)
        fetch(self.slot)

    cdef void fetch_account(self, long long id) noexcept:
        cdef Account *account = self.accounts.near(id)
        fetch(account)
        fetch_line(account, 1)
        fetch_line(account, 2)
        fetch_line(account, 3)

    cdef word fetch(self, long long at, long long next_order_id) noexcept:
        """Ask for what the rows from word `at` on will touch; returns the word up to which they were looked at."""
        cdef long long count = 0, kind, id
        cdef Row *row
        cdef bint are_many = PyList_GET_SIZE(self.markets.markets) > WARM_MARKETS_FROM
        rows = self.rows
        self.places = 0
        self.cancels = 0
        while count < AHEAD and at + ROW_WORDS <= rows.count:
            row = rows.at(at)
            kind = row.kind
            self.placing[self.places].row = row
            self.places += kind == PLACE
            self.canceling[self.cancels].row = row
            self.cancels += kind == CANCEL
            self.fetch_account(row.account)
            if not 0 <= row.extensions <= 7:
                at = rows.count
                break
            at += ROW_WORDS + EXTENSION_WORDS * row.extensions
            count += 1
        # Eight buckets of orders that will come share a line.
        for id in range(next_order_id, next_order_id + self.places + 8, 8):
            fetch(self.orders.slot(id))
        # Where there are many markets, these are far away as well.
        if are_many:
            self.find_markets()
            self.find_ladders()
        self.find_places()
        self.find_cancels()
        self.follow_places()
        self.follow_cancels()
        if are_many:
            self.follow_ladders()
        return at

    cdef void *market_of(self, Row *row) noexcept:
        """A row's market, borrowed: to count a reference would wait for it."""
        if 0 < row.market <= PyList_GET_SIZE(self.markets.markets):
            return <void *> PyList_GET_ITEM(self.markets.markets, row.market - 1)
        return NULL

    cdef void find_markets(self) noexcept:
        cdef long long number
        for number in range(self.places):
            self.fetch_market(self.placing[number].row)
        for number in range(self.cancels):
            self.fetch_market(self.canceling[number].row)

    cdef void fetch_market(self, Row *row) noexcept:
        """Ask for what every order asks of its market."""
        cdef long long line
        market = self.market_of(row)
        if market:
            for line in range(6):
                fetch_line(market, line)

    cdef void find_ladders(self) noexcept:
        cdef long long number
        for number in range(self.places):
            self.fetch_ladders(self.placing[number].row)
        for number in range(self.cancels):
            self.fetch_ladders(self.canceling[number].row)

    cdef void fetch_ladders(self, Row *row) noexcept:
        market = self.market_of(row)
        if market:
            fetch(<void *> (<Market> market).bids)
            fetch_line(<void *> (<Market> market).bids, 1)
            fetch(<void *> (<Market> market).asks)
            fetch_line(<void *> (<Market> market).asks, 1)

    cdef void follow_ladders(self) noexcept:
        """Where no level is at hand there may be none: then it will stand in a leaf, between two others."""
        cdef long long number, at
        cdef Ahead *ahead
        for number in range(self.places):
            ahead = &self.placing[number]
            market = self.market_of(ahead.row)
            ahead.ladder = NULL
            if market and not ahead.level:
                if ahead.row.flags.side == BUY:
                    ahead.ladder = <void *> (<Market> market).bids
                else:
                    ahead.ladder = <void *> (<Market> market).asks
                fetch_node((<Ladder> ahead.ladder).root)
        for number in range(self.places):
            ahead = &self.placing[number]
            if ahead.ladder:
                ahead.node = (<Ladder> ahead.ladder).below_root(key(ahead.row.flags.side, ahead.row.price))
                fetch_node(<Node *> ahead.node)
        for number in range(self.places):
            ahead = &self.placing[number]
            if ahead.ladder:
                at = key(ahead.row.flags.side, ahead.row.price)
                (<Ladder> ahead.ladder).fetch_neighbours(<Node *> ahead.node, at)

    cdef void find_places(self) noexcept:
        cdef long long number
        cdef Ahead *ahead
        for number in range(self.places):
            ahead = &self.placing[number]
            account = self.accounts.find(ahead.row.account)
            ahead.node = self.seats.at_hand(account, ahead.row.market) if account else NULL
            if account and account.trading_key != ahead.row.key:
                fetch(self.keys.place(ahead.row.key))
            if ahead.node:
                fetch(ahead.node)
            else:
                self.find_home(ahead, account)
            ahead.slot = self.level_slot(ahead.row)
            fetch(ahead.slot)
            fetch(self.clients.home(self.clients.digest(ahead.row.account, ahead.row.client_id)))

    cdef void find_home(self, Ahead *ahead, Account *account) noexcept:
        """Ask for the bucket of a seat that is not at hand; where the account has no such seat, for those of the cells
        that it will take, if these are not at hand either.
        """
        market = self.market_of(ahead.row)
        ahead.home = ahead.base = ahead.quote = NULL
        if not account or not market:
            return
        if account.seats[2]:
            ahead.home = self.seats.head(pair_hash(account.id, ahead.row.market))
        else:
            ahead.base = self.cells.home(account, (<Market> market).base)
            ahead.quote = self.cells.home(account, (<Market> market).quote)
        fetch(ahead.home)
        fetch(ahead.base)
        fetch(ahead.quote)

    cdef void follow_home(self, Ahead *ahead) noexcept:
        """Ask for the first record of each bucket that `find_home` has found."""
        if ahead.home:
            ahead.node = ahead.home[0]
        fetch(ahead.node)
        fetch(ahead.base[0] if ahead.base else NULL)
        fetch(ahead.quote[0] if ahead.quote else NULL)

    cdef void follow_cell(self, void **bucket) noexcept:
        """Another account's cell may stand before its own."""
        if bucket and bucket[0]:
            fetch((<Cell *> bucket[0]).link)

    cdef void find_cancels(self) noexcept:
        cdef long long number
        cdef Ahead *ahead
        for number in range(self.cancels):
            ahead = &self.canceling[number]
            ahead.slot = self.orders.slot(ahead.row.order_id)
            fetch(ahead.slot)

    cdef void follow_places(self) noexcept:
        cdef long long number
        cdef Ahead *ahead
        cdef Seat *seat
        for number in range(self.places):
            ahead = &self.placing[number]
            ahead.level = <Level *> ahead.slot[0]
            fetch(ahead.level if ahead.level else ahead.slot)
            if not ahead.node:
                self.follow_home(ahead)
        for number in range(self.places):
            ahead = &self.placing[number]
            seat = <Seat *> ahead.node
            if seat:
                fetch(seat.quote if ahead.row.flags.side == BUY else seat.base)
                fetch_line(seat.last if seat.last else seat, 1)
            else:
                self.follow_cell(ahead.base)
                self.follow_cell(ahead.quote)
            if ahead.level:
                fetch(ahead.level.last)

    cdef void **level_slot(self, Row *row) noexcept:
        """Where the level on which a row's order would rest is at hand, if it is."""
        market = self.market_of(row)
        if not market:
            return &self.nothing
        if row.flags.side == BUY:
            return (<Market> market).bids.recent_slot(row.price)
        return (<Market> market).asks.recent_slot(-row.price)

    cdef void follow_cancels(self) noexcept:
        cdef long long number
        cdef Ahead *ahead
        cdef Order *order
        cdef Level *level
        for number in range(self.cancels):
            ahead = &self.canceling[number]
            ahead.node = ahead.slot[0] if ahead.slot[0] else ahead.slot
            fetch(ahead.node)
            fetch_line(ahead.node, 1)
            fetch_line(ahead.node, 2)
        for number in range(self.cancels):
            ahead = &self.canceling[number]
            if ahead.slot[0]:
                order = <Order *> ahead.node
                fetch(order.seat)
                self.fetch_order(order)
        for number in range(self.cancels):
            ahead = &self.canceling[number]
            if ahead.slot[0]:
                order = <Order *> ahead.node
                fetch(order.seat.quote if order.flags.side == BUY else order.seat.base)
                level = order.level
                if level and level.first == level.last:
                    self.follow_level(level, ahead.row)

    cdef void follow_level(self, Level *level, Row *row) noexcept:
        """A level that loses its only order leaves its ladder."""
        market = self.market_of(row)
        fetch(level.better if level.better else level)
        fetch(level.worse if level.worse else level)
        fetch_node(<Node *> level.leaf)
        if market:
            if level.key < 0:
                fetch((<Market> market).asks.recent_slot(level.key))
            else:
                fetch((<Market> market).bids.recent_slot(level.key))

    cdef void fetch_encoded(self, Reader reader, long long market) noexcept:
        """Ask for what orders of a market's encoding will touch, taking those that come for ones with nothing rare."""
        cdef long long at = reader.at + 4 * ORDER_WORDS
        cdef Account *account
        if at + 5 * ORDER_WORDS <= reader.count:
            account = self.accounts.find(reader.words[at + 2])
            if account:
                node = self.seats.at_hand(account, market)
                fetch(node if node else self.seats.head(pair_hash(account.id, market)))
            at += 4 * ORDER_WORDS
            fetch(self.orders.slot(reader.words[at]))
            self.fetch_account(reader.words[at + 2])

    cdef void fetch_ranked(self, long long rank) noexcept:
        """Ask for what the orders behind the one of that rank touch when they are given their seats and client ids."""
        cdef Order *order = self.orders.ranked(rank + 24)
        fetch(order)
        fetch_line(order, 1)
        fetch_line(order, 2)
        order = self.orders.ranked(rank + 16)
        if order:
            fetch(order.seat)
        order = self.orders.ranked(rank + 8)
        if order:
            fetch(order.seat.account)
            fetch_line(order.seat.last if order.seat.last else order, 1)
        order = self.orders.ranked(rank + 4)
        if order:
            fetch(self.clients.home(self.clients.digest(order.seat.account.id, order.client_id)))
