cimport cython
from . cimport average, codes, terms
from .indexes cimport Cells, Seats
from .market cimport Market
from .records cimport word, Account, Cell, Order, Row, Seat


@cython.final
cdef class Limits:
    cdef Cells cells
    cdef Seats seats
    cdef public long long max_orders
    cdef public long long max_algo_orders
    cdef public long long max_iceberg_orders
    cdef public long long max_lists
    cdef public long long markets
    cdef public long long last_contingency
    @cython.locals(code=cython.longlong, order_type=cython.longlong, time_in_force=cython.longlong, waits=cython.bint,
                   stays=cython.bint)
    cdef word refused(self, Row *row, Market market, Seat *seat, Account *account, long long lots, long long visible,
                      long long now_ns, long long price) except? -1
    @cython.locals(least=cython.longlong, reference=cython.longlong, notional=cython.longlong)
    cdef word wrong_size(self, Market market, long long price, long long lots, long long now_ns) except? -1
    cdef word too_many(self, Account *account, long long orders, long long algos, long long icebergs) except? -1
    @cython.locals(found=cython.longlong, number=cython.longlong)
    cdef word count(self, Account *account, bint algos) except? -1
