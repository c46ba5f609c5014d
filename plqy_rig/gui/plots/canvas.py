"""What a plot is painted on: when many are shown at once they are painted one after the other."""

from __future__ import annotations

import time
from typing import Any

import pyqtgraph as pg
from PyQt6.QtCore import QTimer
from PyQt6.QtGui import QPainter, QPaintEvent, QShowEvent

_TURN_S = 0.012
"""From one plot's first painting to the next one's: the event loop is free in between."""


class Canvas(pg.PlotWidget):  # type: ignore[misc]
    """A PlotWidget that waits for its turn when it is shown: six on a page must not block the window."""

    _next_turn_s = 0.0

    def __init__(self, **options: Any) -> None:
        """Make it; `options` are PlotWidget's."""
        self.is_waiting = False
        super().__init__(**options)
        self._turn_timer = QTimer(self)
        self._turn_timer.setSingleShot(True)
        self._turn_timer.timeout.connect(self._take_turn)

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802 -- Qt's
        """Stand in the line."""
        super().showEvent(event)
        self.wait_for_turn()

    def wait_for_turn(self) -> None:
        """Paint a little later, after those that came before."""
        if self.is_waiting:
            return
        now_s = time.monotonic()
        # Never in the turn of the showing itself, which lays out the page.
        turn_s = max(now_s + _TURN_S, Canvas._next_turn_s)
        Canvas._next_turn_s = turn_s + _TURN_S
        self.is_waiting = True
        self._turn_timer.start(round(1000 * (turn_s - now_s)))

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 -- Qt's
        """Paint the plot; only its background as long as others come first."""
        if not self.is_waiting:
            super().paintEvent(event)
            return
        painter = QPainter(self.viewport())
        painter.fillRect(self.rect(), self.backgroundBrush())
        painter.end()

    def _take_turn(self) -> None:
        self.is_waiting = False
        self.viewport().update()
