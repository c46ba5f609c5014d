"""Curves that a calibration sends along: live while it measures, and with its result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QSize
from PyQt6.QtWidgets import QWidget

from plqy_rig.gui.plots.export import Column
from plqy_rig.gui.results.plot import ResultPlot
from plqy_rig.gui.themes import theme

FloatArray = NDArray[np.float64]

_LEAST_HEIGHT_PX, _USUAL_HEIGHT_PX = 250, 320
_LEGEND_GAP_PX = 8
_FEW_POINTS = 60
"""Up to so many, points are marked; a spectrum is a line."""


class CalibrationPlot(ResultPlot):
    """One plot as the host describes it: title, labels, series with errors."""

    def __init__(self, parent: QWidget | None = None) -> None:
        self._document: Mapping[str, Any] | None = None
        super().__init__("Quality", log_x=False, parent=parent)
        self.set_empty("The curves appear here as soon as something is measured.")
        self.setMinimumHeight(_LEAST_HEIGHT_PX)
        self.plot.addLegend(offset=(-8, 8), labelTextSize=f"{theme.manager().font_size_pt * 0.9:g}pt")
        self.follow_theme()

    def sizeHint(self) -> QSize:  # noqa: N802 -- Qt's name
        """Less than the canvas asks for: a result is seen with its buttons."""
        return QSize(420, _USUAL_HEIGHT_PX)

    @property
    def document(self) -> Mapping[str, Any] | None:
        """Get what is drawn."""
        return self._document

    def show_document(self, document: Mapping[str, Any] | None) -> None:
        """Draw this; None: nothing to draw."""
        if document == self._document:
            return
        self._document = document
        self.redraw()

    def redraw(self) -> None:
        """Draw everything again."""
        self.clear_items()
        if self.plot.legend is not None:
            # Curves may run below it: its words can be read nevertheless.
            self.plot.legend.setBrush(theme.translucent(theme.current().plot_background, 0.85))
        document = self._document
        self.set_empty("" if document else "The curves appear here as soon as something is measured.")
        if document is None:
            return
        self.heading.set_whole(str(document.get("title", "")))
        self.set_axis_label("bottom", str(document.get("x_label", "")))
        self.set_axis_label("left", str(document.get("y_label", "")))
        series = list(document.get("series") or ())
        self.plot.legend.setVisible(len(series) > 1)
        self._place_legend(series)
        for index, one in enumerate(series):
            self._add_series(index, one)
        self.plot.getViewBox().enableAutoRange()

    def _place_legend(self, series: Sequence[Mapping[str, Any]]) -> None:
        """Put the legend into the corner with the fewest points."""
        x = np.concatenate([_numbers(one["x"]) for one in series] or [np.zeros(0)])
        y = np.concatenate([_numbers(one["y"]) for one in series] or [np.zeros(0)])
        seen = np.isfinite(x) & np.isfinite(y)
        if self.plot.legend is None or not seen.any():
            return
        right, up = _upper_half(x[seen]), _upper_half(y[seen])
        counts = {(a, b): int(np.sum((right == a) & (up == b))) for b in (True, False) for a in (True, False)}
        at_right, at_top = min(counts, key=lambda corner: counts[corner])
        corner = (1.0 if at_right else 0.0, 0.0 if at_top else 1.0)
        offset = tuple(_LEGEND_GAP_PX * (-1 if place else 1) for place in corner)
        self.plot.legend.anchor(corner, corner, offset)

    def columns(self) -> Sequence[Column]:
        """Every series: x, y and error."""
        columns: list[Column] = []
        for one in (self._document or {}).get("series") or ():
            name = str(one.get("name", ""))
            columns.append(Column(f"{name}: {self._label('x_label')}", "", _numbers(one["x"])))
            columns.append(Column(f"{name}: {self._label('y_label')}", "", _numbers(one["y"])))
            if one.get("y_error") is not None:
                columns.append(Column(f"{name}: standard uncertainty", "", _numbers(one["y_error"])))
        return columns

    def describe_at(self, x: float, y: float) -> tuple[str, str]:
        """The place under the pointer."""
        return f"{x:.5g}, {y:.4g}", ""

    def _label(self, key: str) -> str:
        return str((self._document or {}).get(key, ""))

    def _add_series(self, index: int, one: Mapping[str, Any]) -> None:
        style = theme.series_style(index)
        x, y = _numbers(one["x"]), _numbers(one["y"])
        error = one.get("y_error")
        bars = np.zeros(len(y)) if error is None else np.nan_to_num(_numbers(error))
        line = self.add_line(x, y, style.colour, dash=style.dash)
        if self.plot.legend is not None:
            self.plot.legend.addItem(line, str(one.get("name", "")))
        usable = np.isfinite(x) & np.isfinite(y)
        if len(x) <= _FEW_POINTS:
            filled = np.ones(int(usable.sum()))
            self.add_points(x[usable], y[usable], bars[usable], style, filled=filled)
        elif error is not None:
            low, high = y[usable] - bars[usable], y[usable] + bars[usable]
            self.add_band(x[usable], low, high, style.colour, 0.25)


def _upper_half(values: FloatArray) -> NDArray[np.bool_]:
    """Which values lie in the upper half of their range."""
    return np.asarray(values > (values.min() + values.max()) / 2)


def _numbers(values: Sequence[float | None] | FloatArray) -> FloatArray:
    """Numbers; what JSON calls null is NaN."""
    return np.asarray(values, dtype=np.float64)
