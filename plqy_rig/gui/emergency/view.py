"""What is shown after EMERGENCY OFF was pressed: how far it is, and the verdict step by step."""

from __future__ import annotations

import threading
from typing import Any

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from plqy_rig.gui.emergency.off import EmergencyOff, EmergencyOutcome
from plqy_rig.gui.host_link.session import Session
from plqy_rig.gui.themes import theme

_HINT = (
    "If it isn't safe: turn the laser's key switch off or open the interlock, and close the beam path by "
    "hand. The program is not the safety device."
)


class EmergencyDialog(QDialog):
    """Presses the button and shows what becomes of it. The window stays usable.

    Signals:
        finished_with(EmergencyOutcome): the verdict is there.
    """

    finished_with = pyqtSignal(object)
    _told = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Emergency off")
        self.setMinimumWidth(520)
        self.outcome: EmergencyOutcome | None = None
        self._picture = QLabel()
        self._headline = QLabel("EMERGENCY OFF")
        self._headline.setProperty("role", "title")
        self._sentence = QLabel()
        self._sentence.setWordWrap(True)
        self._busy = QProgressBar()
        self._busy.setRange(0, 0)
        self._busy.setTextVisible(False)
        self._steps = QGridLayout()
        self._steps.setColumnStretch(1, 1)
        self._hint = QLabel(_HINT)
        self._hint.setWordWrap(True)
        self._hint.setProperty("role", "muted")
        close = QPushButton("Close")
        close.clicked.connect(self.accept)
        self._lay_out(close)
        self._told.connect(self._sentence.setText)
        self.finished_with.connect(self._show)

    def press(self, session: Session) -> None:
        """Take the light off; pressing again while it goes on changes nothing."""
        if self._busy.isVisible() and self.isVisible():
            return
        self._begin()
        address = session.address
        if address is None:
            self._show(
                EmergencyOutcome(False, "No rig is connected: there is nothing this window can switch off.")
            )
            return
        threading.Thread(target=self._work, args=(address,), name="emergency", daemon=True).start()

    def _work(self, address: Any) -> None:
        outcome = EmergencyOff(address, self._told.emit).run()
        self.finished_with.emit(outcome)

    def _begin(self) -> None:
        self.outcome = None
        self._clear_steps()
        self._headline.setText("EMERGENCY OFF")
        theme.set_property(self._headline, "state", "warning")
        self._picture.setPixmap(theme.icon("emergency", theme.current().emergency).pixmap(56, 56))
        self._busy.show()
        self.show()
        self.raise_()

    def _show(self, outcome: EmergencyOutcome) -> None:
        self.outcome = outcome
        self._busy.hide()
        style = theme.state_style("good" if outcome.safe else "bad")
        self._headline.setText("SAFE" if outcome.safe else "NOT SAFE")
        theme.set_property(self._headline, "state", "good" if outcome.safe else "bad")
        self._picture.setPixmap(
            theme.icon("safe" if outcome.safe else "not-safe", style.colour).pixmap(56, 56)
        )
        done_without = outcome.way != "host" and bool(outcome.steps)
        words = "The host didn't answer and was ended. " if done_without else ""
        self._sentence.setText(
            words + ("Every step was verified." if outcome.steps and outcome.safe else outcome.sentence)
        )
        self._clear_steps()
        for row, step in enumerate(outcome.steps):
            self._add_step(row, step)
        self._hint.setVisible(not outcome.safe)
        self.adjustSize()

    def _add_step(self, row: int, step: Any) -> None:
        style = theme.state_style("good" if step["safe"] else "bad")
        sign = QLabel(style.symbol)
        theme.set_property(sign, "state", "good" if step["safe"] else "bad")
        text = QLabel(str(step["name"]) + ("" if step["safe"] else f": {step['problem']}"))
        text.setWordWrap(True)
        self._steps.addWidget(sign, row, 0, Qt.AlignmentFlag.AlignTop)
        self._steps.addWidget(text, row, 1)

    def _clear_steps(self) -> None:
        while (item := self._steps.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()

    def _lay_out(self, close: QPushButton) -> None:
        words = QVBoxLayout()
        words.addWidget(self._headline)
        words.addWidget(self._sentence)
        top = QHBoxLayout()
        top.setSpacing(16)
        top.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignTop)
        top.addLayout(words, 1)
        buttons = QHBoxLayout()
        buttons.addStretch()
        buttons.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 20, 20, 16)
        layout.setSpacing(12)
        layout.addLayout(top)
        layout.addWidget(self._busy)
        layout.addLayout(self._steps)
        layout.addWidget(self._hint)
        layout.addStretch()
        layout.addLayout(buttons)
