"""Sums and products two words wide, in plain Python: `wide.pxd` is the compiled twin.

Sum number `at` of a run of words is its word 2 × at times 2^62 plus its word 2 × at + 1, which is below 2^62.
"""

WORD = 1 << 62


def total(sums: list[int], at: int) -> int:
    return sums[2 * at] * WORD + sums[2 * at + 1]


def add(sums: list[int], at: int, more: int) -> None:
    """Add to a sum."""
    sums[2 * at], sums[2 * at + 1] = divmod(total(sums, at) + more, WORD)


def gather(sums: list[int], at: int, other: int) -> None:
    """Add another sum of the run to a sum."""
    add(sums, at, total(sums, other))


def subtract(sums: list[int], at: int, other: int) -> None:
    """Take another sum of the run away from a sum."""
    add(sums, at, -total(sums, other))


def scaled(amount: int, by: int, over: int, rounds_up: int) -> int:
    """amount × by / over, rounded; -1 where that is above 2^62. Nothing is negative, and `over` is not 0."""
    quotient = (amount * by + (over - 1 if rounds_up else 0)) // over
    return quotient if quotient <= WORD else -1


def is_positive(sums: list[int], at: int) -> bool:
    return total(sums, at) > 0


def ratio(sums: list[int], others: list[int], at: int) -> int:
    """A sum divided by the sum of the same number in another run, rounded down; the quotient must fit a word."""
    return total(sums, at) // total(others, at)
