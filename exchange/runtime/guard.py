"""Where a failure of ours is turned into an answer: the one place at the edge that catches everything."""

from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def attempt(do: Callable[[], Found], otherwise: Callable[[Exception], Found]) -> Found:
    """What `do` returns, or what `otherwise` makes of the exception that nobody expected."""
    try:
        return do()
    except Exception as error:
        return otherwise(error)
