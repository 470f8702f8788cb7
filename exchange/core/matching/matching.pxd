cimport cython
from . cimport arithmetic, average, codes, indexes, pegs, records, sides, terms, trading
from .auction cimport Auction
from .buffers cimport Buffer, Rows
from .checks cimport Checks
from .due cimport DueOrders
from .events cimport Events
from .fees cimport Fees
from .indexes cimport Accounts, Cells, ClientIndex, Keys, Markets, OrderIndex, Seats
from .limits cimport Limits
from .links cimport Links
from .lists cimport Lists
from .market cimport Market
from .pool cimport Pool
from .records cimport (word, Account, CancelId, Cell, ClientId, Details, Iceberg, Level, Order, OrderList, Reference,
                       Row, Seat, Strategy, Trigger)
from .trading cimport Trading
from .warm cimport Warmer


@cython.final
cdef class Matching:
    cdef Pool pool
    cdef Cells cells
    cdef Seats seats
    cdef Accounts accounts
    cdef Keys keys
    cdef readonly Events events
    cdef readonly Fees fees
    cdef Trading trading
    cdef Rows rows
    cdef Checks checks
    cdef Links links
    cdef readonly Limits limits
    cdef readonly DueOrders due
    cdef Lists lists
    cdef Warmer warmer
    cdef readonly list markets
    cdef Markets roster
    cdef public long long next_order_id
    cdef readonly long long why
    cdef readonly long long owed
    cdef readonly long long owed_market
    cdef readonly long long now_ns
    cdef long long steps
    cdef bint is_out_of_range
    cdef readonly Auction auction

    @cython.locals(is_large=cython.bint)
    cpdef word apply_rows(self, object data, long long start, long long seq, long long now_ns) except -1
    cdef int apply_rare(self, long long at, Row *row) except -1

    @cython.locals(market=Market)
    cdef int place(self, long long at, Row *row) except -1
    cdef int enter(self, long long at, Row *row, Market market) except -1
    cdef bint is_fillable(self, Market market, Order *order, long long worst_key) except -1
    cdef word take(self, Market market, Order *order, long long worst_key) except -1
    @cython.locals(least=cython.longlong, most=cython.longlong)
    cdef word range_key(self, Market market, long long side, long long worst_key) except? -1
    cpdef int uncross(self, Market market, long long seq, long long now_ns) except -1
    cdef int conclude(self, Market market, long long trades) except -1
    cpdef int settle_lists(self) except -1
    cdef int fire(self, Market market) except -1
    cdef int trigger(self, Market market, Order *order) except -1
    @cython.locals(market=Market, number=cython.longlong)
    cpdef word resume(self, long long seq, long long now_ns, long long steps) except? -1
    @cython.locals(checks=Checks)
    cdef Order *draft(self, long long at, Row *row, Market market) except NULL
    @cython.locals(stopped=cython.bint, rests=cython.bint)
    cdef int finish(self, Market market, Order *order, long long met) except -1

    @cython.locals(market=Market)
    cdef int cancel(self, long long at, Row *row) except -1
    cdef Order *named_order(self, long long at, Row *row) except? NULL
    @cython.locals(market=Market, has_name=cython.longlong)
    cdef int amend(self, long long at, Row *row) except -1
    @cython.locals(market=Market)
    cdef int cancel_replace(self, long long at, Row *row) except -1
    cdef ClientId cancel_id(self, long long at) noexcept
    @cython.locals(market=Market)
    cdef int cancel_all(self, long long at, Row *row) except -1
    cdef int note_emptied(self, Market market) except -1
    cpdef Market list_market(self, long long base, long long quote, long long base_per_lot,
                             long long quote_per_tick_lot)
    cpdef int open_account(self, long long account_id, long long kind, long long status, long long tier,
                           long long trade_group, long long parent) except -1
    cpdef int set_account(self, long long account_id, long long status, long long tier, long long trade_group) except -1
    cpdef int add_key(self, long long key_id, long long account_id, long long rights) except -1
    cpdef int revoke_key(self, long long key_id) except -1
    cpdef tuple balance(self, long long account, long long asset)
    cpdef int move(self, long long payer, long long receiver, long long asset, long long amount) except -1
