# cython: overflowcheck=False
"""Records found by their ids, over C memory: `indexes.py` says the same in plain Python.

Nothing is moved to grow but the few records of one bucket at each insertion (linear hashing), counted in `moved`.
"""
from cpython.mem cimport PyMem_RawFree
from libc.stdlib cimport qsort
from libc.string cimport memcpy

from .pool cimport Region, fetch, zeroed

cdef extern from *:
    long long popcount "__builtin_popcountll"(hashed_t bits) noexcept

cdef hashed_t OCCUPIED = 0x0080808080808080


cdef class Buckets:
    """A hash table of records linked through themselves; each insertion splits at most one bucket."""

    def __init__(self):
        self.region = Region(BUCKETS_MAX * sizeof(void *))
        self.used = 512
        self.mask = 511
        self.heads = <void **> self.region.reach(self.used * sizeof(void *))

    cdef hashed_t hash_of(self, void *node) noexcept:
        return 0

    cpdef long long memory(self) except -1:
        return self.used * sizeof(void *)

    cpdef int expect(self, long long records) except -1:
        """Open the buckets for so many records before the first comes: there is nothing to move into them yet."""
        if not self.count and self.used < 2 * records:
            self.region.reach(2 * records * sizeof(void *))
            self.used = 2 * records
            while self.mask < self.used - 1:
                self.mask = 2 * self.mask + 1
        return 0

    cdef void **all_nodes(self, long long others) except NULL:
        """Every record in a new run of pointers, in no order, with room for `others` behind, for the caller to free."""
        cdef void **nodes = <void **> zeroed((self.count + others + 1) * sizeof(void *))
        cdef long long number, rank = 0
        cdef void *node
        for number in range(self.used):
            node = self.heads[number]
            while node:
                nodes[rank] = node
                rank += 1
                node = self.link_of(node)[0]
        return nodes

    cdef void **open_bucket(self) except NULL:
        """Make room for one more bucket; it is in use when `used` counts it."""
        if self.used > self.mask:
            self.mask = 2 * self.mask + 1
        self.region.reach((self.used + 1) * sizeof(void *))
        return &self.heads[self.used]

    cdef int split(self) except -1:
        """Open one more bucket and move into it what belongs there from the bucket it is the twin of."""
        cdef void **lower
        cdef void **upper = self.open_bucket()
        cdef void *node
        cdef void *following
        lower = self.head(<hashed_t> self.used)
        self.used += 1
        node = lower[0]
        lower[0] = NULL
        while node:
            following = self.link_of(node)[0]
            head = upper if <long long> (self.hash_of(node) & <hashed_t> self.mask) == self.used - 1 else lower
            self.link_of(node)[0] = head[0]
            head[0] = node
            self.moved += 1
            node = following
        return 0


cdef int by_id(const void *one, const void *other) noexcept nogil:
    return -1 if (<Numbered *> one).id < (<Numbered *> other).id else 1


cdef class OrderIndex(Buckets):
    """Open orders by order id."""

    def __init__(self):
        Buckets.__init__(self)
        self.link = <long long> <size_t> &(<Order *> NULL).id_link

    def __dealloc__(self):
        PyMem_RawFree(self.sorted)

    cpdef word sort(self) except? -1:
        """Line all orders up by id for `ranked`; returns how many there are.

        Where no id is further from another than there are buckets, they stand in order in these.
        """
        cdef long long number, rank = 0, greatest = 0
        cdef bint is_sorted = True
        cdef Order *order
        self.let_ranks_go()
        self.sorted = <Numbered *> zeroed((self.count + SOUGHT_AHEAD) * sizeof(Numbered))
        for number in range(self.used):
            order = <Order *> self.heads[number]
            fetch(self.heads[min(number + SOUGHT_AHEAD, self.used - 1)])
            while order:
                is_sorted = is_sorted and order.id > greatest
                greatest = order.id
                self.sorted[rank] = Numbered(order.id, order)
                rank += 1
                order = order.id_link
        if not is_sorted:
            qsort(self.sorted, self.count, sizeof(Numbered), by_id)
        return self.count

    cdef Order *ranked(self, long long rank) noexcept:
        """By rank in `sort`; NULL for the next few behind the last."""
        return self.sorted[rank].order

    cdef int let_ranks_go(self) noexcept:
        PyMem_RawFree(self.sorted)
        self.sorted = NULL
        return 0

    cdef hashed_t hash_of(self, void *node) noexcept:
        return <hashed_t> (<Order *> node).id


cdef class Lines:
    """A hash table of cache lines, each with the records themselves beside a byte of each one's hash."""

    def __init__(self, Pool pool):
        self.arena = pool.arena
        self.region = Region(LINES_MAX * sizeof(Line))
        self.used = 128
        self.mask = 127
        self.lines = <Line *> self.region.reach(self.used * sizeof(Line))

    cdef hashed_t place_of(self, void *node) noexcept:
        return 0

    cpdef long long memory(self) except -1:
        return self.used * sizeof(Line)

    cpdef int expect(self, long long records) except -1:
        """Open the lines for so many records before the first comes: there is nothing to move into them yet."""
        cdef long long lines = (records + PER_LINE - 1) // PER_LINE
        if not self.count and self.used < lines:
            self.region.reach(lines * sizeof(Line))
            self.used = lines
            while self.mask < self.used - 1:
                self.mask = 2 * self.mask + 1
        return 0

    cpdef long long fullest(self) except -1:
        """How many records stand in the fullest line and those behind it."""
        cdef long long number, depth, most = 0
        cdef Line *line
        for number in range(self.used):
            depth = 0
            line = &self.lines[number]
            while line:
                depth += popcount(line.tags & OCCUPIED)
                line = <Line *> line.nodes[LAST] if line.tags >> 56 else NULL
            most = max(most, depth)
        return most

    cdef Line *further(self, Line *line) except NULL:
        """The line behind a full one. Where there is none yet it is made, and begins with the last of the full one."""
        cdef Line *new = self.spare
        if line.tags >> 56:
            return <Line *> line.nodes[LAST]
        if new:
            self.spare = <Line *> new.nodes[0]
        else:
            new = <Line *> self.arena.take(sizeof(Line))
        new.tags = line.tags >> 8 * LAST & 0xFF
        new.nodes[0] = line.nodes[LAST]
        line.tags = line.tags & ~at_place(0xFF, LAST) | at_place(0x0101, LAST)
        line.nodes[LAST] = new
        return new

    cdef int give_back(self, Line *line) noexcept:
        line.nodes[0] = self.spare
        self.spare = line
        return 0

    cdef int drop_empty(self, Line *head) noexcept:
        """Take back the last line behind `head` where nothing is left in it."""
        cdef Line *before = head
        cdef Line *last = <Line *> head.nodes[LAST]
        while last.tags >> 56:
            before = last
            last = <Line *> last.nodes[LAST]
        if not last.tags:
            before.tags &= ~at_place(0xFFFF, LAST)
            self.give_back(last)
        return 0

    cdef int split(self) except -1:
        """Open one more line and move into it what belongs there from the line that it is the twin of."""
        cdef Line *lower
        cdef Line *upper
        cdef Line *further
        cdef Line line
        cdef long long at
        cdef bint is_moved
        if self.used > self.mask:
            self.mask = 2 * self.mask + 1
        self.region.reach((self.used + 1) * sizeof(Line))
        upper = &self.lines[self.used]
        lower = self.line(<hashed_t> self.used)
        self.used += 1
        line = lower[0]
        lower.tags = 0
        while True:
            for at in range(7):
                if line.tags >> 8 * at & 0x80:
                    is_moved = <long long> (self.place_of(line.nodes[at]) & <hashed_t> self.mask) == self.used - 1
                    self.put_in(upper if is_moved else lower, line.tags >> 8 * at & 0xFF, line.nodes[at])
                    self.moved += 1
            if not line.tags >> 56:
                return 0
            further = <Line *> line.nodes[LAST]
            line = further[0]
            self.give_back(further)


cdef class ClientIndex(Lines):
    """Open orders by account and client id.

    Clients choose their ids, so the hash has a secret key: the almost-universal NH of UMAC (Black, Halevi, Krawczyk,
    Krovetz, Rogaway 1999), a sum of products of 64-bit words, each moved by a secret word.
    """

    def __init__(self, Pool pool, bytes secret):
        if len(secret) != 16:
            raise ValueError(f"the secret of the client id index has 16 bytes, not {len(secret)}")
        Lines.__init__(self, pool)
        memcpy(self.keys, <const char *> secret, 16)
        for at in range(2, 6):
            self.keys[at] = mixed(self.keys[at - 2] + self.keys[at - 1])

    cdef hashed_t place_of(self, void *node) noexcept:
        return self.place((<Order *> node).digest)


cdef int by_owner(const void *one, const void *other) noexcept nogil:
    cdef Cell *left = (<Cell **> one)[0]
    cdef Cell *right = (<Cell **> other)[0]
    if left.account != right.account:
        return -1 if left.account < right.account else 1
    return -1 if left.asset < right.asset else 1


cdef class Cells(Buckets):
    """Balance cells by account and asset."""

    def __init__(self, Pool pool, Accounts accounts):
        Buckets.__init__(self)
        self.link = <long long> <size_t> &(<Cell *> NULL).link
        self.pool = pool
        self.accounts = accounts

    def __dealloc__(self):
        PyMem_RawFree(self.sorted)

    cdef hashed_t hash_of(self, void *node) noexcept:
        return pair_hash((<Cell *> node).account, (<Cell *> node).asset)

    cdef Cell *find(self, long long account, long long asset) noexcept:
        cdef Account *owner = self.accounts.find(account)
        if not owner or not asset:
            return NULL
        cell = self.at_hand(owner, asset)
        if not cell and owner.cells[1].asset:
            cell = <Cell *> self.head(pair_hash(account, asset))[0]
            while cell and not (cell.account == account and cell.asset == asset):
                cell = cell.link
        return cell

    cdef Cell *open(self, long long account, long long asset) except NULL:
        cell = self.find(account, asset)
        if not cell:
            cell = self.new(self.accounts.find(account), account, asset)
            cell.account = account
            cell.asset = asset
        return cell

    cdef Cell *new(self, Account *owner, long long account, long long asset) except NULL:
        """One of the cells beside their account, if one is left; else one in a bucket."""
        assert owner and asset
        if not owner.cells[1].asset:
            self.beside += 1
            return &owner.cells[1] if owner.cells[0].asset else &owner.cells[0]
        cell = self.pool.take_cell()
        head = <Cell **> self.new_head(pair_hash(account, asset))
        cell.link = head[0]
        head[0] = cell
        return cell

    cpdef word sort(self) except? -1:
        """Line all cells up by account and asset for `ranked`; returns how many there are."""
        PyMem_RawFree(self.sorted)
        self.sorted = <Cell **> self.all_nodes(self.beside)
        self.accounts.list_cells(self.sorted + self.count)
        qsort(self.sorted, self.count + self.beside, sizeof(Cell *), by_owner)
        return self.count + self.beside

    cdef Cell *ranked(self, long long rank) noexcept:
        return self.sorted[rank]


cdef class Seats(Buckets):
    """Seats by account and market."""

    def __init__(self, Pool pool, Cells cells):
        Buckets.__init__(self)
        self.link = <long long> <size_t> &(<Seat *> NULL).link
        self.pool = pool
        self.cells = cells

    cdef hashed_t hash_of(self, void *node) noexcept:
        return pair_hash((<Seat *> node).account.id, (<Seat *> node).market)

    cdef Seat *search(self, Account *account, long long market) noexcept:
        """Find a seat that its account does not have at hand."""
        seat = <Seat *> self.head(pair_hash(account.id, market))[0]
        while seat and not (seat.account == account and seat.market == market):
            seat = seat.link
        return seat

    cdef Seat *open(self, Account *account, long long market, long long base, long long quote) except NULL:
        seat = self.find(account, market)
        if not seat:
            seat = self.pool.take_seat() if account.seat[0].account else &account.seat[0]
            seat.account = account
            seat.market = market
            seat.base = self.cells.open(account.id, base)
            seat.quote = self.cells.open(account.id, quote)
            self.opened += 1
            self.put(account, seat)
        return seat

    cdef int put(self, Account *account, Seat *seat) except -1:
        """Keep a new seat at hand, if there is room and no other one has its mark; else in a bucket."""
        cdef long long at = marked(account.marks, seat.market)
        if seat == &account.seat[0]:
            account.marks[0] = seat.market & 255
            return 0
        if at == 4:
            at = 1
            while at < 4 and account.seats[at - 1]:
                at += 1
        if 0 < at < 4 and not account.seats[at - 1]:
            account.seats[at - 1] = seat
            account.marks[at] = seat.market & 255
        else:
            head = <Seat **> self.new_head(pair_hash(account.id, seat.market))
            seat.link = head[0]
            head[0] = seat
        return 0


cdef class Accounts:
    """Accounts by id."""

    def __cinit__(self):
        self.region = Region(IDS_MAX * sizeof(Account))
        self.records = <Account *> self.region.start
        self.parents = {}

    cpdef long long memory(self) except -1:
        return (self.last + 1) * sizeof(Account)

    cdef Account *add(self, long long id) except NULL:
        if not 0 < id < IDS_MAX:
            raise OverflowError(f"account id {id} is outside 1 to {IDS_MAX - 1}")
        self.region.reach((id + 1) * sizeof(Account))
        self.end = self.region.usable // sizeof(Account)
        account = &self.records[id]
        account.id = id
        self.count += 1
        self.last = max(self.last, id)
        return account

    cdef int list_cells(self, Cell **into) noexcept:
        cdef long long id, at, count = 0
        for id in range(1, self.last + 1):
            for at in range(2):
                if self.records[id].cells[at].asset:
                    into[count] = &self.records[id].cells[at]
                    count += 1
        return 0


cdef class ListHeads:
    """The oldest open list of each account that has any."""

    def __cinit__(self):
        self.region = Region(IDS_MAX * sizeof(OrderList *))
        self.heads = <OrderList **> self.region.start

    cdef OrderList *find(self, long long account_id) noexcept:
        return self.heads[account_id] if 8 * account_id < self.region.usable else NULL

    cdef int put(self, long long account_id, OrderList *order_list) except -1:
        self.region.reach((account_id + 1) * sizeof(OrderList *))
        self.heads[account_id] = order_list
        return 0


cdef class Keys:
    """API keys by id."""

    def __cinit__(self):
        self.region = Region(IDS_MAX * sizeof(Key))
        self.records = <Key *> self.region.start

    cpdef long long memory(self) except -1:
        return self.count * sizeof(Key)

    cdef Key *add(self, long long id, Account *account) except NULL:
        if not 0 < id < IDS_MAX:
            raise OverflowError(f"key id {id} is outside 1 to {IDS_MAX - 1}")
        self.region.reach((id + 1) * sizeof(Key))
        self.end = self.region.usable // sizeof(Key)
        key = &self.records[id]
        key.account = account
        self.count += 1
        return key


cdef class Markets:
    """Markets by id, in a list that begins with market 1."""

    def __init__(self, list markets):
        self.markets = markets
