"""The commands of run.py: one row each, imported only when called."""

import difflib
import sys
from importlib import import_module
from typing import NamedTuple

DEFAULT = "demo"


class Row(NamedTuple):
    """Where a command lives, as "module:function", and what it does in one line.

    The function takes the arguments after the command's name and returns an exit code.
    """

    target: str
    help: str


COMMANDS = {
    "demo": Row("exchange.ops.demo:main", "an exchange with markets, a funded trader and live flow (the default)"),
    "serve": Row("exchange.ops.serve:main", "recover a data directory, then serve it"),
    "golden": Row("exchange.ops.golden:main", "the scenarios of tests/golden; --update writes their outcomes anew"),
    "operate": Row("exchange.ops.operate:main", "one operator's command to a venue that runs, such as KillSwitch"),
    "replay": Row("exchange.ops.replay:main", "rebuild from the journal alone; state hash, entries per second"),
    "quarantine": Row("exchange.ops.quarantine:main", "set aside a command on which the engine fails"),
    "audit": Row("exchange.ops.audit:main", "check everything that a journal says; exit 0 only if all of it holds"),
    "inspect": Row("exchange.ops.inspect:main", "one entry, its events, and the venue as it was right behind it"),
    "sim": Row("exchange.ops.sim:main", "venues whose disks fail, crash after crash; --seed N --minutes M"),
    "shadow": Row("exchange.ops.shadow:main", "does this code make of an old journal what was recorded then? --record"),
    "verifier": Row("exchange.ops.verifier:main", "write the second opinion as one file that needs nothing else"),
    "backup": Row("exchange.ops.backup:main", "everything that cannot be made anew, encrypted, while the venue runs"),
    "restore": Row("exchange.ops.backup:restore", "unpack a backup into a new directory, and verify it"),
    "bench": Row("exchange.ops.bench:main", "the promised figures, each beside its reference; --quick, --json FILE"),
    "backtest": Row("exchange.ops.backtest:main", "a strategy on the production matcher; leaves a journal to verify"),
    "export": Row("exchange.ops.export:main", "a journal as Parquet: orders, trades, queue positions, candles"),
    "test": Row("exchange.ops.test:main", "lint, types, every test; --long adds the long forms"),
    "check": Row("exchange.ops.check:main", "format, lint, types, tidy, unit and golden tests: before each commit"),
}


def main(argv: list[str]) -> int:
    """Run one command and return its exit code; without a name, the demo."""
    if argv and argv[0] in ("-h", "--help", "help"):
        print(describe())
        return 0
    name, arguments = (argv[0], argv[1:]) if argv and not argv[0].startswith("-") else (DEFAULT, argv)
    row = COMMANDS.get(name)
    if row is None:
        near = difflib.get_close_matches(name, COMMANDS, 1)
        print(f"run.py: no command {name!r}" + (f"; did you mean {near[0]}?" if near else ""), file=sys.stderr)
        print(describe(), file=sys.stderr)
        return 2
    module, _, function = row.target.partition(":")
    try:
        code: int = getattr(import_module(module), function)(arguments)
    except KeyboardInterrupt:
        return 130
    return code


def describe() -> str:
    """Return the help text: how to call, and every command with its line."""
    width = max(map(len, COMMANDS))
    rows = [f"  {name:<{width}}  {row.help}" for name, row in COMMANDS.items()]
    return "\n".join(
        [
            "usage: python3 run.py [COMMAND] [ARGUMENTS]",
            "",
            *rows,
            "",
            f"Without a command: {DEFAULT}. `python3 run.py COMMAND --help` tells a command's arguments.",
        ]
    )
