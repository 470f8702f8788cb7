"""Other engines: they are given what the core does, who cannot be had is told, who ends otherwise has no line."""

import json
import sys
from array import array
from pathlib import Path

import pytest

from bench import hostile, measure, peer_driver, peers, workloads
from bench.measure import Options
from bench.peers import Ended, Peer
from bench.shape import Shape

SMALL = Shape(1, 300, 3_000, accounts=60, kind="plain")
NOBODY = Peer("no-such-engine", "no_such_engine", (), "everything")
NAIVE = """
import json, sys
sys.path.insert(0, {root!r})
from tests.unit.bench.test_peers import naive
print(json.dumps([0.001, *naive(sys.argv[2])]))
"""


def naive(path: str) -> Ended:
    """An order book in twenty lines, as slow as it is plain."""
    words = array("q")
    words.frombytes(Path(path).read_bytes())
    fields = iter(words[1:])
    resting: list[list[int]] = []
    traded = 0
    for kind, order_id, side, price, quantity in zip(fields, fields, fields, fields, fields, strict=True):
        if kind != peer_driver.PLACE:
            resting = [order for order in resting if order[:2] != [order_id, side]]
            continue
        sign = -1 if side else 1
        left = quantity
        others = [order for order in resting if order[1] != side and (order[2] - price) * sign <= 0]
        for order in sorted(others, key=lambda order: order[2] * sign):
            lots = min(left, order[3])
            left, traded = left - lots, traded + lots
            order[3] -= lots
        resting = [order for order in resting if order[3]]
        if left:
            resting.append([order_id, side, price, left])
    return Ended(traded, len(resting), sum(order[3] for order in resting))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(workloads, "FOLDER", tmp_path)
    monkeypatch.setattr(peers, "PLAIN", SMALL)
    return tmp_path


def test_a_plain_book_comes_to_the_same_end(folder: Path) -> None:
    ended, words = peers.translated(workloads.load(SMALL))
    (folder / "commands").write_bytes(words.tobytes())
    assert naive(str(folder / "commands")) == ended
    assert ended.traded > 1_000
    assert ended.orders > 100


def test_nobody_meets_himself_in_the_plain_flow() -> None:
    workload = workloads.load(SMALL)
    engine = workload.open_filled()
    engine.apply_rows(workload.timed, 2)
    (market,) = engine.state.matching.markets
    assert market.prevented == 0
    assert market.trades > 100
    assert hostile.PLAIN.kind == "plain"


def drive(folder: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Let a program of our own be the one peer."""
    (folder / "driver.py").write_text(program)
    monkeypatch.setattr(peers, "DRIVER", folder / "driver.py")
    monkeypatch.setattr(peers, "PEERS", (Peer("naive", "naive", (), "speed"),))
    monkeypatch.setattr(peers, "environment", lambda peer, options: Path(sys.executable))


def test_a_peer_has_its_line_and_what_it_lacks(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drive(folder, monkeypatch, NAIVE.format(root=str(Path(__file__).parents[3])))
    (figure,) = peers.run(Options(rounds=1))
    assert figure.name == "core, limits and cancels, beside naive"
    assert figure.details["seen"] == "naive has speed"


def test_a_peer_that_ends_otherwise_has_no_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drive(folder, monkeypatch, "print([0.001, 1, 2, 3])")
    with pytest.raises(measure.WrongState, match="traded=1, orders=2, lots=3"):
        peers.run(Options(rounds=1))


def test_what_cannot_be_had_is_told_and_the_others_are_measured(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    drive(folder, monkeypatch, "raise SystemExit('broken')")
    assert peers.run(Options(rounds=1)) == []
    assert "no figure beside naive here: broken" in capsys.readouterr().err
    with pytest.raises(peers.NotHere, match=r"needs Python 3\.90, and none is on PATH"):
        peers.interpreter(NOBODY._replace(minor=90))


def test_the_lock_has_each_peer_with_its_hashes() -> None:
    for peer in peers.PEERS:
        lines = peers.locked(peer)
        assert lines.count("--hash=sha256:") >= 1 + len(peer.needs)
        assert [
            line.partition("==")[0] for line in lines.splitlines() if "==" in line and "--hash" not in line
        ] == sorted((peer.package, *peer.needs))
    assert peers.locked(NOBODY) == ""
    assert json.dumps(Ended(1, 2, 3)) == "[1, 2, 3]"
