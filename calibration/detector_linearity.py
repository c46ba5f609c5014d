"""Linearity of a detector from a steady source at many integration times.

With a constant source, linear counts over integration time are a constant R. A detector that isn't linear
gives N / t = R p(N); the polynomial p = 1 + c1 N + ... + c7 N^7 is the correction that makers store, with
linear counts = N / p(N). All pixels share p and each has its own R, so that pixels of different brightness
fill the range of counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.curves import Linearity
from calibration.errors import CurveError
from calibration.exposures import SourceExposure

FloatArray = NDArray[np.float64]

COEFFICIENTS = 8
_IDENTITY = (1.0, *[0.0] * (COEFFICIENTS - 1))
_LEAST_COUNTS = 200.0
_LEAST_EXPOSURES = 5
_ITERATIONS = 6
_LEVELS = 20
_DIFFERENCE_LIMIT = 0.005


@dataclass(frozen=True)
class ExposureFlatness:
    """(N / t) over its mean against the counts, after a correction.

    Attributes:
        level_counts: centre of each bin of counts, [levels].
        deviation_relative: mean deviation of N/t in the bin from the pixel's own mean, [levels].
        exposure_deviation_relative: median deviation of each exposure: drift of the source shows here,
            [exposures].
        largest_deviation_relative: largest |deviation| of a level.
    """

    level_counts: FloatArray
    deviation_relative: FloatArray
    exposure_deviation_relative: FloatArray
    largest_deviation_relative: float


@dataclass(frozen=True)
class LinearityFit:
    """A fitted correction.

    Attributes:
        coefficients: c0 = 1 to c7, zero above the degree, [8].
        full_scale_counts: where the detector saturates.
        uncertainty_relative_at_full_scale: one sigma of p at full scale by leaving out one exposure at a time
            (jackknife), which sees drift of the source as well as noise.
        before: flatness without correction.
        after: flatness with it.
        highest_fraction: of full scale that the data reach.
        warnings: sentences.
    """

    coefficients: FloatArray
    full_scale_counts: float
    uncertainty_relative_at_full_scale: float
    before: ExposureFlatness
    after: ExposureFlatness
    highest_fraction: float
    warnings: tuple[str, ...]

    @property
    def linearity(self) -> Linearity:
        """The correction as an evaluation uses it."""
        return Linearity(self.coefficients, self.full_scale_counts, self.uncertainty_relative_at_full_scale)

    def record_values(self) -> dict[str, Any]:
        """The values of a `linearity` record."""
        return {
            "coefficients": self.coefficients.tolist(),
            "full_scale_counts": self.full_scale_counts,
            "uncertainty_relative_at_full_scale": self.uncertainty_relative_at_full_scale,
            "flatness_before_relative": self.before.largest_deviation_relative,
            "flatness_after_relative": self.after.largest_deviation_relative,
            "level_counts": self.after.level_counts.tolist(),
            "level_deviation_relative": self.after.deviation_relative.tolist(),
            "highest_fraction_of_full_scale": self.highest_fraction,
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True)
class LinearityComparison:
    """Two corrections side by side, each relative to its own value at few counts.

    Attributes:
        largest_difference_relative: over 0 to full scale.
        at_counts: where.
        at_full_scale_relative: difference at full scale.
        warnings: sentences.
    """

    largest_difference_relative: float
    at_counts: float
    at_full_scale_relative: float
    warnings: tuple[str, ...]


def exposure_flatness(
    exposures: Sequence[SourceExposure],
    *,
    full_scale_counts: float,
    coefficients: FloatArray | Sequence[float] = _IDENTITY,
) -> ExposureFlatness:
    """How flat N/t is against counts, after the correction `coefficients` (none by default).

    Raises:
        CurveError: fewer than 5 exposures, a drifting dark, or too few usable pixels.
    """
    data = _Data.of(exposures, full_scale_counts)
    return _flatness(data, np.asarray(coefficients, dtype=np.float64))


def fit_linearity(
    exposures: Sequence[SourceExposure], *, full_scale_counts: float, degree: int = 4
) -> LinearityFit:
    """Fit the correction polynomial.

    Args:
        exposures: to one steady source at integration times that fill 1 to 95 % of full scale.
        full_scale_counts: where the detector saturates.
        degree: of the polynomial, 1 to 7. More than the data can hold makes it wave; 4 suffices for a smooth
            deviation of a few per cent.

    Raises:
        CurveError: a degree outside 1 to 7, too few exposures or usable pixels, a drifting dark.
    """
    if not 1 <= degree < COEFFICIENTS:
        raise CurveError(f"linearity: degree {degree} is outside 1 to {COEFFICIENTS - 1}")
    data = _Data.of(exposures, full_scale_counts)
    coefficients = _fit(data, degree)
    at_full_scale = np.array(
        [
            _at_full_scale(_fit(data.without(left_out), degree), full_scale_counts)
            for left_out in range(len(data.times))
        ]
    )
    number = len(at_full_scale)
    jackknife = float(np.sqrt((number - 1) / number * np.sum((at_full_scale - at_full_scale.mean()) ** 2)))
    after = _flatness(data, coefficients)
    highest = float(np.nanmax(data.counts)) / full_scale_counts
    return LinearityFit(
        coefficients=coefficients,
        full_scale_counts=full_scale_counts,
        uncertainty_relative_at_full_scale=jackknife,
        before=_flatness(data, np.array(_IDENTITY)),
        after=after,
        highest_fraction=highest,
        warnings=_warnings(data, after, highest),
    )


def compare_linearity(fitted: Linearity, stored: FloatArray | Sequence[float]) -> LinearityComparison:
    """Compare a correction with the one in the device's memory.

    Both are divided by their value at 1 % of full scale: a common factor is no non-linearity.

    Raises:
        CurveError: the device's coefficients aren't 8 finite numbers, or all are 0 (an empty memory).
    """
    coefficients = np.asarray(stored, dtype=np.float64)
    if coefficients.shape != (COEFFICIENTS,) or not np.isfinite(coefficients).all():
        raise CurveError(f"linearity: the device holds no 8 finite coefficients: {coefficients.tolist()}")
    if not coefficients.any():
        raise CurveError("linearity: the device's coefficients are all 0; its memory was never written")
    counts = np.linspace(0.01, 1.0, 100) * fitted.full_scale_counts
    own = fitted.divisor(counts)
    other = Linearity(coefficients, fitted.full_scale_counts, 0.0).divisor(counts)
    difference = (other / other[0]) / (own / own[0]) - 1
    worst = int(np.argmax(np.abs(difference)))
    warnings = []
    limit = max(_DIFFERENCE_LIMIT, 3 * fitted.uncertainty_relative_at_full_scale)
    if abs(difference[worst]) > limit:
        warnings.append(
            f"the correction stored in the device differs by {difference[worst]:+.2%} at "
            f"{counts[worst]:.0f} counts"
        )
    return LinearityComparison(
        float(abs(difference[worst])), float(counts[worst]), float(difference[-1]), tuple(warnings)
    )


@dataclass(frozen=True)
class _Data:
    """Net counts of usable pixels, [exposures, pixels], NaN where too dark or saturated."""

    times: FloatArray
    counts: FloatArray
    sigmas: FloatArray
    full_scale_counts: float

    @classmethod
    def of(cls, exposures: Sequence[SourceExposure], full_scale_counts: float) -> _Data:
        if len(exposures) < _LEAST_EXPOSURES:
            raise CurveError(
                f"linearity: {len(exposures)} exposures; at least {_LEAST_EXPOSURES} from 1 to 95 % of full "
                "scale"
            )
        counts, sigmas = [], []
        for exposure in exposures:
            exposure.require_steady_dark()
            before, after = exposure.dark_before, exposure.dark_after
            net = exposure.light.mean - (before.mean + after.mean) / 2
            bad = exposure.saturated(full_scale_counts) | (net < _LEAST_COUNTS)
            counts.append(np.where(bad, np.nan, net))
            dark = (before.variance_of_mean + after.variance_of_mean) / 4
            sigmas.append(np.sqrt(exposure.light.variance_of_mean + dark))
        stacked = np.array(counts)
        keep = np.isfinite(stacked).sum(axis=0) >= 3
        if keep.sum() < 3:
            raise CurveError("linearity: fewer than 3 pixels have light in 3 or more exposures")
        times = np.array([exposure.integration_time_s for exposure in exposures])
        return cls(times, stacked[:, keep], np.array(sigmas)[:, keep], float(full_scale_counts))

    def without(self, exposure: int) -> _Data:
        kept = np.arange(len(self.times)) != exposure
        return _Data(self.times[kept], self.counts[kept], self.sigmas[kept], self.full_scale_counts)

    @property
    def weights(self) -> FloatArray:
        """Inverse relative variance; a floor keeps bright points from being the only ones that count."""
        relative = self.sigmas / np.where(np.isfinite(self.counts), self.counts, np.inf)
        return np.where(np.isfinite(self.counts), 1 / (relative**2 + 1e-6), 0.0)


def _fit(data: _Data, degree: int) -> FloatArray:
    """Gauss-Newton on ln(N/t) = ln R + ln p(N), each pixel's own ln R eliminated by its weighted mean."""
    present = np.isfinite(data.counts)
    scaled = np.where(present, data.counts, 0.0) / data.full_scale_counts
    powers = scaled[..., None] ** np.arange(1, degree + 1)
    logs = np.where(present, np.log(np.where(present, data.counts, 1.0) / data.times[:, None]), 0.0)
    weights = data.weights
    total = np.maximum(weights.sum(axis=0), 1e-300)
    root = np.sqrt(weights)[..., None]
    found = np.zeros(degree)
    for _ in range(_ITERATIONS):
        polynomial = np.maximum(1 + powers @ found, 0.05)
        residual = (logs - np.log(polynomial))[..., None]
        jacobian = powers / polynomial[..., None]
        both = np.concatenate([jacobian, residual], axis=2)
        both = (both - np.sum(weights[..., None] * both, axis=0) / total[:, None]) * root
        rows = both.reshape(-1, degree + 1)
        step = np.linalg.lstsq(rows[:, :degree], rows[:, degree], rcond=None)[0]
        found = found + step
    coefficients = np.zeros(COEFFICIENTS)
    coefficients[0] = 1.0
    coefficients[1 : degree + 1] = found / data.full_scale_counts ** np.arange(1, degree + 1)
    return coefficients


def _at_full_scale(coefficients: FloatArray, full_scale_counts: float) -> float:
    return float(np.polynomial.polynomial.polyval(full_scale_counts, coefficients))


def _flatness(data: _Data, coefficients: FloatArray) -> ExposureFlatness:
    linear = data.counts / np.polynomial.polynomial.polyval(data.counts, coefficients)
    rates = linear / data.times[:, None]
    weights = data.weights
    mean = np.nansum(weights * rates, axis=0) / weights.sum(axis=0)
    deviation = rates / mean - 1
    fraction = data.counts / data.full_scale_counts
    bins = np.clip(np.nan_to_num(fraction) * _LEVELS, 0, _LEVELS - 1).astype(int)
    levels, deviations = [], []
    for level in range(_LEVELS):
        members = (bins == level) & np.isfinite(deviation)
        if members.sum() >= 3:
            levels.append((level + 0.5) / _LEVELS * data.full_scale_counts)
            deviations.append(float(np.average(deviation[members], weights=weights[members])))
    by_exposure = [
        float(np.median(row[np.isfinite(row)])) if np.isfinite(row).any() else 0.0 for row in deviation
    ]
    return ExposureFlatness(
        np.array(levels), np.array(deviations), np.array(by_exposure), float(np.max(np.abs(deviations)))
    )


def _warnings(data: _Data, after: ExposureFlatness, highest: float) -> tuple[str, ...]:
    warnings: list[str] = []
    if highest < 0.9:
        warnings.append(
            f"the data reach {highest:.0%} of full scale; above that the polynomial is extrapolated"
        )
    lowest = float(np.nanmin(data.counts)) / data.full_scale_counts
    if lowest > 0.05:
        warnings.append(
            f"the data begin at {lowest:.0%} of full scale; the polynomial is 1 at 0 by definition only"
        )
    if after.largest_deviation_relative > _DIFFERENCE_LIMIT:
        warnings.append(
            f"counts over time still vary by {after.largest_deviation_relative:.2%} after the correction: "
            "the source drifted, or the degree is too low"
        )
    return tuple(warnings)
