"""Intervals of a ratio whose denominator is uncertain (Fieller), without drawing anything."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

SIGMAS_68 = 1.0
SIGMAS_95 = 1.959964

MOST_SYMMETRIC = 0.2
"""Above this relative uncertainty of the absorptance only an interval is given (method, section 7.2)."""


def fieller_interval(
    value: FloatArray,
    variance: FloatArray,
    relative_variance_below: FloatArray,
    covariance: FloatArray,
    sigmas: float,
) -> FloatArray:
    """Interval of η = N/D with both normal, [targets, 2]; NaN where it has no finite limits.

    All η' for which N - η' D is compatible with 0 within so many sigmas: a quadratic inequality in
    x = η' - η, x² (1 - k² v) + 2 k² c x - k² s ≤ 0. With a well-known denominator it is η ± k u. Where the
    denominator is compatible with 0 there are no finite limits.

    Args:
        value: η, [targets].
        variance: s = first-order variance of η, [targets].
        relative_variance_below: v = variance of D/D, [targets].
        covariance: c = covariance of (η to first order, D/D), [targets].
        sigmas: k.
    """
    square = sigmas**2
    leading = 1.0 - square * relative_variance_below
    half = square * covariance
    finite = leading > 0
    safe = np.where(finite, leading, 1.0)
    root = np.sqrt(half**2 + safe * square * variance)
    limits = np.stack([(-half - root) / safe, (-half + root) / safe], axis=-1)
    return np.where(finite[:, None], value[:, None] + limits, np.nan)
