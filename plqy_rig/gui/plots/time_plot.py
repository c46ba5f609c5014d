"""A quantity against time: a line of readings, and points for what was recorded."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QWidget

from plqy_rig.gui.plots.axes import PlainAxis
from plqy_rig.gui.plots.export import Column
from plqy_rig.gui.plots.long_line import add_long_line
from plqy_rig.gui.plots.panel import PlotPanel
from plqy_rig.gui.themes import theme

FloatArray = NDArray[np.float64]

_UNITS = ((120.0, 1.0, "s"), (7200.0, 60.0, "min"), (float("inf"), 3600.0, "h"))
_POINT_SIZE = 7


@dataclass(frozen=True, eq=False)
class TimePoints:
    """Recorded values of one role.

    Attributes:
        name: in the table.
        label: for people.
        time_s: s since 1970 UTC.
        values: in the axis' unit.
        colour: "#rrggbb".
        symbol: pyqtgraph's name.
    """

    name: str
    label: str
    time_s: FloatArray
    values: FloatArray
    colour: str
    symbol: str


class TimePlot(PlotPanel):
    """One quantity against the time since the run began."""

    def __init__(
        self, title: str, quantity: str, unit: str, *, symbol: str = "", parent: QWidget | None = None
    ) -> None:
        """Lay out an empty plot.

        Args:
            title: above the plot.
            quantity: in tables, and on the axis, e.g. "Power".
            unit: of its values, e.g. "mW".
            symbol: on the axis instead of a long quantity, e.g. "T".
            parent: as ever.
        """
        super().__init__(title, {"left": PlainAxis("left"), "bottom": PlainAxis("bottom")}, parent)
        self.quantity, self.unit = quantity, unit
        self._begin_s = 0.0
        self._readings: tuple[FloatArray, FloatArray] = (np.zeros(0), np.zeros(0))
        self._points: tuple[TimePoints, ...] = ()
        self._unit_s = 1.0
        self._line = add_long_line(self.plot)
        self._dots = pg.ScatterPlotItem(pxMode=True)
        self._target = pg.InfiniteLine(angle=0, movable=False)
        self._target.hide()
        for item in (self._dots, self._target):
            self.plot.addItem(item)
        self.set_axis_label("left", f"{symbol or quantity} ({unit})")
        self.set_axis_label("bottom", "Time (s)")
        self.follow_theme()

    def set_data(
        self, begin_s: float, time_s: FloatArray, values: FloatArray, points: Sequence[TimePoints] = ()
    ) -> None:
        """Draw these readings.

        Args:
            begin_s: zero of the axis, s since 1970 UTC.
            time_s: of the readings, s since 1970 UTC, ascending.
            values: the readings; NaN interrupts the line.
            points: what was recorded.
        """
        self._begin_s = begin_s
        self._readings = (np.asarray(time_s, dtype=float), np.asarray(values, dtype=float))
        self._points = tuple(points)
        self.redraw()

    def set_target(self, value: float | None) -> None:
        """Draw a set point; None for none."""
        self._target.setVisible(value is not None)
        if value is not None:
            self._target.setPos(value)

    def redraw(self) -> None:
        """Draw everything in the present colours."""
        colours = theme.current()
        times, values = self._readings
        latest = max(
            [*times[-1:], *(points.time_s[-1] for points in self._points if len(points.time_s))], default=0.0
        )
        span_s = max(latest - self._begin_s, 0.0)
        _, self._unit_s, unit = next(entry for entry in _UNITS if span_s <= entry[0])
        self.set_axis_label("bottom", f"Time ({unit})")
        self._line.setData((times - self._begin_s) / self._unit_s, values)
        self._line.setPen(theme.pen(colours.accent, 1.2 if len(times) < 5000 else 1.0))
        self._target.setPen(theme.pen(colours.muted, 1.0, Qt.PenStyle.DashLine))
        self._draw_points()
        self.settle()

    def _draw_points(self) -> None:
        # All at once: pyqtgraph works out bounds and pictures for every call.
        times = [(points.time_s - self._begin_s) / self._unit_s for points in self._points]
        brushes = [pg.mkBrush(points.colour) for points in self._points]
        self._dots.setData(
            x=np.concatenate([np.zeros(0), *times]),
            y=np.concatenate([np.zeros(0), *(points.values for points in self._points)]),
            symbol=[points.symbol for points in self._points for _ in points.time_s],
            brush=[brush for points, brush in zip(self._points, brushes, strict=True) for _ in points.time_s],
            size=_POINT_SIZE,
            pen=theme.pen(theme.current().plot_background, 0.8),
        )

    def describe_at(self, x: float, y: float) -> tuple[str, str]:
        """Time and value under the pointer."""
        moment = time.strftime("%H:%M:%S", time.localtime(self._begin_s + x * self._unit_s))
        return f"{moment}   {y:.4g} {self.unit}", ""

    def columns(self) -> Sequence[Column]:
        """Readings against time, then the recorded values of each role with theirs."""
        times, values = self._readings
        table = [Column("time", "s", times - self._begin_s), Column(self.quantity, self.unit, values)]
        for points in self._points:
            table.append(Column(f"time_{points.name}", "s", points.time_s - self._begin_s))
            table.append(Column(points.name, self.unit, points.values))
        return table
