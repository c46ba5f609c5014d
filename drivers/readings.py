"""Replies to values, and values to settings: what is no number is never turned into one."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pymeasure.instruments.validators import strict_discrete_set, strict_range

from drivers.errors import InstrumentProtocolError, InvalidReadingError, OutOfRangeError

SENTINEL_MAGNITUDE = 9.9e37
"""SCPI's over-range, under-range and not-a-number stand-ins start here (9.9E37, 9.91E37)."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_Key = TypeVar("_Key")


def finite_number(reply: object, *, instrument: str, what: str) -> float:
    """Read a number, forced to be one.

    Args:
        reply: what the instrument answered, text or already a float.
        instrument: who answered, for the message.
        what: the quantity with its unit, for the message.

    Raises:
        InvalidReadingError: empty, infinite, NaN or a SCPI sentinel (9.9E37 and the like).
        InstrumentProtocolError: text that is nothing of that.
    """
    text = str(reply).strip()
    if not text:
        raise InvalidReadingError(instrument, f"{what}: empty reply")
    # float() also takes "1_0", "nan" and "infinity": only what an instrument may mean gets that far.
    if not _NUMBER.fullmatch(text):
        if text.lower().lstrip("+-") in {"inf", "infinity", "nan", "1.#inf", "1.#qnan"}:
            raise InvalidReadingError(instrument, f"{what}: reads {text}, which is no number")
        raise InstrumentProtocolError(instrument, f"{what}: expected a number, got {text[:60]!r}")
    value = float(text)
    if not math.isfinite(value) or abs(value) >= SENTINEL_MAGNITUDE:
        raise InvalidReadingError(instrument, f"{what}: reads {text} (overflow or not available)")
    return value


def whole_number(reply: object, *, instrument: str, what: str) -> int:
    """Read an integer; ``1``, ``+1`` and ``1.0E+00`` are all one.

    Raises:
        InstrumentProtocolError: it is no whole number.
    """
    try:
        value = finite_number(reply, instrument=instrument, what=what)
    except InvalidReadingError as error:
        raise InstrumentProtocolError(
            instrument, f"{what}: expected a whole number, got {str(reply)[:60]!r}"
        ) from error
    if value != int(value):
        raise InstrumentProtocolError(instrument, f"{what}: expected a whole number, got {value}")
    return int(value)


def truth_value(reply: object, *, instrument: str, what: str) -> bool:
    """Read 0 or 1 (or OFF/ON).

    Raises:
        InstrumentProtocolError: it is anything else.
    """
    text = str(reply).strip().upper()
    known = {
        "0": False,
        "1": True,
        "OFF": False,
        "ON": True,
        "+0": False,
        "+1": True,
        "0.0": False,
        "1.0": True,
    }
    if text not in known:
        raise InstrumentProtocolError(instrument, f"{what}: expected 0 or 1, got {str(reply)[:60]!r}")
    return known[text]


def word_for(reply: object, words: Mapping[_Key, str], *, instrument: str, what: str) -> _Key:
    """Translate an instrument's word into ours.

    Raises:
        InstrumentProtocolError: an unknown word.
    """
    text = str(reply).strip().strip('"').upper()
    for ours, theirs in words.items():
        if text == theirs.upper():
            return ours
    expected = ", ".join(words.values())
    raise InstrumentProtocolError(instrument, f"{what}: expected one of {expected}, got {str(reply)[:60]!r}")


def within(value: float, limits: Sequence[float]) -> float:
    """Validate for pymeasure's properties: inside `limits`, ends included; never clips.

    Raises:
        OutOfRangeError: outside, NaN, or no number at all (a bool is none).
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        try:
            value = float(_no_bool(value))
        except (TypeError, ValueError) as error:
            raise OutOfRangeError(f"expected a number, got {value!r}") from error
    try:
        return float(strict_range(value, limits))
    except ValueError as error:
        low, high = min(limits), max(limits)
        raise OutOfRangeError(f"{value} is outside {low:.6g} to {high:.6g}") from error


def whole_within(value: float, limits: Sequence[float]) -> int:
    """Validate a whole number inside `limits`.

    Raises:
        OutOfRangeError: outside, or not whole.
    """
    checked = within(value, limits)
    if checked != int(checked):
        raise OutOfRangeError(f"{value} is not a whole number")
    return int(checked)


def one_of(value: Any, allowed: Sequence[Any] | Mapping[Any, Any]) -> Any:
    """Validate for pymeasure's properties: one of `allowed`.

    Raises:
        OutOfRangeError: it isn't.
    """
    names = ", ".join(str(name) for name in allowed)
    try:
        if not isinstance(value, bool) and any(isinstance(name, bool) for name in allowed):
            raise OutOfRangeError(f"{value!r} is not one of {names}")
        return strict_discrete_set(value, allowed)
    except (ValueError, TypeError) as error:
        raise OutOfRangeError(f"{value!r} is not one of {names}") from error


def _no_bool(value: object) -> Any:
    if isinstance(value, bool):
        raise TypeError("a truth value is no number")
    return value
