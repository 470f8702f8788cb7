"""Every product and every rounding inside matching."""

from . import codes


def mul_ppm(number: int, ppm: int) -> int:
    """Return number × ppm / 10^6, rounded down, without a product that could overflow.

    Limits:  number ≥ 0; ppm ≥ 0; (number // 10^6) × ppm < 2^63, which holds for 2^62 at 10 % and 2^53 at 1,000-fold.
    Example: mul_ppm(1_500_001, 1_000) = 1 × 1_000 + 500_001_000 // 10^6 = 1_500.
    """
    return number // codes.PPM * ppm + number % codes.PPM * ppm // codes.PPM


def mul_ppm_up(number: int, ppm: int) -> int:
    """Return number × ppm / 10^6, rounded up: what a customer pays is never less than the rate. Limits as `mul_ppm`."""
    return number // codes.PPM * ppm + (number % codes.PPM * ppm + codes.PPM - 1) // codes.PPM


def quote_units(quote_per_tick_lot: int, price: int, quantity: int) -> int:
    """Return the notional in minor units of the quote asset: exact, because a market's tick × lot is a whole number."""
    return price * quantity * quote_per_tick_lot
