"""`run.py serve`: recover, then serve until told to stop."""

import argparse
import gc
import sys
from typing import Any

import uvloop

from exchange.app import Exchange, NotStarted
from exchange.config import Settings, read_settings


def parser(name: str, doc: str | None) -> argparse.ArgumentParser:
    """The arguments that serve and demo share."""
    arguments = argparse.ArgumentParser(prog=f"run.py {name}", description=doc)
    arguments.add_argument("--data", metavar="DIR", help="journal, snapshots, history and vault (default ./var)")
    arguments.add_argument("--host", help="address to listen on (default 127.0.0.1)")
    arguments.add_argument("--port", type=int, help="port to listen on, 0 picks a free one (default 8000)")
    arguments.add_argument("--config", metavar="FILE", help="TOML file of settings; the command line wins over it")
    arguments.add_argument("--profile", help="named limits: reference, demo or bench")
    arguments.add_argument("--log", choices=("readable", "json"), help="form of log lines on standard error")
    arguments.add_argument("--snapshot-every", type=int, metavar="N", help="commands between snapshots")
    return arguments


def settings_of(options: argparse.Namespace, **defaults: Any) -> Settings:
    """Settings from file and command line; `defaults` are this command's own."""
    given = {name: value for name, value in vars(options).items() if name in Settings.__struct_fields__}
    for name, value in defaults.items():
        if given.get(name) is None:
            given[name] = value
    return read_settings(options.config, given)


def main(argv: list[str]) -> int:
    """Serve a venue; exit 0 after a clean stop, 1 with a line that says why otherwise."""
    arguments = parser("serve", __doc__)
    arguments.add_argument("--master-key-file", metavar="FILE", help="32 bytes as hex: opens the vault")
    arguments.add_argument("--auto-quarantine", action="store_true", default=None, help="see README: when we are wrong")
    options = arguments.parse_args(argv)
    try:
        settings = settings_of(options)
        if not settings.master_key_file:
            print("run.py serve: --master-key-file is needed: it opens the vault", file=sys.stderr)
            return 2
        return uvloop.run(serve(settings))
    except (NotStarted, ValueError) as error:
        print(f"run.py serve: {error}", file=sys.stderr)
        return 1


async def serve(settings: Settings) -> int:
    exchange = Exchange(settings)
    settle()
    return await exchange.run(lambda address: print(f"ready {address}", flush=True))


def settle() -> None:
    """Tell the interpreter what this process is: much that stays, little that is garbage, and two threads in turn.

    What was recovered is no garbage and is not looked through again; the thread that writes the journal gets its turn
    sooner than after the usual 5 ms.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    sys.setswitchinterval(0.0005)
