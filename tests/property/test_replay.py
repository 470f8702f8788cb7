"""A replay applies runs of rows without a pause and wants no events: it comes to where entry by entry comes."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from bench.replay import Hasty
from exchange.runtime import recovery
from journal.writer import Journal
from tests import flows
from tests.property.test_core import CI, KNOBS, QUARANTINED, STEPS
from tests.trio import COMPILED, INTERPRETED, SECRET, Trio


@settings(CI, max_examples=80)
@given(knobs=KNOBS, steps=STEPS, quarantined=QUARANTINED | st.just(()))
def test_a_replay_comes_to_the_same_state(knobs: flows.Knobs, steps: list[int], quarantined: tuple[int, ...]) -> None:
    # The verifier is the one that goes entry by entry; that the others do as it does is shown elsewhere.
    trio = Trio(quarantined, ())
    with TemporaryDirectory() as folder:
        with Journal.create(Path(folder), created_ns=1, segment_bytes=1 << 20, disk=Hasty()) as journal:
            for entry in flows.entries(knobs, trio.venue, steps):
                before = trio.seq
                trio.apply(entry)
                if trio.seq > before:
                    frame = entry.kind, 1, before + 1, trio.seq - before, entry.payload
                    journal.append([frame], max(entry.ts_ns, journal.ts_ns), 0)
        expected = trio.check_state()
        for form in (COMPILED, INTERPRETED):
            engine = form.new_engine(SECRET, trio.quarantined)
            assert list(recovery.replay(Path(folder), engine))[-1] == engine.seq == trio.seq
            assert form.encoding.state_hash(engine.state) == expected, form.name
            assert engine.take_events() == b"", form.name
