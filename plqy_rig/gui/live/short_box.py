"""A combo box for narrow places."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QPaintEvent, QResizeEvent
from PyQt6.QtWidgets import QComboBox, QStyle, QStyleOptionComboBox, QStylePainter, QWidget

_LIST_WIDTH_PX = 200


class ShortComboBox(QComboBox):
    """Shortens its text to the room there is; the tooltip and the open list have all of it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hint = ""
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        view = self.view()
        assert view is not None
        view.setMinimumWidth(_LIST_WIDTH_PX)
        self.currentTextChanged.connect(lambda _: self._tell())

    def set_hint(self, hint: str) -> None:
        """Say what it is for, in the tooltip."""
        self._hint = hint
        self._tell()

    @property
    def shown_text(self) -> str:
        """Get the text as it is drawn."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        style = self.style()
        assert style is not None
        field = QStyle.SubControl.SC_ComboBoxEditField
        room = style.subControlRect(QStyle.ComplexControl.CC_ComboBox, option, field, self).width()
        return option.fontMetrics.elidedText(self.currentText(), Qt.TextElideMode.ElideRight, room)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 -- Qt's name
        """Draw as ever, with the shortened text."""
        painter = QStylePainter(self)
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        option.currentText = self.shown_text
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
        painter.end()

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 -- Qt's name
        """Tell in the tooltip what has no room."""
        super().resizeEvent(event)
        self._tell()

    def _tell(self) -> None:
        cut = self.shown_text != self.currentText()
        self.setToolTip("\n".join(filter(None, (self.currentText() if cut else "", self._hint))))
