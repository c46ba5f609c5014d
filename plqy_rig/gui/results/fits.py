"""Fits of the yield against power density: models by AICc, the curve over the points, residuals."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import QLabel, QSplitter, QVBoxLayout, QWidget

from drivers.errors import ConfigurationError
from plqy_rig.data import WindowResult
from plqy_rig.evaluation.power_dependence import ModelFit, PowerDependence, fit_window
from plqy_rig.evaluation.power_models import POWER_MODELS
from plqy_rig.evaluation.words import number, with_uncertainty
from plqy_rig.gui.plots.export import Column
from plqy_rig.gui.results.plot import ResultPlot, short_name
from plqy_rig.gui.results.reading import OpenRun, Reading
from plqy_rig.gui.results.run_choice import RunChoice, labelled_row
from plqy_rig.gui.results.table import TextTable
from plqy_rig.gui.themes import theme
from plqy_rig.report.quantities import step_values
from plqy_rig.report.tables import models_table

FloatArray = NDArray[np.float64]

_SMOOTH_POINTS = 200
_ROOM_FOR_BOTH_PX = 560
_LEAST_TABLE_PX = 130
_LEAST_PLOT_PX = 190
_LETTERS = (
    ("eta_inf", "η∞"),
    ("eta_b", "η_b"),
    ("eta0", "η₀"),
    ("x0", "x₀"),
    ("x_s_inverse", "1/x_s"),
    ("sqrt", "√"),
    (" - ", " − "),
    ("= -", "= −"),
)


@dataclass(frozen=True, eq=False)
class FittedRun:
    """The fits of one run.

    Attributes:
        item: the run.
        window: its result.
        dependence: the fits; None where there can't be any.
        why_not: the reason, a sentence.
    """

    item: OpenRun
    window: WindowResult
    dependence: PowerDependence | None
    why_not: str = ""


def fitted_runs(runs: Sequence[OpenRun]) -> list[FittedRun]:
    """Fit every run that has a result; for a thread."""
    found = []
    for item in runs:
        window = item.window
        if window is None:
            continue
        try:
            found.append(FittedRun(item, window, item.subject.dependence or fit_window(window)))
        except ConfigurationError as error:
            found.append(FittedRun(item, window, None, str(error)))
    return found


def model_curve(model: ModelFit, density: FloatArray) -> FloatArray:
    """The yield that a fitted model gives at these power densities, mW/cm²."""
    (known,) = (candidate for candidate in POWER_MODELS if candidate.name == model.name)
    shape = {name: value for name, value in model.values.items() if name != known.amplitude}
    shape = {name: value for name, value in shape.items() if name in known.limits or name == "x0"}
    return np.asarray(model.values[known.amplitude] * known.shape(density, **shape), dtype=np.float64)


class FitPlot(ResultPlot):
    """The points of one run with one model."""

    def __init__(self, parent: QWidget | None = None) -> None:
        self.fitted: FittedRun | None = None
        self.model: ModelFit | None = None
        super().__init__("Model and points", log_x=True, parent=parent)
        self.set_axis_label("bottom", "Power density (mW/cm²)")
        self.set_axis_label("left", "PLQY (%)")
        self.set_empty("Choose a run in the list.")
        self.follow_theme()

    def show_fit(self, fitted: FittedRun, model: ModelFit | None) -> None:
        """Draw a run and a model."""
        self.fitted, self.model = fitted, model
        self.redraw()

    def redraw(self) -> None:
        """Draw everything again."""
        self.clear_items()
        if self.fitted is None:
            return
        window = self.fitted.window
        usable = np.isfinite(window.plqy) & (window.power_density_mw_per_cm2 > 0)
        self.set_empty("" if usable.any() else "No step has a quantum yield.")
        if not usable.any():
            return
        density, style = window.power_density_mw_per_cm2[usable], theme.series_style(0)
        bars = 100 * np.nan_to_num(step_values(window, "u_plqy_random")[usable])
        yields = 100 * window.plqy[usable]
        self.add_points(np.log10(density), yields, bars, style, filled=np.ones(len(density)))
        reach = [yields - bars, yields + bars]
        if self.model is not None:
            x = np.geomspace(density.min(), density.max(), _SMOOTH_POINTS)
            curve = 100 * model_curve(self.model, x)
            self.add_line(np.log10(x), curve, theme.series_style(1).colour, width=2.0)
            reach.append(curve)
        self.fit_y(reach)
        self.plot.getViewBox().enableAutoRange(axis="x")

    def columns(self) -> Sequence[Column]:
        """Points and model."""
        if self.fitted is None or self.model is None or self.fitted.dependence is None:
            return ()
        density = self.fitted.dependence.density
        return (
            Column("Power density", "mW/cm^2", density),
            Column(f"PLQY, model {self.model.name}", "1", model_curve(self.model, density)),
            Column("Residual / u", "1", self.model.residuals),
        )


class ResidualPlot(ResultPlot):
    """What a model leaves of the points, in their standard uncertainties."""

    def __init__(self, parent: QWidget | None = None) -> None:
        self._density, self._residuals = np.zeros(0), np.zeros(0)
        super().__init__("Residuals", log_x=True, parent=parent)
        self.set_axis_label("bottom", "Power density (mW/cm²)")
        self.set_axis_label("left", "Residual / u")
        self.follow_theme()

    def show_residuals(self, density: FloatArray, residuals: FloatArray) -> None:
        """Draw these."""
        self._density, self._residuals = density, residuals
        self.redraw()

    def redraw(self) -> None:
        """Draw everything again."""
        self.clear_items()
        if len(self._density) == 0:
            return
        x, style = np.log10(self._density), theme.series_style(0)
        ends = np.array([x.min(), x.max()])
        self.add_band(ends, np.full(2, -2.0), np.full(2, 2.0), theme.current().band, 0.12)
        self.add_line(ends, np.zeros(2), theme.series_style(1).colour)
        self.add_points(x, self._residuals, np.zeros(len(x)), style, filled=np.ones(len(x)))
        self.fit_y([self._residuals, np.array([-2.5, 2.5])])
        self.plot.getViewBox().enableAutoRange(axis="x")

    def columns(self) -> Sequence[Column]:
        """What is drawn."""
        return (
            Column("Power density", "mW/cm^2", self._density),
            Column("Residual / u", "1", self._residuals),
        )


WorkOut = Callable[[Reading, Callable[[list[FittedRun]], None]], None]
"""Has runs fitted in a thread and gives the fits to the second."""


class FitsView(QWidget):
    """Chooser of the run, table of models, plots."""

    def __init__(self, work_out: WorkOut, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._work_out = work_out
        self._reading: Reading | None = None
        self._fitted: Sequence[FittedRun] = ()
        self.run, self.models = RunChoice("Run of the fits"), TextTable("Models of the power dependence")
        self.sentence = QLabel()
        self.plot, self.residuals = FitPlot(), ResidualPlot()
        self._plots = QSplitter(Qt.Orientation.Horizontal)
        self._lay_out()
        self.run.currentIndexChanged.connect(self._run_chosen)
        self.models.itemSelectionChanged.connect(self._model_chosen)

    def show_fits(self, fitted: Sequence[FittedRun]) -> None:
        """Show what was fitted."""
        self._fitted = fitted
        self.run.offer([short_name(one.item.name) for one in fitted])
        self._run_chosen()

    def show_reading(self, reading: Reading) -> None:
        """Have the open runs fitted."""
        self._reading = reading
        self.sentence.setText("Fitting…" if reading.runs else "Choose a run in the list.")
        self._work_out(reading, lambda fitted: self._take(reading, fitted))

    def _take(self, reading: Reading, fitted: list[FittedRun]) -> None:
        if reading is self._reading:
            self.show_fits(fitted)

    def _lay_out(self) -> None:
        self.sentence.setWordWrap(True)
        self._plots.addWidget(self.plot)
        self._plots.addWidget(self.residuals)
        self._plots.setSizes([600, 400])
        self._plots.setChildrenCollapsible(False)
        self.models.setMinimumHeight(_LEAST_TABLE_PX)
        for plot in (self.plot, self.residuals):
            plot.setMinimumHeight(_LEAST_PLOT_PX)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(12)
        layout.addLayout(labelled_row([("Run", self.run)]))
        layout.addWidget(self.sentence)
        layout.addWidget(self.models, 2)
        layout.addWidget(self._plots, 3)

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Qt's: the plots one above the other where both have no room."""
        super().resizeEvent(event)
        wide = self.width() >= _ROOM_FOR_BOTH_PX
        self._plots.setOrientation(Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical)
        self._keep_sentence_whole()

    def _keep_sentence_whole(self) -> None:
        # A tab doesn't ask for the height that a wrapped text needs, a label for no less than its own.
        self.sentence.setMinimumHeight(0)
        self.sentence.setFixedHeight(max(self.sentence.heightForWidth(self.width() - 24), 0))

    def _one(self) -> FittedRun | None:
        index = self.run.currentIndex()
        return self._fitted[index] if 0 <= index < len(self._fitted) else None

    def _run_chosen(self, _: int = 0) -> None:
        one = self._one()
        if one is None:
            self.sentence.setText("No run with a quantum yield is open.")
            self.models.show_rows((), ())
            return
        if one.dependence is None:
            self.sentence.setText(one.why_not)
            self.models.show_rows((), ())
            self.plot.show_fit(one, None)
            self.residuals.show_residuals(np.zeros(0), np.zeros(0))
            return
        self.sentence.setText(dependence_sentence(one.dependence))
        self._keep_sentence_whole()
        table = models_table(one.dependence)
        names = [model.name for model in one.dependence.models]
        chosen = names.index(one.dependence.chosen)
        self.models.blockSignals(True)
        self.models.show_rows(
            [column.title for column in table.columns],
            table.rows,
            numeric=[column.numeric for column in table.columns],
            wide=2,
        )
        self.models.blockSignals(False)
        self.models.selectRow(chosen)
        self._draw(one, chosen)

    def _model_chosen(self) -> None:
        one, row = self._one(), self.models.currentRow()
        if one is not None and one.dependence is not None and 0 <= row < len(one.dependence.models):
            self._draw(one, row)

    def _draw(self, one: FittedRun, row: int) -> None:
        assert one.dependence is not None
        model = one.dependence.models[row]
        words = model.name.replace("_", " ")
        self.plot.heading.set_whole(f"Model and points: {words}")
        self.plot.show_fit(one, model)
        self.residuals.heading.set_whole(f"Residuals: {words}")
        self.residuals.show_residuals(one.dependence.density, model.residuals)


def dependence_sentence(dependence: PowerDependence) -> str:
    """What the fits say, in words."""
    slope, error = with_uncertainty(dependence.emission_slope, dependence.u_emission_slope)
    probable = dependence.p_no_trend
    trend = (
        "No dependence on power is seen"
        if math.isfinite(probable) and probable > 0.05
        else "The yield depends on power"
    )
    return (
        f"{trend}: emitted against absorbed photons have the slope {slope} ± {error} (log-log; 1: none), "
        f"which chance alone would give with a probability of {number(probable, '.2g')}. Simplest model that "
        f"the AICc supports: {dependence.chosen.replace('_', ' ')}. Choose another row to see it drawn."
    )
