"""What a file says about itself above its numbers: integration time, and what its values are."""

from __future__ import annotations

import re
from collections.abc import Sequence

from plqy_rig.foreign.quantity import Quantity

_SECONDS = {
    "s": 1.0, "sec": 1.0, "second": 1.0, "seconds": 1.0,
    "ms": 1e-3, "msec": 1e-3, "millisec": 1e-3, "milliseconds": 1e-3,
    "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "usec": 1e-6, "microsec": 1e-6, "microseconds": 1e-6,
}  # fmt: skip
_UNIT = "(" + "|".join(sorted(map(re.escape, _SECONDS), key=len, reverse=True)) + ")"
_NUMBER = r"([0-9]*[.,]?[0-9]+(?:[eE][+-]?[0-9]+)?)"
_NAME = (
    r"(?:int[ei]gration\s*_?times?|int\.?\s*time|exposure\s*_?time|integrationszeit|belichtungszeit|"
    r"tiempo de integraci[oó]n|temps d.int[eé]gration|tempo d[ie] integra\w+)"
)
_UNIT_FIRST = re.compile(rf"{_NAME}\s*[(\[]\s*{_UNIT}\s*[)\]]\s*[:=;,\t ]*\s*{_NUMBER}", re.IGNORECASE)
_UNIT_LAST = re.compile(rf"{_NAME}\s*[:=;,\t ]*\s*{_NUMBER}\s*[(\[]?{_UNIT}\b", re.IGNORECASE)

_NO_UNIT = re.compile(rf"{_NAME}\s*[:=;,\t ]\s*{_NUMBER}\W*$", re.IGNORECASE)

_IRRADIANCE = re.compile(
    r"irradian|[µμum]?w\s*/\s*\(?\s*(cm|m|nm)|[µμum]?w\s*[·*\s]\s*(cm|m|nm)\s*\^?\s*[-−⁻]", re.IGNORECASE
)
_PHOTONS = re.compile(r"photon", re.IGNORECASE)
_COUNTS = re.compile(r"\bcounts?\b|\bcts\b|\bcps\b", re.IGNORECASE)
_PER_SECOND = re.compile(
    r"\bcps\b|\b(counts?|cts)\s*(/|per)\s*s|\b(counts?|cts)\s*\(?s\)?\s*\^?[-−⁻]", re.IGNORECASE
)
_VALUES_LINE = re.compile(r"y\s*-?_?axis|mode|unit", re.IGNORECASE)


def integration_time_s(header: Sequence[str]) -> float | None:
    """The integration time in s, where the header states exactly one with its unit, else None."""
    found: set[float] = set()
    for line in header:
        for pattern, unit_group, number_group in ((_UNIT_FIRST, 1, 2), (_UNIT_LAST, 2, 1)):
            match = pattern.search(line)
            if match:
                number = float(match[number_group].replace(",", "."))
                found.add(number * _SECONDS[match[unit_group].lower()])
                break
    if len(found) != 1:
        return None
    value = found.pop()
    return value if 0 < value < 1e6 else None


def time_without_unit(header: Sequence[str]) -> float | None:
    """The number that the header gives as integration time without saying of what, else None."""
    found = {float(match[1].replace(",", ".")) for match in map(_NO_UNIT.search, header) if match}
    return found.pop() if len(found) == 1 else None


def stated_quantity(header: Sequence[str], column: str) -> Quantity | None:
    """What the values are, where the column's name or a line about the y axis says so, else None."""
    for text in (column, *(line for line in header if _VALUES_LINE.search(line))):
        kinds = [
            quantity
            for quantity, pattern in (
                (Quantity.IRRADIANCE, _IRRADIANCE),
                (Quantity.PHOTONS, _PHOTONS),
                (Quantity.COUNTS, _COUNTS),
            )
            if pattern.search(text)
        ]
        if len(kinds) == 1:
            return kinds[0]
    return None


def name_says_irradiance(header: Sequence[str], file_name: str) -> bool:
    """Whether the file's name, now or when it was written, is that of a corrected spectrum.

    OceanView states no unit, but names its files by what they hold ("x_AbsoluteIrradiance__0__..."), in
    the header's first line too.
    """
    return any(re.search("irradian", name, re.IGNORECASE) for name in (file_name, *header[:1]))


def is_per_second(header: Sequence[str], column: str) -> bool:
    """Whether the counts are said to be divided by time already (cps, counts/s)."""
    lines = (column, *(line for line in header if re.search(r"y\s*-?_?axis", line, re.IGNORECASE)))
    return any(_PER_SECOND.search(line) for line in lines)
