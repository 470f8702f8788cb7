"""Cancel on disconnect, ours: a session may ask that all of its account's open orders go when it is lost."""

import asyncio
from typing import Any

from exchange.api import errors
from exchange.api.answers import Answer
from exchange.api.auth import Key
from exchange.api.context import Context
from exchange.api.errors import WireError
from exchange.api.sessions import Session
from exchange.messages import registry
from exchange.messages.disconnects import ArmSession, EndSession, SessionArmed
from exchange.messages.registry import event_decoder
from exchange.messages.system import CommandRejected
from exchange.messages.words import Message


class CancelOnDisconnect(Answer):
    cancel_on_disconnect: bool


async def command(context: Context, told: registry.AnyCommand) -> registry.AnyEvent:
    """Sequence a command; returns its first event. WireError where it is refused."""
    answer = await context.command(told)
    first = answer.events[0]
    assert isinstance(first, Message)
    event = event_decoder.decode(first.payload)
    if isinstance(event, CommandRejected):
        raise errors.rejected(event.code)
    return event


async def switch(context: Context, session: Session, key: Key, *, enabled: bool) -> None:
    """Let the loss of a session cancel the orders of its key's account, or no longer. Twice is as once."""
    if enabled and key.account not in session.armed:
        # Noted before it is waited for: two requests at once arm once.
        session.armed[key.account] = 0
        try:
            event = await command(context, ArmSession(key.key_id, key.account))
        except WireError:
            session.armed.pop(key.account, None)
            raise
        assert isinstance(event, SessionArmed)
        if session.is_closed:
            await command(context, EndSession(0, key.account, event.session_id, 1))
        else:
            session.armed[key.account] = event.session_id
    elif not enabled and session.armed.get(key.account):
        await command(context, EndSession(key.key_id, key.account, session.armed.pop(key.account), 0))


def lose(context: Context, session: Session) -> None:
    """A connection is gone: its account's orders go, too. What a venue that stops cannot do, its next start does."""
    session.is_closed = True
    for account, session_id in session.armed.items():
        if session_id:
            task = asyncio.ensure_future(context.command(EndSession(0, account, session_id, 1)))
            LOST.add(task)
            task.add_done_callback(forget)
    session.armed.clear()


def forget(task: "asyncio.Future[Any]") -> None:
    LOST.discard(task)
    if not task.cancelled():
        task.exception()


LOST: set["asyncio.Future[Any]"] = set()
"""Kept until they are done: nobody else waits for them."""
