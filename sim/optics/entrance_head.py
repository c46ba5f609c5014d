"""A second power head, held before the sphere's entrance: reference of the monitor's ratio."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from sim.optics.noise import FastNoise
from sim.optics.units import named_stream, seed_sequence

_CALIBRATION_SD = 0.015
LARGEST_CALIBRATION_ERROR = 0.03
_NOISE_SD = 0.001


class Entrance(Protocol):
    """What the head is held into."""

    def power_at_entrance_w(self, time_s: float) -> float:
        """Power that comes to the sphere's entrance."""
        ...

    def laser_wavelength_nm(self, time_s: float) -> float:
        """Wavelength of that light."""
        ...


class EntranceHead:
    """A thermal head with a calibration of its own.

    Attributes:
        calibration_error: relative, within 3 %, the same for all powers.
    """

    def __init__(self, entrance: Entrance, seed: int, sample: str) -> None:
        """Draw the head that belongs to a bench."""
        self._entrance = entrance
        drawn = _CALIBRATION_SD * float(named_stream(seed, sample, "second power head").standard_normal())
        self.calibration_error = float(np.clip(drawn, -LARGEST_CALIBRATION_ERROR, LARGEST_CALIBRATION_ERROR))
        key = int(seed_sequence(seed, sample, "second power head noise").generate_state(1, np.uint64)[0])
        self._noise = FastNoise(_NOISE_SD, key)

    def monitor_power_w(self, time_s: float) -> float:
        """Power as the head feels it: calibration error and noise of 0.1 % every 10 ms."""
        true_w = self._entrance.power_at_entrance_w(time_s)
        return true_w * (1.0 + self.calibration_error) * (1.0 + self._noise.value(time_s))

    def laser_wavelength_nm(self, time_s: float) -> float:
        """Wavelength of the light on the head."""
        return self._entrance.laser_wavelength_nm(time_s)
