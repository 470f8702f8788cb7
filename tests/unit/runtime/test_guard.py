"""Coroutines that run without a task: to their end, over futures, sleeps and threads, whatever they raise."""

import asyncio
from typing import Any

from exchange.runtime.guard import Drive, attempt


def test_what_nobody_expected_becomes_a_result() -> None:
    assert attempt(lambda: 1, lambda error: 2) == 1
    assert attempt(lambda: 1 // 0, lambda error: 2) == 2


def test_a_coroutine_is_driven_over_all_that_it_awaits() -> None:
    async def all_of_it() -> list[Any]:
        found: list[Any] = []
        ended = asyncio.Event()

        def done(result: Any) -> None:
            found.append(result)
            if len(found) == 3:
                ended.set()

        async def waits() -> str:
            await asyncio.sleep(0)
            await asyncio.sleep(0.001)
            return await asyncio.get_running_loop().run_in_executor(None, str, 5)

        async def fails_late() -> str:
            await asyncio.sleep(0)
            raise KeyError("late")

        async def at_once() -> str:
            return "at once"

        for coroutine in (waits(), fails_late(), at_once()):
            Drive(coroutine, done, repr).step()
        assert found == ["at once"]
        await asyncio.wait_for(ended.wait(), 5)
        return found

    assert asyncio.run(all_of_it()) == ["at once", "KeyError('late')", "5"]


def test_a_future_that_fails_is_raised_where_it_is_awaited() -> None:
    async def all_of_it() -> list[str]:
        found: list[str] = []
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        async def waits() -> str:
            try:
                return await future
            except ValueError as error:
                return f"caught {error}"

        Drive(waits(), found.append, repr).step()
        future.set_exception(ValueError("it"))
        await asyncio.sleep(0.001)
        return found

    assert asyncio.run(all_of_it()) == ["caught it"]
