"""The automatic integration time: how long a spectrum may be collected without saturating.

A pixel shows `dark + rate · power · time`. The rate (counts per second and monitor watt) of the last
exposure predicts the time for the next power. The goal is the middle of a band below full scale: high
enough for a good signal, low enough that a slightly higher power doesn't saturate. The first rate of a
pass comes from a short test exposure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from drivers.errors import OutOfRangeError
from drivers.protocols import FloatArray

SATURATED_FRACTION = 0.98
"""A pixel at this fraction of full scale counts as saturated: some units' scale ends a little lower."""

_HOT_FRACTION = 0.3
"""A pixel whose dark alone is this fraction of full scale above the median dark is hot: it limits nothing."""

_BRIGHT_FRACTION = 0.2

_MILLISECOND_S = 1e-3


@dataclass(frozen=True)
class IntegrationLimits:
    """What bounds an integration time.

    Attributes:
        shortest_s: shortest time allowed, s.
        longest_s: longest time allowed, s.
        full_scale_counts: count at which a pixel is saturated.
        peak_low_fraction: lower end of the band for the brightest pixel, of full scale.
        peak_high_fraction: upper end.
    """

    shortest_s: float
    longest_s: float
    full_scale_counts: float
    peak_low_fraction: float = 0.60
    peak_high_fraction: float = 0.85

    def __post_init__(self) -> None:
        if not 0 < self.shortest_s <= self.longest_s:
            raise OutOfRangeError(
                "integration times must be 0 < shortest <= longest, "
                f"got {self.shortest_s} and {self.longest_s} s"
            )
        if not 0 < self.peak_low_fraction < self.peak_high_fraction < SATURATED_FRACTION:
            raise OutOfRangeError(
                "peak fractions must be 0 < peak_low_fraction < peak_high_fraction < "
                f"{SATURATED_FRACTION}, got {self.peak_low_fraction} and {self.peak_high_fraction}"
            )

    @property
    def aim_counts(self) -> float:
        """Get the raw count the brightest pixel shall reach: the middle of the band."""
        return self.full_scale_counts * (self.peak_low_fraction + self.peak_high_fraction) / 2

    def bounded_s(self, time_s: float) -> float:
        """Whole milliseconds within the limits, rounded down: a longer time could saturate."""
        whole = math.floor(time_s / _MILLISECOND_S + 1e-6) * _MILLISECOND_S
        # Integer milliseconds only: 0.007000000000000001 must not reach a record.
        return round(min(max(whole, self.shortest_s), self.longest_s), 6)


def hot_pixels(
    dark_counts: FloatArray, full_scale_counts: float
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Find the pixels that a dark alone fills to a good part.

    Args:
        dark_counts: counts with the shutter closed, shape [pixels].
        full_scale_counts: count at which a pixel is saturated.

    Returns:
        True where a pixel is hot, shape [pixels].
    """
    hot: np.ndarray[tuple[int], np.dtype[np.bool_]] = (
        dark_counts - np.median(dark_counts) > _HOT_FRACTION * full_scale_counts
    )
    return hot


def is_saturated(scan_counts: FloatArray, dark_counts: FloatArray, full_scale_counts: float) -> bool:
    """Say whether any pixel of any scan is saturated by light.

    Args:
        scan_counts: raw counts, shape [scans, pixels].
        dark_counts: the latest dark, shape [pixels]; its hot pixels don't count.
        full_scale_counts: count at which a pixel is saturated.
    """
    judged = scan_counts[:, ~hot_pixels(dark_counts, full_scale_counts)]
    return bool(np.any(judged >= SATURATED_FRACTION * full_scale_counts))


def peak_fraction(counts: FloatArray, dark_counts: FloatArray, full_scale_counts: float) -> float:
    """Raw count of the brightest pixel that isn't hot, as a fraction of full scale."""
    return float(np.max(counts[~hot_pixels(dark_counts, full_scale_counts)]) / full_scale_counts)


def predict_integration_time_s(
    rate_per_s_per_w: FloatArray, dark_counts: FloatArray, monitor_power_w: float, limits: IntegrationLimits
) -> float:
    """Time after which the first pixel reaches the aim.

    Args:
        rate_per_s_per_w: dark-subtracted counts per second and monitor watt, shape [pixels].
        dark_counts: counts without light at about that time, shape [pixels].
        monitor_power_w: monitor power of the exposure to come, W.
        limits: what bounds it.

    Returns:
        Integration time in whole milliseconds, s. The longest allowed where there is no light at all.
    """
    judged = ~hot_pixels(dark_counts, limits.full_scale_counts)
    rate = rate_per_s_per_w[judged] * monitor_power_w
    room = limits.aim_counts - dark_counts[judged]
    brightest = float(np.max(rate))
    if not brightest > 0:
        return limits.longest_s
    # Only bright pixels limit; the noise of a dim one must not.
    lit = rate > _BRIGHT_FRACTION * brightest
    return limits.bounded_s(float(np.min(room[lit] / rate[lit])))


def shorter_time_s(time_s: float, limits: IntegrationLimits) -> float | None:
    """Time to try after a saturated exposure; None if there is no shorter one.

    How far a saturated pixel would have gone isn't known, so the time falls to a third: at worst two
    more tries per factor of ten.
    """
    shorter = limits.bounded_s(time_s / 3)
    return shorter if shorter < time_s - _MILLISECOND_S / 2 else None
