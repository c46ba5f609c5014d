"""Axes with plain numbers and a unit in the label."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pyqtgraph as pg

_MAJOR, _MINOR = 2.0, 1.0
"""Spacings are names here: which of the ticks get a number."""
_FEW_DECADES = 2.6
_ROOM_ACROSS_PX, _ROOM_UPWARDS_PX = 120.0, 50.0
"""What a decade needs for three numbers beside or above each other."""
_LINEAR_BELOW_DECADES = 0.45


class PlainAxis(pg.AxisItem):  # type: ignore[misc]
    """A linear axis that never changes its unit by itself."""

    def __init__(self, orientation: str) -> None:
        super().__init__(orientation)
        self.enableAutoSIPrefix(False)
        # Two levels: each line of the grid costs as much as a hundred points of a curve.
        self.setStyle(tickLength=5, tickTextOffset=5, autoExpandTextSpace=True, maxTickLevel=1)

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:  # noqa: N802 -- Qt's
        """Numbers with a true minus and thin spaces between thousands."""
        decimals = max(0, math.ceil(-math.log10(spacing * scale) - 1e-9)) if spacing > 0 else 0
        if decimals > 6 or any(abs(value) >= 1e6 for value in values):
            return [power_of_ten(value * scale) for value in values]
        return [_plain(value * scale, decimals) for value in values]


class LogAxis(pg.AxisItem):  # type: ignore[misc]
    """An axis whose values are powers of ten's exponents: 2 is shown as 100.

    Items are given log10 of their values, so that error bars and bands need no special case.
    """

    def __init__(self, orientation: str) -> None:
        super().__init__(orientation)
        self.enableAutoSIPrefix(False)
        self.setStyle(tickLength=5, tickTextOffset=5, autoExpandTextSpace=True)

    def tickValues(  # noqa: N802 -- Qt's
        self,
        first: float,
        last: float,
        size: float,
    ) -> list[tuple[float, list[float]]]:
        """Ticks at 1, 2 and 5 times powers of ten, or at the powers alone when there are many."""
        low, high = min(first, last), max(first, last)
        if not (math.isfinite(low) and math.isfinite(high)) or high - low < 1e-9 or high - low > 100:
            return []
        if high - low < _LINEAR_BELOW_DECADES:
            return [(_MAJOR, _linear_ticks(10**low, 10**high))]
        decades = range(math.floor(low), math.ceil(high) + 1)
        every = max(1, math.ceil((high - low) / max(2.0, size / 45.0)))
        room = size / (high - low)
        needed = _ROOM_ACROSS_PX if self.orientation in ("bottom", "top") else _ROOM_UPWARDS_PX
        between_powers = (1, 2, 5) if room >= needed else (1, 3) if room >= needed / 2 else (1,)
        factors = between_powers if high - low < _FEW_DECADES else (1,)
        majors = [
            decade + math.log10(factor) for decade in decades if decade % every == 0 for factor in factors
        ]
        minors = [decade + math.log10(factor) for decade in decades for factor in range(1, 10)]
        inside = [value for value in majors if low <= value <= high]
        between = [value for value in minors if low <= value <= high and value not in inside]
        return [(_MAJOR, inside), (_MINOR, between if high - low < 8 else [])]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:  # noqa: N802 -- Qt's
        """Plain numbers where they are short, powers of ten elsewhere; minor ticks have none."""
        if spacing != _MAJOR:
            return [""] * len(values)
        return [_short(10**value) for value in values]


def power_of_ten(value: float) -> str:
    """A number as `2.5·10⁶`."""
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(value)) + 1e-9)
    factor = value / 10.0**exponent
    power = "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return power if abs(factor - 1) < 1e-6 else f"{factor:.3g}·{power}".replace("-", "−")


def _plain(value: float, decimals: int) -> str:
    text = f"{value:,.{decimals}f}" if abs(value) >= 10000 else f"{value:.{decimals}f}"
    if float(text.replace(",", "")) == 0:
        text = text.replace("-", "")
    return text.replace(",", "\N{THIN SPACE}").replace("-", "−")


def _short(value: float) -> str:
    return f"{value:.4g}" if 0.0095 <= value < 9999.5 else power_of_ten(value)


def _linear_ticks(low: float, high: float) -> list[float]:
    """Exponents of round numbers between two values that are close together."""
    raw = (high - low) / 5
    unit = 10 ** math.floor(math.log10(raw))
    step = next(factor * unit for factor in (1, 2, 5, 10) if factor * unit >= raw)
    return [math.log10(k * step) for k in range(math.ceil(low / step), math.floor(high / step) + 1) if k > 0]
