# cython: overflowcheck=False
"""Price levels sorted by key, over C memory: `ladder.py` says the same in plain Python."""
from cpython.mem cimport PyMem_RawFree
from libc.string cimport memcpy, memmove

from .pool cimport zeroed

cdef enum:
    FANOUT = 32
    HEIGHT_MAX = 12


cdef inline long long place_of(Node *node, long long key) noexcept:
    """Where `key` is, or would go, among the keys of a node."""
    cdef long long low = 0, high = node.count, middle
    while low < high:
        middle = (low + high) >> 1
        if node.keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low


cdef inline long long child_of(Node *node, long long key) noexcept:
    """Which child of an inner node `key` belongs below: the last whose first key is not above it."""
    cdef long long at = place_of(node, key)
    if at < node.count and node.keys[at] == key:
        return at
    return at - 1 if at else 0


cdef inline void shift_in(Node *node, long long at, long long key, void *child) noexcept:
    memmove(&node.keys[at + 1], &node.keys[at], (node.count - at) * sizeof(long long))
    memmove(&node.children[at + 1], &node.children[at], (node.count - at) * sizeof(void *))
    node.keys[at] = key
    node.children[at] = child
    node.count += 1


cdef inline void shift_out(Node *node, long long at) noexcept:
    node.count -= 1
    memmove(&node.keys[at], &node.keys[at + 1], (node.count - at) * sizeof(long long))
    memmove(&node.children[at], &node.children[at + 1], (node.count - at) * sizeof(void *))


cdef Node *halve(Node *full) except NULL:
    """Move the upper half of a full node into a new one of the same height."""
    cdef Node *upper = <Node *> zeroed(sizeof(Node))
    upper.height = full.height
    upper.count = FANOUT // 2
    full.count = FANOUT - upper.count
    memcpy(upper.keys, &full.keys[full.count], upper.count * sizeof(long long))
    memcpy(upper.children, &full.children[full.count], upper.count * sizeof(void *))
    return upper


cdef void free_node(Node *node) noexcept:
    cdef long long at
    if node.height:
        for at in range(node.count):
            free_node(<Node *> node.children[at])
    PyMem_RawFree(node)


cdef class Ladder:
    """Levels sorted by key, the best (greatest) at hand, neighbours linked: a tree of nodes of 32."""

    def __cinit__(self):
        self.root = <Node *> zeroed(sizeof(Node))

    def __dealloc__(self):
        if self.root:
            free_node(self.root)

    cdef Level *find(self, long long key) noexcept:
        cdef Node *node = self.root
        cdef long long at
        while node.height:
            node = <Node *> node.children[child_of(node, key)]
        at = place_of(node, key)
        return <Level *> node.children[at] if at < node.count and node.keys[at] == key else NULL

    cdef int insert(self, Level *level) except -1:
        cdef Node *path[HEIGHT_MAX]
        cdef long long places[HEIGHT_MAX]
        cdef long long depth = 0, at
        cdef Node *node = self.root
        cdef Node *upper
        while node.height:
            # The first key of an inner node bounds its first child from below, or halving that child would misplace it.
            node.keys[0] = min(node.keys[0], level.key)
            path[depth] = node
            places[depth] = child_of(node, level.key)
            node = <Node *> node.children[places[depth]]
            depth += 1
        at = place_of(node, level.key)
        self.link(level, node, at)
        if node.count == FANOUT:
            upper = halve(node)
            self.moved += upper.count
            if at > node.count:
                shift_in(upper, at - node.count, level.key, level)
            else:
                shift_in(node, at, level.key, level)
            self.widen(path, places, depth, upper.keys[0], upper)
        else:
            shift_in(node, at, level.key, level)
        self.count += 1
        return 0

    cdef int link(self, Level *level, Node *leaf, long long at) except -1:
        """Set the neighbours of a level that is about to stand at place `at` of a leaf."""
        if at < leaf.count:
            level.better = <Level *> leaf.children[at]
            level.worse = level.better.worse
        elif at:
            level.worse = <Level *> leaf.children[at - 1]
            level.better = level.worse.better
        if level.better:
            level.better.worse = level
        else:
            self.best = level
        if level.worse:
            level.worse.better = level
        else:
            self.worst = level
        return 0

    cdef int widen(self, Node **path, long long *places, long long depth, long long key, void *child) except -1:
        """Give the parent of a halved node its new child, halving parents where they are full."""
        cdef Node *node
        cdef Node *upper
        cdef long long at
        while depth:
            depth -= 1
            node = path[depth]
            at = places[depth] + 1
            if node.count < FANOUT:
                shift_in(node, at, key, child)
                return 0
            upper = halve(node)
            self.moved += upper.count
            if at > node.count:
                shift_in(upper, at - node.count, key, child)
            else:
                shift_in(node, at, key, child)
            key = upper.keys[0]
            child = upper
        node = <Node *> zeroed(sizeof(Node))
        node.height = self.root.height + 1
        shift_in(node, 0, self.root.keys[0], self.root)
        shift_in(node, 1, key, child)
        self.root = node
        return 0

    cdef int remove(self, Level *level) except -1:
        cdef Node *path[HEIGHT_MAX]
        cdef long long places[HEIGHT_MAX]
        cdef long long depth = 0, at
        cdef Node *node = self.root
        if level.better:
            level.better.worse = level.worse
        else:
            self.best = level.worse
        if level.worse:
            level.worse.better = level.better
        else:
            self.worst = level.better
        while node.height:
            path[depth] = node
            places[depth] = child_of(node, level.key)
            node = <Node *> node.children[places[depth]]
            depth += 1
        at = place_of(node, level.key)
        assert at < node.count and node.children[at] == level
        shift_out(node, at)
        while not node.count and depth:
            PyMem_RawFree(node)
            depth -= 1
            node = path[depth]
            shift_out(node, places[depth])
        while self.root.height and self.root.count == 1:
            node = self.root
            self.root = <Node *> node.children[0]
            PyMem_RawFree(node)
        if self.root.height and not self.root.count:
            self.root.height = 0
        self.count -= 1
        return 0
