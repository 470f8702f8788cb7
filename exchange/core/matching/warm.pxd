# Memory fetched ahead of its use: warm.pyx over C memory; warm.py does nothing. No rule of the exchange is in here.
cimport cython
from .records cimport word
from .buffers cimport Rows
from .indexes cimport ClientIndex, Keys, OrderIndex, Seats


@cython.final
cdef class Warmer:
    cdef Keys keys
    cdef Seats seats
    cdef OrderIndex orders
    cdef ClientIndex clients
    cdef long long places[16]
    cdef void *nodes[16]
    cdef word fetch(self, Rows rows, long long at) except -1
