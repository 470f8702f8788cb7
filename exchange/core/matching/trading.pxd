cimport cython
from . cimport arithmetic, average, book, codes, indexes
from .book cimport Book
from .events cimport Events
from .indexes cimport ClientIndex, OrderIndex
from .ladder cimport Ladder
from .market cimport Market
from .pool cimport Pool
from .records cimport word, Account, ClientId, Level, Order, Seat

cdef bint same_owner(Account *one, Account *other) noexcept


@cython.final
cdef class Trading:
    cdef Pool pool
    cdef Book book
    cdef OrderIndex orders
    cdef ClientIndex clients
    cdef Events events
    cdef long long now_ns
    cdef long long lots
    cdef long long cost
    cdef bint blocked
    cdef long long taker_paid
    cdef long long taker_received
    cdef long long taker_fees
    cdef long long maker_fees
    @cython.locals(alone=cython.bint)
    cdef int walk(self, Market market, Account *account, long long own_orders, long long side, long long mode,
                  long long limit_key, long long quantity, long long budget) except -1
    cdef word open_to(self, Level *level, Account *account, long long mode) except -1
    cdef word match(self, Market market, Order *taker, long long limit_key) except -1
    @cython.locals(ends_taker=cython.bint, ends_maker=cython.bint)
    cdef bint prevent(self, Market market, Order *taker, Order *maker) except -1
    @cython.locals(taker_buys=cython.bint)
    cdef int trade(self, Market market, Order *taker, Order *maker) except -1
    cdef int settle_maker(self, Market market, Order *maker, long long maker_side, long long base_amount,
                          long long quote_amount, long long fee) except -1
    cdef int settle_taker(self, Market market, Order *taker) except -1
    cdef int rest(self, Market market, Order *order) except -1
    cdef int forget(self, Order *order) except -1
    cdef int cancel(self, Market market, Order *order, long long reason, ClientId cancel_id,
                    long long counter_order) except -1
    cdef word release_claim(self, Market market, Order *order, long long kept) except -1
