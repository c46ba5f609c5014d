"""Spectra against wavelength, with the windows and the range in which the detector saturates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QPen
from PyQt6.QtWidgets import QMenu, QWidget

from plqy_rig.gui.plots.axes import LogAxis, PlainAxis
from plqy_rig.gui.plots.export import Column
from plqy_rig.gui.plots.long_line import add_long_line
from plqy_rig.gui.plots.panel import PlotPanel
from plqy_rig.gui.themes import theme

FloatArray = NDArray[np.float64]

_WIDE_PEN_UP_TO_POINTS = 5000
_ORDINARY_WIDTH, _EMPHASISED_WIDTH = 1.4, 2.2


@dataclass(frozen=True, eq=False)
class SpectrumLine:
    """One spectrum.

    Attributes:
        name: in the table, e.g. "direct_emission".
        label: for people.
        wavelength_nm: [pixels].
        values: [pixels], in the unit of the axis.
        colour: "#rrggbb".
        dash: style of the line.
        emphasised: drawn a little wider: the newest one.
    """

    name: str
    label: str
    wavelength_nm: FloatArray
    values: FloatArray
    colour: str
    dash: Qt.PenStyle = Qt.PenStyle.SolidLine
    emphasised: bool = False


@dataclass(frozen=True)
class Shading:
    """A wavelength window.

    Attributes:
        label: written at its upper end.
        low_nm: lower edge.
        high_nm: upper edge.
        is_laser: the laser's window, not one of emission.
    """

    label: str
    low_nm: float
    high_nm: float
    is_laser: bool


class SpectrumPlot(PlotPanel):
    """Spectra on a linear or logarithmic axis."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(title, {"left": PlainAxis("left"), "bottom": PlainAxis("bottom")}, parent)
        self._label, self._unit, self._short = "Counts", "counts", ""
        self._lines: tuple[SpectrumLine, ...] = ()
        self._curves: dict[str, pg.PlotDataItem] = {}
        self._shadings: tuple[Shading, ...] = ()
        self._regions: list[pg.LinearRegionItem] = []
        self._regions_made_for: object = None
        self._saturation: tuple[float, float] | None = None
        self._band = pg.LinearRegionItem(orientation="horizontal", movable=False)
        self._band.setZValue(-20)
        self._band_label = pg.InfLineLabel(
            # At the right and below: the windows' names stand at the upper left.
            self._band.lines[0],
            "saturated",
            position=0.98,
            anchors=[(1, 0), (1, 0)],
        )
        self._band.hide()
        self.plot.addItem(self._band, ignoreBounds=True)
        self.is_logarithmic = False
        self.set_axis_label("bottom", "Wavelength (nm)")
        self.set_axis_label("left", self._label)
        self.follow_theme()

    # -- what is shown ------------------------------------------------------------------------------

    def set_quantity(self, label: str, unit: str, short: str = "") -> None:
        """Name what is on the axis, e.g. `Counts without dark` in `counts`; `short` for low plots."""
        self._label, self._unit, self._short = label, unit, short
        whole, brief = (f"{words} ({unit})" if unit != "counts" else words for words in (label, short))
        self.set_axis_label("left", whole, brief if short else "")

    def set_lines(self, lines: Sequence[SpectrumLine]) -> None:
        """Draw these spectra and no others."""
        self._lines = tuple(lines)
        self.redraw()

    def set_shadings(self, shadings: Sequence[Shading]) -> None:
        """Shade these windows and no others."""
        if tuple(shadings) != self._shadings:
            self._shadings = tuple(shadings)
            self._make_regions()

    def set_saturation(self, limits: tuple[float, float] | None) -> None:
        """Shade where the detector is nearly full and beyond, in the axis' unit; None for no band."""
        self._saturation = limits
        self._place_band()

    def set_logarithmic(self, wanted: bool) -> None:
        """Use a logarithmic axis of counts; what isn't above 0 isn't drawn there."""
        if wanted == self.is_logarithmic:
            return
        self.is_logarithmic = wanted
        axis = LogAxis("left") if wanted else PlainAxis("left")
        self.plot.setAxisItems({"left": axis})
        theme.dress_plot(self.canvas)
        self.set_quantity(self._label, self._unit, self._short)
        self.redraw()
        self.show_everything()

    def show_wavelengths(self, low_nm: float, high_nm: float) -> None:
        """Zoom to wavelengths; the counts follow what is seen."""
        view = self.plot.getViewBox()
        view.setXRange(low_nm, high_nm, padding=0.02)
        view.enableAutoRange(axis="y")
        view.setAutoVisible(y=True)
        self.settle()

    def show_everything(self) -> None:
        """Zoom so that all spectra are seen whole."""
        view = self.plot.getViewBox()
        view.setAutoVisible(y=False)
        view.enableAutoRange()
        self.settle()

    # -- drawing ------------------------------------------------------------------------------------

    def redraw(self) -> None:
        """Draw everything in the present colours."""
        names = {line.name for line in self._lines}
        for name in [name for name in self._curves if name not in names]:
            self.plot.removeItem(self._curves.pop(name))
        for line in self._lines:
            self._draw(line)
        self._make_regions()
        self._place_band()
        self.settle()

    def _draw(self, line: SpectrumLine) -> None:
        curve = self._curves.get(line.name)
        if curve is None:
            self._curves[line.name] = curve = add_long_line(self.plot, antialias=True)
        pen = _pen_of(line)
        # Wide lines piece by piece take a tenth of the time; dashes would begin anew with every piece.
        in_pieces = pen.style() == Qt.PenStyle.SolidLine and pen.widthF() > 1.0
        if in_pieces:
            # Square ends of pieces that overlap would show as dots.
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        curve.curve.setSegmentedLineMode("on" if in_pieces else "off")
        curve.opts["antialias"] = len(line.values) <= _WIDE_PEN_UP_TO_POINTS
        curve.setPen(pen)
        curve.setData(line.wavelength_nm, self._on_axis(line.values))
        curve.setZValue(10 if line.emphasised else 5)

    def _on_axis(self, values: FloatArray) -> FloatArray:
        if not self.is_logarithmic:
            return values
        exponents = np.full(np.shape(values), np.nan)
        np.log10(values, out=exponents, where=np.asarray(values) > 0)
        return exponents

    def _make_regions(self) -> None:
        made_for = (self._shadings, theme.current())
        if made_for == self._regions_made_for:
            return
        self._regions_made_for = made_for
        for region in self._regions:
            self.plot.removeItem(region)
        self._regions = []
        colours = theme.current()
        for shading in self._shadings:
            colour = colours.bad if shading.is_laser else colours.band
            region = pg.LinearRegionItem((shading.low_nm, shading.high_nm), movable=False)
            region.setBrush(theme.translucent(colour, 0.10))
            edge = Qt.PenStyle.DotLine if shading.is_laser else Qt.PenStyle.DashLine
            for line in region.lines:
                line.setPen(theme.pen(theme.translucent(colour, 0.55).name(), 1.0, edge))
                line.setHoverPen(line.pen)
            # Left of the laser's window, inside the wide ones: there the words have room.
            anchor = (1, 0.5) if shading.is_laser else (0, 0.5)
            label = pg.InfLineLabel(region.lines[0], shading.label, position=0.96, anchors=[anchor, anchor])
            label.setColor(colours.muted)
            region.setZValue(-30)
            self.plot.addItem(region, ignoreBounds=True)
            self._regions.append(region)

    def _place_band(self) -> None:
        self._band.setVisible(self._saturation is not None)
        if self._saturation is None:
            return
        colours = theme.current()
        low, high = self._on_axis(np.array(self._saturation))
        self._band.setRegion((low, high))
        self._band.setBrush(theme.translucent(colours.bad, 0.16))
        for line in self._band.lines:
            line.setPen(theme.pen(colours.bad, 1.0, Qt.PenStyle.DashLine))
            line.setHoverPen(line.pen)
        self._band_label.setColor(colours.bad)

    # -- what is there ------------------------------------------------------------------------------

    def describe_at(self, x: float, y: float) -> tuple[str, str]:
        """Wavelength under the pointer, and the value of every spectrum there."""
        values = []
        for line in self._lines:
            index = int(np.searchsorted(line.wavelength_nm, x))
            if 0 < index < len(line.values):
                nearer = (
                    index - 1 if x - line.wavelength_nm[index - 1] < line.wavelength_nm[index] - x else index
                )
                values.append(f"{line.label}: {line.values[nearer]:.4g}")
        return f"{x:.1f} nm" + ("   " + "   ".join(values) if len(values) == 1 else ""), "\n".join(
            [f"{x:.1f} nm", *values] if len(values) > 1 else []
        )

    def columns(self) -> Sequence[Column]:
        """Wavelength, then a column for each spectrum."""
        if not self._lines:
            return ()
        return [
            Column("wavelength", "nm", self._lines[0].wavelength_nm),
            *(Column(line.name, self._unit, line.values) for line in self._lines),
        ]

    def add_to_menu(self, menu: QMenu) -> None:
        """Logarithmic axis, and a zoom for every window."""
        action = self._add(menu, "Logarithmic", lambda: self.set_logarithmic(not self.is_logarithmic))
        action.setCheckable(True)
        action.setChecked(self.is_logarithmic)
        for shading in self._shadings:
            self._add(menu, f"Zoom to {shading.label}", self._zoom_to(shading))

    def _zoom_to(self, shading: Shading) -> Callable[[], None]:
        return lambda: self.show_wavelengths(shading.low_nm, shading.high_nm)

    @property
    def curve_values(self) -> Mapping[str, tuple[FloatArray, FloatArray]]:
        """Get what each curve really holds, as it stands on the axes."""
        return {name: curve.getOriginalDataset() for name, curve in self._curves.items()}


def _pen_of(line: SpectrumLine) -> QPen:
    if len(line.values) > _WIDE_PEN_UP_TO_POINTS:
        return theme.pen(line.colour, 1.0)
    return theme.pen(line.colour, _EMPHASISED_WIDTH if line.emphasised else _ORDINARY_WIDTH, line.dash)
