"""What the figures show beyond the result itself, from the same spectra by the same formulas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plqy_rig.data import Role, WindowResult
from plqy_rig.evaluation.corrected_run import CorrectedRun
from plqy_rig.evaluation.estimate import leakage_scales
from plqy_rig.evaluation.windows import Window, pixel_edges_nm

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class EmissionSpectrum:
    """Emission of one step per absorbed photon; its integral over a window is the window's yield.

    Attributes:
        step: which one, from 0.
        power_density_mw_per_cm2: of the step.
        wavelength_nm: [pixels].
        per_nm: photons emitted per photon absorbed and nm, [pixels]; NaN where saturated.
        noise_per_nm: one sigma of it by the scatter of the scans, [pixels].
    """

    step: int
    power_density_mw_per_cm2: float
    wavelength_nm: FloatArray
    per_nm: FloatArray
    noise_per_nm: FloatArray


def step_values(window: WindowResult, name: str) -> FloatArray:
    """One of the result's optional arrays, [steps]; NaN where an earlier version didn't store it.

    Args:
        window: the result.
        name: of an attribute of `StepDetails`.
    """
    values = getattr(window.details.steps, name)
    return np.full(len(window.plqy), np.nan) if values is None else np.asarray(values, dtype=np.float64)


def absorptance_sigma(corrected: CorrectedRun) -> FloatArray:
    """Statistical standard uncertainty of each step's own absorptance (method, section 7.1), [steps]."""
    indirect = corrected.laser_contents[Role.INDIRECT_EXCITATION]
    direct = corrected.laser_contents[Role.DIRECT_EXCITATION]
    relative = np.hypot(
        np.sqrt(indirect.random_variance) / indirect.integral,
        np.sqrt(direct.random_variance) / direct.integral,
    )
    return np.asarray(direct.integral / indirect.integral * relative, dtype=np.float64)


def nearest_step(window: WindowResult, power_density_mw_per_cm2: float) -> int | None:
    """The evaluated step whose power density comes nearest (as a ratio); None without any."""
    density = window.power_density_mw_per_cm2
    usable = np.flatnonzero(np.isfinite(window.plqy) & (density > 0))
    if len(usable) == 0:
        return None
    return int(usable[np.argmin(np.abs(np.log(density[usable] / power_density_mw_per_cm2)))])


def emission_spectrum(
    corrected: CorrectedRun, window: WindowResult, power_density_mw_per_cm2: float
) -> EmissionSpectrum | None:
    """φ_em(λ) = [φ_5 - (1-A) φ_4] / (L_a A) of the step nearest to a power density (method, section 9).

    `window` says which steps have a result; the spectrum covers all wavelengths. None without such a step.
    """
    step = nearest_step(window, power_density_mw_per_cm2)
    if step is None:
        return None
    absorptance = float(step_values(window, "absorptance_used")[step])
    photons = {role: corrected.photons[role].photons_per_s[step] for role in corrected.photons}
    noise = {role: corrected.photons[role].noise_per_s[step] for role in corrected.photons}
    laser = {role: content.integral for role, content in corrected.laser_contents.items()}
    scale_indirect, scale_direct = leakage_scales(laser, corrected.choices.leakage)
    empty = photons.get(Role.EMPTY_EMISSION, np.zeros_like(photons[Role.DIRECT_EMISSION]))
    direct = photons[Role.DIRECT_EMISSION] - scale_direct[step] * empty
    indirect = photons[Role.INDIRECT_EMISSION] - scale_indirect[step] * empty
    width = np.diff(pixel_edges_nm(corrected.run.wavelength_nm))
    absorbed_times_width = laser[Role.EMPTY_EXCITATION][step] * absorptance * width
    sigma = np.hypot(noise[Role.DIRECT_EMISSION], (1.0 - absorptance) * noise[Role.INDIRECT_EMISSION])
    return EmissionSpectrum(
        step=step,
        power_density_mw_per_cm2=float(window.power_density_mw_per_cm2[step]),
        wavelength_nm=corrected.run.wavelength_nm,
        per_nm=np.asarray((direct - (1.0 - absorptance) * indirect) / absorbed_times_width),
        noise_per_nm=np.asarray(sigma / absorbed_times_width),
    )


def response_weights(corrected: CorrectedRun, window: WindowResult) -> FloatArray:
    """How a relative error of the response at each pixel enters the yield, ∂ln η/∂δ(λ), [pixels].

    The emission's share of each pixel minus the laser line's: the errors at the laser's wavelength that
    L_b and L_c have in common cancel in the absorptance. Taken at the step nearest 200 mW/cm².
    """
    spectrum = emission_spectrum(corrected, window, 200.0)
    if spectrum is None:
        return np.zeros_like(corrected.run.wavelength_nm)
    inside = corrected.weights(Window(window.name, window.low_nm, window.high_nm))
    emitted = np.nan_to_num(spectrum.per_nm * np.diff(pixel_edges_nm(spectrum.wavelength_nm))) * inside
    laser_fractions = corrected.laser_window.pixel_fractions(spectrum.wavelength_nm)
    empty = np.nan_to_num(corrected.photons[Role.EMPTY_EXCITATION].photons_per_s[spectrum.step])
    laser = empty * laser_fractions
    return np.asarray(emitted / emitted.sum() - laser / laser.sum(), dtype=np.float64)
