"""One card for each open run: its mark in the plots, its mean now, and what it was as measured."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from PyQt6.QtCore import QPointF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF, QResizeEvent
from PyQt6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from plqy_rig.data import WindowResult
from plqy_rig.evaluation import NOTES
from plqy_rig.evaluation.words import number, percent, plural, power_range, window_limits
from plqy_rig.gui.results.reading import OpenRun, Reading
from plqy_rig.gui.results.text import when_briefly
from plqy_rig.gui.themes import theme
from plqy_rig.gui.widgets.removal import remove

_NOTES = {str(flag) for flag in NOTES}
_CARD_WIDTH, _LOW_CARD_WIDTH = 250, 320
_MOST_ROWS = 2
_GAP = 8
_TALL_WINDOW = 900
"""Pixels; on a lower one the plots need the room more."""
_LOW_WINDOW = 760
"""Pixels; below that a card has two lines where it can."""
_BESIDE_NAME_PX = 34 + 8 + 2 * 12 + 4
_NOTHING_CHANGED = "as measured,"


class Swatch(QWidget):
    """The line and marker of a series."""

    def __init__(self, index: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._index = index
        self.setFixedSize(34, 16)
        theme.on_change(self.update)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Qt's: draw."""
        style = theme.series_style(self._index)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(style.colour), 2, style.dash))
        painter.drawLine(QPointF(1, 8), QPointF(33, 8))
        painter.setPen(QPen(QColor(style.colour), 1.4))
        painter.setBrush(QColor(style.colour))
        _draw_symbol(painter, style.symbol, QPointF(17, 8), 4.4)


class RunCard(QFrame):
    """Name, mean now, mean as measured, flags.

    Signals:
        pressed(int): the card's number.
    """

    pressed = pyqtSignal(int)

    def __init__(
        self,
        index: int,
        item: OpenRun,
        parent: QWidget | None = None,
        *,
        low: bool = False,
        dated: bool = False,
    ) -> None:
        """Build it.

        Args:
            index: of the run.
            item: the run.
            parent: as ever.
            low: whether the plots need the height more: name and mean in one line, and what nothing was
                changed of is said by the tooltip alone.
            dated: whether the name doesn't say which run it is.
        """
        super().__init__(parent)
        when = f", {when_briefly(item.subject.run.started)}" if dated else ""
        self._index, self._name, self._low = index, f"{item.name}{when}", low
        self.setProperty("role", "card")
        self.name = QLabel(self._name)
        self.name.setTextFormat(Qt.TextFormat.PlainText)
        self.now, self.before, self.flags = QLabel(), QLabel(), QLabel()
        self.now.setProperty("role", "value")
        self.before.setProperty("role", "muted")
        for label in (self.before, self.flags):
            label.setWordWrap(True)
        head = QHBoxLayout()
        head.addWidget(Swatch(index))
        head.setSpacing(8)
        head.addWidget(self.name, 1)
        if low:
            head.addWidget(self.now)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(2)
        layout.addLayout(head)
        for label in (self.before, self.flags) if low else (self.now, self.before, self.flags):
            layout.addWidget(label)
        self._say(item)
        self.setToolTip("\n".join((self._name, self.before.text(), str(item.path))))

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Qt's: tell that it was chosen."""
        self.pressed.emit(self._index)

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Qt's: elide the name."""
        super().resizeEvent(event)
        room = self.width() - _BESIDE_NAME_PX - (self.now.sizeHint().width() + 8 if self._low else 0)
        shown = self.name.fontMetrics().elidedText(self._name, Qt.TextElideMode.ElideMiddle, room)
        self.name.setText(shown)
        self.name.setToolTip(self._name if shown != self._name else "")

    def _say(self, item: OpenRun) -> None:
        window = item.window
        if window is None:
            self.now.setText("no quantum yield")
            self.before.setText(item.subject.problem)
            theme.set_property(self, "state", "bad")
            self.flags.hide()
            return
        self.now.setText(mean_text(window))
        self.before.setText(before_text(window, item.before))
        self.before.setHidden(self._low and self.before.text().startswith(_NOTHING_CHANGED))
        doubts, notes = flags_of(window)
        self.flags.setText(_flags_text(doubts, notes))
        self.flags.setProperty("state", "warning" if doubts else "good")
        self.flags.setToolTip("\n".join(flag.replace("_", " ") for flag in (*doubts, *notes)))


class RunCards(QScrollArea):
    """The cards, side by side; they scroll when there are many.

    Signals:
        pressed(int): number of the card that was chosen.
    """

    pressed = pyqtSignal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cards: list[RunCard] = []
        self._reading: Reading | None = None
        self._low = False
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._inside = QWidget()
        self._grid = QGridLayout(self._inside)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(_GAP)
        self.setWidget(self._inside)

    def show_reading(self, reading: Reading) -> None:
        """A card for each open run."""
        self._reading, self._low = reading, self._is_low()
        for card in self.cards:
            remove(self._grid, card)
        times = Counter(item.name for item in reading.runs)
        self.cards = [
            RunCard(index, item, low=self._low, dated=times[item.name] > 1)
            for index, item in enumerate(reading.runs)
        ]
        for card in self.cards:
            card.pressed.connect(self.pressed)
        self._arrange()

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Qt's: as many beside each other as fit."""
        super().resizeEvent(event)
        if self._reading is not None and self._low is not self._is_low():
            self.show_reading(self._reading)
        self._arrange()

    def _is_low(self) -> bool:
        window = self.window()
        return window is not None and window.height() < _LOW_WINDOW

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Qt's: one row, or two."""
        return QSize(600, self._height())

    def _arrange(self) -> None:
        columns = self._columns()
        for position, card in enumerate(self.cards):
            self._grid.addWidget(card, position // columns, position % columns, Qt.AlignmentFlag.AlignTop)
        for column in range(self._grid.columnCount()):
            used = column < min(columns, max(len(self.cards), 1))
            self._grid.setColumnStretch(column, 1 if used else 0)
        self.setFixedHeight(self._height())

    def _columns(self) -> int:
        return max(1, self.width() // (_LOW_CARD_WIDTH if self._low else _CARD_WIDTH))

    def _height(self) -> int:
        if not self.cards:
            return 0
        columns = self._columns()
        window = self.window()
        tall = window is not None and window.height() >= _TALL_WINDOW
        most = _MOST_ROWS if tall or self._low else 1
        rows = min(most, math.ceil(len(self.cards) / columns))
        width = (self.width() - _GAP * (columns - 1)) // columns
        height = max(card.heightForWidth(width) for card in self.cards)
        more = len(self.cards) > columns * most
        # The beginning of the next row says that there are more.
        return rows * (height + _GAP) - _GAP + (28 if more else 0)


def mean_text(window: WindowResult) -> str:
    """A mean in per cent with its uncertainty, or with its interval where no symmetric one may be stated."""
    if not math.isfinite(window.mean_plqy):
        return "no step in the range"
    low, high = window.details.mean.ci68
    if math.isfinite(window.u_mean_plqy) or not (math.isfinite(low) and math.isfinite(high)):
        return f"{percent(window.mean_plqy, window.u_mean_plqy)} %"
    shown = number(100 * window.mean_plqy, ".1f")
    return f"{shown} % (68 %: {number(100 * low, '.1f')} to {number(100 * high, '.1f')})"


def before_text(window: WindowResult, before: WindowResult | None) -> str:
    """What the mean was as measured, and by how much it moved; short where nothing was changed."""
    if before is None:
        return "as measured: no quantum yield"
    same = (window.low_nm, window.high_nm, window.range_mw_per_cm2) == (
        before.low_nm,
        before.high_nm,
        before.range_mw_per_cm2,
    )
    if same and window.mean_plqy == before.mean_plqy:
        return f"{_NOTHING_CHANGED} {window_limits(window)}, {power_range(window.range_mw_per_cm2)}"
    moved = window.mean_plqy - before.mean_plqy
    change = f", moved by {number(100 * moved, '+.2f')}" if math.isfinite(moved) else ""
    where = f"{window_limits(before)}, {power_range(before.range_mw_per_cm2)}"
    return f"as measured {mean_text(before)}{change}\n{where}"


def flags_of(window: WindowResult) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Flags of a result, once each: those that doubt it, and notes."""
    raised = dict.fromkeys(flag for flags in window.flags for flag in flags)
    doubts = tuple(flag for flag in raised if flag not in _NOTES)
    return doubts, tuple(flag for flag in raised if flag in _NOTES)


def _flags_text(doubts: Sequence[str], notes: Sequence[str]) -> str:
    if not doubts:
        return "✓ no doubts" + (f", {plural(len(notes), 'note')}" if notes else "")
    shown = ", ".join(flag.replace("_", " ") for flag in doubts[:2])
    more = f" and {len(doubts) - 2} more" if len(doubts) > 2 else ""
    return f"⚑ {shown}{more}"


def _draw_symbol(painter: QPainter, symbol: str, centre: QPointF, size: float) -> None:
    shapes: dict[str, list[tuple[float, float]]] = {
        "s": [(-1, -1), (1, -1), (1, 1), (-1, 1)],
        "t": [(-1, -0.9), (1, -0.9), (0, 1)],
        "t1": [(-1, 0.9), (1, 0.9), (0, -1)],
        "d": [(0, -1.2), (1, 0), (0, 1.2), (-1, 0)],
        "p": [(0, -1.1), (1.05, -0.3), (0.65, 1), (-0.65, 1), (-1.05, -0.3)],
        "x": [(-1.2, -0.4), (-0.4, -0.4), (-0.4, -1.2), (0.4, -1.2), (0.4, -0.4), (1.2, -0.4),
              (1.2, 0.4), (0.4, 0.4), (0.4, 1.2), (-0.4, 1.2), (-0.4, 0.4), (-1.2, 0.4)],
    }  # fmt: skip
    corners = shapes.get(symbol)
    if corners is None:
        painter.drawEllipse(centre, size, size)
        return
    painter.drawPolygon(QPolygonF([centre + QPointF(x * size, y * size) for x, y in corners]))
