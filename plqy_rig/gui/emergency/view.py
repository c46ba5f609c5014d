"""What is shown after EMERGENCY OFF was pressed: how far it is, and the verdict step by step."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import Any

from PyQt6.QtCore import Qt, QTimer, pyqtSignal
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
from plqy_rig.gui.widgets.removal import remove_all

_HINT = (
    "If it isn't safe: turn the laser's key switch off or open the interlock, and close the beam path by "
    "hand. The program is not the safety device."
)
_WIDTH_PX = 560
_LISTEN_MS = 50


class EmergencyDialog(QDialog):
    """Presses the button and shows what becomes of it. The window stays usable.

    Signals:
        finished_with(EmergencyOutcome): the verdict is there.

    Attributes:
        under_way: whether it was pressed and the verdict isn't there yet.
    """

    finished_with = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Emergency off")
        self.setMinimumWidth(_WIDTH_PX)
        self.outcome: EmergencyOutcome | None = None
        self.under_way = False
        # The thread that works tells nothing to Qt: this dialog may be gone before it ends.
        self._heard: SimpleQueue[str | EmergencyOutcome] = SimpleQueue()
        self._listen = QTimer(self)
        self._listen.setInterval(_LISTEN_MS)
        self._listen.timeout.connect(self._hear)
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
        self.finished_with.connect(self._show)

    def press(self, session: Session) -> None:
        """Take the light off; pressing again while it goes on only shows how far it is."""
        if self.under_way:
            self.come_up()
            return
        self._begin()
        address = session.address
        if address is None:
            self._show(
                EmergencyOutcome(False, "No rig is connected: there is nothing this window can switch off.")
            )
            return
        self.under_way = True
        self._heard = SimpleQueue()
        arguments = (address, self._heard)
        threading.Thread(target=_work, args=arguments, name="emergency", daemon=True).start()
        self._listen.start()

    def come_up(self) -> None:
        """Be seen."""
        self.show()
        self.raise_()

    def _hear(self) -> None:
        while not self._heard.empty():
            news = self._heard.get()
            if isinstance(news, str):
                self._tell(news)
            else:
                self._listen.stop()
                self.under_way = False
                self.finished_with.emit(news)

    def _tell(self, sentence: str) -> None:
        self._sentence.setText(sentence)
        self._fit()

    def _begin(self) -> None:
        self.outcome = None
        remove_all(self._steps)
        self._headline.setText("EMERGENCY OFF")
        theme.set_property(self._headline, "state", "warning")
        self._picture.setPixmap(theme.picture("emergency", theme.current().emergency, 56))
        self._busy.show()
        self._hint.show()
        self.come_up()
        self._fit()

    def _show(self, outcome: EmergencyOutcome) -> None:
        self.outcome = outcome
        self._busy.hide()
        style = theme.state_style("good" if outcome.safe else "bad")
        self._headline.setText("SAFE" if outcome.safe else "NOT SAFE")
        theme.set_property(self._headline, "state", "good" if outcome.safe else "bad")
        self._picture.setPixmap(theme.picture("safe" if outcome.safe else "not-safe", style.colour, 56))
        done_without = outcome.way != "host" and bool(outcome.steps)
        words = "The host didn't answer and was ended. " if done_without else ""
        self._sentence.setText(words + _said(outcome))
        remove_all(self._steps)
        for row, step in enumerate(outcome.steps):
            self._add_step(row, step)
        self._hint.setVisible(not outcome.safe)
        self._fit()

    def _fit(self) -> None:
        """As high as the words: a reason may be long, and nothing of it may be cut."""
        layout = self.layout()
        assert layout is not None
        layout.activate()
        self.resize(_WIDTH_PX, layout.totalHeightForWidth(_WIDTH_PX))

    def _add_step(self, row: int, step: Any) -> None:
        style = theme.state_style("good" if step["safe"] else "bad")
        sign = QLabel(style.symbol)
        theme.set_property(sign, "state", "good" if step["safe"] else "bad")
        text = QLabel(str(step["name"]) + ("" if step["safe"] else f": {step['problem']}"))
        text.setWordWrap(True)
        text.setTextFormat(Qt.TextFormat.PlainText)
        self._steps.addWidget(sign, row, 0, Qt.AlignmentFlag.AlignTop)
        self._steps.addWidget(text, row, 1)
        for label in (sign, text):
            label.show()  # now: what isn't shown yet has no part in the dialog's height

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


def _work(address: Any, heard: SimpleQueue[str | EmergencyOutcome]) -> None:
    """In a thread of its own."""
    heard.put(EmergencyOff(address, heard.put).run())


def _said(outcome: EmergencyOutcome) -> str:
    """What became of it in a sentence; where steps are listed, their problems stand there."""
    if not outcome.steps:
        return outcome.sentence
    if outcome.safe:
        return "Every step was verified."
    if all(step["safe"] for step in outcome.steps):
        return outcome.sentence
    return "What is marked below could not be verified."
