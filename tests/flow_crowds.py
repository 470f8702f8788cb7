"""Crowds for the random flows: as many orders of one account as meet the bounds that no single order is near to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.commands import client, limit, payload_of_messages, payload_of_rows, row
from tests.flow_filters import filters

if TYPE_CHECKING:
    from tests.flows import Flow

ROWS, MESSAGES = 1, 2
OPERATOR = 0
PLACE, CANCEL_ALL = 1, 3
LIMIT, STOP_LOSS = 1, 4
GTC, IOC = 1, 3
BUY, SELL = 0, 1
TRIGGER = 1
A_CROWD = 1_001
"""One more than a market's trailing orders, an account's remembered orders, and the orders that one command enters."""
ROWS_AT_ONCE = 100
"""So many fit into one frame of the simulator's short segments."""
FIRST_NAME = 1_000
FUNDS = 1 << 40


def some_crowd(flow: Flow) -> list[tuple[int, bytes]]:
    """Kinds and payloads of entries: a market wide enough and an account rich enough, then the crowd."""
    market, account, _ = flow.some_target()
    crowd = flow.random.choice([some_trailing, some_remembered, some_stops])(flow, market, account)
    runs = [part[start : start + ROWS_AT_ONCE] for part in crowd for start in range(0, len(part), ROWS_AT_ONCE)]
    before = payload_of_messages(room(flow, market, account))
    return [(MESSAGES, before), *((ROWS, payload_of_rows(run)) for run in runs)]


def room(flow: Flow, market: int, account: int) -> list[list[Any]]:
    messages: list[list[Any]] = [filters(market, max_orders=10_000), [16, OPERATOR, 0, 0, 0, 0]]
    messages += [[12, OPERATOR, market, 1], [43, OPERATOR, market, 0], [18, OPERATOR, market, 0, 0]]
    messages += [[40, OPERATOR, market, *[0] * 11], [21, OPERATOR, account, 1, 0, 0]]
    for asset in range(1, 4):
        flow.requests += 1
        messages += [[17, OPERATOR, asset, 0], [30, OPERATOR, f"request {flow.requests}", account, asset, FUNDS]]
    return messages


def some_trailing(flow: Flow, market: int, account: int) -> list[list[list[int]]]:
    trigger = (TRIGGER, 0, flow.random.choice([100, 500]), 0)
    return [[stop(market, account, number, trigger) for number in range(A_CROWD)]]


def some_remembered(flow: Flow, market: int, account: int) -> list[list[list[int]]]:
    """They end at once, most of them without a trade."""
    flags = (flow.random.randrange(2), LIMIT, IOC, 1, 1)
    price = flow.middle(market)
    one: dict[str, Any] = {"flags": flags, "price": price, "quantity": 1}
    return [[row(PLACE, market, account, 0, client_id=client(FIRST_NAME + at), **one) for at in range(A_CROWD)]]


def some_stops(flow: Flow, market: int, account: int) -> list[list[list[int]]]:
    """All wait for one price, and it comes: a thousand enter, and the market is busy until the next ticks."""
    price = flow.middle(market) + flow.knobs.spread + 2
    empty = [row(CANCEL_ALL, market, 16 + number, client_id=client(1)) for number in range(flow.knobs.accounts)]
    trade = [limit(market, account, side, price, 1, FIRST_NAME - 1 - side) for side in (SELL, BUY)]
    stops = [stop(market, account, number, (TRIGGER, price - 1)) for number in range(A_CROWD)]
    lower = [limit(market, account, side, price - 1, 1, FIRST_NAME - 1 - side) for side in (SELL, BUY)]
    return [[*empty, *trade], stops, lower]


def stop(market: int, account: int, number: int, trigger: tuple[int, ...]) -> list[int]:
    flags = (SELL, STOP_LOSS, GTC, 1)
    name = client(FIRST_NAME + number)
    return row(PLACE, market, account, 0, flags=flags, quantity=1, client_id=name, extensions=(trigger,))
