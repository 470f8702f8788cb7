# Runs of words: buffers.pyx over C memory, buffers.py in plain Python. No rule of the exchange is in here.
cimport cython
from cpython.buffer cimport Py_buffer

from .codes cimport (ACCEPTED, AMENDED, CANCELED, ENTERED, LIST_CHANGED, PEGGED, PREVENTED, PROCEEDS_LOCKED, REFERRED,
                     REFILLED, REJECTED, RESTED, ROW_WORDS, STRATEGY_NOTED, TERMS_NOTED, TRADED, TRANSFERRED, TRIGGERED)
from .records cimport (word, Accepted, Amended, Canceled, CancelId, ClientId, Entered, Flags, GoodTill, Iceberg,
                       ListChanged, ListLink, Peg, Pegged, Prevented, ProceedsLocked, Reference, Referred, Refilled,
                       Rejected, Rested, Row, Strategy, StrategyNoted, TermsNoted, Traded, Transferred, Trigger,
                       Triggered)

cdef extern from *:
    """
    #define tape_fetch_row(words) (__builtin_prefetch(words), __builtin_prefetch((words) + 8))
    """
    void fetch_row "tape_fetch_row"(const long long *words) noexcept


@cython.final
cdef class Rows:
    cdef Py_buffer view
    cdef const long long *words
    cdef readonly long long count
    cpdef int open(self, object data) except -1
    cdef word long_extent(self, long long at) except -1
    cdef word extension_kind(self, long long at, long long number) noexcept
    cdef const long long *extension(self, long long at, long long kind) noexcept
    cdef Reference *reference(self, long long at) noexcept
    cdef Strategy *strategy(self, long long at) noexcept
    cdef Iceberg *iceberg(self, long long at) noexcept
    cdef CancelId *cancel_id(self, long long at) noexcept
    cdef GoodTill *good_till(self, long long at) noexcept
    cdef Peg *peg(self, long long at) noexcept
    cdef ListLink *list_link(self, long long at) noexcept
    cdef Trigger *trigger(self, long long at) noexcept

    cdef inline word extent(self, long long at) except -1:
        # Rows come from far: what the caller will come to is asked for early.
        fetch_row(self.words + at + 32 * ROW_WORDS)
        if 0 <= at <= self.count - ROW_WORDS:
            if self.at(at).rows == 1 and self.at(at).extensions == 0:
                return ROW_WORDS
        return self.long_extent(at)

    cdef inline Row *at(self, long long at) noexcept:
        return <Row *> (self.words + at)


@cython.final
cdef class Buffer:
    cdef list full
    cdef bytes filling
    cdef long long *words
    cdef long long capacity
    cdef long long used
    cdef long long likely
    cdef int begin(self, long long capacity) except -1
    cdef int more(self, long long count) except -1
    cpdef int drop(self) except -1
    cpdef int message(self, long long seq, bytes payload) except -1

    cdef inline long long *add(self, long long count) except NULL:
        if self.used + count > self.capacity:
            self.more(count)
        start = self.words + self.used
        self.used += count
        return start

    cdef inline Accepted *accepted(self) except NULL:
        event = <Accepted *> self.add(ACCEPTED >> 8)
        event.head = ACCEPTED
        return event

    cdef inline Rested *rested(self) except NULL:
        event = <Rested *> self.add(RESTED >> 8)
        event.head = RESTED
        return event

    cdef inline Traded *traded(self) except NULL:
        event = <Traded *> self.add(TRADED >> 8)
        event.head = TRADED
        return event

    cdef inline Canceled *canceled(self) except NULL:
        event = <Canceled *> self.add(CANCELED >> 8)
        event.head = CANCELED
        return event

    cdef inline Rejected *rejected(self) except NULL:
        event = <Rejected *> self.add(REJECTED >> 8)
        event.head = REJECTED
        return event

    cdef inline Prevented *prevented(self) except NULL:
        event = <Prevented *> self.add(PREVENTED >> 8)
        event.head = PREVENTED
        return event

    cdef inline StrategyNoted *strategy_noted(self) except NULL:
        event = <StrategyNoted *> self.add(STRATEGY_NOTED >> 8)
        event.head = STRATEGY_NOTED
        return event

    cdef inline TermsNoted *terms_noted(self) except NULL:
        event = <TermsNoted *> self.add(TERMS_NOTED >> 8)
        event.head = TERMS_NOTED
        return event

    cdef inline Pegged *pegged(self) except NULL:
        event = <Pegged *> self.add(PEGGED >> 8)
        event.head = PEGGED
        return event

    cdef inline Refilled *refilled(self) except NULL:
        event = <Refilled *> self.add(REFILLED >> 8)
        event.head = REFILLED
        return event

    cdef inline Amended *amended(self) except NULL:
        event = <Amended *> self.add(AMENDED >> 8)
        event.head = AMENDED
        return event

    cdef inline ListChanged *list_changed(self) except NULL:
        event = <ListChanged *> self.add(LIST_CHANGED >> 8)
        event.head = LIST_CHANGED
        return event

    cdef inline Entered *entered(self) except NULL:
        event = <Entered *> self.add(ENTERED >> 8)
        event.head = ENTERED
        return event

    cdef inline Transferred *transferred(self) except NULL:
        event = <Transferred *> self.add(TRANSFERRED >> 8)
        event.head = TRANSFERRED
        return event

    cdef inline ProceedsLocked *proceeds_locked(self) except NULL:
        event = <ProceedsLocked *> self.add(PROCEEDS_LOCKED >> 8)
        event.head = PROCEEDS_LOCKED
        return event

    cdef inline Referred *referred(self) except NULL:
        event = <Referred *> self.add(REFERRED >> 8)
        event.head = REFERRED
        return event

    cdef inline Triggered *triggered(self) except NULL:
        event = <Triggered *> self.add(TRIGGERED >> 8)
        event.head = TRIGGERED
        return event


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
