cimport cython
from . cimport arithmetic, average, codes, indexes, triggers
from .buffers cimport Rows
from .market cimport Market
from .records cimport (word, Account, Cell, ClientId, Details, GoodTill, Iceberg, Order, Reference, Row, Seat,
                       Strategy, Trigger)

@cython.locals(spares=cython.longlong)
cdef long long malformed_good_till(Row *row, GoodTill *good_till) noexcept
cdef long long malformed_iceberg(Row *row, Iceberg *iceberg) noexcept
cdef long long malformed_replace(Row *row, Reference *reference) noexcept
cdef long long malformed_cancel_all(Row *row) noexcept
cdef long long malformed_amend(Row *row, Reference *reference) noexcept
cdef bint off_bounds(long long number, long long least, long long most) noexcept
cdef long long malformed_extensions(Rows rows, long long at, Row *row) noexcept
cdef long long allowed_extensions(long long row_kind) noexcept
cdef long long unsupported_place(Rows rows, long long at, Row *row, long long has_pegs) noexcept
cdef long long malformed_trigger(Row *row, Trigger *trigger) noexcept
@cython.locals(is_low=cython.bint)
cdef long long wrong_price_of_all(Market market, long long price, long long now_ns) except? -1
cdef long long wrong_market_notional(Market market, long long quantity, long long now_ns) except? -1
@cython.locals(time_in_force=cython.longlong)
cdef bint is_closed(Row *row, long long status) noexcept
cdef bint is_switched_off(Row *row, long long off, Trigger *trigger, Iceberg *iceberg) noexcept
cdef long long wrong_trailing(Market market, long long order_type, long long side, long long delta) noexcept
@cython.locals(count=cython.longlong)
cdef long long waiting_orders(Seat *seat) noexcept
@cython.locals(count=cython.longlong)
cdef long long icebergs(Seat *seat) noexcept
cdef long long wrong_parts(Market market, Seat *seat, long long quantity, long long visible) except? -1
cdef long long wrong_due(GoodTill *good_till, long long now_ns) noexcept
cdef long long wrong_position(Market market, Seat *seat, Cell *cell, long long lots) except? -1
cdef int note_details(Rows rows, long long at, Details *details) except -1
