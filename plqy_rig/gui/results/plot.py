"""What all plots of results share: the window's plot panel, dressed by the theme, and items in log x."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PyQt6.QtWidgets import QWidget

from plqy_rig.gui.plots.axes import LogAxis, PlainAxis
from plqy_rig.gui.plots.panel import PlotPanel
from plqy_rig.gui.themes import theme

FloatArray = NDArray[np.float64]

SHORT_NAME = 34


def short_name(name: str, longest: int = SHORT_NAME) -> str:
    """A sample's name as it fits a legend."""
    return name if len(name) <= longest else f"{name[: longest - 1]}…"


class ResultPlot(PlotPanel):
    """A plot of evaluated runs.

    Subclasses keep what they show and draw it in `redraw`, which is also called after a change of the theme.
    """

    def __init__(self, title: str, *, log_x: bool, parent: QWidget | None = None) -> None:
        bottom = LogAxis("bottom") if log_x else PlainAxis("bottom")
        super().__init__(title, {"left": PlainAxis("left"), "bottom": bottom}, parent)

    def clear_items(self) -> None:
        """Take everything drawn away, axes and labels stay."""
        self.plot.clear()

    def add_line(
        self, x: FloatArray, y: FloatArray, colour: str, *, width: float = 1.6, dash: object = None
    ) -> pg.PlotCurveItem:
        """A line; gaps where there is no number."""
        pen = theme.pen(colour, width) if dash is None else theme.pen(colour, width, dash)  # type: ignore[arg-type]
        # Not a PlotDataItem, which is several items in one: with many runs each millisecond counts.
        item = pg.PlotCurveItem(x, y, pen=pen, connect="finite", antialias=True)
        self.plot.addItem(item)
        return item

    def add_band(self, x: FloatArray, low: FloatArray, high: FloatArray, colour: str, opacity: float) -> None:
        """The area between two curves."""
        edges = [pg.PlotCurveItem(x, edge, pen=pg.mkPen(None)) for edge in (low, high)]
        item = pg.FillBetweenItem(*edges, brush=theme.translucent(colour, opacity))
        item.setZValue(-20)
        self.plot.addItem(item)

    def add_points(
        self, x: FloatArray, y: FloatArray, bars: FloatArray, style: theme.SeriesStyle, *, filled: FloatArray
    ) -> None:
        """Markers with error bars; open where `filled` is 0.

        Args:
            x: [points], in the axis' coordinates.
            y: [points].
            bars: half length of each bar, 0 for none, [points].
            style: of the series.
            filled: 1 for a filled marker, 0 for an open one, [points].
        """
        if len(x) == 0:
            return
        self.plot.addItem(
            pg.ErrorBarItem(x=x, y=y, top=bars, bottom=bars, pen=theme.pen(style.colour, 1.2), beam=0.0)
        )
        paper = theme.current().plot_background
        brushes = [pg.mkBrush(style.colour if inside else paper) for inside in filled]
        self.plot.addItem(
            pg.ScatterPlotItem(
                x=x, y=y, symbol=style.symbol, size=8.5, brush=brushes, pen=theme.pen(style.colour, 1.4)
            )
        )

    def shade(self, low: float, high: float, opacity: float = 0.09) -> None:
        """Shade an interval of the x axis."""
        region = pg.LinearRegionItem(
            values=(low, high), movable=False, brush=theme.translucent(theme.current().band, opacity)
        )
        for line in region.lines:
            line.setPen(theme.pen(theme.current().band, 0.8))
        region.setZValue(-30)
        self.plot.addItem(region)

    def fit_y(self, values: Sequence[FloatArray], *, from_zero: bool = False, pad: float = 0.08) -> None:
        """Show all of these values, whatever else is drawn (lines and bands don't count)."""
        finite = [part[np.isfinite(part)] for part in values]
        joined = np.concatenate(finite) if finite else np.zeros(0)
        if joined.size == 0:
            return
        low, high = float(joined.min()), float(joined.max())
        low = min(0.0, low) if from_zero else low
        margin = pad * ((high - low) or abs(high) or 1.0)
        self.plot.setYRange(low - (0 if from_zero and low == 0 else margin), high + margin, padding=0)
