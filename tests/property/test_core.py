"""Compiled core, interpreted core and verifier on random flows: same events, same hash, whole ledgers."""

from __future__ import annotations

import os
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exchange.messages.rejects import RejectCode
from tests import flows
from tests.trio import Trio

# Derandomized: the same flows in every run. The long form goes deeper and draws anew each time.
CI = settings(
    max_examples=400,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
LONG = settings(CI, max_examples=int(os.environ.get("TAPE_FLOWS", "2000")), derandomize=False, print_blob=True)
KNOBS = st.builds(
    flows.Knobs,
    markets=st.integers(1, 3),
    accounts=st.integers(2, 6),
    seed=st.integers(0, 1 << 20),
    wild_percent=st.sampled_from([0, 5, 30]),
    spread=st.integers(0, 8),
    fee_ppm=st.sampled_from([0, 1_000, 100_000]),
    poverty=st.sampled_from([0, 0, 10, 25]),
    waiting=st.sampled_from([0.0, 0.2, 0.5]),
    lists=st.sampled_from([0.0, 0.0, 0.3]),
    terms=st.sampled_from([0, 0, 1]),
    pegs=st.sampled_from([0.0, 0.0, 0.4]),
    crowds=st.sampled_from([0.0] * 39 + [0.1]),
)
STEPS = st.lists(st.integers(0, 1 << 32), min_size=20, max_size=60)
QUARANTINED = st.lists(st.integers(2, 400), max_size=4, unique=True).map(tuple)


def drive(
    knobs: flows.Knobs,
    steps: list[int],
    quarantined: tuple[int, ...],
    snapshot_at: int,
    seen: list[bytes] | None = None,
) -> Trio:
    """Run one flow through all three, comparing events after every entry and hashes after every few."""
    trio = Trio(quarantined)
    seen = [] if seen is None else seen
    hash_before = b""
    for number, entry in enumerate(flows.entries(knobs, trio.venue, steps)):
        seq_before = trio.seq
        events = trio.apply(entry)
        seen.append(events)
        is_refused = len(flows.refusals(events)) == len(flows.split(events)) and trio.seq > seq_before
        is_parked = any(seq_before < seq <= trio.seq for seq in quarantined)
        if is_refused or number % 4 == 0:
            hash_now = trio.check_state()
            assert not is_refused or is_parked or not hash_before or hash_now == hash_before
            hash_before = hash_now
        else:
            hash_before = b""
        if number == snapshot_at:
            trio.restore()
    trio.check_state()
    return trio


@CI
@given(knobs=KNOBS, steps=STEPS, quarantined=QUARANTINED, snapshot_at=st.integers(0, 60))
def test_three_cores_agree_on_every_flow(
    knobs: flows.Knobs, steps: list[int], quarantined: tuple[int, ...], snapshot_at: int
) -> None:
    drive(knobs, steps, quarantined, snapshot_at)


@pytest.mark.long
@pytest.mark.timeout(7200)
@LONG
@given(knobs=KNOBS, steps=STEPS, quarantined=QUARANTINED, snapshot_at=st.integers(0, 60))
def test_three_cores_agree_on_every_flow_for_long(
    knobs: flows.Knobs, steps: list[int], quarantined: tuple[int, ...], snapshot_at: int
) -> None:
    drive(knobs, steps, quarantined, snapshot_at)


def test_the_flows_meet_every_refusal_and_every_event() -> None:
    """A generator that never provokes a rule shows nothing of it."""
    seen: list[bytes] = []
    for seed in range(300):
        random = Random(seed)
        knobs = flows.Knobs(
            random.randint(1, 3),
            random.randint(2, 6),
            seed,
            25,
            random.randint(1, 6),
            1_000,
            0,
            seed % 3 * 0.15,
            seed % 2 * 0.25,
            seed // 2 % 2,
            seed // 4 % 2 * 0.4,
            0.1 if seed % 50 == 7 else 0.0,
        )
        steps = [random.randrange(1 << 32) for _ in range(60)]
        drive(knobs, steps, (random.randrange(50, 200),), random.randrange(40), seen)
    codes = {code for events in seen for code in flows.refusals(events)}
    events = [event for each in seen for event in flows.split(each)]
    tags = {flows.message_of(event)[0] for event in events if flows.kind_of(event) == 15}
    assert [code.name for code in RejectCode if code not in codes] == []
    assert {flows.kind_of(event) for event in events} == set(range(1, 20)) - {12}
    assert tags == {*range(1, 5), *range(10, 19), *range(20, 24), 30, *range(40, 46), *range(50, 54), *range(60, 66)}
    assert {event[6] for event in events if flows.kind_of(event) == 4} == {
        *(1, 2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18)
    }
    terms = [event[39] for event in events if flows.kind_of(event) == 3]
    hows = {terms_word >> at & 255 for terms_word in terms for at in (16, 24)}
    assert hows == set(range(8)), "own specials, own taxes and discounts, each with each"
    assert {terms_word & 255 for terms_word in terms if terms_word} >= {0, 1, 2, 3}, "tiers by volume"
    assert {event[38] for event in events if flows.kind_of(event) == 3} == {0, 1}, "trades of takers and of auctions"
