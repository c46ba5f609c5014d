"""One field of the recipe's form: label, input, mark and reset of a changed value, and what is wrong."""

from __future__ import annotations

from textwrap import shorten
from typing import Any

from PyQt6.QtCore import QObject, Qt, pyqtSignal
from PyQt6.QtGui import QIcon
from PyQt6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QToolButton, QWidget

from plqy_rig.gui.measure.recipe_fields import Field, FieldKind
from plqy_rig.gui.measure.recipe_inputs import RecipeInput, make_input
from plqy_rig.gui.themes import theme

_CHANGED = "●"
_LONGEST_PROBLEM = 140
_NARROW = (FieldKind.NUMBER, FieldKind.WHOLE_NUMBER, FieldKind.CHOICE, FieldKind.YES_NO)


class FieldRow(QObject):
    """The widgets of one field, put into a grid that its neighbours share.

    Signals:
        edited(str): the person changed it; its key.

    Attributes:
        field: what it shows.
        input: where it is typed.
        problem: what is wrong, shown or not; empty when nothing is.
    """

    edited = pyqtSignal(str)

    def __init__(self, field: Field, grid: QGridLayout, parent: QWidget) -> None:
        super().__init__(parent)
        self.field = field
        self.problem = ""
        self.input: RecipeInput = make_input(field)
        self.input.setToolTip(field.help_html)
        self.mark = QLabel(_CHANGED)
        self.mark.setToolTip("Differs from the default")
        self.label = QLabel(field.label)
        self.label.setToolTip(field.help_html)
        self.label.setBuddy(self.input)
        self.reset_button = _reset_button(field)
        self.error = QLabel()
        self.error.setWordWrap(True)
        self.error.setProperty("state", "bad")
        self._place(grid)
        self.input.edited.connect(self._edited)
        self.reset_button.clicked.connect(self.reset)
        theme.on_change(self._colour_mark)
        self.enter(field.default)
        self.show_problem("")
        self._colour_mark()

    def _place(self, grid: QGridLayout) -> None:
        row = grid.rowCount()
        top = (
            Qt.AlignmentFlag.AlignTop
            if self.field.kind is FieldKind.PASSES
            else Qt.AlignmentFlag.AlignVCenter
        )
        grid.addWidget(self.mark, row, 0, top)
        grid.addWidget(self.label, row, 1, top)
        self._input_box = QWidget()
        beside = QHBoxLayout(self._input_box)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.setSpacing(6)
        beside.addWidget(self.input)
        beside.addWidget(self.reset_button, 0, top)
        if self.field.kind in _NARROW:
            beside.addStretch(1)
        self._grid, self._row = grid, row
        self.stand(narrow=False)

    def stand(self, *, narrow: bool) -> None:
        """Place the input beside its label, or below it where there is little width."""
        # The passes are a table of their own, too wide for the column of the inputs.
        below = narrow or self.field.kind is FieldKind.PASSES
        column, span = (1, 2) if below else (2, 1)
        self._grid.addWidget(self._input_box, self._row + 1 if below else self._row, column, 1, span)
        self._grid.addWidget(self.error, self._row + 2, column, 1, span)

    @property
    def is_changed(self) -> bool:
        """Get whether the value differs from the default."""
        if self.field.default is None:
            return False
        default = list(self.field.default) if self.field.kind is FieldKind.PASSES else self.field.default
        return bool(self.input.entered() != default)

    def entered(self) -> Any:
        """The value, or the text that is none."""
        return self.input.entered()

    def enter(self, value: Any) -> None:
        """Show a value; `edited` isn't told."""
        self.input.enter(value)
        self._show_change()

    def reset(self) -> None:
        """Back to the default."""
        self.enter(self.field.default)
        self.edited.emit(self.field.key)
        self.input.setFocus()

    def show_problem(self, problem: str) -> None:
        """Say what is wrong right below the input; empty: nothing is."""
        self.problem = problem
        symbol = theme.state_style("bad").symbol
        # The dry run says it whole; in a narrow column it would push the other fields away.
        shown = shorten(problem, _LONGEST_PROBLEM, placeholder=" …")
        self.error.setText(f"{symbol} {shown}" if problem else "")
        self.error.setToolTip(problem if shown != problem else "")
        self.error.setVisible(bool(problem))
        self.input.show_state("bad" if problem else "")
        self.input.setAccessibleDescription(problem)

    def _edited(self) -> None:
        self._show_change()
        self.edited.emit(self.field.key)

    def _show_change(self) -> None:
        changed = self.is_changed
        self.mark.setText(_CHANGED if changed else "")
        self.reset_button.setEnabled(changed)
        self.reset_button.setIcon(theme.icon("reset") if changed else QIcon())

    def _colour_mark(self) -> None:
        self.mark.setStyleSheet(f"color: {theme.current().accent};")
        self.mark.setFixedWidth(self.mark.fontMetrics().horizontalAdvance(_CHANGED) + 2)
        self._show_change()


def _reset_button(field: Field) -> QToolButton:
    button = QToolButton()
    button.setProperty("role", "flat")
    button.setToolTip(f"{field.label}: back to the default")
    button.setAccessibleName(f"reset {field.label}")
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return button
