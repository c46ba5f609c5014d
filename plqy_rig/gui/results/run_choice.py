"""Which of the open runs a tab is about, and the line of labelled boxes it stands in."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QPaintEvent, QResizeEvent
from PyQt6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QWidget,
)

_BESIDE_TEXT_PX = 4
_HANDY_WIDTH_PX = 320


class ElidedBox(QComboBox):
    """A box that ends what has no room with "…"; the tooltip then begins with all of it.

    Attributes:
        hint: the rest of the tooltip, what the box is for.
    """

    def __init__(self, accessible_name: str, hint: str = "") -> None:
        """Make it empty.

        Args:
            accessible_name: what it is for, e.g. "Run of the fits".
            hint: the same at length, for the tooltip.
        """
        super().__init__()
        self.hint = hint
        self.setAccessibleName(accessible_name)
        self.setToolTip(hint)
        # As narrow as a small window asks for: what is long is elided, not cut.
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Qt's: draw, with as much of the text as has room."""
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        option.currentText = self._shown()
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Qt's: another width shows more, or less."""
        super().resizeEvent(event)
        self._shown()

    def _shown(self) -> str:
        """The text as it fits; what doesn't goes into the tooltip."""
        option, style = QStyleOptionComboBox(), self.style()
        self.initStyleOption(option)
        assert style is not None
        field = QStyle.SubControl.SC_ComboBoxEditField
        room = style.subControlRect(QStyle.ComplexControl.CC_ComboBox, option, field, self).width()
        whole, end = self.currentText(), Qt.TextElideMode.ElideRight
        shown = self.fontMetrics().elidedText(whole, end, room - _BESIDE_TEXT_PX)
        tip = self.hint if shown == whole else "\n".join(filter(None, (whole, self.hint)))
        if tip != self.toolTip():
            self.setToolTip(tip)
        return shown


class RunChoice(ElidedBox):
    """A box with the open runs; who asks is told by `currentIndexChanged` of a choice, not of an offer."""

    def __init__(self, accessible_name: str) -> None:
        """Make it empty.

        Args:
            accessible_name: what it is for, e.g. "Run of the fits".
        """
        super().__init__(accessible_name)
        self.setMinimumContentsLength(9)

    def offer(self, names: Sequence[str]) -> None:
        """Offer other runs, silently; the place that was chosen stays chosen where it is still there."""
        held = self.currentIndex()
        self.blockSignals(True)
        self.clear()
        self.addItems(names)
        self.setCurrentIndex(held if 0 <= held < len(names) else 0)
        self.blockSignals(False)


def labelled_row(boxes: Sequence[tuple[str, QWidget]]) -> QHBoxLayout:
    """Boxes side by side, each behind its label; they take the room up to a handy width."""
    row = QHBoxLayout()
    row.setSpacing(8)
    for words, box in boxes:
        label = QLabel(words)
        label.setProperty("role", "muted")
        row.addWidget(label)
        row.addWidget(box, 1)
        box.setMaximumWidth(_HANDY_WIDTH_PX)
    row.addStretch()
    return row
