cimport cython
from . cimport average, codes, indexes, pegs, sides, terms, triggers
from .buffers cimport Rows
from .indexes cimport Accounts, Cells, Keys, Seats
from .limits cimport Limits
from .market cimport Market
from .records cimport (word, Account, Cell, Details, GoodTill, Iceberg, Key, Level, Order, Peg, Reference, Row, Seat,
                       Trigger)
from .trading cimport Trading

cdef long long malformed(Rows rows, long long at, Row *row) noexcept
cdef long long malformed_place(Row *row) noexcept
cdef long long malformed_terms(Row *row) noexcept
cdef long long malformed_amounts(Row *row) noexcept
cdef long long malformed_cancel(Rows rows, long long at, Row *row) noexcept
cdef bint has_order_flags(Row *row) noexcept

cdef bint off_step(long long number, long long step) noexcept
cdef long long wrong_price(Market market, long long price) noexcept
cdef long long wrong_quantity(Market market, long long quantity) noexcept
cdef long long wrong_market_quantity(Market market, long long quantity) noexcept
cdef long long wrong_percent_price(Market market, long long side, long long price, long long now_ns) except? -1
cdef bint is_outside(Market market, long long side, long long price) noexcept


@cython.final
cdef class Checks:
    cdef Rows rows
    cdef Accounts accounts
    cdef Keys keys
    cdef Cells cells
    cdef Seats seats
    cdef Trading trading
    cdef readonly Limits limits
    cdef Account *account
    cdef Seat *seat
    cdef long long mode
    cdef long long lots
    cdef long long crosses
    cdef long long worst_key
    cdef long long need
    cdef long long price
    cdef long long is_remembering
    cdef long long has_pegs
    cdef word refused_extras(self, long long at, Row *row) except? -1
    cdef word refused_options(self, Row *row) noexcept
    cdef word refused_cancel(self, long long at, Row *row, Market market, Order *order) except? -1
    cdef word wrong_filters(self, long long at, Row *row, Market market) except? -1
    cdef word refused_place(self, long long at, Row *row, Market market) except? -1
    cdef word refused_order(self, long long at, Row *row, Market market) except? -1
    @cython.locals(is_new=cython.bint)
    cdef word wrong_target(self, long long at, Row *row, Order *order) except? -1
    cdef word refused_amend(self, long long at, Row *row, Market market, Order *order) except? -1
    cdef word wrong_amendment(self, Row *row, Market market, Order *order) except? -1
    cdef word wrong_iceberg(self, Row *row, Market market, Iceberg *iceberg) except? -1
    cdef word refused_cancel_all(self, long long at, Row *row) noexcept
    cdef word refused_sender(self, Row *row) noexcept
    @cython.locals(lots=cython.longlong, visible=cython.longlong, now_ns=cython.longlong, price=cython.longlong,
                   code=cython.longlong)
    cdef word wrong_order(self, long long at, Row *row, Market market) except? -1
    cdef word wrong_pegged(self, Row *row, Market market, long long side, Peg *peg) except? -1
    cdef word wrong_limit(self, Row *row, Market market, long long side, long long price) except? -1
    cdef word wrong_terms(self, Row *row, Market market, long long side, long long price) except? -1
    cdef word too_many(self, Market market) noexcept
    @cython.locals(above=cython.bint)
    cdef word wrong_stop(self, Row *row, Market market, long long side, Trigger *trigger, Peg *peg) except? -1
    cdef word wrong_quantities(self, Row *row, Market market) except? -1
    cdef word wrong_market(self, Row *row, Market market, long long side) except? -1
    cdef word wrong_mode_or_client_id(self, Row *row, Market market) noexcept
    cdef word spendable(self, Row *row, Market market, long long side) noexcept
