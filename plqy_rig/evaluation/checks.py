"""The sanity checks of one window: which flags its numbers carry (method, section 3).

What concerns the whole run, whatever the window, is in `run_checks`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from plqy_rig.data import MeanDetails, Role
from plqy_rig.evaluation.chain import RolePhotons
from plqy_rig.evaluation.closure import closure
from plqy_rig.evaluation.content import WindowContent
from plqy_rig.evaluation.estimate import trend_in_sigmas
from plqy_rig.evaluation.flags import Flag
from plqy_rig.evaluation.intervals import MOST_SYMMETRIC
from plqy_rig.evaluation.statistics import alarm_sigmas, chi_squared_limit
from plqy_rig.evaluation.windows import Window

if TYPE_CHECKING:
    from plqy_rig.evaluation.corrected_run import CorrectedRun

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_NEAR_SATURATION = 0.95
_WEAK_PEAK = 0.1
_LOW_ABSORPTANCE = 0.05
_USUAL_ABSORPTANCE = (0.10, 0.20)
_UNCERTAIN_ABSORPTANCE = 0.1
_LEAKAGE = 0.01
_MUCH_REPLACED = {False: 0.01, True: 0.1}
"""Share of a window's light. A laser line is a few pixels wide and can't be interpolated; an emission band is
smooth: a pixel between its neighbours is right to a per cent of itself."""
_MISMATCH = 0.02
"""Exposures of milliseconds against seconds: what a residual offset of a fraction of a count may do."""
_ROLES_WITH_SIGNAL = (
    Role.EMPTY_EXCITATION,
    Role.INDIRECT_EXCITATION,
    Role.DIRECT_EXCITATION,
    Role.DIRECT_EMISSION,
)
"""Indirect emission is weak by nature and enters with a small weight; it isn't asked for a strong peak."""


@dataclass(frozen=True)
class StepValues:
    """The numbers of one window, [steps] each, NaN where a step has none.

    Attributes:
        plqy: the yields.
        u_plqy: their standard uncertainties.
        absorptance: each step's own.
        u_absorptance_own: its random uncertainty.
        absorptance_used: what entered the yields.
        u_absorptance: its standard uncertainty.
        mu: share of scattered laser light absorbed.
        u_mu: its random uncertainty.
        plqy_2m: by two measurements.
        u_plqy_2m: its random uncertainty.
        step_covariance: [steps, steps] of what may make the steps differ.
        in_mean: steps with a weight in the mean.
    """

    plqy: FloatArray
    u_plqy: FloatArray
    absorptance: FloatArray
    u_absorptance_own: FloatArray
    absorptance_used: FloatArray
    u_absorptance: FloatArray
    mu: FloatArray
    u_mu: FloatArray
    plqy_2m: FloatArray
    u_plqy_2m: FloatArray
    step_covariance: FloatArray
    in_mean: BoolArray


@dataclass(frozen=True)
class MeanComparison:
    """The mean, its uncertainty whether or not it may be given as such, and what stands behind it."""

    plqy: float
    u_plqy: float
    details: MeanDetails


def check_steps(
    corrected: CorrectedRun,
    window: Window,
    contents: Mapping[Role, WindowContent],
    values: StepValues,
    mean: MeanComparison,
    of_run: Mapping[Flag, BoolArray],
) -> tuple[tuple[str, ...], ...]:
    """The flags of every step, as codes in the order of `Flag`."""
    weights = corrected.weights(window)
    raised = {
        **of_run,
        **_value_flags(values, mean),
        **_series_flags(corrected, values, mean.details),
        Flag.REPEATED_STEP_DIFFERS: _repeated_steps_differ(corrected, values),
        **_arrangement_flags(corrected, window, weights, contents),
    }
    for flag, steps in signal_flags(corrected, np.flatnonzero(weights), emission=True).items():
        raised[flag] = raised[flag] | steps
    count = len(values.plqy)
    order = [flag for flag in Flag if flag in raised and raised[flag].any()]
    return tuple(tuple(str(flag) for flag in order if bool(raised[flag][step])) for step in range(count))


def _value_flags(values: StepValues, mean: MeanComparison) -> dict[Flag, BoolArray]:
    used, relative = values.absorptance_used, values.u_absorptance / np.abs(values.absorptance_used)
    sigmas = alarm_sigmas(len(values.plqy))
    apart = np.abs(values.plqy - values.plqy_2m) > sigmas * np.hypot(values.u_plqy, values.u_plqy_2m)
    details = mean.details
    if abs(mean.plqy - details.plqy_2m) > 2 * np.hypot(mean.u_plqy, details.u_plqy_2m):
        apart |= values.in_mean
    low, high = _USUAL_ABSORPTANCE
    return {
        Flag.MU_NEGATIVE: values.mu < -sigmas * values.u_mu,
        Flag.ABSORPTANCE_UNPHYSICAL: (used <= 0) | (used >= 1),
        Flag.ABSORPTANCE_LOW: (used > 0) & (used < _LOW_ABSORPTANCE),
        Flag.ABSORPTANCE_UNUSUAL: ((used >= _LOW_ABSORPTANCE) & (used < low)) | ((used > high) & (used < 1)),
        Flag.ABSORPTANCE_UNCERTAIN: relative > _UNCERTAIN_ABSORPTANCE,
        Flag.INTERVAL_ONLY: relative > MOST_SYMMETRIC,
        Flag.PLQY_ABOVE_ONE: values.plqy > 1,
        Flag.TWO_MEASUREMENT_DISAGREES: apart,
    }


def _series_flags(corrected: CorrectedRun, values: StepValues, mean: MeanDetails) -> dict[Flag, BoolArray]:
    """Trends and scatter over the steps of the mean; raised for all of them."""
    kept = values.in_mean & np.isfinite(values.plqy)
    none = {flag: np.zeros_like(kept) for flag in (Flag.ABSORPTANCE_TREND, Flag.PLQY_TREND)}
    if kept.sum() < 3:
        return none
    density = corrected.power_density_mw_per_cm2[kept]
    of_absorptance = trend_in_sigmas(values.absorptance[kept], values.u_absorptance_own[kept], density)
    covariance = values.step_covariance[np.ix_(kept, kept)]
    of_plqy = _correlated_trend(values.plqy[kept], covariance, np.log(density))
    degrees = np.array([float(mean.degrees_of_freedom)])
    scatters = mean.chi_squared > float(chi_squared_limit(degrees, alarm_sigmas(4))[0])
    # One test a run for the absorptance; the windows' trends are nearly one test, four are counted.
    return {
        Flag.ABSORPTANCE_TREND: kept & (abs(of_absorptance) > alarm_sigmas(1)),
        Flag.PLQY_TREND: kept & (abs(of_plqy) > alarm_sigmas(4)),
        Flag.STEPS_SCATTER: kept & bool(scatters),
    }


def _repeated_steps_differ(corrected: CorrectedRun, values: StepValues) -> BoolArray:
    """Steps with one target whose yields or absorptances differ beyond their noise; both are marked."""
    targets = corrected.run.target_power_density_mw_per_cm2
    first, again = np.nonzero(np.triu(targets[:, None] == targets[None, :], 1))
    differs = np.zeros(len(targets), dtype=bool)
    if not len(first):
        return differs
    covariance, variance = values.step_covariance, values.u_absorptance_own**2
    own = np.diag(covariance)
    u_plqy = np.sqrt(own[first] + own[again] - 2 * covariance[first, again])
    u_absorptance = np.sqrt(variance[first] + variance[again])
    apart = np.abs(values.plqy[first] - values.plqy[again]) > alarm_sigmas(4 * len(first)) * u_plqy
    apart |= (
        np.abs(values.absorptance[first] - values.absorptance[again])
        > alarm_sigmas(len(first)) * u_absorptance
    )
    differs[first[apart]] = differs[again[apart]] = True
    return differs


def _correlated_trend(values: FloatArray, covariance: FloatArray, abscissa: FloatArray) -> float:
    """Slope of correlated values over its standard error; 0 where no noise is known."""
    if not (np.diag(covariance) > 0).all():
        return 0.0
    scale = np.sqrt(np.diag(covariance))
    try:
        factor = np.linalg.cholesky(covariance / np.outer(scale, scale))
    except np.linalg.LinAlgError:
        return 0.0
    centred = abscissa - abscissa.mean()
    columns = np.stack([np.ones_like(centred), centred, values], axis=1) / scale[:, None]
    white = np.linalg.solve(factor, columns)
    normal = np.linalg.inv(white[:, :2].T @ white[:, :2])
    slope = float((normal @ white[:, :2].T @ white[:, 2])[1])
    return float(slope / np.sqrt(normal[1, 1]))


def signal_flags(
    corrected: CorrectedRun, pixels: NDArray[np.int64], *, emission: bool
) -> dict[Flag, BoolArray]:
    """Flags of the counts at these pixels, of the emission or of the excitation roles, [steps] each."""
    run = corrected.run
    steps = len(corrected.reference_power_w)
    saturated, near, weak, bad, hot = (np.zeros(steps, dtype=bool) for _ in range(5))
    for role, spectra in run.spectra.items():
        if role.is_emission is not emission:
            continue
        # NaN where a step wasn't measured, and nothing is above or below NaN.
        photons = corrected.photons[role]
        share = _replaced_share(photons, pixels)
        bad |= share > _MUCH_REPLACED[emission]
        hot |= 0 < share <= _MUCH_REPLACED[emission]
        # A bad pixel was replaced: what it shows is no matter.
        judged = pixels[~photons.bad_pixels[pixels]]
        if not len(judged):
            continue
        counts = spectra.counts[:, judged]
        saturated |= photons.saturated[:, judged].any(axis=1)
        near |= counts.max(axis=1) >= _NEAR_SATURATION * run.full_scale_counts
        if role in _ROLES_WITH_SIGNAL:
            net = counts - spectra.dark[:, judged]
            weak |= net.max(axis=1) < _WEAK_PEAK * run.full_scale_counts
    return {
        Flag.SATURATED: saturated,
        Flag.NEAR_SATURATION: near,
        Flag.WEAK_SIGNAL: weak,
        Flag.BAD_PIXEL_IN_WINDOW: bad,
        Flag.HOT_PIXEL: hot,
    }


def _replaced_share(photons: RolePhotons, pixels: NDArray[np.int64]) -> float:
    """Share of the light at these pixels that was interpolated, over all steps; 0 without bad pixels."""
    replaced = photons.bad_pixels[pixels]
    if not replaced.any():
        return 0.0
    light = np.abs(np.nansum(photons.photons_per_s[:, pixels], axis=0))
    total = float(light.sum())
    return max(float(light[replaced].sum()) / total, np.finfo(float).tiny) if total > 0 else 1.0


def _arrangement_flags(
    corrected: CorrectedRun, window: Window, weights: FloatArray, contents: Mapping[Role, WindowContent]
) -> dict[Flag, BoolArray]:
    steps = len(corrected.reference_power_w)
    masked = (weights != 0) & ~corrected.passed
    divided = corrected.choices.response_behind_long_pass is None
    seen_twice = closure(corrected, window)
    leakage = np.zeros(steps, dtype=bool)
    if Role.EMPTY_EMISSION in contents:
        empty, direct = contents[Role.EMPTY_EMISSION], contents[Role.DIRECT_EMISSION]
        noise = alarm_sigmas(steps) * np.sqrt(empty.random_variance)
        leakage = empty.integral > _LEAKAGE * direct.integral + noise
    elif seen_twice is not None:
        leakage |= seen_twice.leakage > _LEAKAGE + alarm_sigmas(4) * seen_twice.u_leakage
    mismatch = seen_twice is not None and (
        abs(seen_twice.mismatch) > _MISMATCH + alarm_sigmas(4) * seen_twice.u_mismatch
    )
    uncalibrated = weights[~np.isfinite(corrected.calibration.response.joules_per_count)]
    return {
        Flag.WINDOWS_OVERLAP: np.full(steps, window.overlaps(corrected.laser_window)),
        Flag.FILTER_EDGE_IN_WINDOW: np.full(steps, divided and bool(masked.any())),
        Flag.UNCALIBRATED_PIXEL: np.full(steps, bool(uncalibrated.any())),
        Flag.LEAKAGE: leakage,
        Flag.EMISSION_MISMATCH: np.full(steps, mismatch),
    }
