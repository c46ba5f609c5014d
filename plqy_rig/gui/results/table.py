"""Tables of the report as widgets: to be read, selected and copied."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QGuiApplication, QKeySequence, QResizeEvent, QShortcut
from PyQt6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from plqy_rig.evaluation.words import plural

_LONGEST_COLUMN = (46, 22)
"""Characters, with much room and with little; longer texts are broken into lines."""


class TextTable(QTableWidget):
    """Rows of text under heads with units. Ctrl+C copies what is selected, or everything."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._most: int | None = None
        self._wide: int | None = None
        self.setAccessibleName(name)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ContiguousSelection)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setWordWrap(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        vertical = self.verticalHeader()
        assert vertical is not None
        vertical.hide()
        copy = QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), self)
        copy.setContext(Qt.ShortcutContext.WidgetShortcut)
        copy.activated.connect(self.copy)

    def show_rows(
        self,
        heads: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        numeric: Sequence[bool] = (),
        marked: Sequence[int] = (),
        tips: Sequence[str] = (),
        wide: int | None = None,
    ) -> None:
        """Show rows.

        Args:
            heads: of the columns.
            rows: cells as text.
            numeric: which columns are aligned to the right.
            marked: rows that are set apart, in italics.
            tips: a tooltip for each row.
            wide: the column that takes the room that is left.
        """
        self.clear()
        self.setColumnCount(len(heads))
        self.setRowCount(len(rows))
        for column, head in enumerate(heads):
            title = QTableWidgetItem(head)
            right = column < len(numeric) and numeric[column]
            side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
            title.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
            self.setHorizontalHeaderItem(column, title)
        for row, cells in enumerate(rows):
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                right = column < len(numeric) and numeric[column]
                side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
                item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
                item.setToolTip(tips[row] if row < len(tips) else text)
                if row in marked:
                    font = item.font()
                    font.setItalic(True)
                    item.setFont(font)
                self.setItem(row, column, item)
        self._wide = wide
        self._fit()

    def text(self, row: int, column: int) -> str:
        """A cell."""
        item = self.item(row, column)
        return "" if item is None else item.text()

    def row_texts(self, row: int) -> list[str]:
        """All cells of a row."""
        return [self.text(row, column) for column in range(self.columnCount())]

    def copy(self) -> None:
        """Copy the selected cells, or the whole table with its heads, separated by tabs."""
        ranges = self.selectedRanges()
        if ranges and not (ranges[0].rowCount() == 1 and ranges[0].columnCount() == 1):
            area = ranges[0]
            rows = range(area.topRow(), area.bottomRow() + 1)
            columns = range(area.leftColumn(), area.rightColumn() + 1)
        else:
            rows, columns = range(self.rowCount()), range(self.columnCount())
        heads = [self.horizontalHeaderItem(column) for column in columns]
        lines = ["\t".join("" if head is None else head.text() for head in heads)]
        lines += ["\t".join(self.text(row, column) for column in columns) for row in rows]
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText("\n".join(lines))
        self.setStatusTip(f"{plural(len(rows), 'row')} copied")

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Qt's: another width breaks texts elsewhere."""
        super().resizeEvent(event)
        if event is not None and event.size().width() != event.oldSize().width():
            self._fit()
        if self._most is not None:
            self.fit_height(self._most)

    def fit_height(self, most: int = 320) -> None:
        """Be as high as the rows, up to `most` pixels; also after a change of the width."""
        self._most = most
        horizontal = self.horizontalHeader()
        height = 4 + (0 if horizontal is None else horizontal.sizeHint().height())
        height += sum(self.rowHeight(row) for row in range(self.rowCount()))
        self.setFixedHeight(min(most, height + 14))

    def _fit(self) -> None:
        """Widths for the present room: where it is short, long texts are broken earlier."""
        horizontal, viewport = self.horizontalHeader(), self.viewport()
        assert horizontal is not None
        assert viewport is not None
        wide = self._wide if self._wide is not None and self._wide < self.columnCount() else None
        horizontal.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.resizeColumnsToContents()
        wanted = [self.columnWidth(column) + 8 for column in range(self.columnCount())]
        letter, left = self.fontMetrics().averageCharWidth(), 0
        for longest in _LONGEST_COLUMN:
            widths = [min(width, longest * letter) for width in wanted]
            left = viewport.width() - sum(width for column, width in enumerate(widths) if column != wide)
            if wide is None or left >= min(wanted[wide], _LONGEST_COLUMN[0] * letter):
                break
        for column, width in enumerate(widths):
            self.setColumnWidth(column, width)
        if wide is not None and left >= min(wanted[wide], _LONGEST_COLUMN[-1] * letter):
            horizontal.setSectionResizeMode(wide, QHeaderView.ResizeMode.Stretch)
        self.resizeRowsToContents()
