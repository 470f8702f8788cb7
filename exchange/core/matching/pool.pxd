# Where records come from: pool.pyx over C memory, pool.py in plain Python. No rule of the exchange is in here.
cimport cython
from .ladder cimport Ladder
from .records cimport Cell, Details, Level, Order, OrderList, Seat

cdef extern from *:
    """
    /* GCC takes a function that only prefetches for one without effect and drops the calls of it: this is an effect. */
    static inline void tape_effect(void) { __asm__ volatile (""); }
    #define tape_fetch(address) (__builtin_prefetch((const void *) (address), 1), tape_effect())
    #define tape_fetch_line(address, line) \\
        (__builtin_prefetch((const char *) (address) + 64 * (line), 1), tape_effect())
    """
    void fetch "tape_fetch"(const void *address) noexcept
    void fetch_line "tape_fetch_line"(const void *address, long long line) noexcept

cdef void *zeroed(long long size) except NULL


cdef struct Chunk:
    Chunk *older
    long long size


@cython.final
cdef class Arena:
    cdef Chunk *chunks
    cdef char *fresh
    cdef char *end
    cdef int more(self, long long size) except -1
    cdef void *take(self, long long size) except NULL


@cython.final
cdef class Region:
    cdef char *reserved
    cdef long long length
    cdef char *start
    cdef readonly long long usable
    cdef void *reach(self, long long size) except NULL


@cython.final
cdef class Pool:
    cdef readonly Arena arena
    cdef Order *spare_order
    cdef Order *fresh_order
    cdef Order *last_order
    cdef Level *spare_level
    cdef Level *fresh_level
    cdef Level *last_level
    cdef Details *spare_details
    cdef OrderList *spare_list
    cdef Order *more_orders(self) except NULL
    cdef Level *more_levels(self) except NULL
    cdef Details *take_details(self) except NULL
    cdef OrderList *take_list(self) except NULL
    cdef int give_list(self, OrderList *order_list) noexcept
    cdef Seat *take_seat(self) except NULL
    cdef Cell *take_cell(self) except NULL
    cdef long long *take_words(self, long long count) except NULL
    cpdef long long taken(self) except -1

    cdef inline Order *no_order(self) noexcept:
        return NULL

    cdef inline Level *no_level(self) noexcept:
        return NULL

    cdef inline OrderList *no_list(self) noexcept:
        return NULL

    cdef inline Level *level_at(self, Ladder ladder, long long key) except NULL:
        level = ladder.find(key)
        if not level:
            level = self.take_level(key)
            ladder.insert(level)
        return level

    # Whether an order has neighbours no processor foresees: where to write is chosen, not whether.
    cdef inline void enqueue(self, Level *level, Order *order) noexcept:
        cdef Order *last = level.last
        cdef Order **behind = &last.next if last else &level.first
        order.level = level
        order.prev = last
        order.next = NULL
        behind[0] = order
        level.last = order

    cdef inline void dequeue(self, Order *order) noexcept:
        cdef Level *level = order.level
        cdef Order *older = order.prev
        cdef Order *younger = order.next
        cdef Order **behind = &older.next if older else &level.first
        cdef Order **before = &younger.prev if younger else &level.last
        behind[0] = younger
        before[0] = older

    cdef inline void append_to_seat(self, Order *order) noexcept:
        cdef Seat *seat = order.seat
        cdef Order *last = seat.last
        cdef Order **behind = &last.seat_next if last else &seat.first
        order.seat_prev = last
        behind[0] = order
        seat.last = order

    cdef inline void remove_from_seat(self, Order *order) noexcept:
        cdef Seat *seat = order.seat
        cdef Order *older = order.seat_prev
        cdef Order *younger = order.seat_next
        cdef Order **behind = &older.seat_next if older else &seat.first
        cdef Order **before = &younger.seat_prev if younger else &seat.last
        behind[0] = younger
        before[0] = older

    cdef inline Order *take_order(self) except NULL:
        order = self.spare_order
        if order:
            self.spare_order = order.next
        elif self.fresh_order != self.last_order:
            order = self.fresh_order
            self.fresh_order += 1
        else:
            order = self.more_orders()
        order.next = NULL
        order.prev = NULL
        order.level = NULL
        order.seat_next = NULL
        order.seat_prev = NULL
        order.details = NULL
        return order

    cdef inline void give_order(self, Order *order) noexcept:
        if order.details:
            order.details.link = self.spare_details
            self.spare_details = order.details
        order.next = self.spare_order
        self.spare_order = order

    cdef inline Level *take_level(self, long long key) except NULL:
        level = self.spare_level
        if level:
            self.spare_level = level.better
        elif self.fresh_level != self.last_level:
            level = self.fresh_level
            self.fresh_level += 1
        else:
            level = self.more_levels()
        level.key = key
        level.quantity = 0
        level.hidden = 0
        level.first = NULL
        level.last = NULL
        level.better = NULL
        level.worse = NULL
        return level

    cdef inline void give_level(self, Level *level) noexcept:
        level.better = self.spare_level
        self.spare_level = level
