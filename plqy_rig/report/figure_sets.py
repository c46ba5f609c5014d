"""Which figures a run or a comparison has, with their captions; for the document and for files alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from matplotlib.figure import Figure

from plqy_rig.data import Run, WindowResult, sample_slug
from plqy_rig.evaluation.corrected_run import CorrectedRun
from plqy_rig.evaluation.power_dependence import PowerDependence
from plqy_rig.evaluation.words import plural, power_range, window_limits, window_title
from plqy_rig.report.comparison import Comparison
from plqy_rig.report.comparison_figures import emission_overlay_figure, means_figure, plqy_overlay_figure
from plqy_rig.report.figures import (
    absorptance_figure,
    budget_figure,
    health_figure,
    in_range,
    photons_figure,
    plqy_figure,
    residuals_figure,
)
from plqy_rig.report.quantities import EmissionSpectrum, absorptance_sigma, emission_spectrum, nearest_step
from plqy_rig.report.spectra_figures import emission_figure, measured_roles, raw_figure
from plqy_rig.report.style import FULL_WIDTH_MM, HALF_WIDTH_MM
from plqy_rig.report.subject import Subject

DEFAULT_SPECTRUM_DENSITY_MW_PER_CM2 = 200.0
"""The published emission spectra were taken at this power density."""


class Place(StrEnum):
    """The section of the document that a figure belongs to."""

    RESULT = "result"
    DEPENDENCE = "dependence"
    UNCERTAINTY = "uncertainty"
    MEASURED = "measured"


@dataclass(frozen=True)
class CaptionedFigure:
    """A figure with what stands beside it.

    Attributes:
        name: letters, digits and hyphens; the file's name without its ending.
        figure: to draw.
        title: a few words.
        caption: one or two sentences.
        wide: whether it takes the whole width of a page.
        place: its section.
    """

    name: str
    figure: Figure
    title: str
    caption: str
    wide: bool
    place: Place = Place.RESULT


def run_figures(
    subject: Subject, spectrum_density_mw_per_cm2: float = DEFAULT_SPECTRUM_DENSITY_MW_PER_CM2
) -> list[CaptionedFigure]:
    """All figures of a run, in the order of the document; fewer where it isn't complete."""
    figures: list[CaptionedFigure] = []
    main, evaluation, corrected = subject.main_window, subject.evaluation, subject.corrected
    if main is not None and evaluation is not None and corrected is not None:
        figures.append(_plqy(main, plqy_figure(main, FULL_WIDTH_MM), wide=True))
        spectrum = emission_spectrum(corrected, main, spectrum_density_mw_per_cm2)
        if spectrum is not None:
            figures.append(_emission(spectrum, list(evaluation.windows.values())))
        figures += _against_density(subject, corrected, main)
    step = _raw_step(subject, spectrum_density_mw_per_cm2)
    if step is not None:
        figures.append(_raw(subject.run, step))
    return figures


def comparison_figures(
    comparison: Comparison, spectrum_density_mw_per_cm2: float = DEFAULT_SPECTRUM_DENSITY_MW_PER_CM2
) -> list[CaptionedFigure]:
    """All figures of a comparison."""
    limits = f"{comparison.low_nm:g}–{comparison.high_nm:g} nm"
    return [
        CaptionedFigure(
            "compare-plqy",
            plqy_overlay_figure(comparison),
            "Quantum yield against power density",
            f"Window {limits}. Bars: statistical standard uncertainty. Lines and bands: mean ± standard "
            "uncertainty (all terms) over the averaging range. One colour per sample; further runs of a "
            "sample have open markers.",
            wide=True,
        ),
        CaptionedFigure(
            "compare-emission",
            emission_overlay_figure(comparison, spectrum_density_mw_per_cm2),
            "Emission per absorbed photon",
            f"Of each run, at the step nearest {spectrum_density_mw_per_cm2:g} mW/cm². The area over a "
            "window is the window's quantum yield; the window compared is shaded.",
            wide=True,
        ),
        CaptionedFigure(
            "compare-means",
            means_figure(comparison),
            "Means and spread",
            "One marker per run with its standard uncertainty. Where a sample has several runs: line, their "
            "mean; band, ± one standard deviation between them.",
            wide=True,
        ),
    ]


def file_names(subject: Subject, figures: Sequence[CaptionedFigure]) -> dict[str, Figure]:
    """Figures under the names of their files, which begin with sample and date of the run."""
    prefix = f"{sample_slug(subject.run.sample)}_{subject.run.uid[:8]}"
    return {f"{prefix}_{item.name}": item.figure for item in figures}


def _against_density(subject: Subject, corrected: CorrectedRun, main: WindowResult) -> list[CaptionedFigure]:
    evaluation, dependence = subject.evaluation, subject.dependence
    windows = evaluation.windows.values() if evaluation else ()
    others = [window for window in windows if window is not main]
    limits = window_limits(main)
    return [
        *(_plqy(other, plqy_figure(other, HALF_WIDTH_MM), wide=False) for other in others),
        CaptionedFigure(
            "absorptance",
            absorptance_figure(main, absorptance_sigma(corrected)),
            "Absorptance of the direct beam",
            "Each step's own, 1 − direct/indirect laser photons, with its statistical standard uncertainty. "
            "A trend would mean bleaching, heating or saturation.",
            wide=False,
        ),
        CaptionedFigure(
            "health",
            health_figure(main),
            "Cross-checks",
            f"Above: the two-measurement variant (2M) beside the result, {limits}, and its band of ± 2 u. "
            "Below: share μ of the scattered laser light that the sample absorbs; below zero the sphere "
            "changed.",
            wide=False,
        ),
        CaptionedFigure(
            "photons",
            photons_figure(main, dependence),
            "Emitted against absorbed photons",
            f"Of the direct beam, {limits}. Slope 1 means a quantum yield that doesn't depend on power.",
            wide=False,
        ),
        *([] if dependence is None else [_residuals(dependence)]),
        CaptionedFigure(
            "budget",
            budget_figure(main.budget),
            "Uncertainty budget of the mean",
            f"{window_title(main)}, {limits}; relative contributions, added in quadrature.",
            wide=False,
            place=Place.UNCERTAINTY,
        ),
    ]


def _plqy(window: WindowResult, figure: Figure, *, wide: bool) -> CaptionedFigure:
    steps = plural(int(in_range(window).sum()), "step")
    symmetric = np.isfinite(window.u_mean_plqy)
    spread = "± standard uncertainty (all terms)" if symmetric else "with its interval of 68 %"
    caption = (
        "Bars: statistical standard uncertainty. Shaded: systematic part, shared by all steps. Solid and "
        f"broken lines: mean {spread} of the {steps} in {power_range(window.range_mw_per_cm2)}."
    )
    return CaptionedFigure(
        f"plqy-{window.name}",
        figure,
        f"Quantum yield, {window_title(window)}, {window_limits(window)}",
        caption if wide else "",
        wide,
    )


def _residuals(dependence: PowerDependence) -> CaptionedFigure:
    return CaptionedFigure(
        "residuals",
        residuals_figure(dependence),
        "Residuals of the chosen model",
        f"Model {dependence.chosen.replace('_', ' ')}; in units of each step's own standard uncertainty, "
        "shaded: ± 2.",
        wide=False,
        place=Place.DEPENDENCE,
    )


def _emission(spectrum: EmissionSpectrum, windows: Sequence[WindowResult]) -> CaptionedFigure:
    return CaptionedFigure(
        "emission",
        emission_figure(spectrum, windows),
        "Emission per absorbed photon",
        f"Step {spectrum.step + 1}, {spectrum.power_density_mw_per_cm2:.0f} mW/cm². The area over a window "
        "is the window's quantum yield at this step, which stands on its ruler.",
        wide=True,
    )


def _raw(run: Run, step: int) -> CaptionedFigure:
    density = run.target_power_density_mw_per_cm2[step]
    return CaptionedFigure(
        "raw",
        raw_figure(run, step),
        "Raw spectra",
        f"Mean counts as the spectrometer gave them, with integration times; thin: their darks. Step "
        f"{step + 1}, aimed at {density:.0f} mW/cm².",
        wide=True,
        place=Place.MEASURED,
    )


def _raw_step(subject: Subject, density: float) -> int | None:
    """The step to show raw: that of the emission spectrum, else the nearest of those with most roles."""
    run, main = subject.run, subject.main_window
    if main is not None and (nearest := nearest_step(main, density)) is not None:
        return nearest
    counts = np.array(
        [
            len(measured_roles(run, step, emission=False)) + len(measured_roles(run, step, emission=True))
            for step in range(run.power_steps)
        ]
    )
    if counts.size == 0 or counts.max() == 0:
        return None
    distance = np.abs(np.log(run.target_power_density_mw_per_cm2 / density))
    return int(np.argmin(np.where(counts == counts.max(), distance, np.inf)))
