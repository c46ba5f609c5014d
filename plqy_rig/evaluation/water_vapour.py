"""Water vapour in the sphere, as far as a run itself can tell.

The lamp's spectrum tells it best (calibration). A run can tell it only where the sample emits: the flux at
the bottom of the band (1365-1390 nm) against the line between both sides of it, in the logarithm, as a wing
falls. Where the sides hold too little light, as with an erbium band alone, nothing can be said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from plqy_rig.data import Role
from plqy_rig.evaluation.windows import Window

if TYPE_CHECKING:
    from plqy_rig.evaluation.corrected_run import CorrectedRun

FloatArray = NDArray[np.float64]

BAND = Window("vapour", 1365.0, 1390.0)
SIDES = (Window("below", 1325.0, 1345.0), Window("above", 1415.0, 1425.0))
_LEAST_LIGHT_SIGMAS = 50.0
_DEPTH = 0.05
_STEEPEST = 3.0
"""A factor between the sides beyond which a wing's own curvature would look like a dip."""


def shows_water_vapour(corrected: CorrectedRun) -> bool | None:
    """Whether the direct emission has the dip; None where the run can't tell."""
    role = corrected.photons[Role.DIRECT_EMISSION]
    power = corrected.reference_power_w
    usable = np.isfinite(role.photons_per_s).all(axis=1) & np.isfinite(power)
    if not usable.any():
        return None
    wavelength_nm = corrected.run.wavelength_nm
    if wavelength_nm[0] > SIDES[0].low_nm or wavelength_nm[-1] < SIDES[1].high_nm:
        return None
    spectrum = role.photons_per_s[usable].sum(axis=0)
    noise = np.sqrt(np.sum(role.noise_per_s[usable] ** 2, axis=0))
    means, sigmas = zip(
        *(_mean_flux(spectrum, noise, window.pixel_fractions(wavelength_nm)) for window in (*SIDES, BAND)),
        strict=True,
    )
    below, above, bottom = means
    if any(mean < _LEAST_LIGHT_SIGMAS * sigma for mean, sigma in zip(means[:2], sigmas[:2], strict=True)):
        return None
    if not 1 / _STEEPEST < above / below < _STEEPEST:
        return None
    expected = float(np.sqrt(below * above))
    return bool(bottom < expected * (1 - _DEPTH) - 4 * sigmas[2])


def _mean_flux(spectrum: FloatArray, noise: FloatArray, fractions: FloatArray) -> tuple[float, float]:
    share = fractions / fractions.sum()
    return float(spectrum @ share), float(np.sqrt(np.sum((noise * share) ** 2)))
