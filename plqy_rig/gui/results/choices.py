"""What may be chosen without measuring again: window, averaging range, estimator, response record."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from PyQt6.QtCore import QSize, pyqtSignal
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import (
    QBoxLayout,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from drivers.errors import ConfigurationError
from plqy_rig.evaluation import NAMED_WINDOWS, EstimatorChoice, Window, parse_window
from plqy_rig.gui.results.reading import Choices
from plqy_rig.gui.results.run_choice import ElidedBox
from plqy_rig.gui.themes import theme

_WINDOW_WORDS = {"er": "Er band", "er_table1": "Er band, narrow", "total": "SWIR total", "yb": "Yb band"}
_ESTIMATOR_WORDS = {
    EstimatorChoice.AUTO: "automatic",
    EstimatorChoice.POOLED: "pooled",
    EstimatorChoice.PER_STEP: "each step's",
}
_OTHER_FILE = "other file"
_HIGHEST_DENSITY = 1e5
_RANGE_WIDTH = 78
_SPACING_PX = 12
_MARGINS_PX = 26
_BESIDE_WORDS_PX = 42
"""Arrow, frame and padding of a box."""


class ChoicesBar(QFrame):
    """The controls above the results.

    Signals:
        changed(Choices): something else was chosen; only sound choices are told.
    """

    changed = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self._usual = self._present = Choices.usual()
        self._records: Sequence[tuple[str, Path]] = ()
        self.window_box = QComboBox()
        self.estimator = ElidedBox(
            "Absorptance", "Which absorptance enters the yields: of all steps pooled, or each step's own."
        )
        self.response = ElidedBox(
            "Response record", "Evaluate with another response record than the one stored with each run."
        )
        self.low, self.high = QDoubleSpinBox(), QDoubleSpinBox()
        self.reset, self.problem = QPushButton("As measured"), QLabel()
        self._fill()
        self._lay_out()
        self._show(self._usual)
        self.window_box.activated.connect(self._read)
        self.window_box.lineEdit().editingFinished.connect(self._read)  # type: ignore[union-attr]
        self.estimator.activated.connect(self._read)
        self.response.activated.connect(self._response_chosen)
        for box in (self.low, self.high):
            box.editingFinished.connect(self._read)
        self.reset.clicked.connect(lambda: self.choose(self._usual))

    @property
    def choices(self) -> Choices:
        """Get what is chosen."""
        return self._present

    def choose(self, choices: Choices) -> None:
        """Choose this, as if by hand."""
        self._show(choices)
        self._read()

    def choose_range(self, low: float, high: float) -> None:
        """Take an averaging range, as when it was dragged in the plot."""
        self.show_range(low, high)
        self._read()

    def show_range(self, low: float, high: float) -> None:
        """Show a range that isn't taken yet: the mouse button is still down."""
        for box, value in ((self.low, low), (self.high, high)):
            box.blockSignals(True)
            box.setValue(value)
            box.blockSignals(False)

    def choose_window(self, text: str) -> None:
        """Take a window by name or as lo:hi, as when it was typed."""
        self.window_box.setEditText(text)
        self._read()

    def choose_response(self, path: Path | None) -> None:
        """Take a response record by its file; None for those stored with the runs."""
        self._offer_records(path)
        self.response.setCurrentIndex(max(0, self.response.findData(path)))
        self._read()

    def offer_records(self, records: Sequence[tuple[str, Path]]) -> None:
        """Offer response records by their words and paths."""
        self._records = tuple(records)
        self._offer_records(self._present.response)

    def _fill(self) -> None:
        self.window_box.setEditable(True)
        self.window_box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.window_box.setAccessibleName("Emission window")
        self.window_box.setToolTip("Choose a window, or type its limits in nm as lo:hi and press Enter.")
        for name, window in NAMED_WINDOWS.items():
            self.window_box.addItem(_window_text(window), name)
        for choice in EstimatorChoice:
            self.estimator.addItem(_ESTIMATOR_WORDS[choice], choice)
        self._offer_records(None)
        for box, words in ((self.low, "from"), (self.high, "to")):
            box.setRange(0.01, _HIGHEST_DENSITY)
            box.setDecimals(1)
            box.setKeyboardTracking(False)
            box.setAccessibleName(f"Averaging range {words}, mW/cm²")
            box.setToolTip("Steps at these power densities enter the mean. Drag the range in the plot, too.")
            # Arrow keys and the wheel step, too; the buttons' room is the numbers'.
            box.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
            box.setFixedWidth(_RANGE_WIDTH)

    def _lay_out(self) -> None:
        self._rows = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._rows.setSpacing(_SPACING_PX)
        self._parts = tuple(QHBoxLayout() for _ in range(3))
        self._first = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        for part in (self._first, *self._parts):
            part.setSpacing(_SPACING_PX)
        window, limits, more = self._parts
        self._first.addLayout(window, 1)
        self._first.addLayout(limits)
        self._rows.addLayout(self._first, 2)
        self._rows.addLayout(more, 3)
        span = QHBoxLayout()
        span.setSpacing(4)
        for widget in (self.low, QLabel("–"), self.high):
            span.addWidget(widget)
        span.addStretch()
        window.addLayout(_captioned("Window", self.window_box))
        limits.addLayout(_captioned("Range, mW/cm²", span))
        more.addLayout(_captioned("Absorptance", self.estimator), 1)
        more.addLayout(_captioned("Response record", self.response), 1)
        more.addLayout(_captioned(" ", self.reset))
        self.window_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        letter = self.fontMetrics().averageCharWidth()
        for combo, words in (
            (self.window_box, _longest_window()),
            (self.estimator, "automatic"),
            (self.response, "as stored"),
        ):
            combo.setMinimumWidth(self.fontMetrics().horizontalAdvance(words) + _BESIDE_WORDS_PX + letter)
            combo.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.reset.setToolTip("Window, range and records as at the measurement.")
        self.problem.setProperty("state", "bad")
        self.problem.setWordWrap(True)
        self.problem.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 10)
        layout.addLayout(self._rows)
        layout.addWidget(self.problem)

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Qt's: several rows where one has no room."""
        super().resizeEvent(event)
        window, limits, more = self._least_widths()
        room = self.width() - _MARGINS_PX
        first = window + _SPACING_PX + limits
        self._rows.setDirection(_side_by_side(room >= first + _SPACING_PX + more))
        self._first.setDirection(_side_by_side(room >= first))

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Qt's: as narrow as the widest row."""
        return QSize(max(self._least_widths()) + _MARGINS_PX, super().minimumSizeHint().height())

    def _least_widths(self) -> list[int]:
        return [part.minimumSize().width() for part in self._parts]

    def _show(self, choices: Choices) -> None:
        self._show_window(choices.window)
        self.show_range(*choices.range_mw_per_cm2)
        self.estimator.setCurrentIndex(self.estimator.findData(choices.estimator))
        self._offer_records(choices.response)

    def _show_window(self, window: Window) -> None:
        self.window_box.setEditText(_window_text(window))
        line = self.window_box.lineEdit()
        if line is not None:
            line.setCursorPosition(0)

    def _offer_records(self, chosen: Path | None) -> None:
        self.response.blockSignals(True)
        self.response.clear()
        self.response.addItem("as stored", None)
        known = [path for _, path in self._records]
        for words, path in self._records:
            self.response.addItem(words, path)
        if chosen is not None and chosen not in known:
            self.response.addItem(chosen.name, chosen)
        self.response.addItem("choose a file…", _OTHER_FILE)
        self.response.setCurrentIndex(max(0, self.response.findData(chosen)))
        self.response.blockSignals(False)

    def _response_chosen(self, _: int) -> None:
        if self.response.currentData() != _OTHER_FILE:
            self._read()
            return
        name, _filter = QFileDialog.getOpenFileName(
            self, "Response record", "", "Calibration records (*.json);;All files (*)"
        )
        self.choose_response(Path(name) if name else self._present.response)

    def _read(self, _: int = 0) -> None:
        """Take what the controls say; say what is wrong with it otherwise."""
        try:
            found = self._found()
        except ConfigurationError as error:
            self._complain(str(error))
            return
        self._complain("")
        if not self.window_box.hasFocus():
            self._show_window(found.window)
        self.reset.setEnabled(found != self._usual)
        if found != self._present:
            self._present = found
            self.changed.emit(found)

    def _found(self) -> Choices:
        low, high = self.low.value(), self.high.value()
        if not low < high:
            raise ConfigurationError(
                f"Averaging range: {low:g} is not below {high:g}. Give the lower power density first."
            )
        response = self.response.currentData()
        return Choices(
            _window_of(self.window_box.currentText()),
            (low, high),
            self.estimator.currentData(),
            response if isinstance(response, Path) else None,
        )

    def _complain(self, sentence: str) -> None:
        self.problem.setText(sentence)
        self.problem.setVisible(bool(sentence))
        theme.set_property(self.window_box, "state", "bad" if "indow" in sentence else "")
        theme.set_property(self.high, "state", "bad" if "range" in sentence else "")


def _side_by_side(has_room: bool) -> QBoxLayout.Direction:
    return QBoxLayout.Direction.LeftToRight if has_room else QBoxLayout.Direction.TopToBottom


def _longest_window() -> str:
    return max((_window_text(window) for window in NAMED_WINDOWS.values()), key=len)


def _window_text(window: Window) -> str:
    limits = f"{window.low_nm:g}:{window.high_nm:g}"
    words = _WINDOW_WORDS.get(window.name)
    return limits if words is None else f"{words}, {limits} nm"


def _window_of(text: str) -> Window:
    """The window that a text names: one of ours, or limits; raises `ConfigurationError`."""
    shown = text.strip()
    for window in NAMED_WINDOWS.values():
        if shown in (window.name, _window_text(window)):
            return window
    window = parse_window(shown.removesuffix("nm").strip().replace("–", ":"))
    if not math.isfinite(window.low_nm):
        raise ConfigurationError(f"window {text!r}: write lo:hi in nm")
    return window


def _captioned(words: str, part: QWidget | QHBoxLayout) -> QVBoxLayout:
    caption = QLabel(words)
    caption.setProperty("role", "muted")
    layout = QVBoxLayout()
    layout.setSpacing(2)
    layout.addWidget(caption)
    if isinstance(part, QWidget):
        layout.addWidget(part)
    else:
        layout.addLayout(part)
    return layout
