from . cimport arithmetic, codes
from .market cimport Market

cdef bint trips(Market market, long long now_ns, long long quote_amount) except -1
