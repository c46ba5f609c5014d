"""Is it the light that the records and the rig file say? The laser's line, its power, and the filter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from plqy_rig.data import Role, RoleSpectra
from plqy_rig.evaluation.chain import RolePhotons, photon_energy_j
from plqy_rig.evaluation.flags import Flag
from plqy_rig.evaluation.statistics import alarm_sigmas

if TYPE_CHECKING:
    from plqy_rig.evaluation.corrected_run import CorrectedRun

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_WAVELENGTH_NM = 5.0
"""So far a photodiode's responsivity near 977 nm changes by one or two per cent."""
_BLOCKED = 1e-5
"""A sharp edge filter blocks to 1e-6 and better; with ten times that it doesn't stand as it should."""
_LINE_REACH_NM = (12.0, 2.5)
"""Below and above the line: further up the filter's edge begins to let the emission through."""


def light_flags(corrected: CorrectedRun) -> dict[Flag, bool]:
    """Which of the flags about the laser's light a run carries."""
    line_nm = laser_line_nm(corrected)
    stated_nm = corrected.run.rig.get("monitor", {}).get("wavelength_nm")
    share, sigma = laser_behind_filter(corrected, line_nm)
    deviation, expected = power_deviation(corrected)
    return {
        Flag.MONITOR_WAVELENGTH: isinstance(stated_nm, int | float)
        and abs(line_nm - stated_nm) > _WAVELENGTH_NM,
        Flag.POWER_SCALE: abs(deviation) > alarm_sigmas(1) * expected > 0,
        Flag.LASER_BEHIND_FILTER: share > _BLOCKED + alarm_sigmas(1) * sigma,
    }


def laser_line_nm(corrected: CorrectedRun) -> float:
    """Centroid of the laser line over all excitation spectra; NaN where there is none."""
    wavelength_nm = corrected.run.wavelength_nm
    inside = corrected.laser_window.pixel_fractions(wavelength_nm) > 0
    light = np.zeros(int(inside.sum()))
    for role, photons in corrected.photons.items():
        if not role.is_emission:
            light += np.nansum(photons.photons_per_s[:, inside], axis=0)
    total = float(light.sum())
    return float(light @ wavelength_nm[inside]) / total if total > 0 else float("nan")


def power_deviation(corrected: CorrectedRun) -> tuple[float, float]:
    """Laser power found in the empty sphere over the monitor's, less 1, and what it may be (one sigma).

    Both scales cancel in a yield; where they disagree one of the records, the monitor's wavelength or the
    power densities is wrong.
    """
    run, calibration = corrected.run, corrected.calibration
    inside = corrected.laser_window.pixel_fractions(run.wavelength_nm)
    used = inside > 0
    photons = corrected.photons[Role.EMPTY_EXCITATION].photons_per_s[:, used]
    found_w = photons @ (photon_energy_j(run.wavelength_nm[used]) * inside[used])
    expected_w = calibration.monitor_ratio.ratio * corrected.reference_power_w
    usable = np.isfinite(found_w + expected_w) & (expected_w > 0)
    if not usable.any():
        return 0.0, 0.0
    response = calibration.response
    brightest = int(
        np.argmax(np.where(used, corrected.laser_window.pixel_fractions(response.wavelength_nm), 0))
    )
    sigma = np.hypot(
        np.hypot(response.scale_uncertainty_relative, response.shape_uncertainty_relative[brightest]),
        calibration.monitor_ratio.ratio_uncertainty_relative,
    )
    return float(found_w[usable].sum() / expected_w[usable].sum() - 1.0), float(sigma)


def laser_behind_filter(corrected: CorrectedRun, line_nm: float) -> tuple[float, float]:
    """Share of the laser line that the emission spectra show, with one sigma; zeros where it can't be told.

    The line's own shape, as the excitation spectra show it, is fitted to the counts behind the filter.
    """
    wavelength_nm = corrected.run.wavelength_nm
    below, above = _LINE_REACH_NM
    near = (wavelength_nm > line_nm - below) & (wavelength_nm < line_nm + above)
    if near.sum() < 4:
        return 0.0, 0.0
    line = _light_per_joule(corrected, near, emission=False)
    behind = _light_per_joule(corrected, near, emission=True)
    if line is None or behind is None or not line[0].max() > 0:
        return 0.0, 0.0
    columns = np.stack([line[0], np.ones(int(near.sum()))], axis=1) / behind[1][:, None]
    normal = np.linalg.inv(columns.T @ columns)
    share = float((normal @ columns.T @ (behind[0] / behind[1]))[0])
    return share, float(np.sqrt(normal[0, 0]))


def _light_per_joule(
    corrected: CorrectedRun, pixels: BoolArray, *, emission: bool
) -> tuple[FloatArray, FloatArray] | None:
    """Linear counts per joule at the monitor of all steps together, with one sigma, [pixels] each."""
    counts = np.zeros(int(pixels.sum()))
    variance, energy_j = np.zeros_like(counts), 0.0
    for role, spectra in corrected.run.spectra.items():
        if role.is_emission is emission:
            part = _summed(spectra, corrected.photons[role], pixels)
            counts, variance, energy_j = counts + part[0], variance + part[1], energy_j + part[2]
    if energy_j <= 0:
        return None
    # Rounding to whole counts leaves so much where nothing else is known.
    return counts / energy_j, np.sqrt(np.maximum(variance, 1.0)) / energy_j


def _summed(
    spectra: RoleSpectra, photons: RolePhotons, pixels: BoolArray
) -> tuple[FloatArray, FloatArray, float]:
    linear = photons.linear_counts[:, pixels]
    joules = spectra.integration_time_s * spectra.monitor_power_w
    usable = np.isfinite(linear).all(axis=1) & np.isfinite(joules)
    spread = spectra.counts_std[usable][:, pixels] ** 2 / np.maximum(spectra.scans[usable], 1)[:, None]
    dark = spectra.dark_std[usable][:, pixels] ** 2 / np.maximum(spectra.dark_scans[usable], 1)[:, None]
    variance = np.nan_to_num(spread) + np.nan_to_num(dark)
    return linear[usable].sum(axis=0), variance.sum(axis=0), float(joules[usable].sum())
