"""The list of calibration records."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QColor, QResizeEvent
from PyQt6.QtWidgets import QAbstractItemView, QTableWidget, QTableWidgetItem, QWidget

from plqy_rig.gui.records.reading import RecordLine
from plqy_rig.gui.themes import theme
from plqy_rig.gui.widgets.table_columns import hide_what_has_no_room

_HEADS = ("Kind", "Validity", "For a run", "Age", "Expires", "Operator", "Instruments", "Hash")
_LEAST_NEEDED = (7, 6, 5, 3)
_WIDEST_COLUMN_PX = 200


class RecordTable(QTableWidget):
    """One row for each file.

    Signals:
        chosen(RecordLine): a record was chosen.
    """

    chosen = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(_HEADS), parent)
        self._lines: Sequence[RecordLine] = ()
        self.setAccessibleName("Calibration records")
        self.setHorizontalHeaderLabels(list(_HEADS))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setWordWrap(False)
        vertical, horizontal = self.verticalHeader(), self.horizontalHeader()
        assert vertical is not None
        assert horizontal is not None
        vertical.hide()
        horizontal.setHighlightSections(False)
        horizontal.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        horizontal.setStretchLastSection(True)
        self.itemSelectionChanged.connect(self._tell)
        theme.on_change(self._draw)

    @property
    def lines(self) -> Sequence[RecordLine]:
        """Get the rows."""
        return self._lines

    def show_lines(self, lines: Sequence[RecordLine]) -> None:
        """Show these; the chosen record stays chosen, else the first is."""
        row = self.currentRow()
        held: Path | None = self._lines[row].status.path if 0 <= row < len(self._lines) else None
        self._lines = lines
        self._draw()
        paths = [line.status.path for line in lines]
        if lines:
            # Told once, also where the row stays the same and Qt has nothing to tell.
            self.blockSignals(True)
            self.selectRow(paths.index(held) if held in paths else 0)
            self.blockSignals(False)
            self._tell()

    def _draw(self) -> None:
        self.blockSignals(True)
        self.setRowCount(len(self._lines))
        for row, line in enumerate(self._lines):
            state, word = line.state
            style = theme.state_style(state)
            for column, text in enumerate(_cells(line, f"{style.symbol} {word}")):
                item = QTableWidgetItem(text)
                item.setToolTip(line.status.message or f"{text}\n{line.status.path.name}")
                if column == 1:
                    item.setForeground(QColor(style.colour))
                self.setItem(row, column, item)
        for column in range(self.columnCount()):
            self.setColumnHidden(column, False)
            self.resizeColumnToContents(column)
            self.setColumnWidth(column, min(self.columnWidth(column) + 8, _WIDEST_COLUMN_PX))
        hide_what_has_no_room(self, _LEAST_NEEDED)
        self.blockSignals(False)

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Qt's: columns that are needed least go where there is no room; the chosen record has all."""
        super().resizeEvent(event)
        hide_what_has_no_room(self, _LEAST_NEEDED)

    def _tell(self) -> None:
        row = self.currentRow()
        if 0 <= row < len(self._lines):
            self.chosen.emit(self._lines[row])


def _cells(line: RecordLine, validity: str) -> tuple[str, ...]:
    record = line.record
    if record is None:
        return (line.kind, validity, "", "–", "–", "–", line.status.path.name, "–")
    instruments = ", ".join(record.instruments.values()) or "–"
    return (
        line.kind,
        validity,
        "● used" if line.used else "",
        line.age,
        line.expires,
        record.operator or "–",
        instruments,
        record.sha256[:8],
    )
