"""The prototype's C++: given the same flow it ends where the core does; where it is not, there is no figure."""

from array import array
from pathlib import Path

import pytest

from bench import core, measure, prototype, reference, workloads
from bench.measure import Options
from bench.shape import Shape

SMALL = Shape(2, 600, 4_000)


def test_the_prototype_is_given_the_same_flow(tmp_path: Path) -> None:
    workload = workloads.load(SMALL, folder=tmp_path)
    words, (trades, resting) = prototype.translated(workload)
    timed_from, commands = words[0], len(words) // 8
    assert commands == len(workload.funding) + workloads.commands_in(workload.prefill) + SMALL.commands
    assert timed_from == commands - SMALL.commands
    if prototype.SOURCE.exists():
        check_end(tmp_path, workload, words, (trades, resting))


def check_end(tmp_path: Path, workload: workloads.Workload, words: "array[int]", ended: tuple[int, int]) -> None:
    program, path = tmp_path / "limit", tmp_path / "commands"
    reference.compiled(prototype.SOURCE, program)
    path.write_bytes(words.tobytes())
    said = prototype.driven(program, path, workload)
    assert (*map(int, said.state_hash.split()),) == ended
    assert said.seconds > 0
    # Cancels that name nobody leave more at rest.
    for at in range(1, len(words), 8):
        if words[at] == prototype.CANCEL:
            words[at + 7] = prototype.REFUSED
    path.write_bytes(words.tobytes())
    assert int(prototype.driven(program, path, workload).state_hash.split()[1]) > ended[1]


def test_where_there_is_no_prototype_there_is_no_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(prototype, "SOURCE", tmp_path / "limit.cpp")
    assert prototype.run(Options(1, 1, lambda *_: None)) == []
    assert f"there is no {tmp_path / 'limit.cpp'}" in capsys.readouterr().err


def test_a_flow_that_ends_elsewhere_has_no_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "other.cpp"
    other.write_text(
        '#include <cstdio>\nint main() { puts("seq 1 trades 7 rej 0 open 3 chk 0 0\\nmedian 5 k/s best 6"); }\n'
    )
    monkeypatch.setattr(prototype, "SOURCE", other)
    monkeypatch.setattr(core, "SIZES", (core.Size("core, small", SMALL, 0.0),))
    with pytest.raises(measure.WrongState, match=r"limit\.cpp ended with 7 3 "):
        prototype.run(Options(1, 1, lambda *_: None))
