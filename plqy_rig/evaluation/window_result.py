"""One emission window of a run: yields, uncertainties, mean and flags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration import CalibrationSet
from plqy_rig.data import Role, Run, WindowResult
from plqy_rig.evaluation import formulas
from plqy_rig.evaluation.chain import RolePhotons
from plqy_rig.evaluation.checks import StepValues, check_steps
from plqy_rig.evaluation.estimate import (
    AbsorptanceEstimator,
    Estimate,
    estimate_steps,
    mean_weights,
    shows_trend,
)
from plqy_rig.evaluation.uncertainty import WindowContent, variance_terms
from plqy_rig.evaluation.windows import Window

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Contents = Mapping[Role, WindowContent]

_RANGE_TOLERANCE = 0.02
"""A step aimed at the edge of the averaging range belongs to it although its power is 2 % off."""
_TWO_SIDED_95 = 1.959964


@dataclass(frozen=True)
class CorrectedRun:
    """A run behind the correction chain: what every window is cut from.

    Attributes:
        run: as measured.
        photons: each role after the chain.
        calibration: the records used.
        reference_power_w: common monitor power of each step, [steps].
        laser_window: where the laser line is.
    """

    run: Run
    photons: Mapping[Role, RolePhotons]
    calibration: CalibrationSet
    reference_power_w: FloatArray
    laser_window: Window

    @property
    def power_density_mw_per_cm2(self) -> FloatArray:
        """At the sample, [steps] (method, section 8)."""
        sphere_power_w = self.calibration.monitor_ratio.ratio * self.reference_power_w
        return self.calibration.beam.power_density_mw_per_cm2(sphere_power_w)

    def contents(self, window: Window) -> dict[Role, WindowContent]:
        """Every role cut to its window: the laser's for excitation, `window` for emission."""
        emission = window.pixel_fractions(self.run.wavelength_nm)
        laser = self.laser_window.pixel_fractions(self.run.wavelength_nm)
        return {
            role: WindowContent.of(photons, emission if role.is_emission else laser)
            for role, photons in self.photons.items()
        }


@dataclass(frozen=True)
class _Variances:
    """Variances of the steps' yields and of their mean, by term of the budget."""

    of_steps: Mapping[str, FloatArray]
    of_mean: Mapping[str, float]
    weights: FloatArray


def evaluate_window(
    corrected: CorrectedRun, window: Window, range_mw_per_cm2: tuple[float, float]
) -> WindowResult:
    """Evaluate one emission window; steps that can't be evaluated become NaN rows with a flag."""
    contents = corrected.contents(window)
    usable = np.all(
        [np.isfinite(content.integral) & (content.integral != 0) for content in contents.values()], axis=0
    )
    kept = {role: content.at(usable) for role, content in contents.items()}
    density = corrected.power_density_mw_per_cm2
    low, high = range_mw_per_cm2
    in_range = (density >= low * (1 - _RANGE_TOLERANCE)) & (density <= high * (1 + _RANGE_TOLERANCE))
    estimate, estimator = _estimate(kept, corrected.reference_power_w[usable], density[usable])
    variances = _variances(estimate, kept, corrected.calibration, in_range[usable])
    values = StepValues(
        plqy=_scatter(usable, estimate.plqy),
        u_plqy=_scatter(usable, _sigma(variances.of_steps)),
        absorptance=_scatter(usable, estimate.absorptance),
        u_absorptance=_scatter(usable, _absorptance_sigma(kept)),
        mu=_scatter(usable, _mu(kept)),
        plqy_2m=_scatter(usable, _two_measurement(kept)),
        u_plqy_2m_random=_scatter(usable, _two_measurement_sigma(kept)),
    )
    mean = float(variances.weights @ estimate.plqy) if in_range[usable].any() else float("nan")
    half_width = np.stack([-values.u_plqy, values.u_plqy], axis=1)
    return WindowResult(
        name=window.name,
        low_nm=window.low_nm,
        high_nm=window.high_nm,
        power_density_mw_per_cm2=density,
        plqy=values.plqy,
        u_plqy=values.u_plqy,
        ci68=values.plqy[:, None] + half_width,
        ci95=values.plqy[:, None] + _TWO_SIDED_95 * half_width,
        absorptance=values.absorptance,
        mu=values.mu,
        plqy_2m=values.plqy_2m,
        flags=check_steps(corrected, window, contents, values),
        mean_plqy=mean,
        u_mean_plqy=float(np.sqrt(sum(variances.of_mean.values()))),
        range_mw_per_cm2=range_mw_per_cm2,
        budget={
            name: float(np.sqrt(term)) / abs(mean) if mean else float("nan")
            for name, term in variances.of_mean.items()
        },
        estimator=str(estimator),
        warnings=(),
    )


def _estimate(
    contents: Contents, power_w: FloatArray, density: FloatArray
) -> tuple[Estimate, AbsorptanceEstimator]:
    """Pooled absorptance unless it shows a trend with power density (method, section 7.5)."""
    integrals = {role: content.integral for role, content in contents.items()}
    absorptance = formulas.absorptance(integrals[Role.INDIRECT_EXCITATION], integrals[Role.DIRECT_EXCITATION])
    trend = shows_trend(absorptance, _absorptance_sigma(contents), density)
    estimator = AbsorptanceEstimator.PER_STEP if trend else AbsorptanceEstimator.POOLED
    return estimate_steps(integrals, power_w, estimator), estimator


def _absorptance_sigma(contents: Contents) -> FloatArray:
    """u_A = (1-A) u_r/r, random part only (method, section 7.1)."""
    indirect, direct = contents[Role.INDIRECT_EXCITATION], contents[Role.DIRECT_EXCITATION]
    ratio_sigma = np.hypot(
        np.sqrt(indirect.random_variance) / indirect.integral,
        np.sqrt(direct.random_variance) / direct.integral,
    )
    return np.asarray(direct.integral / indirect.integral * ratio_sigma, dtype=np.float64)


def _mu(contents: Contents) -> FloatArray:
    return formulas.indirect_absorptance(
        contents[Role.EMPTY_EXCITATION].integral, contents[Role.INDIRECT_EXCITATION].integral
    )


def _two_measurement(contents: Contents) -> FloatArray:
    emission = contents[Role.DIRECT_EMISSION].integral
    empty = contents.get(Role.EMPTY_EMISSION)
    return formulas.quantum_yield_2m(
        contents[Role.EMPTY_EXCITATION].integral,
        contents[Role.DIRECT_EXCITATION].integral,
        emission,
        np.zeros_like(emission) if empty is None else empty.integral,
    )


def _two_measurement_sigma(contents: Contents) -> FloatArray:
    """Random part only: what the two results don't share."""
    empty, direct = contents[Role.EMPTY_EXCITATION], contents[Role.DIRECT_EXCITATION]
    emission = contents[Role.DIRECT_EMISSION]
    laser_variance = empty.random_variance + direct.random_variance
    relative_variance = (
        emission.random_variance / emission.integral**2
        + laser_variance / (empty.integral - direct.integral) ** 2
    )
    return np.asarray(np.abs(_two_measurement(contents)) * np.sqrt(relative_variance), dtype=np.float64)


def _variances(
    estimate: Estimate, contents: Contents, calibration: CalibrationSet, in_range: BoolArray
) -> _Variances:
    own_variance = np.sum(
        [np.diag(estimate.gradient[role]) ** 2 * contents[role].random_variance for role in contents],
        axis=0,
    )
    weights = mean_weights(own_variance, in_range)
    steps_and_mean = {
        role: np.vstack([gradient, weights @ gradient]) for role, gradient in estimate.gradient.items()
    }
    terms = variance_terms(steps_and_mean, contents, calibration)
    return _Variances(
        of_steps={name: variance[:-1] for name, variance in terms.items()},
        of_mean={name: float(variance[-1]) for name, variance in terms.items()},
        weights=weights,
    )


def _sigma(terms: Mapping[str, FloatArray]) -> FloatArray:
    return np.asarray(np.sqrt(np.sum(list(terms.values()), axis=0)), dtype=np.float64)


def _scatter(usable: BoolArray, values: FloatArray) -> FloatArray:
    """Put the values of usable steps back among all steps; NaN elsewhere."""
    scattered = np.full(len(usable), np.nan)
    scattered[usable] = values
    return scattered
