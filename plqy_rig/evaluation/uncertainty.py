"""From derivatives to uncertainties: every term of the budget, random and common (GUM, first order).

Random terms differ from exposure to exposure and shrink in the mean: scan noise and monitor noise.
Common terms are one unknown number or curve for the whole run and don't: the shape of the response, the
long-pass, what the linearity correction leaves, the leakage model, re-absorption where it is stated. The
scale of the response cancels in every yield.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plqy_rig.data import Role
from plqy_rig.evaluation.content import WindowContent

FloatArray = NDArray[np.float64]

RANDOM_TERMS = ("scan_noise", "monitor_noise")
COMMON_TERMS = ("response_shape", "long_pass", "linearity", "leakage_model", "reabsorption")

Gradient = Mapping[Role, FloatArray]
"""∂target/∂integral, [targets, steps] by role."""
Contents = Mapping[Role, WindowContent]


@dataclass(frozen=True)
class CommonErrors:
    """Sizes of the errors that a whole run shares, beside the response's shape (which is in the contents).

    Attributes:
        transmission_relative: one sigma of the long-pass's factor; 0 when it wasn't divided by.
        linearity_per_count: one sigma of what linearity leaves, relative, per linear count.
    """

    transmission_relative: float
    linearity_per_count: float


def variance_terms(gradient: Gradient, contents: Contents, common: CommonErrors) -> dict[str, FloatArray]:
    """Variance of each target by each term of the budget, [targets] by term's name."""
    shape = _sum(gradient[role] @ contents[role].shape for role in gradient)
    transmitted = [gradient[role] @ contents[role].integral for role in gradient if role.is_emission]
    counted = _sum(gradient[role] @ contents[role].counts_weighted for role in gradient)
    return {
        "scan_noise": _sum(gradient[role] ** 2 @ contents[role].scan_variance for role in gradient),
        "monitor_noise": _sum(gradient[role] ** 2 @ contents[role].monitor_variance for role in gradient),
        "response_shape": np.einsum("tr,tr->t", shape, shape),
        "long_pass": (_sum(transmitted) * common.transmission_relative) ** 2
        if transmitted
        else np.zeros(len(shape)),
        "linearity": (counted * common.linearity_per_count) ** 2,
    }


def random_covariance(gradient: Gradient, contents: Contents) -> FloatArray:
    """Covariance of the targets' random errors, [targets, targets]."""
    return _sum((gradient[role] * contents[role].random_variance) @ gradient[role].T for role in gradient)


def total(terms: Mapping[str, FloatArray], names: Iterable[str] | None = None) -> FloatArray:
    """Sum of variances, of the named terms or of all."""
    return _sum(terms[name] for name in (terms if names is None else names) if name in terms)


def _sum(parts: Iterable[FloatArray]) -> FloatArray:
    return np.asarray(sum(parts), dtype=np.float64)
