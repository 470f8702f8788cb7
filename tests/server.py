"""A real server for tests: a process of its own on a free port, spoken to over the wire, stopped or killed."""

import hashlib
import hmac
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import orjson

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS, STOP_SECONDS = 60, 30


class Answer(NamedTuple):
    """A response: status, headers with lower-case names, and the decoded body."""

    status: int
    headers: dict[str, str]
    body: Any


class Server:
    """`run.py demo` or `serve` on a data directory. As a context it is stopped cleanly at the end, and that is checked.

    `address` is `http://host:port` once started. `arguments` go to the command as they are.
    """

    def __init__(self, data: Path, *arguments: str, command: str = "demo", port: int = 0) -> None:
        self.data = data
        self.command = command
        self.arguments = [command, "--data", str(data), "--port", str(port), *arguments]
        self.errors = data.parent / f"{data.name}.err"
        self.process: subprocess.Popen[str] | None = None
        self.address = ""

    def start(self) -> "Server":
        """Start the process and wait until it says that it is ready; AssertionError with its log where it does not."""
        command = "import sys; from exchange.ops import cli; sys.exit(cli.main(sys.argv[1:]))"
        with self.errors.open("a") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-c", command, *self.arguments],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self.read_lines, args=(self.process, lines), daemon=True).start()
        try:
            line = lines.get(timeout=START_SECONDS)
        except queue.Empty:
            line = ""
        if not line.startswith("ready http://"):
            self.kill()
            raise AssertionError(f"said {line!r} instead of ready: {self.errors.read_text()[-4000:]}")
        self.address = line.split()[1]
        return self

    @staticmethod
    def read_lines(process: "subprocess.Popen[str]", lines: "queue.Queue[str]") -> None:
        """Pass on what the process prints, an empty line at its end."""
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                lines.put(line)
        lines.put("")

    def stop(self) -> None:
        """SIGTERM: the process must end by itself, with exit code 0."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"did not stop within {STOP_SECONDS} s: {self.errors.read_text()[-4000:]}") from None
        assert code == 0, f"exit code {code}: {self.errors.read_text()[-4000:]}"

    def kill(self) -> None:
        """SIGKILL, and wait until the process is gone."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> "Server":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self.process is not None
        if kind is not None:
            self.kill()
        elif self.process.returncode is None:
            self.stop()

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    @property
    def socket_address(self) -> str:
        return "ws" + self.address.removeprefix("http")

    def credentials(self, who: str = "trader") -> dict[str, str]:
        """`api_key` and `secret_key` of the demo's trader or admin."""
        found: dict[str, str] = orjson.loads((self.data / "credentials.json").read_bytes())[who]
        return found

    def ask(self, method: str, path: str, **parameters: Any) -> Answer:
        """A request that nobody signs."""
        return send(method, f"{self.address}{path}?{urlencode(parameters)}")

    def signed(self, method: str, path: str, *, who: str = "trader", **parameters: Any) -> Answer:
        """A request signed by one of the demo's keys."""
        key = self.credentials(who)
        query = sign(key["secret_key"], {**parameters, "timestamp": time.time_ns() // 1_000_000})
        return send(method, f"{self.address}{path}?{query}", key["api_key"])


def sign(secret: str, parameters: dict[str, Any]) -> str:
    """A query with its HMAC signature behind it."""
    query = urlencode(parameters)
    signature = hmac.new(secret.encode(), query.encode(), hashlib.sha256).hexdigest()
    return f"{query}&signature={quote(signature)}"


def send(method: str, url: str, api_key: str = "", body: bytes | None = None) -> Answer:
    """One request over a connection of its own."""
    headers = {"X-MBX-APIKEY": api_key} if api_key else {}
    request = urllib.request.Request(url, body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            status, found, content = response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        with error:
            status, found, content = error.code, error.headers, error.read()
    return Answer(status, {name.lower(): value for name, value in found.items()}, orjson.loads(content))


def environment_without_proxies() -> dict[str, str]:
    """For clients in processes of their own: what is on 127.0.0.1 is reached directly."""
    return {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
