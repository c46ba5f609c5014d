"""What calibrations from files ask for: the lamp's certificate, the beam's profiles or diameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QWidget,
)

_SEPARATOR = "; "


class LampForm(QWidget):
    """What the certificate says besides its table; table and unit are named in the rig file."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.coverage, self.percent, self.area = QDoubleSpinBox(), QLineEdit(), QLineEdit()
        self.absolute = QCheckBox("The third column isn't in per cent")
        self.absolute.setToolTip("It is in the unit of the second column")
        self.coverage.setRange(1.0, 10.0)
        self.coverage.setDecimals(2)
        self.coverage.setValue(2.0)
        self.percent.setPlaceholderText("empty: the table's third column")
        self.area.setPlaceholderText("only for a certificate of irradiance")
        layout = QFormLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addRow("Coverage factor k", self.coverage)
        layout.addRow("Uncertainty of all rows, %", self.percent)
        layout.addRow("", self.absolute)
        layout.addRow("Collecting area, cm²", self.area)

    def arguments(self) -> dict[str, Any]:
        """As the host's command takes it."""
        return {
            "collecting_area_cm2": _number(self.area),
            "uncertainty_percent": _number(self.percent),
            "absolute_column": self.absolute.isChecked(),
            "coverage_factor": self.coverage.value(),
        }


class BeamForm(QWidget):
    """A profiler's files along both axes, or two diameters."""

    def __init__(self, folder: Path | None, parent: QWidget | None = None) -> None:
        """Build it.

        Args:
            folder: of the rig file: a bench lays its scans there.
            parent: as ever.
        """
        super().__init__(parent)
        self._folder = folder
        self.way = QComboBox()
        self.way.addItem("from a profiler's files", "files")
        self.way.addItem("typed diameters", "typed")
        self.along_x, self.along_y = QLineEdit(), QLineEdit()
        self.micrometres, self.slit = QCheckBox("Positions are in µm, not mm"), QDoubleSpinBox()
        self.diameter_x, self.diameter_y, self.uncertainty = (QDoubleSpinBox() for _ in range(3))
        self.plane = QLineEdit("at the sample")
        for box, value in ((self.diameter_x, 0.0), (self.diameter_y, 0.0), (self.uncertainty, 0.1)):
            box.setRange(0.0, 100.0)
            box.setDecimals(3)
            box.setSuffix(" mm")
            box.setValue(value)
        self.slit.setRange(0.0, 5.0)
        self.slit.setDecimals(4)
        self.slit.setSuffix(" mm")
        self._form = QFormLayout(self)
        self._lay_out()
        self.way.currentIndexChanged.connect(self._show_way)
        self._show_way()

    def arguments(self) -> dict[str, Any] | None:
        """As the host's command takes it; None where nothing was given."""
        if self.way.currentData() == "typed":
            return {
                "diameter_x_mm": self.diameter_x.value(),
                "diameter_y_mm": self.diameter_y.value(),
                "diameter_uncertainty_mm": self.uncertainty.value(),
                "plane": self.plane.text(),
            }
        if not self.along_x.text() and not self.along_y.text():
            return None
        return {
            "profile_x": _paths(self.along_x),
            "profile_y": _paths(self.along_y),
            "micrometres": self.micrometres.isChecked(),
            "slit_width_mm": self.slit.value(),
            "plane": self.plane.text(),
        }

    def why_incomplete(self, *, simulated: bool) -> str:
        """What is missing, a sentence; a bench brings its own scans."""
        if self.way.currentData() == "typed":
            given = self.diameter_x.value() > 0 and self.diameter_y.value() > 0
            return "" if given else "Beam: type both diameters."
        missing = [
            path for path in (*_paths(self.along_x), *_paths(self.along_y)) if not Path(path).is_file()
        ]
        if missing:
            return f"Beam: there is no file {missing[0]}."
        given = bool(self.along_x.text()) and bool(self.along_y.text())
        own = simulated and not self.along_x.text() and not self.along_y.text()
        return "" if given or own else "Beam: choose the profiler's files along both axes."

    def _lay_out(self) -> None:
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.addRow("The diameters come", self.way)
        for words, line in (("Scans along x", self.along_x), ("Scans along y", self.along_y)):
            line.setPlaceholderText("one file per position")
            self._form.addRow(words, self._with_button(line))
        self._form.addRow("", self.micrometres)
        self._form.addRow("Slit width", self.slit)
        self._form.addRow("Diameter along x, D4σ", self.diameter_x)
        self._form.addRow("Diameter along y, D4σ", self.diameter_y)
        self._form.addRow("Uncertainty, one sigma", self.uncertainty)
        self._form.addRow("Where it was measured", self.plane)

    def _with_button(self, line: QLineEdit) -> QWidget:
        button = QPushButton("Choose…")
        button.clicked.connect(lambda: self._ask(line))
        outer = QWidget()
        row = QHBoxLayout(outer)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(line, 1)
        row.addWidget(button)
        return outer

    def _ask(self, line: QLineEdit) -> None:
        folder = "" if self._folder is None else str(self._folder)
        names, _ = QFileDialog.getOpenFileNames(
            self, "Beam scans", folder, "Tables (*.csv *.txt);;All files (*)"
        )
        if names:
            line.setText(_SEPARATOR.join(names))

    def _show_way(self, _: int = 0) -> None:
        typed = self.way.currentData() == "typed"
        for row in range(1, 5):
            self._form.setRowVisible(row, not typed)
        for row in range(5, 8):
            self._form.setRowVisible(row, typed)


def _paths(line: QLineEdit) -> list[str]:
    return [part.strip() for part in line.text().split(_SEPARATOR.strip()) if part.strip()]


def _number(line: QLineEdit) -> float | None:
    """A number, or None where nothing readable was typed."""
    try:
        return float(line.text().replace(",", "."))
    except ValueError:
        return None
