from __future__ import annotations

import numpy as np
import pytest


class RecordingOptics:
    """Stands in for the optical bench: remembers what it was told, answers simple numbers."""

    def __init__(self) -> None:
        self.currents: list[tuple[float, float]] = []
        self.temperatures: list[tuple[float, float]] = []
        self.blades: list[tuple[float, bool]] = []
        self.frames: list[tuple[float, float, float]] = []
        self.power_w = 1e-3
        self.power_at = lambda time_s: self.power_w
        self.wavelength_nm = 977.0
        self.level_at = lambda start_s, end_s: 1000

    def set_laser_current(self, time_s: float, amperes: float) -> None:
        self.currents.append((time_s, amperes))

    def set_laser_temperature(self, time_s: float, celsius: float) -> None:
        self.temperatures.append((time_s, celsius))

    def laser_photodiode_current_a(self, time_s: float) -> float:
        return 1e-3

    def laser_voltage_v(self, amperes: float) -> float:
        return 1.2 + 1.5 * amperes

    def set_blade(self, time_s: float, open: bool) -> None:
        self.blades.append((time_s, open))

    def monitor_power_w(self, time_s: float) -> float:
        return self.power_at(time_s)

    def laser_wavelength_nm(self, time_s: float) -> float:
        return self.wavelength_nm

    def expose(
        self, start_s: float, end_s: float, detector_temperature_c: float, random: np.random.Generator
    ) -> np.ndarray:
        self.frames.append((start_s, end_s, detector_temperature_c))
        return np.full(512, self.level_at(start_s, end_s), dtype=np.uint16)


@pytest.fixture
def optics() -> RecordingOptics:
    return RecordingOptics()
