cimport cython
from . cimport codes
from .ladder cimport Ladder
from .market cimport Market
from .pool cimport Pool
from .records cimport word, Cell, Level, Order, Seat

cdef Ladder own_side(Market market, long long side)
cdef Ladder other_side(Market market, long long side)
cdef long long key_of(long long side, long long price) noexcept
cdef int hold(Cell *cell, long long amount) except -1
cdef int release(Cell *cell, long long amount) except -1


@cython.final
cdef class Book:
    cdef Pool pool
    cdef Level *rest(self, Market market, Order *order) except NULL
    cdef word leave(self, Market market, Order *order) except -1
    cdef int take_seat(self, Order *order) noexcept
    cdef int leave_seat(self, Order *order) noexcept
