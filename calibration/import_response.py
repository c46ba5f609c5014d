"""Responses from elsewhere: files of spectrometer programs and of other laboratories, made into J per count.

The same curve is written in several units, and which one a file holds can't be told from its numbers: it is
always said by whoever imports it.

    J/count  =  µJ/count · 1e-6  =  [W/nm per count/s] Δλ  =  [photons/count] hc/λ  =  [photons/(nm count)] Δλ
    hc/λ
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.errors import CurveError
from calibration.laser_check import photons_per_joule
from calibration.response import pixel_widths_nm, plain
from calibration.text_table import TextTable, read_table

FloatArray = NDArray[np.float64]

_LEAST_ROWS = 10
_SAME_GRID_FRACTION = 0.1
_HEADER_LINES_KEPT = 12


class ResponseUnit(StrEnum):
    """The unit of a response file's second column."""

    MICROJOULE_PER_COUNT = "uJ/count"
    WATT_PER_NM_PER_COUNT_RATE = "W/nm/(count/s)"
    PHOTONS_PER_COUNT = "photons/count"
    PHOTONS_PER_NM_PER_COUNT = "photons/nm/count"
    RELATIVE_ENERGY = "relative-energy"
    """Proportional to J/count, of no known scale: good for a quantum yield, not for a record."""
    RELATIVE_PHOTONS = "relative-photons"
    """Proportional to photons/count, of no known scale."""

    @property
    def is_absolute(self) -> bool:
        """Get whether its scale means something."""
        return self not in (ResponseUnit.RELATIVE_ENERGY, ResponseUnit.RELATIVE_PHOTONS)


@dataclass(frozen=True)
class StatedUncertainty:
    """What is known of an imported response's uncertainty; files don't hold it.

    Attributes:
        scale_relative: one sigma of the common factor.
        shape_relative: one sigma of the shape.
        correlation_length_nm: of the shape.
    """

    scale_relative: float
    shape_relative: float
    correlation_length_nm: float = 150.0

    def __post_init__(self) -> None:
        for name in ("scale_relative", "shape_relative", "correlation_length_nm"):
            if not getattr(self, name) > 0:
                raise CurveError(f"response: {name} must be above 0, got {getattr(self, name)}")


@dataclass(frozen=True)
class ImportedResponse:
    """A response as it was found in a file, in J/count.

    Attributes:
        wavelength_nm: [points].
        joules_per_count: [points]; NaN outside the file's range.
        unit: of the file.
        source: the file.
        header: its first lines.
        uncertainty: as stated by whoever imported it; None for a curve that only an evaluation uses.
    """

    wavelength_nm: FloatArray
    joules_per_count: FloatArray
    unit: ResponseUnit
    source: str
    header: tuple[str, ...]
    uncertainty: StatedUncertainty | None

    @property
    def origin(self) -> str:
        """The sentence for a record's origin."""
        return f"Imported from {self.source}, given in {self.unit}."

    def record_values(self) -> dict[str, Any]:
        """The values of a `response` record.

        Raises:
            CurveError: the scale is unknown, or no uncertainty was stated.
        """
        if not self.unit.is_absolute:
            raise CurveError(
                f"{self.source}: a response in {self.unit} has no scale and makes no record; evaluate files "
                "with it directly"
            )
        if self.uncertainty is None:
            raise CurveError(
                f"{self.source}: state the uncertainty of scale and shape to make a record of it"
            )
        known = np.isfinite(self.joules_per_count)
        shape = np.where(known, self.uncertainty.shape_relative, np.nan)
        return {
            "wavelength_nm": self.wavelength_nm.tolist(),
            "response_j_per_count": plain(self.joules_per_count, 10),
            "scale_uncertainty_relative": self.uncertainty.scale_relative,
            "shape_uncertainty_relative": plain(shape, 6),
            "shape_correlation_length_nm": self.uncertainty.correlation_length_nm,
            "imported_from": self.source,
            "imported_unit": str(self.unit),
            "imported_header": list(self.header[:_HEADER_LINES_KEPT]),
            "assumptions": ["the uncertainty was stated by the operator; the file holds none"],
        }


def joules_per_count_from(
    values: FloatArray, unit: ResponseUnit, wavelength_nm: FloatArray, pixel_width_nm: FloatArray
) -> FloatArray:
    """Convert a response to J/count; relative ones keep an arbitrary scale.

    Args:
        values: [pixels], in `unit`.
        unit: of the values.
        wavelength_nm: [pixels].
        pixel_width_nm: Δλ of the spectrometer's pixels, [pixels].
    """
    per_photon = 1 / photons_per_joule(wavelength_nm)
    factors: dict[ResponseUnit, FloatArray | float] = {
        ResponseUnit.MICROJOULE_PER_COUNT: 1e-6,
        ResponseUnit.WATT_PER_NM_PER_COUNT_RATE: pixel_width_nm,
        ResponseUnit.PHOTONS_PER_COUNT: per_photon,
        ResponseUnit.PHOTONS_PER_NM_PER_COUNT: per_photon * pixel_width_nm,
        ResponseUnit.RELATIVE_ENERGY: 1.0,
        ResponseUnit.RELATIVE_PHOTONS: per_photon,
    }
    return np.asarray(values * factors[unit], dtype=np.float64)


def import_response(
    path: Path,
    *,
    unit: ResponseUnit,
    pixel_wavelength_nm: FloatArray | None = None,
    uncertainty: StatedUncertainty | None = None,
) -> ImportedResponse:
    """Read a response file: wavelength in nm and response, two columns, after a header of any length.

    Args:
        path: the file.
        unit: of its second column.
        pixel_wavelength_nm: of the spectrometer, [pixels]. The file's values are taken at these pixels
            (joined by straight lines in its own unit, NaN outside its range) and Δλ is theirs. None takes the
            file's rows for the pixels, which is right for files that spectrometer programs write.
        uncertainty: for a record.

    Raises:
        CurveError: with file and line: unsorted or doubled wavelengths, a response that isn't above 0, too
            few rows; without a line: none of the pixels lies within the file's range.
    """
    table = read_table(path, (2,))
    table.require_rows(_LEAST_ROWS, "a response")
    table.require_rising("wavelength", "nm")
    _refuse_implausible(table)
    wavelength, values = table.rows[:, 0], table.rows[:, 1]
    pixels = wavelength if pixel_wavelength_nm is None else np.asarray(pixel_wavelength_nm, dtype=np.float64)
    if pixel_wavelength_nm is not None:
        values = _at_pixels(wavelength, values, pixels)
        if not np.isfinite(values).any():
            raise CurveError(
                f"{path}: covers {wavelength[0]:g} to {wavelength[-1]:g} nm, none of the spectrometer's "
                "pixels"
            )
    return ImportedResponse(
        wavelength_nm=pixels,
        joules_per_count=joules_per_count_from(values, unit, pixels, pixel_widths_nm(pixels)),
        unit=unit,
        source=path.name,
        header=table.header,
        uncertainty=uncertainty,
    )


def _refuse_implausible(table: TextTable) -> None:
    for row in np.flatnonzero(table.rows[:, 1] <= 0):
        raise table.refuse(int(row), f"response {table.rows[row, 1]:g} isn't above 0")
    for row in np.flatnonzero(table.rows[:, 0] < 100):
        raise table.refuse(
            int(row), f"wavelength {table.rows[row, 0]:g}: must be in nm (µm, or a pixel number?)"
        )


def _at_pixels(wavelength: FloatArray, values: FloatArray, pixels: FloatArray) -> FloatArray:
    if wavelength.shape == pixels.shape:
        step = float(np.diff(pixels).min())
        if float(np.abs(wavelength - pixels).max()) <= _SAME_GRID_FRACTION * step:
            # The same pixels: wavelengths in files are rounded, and nothing needs to be interpolated.
            return values
    return np.asarray(np.interp(pixels, wavelength, values, left=np.nan, right=np.nan))
