"""The wire's compiled modules answer as their sources do: the same bytes, in a flow of good and bad requests."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from exchange.ops import build

REQUESTS = 3_000
ROOT = build.ROOT


def ask(folder: Path, into: Path) -> list[bytes]:
    """Requests and answers where `exchange` is the package below a folder."""
    environment = os.environ | {"PYTHONPATH": f"{folder}:{ROOT}", "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-m", "tests.api.flow", str(into), str(REQUESTS)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3_000:]
    return into.read_bytes().splitlines()


def test_compiled_and_interpreted_answer_the_same_bytes(tmp_path: Path) -> None:
    modules = build.find_modules(groups=(build.WIRE,))
    if any((import_module(module.name).__file__ or "").endswith(".py") for module in modules):
        pytest.skip("the wire runs interpreted")
    build.copy_sources(tmp_path / "plain")
    compiled, plain = ask(ROOT, tmp_path / "compiled.txt"), ask(tmp_path / "plain", tmp_path / "plain.txt")
    for one, other in zip(compiled, plain, strict=True):
        assert one == other
    answered = b"".join(compiled)
    assert len(compiled) == REQUESTS + 3
    assert min(answered.count(b'"status":200'), answered.count(b"HTTP/1.1 200")) > REQUESTS // 10
    assert min(answered.count(b'"status":400'), answered.count(b"HTTP/1.1 400")) > REQUESTS // 10
