"""Quantum yield of each step and of the mean, with the derivative of each by every window integral.

The derivatives carry the whole uncertainty: every input error, random or common, reaches the result
through the window integrals, so one set of derivatives serves every term of the budget.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plqy_rig.data import Role
from plqy_rig.evaluation import formulas
from plqy_rig.evaluation.choices import LeakageModel

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

Integrals = Mapping[Role, FloatArray]
"""Window integrals in photons/s at the step's reference power, [steps], by role."""


class AbsorptanceEstimator(StrEnum):
    """Which absorptance enters each step's yield."""

    POOLED = "pooled"
    """One absorptance from all steps: absorption doesn't depend on power, its noise does."""
    PER_STEP = "per_step"
    """Each step its own: where the absorptance shows a trend (bleaching, saturation, heating)."""


@dataclass(frozen=True)
class Estimate:
    """Yields with their derivatives.

    Attributes:
        plqy: [steps].
        absorptance: each step's own, whatever estimator was used, [steps].
        absorptance_used: what entered the yields, [steps].
        gradient: ∂plqy[i]/∂integral[role][j], [steps, steps] by role.
        absorptance_gradient: ∂(ln absorptance_used[i])/∂integral[role][j], [steps, steps] by role.
        emission_rate: P_c - (1-A) P_b, [steps].
        absorbed_rate: L_a A, [steps].
    """

    plqy: FloatArray
    absorptance: FloatArray
    absorptance_used: FloatArray
    gradient: Mapping[Role, FloatArray]
    absorptance_gradient: Mapping[Role, FloatArray]
    emission_rate: FloatArray
    absorbed_rate: FloatArray


def estimate_steps(
    integrals: Integrals,
    reference_power_w: FloatArray,
    estimator: AbsorptanceEstimator,
    leakage_model: LeakageModel = LeakageModel.LASER,
) -> Estimate:
    """Yields of all steps (method, equations 1, 2 and 5) and their derivatives (section 7.1).

    Args:
        integrals: the five roles, and `Role.EMPTY_EMISSION` where it was measured; no NaN.
        reference_power_w: [steps]; pooling weights the steps equally, as if all had one power.
        estimator: which absorptance enters.
        leakage_model: how `Role.EMPTY_EMISSION` is scaled before it is subtracted.
    """
    laser_empty = integrals[Role.EMPTY_EXCITATION]
    indirect, direct = integrals[Role.INDIRECT_EXCITATION], integrals[Role.DIRECT_EXCITATION]
    ratio, by_indirect, by_direct = _transmitted_ratio(indirect, direct, reference_power_w, estimator)
    used = 1.0 - ratio
    leak_indirect, leak_direct = leakage_scales(integrals, leakage_model)
    leakage = integrals.get(Role.EMPTY_EMISSION, np.zeros_like(laser_empty))
    emission_indirect = integrals[Role.INDIRECT_EMISSION] - leak_indirect * leakage
    emission_direct = integrals[Role.DIRECT_EMISSION] - leak_direct * leakage
    plqy = formulas.quantum_yield(laser_empty, emission_indirect, emission_direct, used)

    absorbed = laser_empty * used
    by_ratio = (plqy * laser_empty - emission_indirect) / absorbed
    gradient = {
        Role.EMPTY_EXCITATION: np.diag(-plqy / laser_empty),
        Role.INDIRECT_EXCITATION: by_ratio[:, None] * by_indirect,
        Role.DIRECT_EXCITATION: by_ratio[:, None] * by_direct,
        Role.DIRECT_EMISSION: np.diag(1.0 / absorbed),
        Role.INDIRECT_EMISSION: np.diag(-ratio / absorbed),
    }
    if Role.EMPTY_EMISSION in integrals:
        remaining, leaked = leak_direct - ratio * leak_indirect, leakage / laser_empty / absorbed
        gradient[Role.EMPTY_EMISSION] = np.diag(-remaining / absorbed)
        if leakage_model is LeakageModel.LASER:
            for role, part in _by_leakage_scales(ratio, remaining, leaked).items():
                gradient[role] = gradient[role] + np.diag(part)
    return Estimate(
        plqy=plqy,
        absorptance=formulas.absorptance(indirect, direct),
        absorptance_used=used,
        gradient=gradient,
        absorptance_gradient={
            Role.INDIRECT_EXCITATION: -by_indirect / used[:, None],
            Role.DIRECT_EXCITATION: -by_direct / used[:, None],
        },
        emission_rate=emission_direct - ratio * emission_indirect,
        absorbed_rate=absorbed,
    )


def _by_leakage_scales(
    ratio: FloatArray, remaining: FloatArray, leaked: FloatArray
) -> dict[Role, FloatArray]:
    """Derivatives by the laser integrals that scale the leakage: g_k = L_k/L_a is measured as well."""
    return {
        Role.EMPTY_EXCITATION: remaining * leaked,
        Role.INDIRECT_EXCITATION: ratio * leaked,
        Role.DIRECT_EXCITATION: -leaked,
    }


def leakage_scales(integrals: Integrals, model: LeakageModel) -> tuple[FloatArray, FloatArray]:
    """g_b and g_c of equation 5, [steps] each."""
    laser_empty = integrals[Role.EMPTY_EXCITATION]
    if model is LeakageModel.FIXED:
        return np.ones_like(laser_empty), np.ones_like(laser_empty)
    return (
        integrals[Role.INDIRECT_EXCITATION] / laser_empty,
        integrals[Role.DIRECT_EXCITATION] / laser_empty,
    )


def _transmitted_ratio(
    indirect: FloatArray, direct: FloatArray, power: FloatArray, estimator: AbsorptanceEstimator
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Ratio r = L_c/L_b of each step, [steps], with ∂r/∂L_b and ∂r/∂L_c, [steps, steps]."""
    if estimator is AbsorptanceEstimator.PER_STEP or len(indirect) == 0:
        ratio = direct / indirect
        return ratio, np.diag(-ratio / indirect), np.diag(1.0 / indirect)
    total = float(np.sum(indirect / power))
    pooled = float(np.sum(direct / power)) / total
    count = len(indirect)
    by_direct = np.broadcast_to(1.0 / (power * total), (count, count))
    return np.full(count, pooled), np.asarray(-pooled * by_direct), np.asarray(by_direct)


def mean_weights(step_variance: FloatArray, in_range: BoolArray) -> FloatArray:
    """Weights of the steps in the mean, [steps]: inverse variance within the range, 0 outside.

    `step_variance` is the part that is independent between steps; where none is known (single scans)
    the steps count equally.
    """
    if not in_range.any():
        return np.full(len(in_range), np.nan)
    if (step_variance[in_range] > 0).all():
        weights = np.where(in_range, 1.0 / np.where(step_variance > 0, step_variance, 1.0), 0.0)
    else:
        weights = in_range.astype(np.float64)
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def trend_in_sigmas(values: FloatArray, sigmas: FloatArray, abscissa: FloatArray) -> float:
    """Slope of a weighted straight line over its standard error.

    Needs at least three points with a positive uncertainty; fewer show no trend (0).
    """
    usable = np.isfinite(values) & (sigmas > 0)
    if usable.sum() < 3:
        return 0.0
    weight = sigmas[usable] ** -2.0
    x, y = abscissa[usable], values[usable]
    centred = x - np.sum(weight * x) / np.sum(weight)
    spread = float(np.sum(weight * centred**2))
    if spread == 0:
        return 0.0
    return float(np.sum(weight * centred * y) / spread**0.5)


def shows_trend(values: FloatArray, sigmas: FloatArray, abscissa: FloatArray) -> bool:
    """Whether a weighted straight line has a slope beyond two of its standard errors (section 7.5)."""
    return abs(trend_in_sigmas(values, sigmas, abscissa)) > 2.0
