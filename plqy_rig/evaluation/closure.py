"""The emission seen a second time: in the excitation spectra, without the long-pass and at short exposures.

An excitation spectrum of the sample in the beam holds the emission as well, weakly. Less what the empty
sphere shows there, scaled with the laser light, it must be what the emission spectra show behind the
long-pass after exposures a hundred times as long. The comparison needs no other knowledge; it tests the
long-pass's record, the exposure times, linearity, and that nothing moved between the passes. The empty
sphere's part of it bounds the leakage (the diode's pedestal) where no sixth spectrum was taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from plqy_rig.data import Role
from plqy_rig.evaluation.windows import Window

if TYPE_CHECKING:
    from plqy_rig.evaluation.corrected_run import CorrectedRun

FloatArray = NDArray[np.float64]

DARK_END = Window("dark_end", 1655.0, 1690.0)
"""Where neither laser nor emission is: what lies there is light scattered in the spectrograph."""


@dataclass(frozen=True)
class Closure:
    """What the excitation spectra say about one emission window; relative to the direct emission.

    Attributes:
        mismatch: emission without the filter over emission with it, less 1.
        u_mismatch: its random uncertainty.
        leakage: what the empty sphere shows there, at the direct arrangement's laser light.
        u_leakage: its random uncertainty.
    """

    mismatch: float
    u_mismatch: float
    leakage: float
    u_leakage: float


def closure(corrected: CorrectedRun, window: Window) -> Closure | None:
    """Compare; None where it can't be: no emission, windows that overlap, a spectrum without value."""
    weights = corrected.weights(window) * corrected.passed
    if window.overlaps(corrected.laser_window) or not weights.any():
        return None
    empty, direct = (
        _seen(corrected, role, weights) for role in (Role.EMPTY_EXCITATION, Role.DIRECT_EXCITATION)
    )
    present = (
        corrected.laser_contents[Role.DIRECT_EXCITATION].integral
        / corrected.laser_contents[Role.EMPTY_EXCITATION].integral
    )
    emission = corrected.photons[Role.DIRECT_EMISSION].photons_per_s @ weights
    usable = np.isfinite(empty.total + direct.total + present + emission)
    counted = float(emission[usable].sum())
    if not usable.any() or counted <= 0:
        return None
    # What stray light adds is in both and goes out by itself.
    seen = (direct.total - present * empty.total)[usable]
    variance = (direct.variance + present**2 * empty.variance)[usable]
    leaked = (present * (empty.total - empty.stray))[usable]
    leaked_variance = (present**2 * (empty.variance + empty.stray_variance))[usable]
    return Closure(
        mismatch=float(seen.sum()) / counted - 1.0,
        u_mismatch=float(np.sqrt(variance.sum())) / counted,
        leakage=float(leaked.sum()) / counted,
        u_leakage=float(np.sqrt(leaked_variance.sum())) / counted,
    )


@dataclass(frozen=True)
class _Seen:
    """Window integral of an excitation role, photons/s, and what evenly scattered light gives, [steps]."""

    total: FloatArray
    variance: FloatArray
    stray: FloatArray
    stray_variance: FloatArray


def _seen(corrected: CorrectedRun, role: Role, weights: FloatArray) -> _Seen:
    photons = corrected.photons[role]
    inside = weights != 0
    flux, noise, per_count = photons.photons_per_s, photons.noise_per_s, photons.photons_per_count
    stray, stray_variance = np.zeros(len(flux)), np.zeros(len(flux))
    grid = corrected.run.wavelength_nm
    if grid[0] < DARK_END.low_nm and grid[-1] > DARK_END.high_nm:
        share = DARK_END.pixel_fractions(grid)
        dark = share > 0
        share = share[dark] / share.sum()
        of_a_count = per_count[:, inside] @ weights[inside]
        stray = photons.linear_counts[:, dark] @ share * of_a_count
        stray_variance = (noise[:, dark] / per_count[:, dark]) ** 2 @ share**2 * of_a_count**2
    return _Seen(
        flux[:, inside] @ weights[inside],
        noise[:, inside] ** 2 @ weights[inside] ** 2,
        stray,
        stray_variance,
    )
