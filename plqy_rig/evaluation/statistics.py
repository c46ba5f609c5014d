"""Small statistics without scipy: thresholds that know how many tests are made, chi squared, Birge."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

FALSE_ALARMS_PER_RUN = 0.001
"""Probability that a test raises its flag anywhere in a run in which nothing is wrong."""


def alarm_sigmas(tests: int, level: float = FALSE_ALARMS_PER_RUN) -> float:
    """How many sigmas a two-sided test must exceed so that `tests` of them together rarely raise one.

    Bonferroni: each test gets its share of the level. 20 tests: 4.1; one: 3.3.
    """
    return NormalDist().inv_cdf(1.0 - level / (2.0 * max(tests, 1)))


def chi_squared_limit(degrees_of_freedom: FloatArray, sigmas: float) -> FloatArray:
    """Chi squared that is exceeded as seldom as a normal number exceeds `sigmas` (Wilson and Hilferty)."""
    spread = 2.0 / (9.0 * degrees_of_freedom)
    return np.asarray(degrees_of_freedom * (1.0 - spread + sigmas * np.sqrt(spread)) ** 3, dtype=np.float64)


def chi_squared_about_mean(values: FloatArray, covariance: FloatArray) -> tuple[float, int]:
    """Chi squared of correlated values about their best common value, and its degrees of freedom.

    Values without noise (a singular covariance) tell nothing: NaN.
    """
    degrees = len(values) - 1
    if degrees < 1 or not (np.diag(covariance) > 0).all():
        return float("nan"), max(degrees, 0)
    # Scaled to unit diagonal: yields and their variances may be of any size.
    scale = np.sqrt(np.diag(covariance))
    try:
        factor = np.linalg.cholesky(covariance / np.outer(scale, scale))
    except np.linalg.LinAlgError:
        return float("nan"), degrees
    white = np.linalg.solve(factor, np.stack([values / scale, 1.0 / scale], axis=1))
    best = float(white[:, 0] @ white[:, 1]) / float(white[:, 1] @ white[:, 1])
    residual = white[:, 0] - best * white[:, 1]
    return float(residual @ residual), degrees


def birge_factor(chi_squared: float, degrees_of_freedom: int) -> float:
    """max(1, sqrt(chi squared / degrees of freedom)); NaN when chi squared isn't known."""
    if degrees_of_freedom < 1 or not np.isfinite(chi_squared):
        return float("nan")
    return float(max(1.0, (chi_squared / degrees_of_freedom) ** 0.5))
