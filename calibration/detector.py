"""What an array detector does without light: offset, dark current, read noise, pixels that can't be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.errors import CurveError
from calibration.exposures import Scans
from calibration.response import plain

FloatArray = NDArray[np.float64]

_LEAST_EXPOSURES = 3
_HOT_SPREADS = 10.0
_NOISY_FACTOR = 5.0
_DARK_FULL_FRACTION = 0.95
_CURVED_LIMIT = 0.02


@dataclass(frozen=True)
class DarkExposure:
    """Scans without light at one integration time.

    Attributes:
        integration_time_s: of a scan.
        scans: counts.
    """

    integration_time_s: float
    scans: Scans


@dataclass(frozen=True)
class DarkCharacteristics:
    """A detector in the dark.

    Attributes:
        offset_counts: at integration time 0, [pixels].
        dark_rate_counts_per_s: [pixels].
        dark_rate_uncertainty_counts_per_s: one sigma, [pixels].
        read_noise_counts: SD of a scan of no length, over all good pixels.
        noise_gain_counts: variance per dark count, counts² per count (1 / electrons per count); None where
            the darks are too small to tell.
        hot_pixels: dark rate or noise far beyond the others', or dark at full scale.
        integration_times_s: that were used.
        warnings: sentences.
    """

    offset_counts: FloatArray
    dark_rate_counts_per_s: FloatArray
    dark_rate_uncertainty_counts_per_s: FloatArray
    read_noise_counts: float
    noise_gain_counts: float | None
    hot_pixels: tuple[int, ...]
    integration_times_s: tuple[float, ...]
    warnings: tuple[str, ...]

    def record_values(self) -> dict[str, Any]:
        """The dark part of a `detector` record's values."""
        return {
            "offset_counts": plain(self.offset_counts, 7),
            "dark_rate_counts_per_s": plain(self.dark_rate_counts_per_s, 6),
            "dark_rate_uncertainty_counts_per_s": plain(self.dark_rate_uncertainty_counts_per_s, 3),
            "read_noise_counts": self.read_noise_counts,
            "noise_gain_counts": self.noise_gain_counts,
            "hot_pixels": list(self.hot_pixels),
            "dark_integration_times_s": list(self.integration_times_s),
            "dark_warnings": list(self.warnings),
        }


def characterise_darks(exposures: Sequence[DarkExposure], *, full_scale_counts: float) -> DarkCharacteristics:
    """Offset and dark rate by a straight line per pixel, noise from the scatter of the scans.

    Args:
        exposures: at three or more integration times, better six from 1 ms to 10 s.
        full_scale_counts: where the detector saturates; saturated darks take no part.

    Raises:
        CurveError: too few integration times, or pixels that differ in number.
    """
    ordered = sorted(exposures, key=lambda one: one.integration_time_s)
    times = np.array([one.integration_time_s for one in ordered])
    if len(np.unique(times)) < _LEAST_EXPOSURES:
        raise CurveError(
            f"detector: darks at {len(np.unique(times))} integration times; 3 or more are needed"
        )
    if len({one.scans.mean.shape for one in ordered}) > 1:
        raise CurveError("detector: darks have different numbers of pixels")
    means = np.array([one.scans.mean for one in ordered])
    usable = np.array([one.scans.highest < _DARK_FULL_FRACTION * full_scale_counts for one in ordered])
    weights = np.where(usable, 1 / np.array([one.scans.variance_of_mean for one in ordered]), 0.0)
    offset, rate, sigma = _lines(times, means, weights)
    hot = _hot_pixels(rate, ordered[0].scans.standard_deviation, usable)
    read_noise, gain = _noise(ordered, offset, ~hot)
    return DarkCharacteristics(
        offset_counts=offset,
        dark_rate_counts_per_s=rate,
        dark_rate_uncertainty_counts_per_s=sigma,
        read_noise_counts=read_noise,
        noise_gain_counts=gain,
        hot_pixels=tuple(int(pixel) for pixel in np.flatnonzero(hot)),
        integration_times_s=tuple(float(time) for time in times),
        warnings=_warnings(times, means, offset, rate, ~hot & usable.all(axis=0)),
    )


def _lines(
    times: FloatArray, means: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Weighted straight line per pixel; NaN with fewer than two usable points."""
    enough = (weights > 0).sum(axis=0) >= 2
    total = np.where(enough, weights.sum(axis=0), 1.0)
    mean_t = np.sum(weights * times[:, None], axis=0) / total
    mean_y = np.sum(weights * means, axis=0) / total
    spread = np.sum(weights * (times[:, None] - mean_t) ** 2, axis=0)
    spread = np.where(enough & (spread > 0), spread, np.nan)
    rate = np.sum(weights * (times[:, None] - mean_t) * (means - mean_y), axis=0) / spread
    return mean_y - rate * mean_t, rate, 1 / np.sqrt(spread)


def _hot_pixels(rate: FloatArray, short_noise: FloatArray, usable: NDArray[np.bool_]) -> NDArray[np.bool_]:
    known = np.isfinite(rate)
    middle = float(np.median(rate[known])) if known.any() else 0.0
    spread = 1.4826 * float(np.median(np.abs(rate[known] - middle))) if known.any() else 0.0
    hot = ~known | (np.nan_to_num(rate) > middle + _HOT_SPREADS * max(spread, 1e-9 + 0.05 * abs(middle)))
    noisy = short_noise > _NOISY_FACTOR * max(float(np.median(short_noise)), 0.3)
    return np.asarray(hot | noisy | ~usable[0])


def _noise(
    ordered: Sequence[DarkExposure], offset: FloatArray, good: NDArray[np.bool_]
) -> tuple[float, float | None]:
    """Read noise and gain from the variance of scans against dark counts, averaged over good pixels."""
    signal = np.array([float(np.mean((one.scans.mean - offset)[good])) for one in ordered])
    variance = np.array([float(np.mean(one.scans.standard_deviation[good] ** 2)) for one in ordered])
    # The variance of a variance grows with its square: relative weights.
    weights = 1 / np.maximum(variance, 1e-6)
    if float(np.ptp(signal)) < 1.0:
        return float(np.sqrt(variance[0])), None
    gain, read_variance = np.polyfit(signal, variance, 1, w=weights)
    if read_variance <= 0 or gain <= 0:
        return float(np.sqrt(variance[0])), None
    return float(np.sqrt(read_variance)), float(gain)


def _warnings(
    times: FloatArray, means: FloatArray, offset: FloatArray, rate: FloatArray, good: NDArray[np.bool_]
) -> tuple[str, ...]:
    warnings: list[str] = []
    if len(np.unique(times)) < 6:
        warnings.append(
            f"darks at {len(np.unique(times))} integration times; six from 1 ms to 10 s are better"
        )
    if good.any():
        left = np.median((means - offset - times[:, None] * rate)[:, good], axis=1)
        span = float(np.median(np.ptp(means[:, good], axis=0)))
        if span > 100 and float(np.max(np.abs(left))) > _CURVED_LIMIT * span:
            warnings.append(
                "the dark doesn't grow in a straight line with the integration time; the detector's "
                "temperature moved"
            )
    return tuple(warnings)
