"""Pegs for the random flows: orders, replacements and legs of lists that take their price from the book."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.flows import Flow

PLACE, CANCEL_REPLACE, PEG = 1, 5, 3
ROW_WORDS, EXTENSION_WORDS = 16, 8
UNPRICED = (2, 4, 6)
ODD = ((0, 0, 0), (3, 0, 0), (1, 2, 1), (1, 0, 1), (2, 1, 101), (1, 1, -1), (1, -1, 0), (1, 0, 0, 7), (-1, 0, 0))
"""What no peg can be."""


def some_peg(flow: Flow) -> tuple[int, ...]:
    random = flow.random
    if random.random() < 0.03:
        return random.choice(ODD)
    kind = random.choice([1, 1, 2])
    return random.choice(
        [(kind, 0, 0), (kind, 1, 0), (kind, 1, random.randint(1, 4)), (kind, 1, random.choice([9, 100]))]
    )


def pegged(flow: Flow, words: list[int]) -> list[int]:
    """A command some of whose orders are pegged, most of those without a price of their own."""
    made: list[int] = []
    at = 0
    while at < len(words):
        behind = at + ROW_WORDS + EXTENSION_WORDS * words[at + 2]
        made += pegged_row(flow, words[at:behind])
        at = behind
    return made


def pegged_row(flow: Flow, words: list[int]) -> list[int]:
    random = flow.random
    is_unpriced = words[6] >> 8 & 255 in UNPRICED
    chance = 0.05 if is_unpriced else 0.7
    if words[0] not in (PLACE, CANCEL_REPLACE) or words[2] >= 7 or random.random() > chance:
        return words
    base, extensions = words[:ROW_WORDS], words[ROW_WORDS:]
    base[2] += 1
    if random.random() < 0.7:
        base[7] = 0
    peg = [PEG, *some_peg(flow)]
    return [*base, *peg, *[0] * (EXTENSION_WORDS - len(peg)), *extensions]
