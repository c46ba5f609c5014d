"""The roles as buttons: which are shown, with the line they are drawn with."""

from __future__ import annotations

from collections.abc import Container, Mapping

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PyQt6.QtWidgets import QAbstractButton, QGridLayout, QSizePolicy, QWidget

from calibration.roles import PASS_ORDER, Role
from plqy_rig.gui.themes import theme

_LINE_PX = 26
_GAP_PX = 6
_PER_ROW = 3


class RoleButton(QAbstractButton):
    """One role: its line and its words; pressed in means that it is shown."""

    def __init__(self, role: Role, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.role = role
        self.available = False
        self.remark = ""
        self.shows_remark = False
        self.warns = False
        self.setText(theme.role_style(role).label)
        self.setCheckable(True)
        self.setChecked(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip("Show or hide this role")
        # Narrow windows cut the words, never the line in front of them.
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(_LINE_PX + 34)

    def sizeHint(self) -> QSize:  # noqa: N802 -- Qt's
        """Room for line and words."""
        metrics = self.fontMetrics()
        return QSize(_LINE_PX + 3 * _GAP_PX + metrics.horizontalAdvance(self.words), metrics.height() + 8)

    @property
    def words(self) -> str:
        """Get what is written: the role, with the sign of a warning where there is one."""
        return f"{theme.state_style('warning').symbol} {self.text()}" if self.warns else self.text()

    @property
    def has_room(self) -> bool:
        """Get whether words and remark fit."""
        width = self.fontMetrics().horizontalAdvance
        return self.width() >= _LINE_PX + 5 * _GAP_PX + width(self.words) + width(self.remark)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 -- Qt's
        """Draw the line as in the plot, then the words."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours, middle = theme.current(), self.height() / 2
        if self.hasFocus() or self.underMouse():
            painter.setPen(theme.pen(colours.accent if self.hasFocus() else colours.border, 1.0))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
        painter.setOpacity(1.0 if self.available and self.isChecked() else 0.4)
        style = theme.role_style(self.role)
        painter.setPen(theme.pen(style.colour, 2.4, style.dash))
        painter.drawLine(QPointF(_GAP_PX, middle), QPointF(_GAP_PX + _LINE_PX, middle))
        painter.setPen(theme.pen(colours.warning if self.warns else colours.text))
        font = painter.font()
        font.setStrikeOut(not self.isChecked())
        painter.setFont(font)
        room = self.rect().adjusted(_LINE_PX + 2 * _GAP_PX, 0, -2, 0)
        left = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        words = self.fontMetrics().elidedText(self.words, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, left, words)
        room.setLeft(room.left() + self.fontMetrics().horizontalAdvance(self.words) + 2 * _GAP_PX)
        if self.shows_remark:
            painter.setPen(theme.pen(colours.muted))
            painter.drawText(room, left, self.remark)
        painter.end()


class RoleLegend(QWidget):
    """A button for each role.

    Signals:
        changed(): another choice of roles.
    """

    changed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons = {role: RoleButton(role) for role in PASS_ORDER}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(2)
        self._per_row = 0
        for button in self.buttons.values():
            button.toggled.connect(lambda checked: self.changed.emit())
        self._arrange(_PER_ROW)
        self.buttons[Role.EMPTY_EMISSION].hide()

    @property
    def chosen(self) -> frozenset[Role]:
        """Get the roles that may be shown."""
        return frozenset(role for role, button in self.buttons.items() if button.isChecked())

    def set_available(self, roles: Mapping[Role, str], warned: Container[Role] = ()) -> None:
        """Say which roles have a spectrum at the step on show.

        The sixth role is listed only if it has one.

        Args:
            roles: those, with a remark to each, e.g. `10 × 12 ms`.
            warned: roles whose spectrum has something wrong with it, told by the remark.
        """
        for role, button in self.buttons.items():
            state = (role in roles, roles.get(role, ""), role in warned)
            if (button.available, button.remark, button.warns) != state:
                button.available, button.remark, button.warns = state
                button.setToolTip(f"Show or hide: {button.text()}  {button.remark}")
                button.update()
        if Role.EMPTY_EMISSION in roles:
            self.buttons[Role.EMPTY_EMISSION].show()
        self._arrange_for_width()
        self._place_remarks()

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 -- Qt's
        """See whether the remarks fit now."""
        super().resizeEvent(event)
        self._arrange_for_width()
        self._place_remarks()

    def _arrange_for_width(self) -> None:
        widest = max(button.sizeHint().width() for button in self.buttons.values() if not button.isHidden())
        self._arrange(_PER_ROW if self.width() >= _PER_ROW * widest else _PER_ROW - 1)

    def _arrange(self, per_row: int) -> None:
        """With three in a row laser light is above and emission below."""
        if per_row == self._per_row:
            return
        self._per_row = per_row
        for index, button in enumerate(self.buttons.values()):
            self._grid.addWidget(button, index // per_row, index % per_row)
        for place in range(_PER_ROW):
            self._grid.setColumnStretch(place, 1 if place < per_row else 0)

    def _place_remarks(self) -> None:
        # All or none: a remark at some only would look like a difference between the roles.
        shown = all(button.has_room for button in self.buttons.values() if button.isVisible())
        for button in self.buttons.values():
            if button.shows_remark != shown:
                button.shows_remark = shown
                button.update()
