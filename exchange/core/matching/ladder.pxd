# Price levels sorted by key: ladder.pyx over C memory, ladder.py in plain Python. No rule of the exchange is in here.
cimport cython
from .records cimport Level


# Four cache lines: how many, their keys (greatest possible ones where there are fewer), levels or nodes.
cdef struct Node:
    long long count
    long long keys[15]
    void *children[15]
    void *spare


# `recent` are levels sought last, each at the lowest bits of its key: prices crowd, so most are found there at once.
# Few levels have a small one, for thousands of such books share the caches.
@cython.final
cdef class Ladder:
    cdef readonly long long count
    cdef readonly long long moved
    cdef Level *best
    cdef readonly long long best_key
    cdef Level *worst
    cdef Node *root
    cdef long long height
    cdef Level **recent
    cdef long long recent_mask
    cdef long long sought
    cdef Node *sought_leaf
    cdef long long sought_at
    cdef int widen_recent(self, long long places) except -1
    cdef Level *search(self, long long key) noexcept
    cdef int insert(self, Level *level) except -1
    cdef int descend(self, Level *level) except -1
    cdef int remove(self, Level *level) except -1
    cdef int link(self, Level *level, Node *leaf, long long at) except -1
    cdef int widen(self, Node **path, long long *places, long long depth, long long key, void *child) except -1
    cdef int narrow(self, long long key) noexcept
    cdef Node *below_root(self, long long key) noexcept
    cdef void fetch_neighbours(self, Node *leaf, long long key) noexcept
    cpdef long long memory(self) except -1

    cdef inline Level *find(self, long long key) noexcept:
        level = self.recent[key & self.recent_mask]
        if level and level.key == key:
            return level
        return self.search(key)

    cdef inline void **recent_slot(self, long long key) noexcept:
        return <void **> &self.recent[key & self.recent_mask]
