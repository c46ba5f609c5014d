"""Variances of the steps' yields and of their mean, by term of the budget, and the intervals they give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plqy_rig.data import Role
from plqy_rig.evaluation.choices import EvaluationChoices, LeakageModel
from plqy_rig.evaluation.estimate import Estimate, leakage_scales
from plqy_rig.evaluation.intervals import fieller_interval
from plqy_rig.evaluation.reabsorption import Reabsorption
from plqy_rig.evaluation.statistics import birge_factor, chi_squared_about_mean
from plqy_rig.evaluation.uncertainty import (
    RANDOM_TERMS,
    CommonErrors,
    Contents,
    random_covariance,
    total,
    variance_terms,
)

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Variances:
    """What is known of the errors of one window's yields.

    Attributes:
        of_steps: variance of each step's yield, [steps] by term.
        of_mean: variance of the mean by term.
        weights: of the steps in the mean, [steps].
        step_covariance: of what may make the steps differ: random errors and what linearity leaves,
            [steps, steps].
        common_relative: one sigma of what scales a step's yield but reaches it through no integral (leakage
            model, re-absorption), relative, [steps].
        absorptance: relative variance of the absorptance used, [steps + 1], the last of the mean.
        with_absorptance: covariance of each yield's relative error with that of its absorptance, [steps + 1].
        denominator_is_common: whether the mean is a ratio with one absorptance below.
        leakage: the leakage model used.
    """

    of_steps: Mapping[str, FloatArray]
    of_mean: Mapping[str, float]
    weights: FloatArray
    step_covariance: FloatArray
    common_relative: FloatArray
    absorptance: FloatArray
    with_absorptance: FloatArray
    denominator_is_common: bool
    leakage: LeakageModel

    def sigma_of_mean(self, *, random: bool | None = None) -> float:
        """Standard uncertainty of the mean: all of it, its random or its systematic part."""
        wanted = [
            variance
            for name, variance in self.of_mean.items()
            if random is None or random == (name in RANDOM_TERMS)
        ]
        return float(np.sqrt(sum(wanted)))

    def sigma_of_absorptance(self, absorptance_used: FloatArray) -> FloatArray:
        """Standard uncertainty of the absorptance of each step, [steps]."""
        return np.asarray(np.abs(absorptance_used) * np.sqrt(self.absorptance[:-1]), dtype=np.float64)

    def relative_sigma_of_mean_absorptance(self) -> float:
        """Relative standard uncertainty of the absorptance in the mean."""
        return float(np.sqrt(self.absorptance[-1]))

    def step_intervals(self, plqy: FloatArray, sigmas: float) -> FloatArray:
        """Interval of each step, [steps, 2]."""
        covariance = self.with_absorptance[:-1] * plqy
        return fieller_interval(plqy, total(self.of_steps), self.absorptance[:-1], covariance, sigmas)

    def mean_interval(self, mean: float, sigmas: float) -> tuple[float, float]:
        """Interval of the mean; symmetric when each step has its own absorptance."""
        known = self.denominator_is_common
        found = fieller_interval(
            np.array([mean]),
            np.array([sum(self.of_mean.values())]),
            self.absorptance[-1:] if known else np.zeros(1),
            self.with_absorptance[-1:] * mean if known else np.zeros(1),
            sigmas,
        )
        return float(found[0, 0]), float(found[0, 1])


def variances_of(
    estimate: Estimate,
    contents: Contents,
    common: CommonErrors,
    choices: EvaluationChoices,
    weights: FloatArray,
    reabsorption: Reabsorption,
    pooled: bool,
) -> Variances:
    """Propagate every error to the steps, to their mean, to the absorptance and to what both share."""
    steps = len(estimate.plqy)
    mean = weights @ estimate.plqy
    yields = {role: np.vstack([part, weights @ part]) for role, part in estimate.gradient.items()}
    below = {role: np.vstack([part, weights @ part]) for role, part in estimate.absorptance_gradient.items()}
    scale = np.append(estimate.plqy, mean)
    scale[scale == 0] = np.nan
    targets = {
        role: np.concatenate(
            [
                part,
                below.get(role, np.zeros_like(part)),
                part / scale[:, None] + below.get(role, 0.0),
            ]
        )
        for role, part in yields.items()
    }
    terms = variance_terms(targets, contents, common)
    of_yields, of_absorptance, of_both = np.split(total(terms), 3)
    own = {name: variance[: steps + 1] for name, variance in terms.items()}
    relative = _relative_terms(estimate, contents, reabsorption)
    for name, sizes in relative.items():
        own[name] = np.append(sizes * estimate.plqy, weights @ (sizes * estimate.plqy)) ** 2
    step_covariance = _step_covariance(estimate, contents, common)
    of_mean = {name: float(variance[-1]) for name, variance in own.items()}
    if choices.birge:
        of_mean = _enlarged(of_mean, estimate.plqy, step_covariance, weights > 0)
    return Variances(
        of_steps={name: variance[:-1] for name, variance in own.items()},
        of_mean=of_mean,
        weights=weights,
        step_covariance=step_covariance,
        common_relative=np.sqrt(np.asarray(sum(size**2 for size in relative.values()), dtype=np.float64))
        if relative
        else np.zeros(steps),
        absorptance=of_absorptance,
        with_absorptance=(of_both - of_yields / scale**2 - of_absorptance) / 2,
        denominator_is_common=pooled,
        leakage=choices.leakage,
    )


def _enlarged(
    of_mean: Mapping[str, float], plqy: FloatArray, covariance: FloatArray, in_mean: NDArray[np.bool_]
) -> dict[str, float]:
    """The mean's variances with the random terms enlarged by the Birge factor."""
    factor = birge_factor(*chi_squared_about_mean(plqy[in_mean], covariance[np.ix_(in_mean, in_mean)]))
    factor = factor if np.isfinite(factor) else 1.0
    return {
        name: variance * factor**2 if name in RANDOM_TERMS else variance for name, variance in of_mean.items()
    }


def _step_covariance(estimate: Estimate, contents: Contents, common: CommonErrors) -> FloatArray:
    counted = np.asarray(
        sum(part @ contents[role].counts_weighted for role, part in estimate.gradient.items()),
        dtype=np.float64,
    )
    linearity = counted * common.linearity_per_count
    return np.asarray(
        random_covariance(estimate.gradient, contents) + np.outer(linearity, linearity), dtype=np.float64
    )


def _relative_terms(
    estimate: Estimate, contents: Contents, reabsorption: Reabsorption
) -> dict[str, FloatArray]:
    """Systematic errors that scale a yield directly, relative one sigma, [steps] by term."""
    found: dict[str, FloatArray] = {}
    if Role.EMPTY_EMISSION in contents and len(estimate.plqy):
        found["leakage_model"] = _leakage_model(estimate, contents)
    if reabsorption.u_share:
        found["reabsorption"] = reabsorption.relative_uncertainty(estimate.plqy)
    return found


def _leakage_model(estimate: Estimate, contents: Contents) -> FloatArray:
    """The two leakage models' difference as the half-width of a rectangular distribution, relative.

    Computed from the mean leakage of all steps, so that a spectrum without any adds no noise of its own.
    """
    integrals = {role: content.integral for role, content in contents.items()}
    ratio = 1.0 - estimate.absorptance_used
    change = np.zeros_like(ratio)
    for sign, model in ((1.0, LeakageModel.LASER), (-1.0, LeakageModel.FIXED)):
        indirect, direct = leakage_scales(integrals, model)
        change += sign * (direct - ratio * indirect)
    power = integrals[Role.EMPTY_EXCITATION]
    leakage = integrals[Role.EMPTY_EMISSION].sum() / power.sum() * power
    return np.asarray(np.abs(change * leakage / estimate.emission_rate) / 3**0.5, dtype=np.float64)
