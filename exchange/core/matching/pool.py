"""Where orders, levels, seats and cells come from and go back to, in plain Python: `pool.pyx` is the compiled twin."""

from .ladder import Ladder
from .records import NO_CLIENT_ID, Cell, Details, Level, Order, OrderList, Seat


class Pool:
    """A taken record has its links empty; every other field is for the taker to set."""

    def take_order(self) -> Order:
        order = Order()
        order.next = order.prev = order.level = order.details = order.seat_next = order.seat_prev = None
        return order

    def give_order(self, order: Order) -> None:
        pass

    def take_level(self, key: int) -> Level:
        level = Level()
        level.key = key
        level.quantity = level.hidden = 0
        level.first = level.last = level.better = level.worse = None
        return level

    def give_level(self, level: Level) -> None:
        pass

    def no_order(self) -> None:
        """What a link to an order is where there is none."""

    def no_level(self) -> None:
        """What a link to a level is where there is none."""

    def no_list(self) -> None:
        """What a link to a list is where there is none."""

    def level_at(self, ladder: Ladder, key: int) -> Level:
        """The level of a key, made where there is none."""
        level = ladder.find(key)
        if not level:
            level = self.take_level(key)
            ladder.insert(level)
        return level

    def enqueue(self, level: Level, order: Order) -> None:
        """Put an order behind the others of a level."""
        last = level.last
        order.level = level
        order.prev = last
        order.next = None
        if last:
            last.next = order
        else:
            level.first = order
        level.last = order

    def dequeue(self, order: Order) -> None:
        """Take an order out of the queue of its level."""
        if order.prev:
            order.prev.next = order.next
        else:
            order.level.first = order.next
        if order.next:
            order.next.prev = order.prev
        else:
            order.level.last = order.prev

    def append_to_seat(self, order: Order) -> None:
        """Put an order behind the others of its account in its market."""
        seat = order.seat
        order.seat_prev = seat.last
        if seat.last:
            seat.last.seat_next = order
        else:
            seat.first = order
        seat.last = order

    def remove_from_seat(self, order: Order) -> None:
        """Take an order out of the orders of its account in its market."""
        if order.seat_prev:
            order.seat_prev.seat_next = order.seat_next
        else:
            order.seat.first = order.seat_next
        if order.seat_next:
            order.seat_next.seat_prev = order.seat_prev
        else:
            order.seat.last = order.seat_prev

    def take_details(self) -> Details:
        details = Details()
        for name in Details.__slots__[:-1]:
            setattr(details, name, 0)
        details.order_list = details.due_level = details.due_next = details.due_prev = None
        return details

    def take_list(self) -> OrderList:
        order_list = OrderList()
        for name in OrderList.__slots__:
            setattr(order_list, name, 0)
        order_list.working = order_list.first = order_list.second = order_list.started = None
        order_list.older = order_list.younger = order_list.next_touched = order_list.next_ready = None
        order_list.client_id = order_list.cancel_id = NO_CLIENT_ID
        order_list.working_name = order_list.first_name = order_list.second_name = NO_CLIENT_ID
        return order_list

    def give_list(self, order_list: OrderList) -> None:
        pass

    def take_seat(self) -> Seat:
        seat = Seat()
        seat.first = seat.last = None
        seat.open_orders = 0
        return seat

    def take_cell(self) -> Cell:
        cell = Cell()
        cell.available = cell.held = cell.borrowed = 0
        return cell

    def take_words(self, count: int) -> list[int]:
        """A run of that many words, all zero, for as long as the pool lives."""
        return [0] * count

    def taken(self) -> int:
        """Bytes handed out so far: not known here."""
        return 0
