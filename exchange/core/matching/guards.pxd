cimport cython
from . cimport arithmetic, average, codes
from .market cimport Market
from .records cimport Level

cdef bint trips(Market market, long long now_ns, long long quote_amount) except -1
@cython.locals(least=cython.longlong, most=cython.longlong)
cdef long long range_key(Market market, long long side, long long worst_key, long long now_ns) except? -1
