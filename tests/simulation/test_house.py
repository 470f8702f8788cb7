"""The whole exchange on one thread: what is planted in it is found."""

import time
from collections import Counter
from typing import Any, NamedTuple

import pytest

from exchange.api.streams import Hub
from exchange.ops import sim
from exchange.runtime.clock import Clock
from exchange.runtime.sequencer import Applied, Batch, Sequencer
from journal.writer import Journal
from tests.simulation import house, world
from tests.simulation.house import CutDisk, House


class NotThere(NamedTuple):
    """What a log would answer that has written nothing."""

    last_seq: int
    chain: bytes


def fails(seeds: int = 30) -> str:
    """The first failure of some houses."""
    for seed in range(seeds):
        problem = sim.failure("house", seed, world.plan(seed), Counter())
        if problem:
            return problem
    return ""


def test_in_a_few_houses_nothing_fails() -> None:
    for seed in range(12):
        assert not sim.failure("house", seed, world.plan(seed), Counter()), seed


def test_the_same_seed_is_the_same_house() -> None:
    told = []
    for _ in range(2):
        happened: Counter[str] = Counter()
        house.run(3, world.plan(3), happened)
        told.append(happened)
    assert told[0] == told[1]


def test_a_disk_that_lies_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CutDisk, "lies", True)
    monkeypatch.setattr(House, "__init__", honest_until_it_lives(House.__init__, monkeypatch))
    assert fails()


def honest_until_it_lives(real: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Setting up is durable, what comes later is not."""

    def begin(self: House, *given: Any) -> None:
        monkeypatch.setattr(CutDisk, "lies", False)
        real(self, *given)
        monkeypatch.setattr(CutDisk, "lies", True)

    return begin


def test_a_sequencer_that_answers_before_the_disk_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch is applied, published and answered while it is being written."""
    real_begin, real_apply = Sequencer.begin, Sequencer.apply

    def hasty(self: Sequencer, batch: Batch) -> None:
        real_begin(self, batch)
        real_apply(self, batch, NotThere(self.log.next_seq, b""))

    monkeypatch.setattr(Sequencer, "begin", hasty)
    monkeypatch.setattr(Sequencer, "apply", lambda self, batch, appended: None)
    # The writer already refuses a batch behind which the venue has run ahead.
    assert fails()


def test_a_batch_that_is_applied_and_never_written_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Journal.append
    written = Counter[int]()

    def forgetful(self: Journal, frames: Any, ts_ns: int, applied_seq: int) -> Any:
        written[id(self)] += 1
        if written[id(self)] % 40 == 39:
            return NotThere(frames[-1][2] + frames[-1][3] - 1, b"")
        return real(self, frames, ts_ns, applied_seq)

    monkeypatch.setattr(Journal, "append", forgetful)
    assert fails()


def test_a_clock_that_follows_every_jump_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def gullible(self: Clock) -> int:
        self.last_ns = max(self.last_ns + 1, self.wall_ns())
        return self.last_ns

    monkeypatch.setattr(Clock, "stamp", gullible)
    assert "the venue's time went on" in fails()


def test_a_stream_that_loses_an_event_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Hub.publish
    published = Counter[str]()

    def lossy(self: Hub, stream: str, *given: Any) -> None:
        published[stream] += 1
        if published[stream] % 5:
            real(self, stream, *given)

    monkeypatch.setattr(Hub, "publish", lossy)
    assert "a book stream goes from update" in fails()


def test_a_start_from_a_snapshot_that_forgets_the_tail_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    real = House.fold

    def fold(self: House, applied: Applied, events: Any) -> None:
        # A read model that is not told of replayed batches shows other open orders than there are.
        if hasattr(self, "sequencer") and self.sequencer.engine is self.engine:
            real(self, applied, events)

    monkeypatch.setattr(House, "fold", fold)
    assert fails()


def test_time_stands_still_for_nobody_who_waits_for_real() -> None:
    """Hours of a house's time are seconds of ours."""
    began = time.monotonic()
    happened: Counter[str] = Counter()
    for seed in range(3):
        house.run(seed, world.plan(seed), happened)
    assert happened["recoveries"] == 3 * world.ROUNDS_IN_WORLD
    assert happened["pegged orders"]
    assert happened["purchases that pay for sales"]
    assert time.monotonic() - began < 60
