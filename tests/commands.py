"""Rows and messages as tests write them, and the event stream as they read it."""

from __future__ import annotations

import struct
from typing import Any

import msgspec

PLACE = 1
LIMIT, MARKET, GTC, NONE = 1, 2, 1, 1


def client(number: int) -> tuple[int, ...]:
    """A client id: the number in its first word."""
    return (number, 0, 0, 0, 0)


def row(
    kind: int,
    market: int,
    account: int,
    key: int = 0,
    *,
    flags: tuple[int, ...] = (),
    price: int = 0,
    quantity: int = 0,
    quote_quantity: int = 0,
    order_id: int = 0,
    client_id: tuple[int, ...] = (0, 0, 0, 0, 0),
    extensions: tuple[tuple[int, ...], ...] = (),
) -> list[int]:
    """A command of one row as words. `flags`: side, type, time in force, self-trade mode, options, restriction."""
    eight = struct.unpack("<q", bytes(flags).ljust(8, b"\0"))[0]
    base = [kind, 1, len(extensions), market, account, key, eight, price, quantity, quote_quantity, order_id]
    return [*base, *client_id, *(word for each in extensions for word in (*each, *[0] * (8 - len(each))))]


def limit(market: int, account: int, side: int, price: int, quantity: int, number: int, **options: int) -> list[int]:
    """A limit order by the venue's own key; `options`: time_in_force, self_trade, type."""
    flags = (side, options.get("type", LIMIT), options.get("time_in_force", GTC), options.get("self_trade", NONE))
    return row(PLACE, market, account, flags=flags, price=price, quantity=quantity, client_id=client(number))


def market_order(
    market: int, account: int, side: int, number: int, *, quantity: int = 0, quote: int = 0, self_trade: int = NONE
) -> list[int]:
    flags = (side, MARKET, GTC, self_trade)
    amounts: dict[str, Any] = {"quantity": quantity, "quote_quantity": quote}
    return row(PLACE, market, account, flags=flags, client_id=client(number), **amounts)


def payload_of_rows(rows: list[list[int]]) -> bytes:
    words = [word for each in rows for word in each]
    return struct.pack(f"<{len(words)}q", *words)


def payload_of_messages(messages: list[list[Any]]) -> bytes:
    return msgspec.msgpack.encode(messages)


def split(events: bytes) -> list[tuple[int, ...]]:
    """The events of a stream, each as its words."""
    words = struct.unpack(f"<{len(events) // 8}q", events)
    found = []
    at = 0
    while at < len(words):
        found.append(words[at : at + (words[at] >> 8)])
        at += words[at] >> 8
    return found


def kind_of(event: tuple[int, ...]) -> int:
    return event[0] & 255


def message_of(event: tuple[int, ...]) -> list[Any]:
    """The array of a cold event."""
    content = struct.pack(f"<{len(event) - 3}q", *event[3:])[: event[2]]
    found: list[Any] = msgspec.msgpack.decode(content)
    return found


def refusals(events: bytes) -> list[int]:
    """The code of every refused command of a stream."""
    return refused(split(events))


def refused(events: list[tuple[int, ...]]) -> list[int]:
    """The code of every refused command of events."""
    codes = []
    for event in events:
        if kind_of(event) == 5:
            codes.append(event[6])
        elif kind_of(event) == 15 and message_of(event)[0] == 2:
            codes.append(message_of(event)[1])
    return codes
