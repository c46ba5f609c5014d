"""Spectral response of sphere, fibre and spectrometer from exposures to a calibrated lamp.

    C[i] = F(λ_i) Δλ_i t / (S[i] - D[i])        J per linear count

F is the lamp's spectral flux into the rig (W/nm), Δλ the width of a pixel. Read back, the power in a pixel is
(S - D) C / t.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.curves import Linearity, Response
from calibration.errors import CurveError
from calibration.exposures import MergedRate, SourceExposure, merge_exposures
from calibration.lamp import LampSpectrum, interpolate_lamp
from calibration.lamp_table import LampTable
from calibration.response_budget import (
    BudgetAssumptions,
    Coupling,
    ResponseBudget,
    assumed_coupling,
    correlation_length_nm,
    coupling_from_repeats,
)

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

WATER_BAND_NM = (1350.0, 1400.0)
"""Where water vapour absorbs; smoothing must not hide it."""
_WIDEST_SMOOTHING_PIXELS = 5
_NOISIEST_PIXEL = 0.05
"""Relative scan noise above which a pixel isn't calibrated."""
_LONGEST_BRIDGE_PIXELS = 3
_BRIDGED_UNCERTAINTY = 0.01
"""Relative uncertainty of a defective pixel's response taken from its neighbours."""
_GOOD_REPEATS = 3
_GOOD_PEAK_FRACTION = 0.5
_MOST_DEFECTIVE_FRACTION = 0.05
_LASER_NM, _EMISSION_NM = 977.0, 1530.0
_LARGE_LOG_FACTOR = 0.7
"""A factor two: more than a fibre that was moved."""


@dataclass(frozen=True)
class ResponseOptions:
    """How a response is made.

    Attributes:
        assumptions: what goes into the budget without having been measured.
        smoothing_pixels: width of a running mean over C, odd, at most 5; 1 smooths nothing. Pixels in
            1350-1400 nm stay as they are, and nothing is averaged across them.
    """

    assumptions: BudgetAssumptions = field(default_factory=BudgetAssumptions)
    smoothing_pixels: int = 1

    def __post_init__(self) -> None:
        if self.smoothing_pixels not in range(1, _WIDEST_SMOOTHING_PIXELS + 1, 2):
            raise CurveError(
                f"response: smoothing over {self.smoothing_pixels} pixels; only 1 (none), 3 and 5 are allowed"
            )


@dataclass(frozen=True)
class ResponseCalibration:
    """A new response.

    Attributes:
        wavelength_nm: [pixels].
        joules_per_count: C, [pixels]; NaN where the lamp table or the signal doesn't reach.
        budget: its uncertainty.
        coupling_standard_deviation: of single repeats at each pixel, relative, [pixels].
        lamp_counts_per_s: linear counts/s of the lamp, for later comparison (water vapour), [pixels].
        bridged_pixels: defective pixels whose response was taken from their neighbours.
        repeats: how often the lamp was seated.
        leave_one_out_rms: of spline and polynomial on the lamp's table.
        lamp_source: the certificate's file.
        assumptions: sentences.
        warnings: sentences.
    """

    wavelength_nm: FloatArray
    joules_per_count: FloatArray
    budget: ResponseBudget
    coupling_standard_deviation: FloatArray
    lamp_counts_per_s: FloatArray
    bridged_pixels: tuple[int, ...]
    repeats: int
    leave_one_out_rms: tuple[float, float]
    lamp_source: str
    assumptions: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def calibrated(self) -> BoolArray:
        """Pixels that have a response, [pixels]."""
        return np.asarray(np.isfinite(self.joules_per_count))

    def record_values(self) -> dict[str, Any]:
        """The values of a `response` record; null at pixels without a response."""
        shape = np.where(self.calibrated, self.budget.shape, np.nan)
        return {
            "wavelength_nm": self.wavelength_nm.tolist(),
            "response_j_per_count": plain(self.joules_per_count, 8),
            "scale_uncertainty_relative": float(f"{self.budget.scale:.4g}"),
            "shape_uncertainty_relative": plain(shape, 4),
            "shape_correlation_length_nm": self.budget.correlation_length_nm,
            "uncertainty_terms_relative": {
                name: plain(np.where(self.calibrated, term, np.nan), 4)
                for name, term in self.budget.terms.items()
            },
            "coupling_standard_deviation_relative": plain(self.coupling_standard_deviation, 4),
            "lamp_counts_per_s": plain(self.lamp_counts_per_s, 7),
            "bridged_pixels": list(self.bridged_pixels),
            "repeats": self.repeats,
            "lamp_leave_one_out_rms_relative": {
                "spline": self.leave_one_out_rms[0],
                "wien_polynomial": self.leave_one_out_rms[1],
            },
            "lamp_source": self.lamp_source,
            "assumptions": list(self.assumptions),
            "warnings": list(self.warnings),
        }


def pixel_widths_nm(wavelength_nm: FloatArray) -> FloatArray:
    """Δλ[i] = (λ[i+1] - λ[i-1]) / 2, one-sided at the ends, [pixels]."""
    return np.asarray(np.gradient(wavelength_nm), dtype=np.float64)


def joules_per_count(
    flux_w_per_nm: FloatArray, pixel_width_nm: FloatArray, counts_per_s: FloatArray
) -> FloatArray:
    """C = F Δλ t / (S - D), the counts given as a rate (S - D)/t; NaN where the rate isn't above 0."""
    positive = counts_per_s > 0
    return np.where(positive, flux_w_per_nm * pixel_width_nm / np.where(positive, counts_per_s, 1.0), np.nan)


def calibrate_response(
    lamp: LampTable,
    repeats: Sequence[Sequence[SourceExposure]],
    *,
    wavelength_nm: FloatArray,
    linearity: Linearity,
    options: ResponseOptions = ResponseOptions(),
) -> ResponseCalibration:
    """The response from a lamp that was seated one or more times.

    Args:
        lamp: its certificate.
        repeats: for each seating the exposures (one, or several integration times that overlap), each with
            its darks.
        wavelength_nm: of the spectrometer's pixels, [pixels].
        linearity: applied before anything else.
        options: smoothing and assumptions.

    Raises:
        CurveError: a dark drifted, exposures disagree, too much is saturated or too weak, the lamp's table is
            too sparse, or one seating only and no assumption about re-seating.
    """
    _check_shapes(repeats, wavelength_nm)
    spectrum = interpolate_lamp(lamp, wavelength_nm)
    merged = [merge_exposures(exposures, linearity) for exposures in repeats]
    rate = np.mean([one.counts_per_s for one in merged], axis=0)
    noise = np.sqrt(np.sum([one.noise_relative**2 for one in merged], axis=0)) / len(merged)
    response = joules_per_count(spectrum.flux_w_per_nm, pixel_widths_nm(wavelength_nm), rate)
    response = np.where(noise <= _NOISIEST_PIXEL, response, np.nan)
    defective = ~np.isfinite(response) & spectrum.covered
    _refuse_many_defects(defective, spectrum.covered, merged)
    coupling = _coupling(merged, options.assumptions, len(wavelength_nm))
    response, bridged = _bridge(response, defective)
    budget = _budget(spectrum, merged, noise, coupling, linearity, options.assumptions)
    return ResponseCalibration(
        wavelength_nm=wavelength_nm,
        joules_per_count=_smooth(response, wavelength_nm, options.smoothing_pixels),
        budget=_bridge_budget(budget, bridged),
        coupling_standard_deviation=coupling.standard_deviation,
        lamp_counts_per_s=rate,
        bridged_pixels=tuple(int(pixel) for pixel in bridged),
        repeats=len(repeats),
        leave_one_out_rms=(spectrum.leave_one_out.spline_rms, spectrum.leave_one_out.wien_rms),
        lamp_source=lamp.source,
        assumptions=tuple(options.assumptions.sentences()),
        warnings=_warnings(lamp, repeats, linearity, response),
    )


def compared_responses(wavelength_nm: FloatArray, joules_per_count: FloatArray, before: Response) -> str:
    """A response against the one before, in a sentence: its scale, and what a quantum yield would notice."""
    if before.wavelength_nm.shape != wavelength_nm.shape:
        return "The response before has another number of pixels."
    ratio = joules_per_count / before.joules_per_count
    laser, emission = (
        float(ratio[np.argmin(np.abs(wavelength_nm - nm))]) for nm in (_LASER_NM, _EMISSION_NM)
    )
    if abs(math.log(laser)) > _LARGE_LOG_FACTOR:
        scale = f"{laser:.3g} times it at {_LASER_NM:.0f} nm (another unit, fibre or port?)"
    else:
        scale = f"{laser - 1:+.2%} at {_LASER_NM:.0f} nm"
    return (
        f"Against the response before: {scale}; the ratio of {_EMISSION_NM:.0f} to {_LASER_NM:.0f} nm, which "
        f"quantum yields follow, {emission / laser - 1:+.2%}."
    )


def plain(values: FloatArray, digits: int) -> list[float | None]:
    """An array as a list for a record: rounded to significant digits, None for NaN."""
    return [float(f"{value:.{digits}g}") if np.isfinite(value) else None for value in values]


def _check_shapes(repeats: Sequence[Sequence[SourceExposure]], wavelength_nm: FloatArray) -> None:
    if not repeats:
        raise CurveError("response: no exposure to the lamp given")
    for exposure in (exposure for exposures in repeats for exposure in exposures):
        if exposure.light.mean.shape != wavelength_nm.shape:
            raise CurveError(
                f"response: exposures of {len(exposure.light.mean)} pixels, wavelengths of "
                f"{len(wavelength_nm)}"
            )


def _coupling(merged: Sequence[MergedRate], assumptions: BudgetAssumptions, pixels: int) -> Coupling:
    if len(merged) > 1:
        rates = [np.where(one.counts_per_s > 0, one.counts_per_s, np.nan) for one in merged]
        return coupling_from_repeats(rates, [one.noise_relative for one in merged])
    if assumptions.coupling_relative is None:
        raise CurveError(
            "response: the lamp was seated once only; seat it at least three times, or state how well "
            "re-seating repeats"
        )
    return assumed_coupling(assumptions.coupling_relative, pixels)


def _budget(
    spectrum: LampSpectrum,
    merged: Sequence[MergedRate],
    noise: FloatArray,
    coupling: Coupling,
    linearity: Linearity,
    assumptions: BudgetAssumptions,
) -> ResponseBudget:
    pixels = len(noise)
    counts = np.mean([one.counts for one in merged], axis=0)
    residual = linearity.uncertainty_relative_at_full_scale * np.abs(counts) / linearity.full_scale_counts
    return ResponseBudget(
        lamp=spectrum.certificate_uncertainty_relative,
        interpolation=spectrum.interpolation_uncertainty_relative,
        coupling=np.hypot(coupling.scale, coupling.shape),
        noise=noise,
        linearity=residual,
        wavelength=np.abs(spectrum.slope_relative_per_nm) * assumptions.wavelength_uncertainty_nm,
        age=np.full(pixels, assumptions.age_uncertainty_relative),
        coupling_scale=coupling.scale,
        coupling_shape=coupling.shape,
        lamp_shape_fraction=assumptions.lamp_shape_fraction,
        correlation_length_nm=correlation_length_nm(spectrum.largest_gap_nm),
    )


def _bridge_budget(budget: ResponseBudget, bridged: NDArray[np.intp]) -> ResponseBudget:
    """Bridged pixels get their neighbours' terms and an uncertainty of their own instead of the noise."""
    if not len(bridged):
        return budget
    good = np.setdiff1d(np.flatnonzero(np.isfinite(budget.shape)), bridged)
    terms = dict(vars(budget))
    for name in ("coupling", "coupling_shape", "linearity", "noise"):
        term = getattr(budget, name).copy()
        term[bridged] = np.interp(bridged, good, term[good])
        terms[name] = term
    terms["noise"][bridged] = np.hypot(terms["noise"][bridged], _BRIDGED_UNCERTAINTY)
    return ResponseBudget(**terms)


def _refuse_many_defects(defective: BoolArray, covered: BoolArray, merged: Sequence[MergedRate]) -> None:
    if defective.sum() <= _MOST_DEFECTIVE_FRACTION * covered.sum():
        return
    saturated = np.any([~np.isfinite(one.counts_per_s) for one in merged], axis=0) & defective
    why = (
        "saturated even in the shortest exposure: take a shorter one"
        if saturated.sum() > defective.sum() / 2
        else "without signal or noisier than 5 %: is the lamp on? Expose longer or take more scans"
    )
    raise CurveError(f"response: {defective.sum()} of {covered.sum()} pixels are {why}")


def _bridge(response: FloatArray, defective: BoolArray) -> tuple[FloatArray, NDArray[np.intp]]:
    """Take single defective pixels from their neighbours; longer runs stay without a response."""
    good = np.flatnonzero(np.isfinite(response))
    bridged = []
    for run in np.split(
        np.flatnonzero(defective), np.flatnonzero(np.diff(np.flatnonzero(defective)) > 1) + 1
    ):
        inside = len(run) and run[0] - 1 in good and run[-1] + 1 in good
        if inside and len(run) <= _LONGEST_BRIDGE_PIXELS:
            bridged.extend(run.tolist())
    pixels = np.array(bridged, dtype=np.intp)
    filled = response.copy()
    if len(pixels):
        filled[pixels] = np.exp(np.interp(pixels, good, np.log(response[good])))
    return filled, pixels


def _smooth(response: FloatArray, wavelength_nm: FloatArray, width: int) -> FloatArray:
    if width == 1:
        return response
    low, high = WATER_BAND_NM
    smoothed = response.copy()
    for side in (wavelength_nm < low, wavelength_nm > high):
        part = np.flatnonzero(side & np.isfinite(response))
        for segment in np.split(part, np.flatnonzero(np.diff(part) > 1) + 1):
            for position, pixel in enumerate(segment):
                # Towards a segment's end the window shrinks on both sides, so that it stays centred.
                reach = min(width // 2, position, len(segment) - 1 - position)
                smoothed[pixel] = response[pixel - reach : pixel + reach + 1].mean()
    return smoothed


def _warnings(
    lamp: LampTable,
    repeats: Sequence[Sequence[SourceExposure]],
    linearity: Linearity,
    response: FloatArray,
) -> tuple[str, ...]:
    warnings = list(lamp.warnings)
    if len(repeats) < _GOOD_REPEATS:
        warnings.append(f"the lamp was seated {len(repeats)} times; three or more tell how well that repeats")
    weakest = min(
        max(float(exposure.light.mean.max()) for exposure in exposures) / linearity.full_scale_counts
        for exposures in repeats
    )
    if weakest < _GOOD_PEAK_FRACTION:
        warnings.append(f"the highest pixel reached {weakest:.0%} of full scale only; 70 to 90 % is best")
    missing = int((~np.isfinite(response)).sum())
    if missing:
        warnings.append(f"{missing} pixels have no response; windows that touch them have no result")
    return tuple(warnings)
