"""The lamp in time: burning or not, warm or cold, seated how, blocked or not."""

from __future__ import annotations

import math
from typing import NamedTuple

from sim.optics.lamp import COOLING_TIME_S, WARM_UP_TIME_S

_S_PER_H = 3600.0


class LampState(NamedTuple):
    """What was done to the lamp last; warmth and hours follow from it."""

    on: bool = False
    blocked: bool = False
    seat: int = 0
    """Number of the present seat."""
    since_s: float = 0.0
    """When it was switched or its hours were set."""
    coldness: float = 1.0
    """At that moment: 1 cold, 0 warm."""
    hours: float = 0.0
    """Burned until that moment."""

    @property
    def shines(self) -> bool:
        """Whether its light gets into the sphere (if nothing else is in the way)."""
        return self.on and not self.blocked

    def coldness_at(self, time_s: float) -> float:
        """How much of the warm-up is still to come: 1 cold, 0 warm."""
        elapsed_s = max(time_s - self.since_s, 0.0)
        if self.on:
            return self.coldness * math.exp(-elapsed_s / WARM_UP_TIME_S)
        return 1.0 - (1.0 - self.coldness) * math.exp(-elapsed_s / COOLING_TIME_S)

    def mean_coldness(self, start_s: float, end_s: float) -> float:
        """Mean of the coldness while it burns, between two times after `since_s`."""
        if end_s <= start_s or self.coldness == 0.0:
            return self.coldness_at(start_s)
        return (self.coldness_at(start_s) - self.coldness_at(end_s)) * WARM_UP_TIME_S / (end_s - start_s)

    def hours_at(self, time_s: float) -> float:
        """Hours burned until a time."""
        return self.hours + (max(time_s - self.since_s, 0.0) / _S_PER_H if self.on else 0.0)

    def switched(self, time_s: float, on: bool, settled: bool = False) -> LampState:
        """The lamp switched at a time; switching it on seats it anew.

        Args:
            time_s: when.
            on: whether it burns then.
            settled: it has been so for long: warm, or cold, at once.
        """
        if on == self.on and not settled:
            return self
        coldness = (0.0 if on else 1.0) if settled else self.coldness_at(time_s)
        seat = self.seat + 1 if on and not self.on else self.seat
        return self._replace(on=on, seat=seat, since_s=time_s, coldness=coldness, hours=self.hours_at(time_s))

    def reseated(self) -> LampState:
        """The lamp taken off the sphere and put back."""
        return self._replace(seat=self.seat + 1)

    def with_hours(self, time_s: float, hours: float) -> LampState:
        """The lamp with another reading of its hour meter."""
        return self._replace(since_s=time_s, coldness=self.coldness_at(time_s), hours=hours)
