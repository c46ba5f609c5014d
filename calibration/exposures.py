"""Exposures to a steady source, each between two darks, down to linear counts with their noise."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.curves import Linearity
from calibration.errors import CurveError

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

SATURATED_FRACTION = 0.98
"""Of full scale. Devices scale their counts by a stored saturation level, so that equality with full scale
would miss saturated pixels."""
_DRIFT_LIMIT_SIGMAS = 3.0
_DRIFTED_PIXELS_LIMIT = 0.05
"""Fraction of pixels beyond three sigmas that noise alone doesn't reach with a handful of scans or more."""
_LEAST_OVERLAP_COUNTS = 2000.0
_OVERLAP_LIMIT = 0.01
_LEAST_OVERLAP_PIXELS = 10
_ROUNDING_VARIANCE = 1 / 12
"""Of a number rounded to whole counts, counts²."""


@dataclass(frozen=True)
class Scans:
    """What a number of scans in a row came to.

    Attributes:
        mean: counts, [pixels].
        standard_deviation: of single scans, counts, [pixels].
        number: of scans, at least 2.
        highest: highest count of any scan, [pixels].
    """

    mean: FloatArray
    standard_deviation: FloatArray
    number: int
    highest: FloatArray

    def __post_init__(self) -> None:
        if self.number < 2:
            raise CurveError(f"exposure: {self.number} scan; at least 2 are needed to know the noise")
        for name in ("mean", "standard_deviation", "highest"):
            array = getattr(self, name)
            if array.ndim != 1 or array.shape != self.mean.shape or not np.isfinite(array).all():
                raise CurveError(f"exposure: {name} must be finite numbers, one per pixel")

    @classmethod
    def of(cls, scan_counts: FloatArray) -> Scans:
        """From the scans themselves, [scans, pixels]; raises `CurveError`."""
        counts = np.asarray(scan_counts, dtype=np.float64)
        if counts.ndim != 2 or len(counts) < 2:
            raise CurveError(f"exposure: needs at least 2 scans of all pixels, got shape {counts.shape}")
        return cls(counts.mean(axis=0), counts.std(axis=0, ddof=1), len(counts), counts.max(axis=0))

    @property
    def variance_of_mean(self) -> FloatArray:
        """Variance of the mean, counts², [pixels]; at least what rounding to whole counts does."""
        return np.asarray(
            np.maximum(self.standard_deviation**2, _ROUNDING_VARIANCE) / self.number, dtype=np.float64
        )


@dataclass(frozen=True)
class SourceExposure:
    """One exposure to a steady source, with a dark of the same integration time before and after.

    Attributes:
        integration_time_s: of a scan.
        light: raw counts.
        dark_before: raw counts with the source blocked.
        dark_after: the same afterwards.
    """

    integration_time_s: float
    light: Scans
    dark_before: Scans
    dark_after: Scans

    def __post_init__(self) -> None:
        if not self.integration_time_s > 0:
            raise CurveError(f"exposure: integration time {self.integration_time_s} s isn't above 0")
        if not self.light.mean.shape == self.dark_before.mean.shape == self.dark_after.mean.shape:
            raise CurveError("exposure: light and darks have different numbers of pixels")

    def require_steady_dark(self) -> None:
        """Refuse an exposure whose dark moved while it was taken.

        The drift of the whole array is the median over its pixels, compared with the noise of one pixel's
        difference; single pixels may not move either, beyond what chance does to a few.

        Raises:
            CurveError: the drift is above 3 sigma; the exposure has to be repeated.
        """
        difference = self.dark_after.mean - self.dark_before.mean
        sigma = np.sqrt(self.dark_before.variance_of_mean + self.dark_after.variance_of_mean)
        typical = float(np.median(sigma))
        drift = float(np.median(difference))
        if abs(drift) > _DRIFT_LIMIT_SIGMAS * typical:
            raise CurveError(
                f"exposure of {self.integration_time_s:g} s: the dark drifted by {drift:+.1f} counts "
                f"between before and after ({abs(drift) / max(typical, 1e-12):.0f} sigma); wait for the "
                "detector's temperature and repeat it"
            )
        moved = np.abs(difference) > _DRIFT_LIMIT_SIGMAS * np.maximum(sigma, typical)
        if moved.mean() > _DRIFTED_PIXELS_LIMIT:
            raise CurveError(
                f"exposure of {self.integration_time_s:g} s: the dark of {moved.sum()} pixels changed by "
                "more than 3 sigma between before and after; repeat it"
            )

    def saturated(self, full_scale_counts: float) -> BoolArray:
        """Pixels that came near full scale in any scan, [pixels]."""
        return np.asarray(self.light.highest >= SATURATED_FRACTION * full_scale_counts)


@dataclass(frozen=True)
class NetCounts:
    """Dark-subtracted, linearised counts of one exposure.

    Attributes:
        integration_time_s: of a scan.
        counts: [pixels]; NaN where saturated.
        uncertainty: one sigma from the scatter of light and dark scans, [pixels].
    """

    integration_time_s: float
    counts: FloatArray
    uncertainty: FloatArray


def net_counts(exposure: SourceExposure, linearity: Linearity) -> NetCounts:
    """Dark (mean of both) subtracted, then the linearity correction; saturated pixels become NaN.

    Raises:
        CurveError: the dark drifted, or the linearity polynomial isn't above 0.
    """
    exposure.require_steady_dark()
    before, after = exposure.dark_before, exposure.dark_after
    net = exposure.light.mean - (before.mean + after.mean) / 2
    variance = exposure.light.variance_of_mean + (before.variance_of_mean + after.variance_of_mean) / 4
    net = np.where(exposure.saturated(linearity.full_scale_counts), np.nan, net)
    divisor = linearity.divisor(net)
    return NetCounts(exposure.integration_time_s, net / divisor, np.sqrt(variance) / np.abs(divisor))


@dataclass(frozen=True)
class MergedRate:
    """Several exposures of the same source as one rate of counts.

    Attributes:
        counts_per_s: linear counts/s, [pixels]; NaN where every exposure was saturated.
        noise_relative: one sigma from scan noise, [pixels].
        counts: linear counts in the longest exposure that wasn't saturated, [pixels].
        overlap_disagreement: largest |median ratio - 1| between neighbouring exposures; 0 for one exposure.
    """

    counts_per_s: FloatArray
    noise_relative: FloatArray
    counts: FloatArray
    overlap_disagreement: float


def merge_exposures(exposures: Sequence[SourceExposure], linearity: Linearity) -> MergedRate:
    """Merge exposures of different integration times, saturated pixels left out, weighted by variance.

    Because shot noise falls with the counts, the longest exposure that isn't saturated dominates each pixel.

    Raises:
        CurveError: none given; a dark drifted; two neighbouring exposures have no pixels in common or
            disagree by more than 1 % there (linearity, or the source drifted).
    """
    if not exposures:
        raise CurveError("exposure: none given")
    nets = [net_counts(exposure, linearity) for exposure in sorted(exposures, key=_time)]
    rates = np.array([net.counts / net.integration_time_s for net in nets])
    sigmas = np.array([net.uncertainty / net.integration_time_s for net in nets])
    disagreement = _check_overlaps(nets)
    usable = np.isfinite(rates)
    weights = np.where(usable, 1 / sigmas**2, 0.0)
    total = weights.sum(axis=0)
    some = total > 0
    rate = np.where(
        some, np.sum(weights * np.where(usable, rates, 0.0), axis=0) / np.where(some, total, 1), np.nan
    )
    longest = np.full(rate.shape, np.nan)
    for net in nets:
        longest = np.where(np.isfinite(net.counts), net.counts, longest)
    sigma = np.where(some, 1 / np.sqrt(np.where(some, total, 1)), np.nan)
    relative = np.where(rate > 0, sigma / np.where(rate > 0, rate, 1), np.nan)
    return MergedRate(rate, relative, longest, disagreement)


def _time(exposure: SourceExposure) -> float:
    return exposure.integration_time_s


def _check_overlaps(nets: Sequence[NetCounts]) -> float:
    largest = 0.0
    for short, long in itertools.pairwise(nets):
        both = np.isfinite(long.counts) & (np.nan_to_num(short.counts) > _LEAST_OVERLAP_COUNTS)
        if both.sum() < _LEAST_OVERLAP_PIXELS:
            raise CurveError(
                f"exposures of {short.integration_time_s:g} s and {long.integration_time_s:g} s share only "
                f"{both.sum()} pixels above {_LEAST_OVERLAP_COUNTS:g} counts and below saturation; take one "
                "between"
            )
        times = long.integration_time_s / short.integration_time_s
        ratio = long.counts[both] / short.counts[both] / times
        deviation = float(np.median(ratio)) - 1
        if abs(deviation) > _OVERLAP_LIMIT:
            raise CurveError(
                f"exposures of {short.integration_time_s:g} s and {long.integration_time_s:g} s disagree by "
                f"{deviation:+.1%} where both are good (limit {_OVERLAP_LIMIT:.0%}): the source drifted, or "
                "the linearity correction is wrong"
            )
        largest = max(largest, abs(deviation))
    return largest
