"""What is seen of the past by a replay in another process: the venue behind an entry, an account at the end of days.

One replay at a time, the others wait their turn: none of it happens on the trading thread.
"""

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path
from typing import Any

from exchange.api import account_answers, errors, parameters
from exchange.api.answers import Answer
from exchange.api.auth import OPERATE
from exchange.api.context import Reply, Request
from exchange.api.endpoints import SIGNING, Endpoint, reading
from exchange.api.errors import WireError
from exchange.api.parameters import Parameter, table

ROOT = Path(__file__).parent.parent.parent
WAITING_MAX = 5
SECONDS_MAX = 120.0
DAYS_MAX = 30
KNOWN_MAX = 100_000
SECOND_NS = 10**9
NS_PER_DAY = 86_400 * SECOND_NS
OVER_BY_NS = 60 * SECOND_NS


class Inspected(Answer):
    """An entry and what it left, as `run.py inspect` prints it."""

    seq: int
    lines: list[str]


class Replays:
    """Runs modules that replay the venue's own journal, one at a time."""

    def __init__(self, data: Path) -> None:
        self.data = data.resolve()
        self.turn = asyncio.Lock()
        self.waiting = 0

    async def run(self, module: str, *arguments: object) -> str:
        """What the module prints, told the data directory and these arguments.

        WireError -1008 where too many wait already, -1007 where it takes too long, -1130 with its last line where it
        fails.
        """
        if self.waiting >= WAITING_MAX:
            raise errors.OVERLOADED
        self.waiting += 1
        # A task of its own: requests are driven without one, and a time limit needs it.
        return await asyncio.create_task(self.in_turn(module, [str(self.data), *map(str, arguments)]))

    async def in_turn(self, module: str, arguments: list[str]) -> str:
        try:
            async with self.turn:
                return await replayed(module, arguments)
        finally:
            self.waiting -= 1


class Inspection:
    """An operator's look at the venue as of any entry."""

    def __init__(self, replays: Replays) -> None:
        self.replays = replays

    async def inspect(self, request: Request) -> Reply:
        """GET /admin/v1/inspect. WireError as `Replays.run`, -1130 where there is no such entry."""
        values = request.values
        options = []
        if values["accountId"] is not None:
            options.append(f"--account={values['accountId']}")
        if values["symbol"] is not None:
            options.append(f"--market={values['symbol']}")
        said = await self.replays.run("exchange.ops.inspect", values["seq"], *options)
        return Reply({"seq": values["seq"], "lines": said.splitlines()})

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        rows = (
            Parameter("seq", parameters.long, mandatory=True),
            Parameter("accountId", parameters.long),
            Parameter("symbol", parameters.text),
        )
        path = "/admin/v1/inspect"
        return (Endpoint("GET", path, "SIGNED", 50, SIGNING | table(*rows), self.inspect, OPERATE, response=Inspected),)


class AccountDays:
    """What accounts had when days ended. A day that is over does not change: what was replayed once is kept."""

    def __init__(self, replays: Replays) -> None:
        self.replays = replays
        self.known: dict[tuple[int, int], dict[str, Any] | None] = {}
        """By account and day; None where the journal is younger."""

    async def snapshots(self, request: Request) -> Reply:
        """GET /sapi/v1/accountSnapshot. WireError as `Replays.run`, -1127 for more than 30 days."""
        account, now = request.sender.account, request.context.now_ns()
        wanted = days_of(request.values, now) if request.values["type"] == "SPOT" else range(0)
        if any((account, day) not in self.known for day in wanted):
            said = await self.replays.run("exchange.ops.days", account, wanted[0], wanted[-1])
            if len(self.known) > KNOWN_MAX:
                self.known.clear()
            told = dict(json.loads(said))
            self.known |= {(account, day): told.get(day) for day in wanted}
        shown = [(day, self.known[account, day]) for day in wanted]
        ends = [{"data": each, "type": "spot", "updateTime": end_ns(day) // 1_000_000} for day, each in shown if each]
        return Reply({"code": 200, "msg": "", "snapshotVos": ends})

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        rows = (
            Parameter("type", parameters.word(("SPOT", "MARGIN", "FUTURES")), mandatory=True),
            Parameter("startTime", parameters.moment_ns),
            Parameter("endTime", parameters.moment_ns),
            Parameter("limit", parameters.at_most(DAYS_MAX), default=7),
        )
        path = "/sapi/v1/accountSnapshot"
        return (reading(path, 2_400, self.snapshots, *rows, response=account_answers.AccountSnapshots),)


def days_of(values: dict[str, Any], now_ns: int) -> range:
    """The days meant, of the 30 that were over last: the last ones, or from startTime on, or the last up to endTime.

    A day is over when its last command has had time to come to rest.
    """
    start, end, limit = values["startTime"], values["endTime"], values["limit"]
    if start is not None and end is not None and end - start > DAYS_MAX * NS_PER_DAY:
        raise WireError(-1127, f"More than {DAYS_MAX * 24} hours between startTime and endTime.")
    newest = last = (now_ns - OVER_BY_NS) // NS_PER_DAY - 1
    if end is not None:
        last = min(last, (end + SECOND_NS) // NS_PER_DAY - 1)
    first = last - limit + 1
    if start is not None:
        first = (start - end_ns(0) + NS_PER_DAY - 1) // NS_PER_DAY
    first = max(0, first, newest - DAYS_MAX + 1)
    return range(first, min(last, first + limit - 1) + 1)


def end_ns(day: int) -> int:
    """The time that the end of a day is told by: its last whole second."""
    return (day + 1) * NS_PER_DAY - SECOND_NS


async def replayed(module: str, arguments: list[str]) -> str:
    """What the other process prints; WireError with its last line where it cannot."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, cwd=ROOT, stdin=DEVNULL, stdout=PIPE, stderr=PIPE
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
    return said.decode()
