"""Fits of the yield against power density, and the slope of emission against absorbed light.

Points are weighted by what may make them differ from each other: their random errors (with the correlation
that a pooled absorptance brings) and what linearity leaves. Systematic errors common to all points move the
amplitude only and aren't in the fit. Imports lmfit and scipy; nothing else in the evaluation does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import lmfit
import numpy as np
from numpy.typing import NDArray
from scipy import stats

from drivers.errors import ConfigurationError
from plqy_rig.data import WindowResult
from plqy_rig.evaluation.power_models import POWER_MODELS, PowerModel

FloatArray = NDArray[np.float64]

_AS_GOOD = 2.0
"""Models within this of the lowest AICc are equally supported; the one with fewer parameters is taken."""
_FEWEST_POINTS = 3


@dataclass(frozen=True, eq=False)
class ModelFit:
    """One fitted model.

    Attributes:
        name: of the model.
        formula: of the model; x is the power density in mW/cm².
        values: parameters by name, those that were fixed included.
        sigmas: their standard uncertainties; 0 where fixed, NaN where the data don't determine it.
        covariance: of the free parameters, in the order of `free`; None where it can't be computed.
        free: names of the fitted parameters.
        chi_squared: with the points' covariance.
        degrees_of_freedom: points less free parameters.
        aicc: chi squared + 2k + 2k(k+1)/(n-k-1); infinite with too few points.
        residuals: (point - model) / its standard uncertainty, [points].
    """

    name: str
    formula: str
    values: Mapping[str, float]
    sigmas: Mapping[str, float]
    covariance: FloatArray | None
    free: tuple[str, ...]
    chi_squared: float
    degrees_of_freedom: int
    aicc: float
    residuals: FloatArray

    @property
    def chi_squared_reduced(self) -> float:
        """Chi squared over its degrees of freedom; NaN without any."""
        return self.chi_squared / self.degrees_of_freedom if self.degrees_of_freedom > 0 else math.nan


@dataclass(frozen=True, eq=False)
class PowerDependence:
    """What the points say about power.

    Attributes:
        density: power densities fitted, mW/cm², [points].
        models: all fits, the simplest first.
        chosen: name of the model that AICc supports.
        p_no_trend: probability of a slope at least as steep if the yield didn't depend on power.
        emission_slope: d ln(emission) / d ln(absorbed light); 1 where the yield doesn't depend on power.
        u_emission_slope: its standard uncertainty.
    """

    density: FloatArray
    models: tuple[ModelFit, ...]
    chosen: str
    p_no_trend: float
    emission_slope: float
    u_emission_slope: float


def fit_window(window: WindowResult) -> PowerDependence:
    """Fit the steps of one window.

    Raises:
        ConfigurationError: fewer than three steps have a yield, or their noise isn't known.
    """
    steps = window.details.steps
    covariance, absorbed = steps.step_covariance, steps.absorbed_rate
    usable = np.isfinite(window.plqy) & (window.power_density_mw_per_cm2 > 0)
    if covariance is None or absorbed is None or usable.sum() < _FEWEST_POINTS:
        raise ConfigurationError(
            f"window {window.name}: a fit against power density needs at least {_FEWEST_POINTS} steps with a "
            "yield and its uncertainty"
        )
    return fit_power_dependence(
        window.power_density_mw_per_cm2[usable],
        window.plqy[usable],
        covariance[np.ix_(usable, usable)],
        absorbed[usable],
    )


def fit_power_dependence(
    density: FloatArray,
    plqy: FloatArray,
    covariance: FloatArray,
    absorbed: FloatArray | None = None,
    models: Sequence[PowerModel] = POWER_MODELS,
) -> PowerDependence:
    """Fit all models and choose one.

    Args:
        density: power densities x, mW/cm², [points].
        plqy: yields, [points].
        covariance: of the yields, [points, points]; variances alone ([points]) will do.
        absorbed: light absorbed on the direct pass, any unit, [points]; the density by default.
        models: which to fit; the first must be the constant.

    Raises:
        ConfigurationError: fewer than three points, or a point without an uncertainty.
    """
    covariance = np.diag(covariance) if covariance.ndim == 1 else covariance
    if len(density) < _FEWEST_POINTS or not (np.diag(covariance) > 0).all():
        raise ConfigurationError(
            f"a fit against power density needs at least {_FEWEST_POINTS} points, each with an uncertainty"
        )
    points = _Points.of(density, plqy, covariance)
    fits = tuple(_fit(model, points) for model in models if len(model.limits) + 1 <= len(density))
    slope, u_slope = _log_slope(points, density if absorbed is None else absorbed)
    return PowerDependence(
        density=density,
        models=fits,
        chosen=_choose(fits),
        p_no_trend=float(stats.chi2.sf((slope / u_slope) ** 2, 1)),
        emission_slope=1.0 + slope,
        u_emission_slope=u_slope,
    )


@dataclass(frozen=True)
class _Points:
    """Points to be fitted; `white` makes their errors independent and of size one."""

    x: FloatArray
    y: FloatArray
    sigma: FloatArray
    factor: FloatArray

    @classmethod
    def of(cls, x: FloatArray, y: FloatArray, covariance: FloatArray) -> _Points:
        sigma = np.sqrt(np.diag(covariance))
        return cls(x, y, sigma, np.linalg.cholesky(covariance / np.outer(sigma, sigma)))

    def white(self, values: FloatArray) -> FloatArray:
        return np.asarray(np.linalg.solve(self.factor, (values.T / self.sigma).T), dtype=np.float64)


def _fit(model: PowerModel, points: _Points) -> ModelFit:
    fixed = model.fixed(points.x)
    parameters = _start(model, points, fixed)

    def residual(given: lmfit.Parameters) -> FloatArray:
        values = given.valuesdict()
        amplitude = values.pop(model.amplitude)
        return points.white(points.y - amplitude * model.shape(points.x, **values))

    result = lmfit.Minimizer(residual, parameters, scale_covar=False).minimize(method="leastsq")
    values = {name: float(value) for name, value in result.params.valuesdict().items()}
    sigmas = {
        name: 0.0 if name in fixed else float(result.params[name].stderr or math.nan) for name in values
    }
    chi_squared = float(np.sum(residual(result.params) ** 2))
    free, count = len(values) - len(fixed), len(points.x)
    shape = model.shape(
        points.x, **{name: value for name, value in values.items() if name != model.amplitude}
    )
    return ModelFit(
        name=model.name,
        formula=model.formula,
        values={**values, **_derived(values)},
        sigmas={**sigmas, **_derived_sigmas(values, sigmas)},
        covariance=None if not hasattr(result, "covar") or result.covar is None else np.asarray(result.covar),
        free=tuple(result.var_names),
        chi_squared=chi_squared,
        degrees_of_freedom=count - free,
        aicc=_aicc(chi_squared, free, count),
        residuals=(points.y - values[model.amplitude] * shape) / points.sigma,
    )


def _start(model: PowerModel, points: _Points, fixed: Mapping[str, float]) -> lmfit.Parameters:
    """The best of the shapes to begin from, with the amplitude that suits it."""
    data = points.white(points.y)
    best: tuple[float, float, dict[str, float]] | None = None
    for start in model.starts(points.x):
        shape = points.white(model.shape(points.x, **fixed, **start))
        amplitude = float(shape @ data) / float(shape @ shape)
        left = float(np.sum((data - amplitude * shape) ** 2))
        if best is None or left < best[0]:
            best = left, amplitude, start
    assert best is not None
    parameters = lmfit.Parameters()
    parameters.add(model.amplitude, value=best[1])
    for name, (low, high) in model.limits.items():
        parameters.add(name, value=best[2][name], min=low, max=high)
    for name, value in fixed.items():
        parameters.add(name, value=value, vary=False)
    return parameters


def _derived(values: Mapping[str, float]) -> dict[str, float]:
    """x_s of the declining model, which is fitted by its inverse because that may be 0; NaN if it is."""
    if "x_s_inverse" not in values:
        return {}
    inverse = values["x_s_inverse"]
    return {"x_s": 1.0 / inverse if inverse > 0 else math.nan}


def _derived_sigmas(values: Mapping[str, float], sigmas: Mapping[str, float]) -> dict[str, float]:
    if "x_s_inverse" not in values:
        return {}
    inverse = values["x_s_inverse"]
    return {"x_s": sigmas["x_s_inverse"] / inverse**2 if inverse > 0 else math.nan}


def _aicc(chi_squared: float, free: int, points: int) -> float:
    if points - free - 1 <= 0:
        return math.inf
    return chi_squared + 2 * free + 2 * free * (free + 1) / (points - free - 1)


def _choose(fits: Sequence[ModelFit]) -> str:
    lowest = min(fit.aicc for fit in fits)
    supported = [fit for fit in fits if fit.aicc <= lowest + _AS_GOOD]
    return min(supported, key=lambda fit: (len(fit.free), fit.aicc)).name if supported else fits[0].name


def _log_slope(points: _Points, absorbed: FloatArray) -> tuple[float, float]:
    """Slope of ln(yield) against ln(absorbed light) and its standard uncertainty.

    Emission is yield times absorbed light, so its slope is one more; the noise that both axes would share
    (monitor, laser spectra) is in the covariance of the yields already.
    """
    logs = np.log(absorbed)
    relative = points.white(np.stack([points.y, points.y * (logs - logs.mean())], axis=1))
    data = points.white(points.y * np.log(np.abs(points.y)))
    normal = np.linalg.inv(relative.T @ relative)
    return float((normal @ relative.T @ data)[1]), float(np.sqrt(normal[1, 1]))
