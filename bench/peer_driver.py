"""Drives one other engine through a flow: `python peer_driver.py ENGINE FILE`, in the environment that has the engine.

The file is words: how many commands fill the book, then five for each command: kind (1 places, 2 cancels), order id,
side (0 buys), price, quantity. Filling is not timed. Prints a line of JSON: CPU seconds of the rest, the lots that
traded, and orders and lots that are at rest in the end.
"""

import gc
import json
import sys
import time
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

Command = tuple[int, int, int, int, int]
Ended = tuple[int, int, int]
"""Lots traded, orders at rest, lots at rest."""
PLACE = 1


def lightmatchingengine() -> tuple[Callable[[Command], None], Callable[[], Ended]]:
    from lightmatchingengine.lightmatchingengine import LightMatchingEngine

    engine = LightMatchingEngine()
    orders: dict[int, Any] = {}

    def apply(command: Command) -> None:
        kind, order_id, side, price, quantity = command
        if kind == PLACE:
            orders[order_id], _ = engine.add_order("X", price, quantity, side + 1)
        elif orders[order_id].leaves_qty:
            # It keeps what was filled in its index, and fails where that is canceled: the caller has to know better.
            engine.cancel_order(orders[order_id].order_id, "X")

    def end() -> Ended:
        book = engine.order_books["X"]
        resting = [order for side in (book.bids, book.asks) for level in side.values() for order in level]
        traded = sum(order.cum_qty for order in orders.values())
        return traded // 2, len(resting), sum(order.leaves_qty for order in resting)

    return apply, end


def liquibook() -> tuple[Callable[[Command], None], Callable[[], Ended]]:
    import liquibook as engine

    class Listener(engine.OrderListener):  # type: ignore[misc]
        """Orders are told of their fills by whoever listens; all other calls must be there."""

        traded = 0

        def on_fill(self, order: Any, matched: Any, quantity: int, cost: int) -> None:
            order.fill(quantity, cost, 0)
            matched.fill(quantity, cost, 0)
            self.traded += quantity

        def on_accept(self, order: Any) -> None: ...
        def on_cancel(self, order: Any) -> None: ...
        def on_cancel_reject(self, order: Any, reason: str) -> None: ...

    listener, book = Listener(), engine.DepthOrderBook("X")
    book.set_order_listener(listener)
    orders: dict[int, Any] = {}
    canceled: set[int] = set()

    def apply(command: Command) -> None:
        kind, order_id, side, price, quantity = command
        if kind == PLACE:
            order = orders[order_id] = engine.SimpleOrder(side == 0, price, quantity)
            book.add(order)
        elif orders[order_id].open_qty():
            book.cancel(orders[order_id])
            canceled.add(order_id)

    def end() -> Ended:
        left = [order.open_qty() for order_id, order in orders.items() if order_id not in canceled]
        resting = [lots for lots in left if lots]
        return listener.traded, len(resting), sum(resting)

    return apply, end


def matching_engine() -> tuple[Callable[[Command], None], Callable[[], Ended]]:
    from matching_engine.domain import CancelOrder, NewOrder, SequencedCommand, Side
    from matching_engine.engine import MatchingEngine
    from matching_engine.events import Trade

    engine = MatchingEngine()
    traded = 0

    def apply(command: Command) -> None:
        nonlocal traded
        kind, order_id, side, price, quantity = command
        asked: Any
        if kind == PLACE:
            asked = NewOrder(order_id, 1 + side, Side.SELL if side else Side.BUY, price, quantity)
        else:
            asked = CancelOrder(order_id, 1 + side)
        for event in engine.process(SequencedCommand(engine.last_seq + 1, 0, asked)):
            if type(event) is Trade:
                traded += event.qty

    def end() -> Ended:
        resting = list(engine.book.entries())
        return traded, len(resting), sum(entry.qty for entry in resting)

    return apply, end


ENGINES = {"lightmatchingengine": lightmatchingengine, "liquibook": liquibook, "matching_engine": matching_engine}


def main(name: str, path: str) -> None:
    words = array("q")
    words.frombytes(Path(path).read_bytes())
    fields = iter(words[1:])
    commands: list[Command] = list(zip(fields, fields, fields, fields, fields, strict=True))
    apply, end = ENGINES[name]()
    for command in commands[: words[0]]:
        apply(command)
    gc.collect()
    gc.freeze()
    timed = commands[words[0] :]
    began = time.process_time()
    for command in timed:
        apply(command)
    seconds = time.process_time() - began
    print(json.dumps([seconds, *end()]))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
