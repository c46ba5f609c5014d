"""What was set when: piecewise constant histories, one per quantity."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from typing import Generic, TypeVar

Value = TypeVar("Value")


class StepTrack(Generic[Value]):
    """A quantity that keeps its value until it is set again. Past times may be asked for."""

    def __init__(self, name: str, initial: Value) -> None:
        """Start with a value that holds since ever.

        Args:
            name: of the quantity, for messages.
            initial: value before the first setting.
        """
        self._name = name
        self._times_s = [-math.inf]
        self._values = [initial]
        self._last_set_s = -math.inf

    def set(self, time_s: float, value: Value) -> bool:
        """Set the value from this time on.

        Returns:
            Whether the value differs from the one that held before.

        Raises:
            ValueError: the time is not finite or lies before an earlier setting of this quantity.
        """
        if not math.isfinite(time_s):
            raise ValueError(f"{self._name}: the time must be finite, {time_s} was given")
        if time_s < self._last_set_s:
            raise ValueError(
                f"{self._name}: set for {time_s} s after it had been set for {self._last_set_s} s; "
                "time can't go backwards"
            )
        self._last_set_s = time_s
        if value == self._values[-1]:
            return False
        if time_s == self._times_s[-1]:
            self._values[-1] = value
        else:
            self._times_s.append(time_s)
            self._values.append(value)
        return True

    @property
    def last_change_s(self) -> float:
        """Time of the last change; minus infinity before the first."""
        return self._times_s[-1]

    def at(self, time_s: float) -> Value:
        """Value that holds at a time (from the moment of setting on)."""
        if time_s >= self._times_s[-1]:
            return self._values[-1]
        return self._values[max(bisect_right(self._times_s, time_s) - 1, 0)]

    def changes_between(self, start_s: float, end_s: float) -> list[float]:
        """Times of changes strictly between two times."""
        times = self._times_s
        if times[-1] <= start_s:
            return []
        return times[bisect_right(times, start_s) : bisect_left(times, end_s)]
