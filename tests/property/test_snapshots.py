"""A snapshot at every position of a mixed journal, restored, is that position, and has the same future."""

from __future__ import annotations

from random import Random
from typing import Any

from tests import flows
from tests.trio import COMPILED, OTHER_SECRET, SECRET, Trio

PAUSE = 12


def restored(trio: Trio) -> Any:
    """An engine of its own that goes on from a snapshot of the trio's."""
    (live,) = trio.engines
    encoded = b"".join(COMPILED.encoding.sections(live.state))
    engine = COMPILED.new_engine(OTHER_SECRET, trio.quarantined)
    engine.state = COMPILED.encoding.restore(OTHER_SECRET, encoded)
    engine.state.seq = live.seq
    assert b"".join(COMPILED.encoding.sections(engine.state)) == encoded
    return engine


def test_incident_15_replay_traps_every_position_restored_has_the_same_future() -> None:
    """Stops, trailing extremes, icebergs, auctions, halts and timers live; each snapshot goes on for some entries."""
    kinds: set[int] = set()
    for seed in range(12):
        random = Random(seed)
        knobs = flows.Knobs(2, 4, seed, 5, random.randint(2, 6), 1_000, 0, 0.3)
        trio = Trio(forms=(COMPILED,))
        followers: list[tuple[int, Any]] = []
        steps = [random.randrange(1 << 32) for _ in range(60)]
        for number, entry in enumerate(flows.entries(knobs, trio.venue, steps)):
            first_seq = trio.seq + 1
            events = trio.apply(entry)
            kinds |= {flows.kind_of(event) for event in flows.split(events)}
            expected = trio.check_state()
            for _, engine in followers:
                engine.apply(entry.kind, entry.payload, first_seq, entry.ts_ns)
                assert engine.take_events() == events
                assert COMPILED.encoding.state_hash(engine.state) == expected
            followers = [(since, engine) for since, engine in followers if number - since < PAUSE]
            followers.append((number, restored(trio)))
    assert kinds == {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 14, 15}


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
