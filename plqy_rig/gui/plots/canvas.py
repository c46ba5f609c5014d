"""What a plot is painted on: many that are shown or pushed about at once are painted one after the other."""

from __future__ import annotations

import time
from typing import Any

import pyqtgraph as pg
from PyQt6.QtCore import QSize, Qt, QTimer
from PyQt6.QtGui import QPainter, QPaintEvent, QResizeEvent, QShowEvent

from plqy_rig.gui.themes import theme

_TURN_S = 0.012
"""From one plot's first painting to the next one's: the event loop is free in between."""


class Canvas(pg.PlotWidget):  # type: ignore[misc]
    """A PlotWidget that waits for its turn: six on a page must not block the window.

    It waits when it is shown, and when a panel that appears beside the page or a splitter gives it another
    size. While the window itself is drawn larger it doesn't wait: the plots follow the pointer.
    """

    _next_turn_s = 0.0

    def __init__(self, **options: Any) -> None:
        """Make it; `options` are PlotWidget's."""
        self.is_waiting = False
        self._has_picture = False
        self._window_size = QSize()
        super().__init__(**options)
        # All of it is painted by the plot itself; what stood there stays until then.
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._turn_timer = QTimer(self)
        self._turn_timer.setSingleShot(True)
        self._turn_timer.timeout.connect(self.take_turn)

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802 -- Qt's
        """Stand in the line."""
        super().showEvent(event)
        self._has_picture = False
        self._window_size = self.window().size()
        self.wait_for_turn()

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 -- Qt's
        """Stand in the line when the window stayed as it was: then others got another size, too."""
        super().resizeEvent(event)
        window_size = self.window().size()
        if window_size != self._window_size:
            # Qt keeps nothing of what was painted when a window gets another size.
            self._has_picture = False
        elif self.isVisible():
            self.wait_for_turn()
        self._window_size = window_size

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
        """Paint the plot; as long as others come first its old picture stays, or only its background."""
        if not self.is_waiting:
            super().paintEvent(event)
            self._has_picture = True
            return
        if self._has_picture:
            return
        painter = QPainter(self.viewport())
        painter.fillRect(self.rect(), self.backgroundBrush())
        painter.end()

    def dress(self) -> None:
        """Take the theme's colours."""
        theme.dress_plot(self)

    def take_turn(self) -> None:
        """Wait no longer."""
        self.is_waiting = False
        self.viewport().update()
