"""The figures of one run against power density. Pure: what was found in, a matplotlib figure out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from plqy_rig.data import WindowResult
from plqy_rig.evaluation.choices import steps_in_range
from plqy_rig.evaluation.power_dependence import PowerDependence
from plqy_rig.evaluation.uncertainty import RANDOM_TERMS
from plqy_rig.evaluation.words import POWER_DENSITY, term_words, window_limits, with_uncertainty
from plqy_rig.report.quantities import step_values
from plqy_rig.report.style import (
    BLUE,
    FULL_WIDTH_MM,
    HALF_WIDTH_MM,
    INK,
    MUTED,
    PAPER,
    VERMILLION,
    density_axis,
    legend_above,
    new_figure,
    padded_limits,
    photon_axis,
    styled,
)

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

SKIN_EXPOSURE_LIMIT_MW_PER_CM2 = 730.0
"""Skin exposure limit at 980 nm, long exposure (ICNIRP 2013): 0.2 C_A W/cm², C_A = 10^(0.002 (980-700))."""


@styled
def plqy_figure(window: WindowResult, width_mm: float = FULL_WIDTH_MM) -> Figure:
    """Quantum yield against power density: points with statistical bars, systematic band, mean."""
    wide = width_mm > 1.5 * HALF_WIDTH_MM
    figure = new_figure(width_mm, 82.0 if wide else 62.0)
    axes = figure.add_subplot()
    density = window.power_density_mw_per_cm2
    density_axis(axes, density[np.isfinite(window.plqy)], (SKIN_EXPOSURE_LIMIT_MW_PER_CM2,) if wide else ())
    _systematic_band(axes, window)
    spread_label = "± u" if np.isfinite(window.u_mean_plqy) else "and 68 % interval"
    _mean_band(axes, window, f"mean {spread_label} over the range" if wide else f"mean {spread_label}")
    _points(
        axes, window, ("steps, statistical u", "steps outside the range") if wide else ("steps", "outside")
    )
    spread = np.nan_to_num(
        np.hypot(step_values(window, "u_plqy_random"), step_values(window, "u_plqy_systematic"))
    )
    reach = [window.plqy + spread, window.plqy - spread]
    limits = np.array(mean_limits(window))
    mean = limits + 0.2 * (limits[1] - limits[0]) * np.array([-1.0, 1.0])
    axes.set_ylim(*padded_limits(100 * np.concatenate([*reach, mean]), 0.10))
    if wide:
        skin_limit(axes)
    axes.set_xlabel(POWER_DENSITY)
    axes.set_ylabel(f"PLQY, {window_limits(window)} (%)")
    legend_above(axes, 4)
    return figure


@styled
def absorptance_figure(window: WindowResult, sigma: FloatArray, width_mm: float = HALF_WIDTH_MM) -> Figure:
    """Absorptance of the direct beam against power density, with statistical bars of size `sigma`."""
    figure = new_figure(width_mm, 58.0)
    axes = figure.add_subplot()
    usable = np.isfinite(window.absorptance)
    density = window.power_density_mw_per_cm2
    density_axis(axes, density[usable])
    if usable.any():
        mean = float(np.mean(window.absorptance[usable]))
        axes.axhline(mean, color=BLUE, linewidth=0.9, label=f"mean {mean:.4f}")
    axes.errorbar(
        density[usable],
        window.absorptance[usable],
        np.nan_to_num(sigma[usable]),
        fmt="o",
        color=INK,
        markerfacecolor=PAPER,
        elinewidth=0.7,
        label="each step",
    )
    axes.set_ylim(*padded_limits(window.absorptance, 0.12))
    axes.set_xlabel(POWER_DENSITY)
    axes.set_ylabel("Absorptance A")
    if usable.any():
        legend_above(axes, 2)
    return figure


@styled
def health_figure(window: WindowResult, width_mm: float = HALF_WIDTH_MM) -> Figure:
    """The two-measurement variant beside the result, and the share of scattered light absorbed."""
    figure = new_figure(width_mm, 58.0)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    density = window.power_density_mw_per_cm2
    # By power: a step that was measured again at the end belongs beside the first.
    by_power = np.argsort(density)
    by_power = by_power[np.isfinite(window.plqy[by_power])]
    two = 100 * window.plqy_2m
    upper.fill_between(
        density[by_power],
        100 * (window.plqy - 2 * window.u_plqy)[by_power],
        100 * (window.plqy + 2 * window.u_plqy)[by_power],
        color=BLUE,
        alpha=0.16,
        linewidth=0,
        label="five spectra, ±2u",
    )
    upper.plot(density[by_power], 100 * window.plqy[by_power], color=BLUE)
    upper.plot(density, two, "s", color=VERMILLION, markersize=3.2, label="2M")
    reach = 100 * np.concatenate([window.plqy - 2 * window.u_plqy, window.plqy + 2 * window.u_plqy])
    upper.set_ylim(*padded_limits(np.concatenate([reach, two]), 0.05))
    upper.set_ylabel("PLQY (%)")
    legend_above(upper, 2)
    density_axis(lower, density[np.isfinite(window.mu)])
    density_axis(upper, density[np.isfinite(window.mu)])
    upper.tick_params(labelbottom=False)
    lower.plot(density, window.mu, "o", color=INK, markerfacecolor=PAPER, markersize=3.2)
    lower.set_ylim(*padded_limits(np.append(window.mu, 0.0), 0.5))
    lower.axhline(0.0, color=MUTED, linewidth=0.8)
    lower.set_ylabel("μ")
    lower.set_xlabel(POWER_DENSITY)
    figure.align_ylabels()
    return figure


@styled
def photons_figure(
    window: WindowResult, dependence: PowerDependence | None, width_mm: float = HALF_WIDTH_MM
) -> Figure:
    """Emitted against absorbed photons, log-log, with the slope: 1 where the yield is constant."""
    figure = new_figure(width_mm, 58.0)
    axes = figure.add_subplot()
    absorbed, emitted = step_values(window, "absorbed_rate"), step_values(window, "emission_rate")
    usable = (absorbed > 0) & (emitted > 0)
    axes.set_xlabel("Absorbed photons (s⁻¹)")
    axes.set_ylabel("Emitted photons (s⁻¹)")
    if not usable.any():
        return figure
    axes.set_xscale("log")
    axes.set_yscale("log")
    absorbed, emitted = absorbed[usable], emitted[usable]
    axes.plot(absorbed, emitted, "o", color=INK, markerfacecolor=PAPER)
    for which, values in (("x", absorbed), ("y", emitted)):
        pad = max(1.25, float((values.max() / values.min()) ** 0.06))
        getattr(axes, f"set_{which}lim")(values.min() / pad, values.max() * pad)
        photon_axis(axes, which)
    if dependence is not None:
        slope, error = dependence.emission_slope, dependence.u_emission_slope
        line = np.array([absorbed.min(), absorbed.max()])
        centre = np.exp(np.mean(np.log(emitted) - slope * np.log(absorbed)))
        axes.plot(line, centre * line**slope, color=BLUE, zorder=1)
        text = " ± ".join(with_uncertainty(slope, error))
        axes.set_title(f"slope {text}", fontweight="normal", fontsize=6.5)
    return figure


@styled
def residuals_figure(dependence: PowerDependence, width_mm: float = HALF_WIDTH_MM) -> Figure:
    """What the chosen model leaves of the points, in their standard uncertainties."""
    figure = new_figure(width_mm, 45.0)
    axes = figure.add_subplot()
    (chosen,) = (model for model in dependence.models if model.name == dependence.chosen)
    density_axis(axes, dependence.density)
    axes.axhspan(-2, 2, color=BLUE, alpha=0.12, linewidth=0)
    axes.axhline(0, color=BLUE, linewidth=0.9)
    axes.plot(dependence.density, chosen.residuals, "o", color=INK, markerfacecolor=PAPER)
    highest = max(2.6, 1.2 * float(np.max(np.abs(chosen.residuals))))
    axes.set_ylim(-highest, highest)
    axes.set_xlabel(POWER_DENSITY)
    axes.set_ylabel("Residual / u")
    return figure


@styled
def budget_figure(budget: Mapping[str, float], width_mm: float = HALF_WIDTH_MM) -> Figure:
    """Relative contributions to the uncertainty of the mean, largest first."""
    parts = sorted((item for item in budget.items() if np.isfinite(item[1])), key=lambda item: item[1])
    figure = new_figure(width_mm, 16.0 + 7.0 * max(len(parts), 1))
    axes = figure.add_subplot()
    values = [100 * value for _, value in parts]
    colours = [VERMILLION if name in RANDOM_TERMS else BLUE for name, _ in parts]
    axes.barh([term_words(name) for name, _ in parts], values, color=colours, height=0.62)
    for row, value in enumerate(values):
        axes.annotate(
            f"{value:.2f}", (value, row), xytext=(3, 0), textcoords="offset points", va="center", fontsize=6.5
        )
    axes.set_xlim(0, 1.15 * max(values, default=1.0) or 1.0)
    axes.set_xlabel("Relative standard uncertainty of the mean (%)")
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    for label, colour in (("statistical", VERMILLION), ("systematic", BLUE)):
        axes.bar(0, 0, color=colour, label=label)
    legend_above(axes, 2)
    return figure


def mean_sigma(window: WindowResult) -> float:
    """Standard uncertainty of the mean; by the budget where no symmetric one may be stated."""
    if np.isfinite(window.u_mean_plqy):
        return window.u_mean_plqy
    return abs(window.mean_plqy) * float(np.sqrt(np.sum(np.square(list(window.budget.values())))))


def mean_limits(window: WindowResult) -> tuple[float, float]:
    """Mean ± standard uncertainty; the interval of 68 % where no symmetric uncertainty may be stated."""
    interval = window.details.mean.ci68
    if not np.isfinite(window.u_mean_plqy) and all(np.isfinite(interval)):
        return interval
    return window.mean_plqy - mean_sigma(window), window.mean_plqy + mean_sigma(window)


def mean_ends(window: WindowResult) -> tuple[float, float]:
    """From where to where the mean is drawn: the power densities of its steps, or a little around one."""
    density = window.power_density_mw_per_cm2[in_range(window)]
    if len(density) == 0:
        return window.range_mw_per_cm2
    low, high = float(density.min()), float(density.max())
    return (low, high) if high > low else (low * 0.93, high * 1.07)


def in_range(window: WindowResult) -> BoolArray:
    """The steps that enter the mean, [steps]."""
    inside = steps_in_range(window.power_density_mw_per_cm2, window.range_mw_per_cm2)
    return np.asarray(inside & np.isfinite(window.plqy))


def _systematic_band(axes: Axes, window: WindowResult) -> None:
    systematic = step_values(window, "u_plqy_systematic")
    usable = np.isfinite(window.plqy) & np.isfinite(systematic)
    if not usable.any():
        return
    density, middle = window.power_density_mw_per_cm2[usable], 100 * window.plqy[usable]
    spread = 100 * systematic[usable]
    if len(density) == 1:  # a band needs a width
        density = density * np.array([0.93, 1.07])
        middle, spread = np.repeat(middle, 2), np.repeat(spread, 2)
    order = np.argsort(density)
    axes.fill_between(
        density[order],
        (middle - spread)[order],
        (middle + spread)[order],
        color=BLUE,
        alpha=0.16,
        linewidth=0,
        label="systematic",
    )


def _mean_band(axes: Axes, window: WindowResult, label: str) -> None:
    if not np.isfinite(window.mean_plqy):
        return
    ends = mean_ends(window)
    axes.plot(ends, [100 * window.mean_plqy] * 2, color=BLUE, linewidth=1.3, label=label)
    for edge in mean_limits(window):
        axes.plot(ends, [100 * edge] * 2, color=BLUE, linewidth=0.9, linestyle=(0, (3, 2)))


def _points(axes: Axes, window: WindowResult, labels: tuple[str, str]) -> None:
    inside = in_range(window)
    bars = 100 * np.nan_to_num(step_values(window, "u_plqy_random"))
    outside = np.isfinite(window.plqy) & ~inside
    for chosen, face, label in (
        (inside, INK, labels[0]),
        (outside, PAPER, labels[1]),
    ):
        if chosen.any():
            axes.errorbar(
                window.power_density_mw_per_cm2[chosen],
                100 * window.plqy[chosen],
                bars[chosen],
                fmt="o",
                color=INK,
                markerfacecolor=face,
                elinewidth=0.8,
                label=label,
            )


def skin_limit(axes: Axes) -> None:
    """Draw the skin exposure limit as a labelled vertical line."""
    limit = SKIN_EXPOSURE_LIMIT_MW_PER_CM2
    axes.axvline(limit, color=VERMILLION, linewidth=0.9, linestyle=(0, (1, 1.5)))
    axes.annotate(
        f"{limit:g} mW/cm²: skin exposure limit at 980 nm (ICNIRP)",
        (limit, 0.03),
        xycoords=("data", "axes fraction"),
        xytext=(-4, 0),
        textcoords="offset points",
        ha="right",
        color=VERMILLION,
        fontsize=6.5,
    )
