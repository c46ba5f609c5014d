"""One calibration's result: gates in words, warnings, curve; accepted or refused by the operator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from plqy_rig.gui.calibrations.plot import CalibrationPlot
from plqy_rig.gui.records.reading import kind_words
from plqy_rig.gui.themes import theme
from plqy_rig.gui.window.header import ElidedLabel

_LASER_CHECK = "laser_check"


class ResultCard(QFrame):
    """What was found, whether the gates let it through, and what became of it.

    Signals:
        decided(bool): the operator keeps it, or refuses.
    """

    decided = pyqtSignal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.document: Mapping[str, Any] = {}
        self.title, self.gate, self.summary = ElidedLabel(), QLabel(), QLabel()
        self.warnings, self.setting, self.fate = QLabel(), QLabel(), QLabel()
        self.plot = CalibrationPlot()
        self.accept_button, self.refuse_button = QPushButton("Keep this record"), QPushButton("Refuse")
        self._decision = QWidget()
        self._lay_out()
        self.accept_button.clicked.connect(lambda: self._decide(accept=True))
        self.refuse_button.clicked.connect(lambda: self._decide(accept=False))

    def show_result(self, document: Mapping[str, Any], *, deciding: bool) -> None:
        """Show a result.

        Args:
            document: one entry of the snapshot's `calibration.results`.
            deciding: whether the operator is asked about it now.
        """
        if document == self.document and deciding == self._decision.isVisibleTo(self):
            return
        self.document = document
        passed, kind = bool(document.get("passed")), str(document.get("kind", ""))
        state = "good" if passed else "bad"
        style = theme.state_style(state)
        self.title.set_whole(kind_words(kind))
        self.gate.setText(f"{style.symbol} {gate_words(kind, passed=passed)}")
        for widget in (self.gate, self):
            theme.set_property(widget, "state", state)
        self.summary.setText("\n".join(str(part) for part in document.get("summary") or ()))
        _say(self.warnings, "\n".join(f"▲ {part}" for part in document.get("warnings") or ()))
        _say(self.setting, setting_words(document.get("setting")))
        self.plot.setVisible(document.get("plot") is not None)
        self.plot.show_document(document.get("plot"))
        _say(self.fate, fate_words(document))
        self._decision.setVisible(deciding)
        self.accept_button.setEnabled(deciding)
        self.refuse_button.setEnabled(deciding)
        theme.set_property(self.accept_button, "role", "primary" if passed else "")

    def _lay_out(self) -> None:
        self.title.setProperty("role", "heading")
        self.warnings.setProperty("state", "warning")
        self.fate.setProperty("role", "muted")
        for label in (self.summary, self.warnings, self.setting, self.fate):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        top = QHBoxLayout()
        top.addWidget(self.title, 1)
        top.addWidget(self.gate)
        row = QHBoxLayout(self._decision)
        row.setContentsMargins(0, 0, 0, 0)
        question = QLabel("Keep it? What isn't kept leaves no record.")
        question.setWordWrap(True)
        row.addWidget(question, 1)
        row.addWidget(self.refuse_button)
        row.addWidget(self.accept_button)
        self._decision.setVisible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 12)
        layout.setSpacing(6)
        layout.addLayout(top)
        # What became of it, and the buttons, above the curve: they are seen without scrolling.
        for part in (self.summary, self.warnings, self.setting, self.fate, self._decision, self.plot):
            layout.addWidget(part)

    def _decide(self, *, accept: bool) -> None:
        # The answer takes a moment: nobody shall press twice.
        self.accept_button.setEnabled(False)
        self.refuse_button.setEnabled(False)
        self.decided.emit(accept)


def gate_words(kind: str, *, passed: bool) -> str:
    """Whether the gates let a result through, in words."""
    if kind == _LASER_CHECK:
        return "check passed" if passed else "check failed: see below what the pattern points to"
    return "gates passed" if passed else "the gates did NOT let it through"


def setting_words(setting: Mapping[str, Any] | None) -> str:
    """A proposed change of the rig file; empty without one."""
    if not setting:
        return ""
    done = "is now in the rig file" if setting.get("written") else "goes into the rig file when you keep this"
    old, new = setting.get("old"), setting.get("new")
    return f"Proposed {_setting_name(setting)}: {new:g} °C instead of {old:g} °C. It {done}."


def changed_words(setting: Mapping[str, Any] | None) -> str:
    """What the rig file has now, e.g. `laser temperature, 24.2 °C`; empty where nothing was written."""
    if not setting or not setting.get("written"):
        return ""
    return f"{_setting_name(setting)}, {setting.get('new'):g} °C"


def _setting_name(setting: Mapping[str, Any]) -> str:
    return str(setting.get("key", "")).replace(".", " ").replace("_", " ").removesuffix(" c")


def fate_words(document: Mapping[str, Any]) -> str:
    """What became of a result; empty as long as nobody has decided."""
    accepted = document.get("accepted")
    if accepted is None:
        return ""
    if not accepted:
        return "✖ Refused: no record was written."
    record = str(document.get("record") or "")
    return f"✔ Kept{': ' + record.rsplit('/', 1)[-1] if record else ''}."


def _say(label: QLabel, text: str) -> None:
    label.setText(text)
    label.setVisible(bool(text))
