cimport cython
from . cimport codes, indexes, wide
from .buffers cimport Reader, Writer
from .due cimport DueOrders
from .indexes cimport ListHeads
from .ladder cimport Ladder
from .links cimport Links
from .market cimport Market
from .matching cimport Matching
from .records cimport Account, Cell, ClientId, Details, Key, Level, Order, OrderList, Seat

cdef int write_market(Market market, Writer writer) except -1
cdef int write_side(Ladder ladder, Writer writer) except -1
cdef int write_trailing(Market market, Writer writer) except -1
cdef int write_order(Order *order, Writer writer) except -1
@cython.locals(market=Market)
cdef int read_market(Matching matching, Reader reader) except -1
@cython.locals(words=cython.longlong)
cdef Order *read_order(Matching matching, Market market, Reader reader) except NULL

@cython.locals(market=Market, writer=Writer, number=cython.longlong)
cpdef bytes write_orders(Matching matching)

@cython.locals(market=Market, writer=Writer, number=cython.longlong)
cpdef bytes write_markets(Matching matching)

@cython.locals(writer=Writer)
cpdef bytes write_counters(Matching matching)

@cython.locals(writer=Writer)
cpdef bytes write_accounts(Matching matching, long long end)

@cython.locals(writer=Writer)
cpdef bytes write_keys(Matching matching, long long end)

@cython.locals(writer=Writer, rank=cython.longlong)
cpdef bytes write_cells(Matching matching)

@cython.locals(reader=Reader)
cpdef int restore(Matching matching, long long number, object content) except -1

@cython.locals(market=Market, rank=cython.longlong)
cdef int read_orders(Matching matching, Reader reader) except -1

@cython.locals(rank=cython.longlong)
cpdef int remember_orders(Matching matching) except -1

@cython.locals(market=Market, writer=Writer, number=cython.longlong, count=cython.longlong)
cpdef bytes write_lists(Matching matching, long long end)
cdef int write_list(OrderList *order_list, Writer writer) except -1
cdef int write_leg(Order *order, Writer writer) except -1
@cython.locals(market=Market, links=Links, number=cython.longlong)
cdef int read_lists(Matching matching, Reader reader) except -1
cdef int read_list(Matching matching, Reader reader) except -1
@cython.locals(market=Market, kind=cython.longlong)
cdef Order *read_leg(Matching matching, OrderList *order_list, long long order_id, Reader reader) except? NULL
