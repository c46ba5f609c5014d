"""How every figure looks: sizes, type, colours, axes. Colours are told apart by colour-blind eyes too.

The series' colours are those of Okabe and Ito (Color Universal Design, 2008); markers and line styles
differ as well, so that no figure depends on colour alone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator
from numpy.typing import NDArray

from plqy_rig.evaluation.words import superscript

FloatArray = NDArray[np.float64]
Parameters = ParamSpec("Parameters")

HALF_WIDTH_MM = 85.0
"""One column of a journal page."""
FULL_WIDTH_MM = 170.0
"""Two columns."""

INK, MUTED, GRID, PAPER = "#1c2127", "#616b78", "#dfe3e8", "#fefefe"
BLUE, VERMILLION, GREEN, PURPLE, AMBER, SKY = "#0072b2", "#d55e00", "#009e73", "#b8578f", "#c98a00", "#3b9fd8"
SERIES = (BLUE, VERMILLION, GREEN, PURPLE, AMBER, SKY)
MARKERS = ("o", "s", "^", "D", "v", "P")
LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)))

COLOUR_NAMES = {
    INK: "ink",
    MUTED: "muted",
    GRID: "grid",
    PAPER: "paper",
    BLUE: "blue",
    VERMILLION: "vermillion",
    GREEN: "green",
    PURPLE: "purple",
    AMBER: "amber",
    SKY: "sky",
}
"""The document's style sheet gives each of them a value for light and for dark."""

_SETTINGS: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 7.0,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.labelsize": 7.0,
    "axes.titlesize": 7.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlecolor": INK,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.6,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "grid.color": GRID,
    "grid.linewidth": 0.5,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "xtick.major.size": 3.0,
    "ytick.major.size": 3.0,
    "xtick.minor.size": 1.8,
    "ytick.minor.size": 1.8,
    "legend.frameon": False,
    "legend.fontsize": 6.5,
    "legend.handlelength": 1.8,
    "legend.borderaxespad": 0.0,
    "lines.linewidth": 1.1,
    "lines.markersize": 4.0,
    "lines.markeredgewidth": 0.8,
    "errorbar.capsize": 1.6,
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "pdf.fonttype": 42,
    "svg.hashsalt": "plqy",
}


def styled(draw: Callable[Parameters, Figure]) -> Callable[Parameters, Figure]:
    """Let a function draw with the house style, whatever the settings outside."""

    @wraps(draw)
    def draw_in_style(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Figure:
        with mpl.rc_context(_SETTINGS):
            return draw(*args, **kwargs)

    return draw_in_style


def file_settings(**changes: Any) -> Any:
    """The settings to save a figure with."""
    return {**_SETTINGS, **changes}


def new_figure(width_mm: float, height_mm: float) -> Figure:
    """An empty figure of this size with tidy margins."""
    layout = ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02)
    return Figure(figsize=(width_mm / 25.4, height_mm / 25.4), layout=layout)


def density_axis(axes: Axes, density: FloatArray, also: tuple[float, ...] = ()) -> None:
    """A logarithmic axis of power density with plain numbers, around the data and `also`."""
    values = np.concatenate([density[np.isfinite(density) & (density > 0)], also])
    low, high = (float(values.min()), float(values.max())) if len(values) else (50.0, 1000.0)
    pad = max((high / low) ** 0.05, 1.15 if high / low > 1.5 else 1.6)
    axes.set_xscale("log")
    axes.set_xlim(low / pad, high * pad)
    decades = range(int(np.floor(np.log10(low / pad))), int(np.ceil(np.log10(high * pad))) + 1)
    axes.xaxis.set_major_locator(FixedLocator([m * 10.0**d for d in decades for m in (1, 2, 5)]))
    axes.xaxis.set_minor_locator(FixedLocator([m * 10.0**d for d in decades for m in (3, 4, 6, 7, 8, 9)]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.grid(visible=False, axis="x")


def photon_axis(axes: Axes, which: str) -> None:
    """A logarithmic axis of photon rates, labelled with powers of ten and 2 and 5 between them if few."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    low, high = axes.get_xlim() if which == "x" else axes.get_ylim()
    between = (1.0, 2.0, 5.0) if high / low < 300 else (1.0,)
    axis.set_major_locator(LogLocator(subs=between, numticks=30))
    axis.set_major_formatter(FuncFormatter(lambda value, _: _power_of_ten(value)))
    axis.set_minor_locator(NullLocator())


def padded_limits(values: FloatArray, least_relative: float) -> tuple[float, float]:
    """Limits around values, at least `least_relative` of their middle wide, with a margin."""
    finite = values[np.isfinite(values)]
    if len(finite) == 0:
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    middle = (low + high) / 2
    half = max((high - low) / 2 * 1.15, abs(middle) * least_relative / 2, 1e-9)
    return middle - half, middle + half


def legend_above(axes: Axes, columns: int) -> None:
    """The legend in a row above the axes, where it covers no data."""
    spacing = 1.4 if columns < 4 else 1.0
    axes.legend(
        loc="lower left", bbox_to_anchor=(0.0, 1.01), ncols=columns, columnspacing=spacing, handletextpad=0.6
    )


def _power_of_ten(value: float) -> str:
    exponent = int(np.floor(np.log10(value) + 1e-9))
    factor = value / 10.0**exponent
    text = f"10{superscript(exponent)}"
    return text if abs(factor - 1) < 1e-6 else f"{factor:.0f}·{text}"
