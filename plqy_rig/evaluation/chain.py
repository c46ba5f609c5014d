"""The correction chain: raw counts to photons per second in each pixel, in the order of the method.

    saturation -> bad pixels -> dark -> linearity -> exposure -> energy -> long-pass -> photons -> power

Each stage is a function of arrays [steps, pixels]; `correct_role` walks them all for one role and keeps
what the uncertainty needs. Windows, ratios and the yield itself come afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration import CalibrationSet, Linearity
from plqy_rig.data import RoleSpectra

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

PLANCK_CONSTANT_J_S = 6.62607015e-34
SPEED_OF_LIGHT_M_PER_S = 299792458.0
_BAD_DARK_FRACTION = 0.95
"""A pixel whose dark alone nearly fills the range carries no light signal."""


@dataclass(frozen=True)
class RolePhotons:
    """One role after the correction chain; rows are power steps, columns pixels.

    Attributes:
        photons_per_s: photons entering the sphere per second and pixel, at the step's reference power;
            NaN where saturated.
        noise_per_s: one sigma of it from the scatter of the scans and the dark.
        linear_counts: counts after dark and linearity, for the linearity uncertainty.
        monitor_noise_relative: one sigma of the power scaling of the exposure, [steps].
        saturated: pixels at full scale in any scan.
        bad_pixels: pixels replaced from their neighbours, [pixels].
    """

    photons_per_s: FloatArray
    noise_per_s: FloatArray
    linear_counts: FloatArray
    monitor_noise_relative: FloatArray
    saturated: BoolArray
    bad_pixels: BoolArray


def photon_energy_j(wavelength_nm: FloatArray) -> FloatArray:
    """E = h c / λ in J, λ in nm."""
    return np.asarray(PLANCK_CONSTANT_J_S * SPEED_OF_LIGHT_M_PER_S / (wavelength_nm * 1e-9), dtype=np.float64)


def photons_per_second(
    linear_counts: FloatArray,
    *,
    integration_time_s: FloatArray,
    joules_per_count: FloatArray,
    wavelength_nm: FloatArray,
    transmission: FloatArray | None,
    power_scaling: FloatArray,
) -> FloatArray:
    """Exposure, energy, long-pass, photons and power (method, steps 5 to 9).

    Args:
        linear_counts: dark-subtracted, linearised, [steps, pixels].
        integration_time_s: [steps].
        joules_per_count: C, [pixels].
        wavelength_nm: [pixels].
        transmission: of the long-pass, [pixels], NaN where it is masked; None without a filter.
        power_scaling: P_ref / P_k, [steps].

    Returns:
        photons/s in each pixel, [steps, pixels]; 0 where the filter masks.
    """
    per_pixel = joules_per_count / photon_energy_j(wavelength_nm)
    if transmission is not None:
        per_pixel = np.where(np.isfinite(transmission), per_pixel / transmission, 0.0)
    per_step = power_scaling / integration_time_s
    return np.asarray(linear_counts * per_step[:, None] * per_pixel[None, :], dtype=np.float64)


def saturated_pixels(spectra: RoleSpectra, full_scale_counts: float) -> BoolArray:
    """Pixels that reached full scale in any scan (method, step 1), [steps, pixels]."""
    counts = spectra.scan_counts
    if counts.size == 0:
        return np.asarray(spectra.counts >= full_scale_counts)
    highest = np.max(np.where(np.isfinite(counts), counts, -np.inf), axis=1)
    return np.asarray(highest >= full_scale_counts)


def replace_bad_pixels(values: FloatArray, bad_pixels: BoolArray) -> FloatArray:
    """Interpolate bad pixels from their good neighbours in each row (method, step 2)."""
    if not bad_pixels.any() or bad_pixels.all():
        return values
    position = np.arange(values.shape[1])
    good = ~bad_pixels
    replaced = values.copy()
    for row in replaced:
        row[bad_pixels] = np.interp(position[bad_pixels], position[good], row[good])
    return replaced


def correct_role(
    spectra: RoleSpectra,
    calibration: CalibrationSet,
    *,
    full_scale_counts: float,
    reference_power_w: FloatArray,
    behind_long_pass: bool,
) -> RolePhotons:
    """The whole chain for one role.

    Args:
        spectra: as measured.
        calibration: the records to use.
        full_scale_counts: where the detector saturates.
        reference_power_w: common monitor power of each step, [steps].
        behind_long_pass: whether the long-pass was in (emission roles).

    Raises:
        CurveError: the linearity polynomial isn't above 0 everywhere.
    """
    saturated = saturated_pixels(spectra, full_scale_counts)
    bad_pixels = _bad_pixels(spectra.dark, full_scale_counts)
    net = np.where(saturated, np.nan, spectra.counts - spectra.dark)
    variance = _mean_variance(spectra.counts_std, spectra.scans) + _mean_variance(
        spectra.dark_std, spectra.dark_scans
    )
    linear = replace_bad_pixels(calibration.linearity.linear(net), bad_pixels)
    noise = np.sqrt(variance) * _linearity_slope(calibration.linearity, net)
    wavelength_nm = calibration.response.wavelength_nm

    def to_photons(counts: FloatArray) -> FloatArray:
        return photons_per_second(
            counts,
            integration_time_s=spectra.integration_time_s,
            joules_per_count=calibration.response.joules_per_count,
            wavelength_nm=wavelength_nm,
            transmission=calibration.long_pass.usable_at(wavelength_nm) if behind_long_pass else None,
            power_scaling=reference_power_w / spectra.monitor_power_w,
        )

    return RolePhotons(
        photons_per_s=to_photons(linear),
        noise_per_s=to_photons(replace_bad_pixels(noise, bad_pixels)),
        linear_counts=linear,
        monitor_noise_relative=_monitor_noise(spectra, calibration.monitor_ratio.reading_noise_relative),
        saturated=saturated,
        bad_pixels=bad_pixels,
    )


def _bad_pixels(dark: FloatArray, full_scale_counts: float) -> BoolArray:
    highest = np.max(np.where(np.isfinite(dark), dark, -np.inf), axis=0)
    return np.asarray(highest >= _BAD_DARK_FRACTION * full_scale_counts)


def _mean_variance(scan_std: FloatArray, scans: NDArray[np.int64]) -> FloatArray:
    """Variance of the mean of the scans; a single scan tells nothing of its noise and counts as 0."""
    return np.where(np.isfinite(scan_std), scan_std**2 / np.maximum(scans, 1)[:, None], 0.0)


def _linearity_slope(linearity: Linearity, counts: FloatArray) -> FloatArray:
    """d(linear counts)/d(counts): how the correction stretches the noise."""
    divisor = linearity.divisor(counts)
    derivative = np.polynomial.polynomial.polyval(
        counts, np.polynomial.polynomial.polyder(linearity.coefficients)
    )
    return np.asarray((divisor - counts * derivative) / divisor**2, dtype=np.float64)


def _monitor_noise(spectra: RoleSpectra, reading_noise_relative: float) -> FloatArray:
    readings = np.maximum(spectra.monitor_readings, 1)
    scatter = np.where(np.isfinite(spectra.monitor_power_std_w), spectra.monitor_power_std_w, 0.0)
    of_the_mean = scatter / (spectra.monitor_power_w * np.sqrt(readings))
    return np.asarray(np.hypot(reading_noise_relative, of_the_mean), dtype=np.float64)
