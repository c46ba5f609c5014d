"""Quantum yield against power density of all open runs, with the averaging range to be dragged."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QMenu, QWidget

from plqy_rig.data import WindowResult
from plqy_rig.evaluation.words import percent
from plqy_rig.gui.plots.export import Column
from plqy_rig.gui.results.plot import ResultPlot
from plqy_rig.gui.results.reading import OpenRun, Reading
from plqy_rig.gui.themes import theme
from plqy_rig.report.figures import SKIN_EXPOSURE_LIMIT_MW_PER_CM2, in_range, mean_ends, mean_limits
from plqy_rig.report.quantities import step_values

FloatArray = NDArray[np.float64]

_DIGITS_OF_A_DRAGGED_LIMIT = 3
_BAND_OPACITY = 0.16
"""Of all bands together: those of several runs lie on each other, and the points have to be seen."""


class YieldPlot(ResultPlot):
    """Points with statistical bars, each run's mean with its uncertainty, and the averaging range.

    Signals:
        range_dragged(float, float): the averaging range was moved with the mouse, mW/cm².
        range_moving(float, float): the same while the mouse button is still down.
    """

    range_dragged = pyqtSignal(float, float)
    range_moving = pyqtSignal(float, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        self._reading: Reading | None = None
        self._from_zero = False
        self._region: pg.LinearRegionItem | None = None
        super().__init__("Quantum yield against power density", log_x=True, parent=parent)
        self.set_axis_label("bottom", "Power density (mW/cm²)")
        self.set_empty("Choose one or several runs in the list.")
        self.follow_theme()

    def show_reading(self, reading: Reading) -> None:
        """Draw the open runs."""
        self._reading = reading
        self.redraw()

    def redraw(self) -> None:
        """Draw everything again."""
        reading = self._reading
        if reading is None:
            return
        self.clear_items()
        self._region = None
        shown = [(index, item, item.window) for index, item in enumerate(reading.runs)]
        drawn = [(index, item, window) for index, item, window in shown if window is not None]
        self.set_empty("" if drawn else _why_nothing(reading.runs))
        if not drawn:
            return
        window = drawn[0][2]
        self.set_axis_label("left", f"PLQY, {window.low_nm:g}–{window.high_nm:g} nm (%)")
        self._add_skin_limit()
        for index, _, result in drawn:
            self._add_run(result, theme.series_style(index), _BAND_OPACITY / len(drawn))
        self._add_region(reading.choices.range_mw_per_cm2)
        self._fit([result for _, _, result in drawn])

    def columns(self) -> Sequence[Column]:
        """Every point with its run."""
        rows = [
            (item.name, result, step)
            for item in (self._reading.runs if self._reading else ())
            if (result := item.window) is not None
            for step in range(len(result.plqy))
        ]
        of = {name: [getattr(result, name)[step] for _, result, step in rows] for name in _NUMBERS}
        return (
            Column("Sample", "", [name for name, _, _ in rows]),
            Column("Step", "1", [step + 1 for _, _, step in rows]),
            Column("Power density", "mW/cm^2", of["power_density_mw_per_cm2"]),
            Column("PLQY", "1", of["plqy"]),
            Column("u(PLQY)", "1", of["u_plqy"]),
            Column("In mean", "1", [float(in_range(result)[step]) for _, result, step in rows]),
        )

    def describe_at(self, x: float, y: float) -> tuple[str, str]:
        """The nearest point of any run."""
        best: tuple[float, str] = (math.inf, "")
        (left, right), (bottom, top) = self.plot.getViewBox().viewRange()
        for item in self._reading.runs if self._reading else ():
            if (result := item.window) is None:
                continue
            across = (np.log10(result.power_density_mw_per_cm2) - x) / ((right - left) or 1.0)
            distance = np.hypot(across, (100 * result.plqy - y) / ((top - bottom) or 1.0))
            if not np.isfinite(distance).any():
                continue
            step = int(np.nanargmin(distance))
            if distance[step] < min(best[0], 0.06):
                density = result.power_density_mw_per_cm2[step]
                value = percent(result.plqy[step], result.u_plqy[step])
                best = (distance[step], f"{item.name}, step {step + 1}: {density:.0f} mW/cm², {value} %")
        return best[1], ""

    def add_to_menu(self, menu: QMenu) -> None:
        """Whether the axis begins at zero."""
        action = menu.addAction("Yield axis from zero")
        assert action is not None
        action.setCheckable(True)
        action.setChecked(self._from_zero)
        action.toggled.connect(self.set_from_zero)

    def set_from_zero(self, from_zero: bool) -> None:
        """Choose where the axis of the yield begins."""
        self._from_zero = from_zero
        self.redraw()

    def drag_range(self, low: float, high: float) -> None:
        """Move the averaging range as the mouse does, mW/cm²."""
        if self._region is not None:
            self._region.setRegion((math.log10(low), math.log10(high)))

    def _add_run(self, result: WindowResult, style: theme.SeriesStyle, band_opacity: float) -> None:
        usable = np.isfinite(result.plqy) & (result.power_density_mw_per_cm2 > 0)
        x = np.log10(result.power_density_mw_per_cm2[usable])
        bars = 100 * np.nan_to_num(step_values(result, "u_plqy_random")[usable])
        self.add_points(
            x, 100 * result.plqy[usable], bars, style, filled=in_range(result)[usable].astype(np.float64)
        )
        if math.isfinite(result.mean_plqy):
            ends = np.log10(np.array(mean_ends(result)))
            low, high = (np.full(2, 100 * edge) for edge in mean_limits(result))
            self.add_line(ends, np.full(2, 100 * result.mean_plqy), style.colour, dash=style.dash)
            self.add_band(ends, low, high, style.colour, band_opacity)

    def _add_skin_limit(self) -> None:
        colour = theme.current().muted
        line = pg.InfiniteLine(
            pos=math.log10(SKIN_EXPOSURE_LIMIT_MW_PER_CM2),
            angle=90,
            pen=theme.pen(colour, 1.0, theme.series_style(3).dash),
            label="skin limit, 980 nm",
            labelOpts={"position": 0.04, "color": colour, "rotateAxis": (1, 0), "anchors": [(0, 0), (0, 1)]},
        )
        line.setToolTip("730 mW/cm²: skin exposure limit at 980 nm (ICNIRP)")
        self.plot.addItem(line)

    def _add_region(self, limits: tuple[float, float]) -> None:
        accent = theme.current().accent
        region = pg.LinearRegionItem(
            values=[math.log10(limit) for limit in limits],
            brush=theme.translucent(accent, 0.06),
            hoverBrush=theme.translucent(accent, 0.12),
            pen=theme.pen(accent, 1.6),
            hoverPen=theme.pen(accent, 3.0),
        )
        region.setZValue(-40)
        region.setToolTip("Averaging range: drag its edges, or the whole of it")
        region.sigRegionChanged.connect(lambda item: self.range_moving.emit(*_limits(item)))
        region.sigRegionChangeFinished.connect(lambda item: self.range_dragged.emit(*_limits(item)))
        self.plot.addItem(region, ignoreBounds=True)
        self._region = region

    def _fit(self, results: Sequence[WindowResult]) -> None:
        reach = []
        for result in results:
            bars = np.nan_to_num(step_values(result, "u_plqy_random"))
            reach += [100 * (result.plqy - bars), 100 * (result.plqy + bars)]
            reach.append(100 * np.array(mean_limits(result)))
        self.fit_y(reach, from_zero=self._from_zero, pad=0.12)
        density = np.concatenate(
            [result.power_density_mw_per_cm2[result.plqy == result.plqy] for result in results]
        )
        density = density[density > 0]
        if density.size:
            low, high = math.log10(density.min()), math.log10(density.max())
            margin = max(0.06 * (high - low), 0.05)
            self.plot.setXRange(low - margin, high + margin, padding=0)


_NUMBERS = ("power_density_mw_per_cm2", "plqy", "u_plqy")


def _limits(region: pg.LinearRegionItem) -> tuple[float, float]:
    """Three digits are as fine as a hand can mean, and short enough to be typed again."""
    low, high = (10.0**value for value in region.getRegion())
    return tuple(float(f"{limit:.{_DIGITS_OF_A_DRAGGED_LIMIT}g}") for limit in (low, high))  # type: ignore[return-value]


def _why_nothing(runs: Sequence[OpenRun]) -> str:
    problems = [item.subject.problem for item in runs if item.subject.problem]
    return problems[0] if problems else "No step has a quantum yield here."
