cimport cython
from . cimport codes
from .buffers cimport Buffer
from .market cimport Market
from .records cimport Account, ClientId, Details, Level, Order, OrderList, Row


@cython.final
cdef class Events:
    cdef readonly Buffer buffer
    cdef public long long seq
    cdef public long long cause
    cdef public long long code
    cdef long long fee_terms
    cdef long long taker_fee
    cdef long long taker_fee_asset
    cdef long long maker_fee
    cdef long long maker_fee_asset
    cdef int accepted(self, Market market, Order *order, long long quote_quantity, long long key) except -1
    cdef int strategy_noted(self, Market market, Order *order) except -1
    cdef int terms_noted(self, Market market, Order *order) except -1
    cdef int pegged(self, Market market, Order *order) except -1
    cdef int triggered(self, Market market, Order *order) except -1
    cdef int entered(self, Market market, Order *order) except -1
    cdef int list_changed(self, OrderList *order_list, long long status, long long key) except -1
    cdef int rested(self, Market market, Order *order, Level *level) except -1
    cdef int refilled(self, Market market, Order *order) except -1
    cdef int amended(self, Market market, Order *order, long long old_quantity, ClientId old_client_id,
                     long long released, long long level_quantity) except -1
    cdef int traded(self, Market market, Order *taker, Order *maker, long long quantity, long long base_amount,
                    long long quote_amount, long long taker_fee, long long maker_fee) except -1
    cdef int referred(self, Market market, Account *account, long long referrer, long long asset, long long amount,
                      long long share_ppm) except -1
    cdef int proceeds_locked(self, Market market, Order *working, Order *pending, long long amount,
                             long long received) except -1
    cdef int transferred(self, Market market, Account *buyer, Account *seller, long long price, long long quantity,
                         long long base_amount, long long quote_amount) except -1
    cdef int canceled(self, Market market, Order *order, long long reason, long long released,
                      long long level_quantity, ClientId cancel_id, long long counter_order) except -1
    cdef int prevented(self, Market market, Order *taker, Order *maker, long long taker_prevented,
                       long long maker_prevented) except -1
    cdef int rejected(self, Row *row, long long row_kind, long long code) except -1
