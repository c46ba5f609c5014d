"""From the sphere's detector port to the pixels: fibre, slit, grating, pixel borders, wavelengths."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import polynomial
from scipy.special import erf, expit

from sim.optics.units import FWHM_PER_SIGMA, FloatArray

PIXELS = 512
ELECTRONS_PER_COUNT = 90.0
COUPLING = 1.4e-7
"""Share of the photons at the detector port that pass fibre and slit; sets the exposure times."""


def line_shares(edges_nm: FloatArray, centre_nm: FloatArray, fwhm_nm: float) -> FloatArray:
    """Share of Gaussian lines that falls between neighbouring borders, integrated and not sampled.

    Args:
        edges_nm: rising borders, shape [n + 1].
        centre_nm: centres of the lines, shape [lines].
        fwhm_nm: full width at half maximum.

    Returns:
        Shares, shape [n, lines]; a column sums to what of the line lies inside the outer borders.
    """
    scale = fwhm_nm / FWHM_PER_SIGMA * math.sqrt(2.0)
    below = erf(np.subtract.outer(edges_nm, centre_nm) / scale)
    return np.asarray(0.5 * np.diff(below, axis=0))


@dataclass(frozen=True)
class Spectrograph:
    """A fixed-grating spectrograph; its true wavelengths and those its maker stored differ a little."""

    true_coefficients: tuple[float, float, float, float]
    """Wavelength of a pixel's centre, powers 0 to 3 of the pixel number, nm."""
    stored_coefficients: tuple[float, float, float, float]
    slit_fwhm_nm: float = 4.0

    @property
    def pixel_wavelengths_nm(self) -> FloatArray:
        """True centres of the pixels, shape [512]."""
        return np.asarray(polynomial.polyval(np.arange(PIXELS, dtype=np.float64), self.true_coefficients))

    @property
    def pixel_edges_nm(self) -> FloatArray:
        """True borders of the pixels, shape [513]."""
        return np.asarray(polynomial.polyval(np.arange(PIXELS + 1) - 0.5, self.true_coefficients))

    def pixel_shares(self, wavelength_nm: FloatArray) -> FloatArray:
        """How light of narrow cells is shared out over the pixels, shape [512, cells]."""
        return line_shares(self.pixel_edges_nm, wavelength_nm, self.slit_fwhm_nm)

    def pixel_shares_of_line(self, centre_nm: float, line_fwhm_nm: float) -> FloatArray:
        """How a Gaussian line, widened by the slit, is shared out over the pixels, shape [512]."""
        width_nm = math.hypot(line_fwhm_nm, self.slit_fwhm_nm)
        return line_shares(self.pixel_edges_nm, np.array([centre_nm]), width_nm)[:, 0]


def counts_per_photon(wavelength_nm: FloatArray) -> FloatArray:
    """Counts per photon at the detector port: coupling, grating, quantum efficiency of the photodiodes."""
    blaze = np.exp(-0.5 * ((wavelength_nm - 1220.0) / 420.0) ** 2)
    short_side = expit((wavelength_nm - 905.0) / 28.0)
    long_side = expit((1692.0 - wavelength_nm) / 11.0)
    quantum_efficiency = 0.86 * short_side * long_side
    return np.asarray(COUPLING * blaze * quantum_efficiency / ELECTRONS_PER_COUNT)


def draw_spectrograph(random: np.random.Generator) -> Spectrograph:
    """Draw one spectrograph: 900 to 1700 nm, stored wavelengths wrong by 0.1 to 0.2 nm."""
    true = (
        900.0 + float(random.uniform(-0.8, 0.8)),
        1.5940 + float(random.uniform(-0.0010, 0.0010)),
        -4.6e-5 + float(random.uniform(-0.4e-5, 0.4e-5)),
        -1.2e-8 + float(random.uniform(-0.2e-8, 0.2e-8)),
    )
    sign = 1.0 if random.random() < 0.5 else -1.0
    at_start = sign * float(random.uniform(0.10, 0.20))
    at_end = sign * float(random.uniform(0.10, 0.20))
    tilt = (at_end - at_start) / (PIXELS - 1)
    stored = (true[0] + at_start, true[1] + tilt, true[2], true[3])
    c0, c1, c2, c3 = (rounded_for_storage(value) for value in stored)
    return Spectrograph(true, (c0, c1, c2, c3))


def rounded_for_storage(value: float) -> float:
    """Value as seven significant digits keep it, which is what a 15-byte text slot has room for."""
    return float(f"{value:.6e}")
