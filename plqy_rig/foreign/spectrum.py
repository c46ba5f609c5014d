"""One file as a spectrum: rising wavelengths in nm, one or more columns of values, what the header says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plqy_rig.foreign.columns import Columns, choose_columns
from plqy_rig.foreign.errors import ForeignFileError
from plqy_rig.foreign.header import (
    integration_time_s,
    is_per_second,
    name_says_irradiance,
    stated_quantity,
    time_without_unit,
)
from plqy_rig.foreign.numbers import decimals, parse_number
from plqy_rig.foreign.quantity import Quantity
from plqy_rig.foreign.table import Table, find_table
from plqy_rig.foreign.text import read_lines

FloatArray = NDArray[np.float64]

_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}([.,'’ ][0-9]{3})+([.,][0-9]+)?")
_PLAUSIBLE_NM = (100.0, 6000.0)
_NEIGHBOURS = 5
_STEP_FACTOR = 1.5
_TWO_IN_ONE = 1.25
_GAP_STEPS = 4.5
"""From four rows missing on, the gap was left on purpose (second order of the excitation, two ranges)."""
_GRID_TOLERANCE = 0.02
"""Of a step: two files that round the same pixel differently still agree."""


@dataclass(frozen=True)
class ForeignSpectrum:
    """What a file from another program holds.

    Attributes:
        path: the file.
        wavelength_nm: rising, [pixels].
        values: as in the file, [columns, pixels]; several columns are repeats.
        wavelength_decimals: digits behind the decimal sign of the wavelengths as written.
        integration_time_s: from the header; None where it states none.
        time_without_unit: the number that the header gives as integration time without its unit, or None.
        quantity: what the file says its values are; None where it doesn't.
        per_second: whether the values are counts per second already.
        name_says_irradiance: whether only the file's name says that its values are corrected.
        column_names: of the columns read; "" where the file has no names.
        gaps_nm: ranges of several steps without a point, between two points each.
    """

    path: Path
    wavelength_nm: FloatArray
    values: FloatArray
    wavelength_decimals: int = 15
    integration_time_s: float | None = None
    time_without_unit: float | None = None
    quantity: Quantity | None = None
    per_second: bool = False
    name_says_irradiance: bool = False
    column_names: tuple[str, ...] = field(default=())
    gaps_nm: tuple[tuple[float, float], ...] = field(default=())

    @property
    def step_nm(self) -> float:
        """Median distance of neighbouring wavelengths."""
        return float(np.median(np.diff(self.wavelength_nm)))

    def describe_grid(self) -> str:
        """Number of points and range, for messages."""
        grid = self.wavelength_nm
        return f"{len(grid)} points, {grid[0]:g}-{grid[-1]:g} nm"


def read_spectrum(path: Path, columns: Sequence[str] = ()) -> ForeignSpectrum:
    """Read a spectrum from text in any of the usual forms.

    Args:
        path: the file.
        columns: names or 1-based numbers of the intensity columns; several are repeats. Without any, the
            one intensity column must be plain from the file.

    Raises:
        ForeignFileError: everything that keeps the file from being read with one meaning only.
    """
    table, chosen, wavelength, values, lines = _read(path, columns)
    return ForeignSpectrum(
        path=path,
        wavelength_nm=wavelength,
        values=values,
        wavelength_decimals=_decimals(table, chosen),
        integration_time_s=integration_time_s(table.header),
        time_without_unit=time_without_unit(table.header),
        quantity=stated_quantity(table.header, chosen.names[0]),
        per_second=is_per_second(table.header, chosen.names[0]),
        name_says_irradiance=name_says_irradiance(table.header, path.name),
        column_names=chosen.names,
        gaps_nm=_gaps(wavelength, lines, path),
    )


def read_curve(path: Path) -> tuple[FloatArray, FloatArray]:
    """Read a smooth curve (response, transmission): wavelength in nm, rising, and values, [points] each.

    Its steps may be as they like.

    Raises:
        ForeignFileError: as for a spectrum.
    """
    _, _, wavelength, values, _ = _read(path, ())
    return wavelength, values[0]


def require_same_grid(first: ForeignSpectrum, other: ForeignSpectrum) -> None:
    """Refuse two files whose wavelengths differ by more than their rounding.

    Raises:
        ForeignFileError: names both files, the first wavelength that differs and by how much.
    """
    count = min(len(first.wavelength_nm), len(other.wavelength_nm))
    difference = np.abs(first.wavelength_nm[:count] - other.wavelength_nm[:count])
    rounding = 0.5 * (10.0**-first.wavelength_decimals + 10.0**-other.wavelength_decimals)
    tolerance = min(rounding, _GRID_TOLERANCE * min(first.step_nm, other.step_nm)) + 1e-9
    differing = np.flatnonzero(difference > tolerance)
    if len(differing) == 0 and len(first.wavelength_nm) == len(other.wavelength_nm):
        return
    if len(differing):
        at = differing[0]
        reason = (
            f"the first wavelength that differs is {other.wavelength_nm[at]:g} nm instead of "
            f"{first.wavelength_nm[at]:g} nm, {difference[at]:.3g} nm apart"
        )
    else:
        longer = max(first, other, key=lambda spectrum: len(spectrum.wavelength_nm))
        reason = f"only {longer.path} goes on at {longer.wavelength_nm[count]:g} nm"
    raise ForeignFileError(
        other.path,
        f"its wavelengths ({other.describe_grid()}) aren't those of {first.path} ({first.describe_grid()}): "
        f"{reason}. A narrow line can't be carried to another grid; export both with the same settings",
    )


def _read(
    path: Path, columns: Sequence[str]
) -> tuple[Table, Columns, FloatArray, FloatArray, tuple[int, ...]]:
    """Table, columns, rising wavelengths, values [columns, pixels] and the line of each wavelength."""
    table = find_table(read_lines(path), path)
    chosen = choose_columns(table, columns)
    wavelength = _numbers(table, chosen.wavelength)
    values = np.stack([_numbers(table, index) for index in chosen.intensities])
    lines = table.line_numbers
    if wavelength[0] > wavelength[-1]:
        wavelength, values, lines = wavelength[::-1].copy(), values[:, ::-1].copy(), lines[::-1]
    _check_wavelengths(wavelength, lines, path)
    return table, chosen, wavelength, values, lines


def _numbers(table: Table, column: int) -> FloatArray:
    numbers = []
    for row, line in zip(table.rows, table.line_numbers, strict=True):
        text = row[column] if column < len(row) else ""
        number = parse_number(text, table.dialect.decimal)
        if number is None:
            what = f"{text[:40]!r} is no number" if text else "a value is missing"
            if _THOUSANDS.fullmatch(text):
                what += "; export without thousands separators"
            raise ForeignFileError(table.path, f"{what} (column {column + 1})", line)
        numbers.append(number)
    return np.array(numbers, dtype=np.float64)


def _decimals(table: Table, columns: Columns) -> int:
    decimal = table.dialect.decimal
    return max(decimals(row[columns.wavelength], decimal) for row in table.rows)


def _check_wavelengths(wavelength_nm: FloatArray, lines: Sequence[int], path: Path) -> None:
    """Refuse wavelengths that aren't in nm, don't go one way, or have gaps."""
    low, high = _PLAUSIBLE_NM
    if wavelength_nm.min() < low or wavelength_nm.max() > high:
        at = int(np.flatnonzero((wavelength_nm < low) | (wavelength_nm > high))[0])
        raise ForeignFileError(
            path,
            f"{wavelength_nm[at]:g} can't be a wavelength in nm ({low:g}-{high:g}); files over 1/cm, eV, µm "
            "or pixel numbers aren't read, export over wavelength in nm",
            lines[at],
        )
    steps = np.diff(wavelength_nm)
    back = np.flatnonzero(steps <= 0)
    if len(back):
        at = int(back[0])
        what = "is there twice" if steps[at] == 0 else f"comes after {wavelength_nm[at]:g} nm"
        raise ForeignFileError(
            path,
            f"{wavelength_nm[at + 1]:g} nm {what}: wavelengths must go one way; a second scan belongs into a "
            "file (or a column) of its own",
            lines[at + 1],
        )


def _gaps(wavelength_nm: FloatArray, lines: Sequence[int], path: Path) -> tuple[tuple[float, float], ...]:
    """Gaps left on purpose; a step unlike those beside it is a row that is missing or too many: refused."""
    steps = np.diff(wavelength_nm)
    wide = steps > _GAP_STEPS * np.median(steps)
    gaps = []
    for at in range(len(steps)):
        around = slice(max(0, at - _NEIGHBOURS), at + 1 + _NEIGHBOURS)
        keep = ~wide[around]
        keep[at - around.start] = False
        beside = steps[around][keep]
        if len(beside) == 0:
            continue
        if wide[at] and steps[at] > _GAP_STEPS * beside.max():
            gaps.append((float(wavelength_nm[at]), float(wavelength_nm[at + 1])))
        elif _is_irregular(steps, at, beside):
            raise ForeignFileError(
                path,
                f"from {wavelength_nm[at]:g} to {wavelength_nm[at + 1]:g} nm the step is {steps[at]:.4g} nm, "
                f"beside it {np.median(beside):.4g} nm: a row is missing or too many",
                lines[at + 1],
            )
    return tuple(gaps)


def _is_irregular(steps: FloatArray, at: int, beside: FloatArray) -> bool:
    """Whether a step is unlike all beside it, or makes with the next one what is one step elsewhere."""
    if not beside.min() / _STEP_FACTOR <= steps[at] <= beside.max() * _STEP_FACTOR:
        return True
    others = np.concatenate([steps[max(0, at - _NEIGHBOURS) : at], steps[at + 2 : at + 2 + _NEIGHBOURS]])
    return at + 1 < len(steps) and len(others) > 0 and steps[at] + steps[at + 1] < _TWO_IN_ONE * others.min()
