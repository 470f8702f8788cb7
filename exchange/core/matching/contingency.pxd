cimport cython
from . cimport checks, codes, indexes, pegs, terms
from .buffers cimport Rows
from .checks cimport Checks
from .indexes cimport Seats
from .limits cimport Limits
from .links cimport Links
from .market cimport Market
from .records cimport (word, Account, Cell, ClientId, Details, Flags, GoodTill, Iceberg, ListLink, Order, OrderList,
                       Peg, Row, Seat, Trigger)
from .trading cimport Trading

cdef bint is_stop(long long order_type) noexcept
cdef bint is_target(long long order_type) noexcept
cdef bint are_pair(Row *above, Row *below) noexcept
cdef long long switches_of(long long contingency) noexcept
cdef bint wrong_prices(long long above, long long below, long long last_price) noexcept


@cython.final
cdef class ListChecks:
    cdef Rows rows
    cdef Checks checks
    cdef Trading trading
    cdef Links links
    cdef long long need
    cdef long long first_need
    cdef long long second_need
    cdef long long working_need
    cdef long long crosses
    cdef long long worst_key
    cdef long long price
    cdef word leg_at(self, long long at, long long number) except -1
    @cython.locals(number=cython.longlong, leg=cython.longlong, has_pegs=cython.longlong)
    cdef word refused(self, long long at, Row *row, Market market) except? -1
    @cython.locals(number=cython.longlong, has_pair=cython.bint)
    cdef word malformed(self, long long at, Row *row) except? -1
    @cython.locals(seen=cython.longlong, allowed=cython.longlong, extension=cython.longlong, kind=cython.longlong,
                   role=cython.longlong)
    cdef word malformed_leg(self, long long at, Row *head, long long contingency, long long number) except? -1
    @cython.locals(number=cython.longlong, leg=cython.longlong, off=cython.longlong, first_pending=cython.longlong,
                   enters=cython.longlong, code=cython.longlong)
    cdef word refused_by_market(self, long long at, Row *row, Market market, long long contingency) except? -1
    @cython.locals(number=cython.longlong, leg=cython.longlong, legs=cython.longlong, open_here=cython.longlong,
                   algos=cython.longlong, icebergs=cython.longlong, limits=Limits)
    cdef word too_many(self, long long at, Row *row, Market market) except? -1
    @cython.locals(number=cython.longlong, other=cython.longlong)
    cdef word wrong_names(self, long long at, Row *row) except? -1
    @cython.locals(one=cython.longlong, two=cython.longlong, three=cython.longlong, code=cython.longlong)
    cdef word wrong_legs(self, long long at, Market market, long long contingency) except? -1
    cdef word price_of(self, long long at, Market market) noexcept
    @cython.locals(mode=cython.longlong)
    cdef word mode_of(self, Row *row, Market market) noexcept
    @cython.locals(waits_for=cython.longlong, delta=cython.longlong, visible=cython.longlong, code=cython.longlong,
                   pegged=cython.longlong)
    cdef word wrong_pending_row(self, long long at, Market market) except? -1
    @cython.locals(code=cython.longlong, reference=cython.longlong, is_priced=cython.bint, has_price=cython.bint)
    cdef word wrong_terms(self, Market market, long long side, long long order_type, long long price,
                          long long quantity, long long waits_for, long long delta, long long visible,
                          long long pegged) except? -1
    @cython.locals(code=cython.longlong)
    cdef word refused_price(self, Market market, Order *order) except? -1
    @cython.locals(code=cython.longlong, notional=cython.longlong)
    cdef word wrong_priced(self, Market market, long long side, long long price, long long quantity) except? -1
