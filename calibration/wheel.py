"""The attenuator's optical density against its angle, from the monitor's power with the beam in use.

The curve is taken in the direction in which moves end (rising angle), so that backlash isn't in it; the way
back measures the backlash. A maker's wheel of 0.04 to 2.0 over 270° has 0.00726 per degree.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.curves import WheelCurve
from calibration.errors import CurveError

FloatArray = NDArray[np.float64]

_LEAST_POINTS = 10
_GOOD_POINTS = 30
_FALL_SIGMAS = 4.0
_LARGE_BACKLASH_DEG = 2.0
_LARGE_RESIDUAL = 0.05
NOMINAL_FIRST_DENSITY = 0.04
"""Optical density at the start of the coating of the wheel this rig uses (maker's figure)."""


@dataclass(frozen=True)
class WheelScan:
    """Monitor power at a number of angles, in the order in which they were visited.

    Attributes:
        angle_deg: [points].
        power_w: mean monitor power, W, [points].
        power_uncertainty_relative: one sigma of each mean, relative.
    """

    angle_deg: FloatArray
    power_w: FloatArray
    power_uncertainty_relative: float

    def __post_init__(self) -> None:
        if self.angle_deg.ndim != 1 or self.angle_deg.shape != self.power_w.shape:
            raise CurveError("wheel: as many powers as angles are needed")
        if len(self.angle_deg) < _LEAST_POINTS:
            raise CurveError(f"wheel: {len(self.angle_deg)} points; at least {_LEAST_POINTS} are needed")
        for point in np.flatnonzero(~(self.power_w > 0)):
            raise CurveError(
                f"wheel: power {self.power_w[point]:g} W at {self.angle_deg[point]:g} deg; must be above 0 "
                "(shutter closed, or the monitor below its range?)"
            )


@dataclass(frozen=True)
class WheelCalibration:
    """A wheel's curve.

    Attributes:
        angle_deg: [points], rising.
        optical_density: [points]; absolute only as far as the density at the first angle is.
        density_uncertainty: one sigma of differences between points.
        slope_per_deg: of the straight line through all points.
        slope_uncertainty_per_deg: one sigma.
        intercept: density of the line at 0°.
        residuals: density less line, [points].
        backlash_deg: angle by which the wheel lags when the angle falls; None without a scan back.
        backlash_uncertainty_deg: one sigma; None without a scan back.
        warnings: sentences.
    """

    angle_deg: FloatArray
    optical_density: FloatArray
    density_uncertainty: float
    slope_per_deg: float
    slope_uncertainty_per_deg: float
    intercept: float
    residuals: FloatArray
    backlash_deg: float | None
    backlash_uncertainty_deg: float | None
    warnings: tuple[str, ...]

    @property
    def curve(self) -> WheelCurve:
        """The curve, to go from angle to density and back."""
        return WheelCurve(self.angle_deg, self.optical_density)

    def angle_for_power(self, power_w: float, highest_power_w: float) -> float:
        """The angle at which the power is `power_w` if it is `highest_power_w` at the first angle.

        Raises:
            CurveError: a power that the wheel can't reach.
        """
        if not 0 < power_w <= highest_power_w:
            raise CurveError(
                f"wheel: {power_w:g} W isn't between 0 and the highest power {highest_power_w:g} W"
            )
        return self.curve.angle_for(float(self.optical_density[0]) + math.log10(highest_power_w / power_w))

    def record_values(self) -> dict[str, Any]:
        """The values of a `wheel` record."""
        return {
            "angle_deg": self.angle_deg.tolist(),
            "optical_density": self.optical_density.tolist(),
            "optical_density_uncertainty": self.density_uncertainty,
            "slope_per_deg": self.slope_per_deg,
            "slope_uncertainty_per_deg": self.slope_uncertainty_per_deg,
            "intercept": self.intercept,
            "residuals": self.residuals.tolist(),
            "backlash_deg": self.backlash_deg,
            "backlash_uncertainty_deg": self.backlash_uncertainty_deg,
            "warnings": list(self.warnings),
        }


def calibrate_wheel(
    up: WheelScan, down: WheelScan | None = None, *, first_density: float = NOMINAL_FIRST_DENSITY
) -> WheelCalibration:
    """The curve from a scan with rising angle and, for the backlash, one back.

    Args:
        up: angles rising.
        down: angles falling; a laser that drifts between the scans looks like backlash, so take them at once.
        first_density: optical density at the first angle; only differences are ever used for setting powers.

    Raises:
        CurveError: angles in the wrong order, or the density falls where it must rise.
    """
    angle = up.angle_deg
    for point in np.flatnonzero(np.diff(angle) <= 0) + 1:
        raise CurveError(f"wheel: angle {angle[point]:g} deg of the scan up doesn't rise")
    density = first_density + np.log10(up.power_w[0] / up.power_w)
    sigma = up.power_uncertainty_relative / math.log(10)
    _refuse_falling(angle, density, sigma)
    slope, intercept, slope_sigma, residuals = _line(angle, density)
    backlash, backlash_sigma = _backlash(up, down, density, slope, first_density)
    calibration = WheelCalibration(
        angle_deg=angle,
        optical_density=density,
        density_uncertainty=sigma * math.sqrt(2),
        slope_per_deg=slope,
        slope_uncertainty_per_deg=slope_sigma,
        intercept=intercept,
        residuals=residuals,
        backlash_deg=backlash,
        backlash_uncertainty_deg=backlash_sigma,
        warnings=(),
    )
    return WheelCalibration(**{**vars(calibration), "warnings": _warnings(calibration)})


def _refuse_falling(angle: FloatArray, density: FloatArray, sigma: float) -> None:
    limit = -_FALL_SIGMAS * sigma * math.sqrt(2)
    for point in np.flatnonzero(np.diff(density) < min(limit, -1e-6)) + 1:
        raise CurveError(
            f"wheel: the optical density falls by {density[point - 1] - density[point]:.3f} between "
            f"{angle[point - 1]:g} and {angle[point]:g} deg; past the seam, lost steps, or the laser changed"
        )


def _line(angle: FloatArray, density: FloatArray) -> tuple[float, float, float, FloatArray]:
    centred = angle - angle.mean()
    slope = float(np.sum(centred * density) / np.sum(centred**2))
    intercept = float(density.mean() - slope * angle.mean())
    residuals = density - intercept - slope * angle
    variance = float(np.sum(residuals**2)) / (len(angle) - 2)
    return slope, intercept, math.sqrt(variance / float(np.sum(centred**2))), residuals


def _backlash(
    up: WheelScan, down: WheelScan | None, density: FloatArray, slope: float, first_density: float
) -> tuple[float | None, float | None]:
    """With falling angle the wheel stays ahead of what was commanded: density(a) = rising density(a + b)."""
    if down is None:
        return None, None
    if not (np.diff(down.angle_deg) < 0).all():
        raise CurveError("wheel: the angles of the scan down must fall")
    inside = (down.angle_deg >= up.angle_deg[0]) & (down.angle_deg <= up.angle_deg[-1])
    if inside.sum() < _LEAST_POINTS:
        raise CurveError("wheel: the scan down covers too little of the scan up")
    back = first_density + np.log10(up.power_w[0] / down.power_w[inside])
    lag = (back - np.interp(down.angle_deg[inside], up.angle_deg, density)) / slope
    noise = math.hypot(up.power_uncertainty_relative, down.power_uncertainty_relative)
    single = max(float(lag.std(ddof=1)), noise / math.log(10) / slope)
    return float(lag.mean()), single / math.sqrt(len(lag))


def _warnings(found: WheelCalibration) -> tuple[str, ...]:
    warnings: list[str] = []
    if len(found.angle_deg) < _GOOD_POINTS:
        warnings.append(f"{len(found.angle_deg)} points; {_GOOD_POINTS} or more show local unevenness")
    if found.backlash_deg is not None and abs(found.backlash_deg) > _LARGE_BACKLASH_DEG:
        warnings.append(
            f"backlash of {found.backlash_deg:.1f} deg: loose coupling, or the laser drifted between the "
            "scans"
        )
    worst = int(np.argmax(np.abs(found.residuals)))
    if abs(float(found.residuals[worst])) > _LARGE_RESIDUAL:
        warnings.append(
            f"the density is {found.residuals[worst]:+.3f} off its straight line at "
            f"{found.angle_deg[worst]:g} deg: dirt, a damaged coating, or the beam off its circle"
        )
    return tuple(warnings)
