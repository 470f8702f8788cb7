cimport cython
from . cimport checks, codes, contingency, indexes, pegs, proceeds, triggers
from .buffers cimport Rows
from .checks cimport Checks
from .events cimport Events
from .indexes cimport Markets
from .links cimport Links
from .contingency cimport ListChecks
from .market cimport Market
from .matching cimport Matching
from .records cimport (word, Account, Cell, ClientId, Details, Iceberg, Level, ListLink, Order, OrderList, Reference,
                       Row, Seat, Trigger)
from .trading cimport Trading


@cython.final
cdef class Lists:
    cdef Rows rows
    cdef Checks checks
    cdef Trading trading
    cdef Links links
    cdef Events events
    cdef ListChecks list_checks
    cdef long long need
    cdef long long first_need
    cdef long long second_need
    cdef long long crosses
    cdef long long worst_key
    cdef int place(self, Matching matching, long long at, Row *row, Market market) except -1
    @cython.locals(contingency=cython.longlong, one=cython.longlong, two=cython.longlong,
                   trades=cython.longlong)
    cdef int begin(self, Matching matching, long long at, Row *row, Market market) except -1
    cdef Order *draft(self, Matching matching, OrderList *order_list, long long at, Market market,
                      long long need) except NULL
    cdef int share_needs(self, long long side) except -1
    cdef int note_names(self, OrderList *order_list) except -1
    @cython.locals(met=cython.longlong)
    cdef int work(self, Matching matching, Market market, Order *order, long long crosses,
                  long long worst_key) except -1
    @cython.locals(market=Market, happened=cython.longlong)
    cdef int settle(self, Matching matching) except -1
    cdef int end_others(self, Market market, OrderList *order_list, long long reason, ClientId cancel_id,
                        long long code) except -1
    cdef int end_leg(self, Market market, Order *order, long long reason, ClientId cancel_id,
                     long long code) except -1
    cdef int close(self, Market market, OrderList *order_list) except -1
    cdef int start(self, Market market, Order *order) except -1
    @cython.locals(code=cython.longlong)
    cdef bint takes_price(self, Market market, Order *order) except -1
    @cython.locals(code=cython.longlong, crosses=cython.longlong, worst_key=cython.longlong)
    cdef int enter(self, Matching matching, Market market) except -1
    cdef int size(self, Order *first, Order *second, long long lots) except -1
    cdef word works_at(self, Market market, Order *order) noexcept
    @cython.locals(side=cython.longlong, order_type=cython.longlong, waits_for=cython.longlong, code=cython.longlong,
                   price=cython.longlong, pegged=cython.longlong)
    cdef word refused_entry(self, Market market, Order *order) except? -1
    cdef word cost_of(self, Market market, Order *order) except? -1
    cdef int hold(self, Order *order, long long need) except -1
    cdef int admit(self, Market market, Order *order) except -1
    @cython.locals(released=cython.longlong, left=cython.longlong)
    cdef int amended(self, Market market, Order *order, long long old_quantity, long long has_name) except -1
    @cython.locals(code=cython.longlong)
    cdef int cancel(self, Matching matching, long long at, Row *row, Market market) except -1
    @cython.locals(code=cython.longlong)
    cdef int cancel_named(self, Matching matching, long long at, Row *row, Market market) except -1
