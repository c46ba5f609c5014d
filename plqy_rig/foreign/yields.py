"""Yield, absorptance and the two-measurement value with their derivatives by every window integral."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from calibration.roles import Role
from plqy_rig.evaluation import formulas
from plqy_rig.evaluation.choices import LeakageModel
from plqy_rig.evaluation.estimate import AbsorptanceEstimator, estimate_steps

Gradient = Mapping[Role, float]
Integrals = Mapping[Role, float]


@dataclass(frozen=True)
class Yields:
    """What the window integrals give; NaN where they give nothing.

    Attributes:
        plqy: the quantum yield.
        absorptance: A, or with two measurements A_2M, which holds the scattered light's part too.
        mu: share of scattered laser light absorbed; NaN with two measurements.
        plqy_2m: the two-measurement yield.
        by_integral: derivatives of `plqy`.
        absorptance_by_integral: relative derivatives of `absorptance`.
        absorbed_by_integral: relative derivatives of what the yield is divided by, the absorbed photons.
        mu_by_integral: derivatives of `mu`.
        plqy_2m_by_integral: derivatives of `plqy_2m`.
    """

    plqy: float
    absorptance: float
    mu: float
    plqy_2m: float
    by_integral: Gradient
    absorptance_by_integral: Gradient
    absorbed_by_integral: Gradient
    mu_by_integral: Gradient
    plqy_2m_by_integral: Gradient


_NOTHING = Yields(float("nan"), float("nan"), float("nan"), float("nan"), {}, {}, {}, {}, {})


def yields_of(integrals: Integrals, leakage: LeakageModel) -> Yields:
    """The yields of one measurement (method, equations 1 to 5).

    Args:
        integrals: laser and emission photons by role, in one common unit. Without
            `Role.INDIRECT_EXCITATION` it is a two-measurement evaluation; `Role.EMPTY_EMISSION` is optional.
        leakage: how the emission of the empty sphere is subtracted.
    """
    two_measurement = Role.INDIRECT_EXCITATION not in integrals
    lasers = [value for role, value in integrals.items() if not role.is_emission]
    if min(lasers) <= 0:
        return _NOTHING
    with np.errstate(divide="ignore", invalid="ignore"):
        return _two(integrals, leakage) if two_measurement else _three(integrals, leakage)


def _arrays(integrals: Integrals) -> dict[Role, formulas.FloatArray]:
    return {role: np.array([value]) for role, value in integrals.items()}


def _three(integrals: Integrals, leakage: LeakageModel) -> Yields:
    if integrals[Role.INDIRECT_EXCITATION] == integrals[Role.DIRECT_EXCITATION]:
        return replace(_NOTHING, absorptance=0.0)
    used = dict(integrals)
    if leakage is LeakageModel.LASER:
        # With one step g_c = (1-A) g_b, so that leaking laser light cancels in equation 2 altogether.
        used.pop(Role.EMPTY_EMISSION, None)
    estimate = estimate_steps(_arrays(used), np.ones(1), AbsorptanceEstimator.PER_STEP, leakage)
    absorptance = {role: float(matrix[0, 0]) for role, matrix in estimate.absorptance_gradient.items()}
    empty, indirect = integrals[Role.EMPTY_EXCITATION], integrals[Role.INDIRECT_EXCITATION]
    mu = formulas.indirect_absorptance(np.array([empty]), np.array([indirect]))
    two = _two(integrals, LeakageModel.FIXED)
    return Yields(
        plqy=float(estimate.plqy[0]),
        absorptance=float(estimate.absorptance[0]),
        mu=float(mu[0]),
        plqy_2m=two.plqy,
        by_integral={role: float(matrix[0, 0]) for role, matrix in estimate.gradient.items()},
        absorptance_by_integral=absorptance,
        absorbed_by_integral={**absorptance, Role.EMPTY_EXCITATION: 1 / empty},
        mu_by_integral={Role.EMPTY_EXCITATION: indirect / empty**2, Role.INDIRECT_EXCITATION: -1 / empty},
        plqy_2m_by_integral=two.by_integral,
    )


def _two(integrals: Integrals, leakage: LeakageModel) -> Yields:
    empty, direct = integrals[Role.EMPTY_EXCITATION], integrals[Role.DIRECT_EXCITATION]
    blank = integrals.get(Role.EMPTY_EMISSION, 0.0)
    share = direct / empty if leakage is LeakageModel.LASER else 1.0
    arrays = [np.array([value]) for value in (empty, direct, integrals[Role.DIRECT_EMISSION], share * blank)]
    absorbed = empty - direct
    if absorbed == 0:
        return replace(_NOTHING, absorptance=0.0)
    plqy = float(formulas.quantum_yield_2m(*arrays)[0])
    by_share = -blank / absorbed if leakage is LeakageModel.LASER else 0.0
    gradient = {
        Role.EMPTY_EXCITATION: -plqy / absorbed - by_share * direct / empty**2,
        Role.DIRECT_EXCITATION: plqy / absorbed + by_share / empty,
        Role.DIRECT_EMISSION: 1 / absorbed,
    }
    if Role.EMPTY_EMISSION in integrals:
        gradient[Role.EMPTY_EMISSION] = -share / absorbed
    return Yields(
        plqy=plqy,
        absorptance=float(formulas.absorptance(arrays[0], arrays[1])[0]),
        mu=float("nan"),
        plqy_2m=plqy,
        by_integral=gradient,
        absorptance_by_integral={
            Role.EMPTY_EXCITATION: direct / (empty * absorbed),
            Role.DIRECT_EXCITATION: -1 / absorbed,
        },
        absorbed_by_integral={Role.EMPTY_EXCITATION: 1 / absorbed, Role.DIRECT_EXCITATION: -1 / absorbed},
        mu_by_integral={},
        plqy_2m_by_integral=gradient,
    )
