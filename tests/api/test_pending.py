"""Replies that come later: whatever goes wrong with one is its own matter, for a whole batch is answered behind it."""

import asyncio
from typing import Any

import pytest

from exchange.api import errors
from exchange.api.context import Make, Pending, Reply, TimedOut
from exchange.api.errors import WireError
from exchange.runtime.batches import Answer
from exchange.runtime.sequencer import Failed

ANSWER = Answer(7, 0, [])


def asked(make: Make) -> tuple[Pending, list[Any]]:
    """A reply that was asked for as HTTP and the WebSocket API do, and what is told."""
    told: list[Any] = []
    pending = Pending(make)
    pending.render = lambda found: found.code if isinstance(found, WireError) else found.seq
    pending.otherwise = repr
    pending.tell = told.append
    return pending, told


def test_a_reply_is_made_and_told_at_once() -> None:
    pending, told = asked(lambda answer: Reply({}, answer.seq))
    assert not pending.done()
    pending.set_result(ANSWER)
    assert pending.done()
    assert told == [7]


def test_refusals_and_what_nobody_expected_are_told() -> None:
    def refuse(answer: Answer) -> Reply:
        raise errors.BAD_SYMBOL

    def fail(answer: Answer) -> Reply:
        raise ValueError("it")

    pending, told = asked(refuse)
    pending.set_result(ANSWER)
    assert told == [-1121]
    pending, told = asked(fail)
    pending.set_result(ANSWER)
    assert told == ["ValueError('it')"]
    pending, told = asked(lambda answer: Reply({}))
    pending.render = lambda found: 1 // 0
    pending.set_result(ANSWER)
    assert told == ["ZeroDivisionError('integer division or modulo by zero')"]


def test_who_cannot_be_told_harms_nobody() -> None:
    def gone(found: Any) -> None:
        raise OSError("gone")

    pending, _ = asked(lambda answer: Reply({}))
    pending.tell = gone
    pending.set_result(ANSWER)
    pending.otherwise = gone
    pending.set_exception(Failed("disk"))
    assert pending.done()


@pytest.mark.parametrize(("error", "code"), [(TimedOut(), -1007), (Failed("disk"), -1006)])
def test_without_an_answer_it_is_told_why(error: Exception, code: int) -> None:
    pending, told = asked(lambda answer: Reply({}))
    pending.set_exception(error)
    assert told == [code]


def test_a_reply_that_needs_more_than_the_answer_is_told_later() -> None:
    async def more(answer: Answer) -> Reply:
        await asyncio.sleep(0.001)
        if answer.seq == 8:
            raise errors.BAD_SYMBOL
        return Reply({}, answer.seq)

    async def all_of_it() -> None:
        for answer, expected in ((ANSWER, 7), (Answer(8, ANSWER.ts_ns, ANSWER.events), -1121)):
            pending, told = asked(more)
            pending.set_result(answer)
            assert told == []
            await asyncio.sleep(0.01)
            assert told == [expected]

    asyncio.run(all_of_it())


def test_it_can_be_awaited() -> None:
    def refuse(answer: Answer) -> Reply:
        raise errors.BAD_SYMBOL

    async def all_of_it() -> None:
        loop = asyncio.get_running_loop()
        pending = Pending(lambda answer: Reply({}, answer.seq))
        loop.call_soon(pending.set_result, ANSWER)
        assert (await pending).seq == 7
        pending = Pending(refuse)
        loop.call_soon(pending.set_result, ANSWER)
        with pytest.raises(WireError, match="-1121"):
            await pending

    asyncio.run(all_of_it())
