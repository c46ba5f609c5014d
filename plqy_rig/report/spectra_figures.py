"""The figures of one run against wavelength: emission per absorbed photon, and the raw counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from plqy_rig.data import Role, Run, WindowResult
from plqy_rig.evaluation.words import exposure, number, role_words, window_title
from plqy_rig.report.quantities import EmissionSpectrum
from plqy_rig.report.style import (
    BLUE,
    FULL_WIDTH_MM,
    INK,
    MUTED,
    VERMILLION,
    legend_above,
    new_figure,
    styled,
)

FloatArray = NDArray[np.float64]

EMISSION_AXIS = "Emission per absorbed photon (10⁻³ nm⁻¹)"
_ROLE_STYLE = {
    "empty": (INK, (0, (1, 1.2)), 1.1),
    "indirect": (VERMILLION, (0, (4, 2)), 1.1),
    "direct": (BLUE, "-", 1.9),
}


@styled
def emission_figure(
    spectrum: EmissionSpectrum, windows: Sequence[WindowResult], width_mm: float = FULL_WIDTH_MM
) -> Figure:
    """Emission per absorbed photon: the area over a window is the window's quantum yield."""
    figure = new_figure(width_mm, 78.0)
    axes = figure.add_subplot()
    shown, wavelength = shown_wavelengths(spectrum, windows), spectrum.wavelength_nm
    values, noise = 1e3 * spectrum.per_nm, 1e3 * spectrum.noise_per_nm
    axes.axhline(0.0, color=MUTED, linewidth=0.6)
    axes.fill_between(
        wavelength[shown],
        (values - noise)[shown],
        (values + noise)[shown],
        color=BLUE,
        alpha=0.25,
        linewidth=0,
        label="± scan noise",
    )
    axes.plot(
        wavelength[shown],
        values[shown],
        color=BLUE,
        linewidth=1.0,
        label=f"at {spectrum.power_density_mw_per_cm2:.0f} mW/cm²",
    )
    highest = float(np.nanmax(values[shown], initial=0.0)) or 1.0
    axes.set_ylim(-0.03 * highest, (1.12 + 0.115 * len(windows)) * highest)
    axes.set_xlim(float(wavelength[shown].min()), float(wavelength[shown].max()))
    axes.set_yticks([tick for tick in axes.get_yticks() if 0 <= tick <= 1.02 * highest])
    _window_rulers(axes, spectrum.step, windows, highest)
    axes.set_xlabel("Wavelength (nm)")
    axes.set_ylabel(EMISSION_AXIS)
    legend_above(axes, 2)
    return figure


@styled
def raw_figure(run: Run, step: int, width_mm: float = FULL_WIDTH_MM) -> Figure:
    """Raw counts of every role at one step with their darks: excitation left, emission right."""
    figure = new_figure(width_mm, 66.0)
    left, right = figure.subplots(1, 2)
    for axes, emission, title in ((left, False, "Laser line"), (right, True, "Emission, long-pass in")):
        roles = measured_roles(run, step, emission=emission)
        axes.set_title(title, pad=16 if roles else 6)
        axes.set_xlabel("Wavelength (nm)")
        axes.set_xlim(*((run.wavelength_nm[0], run.wavelength_nm[-1]) if emission else _laser_view(run)))
        _raw_panel(axes, run, step, roles)
        _full_scale(axes, run, roles, step)
    left.set_ylabel("Raw counts (10³)")
    return figure


def shown_wavelengths(spectrum: EmissionSpectrum, windows: Sequence[WindowResult]) -> NDArray[np.bool_]:
    """The pixels a figure of the emission shows: all windows and 20 nm beside them, without the laser."""
    low = min((window.low_nm for window in windows), default=1000.0) - 20.0
    high = max((window.high_nm for window in windows), default=1650.0) + 20.0
    return np.asarray((spectrum.wavelength_nm >= low) & (spectrum.wavelength_nm <= high))


def measured_roles(run: Run, step: int, *, emission: bool) -> list[Role]:
    """The roles of one kind that have this step, in pass order."""
    return [
        role
        for role in Role
        if role.is_emission is emission and role in run.spectra and run.spectra[role].measured[step]
    ]


def _window_rulers(axes: Axes, step: int, windows: Sequence[WindowResult], highest: float) -> None:
    """A ruler over each window with its yield at this step, stacked above the curve, the widest on top."""
    for row, window in enumerate(sorted(windows, key=lambda item: item.high_nm - item.low_nm)):
        height = highest * (1.07 + 0.115 * row)
        axes.plot([window.low_nm, window.high_nm], [height, height], "|-", color=INK, linewidth=0.7)
        text = f"{window_title(window)}  {number(100 * float(window.plqy[step]), '.1f')} %"
        axes.annotate(
            text,
            (window.low_nm, height),
            xytext=(4, 2),
            textcoords="offset points",
            fontsize=6.5,
        )


def _raw_panel(axes: Axes, run: Run, step: int, roles: Sequence[Role]) -> None:
    # The direct role goes first and lowest: the broken lines of the others stay visible on it.
    for role in sorted(roles, key=lambda item: not str(item).startswith("direct")):
        spectra = run.spectra[role]
        colour, line, width = _ROLE_STYLE[str(role).split("_", 1)[0]]
        label = f"{role_words(role).split(' (', 1)[0]}, {exposure(float(spectra.integration_time_s[step]))}"
        counts = spectra.counts[step] / 1e3
        axes.plot(run.wavelength_nm, counts, color=colour, linestyle=line, linewidth=width, label=label)
        axes.plot(run.wavelength_nm, spectra.dark[step] / 1e3, color=colour, linewidth=0.4, alpha=0.6)
    if roles:
        legend_above(axes, len(roles))
    else:
        axes.text(0.5, 0.5, "not measured", transform=axes.transAxes, ha="center", color=MUTED)
        axes.set_yticks([])
        axes.grid(visible=False)


def _full_scale(axes: Axes, run: Run, roles: Sequence[Role], step: int) -> None:
    """Limits from zero; where the counts come near full scale, full scale as a line, else its share."""
    if not roles:
        return
    full = run.full_scale_counts / 1e3
    shown = (run.wavelength_nm >= axes.get_xlim()[0]) & (run.wavelength_nm <= axes.get_xlim()[1])
    peak = max(float(np.nanmax(run.spectra[role].counts[step][shown])) for role in roles) / 1e3
    near = peak > 0.5 * full
    axes.set_ylim(0, 1.06 * full if near else 1.15 * peak)
    if near:
        axes.axhline(full, color=MUTED, linewidth=0.8, linestyle=(0, (6, 3)))
    axes.annotate(
        f"full scale {full:.1f}" if near else f"highest {100 * peak / full:.0f} % of full scale",
        (0.02, full) if near else (0.02, 0.97),
        xycoords=("axes fraction", "data") if near else "axes fraction",
        xytext=(0, -2),
        textcoords="offset points",
        va="top",
        fontsize=6.5,
        color=MUTED,
    )


def _laser_view(run: Run) -> tuple[float, float]:
    low = float(run.recipe.get("laser_window_low_nm", 967.0))
    high = float(run.recipe.get("laser_window_high_nm", 987.0))
    return low - 20.0, high + 20.0
