"""Decimals of the wire to whole numbers and back: exact, without floats, with Binance's ways of refusing."""

import re
from typing import Final

from exchange.api import errors

DECIMAL: Final = re.compile(r"([0-9]{1,20})(?:\.([0-9]{0,20}))?|\.([0-9]{1,20})")
ZEROS: Final = tuple("0." + "0" * scale if scale else "0" for scale in range(64))
LEGAL: Final = "^([0-9]{1,20})(\\.[0-9]{1,20})?$"


def parse(name: str, text: str, scale: int) -> int:
    """A decimal as a count of 10^-scale. WireError -1100 where it is none, -1111 where it is too precise."""
    before, _, after = text.partition(".")
    digits = before + after
    if digits.isdecimal() and digits.isascii() and before and len(before) <= 20 and len(after) <= scale:
        return int(digits.ljust(len(before) + scale, "0"))
    found = DECIMAL.fullmatch(text)
    if found is None:
        raise errors.illegal(name, LEGAL)
    whole, fraction, bare = found.groups()
    digits = (fraction or bare or "").rstrip("0")
    if len(digits) > scale:
        raise errors.too_precise(name)
    return int((whole or "0") + digits.ljust(scale, "0"))


def write(units: int, scale: int) -> str:
    """A count of 10^-scale as the wire has it: padded with zeros to the scale."""
    if units > 0 < scale:
        digits = str(units)
        if len(digits) > scale:
            return f"{digits[:-scale]}.{digits[-scale:]}"
        return "0." + digits.rjust(scale, "0")
    if not units:
        return ZEROS[scale]
    if not scale:
        return str(units)
    sign = "-" if units < 0 else ""
    digits = str(abs(units)).rjust(scale + 1, "0")
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}"
