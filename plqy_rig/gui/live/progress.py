"""How far the run is: a bar for each pass in its order, what is being done, time left, dose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PyQt6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QHelpEvent, QPainter, QPaintEvent, QResizeEvent
from PyQt6.QtWidgets import QSizePolicy, QToolTip, QWidget

from plqy_rig.gui.themes import theme

_BAR_PX = 12
_GAP_PX = 10
_MOST_TICKS = 40


@dataclass(frozen=True)
class PassState:
    """One pass.

    Attributes:
        role: a value of Role.
        done: steps that are saved.
        steps: steps in all.
        active: whether it is measured now.
    """

    role: str
    done: int
    steps: int
    active: bool

    @property
    def words(self) -> str:
        """Get what a tooltip says."""
        state = "measuring" if self.active else "complete" if self.done >= self.steps else "to come"
        return f"{theme.role_style(self.role).label}: {self.done} of {self.steps} power steps, {state}"


class PassBars(QWidget):
    """The passes of a run, side by side in their order."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.passes: tuple[PassState, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Progress by pass")

    def set_passes(self, rows: Sequence[Mapping[str, Any]], active_role: str) -> None:
        """Take the host's progress.

        Args:
            rows: `progress.passes` of the protocol.
            active_role: the pass under way; empty for none.
        """
        passes = tuple(
            PassState(row["role"], int(row["steps_done"]), int(row["steps"]), row["role"] == active_role)
            for row in rows
        )
        if passes != self.passes:
            self.passes = passes
            self.setAccessibleDescription("; ".join(entry.words for entry in passes))
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 -- Qt's
        """Words in one line or two, then the bar."""
        return QSize(600, self._lines() * self.fontMetrics().height() + _BAR_PX + 10)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 -- Qt's
        """Words are cut where there is no room."""
        return QSize(240, self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 -- Qt's
        """Narrow bars have their words in two lines."""
        super().resizeEvent(event)
        self.updateGeometry()

    def _lines(self) -> int:
        if not self.passes:
            return 1
        room = self.width() / len(self.passes) - _GAP_PX
        wide = self.fontMetrics().horizontalAdvance
        labels = [theme.role_style(entry.role).label for entry in self.passes]
        return 1 if max(wide(f"{label}  ✔ 00/00") for label in labels) < room else 2

    def event(self, event: QEvent | None) -> bool:
        """Say in words what stands under the pointer."""
        if isinstance(event, QHelpEvent) and self.passes:
            width = self.width() / len(self.passes)
            index = min(int(event.pos().x() / width), len(self.passes) - 1)
            QToolTip.showText(event.globalPos(), self.passes[index].words, self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 -- Qt's
        """Draw every pass."""
        if not self.passes:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = (self.width() - _GAP_PX * (len(self.passes) - 1)) / len(self.passes)
        for index, entry in enumerate(self.passes):
            self._paint_pass(painter, entry, index * (width + _GAP_PX), width)
        painter.end()

    def _paint_pass(self, painter: QPainter, entry: PassState, left: float, width: float) -> None:
        colours, height = theme.current(), self.fontMetrics().height()
        lines = self._lines()
        style = theme.role_style(entry.role)
        count = f"{entry.done}/{entry.steps}"
        complete = entry.done >= entry.steps
        if complete:
            count = f"✔ {count}"
        font = self.font()
        font.setBold(entry.active)
        painter.setFont(font)
        painter.setPen(theme.pen(colours.text if entry.active or complete else colours.muted))
        last = QRectF(left, (lines - 1) * height, width, height)
        wide = painter.fontMetrics().horizontalAdvance
        to_left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        words = style.label
        if lines == 2:
            place, _, light = style.label.partition(" (")
            if wide(place) > width:
                place = place.split()[0]
            place = painter.fontMetrics().elidedText(place, Qt.TextElideMode.ElideRight, int(width))
            painter.drawText(QRectF(left, 0, width, height), to_left, place)
            words = light.rstrip(")")
        if wide(words) + wide(count) + 8 > width:
            # Where there isn't room for both, the words matter more: the bar shows the count.
            count = "✔" if complete else ""
        room = int(width - wide(count) - 8)
        words = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, room)
        painter.drawText(last, to_left, words)
        painter.drawText(last, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, count)
        self._paint_bar(painter, entry, QRectF(left + 0.5, last.bottom() + 4.5, width - 1, _BAR_PX))

    def _paint_bar(self, painter: QPainter, entry: PassState, bar: QRectF) -> None:
        colours, style = theme.current(), theme.role_style(entry.role)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.translucent(style.colour, 0.18))
        painter.drawRoundedRect(bar, 4, 4)
        if entry.done and entry.steps:
            done = QRectF(bar.x(), bar.y(), bar.width() * min(1.0, entry.done / entry.steps), bar.height())
            painter.setBrush(theme.translucent(style.colour, 1.0))
            painter.drawRoundedRect(done, 4, 4)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        self._paint_ticks(painter, entry, bar)
        painter.setPen(
            theme.pen(colours.text if entry.active else colours.border, 1.6 if entry.active else 1.0)
        )
        painter.drawRoundedRect(bar, 4, 4)

    def _paint_ticks(self, painter: QPainter, entry: PassState, bar: QRectF) -> None:
        if not 1 < entry.steps <= _MOST_TICKS or bar.width() / entry.steps < 5:
            return
        painter.setPen(theme.pen(theme.current().surface, 1.0))
        for step in range(1, entry.steps):
            x = bar.x() + bar.width() * step / entry.steps
            painter.drawLine(QPointF(x, bar.top() + 1), QPointF(x, bar.bottom() - 1))
