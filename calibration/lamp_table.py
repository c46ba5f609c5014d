"""The certificate of a calibration lamp: spectral output against wavelength, in watts per nm.

The unit decides the formula and can't be told from the numbers, so that it always has to be given. An
irradiance (µW/cm²/nm) becomes a flux by the area that collects it; a flux into a sphere (µW/nm) needs none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.errors import CurveError
from calibration.text_table import TextTable, read_table

FloatArray = NDArray[np.float64]

_LEAST_ROWS = 8
_PLAUSIBLE_PEAK_UW_PER_NM = (1e-3, 1e4)
"""Calibration lamps for fibres and spheres give 0.01 to some 100 µW/nm at their maximum; outside this
generous range another unit is likely. Experience, not a standard: it only warns."""
_PLAUSIBLE_MAXIMUM_NM = (700.0, 1300.0)
"""Tungsten at 2600 to 3300 K has its maximum (in energy per nm) between 880 and 1115 nm (Wien's
displacement)."""
_PLAUSIBLE_UNCERTAINTY = (0.001, 0.2)


class LampUnit(StrEnum):
    """The unit of a certificate's second column."""

    IRRADIANCE = "uW/cm2/nm"
    """µW/cm²/nm at a stated plane: needs the collecting area."""
    FLUX = "uW/nm"
    """µW/nm into a sphere or fibre: no area."""


class UncertaintyColumn(StrEnum):
    """What a certificate's third column holds."""

    RELATIVE_PERCENT = "relative-percent"
    ABSOLUTE = "absolute"
    """In the unit of the second column."""


@dataclass(frozen=True)
class LampUncertainty:
    """How uncertain a certificate is. Exactly one of `column` and `percent` is given.

    Attributes:
        column: what the third column holds.
        percent: one relative uncertainty for all rows, where the certificate states it in its text.
        coverage_factor: the certificate's k; 2 for most. What is kept is divided by it.
    """

    column: UncertaintyColumn | None = None
    percent: float | None = None
    coverage_factor: float = 2.0


@dataclass(frozen=True)
class LampTable:
    """A lamp certificate.

    Attributes:
        wavelength_nm: [rows], rising.
        flux_w_per_nm: spectral flux into the rig, [rows].
        uncertainty_relative: one sigma of it, [rows].
        unit: of the file.
        collecting_area_cm2: area that the irradiance was multiplied by; None for a flux.
        source: the file.
        warnings: what isn't plausible; nothing was changed for it.
    """

    wavelength_nm: FloatArray
    flux_w_per_nm: FloatArray
    uncertainty_relative: FloatArray
    unit: LampUnit
    collecting_area_cm2: float | None
    source: str
    warnings: tuple[str, ...] = ()

    def record_values(self) -> dict[str, Any]:
        """The values of a `lamp` record."""
        return {
            "wavelength_nm": self.wavelength_nm.tolist(),
            "flux_w_per_nm": self.flux_w_per_nm.tolist(),
            "uncertainty_relative": self.uncertainty_relative.tolist(),
            "unit": str(self.unit),
            "collecting_area_cm2": self.collecting_area_cm2,
            "source": self.source,
            "warnings": list(self.warnings),
        }

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> LampTable:
        """From a `lamp` record's values; raises `CurveError`."""
        try:
            arrays = [
                np.asarray(values[key], dtype=np.float64)
                for key in ("wavelength_nm", "flux_w_per_nm", "uncertainty_relative")
            ]
            unit = LampUnit(values["unit"])
            area = values["collecting_area_cm2"]
        except (KeyError, TypeError, ValueError) as error:
            raise CurveError(f"lamp: the record's values are incomplete or malformed ({error!r})") from error
        return cls(
            arrays[0],
            arrays[1],
            arrays[2],
            unit,
            area,
            str(values.get("source", "lamp record")),
            tuple(values.get("warnings", ())),
        )


def read_lamp_table(
    path: Path,
    *,
    unit: LampUnit,
    uncertainty: LampUncertainty,
    collecting_area_cm2: float | None = None,
    needed_range_nm: tuple[float, float] | None = None,
) -> LampTable:
    """Read a certificate's table: wavelength in nm, spectral output, optionally its uncertainty.

    Args:
        path: any of comma, tab, space or semicolon between columns; decimal point or comma; header lines and
            `#` comments are skipped.
        unit: of the second column.
        uncertainty: where it comes from and its coverage factor.
        collecting_area_cm2: for `LampUnit.IRRADIANCE` the area of cosine corrector, fibre or port, cm².
        needed_range_nm: the range that must be covered.

    Raises:
        CurveError: with file and line: rows unsorted, doubled, not above 0 or too few; a third column that
            nobody said anything about; the range isn't covered; a missing or superfluous area.
    """
    factor = _watts_per_nm(unit, collecting_area_cm2, str(path))
    table = read_table(path, (2, 3))
    table.require_rows(_LEAST_ROWS, "a lamp's interpolation")
    table.require_rising("wavelength", "nm")
    for row in np.flatnonzero(table.rows[:, 0] <= 0):
        raise table.refuse(int(row), f"wavelength {table.rows[row, 0]:g} nm isn't above 0")
    for row in np.flatnonzero(table.rows[:, 1] <= 0):
        raise table.refuse(int(row), f"spectral output {table.rows[row, 1]:g} isn't above 0")
    if needed_range_nm is not None:
        _require_covered(table, *needed_range_nm)
    relative = _relative_uncertainty(table, uncertainty)
    wavelength, flux = table.rows[:, 0], table.rows[:, 1] * factor
    return LampTable(
        wavelength_nm=wavelength,
        flux_w_per_nm=flux,
        uncertainty_relative=relative,
        unit=unit,
        collecting_area_cm2=collecting_area_cm2,
        source=path.name,
        warnings=_implausible(wavelength, flux, relative),
    )


def _watts_per_nm(unit: LampUnit, area_cm2: float | None, source: str) -> float:
    if unit is LampUnit.FLUX:
        if area_cm2 is not None:
            raise CurveError(f"{source}: a flux in {unit} needs no collecting area; or is it an irradiance?")
        return 1e-6
    if area_cm2 is None or not area_cm2 > 0:
        raise CurveError(f"{source}: an irradiance in {unit} needs the collecting area in cm², above 0")
    return 1e-6 * area_cm2


def _require_covered(table: TextTable, low_nm: float, high_nm: float) -> None:
    for row, outside in ((0, low_nm < table.rows[0, 0]), (-1, high_nm > table.rows[-1, 0])):
        if outside:
            raise table.refuse(
                row,
                f"the table covers {table.rows[0, 0]:g} to {table.rows[-1, 0]:g} nm, {low_nm:g} to "
                f"{high_nm:g} nm is needed; nothing is extrapolated (are the wavelengths in nm?)",
            )


def _relative_uncertainty(table: TextTable, uncertainty: LampUncertainty) -> FloatArray:
    """One sigma, relative, [rows]."""
    if uncertainty.coverage_factor <= 0:
        raise CurveError(f"{table.source}: coverage factor {uncertainty.coverage_factor:g} isn't above 0")
    has_column = table.rows.shape[1] == 3
    if (uncertainty.column is None) == (uncertainty.percent is None):
        raise CurveError(
            f"{table.source}: the certificate's uncertainty is needed, either as what the third column "
            "holds or as one percentage"
        )
    if (uncertainty.column is not None) != has_column:
        raise table.refuse(
            0,
            "there is a third column; say whether it is a percentage or absolute"
            if has_column
            else "there is no third column with the uncertainty",
        )
    if uncertainty.percent is not None:
        stated = np.full(len(table.rows), uncertainty.percent / 100)
    elif uncertainty.column is UncertaintyColumn.RELATIVE_PERCENT:
        stated = table.rows[:, 2] / 100
    else:
        stated = table.rows[:, 2] / table.rows[:, 1]
    for row in np.flatnonzero(~(stated > 0)):
        raise table.refuse(int(row), f"its uncertainty {stated[row]:g} isn't above 0")
    return np.asarray(stated / uncertainty.coverage_factor, dtype=np.float64)


def _implausible(wavelength: FloatArray, flux: FloatArray, relative: FloatArray) -> tuple[str, ...]:
    warnings: list[str] = []
    peak_uw, peak_nm = float(flux.max()) * 1e6, float(wavelength[np.argmax(flux)])
    low, high = _PLAUSIBLE_PEAK_UW_PER_NM
    if not low <= peak_uw <= high:
        warnings.append(
            f"the lamp's maximum is {peak_uw:.3g} µW/nm; calibration lamps give {low:g} to {high:g}: check "
            "the unit of the certificate"
        )
    low, high = _PLAUSIBLE_MAXIMUM_NM
    if wavelength[0] < low and wavelength[-1] > high and not low <= peak_nm <= high:
        warnings.append(
            f"the lamp's maximum is at {peak_nm:g} nm; a tungsten lamp has it between {low:g} and {high:g} "
            "nm: check that the column is energy per nm"
        )
    low, high = _PLAUSIBLE_UNCERTAINTY
    if float(relative.min()) < low or float(relative.max()) > high:
        warnings.append(
            f"standard uncertainties from {relative.min():.2%} to {relative.max():.2%}; between {low:.1%} "
            f"and {high:.0%} is common: check what the column holds"
        )
    return tuple(warnings)
