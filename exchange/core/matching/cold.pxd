cimport cython

from . cimport codes, indexes
from .buffers cimport Rows
from .due cimport DueOrders
from .market cimport Market
from .checks cimport Checks
from .matching cimport Matching
from .records cimport Account, Cell, ClientId, Key, Level, Order, Row, Seat

cpdef long long extent(Matching matching, data, long long at) except -1

@cython.locals(market=Market)
cpdef tuple read_row(Matching matching, data, long long at, long long seq, long long now_ns)

cpdef bytes row_client_id(Matching matching, long long at)
cpdef long long refused_sender(Matching matching, long long at) except -1
@cython.locals(before=cython.longlong)
cpdef long long place_remembered(Matching matching, long long at) except -1
@cython.locals(market=Market, number=cython.longlong)
cpdef bint owes_entries(Matching matching) except? -1
cpdef int allow_pegs(Matching matching, bint is_allowed) except -1
cpdef int reject_row(Matching matching, long long at, long long code) except -1

@cython.locals(canceled=cython.longlong)
cpdef long long cancel_seat(Matching matching, long long at, Market market) except -1

@cython.locals(canceled=cython.longlong)
cpdef long long cancel_orders(Matching matching, long long account_id, Market market, long long reason, long long seq,
                              long long now_ns) except -1
cpdef key(Matching matching, long long key_id)
cpdef account(Matching matching, long long account_id)

@cython.locals(rank=cython.longlong)
cpdef list all_cells(Matching matching)

cpdef list cells_of(Matching matching, long long account_id, long long assets)

cdef dict order_fields(Order *order)
cpdef order_by_id(Matching matching, long long order_id)
cpdef order_by_client_id(Matching matching, long long account_id, bytes client_id)
cpdef list orders_of(Matching matching, long long account_id, long long market_id)

@cython.locals(rank=cython.longlong)
cpdef list all_orders(Matching matching)

cpdef list depth(Market market, long long side, long long limit)

@cython.locals(market=Market, total=cython.longlong, number=cython.longlong)
cpdef long long moved(Matching matching) except -1
@cython.locals(market=Market, total=cython.longlong, number=cython.longlong)
cpdef long long memory(Matching matching) except -1
@cython.locals(market=Market)
cpdef long long expire(Matching matching, long long seq, long long now_ns) except -1
cpdef long long fullest_line(Matching matching) except -1
