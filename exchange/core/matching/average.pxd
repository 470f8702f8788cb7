from . cimport arithmetic, codes, wide
from .market cimport Market

cdef long long bucket_of(Market market, long long now_ns) except? -1
cdef int note_trade(Market market, long long now_ns, long long price, long long quantity) except -1
cdef int widen_bounds(Market market, long long price) except -1
cdef int set_bounds(Market market, long long now_ns) except -1
cdef int lay_bounds(Market market) except -1
cdef int move_on(Market market, long long bucket) except -1
cpdef long long average_price(Market market, long long now_ns) except? -1
cdef long long late_average(Market market, long long bucket) except? -1
cdef long long quotient(Market market, long long at) except? -1
