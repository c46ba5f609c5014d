"""Import of a response file: the unit is always asked, never guessed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from calibration import (
    RecordKind,
    ResponseUnit,
    StatedUncertainty,
    import_response,
    make_record,
    read_record,
    save_record,
)
from drivers.errors import ConfigurationError
from plqy_rig.gui.themes import theme

UNIT_WORDS = {
    ResponseUnit.MICROJOULE_PER_COUNT: "µJ per count",
    ResponseUnit.WATT_PER_NM_PER_COUNT_RATE: "W per nm, per count per second",
    ResponseUnit.PHOTONS_PER_COUNT: "photons per count",
    ResponseUnit.PHOTONS_PER_NM_PER_COUNT: "photons per nm and count",
}
"""Relative curves have no scale and make no record."""
_LINES_SHOWN = 14
_NO_FILE = "Choose the file."
_GONE_FILE = "There is no such file"
_NO_UNIT = "Choose the unit of the second column: the numbers don't tell it."
_NO_OPERATOR = "Say who imports it: a record names its operator."


@dataclass(frozen=True)
class ImportRequest:
    """What the dialog asks for.

    Attributes:
        path: the file.
        unit: of its second column.
        scale_percent: one sigma of the common factor.
        shape_percent: one sigma of the shape.
        correlation_length_nm: of the shape.
        operator: who imports.
        spectrometer: serial number of the spectrometer it is for; empty: not named.
        pixels_of: a response record whose pixels are taken; None: the file's rows are the pixels.
    """

    path: Path
    unit: ResponseUnit
    scale_percent: float
    shape_percent: float
    correlation_length_nm: float
    operator: str
    spectrometer: str
    pixels_of: Path | None


def import_into(folder: Path, request: ImportRequest) -> Path:
    """Make a record of a file; for a thread.

    Raises:
        CalibrationError: the file can't be used, or the record can't be written.
    """
    pixels = None if request.pixels_of is None else read_record(request.pixels_of).values["wavelength_nm"]
    imported = import_response(
        request.path,
        unit=request.unit,
        pixel_wavelength_nm=pixels,
        uncertainty=StatedUncertainty(
            request.scale_percent / 100, request.shape_percent / 100, request.correlation_length_nm
        ),
    )
    instruments = {"spectrometer": request.spectrometer} if request.spectrometer else {}
    new = make_record(
        RecordKind.RESPONSE,
        imported.record_values(),
        operator=request.operator,
        origin=imported.origin,
        instruments=instruments,
        created=datetime.now(UTC),
    )
    return save_record(new, folder)


class ImportDialog(QDialog):
    """Asks for file, unit, uncertainty and whose it is; imports only what is complete."""

    def __init__(
        self,
        submit: Callable[[ImportRequest], None],
        *,
        spectrometer: str = "",
        response: Path | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """Build it.

        Args:
            submit: gets the complete request; the dialog stays open until `close_imported`.
            spectrometer: serial number of the one in use, where known.
            response: the response record in use, whose pixels can be taken.
            parent: as ever.
        """
        super().__init__(parent)
        self._submit, self._response = submit, response
        self.setWindowTitle("Import a response")
        self.path, self.unit, self.pixels = QLineEdit(), QComboBox(), QComboBox()
        self.scale, self.shape, self.correlation = QDoubleSpinBox(), QDoubleSpinBox(), QDoubleSpinBox()
        self.operator, self.spectrometer = QLineEdit(), QLineEdit(spectrometer)
        self.preview, self.problem = QPlainTextEdit(), QLabel()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.accept_button = QPushButton("Import as a record")
        self._complaints: dict[QWidget, tuple[str, ...]] = {
            self.path: (_NO_FILE, _GONE_FILE),
            self.unit: (_NO_UNIT,),
            self.operator: (_NO_OPERATOR,),
        }
        self._fill()
        self._lay_out()
        self.path.textChanged.connect(self._read_beginning)
        self.accept_button.clicked.connect(self.try_to_import)
        self.buttons.rejected.connect(self.reject)

    def try_to_import(self) -> None:
        """Hand over what was filled in, or say what is missing."""
        try:
            request = self._request()
        except ConfigurationError as error:
            self.complain(str(error))
            return
        self.complain("")
        self._submit(request)

    def complain(self, sentence: str) -> None:
        """Say what is wrong; empty: nothing."""
        self.problem.setText(sentence)
        self.problem.setVisible(bool(sentence))
        for field, begins in self._complaints.items():
            wrong = bool(begins) and sentence.startswith(begins)
            theme.set_property(field, "state", "bad" if wrong else "")
            if wrong:
                field.setFocus()

    def _fill(self) -> None:
        self.unit.addItem("choose: the numbers don't tell", None)
        for unit, words in UNIT_WORDS.items():
            self.unit.addItem(words, unit)
        self.pixels.addItem("the file's rows are the pixels", None)
        if self._response is not None:
            self.pixels.addItem(f"the pixels of {self._response.name}", self._response)
        settings = ((self.scale, 0.01, 50.0, 3.0), (self.shape, 0.01, 50.0, 1.5))
        for box, low, high, value in settings:
            box.setRange(low, high)
            box.setDecimals(2)
            box.setSuffix(" %")
            box.setValue(value)
        self.correlation.setRange(1.0, 2000.0)
        self.correlation.setDecimals(0)
        self.correlation.setSuffix(" nm")
        self.correlation.setValue(150.0)
        self.preview.setReadOnly(True)
        self.preview.setFont(theme.fixed_font(0.9))
        self.preview.setPlaceholderText("The file's first lines appear here.")
        self.problem.setProperty("state", "bad")
        self.problem.setWordWrap(True)
        self.problem.setTextFormat(Qt.TextFormat.PlainText)
        # A path without a space must not push the dialog wider.
        self.problem.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.problem.hide()
        self.accept_button.setProperty("role", "primary")

    def _lay_out(self) -> None:
        choose = QPushButton("Choose…")
        choose.clicked.connect(self._ask_for_file)
        file_row = QHBoxLayout()
        file_row.addWidget(self.path, 1)
        file_row.addWidget(choose)
        form = QFormLayout()
        form.addRow("File", file_row)
        form.addRow("Unit of its second column", self.unit)
        form.addRow("Wavelengths", self.pixels)
        form.addRow("Uncertainty of the scale, one sigma", self.scale)
        form.addRow("Uncertainty of the shape, one sigma", self.shape)
        form.addRow("The shape's errors stay alike over", self.correlation)
        form.addRow("Spectrometer, serial number", self.spectrometer)
        form.addRow("Operator", self.operator)
        self.buttons.addButton(self.accept_button, QDialogButtonBox.ButtonRole.AcceptRole)
        hint = QLabel("Wavelength in nm and response, two columns, after a header of any length.")
        hint.setProperty("role", "muted")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addWidget(hint)
        layout.addLayout(form)
        layout.addWidget(self.preview, 1)
        layout.addWidget(self.problem)
        layout.addWidget(self.buttons)
        self.resize(640, 620)

    def _ask_for_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Response file", "", "All files (*)")
        if name:
            self.path.setText(name)

    def _read_beginning(self) -> None:
        path = Path(self.path.text())
        try:
            with path.open(encoding="utf-8", errors="replace") as file:
                lines = [line.rstrip("\n") for _, line in zip(range(_LINES_SHOWN), file, strict=False)]
        except OSError:
            lines = []
        self.preview.setPlainText("\n".join(lines))

    def _request(self) -> ImportRequest:
        path = Path(self.path.text().strip())
        if not self.path.text().strip():
            raise ConfigurationError(_NO_FILE)
        if not path.is_file():
            raise ConfigurationError(f"{_GONE_FILE}: {path}. Choose another one.")
        unit = self.unit.currentData()
        if unit is None:
            raise ConfigurationError(_NO_UNIT)
        if not self.operator.text().strip():
            raise ConfigurationError(_NO_OPERATOR)
        return ImportRequest(
            path,
            unit,
            self.scale.value(),
            self.shape.value(),
            self.correlation.value(),
            self.operator.text().strip(),
            self.spectrometer.text().strip(),
            self.pixels.currentData(),
        )
