# Records by their ids: indexes.pyx over C memory, indexes.py in plain Python. No rule of the exchange is in here.
cimport cython

from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE

from .market cimport Market
from .pool cimport Arena, Pool, Region, fetch
from .records cimport Account, Cell, ClientId, Key, Order, OrderList, Seat, word

cdef extern from *:
    """
    typedef unsigned long long tape_hash;
    /* Spreads counters given by the core over all bits (the finaliser of splitmix64). */
    static inline tape_hash tape_mixed(tape_hash word) {
        word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9ULL;
        word = (word ^ (word >> 27)) * 0x94D049BB133111EBULL;
        return word ^ (word >> 31);
    }
    /* A sum of products of words, each moved by a secret one, folded; its upper half is the better one. */
    static inline tape_hash tape_keyed(const tape_hash *keys, long long owner, long long a, long long b, long long c,
                                       long long d, long long e) {
        unsigned __int128 sum = (unsigned __int128) (owner + keys[0]) * (a + keys[1]);
        sum += (unsigned __int128) (b + keys[2]) * (c + keys[3]);
        sum += (unsigned __int128) (d + keys[4]) * (e + keys[5]);
        return ((tape_hash) (sum >> 64) ^ (tape_hash) sum) * 0x9E3779B97F4A7C15ULL;
    }
    /* Of the seven lower bytes those that are this one, a bit for each, and perhaps one too many behind the first. */
    static inline tape_hash tape_alike(tape_hash bytes, tape_hash byte) {
        tape_hash differ = bytes ^ byte * 0x0101010101010101ULL;
        return (differ - 0x0101010101010101ULL) & ~differ & 0x0080808080808080ULL;
    }
    static inline void *tape_near(void *records, long long id, size_t size) {
        return (void *) ((size_t) records + (size_t) id * size);
    }
    #define tape_first(bits) (__builtin_ctzll(bits) >> 3)
    #define tape_without_first(bits) ((bits) & ((bits) - 1))
    #define tape_at(tag, place) ((tape_hash) (tag) << 8 * (place))
    /* Neighbours for one owner: the buckets of its records share cache lines. */
    static inline tape_hash tape_pair_hash(long long first, long long second) {
        return tape_mixed((tape_hash) first * 0x9E3779B97F4A7C15ULL) + (tape_hash) second;
    }
    /* Which of an account's first seats may be that of a market: 0 to 3, or 4 where none is. Four bytes are compared
       at once, for a processor cannot foresee which of them it will be. */
    static inline long long tape_marked(const unsigned char *marks, long long market) {
        unsigned int differ, zero;
        __builtin_memcpy(&differ, marks, 4);
        differ ^= 0x01010101u * (unsigned char) market;
        zero = (differ - 0x01010101u) & ~differ & 0x80808080u;
        return zero ? __builtin_ctz(zero) >> 3 : 4;
    }
    /* A bucket that is not open yet is that of one bit less. Without a branch: no processor foresees it. */
    static inline long long tape_bucket(tape_hash hash, long long mask, long long used) {
        long long at = (long long) (hash & (tape_hash) mask);
        return at & (mask >> (at >= used));
    }
    """
    ctypedef unsigned long long hashed_t "tape_hash"
    hashed_t mixed "tape_mixed"(hashed_t number) noexcept
    hashed_t keyed "tape_keyed"(const hashed_t *keys, long long owner, long long a, long long b, long long c,
                                long long d, long long e) noexcept
    hashed_t pair_hash "tape_pair_hash"(long long first, long long second) noexcept
    long long marked "tape_marked"(const unsigned char *marks, long long market) noexcept
    hashed_t alike "tape_alike"(hashed_t bytes, hashed_t byte) noexcept
    void *near "tape_near"(void *records, long long id, size_t size) noexcept
    long long first "tape_first"(hashed_t bits) noexcept
    hashed_t without_first "tape_without_first"(hashed_t bits) noexcept
    hashed_t at_place "tape_at"(hashed_t tag, long long place) noexcept
    long long bucket "tape_bucket"(hashed_t hashed, long long mask, long long used) noexcept

cdef enum:
    # What a table can ever have; addresses are reserved for it.
    IDS_MAX = 0x8000000
    BUCKETS_MAX = 0x20000000
    LINES_MAX = 0x4000000
    PER_LINE = 3
    # How far before its turn a record may be asked for while all of them are gone through.
    SOUGHT_AHEAD = 32
    LAST = 6

# One cache line: up to seven records, and of each a byte of its hash whose highest bit is set; 0 is a free place. Where
# more came, byte 7 is 1 and the last place leads to a further line.
cdef struct Line:
    hashed_t tags
    void *nodes[7]

cdef inline ClientId no_client_id() noexcept:
    return ClientId(0, 0, 0, 0, 0)

cdef inline bint same_client_id(ClientId one, ClientId other) noexcept:
    return one.a == other.a and one.b == other.b and one.c == other.c and one.d == other.d and one.e == other.e

cdef inline bint has_client_id(ClientId client_id) noexcept:
    return (client_id.a | client_id.b | client_id.c | client_id.d | client_id.e) != 0


# A table of buckets, at least twice as many as there are records: most stand alone in theirs.
cdef class Buckets:
    cdef Region region
    cdef readonly long long count
    cdef readonly long long moved
    cdef long long used
    cdef long long mask
    cdef long long link
    cdef void **heads
    cdef void **all_nodes(self, long long others) except NULL
    cpdef int expect(self, long long records) except -1
    cdef void **open_bucket(self) except NULL
    cdef int split(self) except -1
    cdef hashed_t hash_of(self, void *node) noexcept
    cpdef long long memory(self) except -1

    cdef inline void **head(self, hashed_t hashed) noexcept:
        return &self.heads[bucket(hashed, self.mask, self.used)]

    cdef inline void **new_head(self, hashed_t hashed) except NULL:
        """Where a record that is about to be added is linked in."""
        while 2 * self.count >= self.used:
            self.split()
        self.count += 1
        return self.head(hashed)

    cdef inline void **link_of(self, void *node) noexcept:
        return <void **> (<char *> node + self.link)


cdef struct Numbered:
    long long id
    Order *order


@cython.final
cdef class OrderIndex(Buckets):
    cpdef word sort(self) except? -1
    cdef Order *ranked(self, long long rank) noexcept
    cdef int let_ranks_go(self) noexcept
    cdef Numbered *sorted

    cdef inline void **slot(self, long long id) noexcept:
        # Ids count up, so they spread evenly as they are, and neighbours in time share a cache line.
        return self.head(<hashed_t> id)

    cdef inline Order *find(self, long long id) noexcept:
        order = <Order *> self.slot(id)[0]
        while order and order.id != id:
            order = order.id_link
        return order

    cdef inline int put(self, Order *order) except -1:
        head = <Order **> self.new_head(<hashed_t> order.id)
        order.id_link = head[0]
        head[0] = order
        return 0

    cdef inline int remove(self, Order *order) except -1:
        at = <Order **> self.slot(order.id)
        while at[0] != order:
            assert at[0] != NULL
            at = &at[0].id_link
        at[0] = order.id_link
        self.count -= 1
        return 0


# A table of lines with three records each on average: who seeks waits for one line of memory, and, but for two times in
# a hundred, for no record but the one that is meant.
cdef class Lines:
    cdef Arena arena
    cdef Region region
    cdef readonly long long count
    cdef readonly long long moved
    cdef long long used
    cdef long long mask
    cdef Line *lines
    cdef Line *spare
    cdef hashed_t place_of(self, void *node) noexcept
    cpdef long long memory(self) except -1
    cpdef int expect(self, long long records) except -1
    cpdef long long fullest(self) except -1
    cdef int split(self) except -1
    cdef Line *further(self, Line *line) except NULL
    cdef int give_back(self, Line *line) noexcept
    cdef int drop_empty(self, Line *head) noexcept

    cdef inline Line *line(self, hashed_t place) noexcept:
        return &self.lines[bucket(place, self.mask, self.used)]

    cdef inline int put_in(self, Line *line, hashed_t tag, void *node) except -1:
        free = alike(line.tags, 0)
        while not free:
            line = self.further(line)
            free = alike(line.tags, 0)
        at = first(free)
        line.tags |= at_place(tag, at)
        line.nodes[at] = node
        return 0

    cdef inline int add(self, hashed_t place, hashed_t tag, void *node) except -1:
        while self.count >= PER_LINE * self.used:
            self.split()
        self.count += 1
        return self.put_in(self.line(place), tag, node)

    cdef inline int take_out(self, hashed_t place, hashed_t tag, void *node) except -1:
        head = self.line(place)
        line = head
        same = alike(line.tags, tag)
        while not same or line.nodes[first(same)] != node:
            if same:
                same = without_first(same)
            else:
                assert line.tags >> 56
                line = <Line *> line.nodes[LAST]
                same = alike(line.tags, tag)
        line.tags ^= at_place(tag, first(same))
        self.count -= 1
        if head.tags >> 56:
            self.drop_empty(head)
        return 0


@cython.final
cdef class ClientIndex(Lines):
    cdef hashed_t keys[6]
    cdef hashed_t sought

    cdef inline hashed_t digest(self, long long account, ClientId client_id) noexcept:
        return keyed(self.keys, account, client_id.a, client_id.b, client_id.c, client_id.d, client_id.e)

    cdef inline hashed_t place(self, hashed_t digest) noexcept:
        return digest >> 32

    cdef inline hashed_t tag(self, hashed_t digest) noexcept:
        return digest >> 24 & 0x7F | 0x80

    cdef inline Line *home(self, hashed_t digest) noexcept:
        return self.line(self.place(digest))

    cdef inline void seek(self, long long account, ClientId client_id) noexcept:
        """Say what `find_sought` will be for, and ask for the memory meanwhile."""
        self.sought = self.digest(account, client_id)
        fetch(self.home(self.sought))

    cdef inline Order *find(self, long long account, ClientId client_id) noexcept:
        self.sought = self.digest(account, client_id)
        return self.find_sought(account, client_id)

    cdef inline Order *find_sought(self, long long account, ClientId client_id) noexcept:
        line = self.home(self.sought)
        while True:
            same = alike(line.tags, self.tag(self.sought))
            while same:
                order = <Order *> line.nodes[first(same)]
                if same_client_id(order.client_id, client_id) and order.seat.account.id == account:
                    return order
                same = without_first(same)
            if not line.tags >> 56:
                return NULL
            line = <Line *> line.nodes[LAST]

    cdef inline int put_sought(self, Order *order) except -1:
        """Put the order whose owner and id the last `find` was for."""
        order.digest = self.sought
        return self.add(self.place(self.sought), self.tag(self.sought), order)

    cdef inline int put(self, Order *order) except -1:
        self.sought = self.digest(order.seat.account.id, order.client_id)
        return self.put_sought(order)

    cdef inline int remove(self, Order *order) except -1:
        return self.take_out(self.place(order.digest), self.tag(order.digest), order)


@cython.final
cdef class Accounts:
    cdef Region region
    cdef readonly long long count
    cdef readonly long long last
    cdef readonly dict parents
    cdef Account *records
    cdef hashed_t end
    cdef Account *add(self, long long id) except NULL
    cdef int list_cells(self, Cell **into) noexcept
    cpdef long long memory(self) except -1

    cdef inline Account *near(self, long long id) noexcept:
        """Where the record of an id would be, to be asked for, not to be read: of any number, so no array's index."""
        return <Account *> near(self.records, id, sizeof(Account))

    cdef inline Account *place(self, long long id) noexcept:
        """Where the record of an id is, if it is at all; one below zero is past every end. Record 0 stays empty."""
        return &self.records[id] if <hashed_t> id < self.end else NULL

    cdef inline Account *find(self, long long id) noexcept:
        account = self.place(id)
        return account if account and account.id else NULL


# An account's first cells stand beside it: only others are in the buckets.
@cython.final
cdef class Cells(Buckets):
    cdef Pool pool
    cdef Accounts accounts
    cdef long long beside
    cdef Cell **sorted
    cpdef word sort(self) except? -1
    cdef Cell *ranked(self, long long rank) noexcept
    cdef Cell *find(self, long long account, long long asset) noexcept
    cdef Cell *open(self, long long account, long long asset) except NULL
    cdef Cell *new(self, Account *owner, long long account, long long asset) except NULL

    cdef inline Cell *at_hand(self, Account *account, long long asset) noexcept:
        if account.cells[0].asset == asset:
            return &account.cells[0]
        return &account.cells[1] if account.cells[1].asset == asset else NULL

    cdef inline void **home(self, Account *account, long long asset) noexcept:
        """The bucket in which a cell may be that is not at hand, or NULL."""
        if self.at_hand(account, asset) or not account.cells[1].asset:
            return NULL
        return self.head(pair_hash(account.id, asset))


# Most accounts have few seats and those at hand: only what is not is in the buckets.
@cython.final
cdef class Seats(Buckets):
    cdef Pool pool
    cdef Cells cells
    cdef readonly long long opened
    cdef Seat *open(self, Account *account, long long market, long long base, long long quote) except NULL

    cdef int put(self, Account *account, Seat *seat) except -1
    cdef Seat *search(self, Account *account, long long market) noexcept

    cdef inline Seat *find(self, Account *account, long long market) noexcept:
        seat = self.at_hand(account, market)
        if seat and seat.market == market:
            return seat
        return self.search(account, market) if seat or account.seats[2] else NULL

    cdef inline Seat *at_hand(self, Account *account, long long market) noexcept:
        """One of the account's first seats: that of the market, if it is there at all."""
        at = marked(account.marks, market)
        if at == 4:
            return NULL
        return account.seats[at - 1] if at else &account.seat[0]


@cython.final
cdef class ListHeads:
    cdef Region region
    cdef OrderList **heads
    cdef OrderList *find(self, long long account_id) noexcept
    cdef int put(self, long long account_id, OrderList *order_list) except -1


@cython.final
cdef class Keys:
    cdef Region region
    cdef readonly long long count
    cdef Key *records
    cdef hashed_t end
    cdef Key *add(self, long long id, Account *account) except NULL
    cpdef long long memory(self) except -1

    cdef inline Key *place(self, long long id) noexcept:
        """Where the record of an id is, if it is at all; as `Accounts.place`."""
        return &self.records[id] if <hashed_t> id < self.end else NULL

    cdef inline Key *find(self, long long id) noexcept:
        key = self.place(id)
        return key if key and key.account else NULL


@cython.final
cdef class Markets:
    cdef list markets

    cdef inline Market find(self, long long id):
        if 0 < id <= PyList_GET_SIZE(self.markets):
            return <Market> PyList_GET_ITEM(self.markets, id - 1)
        return None
