cimport cython
from . cimport codes
from .buffers cimport Rows
from .market cimport Market
from .records cimport Cell, Details, Level, Order, Peg, Row, Seat

cdef long long malformed_peg(Peg *peg) noexcept
cdef long long refused_peg(Row *row, Market market, Peg *peg, long long enters) noexcept
@cython.locals(is_bid=cython.bint)
cdef long long price_of(Market market, long long side, long long price_kind, long long offset) noexcept
cdef int note_peg(Rows rows, long long at, Market market, Order *order) except -1
cdef long long enters_at(Market market, Order *order) noexcept
cdef int choose(Market market, Order *order) except -1
cdef int postpone(Order *order) except -1
cdef int take_price(Order *order, long long price, long long need) except -1
