"""What the result would be if the files meant something else, where that would change it by a per cent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from calibration.roles import Role
from plqy_rig.evaluation.windows import Window
from plqy_rig.foreign.kernels import Corrections, pixel_widths_nm
from plqy_rig.foreign.measurement import Measurement
from plqy_rig.foreign.quantity import Per, Quantity
from plqy_rig.foreign.roles import Part
from plqy_rig.foreign.spread import PartSpread, part_spreads, signal_free
from plqy_rig.foreign.yields import Yields, yields_of

_MATTERS = 0.01


def offset_notes(
    measurement: Measurement, parts: Sequence[PartSpread], yields: Yields, window: Window
) -> list[str]:
    """What the result would be if the spectra's level between the lines were an offset."""
    request = measurement.request
    if request.baseline is not None or request.darks or not math.isfinite(yields.plqy):
        return []
    shifted: dict[Role, float] = {}
    for part in parts:
        free, _ = signal_free(measurement, part.spectra)
        level = float(np.median(part.spectra.values[:, free])) if free.sum() >= 3 else 0.0
        for role, value in part.integrals().items():
            shifted[role] = value - level * float(part.kernels[role].sum())
    other = yields_of(shifted, request.leakage_used).plqy
    if not _matters(other, yields.plqy):
        return []
    return [
        f"{window.name} window: no dark is subtracted; if the level between the lines is an offset, the "
        f"yield is {other:.4g} instead of {yields.plqy:.4g} (--dark F, or --baseline lo:hi)"
    ]


def per_notes(
    measurement: Measurement, corrections: Corrections, window: Window, per: Per, yields: Yields
) -> list[str]:
    """Whether it matters what one value stands for, where only the usual meaning decided it."""
    unit = corrections.unit
    if measurement.request.per is not None:
        return []
    if measurement.quantity is not Quantity.COUNTS or (unit is not None and unit.is_absolute):
        return []
    other = Per.NM if per is Per.PIXEL else Per.PIXEL
    plqy = _plqy(measurement, corrections, window, other)
    if not _matters(plqy, yields.plqy):
        return []
    words = {Per.PIXEL: "the content of a pixel", Per.NM: "a density per nm"}
    widths = pixel_widths_nm(measurement.parts[Part.DIRECT].wavelength_nm)
    return [
        f"{window.name} window: a value is taken as {words[per]}; the pixels differ in width "
        f"({widths.min():.3g}-{widths.max():.3g} nm), and as {words[other]} the yield is {plqy:.4g} "
        f"(--per {per} or --per {other})"
    ]


def name_notes(measurement: Measurement, corrections: Corrections, window: Window) -> list[str]:
    """Both numbers where only a file's name says that its values are corrected already."""
    spectra = [spectrum for part in measurement.parts.values() for spectrum in part.spectra]
    named = next((spectrum for spectrum in spectra if spectrum.name_says_irradiance), None)
    if named is None or measurement.request.quantity is not None or corrections.response is not None:
        return []
    if measurement.quantity is Quantity.IRRADIANCE:
        return []
    plqy = _plqy(replace(measurement, quantity=Quantity.IRRADIANCE), corrections, window, Per.NM)
    return [
        f"{window.name} window: {named.path} is named irradiance but doesn't say what its values are; they "
        f"are taken as counts, and as power per nm the yield is {plqy:.4g} (--quantity irradiance)"
    ]


def _plqy(measurement: Measurement, corrections: Corrections, window: Window, per: Per) -> float:
    integrals: dict[Role, float] = {}
    for part in part_spreads(measurement, corrections, window, per):
        integrals |= part.integrals()
    return yields_of(integrals, measurement.request.leakage_used).plqy


def _matters(other: float, plqy: float) -> bool:
    return abs(other - plqy) > _MATTERS * abs(plqy)
