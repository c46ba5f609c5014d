"""The ratio k of power into the sphere to power at the monitor, and whether it is a constant.

k is measured with a reference meter at the sphere's entrance, at ten or more wheel positions. It may depend
on the power (a meter that isn't linear, or changes its range) or on the wheel (which moves the beam a
little). With one laser current the power is a function of the wheel's angle, so that the two are told apart
only by their shape: the first test is against the power itself, the second against the angle. A second laser
current tells them apart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.errors import CurveError

FloatArray = NDArray[np.float64]

_LEAST_POSITIONS = 10
_TREND_SIGMAS = 3.0
_TREND_LIMIT_RELATIVE = 0.002
"""A trend below this over the whole range is smaller than any monitor's linearity and isn't reported."""
_OUTLIER_SIGMAS = 5.0
_PLAUSIBLE_RATIO = (10.0, 40.0)
"""One surface of a wedge reflects 3.5 to 4 %: k is 24 to 28 before other losses."""
_SMALL_POWER_RANGE = 5.0


@dataclass(frozen=True)
class UncertaintyBand:
    """Part of a power head's wavelength range.

    Attributes:
        low_nm: first wavelength of the band.
        high_nm: last wavelength of the band; the next band begins above it.
        uncertainty_relative: as the maker states it.
    """

    low_nm: float
    high_nm: float
    uncertainty_relative: float


@dataclass(frozen=True)
class PowerHead:
    """What the maker states about a power head.

    Attributes:
        name: of the head.
        bands: uncertainty by wavelength; each begins where the one before ends.
        power_range_w: specified range of powers, W.
    """

    name: str
    bands: tuple[UncertaintyBand, ...]
    power_range_w: tuple[float, float]

    def uncertainty_relative(self, wavelength_nm: float) -> float:
        """The stated uncertainty at a wavelength; an edge belongs to the better of its two bands.

        Raises:
            CurveError: outside the head's range.
        """
        inside = [band for band in self.bands if band.low_nm <= wavelength_nm <= band.high_nm]
        if not inside:
            raise CurveError(
                f"{self.name}: {wavelength_nm:g} nm is outside its range {self.bands[0].low_nm:g} to "
                f"{self.bands[-1].high_nm:g} nm"
            )
        return min(band.uncertainty_relative for band in inside)


S120C = PowerHead(
    "S120C",
    (
        UncertaintyBand(400.0, 440.0, 0.05),
        UncertaintyBand(440.0, 980.0, 0.03),
        UncertaintyBand(980.0, 1100.0, 0.07),
    ),
    (5e-8, 5e-2),
)
"""Thorlabs S120C, silicon: ±3 % from 440 to 980 nm, ±5 % from 400 to 439 nm, ±7 % from 981 to 1100 nm, 50 nW
to 50 mW (maker's specification). Its figures step between whole numbers: below 440, 440 to 980, above 980
nm."""


@dataclass(frozen=True)
class PairedReadings:
    """Both meters read at the same time at a number of wheel positions.

    Attributes:
        position_deg: wheel angle, [positions].
        reference_power_w: power at the sphere's entrance, W, [positions, readings].
        monitor_power_w: power at the monitor, W, [positions, readings].
    """

    position_deg: FloatArray
    reference_power_w: FloatArray
    monitor_power_w: FloatArray

    def __post_init__(self) -> None:
        shape = self.reference_power_w.shape
        if self.reference_power_w.ndim != 2 or self.monitor_power_w.shape != shape:
            raise CurveError("monitor_ratio: reference and monitor need the same readings at each position")
        if self.position_deg.shape != (shape[0],):
            raise CurveError(f"monitor_ratio: {len(self.position_deg)} angles for {shape[0]} positions")
        if shape[0] < _LEAST_POSITIONS:
            raise CurveError(
                f"monitor_ratio: {shape[0]} wheel positions; at least {_LEAST_POSITIONS} over the whole "
                "range tell whether k is a constant"
            )
        for name, powers in (("reference", self.reference_power_w), ("monitor", self.monitor_power_w)):
            bad = ~(powers > 0)
            if bad.any():
                position = int(np.flatnonzero(bad.any(axis=1))[0])
                raise CurveError(
                    f"monitor_ratio: the {name} read {powers[position][bad[position]][0]:g} W at "
                    f"{self.position_deg[position]:g} deg; powers must be above 0 (blocked, or not zeroed?)"
                )


@dataclass(frozen=True)
class Trend:
    """A straight line through k against something.

    Attributes:
        change_relative: of k over the range measured.
        uncertainty_relative: one sigma of it.
    """

    change_relative: float
    uncertainty_relative: float

    @property
    def significant(self) -> bool:
        """Get whether it is beyond 3 sigma and large enough to matter (0.2 %)."""
        size = abs(self.change_relative)
        return size > _TREND_SIGMAS * self.uncertainty_relative and size > _TREND_LIMIT_RELATIVE


@dataclass(frozen=True)
class MonitorCalibration:
    """k and what is known about it.

    Attributes:
        ratio: k, mean over the positions.
        ratio_uncertainty_relative: one sigma, systematic: reference meter and standard error of the mean.
        position_noise_relative: SD of k between positions: what one exposure's power scaling is worth.
        single_reading_sd_relative: SD of single readings of k, all positions together.
        reference_uncertainty_relative: of the reference meter at the wavelength.
        against_power: trend of k with power.
        against_angle: trend of k with the wheel's angle.
        position_deg: [positions].
        power_w: mean reference power, [positions].
        residual_relative: k at each position over the mean, less 1, [positions].
        wavelength_nm: that both meters were set to.
        reference_head: name.
        warnings: sentences.
    """

    ratio: float
    ratio_uncertainty_relative: float
    position_noise_relative: float
    single_reading_sd_relative: float
    reference_uncertainty_relative: float
    against_power: Trend
    against_angle: Trend
    position_deg: FloatArray
    power_w: FloatArray
    residual_relative: FloatArray
    wavelength_nm: float
    reference_head: str
    warnings: tuple[str, ...]

    def record_values(self) -> dict[str, Any]:
        """The values of a `monitor_ratio` record."""
        return {
            "ratio": self.ratio,
            "ratio_uncertainty_relative": self.ratio_uncertainty_relative,
            "reading_noise_relative": self.position_noise_relative,
            "single_reading_sd_relative": self.single_reading_sd_relative,
            "reference_uncertainty_relative": self.reference_uncertainty_relative,
            "reference_head": self.reference_head,
            "wavelength_nm": self.wavelength_nm,
            "change_over_power_range_relative": vars(self.against_power),
            "change_over_angle_range_relative": vars(self.against_angle),
            "position_deg": self.position_deg.tolist(),
            "power_w": self.power_w.tolist(),
            "residual_relative": self.residual_relative.tolist(),
            "warnings": list(self.warnings),
        }


def calibrate_monitor(
    readings: PairedReadings,
    *,
    reference_head: PowerHead,
    wavelength_nm: float,
    reference_coverage_factor: float = 1.0,
) -> MonitorCalibration:
    """Find k from paired readings.

    Args:
        readings: of both meters, zeroed and set to the laser's wavelength.
        reference_head: of the meter at the sphere's entrance.
        wavelength_nm: of the laser.
        reference_coverage_factor: that the maker's figure is divided by. 1 takes it as one sigma, which is
            the careful reading of a data sheet that names no coverage.

    Raises:
        CurveError: the wavelength is outside the head's range, its coverage factor isn't above 0, or all
            readings were made at one position.
    """
    if not reference_coverage_factor > 0:
        raise CurveError(f"monitor_ratio: coverage factor {reference_coverage_factor:g} must be above 0")
    power = readings.reference_power_w.mean(axis=1)
    ratios = power / readings.monitor_power_w.mean(axis=1)
    ratio = float(ratios.mean())
    residual = ratios / ratio - 1
    between = float(residual.std(ddof=1))
    single = readings.reference_power_w / readings.monitor_power_w / ratio
    head = reference_head.uncertainty_relative(wavelength_nm) / reference_coverage_factor
    calibration = MonitorCalibration(
        ratio=ratio,
        ratio_uncertainty_relative=math.hypot(head, between / math.sqrt(len(ratios))),
        position_noise_relative=between,
        single_reading_sd_relative=float(single.std(ddof=1)),
        reference_uncertainty_relative=head,
        against_power=_trend(power, residual),
        against_angle=_trend(readings.position_deg, residual),
        position_deg=readings.position_deg,
        power_w=power,
        residual_relative=residual,
        wavelength_nm=wavelength_nm,
        reference_head=reference_head.name,
        warnings=(),
    )
    return MonitorCalibration(**{**vars(calibration), "warnings": _warnings(calibration, reference_head)})


def _trend(against: FloatArray, residual: FloatArray) -> Trend:
    span = float(np.ptp(against))
    if span == 0:
        raise CurveError("monitor_ratio: all positions have the same angle or power; k can't be tested")
    x = (against - against.mean()) / span
    slope = float(np.sum(x * residual) / np.sum(x**2))
    left = residual - residual.mean() - slope * x
    variance = float(np.sum(left**2)) / (len(x) - 2)
    return Trend(slope, math.sqrt(variance / float(np.sum(x**2))))


def _warnings(found: MonitorCalibration, head: PowerHead) -> tuple[str, ...]:
    warnings: list[str] = []
    if found.against_power.significant:
        warnings.append(
            f"k changes by {found.against_power.change_relative:+.2%} over the power range: one of the "
            "meters isn't linear or changed its range"
        )
    if found.against_angle.significant:
        warnings.append(
            f"k changes by {found.against_angle.change_relative:+.2%} over the wheel's angle: the wheel "
            "moves the beam, or it is the power (a second laser current tells)"
        )
    spread = 1.4826 * float(np.median(np.abs(found.residual_relative - np.median(found.residual_relative))))
    warnings.extend(
        f"k at {found.position_deg[position]:g} deg is {found.residual_relative[position]:+.2%} off the "
        "others"
        for position in np.flatnonzero(np.abs(found.residual_relative) > _OUTLIER_SIGMAS * max(spread, 1e-6))
    )
    low, high = head.power_range_w
    if float(found.power_w.min()) < low or float(found.power_w.max()) > high:
        warnings.append(
            f"powers from {found.power_w.min():.3g} to {found.power_w.max():.3g} W; the {head.name} is "
            f"specified from {low:g} to {high:g} W"
        )
    low, high = _PLAUSIBLE_RATIO
    if not low <= found.ratio <= high:
        warnings.append(
            f"k = {found.ratio:.3g}; a wedge that reflects 4 % gives about 24: check the wavelengths of "
            "both meters"
        )
    if float(found.power_w.max() / found.power_w.min()) < _SMALL_POWER_RANGE:
        warnings.append("the powers span less than a factor 5; a dependence on power may go unseen")
    return tuple(warnings)
