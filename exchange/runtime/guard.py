"""Where a failure of ours is turned into an answer: the one place at the edge that catches everything."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

Found = TypeVar("Found")


def attempt(do: Callable[..., Found], otherwise: Callable[[Exception], Found], *given: Any) -> Found:
    """What `do` returns for what is given, or what `otherwise` makes of the exception that nobody expected."""
    try:
        return do(*given)
    except Exception as error:
        return otherwise(error)


async def attempt_waiting(wait: Awaitable[Found], otherwise: Callable[[Exception], Found]) -> Found:
    """The same for what must be waited for."""
    try:
        return await wait
    except Exception as error:
        return otherwise(error)


class Drive:
    """Runs a coroutine without a task: what it awaits calls its next step, and its end calls `done` right there.

    An answer leaves while the next one is made: tasks would make all answers of a batch first. `otherwise` makes a
    result of an exception that nobody expected. The coroutine may await futures and what is made of them; nothing in
    it may ask which task it is (asyncio.timeout does).
    """

    __slots__ = ("coroutine", "done", "otherwise")

    def __init__(
        self,
        coroutine: Coroutine[Any, None, Found],
        done: Callable[[Found], None],
        otherwise: Callable[[Exception], Found],
    ) -> None:
        self.coroutine = coroutine
        self.done = done
        self.otherwise = otherwise

    def step(self, _: object = None) -> None:
        """Go on until it waits again, or ends."""
        try:
            awaited = self.coroutine.send(None)
        except StopIteration as end:
            result = end.value
        except Exception as error:
            result = self.otherwise(error)
        else:
            if awaited is None:
                asyncio.get_running_loop().call_soon(self.step)
            else:
                awaited._asyncio_future_blocking = False
                awaited.add_done_callback(self.step)
            return
        self.done(result)
