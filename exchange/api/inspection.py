"""What an operator sees of the past: an entry, its events and the venue right behind it, replayed in another process.

One replay at a time, the others wait their turn: none of it happens on the trading thread.
"""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

from exchange.api import errors, parameters
from exchange.api.answers import Answer
from exchange.api.auth import OPERATE
from exchange.api.context import Reply, Request
from exchange.api.endpoints import SIGNING, Endpoint
from exchange.api.errors import WireError
from exchange.api.parameters import Parameter, table

ROOT = Path(__file__).parent.parent.parent
WAITING_MAX = 5
SECONDS_MAX = 120.0


class Inspected(Answer):
    """An entry and what it left, as `run.py inspect` prints it."""

    seq: int
    lines: list[str]


class Inspection:
    """Runs `exchange.ops.inspect` on the venue's own data directory."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.turn = asyncio.Lock()
        self.waiting = 0

    async def inspect(self, request: Request) -> Reply:
        """GET /admin/v1/inspect. WireError -1008 where too many wait already, -1130 where there is no such entry."""
        if self.waiting >= WAITING_MAX:
            raise errors.OVERLOADED
        values = request.values
        command = [str(self.data.resolve()), str(values["seq"])]
        if values["accountId"] is not None:
            command.append(f"--account={values['accountId']}")
        if values["symbol"] is not None:
            command.append(f"--market={values['symbol']}")
        self.waiting += 1
        # A task of its own: requests are driven without one, and a time limit needs it.
        lines = await asyncio.create_task(self.in_turn(command))
        return Reply({"seq": values["seq"], "lines": lines})

    async def in_turn(self, command: list[str]) -> list[str]:
        try:
            async with self.turn:
                return await replayed(command)
        finally:
            self.waiting -= 1

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        rows = (
            Parameter("seq", parameters.long, mandatory=True),
            Parameter("accountId", parameters.long),
            Parameter("symbol", parameters.text),
        )
        path = "/admin/v1/inspect"
        return (
            Endpoint(
                "GET", path, "SIGNED", 50, SIGNING | table(*rows), self.inspect, OPERATE, response=Inspected
            ),
        )  # fmt: skip


async def replayed(command: list[str]) -> list[str]:
    """What the other process prints; WireError with its last line where it cannot."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "exchange.ops.inspect", *command, cwd=ROOT, stdin=DEVNULL, stdout=PIPE, stderr=PIPE
    )
    try:
        async with asyncio.timeout(SECONDS_MAX):
            said, problem = await child.communicate()
    except TimeoutError as error:
        raise WireError(-1007, f"The replay took longer than {SECONDS_MAX:.0f} s.") from error
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode:
        reason = problem.decode(errors="replace").strip().splitlines()[-1:] or ["it failed"]
        raise WireError(-1130, reason[0].removeprefix("run.py inspect: "))
    return said.decode().splitlines()
