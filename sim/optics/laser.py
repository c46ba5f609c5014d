"""The laser diode: power, wavelength, mode hops, voltage, photodiode; fluctuations in time are elsewhere."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass

import numpy as np

REFERENCE_TEMPERATURE_C = 25.0
REFERENCE_CURRENT_A = 0.300
NOMINAL_WAVELENGTH_NM = 977.0


@dataclass(frozen=True)
class ModeHop:
    """One jump to a neighbouring group of modes."""

    temperature_c: float
    """Junction temperature (referred to the mount at the reference current) at which it happens."""
    wavelength_step_nm: float
    power_step: float
    """Relative change of power."""


@dataclass(frozen=True)
class LaserDiode:
    """A 977 nm multimode diode.

    The junction is warmer than the mount by an amount that grows with the current, so wavelength and hops
    follow the mount's temperature and the current alike.
    """

    wavelength_nm_at_reference: float = NOMINAL_WAVELENGTH_NM
    """Centre of the line at 25 degrees Celsius and 0.300 A."""
    line_fwhm_nm: float = 2.0
    threshold_a: float = 0.060
    slope_w_per_a: float = 0.870
    threshold_growth_c: float = 140.0
    """The threshold grows by a factor e over this many degrees (T0)."""
    slope_decay_c: float = 600.0
    """The slope falls by a factor e over this many degrees (T1)."""
    wavelength_shift_nm_per_c: float = 0.30
    junction_heating_c_per_a: float = 13.0
    photodiode_a_per_w: float = 2.5e-3
    hops: tuple[ModeHop, ...] = ()
    """In the order of their temperatures."""

    def junction_offset_c(self, current_a: float, temperature_c: float) -> float:
        """How much warmer the junction is than in the reference state."""
        return (
            temperature_c
            - REFERENCE_TEMPERATURE_C
            + self.junction_heating_c_per_a * (current_a - REFERENCE_CURRENT_A)
        )

    def power_w(self, current_a: float, temperature_c: float, hop_shift_c: float = 0.0) -> float:
        """Optical power; zero up to the threshold. All hops lie hop_shift_c higher than drawn."""
        offset_c = temperature_c - REFERENCE_TEMPERATURE_C
        above_threshold_a = current_a - self.threshold_a * math.exp(offset_c / self.threshold_growth_c)
        if above_threshold_a <= 0.0:
            return 0.0
        slope = self.slope_w_per_a * math.exp(-offset_c / self.slope_decay_c)
        junction_c = self.junction_offset_c(current_a, temperature_c)
        return slope * above_threshold_a * (1.0 + self._hopped(junction_c - hop_shift_c)[1])

    def wavelength_nm(self, current_a: float, temperature_c: float, hop_shift_c: float = 0.0) -> float:
        """Centre of the line. All hops lie hop_shift_c higher than drawn."""
        junction_c = self.junction_offset_c(current_a, temperature_c)
        shift_nm = self.wavelength_shift_nm_per_c * junction_c
        return self.wavelength_nm_at_reference + shift_nm + self._hopped(junction_c - hop_shift_c)[0]

    def hop_shift_c(self, distance_c: float | None) -> float:
        """Shift that brings the first hop above 25 degrees to this distance from it; None: no shift."""
        above = [hop.temperature_c for hop in self.hops if hop.temperature_c > REFERENCE_TEMPERATURE_C]
        if distance_c is None or not above:
            return 0.0
        return REFERENCE_TEMPERATURE_C + distance_c - above[0]

    def _hopped(self, junction_offset_c: float) -> tuple[float, float]:
        """Wavelength and relative power steps between the reference state and here."""
        temperatures = [hop.temperature_c for hop in self.hops]
        home = bisect_right(temperatures, REFERENCE_TEMPERATURE_C)
        here = bisect_right(temperatures, REFERENCE_TEMPERATURE_C + junction_offset_c)
        sign = 1.0 if here >= home else -1.0
        passed = self.hops[min(home, here) : max(home, here)]
        return sign * sum(hop.wavelength_step_nm for hop in passed), sign * sum(
            hop.power_step for hop in passed
        )

    def voltage_v(self, current_a: float) -> float:
        """Forward voltage: an exponential junction with a series resistance."""
        if current_a <= 0.0:
            return 0.0
        return 0.050 * math.log1p(current_a / 1.0e-13) + 0.80 * current_a


def draw_laser(random: np.random.Generator, mode_hops: bool) -> LaserDiode:
    """Draw one diode of the type: centre wavelength, width and slope scatter, hops at places of its own.

    The hops nearest to 25 degrees Celsius keep at least 0.8 degrees away: an operator has tuned the set point
    so that the diode stays quiet during a measurement.
    """
    wavelength_nm = NOMINAL_WAVELENGTH_NM + float(random.uniform(-0.3, 0.3))
    line_fwhm_nm = 2.0 * (1.0 + 0.05 * float(random.standard_normal()))
    slope = 0.870 * (1.0 + float(random.uniform(-0.005, 0.005)))
    above = _draw_hops(random, upwards=True)
    below = _draw_hops(random, upwards=False)
    return LaserDiode(
        wavelength_nm_at_reference=wavelength_nm,
        line_fwhm_nm=float(np.clip(line_fwhm_nm, 1.5, 2.5)),
        slope_w_per_a=slope,
        hops=tuple(sorted(above + below, key=lambda hop: hop.temperature_c)) if mode_hops else (),
    )


def _draw_hops(random: np.random.Generator, upwards: bool) -> list[ModeHop]:
    """Hops on one side of the set point, of alternating direction so that the steps don't pile up."""
    hops: list[ModeHop] = []
    distance_c = float(random.uniform(0.8, 2.0))
    direction = 1.0 if random.random() < 0.5 else -1.0
    while distance_c < 30.0:
        temperature_c = REFERENCE_TEMPERATURE_C + (distance_c if upwards else -distance_c)
        wavelength_step_nm = direction * float(random.uniform(0.3, 1.0))
        power_step = -direction * float(random.uniform(0.010, 0.020))
        hops.append(ModeHop(temperature_c, wavelength_step_nm, power_step))
        distance_c += float(random.uniform(1.2, 3.0))
        direction = -direction
    return hops
