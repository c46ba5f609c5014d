"""Between the rows of a lamp certificate: two interpolations, what each is worth, how far they differ.

Rows are 10 to 300 nm apart, so that the way in which they are joined is a term of the uncertainty budget. The
default is a cubic spline of ln(F λ⁵) against 1/λ: for a black body in Wien's approximation that is a
straight line, so that the spline only has to follow what the lamp adds to it. The cross-check is Wien's form
times a polynomial, as metrology institutes recommend for tungsten (Walker, Saunders, Jackson, McSparron, NBS
SP 250-20, 1987):

    F(λ) = λ⁻⁵ exp(a + b/λ) (c₀ + c₁ λ + ...)        fitted over the range used, with weights 1/F²

Neither is ever used outside the table.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.errors import CurveError
from calibration.lamp_table import LampTable

FloatArray = NDArray[np.float64]

_WIEN_DEGREE = 4
_LEAST_FIT_ROWS = 4
_ROWS_BEYOND_RANGE = 2
"""Rows on either side of the range used that the polynomial is fitted to as well, so that the range's ends
lie inside the fit."""


@dataclass(frozen=True)
class LeaveOneOut:
    """Each inner row predicted from all the others: (predicted - row) / row.

    Attributes:
        wavelength_nm: [rows without the two ends of the range].
        spline: relative residual of the spline.
        wien: relative residual of Wien's form times a polynomial.
    """

    wavelength_nm: FloatArray
    spline: FloatArray
    wien: FloatArray

    @property
    def spline_rms(self) -> float:
        """Root mean square of the spline's residuals."""
        return float(np.sqrt(np.mean(self.spline**2)))

    @property
    def wien_rms(self) -> float:
        """Root mean square of the polynomial's residuals."""
        return float(np.sqrt(np.mean(self.wien**2)))


@dataclass(frozen=True)
class LampSpectrum:
    """The lamp at a spectrometer's pixels. NaN outside the table.

    Attributes:
        wavelength_nm: [pixels].
        flux_w_per_nm: by the spline, [pixels].
        cross_check_w_per_nm: by Wien's form times a polynomial, [pixels].
        certificate_uncertainty_relative: one sigma from the certificate, [pixels].
        interpolation_uncertainty_relative: spread between both interpolations, [pixels].
        slope_relative_per_nm: (dF/dλ)/F, [pixels].
        leave_one_out: what each interpolation is worth on this table.
        largest_gap_nm: widest distance between rows within the range used.
    """

    wavelength_nm: FloatArray
    flux_w_per_nm: FloatArray
    cross_check_w_per_nm: FloatArray
    certificate_uncertainty_relative: FloatArray
    interpolation_uncertainty_relative: FloatArray
    slope_relative_per_nm: FloatArray
    leave_one_out: LeaveOneOut
    largest_gap_nm: float

    @property
    def covered(self) -> NDArray[np.bool_]:
        """Pixels within the table, [pixels]."""
        return np.asarray(np.isfinite(self.flux_w_per_nm))


def interpolate_lamp(table: LampTable, wavelength_nm: FloatArray) -> LampSpectrum:
    """The lamp at `wavelength_nm`, with the uncertainty of the interpolation.

    The interpolation uncertainty is the difference between spline and polynomial as a running root mean
    square over one row spacing: where both curves happen to cross, they aren't suddenly certain.

    Raises:
        CurveError: no wavelength lies within the table, or too few rows lie around them.
    """
    covered = (wavelength_nm >= table.wavelength_nm[0]) & (wavelength_nm <= table.wavelength_nm[-1])
    if not covered.any():
        raise CurveError(
            f"{table.source}: covers {table.wavelength_nm[0]:g} to {table.wavelength_nm[-1]:g} nm, none of "
            "the wavelengths asked for"
        )
    used = (float(wavelength_nm[covered].min()), float(wavelength_nm[covered].max()))
    spline = spline_flux(table, wavelength_nm)
    wien = wien_flux(table, wavelength_nm, used)
    x = table.wavelength_nm
    gap = float(np.diff(x)[(x[1:] > used[0]) & (x[:-1] < used[1])].max(initial=0.0))
    relative = np.interp(wavelength_nm, x, table.uncertainty_relative)
    return LampSpectrum(
        wavelength_nm=wavelength_nm,
        flux_w_per_nm=spline,
        cross_check_w_per_nm=wien,
        certificate_uncertainty_relative=np.where(covered, relative, np.nan),
        interpolation_uncertainty_relative=_running_rms(wavelength_nm, wien / spline - 1, gap),
        slope_relative_per_nm=_spline_slope(table, wavelength_nm),
        leave_one_out=leave_one_out(table, used),
        largest_gap_nm=gap,
    )


def spline_flux(table: LampTable, wavelength_nm: FloatArray) -> FloatArray:
    """F in W/nm by the cubic spline of ln(F λ⁵) against 1/λ through all rows; NaN outside the table."""
    return _spline(table.wavelength_nm, table.flux_w_per_nm, wavelength_nm)


def wien_flux(
    table: LampTable, wavelength_nm: FloatArray, range_nm: tuple[float, float], degree: int = _WIEN_DEGREE
) -> FloatArray:
    """F in W/nm by Wien's form times a polynomial; NaN outside the rows it is fitted to.

    Args:
        table: the certificate.
        wavelength_nm: where.
        range_nm: the range used; two rows beyond each end take part in the fit.
        degree: of the polynomial; less where the range has few rows.

    Raises:
        CurveError: fewer than 4 rows in the range.
    """
    rows = _rows_around(table, range_nm)
    return _wien(table.wavelength_nm[rows], table.flux_w_per_nm[rows], wavelength_nm, degree)


def leave_one_out(table: LampTable, range_nm: tuple[float, float] | None = None) -> LeaveOneOut:
    """Predict each inner row in the range from all other rows, with both interpolations.

    In-sample residuals say nothing about an interpolation: a spline has none at all.

    Raises:
        CurveError: fewer than 5 rows in the range.
    """
    range_nm = range_nm or (float(table.wavelength_nm[0]), float(table.wavelength_nm[-1]))
    rows = np.flatnonzero(_rows_around(table, range_nm))
    if len(rows) <= _LEAST_FIT_ROWS:
        raise CurveError(f"{table.source}: only {len(rows)} rows in the range used; leaving one out needs 5")
    x, y = table.wavelength_nm, table.flux_w_per_nm
    found = []
    for row in rows[1:-1]:
        at = x[row : row + 1]
        spline = _spline(np.delete(x, row), np.delete(y, row), at)[0]
        others = rows[rows != row]
        wien = _wien(x[others], y[others], at, _WIEN_DEGREE)[0]
        found.append((x[row], spline / y[row] - 1, wien / y[row] - 1))
    columns = np.array(found)
    return LeaveOneOut(columns[:, 0], columns[:, 1], columns[:, 2])


def _rows_around(table: LampTable, range_nm: tuple[float, float]) -> NDArray[np.bool_]:
    x = table.wavelength_nm
    first = max(int(np.searchsorted(x, range_nm[0], side="right")) - 1 - _ROWS_BEYOND_RANGE, 0)
    last = min(int(np.searchsorted(x, range_nm[1], side="left")) + _ROWS_BEYOND_RANGE, len(x) - 1)
    rows = np.zeros(len(x), dtype=bool)
    rows[first : last + 1] = True
    if rows.sum() < _LEAST_FIT_ROWS:
        raise CurveError(
            f"{table.source}: only {rows.sum()} rows around {range_nm[0]:g} to {range_nm[1]:g} nm; an "
            f"interpolation needs at least {_LEAST_FIT_ROWS}"
        )
    return rows


def _spline(x_nm: FloatArray, flux: FloatArray, at_nm: FloatArray) -> FloatArray:
    # scipy costs a second of start-up; only a calibration needs it.
    from scipy.interpolate import CubicSpline

    curve = CubicSpline(1 / x_nm[::-1], np.log(flux * x_nm**5)[::-1], extrapolate=False)
    return np.asarray(np.exp(curve(1 / at_nm)) / at_nm**5, dtype=np.float64)


def _spline_slope(table: LampTable, at_nm: FloatArray) -> FloatArray:
    """(dF/dλ)/F of the spline: -5/λ - s'(1/λ)/λ²."""
    from scipy.interpolate import CubicSpline

    x = table.wavelength_nm
    curve = CubicSpline(1 / x[::-1], np.log(table.flux_w_per_nm * x**5)[::-1], extrapolate=False)
    return np.asarray(-5 / at_nm - curve(1 / at_nm, 1) / at_nm**2, dtype=np.float64)


def _wien(x_nm: FloatArray, flux: FloatArray, at_nm: FloatArray, degree: int) -> FloatArray:
    degree = max(1, min(degree, len(x_nm) - 3))
    slope, intercept = np.polyfit(1 / x_nm, np.log(flux * x_nm**5), 1)
    middle, half = (x_nm[0] + x_nm[-1]) / 2, (x_nm[-1] - x_nm[0]) / 2

    def black_body(at: FloatArray) -> FloatArray:
        return np.asarray(np.exp(intercept + slope / at) / at**5, dtype=np.float64)

    # Weights 1/F² make it a fit of relative residuals: design and target are divided by F.
    ratio = black_body(x_nm) / flux
    design = ratio[:, None] * np.vander((x_nm - middle) / half, degree + 1, increasing=True)
    coefficients = np.linalg.lstsq(design, np.ones(len(x_nm)), rcond=None)[0]
    polynomial = np.vander((at_nm - middle) / half, degree + 1, increasing=True) @ coefficients
    inside = (at_nm >= x_nm[0]) & (at_nm <= x_nm[-1])
    return np.where(inside, black_body(at_nm) * polynomial, np.nan)


def _running_rms(wavelength_nm: FloatArray, relative: FloatArray, width_nm: float) -> FloatArray:
    result = np.full(len(relative), np.nan)
    finite = np.isfinite(relative)
    for index in np.flatnonzero(finite):
        near = finite & (np.abs(wavelength_nm - wavelength_nm[index]) <= width_nm / 2)
        result[index] = np.sqrt(np.mean(relative[near] ** 2))
    return result
