# cython: overflowcheck=False
"""Where orders, levels, seats and cells come from and go back to: `pool.py` says the same in plain Python."""
from cpython.mem cimport PyMem_RawCalloc
from libc.string cimport memset

cdef extern from "<sys/mman.h>" nogil:
    void *mmap(void *address, size_t length, int protection, int flags, int descriptor, long offset)
    int mprotect(void *address, size_t length, int protection)
    int munmap(void *address, size_t length)
    int madvise(void *address, size_t length, int advice)
    int PROT_NONE, PROT_READ, PROT_WRITE, MAP_PRIVATE, MAP_ANONYMOUS, MAP_NORESERVE, MADV_HUGEPAGE
    void *MAP_FAILED

cdef enum:
    RECORDS = 64
    CACHE_LINE = 64
    FIRST_CHUNK = 0x40000
    LATER_CHUNK = 0x800000
    HUGE_PAGE = 0x200000


cdef void *zeroed(long long size) except NULL:
    cdef void *new = PyMem_RawCalloc(size, 1)
    if not new:
        raise MemoryError()
    return new


cdef class Arena:
    """Memory that is handed out piece by piece, zeroed, and goes as a whole: a piece is never moved.

    After a first small chunk, chunks are large and ask for huge pages: a book is walked in an order that no cache of
    page translations of 4 KiB pages could follow.
    """

    def __dealloc__(self):
        cdef Chunk *chunk = self.chunks
        cdef Chunk *older
        while chunk:
            older = chunk.older
            munmap(chunk, chunk.size)
            chunk = older

    cdef int more(self, long long size) except -1:
        """Map a new chunk with room for at least `size` bytes."""
        cdef long long length = LATER_CHUNK if self.chunks else FIRST_CHUNK
        cdef void *start
        if size > length - CACHE_LINE:
            length = (size + CACHE_LINE + HUGE_PAGE - 1) // HUGE_PAGE * HUGE_PAGE
        start = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        if start == MAP_FAILED:
            raise MemoryError()
        if length >= HUGE_PAGE:
            madvise(start, length, MADV_HUGEPAGE)
        (<Chunk *> start).older = self.chunks
        (<Chunk *> start).size = length
        self.chunks = <Chunk *> start
        self.fresh = <char *> start + CACHE_LINE
        self.end = <char *> start + length
        return 0

    cdef void *take(self, long long size) except NULL:
        cdef void *piece
        size = (size + CACHE_LINE - 1) & ~(CACHE_LINE - 1)
        if self.fresh == NULL or self.end - self.fresh < size:
            self.more(size)
        piece = self.fresh
        self.fresh += size
        return piece


cdef class Region:
    """Memory of one table, zeroed, that grows where it is: a record is found by its number alone.

    Addresses are reserved for as much as there can ever be, which costs nothing; memory comes with use. What is behind
    the first small part asks for huge pages, as an arena does.
    """

    def __cinit__(self, long long most):
        self.length = most + 2 * HUGE_PAGE
        reserved = mmap(NULL, self.length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        if reserved == MAP_FAILED:
            raise MemoryError()
        self.reserved = <char *> reserved
        # So that what follows the first part begins where a huge page may.
        self.start = <char *> ((<size_t> reserved + 2 * HUGE_PAGE - 1) & ~<size_t> (HUGE_PAGE - 1)) - FIRST_CHUNK

    def __dealloc__(self):
        if self.reserved:
            munmap(self.reserved, self.length)

    cdef void *reach(self, long long size) except NULL:
        """Make at least the first `size` bytes usable; returns where they begin, always the same place."""
        cdef long long length = FIRST_CHUNK
        cdef char *fresh = self.start + self.usable
        if size > self.usable:
            if size > FIRST_CHUNK:
                length += (size - FIRST_CHUNK + HUGE_PAGE - 1) // HUGE_PAGE * HUGE_PAGE
            if fresh + (length - self.usable) > self.reserved + self.length:
                raise OverflowError("a table has as many records as it can ever have")
            if mprotect(fresh, length - self.usable, PROT_READ | PROT_WRITE):
                raise MemoryError()
            madvise(self.start + FIRST_CHUNK, length - FIRST_CHUNK, MADV_HUGEPAGE)
            self.usable = length
        return self.start


cdef class Pool:
    """Where orders, levels, seats and cells come from and go back to."""

    def __cinit__(self):
        self.arena = Arena()

    cdef Order *more_orders(self) except NULL:
        self.fresh_order = <Order *> self.arena.take(RECORDS * sizeof(Order))
        self.last_order = self.fresh_order + RECORDS
        self.fresh_order += 1
        return self.fresh_order - 1

    cdef Level *more_levels(self) except NULL:
        self.fresh_level = <Level *> self.arena.take(RECORDS * sizeof(Level))
        self.last_level = self.fresh_level + RECORDS
        self.fresh_level += 1
        return self.fresh_level - 1

    cdef Details *take_details(self) except NULL:
        details = self.spare_details
        if details:
            self.spare_details = details.link
        else:
            details = <Details *> self.arena.take(sizeof(Details))
        memset(details, 0, sizeof(Details))
        return details

    cdef OrderList *take_list(self) except NULL:
        order_list = self.spare_list
        if order_list:
            self.spare_list = order_list.younger
        else:
            order_list = <OrderList *> self.arena.take(sizeof(OrderList))
        memset(order_list, 0, sizeof(OrderList))
        return order_list

    cdef int give_list(self, OrderList *order_list) noexcept:
        order_list.younger = self.spare_list
        self.spare_list = order_list
        return 0

    cdef Seat *take_seat(self) except NULL:
        return <Seat *> self.arena.take(sizeof(Seat))

    cdef Cell *take_cell(self) except NULL:
        return <Cell *> self.arena.take(sizeof(Cell))

    cdef long long *take_words(self, long long count) except NULL:
        """A run of that many words, all zero, for as long as the pool lives."""
        return <long long *> self.arena.take(count * sizeof(long long))

    cpdef long long taken(self) except -1:
        """Bytes handed out so far."""
        cdef Chunk *chunk = self.arena.chunks
        cdef long long size = 0
        while chunk:
            size += chunk.size
            chunk = chunk.older
        return size - (self.arena.end - self.arena.fresh)
