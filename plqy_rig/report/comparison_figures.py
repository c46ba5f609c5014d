"""The figures of several runs: emission of all samples, yield against power density, means and spread."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plqy_rig.evaluation.words import POWER_DENSITY
from plqy_rig.report.comparison import Comparison
from plqy_rig.report.figures import (
    SKIN_EXPOSURE_LIMIT_MW_PER_CM2,
    mean_ends,
    mean_limits,
    mean_sigma,
    skin_limit,
)
from plqy_rig.report.quantities import EmissionSpectrum, emission_spectrum, step_values
from plqy_rig.report.spectra_figures import EMISSION_AXIS, shown_wavelengths
from plqy_rig.report.style import (
    FULL_WIDTH_MM,
    LINES,
    MARKERS,
    MUTED,
    PAPER,
    SERIES,
    density_axis,
    legend_above,
    new_figure,
    padded_limits,
    styled,
)


@styled
def emission_overlay_figure(
    comparison: Comparison, power_density_mw_per_cm2: float, width_mm: float = FULL_WIDTH_MM
) -> Figure:
    """Emission per absorbed photon of every run at one power density."""
    figure = new_figure(width_mm, 82.0)
    axes = figure.add_subplot()
    axes.axhline(0.0, color=MUTED, linewidth=0.6)
    for colour, sample_row, position in _runs(comparison):
        spectrum = _spectrum(comparison, position, power_density_mw_per_cm2)
        if spectrum is None:
            continue
        every = comparison.subjects[position].evaluation
        shown = shown_wavelengths(spectrum, list(every.windows.values()) if every else [])
        row, repeat = sample_row
        axes.plot(
            spectrum.wavelength_nm[shown],
            1e3 * spectrum.per_nm[shown],
            color=colour,
            linestyle=LINES[row % len(LINES)],
            linewidth=1.1 if repeat == 0 else 0.7,
            label=short_name(comparison.subjects[position].run.sample) if repeat == 0 else None,
        )
    axes.axvspan(comparison.low_nm, comparison.high_nm, color=MUTED, alpha=0.07, linewidth=0)
    axes.margins(x=0.0)
    axes.set_xlabel("Wavelength (nm)")
    axes.set_ylabel(EMISSION_AXIS)
    legend_above(axes, _columns(comparison))
    return figure


@styled
def plqy_overlay_figure(comparison: Comparison, width_mm: float = FULL_WIDTH_MM) -> Figure:
    """Quantum yield against power density of every run, with statistical bars and each mean."""
    figure = new_figure(width_mm, 86.0)
    axes = figure.add_subplot()
    density = np.concatenate(
        [comparison.result(position).power_density_mw_per_cm2 for position in range(len(comparison.subjects))]
    )
    density_axis(axes, density, (SKIN_EXPOSURE_LIMIT_MW_PER_CM2,))
    reach = [0.0]
    for colour, sample_row, position in _runs(comparison):
        reach.append(_plot_run(axes, comparison, position, colour, sample_row))
    axes.set_ylim(0, 1.08 * max(reach))
    skin_limit(axes)
    axes.set_xlabel(POWER_DENSITY)
    axes.set_ylabel(f"PLQY, {comparison.low_nm:g}–{comparison.high_nm:g} nm (%)")
    legend_above(axes, _columns(comparison))
    return figure


@styled
def means_figure(comparison: Comparison, width_mm: float = FULL_WIDTH_MM) -> Figure:
    """Each run's mean with its uncertainty, by sample; where a sample has several, their mean and spread."""
    samples = comparison.samples
    figure = new_figure(width_mm, 20.0 + 9.0 * len(samples))
    axes = figure.add_subplot()
    for row, sample in enumerate(samples):
        colour = SERIES[row % len(SERIES)]
        offsets = np.linspace(-0.22, 0.22, len(sample.runs)) if len(sample.runs) > 1 else np.zeros(1)
        for offset, position in zip(offsets, sample.runs, strict=True):
            result = comparison.result(position)
            axes.errorbar(
                100 * result.mean_plqy,
                row + offset,
                xerr=100 * mean_sigma(result),
                fmt=MARKERS[row % len(MARKERS)],
                color=colour,
            )
        if len(sample.runs) > 1:
            mean, spread = 100 * sample.mean_plqy, 100 * sample.spread
            axes.fill_betweenx(
                [row - 0.38, row + 0.38], mean - spread, mean + spread, color=colour, alpha=0.14, linewidth=0
            )
            axes.plot([mean, mean], [row - 0.38, row + 0.38], color=colour)
    axes.set_yticks(range(len(samples)), [short_name(sample.sample) for sample in samples])
    axes.set_ylim(len(samples) - 0.4, -0.6)
    values = [
        100 * (comparison.result(position).mean_plqy + sign * mean_sigma(comparison.result(position)))
        for position in range(len(comparison.subjects))
        for sign in (-1, 1)
    ]
    low, high = padded_limits(np.array(values), 0.2)
    axes.set_xlim(max(0.0, low), high)
    axes.set_xlabel(f"Mean PLQY, {comparison.low_nm:g}–{comparison.high_nm:g} nm (%)")
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    return figure


def short_name(sample: str, longest: int = 32) -> str:
    """A sample's name as it fits a legend."""
    return sample if len(sample) <= longest else f"{sample[: longest - 1]}…"


def _runs(comparison: Comparison) -> list[tuple[str, tuple[int, int], int]]:
    """Colour by sample, (row of the sample, number within it), position of the run."""
    return [
        (SERIES[row % len(SERIES)], (row, repeat), position)
        for row, sample in enumerate(comparison.samples)
        for repeat, position in enumerate(sample.runs)
    ]


def _columns(comparison: Comparison) -> int:
    names: Sequence[str] = [short_name(sample.sample) for sample in comparison.samples]
    return max(1, min(len(names), 110 // (max(map(len, names)) + 8)))


def _spectrum(comparison: Comparison, position: int, density: float) -> EmissionSpectrum | None:
    subject = comparison.subjects[position]
    if subject.corrected is None:
        return None
    return emission_spectrum(subject.corrected, comparison.result(position), density)


def _plot_run(
    axes: Axes, comparison: Comparison, position: int, colour: str, sample_row: tuple[int, int]
) -> float:
    """Draw one run; returns the highest point in per cent."""
    row, repeat = sample_row
    subject, result = comparison.subjects[position], comparison.result(position)
    usable = np.isfinite(result.plqy)
    bars = 100 * np.nan_to_num(step_values(result, "u_plqy_random")[usable])
    axes.errorbar(
        result.power_density_mw_per_cm2[usable],
        100 * result.plqy[usable],
        bars,
        fmt=MARKERS[row % len(MARKERS)],
        color=colour,
        markerfacecolor=colour if repeat == 0 else PAPER,
        elinewidth=0.7,
        label=short_name(subject.run.sample) if repeat == 0 else None,
    )
    ends, (low, high) = mean_ends(result), mean_limits(result)
    axes.plot(ends, [100 * result.mean_plqy] * 2, color=colour, linewidth=0.8, zorder=1)
    axes.fill_between(ends, 100 * low, 100 * high, color=colour, alpha=0.16, linewidth=0, zorder=0)
    return float(max(100 * np.max(result.plqy[usable]), 100 * high))
