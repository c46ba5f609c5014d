"""The correction chain: raw counts to photons per second in each pixel, in the order of the method.

    saturation -> bad pixels -> dark -> baseline -> linearity -> exposure -> energy -> long-pass
    -> photons -> power

`correct_role` walks the stages for one role, keeps what the uncertainty needs and, when asked, every
intermediate spectrum. Leakage, windows, ratios and the yield itself come afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration import Linearity
from plqy_rig.data import RoleSpectra

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

PLANCK_CONSTANT_J_S = 6.62607015e-34
SPEED_OF_LIGHT_M_PER_S = 299792458.0
_HOT_FRACTION = 0.3
"""A pixel whose dark is this fraction of full scale above the median is hot. The automatic integration time
doesn't care for it, so that its light may go over the top; it is replaced."""


@dataclass(frozen=True)
class Stage:
    """One role's spectra after one stage of the chain.

    Attributes:
        name: of the stage, fit for a file name.
        units: of the values.
        values: [steps, pixels].
    """

    name: str
    units: str
    values: FloatArray


@dataclass(frozen=True)
class RoleCalibration:
    """What turns one role's counts into photons.

    Attributes:
        linearity: the detector's polynomial.
        wavelength_nm: [pixels].
        joules_per_count: C, [pixels].
        transmission: of the long-pass, [pixels], NaN where it is masked; None without a filter, or when C
            was measured with the filter in place.
        full_scale_counts: where the detector saturates.
        reading_noise_relative: one sigma of one exposure's monitor ratio.
        baseline: pixels without light, as fractions, [pixels]; None: no baseline is taken off.
    """

    linearity: Linearity
    wavelength_nm: FloatArray
    joules_per_count: FloatArray
    transmission: FloatArray | None
    full_scale_counts: float
    reading_noise_relative: float
    baseline: FloatArray | None = None


@dataclass(frozen=True)
class RolePhotons:
    """One role after the correction chain; rows are power steps, columns pixels.

    Attributes:
        photons_per_s: photons entering the sphere per second and pixel, at the step's reference power;
            NaN where saturated.
        noise_per_s: one sigma of it from the scatter of the scans and the dark, independent between pixels.
        offset_noise_per_s: one sigma of what the baseline's noise does, the same in all pixels; None without.
        linear_counts: counts after dark and linearity, for the linearity uncertainty.
        photons_per_count: photons_per_s of one linear count, 0 where the filter masks, [steps, pixels].
        monitor_noise_relative: one sigma of the power scaling of the exposure, [steps].
        saturated: pixels at full scale in any scan.
        bad_pixels: pixels replaced from their neighbours, [pixels].
        baseline_counts: what was taken off as baseline, [steps]; None without.
    """

    photons_per_s: FloatArray
    noise_per_s: FloatArray
    offset_noise_per_s: FloatArray | None
    linear_counts: FloatArray
    photons_per_count: FloatArray
    monitor_noise_relative: FloatArray
    saturated: BoolArray
    bad_pixels: BoolArray
    baseline_counts: FloatArray | None


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
    # fmax passes over NaN: a step may have fewer scans than another.
    return np.asarray(np.fmax.reduce(counts, axis=1) >= full_scale_counts)


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
    calibration: RoleCalibration,
    reference_power_w: FloatArray,
    stages: list[Stage] | None = None,
) -> RolePhotons:
    """The whole chain for one role.

    Args:
        spectra: as measured.
        calibration: what turns its counts into photons.
        reference_power_w: common monitor power of each step, [steps].
        stages: gets every intermediate spectrum, in order; None keeps none.

    Raises:
        CurveError: the linearity polynomial isn't above 0 everywhere.
    """
    saturated = saturated_pixels(spectra, calibration.full_scale_counts)
    bad_pixels = _bad_pixels(spectra.dark, calibration.full_scale_counts)
    unsaturated = np.where(saturated, np.nan, spectra.counts)
    net = replace_bad_pixels(unsaturated - spectra.dark, bad_pixels)
    variance = replace_bad_pixels(_counts_variance(spectra), bad_pixels)
    baseline, baseline_sigma = _baseline(net, variance, calibration.baseline)
    above = net if baseline is None else net - baseline[:, None]
    linear, slope = _linearised(calibration.linearity, above)
    power = reference_power_w / spectra.monitor_power_w
    factor = _photons_per_count(spectra.integration_time_s, calibration, power)
    if stages is not None:
        stages += [
            Stage("raw", "counts", spectra.counts),
            Stage("dark", "counts", spectra.dark),
            Stage("unsaturated", "counts", unsaturated),
            Stage("dark_subtracted", "counts", net),
            *([] if baseline is None else [Stage("baseline_subtracted", "counts", above)]),
            Stage("linear", "counts", linear),
            *_physical_stages(linear, spectra.integration_time_s, calibration, power),
        ]
    return RolePhotons(
        photons_per_s=linear * factor,
        noise_per_s=np.sqrt(variance) * slope * factor,
        offset_noise_per_s=None if baseline_sigma is None else baseline_sigma[:, None] * slope * factor,
        linear_counts=linear,
        photons_per_count=factor,
        monitor_noise_relative=_monitor_noise(spectra, calibration.reading_noise_relative),
        saturated=saturated,
        bad_pixels=bad_pixels,
        baseline_counts=baseline,
    )


def _photons_per_count(
    integration_time_s: FloatArray, calibration: RoleCalibration, power_scaling: FloatArray
) -> FloatArray:
    return photons_per_second(
        np.ones((len(integration_time_s), len(calibration.wavelength_nm))),
        integration_time_s=integration_time_s,
        joules_per_count=calibration.joules_per_count,
        wavelength_nm=calibration.wavelength_nm,
        transmission=calibration.transmission,
        power_scaling=power_scaling,
    )


def _physical_stages(
    linear: FloatArray, time_s: FloatArray, calibration: RoleCalibration, power_scaling: FloatArray
) -> list[Stage]:
    """The stages behind the linear counts, one at a time."""
    per_second = linear / time_s[:, None]
    watts = per_second * calibration.joules_per_count
    stages = [Stage("per_second", "counts/s", per_second), Stage("energy", "W", watts)]
    if calibration.transmission is not None:
        seen = np.isfinite(calibration.transmission)
        watts = np.where(seen, watts / np.where(seen, calibration.transmission, 1.0), 0.0)
        stages.append(Stage("long_pass_corrected", "W", watts))
    photons = watts / photon_energy_j(calibration.wavelength_nm)
    scaled = photons * power_scaling[:, None]
    return [*stages, Stage("photons", "1/s", photons), Stage("at_reference_power", "1/s", scaled)]


def _counts_variance(spectra: RoleSpectra) -> FloatArray:
    return _mean_variance(spectra.counts_std, spectra.scans) + _mean_variance(
        spectra.dark_std, spectra.dark_scans
    )


def _baseline(
    net: FloatArray, variance: FloatArray, fractions: FloatArray | None
) -> tuple[FloatArray | None, FloatArray | None]:
    """Mean of the counts where there is no light, and its one sigma, [steps] each (method, step 3)."""
    if fractions is None:
        return None, None
    share = fractions / fractions.sum()
    used = share > 0
    return net[:, used] @ share[used], np.sqrt(variance[:, used] @ share[used] ** 2)


def _bad_pixels(dark: FloatArray, full_scale_counts: float) -> BoolArray:
    measured = dark[np.isfinite(dark).all(axis=1)]
    if not len(measured):
        return np.zeros(dark.shape[1], dtype=np.bool_)
    above = measured - np.median(measured, axis=1)[:, None]
    return np.asarray(above.max(axis=0) >= _HOT_FRACTION * full_scale_counts)


def _mean_variance(scan_std: FloatArray, scans: NDArray[np.int64]) -> FloatArray:
    """Variance of the mean of the scans; a single scan tells nothing of its noise and counts as 0."""
    return np.where(np.isfinite(scan_std), scan_std**2 / np.maximum(scans, 1)[:, None], 0.0)


def _linearised(linearity: Linearity, counts: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Linear counts, and d(linear counts)/d(counts): how the correction stretches the noise."""
    divisor = linearity.divisor(counts)
    derivative = np.polynomial.polynomial.polyval(
        counts, np.polynomial.polynomial.polyder(linearity.coefficients)
    )
    linear = np.asarray(counts / divisor, dtype=np.float64)
    return linear, np.asarray((1.0 - linear * derivative) / divisor, dtype=np.float64)


def _monitor_noise(spectra: RoleSpectra, reading_noise_relative: float) -> FloatArray:
    readings = np.maximum(spectra.monitor_readings, 1)
    scatter = np.where(np.isfinite(spectra.monitor_power_std_w), spectra.monitor_power_std_w, 0.0)
    of_the_mean = scatter / (spectra.monitor_power_w * np.sqrt(readings))
    return np.asarray(np.hypot(reading_noise_relative, of_the_mean), dtype=np.float64)
