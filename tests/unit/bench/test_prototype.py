"""The prototype's C++: given the same flow it ends where the core does; where it is not, there is no figure."""

from pathlib import Path

import pytest

from bench import core, measure, prototype, reference, workloads
from bench.measure import Options
from bench.shape import Shape
from exchange.core.matching import codes

SMALL = Shape(2, 600, 4_000)


def test_the_prototype_is_given_the_same_flow(tmp_path: Path) -> None:
    workload = workloads.load(SMALL, folder=tmp_path)
    words, (trades, resting) = prototype.translated(workload)
    timed_from, commands = words[0], len(words) // 8
    assert commands == len(workload.funding) + workloads.commands_in(workload.prefill) + SMALL.commands
    assert timed_from == commands - SMALL.commands
    if not prototype.SOURCE.exists():
        pytest.skip(f"there is no {prototype.SOURCE}")
    program, path = tmp_path / "limit", tmp_path / "commands"
    reference.compiled(prototype.SOURCE, program)
    path.write_bytes(words.tobytes())
    said = prototype.driven(program, path, workload)
    assert (*map(int, said.state_hash.split()),) == (trades, resting)
    assert said.seconds > 0
    # Cancels that name nobody leave more at rest.
    for at in range(1, len(words), 8):
        if words[at] == prototype.CANCEL:
            words[at + 7] = prototype.REFUSED
    path.write_bytes(words.tobytes())
    assert int(prototype.driven(program, path, workload).state_hash.split()[1]) > resting


def test_where_there_is_no_prototype_there_is_no_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(prototype, "SOURCE", tmp_path / "limit.cpp")
    assert prototype.run(Options(1, 1, lambda *_: None)) == []
    assert f"there is no {tmp_path / 'limit.cpp'}" in capsys.readouterr().err


def test_a_flow_that_ends_elsewhere_has_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    if not prototype.SOURCE.exists():
        pytest.skip(f"there is no {prototype.SOURCE}")
    size = core.Size("core, small", SMALL, 0.0)
    monkeypatch.setattr(core, "SIZES", (size,))
    monkeypatch.setitem(prototype.KINDS, (codes.LIMIT, codes.GTC), 1)
    with pytest.raises(measure.WrongState, match=r"limit\.cpp ended with"):
        prototype.run(Options(1, 1, lambda *_: None))
