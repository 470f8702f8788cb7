"""The local run script: `python3 run.py [COMMAND] [ARGUMENTS]`; `--help` lists the commands.

Standard library only. Read by any Python, so that an old one can be told what is needed; all else is exchange/ops.
"""

import sys

if __name__ == "__main__":
    if sys.version_info < (3, 11):  # noqa: UP036
        found = "%s, %s" % (sys.version.split()[0], sys.executable)  # noqa: UP031
        sys.exit("Tape needs Python 3.11 or later; this is " + found)
    if sys.flags.optimize:
        sys.exit("Tape does not run under -O or PYTHONOPTIMIZE: its assertions are part of it")
    from exchange.ops.install import main

    sys.exit(main(sys.argv[1:]))
