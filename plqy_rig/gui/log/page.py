"""What happened: the host's notices, the engine's changes of state, and what this window met."""

from __future__ import annotations

import logging
import time
from collections import deque
from dataclasses import dataclass
from html import escape
from typing import Any

from PyQt6.QtCore import QAbstractTableModel, QModelIndex, QObject, QSortFilterProxyModel, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QKeySequence
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from plqy_rig.gui.host_link.session import Session
from plqy_rig.gui.host_link.wire import Message
from plqy_rig.gui.themes import theme
from plqy_rig.gui.widgets.breakable import breakable
from plqy_rig.gui.widgets.pages import EmptyState, Page
from plqy_rig.gui.window.diagnostics import diagnostics_text

_COLUMNS = ("Time", "From", "What")
_LEVELS = ("everything", "warnings and errors")
_KEPT = 500
_CELL_MARGINS_PX = 12
_HIDDEN_LOGGERS = ("asyncio", "websockets")


@dataclass(frozen=True)
class LogEntry:
    """One line of the log.

    Attributes:
        time_s: when, s since 1970 UTC.
        source: "host", "engine" or "window".
        state: "unknown" for a notice, "warning", "bad".
        sentence: what happened.
    """

    time_s: float
    source: str
    state: str
    sentence: str

    @property
    def time_words(self) -> str:
        """Get the local time of day."""
        return time.strftime("%H:%M:%S", time.localtime(self.time_s))

    def line(self) -> str:
        """The entry as a line of text."""
        sign = "" if self.state == "unknown" else f" {theme.state_style(self.state).word}:"
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.time_s))
        return f"{when} {self.source}{sign} {self.sentence}"


class WindowLog(logging.Handler):
    """Keeps the last log records of this process, for the log page and the diagnostics."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.entries: deque[LogEntry] = deque(maxlen=_KEPT)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        if record.name.startswith(_HIDDEN_LOGGERS):
            return
        states = {logging.WARNING: "warning", logging.ERROR: "bad", logging.CRITICAL: "bad"}
        sentence = record.getMessage()
        self.entries.append(
            LogEntry(record.created, "window", states.get(record.levelno, "unknown"), sentence)
        )


class _LogTable(QAbstractTableModel):
    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.entries: list[LogEntry] = []

    def show_entries(self, entries: list[LogEntry]) -> None:
        if entries == self.entries:
            return
        known = len(self.entries)
        if entries[:known] == self.entries:
            self.beginInsertRows(QModelIndex(), known, len(entries) - 1)
            self.entries = entries
            self.endInsertRows()
            return
        self.beginResetModel()
        self.entries = entries
        self.endResetModel()

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: N802, B008 -- Qt's
        return 0 if parent.isValid() else len(self.entries)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: N802, B008 -- Qt's
        return 0 if parent.isValid() else len(_COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:  # noqa: N802 -- Qt's
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return _COLUMNS[section]
        return None

    def data(self, index: QModelIndex, role: int = 0) -> Any:
        entry = self.entries[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            style = theme.state_style(entry.state)
            sign = "" if entry.state == "unknown" else f"{style.symbol} "
            return (entry.time_words, entry.source, sign + entry.sentence)[index.column()]
        if role == Qt.ItemDataRole.ForegroundRole and entry.state != "unknown":
            return QColor(theme.state_style(entry.state).colour)
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == 2:
            return f"<p>{escape(entry.sentence)}</p>"  # as rich text it is wrapped
        return None


class _Filter(QSortFilterProxyModel):
    def __init__(self, table: _LogTable) -> None:
        super().__init__(table)
        self._table = table
        self._words: list[str] = []
        self._only_warnings = False
        self.setSourceModel(table)

    def look_for(self, text: str, only_warnings: bool) -> None:
        self._words, self._only_warnings = text.casefold().split(), only_warnings
        self.invalidateFilter()

    def filterAcceptsRow(self, row: int, parent: QModelIndex) -> bool:  # noqa: N802 -- Qt's
        entry = self._table.entries[row]
        if self._only_warnings and entry.state == "unknown":
            return False
        text = f"{entry.source} {entry.sentence}".casefold()
        return all(word in text for word in self._words)


class LogPage(Page):
    """The log with a filter; copies lines or the diagnostics."""

    title = "Log"
    icon_name = "log"
    needs_host = False

    copied = pyqtSignal(str)

    def __init__(self, session: Session, window_log: WindowLog, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self._window_log = window_log
        self._messages: deque[LogEntry] = deque(maxlen=_KEPT)
        self._table = _LogTable(self)
        self._filter = _Filter(self._table)
        self.search = QLineEdit()
        self.level = QComboBox()
        self.view = QTableView()
        self.empty = EmptyState("log", "")
        self.whole = QLabel()
        self._at_end = True
        self.count = QLabel()
        self._make_widgets()
        self._lay_out()
        session.rig.changed.connect(self._changed)
        session.message.connect(self._take_message)
        self.add_key("Ctrl+F", "look for words in the log", self.search.setFocus)
        self.add_key("Ctrl+C", "copy the selected lines, or all that are shown", self.copy_lines)
        self.add_key("Ctrl+Shift+C", "copy the diagnostics", self.copy_diagnostics)

    def activated(self) -> None:
        """Show what came meanwhile."""
        self._collect()

    def lines(self) -> list[str]:
        """The lines that are shown, or those of them that are selected."""
        selection = self.view.selectionModel()
        rows = sorted(index.row() for index in selection.selectedRows()) if selection is not None else []
        shown = [
            self._filter.mapToSource(self._filter.index(row, 0)).row()
            for row in range(self._filter.rowCount())
        ]
        return [self._table.entries[row].line() for row in ([shown[row] for row in rows] or shown)]

    def copy_lines(self) -> None:
        """Put the lines on the clipboard."""
        lines = self.lines()
        _copy("\n".join(lines))
        self.copied.emit(f"{len(lines)} lines copied.")

    def copy_diagnostics(self) -> None:
        """Put what a helper needs to know on the clipboard."""
        self._collect()
        _copy(diagnostics_text(self.session, [entry.line() for entry in self._table.entries]))
        self.copied.emit("Diagnostics copied: versions, rig, state, last log lines.")

    def _take_message(self, message: Message) -> None:
        state = message.state if message.state in ("bad", "warning") else "unknown"
        where = f"{message.where}: " if message.where else ""
        self._messages.append(LogEntry(time.time(), "window", state, f"{where}{message.text}"))
        self._changed("log")

    def _changed(self, topic: str) -> None:
        if self.is_active and topic in ("log", "history"):
            self._collect()

    def _collect(self) -> None:
        rig = self.session.rig
        entries = [*self._messages, *self._window_log.entries]
        for notice in rig.log:
            state = "warning" if notice.get("warning") else "unknown"
            entries.append(LogEntry(float(notice["time_s"]), "host", state, str(notice["sentence"])))
        for change in rig.history:
            reason = f": {change['reason']}" if change.get("reason") else ""
            sentence = f"{change['old']} → {change['new']}{reason}"
            entries.append(LogEntry(float(change["time_s"]), "engine", "unknown", sentence))
        entries.sort(key=lambda entry: entry.time_s)
        at_end = self._at_end
        self._table.show_entries(entries)
        self._count()
        if at_end:
            self.view.scrollToBottom()

    def _scrolled(self, value: int) -> None:
        bar = self.view.verticalScrollBar()
        self._at_end = bar is None or value >= bar.maximum() - 2

    def _range_changed(self, _low: int, high: int) -> None:
        """Whoever looks at the end goes on looking at it when the window gets another size."""
        bar = self.view.verticalScrollBar()
        if self._at_end and bar is not None:
            bar.setValue(high)

    def _look(self) -> None:
        self._filter.look_for(self.search.text(), self.level.currentIndex() == 1)
        self._count()

    def _renew_clear_button(self) -> None:
        # It keeps the picture it was made with; one of another theme would light up a dark room.
        self.search.setClearButtonEnabled(False)
        self.search.setClearButtonEnabled(True)

    def _show_whole(self) -> None:
        """A selected line that is too long for the table is shown whole below it."""
        selection = self.view.selectionModel()
        rows = selection.selectedRows(2) if selection is not None else []
        entry = self._table.entries[self._filter.mapToSource(rows[0]).row()] if len(rows) == 1 else None
        room = self.view.columnWidth(2) - _CELL_MARGINS_PX
        long = entry is not None and self.view.fontMetrics().horizontalAdvance(entry.sentence) > room
        self.whole.setText(breakable(entry.sentence) if entry is not None and long else "")
        self._whole_card.setVisible(long)

    def _count(self) -> None:
        shown, known = self._filter.rowCount(), self._table.rowCount()
        self.view.setVisible(shown > 0)
        self.empty.setVisible(shown == 0)
        if known:
            self.empty.set_text(
                "No line matches", "Fewer words, or everything instead of warnings: try that."
            )
        else:
            self.empty.set_text("Nothing has happened yet", "What the rig and this window do is listed here.")
        self._show_whole()
        self.count.setText(f"{known} lines" if shown == known else f"{shown} of {known} lines")

    def _make_widgets(self) -> None:
        self.search.setPlaceholderText("Look for words …")
        self.search.setClearButtonEnabled(True)
        theme.on_change(self._renew_clear_button)
        self.search.textChanged.connect(self._look)
        self.level.addItems(_LEVELS)
        self.level.currentIndexChanged.connect(self._look)
        self.count.setProperty("role", "muted")
        view = self.view
        view.setModel(self._filter)
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        view.setAlternatingRowColors(True)
        view.setShowGrid(False)
        view.setWordWrap(False)
        rows, header = view.verticalHeader(), view.horizontalHeader()
        if rows is not None:
            rows.hide()
        if header is not None:
            header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
            header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
            header.resizeSection(0, 90)
            header.resizeSection(1, 80)
        selection = view.selectionModel()
        if selection is not None:
            selection.selectionChanged.connect(lambda _new, _old: self._show_whole())
        bar = view.verticalScrollBar()
        if bar is not None:
            bar.valueChanged.connect(self._scrolled)
            bar.rangeChanged.connect(self._range_changed)
        self.whole.setWordWrap(True)
        self.whole.setTextFormat(Qt.TextFormat.PlainText)

    def _lay_out(self) -> None:
        copy, diagnostics = QPushButton("Copy lines"), QPushButton("Copy diagnostics")
        copy.setToolTip(f"The selected lines, or all that are shown ({QKeySequence('Ctrl+C').toString()})")
        copy.clicked.connect(self.copy_lines)
        diagnostics.setToolTip("Versions, rig, state and the last lines, to ask for help with (no secrets)")
        diagnostics.clicked.connect(self.copy_diagnostics)
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.search, 1)
        for widget in (self.level, self.count, copy, diagnostics):
            top.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addLayout(top)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.empty, 1)
        self._whole_card = QFrame(self)
        self._whole_card.setProperty("role", "card")
        inside = QVBoxLayout(self._whole_card)
        inside.setContentsMargins(14, 10, 14, 10)
        inside.addWidget(self.whole)
        layout.addWidget(self._whole_card)
        self._count()


def _copy(text: str) -> None:
    clipboard = QApplication.clipboard()
    if clipboard is not None:
        clipboard.setText(text)
