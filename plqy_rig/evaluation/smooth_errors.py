"""Errors that are smooth along the spectrum: few numbers instead of a matrix of pixels by pixels."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from calibration import Response

FloatArray = NDArray[np.float64]

_TOLERANCE = 1e-8
"""Variance that may be left out, relative to the one of a pixel."""


def correlation_factor(response: Response) -> FloatArray:
    """F with F Fᵀ = correlation of the response's shape error between pixels, [pixels, rank].

    The correlation exp(-(Δλ)²/(2 ℓ²)) is so smooth that some twenty columns hold it to 1e-8 (Cholesky with
    pivots, stopped when nothing is left). The factor of a grid is kept: a campaign has one spectrometer.
    """
    return _factor(response.wavelength_nm.tobytes(), response.shape_correlation_length_nm)


@lru_cache(maxsize=8)
def _factor(grid: bytes, length_nm: float) -> FloatArray:
    wavelength_nm = np.frombuffer(grid, dtype=np.float64)
    left = np.ones(len(wavelength_nm))
    columns: list[FloatArray] = []
    while left.max() > _TOLERANCE and len(columns) < len(wavelength_nm):
        pivot = int(np.argmax(left))
        column = np.exp(-0.5 * ((wavelength_nm - wavelength_nm[pivot]) / length_nm) ** 2)
        for earlier in columns:
            column -= earlier[pivot] * earlier
        column /= np.sqrt(left[pivot])
        columns.append(column)
        left = np.maximum(left - column**2, 0.0)
    factor = np.stack(columns, axis=1)
    factor.flags.writeable = False
    return factor
