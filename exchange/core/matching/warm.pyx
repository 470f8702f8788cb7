# cython: overflowcheck=False
"""Memory fetched ahead of its use.

With many markets and accounts a command waits for memory a dozen times, each wait as long as all its arithmetic. So
the next rows of a run are looked at together before they are applied: each pass asks for what the pass before found,
and the waits of 16 commands pass side by side. Only hints are given: nothing is written, no result depends on it.
"""
from .buffers cimport Rows
from .codes cimport BUY, CANCEL, EXTENSION_WORDS, PLACE, ROW_WORDS
from .indexes cimport ClientIndex, Keys, OrderIndex, Seats
from .records cimport Key, Order, Row, Seat

cdef extern from *:
    """
    #define tape_fetch(address) __builtin_prefetch(address, 1)
    """
    void tape_fetch(const void *address) noexcept

cdef enum:
    AHEAD = 16
    LINE = 64


cdef class Warmer:
    """Looks at up to 16 rows at a time."""

    def __init__(self, Keys keys, Seats seats, OrderIndex orders, ClientIndex clients):
        self.keys = keys
        self.seats = seats
        self.orders = orders
        self.clients = clients

    cdef word fetch(self, Rows rows, long long at) except -1:
        """Ask for what the rows from word `at` on will touch; returns the word up to which they were looked at."""
        cdef long long count = 0, number
        cdef Row *row
        cdef Key *key
        cdef Seat *seat
        cdef Order *order
        while count < AHEAD and at + ROW_WORDS <= rows.count:
            row = rows.at(at)
            self.places[count] = at
            tape_fetch(self.keys.find(row.key))
            if row.kind == PLACE:
                tape_fetch(self.seats.slot(row.account, row.market))
                tape_fetch(self.clients.slot(row.account, row.client_id))
            elif row.kind == CANCEL:
                tape_fetch(self.orders.slot(row.order_id))
            if not 0 <= row.extensions <= 7:
                at = rows.count
                break
            at += ROW_WORDS + EXTENSION_WORDS * row.extensions
            count += 1
        for number in range(count):
            row = rows.at(self.places[number])
            key = self.keys.find(row.key)
            if key:
                tape_fetch(key.account)
            self.nodes[number] = NULL
            if row.kind == PLACE:
                self.nodes[number] = self.seats.slot(row.account, row.market)[0]
                if self.nodes[number]:
                    tape_fetch(self.nodes[number])
            elif row.kind == CANCEL:
                self.nodes[number] = self.orders.slot(row.order_id)[0]
                if not self.nodes[number]:
                    continue
                tape_fetch(self.nodes[number])
                tape_fetch(<char *> self.nodes[number] + LINE)
                tape_fetch(<char *> self.nodes[number] + 2 * LINE)
        for number in range(count):
            row = rows.at(self.places[number])
            if row.kind == PLACE and self.nodes[number]:
                seat = <Seat *> self.nodes[number]
                tape_fetch(seat.quote if row.flags.side == BUY else seat.base)
                if seat.last:
                    tape_fetch(<char *> seat.last + LINE)
            elif row.kind == CANCEL and self.nodes[number]:
                order = <Order *> self.nodes[number]
                tape_fetch(order.level)
                tape_fetch(order.seat)
                if order.prev:
                    tape_fetch(order.prev)
                if order.next:
                    tape_fetch(order.next)
                if order.seat_prev:
                    tape_fetch(<char *> order.seat_prev + LINE)
                if order.seat_next:
                    tape_fetch(<char *> order.seat_next + LINE)
                tape_fetch(self.clients.slot(row.account, order.client_id))
        for number in range(count):
            row = rows.at(self.places[number])
            if row.kind == CANCEL and self.nodes[number]:
                seat = (<Order *> self.nodes[number]).seat
                tape_fetch(seat.quote if (<Order *> self.nodes[number]).flags.side == BUY else seat.base)
        return at
