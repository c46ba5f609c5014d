"""What a careful reader would ask about foreign spectra: flags for the number, sentences for people."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from plqy_rig.evaluation.windows import Window, pixel_edges_nm
from plqy_rig.foreign.measurement import Measurement, PartSpectra
from plqy_rig.foreign.roles import Part

FloatArray = NDArray[np.float64]

_FULL_SCALES = (4095.0, 16383.0, 65535.0)
_FLAT_POINTS = 3
_PEAK_OVER_NOISE = 5.0


def laser_notes(measurement: Measurement) -> list[str]:
    """Whether there is a whole laser line in the laser window of the empty sphere."""
    spectra, window = measurement.parts[Part.EMPTY], measurement.request.laser
    grid, values = spectra.wavelength_nm, spectra.values.mean(axis=0)
    inside = np.flatnonzero(window.pixel_fractions(grid) > 0)
    name = f"--laser {window.low_nm:g}:{window.high_nm:g}"
    peak = int(inside[np.argmax(values[inside])])
    notes = []
    if _no_peak(values, inside, peak):
        notes.append(f"{name}: {spectra.path} shows no peak there; check the window and the file")
    top = int(np.argmax(values))
    if top not in inside:
        notes.append(f"{name}: the highest point of {spectra.path} lies outside, at {grid[top]:g} nm")
    elif peak in (inside[0], inside[-1]) and len(inside) > 1 and 0 < peak < len(grid) - 1:
        notes.append(
            f"{name}: the line's highest point lies at the window's edge ({grid[peak]:g} nm); widen it"
        )
    if len(inside) < 3:
        notes.append(f"{name}: holds {len(inside)} points of {spectra.path} only")
    return [*notes, *_filtered_notes(measurement, name)]


def _filtered_notes(measurement: Measurement, name: str) -> list[str]:
    """Spectra of the sample that hold no laser line, as those taken behind the emission filter do."""
    notes = []
    for part in (Part.INDIRECT, Part.DIRECT):
        if part not in measurement.parts:
            continue
        spectra = measurement.parts[part]
        values = spectra.values.mean(axis=0)
        inside = np.flatnonzero(measurement.request.laser.pixel_fractions(spectra.wavelength_nm) > 0)
        if _no_peak(values, inside, int(inside[np.argmax(values[inside])])):
            notes.append(
                f"{name}: --{part} {spectra.path} shows no laser line; what was taken behind the emission "
                f"filter is --{part.emission}, and --{part} the same without the filter"
            )
    return notes


def _no_peak(values: FloatArray, inside: NDArray[np.intp], peak: int) -> bool:
    """Whether the window's maximum doesn't stand out from the rest of the spectrum's noise."""
    outside = np.delete(values, inside)
    reference = outside if len(outside) >= 10 else values
    scatter = 1.4826 * float(np.median(np.abs(reference - np.median(reference))))
    height = float(values[peak] - np.median(reference))
    return height <= 0 or height < _PEAK_OVER_NOISE * scatter


def cover_notes(spectra: PartSpectra, window: Window) -> list[str]:
    """Whether the spectra reach over the whole window."""
    edges = pixel_edges_nm(spectra.wavelength_nm)
    low, high = max(window.low_nm, edges[0]), min(window.high_nm, edges[-1])
    if low > window.low_nm + 1e-9 or high < window.high_nm - 1e-9:
        return [
            f"{window.name} window {window.low_nm:g}-{window.high_nm:g} nm: {spectra.path} covers "
            f"{low:g}-{high:g} nm of it only"
        ]
    return []


def gap_in(spectra: PartSpectra, window: Window) -> tuple[float, float] | None:
    """The first gap of the spectra that reaches into the window, or None."""
    return next((gap for gap in spectra.gaps_nm if gap[0] < window.high_nm and window.low_nm < gap[1]), None)


def saturated_notes(measurement: Measurement, kernels: Mapping[Part, FloatArray]) -> list[str]:
    """Parts whose highest points inside a window lie flat beside each other.

    Args:
        measurement: all parts.
        kernels: by part, not 0 where a pixel enters a window, [pixels].
    """
    notes = []
    for part, spectra in measurement.parts.items():
        used = kernels[part] != 0
        for label, raw in zip(spectra.labels, spectra.raw, strict=True):
            top = float(raw.max())
            flat = _longest_run((raw == top) & used)
            if top > 0 and (flat >= _FLAT_POINTS or (flat >= 1 and top in _FULL_SCALES)):
                notes.append(
                    f"--{part} {label}: {flat} neighbouring points share the highest value {top:g}, which "
                    "looks saturated; the number can't be trusted, measure again with a shorter exposure"
                )
    return notes


def _longest_run(flags: NDArray[np.bool_]) -> int:
    longest = run = 0
    for flag in flags:
        run = run + 1 if flag else 0
        longest = max(longest, run)
    return longest


def normalised_notes(measurement: Measurement) -> list[str]:
    """Spectra that were all brought to one height have lost the ratios a yield is made of."""
    tops = [
        float(raw.max()) for part, s in measurement.parts.items() if not part.is_emission for raw in s.raw
    ]
    if len(tops) > 1 and len(set(tops)) == 1:
        return [
            f"the highest value of every excitation file is {tops[0]:g}: normalised (or saturated) spectra "
            "hold no absorptance; use them as measured"
        ]
    return []
