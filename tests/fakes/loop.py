"""An event loop on which everything happens on one thread, in a time that passes only when nothing is left to do."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from exchange.runtime.guard import attempt

# How long what is given to another thread takes, in seconds: mostly nothing, sometimes as long as a bad disk.
THREAD_SECONDS = (0.0, 0.0, 0.0, 0.000_2, 0.002, 0.05, 1.5)


class PowerCut(KeyboardInterrupt):
    """Everything stops, here: asyncio lets it through where it would keep another exception for later."""


class Stuck(AssertionError):
    """Everybody waits for something that will not happen."""


class Still(selectors.SelectSelector):
    """Nothing comes from outside: to wait is to let the time pass."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Stuck("nothing is left to do, and nothing is due")
        self.now += max(timeout, 0.0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """What another thread would do is done on this one, when its time has come: as long as the seed says, it takes."""

    def __init__(self, chance: Random) -> None:
        self.still = Still()
        super().__init__(self.still)
        self.chance = chance

    def time(self) -> float:
        return self.still.now

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        future = self.create_future()

        def work() -> None:
            failed, result = attempt(lambda: (False, func(*args)), lambda error: (True, error))
            if not future.done():
                (future.set_exception if failed else future.set_result)(result)

        self.call_later(self.chance.choice(THREAD_SECONDS), work)
        return future

    def cut(self) -> None:
        """End everything that was going on: of all tasks, only their clearing up still runs."""
        self.set_exception_handler(ignore)
        tasks = asyncio.all_tasks(self)
        for task in tasks:
            task.cancel()
        try:
            self.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        finally:
            self.close()


def ignore(loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    """What goes wrong in a process that has ended concerns nobody."""
