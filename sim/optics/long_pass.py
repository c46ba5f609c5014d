"""The long-pass filter between sphere and fibre, and humid air."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit

from sim.optics.bands import Band, Component
from sim.optics.units import FloatArray

NOMINAL_EDGE_NM = 988.0
NOMINAL_PLATEAU = 0.970
_EFFECTIVE_INDEX = 1.85
_SOFTENING = 0.15
"""Growth of the edge's scale per nanometre of shift: light comes in a cone, and both polarisations split."""


@dataclass(frozen=True)
class LongPass:
    """A steep edge filter."""

    edge_nm: float = NOMINAL_EDGE_NM
    edge_scale_nm: float = 0.40
    """Scale of the logistic edge; the transmission rises from 10 to 90 % within 4.4 of it."""
    plateau: float = NOMINAL_PLATEAU
    blocked_density: float = 6.3
    """Optical density well below the edge."""

    def transmission(self, wavelength_nm: FloatArray) -> FloatArray:
        """Transmission at each wavelength."""
        floor = 10.0**-self.blocked_density
        rising = np.asarray(expit((wavelength_nm - self.edge_nm) / self.edge_scale_nm))
        return np.asarray(floor + (self.plateau - floor) * rising)

    def tilted(self, angle_deg: float) -> LongPass:
        """The filter under an angle: its edge moves as sqrt(1 - (sin(angle) / 1.85)^2) and gets softer."""
        if angle_deg == 0.0:
            return self
        sine = math.sin(math.radians(angle_deg)) / _EFFECTIVE_INDEX
        edge_nm = self.edge_nm * math.sqrt(1.0 - sine * sine)
        scale_nm = math.hypot(self.edge_scale_nm, _SOFTENING * (self.edge_nm - edge_nm))
        return replace(self, edge_nm=edge_nm, edge_scale_nm=scale_nm)

    def leaking(self, share: float) -> LongPass:
        """The filter with light going past it: a floor under the blocked range."""
        if share == 0.0:
            return self
        return replace(self, blocked_density=-math.log10(10.0**-self.blocked_density + share))


def draw_long_pass(random: np.random.Generator) -> LongPass:
    """Draw one filter in its mount: edge and plateau differ a little from the data sheet."""
    return LongPass(
        edge_nm=NOMINAL_EDGE_NM + 0.3 * float(np.clip(random.standard_normal(), -2.5, 2.5)),
        plateau=NOMINAL_PLATEAU * (1.0 + 0.003 * float(np.clip(random.standard_normal(), -2.5, 2.5))),
    )


WATER_VAPOUR = Band(
    (
        Component(943.0, 32.0, 0.020),
        Component(1131.0, 36.0, 0.030),
        Component(1377.0, 40.0, 0.140),
        Component(1400.0, 75.0, 0.040),
    )
)
"""Depth of the vapour bands (natural logarithm) over VAPOUR_REFERENCE_PATH_M of room air; assumed."""

VAPOUR_REFERENCE_PATH_M = 3.3


def vapour_transmission(wavelength_nm: FloatArray, path_m: float) -> FloatArray:
    """Transmission of humid air seen by a spectrometer that doesn't resolve the lines.

    The depth grows with the square root of the path because the strong lines inside a band are saturated.
    """
    return humid_transmission(wavelength_nm, math.sqrt(path_m / VAPOUR_REFERENCE_PATH_M))


def humid_transmission(wavelength_nm: FloatArray, humidity: float) -> FloatArray:
    """The same for a depth relative to the one over VAPOUR_REFERENCE_PATH_M."""
    return np.asarray(np.exp(-WATER_VAPOUR.height(wavelength_nm) * humidity))
