"""Numbers as other programs write them."""

from __future__ import annotations

import math
import re

_POINT = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eEdD][+-]?[0-9]+)?")
_COMMA = re.compile(r"[+-]?([0-9]+,?[0-9]*|,[0-9]+)([eEdD][+-]?[0-9]+)?")
_FORTRAN = str.maketrans("dD", "ee")


def parse_number(text: str, decimal: str) -> float | None:
    """The finite number that `text` is, with `decimal` (point or comma) as its decimal sign, else None.

    Exponents may be written with E or, as Fortran does, with D; a typographic minus counts as a minus.
    """
    plain = text.replace("\u2212", "-")
    if not (_POINT if decimal == "." else _COMMA).fullmatch(plain):
        return None
    value = float(plain.replace(",", ".").translate(_FORTRAN))
    return value if math.isfinite(value) else None


def decimals(text: str, decimal: str) -> int:
    """Digits behind the decimal sign; numbers with an exponent count as exact (15)."""
    if re.search("[eEdD]", text):
        return 15
    return len(text.partition(decimal)[2])
