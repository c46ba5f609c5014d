"""The queue's entries as a table that Qt can show and reorder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PyQt6.QtCore import QAbstractTableModel, QMimeData, QModelIndex, QObject, Qt, pyqtSignal
from PyQt6.QtGui import QColor

from plqy_rig.gui.queue.words import (
    Entry,
    arrangement_words,
    finish_words,
    measured_words,
    policy_words,
    powers_words,
    start_words,
    status_look,
    title_of,
)
from plqy_rig.gui.themes import theme

COLUMNS = (
    "",
    "Status",
    "Sample",
    "Measures",
    "mW/cm²",
    "Begins with",
    "Start",
    "Finish",
    "Tries",
    "If it fails",
    "Message",
)
NUMBER, STATUS, SAMPLE, MEASURES, POWERS, ARRANGEMENT, START, FINISH, TRIES, POLICY, MESSAGE = range(
    len(COLUMNS)
)
_MIME_TYPE = "application/x-plqy-queue-entry"
_HINTS = {
    POWERS: "Lowest and highest power density on the sample",
    ARRANGEMENT: "How sample and filter stand for the first pass",
    FINISH: "≈ is a prediction from earlier runs and from the recipe",
    TRIES: "How often it was begun",
}


class QueueModel(QAbstractTableModel):
    """One row for each entry.

    Signals:
        move_wanted(int, int): a row was dropped: the entry's id, and its new position from 1.
    """

    move_wanted = pyqtSignal(int, int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.entries: tuple[Entry, ...] = ()

    def show_entries(self, entries: Sequence[Entry]) -> bool:
        """Show these; returns whether rows came, went or moved."""
        new = tuple(entries)
        same_rows = [one["id"] for one in new] == [one["id"] for one in self.entries]
        if same_rows:
            self.entries = new
            self.refresh()
        else:
            self.beginResetModel()
            self.entries = new
            self.endResetModel()
        return not same_rows

    def refresh(self) -> None:
        """Say everything anew: times go by, and themes change."""
        if self.entries:
            last = self.index(len(self.entries) - 1, len(COLUMNS) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def entry_at(self, row: int) -> Entry | None:
        """The entry of a row."""
        return self.entries[row] if 0 <= row < len(self.entries) else None

    def row_of(self, number: int) -> int:
        """The row of an entry's id; -1 when it isn't there."""
        return next((row for row, one in enumerate(self.entries) if one["id"] == number), -1)

    # -- what Qt asks ---------------------------------------------------------------------------------

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: N802, B008 -- Qt's
        """Entries."""
        return 0 if parent.isValid() else len(self.entries)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: N802, B008 -- Qt's
        """Columns."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(  # noqa: N802 -- Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Titles of the columns."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return _HINTS.get(section) if role == Qt.ItemDataRole.ToolTipRole else None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text, colour and tooltip of a cell."""
        entry = self.entry_at(index.row())
        if entry is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _text(entry, index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return _text(entry, index.column()) or None
        if role == Qt.ItemDataRole.ForegroundRole:
            return _colour(entry, index.column())
        return None

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        """Rows can be dragged; they are dropped between rows."""
        if not index.isValid():
            return Qt.ItemFlag.ItemIsDropEnabled
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsDragEnabled

    def supportedDropActions(self) -> Qt.DropAction:  # noqa: N802 -- Qt's name
        """Rows are moved."""
        return Qt.DropAction.MoveAction

    def mimeTypes(self) -> list[str]:  # noqa: N802 -- Qt's name
        """Only our own rows."""
        return [_MIME_TYPE]

    def mimeData(self, indexes: Any) -> QMimeData:  # noqa: N802 -- Qt's name
        """The id of the row that is dragged."""
        data = QMimeData()
        entry = self.entry_at(next(iter(indexes)).row())
        data.setData(_MIME_TYPE, str(entry["id"] if entry is not None else "").encode())
        return data

    def dropMimeData(  # noqa: N802 -- Qt's name
        self, data: QMimeData | None, action: Qt.DropAction, row: int, column: int, parent: QModelIndex
    ) -> bool:
        """Ask for the move; the host does it, and its event moves the row."""
        if data is None or not data.hasFormat(_MIME_TYPE):
            return False
        number = int(bytes(data.data(_MIME_TYPE).data()).decode() or -1)
        old = self.row_of(number)
        target = row if row >= 0 else (parent.row() if parent.isValid() else len(self.entries))
        if old < 0:
            return False
        # The row itself leaves a gap: what comes below it moves up by one.
        new = target - 1 if target > old else target
        if new != old:
            self.move_wanted.emit(number, new + 1)
        return False


def _text(entry: Entry, column: int) -> str:
    look = status_look(entry)
    texts = {
        NUMBER: lambda: str(entry["position"]),
        STATUS: lambda: f"{look.symbol} {look.word}",
        SAMPLE: lambda: title_of(entry),
        MEASURES: lambda: measured_words(entry),
        POWERS: lambda: powers_words(entry),
        ARRANGEMENT: lambda: arrangement_words(entry),
        START: lambda: start_words(entry),
        FINISH: lambda: finish_words(entry),
        TRIES: lambda: str(entry.get("attempts") or ""),
        POLICY: lambda: policy_words(entry["on_failure"]),
        MESSAGE: lambda: str(entry.get("message") or ""),
    }
    return texts[column]()


def _colour(entry: Entry, column: int) -> QColor | None:
    look = status_look(entry)
    if column == STATUS and look.state:
        return QColor(theme.state_style(look.state).colour)
    quiet = entry["status"] in ("finished", "skipped", "aborted") or entry.get("held")
    return QColor(theme.current().muted) if quiet or column == NUMBER else None
