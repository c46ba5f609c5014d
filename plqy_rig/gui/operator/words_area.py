"""What is said to the operator: as high as its words need, scrolled only where there is no room for them."""

from __future__ import annotations

from PyQt6.QtCore import QSize
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import QVBoxLayout, QWidget

from plqy_rig.gui.widgets.scroll_column import ScrollColumn

_LEAST_HEIGHT_PX = 90
GUTTER_PX = 12
"""Strip for the scroll bar; the panel leaves as much free beside everything else."""


class WordsArea(ScrollColumn):
    """Wrapped labels below each other; the first of them can be read without scrolling."""

    def __init__(self, *widgets: QWidget) -> None:
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        for widget in widgets:
            column.addWidget(widget)
        column.addStretch(1)
        # Wrapped labels ask for the height of a narrow column; here they have the width they get.
        content.setMinimumHeight(1)
        self._column = column
        super().__init__(content, GUTTER_PX)
        self.setAccessibleName("What to do")
        self.fit()

    def sizeHint(self) -> QSize:  # noqa: N802 -- Qt's name
        """As high as all of the words at this width."""
        width = self.width() - self.bar_width
        return QSize(super().sizeHint().width(), self._column.totalHeightForWidth(width))

    def minimumSizeHint(self) -> QSize:  # noqa: N802 -- Qt's name
        """Words wrap: any width will do."""
        return QSize(0, 0)

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 -- Qt's name
        """The words wrap anew."""
        super().resizeEvent(event)
        self.fit()

    def fit(self) -> None:
        """As high as the words, if there is room."""
        wanted = max(self.sizeHint().height(), 0)
        self.setMinimumHeight(min(wanted, _LEAST_HEIGHT_PX))
        self.setMaximumHeight(wanted)
        self.updateGeometry()
