# Runs of words: buffers.pyx over C memory, buffers.py in plain Python. No rule of the exchange is in here.
cimport cython
from .codes cimport ROW_WORDS
from .records cimport (word, Accepted, Canceled, ClientId, Flags, Prevented, Reference, Rejected, Rested, Row, Strategy,
                       StrategyNoted, Traded)


@cython.final
cdef class Rows:
    cdef object owner
    cdef const long long *words
    cdef readonly long long count
    cpdef int open(self, const unsigned char[::1] data) except -1
    cdef word long_extent(self, long long at) except -1
    cdef word extension_kind(self, long long at, long long number) noexcept
    cdef const long long *extension(self, long long at, long long kind) noexcept
    cdef Reference *reference(self, long long at) noexcept
    cdef Strategy *strategy(self, long long at) noexcept

    cdef inline word extent(self, long long at) except -1:
        if 0 <= at <= self.count - ROW_WORDS:
            if self.at(at).rows == 1 and self.at(at).extensions == 0:
                return ROW_WORDS
        return self.long_extent(at)

    cdef inline Row *at(self, long long at) noexcept:
        return <Row *> (self.words + at)


@cython.final
cdef class Buffer:
    cdef long long **chunks
    cdef long long *fills
    cdef long long made
    cdef long long chunk
    cdef long long used
    cdef long long *words
    cdef readonly long long total
    cdef int more(self) except -1
    cdef Accepted *accepted(self) except NULL
    cdef Rested *rested(self) except NULL
    cdef Traded *traded(self) except NULL
    cdef Canceled *canceled(self) except NULL
    cdef Rejected *rejected(self) except NULL
    cdef Prevented *prevented(self) except NULL
    cdef StrategyNoted *strategy_noted(self) except NULL
    cpdef int message(self, long long seq, bytes payload) except -1

    cdef inline long long *add(self, long long count) except NULL:
        if self.used + count > 32768:
            self.more()
        start = self.words + self.used
        self.used += count
        self.total += count
        return start


@cython.final
cdef class Writer:
    cdef long long *words
    cdef long long capacity
    cdef readonly long long used
    cpdef int add(self, long long word) except -1
    cdef int add_flags(self, Flags flags) except -1
    cdef int add_client_id(self, ClientId client_id) except -1


@cython.final
cdef class Reader:
    cdef object owner
    cdef const long long *words
    cdef readonly long long count
    cdef readonly long long at
    cpdef word take(self) except? -1
    cdef Flags take_flags(self) except *
    cdef ClientId take_client_id(self) except *
