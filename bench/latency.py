"""Figure `latency`: signed durable HTTP orders at a steady 500 and 2,000 a second, beside a bare append + fdatasync.

Open loop: each request has a time at which it is due, whatever became of those before, and its latency counts from
then; one that finds all 64 connections waiting counts from when it was due, too (bench/histogram.py). The bare writer
appends 512 bytes to a file that is there already, for each that is due, with one fdatasync for all that has gathered;
its latencies count from the same kind of times. Both come from the same run, in turn, on the disk of build/bench.

Held against each other: our p99, and the bare writer's p99 + 5 ms.
"""

import os
import select
import socket
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from bench import http, measure, servers, workloads
from bench.histogram import Histogram
from bench.measure import Figure, Options
from bench.servers import Address

RATES = (500, 2_000)
SECONDS = 10.0
CONNECTIONS = 64
ALLOWED_SECONDS = 0.005
BLOCK = bytes(512)
FILE_BYTES = 64 << 20
ANSWER_BYTES_MAX = 1 << 16
WARM_REQUESTS = 500


def run(options: Options) -> list[Figure]:
    """Measure both rates. AssertionError where an answer is no success, WrongState where the journal has others."""
    with workloads.scratch("latency") as folder:
        data = Path(folder, "venue")
        blocks = Path(folder, "bare")
        blocks.write_bytes(bytes(FILE_BYTES))
        with servers.venue_at(data) as ours:
            sent = 0

            def requests(count: int) -> list[bytes]:
                nonlocal sent
                sent += count
                return [http.order(ours, sent - count + each) for each in range(count)]

            open_loop(ours.server.address, requests(WARM_REQUESTS), RATES[0])
            found = [
                rate_figure(rate, ours.server.address, requests, blocks, options, SECONDS / min(options.scale, 5))
                for rate in RATES
            ]
        proven = servers.proven_hash(data, sent)
    return [figure._replace(state_hash=proven) for figure in found]


def rate_figure(
    rate: int,
    address: Address,
    requests: Callable[[int], list[bytes]],
    blocks: Path,
    options: Options,
    seconds: float,
) -> Figure:
    name = f"order at {rate:,}/s, p99, open loop, fdatasync"
    ours_all, bare_all = Histogram(), Histogram()
    pairs = []
    for number in range(options.rounds):
        options.say(name, number, options.rounds)
        count = int(rate * seconds)
        bare = Histogram(bare_writer(blocks, rate, count))
        ours = Histogram(open_loop(address, requests(count), rate))
        pairs.append((ours.at(99), bare.at(99) + ALLOWED_SECONDS))
        ours_all.add(ours)
        bare_all.add(bare)
    return measure.cost(
        name,
        pairs,
        reference_name="bare append + 5 ms",
        state_hash="",
        clock="wall time from when each was due",
        seen=f"p50, p99, p99.9 of ours {milliseconds(ours_all)}, of the bare writer {milliseconds(bare_all)}",
        latency={"ours": ours_all.summary(), "bare append + fdatasync": bare_all.summary()},
    )


def milliseconds(histogram: Histogram) -> str:
    return ", ".join(f"{histogram.at(percentile) * 1e3:.2f}" for percentile in (50, 99, 99.9)) + " ms"


def bare_writer(path: Path, rate: int, count: int) -> list[int]:
    """Append as many blocks at that rate; returns how long after it was due each was durable."""
    latencies: list[int] = []
    step_ns, at = 1_000_000_000 // rate, 0
    fd = os.open(path, os.O_WRONLY)
    try:
        first_ns = time.perf_counter_ns() + step_ns
        while len(latencies) < count:
            wait_until(first_ns + len(latencies) * step_ns)
            gathered = min(count - len(latencies), 1 + (time.perf_counter_ns() - first_ns) // step_ns - len(latencies))
            os.pwrite(fd, BLOCK * gathered, at)
            os.fdatasync(fd)
            done_ns = time.perf_counter_ns()
            latencies += [done_ns - first_ns - (len(latencies) + each) * step_ns for each in range(gathered)]
            at = (at + len(BLOCK) * gathered) % (FILE_BYTES - (1 << 20))
    finally:
        os.close(fd)
    return latencies


def wait_until(due_ns: int) -> None:
    left_ns = due_ns - time.perf_counter_ns()
    if left_ns > 0:
        time.sleep(left_ns / 1e9)


class Connection:
    """One connection of the generator: what it waits for and what it has of it."""

    def __init__(self, address: Address) -> None:
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.due_ns = 0
        self.got = b""

    def fileno(self) -> int:
        return self.socket.fileno()

    def send(self, request: bytes, due_ns: int) -> None:
        self.due_ns, self.got = due_ns, b""
        self.socket.sendall(request)

    def is_answered(self) -> bool:
        """Take what has come in; whether the answer is whole. AssertionError where it is no success."""
        data = self.socket.recv(ANSWER_BYTES_MAX)
        assert data, "the server ended a connection"
        self.got += data
        head, found, body = self.got.partition(b"\r\n\r\n")
        if not found:
            return False
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        assert head.startswith(b"HTTP/1.1 200"), self.got
        return len(body) >= length


def open_loop(address: Address, requests: list[bytes], rate: int) -> list[int]:
    """Send every request when it is due, or as soon as a connection is free; returns each one's nanoseconds since due.

    `select` wakes to the microsecond, where an event loop's timers are exact to a millisecond only.
    """
    connections = [Connection(address) for _ in range(CONNECTIONS)]
    try:
        with measure.quiet_collector():
            return send_when_due(connections, requests, rate)
    finally:
        for connection in connections:
            connection.socket.close()


def send_when_due(connections: list[Connection], requests: list[bytes], rate: int) -> list[int]:
    free, busy = deque(connections), set[Connection]()
    step_ns, sent = 1_000_000_000 // rate, 0
    latencies: list[int] = []
    first_ns = time.perf_counter_ns() + step_ns
    while len(latencies) < len(requests):
        while sent < len(requests) and free and first_ns + sent * step_ns <= time.perf_counter_ns():
            connection = free.popleft()
            connection.send(requests[sent], first_ns + sent * step_ns)
            busy.add(connection)
            sent += 1
        left_ns = first_ns + sent * step_ns - time.perf_counter_ns()
        timeout = max(left_ns, 0) / 1e9 if free and sent < len(requests) else None
        for connection in select.select(list(busy), [], [], timeout)[0]:
            if connection.is_answered():
                latencies.append(time.perf_counter_ns() - connection.due_ns)
                busy.discard(connection)
                free.append(connection)
    return latencies
