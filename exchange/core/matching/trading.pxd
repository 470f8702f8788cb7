cimport cython
from . cimport average, codes, guards, indexes, proceeds, sides, transfers
from .events cimport Events
from .fees cimport Fees
from .due cimport DueOrders
from .indexes cimport ClientIndex, OrderIndex
from .links cimport Links
from .market cimport Market
from .pool cimport Pool
from .records cimport word, Account, Cell, ClientId, Details, Level, Order, OrderList, Seat
from .triggers cimport Triggers

cdef bint same_owner(Account *one, Account *other) noexcept
cdef long long fee_of(long long amount, long long ppm, long long rounding) except? -1
cdef long long rebate_of(long long amount, long long ppm, long long most) except? -1
cdef bint waits(Order *order) noexcept
cdef bint is_known(Order *order) noexcept
cdef long long shown_of(Order *order) noexcept


@cython.final
cdef class Trading:
    cdef Pool pool
    cdef OrderIndex orders
    cdef ClientIndex clients
    cdef Events events
    cdef Fees fees
    cdef readonly Triggers triggers
    cdef readonly Links links
    cdef readonly DueOrders due
    cdef long long kept_back
    cdef long long now_ns
    cdef long long lots
    cdef long long cost
    cdef bint blocked
    cdef bint cut
    cdef long long taker_paid
    cdef long long taker_received
    cdef long long taker_fees
    cdef long long maker_fees
    cdef long long rebates
    @cython.locals(alone=cython.bint)
    cdef int walk(self, Market market, Account *account, long long own_orders, long long side, long long mode,
                  long long limit_key, long long quantity, long long budget) except -1
    @cython.locals(stops=cython.bint, only_shown=cython.bint)
    cdef word open_to(self, Market market, Level *level, Account *account, long long mode, long long most) except -1
    cdef word match(self, Market market, Order *taker, long long limit_key) except -1
    @cython.locals(ends_taker=cython.bint, ends_maker=cython.bint)
    cdef bint prevent(self, Market market, Order *taker, Order *maker) except -1
    @cython.locals(taker_buys=cython.bint)
    cdef int trade(self, Market market, Order *taker, Order *maker) except -1
    cdef int settle_taker(self, Market market, Order *taker) except -1
    @cython.locals(is_new=cython.bint)
    cdef int rest(self, Market market, Order *order) except -1
    cdef int keep_taken(self, Market market, Order *taker, long long received, long long fee) except -1
    cdef int leave_or_refill(self, Market market, Order *order, long long traded, long long fee) except -1
    cdef int note_fill(self, Market market, Order *order, long long traded, long long fee) except -1
    cdef bint decrement(self, Market market, Order *taker, Order *maker) except -1
    cdef word shrink(self, Market market, Order *order, long long lots) except? -1
    cdef int refill(self, Market market, Order *order) except -1
    cdef int cover(self, Market market, Order *order) except -1
    cdef int remember(self, Order *order) except -1
    cdef int wait(self, Market market, Order *order) except -1
    cdef int drop(self, Order *order) except -1
    cdef int forget(self, Order *order) except -1
    @cython.locals(is_open=cython.bint)
    cdef int cancel(self, Market market, Order *order, long long reason, ClientId cancel_id,
                    long long counter_order) except -1
    cdef word release_claim(self, Order *order, long long kept) except -1
    cdef Level *queue(self, Market market, Order *order) except NULL
    cdef word unqueue(self, Market market, Order *order) except -1
    cdef int take_seat(self, Order *order) noexcept
    cdef int leave_seat(self, Order *order) noexcept
