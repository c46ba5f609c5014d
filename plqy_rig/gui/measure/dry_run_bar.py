"""A bar that shows how near the highest power density comes to what the rig allows."""

from __future__ import annotations

from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from plqy_rig.gui.themes import theme

_HEIGHT_PX = 12
_ROOM = 1.15
"""The bar ends this factor above the limit, so that more than the limit can be seen as more."""
_NEAR = 0.9


class LimitBar(QWidget):
    """A filled bar with a mark at the limit; hatched beyond it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.value = 0.0
        self.limit = 0.0
        self.setFixedHeight(_HEIGHT_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.on_change(self.update)

    def show_value(self, value: float, limit: float) -> None:
        """Show a value against its limit, in the same unit."""
        self.value, self.limit = value, limit
        self.setAccessibleName(f"{value:g} of {limit:g}")
        self.update()

    @property
    def state(self) -> str:
        """Get "good", "warning" near the limit, or "bad" beyond it."""
        if self.value > self.limit:
            return "bad"
        return "warning" if self.value > _NEAR * self.limit else "good"

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 -- Qt's name
        """Draw it."""
        if self.limit <= 0:
            return
        colours = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme.pen(colours.border, 1.0))
        painter.setBrush(QColor(colours.raised))
        whole = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(whole, 4, 4)
        scale = whole.width() / (self.limit * _ROOM)
        filled = QRectF(whole.left(), whole.top(), min(self.value * scale, whole.width()), whole.height())
        painter.setPen(Qt.PenStyle.NoPen)
        colour = QColor(colours.bad if self.state == "bad" else colours.accent)
        painter.setBrush(colour)
        painter.drawRoundedRect(filled, 4, 4)
        if self.state == "bad":
            painter.setBrush(Qt.BrushStyle.BDiagPattern)
            painter.drawRect(filled.adjusted(self.limit * scale, 0, 0, 0))
        painter.setPen(theme.pen(colours.text, 2.0))
        at = whole.left() + self.limit * scale
        painter.drawLine(int(at), 0, int(at), self.height())
        painter.end()
