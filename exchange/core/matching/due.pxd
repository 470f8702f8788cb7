cimport cython
from . cimport codes
from .ladder cimport Ladder
from .pool cimport Pool
from .records cimport word, Details, Level, Order


@cython.final
cdef class DueOrders:
    cdef Pool pool
    cdef readonly Ladder ladder
    cdef int put(self, Order *order) except -1
    cdef int remove(self, Order *order) except -1
    cpdef word next_due_ns(self) noexcept
    cdef Order *first_due(self, long long now_ns) noexcept
