"""Transmission of the emission long-pass where it stands, and the stray light that it shows.

An interference filter behind a sphere's port sees a wide cone of light, so that its edge is softer and lies
at shorter wavelengths than its data sheet says for a parallel beam. The same lamp with the filter in and out,
at the same integration time, measures what the spectra really pass.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.curves import Linearity
from calibration.errors import CurveError
from calibration.exposures import NetCounts, SourceExposure, net_counts
from calibration.response import plain
from calibration.text_table import read_table

FloatArray = NDArray[np.float64]

_LEAST_COUNTS = 200.0
"""Above dark, in both spectra; with less the ratio is noise."""
_HIGHEST_TRANSMISSION = 1.05
_USED_TRANSMISSION = 0.5
_LAMP_DRIFT_RELATIVE = 0.002
"""Assumed drift of a warm lamp between two exposures where it wasn't measured."""
_STRAY_WINDOW_NM = (910.0, 960.0)
_STRAY_LIMIT = 1e-3


@dataclass(frozen=True)
class DataSheetCurve:
    """The maker's transmission, for wavelengths where the measurement is too weak.

    Attributes:
        wavelength_nm: [points], rising.
        transmission: 1 = all, [points].
        uncertainty_relative: one sigma of it.
        source: the file.
    """

    wavelength_nm: FloatArray
    transmission: FloatArray
    uncertainty_relative: float
    source: str

    def at(self, wavelength_nm: FloatArray) -> FloatArray:
        """Transmission at `wavelength_nm`; NaN outside the curve."""
        return np.asarray(
            np.interp(wavelength_nm, self.wavelength_nm, self.transmission, left=np.nan, right=np.nan)
        )


def read_data_sheet(path: Path, *, in_percent: bool, uncertainty_relative: float = 0.02) -> DataSheetCurve:
    """Read a maker's curve: wavelength in nm and transmission, two columns.

    Raises:
        CurveError: rows unsorted or transmission outside 0 to 1 (or 100 %), with file and line.
    """
    table = read_table(path, (2,))
    table.require_rows(2, "a transmission curve")
    table.require_rising("wavelength", "nm")
    transmission = table.rows[:, 1] / (100 if in_percent else 1)
    for row in np.flatnonzero((transmission < 0) | (transmission > 1)):
        raise table.refuse(
            int(row),
            f"transmission {table.rows[row, 1]:g} is outside 0 to {'100 %' if in_percent else '1'}; is it "
            f"{'a fraction' if in_percent else 'in per cent'}?",
        )
    return DataSheetCurve(table.rows[:, 0], transmission, uncertainty_relative, path.name)


@dataclass(frozen=True)
class LongPassCalibration:
    """A measured long-pass.

    Attributes:
        wavelength_nm: [pixels].
        transmission: [pixels]; NaN where neither measurement nor data sheet knows it.
        noise_relative: one sigma of each pixel from scan noise, [pixels].
        common_uncertainty_relative: one sigma of a common factor: drift of the lamp, linearity, and the noise
            of the pixels that are used.
        from_data_sheet: pixels taken from the data sheet, [pixels].
        stray_fraction: light left at 910-960 nm behind the filter; None where it can't be told.
        warnings: sentences.
    """

    wavelength_nm: FloatArray
    transmission: FloatArray
    noise_relative: FloatArray
    common_uncertainty_relative: float
    from_data_sheet: NDArray[np.bool_]
    stray_fraction: float | None
    warnings: tuple[str, ...]

    def record_values(self) -> dict[str, Any]:
        """The values of a `long_pass` record; null where the transmission isn't known."""
        return {
            "wavelength_nm": self.wavelength_nm.tolist(),
            "transmission": plain(self.transmission, 6),
            "transmission_uncertainty_relative": float(f"{self.common_uncertainty_relative:.4g}"),
            "transmission_noise_relative": plain(self.noise_relative, 4),
            "pixels_from_data_sheet": np.flatnonzero(self.from_data_sheet).tolist(),
            "stray_fraction": self.stray_fraction,
            "warnings": list(self.warnings),
        }


def measure_long_pass(
    without: SourceExposure,
    behind: SourceExposure,
    *,
    wavelength_nm: FloatArray,
    linearity: Linearity,
    without_again: SourceExposure | None = None,
    data_sheet: DataSheetCurve | None = None,
) -> LongPassCalibration:
    """T = (S - D) with the filter / (S - D) without it, at equal integration time.

    Args:
        without: the lamp without the filter.
        behind: the lamp behind the filter.
        wavelength_nm: [pixels].
        linearity: applied to both.
        without_again: without the filter once more, afterwards: measures the lamp's drift, which is then
            averaged out; otherwise 0.2 % is assumed.
        data_sheet: used where either spectrum has no more than 200 counts above dark.

    Raises:
        CurveError: integration times differ, a dark drifted, nothing is bright enough, or more light with
            the filter than without.
    """
    nets = _nets((without, behind, without_again), linearity, len(wavelength_nm))
    open_counts, open_sigma, drift = _without_filter(nets)
    bright = (np.nan_to_num(open_counts) > _LEAST_COUNTS) & (np.nan_to_num(nets[1].counts) > _LEAST_COUNTS)
    if not bright.any():
        raise CurveError(
            f"long_pass: no pixel has more than {_LEAST_COUNTS:g} counts above dark in both spectra; expose "
            "longer"
        )
    behind_counts = nets[1].counts
    ratio = np.where(bright, behind_counts / np.where(bright, open_counts, 1.0), np.nan)
    _refuse_gain(ratio, wavelength_nm)
    noise = np.hypot(
        nets[1].uncertainty / np.where(bright, behind_counts, 1.0),
        open_sigma / np.where(bright, open_counts, 1.0),
    )
    sheet = data_sheet.at(wavelength_nm) if data_sheet is not None else np.full(len(wavelength_nm), np.nan)
    sheet_sigma = data_sheet.uncertainty_relative if data_sheet is not None else np.nan
    taken = ~bright & np.isfinite(sheet)
    used = np.where(bright, ratio, sheet) >= _USED_TRANSMISSION
    stray = stray_light_fraction(open_counts, behind_counts, wavelength_nm)
    return LongPassCalibration(
        wavelength_nm=wavelength_nm,
        transmission=np.where(bright, ratio, sheet),
        noise_relative=np.where(bright, noise, np.where(taken, sheet_sigma, np.nan)),
        common_uncertainty_relative=math.hypot(
            drift,
            _linearity_residual(open_counts, behind_counts, linearity, used & bright),
            sheet_sigma if (taken & used).any() else 0.0,
            float(np.median(noise[used & bright])) if (used & bright).any() else 0.0,
        ),
        from_data_sheet=taken,
        stray_fraction=stray,
        warnings=_warnings(stray, ratio, taken & used, without_again is not None),
    )


def stray_light_fraction(
    unfiltered: FloatArray, filtered: FloatArray, wavelength_nm: FloatArray
) -> float | None:
    """Light at 910-960 nm behind a filter that blocks it, as a fraction of the light there without it.

    Args:
        unfiltered: linear net counts, [pixels], NaN where saturated.
        filtered: the same behind a long-pass whose edge lies above 960 nm, same integration time.
        wavelength_nm: [pixels].

    Returns:
        The fraction; None where the lamp gives too little to tell 1e-3.
    """
    low, high = _STRAY_WINDOW_NM
    window = (
        (wavelength_nm >= low) & (wavelength_nm <= high) & np.isfinite(unfiltered) & np.isfinite(filtered)
    )
    if not window.any() or float(np.mean(unfiltered[window])) < _LEAST_COUNTS:
        return None
    return float(np.mean(filtered[window]) / np.mean(unfiltered[window]))


def _nets(exposures: tuple[SourceExposure | None, ...], linearity: Linearity, pixels: int) -> list[NetCounts]:
    nets = [net_counts(one, linearity) for one in exposures if one is not None]
    if any(not math.isclose(net.integration_time_s, nets[0].integration_time_s) for net in nets):
        raise CurveError("long_pass: the exposures must have the same integration time")
    if any(len(net.counts) != pixels for net in nets):
        raise CurveError("long_pass: exposures and wavelengths have different numbers of pixels")
    return nets


def _without_filter(nets: list[NetCounts]) -> tuple[FloatArray, FloatArray, float]:
    """Counts, noise and relative drift of the lamp without the filter."""
    first = nets[0]
    if len(nets) < 3:
        return first.counts, first.uncertainty, _LAMP_DRIFT_RELATIVE
    again = nets[2]
    bright = np.nan_to_num(np.minimum(first.counts, again.counts)) > _LEAST_COUNTS
    if not bright.any():
        raise CurveError("long_pass: the lamp without the filter is too weak; expose longer")
    drift = abs(float(np.median(again.counts[bright] / first.counts[bright])) - 1)
    # A drift at constant rate cancels in the mean; half of it is kept for one that wasn't constant.
    sigma = np.hypot(first.uncertainty, again.uncertainty) / 2
    return (first.counts + again.counts) / 2, sigma, drift / 2


def _refuse_gain(ratio: FloatArray, wavelength_nm: FloatArray) -> None:
    for pixel in np.flatnonzero(np.nan_to_num(ratio) > _HIGHEST_TRANSMISSION):
        raise CurveError(
            f"long_pass: transmission {ratio[pixel]:.2f} at {wavelength_nm[pixel]:.0f} nm: more light with "
            "the filter than without; did the lamp or the fibre change in between?"
        )


def _linearity_residual(
    without: FloatArray, behind: FloatArray, linearity: Linearity, used: NDArray[np.bool_]
) -> float:
    """What the linearity correction leaves in the ratio of two different numbers of counts."""
    if not used.any():
        return 0.0
    difference = np.abs(without[used] - behind[used]) / linearity.full_scale_counts
    return float(linearity.uncertainty_relative_at_full_scale * np.sqrt(np.mean(difference**2)))


def _warnings(
    stray: float | None, ratio: FloatArray, sheet_used: NDArray[np.bool_], drift_measured: bool
) -> tuple[str, ...]:
    warnings: list[str] = []
    if stray is not None and stray > _STRAY_LIMIT:
        warnings.append(
            f"{stray:.1e} of the light at 910-960 nm is still there behind the filter (limit "
            f"{_STRAY_LIMIT:g}): stray light in the spectrograph, or the filter isn't fully in"
        )
    if np.nanmax(ratio) > 1:
        warnings.append(f"the transmission reaches {np.nanmax(ratio):.3f}; the lamp drifted a little")
    if sheet_used.any():
        warnings.append(f"{sheet_used.sum()} pixels that pass light come from the data sheet")
    if not drift_measured:
        warnings.append(
            f"the lamp's drift wasn't measured (a third exposure would); {_LAMP_DRIFT_RELATIVE:.1%} assumed"
        )
    return tuple(warnings)
