"""Files of other programs in, one quantum yield per window with uncertainty, flags and notes out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.roles import Role
from drivers.errors import ConfigurationError
from plqy_rig.evaluation.flags import Flag
from plqy_rig.evaluation.intervals import MOST_SYMMETRIC, fieller_interval
from plqy_rig.evaluation.windows import Window
from plqy_rig.foreign import checks
from plqy_rig.foreign.alternatives import name_notes, offset_notes, per_notes
from plqy_rig.foreign.errors import ForeignFileError
from plqy_rig.foreign.kernels import (
    Corrections,
    baseline_pixels,
    usable_transmission,
)
from plqy_rig.foreign.measurement import Measurement, load_measurement
from plqy_rig.foreign.quantity import Per, Quantity, default_per
from plqy_rig.foreign.remarks import flags_of, result_notes
from plqy_rig.foreign.request import FilesRequest
from plqy_rig.foreign.roles import Part
from plqy_rig.foreign.spread import (
    PartSpread,
    Uncertainty,
    covariance,
    noise_of,
    part_spreads,
    uncertainty,
)
from plqy_rig.foreign.yields import Yields, yields_of

FloatArray = NDArray[np.float64]

LEVEL_68 = 0.6826895
LEVEL_95 = 0.95
_SAME_STEP = 0.05


@dataclass(frozen=True)
class WindowYield:
    """The result of one emission window.

    Attributes:
        window: emission window.
        yields: yield, absorptance and the rest with their derivatives.
        integrals: photons by role, in arbitrary common units.
        plqy: uncertainty of the yield.
        u_plqy: its standard uncertainty; NaN where only the interval makes sense.
        ci68: interval of 68 %.
        ci95: interval of 95 %.
        absorptance: relative uncertainty of the absorptance.
        mu: uncertainty of mu.
        difference: uncertainty of the yield minus the two-measurement yield.
        flags: what is doubtful.
        notes: about this window, for people.
    """

    window: Window
    yields: Yields
    integrals: Mapping[Role, float]
    plqy: Uncertainty
    u_plqy: float
    ci68: tuple[float, float]
    ci95: tuple[float, float]
    absorptance: Uncertainty
    mu: Uncertainty
    difference: Uncertainty
    flags: tuple[Flag, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class FilesEvaluation:
    """What the files hold.

    Attributes:
        measurement: the files as read.
        per: what a value stands for along the wavelength axis.
        windows: results by name.
        notes: assumptions and oddities of the whole set, for people.
    """

    measurement: Measurement
    per: Per
    windows: Mapping[str, WindowYield]
    notes: tuple[str, ...]


def evaluate_files(request: FilesRequest) -> FilesEvaluation:
    """Evaluate spectra of other programs.

    Raises:
        ForeignFileError: a file that can't be read or doesn't fit the others.
        ConfigurationError: options that contradict each other or the files.
    """
    measurement = load_measurement(request)
    corrections = Corrections.of(measurement)
    notes = [*measurement.notes, *_response_notes(measurement)]
    per = request.per or default_per(
        measurement.quantity, request.response_unit, same_steps=_same_steps(measurement, notes)
    )
    _refuse_gaps_in_line(measurement)
    notes += _baseline_notes(measurement)
    notes += checks.laser_notes(measurement)
    notes += checks.normalised_notes(measurement)
    notes += _cover(measurement)
    saturated = checks.saturated_notes(measurement, _used_pixels(measurement))
    windows = {
        name: _evaluate_window(measurement, corrections, window, per, is_saturated=bool(saturated))
        for name, window in request.windows.items()
    }
    notes += [*saturated, *_noise_notes(measurement)]
    return FilesEvaluation(measurement, per, windows, tuple(notes))


def _evaluate_window(
    measurement: Measurement, corrections: Corrections, window: Window, per: Per, *, is_saturated: bool
) -> WindowYield:
    request = measurement.request
    parts = part_spreads(measurement, corrections, window, per)
    integrals = {role: value for part in parts for role, value in part.integrals().items()}
    yields = yields_of(integrals, request.leakage_used)
    numbers = _numbers(parts, yields, request.response_uncertainty_relative)
    result = WindowYield(window=window, yields=yields, integrals=integrals, **numbers, flags=(), notes=())
    flags = flags_of(
        result,
        overlaps=window.overlaps(request.laser),
        masked=_is_masked(measurement, corrections, window),
        saturated=is_saturated,
        repeated=all(part.has_repeats for part in parts),
        uncorrected=measurement.quantity is Quantity.COUNTS and request.response is None,
    )
    notes = [
        *result_notes(result),
        *offset_notes(measurement, parts, yields, window),
        *per_notes(measurement, corrections, window, per, yields),
        *name_notes(measurement, corrections, window),
    ]
    return replace(result, flags=flags, notes=tuple(notes))


def _numbers(parts: Sequence[PartSpread], yields: Yields, response_relative: float) -> dict[str, Any]:
    """The uncertainties of one window by their names in `WindowYield`."""
    response = abs(yields.plqy) * response_relative
    gradient = yields.by_integral
    roles = gradient.keys() | yields.plqy_2m_by_integral.keys()
    apart = {role: gradient.get(role, 0.0) - yields.plqy_2m_by_integral.get(role, 0.0) for role in roles}
    plqy = uncertainty(parts, gradient, response if math.isfinite(response) else 0.0)
    absorptance = uncertainty(parts, yields.absorptance_by_integral)
    return {
        "plqy": plqy,
        "u_plqy": math.nan if absorptance.sigma > MOST_SYMMETRIC else plqy.sigma,
        "ci68": _interval(parts, yields, plqy, LEVEL_68),
        "ci95": _interval(parts, yields, plqy, LEVEL_95),
        "absorptance": absorptance,
        "mu": uncertainty(parts, yields.mu_by_integral),
        "difference": uncertainty(parts, apart),
    }


def _interval(
    parts: Sequence[PartSpread], yields: Yields, plqy: Uncertainty, level: float
) -> tuple[float, float]:
    """Interval of the yield as a ratio whose denominator is uncertain too; NaN where it has no limits."""
    if not plqy.is_known:
        return (math.nan, math.nan)
    below = yields.absorbed_by_integral
    limits = fieller_interval(
        np.array([yields.plqy]),
        np.array([plqy.sigma**2]),
        np.array([covariance(parts, below, below)]),
        np.array([covariance(parts, yields.by_integral, below)]),
        plqy.quantile(level),
    )
    return (float(limits[0, 0]), float(limits[0, 1]))


def _same_steps(measurement: Measurement, notes: list[str]) -> bool:
    """Whether excitation and emission were taken with one step, as an array spectrometer does."""
    request = measurement.request
    excitation = measurement.parts[Part.EMPTY].spectra[0]
    emission = measurement.parts[measurement.emission_part(Part.DIRECT) or Part.DIRECT].spectra[0]
    same = len(excitation.wavelength_nm) == len(emission.wavelength_nm) or (
        abs(excitation.step_nm / emission.step_nm - 1) <= _SAME_STEP
    )
    if not same and request.per is None and measurement.quantity is Quantity.COUNTS:
        notes.append(
            f"the excitation was taken every {excitation.step_nm:.3g} nm, the emission every "
            f"{emission.step_nm:.3g} nm: a value of a scanned monochromator stands for a density per nm"
        )
    return same


def _baseline_notes(measurement: Measurement) -> list[str]:
    """Which files have the region whose mean is subtracted; none at all is a mistake."""
    baseline = measurement.request.baseline
    without = [
        f"--{part}"
        for part, spectra in measurement.parts.items()
        if baseline is not None and baseline_pixels(spectra.wavelength_nm, baseline) is None
    ]
    if baseline is not None and len(without) == len(measurement.parts):
        raise ConfigurationError(
            f"--baseline {baseline.low_nm:g}:{baseline.high_nm:g}: lies outside all spectra"
        )
    return [f"--baseline: not in the range of {', '.join(without)}, left as they are"] if without else []


def _refuse_gaps_in_line(measurement: Measurement) -> None:
    laser = measurement.request.laser
    for part, spectra in measurement.parts.items():
        gap = None if part.is_emission else checks.gap_in(spectra, laser)
        if gap:
            raise ForeignFileError(
                spectra.path,
                f"has no points between {gap[0]:g} and {gap[1]:g} nm, inside the laser window "
                f"{laser.low_nm:g}-{laser.high_nm:g} nm; a line isn't interpolated",
            )


def _cover(measurement: Measurement) -> list[str]:
    request = measurement.request
    notes = checks.cover_notes(measurement.parts[Part.EMPTY], request.laser)
    emission = measurement.parts[measurement.emission_part(Part.DIRECT) or Part.DIRECT]
    for window in request.windows.values():
        notes += checks.cover_notes(emission, window)
        gap = checks.gap_in(emission, window)
        if gap:
            notes.append(
                f"{window.name} window: {emission.path} has no points between {gap[0]:g} and {gap[1]:g} nm; "
                "the emission is taken as a straight line across"
            )
    return notes


def _used_pixels(measurement: Measurement) -> dict[Part, FloatArray]:
    """By part, above 0 where a pixel enters any window that is read from it."""
    request = measurement.request
    used = {}
    for part, spectra in measurement.parts.items():
        windows: list[Window] = [] if part.is_emission else [request.laser]
        if part.is_emission or not request.has_emission_files:
            windows += request.windows.values()
        used[part] = np.sum([w.pixel_fractions(spectra.wavelength_nm) for w in windows], axis=0)
    return used


def _is_masked(measurement: Measurement, corrections: Corrections, window: Window) -> bool:
    emission = measurement.emission_part(Part.DIRECT)
    if corrections.long_pass is None or emission is None:
        return False
    grid = measurement.parts[emission].wavelength_nm
    inside = window.pixel_fractions(grid) > 0
    return bool(np.isnan(usable_transmission(corrections.long_pass, grid)[inside]).any())


def _response_notes(measurement: Measurement) -> list[str]:
    request = measurement.request
    if measurement.quantity is Quantity.COUNTS and request.response is None:
        return [
            "no response file: the result carries the detector's spectral shape; it is the yield only if "
            "sphere, fibre and detector answer laser and emission alike (--response F --response-unit UNIT)"
        ]
    if request.response_uncertainty_relative == 0:
        return [
            "the uncertainty leaves out that of the correction between laser and emission wavelength "
            "(--response-uncertainty 0.03 adds 3 %)"
        ]
    return []


def _noise_notes(measurement: Measurement) -> list[str]:
    single = {part: spectra for part, spectra in measurement.parts.items() if len(spectra.values) == 1}
    unknown = [f"--{part}" for part, spectra in single.items() if noise_of(measurement, spectra)[0] is None]
    known = [f"--{part}" for part in single if f"--{part}" not in unknown]
    notes = []
    if known and not unknown:
        region = noise_of(measurement, single[Part(known[0][2:])])[1]
        notes.append(
            f"no repeats of {', '.join(known)}: the noise is estimated from the scatter {region}; the noise "
            "of the light itself and drift between files aren't in it, so the uncertainty is a lower bound"
        )
    if unknown:
        notes.append(
            f"no repeats of {', '.join(unknown)} and no signal-free points to estimate their noise: the "
            "uncertainty isn't known (give each option several times, or --baseline lo:hi)"
        )
    return notes
