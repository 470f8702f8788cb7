"""`run.py demo`: an exchange with markets, a funded trader, an admin and live flow. Data survives, keys are reused."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import uvloop

from exchange.app import Exchange, NotStarted
from exchange.config import Settings
from exchange.core import queries
from exchange.messages import accounts, registry, transfers
from exchange.messages.accounts import AccountOpened
from exchange.messages.words import Message
from exchange.ops import listing
from exchange.ops.serve import parser, settings_of, settle
from exchange.store.vault import make_master_key

ADMIN, TRADER, FIRST_AGENT = 1, 2, 3
AGENTS = 3
READ_AND_TRADE, ALL_RIGHTS = 3, 7
HMAC = 1
SEED = 1
PURSE = {"USDT": "100000", "BTC": "2", "ETH": "30", "BNB": "100", "SOL": "500"}
AGENT_PURSE = {"USDT": "500000000", "BTC": "5000", "ETH": "100000", "BNB": "500000", "SOL": "2000000"}


def main(argv: list[str]) -> int:
    """Run the demo; exit 0 after a clean stop."""
    arguments = parser("demo", __doc__)
    arguments.add_argument("--no-flow", action="store_true", help="markets and accounts, but no agents")
    options = arguments.parse_args(argv)
    try:
        settings = settings_of(options, profile="demo")
        key_file = Path(settings.data) / "master.key"
        make_master_key(key_file)
        settings = settings_of(options, profile="demo", master_key_file=str(key_file))
        return uvloop.run(demo(settings, flow=not options.no_flow))
    except (NotStarted, ValueError) as error:
        print(f"run.py demo: {error}", file=sys.stderr)
        return 1


async def demo(settings: Settings, *, flow: bool) -> int:
    exchange = Exchange(settings)
    settle()
    agents: list[subprocess.Popen[bytes]] = []

    def on_ready(address: str) -> None:
        preparing.append(asyncio.create_task(prepare(exchange, address, agents, flow=flow)))

    preparing: list[asyncio.Task[None]] = []
    try:
        return await exchange.run(on_ready)
    finally:
        for task in preparing:
            task.cancel()
        for process in agents:
            stop_agents(process)


async def prepare(exchange: Exchange, address: str, agents: list[Any], *, flow: bool) -> None:
    """Make what is missing, write the credentials, begin the flow, and say where the venue is."""
    credentials = Path(exchange.settings.data) / "credentials.json"
    known = orjson.loads(credentials.read_bytes()) if credentials.exists() else {}
    if not queries.market_count(exchange.engine.state):
        for command in listing.commands():
            await exchange.sequencer.submit(command)
    known["admin"] = known.get("admin") or await open_person(exchange, ADMIN, ALL_RIGHTS, {})
    known["trader"] = known.get("trader") or await open_person(exchange, TRADER, READ_AND_TRADE, PURSE)
    write_private(credentials, {name: known[name] for name in ("trader", "admin")})
    if flow:
        kept = Path(exchange.settings.data) / "agents.json"
        keys = orjson.loads(kept.read_bytes()) if kept.exists() else []
        while len(keys) < AGENTS:
            keys.append(await open_person(exchange, FIRST_AGENT + len(keys), READ_AND_TRADE, AGENT_PURSE))
        write_private(kept, keys)
        agents.append(start_agents(address, keys))
    print(f"ready {address}", flush=True)
    print(f"demo at {address}: keys of a funded trader and an admin are in {credentials}", file=sys.stderr, flush=True)


async def open_person(exchange: Exchange, user_id: int, rights: int, purse: dict[str, str]) -> dict[str, str]:
    """An account with a key and money from outside; a request id makes sure that it is funded once."""
    commands: list[registry.AnyCommand] = []
    found = queries.accounts_of(exchange.engine.state, user_id)
    if found:
        account = found[0]
    else:
        answer = await exchange.sequencer.submit(accounts.OpenAccount(0, user_id, 1))
        event = answer.events[0]
        assert isinstance(event, Message)
        opened = registry.event_decoder.decode(event.payload)
        assert isinstance(opened, AccountOpened)
        account = opened.account_id
    key = {"api_key": os.urandom(32).hex(), "secret_key": os.urandom(32).hex()}
    reference = exchange.vault.keep(user_id, key["secret_key"].encode())
    commands.append(accounts.GrantApiKey(0, account, rights, key["api_key"], HMAC, vault_reference=reference))
    known = queries.assets(exchange.engine.state)
    for name, amount in purse.items():
        request = f"demo {user_id} {name}"
        commands.append(transfers.Credit(0, request, account, known[name], listing.units(amount)))
    for command in commands:
        await exchange.sequencer.submit(command)
    return key


def write_private(path: Path, content: Any) -> None:
    """Write a file of mode 600 whole: beside, then renamed."""
    beside = path.with_suffix(".part")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(orjson.dumps(content, option=orjson.OPT_INDENT_2))
    beside.rename(path)


def start_agents(address: str, keys: list[dict[str, str]]) -> "subprocess.Popen[bytes]":
    """The flow as a child process: keys over its standard input, nothing else of ours open in it."""
    plan = {
        "address": address,
        "seed": SEED,
        "keys": keys,
        "markets": [
            {
                "symbol": market.symbol,
                "tick": market.tick,
                "lot": market.lot,
                "price": market.price,
                "size": f"{200 / float(market.price) if market.quote == 'USDT' else 0.1:.8f}",
            }
            for market in listing.MARKETS
        ],
    }
    process = subprocess.Popen([sys.executable, "-m", "exchange.ops.agents"], stdin=subprocess.PIPE, close_fds=True)
    assert process.stdin is not None
    process.stdin.write(orjson.dumps(plan) + b"\n")
    process.stdin.flush()
    return process


def stop_agents(process: "subprocess.Popen[bytes]") -> None:
    """End the flow: it goes when its standard input ends."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
