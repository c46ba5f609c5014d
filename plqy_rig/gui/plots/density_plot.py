"""A quantity against power density: points with error bars, a mean with its band, flags at the points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QWidget

from plqy_rig.evaluation.words import POWER_DENSITY
from plqy_rig.gui.plots.axes import LogAxis, PlainAxis
from plqy_rig.gui.plots.export import Column
from plqy_rig.gui.plots.panel import PlotPanel
from plqy_rig.gui.themes import theme

FloatArray = NDArray[np.float64]

_NEAR_PX = 14.0
_POINT_SIZE = 8
_MOST_ERROR_BARS = 2000
"""With more points the bars are a grey area that says nothing and costs time."""


@dataclass(frozen=True, eq=False)
class DensitySeries:
    """What is drawn.

    Attributes:
        density_mw_per_cm2: of each point, mW/cm².
        values: in the unit of the axis; NaN is left out.
        inner: half length of the thick error bar, e.g. the statistical part; None for none.
        outer: half length of the thin error bar, e.g. all of it; None for none.
        doubtful: whether the point is drawn hollow and in the warning's colour.
        words: what the tooltip says of each point beside its numbers.
        level: a horizontal line over `level_range`, e.g. the mean; None for none.
        level_half_width: half height of the band around it.
        level_range: from where to where the line goes, mW/cm².
    """

    density_mw_per_cm2: FloatArray
    values: FloatArray
    inner: FloatArray | None = None
    outer: FloatArray | None = None
    doubtful: NDArray[np.bool_] | None = None
    words: Sequence[str] = field(default=())
    level: float | None = None
    level_half_width: float = 0.0
    level_range: tuple[float, float] = (50.0, 900.0)


_MOST_DRAWN = 2000
"""More points than a plot has pixels: of their run, the lowest and the highest are drawn."""


class DensityPlot(PlotPanel):
    """Points against power density on a logarithmic axis."""

    def __init__(self, title: str, quantity: str, unit: str, parent: QWidget | None = None) -> None:
        """Lay out an empty plot.

        Args:
            title: above the plot.
            quantity: on the axis, e.g. "PLQY".
            unit: of the values, e.g. "%"; empty for a plain number.
            parent: as ever.
        """
        axes = {"left": PlainAxis("left"), "bottom": LogAxis("bottom")}
        super().__init__(title, axes, parent)
        self.quantity, self.unit = quantity, unit
        self._series: DensitySeries | None = None
        self._limit_mw_per_cm2: float | None = None
        self._band = pg.FillBetweenItem(pg.PlotCurveItem(), pg.PlotCurveItem())
        self._level = pg.PlotCurveItem()
        self._outer, self._inner = _bars(), _bars()
        self._points = pg.ScatterPlotItem(pxMode=True)
        self._many = pg.PlotDataItem(connect="finite", antialias=False)
        for item in (self._band, self._level, self._outer, self._inner, self._many, self._points):
            self.plot.addItem(item)
        self._limit = pg.InfiniteLine(angle=90, movable=False)
        self._limit.hide()
        self.plot.addItem(self._limit, ignoreBounds=True)
        self.set_axis_label("bottom", POWER_DENSITY, "Density (mW/cm²)")
        self.set_axis_label("left", f"{quantity} ({unit})" if unit else quantity)
        self.follow_theme()

    def set_series(self, series: DensitySeries | None) -> None:
        """Draw this instead; None for nothing."""
        self._series = series
        self.redraw()

    def set_reference_density(self, density_mw_per_cm2: float | None, label: str = "") -> None:
        """Draw a vertical line, e.g. an exposure limit; None for none."""
        self._limit_mw_per_cm2 = density_mw_per_cm2
        self._limit.setVisible(density_mw_per_cm2 is not None)
        if density_mw_per_cm2 is not None:
            self._limit.setPos(math.log10(density_mw_per_cm2))
            self._limit.setToolTip(label)

    # -- drawing ------------------------------------------------------------------------------------

    def redraw(self) -> None:
        """Draw the series in the present colours."""
        series, colours = self._series, theme.current()
        self._limit.setPen(theme.pen(colours.muted, 1.0, Qt.PenStyle.DotLine))
        x, y = self._coordinates()
        if series is None or not np.isfinite(y).any():
            for item in (self._level, self._outer, self._inner):
                item.setData([], [])
            self._points.setData([], [])
            self._many.setData([], [])
            self._band.hide()
            return
        self._draw_level(series)
        few = len(x) <= _MOST_ERROR_BARS
        self._outer.setData(*_segments(x, y, series.outer if few else None))
        self._inner.setData(*_segments(x, y, series.inner if few else None))
        self._outer.setPen(theme.pen(colours.accent, 1.2))
        self._inner.setPen(theme.pen(colours.accent, 4.0))
        self._draw_points(series, x, y)
        self.settle()

    def _draw_points(self, series: DensitySeries, x: FloatArray, y: FloatArray) -> None:
        colours = theme.current()
        doubtful = series.doubtful if series.doubtful is not None else np.zeros(len(x), dtype=bool)
        shown = np.isfinite(x) & np.isfinite(y)
        sound, hollow = pg.mkBrush(colours.accent), pg.mkBrush(colours.plot_background)
        usual, warned = theme.pen(colours.plot_background, 1.0), theme.pen(colours.warning, 1.8)
        which = np.flatnonzero(shown)
        if len(which) > _MOST_ERROR_BARS:
            # So many symbols would only cover each other: a line shows where they are, doubtful ones stay.
            self._many.setData(*_extremes(x[which], y[which], _MOST_DRAWN))
            self._many.setPen(theme.pen(colours.accent, 1.0))
            which = np.flatnonzero(shown & doubtful)[:_MOST_ERROR_BARS]
        else:
            self._many.setData([], [])
        self._points.setData(
            x=x[which],
            y=y[which],
            symbol=["d" if doubtful[index] else "o" for index in which],
            size=[_POINT_SIZE + 3 if doubtful[index] else _POINT_SIZE for index in which],
            brush=[hollow if doubtful[index] else sound for index in which],
            pen=[warned if doubtful[index] else usual for index in which],
        )

    def _draw_level(self, series: DensitySeries) -> None:
        colours = theme.current()
        level, half = series.level, series.level_half_width
        seen = level is not None and math.isfinite(level)
        self._level.setVisible(seen)
        self._band.setVisible(seen and half > 0)
        if level is None or not seen:
            return
        ends = np.log10(np.array(series.level_range))
        self._level.setData(ends, [level, level])
        self._level.setPen(theme.pen(colours.muted, 1.2, Qt.PenStyle.DashLine))
        low, high = (pg.PlotCurveItem(ends, np.full(2, level + sign * half)) for sign in (-1.0, 1.0))
        self._band.setCurves(low, high)
        self._band.setBrush(theme.translucent(colours.accent, 0.12))
        self._band.setPen(pg.mkPen(None))

    def _coordinates(self) -> tuple[FloatArray, FloatArray]:
        if self._series is None:
            return np.zeros(0), np.zeros(0)
        density = np.asarray(self._series.density_mw_per_cm2, dtype=float)
        x = np.full(density.shape, np.nan)
        np.log10(density, out=x, where=density > 0)
        return x, np.asarray(self._series.values, dtype=float)

    # -- what is there ------------------------------------------------------------------------------

    def nearest(self, x: float, y: float) -> int | None:
        """The point within a few pixels of a place of the plot, or None."""
        across, upwards = self._coordinates()
        if not len(across):
            return None
        width, height = self.plot.getViewBox().viewPixelSize()
        distance = np.hypot((across - x) / (width or 1.0), (upwards - y) / (height or 1.0))
        if not np.isfinite(distance).any():
            return None
        index = int(np.nanargmin(distance))
        return index if distance[index] <= _NEAR_PX else None

    def describe_at(self, x: float, y: float) -> tuple[str, str]:
        """Numbers of the point under the pointer, and its flags in words."""
        index = self.nearest(x, y)
        if index is None or self._series is None:
            return "", ""
        series = self._series
        unit = f" {self.unit}" if self.unit else ""
        error = series.outer if series.outer is not None else series.inner
        spread = f" ± {error[index]:.2g}" if error is not None and math.isfinite(error[index]) else ""
        text = f"{series.density_mw_per_cm2[index]:.4g} mW/cm²: {series.values[index]:.4g}{spread}{unit}"
        words = series.words[index] if index < len(series.words) else ""
        return text, f"{text}\n{words}" if words else ""

    def columns(self) -> Sequence[Column]:
        """Density, value, both uncertainties, words."""
        if self._series is None:
            return ()
        series = self._series
        unit = self.unit or "1"
        table = [
            Column("power_density", "mW/cm^2", series.density_mw_per_cm2),
            Column(self.quantity, unit, series.values),
        ]
        if series.inner is not None:
            table.append(Column(f"u_{self.quantity}_statistical", unit, series.inner))
        if series.outer is not None:
            table.append(Column(f"u_{self.quantity}", unit, series.outer))
        if any(series.words):
            table.append(Column("remarks", "", list(series.words)))
        return table


def _bars() -> pg.PlotCurveItem:
    return pg.PlotCurveItem(connect="pairs", antialias=False)


def _segments(x: FloatArray, y: FloatArray, half: FloatArray | None) -> tuple[FloatArray, FloatArray]:
    """Ends of vertical lines, two by two; points without a finite length have none."""
    if half is None:
        return np.zeros(0), np.zeros(0)
    seen = np.isfinite(x) & np.isfinite(y) & np.isfinite(half)
    ends = np.column_stack([y[seen] - half[seen], y[seen] + half[seen]])
    return np.repeat(x[seen], 2), np.asarray(ends.ravel(), dtype=float)


def _extremes(x: FloatArray, y: FloatArray, most: int) -> tuple[FloatArray, FloatArray]:
    """The lowest and the highest of each run of points, in their order: what a line through all shows."""
    runs = most // 2
    if len(x) <= most:
        return x, y
    length = len(x) // runs
    whole = y[: runs * length].reshape(runs, length)
    begins = np.arange(runs) * length
    which = np.sort(np.concatenate([begins + whole.argmin(axis=1), begins + whole.argmax(axis=1)]))
    which = np.concatenate([which, np.arange(runs * length, len(x))])
    return x[which], y[which]
