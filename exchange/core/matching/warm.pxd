# Memory fetched ahead of its use: warm.pyx over C memory; warm.py does nothing. No rule of the exchange is in here.
cimport cython
from . cimport sides
from .records cimport word, Account, Level, Order, Row
from .buffers cimport Reader, Rows
from .indexes cimport Accounts, Cells, ClientIndex, Keys, Line, Markets, OrderIndex, Seats
from .market cimport Market
from .pool cimport fetch, fetch_line

cdef enum:
    AHEAD = 28


# A row that comes, and where what it will touch was found. Where its seat is not at hand (`node` is NULL), `home` is
# the bucket of that seat, or `base` and `quote` are those of the two cells that a new seat will have; NULL: none. Where
# there are many markets, `ladder` is the one on which its order would rest, if that has no level at hand for it, and at
# last `node` the leaf where that level would stand.
cdef struct Ahead:
    Row *row
    void **slot
    void **home
    void **base
    void **quote
    void *node
    Level *level
    void *ladder


@cython.final
cdef class Warmer:
    cdef Rows rows
    cdef Accounts accounts
    cdef Keys keys
    cdef Markets markets
    cdef Seats seats
    cdef Cells cells
    cdef OrderIndex orders
    cdef ClientIndex clients
    cdef void *nothing
    # Of the row behind the next one.
    cdef void **slot
    cdef long long places
    cdef long long cancels
    cdef Ahead placing[29]
    cdef Ahead canceling[29]
    cdef void glance(self, long long at) noexcept
    cdef void fetch_account(self, long long id) noexcept
    cdef word fetch(self, long long at, long long next_order_id) noexcept
    cdef void *market_of(self, Row *row) noexcept
    cdef void fetch_market(self, Row *row) noexcept
    cdef void fetch_ladders(self, Row *row) noexcept
    cdef void find_markets(self) noexcept
    cdef void find_ladders(self) noexcept
    cdef void follow_ladders(self) noexcept
    cdef void find_places(self) noexcept
    cdef void find_home(self, Ahead *ahead, Account *account) noexcept
    cdef void follow_home(self, Ahead *ahead) noexcept
    cdef void follow_cell(self, void **bucket) noexcept
    cdef void find_cancels(self) noexcept
    cdef void follow_places(self) noexcept
    cdef void **level_slot(self, Row *row) noexcept
    cdef void follow_cancels(self) noexcept
    cdef void follow_level(self, Level *level, Row *row) noexcept
    cdef void fetch_encoded(self, Reader reader, long long market) noexcept
    cdef void fetch_ranked(self, long long rank) noexcept

    # Of a command that is being applied already: waited for while its checks go on and its event is written.

    cdef inline void fetch_level(self, Market market, Row *row) noexcept:
        """Ask for the level where an order will rest, if one of that price was sought lately."""
        level = sides.recent(market, row.flags.side, row.price)
        fetch(level if level else <void *> row)

    cdef inline void fetch_order(self, Order *order) noexcept:
        """Ask for what is written when an order leaves: its level, its neighbours, where its client id stands."""
        if order:
            fetch(order.level)
            fetch(order.prev if order.prev else order)
            fetch(order.next if order.next else order)
            fetch_line(order.seat_prev if order.seat_prev else order, 1)
            fetch_line(order.seat_next if order.seat_next else order, 1)
            fetch(self.clients.home(order.digest))
