"""Does the scatter of the scans fit this detector? variance = g · counts + constant, from the run itself.

The constant holds the read noise less the shot noise that the electronic offset doesn't have. The model is a
check on the scatter, never used in its place (method, section 7.3).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plqy_rig.data import RoleSpectra
from plqy_rig.evaluation.statistics import chi_squared_limit

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_BINS = 40
_LARGEST_RATIO = 4.0
"""A factor of two in the standard deviation is a strong disagreement; less has many harmless causes."""


@dataclass(frozen=True)
class NoiseModel:
    """Variance of one scan of one pixel.

    Attributes:
        counts_squared_per_count: g, counts of variance per count of light (1 / electrons per count).
        constant_counts_squared: variance at 0 counts.
    """

    counts_squared_per_count: float
    constant_counts_squared: float

    def variance(self, counts: FloatArray) -> FloatArray:
        """Variance of a scan at these raw counts, same shape."""
        model = self.constant_counts_squared + self.counts_squared_per_count * counts
        # A quarter of a count squared: what rounding to whole counts leaves at least, and more.
        return np.asarray(np.maximum(model, 0.25), dtype=np.float64)


def fit_noise_model(spectra: Iterable[RoleSpectra]) -> NoiseModel | None:
    """Fit the model to all repeated scans and darks of a run; None where there are too few."""
    counts, variance, degrees = _samples(spectra)
    if len(counts) < 200:
        return None
    edges = np.geomspace(max(float(counts.min()), 1.0), float(counts.max()) + 1.0, _BINS + 1)
    bins = np.clip(np.searchsorted(edges, counts) - 1, 0, _BINS - 1)
    weight = np.bincount(bins, degrees, _BINS)
    used = weight > 0
    x = np.bincount(bins, degrees * counts, _BINS)[used] / weight[used]
    y = np.bincount(bins, degrees * variance, _BINS)[used] / weight[used]
    if used.sum() < 3:
        return None
    model = NoiseModel(0.0, max(float(y.min()), 0.25))
    for _ in range(3):
        # The relative error of a variance depends on the number of scans alone.
        root = np.sqrt(weight[used]) / model.variance(x)
        slope, constant = np.linalg.lstsq(np.stack([x * root, root], axis=1), y * root, rcond=None)[0]
        model = NoiseModel(max(float(slope), 0.0), float(constant))
    return model


def noise_disagrees(spectra: RoleSpectra, pixels: NDArray[np.int64], model: NoiseModel) -> BoolArray:
    """Steps whose scans scatter by much more or less than the model says, over these pixels, [steps]."""
    expected = model.variance(spectra.counts[:, pixels])
    found = np.sum(spectra.counts_std[:, pixels] ** 2, axis=1)
    total = expected.sum(axis=1)
    degrees = np.maximum(spectra.scans - 1, 1) * total**2 / np.sum(expected**2, axis=1)
    ratio = found / total
    # 4.5 sigmas: once in 150 000 exposures by chance.
    high = np.maximum(chi_squared_limit(degrees, 4.5) / degrees, _LARGEST_RATIO)
    low = np.minimum(np.maximum(chi_squared_limit(degrees, -4.5), 0.0) / degrees, 1 / _LARGEST_RATIO)
    return np.asarray(spectra.measured & (spectra.scans > 1) & ((ratio > high) | (ratio < low)))


def _samples(spectra: Iterable[RoleSpectra]) -> tuple[FloatArray, FloatArray, FloatArray]:
    parts: list[tuple[FloatArray, FloatArray, FloatArray]] = []
    for role in spectra:
        for mean, deviation, scans in (
            (role.counts, role.counts_std, role.scans),
            (role.dark, role.dark_std, role.dark_scans),
        ):
            # Every eighth pixel tells enough of a detector.
            few, spread = mean[:, ::8], deviation[:, ::8]
            degrees = np.broadcast_to((scans - 1.0)[:, None], few.shape)
            used = np.isfinite(few) & np.isfinite(spread) & (degrees > 0)
            parts.append((few[used], spread[used] ** 2, degrees[used]))
    counts, variance, degrees = (np.concatenate(part) for part in zip(*parts, strict=True))
    return counts, variance, degrees
