"""The curve of a calibration record with its uncertainty, as plain arrays: no Qt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibration import Linearity, Record

FloatArray = NDArray[np.float64]
_Values = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class RecordCurve:
    """What a record's plot shows.

    Attributes:
        title: of the plot.
        x_label: with unit.
        y_label: with unit.
        x: [points].
        y: [points]; NaN where there is no value.
        sigma: one standard uncertainty, [points]; 0 where none is stated.
        line: whether the points are joined.
        note: what the uncertainty is, a sentence; may be empty.
    """

    title: str
    x_label: str
    y_label: str
    x: FloatArray
    y: FloatArray
    sigma: FloatArray
    line: bool = True
    note: str = ""


def record_curve(record: Record) -> RecordCurve | None:
    """The curve of a record; None where it has none (a beam, an older record without its points)."""
    make = _CURVES.get(str(record.kind))
    return None if make is None else make(record.values)


def _response(values: _Values) -> RecordCurve:
    y = _array(values["response_j_per_count"])
    shape = _array(values["shape_uncertainty_relative"])
    scale = float(values["scale_uncertainty_relative"])
    factor, unit = _energy_unit(float(np.nanmedian(y)))
    return RecordCurve(
        "Response",
        "Wavelength (nm)",
        f"Response ({unit} per count)",
        _array(values["wavelength_nm"]),
        factor * y,
        factor * y * np.nan_to_num(shape),
        note=f"Band: ± 1 u of the shape. The scale's {scale:.1%} cancel in every quantum yield.",
    )


def _long_pass(values: _Values) -> RecordCurve:
    y = _array(values["transmission"])
    relative = float(values["transmission_uncertainty_relative"])
    note = f"Band: ± 1 u, one common factor of {relative:.2%}. Below 50 % the curve masks."
    x = _array(values["wavelength_nm"])
    return RecordCurve(
        "Long-pass", "Wavelength (nm)", "Transmission (%)", x, 100 * y, 100 * relative * y, note=note
    )


def _linearity(values: _Values) -> RecordCurve:
    curve = Linearity.from_values(values)
    counts = np.linspace(0.002, 1.0, 200) * curve.full_scale_counts
    change = 100 * (curve.linear(counts) / counts - 1)
    sigma = 100 * curve.uncertainty_relative_at_full_scale * counts / curve.full_scale_counts
    return RecordCurve(
        "Linearity",
        "Counts above the dark",
        "Correction (%)",
        counts,
        change,
        sigma,
        note="Band: ± 1 u of what the correction leaves; it grows with the counts.",
    )


def _monitor(values: _Values) -> RecordCurve | None:
    if "power_w" not in values or "residual_relative" not in values:
        return None
    power, residual = _array(values["power_w"]), 100 * _array(values["residual_relative"])
    noise = np.full(len(power), 100 * float(values["reading_noise_relative"]))
    return RecordCurve(
        f"Monitor ratio k = {float(values['ratio']):.3f}",
        "Power (mW)",
        "Deviation from k (%)",
        1e3 * power,
        residual,
        noise,
        line=False,
        note="Bars: scatter of one position.",
    )


def _wheel(values: _Values) -> RecordCurve:
    x, y = _array(values["angle_deg"]), _array(values["optical_density"])
    stated = values.get("optical_density_uncertainty", 0.0)
    sigma = np.broadcast_to(_array(stated), y.shape) if np.ndim(stated) else np.full(len(y), float(stated))
    return RecordCurve("Wheel", "Angle (°)", "Optical density", x, y, np.asarray(sigma))


def _lamp(values: _Values) -> RecordCurve:
    y = 1e6 * _array(values["flux_w_per_nm"])
    relative = np.broadcast_to(_array(values["uncertainty_relative"]), y.shape)
    return RecordCurve(
        "Lamp",
        "Wavelength (nm)",
        "Spectral flux (µW/nm)",
        _array(values["wavelength_nm"]),
        y,
        np.asarray(y * relative),
        note="Band: ± 1 u of the certificate.",
    )


def _detector(values: _Values) -> RecordCurve:
    rate = _array(values["dark_rate_counts_per_s"])
    stated = values.get("dark_rate_uncertainty_counts_per_s", 0.0)
    sigma = np.broadcast_to(_array(stated), rate.shape)
    pixels = np.arange(len(rate), dtype=np.float64)
    return RecordCurve("Dark rate", "Pixel", "Dark rate (counts/s)", pixels, rate, np.asarray(sigma))


def _wavelength(values: _Values) -> RecordCurve:
    lines = values["lines"]
    x = _array([line["expected_nm"] for line in lines])
    y = _array([line["offset_nm"] for line in lines])
    sigma = np.full(len(x), float(values.get("uncertainty_nm") or 0.0))
    title, label = "Lines", "Found less expected (nm)"
    return RecordCurve(title, "Wavelength (nm)", label, x, y, sigma, line=False)


def _laser_check(values: _Values) -> RecordCurve:
    x, y = 1e3 * _array(values["power_w"]), 100 * _array(values["deviation"])
    expected = np.full(len(x), 100 * float(values.get("expected_deviation_relative") or 0.0))
    limit = 100 * float(values["limit"])
    return RecordCurve(
        "Laser check",
        "Power into the sphere (mW)",
        "Measured less expected (%)",
        x,
        y,
        expected,
        line=False,
        note=f"Bars: what response and reference head let be expected. Limit: ± {limit:g} %.",
    )


_CURVES: Mapping[str, Callable[[_Values], RecordCurve | None]] = {
    "response": _response,
    "long_pass": _long_pass,
    "linearity": _linearity,
    "monitor_ratio": _monitor,
    "wheel": _wheel,
    "lamp": _lamp,
    "detector": _detector,
    "wavelength": _wavelength,
    "laser_check": _laser_check,
}


def _energy_unit(joules: float) -> tuple[float, str]:
    """The unit in which a typical value is a handy number, and the factor from J."""
    for factor, unit in ((1e6, "µJ"), (1e9, "nJ"), (1e12, "pJ")):
        if joules * factor >= 0.1:
            return factor, unit
    return 1e15, "fJ"


def _array(values: ArrayLike) -> FloatArray:
    """Numbers; what JSON calls null is NaN."""
    return np.asarray(values, dtype=np.float64)
