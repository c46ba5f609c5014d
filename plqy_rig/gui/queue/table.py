"""The queue's table: selects rows, reorders them by drag or by keys."""

from __future__ import annotations

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent, QResizeEvent
from PyQt6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from plqy_rig.gui.queue import model as queue_model
from plqy_rig.gui.queue.model import QueueModel
from plqy_rig.gui.queue.words import Entry
from plqy_rig.gui.themes import theme
from plqy_rig.gui.widgets.table_columns import hide_what_has_no_room

_LEAST_NEEDED = (
    queue_model.TRIES,
    queue_model.POLICY,
    queue_model.ARRANGEMENT,
    queue_model.POWERS,
    queue_model.START,
    queue_model.MESSAGE,
)

_WIDEST = {
    queue_model.NUMBER: "000",
    queue_model.STATUS: "▶ finished",
    queue_model.SAMPLE: "NaYF4:20% Yb, 2% Er",
    queue_model.MEASURES: "emission passes × 20 powers",
    queue_model.POWERS: "mW/cm²  ",
    queue_model.ARRANGEMENT: "sample beside beam, filter out",
    queue_model.START: "≈ tomorrow 00:00",
    queue_model.FINISH: "≈ tomorrow 00:00",
    queue_model.TRIES: "Tries  ",
    queue_model.POLICY: "stop the queue",
}
"""What has to fit into each column; the message has the rest."""
_PADDING_PX = 18


class QueueTable(QTableView):
    """Shows a `QueueModel`.

    Signals:
        chosen(): another row is selected, or none.
        opened(): a row was opened with Return or a double click.
    """

    chosen = pyqtSignal()
    opened = pyqtSignal()

    def __init__(self, model: QueueModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.setModel(model)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setDropIndicatorShown(True)
        self.setDragDropOverwriteMode(False)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setAccessibleName("queue")
        self._set_headers()
        self.doubleClicked.connect(lambda _index: self.opened.emit())

    def _set_headers(self) -> None:
        vertical, horizontal = self.verticalHeader(), self.horizontalHeader()
        if vertical is not None:
            vertical.setVisible(False)
            vertical.setDefaultSectionSize(34)
        if horizontal is not None:
            horizontal.setHighlightSections(False)
            horizontal.setStretchLastSection(True)
            horizontal.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
            horizontal.setMinimumSectionSize(30)
        self._fit()
        theme.on_change(self._fit)

    def _fit(self) -> None:
        """Widths for the font as it is now."""
        metrics = self.fontMetrics()
        for column, text in _WIDEST.items():
            self.setColumnWidth(column, metrics.horizontalAdvance(text) + _PADDING_PX)
        hide_what_has_no_room(self, _LEAST_NEEDED)

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 -- Qt's name
        """Columns that are needed least go where there is no room."""
        super().resizeEvent(event)
        hide_what_has_no_room(self, _LEAST_NEEDED)

    @property
    def chosen_entry(self) -> Entry | None:
        """Get the selected entry."""
        selection = self.selectionModel()
        rows = [] if selection is None else selection.selectedRows()
        return self._model.entry_at(rows[0].row()) if rows else None

    def choose(self, number: int) -> None:
        """Select an entry by its id; nothing when it isn't there."""
        row = self._model.row_of(number)
        if row < 0:
            self.clearSelection()
        else:
            self.selectRow(row)

    def selectionChanged(self, selected: object, deselected: object) -> None:  # noqa: N802 -- Qt's name
        """Tell that another row is selected."""
        super().selectionChanged(selected, deselected)  # type: ignore[arg-type]
        self.chosen.emit()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802 -- Qt's name
        """Open with Return."""
        enter = event is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if event is not None and enter and event.modifiers() == Qt.KeyboardModifier.NoModifier:
            self.opened.emit()
            return
        super().keyPressEvent(event)
