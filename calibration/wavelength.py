"""Whether the pixels' wavelengths are right: known lines against where the spectrometer sees them.

The result is a check and an uncertainty. Wavelengths are never shifted by it: another polynomial belongs into
the device, where every program finds it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.errors import CurveError

FloatArray = NDArray[np.float64]

_SEARCH_NM = 6.0
_HALF_WINDOW_PIXELS = 4
_BASELINE_PIXELS = 3
_LEAST_SIGNAL_TO_NOISE = 10.0
_OFFSET_LIMIT_PIXELS = 1.0
_UNDERSAMPLING_PIXELS = 0.015
"""Error of the centroid of a line one pixel wide, from where it falls between pixels: for a Gaussian of
standard deviation s and pixels of width p its amplitude is (p/pi) exp(-2 (pi s/p)^2), which is 0.015 p where
the FWHM is 0.93 p."""


class Medium(StrEnum):
    """What a wavelength was stated in."""

    AIR = "air"
    VACUUM = "vacuum"


@dataclass(frozen=True)
class ReferenceLine:
    """A line whose wavelength is known.

    Attributes:
        name: e.g. `Ar I`.
        wavelength_nm: in `medium`.
        medium: air or vacuum.
        uncertainty_nm: one sigma of it.
        verified: whether its wavelength was checked against a table of line data for this project.
    """

    name: str
    wavelength_nm: float
    medium: Medium
    uncertainty_nm: float = 0.005
    verified: bool = False

    def wavelength_in_nm(self, medium: Medium) -> float:
        """Wavelength in another medium."""
        if medium is self.medium:
            return self.wavelength_nm
        if medium is Medium.VACUUM:
            return vacuum_from_air_nm(self.wavelength_nm)
        return self.wavelength_nm / refractive_index_of_air(self.wavelength_nm)


ARGON_LINES = tuple(
    ReferenceLine("Ar I", wavelength, Medium.AIR)
    for wavelength in (912.30, 965.78, 1047.00, 1213.97, 1371.86, 1504.65, 1694.06)
)
"""Argon between 900 and 1700 nm, in air, to 0.01 nm. Not verified against a table of line data for this
project: check them before they decide anything; vacuum wavelengths are longer by 0.25 to 0.46 nm."""


ARGON_NEIGHBOURS_NM = (922.45, 978.45, 1067.36)
"""Other strong lines of argon in the range, in air, not verified either: they spoil centroids nearby."""
_REACH_NM = 14.0
"""Window, baseline and slit of a centroid reach so far from a line on a 512 pixel array."""


def isolated_lines(
    lines: Sequence[ReferenceLine], neighbours_nm: Sequence[float], reach_nm: float = _REACH_NM
) -> tuple[ReferenceLine, ...]:
    """Those of the lines that no other known one disturbs.

    Args:
        lines: of the lamp.
        neighbours_nm: its other lines, in the same medium.
        reach_nm: how near a neighbour spoils a centroid.
    """
    return tuple(
        line
        for line in lines
        if not any(
            other != line.wavelength_nm and abs(other - line.wavelength_nm) <= reach_nm
            for other in (*neighbours_nm, *(one.wavelength_nm for one in lines))
        )
    )


def refractive_index_of_air(vacuum_wavelength_nm: float) -> float:
    """Refractive index of dry standard air (15 °C, 101 325 Pa).

    Source: Birch and Downs, Metrologia 31, 315 (1994), the dispersion formula.
    """
    sigma_squared = (1e3 / vacuum_wavelength_nm) ** 2
    return 1 + 1e-8 * (8342.54 + 2406147 / (130 - sigma_squared) + 15998 / (38.9 - sigma_squared))


def vacuum_from_air_nm(air_wavelength_nm: float) -> float:
    """Vacuum wavelength of a line whose wavelength in standard air is known."""
    return air_wavelength_nm * refractive_index_of_air(air_wavelength_nm * 1.00027)


@dataclass(frozen=True)
class FoundLine:
    """One line as the spectrometer sees it.

    Attributes:
        line: that was looked for.
        expected_nm: its wavelength in the medium of the spectrometer's scale.
        found_nm: centroid; None where no clear line was found.
        offset_nm: found less expected; None where none was found.
        offset_pixels: the same in pixels.
        uncertainty_nm: one sigma of the offset.
        signal_to_noise: of the highest pixel.
    """

    line: ReferenceLine
    expected_nm: float
    found_nm: float | None
    offset_nm: float | None
    offset_pixels: float | None
    uncertainty_nm: float | None
    signal_to_noise: float


@dataclass(frozen=True)
class WavelengthCheck:
    """All lines together.

    Attributes:
        lines: each of them.
        medium: that the spectrometer's scale is taken to be in.
        mean_offset_nm: mean over the lines found.
        scatter_nm: their SD; 0 for one line.
        largest_offset_pixels: largest |offset|.
        uncertainty_nm: root of mean offset squared and scatter squared: what the wavelength scale is worth,
            uncorrected, for a response's budget.
        warnings: sentences.
    """

    lines: tuple[FoundLine, ...]
    medium: Medium
    mean_offset_nm: float
    scatter_nm: float
    largest_offset_pixels: float
    uncertainty_nm: float
    warnings: tuple[str, ...]

    def record_values(self) -> dict[str, Any]:
        """The values of a `wavelength` record."""
        return {
            "lines": [
                {
                    "name": found.line.name,
                    "reference_nm": found.line.wavelength_nm,
                    "reference_medium": str(found.line.medium),
                    "reference_verified": found.line.verified,
                    "expected_nm": found.expected_nm,
                    "found_nm": found.found_nm,
                    "offset_nm": found.offset_nm,
                    "offset_pixels": found.offset_pixels,
                    "uncertainty_nm": found.uncertainty_nm,
                }
                for found in self.lines
            ],
            "scale_medium": str(self.medium),
            "mean_offset_nm": self.mean_offset_nm,
            "scatter_nm": self.scatter_nm,
            "largest_offset_pixels": self.largest_offset_pixels,
            "uncertainty_nm": self.uncertainty_nm,
            "warnings": list(self.warnings),
        }


def check_wavelengths(
    wavelength_nm: FloatArray,
    net_counts: FloatArray,
    lines: Sequence[ReferenceLine],
    *,
    noise_counts: float,
    scale_medium: Medium = Medium.AIR,
    search_nm: float = _SEARCH_NM,
) -> WavelengthCheck:
    """Look for known lines in a spectrum.

    Args:
        wavelength_nm: of the pixels, [pixels].
        net_counts: dark-subtracted spectrum of a line lamp, or of the laser, [pixels].
        lines: that should be there; `ARGON_LINES`, or the laser's own line.
        noise_counts: one sigma of a pixel.
        scale_medium: what the device's wavelengths are stated in; makers of array spectrometers use air.
        search_nm: how far from its place a line may be.

    Raises:
        CurveError: no line lies on the detector, or none was found.
    """
    if not noise_counts > 0:
        raise CurveError(f"wavelength: the noise must be above 0 counts, got {noise_counts}")
    on_detector = [
        line
        for line in lines
        if wavelength_nm[0] + search_nm < line.wavelength_in_nm(scale_medium) < wavelength_nm[-1] - search_nm
    ]
    if not on_detector:
        raise CurveError("wavelength: none of the lines lies on the detector")
    found = tuple(
        _find(wavelength_nm, net_counts, line, noise_counts, scale_medium, search_nm) for line in on_detector
    )
    offsets = np.array([one.offset_nm for one in found if one.offset_nm is not None])
    if not len(offsets):
        raise CurveError(
            f"wavelength: none of {len(found)} lines stands out of the noise within {search_nm:g} nm of its "
            "place; is the lamp on, and the exposure long enough?"
        )
    scatter = float(offsets.std(ddof=1)) if len(offsets) > 1 else 0.0
    largest = max(abs(one.offset_pixels) for one in found if one.offset_pixels is not None)
    single = max(one.uncertainty_nm for one in found if one.uncertainty_nm is not None)
    return WavelengthCheck(
        lines=found,
        medium=scale_medium,
        mean_offset_nm=float(offsets.mean()),
        scatter_nm=scatter,
        largest_offset_pixels=largest,
        uncertainty_nm=math.hypot(float(offsets.mean()), scatter, single),
        warnings=_warnings(found, largest),
    )


def line_centroid(
    wavelength_nm: FloatArray, net_counts: FloatArray, near_nm: float, search_nm: float = _SEARCH_NM
) -> tuple[float, float]:
    """Centroid of the highest line near a wavelength, over a straight baseline from both sides.

    A line is one to three pixels wide, so that no shape is fitted to it: the centroid of pixel contents is
    right wherever the line falls between pixels.

    Returns:
        Centroid in nm and height of the highest pixel above the baseline in counts.

    Raises:
        CurveError: the range lies outside the detector, or nothing is above the baseline.
    """
    near = np.flatnonzero(np.abs(wavelength_nm - near_nm) <= search_nm)
    if not len(near):
        raise CurveError(f"wavelength: {near_nm:g} nm is not on the detector")
    peak = int(near[np.argmax(net_counts[near])])
    low, high = peak - _HALF_WINDOW_PIXELS, peak + _HALF_WINDOW_PIXELS
    if low < _BASELINE_PIXELS or high >= len(net_counts) - _BASELINE_PIXELS:
        raise CurveError(f"wavelength: the line at {near_nm:g} nm lies too close to the detector's end")
    sides = np.r_[low - _BASELINE_PIXELS : low, high + 1 : high + 1 + _BASELINE_PIXELS]
    slope, level = np.polyfit(sides - peak, net_counts[sides], 1)
    window = np.arange(low, high + 1)
    above = net_counts[window] - level - slope * (window - peak)
    if not above.sum() > 0:
        raise CurveError(f"wavelength: no line above the background near {near_nm:g} nm")
    return float(np.sum(above * wavelength_nm[window]) / above.sum()), float(above.max())


def _find(
    wavelength_nm: FloatArray,
    net_counts: FloatArray,
    line: ReferenceLine,
    noise_counts: float,
    medium: Medium,
    search_nm: float,
) -> FoundLine:
    expected = line.wavelength_in_nm(medium)
    try:
        centroid, height = line_centroid(wavelength_nm, net_counts, expected, search_nm)
    except CurveError:
        # A line too weak to be seen is a finding of the check, not an error of the input.
        return FoundLine(line, expected, None, None, None, None, 0.0)
    ratio = height / noise_counts
    if ratio < _LEAST_SIGNAL_TO_NOISE:
        return FoundLine(line, expected, None, None, None, None, ratio)
    pixel_nm = float(np.interp(expected, wavelength_nm, np.gradient(wavelength_nm)))
    half = _HALF_WINDOW_PIXELS
    # Σ (x - x̄)² σ² / (ΣI)², with ΣI at least the highest pixel.
    spread = math.sqrt(sum(offset**2 for offset in range(-half, half + 1))) / ratio * pixel_nm
    offset = centroid - expected
    sigma = math.hypot(spread, line.uncertainty_nm, _UNDERSAMPLING_PIXELS * pixel_nm)
    return FoundLine(line, expected, centroid, offset, offset / pixel_nm, sigma, ratio)


def _warnings(found: Sequence[FoundLine], largest: float) -> tuple[str, ...]:
    warnings = [
        f"{one.line.name} {one.expected_nm:.2f} nm is {one.offset_pixels:+.1f} pixels off"
        for one in found
        if one.offset_pixels is not None and abs(one.offset_pixels) > _OFFSET_LIMIT_PIXELS
    ]
    if warnings:
        warnings.append(
            f"the wavelength scale is off by up to {largest:.1f} pixels; have the device's coefficients "
            "renewed before calibrating its response"
        )
    warnings.extend(
        f"{one.line.name} {one.expected_nm:.2f} nm wasn't found" for one in found if one.found_nm is None
    )
    if any(not one.line.verified for one in found):
        warnings.append("the reference wavelengths weren't verified against a table of line data")
    return tuple(warnings)
