"""The calibrations as the evaluation uses them: pure numbers with their uncertainties, no files.

Each class is made from the values of one record and checks them once; after that they can be trusted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.errors import CurveError

FloatArray = NDArray[np.float64]

_LEAST_USABLE_TRANSMISSION = 0.5
"""Below this the long-pass is masked instead of divided by: near the edge a small shift of the edge
would become a large error of the spectrum."""


@dataclass(frozen=True)
class Response:
    """Spectral response of sphere, fibre and spectrometer.

    The relative error of the curve is modelled as one factor for all wavelengths (scale) plus a smooth
    zero-mean Gaussian process (shape) with correlation exp(-(Δλ)²/(2 ℓ²)). Only the shape matters for a
    quantum yield: the scale cancels.

    Attributes:
        wavelength_nm: pixel wavelengths, [pixels].
        joules_per_count: energy entering the sphere in a pixel per count, J, [pixels]; NaN at pixels
            that aren't calibrated (null in the record), so that no result can come from them.
        scale_uncertainty_relative: one sigma of the common factor.
        shape_uncertainty_relative: one sigma of the shape at each pixel, [pixels].
        shape_correlation_length_nm: ℓ.
    """

    wavelength_nm: FloatArray
    joules_per_count: FloatArray
    scale_uncertainty_relative: float
    shape_uncertainty_relative: FloatArray
    shape_correlation_length_nm: float

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Response:
        """From a `response` record's values; raises `CurveError`."""
        wavelength = _rising(values, "response", "wavelength_nm")
        response = _with_gaps(values, "response", "response_j_per_count", len(wavelength))
        shape = _with_gaps(values, "response", "shape_uncertainty_relative", len(wavelength))
        if not np.array_equal(np.isnan(response), np.isnan(shape)):
            raise CurveError("response: null stands at other pixels of the uncertainty than of the response")
        if not (response[np.isfinite(response)] > 0).all():
            raise CurveError("response: response_j_per_count must be above 0 at every pixel")
        _not_negative("response", "shape_uncertainty_relative", shape)
        return cls(
            wavelength_nm=wavelength,
            joules_per_count=response,
            scale_uncertainty_relative=_uncertainty(values, "response", "scale_uncertainty_relative"),
            shape_uncertainty_relative=shape,
            shape_correlation_length_nm=_positive(values, "response", "shape_correlation_length_nm"),
        )

    def require_grid(self, wavelength_nm: FloatArray) -> None:
        """Refuse a spectrometer whose pixels aren't those that were calibrated.

        Raises:
            CurveError: another number of pixels, or wavelengths that differ by more than a tenth of
                a pixel.
        """
        if wavelength_nm.shape != self.wavelength_nm.shape:
            raise CurveError(
                f"response: calibrated for {len(self.wavelength_nm)} pixels, the spectra have "
                f"{len(wavelength_nm)}; use the record of this spectrometer"
            )
        difference = np.abs(wavelength_nm - self.wavelength_nm)
        if float(difference.max()) > 0.1 * float(np.diff(wavelength_nm).min()):
            raise CurveError(
                f"response: calibrated wavelengths differ from the spectrometer's by up to "
                f"{difference.max():.2f} nm; use the record of this spectrometer or calibrate again"
            )

    def shape_covariance(self) -> FloatArray:
        """Covariance of the relative shape error between pixels, [pixels, pixels]."""
        distance = self.wavelength_nm[:, None] - self.wavelength_nm[None, :]
        correlation = np.exp(-0.5 * (distance / self.shape_correlation_length_nm) ** 2)
        spread = self.shape_uncertainty_relative
        return np.asarray(correlation * spread[:, None] * spread[None, :], dtype=np.float64)


@dataclass(frozen=True)
class LongPass:
    """Transmission of the emission long-pass, measured in place or from the maker.

    Attributes:
        wavelength_nm: [points], rising.
        transmission: [points], 1 = all; NaN where it isn't known (null in the record).
        transmission_uncertainty_relative: one sigma of a factor common to all wavelengths.
    """

    wavelength_nm: FloatArray
    transmission: FloatArray
    transmission_uncertainty_relative: float

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> LongPass:
        """From a `long_pass` record's values; raises `CurveError`."""
        wavelength = _rising(values, "long_pass", "wavelength_nm")
        transmission = _with_gaps(values, "long_pass", "transmission", len(wavelength))
        if (transmission < 0).any() or (transmission > 1.05).any():
            raise CurveError("long_pass: transmission must lie between 0 and 1 (is it in per cent?)")
        return cls(
            wavelength,
            transmission,
            _uncertainty(values, "long_pass", "transmission_uncertainty_relative"),
        )

    def usable_at(self, wavelength_nm: FloatArray) -> FloatArray:
        """Transmission at `wavelength_nm`; NaN where it is below 0.5, unknown or outside the curve."""
        transmission = np.interp(
            wavelength_nm, self.wavelength_nm, self.transmission, left=np.nan, right=np.nan
        )
        return np.where(transmission >= _LEAST_USABLE_TRANSMISSION, transmission, np.nan)


@dataclass(frozen=True)
class Linearity:
    """The detector's linearity polynomial: linear counts = N / (c0 + c1 N + ... + c7 N^7).

    Attributes:
        coefficients: c0..c7; N is in dark-subtracted counts.
        full_scale_counts: where the detector saturates.
        uncertainty_relative_at_full_scale: one sigma of what is left after correction, growing
            linearly with counts from 0 at N = 0 to this at full scale.
    """

    coefficients: FloatArray
    full_scale_counts: float
    uncertainty_relative_at_full_scale: float

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Linearity:
        """From a `linearity` record's values; raises `CurveError`."""
        coefficients = _vector(values, "linearity", "coefficients", 8)
        if not coefficients.any():
            raise CurveError("linearity: all coefficients are 0, so there is no correction to apply")
        return cls(
            coefficients=coefficients,
            full_scale_counts=_positive(values, "linearity", "full_scale_counts"),
            uncertainty_relative_at_full_scale=_uncertainty(
                values, "linearity", "uncertainty_relative_at_full_scale"
            ),
        )

    def divisor(self, counts: FloatArray) -> FloatArray:
        """c0 + c1 N + ...; raises `CurveError` where it isn't above 0 within the detector's range."""
        divisor = np.asarray(np.polynomial.polynomial.polyval(counts, self.coefficients), np.float64)
        within = np.isfinite(counts) & (np.abs(counts) <= self.full_scale_counts)
        if (divisor[within] <= 0).any():
            raise CurveError("linearity: the polynomial isn't above 0 everywhere; check the record")
        return divisor

    def linear(self, counts: FloatArray) -> FloatArray:
        """Linear counts of dark-subtracted `counts`, same shape."""
        return np.asarray(counts / self.divisor(counts), dtype=np.float64)


@dataclass(frozen=True)
class MonitorRatio:
    """k = power into the sphere / power at the monitor.

    Attributes:
        ratio: k.
        ratio_uncertainty_relative: one sigma, systematic; matters for the power density only.
        reading_noise_relative: one sigma of one exposure's ratio (pointing), random.
    """

    ratio: float
    ratio_uncertainty_relative: float
    reading_noise_relative: float

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> MonitorRatio:
        """From a `monitor_ratio` record's values; raises `CurveError`."""
        return cls(
            ratio=_positive(values, "monitor_ratio", "ratio"),
            ratio_uncertainty_relative=_uncertainty(values, "monitor_ratio", "ratio_uncertainty_relative"),
            reading_noise_relative=_uncertainty(values, "monitor_ratio", "reading_noise_relative"),
        )


@dataclass(frozen=True)
class Beam:
    """D4σ diameters of the beam at the sample.

    Attributes:
        diameter_x_mm: D4σ.
        diameter_y_mm: D4σ.
        diameter_uncertainty_mm: one sigma of each.
    """

    diameter_x_mm: float
    diameter_y_mm: float
    diameter_uncertainty_mm: float

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Beam:
        """From a `beam` record's values; raises `CurveError`."""
        if values.get("definition") != "D4sigma":
            raise CurveError(
                f"beam: definition is {values.get('definition')!r}; only 'D4sigma' diameters make the "
                "power density of this rig"
            )
        return cls(
            diameter_x_mm=_positive(values, "beam", "diameter_x_mm"),
            diameter_y_mm=_positive(values, "beam", "diameter_y_mm"),
            diameter_uncertainty_mm=_uncertainty(values, "beam", "diameter_uncertainty_mm"),
        )

    @property
    def area_cm2(self) -> float:
        """π d_x d_y / 4, in cm² (method, equation 7)."""
        return math.pi * self.diameter_x_mm * self.diameter_y_mm / 4 / 100

    @property
    def area_uncertainty_relative(self) -> float:
        """One sigma of the area, relative."""
        spread = self.diameter_uncertainty_mm
        return math.hypot(spread / self.diameter_x_mm, spread / self.diameter_y_mm)

    def power_density_mw_per_cm2(self, power_w: FloatArray) -> FloatArray:
        """ρ = P / area, in mW/cm² (method, equation 7)."""
        return np.asarray(power_w * 1e3 / self.area_cm2, dtype=np.float64)


@dataclass(frozen=True)
class WheelCurve:
    """Optical density of the attenuator against its angle, as measured with the real beam.

    Attributes:
        angle_deg: [points], rising.
        optical_density: [points].
    """

    angle_deg: FloatArray
    optical_density: FloatArray

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> WheelCurve:
        """From a `wheel` record's values; raises `CurveError`."""
        angle = _rising(values, "wheel", "angle_deg")
        return cls(angle, _vector(values, "wheel", "optical_density", len(angle)))

    def optical_density_at(self, angle_deg: float) -> float:
        """Optical density at an angle within the curve."""
        return float(np.interp(angle_deg, self.angle_deg, self.optical_density))

    def angle_for(self, optical_density: float) -> float:
        """The angle with this optical density; raises `CurveError` outside the curve's range."""
        rising = np.maximum.accumulate(self.optical_density)
        low, high = float(rising[0]), float(rising[-1])
        if not low <= optical_density <= high:
            raise CurveError(
                f"wheel: optical density {optical_density:.3f} can't be reached, the wheel has "
                f"{low:.3f} to {high:.3f}"
            )
        return float(np.interp(optical_density, rising, self.angle_deg))


def _vector(values: Mapping[str, Any], kind: str, key: str, length: int | None = None) -> FloatArray:
    try:
        array = np.asarray(values[key], dtype=np.float64)
    except KeyError as error:
        raise CurveError(f"{kind}: the record has no {key}") from error
    except (TypeError, ValueError) as error:
        raise CurveError(f"{kind}: {key} holds something that is no number") from error
    if array.ndim != 1 or len(array) < 2 or (length is not None and len(array) != length):
        wanted = "at least 2" if length is None else str(length)
        raise CurveError(f"{kind}: {key} must be a list of {wanted} numbers, got shape {array.shape}")
    bad = np.flatnonzero(~np.isfinite(array))
    if len(bad):
        raise CurveError(f"{kind}: {key}[{bad[0]}] is not a finite number")
    return array


def _with_gaps(values: Mapping[str, Any], kind: str, key: str, length: int) -> FloatArray:
    """As `_vector`, but null is allowed for points without a value and becomes NaN."""
    listed = values.get(key)
    if not isinstance(listed, list) or None not in listed:
        return _vector(values, kind, key, length)
    gaps = np.array([value is None for value in listed])
    if gaps.all():
        raise CurveError(f"{kind}: {key} is null everywhere")
    array = _vector({key: [0.0 if value is None else value for value in listed]}, kind, key, length)
    return np.where(gaps, np.nan, array)


def _rising(values: Mapping[str, Any], kind: str, key: str) -> FloatArray:
    array = _vector(values, kind, key)
    bad = np.flatnonzero(np.diff(array) <= 0)
    if len(bad):
        raise CurveError(f"{kind}: {key} must rise, but {key}[{bad[0] + 1}] does not")
    return array


def _number(values: Mapping[str, Any], kind: str, key: str) -> float:
    value = values.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise CurveError(f"{kind}: {key} must be a finite number, got {value!r}")
    return float(value)


def _positive(values: Mapping[str, Any], kind: str, key: str) -> float:
    number = _number(values, kind, key)
    if number <= 0:
        raise CurveError(f"{kind}: {key} must be above 0, got {number}")
    return number


def _uncertainty(values: Mapping[str, Any], kind: str, key: str) -> float:
    number = _number(values, kind, key)
    if number < 0:
        raise CurveError(f"{kind}: {key} is an uncertainty and can't be negative, got {number}")
    return number


def _not_negative(kind: str, key: str, array: FloatArray) -> None:
    if (array < 0).any():
        raise CurveError(f"{kind}: {key} is an uncertainty and can't be negative")
