"""Clients as they are published, each in an environment of its own, against a demo: only addresses are changed."""

import contextlib
import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from exchange.ops import build
from tests.compat.terminator import Terminator
from tests.server import ROOT, Server, environment_without_proxies

# Locks are made anew with (in a scratch environment that has uv; the name of the client alone is the input):
#   uv pip compile NAME.in --universal --python-version 3.11 --generate-hashes --no-header --no-annotate
#       --no-emit-index-url --no-emit-find-links -o tests/compat/NAME.lock
HERE = Path(__file__).parent
PAIRS = (
    ("ccxt", "python_binance"),
    ("binance_connector", "binance_sdk_spot"),
    ("unicorn", "cryptofeed"),
    ("nautilus_trader", "freqtrade"),
)
THROUGH_TLS = ("cryptofeed",)
AMONG_OTHERS = ("cryptofeed", "nautilus_trader", "freqtrade")
"""Those that cannot trade with their own account need others: the demo's flow."""
ENVIRONMENTS = ROOT / "build" / "compat"


def environment(name: str) -> Path:
    """The interpreter of a client's environment, which is made where there is none for its lock."""
    lock = HERE / f"{name}.lock"
    stamp = f"{sys.implementation.cache_tag} {hashlib.sha256(lock.read_bytes()).hexdigest()}"
    folder = ENVIRONMENTS / name
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    with (ENVIRONMENTS / f"{name}.making").open("w") as making:
        fcntl.flock(making, fcntl.LOCK_EX)
        finished = folder / "finished"
        if not finished.exists() or finished.read_text() != stamp:
            shutil.rmtree(folder, ignore_errors=True)
            python = getattr(sys, "_base_executable", None) or sys.executable
            run([python, "-m", "venv", str(folder)])
            # Of their many modules few are imported, and those are compiled then.
            install = ["-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--no-compile"]
            run([str(folder / "bin" / "python"), *install, "--require-hashes", "--requirement", str(lock)])
            finished.write_text(stamp)
    return folder / "bin" / "python"


def run(command: list[str]) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]


def in_turn() -> list[Any]:
    """Every client; those whose turn it is not belong to the long form. The turn goes with the commits."""
    counted = subprocess.run(["git", "rev-list", "--count", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    turn = int(counted.stdout or 0) % len(PAIRS)
    return [
        pytest.param(name, marks=() if number == turn else pytest.mark.long)
        for number, pair in enumerate(PAIRS)
        for name in pair
    ]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", in_turn())
def test_an_unmodified_client_trades_and_its_local_book_does_not_drift(tmp_path: Path, name: str) -> None:
    python = environment(name)
    with (
        Server(tmp_path / "data", *([] if name in AMONG_OTHERS else ["--no-flow"])) as server,
        contextlib.ExitStack() as opened,
    ):
        key = server.credentials()
        address, variables = server.address, environment_without_proxies()
        if name in THROUGH_TLS:
            terminator = opened.enter_context(Terminator(tmp_path / "tls", server.port))
            address = terminator.address
            variables |= dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"), str(terminator.certificate))
        done = subprocess.run(
            [str(python), str(HERE / f"drive_{name}.py"), address, key["api_key"], key["secret_key"]],
            env=variables,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-6000:]
        # Anywhere: some clients complain of their own tasks behind it, one has a thread that logs into its very line.
        assert "all of it" in done.stdout, done.stdout[-2000:]
        log = server.errors.read_text()
        assert "Traceback" not in log, log[-3000:]


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("examples", [pytest.param(5), pytest.param(300, marks=pytest.mark.long)])
def test_generated_requests_find_no_failure_and_nothing_that_is_not_documented(tmp_path: Path, examples: int) -> None:
    python = environment("schemathesis")
    with Server(tmp_path / "data", "--no-flow", "--profile", "bench") as server:
        key = server.credentials()
        done = subprocess.run(
            [
                str(python),
                str(HERE / "drive_schemathesis.py"),
                *(server.address, key["api_key"], key["secret_key"], str(examples)),
            ],
            env=environment_without_proxies(),
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-6000:]
        assert " passed" in done.stdout, done.stdout[-2000:]
        log = server.errors.read_text()
        assert "Traceback" not in log, log[-3000:]


@pytest.mark.long
@pytest.mark.timeout(7_200)
def test_a_million_inputs_break_no_parser_and_change_nothing(tmp_path: Path) -> None:
    python = environment("atheris")
    # Its sources alone: what is compiled would not tell which branches were taken.
    build.copy_sources(tmp_path / "plain")
    done = subprocess.run(
        [str(python), str(HERE / "drive_atheris.py"), str(tmp_path), "1000000"],
        env=environment_without_proxies() | {"PYTHONPATH": f"{tmp_path / 'plain'}:{ROOT}"},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    assert "all of it" in done.stdout, done.stdout[-2000:]
