"""The uncertainty budget as horizontal bars: statistical and systematic terms apart, with their sums."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QBrush, QColor, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QLabel, QScrollArea, QVBoxLayout, QWidget

from plqy_rig.data import WindowResult
from plqy_rig.evaluation.uncertainty import RANDOM_TERMS
from plqy_rig.evaluation.words import number, term_words
from plqy_rig.gui.results.plot import short_name
from plqy_rig.gui.results.reading import Reading
from plqy_rig.gui.results.run_choice import ElidedBox, RunChoice, labelled_row
from plqy_rig.gui.themes import theme


@dataclass(frozen=True)
class BudgetBar:
    """One contribution.

    Attributes:
        name: in words.
        relative: of the value, a fraction.
        statistical: whether it shrinks with more scans.
        is_sum: whether it is the quadratic sum of those above it.
    """

    name: str
    relative: float
    statistical: bool
    is_sum: bool = False


def budget_bars(budget: Mapping[str, float]) -> tuple[BudgetBar, ...]:
    """Statistical terms, then systematic ones, each with their sum, largest first; then all together."""
    bars: list[BudgetBar] = []
    finite = {name: value for name, value in budget.items() if math.isfinite(value)}
    for statistical, words in ((True, "statistical"), (False, "systematic")):
        parts = {name: value for name, value in finite.items() if (name in RANDOM_TERMS) is statistical}
        ordered = sorted(parts.items(), key=lambda item: -item[1])
        bars += [BudgetBar(term_words(name), value, statistical) for name, value in ordered]
        if ordered:
            bars.append(BudgetBar(f"{words} together", _quadrature(parts.values()), statistical, True))
    if finite:
        bars.append(BudgetBar("standard uncertainty", _quadrature(finite.values()), False, True))
    return tuple(bars)


class BudgetBars(QWidget):
    """Draws the bars."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bars: tuple[BudgetBar, ...] = ()
        theme.on_change(self.update)

    def show_bars(self, bars: Sequence[BudgetBar]) -> None:
        """Draw these."""
        self.bars = tuple(bars)
        words = "; ".join(f"{bar.name} {100 * bar.relative:.2f} %" for bar in self.bars)
        self.setAccessibleName(f"Uncertainty budget: {words}")
        self.updateGeometry()
        self.setMinimumHeight(self.sizeHint().height())
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Qt's: a row for each bar."""
        return QSize(480, int(self._row_height() * (len(self.bars) + 1)) + 16)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Qt's: draw."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        names = (
            self.fontMetrics().horizontalAdvance(max((bar.name for bar in self.bars), key=len, default=""))
            + 26
        )
        numbers = self.fontMetrics().horizontalAdvance("00.00 %") + 16
        room = max(60.0, self.width() - names - numbers)
        highest = max((bar.relative for bar in self.bars), default=0.0) or 1.0
        top = 8.0
        for index, bar in enumerate(self.bars):
            length = max(1.5, room * bar.relative / highest)
            self._draw_bar(painter, bar, QRectF(names, top, length, self._row_height()))
            top += self._row_height()
            if bar.is_sum and index < len(self.bars) - 1:
                painter.setPen(QPen(QColor(theme.current().border), 1))
                middle = top + self._row_height() / 4
                painter.drawLine(QPointF(8, middle), QPointF(self.width() - 8, middle))
                top += self._row_height() / 2

    def _draw_bar(self, painter: QPainter, bar: BudgetBar, area: QRectF) -> None:
        look = theme.current()
        style = theme.series_style(1 if bar.statistical else 0)
        total = bar.name == "standard uncertainty"
        colour = QColor(look.text if total else style.colour)
        body = area.adjusted(0, 0.22 * area.height(), 0, -0.22 * area.height())
        painter.setPen(QPen(colour, 1.2))
        # Sums are outlined, statistical terms hatched: told apart without colour too.
        if bar.is_sum and not total:
            painter.setBrush(Qt.BrushStyle.NoBrush)
        elif bar.statistical:
            painter.setBrush(QBrush(colour, Qt.BrushStyle.BDiagPattern))
        else:
            painter.setBrush(colour)
        painter.drawRoundedRect(body, 2, 2)
        font = painter.font()
        font.setBold(bar.is_sum)
        painter.setFont(font)
        painter.setPen(QColor(look.text))
        left = QRectF(8, area.top(), area.left() - 18, area.height())
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(left, Qt.AlignmentFlag.AlignLeft | middle, bar.name)
        right = QRectF(area.right() + 8, area.top(), 120, area.height())
        painter.drawText(right, Qt.AlignmentFlag.AlignLeft | middle, f"{number(100 * bar.relative, '.2f')} %")

    def _row_height(self) -> float:
        return 1.7 * self.fontMetrics().height()


class BudgetView(QWidget):
    """The budget of one run: of its mean or of a single step."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._windows: list[WindowResult] = []
        self.run, self.what = RunChoice("Run of the budget"), ElidedBox("Mean or step")
        self.bars = BudgetBars()
        self.head, self.legend = QLabel(), QLabel()
        self._lay_out()
        self.run.currentIndexChanged.connect(self._run_chosen)
        self.what.currentIndexChanged.connect(self._draw)

    def show_reading(self, reading: Reading) -> None:
        """Offer the runs that have a result."""
        shown = [(index, item) for index, item in enumerate(reading.runs) if item.window is not None]
        self._windows = [item.window for _, item in shown if item.window is not None]
        self.run.offer([f"{index + 1}. {short_name(item.name)}" for index, item in shown])
        self._run_chosen()

    def _lay_out(self) -> None:
        self.what.setMinimumContentsLength(9)
        self.head.setWordWrap(True)
        self.legend.setProperty("role", "muted")
        self.legend.setWordWrap(True)
        self.legend.setText(
            "Relative standard uncertainties (k = 1), added in quadrature. Hatched: statistical, smaller "
            "with more scans or steps. Full: systematic, one unknown for the whole run."
        )
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(self.bars)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.addLayout(labelled_row([("Run", self.run), ("Of", self.what)]))
        layout.addWidget(self.head)
        layout.addWidget(scroll, 1)
        layout.addWidget(self.legend)

    def _run_chosen(self, _: int = 0) -> None:
        window = self._window()
        held = self.what.currentIndex()
        self.what.blockSignals(True)
        self.what.clear()
        if window is not None:
            self.what.addItem("the mean")
            steps = enumerate(window.power_density_mw_per_cm2, start=1)
            self.what.addItems([f"step {step}, {density:.0f} mW/cm²" for step, density in steps])
        self.what.setCurrentIndex(held if 0 <= held < self.what.count() else 0)
        self.what.blockSignals(False)
        self._draw()

    def _draw(self, _: int = 0) -> None:
        window, chosen = self._window(), self.what.currentIndex()
        if window is None or chosen < 0:
            self.head.setText("No run with a quantum yield is open.")
            self.bars.show_bars(())
            return
        step = chosen - 1
        budget = (
            window.budget
            if chosen == 0
            else {name: float(part[step]) for name, part in window.details.step_budget.items()}
        )
        self.bars.show_bars(budget_bars(budget))
        words = "The mean" if chosen == 0 else f"The yield of step {chosen}"
        self.head.setText(
            f"{words}, {window.low_nm:g}–{window.high_nm:g} nm, has no value: see the flags."
            if not self.bars.bars
            else f"{words}, {window.low_nm:g}–{window.high_nm:g} nm, is uncertain because of:"
        )

    def _window(self) -> WindowResult | None:
        index = self.run.currentIndex()
        return self._windows[index] if 0 <= index < len(self._windows) else None


def _quadrature(values: object) -> float:
    return math.sqrt(sum(value**2 for value in values))  # type: ignore[attr-defined]
