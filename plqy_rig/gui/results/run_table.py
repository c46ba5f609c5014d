"""The catalogue's table: runs with their true status, searched and sorted. Rows are plain values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from pathlib import Path
from typing import Any

from PyQt6.QtCore import (
    QAbstractTableModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    pyqtSignal,
)
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import QAbstractItemView, QTableView, QWidget

from plqy_rig.evaluation.words import NOTHING, percent
from plqy_rig.gui.results.text import when_briefly
from plqy_rig.gui.widgets.table_columns import hide_what_has_no_room

Index = QModelIndex | QPersistentModelIndex
_NO_INDEX = QModelIndex()

STATUS_WORDS = {
    "success": ("✓", "complete"),
    "incomplete": ("◐", "incomplete"),
    "abort": ("◐", "ended early"),
    "fail": ("✕", "ended by an error"),
    "interrupted": ("⚠", "interrupted"),
    "damaged": ("✕", "can't be read"),
}
"""Symbol and word of each status: no status is told by colour alone."""


@dataclass(frozen=True)
class RunLine:
    """One run of the catalogue.

    Attributes:
        path: of its folder.
        sample: the sample's name.
        status: a key of `STATUS_WORDS`.
        started: s since 1970 UTC; NaN when unknown.
        mean_plqy: in the window `er`, as measured; NaN without a result.
        u_mean_plqy: its standard uncertainty; NaN where no symmetric one may be stated.
        doubts: flags that doubt the number.
        notes: flags that only say how something is.
        operator: who measured.
        problem: why it can't be read or has no result, a sentence; empty otherwise.
        searched_too: more text that a search looks into, in lower case.
    """

    path: Path
    sample: str
    status: str
    started: float = math.nan
    mean_plqy: float = math.nan
    u_mean_plqy: float = math.nan
    doubts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    operator: str = ""
    problem: str = ""
    searched_too: str = ""

    @property
    def status_text(self) -> str:
        """Get symbol and word."""
        return " ".join(STATUS_WORDS.get(self.status, ("?", self.status.replace("_", " "))))

    @property
    def when(self) -> str:
        """Get when it was begun, in the time of this computer."""
        if not math.isfinite(self.started):
            return NOTHING
        return f"{datetime.fromtimestamp(self.started):%Y-%m-%d %H:%M}"

    @property
    def flags_text(self) -> str:
        """Get how many flags doubt the number; `note` where flags only say how something is."""
        if self.doubts:
            return f"⚑ {len(self.doubts)}"
        return "note" if self.notes else "none"

    @property
    def searched(self) -> str:
        """Get everything that a search looks into."""
        flags = " ".join((*self.doubts, *self.notes)).replace("_", " ")
        parts = (self.sample, self.path.name, self.operator, self.status_text, self.when, flags)
        return f"{' '.join(parts)} {self.searched_too}".casefold()


class RunColumn(IntEnum):
    """The table's columns."""

    STATUS = 0
    SAMPLE = 1
    MEAN = 2
    MEASURED = 3
    FLAGS = 4


_TITLES = ("Status", "Sample", "PLQY / %", "Measured", "Flags")
_LEAST_NAME_WIDTH = 96
_ROW_MARGIN_PX = 14
_SORT_ROLE = Qt.ItemDataRole.UserRole
LINE_ROLE = Qt.ItemDataRole.UserRole + 1


class RunTableModel(QAbstractTableModel):
    """Rows of the catalogue; unchanged ones keep their place, so that a selection survives a refresh."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lines: list[RunLine] = []
        self._dated_names = False

    def date_names(self, wanted: bool) -> None:
        """Write below each sample's name when it was measured: for tables without room for that column."""
        if wanted != self._dated_names:
            self._dated_names = wanted
            if self._lines:
                last = self.index(len(self._lines) - 1, RunColumn.SAMPLE)
                self.dataChanged.emit(self.index(0, RunColumn.SAMPLE), last)

    @property
    def lines(self) -> Sequence[RunLine]:
        """Get the rows."""
        return self._lines

    def show(self, lines: Iterable[RunLine]) -> None:
        """Take what the catalogue found: change, add and remove rows only where they differ."""
        wanted = {line.path: line for line in lines}
        for row in range(len(self._lines) - 1, -1, -1):
            path = self._lines[row].path
            if path not in wanted:
                self.beginRemoveRows(_NO_INDEX, row, row)
                del self._lines[row]
                self.endRemoveRows()
            elif self._lines[row] != wanted[path]:
                self._lines[row] = wanted[path]
                self.dataChanged.emit(self.index(row, 0), self.index(row, len(_TITLES) - 1))
        held = {line.path for line in self._lines}
        new = [line for path, line in wanted.items() if path not in held]
        if new:
            self.beginInsertRows(_NO_INDEX, len(self._lines), len(self._lines) + len(new) - 1)
            self._lines.extend(new)
            self.endInsertRows()

    def rowCount(self, parent: Index = _NO_INDEX) -> int:  # noqa: N802 (Qt's name)
        """Qt's: number of runs."""
        return 0 if parent.isValid() else len(self._lines)

    def columnCount(self, parent: Index = _NO_INDEX) -> int:  # noqa: N802 (Qt's name)
        """Qt's: number of columns."""
        return 0 if parent.isValid() else len(_TITLES)

    def headerData(  # noqa: N802 (Qt's name)
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Qt's: the columns' titles."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole and section == RunColumn.MEAN:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return _TITLES[section] if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Qt's: a cell."""
        line, column = self._lines[index.row()], RunColumn(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            dated = self._dated_names and column is RunColumn.SAMPLE
            return f"{_text(line, column)}\n{when_briefly(line.started)}" if dated else _text(line, column)
        if role == _SORT_ROLE:
            return _sort_key(line, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tool_tip(line)
        if role == Qt.ItemDataRole.TextAlignmentRole and column is RunColumn.MEAN:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return line if role == LINE_ROLE else None


class RunFilter(QSortFilterProxyModel):
    """Every word of the search must be somewhere in a run's line."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._words: tuple[str, ...] = ()
        self._status = ""
        self.setSortRole(_SORT_ROLE)

    def search(self, text: str) -> None:
        """Show runs with all these words."""
        self._words = tuple(text.casefold().split())
        self.invalidateFilter()

    def only(self, status: str) -> None:
        """Show runs of this status; empty: all."""
        self._status = status
        self.invalidateFilter()

    def filterAcceptsRow(self, source_row: int, source_parent: Index) -> bool:  # noqa: N802 (Qt's name)
        """Qt's: whether a row is shown."""
        model = self.sourceModel()
        assert isinstance(model, RunTableModel)
        line = model.lines[source_row]
        if self._status and line.status != self._status:
            return False
        return all(word in line.searched for word in self._words)


class RunTable(QTableView):
    """The runs; one or several may be chosen.

    Signals:
        chosen(list): the paths of the chosen runs, in the order in which they stand.
    """

    chosen = pyqtSignal(list)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model_ = RunTableModel(self)
        self.filter = RunFilter(self)
        self.filter.setSourceModel(self.model_)
        self.setModel(self.filter)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setSortingEnabled(True)
        self.sortByColumn(RunColumn.MEASURED, Qt.SortOrder.DescendingOrder)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setWordWrap(False)
        self.setAccessibleName("Runs")
        vertical, horizontal = self.verticalHeader(), self.horizontalHeader()
        assert vertical is not None
        assert horizontal is not None
        vertical.hide()
        horizontal.setHighlightSections(False)
        horizontal.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        horizontal.setMinimumSectionSize(40)
        self._fit()
        self.model_.rowsInserted.connect(self._fit)

    def chosen_paths(self) -> list[Path]:
        """The chosen runs' folders, from top to bottom."""
        selection = self.selectionModel()
        assert selection is not None
        rows = sorted(selection.selectedRows(), key=lambda index: index.row())
        return [self.filter.data(index, LINE_ROLE).path for index in rows]

    def choose(self, paths: Iterable[Path]) -> None:
        """Choose these runs, as far as they are shown, and no other."""
        wanted, selection = set(paths), QItemSelection()
        for row in range(self.filter.rowCount()):
            index = self.filter.index(row, 0)
            if self.filter.data(index, LINE_ROLE).path in wanted:
                selection.select(index, index)
        model = self.selectionModel()
        assert model is not None
        flags = QItemSelectionModel.SelectionFlag
        model.select(selection, flags.ClearAndSelect | flags.Rows)

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:  # noqa: N802
        """Qt's: tell which runs are chosen now."""
        super().selectionChanged(selected, deselected)
        self.chosen.emit(self.chosen_paths())

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Qt's: the sample's name gets the room that is left."""
        super().resizeEvent(event)
        self._give_room()

    def _give_room(self) -> None:
        self.setColumnWidth(RunColumn.SAMPLE, _LEAST_NAME_WIDTH)
        hide_what_has_no_room(self, (RunColumn.FLAGS, RunColumn.MEASURED))
        viewport = self.viewport()
        others = sum(self.columnWidth(column) for column in RunColumn if column is not RunColumn.SAMPLE)
        left = 0 if viewport is None else viewport.width() - others
        self.setColumnWidth(RunColumn.SAMPLE, max(_LEAST_NAME_WIDTH, left))
        self._date_names(self.isColumnHidden(RunColumn.MEASURED))

    def _date_names(self, wanted: bool) -> None:
        """Without its column the date stands below the name: one sample is measured many times."""
        vertical = self.verticalHeader()
        assert vertical is not None
        self.model_.date_names(wanted)
        height = self.fontMetrics().lineSpacing() * (2 if wanted else 1) + _ROW_MARGIN_PX
        if vertical.defaultSectionSize() != height:
            vertical.setDefaultSectionSize(height)

    def _fit(self) -> None:
        metrics = self.fontMetrics()
        widest = {
            RunColumn.STATUS: "◐ incomplete",
            RunColumn.MEAN: "50.14 ± 0.96",
            RunColumn.MEASURED: "2026-11-22",
            RunColumn.FLAGS: "Flags",
        }
        for column, text in widest.items():
            self.setColumnWidth(column, metrics.horizontalAdvance(text) + 24)
        self._give_room()


def _text(line: RunLine, column: RunColumn) -> str:
    match column:
        case RunColumn.STATUS:
            return line.status_text
        case RunColumn.SAMPLE:
            return line.sample or "unnamed sample"
        case RunColumn.MEAN:
            return percent(line.mean_plqy, line.u_mean_plqy)
        case RunColumn.MEASURED:
            return line.when[:10]
        case RunColumn.FLAGS:
            return line.flags_text if math.isfinite(line.mean_plqy) else NOTHING


def _sort_key(line: RunLine, column: RunColumn) -> str | float:
    match column:
        case RunColumn.MEAN:
            return line.mean_plqy if math.isfinite(line.mean_plqy) else -1.0
        case RunColumn.MEASURED:
            return line.started if math.isfinite(line.started) else 0.0
        case RunColumn.FLAGS:
            return 100.0 * len(line.doubts) + len(line.notes)
        case _:
            return _text(line, column).casefold()


def _tool_tip(line: RunLine) -> str:
    flags = [flag.replace("_", " ") for flag in (*line.doubts, *line.notes)]
    said = [line.sample or "unnamed sample", line.status_text, line.problem, line.when, str(line.path)]
    if line.operator:
        said.append(f"measured by {line.operator}")
    if flags:
        said.append(f"flags: {', '.join(flags)}")
    return "\n".join(part for part in said if part)
