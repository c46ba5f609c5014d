"""One calibration record: its facts, its curve with uncertainty, its numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QFrame, QGridLayout, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from calibration import CalibrationError
from plqy_rig.gui.plots.export import Column
from plqy_rig.gui.records.curves import RecordCurve, record_curve
from plqy_rig.gui.records.reading import RecordLine, value_rows
from plqy_rig.gui.results.plot import ResultPlot
from plqy_rig.gui.results.table import TextTable
from plqy_rig.gui.themes import theme
from plqy_rig.gui.widgets.removal import remove_all


class RecordPlot(ResultPlot):
    """The curve of one record."""

    def __init__(self, parent: QWidget | None = None) -> None:
        self._curve: RecordCurve | None = None
        super().__init__("Curve", log_x=False, parent=parent)
        self.set_empty("Choose a record in the list.")
        self.setMinimumHeight(280)
        self.follow_theme()

    def show_curve(self, curve: RecordCurve | None, why_not: str) -> None:
        """Draw a curve, or say why there is none."""
        self._curve = curve
        self.set_empty("" if curve is not None else why_not)
        self.heading.set_whole("Curve" if curve is None else curve.title)
        self.redraw()

    def redraw(self) -> None:
        """Draw everything again."""
        self.clear_items()
        curve = self._curve
        if curve is None:
            return
        self.set_axis_label("bottom", curve.x_label)
        self.set_axis_label("left", curve.y_label)
        style, usable = theme.series_style(0), np.isfinite(curve.y)
        sigma = np.nan_to_num(curve.sigma)
        if curve.line:
            low, high = (curve.y[usable] + sign * sigma[usable] for sign in (-1, 1))
            self.add_band(curve.x[usable], low, high, style.colour, 0.25)
            self.add_line(curve.x, curve.y, style.colour)
        else:
            x, y = curve.x[usable], curve.y[usable]
            self.add_points(x, y, sigma[usable], style, filled=np.ones(len(x)))
        self.plot.getViewBox().enableAutoRange()

    def columns(self) -> Sequence[Column]:
        """The curve's numbers."""
        curve = self._curve
        if curve is None:
            return ()
        return (
            Column(curve.x_label, "", curve.x),
            Column(curve.y_label, "", curve.y),
            Column("standard uncertainty", "", curve.sigma),
        )

    def describe_at(self, x: float, y: float) -> tuple[str, str]:
        """The point nearest to the pointer."""
        curve = self._curve
        if curve is None or len(curve.x) == 0:
            return "", ""
        nearest = int(np.argmin(np.abs(curve.x - x)))
        return f"{curve.x[nearest]:.5g}: {curve.y[nearest]:.5g} ± {curve.sigma[nearest]:.2g}", ""


class RecordDetail(QScrollArea):
    """Everything about the chosen record."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.heading, self.state, self.note = QLabel(), QLabel(), QLabel()
        self.plot, self.values = RecordPlot(), TextTable("Values of the record")
        self._facts = QGridLayout()
        self._lay_out()

    def show_line(self, line: RecordLine) -> None:
        """Show a record."""
        state, word = line.state
        style = theme.state_style(state)
        used = ". A run now would use it" if line.used else ""
        self.heading.setText(line.kind)
        self.state.setText(f"{style.symbol} {word}{used}")
        theme.set_property(self.state, "state", state)
        self._show_facts(line)
        record = line.record
        if record is None:
            self.plot.show_curve(None, "A damaged file has no curve.")
            self.values.show_rows((), ())
            self.note.setText("")
            return
        try:
            curve, why_not = record_curve(record), "This record has numbers only, no curve."
        except (CalibrationError, KeyError, TypeError, ValueError) as error:
            curve, why_not = None, f"Its values can't be drawn: {error}"
        self.plot.show_curve(curve, why_not)
        self.note.setText("" if curve is None else curve.note)
        self.values.show_rows(("Value", ""), value_rows(record), wide=1)
        self.values.fit_height(420)

    def _lay_out(self) -> None:
        inside = QWidget()
        layout = QVBoxLayout(inside)
        layout.setContentsMargins(12, 0, 4, 0)
        layout.setSpacing(8)
        self.heading.setProperty("role", "heading")
        self.note.setProperty("role", "muted")
        self.note.setWordWrap(True)
        card = QFrame()
        card.setProperty("role", "card")
        in_card = QVBoxLayout(card)
        in_card.addWidget(self.heading)
        in_card.addWidget(self.state)
        in_card.addLayout(self._facts)
        layout.addWidget(card)
        layout.addWidget(self.plot, 1)
        layout.addWidget(self.note)
        layout.addWidget(self.values)
        self.setWidget(inside)

    def _show_facts(self, line: RecordLine) -> None:
        remove_all(self._facts)
        for row, (head, text) in enumerate(line.facts):
            left, right = QLabel(head), QLabel(text)
            left.setProperty("role", "muted")
            right.setWordWrap(True)
            right.setTextFormat(Qt.TextFormat.PlainText)
            right.setToolTip(text)
            # A long path must not push the page wider.
            right.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            right.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._facts.addWidget(left, row, 0, Qt.AlignmentFlag.AlignTop)
            self._facts.addWidget(right, row, 1)
        self._facts.setColumnStretch(1, 1)
