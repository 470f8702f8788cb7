"""What a market takes, cell by cell: the table of core/matching/README.md, every kind of command in every status.

Each cell is a venue of its own in all three forms; a refused command leaves the state as it was.
"""

from __future__ import annotations

from typing import Any

import pytest

from exchange.messages.orders import Contingency, Leg
from exchange.messages.rejects import RejectCode
from tests import flows
from tests.flows import (
    BUY,
    FIRST_ACCOUNT,
    FOK,
    GOOD_TILL,
    GTC,
    GTD,
    ICEBERG,
    IOC,
    LIMIT,
    LIMIT_MAKER,
    LIST_LINK,
    MARKET,
    PLACE,
    REFERENCE,
    SECOND,
    SELL,
    START_NS,
    STOP_LOSS,
    STOP_LOSS_LIMIT,
    TAKE_PROFIT,
    TRIGGER,
)  # fmt: skip
from tests.trio import Trio

ANNA, BEN = FIRST_ACCOUNT, FIRST_ACCOUNT + 1
STATUSES = {"TRADING": 1, "HALT": 2, "BREAK": 3, "CANCEL_ONLY": 4, "POST_ONLY": 5, "AUCTION": 6}
CLOSED, WOULD_TAKE = RejectCode.MARKET_CLOSED, RejectCode.WOULD_TAKE
RESTS, LISTED = 1, 4
"""Numbers of Anna's order at rest, and of an order of her list."""


def order(kind: int, price: int = 0, in_force: int = GTC, side: int = BUY, **rest: Any) -> list[int]:
    rest.setdefault("quantity", 5)
    numbers: dict[str, Any] = {"price": price, "client_id": flows.client(50)} | rest
    return flows.row(PLACE, 1, ANNA, flags=(side, kind, in_force, 1), **numbers)


def leg(kind: int, role: Leg, contingency: Contingency, price: int, stop: int, name: int, side: int) -> list[int]:
    extensions: list[tuple[int, ...]] = [(LIST_LINK, contingency, role)]
    if stop:
        extensions.append((TRIGGER, stop))
    return order(kind, price, side=side, extensions=tuple(extensions), client_id=flows.client(name))


def listed(contingency: Contingency, *legs: tuple[int, Leg, int, int, int], name: int = 60) -> list[int]:
    rows = [leg(kind, role, contingency, price, stop, name + 1 + number, side)
            for number, (kind, role, price, stop, side) in enumerate(legs)]  # fmt: skip
    head = flows.row(flows.LIST, 1, ANNA, client_id=flows.client(name), extensions=((LIST_LINK, contingency),))
    head[1] = 1 + len(rows)
    return [word for each in (head, *rows) for word in each]


WORKING = LIMIT, Leg.WORKING, 95, 0, BUY
OCO = listed(Contingency.OCO, (LIMIT_MAKER, Leg.ABOVE, 120, 0, SELL), (STOP_LOSS, Leg.BELOW, 0, 80, SELL))
OCO_THAT_WAITS = listed(Contingency.OCO, (TAKE_PROFIT, Leg.ABOVE, 0, 120, SELL), (STOP_LOSS, Leg.BELOW, 0, 80, SELL))
OTO = listed(Contingency.OTO, WORKING, (LIMIT, Leg.PENDING, 120, 0, SELL))
OTOCO = listed(Contingency.OTOCO, WORKING, (LIMIT_MAKER, Leg.ABOVE, 120, 0, SELL), (STOP_LOSS, Leg.BELOW, 0, 80, SELL))
REPLACE = order(LIMIT, 95, order_id=RESTS, extensions=((REFERENCE, 0, 0, 0, 0, 0, 1),))
REPLACE[0] = flows.CANCEL_REPLACE
AMEND = flows.row(flows.AMEND, 1, ANNA, order_id=RESTS, quantity=3)

COMMANDS = {
    "LIMIT that rests": order(LIMIT, 95),
    "LIMIT that takes": order(LIMIT, 110),
    "LIMIT good till a date": order(LIMIT, 95, GTD, extensions=((GOOD_TILL, START_NS + 60 * SECOND),)),
    "LIMIT that takes, till a date": order(LIMIT, 110, GTD, extensions=((GOOD_TILL, START_NS + 60 * SECOND),)),
    "iceberg": order(LIMIT, 95, extensions=((ICEBERG, 2),)),
    "LIMIT_MAKER": order(LIMIT_MAKER, 95),
    "LIMIT_MAKER that would take": order(LIMIT_MAKER, 110),
    "IOC": order(LIMIT, 95, IOC),
    "FOK": order(LIMIT, 110, FOK),
    "MARKET": order(MARKET),
    "MARKET by quote": order(MARKET, quantity=0, quote_quantity=550),
    "stop": order(STOP_LOSS, side=SELL, extensions=((TRIGGER, 80),)),
    "stop, IOC": order(STOP_LOSS_LIMIT, 80, IOC, SELL, extensions=((TRIGGER, 80),)),
    "stop, iceberg": order(STOP_LOSS_LIMIT, 80, GTC, SELL, extensions=((TRIGGER, 80), (ICEBERG, 2))),
    "trailing": order(STOP_LOSS, side=SELL, extensions=((TRIGGER, 0, 500),)),
    "OCO": OCO,
    "OCO that waits": OCO_THAT_WAITS,
    "OTO": OTO,
    "OTOCO": OTOCO,
    "cancel-replace": REPLACE,
    "amend": AMEND,
    "cancel": flows.row(flows.CANCEL, 1, ANNA, order_id=RESTS),
    "cancel all": flows.row(flows.CANCEL_ALL, 1, ANNA),
    "cancel list": flows.row(flows.CANCEL_LIST, 1, ANNA, order_id=1),
}
CHANGES = ("amend", "cancel", "cancel all", "cancel list")
NEVER_RESTS = ("IOC", "FOK", "MARKET", "MARKET by quote")
TAKES = ("LIMIT that takes", "LIMIT that takes, till a date")


def expected(status: str, command: str) -> list[RejectCode]:
    """The table: BREAK takes nothing, HALT and CANCEL_ONLY only changes; POST_ONLY what does not take, AUCTION what
    gathers. Whoever takes may take only while TRADING.
    """
    if status == "BREAK" or (status in ("HALT", "CANCEL_ONLY") and command not in CHANGES):
        return [CLOSED]
    if command == "LIMIT_MAKER that would take":
        return [CLOSED if status == "AUCTION" else WOULD_TAKE] if status in ("TRADING", "POST_ONLY", "AUCTION") else []
    if status == "POST_ONLY":
        return [CLOSED] if command in NEVER_RESTS else [WOULD_TAKE] if command in TAKES else []
    if status == "AUCTION":
        return [CLOSED] if command in (*NEVER_RESTS, "LIMIT_MAKER", "OCO") else []
    return []


def venue(status: str) -> Trio:
    """A market that traded at 100, with an order of Anna's on each side, and a list of hers that waits."""
    trio = Trio()
    trio.messages(*flows.simple_setup())
    before = listed(
        Contingency.OCO, (TAKE_PROFIT, Leg.ABOVE, 0, 150, SELL), (STOP_LOSS, Leg.BELOW, 0, 50, SELL), name=10
    )
    others = [flows.limit(1, BEN, SELL, 100, 1, 2), flows.limit(1, BEN + 1, BUY, 100, 1, 3)]
    assert not flows.refusals(trio.rows(flows.limit(1, ANNA, BUY, 90, 5, 1), *others, before))
    assert not flows.refusals(trio.rows(flows.limit(1, BEN, SELL, 110, 50, 4)))
    if status == "AUCTION":
        trio.messages([41, 0, 1, 60])
    elif status != "TRADING":
        trio.messages([12, 0, 1, STATUSES[status]])
    assert trio.venue.state.markets[0].status == STATUSES[status]
    return trio


@pytest.mark.parametrize("status", STATUSES)
def test_every_command_in_a_market_of_every_status(status: str) -> None:
    for command, words in COMMANDS.items():
        trio = venue(status)
        before = trio.check_state()
        found = flows.refusals(trio.rows(words))
        assert found == expected(status, command), command
        assert (trio.check_state() == before) == bool(found), command


@pytest.mark.parametrize("status", ["POST_ONLY", "AUCTION"])
def test_nothing_trades_where_it_may_only_rest_or_gather(status: str) -> None:
    for command, words in COMMANDS.items():
        events = flows.split(venue(status).rows(words))
        assert not [event for event in events if flows.kind_of(event) == 3], command
