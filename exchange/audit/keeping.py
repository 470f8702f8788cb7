"""When heads are made: every so many seconds in which commands came, by a notary's step in a process of its own."""

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from exchange.audit.notary import signed
from exchange.messages.system import RecordHead

ROOT = Path(__file__).parent.parent.parent


async def keep_heads(
    data: Path,
    every_seconds: float,
    last_seq: Callable[[], int],
    submit: Callable[[RecordHead], Awaitable[Any]],
    report: Callable[[str], None],
) -> None:
    """Until it is canceled: let the notary step, and journal the head that it signed. What fails is tried again."""
    seen = 0
    while True:
        await asyncio.sleep(every_seconds)
        now = last_seq()
        if now == seen:
            continue
        step = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "exchange.audit.notary", str(data.resolve()),
            cwd=ROOT, stdin=DEVNULL, stdout=PIPE, stderr=PIPE,
        )  # fmt: skip
        try:
            said, problem = await step.communicate()
        finally:
            if step.returncode is None:
                step.kill()
                await step.wait()
        if step.returncode:
            report(f"no head was signed: {problem.decode(errors='replace').strip()[-500:]}")
            continue
        # The head itself is a command behind this: the next step finds it in the journal, and notes that it is there.
        seen = now
        if said:
            await submit(RecordHead(0, *signed(json.loads(said))))
