"""What the instruments' firmware needs of the light path.

The optical bench fulfils these; tests put small recording stand-ins in its place.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class LaserSeam(Protocol):
    """What the laser driver's terminals are connected to."""

    def set_laser_current(self, time_s: float, amperes: float) -> None:
        """Tell the diode current that really flows from `time_s` on."""
        ...

    def set_laser_temperature(self, time_s: float, celsius: float) -> None:
        """Tell the mount temperature that is really reached from `time_s` on."""
        ...

    def laser_photodiode_current_a(self, time_s: float) -> float:
        """Photodiode current, A."""
        ...

    def laser_voltage_v(self, amperes: float) -> float:
        """Diode voltage at a current, V."""
        ...


class MonitorSeam(Protocol):
    """What the monitor head looks at."""

    def monitor_power_w(self, time_s: float) -> float:
        """Optical power on the head, W."""
        ...

    def laser_wavelength_nm(self, time_s: float) -> float:
        """Wavelength of that light, nm."""
        ...


class BladeSeam(Protocol):
    """What the shutter blade stands in."""

    def set_blade(self, time_s: float, open: bool) -> None:
        """Tell that light can or can't pass from `time_s` on."""
        ...


class SpectrometerSeam(Protocol):
    """What the spectrometer's fibre brings."""

    def expose(
        self, start_s: float, end_s: float, detector_temperature_c: float, random: np.random.Generator
    ) -> NDArray[np.uint16]:
        """Raw counts of 512 pixels for a frame that integrated from `start_s` to `end_s`."""
        ...
