"""Tests of exchange.ops.cli, and of run.py as a process."""

import subprocess
import sys
from importlib import import_module

import pytest

from exchange.ops import build, cli

RUN = str(build.ROOT / "run.py")


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_is_there_and_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    module, _, function = cli.COMMANDS[name].target.partition(":")
    assert callable(getattr(import_module(module), function))
    with pytest.raises(SystemExit) as end:
        cli.main([name, "--help"])
    assert end.value.code == 0
    assert f"run.py {name}" in capsys.readouterr().out


@pytest.mark.parametrize("word", ["-h", "--help", "help"])
def test_help_lists_every_command_with_its_line(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([word]) == 0
    text = capsys.readouterr().out
    assert all(name in text and row.help in text for name, row in cli.COMMANDS.items())


def test_an_unknown_command_is_refused_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["chekc"]) == 2
    assert "did you mean check?" in capsys.readouterr().err


def test_arguments_and_exit_code_are_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cli.COMMANDS, cli.DEFAULT, cli.Row("operator:length_hint", "the number of arguments"))
    assert cli.main([cli.DEFAULT, "a", "b", "c"]) == 3
    assert cli.main(["--port", "0"]) == 2
    assert cli.main([]) == 0


@pytest.mark.parametrize("environment", [{}, {"PYTHONOPTIMIZE": "1"}])
def test_a_start_without_assertions_is_refused(environment: dict[str, str]) -> None:
    flags = [] if environment else ["-O"]
    done = subprocess.run(
        [sys.executable, *flags, RUN, "--help"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "-O" in done.stderr
    assert done.stdout == ""
