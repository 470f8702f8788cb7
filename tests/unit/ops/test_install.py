"""Tests of exchange.ops.install: what counts as an environment, and what is done where a machine lacks something."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from exchange.ops import build, install
from tests import tidy

LOCK = install.REQUIREMENTS.read_text()
PROJECT = tomllib.loads((build.ROOT / "pyproject.toml").read_text())


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point the module at an empty folder."""
    monkeypatch.setattr(install, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(install, "STAMP", tmp_path / ".venv" / "tape-stamp")
    monkeypatch.setattr(install, "LOCK_FILE", tmp_path / ".venv.lock")
    return tmp_path


def finish_environment() -> None:
    """Make what a finished environment has: an interpreter and the stamp."""
    install.find_python().parent.mkdir(parents=True)
    install.find_python().symlink_to(sys.executable)
    install.STAMP.write_text(install.make_stamp())


def test_an_environment_counts_when_its_stamp_names_this_lock(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not install.is_installed()
    finish_environment()
    assert install.is_installed()
    other = place / "requirements.lock"
    other.write_text(LOCK + "\n")
    monkeypatch.setattr(install, "REQUIREMENTS", other)
    assert not install.is_installed()


@pytest.mark.parametrize("lost", ["tape-stamp", "bin/python"])
def test_a_half_made_environment_does_not_count(place: Path, lost: str) -> None:
    finish_environment()
    (install.VENV / lost).unlink()
    assert not install.is_installed()


def test_an_environment_of_another_python_does_not_count(place: Path) -> None:
    finish_environment()
    install.STAMP.write_text(install.make_stamp().replace(sys.implementation.cache_tag or "", "cpython-39"))
    assert not install.is_installed()


def test_an_environment_that_does_not_hold_is_entered_only_once(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    steps: list[str] = []

    def enter(argv: list[str]) -> None:
        steps.append("enter")
        sys.exit(7)

    monkeypatch.setattr(install, "install", lambda: steps.append("install"))
    monkeypatch.setattr(install, "enter", enter)
    monkeypatch.setenv(install.ENTERED, "1")
    assert install.main(["--help"]) == 1
    assert "does not hold" in capsys.readouterr().err
    assert steps == []
    with pytest.raises(SystemExit):
        install.main(["--help"])
    assert steps == ["install", "enter"]


def test_one_start_installs_and_another_waits_for_it(place: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from exchange.ops import install;"
        "install.LOCK_FILE = Path(sys.argv[1])\nwith install.exclusive(): print('in', flush=True)"
    )
    command = [sys.executable, "-c", code, str(install.LOCK_FILE)]
    with install.exclusive():
        other = subprocess.Popen(
            command, cwd=build.ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, close_fds=True
        )
        assert other.stderr is not None
        assert "waiting" in other.stderr.readline()
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(timeout=0.5)
    assert other.communicate(timeout=60)[0] == "in\n"


def lack(monkeypatch: pytest.MonkeyPatch, module: str = "", compiler: bool = False, root: bool = False) -> None:
    """Make this machine a Debian that lacks something."""
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == module else find(name))
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/apt-get" if name == "apt-get" else None)
    monkeypatch.setattr(build, "missing_tools", lambda: ["a C compiler (gcc)"] if compiler else [])
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)


VERSION = f"python3.{sys.version_info.minor}"


def test_without_venv_a_user_is_told_the_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    lack(monkeypatch, module="ensurepip", compiler=True)
    with pytest.raises(install.InstallError, match=f"apt-get install -y {VERSION}-venv gcc libc6-dev"):
        install.provide_tools()


def test_without_a_compiler_a_user_is_told_and_we_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lack(monkeypatch, compiler=True)
    install.provide_tools()
    assert re.search("runs interpreted.* as root: apt-get install -y gcc libc6-dev", capsys.readouterr().err)


def test_root_runs_the_one_line_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    lack(monkeypatch, module="ensurepip", root=True)
    commands: list[list[str]] = []

    def run(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        monkeypatch.undo()
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", run)
    install.provide_tools()
    assert commands == [["apt-get", "install", "-y", f"{VERSION}-venv"]]


def test_the_headers_of_another_python_are_not_debians_to_give(monkeypatch: pytest.MonkeyPatch) -> None:
    lack(monkeypatch)
    monkeypatch.setattr(build, "missing_tools", lambda: ["Python's headers (/usr/include/Python.h)"])
    assert install.apt_line([]) == ["apt-get", "install", "-y", f"{VERSION}-dev"]
    monkeypatch.setattr(sys, "base_prefix", "/opt/python")
    assert install.apt_line([]) == []
    assert install.apt_line(["Python's module ensurepip"]) == []


def test_the_lock_has_every_dependency_with_hashes_and_no_host() -> None:
    locked = {name.lower() for name in re.findall(r"^([A-Za-z0-9_.-]+)==", LOCK, re.MULTILINE)}
    assert len(locked) == len(re.findall(r"==.*\\\n +--hash=sha256:", LOCK))
    assert not tidy.HOSTS.search(LOCK)
    assert "://" not in LOCK
    extras = PROJECT["project"]["optional-dependencies"]
    wanted = PROJECT["project"]["dependencies"] + extras["dev"] + extras["build"]
    assert {re.split("[<>=]", name)[0].lower() for name in wanted} <= locked


def test_what_the_build_requires_is_what_the_lock_is_made_from() -> None:
    assert PROJECT["build-system"]["requires"] == PROJECT["project"]["optional-dependencies"]["build"]
