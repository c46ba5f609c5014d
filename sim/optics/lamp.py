"""The calibration lamp: what a tungsten-halogen source puts into the sphere.

The spectrum is a grey body's (Planck's law) times a smooth emissivity, with the faint ripple that a bulb's
wall gives it. Its maximum lies near 1.08 um, its fluxes at 977, 1100 and 1530 nm are about 0.97 : 1 : 0.78,
as those of real lamps of the type. Ageing, warm-up and seat are assumptions of ordinary size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sim.optics.units import FloatArray, named_stream

SECOND_RADIATION_CONSTANT_NM_K = 1.438776877e7
WARM_UP_TIME_S = 240.0
"""After this time a lamp that was cold lacks only 1/e of what it lacked at first."""
COOLING_TIME_S = 600.0
_COLD_LACK_K = 12.0
"""How much cooler than in the end the filament is just after a cold start."""
_COLD_COUPLING_LACK = 0.005
_AGEING_PER_HOUR = 1.0e-4
_REFERENCE_NM = 1100.0


@dataclass(frozen=True)
class LampSeat:
    """How the lamp sits this time: flux relative to the certified seat."""

    scale: float = 0.0
    tilt: float = 0.0
    """Relative change over 400 nm."""
    bend: float = 0.0

    def factor(self, wavelength_nm: FloatArray) -> FloatArray:
        """Factor on the flux at each wavelength."""
        off_centre = (wavelength_nm - 1300.0) / 400.0
        return np.asarray(1.0 + self.scale + self.tilt * off_centre + self.bend * (off_centre**2 - 1.0 / 3.0))


@dataclass(frozen=True)
class Lamp:
    """One lamp, coupled into the sphere."""

    serial_number: str = "HL-0001"
    temperature_k: float = 2660.0
    flux_at_reference_uw_per_nm: float = 120.0
    """Flux at 1100 nm."""
    emissivity_slope: float = -0.020
    """Relative change of the emissivity over 1000 nm."""
    emissivity_bend: float = 0.0
    ripple: float = 0.001
    ripple_period_nm: float = 220.0
    ripple_phase_rad: float = 0.0
    certified_hours: float = 2.0
    """Hours it had burned when it was certified."""

    def flux_uw_per_nm(self, wavelength_nm: FloatArray) -> FloatArray:
        """True total flux into the sphere: certified seat, warm, at the certificate's hours; any shape."""
        relative = _planck(wavelength_nm, self.temperature_k) / _planck(
            np.array(_REFERENCE_NM), self.temperature_k
        )
        off = (wavelength_nm - _REFERENCE_NM) / 1000.0
        emissivity = 1.0 + self.emissivity_slope * off + self.emissivity_bend * off**2
        wave = np.sin(2.0 * math.pi * wavelength_nm / self.ripple_period_nm + self.ripple_phase_rad)
        return np.asarray(
            self.flux_at_reference_uw_per_nm * relative * emissivity * (1.0 + self.ripple * wave)
        )

    def lack_when_cold(self, wavelength_nm: FloatArray) -> FloatArray:
        """Share of the flux that is missing just after a cold start; more at short wavelengths."""
        exponent = SECOND_RADIATION_CONSTANT_NM_K / (wavelength_nm * self.temperature_k)
        per_kelvin = exponent / (-np.expm1(-exponent)) / self.temperature_k
        return np.asarray(_COLD_COUPLING_LACK + _COLD_LACK_K * per_kelvin)

    def ageing(self, hours: float) -> float:
        """Factor on the flux after so many hours of burning."""
        return max(1.0 - _AGEING_PER_HOUR * (hours - self.certified_hours), 0.0)


def _planck(wavelength_nm: FloatArray, temperature_k: float) -> FloatArray:
    """Planck's law per wavelength, without its constant factor."""
    exponent = SECOND_RADIATION_CONSTANT_NM_K / (wavelength_nm * temperature_k)
    return np.asarray(1.0 / (wavelength_nm**5 * np.expm1(exponent)))


def draw_lamp(seed: int, sample: str) -> Lamp:
    """Draw one lamp of the type."""
    random = named_stream(seed, sample, "lamp")
    return Lamp(
        serial_number=f"HL-{int(random.integers(1000, 10000))}",
        temperature_k=2660.0 + float(random.uniform(-10.0, 10.0)),
        flux_at_reference_uw_per_nm=120.0 * float(random.uniform(0.9, 1.1)),
        emissivity_slope=-0.020 + float(random.uniform(-0.006, 0.006)),
        emissivity_bend=float(random.uniform(-0.01, 0.01)),
        ripple_phase_rad=float(random.uniform(0.0, 2.0 * math.pi)),
    )


def draw_seat(seed: int, sample: str, number: int) -> LampSeat:
    """Draw the lamp's n-th seat: 0.3 % in scale, 0.08 and 0.04 % in shape. Number 0 is the certified one."""
    if number == 0:
        return LampSeat()
    scale, tilt, bend = np.clip(named_stream(seed, sample, f"lamp seat {number}").standard_normal(3), -3, 3)
    return LampSeat(0.003 * float(scale), 0.0008 * float(tilt), 0.0004 * float(bend))
