"""A snapshot at every position of a mixed journal, restored, is that position, and has the same future."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest

from exchange.verifier.state import State
from tests import flows
from tests.trio import COMPILED, OTHER_SECRET, SECRET, Trio

PAUSE = 12
ENTERED = 16
ORDER_REPEATED = 53
HALT = 2
OCO_TRIGGER, PHASE_ONE_EXPIRED, LEG_REFUSED, GOOD_TILL_ENDED = 13, 14, 15, 16
EVERYTHING = {
    *("a list", "a pending order", "kept proceeds", "an order without a quantity"),
    *("an order that took its price from the book", "an order that is to take its price from the book"),
    *("an order that is good till a date", "a stop that is good till a date"),
    *("a remembered order", "a session", "a trailing order", "an iceberg"),
    *("a volume", "a tier by volume", "a referral", "an own special", "who pays in the discount asset"),
}


def restored(trio: Trio) -> Any:
    """An engine of its own that goes on from a snapshot of the trio's."""
    (live,) = trio.engines
    encoded = b"".join(COMPILED.encoding.sections(live.state))
    engine = COMPILED.new_engine(OTHER_SECRET, trio.quarantined)
    engine.state = COMPILED.encoding.restore(OTHER_SECRET, encoded)
    engine.state.seq = live.seq
    assert b"".join(COMPILED.encoding.sections(engine.state)) == encoded
    return engine


def alive(state: State) -> set[str]:
    """What of the rarer things is there at a position."""
    orders = [order for account in state.accounts.values() for order in account.orders]
    found = {
        "a list": bool(state.lists),
        "a pending order": any(order.is_pending for order in orders),
        "kept proceeds": any(order.is_pending and order.held for order in orders),
        "an order without a quantity": any(order.quantity == 0 for order in orders),
        "an order that is good till a date": any(order.due_ns for order in orders),
        "a stop that is good till a date": any(order.due_ns and order.type > flows.LIMIT_MAKER for order in orders),
        "an order that took its price from the book": any(order.pegged_price for order in orders),
        "an order that is to take its price from the book": any(
            order.peg[0] > 0 == order.pegged_price for order in orders
        ),
        "a remembered order": bool(state.remembered),
        "a session": bool(state.sessions),
        "a trailing order": any(order.trailing_delta for order in orders),
        "an iceberg": any(order.visible for order in orders),
        "a volume": any(account.volumes for account in state.accounts.values()),
        "a tier by volume": any(account.tier > account.granted for account in state.accounts.values()),
        "a referral": bool(state.referrals),
        "an own special": any(row[2] for row in state.extra_fees),
        "who pays in the discount asset": bool(state.discount_payers),
    }
    return {what for what, is_there in found.items() if is_there}


def test_incident_15_replay_traps_every_position_restored_has_the_same_future() -> None:
    """All types live: stops, trailing extremes, icebergs, lists, pegs, orders good till a date, remembered orders,
    sessions, auctions, halts and timers; each snapshot goes on for some entries.
    """
    kinds: set[int] = set()
    reasons: set[int] = set()
    tags: set[int] = set()
    positions: Counter[str] = Counter()
    for seed in range(20):
        random = Random(seed)
        knobs = flows.Knobs(2, 4, seed, 5, random.randint(2, 6), 1_000, 0, 0.3, seed % 2 * 0.5, 1 - seed % 2, 0.3)
        trio = Trio(forms=(COMPILED,))
        followers: list[tuple[int, Any]] = []
        steps = [random.randrange(1 << 32) for _ in range(60)]
        for number, entry in enumerate(flows.entries(knobs, trio.venue, steps)):
            first_seq = trio.seq + 1
            events = trio.apply(entry)
            words = flows.split(events)
            kinds |= {flows.kind_of(event) for event in words}
            reasons |= {event[6] for event in words if flows.kind_of(event) == 4}
            tags |= {flows.message_of(event)[0] for event in words if flows.kind_of(event) == 15}
            positions.update(alive(trio.venue.state))
            expected = trio.check_state()
            for _, engine in followers:
                engine.apply(entry.kind, entry.payload, first_seq, entry.ts_ns)
                assert engine.take_events() == events
                assert COMPILED.encoding.state_hash(engine.state) == expected
            followers = [(since, engine) for since, engine in followers if number - since < PAUSE]
            followers.append((number, restored(trio)))
    assert kinds | {13} == set(range(1, 20)) - {12}, "what is handed over leaves nothing behind"
    assert reasons >= {OCO_TRIGGER, PHASE_ONE_EXPIRED, LEG_REFUSED, GOOD_TILL_ENDED}
    assert ORDER_REPEATED in tags, "what is remembered matters later"
    assert {what for what in positions if positions[what] >= 20} == EVERYTHING, positions


def of_list(account: int, number: int, price: int) -> list[int]:
    """A purchase for 1 lot at a price, and behind it a sale at 150."""
    head = flows.row(flows.LIST, 1, account, client_id=flows.client(number), extensions=((flows.LIST_LINK, flows.OTO),))
    head[1] = 3
    for role, side, at in ((1, flows.BUY, price), (4, flows.SELL, 150)):
        link = (flows.LIST_LINK, flows.OTO, role)
        flags = (side, flows.LIMIT, flows.GTC, flows.NONE)
        name = flows.client(number + role)
        head += flows.row(
            flows.PLACE, 1, account, flags=flags, price=at, quantity=1, client_id=name, extensions=(link,)
        )
    return head


@pytest.mark.parametrize("cancels", [False, True])
def test_lists_that_are_ready_while_their_market_stands_still_are_ready_behind_a_snapshot(cancels: bool) -> None:
    """Incident 15: their working orders are filled by the sale that halts the market; they enter once it trades."""
    trio = Trio()
    breaker = [40, flows.OPERATOR, 1, 0, 0, 0, 0, 100_000, 60, 0, 0, 0, 0, 0]
    trio.messages(*flows.simple_setup(accounts=4), breaker)
    one, two, three, seller = range(flows.FIRST_ACCOUNT, flows.FIRST_ACCOUNT + 4)
    trio.rows(flows.limit(1, one, flows.BUY, 100, 1, 1), flows.limit(1, seller, flows.SELL, 100, 1, 1))
    # One order waits for a price, so that what trades reach is remembered.
    stop = (flows.SELL, flows.STOP_LOSS, flows.GTC, flows.NONE)
    trigger = ((flows.TRIGGER, 50),)
    trio.rows(flows.row(flows.PLACE, 1, seller, flags=stop, quantity=1, client_id=flows.client(3), extensions=trigger))
    trio.rows(of_list(two, 10, 95), of_list(one, 10, 80), of_list(three, 10, 80))
    trio.rows(flows.limit(1, seller, flows.SELL, 80, 2, 2))
    market = trio.venue.state.markets[0]
    assert (market.status, [each.account.account_id for each in market.ready]) == (HALT, [two, one])
    expected = trio.check_state()
    trio.restore()
    assert trio.check_state() == expected
    if cancels:
        trio.rows(flows.row(flows.CANCEL_LIST, 1, one, order_id=2))
        trio.restore()
    trio.messages([12, flows.OPERATOR, 1, 1])
    trio.restore()
    events = flows.split(trio.messages([2], ts_ns=flows.START_NS + flows.SECOND))
    entered = [event[3] for event in events if flows.kind_of(event) == ENTERED]
    assert entered == ([two] if cancels else [two, one])
    trio.check_state()


def test_a_hundred_thousand_stops_at_one_price_enter_a_thousand_at_a_time_and_none_is_lost() -> None:
    """Incidents 3, 12: no recursion, no command above its step bound, nobody overtakes them, with no other traffic."""
    engine = COMPILED.new_engine(SECRET, {})
    count, accounts = 100_000, 20
    seq, ts_ns = 1, flows.START_NS

    def apply(kind: int, payload: bytes, commands: int) -> list[tuple[int, ...]]:
        nonlocal seq
        engine.apply(kind, payload, seq, ts_ns)
        seq += commands
        return flows.split(engine.take_events())

    setup = [*flows.simple_setup(accounts=accounts), flows.filters(1, max_orders=10_000)]
    apply(flows.MESSAGES, flows.payload_of_messages(setup), len(setup))
    first = flows.FIRST_ACCOUNT
    trades = [flows.limit(1, first, flows.BUY, 100, 1, 1), flows.limit(1, first + 1, flows.SELL, 100, 1, 1)]
    bids = [flows.limit(1, first, flows.BUY, 95, 1, 2), flows.limit(1, first, flows.BUY, 94, count, 3)]
    apply(flows.ROWS, flows.payload_of_rows([*trades, *bids]), 4)
    stops = [
        flows.row(
            *(1, 1, first + 1 + number % (accounts - 1)),
            flags=(flows.SELL, 4, 1, 1),
            quantity=1,
            client_id=flows.client(10 + number),
            extensions=((flows.TRIGGER, 95),),
        )
        for number in range(count)
    ]
    for at in range(0, count, 5_000):
        assert {
            event[0] & 255 for event in apply(flows.ROWS, flows.payload_of_rows(stops[at : at + 5_000]), 5_000)
        } == {1, 14}
    events = apply(flows.ROWS, flows.payload_of_rows([flows.limit(1, first + 1, flows.SELL, 95, 1, 9)]), 1)
    entered = [event[4] for event in events if flows.kind_of(event) == 8]
    while len(entered) < count:
        (refused,) = apply(flows.ROWS, flows.payload_of_rows([flows.limit(1, first, flows.BUY, 90, 1, 5)]), 1)
        assert refused[6] == 28
        more = [event[4] for event in apply(flows.MESSAGES, flows.payload_of_messages([[2]]), 1) if event[0] & 255 == 8]
        assert 0 < len(more) <= 1_000
        entered += more
    assert entered == sorted(set(entered))
    COMPILED.ledger.check_sums(engine.state)
    COMPILED.ledger.check_claims(engine.state)
