"""What the WebSocket API's own methods answer, and the frames around everything it sends, as types."""

from typing import Any

from msgspec import UNSET, UnsetType

from exchange.api.answers import Answer, RateLimit, Refusal
from exchange.api.events import ServerShutdown, UserEvent


class SessionStatus(Answer):
    api_key: str | None
    authorized_since: int | None
    connected_since: int
    return_rate_limits: bool
    server_time: int
    user_data_stream: bool


class SubscriptionNumber(Answer):
    subscription_id: int


class Response(Answer):
    """What a request is answered; `result` is of the method's own type, `error` there where it is refused."""

    id: int | str | None
    status: int
    result: Any = UNSET
    error: Refusal | UnsetType = UNSET
    rate_limits: list[RateLimit] | UnsetType = UNSET


class UserFrame(Answer):
    """User data of a subscription."""

    subscription_id: int
    event: UserEvent


class ServerFrame(Answer):
    """What the server says to every session."""

    event: ServerShutdown
