cimport cython
from . cimport codes
from .events cimport Events
from .market cimport Market
from .records cimport word, Account, Cell, Details, Order, OrderList, Seat

cdef bint are_kept(Order *order) noexcept
@cython.locals(amount=cython.longlong)
cdef int keep(Events events, Market market, Order *order, long long received, long long fee,
              long long discount_asset) except -1
@cython.locals(divisor=cython.longlong, rest=cython.longlong, left=cython.longlong, parts=cython.longlong)
cdef long long common_step(long long one, long long other, long long most) except? -1
@cython.locals(lots=cython.longlong, step=cython.longlong, most=cython.longlong)
cdef long long lots_of(Market market, OrderList *order_list) except? -1
cdef bint has_no_price(OrderList *order_list) noexcept
cdef bint is_unpriced(Order *order) noexcept
