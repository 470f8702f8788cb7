cimport cython
from . cimport arithmetic, codes, trading
from .market cimport Market
from .records cimport Level, Order
from .trading cimport Trading


@cython.final
cdef class Auction:
    cdef Trading trading
    cdef readonly long long price
    cdef readonly long long volume
    cdef readonly long long imbalance
    cdef long long reference
    cpdef int find(self, Market market) except -1
    cdef int consider(self, long long price, long long demand, long long supply) except -1
    cdef bint is_better(self, long long price, long long volume, long long imbalance) except? -1
    cpdef int uncross(self, Market market) except -1
