"""Shapes of emission and absorption bands as sums of Gaussians.

Integrals over any window are exact (error functions), so that a window's share never depends on a grid.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import erf

from sim.optics.units import FWHM_PER_SIGMA, FloatArray


@dataclass(frozen=True)
class Component:
    """One Gaussian of a band."""

    centre_nm: float
    fwhm_nm: float
    height: float

    @property
    def sigma_nm(self) -> float:
        """Standard deviation."""
        return self.fwhm_nm / FWHM_PER_SIGMA

    @property
    def area(self) -> float:
        """Integral over all wavelengths (height times nm)."""
        return self.height * self.sigma_nm * math.sqrt(2.0 * math.pi)


@dataclass(frozen=True)
class Band:
    """A sum of Gaussians."""

    components: tuple[Component, ...]

    @property
    def area(self) -> float:
        """Integral over all wavelengths."""
        return sum(component.area for component in self.components)

    def height(self, wavelength_nm: FloatArray) -> FloatArray:
        """Value of the sum at each wavelength, in the unit of the components' heights."""
        total = np.zeros_like(wavelength_nm, dtype=np.float64)
        for component in self.components:
            offset = (wavelength_nm - component.centre_nm) / component.sigma_nm
            total += component.height * np.exp(-0.5 * offset * offset)
        return total

    def share_below(self, wavelength_nm: FloatArray) -> FloatArray:
        """Share of the band's area below each wavelength, 0 to 1."""
        total = np.zeros_like(wavelength_nm, dtype=np.float64)
        for component in self.components:
            offset = (wavelength_nm - component.centre_nm) / (component.sigma_nm * math.sqrt(2.0))
            total += component.area * 0.5 * (1.0 + erf(offset))
        return total / self.area

    def share_between(self, low_nm: float, high_nm: float) -> float:
        """Share of the band's area in a window."""
        below = self.share_below(np.array([low_nm, high_nm]))
        return float(below[1] - below[0])

    def share_per_cell(self, edges_nm: FloatArray) -> FloatArray:
        """Share of the band's area in each cell between neighbouring edges, shape [edges - 1]."""
        return np.diff(self.share_below(edges_nm))
