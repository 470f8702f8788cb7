cimport cython
from . cimport arithmetic, average, codes, trading
from .market cimport Market
from .records cimport Account, Cell, Level, Order, Seat
from .fees cimport Fees
from .trading cimport Trading


@cython.locals(nearest=cython.longlong, below=cython.longlong, above=cython.longlong)
cdef long long nearest_step(long long reference, long long low, long long high, long long step) except? -1

@cython.final
cdef class Auction:
    cdef Trading trading
    cdef readonly long long price
    cdef readonly long long volume
    cdef readonly long long imbalance
    cdef long long reference
    cpdef int find(self, Market market) except -1
    cdef int search(self, Market market, long long step) except -1
    cdef int consider(self, long long price, long long demand, long long supply) except -1
    cdef bint is_better(self, long long price, long long volume, long long imbalance) except? -1
    cpdef int uncross(self, Market market) except -1
    @cython.locals(fees=Fees)
    cdef int trade_at(self, Market market, Order *buyer, Order *seller, long long price, long long quantity) except -1
    cdef int tell_auction(self, Market market, Order *younger, Order *older, long long quantity, long long base_amount,
                          long long quote_amount, long long younger_fee, long long older_fee) except -1
    cdef int note_fill(self, Order *order, long long quantity, long long quote_amount) except -1
