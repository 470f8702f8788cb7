"""Answers and events held against the types that the table declares for them: nothing more, nothing less."""

from typing import Any

import msgspec

from exchange.api.endpoints import Endpoint
from exchange.api.events import USER_EVENTS, row_of
from exchange.api.websocket_api import WebSocketApi


def check_answer_type(endpoint: Endpoint, content: bytes) -> None:
    """AssertionError where an answer is not what its row declares."""
    try:
        msgspec.json.decode(content, type=endpoint.response)
    except msgspec.ValidationError as error:
        raise AssertionError(f"{endpoint.method} {endpoint.path}: {error}: {content[:300]!r}") from error


def check_result_type(api: WebSocketApi, method: str, result: Any) -> None:
    """AssertionError where a result is not what its method declares."""
    declared = api.own.get(method) or api.methods[method]
    try:
        msgspec.json.decode(msgspec.json.encode(result), type=declared.response)
    except msgspec.ValidationError as error:
        raise AssertionError(f"{method}: {error}: {result}") from error


def check_event_type(stream: str, payload: Any) -> None:
    """AssertionError where an event is not what its stream declares."""
    row = row_of(stream)
    assert row is not None, stream
    kind = USER_EVENTS[payload["e"]] if row.name == "{listenKey}" else row.payload
    try:
        msgspec.json.decode(msgspec.json.encode(payload), type=kind)
    except msgspec.ValidationError as error:
        raise AssertionError(f"{stream}: {error}: {payload}") from error
