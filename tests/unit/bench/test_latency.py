"""Histograms and the open loop: what waits counts from when it was due; the whole figure on a short form."""

import os
import socket
import threading
import time
from pathlib import Path

import pytest

from bench import http, latency, measure, servers, workloads
from bench.histogram import Histogram
from bench.measure import Options

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
STALL_SECONDS = 0.3


def test_a_histogram_keeps_three_digits_and_adds_up() -> None:
    histogram = Histogram([number * 1_000_000 for number in range(1, 1_001)])
    assert histogram.at(50) == pytest.approx(0.5, rel=0.001)
    assert histogram.at(99.9) == pytest.approx(0.999, rel=0.001)
    histogram.add(Histogram([10**12, 0]))
    assert histogram.total == 1_002
    assert histogram.at(100) == pytest.approx(60.0, rel=0.001)
    assert histogram.summary()["seconds"]["p50"] == pytest.approx(0.5, rel=0.002)


class Answering(threading.Thread):
    """Answers each request at once, but for the one at which it stops for a while."""

    def __init__(self, stall_at: int) -> None:
        super().__init__()
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.stall_at = stall_at
        self.requests = 0

    def run(self) -> None:
        connection, _ = self.listening.accept()
        with connection:
            while connection.recv(1_000):
                self.requests += 1
                if self.requests == self.stall_at:
                    time.sleep(STALL_SECONDS)
                connection.sendall(ANSWER)


def test_what_was_due_while_the_server_stood_still_has_waited_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A generator that waits for its answer before it looks at the clock again would see one slow request only."""
    monkeypatch.setattr(latency, "CONNECTIONS", 1)
    server = Answering(stall_at=50)
    server.start()
    latencies = latency.open_loop(server.listening.getsockname(), [b"request"] * 200, rate=500)
    server.join()
    server.listening.close()
    assert len(latencies) == server.requests == 200
    assert max(latencies) >= STALL_SECONDS * 1e9
    late = [value for value in latencies if value > STALL_SECONDS * 1e9 / 3]
    # 0.3 s at 500 a second: 150 were due meanwhile, two thirds of them more than 0.1 s before it went on.
    assert len(late) >= 100


def test_the_bare_writer_counts_from_when_each_was_due(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "blocks"
    path.write_bytes(bytes(latency.FILE_BYTES))
    syncs = 0

    def slow(fd: int) -> None:
        nonlocal syncs
        syncs += 1
        time.sleep(0.05)

    monkeypatch.setattr(os, "fdatasync", slow)
    latencies = latency.bare_writer(path, 1_000, 200)
    assert len(latencies) == 200
    assert min(latencies) >= 0.05 * 1e9
    # Of those that go together the first has waited longest, by as much as it was due before the last.
    assert max(latencies) - min(latencies) >= 0.03 * 1e9
    # What was due while one was written goes with the next: nobody waits for more than two.
    assert syncs <= 6


def test_a_refused_order_is_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "ANSWER", b"HTTP/1.1 400 Bad\r\ncontent-length: 2\r\n\r\nno")
    server = Answering(stall_at=0)
    server.start()
    with pytest.raises(AssertionError, match="400"):
        latency.open_loop(server.listening.getsockname(), [b"request"] * 2, rate=500)
    server.join()
    server.listening.close()


def test_the_figures_of_http_are_of_a_venue_whose_journal_holds_what_was_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workloads, "FOLDER", tmp_path)
    monkeypatch.setattr(latency, "SECONDS", 1.0)
    monkeypatch.setattr(latency, "WARM_REQUESTS", 10)
    figures = [*latency.run(Options(rounds=1)), *http.run(Options(rounds=1, scale=20))]
    assert [figure.name for figure in figures] == [
        "order at 500/s, p99, open loop, fdatasync",
        "order at 2,000/s, p99, open loop, fdatasync",
        "http order, 64 connections, fdatasync",
    ]
    assert figures[0].details["latency"]["ours"]["count"] == 500
    assert figures[1].details["latency"]["bare append + fdatasync"]["count"] == 2_000
    assert figures[0].reference > latency.ALLOWED_SECONDS
    assert len(figures[0].state_hash) == 64


def test_a_venue_whose_journal_has_other_orders_gives_no_figure(tmp_path: Path) -> None:
    with servers.venue_at(tmp_path / "venue") as ours:
        http.timed(ours.server.address, [http.order(ours, 1)])
    with pytest.raises(measure.WrongState, match="2 orders were answered, the journal has 1"):
        servers.proven_hash(tmp_path / "venue", 2)
