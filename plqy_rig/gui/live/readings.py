"""Readings of instruments over time, kept in arrays that grow and then forget the oldest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

MOST_READINGS = 100_000


class ReadingHistory:
    """One quantity against time."""

    def __init__(self, most: int = MOST_READINGS) -> None:
        """Begin empty.

        Args:
            most: readings that are kept; older ones are forgotten.
        """
        self._most = most
        self._values = np.zeros((2, 256))
        self._count = 0

    def add(self, time_s: float, value: float) -> bool:
        """Keep a reading; one that isn't newer than the last is left alone. Returns whether it was kept."""
        if self._count and time_s <= self._values[0, self._count - 1]:
            return False
        if self._count == self._values.shape[1]:
            self._make_room()
        self._values[:, self._count] = time_s, value
        self._count += 1
        return True

    def since(self, time_s: float) -> tuple[FloatArray, FloatArray]:
        """Times (s since 1970 UTC) and values from a moment on."""
        first = int(np.searchsorted(self._values[0, : self._count], time_s))
        return self._values[0, first : self._count].copy(), self._values[1, first : self._count].copy()

    def __len__(self) -> int:
        return self._count

    def _make_room(self) -> None:
        if self._count < self._most:
            wider = np.zeros((2, min(2 * self._count, self._most)))
            wider[:, : self._count] = self._values
            self._values = wider
            return
        # A tenth at a time: moving everything for each reading would cost more than it saves.
        dropped = max(1, self._most // 10)
        self._values[:, :-dropped] = self._values[:, dropped:]
        self._count -= dropped


def reading_in(state: Mapping[str, Any], unit: str) -> tuple[float, float] | None:
    """Time and value of an instrument's first reading in a unit; None where it has none with a value."""
    for reading in state.get("readings", ()):
        value = reading.get("value")
        if reading.get("unit") == unit and isinstance(value, int | float) and not isinstance(value, bool):
            return float(reading["time_s"]), float(value)
    return None
