cimport cython
from . cimport codes
from .events cimport Events
from .market cimport Market
from .records cimport Account, Cell, Order, Seat

cdef bint is_due(Order *taker, Order *maker) noexcept
@cython.locals(base_amount=cython.longlong, quote_amount=cython.longlong, taker_buys=cython.bint)
cdef int hand_over(Events events, Market market, Order *taker, Order *maker, long long lots) except -1
