"""Each figure in its short form: it is made, its state is proven, and a wrong one gives none."""

import mmap
import resource
from collections.abc import Iterable
from pathlib import Path

import pytest

from bench import core, crowd, fanout, growth, measure, memory, objects, pipeline, snapshot, websocket, workloads
from bench.growth import Curve
from bench.measure import Options
from bench.shape import Shape

SMALL = Shape(1, 300, 3_000, accounts=40)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(workloads, "FOLDER", tmp_path)
    return tmp_path


def payloads(batches: Iterable[pipeline.Batch]) -> list[tuple[bytes, int]]:
    """The rows of each batch, however they are cut into frames, and its time."""
    return [(b"".join(bytes(content[4]) for content in contents), ts_ns) for contents, ts_ns in batches]


def test_objects_become_the_rows_that_they_were_made_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core, "SIZES", (core.Size("core, small", SMALL, 0.6),))
    workload = workloads.load(SMALL)
    commands = list(objects.objects(workload))
    assert {type(each) for each in commands} == {objects.Command, objects.Extended}
    assert payloads(objects.batches(commands)) == payloads(pipeline.batches(workload))
    (figure,) = objects.run(Options(rounds=1))
    assert figure.name == "objects, small, fdatasync"
    # One price other than it was is another state, and no figure.
    changed = [each._replace(price=each.price + 1) if isinstance(each, objects.Command) else each for each in commands]
    monkeypatch.setattr(objects, "objects", lambda workload: changed)
    with pytest.raises(measure.WrongState):
        objects.run(Options(rounds=1))


def test_growth_holds_the_last_size_against_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    curve = Curve("things", (1, 2, 3), tuple(SMALL._replace(resting=resting) for resting in (100, 200, 300)))
    monkeypatch.setattr(growth, "CURVES", (curve,))
    costs = {100: 1e-6, 200: 2e-6, 300: 4e-6}
    monkeypatch.setattr(growth, "cost", lambda workload, expected, name: costs[workload.shape.resting])
    (figure,) = growth.run(Options(rounds=2))
    assert (figure.ratio, figure.gate) == (0.25, 0.5)
    assert figure.details["curve"] == [(1, 1e-6), (2, 2e-6), (3, 4e-6)]


def test_growth_is_measured_on_runs_that_end_as_they_must() -> None:
    workload = workloads.load(SMALL)
    expected = core.timed(workload).state_hash
    assert 0 < growth.cost(workload, expected, "x") < 1e-3
    with pytest.raises(measure.WrongState):
        growth.cost(workload, "another", "x")


def test_memory_is_what_a_process_grew_by() -> None:
    (figure,) = memory.run(Options(rounds=1, scale=20))
    # An order's record alone has 192 bytes; whatever took the rows and events of the filling would show as well.
    assert 192 < figure.ours < 600
    assert 200 < figure.details["bytes_per_account"] < 5_000
    before = memory.resident_bytes()
    # Asked of the system itself: a bytearray may come from what this process has freed and still holds.
    with mmap.mmap(-1, 64 << 20) as kept:
        for page in range(0, len(kept), mmap.PAGESIZE):
            kept[page] = 1
        assert memory.resident_bytes() - before >= len(kept) * 0.9


def test_recovery_is_from_the_snapshot_and_the_entries_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "STEPS", 50)
    figures = snapshot.run(Options(rounds=1, scale=500))
    assert [figure.name for figure in figures] == [
        "snapshot load, 2,000 resting",
        "recovery, 2,000 resting + 200 entries",
        "fork",
        "batches beside a child, p99.9, fdatasync",
    ]
    assert figures[0].state_hash != figures[1].state_hash


def test_a_recovery_without_the_snapshot_is_no_figure(folder: Path) -> None:
    with snapshot.new_journal(folder / "journal") as journal:
        engine, _ = snapshot.filled(200, journal)
        snapshot.add_tail(engine, journal, 200, 20)
    with pytest.raises(AssertionError, match="the snapshot was not used"):
        snapshot.recovery_figure(folder, engine, 200, 20, Options(rounds=1))


def test_an_order_over_the_websocket_api_is_durable() -> None:
    (figure,) = websocket.run(Options(rounds=1, scale=40))
    assert len(figure.state_hash) == 64
    assert figure.ours > 0


@pytest.mark.parametrize("length", [5, 125, 126, 60_000])
def test_a_frame_is_what_a_subscriber_reads(length: int) -> None:
    frame = websocket.frame(b"x" * length)
    masked = 4
    head = 2 if length <= 125 else 4
    assert frame[head : head + masked] == bytes(4)
    assert frame[head + masked :] == b"x" * length
    unmasked = bytes((frame[0], frame[1] & 127)) + frame[2:head] + frame[head + masked :]

    class Once:
        def recv(self, most: int) -> bytes:
            return unmasked

    assert crowd.texts_in(Once()) == [b"x" * length]  # type: ignore[arg-type]


def test_a_message_reaches_every_subscriber_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fanout, "SUBSCRIBERS", 300)
    time_of_it, memory_of_it = fanout.run(Options(rounds=2))
    assert time_of_it.name == "one message to 300 subscribers"
    assert 0 < time_of_it.ours < 30
    assert memory_of_it.ours > 0


def test_there_are_no_more_subscribers_than_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda which: (1_000, 2_000))
    monkeypatch.setattr(resource, "setrlimit", lambda which, limits: None)
    assert fanout.allowed(19_000) == 1_500
    assert fanout.allowed(100) == 100


def test_a_message_that_came_twice_is_no_figure() -> None:
    class Process:
        class stdout:  # noqa: N801
            @staticmethod
            def readline() -> str:
                return '[1.0, 11, "text"]\n'

    with pytest.raises(AssertionError, match="11 messages for 10 subscribers"):
        fanout.Crowd(Process(), 10, 0.0).told()  # type: ignore[arg-type]
