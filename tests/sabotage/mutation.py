"""One act of sabotage, and the files of the core that most of them are done to."""

from typing import NamedTuple

TRADING = "exchange/core/matching/trading.py"
MATCHING = "exchange/core/matching/matching.py"
CHECKS = "exchange/core/matching/checks.py"
LISTS = "exchange/core/matching/lists.py"
LIST_CHECKS = "exchange/core/matching/contingency.py"
FEES = "exchange/core/matching/fees.py"
TERMS = "exchange/core/matching/terms.py"
PEGS = "exchange/core/matching/pegs.py"


class Mutation(NamedTuple):
    """One act: `old` stands once or more in the file, its first place is changed."""

    name: str
    path: str
    old: str
    new: str
    killers: tuple[str, ...]
