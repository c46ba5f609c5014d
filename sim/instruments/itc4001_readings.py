"""What the ITC4001 measures, and the split form CONFigure / INITiate / FETCh / READ."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sim.instruments.itc4001_settings import to_outside
from sim.instruments.optics_seam import LaserSeam

if TYPE_CHECKING:
    from sim.instruments.itc4001 import Itc4001Model

_OPEN_LOAD_VOLTAGE_V = 11.0
_PHOTODIODE_NOISE = 1e-4
_THERMISTOR_OHM, _THERMISTOR_BETA_K, _ZERO_C_K = 1e4, 3950.0, 273.15
_TEC_RESISTANCE_OHM = 1.5


class Readings:
    """The measurement system of one instrument."""

    def __init__(self, model: Itc4001Model, optics: LaserSeam, random: np.random.Generator) -> None:
        self._model = model
        self._optics = optics
        self._random = random
        self.configured = "current"
        self._fetched: dict[str, float] = {}

    def configure(self, name: str) -> None:
        """``CONF:x``."""
        self.configured = name

    def initiate(self) -> None:
        """``INIT``: measure what was configured."""
        self.measure(self.configured)

    def fetch(self, name: str) -> float:
        """``FETC:x?``: the last measured value, measured now if there is none."""
        return self._fetched[name] if name in self._fetched else self.measure(name)

    def read(self) -> float:
        """``READ?``."""
        return self.measure(self.configured)

    def measure(self, name: str) -> float:
        """``MEAS:x?`` in SI units, temperature in the unit in force."""
        self.configured = name
        self._fetched[name] = self._measure(name)
        return self._fetched[name]

    def _measure(self, name: str) -> float:
        model = self._model
        noise = float(self._random.standard_normal())
        current_a = model.actual_current_a
        if name == "current":
            return current_a + model.options.current_noise_a * noise
        if name in ("voltage", "electrical_power"):
            voltage_v = self._diode_voltage_v(current_a)
            return voltage_v if name == "voltage" else voltage_v * current_a
        if name in ("photodiode_current", "optical_power"):
            photodiode_a = self._optics.laser_photodiode_current_a(model.now_s)
            photodiode_a *= 1.0 + _PHOTODIODE_NOISE * noise
            scale = model.options.photodiode_responsivity_a_per_w
            return photodiode_a if name == "photodiode_current" else photodiode_a / scale
        if name in ("temperature", "sensor"):
            return self._temperature(name, noise)
        return self._tec(name) if name.startswith("tec_") else 0.0

    def _diode_voltage_v(self, current_a: float) -> float:
        if not self._model.laser_on:
            return 0.0
        if "voltage" in self._model.causes:
            return _OPEN_LOAD_VOLTAGE_V
        return self._optics.laser_voltage_v(current_a)

    def _temperature(self, name: str, noise: float) -> float:
        model = self._model
        if "sensor" in model.causes:
            return math.nan
        celsius = model.actual_temperature_c + model.options.temperature_noise_k * noise
        if name == "temperature":
            return to_outside(celsius, str(model.values["unit"]))
        inverse_k = 1.0 / (celsius + _ZERO_C_K) - 1.0 / (25.0 + _ZERO_C_K)
        return _THERMISTOR_OHM * math.exp(_THERMISTOR_BETA_K * inverse_k)

    def _tec(self, name: str) -> float:
        model, options = self._model, self._model.options
        if not model.tec_on or "tec_cable" in model.causes:
            return 0.0
        here_c = model.actual_temperature_c
        # The current that the slope of an exponential approach needs, over the steady one.
        slope_k = (model.tec_target_c - here_c) * (
            options.passive_time_constant_s / options.thermal_time_constant_s
        )
        current_a = (here_c - options.ambient_c + slope_k) / options.tec_gain_k_per_a
        limit_a = float(model.values["tec_current_limit"])
        current_a = min(max(current_a, -limit_a), limit_a)
        voltage_v = _TEC_RESISTANCE_OHM * current_a
        return {"tec_current": current_a, "tec_voltage": voltage_v, "tec_power": voltage_v * current_a}[name]
