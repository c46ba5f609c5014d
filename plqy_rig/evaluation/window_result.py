"""One emission window of a run: yields, uncertainties, intervals, mean and flags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plqy_rig.data import MeanDetails, Role, StepDetails, WindowDetails, WindowResult
from plqy_rig.evaluation import formulas
from plqy_rig.evaluation.checks import MeanComparison, StepValues, check_steps
from plqy_rig.evaluation.choices import EstimatorChoice, EvaluationChoices, steps_in_range
from plqy_rig.evaluation.corrected_run import CorrectedRun
from plqy_rig.evaluation.estimate import (
    AbsorptanceEstimator,
    Estimate,
    estimate_steps,
    leakage_scales,
    mean_weights,
    shows_trend,
)
from plqy_rig.evaluation.flags import Flag
from plqy_rig.evaluation.intervals import MOST_SYMMETRIC, SIGMAS_68, SIGMAS_95
from plqy_rig.evaluation.reabsorption import Reabsorption, reabsorption_of
from plqy_rig.evaluation.statistics import birge_factor, chi_squared_about_mean
from plqy_rig.evaluation.uncertainty import RANDOM_TERMS, Contents, total, variance_terms
from plqy_rig.evaluation.variances import Variances, variances_of
from plqy_rig.evaluation.windows import Window

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class WindowProblem:
    """One window of the steps that can be evaluated, as every estimate of it needs it.

    Attributes:
        window: the emission window.
        usable: which of the run's steps these are, [steps of the run].
        contents: every role cut to its window, [usable steps].
        power_w: reference power, [usable steps].
        density: power density in mW/cm², [usable steps].
        in_range: which of them are in the range of the mean, [usable steps].
        estimator: which absorptance enters.
        estimate: yields with derivatives.
        variances: by term, of steps and mean.
        reabsorption: what is assumed of the light that the sample absorbs again.
    """

    window: Window
    usable: BoolArray
    contents: Contents
    power_w: FloatArray
    density: FloatArray
    in_range: BoolArray
    estimator: AbsorptanceEstimator
    estimate: Estimate
    variances: Variances
    reabsorption: Reabsorption


def pose(corrected: CorrectedRun, window: Window) -> WindowProblem:
    """Cut a run to a window, choose the estimator, and estimate."""
    contents = corrected.contents(window)
    usable = np.all(
        [np.isfinite(content.integral) & (content.integral != 0) for content in contents.values()], axis=0
    )
    kept = {role: content.at(usable) for role, content in contents.items()}
    density = corrected.power_density_mw_per_cm2[usable]
    in_range = steps_in_range(density, corrected.choices.range_mw_per_cm2)
    power_w = corrected.reference_power_w[usable]
    estimator = _estimator(kept, density, corrected.choices.estimator)
    estimate, weights = _estimate(corrected.choices, kept, power_w, in_range, estimator)
    pooled = estimator is AbsorptanceEstimator.POOLED
    again = reabsorption_of(corrected, corrected.choices, corrected.weights(window), usable)
    variances = variances_of(
        estimate, kept, corrected.common_errors, corrected.choices, weights, again, pooled
    )
    return WindowProblem(
        window, usable, kept, power_w, density, in_range, estimator, estimate, variances, again
    )


def evaluate_window(
    corrected: CorrectedRun, problem: WindowProblem, of_run: Mapping[Flag, BoolArray]
) -> WindowResult:
    """The analytic result of one window; steps that can't be evaluated are NaN rows with a flag."""
    estimate, variances, usable = problem.estimate, problem.variances, problem.usable
    window = problem.window
    mean = float(variances.weights @ estimate.plqy) if problem.in_range.any() else float("nan")
    mean_details = _mean_details(corrected, problem, mean)
    values = _step_values(problem)
    flags = check_steps(
        corrected,
        problem.window,
        corrected.contents(window) if not usable.all() else problem.contents,
        values,
        MeanComparison(mean, variances.sigma_of_mean(), mean_details),
        {**of_run, Flag.REABSORPTION: np.full(len(usable), problem.reabsorption.is_estimated)},
    )
    return WindowResult(
        name=window.name,
        low_nm=window.low_nm,
        high_nm=window.high_nm,
        power_density_mw_per_cm2=corrected.power_density_mw_per_cm2,
        plqy=values.plqy,
        u_plqy=_symmetric_u_plqy(values),
        ci68=_scatter(usable, variances.step_intervals(estimate.plqy, SIGMAS_68)),
        ci95=_scatter(usable, variances.step_intervals(estimate.plqy, SIGMAS_95)),
        absorptance=values.absorptance,
        mu=values.mu,
        plqy_2m=values.plqy_2m,
        flags=flags,
        mean_plqy=mean,
        u_mean_plqy=variances.sigma_of_mean() if mean_details.symmetric else float("nan"),
        range_mw_per_cm2=corrected.choices.range_mw_per_cm2,
        budget=_relative_budget(variances.of_mean, mean),
        estimator=str(problem.estimator),
        details=WindowDetails(
            steps=_step_details(problem, values),
            mean=mean_details,
            step_budget={
                name: _scatter(usable, np.sqrt(term) / np.abs(estimate.plqy))
                for name, term in variances.of_steps.items()
            },
        ),
    )


def _symmetric_u_plqy(values: StepValues) -> FloatArray:
    """Standard uncertainty of each step; NaN where the absorptance is too uncertain for a ±."""
    relative = np.divide(
        values.u_absorptance,
        np.abs(values.absorptance_used),
        out=np.full(len(values.plqy), np.nan),
        where=values.absorptance_used != 0,
    )
    return np.where(relative > MOST_SYMMETRIC, np.nan, values.u_plqy)


def _relative_budget(variances: Mapping[str, float], mean: float) -> dict[str, float]:
    """What each term contributes to the mean, relative."""
    return {
        name: float(np.sqrt(variance)) / abs(mean) if mean else float("nan")
        for name, variance in variances.items()
    }


def _estimate(
    choices: EvaluationChoices,
    contents: Contents,
    power_w: FloatArray,
    in_range: BoolArray,
    estimator: AbsorptanceEstimator,
) -> tuple[Estimate, FloatArray]:
    """Yields with derivatives, and the weights of the steps in the mean."""
    integrals = {role: content.integral for role, content in contents.items()}
    estimate = estimate_steps(integrals, power_w, estimator, choices.leakage)
    own_variance = np.asarray(
        sum(np.diag(estimate.gradient[role]) ** 2 * contents[role].random_variance for role in contents),
        dtype=np.float64,
    )
    return estimate, mean_weights(own_variance, in_range)


def _estimator(contents: Contents, density: FloatArray, choice: EstimatorChoice) -> AbsorptanceEstimator:
    """Pooled absorptance unless it shows a trend with power density (method, section 7.5), or as chosen."""
    if choice is not EstimatorChoice.AUTO:
        return AbsorptanceEstimator(choice.value)
    absorptance = formulas.absorptance(
        contents[Role.INDIRECT_EXCITATION].integral, contents[Role.DIRECT_EXCITATION].integral
    )
    trend = shows_trend(absorptance, _absorptance_sigma(contents), density)
    return AbsorptanceEstimator.PER_STEP if trend else AbsorptanceEstimator.POOLED


def _step_values(problem: WindowProblem) -> StepValues:
    estimate, variances, contents, usable = (
        problem.estimate,
        problem.variances,
        problem.contents,
        problem.usable,
    )
    empty, indirect = contents[Role.EMPTY_EXCITATION], contents[Role.INDIRECT_EXCITATION]
    covariance = np.full((len(usable), len(usable)), np.nan)
    covariance[np.ix_(usable, usable)] = variances.step_covariance
    mu = formulas.indirect_absorptance(empty.integral, indirect.integral)
    return StepValues(
        plqy=_scatter(usable, estimate.plqy),
        u_plqy=_scatter(usable, np.sqrt(total(variances.of_steps))),
        absorptance=_scatter(usable, estimate.absorptance),
        u_absorptance_own=_scatter(usable, _absorptance_sigma(contents)),
        absorptance_used=_scatter(usable, estimate.absorptance_used),
        u_absorptance=_scatter(usable, variances.sigma_of_absorptance(estimate.absorptance_used)),
        mu=_scatter(usable, mu),
        u_mu=_scatter(
            usable, (1 - mu) * _ratio_sigma(contents, Role.EMPTY_EXCITATION, Role.INDIRECT_EXCITATION)
        ),
        plqy_2m=_scatter(usable, _two_measurement(problem)),
        u_plqy_2m=_scatter(usable, _two_measurement_sigma(problem)),
        step_covariance=covariance,
        in_mean=_scatter(usable, problem.in_range.astype(np.float64)) == 1,
    )


def _step_details(problem: WindowProblem, values: StepValues) -> StepDetails:
    estimate, variances, usable = problem.estimate, problem.variances, problem.usable
    common = [name for name in variances.of_steps if name not in RANDOM_TERMS]
    contents = problem.contents
    return StepDetails(
        u_plqy_random=_scatter(usable, np.sqrt(total(variances.of_steps, RANDOM_TERMS))),
        u_plqy_systematic=_scatter(usable, np.sqrt(total(variances.of_steps, common))),
        step_covariance=values.step_covariance,
        absorptance_used=values.absorptance_used,
        u_absorptance=values.u_absorptance,
        absorptance_2m=_scatter(
            usable,
            formulas.absorptance(
                contents[Role.EMPTY_EXCITATION].integral, contents[Role.DIRECT_EXCITATION].integral
            ),
        ),
        u_plqy_2m=values.u_plqy_2m,
        plqy_reabsorption_corrected=_scatter(
            usable,
            formulas.reabsorption_corrected(estimate.plqy, np.asarray(problem.reabsorption.share)),
        )
        if problem.reabsorption.share
        else None,
        emission_rate=_scatter(usable, estimate.emission_rate),
        absorbed_rate=_scatter(usable, estimate.absorbed_rate),
    )


def _mean_details(corrected: CorrectedRun, problem: WindowProblem, mean: float) -> MeanDetails:
    if not problem.in_range.any():
        return MeanDetails(symmetric=False)
    variances, estimate = problem.variances, problem.estimate
    weights, in_range = variances.weights, problem.in_range
    chi_squared, degrees = chi_squared_about_mean(
        estimate.plqy[in_range], variances.step_covariance[np.ix_(in_range, in_range)]
    )
    u_absorptance = variances.relative_sigma_of_mean_absorptance()
    intervals = [variances.mean_interval(mean, sigmas) for sigmas in (SIGMAS_68, SIGMAS_95)]
    other, u_other = _other_estimator(corrected, problem)
    absorptance = float(weights @ estimate.absorptance_used)
    without, u_without = _before_reabsorption(problem, mean)
    return MeanDetails(
        u_random=variances.sigma_of_mean(random=True),
        u_systematic=variances.sigma_of_mean(random=False),
        ci68=intervals[0],
        ci95=intervals[1],
        symmetric=bool(u_absorptance <= MOST_SYMMETRIC),
        steps=int(in_range.sum()),
        absorptance=absorptance,
        u_absorptance=u_absorptance * abs(absorptance),
        chi_squared=chi_squared,
        degrees_of_freedom=degrees,
        birge_factor=birge_factor(chi_squared, degrees),
        plqy_2m=float(weights @ _two_measurement(problem)),
        u_plqy_2m=float(np.sqrt(weights**2 @ _two_measurement_sigma(problem) ** 2)),
        reabsorbed_fraction=problem.reabsorption.share,
        reabsorption_corrected=without,
        u_reabsorption_corrected=u_without,
        other_estimator=other,
        u_other_estimator=u_other,
    )


def _before_reabsorption(problem: WindowProblem, mean: float) -> tuple[float, float]:
    """The mean before re-absorption (equation 6) and its standard uncertainty; NaN where none is assumed."""
    again = problem.reabsorption
    if not again.share:
        return float("nan"), float("nan")
    plqy = np.array([mean])
    found = float(formulas.reabsorption_corrected(plqy, np.array([again.share]))[0])
    measured = sum(size for name, size in problem.variances.of_mean.items() if name != "reabsorption")
    slope = (1 - again.share) / (1 - again.share + again.share * mean)
    relative = np.hypot(slope * np.sqrt(measured) / mean, again.relative_uncertainty_corrected(plqy)[0])
    return found, float(found * relative)


def _other_estimator(corrected: CorrectedRun, problem: WindowProblem) -> tuple[float, float]:
    """The mean and its uncertainty with the absorptance that wasn't used."""
    pooled = problem.estimator is AbsorptanceEstimator.POOLED
    other = AbsorptanceEstimator.PER_STEP if pooled else AbsorptanceEstimator.POOLED
    estimate, weights = _estimate(
        corrected.choices, problem.contents, problem.power_w, problem.in_range, other
    )
    of_mean = {role: (weights @ part)[None, :] for role, part in estimate.gradient.items()}
    terms = variance_terms(of_mean, problem.contents, corrected.common_errors)
    # What scales the yield directly is the same for both.
    direct = sum(problem.variances.of_mean.get(name, 0.0) for name in ("leakage_model", "reabsorption"))
    return float(weights @ estimate.plqy), float(np.sqrt(total(terms)[0] + direct))


def _absorptance_sigma(contents: Contents) -> FloatArray:
    """u_A = (1-A) u_r/r, random part only (method, section 7.1)."""
    indirect, direct = contents[Role.INDIRECT_EXCITATION], contents[Role.DIRECT_EXCITATION]
    sigma = _ratio_sigma(contents, Role.INDIRECT_EXCITATION, Role.DIRECT_EXCITATION)
    return np.asarray(direct.integral / indirect.integral * sigma, dtype=np.float64)


def _ratio_sigma(contents: Contents, below: Role, above: Role) -> FloatArray:
    """Relative random uncertainty of the ratio of two integrals, [steps]."""
    parts = [np.sqrt(contents[role].random_variance) / contents[role].integral for role in (below, above)]
    return np.asarray(np.hypot(*parts), dtype=np.float64)


def _leakage(problem: WindowProblem) -> FloatArray:
    """What leakage adds to the direct emission, scaled as chosen, [steps]."""
    empty = problem.contents.get(Role.EMPTY_EMISSION)
    if empty is None:
        return np.zeros(len(problem.power_w))
    integrals = {role: content.integral for role, content in problem.contents.items()}
    return np.asarray(leakage_scales(integrals, problem.variances.leakage)[1] * empty.integral)


def _two_measurement(problem: WindowProblem) -> FloatArray:
    contents = problem.contents
    return formulas.quantum_yield_2m(
        contents[Role.EMPTY_EXCITATION].integral,
        contents[Role.DIRECT_EXCITATION].integral,
        contents[Role.DIRECT_EMISSION].integral,
        _leakage(problem),
    )


def _two_measurement_sigma(problem: WindowProblem) -> FloatArray:
    """Random part only: what the two results don't share."""
    contents = problem.contents
    empty, direct = contents[Role.EMPTY_EXCITATION], contents[Role.DIRECT_EXCITATION]
    emission = contents[Role.DIRECT_EMISSION]
    laser_variance = empty.random_variance + direct.random_variance
    relative_variance = (
        emission.random_variance / emission.integral**2
        + laser_variance / (empty.integral - direct.integral) ** 2
    )
    return np.asarray(np.abs(_two_measurement(problem)) * np.sqrt(relative_variance), dtype=np.float64)


def _scatter(usable: BoolArray, values: FloatArray) -> FloatArray:
    """Put the values of usable steps back among all steps; NaN elsewhere."""
    if usable.all():
        return np.asarray(values, dtype=np.float64)
    scattered = np.full((len(usable), *values.shape[1:]), np.nan)
    scattered[usable] = values
    return scattered
