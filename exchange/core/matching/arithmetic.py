"""Whole numbers multiplied and compared where a plain product or difference would not do."""

from . import codes


def mul_ppm(number: int, ppm: int) -> int:
    """Return number × ppm / 10^6, rounded down, without a product that could overflow.

    Limits:  number ≥ 0; ppm ≥ 0; (number // 10^6) × ppm < 2^63, which holds for 2^62 at 10 % and 2^53 at 1,000-fold.
    Example: mul_ppm(1_500_001, 1_000) = 1 × 1_000 + 500_001_000 // 10^6 = 1_500.
    """
    return number // codes.PPM * ppm + number % codes.PPM * ppm // codes.PPM


def distance(one: int, other: int) -> int:
    """How far two numbers are from each other."""
    return one - other if one > other else other - one


def upper_bound(reference: int, up_ppm: int) -> int:
    """What a share of a reference allows: anything that a price can be where either is 0."""
    return mul_ppm(reference, up_ppm) if reference and up_ppm else codes.PRICE_MAX
