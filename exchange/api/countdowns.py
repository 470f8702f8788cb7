"""The dead man's switch, ours: an account's orders in a market go unless it says in time that it is still there."""

from exchange.api import errors, parameters
from exchange.api.answers import Answer
from exchange.api.context import Reply, Request
from exchange.api.endpoints import Endpoint, trading
from exchange.api.parameters import Parameter
from exchange.messages.countdowns import SetCountdown
from exchange.messages.registry import event_decoder
from exchange.messages.system import CommandRejected
from exchange.messages.words import Message


class Countdown(Answer):
    """`countdown_time` in milliseconds, as text; "0": the switch is off."""

    symbol: str
    countdown_time: str


async def set_countdown(request: Request) -> Reply:
    """POST /api/v3/countdownCancelAll."""
    values, key = request.values, request.sender
    market = request.context.market(values["symbol"])
    milliseconds = values["countdownTime"]
    answer = await request.context.command(SetCountdown(key.key_id, key.account, market.market_id, milliseconds))
    first = answer.events[0]
    assert isinstance(first, Message)
    told = event_decoder.decode(first.payload)
    if isinstance(told, CommandRejected):
        raise errors.rejected(told.code)
    return Reply({"symbol": market.symbol, "countdownTime": str(milliseconds)}, answer.seq)


ENDPOINTS: tuple[Endpoint, ...] = (
    trading(
        "POST",
        "/api/v3/countdownCancelAll",
        1,
        set_countdown,
        Parameter("symbol", parameters.symbol, mandatory=True),
        Parameter("countdownTime", parameters.between(0, 24 * 3_600 * 1_000), mandatory=True),
        response=Countdown,
    ),
)
