"""The variable neutral-density wheel and the wedge behind it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

COATED_ARC_DEG = 270.0
LOWEST_DENSITY = 0.04
HIGHEST_DENSITY = 2.0
UNEVENNESS = 0.01
"""Largest relative deviation of the coating's density from the straight line."""


@dataclass(frozen=True)
class DensityWheel:
    """Optical density against the true angle: a straight line with smooth unevenness, then a clear sector."""

    amplitudes: tuple[float, ...] = ()
    """Of the unevenness' waves; their absolute values add up to at most UNEVENNESS."""
    phases_rad: tuple[float, ...] = ()
    clear_density: float = LOWEST_DENSITY

    def optical_density(self, angle_deg: float) -> float:
        """Density at an angle (any turn): the coating up to its dark end at 270, then the clear sector."""
        angle = angle_deg % 360.0
        if angle > COATED_ARC_DEG:
            return self.clear_density
        part = angle / COATED_ARC_DEG
        line = LOWEST_DENSITY + (HIGHEST_DENSITY - LOWEST_DENSITY) * part
        waves = zip(self.amplitudes, self.phases_rad, strict=True)
        uneven = sum(
            amplitude * math.sin(2.0 * math.pi * number * part + phase)
            for number, (amplitude, phase) in enumerate(waves, start=1)
        )
        return line * (1.0 + uneven)

    def transmission(self, angle_deg: float) -> float:
        """Transmission at an angle."""
        return float(10.0 ** -self.optical_density(angle_deg))


def draw_wheel(random: np.random.Generator) -> DensityWheel:
    """Draw one wheel: waves of 1 to 6 periods along the coating.

    Slow enough to keep the density rising with the angle everywhere.
    """
    weights = random.uniform(0.3, 1.0, 6)
    amplitudes = UNEVENNESS * weights / weights.sum()
    phases = random.uniform(0.0, 2.0 * math.pi, 6)
    clear_density = LOWEST_DENSITY * (1.0 + float(random.uniform(-0.05, 0.05)))
    return DensityWheel(tuple(amplitudes.tolist()), tuple(phases.tolist()), clear_density)


@dataclass(frozen=True)
class Wedge:
    """The glass wedge: one surface's reflection goes to the power monitor, the rest into the sphere."""

    monitor_share: float = 0.0400
    other_losses: float = 0.0040

    @property
    def sphere_share(self) -> float:
        """Share of the light that goes into the sphere."""
        return 1.0 - self.monitor_share - self.other_losses

    @property
    def ratio(self) -> float:
        """Power into the sphere over power on the monitor (k)."""
        return self.sphere_share / self.monitor_share


def draw_wedge(random: np.random.Generator) -> Wedge:
    """Draw one wedge: the reflected share scatters by half a percent."""
    return Wedge(monitor_share=0.0400 * (1.0 + 0.005 * float(random.standard_normal())))


@dataclass(frozen=True)
class BeamProfile:
    """D4sigma diameters of the beam at the sample."""

    diameter_x_mm: float = 4.6
    diameter_y_mm: float = 4.4

    @property
    def area_cm2(self) -> float:
        """Area of the D4sigma ellipse."""
        return math.pi * self.diameter_x_mm * self.diameter_y_mm / 400.0


def draw_beam(random: np.random.Generator) -> BeamProfile:
    """Draw one beam, a percent around the nominal diameters."""
    x, y = 1.0 + 0.01 * np.clip(random.standard_normal(2), -3.0, 3.0)
    return BeamProfile(4.6 * float(x), 4.4 * float(y))
