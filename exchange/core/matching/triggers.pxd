cimport cython
from . cimport codes
from .market cimport Market
from .pool cimport Pool
from .records cimport word, Details, Level, Order, OrderList

@cython.locals(is_stop_loss=cython.bint)
cdef bint is_above(long long order_type, long long side) noexcept
cdef bint fires_above(Order *order) noexcept
cdef long long behind(long long extreme, long long side, long long delta) except? -1


@cython.final
cdef class Triggers:
    cdef Pool pool
    cdef readonly long long busy
    cdef int wait(self, Market market, Order *order) except -1
    cdef int line_up(self, Market market, Order *order) except -1
    cdef int leave(self, Market market, Order *order) except -1
    cdef int unqueue(self, Market market, Order *order) except -1
    cdef int stop_following(self, Market market, Order *order) except -1
    cdef int unlink(self, Order *order) except -1
    cdef int touch(self, Market market, long long price) except -1
    cdef int follow(self, Market market, long long price) except -1
    @cython.locals(above=cython.bint)
    cdef int move(self, Order *order, long long price) except -1
    cdef bint is_set_off(self, Order *order, long long price) noexcept
    @cython.locals(is_sale=cython.bint)
    cdef int note_next(self, Market market, Order *order) except -1
    cdef Order *pending(self, Market market) noexcept
    cdef int settle(self, Market market) except -1
