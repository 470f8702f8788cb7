"""What went wrong elsewhere (../shared/incidents.md, tagged rules), one test each, in all three forms of the core."""

from __future__ import annotations

from itertools import chain, combinations
from typing import Any

from exchange.messages.rejects import RejectCode
from tests import flows
from tests.flows import BUY, FIRST_ACCOUNT, FOK, GTC, IOC, LIMIT, PLACE, SECOND, SELL, START_NS, STOP_LOSS
from tests.trio import Trio

ALICE, BOB = FIRST_ACCOUNT, FIRST_ACCOUNT + 1
ACCEPTED, RESTED, TRADED, CANCELED, TRIGGERED = 1, 2, 3, 4, 8


def market() -> Trio:
    trio = Trio()
    assert not flows.refusals(trio.messages(*flows.simple_setup()))
    return trio


def order(account: int, side: int, price: int, quantity: int, name: int, **rest: Any) -> list[int]:
    flags = (side, rest.pop("kind", LIMIT), rest.pop("time_in_force", GTC), 1)
    return flows.row(
        PLACE, 1, account, 0, flags=flags, price=price, quantity=quantity, client_id=flows.client(name), **rest
    )


def kinds(events: bytes) -> list[int]:
    return [flows.kind_of(event) for event in flows.split(events)]


def traded(events: bytes) -> list[tuple[int, int]]:
    """Price and quantity of each trade."""
    return [(event[5], event[6]) for event in flows.split(events) if flows.kind_of(event) == TRADED]


def test_incident_2_a_new_optional_field_changes_no_other() -> None:
    """Orders with a client order id were mis-executed: every subset of the optional fields trades as none does."""
    optional = (
        (flows.STRATEGY, 7, 1_000_000),
        (flows.ICEBERG, 3),
        (flows.GOOD_TILL, START_NS + 60 * SECOND),
    )
    subsets = chain.from_iterable(combinations(optional, count) for count in range(len(optional) + 1))
    seen = set()
    for extensions in subsets:
        names = [each[0] for each in extensions]
        if flows.ICEBERG in names and flows.GOOD_TILL in names:
            continue
        for name in (1, 2**40):
            trio = market()
            in_force = flows.GTD if flows.GOOD_TILL in names else GTC
            trio.rows(order(ALICE, SELL, 100, 5, name, time_in_force=in_force, extensions=extensions))
            sums = trio.rows(order(BOB, BUY, 100, 5, 9))
            assert sum(quantity for _, quantity in traded(sums)) == 5
            trio.check_state()
            seen.add(tuple(sorted(trio.venue.state.ledger.available.items())))
    assert len(seen) == 1, "who got what does not depend on them"


def test_incident_4_a_change_of_steps_on_a_live_book_replays() -> None:
    """A change of decimals showed prices of zero, old orders executed: what rests stays, and the new rule holds."""
    trio = market()
    stop = order(ALICE, SELL, 0, 7, 2, kind=STOP_LOSS, extensions=((flows.TRIGGER, 93),))
    trio.rows(order(ALICE, SELL, 107, 7, 1), stop, order(BOB, BUY, 99, 3, 3))
    before = trio.check_state()
    trio.messages(flows.filters(1, price_step=10, quantity_step=5))
    assert trio.check_state() != before
    trio.restore()
    assert flows.refusals(trio.rows(order(BOB, BUY, 107, 5, 4))) == [RejectCode.PRICE_FILTER]
    assert flows.refusals(trio.rows(order(BOB, BUY, 110, 7, 5))) == [RejectCode.LOT_SIZE]
    assert traded(trio.rows(order(BOB, BUY, 110, 5, 6))) == [(107, 5)], "it trades at its own price"
    trio.messages(flows.filters(1))
    trio.rows(order(BOB, BUY, 93, 20, 7))
    events = trio.rows(order(ALICE, SELL, 93, 4, 8))
    assert TRIGGERED in kinds(events), "the stop stood all the while at the price that it named"
    trio.check_state()


def test_incident_14_a_rejected_fill_or_kill_fires_nobodys_stop() -> None:
    trio = market()
    stop = order(ALICE, SELL, 0, 5, 1, kind=STOP_LOSS, extensions=((flows.TRIGGER, 95),))
    trio.rows(order(BOB, BUY, 95, 2, 2), stop)
    before = trio.check_state()
    assert flows.refusals(trio.rows(order(ALICE, SELL, 0, 5, 3, time_in_force=FOK))) == [RejectCode.PRICE_FILTER]
    assert trio.check_state() == before, "a rejection leaves the state as it was"
    assert kinds(trio.rows(order(ALICE, SELL, 95, 3, 4, time_in_force=FOK))) == [ACCEPTED, CANCELED]
    trio.check_state()
    assert TRIGGERED in kinds(trio.rows(order(ALICE, SELL, 95, 1, 5)))


def test_incident_16_a_sweep_of_thousands_is_one_command_and_leaves_no_residue() -> None:
    """Deep sweeps overflowed stacks, residues of IOC orders rested, fills had no quantity, trades the taker's price."""
    trio = market()
    trio.messages(flows.filters(1, max_orders=10_000))
    for start in range(0, 6_000, 500):
        trio.rows(*[order(ALICE, SELL, 100 + number // 2_000, 1, number + 1) for number in range(start, start + 500)])
    sweep = trio.rows(order(BOB, BUY, 500, 5_000, 9_999, time_in_force=IOC))
    fills = traded(sweep)
    assert len(fills) == 5_000
    assert [price for price, _ in fills] == [100] * 2_000 + [101] * 2_000 + [102] * 1_000
    assert {quantity for _, quantity in fills} == {1}
    rest = trio.rows(order(BOB, BUY, 102, 5_000, 10_000, time_in_force=IOC))
    assert kinds(rest)[-1] == CANCELED
    assert RESTED not in kinds(rest)
    market_state = trio.venue.state.markets[0]
    assert not market_state.bids
    assert not market_state.asks
    trio.check_state()


def test_incident_16_a_cancel_in_the_middle_of_a_level_loses_no_sibling_and_cannot_be_done_twice() -> None:
    trio = market()
    trio.rows(*[order(ALICE, SELL, 100, 1, number) for number in (1, 2, 3)], order(ALICE, SELL, 101, 1, 4))
    middle = flows.row(flows.CANCEL, 1, ALICE, 0, order_id=2)
    assert kinds(trio.rows(middle)) == [CANCELED]
    assert flows.refusals(trio.rows(middle)) == [RejectCode.UNKNOWN_ORDER]
    assert traded(trio.rows(order(BOB, BUY, 100, 5, 5))) == [(100, 1), (100, 1)], "no walk through its own limit"
    filled = flows.row(flows.CANCEL, 1, ALICE, 0, order_id=1)
    assert flows.refusals(trio.rows(filled)) == [RejectCode.UNKNOWN_ORDER], "a filled order cannot be cancelled"
    assert traded(trio.rows(order(BOB, BUY, 101, 1, 6))) == [(101, 1)], "no phantom best level"
    trio.check_state()


def test_incident_17_a_hold_includes_whatever_the_order_can_cost() -> None:
    """Fees made balances negative: they are part of what is received, so the whole balance can be spent and no more."""
    for maker_ppm, taker_ppm in ((0, 0), (1_000, 100_000), (-100_000, 100_000)):
        trio = Trio()
        trio.messages(*flows.simple_setup(amount=1_000))
        trio.messages([14, 0, 1, 0, maker_ppm, taker_ppm])
        trio.rows(order(ALICE, SELL, 10, 100, 1))
        assert flows.refusals(trio.rows(order(BOB, BUY, 10, 101, 2))) == [RejectCode.INSUFFICIENT_FUNDS]
        assert traded(trio.rows(order(BOB, BUY, 10, 100, 3))) == [(10, 100)]
        trio.check_state()
        assert trio.venue.state.ledger.available[BOB, 1] == 0
