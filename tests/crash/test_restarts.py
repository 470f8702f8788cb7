"""Incident 18: restarts that fail on leftover files, recovery slower every day. A hundred restarts, most after a kill.

A process that has imported everything forks each server, so a restart costs what a restart costs, and not the imports.
"""

import itertools
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from types import TracebackType

from exchange.config import Settings
from exchange.ops import replay
from tests.server import ROOT, Server

RESTARTS = 100
SNAPSHOT_EVERY = 40
ORDERS_A_ROUND = 8
LISTED = 200
FORKER = """
import os, sys
import exchange.app, exchange.ops.demo
from exchange.ops import cli
for line in iter(sys.stdin.readline, ""):
    child = os.fork()
    if child == 0:
        sys.exit(cli.main(line.split()))
    print("forked", child, flush=True)
    print("ended", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Forked(Server):
    """A server that is started, killed and started again as the child of one process."""

    def __enter__(self) -> "Forked":
        with self.errors.open("a") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-c", FORKER],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                process_group=0,
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()

    def line(self, word: str) -> str:
        """What follows a word that the process prints next."""
        assert self.process is not None
        assert self.process.stdout is not None
        found = self.process.stdout.readline()
        assert found.startswith(f"{word} "), (found, self.errors.read_text()[-4000:])
        return found.removeprefix(f"{word} ").strip()

    def begin(self) -> int:
        """Fork a server; returns its pid. It may not be ready yet."""
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write(" ".join(self.arguments) + "\n")
        self.process.stdin.flush()
        return int(self.line("forked"))

    def ended(self) -> int:
        """Wait for the end of the server; returns its exit code, negative for a signal."""
        assert self.process is not None
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("ended "):
                return int(line.split()[1])
        raise AssertionError(self.errors.read_text()[-4000:])


def trade(server: Server, names: Iterator[int], acknowledged: dict[str, int]) -> None:
    for turn in range(ORDERS_A_ROUND):
        client_id = f"order-{next(names)}"
        order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.0002"}
        answer = server.signed("POST", "/api/v3/order", **order, price="60000", newClientOrderId=client_id)
        assert answer.status == 200, answer
        acknowledged[client_id] = answer.body["orderId"]
        if turn % 2:
            answer = server.signed("DELETE", "/api/v3/order", symbol="BTCUSDT", origClientOrderId=client_id)
            assert answer.status == 200, answer
    answer = server.signed("DELETE", "/api/v3/openOrders", symbol="BTCUSDT")
    assert answer.status == 200, answer


def check(server: Server, acknowledged: dict[str, int]) -> None:
    """What was acknowledged is there, once: the newest of it, as many as one answer tells."""
    listed = server.signed("GET", "/api/v3/allOrders", symbol="BTCUSDT", limit=LISTED).body
    names = [each["clientOrderId"] for each in listed]
    assert len(names) == len(set(names))
    found = {each["clientOrderId"]: each["orderId"] for each in listed}
    newest = list(acknowledged.items())[-LISTED // 2 :]
    assert set(newest) <= found.items()


def test_a_hundred_restarts_whatever_the_last_one_left_behind_and_none_replays_more_than_the_first(
    tmp_path: Path,
) -> None:
    chance = random.Random("restarts")
    acknowledged: dict[str, int] = {}
    names = itertools.count()
    data = tmp_path / "data"
    with Forked(data, "--no-flow", "--snapshot-every", str(SNAPSHOT_EVERY)) as server:
        for number in range(RESTARTS):
            pid = server.begin()
            if number and number % 4 == 0:
                # Killed somewhere in its start.
                time.sleep(chance.uniform(0, 0.15))
                os.kill(pid, signal.SIGKILL)
                assert server.ended() == -signal.SIGKILL
                continue
            server.address = server.line("ready")
            check(server, acknowledged)
            if number % 4 == 1:
                trade(server, names, acknowledged)
                os.kill(pid, signal.SIGTERM)
                assert server.ended() == 0
                continue
            killer = subprocess.Popen(["sh", "-c", f"sleep {chance.uniform(0.005, 0.06):.3f}; kill -9 {pid}"])
            with suppress(OSError, HTTPException):
                while True:
                    trade(server, names, acknowledged)
            killer.wait()
            assert server.ended() == -signal.SIGKILL
        server.begin()
        server.address = server.line("ready")
        check(server, acknowledged)
    assert len(acknowledged) > RESTARTS
    replayed = [int(found) for found in re.findall(r"recovered.*replayed=(\d+)", server.errors.read_text())]
    assert len(replayed) > RESTARTS // 2
    # What came before the newest snapshot is not replayed, however long the journal has become.
    assert max(replayed) < 4 * SNAPSHOT_EVERY < replay.last_seq(data / "journal")
    assert replay.main([str(data), "--quiet"]) == 0


def test_with_the_default_settings_a_restart_replays_a_bounded_part_of_the_journal() -> None:
    assert 0 < Settings().snapshot_every <= 100_000
