"""The absolute scale checked with a laser of known power sent into the empty sphere.

    N_meas = Σ (S - D)/t · C λ/(hc)        N_exp = P λ_L/(hc)        deviation = N_meas/N_exp - 1

λ_L is the centroid of the measured line. Passing needs |deviation| of at most 3 % at every power, and none
that depends on power. A quantum yield doesn't need the absolute scale, but a scale that is right says that
lamp, area, unit and coupling are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.curves import Response
from calibration.errors import CurveError

FloatArray = NDArray[np.float64]

PLANCK_CONSTANT_J_S = 6.62607015e-34
SPEED_OF_LIGHT_M_PER_S = 299792458.0
DEVIATION_LIMIT = 0.03
_LEAST_POINTS = 3
_TREND_LIMIT = 0.01
_TREND_SIGMAS = 2.0
_SMALL_POWER_RANGE = 2.0
WATER_LIMIT = 0.01
"""For the change of the lamp's light in the water band."""
_WATER_NM = (1350.0, 1400.0)
_DRY_NM = (1290.0, 1310.0)
_FACTOR_TOLERANCE = 0.1
_COUPLING_LIMIT = 0.3


@dataclass(frozen=True)
class LaserPoint:
    """The laser at one power.

    Attributes:
        power_w: power into the sphere, by a calibrated meter, W.
        net_counts: dark-subtracted, linearised, [pixels]; NaN where saturated.
        integration_time_s: of a scan.
    """

    power_w: float
    net_counts: FloatArray
    integration_time_s: float


@dataclass(frozen=True)
class LaserPointResult:
    """What one power came to.

    Attributes:
        power_w: as given.
        line_nm: centroid of the measured line, weighted by energy.
        photons_measured_per_s: N_meas.
        photons_expected_per_s: N_exp.
    """

    power_w: float
    line_nm: float
    photons_measured_per_s: float
    photons_expected_per_s: float

    @property
    def deviation(self) -> float:
        """N_meas / N_exp - 1."""
        return self.photons_measured_per_s / self.photons_expected_per_s - 1


@dataclass(frozen=True)
class LaserCheck:
    """The check at all powers.

    Attributes:
        points: by rising power.
        slope_minus_one: of a line through the origin, N_meas against N_exp, every power with the same weight
            in relative terms.
        residual_sd: relative scatter about that line.
        trend: change of the deviation from lowest to highest power, by a straight line.
        trend_uncertainty: one sigma of it.
        limit: for |deviation|.
        warnings: sentences.
    """

    points: tuple[LaserPointResult, ...]
    slope_minus_one: float
    residual_sd: float
    trend: float
    trend_uncertainty: float
    limit: float
    warnings: tuple[str, ...]

    @property
    def depends_on_power(self) -> bool:
        """Get whether the deviation changes by more than 1 % and 2 sigma over the powers."""
        return abs(self.trend) > max(_TREND_LIMIT, _TREND_SIGMAS * self.trend_uncertainty)

    @property
    def passed(self) -> bool:
        """Get whether every deviation is within the limit and none depends on power."""
        return not self.depends_on_power and all(abs(one.deviation) <= self.limit for one in self.points)

    def record_values(self) -> dict[str, Any]:
        """The values of a `laser_check` record."""
        return {
            "power_w": [one.power_w for one in self.points],
            "line_nm": [one.line_nm for one in self.points],
            "photons_measured_per_s": [one.photons_measured_per_s for one in self.points],
            "photons_expected_per_s": [one.photons_expected_per_s for one in self.points],
            "deviation": [one.deviation for one in self.points],
            "slope_minus_one": self.slope_minus_one,
            "residual_sd": self.residual_sd,
            "trend": self.trend,
            "trend_uncertainty": self.trend_uncertainty,
            "limit": self.limit,
            "passed": self.passed,
            "warnings": list(self.warnings),
        }


def photons_per_joule(wavelength_nm: FloatArray | float) -> FloatArray:
    """λ/(hc), photons per joule."""
    return np.asarray(
        np.asarray(wavelength_nm) * 1e-9 / (PLANCK_CONSTANT_J_S * SPEED_OF_LIGHT_M_PER_S), dtype=np.float64
    )


def measure_laser(
    point: LaserPoint, response: Response, *, near_nm: float, half_window_nm: float = 10.0
) -> LaserPointResult:
    """Photons in the laser's line against those that its power stands for.

    Args:
        point: one power.
        response: to check.
        near_nm: nominal wavelength of the laser.
        half_window_nm: the line is summed this far to both sides.

    Raises:
        CurveError: power or time not above 0, a saturated or uncalibrated pixel in the window, or no light.
    """
    if not (point.power_w > 0 and point.integration_time_s > 0):
        raise CurveError("laser_check: power and integration time must be above 0")
    wavelength = response.wavelength_nm
    window = np.abs(wavelength - near_nm) <= half_window_nm
    if not window.any() or point.net_counts.shape != wavelength.shape:
        raise CurveError(f"laser_check: the spectrum doesn't reach {near_nm:g} nm, or has other pixels")
    watts = point.net_counts[window] / point.integration_time_s * response.joules_per_count[window]
    if not np.isfinite(watts).all():
        raise CurveError(
            f"laser_check: a pixel within {half_window_nm:g} nm of {near_nm:g} nm is saturated or has no "
            "response; shorten the exposure"
        )
    if not watts.sum() > 0:
        raise CurveError(f"laser_check: no light within {half_window_nm:g} nm of {near_nm:g} nm")
    line = float(np.sum(watts * wavelength[window]) / watts.sum())
    measured = float(np.sum(watts * photons_per_joule(wavelength[window])))
    return LaserPointResult(point.power_w, line, measured, point.power_w * float(photons_per_joule(line)))


def check_with_laser(
    points: Sequence[LaserPoint],
    response: Response,
    *,
    near_nm: float,
    half_window_nm: float = 10.0,
    limit: float = DEVIATION_LIMIT,
) -> LaserCheck:
    """The check at three or more powers.

    Raises:
        CurveError: fewer than three powers, or a point that `measure_laser` refuses.
    """
    results = [
        measure_laser(point, response, near_nm=near_nm, half_window_nm=half_window_nm)
        for point in sorted(points, key=lambda one: one.power_w)
    ]
    return summarise_check(results, limit)


def summarise_check(results: Sequence[LaserPointResult], limit: float = DEVIATION_LIMIT) -> LaserCheck:
    """Slope, scatter and trend of points that were measured; raises `CurveError` for fewer than three."""
    if len(results) < _LEAST_POINTS:
        raise CurveError(
            f"laser_check: {len(results)} powers; at least {_LEAST_POINTS} tell whether the deviation "
            "depends on power"
        )
    power = np.array([one.power_w for one in results])
    deviation = np.array([one.deviation for one in results])
    # With weights 1/N_exp² the slope of a line through the origin is the mean of the ratios.
    slope = float(deviation.mean())
    trend, sigma = _trend(power, deviation)
    ratio = float(power.max() / power.min())
    warnings = (
        ()
        if ratio >= _SMALL_POWER_RANGE
        else (f"the powers span a factor {ratio:.2f} only; a dependence on power can't be told",)
    )
    return LaserCheck(tuple(results), slope, float(deviation.std(ddof=1)), trend, sigma, limit, warnings)


def water_vapour_change(
    wavelength_nm: FloatArray, lamp_now_counts_per_s: FloatArray, lamp_then_counts_per_s: FloatArray
) -> float:
    """Change of the lamp's spectrum in the water band since the calibration, relative.

    (now/then at 1350-1400 nm) / (now/then at 1290-1310 nm) - 1: negative when there is more water now. More
    than 1 % means that purge and calibration don't match.

    Args:
        wavelength_nm: [pixels].
        lamp_now_counts_per_s: linear counts/s of the lamp now, [pixels].
        lamp_then_counts_per_s: the same at the calibration (`lamp_counts_per_s` of the response record).

    Raises:
        CurveError: no usable pixel in one of the ranges.
    """
    ratio = np.full(len(wavelength_nm), np.nan)
    usable = (lamp_then_counts_per_s > 0) & np.isfinite(lamp_now_counts_per_s)
    ratio[usable] = lamp_now_counts_per_s[usable] / lamp_then_counts_per_s[usable]
    means = []
    for low, high in (_WATER_NM, _DRY_NM):
        inside = ratio[(wavelength_nm >= low) & (wavelength_nm <= high)]
        inside = inside[np.isfinite(inside)]
        if not len(inside):
            raise CurveError(f"water vapour: no lamp signal from {low:g} to {high:g} nm")
        means.append(float(inside.mean()))
    return means[0] / means[1] - 1


def diagnose(
    check: LaserCheck,
    *,
    collecting_area_cm2: float | None = None,
    linearity_applied: bool = True,
    water_change: float | None = None,
) -> tuple[str, ...]:
    """What the pattern of deviations points to, in words; the first sentence is the verdict.

    Args:
        check: the result.
        collecting_area_cm2: that the response's lamp table was multiplied by, if it was.
        linearity_applied: whether the counts were linearised.
        water_change: what `water_vapour_change` gave.
    """
    humid = water_change is not None and abs(water_change) > WATER_LIMIT
    verdict = "passed" if check.passed and not humid else "failed"
    said = [
        f"The check {verdict}: deviation {check.slope_minus_one:+.2%} (limit {check.limit:.0%}), scatter "
        f"{check.residual_sd:.2%}, change with power {check.trend:+.2%}."
    ]
    if check.depends_on_power:
        said.append(_power_dependence(check.trend, linearity_applied))
    if abs(check.slope_minus_one) > check.limit:
        said.append(_constant_factor(1 + check.slope_minus_one, collecting_area_cm2))
    if water_change is not None and humid:
        more = "more" if water_change < 0 else "less"
        said.append(
            f"The lamp at 1350-1400 nm changed by {water_change:+.1%} against 1290-1310 nm since the "
            f"calibration: there is {more} water vapour now; purge, then repeat."
        )
    return tuple(said)


def _trend(power: FloatArray, deviation: FloatArray) -> tuple[float, float]:
    """Change over the range of powers by a straight line, and one sigma of it."""
    span = float(np.ptp(power))
    if span == 0:
        raise CurveError("laser_check: all powers are the same; a dependence on power can't be seen")
    x = (power - power.mean()) / span
    change = float(np.sum(x * deviation) / np.sum(x**2))
    left = deviation - deviation.mean() - change * x
    return change, float(np.sqrt(np.sum(left**2) / (len(x) - 2) / np.sum(x**2)))


def _power_dependence(trend: float, linearity_applied: bool) -> str:
    if not linearity_applied:
        return "The deviation depends on power, and no linearity correction was applied: apply it."
    if trend < 0:
        return (
            "The deviation falls with power: the detector compresses more than its linearity correction "
            "says, or the power meter reads too much at high power (range, heating)."
        )
    return (
        "The deviation rises with power: light or dark that doesn't belong to the laser at low power, a "
        "linearity correction that overdoes it, or a meter with an offset (zero it)."
    )


def _constant_factor(factor: float, area_cm2: float | None) -> str:
    units = {1e6: "a million", 1e-6: "a millionth", 1e3: "a thousand", 1e-3: "a thousandth"}
    units |= {1e4: "ten thousand (cm² against m²)", 1e-4: "a ten-thousandth (cm² against m²)"}
    for unit_factor, words in units.items():
        if abs(factor / unit_factor - 1) < _FACTOR_TOLERANCE:
            return f"All powers are off by {words}: the lamp table's unit (µW, W; per cm², per m²) is wrong."
    if area_cm2 is not None and abs(area_cm2 - 1) > _FACTOR_TOLERANCE:
        for exponent, words in ((1, "multiplied by it once too often"), (-1, "not multiplied by it")):
            if abs(factor / area_cm2**exponent - 1) < _FACTOR_TOLERANCE:
                return (
                    f"All powers are off by the collecting area ({area_cm2:g} cm²): the lamp table was "
                    f"{words}."
                )
    if abs(factor - 1) <= _COUPLING_LIMIT:
        return (
            f"All powers are off by {factor - 1:+.1%}: the coupling changed since the calibration (fibre "
            "moved, port, slit or insert changed), the lamp has aged, or the power meter is off. Quantum "
            "yields don't depend on it."
        )
    return (
        f"All powers are off by a factor {factor:.3g}: another fibre, slit or port than at the calibration, "
        "part of the beam outside the port, a filter in the beam, or a wrong integration time."
    )
