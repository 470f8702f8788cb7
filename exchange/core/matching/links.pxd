cimport cython
from . cimport codes, indexes
from .indexes cimport ListHeads
from .market cimport Market
from .pool cimport Pool
from .records cimport word, Account, ClientId, Details, Order, OrderList


@cython.final
cdef class Links:
    cdef Pool pool
    cdef ListHeads heads
    cdef public long long next_list_id
    cdef OrderList *touched
    cdef OrderList *last_touched
    cdef int add(self, OrderList *order_list, Account *account) except -1
    cdef int forget(self, OrderList *order_list) except -1
    cdef OrderList *find(self, Account *account, long long list_id, ClientId client_id) noexcept
    @cython.locals(count=cython.longlong)
    cdef word count(self, Account *account, long long market) noexcept
    cdef int link(self, OrderList *order_list, Order *order) except -1
    cdef int unlink(self, Order *order) except -1
    cdef bint is_empty(self, OrderList *order_list) noexcept
    cdef Order *sibling(self, Order *order) noexcept
    cdef int rename(self, Order *order) except -1
    cdef int traded(self, Order *order) except -1
    cdef int lost(self, Order *order) except -1
    cdef int filled(self, Order *order) except -1
    @cython.locals(is_asked=cython.bint, is_phase_one=cython.bint)
    cdef int ended(self, Order *order, long long reason, ClientId cancel_id) except -1
    cdef int touch(self, OrderList *order_list, long long happened) except -1
    cdef OrderList *take_touched(self) noexcept
    cdef int make_ready(self, Market market, OrderList *order_list) except -1
    cdef int take_ready(self, Market market, OrderList *order_list) except -1
