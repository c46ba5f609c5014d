"""The calibrations in their order, each with how it stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from PyQt6.QtCore import QEvent, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QPainter, QPaintEvent
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from plqy_rig.gui.calibrations.plan import PLAN, PlannedCalibration, Standing
from plqy_rig.gui.themes import theme

_NAME_ROLE = Qt.ItemDataRole.UserRole
_ITEM_PADDING = 6
_LAMP_PX = 16


class _Lamp(QWidget):
    """A small lamp. Not a label's picture: Qt makes that grey where it is disabled, in every theme."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedSize(_LAMP_PX, _LAMP_PX)
        self.setToolTip("Needs the calibration lamp: it warms up once for all of these.")

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Draw it in the theme's colour."""
        painter = QPainter(self)
        theme.icon("lamp", theme.current().muted).paint(painter, self.rect())
        painter.end()


class CalibrationRow(QFrame):
    """Number, title, state, sentence."""

    def __init__(self, number: int, one: PlannedCalibration) -> None:
        super().__init__()
        self.title, self.state, self.sentence = QLabel(f"{number}. {one.title}"), QLabel(), QLabel()
        self.title.setProperty("role", "subheading")
        self.sentence.setProperty("role", "muted")
        self.sentence.setWordWrap(True)
        top = QHBoxLayout()
        top.addWidget(self.title)
        if one.lamp:
            top.addWidget(_Lamp())
        top.addStretch()
        top.addWidget(self.state)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.setSpacing(2)
        layout.addLayout(top)
        layout.addWidget(self.sentence)

    def show_standing(self, standing: Standing) -> None:
        """Say how it stands."""
        style = theme.state_style(standing.state)
        self.state.setText(f"{style.symbol} {standing.word}")
        theme.set_property(self.state, "state", standing.state)
        self.sentence.setText(standing.sentence)


class CalibrationList(QListWidget):
    """One or several calibrations may be chosen.

    Signals:
        chosen(tuple): their names, in order.
    """

    chosen = pyqtSignal(tuple)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Calibrations")
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.rows: dict[str, CalibrationRow] = {}
        for number, one in enumerate(PLAN, start=1):
            item = QListWidgetItem(self)
            item.setData(_NAME_ROLE, one.name)
            self.rows[one.name] = CalibrationRow(number, one)
            self.setItemWidget(item, self.rows[one.name])
        self.itemSelectionChanged.connect(lambda: self.chosen.emit(self.chosen_names()))

    def chosen_names(self) -> tuple[str, ...]:
        """The chosen calibrations, in order."""
        items = [self.item(row) for row in range(self.count())]
        return tuple(str(item.data(_NAME_ROLE)) for item in items if item is not None and item.isSelected())

    def choose(self, names: Iterable[str]) -> None:
        """Choose these and no other."""
        wanted = set(names)
        self.blockSignals(True)
        for row in range(self.count()):
            item = self.item(row)
            if item is not None:
                item.setSelected(item.data(_NAME_ROLE) in wanted)
        self.blockSignals(False)
        self.chosen.emit(self.chosen_names())

    def show_standings(self, standings: Mapping[str, Standing]) -> None:
        """Say how each stands."""
        for name, standing in standings.items():
            self.rows[name].show_standing(standing)
        self._fit()

    def viewportEvent(self, event: QEvent | None) -> bool:  # noqa: N802 (Qt's name)
        """Qt's: sentences break elsewhere at another width."""
        if event is not None and event.type() == QEvent.Type.Resize:
            self._fit()
        return super().viewportEvent(event)

    def _fit(self) -> None:
        viewport = self.viewport()
        width = 300 if viewport is None else viewport.width()
        for row in range(self.count()):
            item = self.item(row)
            widget = None if item is None else self.rows.get(str(item.data(_NAME_ROLE)))
            if item is not None and widget is not None:
                # A little less than the viewport: the style leaves room around each item.
                height = widget.heightForWidth(width - 2 * _ITEM_PADDING)
                least = widget.title.sizeHint().height() + widget.sentence.sizeHint().height()
                item.setSizeHint(QSize(100, max(height, least + 18) + 2 * _ITEM_PADDING))
