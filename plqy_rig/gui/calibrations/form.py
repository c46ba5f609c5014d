"""What is asked before calibrations are started: their parameters, lamp and beam, who does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QCheckBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from plqy_rig.calibration_session import CALIBRATIONS
from plqy_rig.gui.calibrations.files import BeamForm, LampForm
from plqy_rig.gui.calibrations.plan import PlannedCalibration, Standing, in_order, planned
from plqy_rig.gui.measure.recipe_fields import field_of, number_text
from plqy_rig.gui.measure.recipe_row import FieldRow
from plqy_rig.gui.themes import theme
from plqy_rig.gui.window.header import ElidedLabel


class CalibrationForm(QWidget):
    """One section for each chosen calibration, and the button that starts them.

    Signals:
        started(dict): the arguments of the host's command `calibrate`.
    """

    started = pyqtSignal(dict)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.names: tuple[str, ...] = ()
        self.rows: dict[str, FieldRow] = {}
        self.lamp: LampForm | None = None
        self.beam: BeamForm | None = None
        self._simulated = False
        self._why_not = ""
        self.operator, self.hands = QLineEdit(), QCheckBox("Simulated hands do the operator's moves")
        self.start, self.problem, self.title = QPushButton("Start"), QLabel(), ElidedLabel()
        self._scroll = QScrollArea()
        self._lay_out()
        self.start.clicked.connect(self.try_to_start)

    def show_names(
        self, names: Sequence[str], standings: Mapping[str, Standing], folder: Path | None
    ) -> None:
        """Ask for these calibrations.

        Args:
            names: of the calibrations.
            standings: how they stand.
            folder: of the rig file, for what lies beside it.
        """
        self.names = in_order(names)
        self.rows, self.lamp, self.beam = {}, None, None
        inside = QWidget()
        layout = QVBoxLayout(inside)
        layout.setContentsMargins(0, 0, 6, 0)
        layout.setSpacing(10)
        for name in self.names:
            layout.addWidget(self._section(planned(name), standings.get(name), folder))
        layout.addStretch()
        self._scroll.setWidget(inside)
        count = len(self.names)
        # One alone has its title on its card.
        self.title.setVisible(count > 1)
        self.title.set_whole(f"{count} calibrations, one after the other")
        self.start.setText("Start" if count < 2 else f"Start all {count}")
        self.complain("")
        self._enable()

    def set_rig(self, *, simulated: bool, why_not: str) -> None:
        """Say whether it can be started now.

        Args:
            simulated: whether the rig is a bench, which has hands.
            why_not: why nothing can be started, a sentence; empty when it can.
        """
        self._simulated, self._why_not = simulated, why_not
        self.hands.setVisible(simulated)
        self._enable()

    def try_to_start(self) -> None:
        """Hand over what was filled in, or say what is wrong."""
        wrong = [row for row in self.rows.values() if not self._checked(row)]
        sentence = f"{wrong[0].field.label}: {wrong[0].problem}" if wrong else self._file_problem()
        self.complain(sentence)
        if not sentence:
            self.started.emit(self.arguments())

    def arguments(self) -> dict[str, Any]:
        """The command's arguments: only parameters that differ from their defaults."""
        changed = {key: row.entered() for key, row in self.rows.items() if row.is_changed}
        return {
            "names": list(self.names),
            "parameters": changed,
            "operator": self.operator.text().strip(),
            "lamp": None if self.lamp is None else self.lamp.arguments(),
            "beam": None if self.beam is None else self.beam.arguments(),
            "simulated_hands": self._simulated and self.hands.isChecked(),
        }

    def complain(self, sentence: str) -> None:
        """Say what is wrong; empty: nothing."""
        self.problem.setText(sentence)
        self.problem.setVisible(bool(sentence))

    def _lay_out(self) -> None:
        self.title.setProperty("role", "heading")
        self.operator.setPlaceholderText("Your name, for the record")
        self.operator.setAccessibleName("Operator")
        self.hands.setChecked(True)
        self.start.setProperty("role", "primary")
        self.problem.setProperty("state", "bad")
        self.problem.setWordWrap(True)
        self.problem.setTextFormat(Qt.TextFormat.PlainText)
        self.problem.hide()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        bottom = QHBoxLayout()
        bottom.addWidget(QLabel("Operator"))
        bottom.addWidget(self.operator, 1)
        bottom.addWidget(self.start)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 0, 0, 0)
        layout.setSpacing(10)
        layout.addWidget(self.title)
        layout.addWidget(self._scroll, 1)
        layout.addWidget(self.problem)
        layout.addWidget(self.hands)
        layout.addLayout(bottom)

    def _section(self, one: PlannedCalibration, standing: Standing | None, folder: Path | None) -> QWidget:
        card = QFrame()
        card.setProperty("role", "card")
        layout = QVBoxLayout(card)
        layout.setContentsMargins(14, 10, 14, 12)
        layout.setSpacing(6)
        title = QLabel(one.title)
        title.setProperty("role", "heading")
        layout.addWidget(title)
        for words in _about(one, standing):
            label = QLabel(words)
            label.setWordWrap(True)
            layout.addWidget(label)
        if one.name == "lamp":
            self.lamp = LampForm()
            layout.addWidget(self.lamp)
        elif one.name == "beam":
            self.beam = BeamForm(folder)
            layout.addWidget(self.beam)
        else:
            layout.addLayout(self._parameters(one.name, card))
        return card

    def _parameters(self, name: str, parent: QWidget) -> QGridLayout:
        grid = QGridLayout()
        grid.setColumnStretch(1, 2)
        grid.setColumnStretch(2, 3)
        for key, parameter in CALIBRATIONS[name]().parameter_objects().items():
            if key in self.rows:
                continue  # e.g. the lamp's warm-up: asked once, meant for all
            self.rows[key] = FieldRow(field_of(key, parameter), grid, parent)
            # Long names in two lines: beside the list there is little room.
            self.rows[key].label.setWordWrap(True)
        return grid

    def _checked(self, row: FieldRow) -> bool:
        """Whether a value can be sent; the row says why not."""
        problem = row.input.why_unreadable()
        value, field = row.entered(), row.field
        if not problem and field.minimum is not None and field.maximum is not None:
            inside = field.minimum <= float(value) <= field.maximum
            problem = "" if inside else f"{number_text(value)} is outside {field.limits_words}."
        row.show_problem(problem)
        return not problem

    def _file_problem(self) -> str:
        return "" if self.beam is None else self.beam.why_incomplete(simulated=self._simulated)

    def _enable(self) -> None:
        self.start.setEnabled(bool(self.names) and not self._why_not)
        self.start.setToolTip(self._why_not)
        if self._why_not and self.names:
            self.complain(self._why_not)
            theme.set_property(self.problem, "state", "warning")
        else:
            theme.set_property(self.problem, "state", "bad")
            if self.problem.text() and not self._why_not:
                self.complain("")


def _about(one: PlannedCalibration, standing: Standing | None) -> list[str]:
    said = [one.purpose, f"By hand: {one.by_hand}"]
    if one.gate:
        said.append(f"Gate: {one.gate}")
    if standing is not None:
        style = theme.state_style(standing.state)
        said.append(f"{style.symbol} {standing.word[:1].upper()}{standing.word[1:]}. {standing.sentence}")
    return said
