"""Open orders that end by themselves: by when that is, at one moment the oldest first."""

from . import records
from .ladder import Ladder
from .pool import Pool


class DueOrders:
    """Due orders of one core. A ladder's best level has the greatest key, so its keys are moments below zero."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.ladder = Ladder()

    def put(self, order: "records.Order") -> None:
        """Remember an open order, behind those that end at the same moment."""
        details = order.details
        level = self.pool.level_at(self.ladder, -details.due_ns)
        last = level.last
        details.due_level = level
        details.due_prev = last
        details.due_next = self.pool.no_order()
        if last:
            last.details.due_next = order
        else:
            level.first = order
        level.last = order

    def remove(self, order: "records.Order") -> None:
        """An order that was remembered has ended."""
        level = order.details.due_level
        older = order.details.due_prev
        younger = order.details.due_next
        if older:
            older.details.due_next = younger
        else:
            level.first = younger
        if younger:
            younger.details.due_prev = older
        else:
            level.last = older
        order.details.due_level = self.pool.no_level()
        if not level.first:
            self.ladder.remove(level)
            self.pool.give_level(level)

    def next_due_ns(self) -> int:
        """When the first of them ends; 0 where there is none."""
        level = self.ladder.best
        return -level.key if level else 0

    def first_due(self, now_ns: int) -> "records.Order":
        """The one that ends next and whose time has come, if there is one."""
        level = self.ladder.best
        if level and -level.key <= now_ns:
            return level.first
        return self.pool.no_order()
