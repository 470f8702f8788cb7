# cython: overflowcheck=False
"""Price levels sorted by key, over C memory: `ladder.py` says the same in plain Python."""
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memmove

from .codes cimport NO_KEY
from .pool cimport fetch

cdef extern from "<stdlib.h>" nogil:
    void *aligned_alloc(size_t alignment, size_t size)

cdef enum:
    FANOUT = 15
    HEIGHT_MAX = 12
    RECENT_AT_FIRST = 128
    RECENT = 1024
    GREATEST = 0x7FFFFFFFFFFFFFFF


cdef inline long long place_of(Node *node, long long key) noexcept:
    """Where `key` is, or would go, among the keys of a node.

    Counted, not halved: no branch that could not be foreseen, and both lines of keys are waited for together.
    """
    cdef long long at = (node.keys[6] < key) * 7
    cdef long long *keys = &node.keys[at]
    return (at + (keys[0] < key) + (keys[1] < key) + (keys[2] < key) + (keys[3] < key)
            + (keys[4] < key) + (keys[5] < key) + (keys[6] < key) + (keys[7] < key))


cdef inline long long child_of(Node *node, long long key) noexcept:
    """Which child of an inner node `key` belongs below: the last whose first key is not above it."""
    cdef long long at = place_of(node, key + 1)
    return at - (at > 0)


cdef Node *new_node() except NULL:
    cdef Node *node = <Node *> aligned_alloc(64, sizeof(Node))
    cdef long long at
    if not node:
        raise MemoryError()
    for at in range(FANOUT):
        node.keys[at] = GREATEST
        node.children[at] = NULL
    node.count = 0
    return node


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
    node.keys[node.count] = GREATEST


cdef Node *halve(Node *full) except NULL:
    """Move the upper half of a full node into a new one of the same height."""
    cdef Node *upper = new_node()
    cdef long long at
    upper.count = FANOUT // 2
    full.count = FANOUT - upper.count
    memcpy(upper.keys, &full.keys[full.count], upper.count * sizeof(long long))
    memcpy(upper.children, &full.children[full.count], upper.count * sizeof(void *))
    for at in range(full.count, FANOUT):
        full.keys[at] = GREATEST
    return upper


cdef void free_node(Node *node, long long height) noexcept:
    cdef long long at
    if height:
        for at in range(node.count):
            free_node(<Node *> node.children[at], height - 1)
    free(node)


cdef long long node_count(Node *node, long long height) noexcept:
    cdef long long at, total = 1
    if height:
        for at in range(node.count):
            total += node_count(<Node *> node.children[at], height - 1)
    return total


# Nothing at hand, for ladders that never had a level.
cdef Level *nobody


cdef class Ladder:
    """Levels sorted by key, the best (greatest) at hand, neighbours linked: a tree of nodes of 15."""

    def __cinit__(self):
        self.root = new_node()
        self.recent = &nobody
        self.best_key = NO_KEY

    def __dealloc__(self):
        if self.root:
            free_node(self.root, self.height)
        if self.recent != &nobody:
            free(self.recent)

    cdef int widen_recent(self, long long places) except -1:
        """Have levels at hand in so many places, or in more; what was at hand is found again when it is sought."""
        recent = <Level **> calloc(places, sizeof(Level *))
        if not recent:
            raise MemoryError()
        if self.recent != &nobody:
            free(self.recent)
        self.recent = recent
        self.recent_mask = places - 1
        return 0

    cdef Level *search(self, long long key) noexcept:
        """Find a level that is not at hand; where it is, or would be, is kept for an `insert` that follows."""
        cdef Node *node = self.root
        cdef Level *level = NULL
        cdef long long depth, at
        for depth in range(self.height):
            node = <Node *> node.children[child_of(node, key)]
        at = place_of(node, key)
        self.sought_at = at
        self.sought = key
        self.sought_leaf = node
        if at < FANOUT and node.keys[at] == key:
            level = <Level *> node.children[at]
            self.recent[key & self.recent_mask] = level
        return level

    cpdef long long memory(self) except -1:
        """Bytes that the nodes take, and what is at hand."""
        cdef long long at_hand = 0 if self.recent == &nobody else (self.recent_mask + 1) * sizeof(Level *)
        return node_count(self.root, self.height) * sizeof(Node) + at_hand

    cdef Node *below_root(self, long long key) noexcept:
        """The first node on the way down to a key: of a ladder that is not high, its leaf."""
        return <Node *> self.root.children[child_of(self.root, key)] if self.height else self.root

    cdef void fetch_neighbours(self, Node *leaf, long long key) noexcept:
        """Ask for the levels between which that of a key would stand in a leaf."""
        cdef long long at = place_of(leaf, key)
        fetch(leaf.children[min(at, FANOUT - 1)])
        fetch(leaf.children[max(at - 1, 0)])

    cdef int insert(self, Level *level) except -1:
        """Add a level whose key is not there. Where `search` has just found its place, there is no way down to go."""
        cdef Node *leaf = self.sought_leaf
        cdef long long at = self.sought_at
        if self.recent == &nobody:
            self.widen_recent(RECENT_AT_FIRST)
        elif self.count == RECENT_AT_FIRST // 2 and self.recent_mask != RECENT - 1:
            self.widen_recent(RECENT)
        self.recent[level.key & self.recent_mask] = level
        self.sought_leaf = NULL
        # The first of a leaf may be below all: then the nodes above must learn of it.
        if leaf == NULL or self.sought != level.key or leaf.count == FANOUT or (at == 0 and self.height):
            return self.descend(level)
        self.link(level, leaf, at)
        shift_in(leaf, at, level.key, level)
        level.leaf = leaf
        self.count += 1
        return 0

    cdef int descend(self, Level *level) except -1:
        """Add a level from the root on, halving nodes where they are full."""
        cdef Node *path[HEIGHT_MAX]
        cdef long long places[HEIGHT_MAX]
        cdef long long depth, at
        cdef Node *node = self.root
        cdef Node *upper
        for depth in range(self.height):
            # The first key of an inner node bounds its first child from below, or halving that child would misplace it.
            node.keys[0] = min(node.keys[0], level.key)
            path[depth] = node
            places[depth] = child_of(node, level.key)
            node = <Node *> node.children[places[depth]]
        at = place_of(node, level.key)
        self.link(level, node, at)
        if node.count == FANOUT:
            upper = halve(node)
            self.moved += upper.count
            for depth in range(upper.count):
                (<Level *> upper.children[depth]).leaf = upper
            self.widen(path, places, self.height, upper.keys[0], upper)
            if at > node.count:
                at -= node.count
                node = upper
        shift_in(node, at, level.key, level)
        level.leaf = node
        self.count += 1
        return 0

    cdef int link(self, Level *level, Node *leaf, long long at) except -1:
        """Set the neighbours of a level that is about to stand at place `at` of a leaf."""
        if at < leaf.count:
            level.better = <Level *> leaf.children[at]
            # The leaf says it where it can: the memory of a neighbour would be waited for.
            level.worse = <Level *> leaf.children[at - 1] if at else level.better.worse
        elif at:
            level.worse = <Level *> leaf.children[at - 1]
            level.better = level.worse.better
        if level.better:
            level.better.worse = level
        else:
            self.best = level
            self.best_key = level.key
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
        node = new_node()
        # Nothing stands before a root: its bound is below all keys, not the first that it has just now. The level for
        # which it was halved may come before that.
        shift_in(node, 0, NO_KEY, self.root)
        shift_in(node, 1, key, child)
        self.root = node
        self.height += 1
        return 0

    cdef int remove(self, Level *level) except -1:
        cdef Node *leaf = <Node *> level.leaf
        cdef long long at = place_of(leaf, level.key)
        assert at < leaf.count and leaf.children[at] == level
        self.sought_leaf = NULL
        if self.recent[level.key & self.recent_mask] == level:
            self.recent[level.key & self.recent_mask] = NULL
        if level.better:
            level.better.worse = level.worse
        else:
            self.best = level.worse
            self.best_key = level.worse.key if level.worse else NO_KEY
        if level.worse:
            level.worse.better = level.better
        else:
            self.worst = level.better
        if leaf.count == 1 and self.height:
            self.narrow(level.key)
        else:
            shift_out(leaf, at)
        self.count -= 1
        return 0

    cdef int narrow(self, long long key) noexcept:
        """Free the leaf of a key, the last in it, and every node above that has no child but this way."""
        cdef Node *path[HEIGHT_MAX]
        cdef long long places[HEIGHT_MAX]
        cdef long long depth
        cdef Node *node = self.root
        for depth in range(self.height):
            path[depth] = node
            places[depth] = child_of(node, key)
            node = <Node *> node.children[places[depth]]
        shift_out(node, 0)
        depth = self.height
        while not node.count and depth:
            free(node)
            depth -= 1
            node = path[depth]
            shift_out(node, places[depth])
        while self.height and self.root.count == 1:
            node = self.root
            self.root = <Node *> node.children[0]
            self.height -= 1
            free(node)
        if not self.root.count:
            self.height = 0
        return 0
