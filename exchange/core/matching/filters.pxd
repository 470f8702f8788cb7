from . cimport arithmetic, average, codes
from .market cimport Market
from .records cimport Row

cdef long long wrong_price(Market market, long long price) except? -1
cdef long long wrong_quantity(Market market, long long quantity) except? -1
cdef long long wrong_market_quantity(Market market, long long quantity) except? -1
cdef long long wrong_percent_price(Market market, long long side, long long price, long long now_ns) except? -1
cdef int set_bounds(Market market, long long now_ns) except -1
cdef long long upper_bound(long long reference, long long up_ppm) except? -1
cdef long long wrong_notional(Market market, long long price, long long quantity) except? -1
cdef long long wrong_market_notional(Market market, long long quantity, long long now_ns) except? -1
cdef long long off_step(long long number, long long step) except? -1
