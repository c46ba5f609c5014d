"""What the values of a spectrum are, and how they become photons.

Written for one value of a spectrum, photons = value x factor(λ) / time, up to a constant that cancels in
every yield. Contents of a pixel are summed over a window; densities per nm are multiplied by the pixel's
width first (method, steps 6 to 11).
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from calibration import ResponseUnit
from plqy_rig.evaluation.chain import photon_energy_j

FloatArray = NDArray[np.float64]


class Quantity(StrEnum):
    """What one value of a spectrum is."""

    COUNTS = "counts"
    """Detector counts of the exposure."""
    IRRADIANCE = "irradiance"
    """Power per nm, in any energy unit and on any area: W/nm, µW/cm²/nm, W/m²/nm ..."""
    PHOTONS = "photons"
    """Photons per second and nm, on any area."""


_PHOTON_UNITS = (
    ResponseUnit.RELATIVE_PHOTONS,
    ResponseUnit.PHOTONS_PER_COUNT,
    ResponseUnit.PHOTONS_PER_NM_PER_COUNT,
)
_PIXEL_UNITS = (ResponseUnit.MICROJOULE_PER_COUNT, ResponseUnit.PHOTONS_PER_COUNT)
"""A corrected value is all that fell on the pixel."""


class Per(StrEnum):
    """What one value stands for along the wavelength axis."""

    PIXEL = "pixel"
    """All that fell on the pixel: summed."""
    NM = "nm"
    """A density: multiplied by the pixel's width, then summed."""


def default_per(quantity: Quantity, unit: ResponseUnit | None, *, same_steps: bool) -> Per:
    """Pixel contents or densities, where nobody said.

    Counts are what a pixel collected. Where excitation and emission were taken with different steps, a
    monochromator was scanned and its counts are densities whatever the step.
    """
    if quantity is not Quantity.COUNTS:
        return Per.NM
    if unit in _PIXEL_UNITS:
        return Per.PIXEL
    if unit is not None and unit.is_absolute:
        return Per.NM
    return Per.PIXEL if same_steps else Per.NM


def photon_factor(
    wavelength_nm: FloatArray, quantity: Quantity, unit: ResponseUnit | None, response: FloatArray | None
) -> FloatArray:
    """By what a value is multiplied to be in proportion to photons, [pixels].

    Args:
        wavelength_nm: [pixels].
        quantity: of the spectra.
        unit: of the response; None without one.
        response: at `wavelength_nm`, [pixels]; None without one.
    """
    factor = np.ones_like(wavelength_nm) if response is None else np.asarray(response, dtype=np.float64)
    is_energy = quantity is Quantity.IRRADIANCE if unit is None else unit not in _PHOTON_UNITS
    return factor / photon_energy_j(wavelength_nm) if is_energy else factor
