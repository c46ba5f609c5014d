"""D4σ diameters of the beam: typed in, or from the scans of a slit or knife-edge profiler.

The second-moment width weighs the far wings most, where there is only noise and offset. ISO 11146-1 therefore
integrates over three widths about the centroid and repeats until limits and width agree.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.errors import CurveError
from calibration.text_table import TextTable, read_table

FloatArray = NDArray[np.float64]

_WINDOW_WIDTHS = 3.0
_WINDOW_SLACK = 0.05
"""A scan that ends this little (of the window) within its limits is as good: there is no beam left there."""
_CONVERGED_RELATIVE = 1e-4
_PATIENCE = 10
_CYCLE_RELATIVE = 0.01
"""With noise the limits can swing between points of the scan for ever. After some patience the limits are
set by the mean of two widths, and a swing below 1 % is taken as it is and goes into the uncertainty."""
_MOST_ITERATIONS = 50
_LEAST_POINTS = 20
_LEAST_OUTSIDE = 5
_EDGE_FRACTION = 0.05
"""Of the scan at each end, taken as background until the window is known."""
_WORST_RELATIVE = 0.1
_LEAST_REACH = 0.875
_PLAUSIBLE_MM = (0.02, 50.0)
"""Beyond this it is a unit; a power density that is wrong by its square would pass any limit."""
_ELLIPTIC = 1.15
"""ISO 11146-1 calls a beam round when the ratio of its widths is at least 0.87."""


class LengthUnit(StrEnum):
    """The unit of a profiler's positions."""

    MILLIMETRE = "mm"
    MICROMETRE = "um"


@dataclass(frozen=True)
class Profile:
    """One axis of a beam as a profiler scanned it.

    Attributes:
        position_mm: rising, [points].
        intensity: any unit, background included, [points].
        slit_width_mm: of the slit; its own width is taken out. 0 for a profiler that does so itself.
    """

    position_mm: FloatArray
    intensity: FloatArray
    slit_width_mm: float = 0.0

    def __post_init__(self) -> None:
        if self.position_mm.ndim != 1 or self.position_mm.shape != self.intensity.shape:
            raise CurveError("beam: a profile needs as many intensities as positions")
        if len(self.position_mm) < _LEAST_POINTS:
            raise CurveError(
                f"beam: a profile of {len(self.position_mm)} points; at least {_LEAST_POINTS} are needed"
            )
        if not (np.diff(self.position_mm) > 0).all() or not np.isfinite(self.intensity).all():
            raise CurveError("beam: positions must rise and intensities be finite")


@dataclass(frozen=True)
class AxisWidth:
    """The second-moment width of one axis.

    Attributes:
        diameter_mm: D4σ.
        uncertainty_mm: one sigma from the noise of the scan and its background.
        centroid_mm: position of the beam.
        background: intensity that was subtracted.
        iterations: until limits and width agreed.
        reach_widths: distance from the centroid to the nearer end of the scan, in beam widths.
    """

    diameter_mm: float
    uncertainty_mm: float
    centroid_mm: float
    background: float
    iterations: int
    reach_widths: float

    @property
    def window_inside_scan(self) -> bool:
        """Get whether the scan reached as far as the integration limits."""
        return self.reach_widths >= (1 - _WINDOW_SLACK) * _WINDOW_WIDTHS / 2


@dataclass(frozen=True)
class BeamCalibration:
    """Both axes.

    Attributes:
        diameter_x_mm: D4σ.
        diameter_y_mm: D4σ.
        diameter_uncertainty_mm: one sigma of each.
        plane: where it was measured, e.g. its distance to the sample.
        wheel_positions_tested: at how many angles of the attenuator; its film is uneven across a beam.
        warnings: sentences.
        reach_widths: least reach of a scan beyond its centroid, in beam widths; infinite for typed diameters.
    """

    diameter_x_mm: float
    diameter_y_mm: float
    diameter_uncertainty_mm: float
    plane: str
    wheel_positions_tested: int
    warnings: tuple[str, ...]
    reach_widths: float = math.inf

    def __post_init__(self) -> None:
        low, high = _PLAUSIBLE_MM
        for name, value in (("x", self.diameter_x_mm), ("y", self.diameter_y_mm)):
            if not low <= value <= high:
                raise CurveError(
                    f"beam: the diameter along {name} is {value:.4g} mm; {low:g} to {high:g} mm go through a "
                    "sphere's port: are the lengths in µm?"
                )

    @property
    def usable(self) -> bool:
        """Get whether the diameters are known to 10 %, and no scan ends within the beam.

        A Gaussian that is cut so far out is found less than 2 % too small; nearer, its wings pass for
        background, and the stated uncertainty knows nothing of that.
        """
        smaller = min(self.diameter_x_mm, self.diameter_y_mm)
        return self.diameter_uncertainty_mm <= _WORST_RELATIVE * smaller and self.reach_widths >= _LEAST_REACH

    @property
    def mean_diameter_mm(self) -> float:
        """Diameter of the circle with the same area: root of the product of both axes."""
        return math.sqrt(self.diameter_x_mm * self.diameter_y_mm)

    def record_values(self) -> dict[str, Any]:
        """The values of a `beam` record."""
        return {
            "diameter_x_mm": self.diameter_x_mm,
            "diameter_y_mm": self.diameter_y_mm,
            "diameter_uncertainty_mm": self.diameter_uncertainty_mm,
            "definition": "D4sigma",
            "mean_diameter_mm": self.mean_diameter_mm,
            "plane": self.plane,
            "wheel_positions_tested": self.wheel_positions_tested,
            "warnings": list(self.warnings),
        }


def typed_beam(
    diameter_x_mm: float,
    diameter_y_mm: float,
    diameter_uncertainty_mm: float,
    *,
    plane: str,
    wheel_positions_tested: int = 1,
) -> BeamCalibration:
    """A beam whose D4σ diameters a profiler's own program has found; raises `CurveError`."""
    for name, value in (("diameter_x_mm", diameter_x_mm), ("diameter_y_mm", diameter_y_mm)):
        if not (math.isfinite(value) and value > 0):
            raise CurveError(f"beam: {name} must be above 0, got {value}")
    if not (math.isfinite(diameter_uncertainty_mm) and diameter_uncertainty_mm > 0):
        raise CurveError(f"beam: diameter_uncertainty_mm must be above 0, got {diameter_uncertainty_mm}")
    return BeamCalibration(
        diameter_x_mm,
        diameter_y_mm,
        diameter_uncertainty_mm,
        plane,
        wheel_positions_tested,
        _warnings(diameter_x_mm, diameter_y_mm, wheel_positions_tested, ()),
    )


def beam_from_profiles(
    x_profiles: Sequence[Profile],
    y_profiles: Sequence[Profile],
    *,
    plane: str,
    scale_uncertainty_relative: float = 0.02,
) -> BeamCalibration:
    """A beam from one or more scans of each axis (for example at several wheel positions).

    Args:
        x_profiles: scans along x.
        y_profiles: scans along y, as many.
        plane: where the slit ran.
        scale_uncertainty_relative: of the profiler's length scale; 2 % is common for scanning slits, an
            assumption unless its certificate says otherwise.

    Raises:
        CurveError: no scans, or one that holds no beam.
    """
    if not x_profiles or len(x_profiles) != len(y_profiles):
        raise CurveError("beam: as many scans of x as of y are needed, at least one of each")
    axes = [[second_moment_width(profile) for profile in axis] for axis in (x_profiles, y_profiles)]
    diameters, sigmas = zip(*(_mean_axis(widths) for widths in axes), strict=True)
    uncertainty = max(
        math.hypot(sigma, scale_uncertainty_relative * diameter)
        for sigma, diameter in zip(sigmas, diameters, strict=True)
    )
    widths = (*axes[0], *axes[1])
    return BeamCalibration(
        diameters[0],
        diameters[1],
        uncertainty,
        plane,
        len(x_profiles),
        _warnings(diameters[0], diameters[1], len(x_profiles), widths),
        min(width.reach_widths for width in widths),
    )


def read_profiles(path: Path, *, unit: LengthUnit, slit_width_mm: float = 0.0) -> tuple[Profile, ...]:
    """Read a profiler's export: position and intensity, in two columns or in four (x, I, y, I).

    Returns:
        One profile for two columns, x and y for four.

    Raises:
        CurveError: with file and line, positions that don't rise or too few rows.
    """
    table = read_table(path, (2, 4))
    table.require_rows(_LEAST_POINTS, "a beam profile")
    millimetres = 1.0 if unit is LengthUnit.MILLIMETRE else 1e-3
    profiles = []
    for column in range(0, table.rows.shape[1], 2):
        axis = TextTable(table.source, table.rows[:, column : column + 2], table.line_numbers, table.header)
        axis.require_rising("position", str(unit))
        profiles.append(Profile(axis.rows[:, 0] * millimetres, axis.rows[:, 1], slit_width_mm))
    return tuple(profiles)


def second_moment_width(profile: Profile) -> AxisWidth:
    """D4σ = 4 sqrt(Σ (x - x̄)² I / Σ I) over three widths about the centroid, iterated (ISO 11146-1).

    The background is the mean outside the window (at first, of the scan's ends). Negative intensities after
    its subtraction stay: clipping them would turn noise into width.

    Raises:
        CurveError: there is no beam in the scan, or no convergence.
    """
    x = profile.position_mm
    outside = _ends(len(x))
    window = np.ones(len(x), dtype=bool)
    previous = math.inf
    iterations = 0
    while True:
        iterations += 1
        background = float(profile.intensity[outside].mean())
        centroid, width = _moments(x, profile.intensity - background, window)
        half = _WINDOW_WIDTHS * width / 2
        change = abs(width - previous)
        tolerance = _CONVERGED_RELATIVE if iterations < _PATIENCE else _CYCLE_RELATIVE
        if change <= tolerance * width:
            break
        if iterations == _MOST_ITERATIONS:
            raise CurveError("beam: limits and width don't converge; is the scan wide enough?")
        if iterations >= _PATIENCE:
            half = _WINDOW_WIDTHS * (width + previous) / 4
        previous = width
        window = np.abs(x - centroid) <= half
        if window.sum() < _LEAST_OUTSIDE:
            raise CurveError("beam: fewer than 5 points lie within the beam; scan with a finer step")
        outside = ~window if (~window).sum() >= _LEAST_OUTSIDE else _ends(len(x))
    slit = 16 * profile.slit_width_mm**2 / 12
    if slit >= width**2:
        raise CurveError("beam: the slit is wider than the beam")
    diameter = math.sqrt(width**2 - slit)
    noise = _uncertainty(profile, centroid, width, window, outside)
    uncertainty = math.hypot(noise, change) * width / diameter
    reach = float(min(centroid - x[0], x[-1] - centroid)) / width
    return AxisWidth(diameter, uncertainty, centroid, background, iterations, reach)


def _ends(points: int) -> NDArray[np.bool_]:
    count = max(_LEAST_OUTSIDE, int(_EDGE_FRACTION * points))
    mask = np.zeros(points, dtype=bool)
    mask[:count] = mask[-count:] = True
    return mask


def _moments(x: FloatArray, net: FloatArray, window: NDArray[np.bool_]) -> tuple[float, float]:
    """Centroid and D4σ within the window; steps may be uneven."""
    weights = (net * np.gradient(x))[window]
    total = float(weights.sum())
    if not total > 0:
        raise CurveError("beam: no beam above the background in the profile")
    centroid = float(np.sum(weights * x[window]) / total)
    variance = float(np.sum(weights * (x[window] - centroid) ** 2) / total)
    if not variance > 0:
        raise CurveError("beam: the profile has no width above its noise; scan with less noise")
    return centroid, 4 * math.sqrt(variance)


def _uncertainty(
    profile: Profile,
    centroid: float,
    width: float,
    window: NDArray[np.bool_],
    outside: NDArray[np.bool_],
) -> float:
    """One sigma of the width from noise of the points and of the background, first order.

    With v = (D/4)², ∂v/∂I_i = ((x_i - x̄)² - v) dx_i / ΣI, and the background enters every point with -1.
    """
    x = profile.position_mm
    noise = float(profile.intensity[outside].std(ddof=1))
    steps = np.gradient(x)
    background = float(profile.intensity[outside].mean())
    total = float(np.sum((profile.intensity - background)[window] * steps[window]))
    variance = (width / 4) ** 2
    gradient = ((x - centroid) ** 2 - variance)[window] * steps[window] / total
    from_points = noise * float(np.sqrt(np.sum(gradient**2)))
    from_background = noise / math.sqrt(outside.sum()) * abs(float(gradient.sum()))
    return math.hypot(from_points, from_background) * width / (2 * variance)


def _mean_axis(widths: Sequence[AxisWidth]) -> tuple[float, float]:
    diameters = np.array([width.diameter_mm for width in widths])
    noise = float(np.sqrt(np.mean([width.uncertainty_mm**2 for width in widths])))
    spread = float(diameters.std(ddof=1)) if len(diameters) > 1 else 0.0
    # Differences between wheel positions are real: the beam isn't known better than it varies.
    return float(diameters.mean()), math.hypot(noise / math.sqrt(len(diameters)), spread)


def _warnings(
    diameter_x_mm: float, diameter_y_mm: float, positions: int, widths: Sequence[AxisWidth]
) -> tuple[str, ...]:
    warnings: list[str] = []
    if positions < 2:
        warnings.append("measured at one wheel position; the film's gradient may change the beam elsewhere")
    ratio = max(diameter_x_mm, diameter_y_mm) / min(diameter_x_mm, diameter_y_mm)
    if ratio > _ELLIPTIC:
        warnings.append(
            f"the axes differ by a factor {ratio:.2f}; the widths are those of the scan's axes, not the "
            "beam's own"
        )
    if any(not width.window_inside_scan for width in widths):
        warnings.append("a scan ends within three beam widths; its background is uncertain")
    return tuple(warnings)
