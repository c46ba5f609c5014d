"""How much of the emission the sample may absorb again, from what the run itself has measured.

Light near the laser's wavelength is absorbed again by the ions that absorb the laser. Their absorption at a
longer wavelength follows from thermal occupation (McCumber; Kennard and Stepanov): relative to the laser line

    k(λ) = σ_em(λ)/σ_em(laser) · exp(-(E_laser - E(λ))/k_B T)  ≤  exp(-(E_laser - E(λ))/k_B T)

as long as the emission has no stronger line than the one the laser excites. Weighted with the measured
emission this bounds the mean absorption of a window's light by that of the laser, whose absorption is
measured: on the way out of the cuvette, 0.6 of its width from the beam on average, and on the way between the
walls, μ. The share a that is absorbed again lies between 0 and

    a_max = ⟨exp(-(E_laser - E)/k_B T)⟩ · [-0.6 ln(1-A) + μ].

Nothing is said of light at shorter wavelengths than the laser's, nor of light that another species absorbs
(the erbium band in erbium's own ground state): that takes a number from the operator.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from plqy_rig.data import Role

if TYPE_CHECKING:
    from plqy_rig.evaluation.choices import EvaluationChoices
    from plqy_rig.evaluation.corrected_run import CorrectedRun

FloatArray = NDArray[np.float64]

THERMAL_ENERGY_PER_CM = 205.0
"""k_B T / (h c) at 295 K."""
WAY_OUT = 0.6
"""Mean way from the beam through a cubic cuvette to its surface, over its width."""
LEAST_SHARE = 1e-3
"""A bound below this is no matter in any yield."""


@dataclass(frozen=True)
class Reabsorption:
    """What is assumed of the share a of the emitted photons that the sample absorbs again.

    Attributes:
        share: best value of a; corrected yields are computed with it.
        u_share: its standard uncertainty.
        stated: whether an operator stated it; otherwise both follow from the bound.
    """

    share: float
    u_share: float
    stated: bool

    @property
    def is_estimated(self) -> bool:
        """Get whether the run made it by itself: that is told; what an operator stated he knows."""
        return bool(self.share) and not self.stated

    def relative_uncertainty(self, plqy: FloatArray) -> FloatArray:
        """Relative standard uncertainty of the uncorrected yields, any shape.

        A correction that is known but not applied counts in full (GUM F.2.4.5), beside the doubt about it.
        Where an operator states a share he has the corrected yield; its uncertainty alone counts then.
        """
        slope = np.abs((1 - plqy) / (1 - self.share + self.share * plqy))
        size = self.u_share if self.stated else math.hypot(self.share, self.u_share)
        return np.asarray(slope * size, dtype=np.float64)

    def relative_uncertainty_corrected(self, plqy: FloatArray) -> FloatArray:
        """Relative standard uncertainty that the doubt about the share leaves in the corrected yields."""
        slope = np.abs((1 - plqy) / (1 - self.share + self.share * plqy))
        return np.asarray(slope * self.u_share, dtype=np.float64)


NONE = Reabsorption(0.0, 0.0, stated=True)


def reabsorption_of(
    corrected: CorrectedRun, choices: EvaluationChoices, weights: FloatArray, usable: NDArray[np.bool_]
) -> Reabsorption:
    """What holds for a window: the operator's statement, or the bound as a rectangular distribution."""
    if choices.reabsorbed_fraction or choices.u_reabsorbed_fraction is not None:
        return Reabsorption(choices.reabsorbed_fraction, choices.u_reabsorbed_fraction or 0.0, stated=True)
    bound = reabsorbed_bound(corrected, weights, usable)
    if bound < LEAST_SHARE:
        return NONE
    return Reabsorption(bound / 2, bound / 12**0.5, stated=False)


def reabsorbed_bound(corrected: CorrectedRun, weights: FloatArray, usable: NDArray[np.bool_]) -> float:
    """a_max of a window; 0 where the spectra tell nothing.

    Args:
        corrected: behind the chain.
        weights: how each pixel enters the window, [pixels].
        usable: steps with a number, [steps].
    """
    laser = {role: content.integral[usable] for role, content in corrected.laser_contents.items()}
    emission = corrected.photons[Role.DIRECT_EMISSION].photons_per_s[usable].sum(axis=0)
    empty, indirect, direct = (
        float(laser[role].sum())
        for role in (Role.EMPTY_EXCITATION, Role.INDIRECT_EXCITATION, Role.DIRECT_EXCITATION)
    )
    light = np.where(weights > 0, emission * weights, 0.0)
    total = float(np.nansum(light))
    if not (empty > 0 and indirect > 0 and direct > 0 and total > 0):
        return 0.0
    ways = WAY_OUT * max(math.log(indirect / direct), 0.0) + max(1 - indirect / empty, 0.0)
    line_nm = 0.5 * (corrected.laser_window.low_nm + corrected.laser_window.high_nm)
    shift_per_cm = 1e7 / line_nm - 1e7 / corrected.run.wavelength_nm
    occupied = np.where(shift_per_cm > 0, np.exp(-np.maximum(shift_per_cm, 0.0) / THERMAL_ENERGY_PER_CM), 0.0)
    return float(np.clip(np.nansum(light * occupied) / total * ways, 0.0, 0.9))
