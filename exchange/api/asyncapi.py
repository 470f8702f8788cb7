"""AsyncAPI 3 of streams, user data and the WebSocket API, made of the tables: `/asyncapi.json`."""

import re
from collections.abc import Mapping
from typing import Any

from exchange.api.docstrings import docstring
from exchange.api.endpoints import Endpoint
from exchange.api.events import PARAMETERS, STREAMS, StreamRow
from exchange.api.openapi import Document, schemas, security_text, summary, weight_text
from exchange.api.parameters import Parameter
from exchange.api.session_answers import Response, ServerFrame, UserFrame
from exchange.api.websocket_api import SESSION_WEIGHT, SHOWING, OwnMethod, WebSocketApi, rows_of

ABOUT = """Market streams are at `/ws/<stream>` (bare payloads) and `/stream?streams=<stream>/<stream>` (payloads within
`{"stream", "data"}`); SUBSCRIBE, UNSUBSCRIBE and LIST_SUBSCRIPTIONS work on both. `?timeUnit=MICROSECOND` counts times
in microseconds. The WebSocket API is at `/ws-api/v3`.

Ours beside Binance's: `seq` in events is the number of the last journaled command that they hold for, and a stream that
is kept can be taken up again: SUBSCRIBE with `"fromSeq": n` (or `?fromSeq=n`) sends every event from command n on that
is still in memory, and is refused where one is not. A slow reader of a conflated stream gets the newest event only; one
that falls 10,000 messages behind is disconnected with code 1008."""
DESCRIPTIONS = {
    "symbol": "a market in small letters",
    "interval": "of a candle",
    "offset": "a time zone such as @+08:00, or nothing",
    "window": "how far back",
    "levels": "of each side",
    "speed": "@100ms, or nothing for 1,000 ms",
    "listenKey": "from POST /api/v3/userDataStream",
}


def name_of(text: str) -> str:
    """A key that AsyncAPI allows, made of a name."""
    return re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")


def stream_channel(row: StreamRow, payload: Document) -> Document:
    """The channel of one kind of stream."""
    found: Document = {
        "address": f"/ws/{row.name}",
        "title": row.name,
        "description": f"Speed: {row.speed}. Conflated: {row.is_conflated}. Kept: {row.is_kept}.",
        "messages": {"event": {"contentType": "application/json", "payload": payload}},
    }
    named = re.findall(r"{(\w+)}", row.name)
    if named:
        found["parameters"] = {name: stream_parameter(name) for name in named}
    return found


def stream_parameter(name: str) -> Document:
    options = PARAMETERS[name].split("|")
    found: Document = {"description": DESCRIPTIONS[name]}
    return found | ({"enum": options} if len(options) > 2 and all(option.isalnum() for option in options) else {})


def request_schema(method: str, rows: Mapping[str, Parameter]) -> Document:
    """A request of the WebSocket API. Numbers may also come as text."""
    properties = {name: row.schema for name, row in rows.items() if row.is_taken}
    mandatory = [name for name, row in rows.items() if row.mandatory]
    params: Document = {"type": "object", "properties": properties, "additionalProperties": False}
    if mandatory:
        params["required"] = mandatory
    identity = {"type": ["integer", "string", "null"], "maxLength": 36}
    found: Document = {
        "type": "object",
        "properties": {"id": identity, "method": {"const": method}, "params": params},
        "required": ["id", "method", *(["params"] if mandatory else [])],
    }
    return found


def plain(node: Any) -> Any:
    """A schema as AsyncAPI has it: a discriminator is the name of a field there, without a mapping."""
    if isinstance(node, list):
        return [plain(each) for each in node]
    if isinstance(node, dict):
        return {
            key: value["propertyName"] if key == "discriminator" and "mapping" in value else plain(value)
            for key, value in node.items()
        }
    return node


def described(method: Endpoint | OwnMethod) -> tuple[str, str]:
    """What a method does, and what it asks."""
    if isinstance(method, Endpoint):
        asks = f"Security: {security_text(method)}. Weight: {weight_text(method)}. Over HTTP: "
        return summary(method), f"{asks}{method.method} {method.path}."
    return " ".join(docstring(method.handler).split()), f"Weight: {SESSION_WEIGHT}."


def document(api: WebSocketApi, version: str) -> Document:
    """The whole document."""
    methods: dict[str, Endpoint | OwnMethod] = {**api.methods, **api.own}
    types = [*(row.payload for row in STREAMS), *(method.response for method in methods.values())]
    found, components = schemas([*types, Response, UserFrame, ServerFrame])
    found, components = plain(found), plain(components)
    payloads, results = found[: len(STREAMS)], found[len(STREAMS) : len(STREAMS) + len(methods)]
    response, user_frame, server_frame = found[-3:]
    channels: Document = {}
    operations: Document = {}
    for row, payload in zip(STREAMS, payloads, strict=True):
        key = name_of(row.name)
        channels[key] = stream_channel(row, payload)
        operations[f"send_{key}"] = {"action": "send", "channel": {"$ref": f"#/channels/{key}"}}
    messages: Document = {
        "userData": {"contentType": "application/json", "payload": user_frame},
        "server": {"contentType": "application/json", "payload": server_frame},
    }
    for (name, method), result in zip(methods.items(), results, strict=True):
        rows = rows_of(method) if isinstance(method, Endpoint) else {**method.rows, **SHOWING}
        key = name_of(name)
        title, text = described(method)
        messages[f"{key}_request"] = {"name": name, "title": title, "payload": request_schema(name, rows)}
        answer = {"allOf": [response, {"properties": {"result": result}}]}
        messages[f"{key}_response"] = {"name": name, "payload": answer}
        operations[key] = {
            "action": "receive",
            "title": name,
            "summary": title,
            "description": text,
            "channel": {"$ref": "#/channels/websocketApi"},
            "messages": [{"$ref": f"#/channels/websocketApi/messages/{key}_request"}],
            "reply": {
                "channel": {"$ref": "#/channels/websocketApi"},
                "messages": [{"$ref": f"#/channels/websocketApi/messages/{key}_response"}],
            },
        }
    operations["sendUserData"] = {
        "action": "send",
        "channel": {"$ref": "#/channels/websocketApi"},
        "messages": [{"$ref": f"#/channels/websocketApi/messages/{name}"} for name in ("userData", "server")],
    }
    channels["websocketApi"] = {"address": "/ws-api/v3", "title": "WebSocket API", "messages": messages}
    host = {"default": "127.0.0.1:8000", "description": "where the venue listens"}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Tape", "version": version, "description": ABOUT, "license": {"name": "MIT"}},
        "defaultContentType": "application/json",
        "servers": {"venue": {"host": "{host}", "protocol": "ws", "variables": {"host": host}}},
        "channels": channels,
        "operations": operations,
        "components": {"schemas": components},
    }
