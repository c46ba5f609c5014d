"""A button for what can't be taken back: it has to be pressed twice."""

from __future__ import annotations

from PyQt6.QtCore import QTimer, pyqtSignal
from PyQt6.QtWidgets import QPushButton, QWidget

ARMED_MS = 4000
"""How long the second press counts."""


class TwicePressedButton(QPushButton):
    """Asks "really?" on its own face, and forgets the first press after a while.

    Signals:
        confirmed(): it was pressed twice.
    """

    confirmed = pyqtSignal()

    def __init__(self, text: str, question: str, parent: QWidget | None = None) -> None:
        """Make it.

        Args:
            text: what it says usually.
            question: what it says after the first press.
            parent: as ever.
        """
        super().__init__(text, parent)
        self._text, self._question = text, question
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(ARMED_MS)
        self._timer.timeout.connect(self.disarm)
        self.clicked.connect(self.press)

    @property
    def is_armed(self) -> bool:
        """Get whether the next press counts."""
        return self._timer.isActive()

    def press(self) -> None:
        """Arm it, or confirm when it is armed."""
        if self.is_armed:
            self.disarm()
            self.confirmed.emit()
        else:
            self._timer.start()
            self.setText(self._question)

    def disarm(self) -> None:
        """Forget the first press."""
        self._timer.stop()
        self.setText(self._text)
