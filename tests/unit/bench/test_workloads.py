"""Tests of bench.workloads, rows and mirror: the same flow everywhere, and one that does what it says."""

import hashlib
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from bench import rows, venue, workloads
from bench.shape import BATCH, START_NS, Shape
from bench.workloads import Workload
from exchange.core.matching import codes
from exchange.ops.build import ROOT

SMALL = Shape(markets=6, resting=600, commands=3_000, accounts=60)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Workload:
    return workloads.load(SMALL, folder=tmp_path_factory.mktemp("flows"))


def rows_of(data: memoryview) -> list[tuple[int, ...]]:
    starts = list(workloads.extents(data))[:-1]
    return [rows.ROW.unpack_from(data, start) for start in starts]


def test_another_process_draws_the_same_flow_and_another_seed_another(small: Workload) -> None:
    script = (
        "import hashlib, sys; from bench import workloads; from bench.shape import Shape;"
        f"print(hashlib.sha256(workloads.draw(Shape(*{tuple(SMALL)}))).hexdigest())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == hashlib.sha256(small.path.read_bytes()).hexdigest()
    assert workloads.draw(SMALL._replace(seed=8)) != small.path.read_bytes()


def test_a_flow_is_drawn_once_and_anew_when_its_shape_differs(small: Workload, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = small.path.parent
    other = workloads.load(SMALL._replace(seed=9), folder=folder)
    assert other.path != small.path

    def refuse(*_: object) -> bytes:
        raise AssertionError("drawn again")

    monkeypatch.setattr(workloads, "draw", refuse)
    assert workloads.load(SMALL, folder=folder).timed == small.timed
    with pytest.raises(AssertionError, match="drawn again"):
        workloads.load(SMALL._replace(commands=10), folder=folder)


def test_the_mix_is_what_the_module_says(small: Workload) -> None:
    kinds = Counter(row[0] for row in rows_of(small.timed))
    assert kinds[codes.PLACE] + kinds[codes.CANCEL] == SMALL.commands
    assert 0.30 < kinds[codes.CANCEL] / SMALL.commands < 0.40
    placed = [row for row in rows_of(small.timed) if row[0] == codes.PLACE]
    types = Counter((row[6] >> 8 & 255, row[6] >> 16 & 255) for row in placed)
    assert set(types) == {
        (codes.LIMIT, codes.GTC),
        (codes.LIMIT, codes.IOC),
        (codes.LIMIT, codes.FOK),
        (codes.LIMIT_MAKER, codes.GTC),
        (codes.MARKET, codes.GTC),
    }
    assert 0.03 < types[codes.MARKET, codes.GTC] / SMALL.commands < 0.07
    assert {row[rows.EXTENSIONS_AT] for row in placed} == {0, 1}
    assert len({row[11:] for row in placed}) == len(placed)


def test_resting_orders_stay_level_and_only_expected_refusals_come(small: Workload) -> None:
    engine = small.open_filled()
    assert abs(venue.resting(engine) - SMALL.resting) < SMALL.resting // 10
    refused: Counter[int] = Counter()
    for run, now_ns in small.batches():
        engine.apply_rows(run, now_ns)
        events = memoryview(engine.take_events()).cast("q")
        at = 0
        while at < len(events):
            if events[at] == codes.REJECTED:
                refused[events[at + 6]] += 1
            at += events[at] >> 8
        assert abs(venue.resting(engine) - SMALL.resting) < SMALL.resting // 4
    assert set(refused) == {codes.UNKNOWN_ORDER, codes.WOULD_TAKE}


def test_batches_hold_every_command_once(small: Workload) -> None:
    batches = small.batches()
    assert b"".join(run for run, _ in batches) == bytes(small.timed)
    assert [workloads.commands_in(run) for run, _ in batches[:-1]] == [BATCH] * (len(batches) - 1)
    assert batches[0][1] > START_NS


@pytest.mark.parametrize("number", [0, 1, 61, 62, 10**6])
def test_client_ids_have_the_length_that_bots_send(number: int) -> None:
    rnd = Random(number)
    for _ in range(50):
        words = rows.client_id(rnd, 3, number)
        text = rows.ID_WORDS.pack(*words).rstrip(b"\0").decode("ascii")
        assert 22 <= len(text) <= 32
        assert text.isprintable()


@pytest.mark.parametrize("text", ["", "x" * 37])
def test_a_client_id_that_does_not_fit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="1 to 36"):
        rows.packed_id(text)


def test_a_file_that_was_cut_is_refused(small: Workload, tmp_path: Path) -> None:
    (tmp_path / small.path.name).write_bytes(small.path.read_bytes()[:-128])
    with pytest.raises(ValueError, match="remove it"):
        workloads.load(SMALL, folder=tmp_path)
