"""Window integrals as sums over pixels with known weights.

Every window integral of a foreign spectrum is linear in its values: sum of value x kernel. The kernel holds
the share of the pixel inside the window, the conversion to photons, the long-pass and the subtraction of
the baseline, so that noise and offsets reach the result through the same numbers as the light.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from calibration import LongPass, ResponseUnit
from drivers.errors import ConfigurationError
from plqy_rig.evaluation.windows import Window, pixel_edges_nm
from plqy_rig.foreign.errors import ForeignFileError
from plqy_rig.foreign.measurement import Measurement, PartSpectra
from plqy_rig.foreign.quantity import Per, photon_factor
from plqy_rig.foreign.spectrum import read_curve

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_LEAST_BASELINE_POINTS = 3


@dataclass(frozen=True)
class Curve:
    """A smooth curve of a file: response or transmission.

    Attributes:
        path: the file.
        wavelength_nm: rising, [points].
        values: [points].
        is_divisor: whether what is wanted is one over the curve, as of a sensitivity.
    """

    path: Path
    wavelength_nm: FloatArray
    values: FloatArray
    is_divisor: bool = False

    def at(self, wavelength_nm: FloatArray) -> FloatArray:
        """Values (or one over them) at `wavelength_nm`, NaN outside the curve; never extrapolated.

        Between its points a monotone cubic, which follows the curve without overshoot.
        """
        found = self._between(wavelength_nm)
        # A sensitivity that isn't above 0 stays as it is: the window that needs it is refused.
        return np.divide(1.0, found, out=found.copy(), where=found > 0) if self.is_divisor else found

    def _between(self, wavelength_nm: FloatArray) -> FloatArray:
        if len(wavelength_nm) == len(self.wavelength_nm) and np.array_equal(
            wavelength_nm, self.wavelength_nm
        ):
            return self.values
        curve = PchipInterpolator(self.wavelength_nm, self.values, extrapolate=False)
        return np.asarray(curve(wavelength_nm), dtype=np.float64)

    def require_cover(self, wavelength_nm: FloatArray, window: Window) -> None:
        """Refuse wavelengths outside the curve.

        Raises:
            ForeignFileError: names the range that is missing.
        """
        low, high = float(self.wavelength_nm[0]), float(self.wavelength_nm[-1])
        outside = wavelength_nm[(wavelength_nm < low) | (wavelength_nm > high)]
        if len(outside):
            raise ForeignFileError(
                self.path,
                f"covers {low:g}-{high:g} nm, but the {window.name} window needs "
                f"{outside.min():g}-{outside.max():g} nm too; a curve isn't extrapolated",
            )


@dataclass(frozen=True)
class Corrections:
    """What turns values into photons.

    Attributes:
        response: by which counts are multiplied (one over its curve where that divides); None without one.
        unit: of the response.
        long_pass: transmission of the emission filter; None without one.
    """

    response: Curve | None
    unit: ResponseUnit | None
    long_pass: Curve | None

    @classmethod
    def of(cls, measurement: Measurement) -> Corrections:
        """Read the correction files of a request; raises `ForeignFileError`."""
        request = measurement.request
        response = None
        if request.response is not None:
            response = Curve(request.response, *read_curve(request.response), request.divides_by_response)
        long_pass = (
            None if request.long_pass is None else Curve(request.long_pass, *read_curve(request.long_pass))
        )
        if long_pass is not None and (long_pass.values.max() > 1.05 or long_pass.values.min() < -0.05):
            raise ForeignFileError(
                long_pass.path, "a transmission lies between 0 and 1; these values don't (are they per cent?)"
            )
        return cls(response, request.response_unit, long_pass)


def kernel(
    measurement: Measurement, corrections: Corrections, spectra: PartSpectra, window: Window, per: Per
) -> FloatArray:
    """By what each value is multiplied to sum to the window's photons, [pixels].

    Raises:
        ConfigurationError: the window lies outside the spectra.
        ForeignFileError: a correction curve doesn't cover the window or isn't above 0 in it.
    """
    grid = spectra.wavelength_nm
    weights = _weights(grid, window, per)
    inside = weights > 0
    response = None
    if corrections.response is not None:
        corrections.response.require_cover(grid[inside], window)
        response = np.where(inside, corrections.response.at(grid), 0.0)
        bad = np.flatnonzero(inside & (response <= 0))
        if len(bad):
            raise ForeignFileError(
                corrections.response.path,
                f"is {response[bad[0]]:.3g} at {grid[bad[0]]:g} nm; a response must be above 0 in "
                "every window",
            )
    result = weights * photon_factor(grid, measurement.quantity, corrections.unit, response)
    if spectra.part.is_emission and corrections.long_pass is not None:
        corrections.long_pass.require_cover(grid[inside], window)
        transmission = usable_transmission(corrections.long_pass, grid)
        result = np.where(np.isfinite(transmission), result / np.nan_to_num(transmission, nan=1.0), 0.0)
    return _with_baseline(result, grid, measurement.request.baseline)


def usable_transmission(long_pass: Curve, wavelength_nm: FloatArray) -> FloatArray:
    """Transmission at `wavelength_nm`; NaN below one half, where the method masks (step 7)."""
    return LongPass(long_pass.wavelength_nm, long_pass.values, 0.0).usable_at(wavelength_nm)


def _weights(grid: FloatArray, window: Window, per: Per) -> FloatArray:
    """Share of each pixel inside the window (contents), or its width inside in nm (densities).

    Beside a gap the pixels reach to its middle: the light in it is taken as a straight line across.
    """
    widths = np.diff(pixel_edges_nm(grid))
    covered = window.pixel_fractions(grid) * widths
    return covered if per is Per.NM else covered / pixel_widths_nm(grid)


def pixel_widths_nm(grid: FloatArray) -> FloatArray:
    """Width of each pixel without what a gap beside it adds, [pixels]."""
    steps = np.diff(grid)
    before, after = np.concatenate([steps[:1], steps]), np.concatenate([steps, steps[-1:]])
    narrow = np.minimum(before, after)
    # A gap makes one side several steps wide; elsewhere both sides are alike and their mean is the width.
    widths = np.where(np.maximum(before, after) > 2 * narrow, narrow, (before + after) / 2)
    return np.asarray(widths, dtype=np.float64)


def baseline_pixels(grid: FloatArray, baseline: Window | None) -> BoolArray | None:
    """Pixels of the region without light; None where there is no such region in these spectra.

    Raises:
        ConfigurationError: the region holds one or two points only.
    """
    if baseline is None:
        return None
    inside = (grid >= baseline.low_nm) & (grid <= baseline.high_nm)
    if not inside.any():
        return None
    if inside.sum() < _LEAST_BASELINE_POINTS:
        raise ConfigurationError(
            f"--baseline {baseline.low_nm:g}:{baseline.high_nm:g}: holds fewer than "
            f"{_LEAST_BASELINE_POINTS} points of the spectra"
        )
    return inside


def _with_baseline(kernel: FloatArray, grid: FloatArray, baseline: Window | None) -> FloatArray:
    region = baseline_pixels(grid, baseline)
    if region is None:
        return kernel
    return np.asarray(kernel - kernel.sum() * region / region.sum(), dtype=np.float64)
