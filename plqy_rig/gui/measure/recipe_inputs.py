"""Inputs of the recipe's form, one for each kind of field.

What was typed stays as it was typed: no input clips a value or swallows a key. `entered` gives the value, or
the very text where it can't be read; what is wrong with it is for the form to say.
"""

from __future__ import annotations

import math
from html import escape
from typing import Any

from PyQt6.QtCore import QEvent, QObject, Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent, QResizeEvent
from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from calibration.roles import PASS_ORDER, Role, SamplePosition
from plqy_rig.gui.measure.recipe_fields import Field, FieldKind, number_text, parsed_number
from plqy_rig.gui.themes import theme
from plqy_rig.gui.window.header import ElidedLabel
from plqy_rig.gui.words import role_words as words_of_role

_STEP_RATIO = 1.25
_NUMBER_WIDTH = 11
_LINE_MARGINS_PX = 20


class RecipeInput(QWidget):
    """An input of one field.

    Signals:
        edited(): the person changed it.
    """

    edited = pyqtSignal()

    def __init__(self, field: Field, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = field
        self.setAccessibleName(field.label)

    def entered(self) -> Any:
        """The value; the very text where it can't be read as one."""
        raise NotImplementedError

    def enter(self, value: Any) -> None:
        """Show a value, or a text that can't be read; `edited` isn't told."""
        raise NotImplementedError

    def show_state(self, state: str) -> None:
        """Look "bad" or, with an empty string, as usual."""

    def why_unreadable(self) -> str:
        """Why the text can't be read as a value; empty when it can."""
        return ""


class TextInput(RecipeInput):
    """A line of text."""

    def __init__(self, field: Field, parent: QWidget | None = None) -> None:
        super().__init__(field, parent)
        self.line = QLineEdit()
        self.line.setAccessibleName(field.label)
        self.line.textEdited.connect(lambda _text: self.edited.emit())
        self.line.textChanged.connect(lambda _text: self._tell_whole())
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.line)
        self.setFocusProxy(self.line)

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 -- Qt's name
        """The text may fit now, or no longer."""
        super().resizeEvent(event)
        self._tell_whole()

    def _tell_whole(self) -> None:
        """A text that is longer than the line is whole in the tooltip, above what the field means."""
        text = self.line.text()
        too_long = self.line.fontMetrics().horizontalAdvance(text) > self.line.width() - _LINE_MARGINS_PX
        self.line.setToolTip(f"{escape(text)}<hr>{self.field.help_html}" if too_long else "")

    def entered(self) -> Any:
        """The text."""
        return self.line.text()

    def enter(self, value: Any) -> None:
        """Show a text."""
        self.line.setText("" if value is None else str(value))
        self.line.setCursorPosition(0)

    def show_state(self, state: str) -> None:
        """Frame it."""
        theme.set_property(self.line, "state", state)


class NumberInput(RecipeInput):
    """A number with its unit; the arrow keys step it within its limits."""

    def __init__(self, field: Field, parent: QWidget | None = None) -> None:
        super().__init__(field, parent)
        self.line = QLineEdit()
        self.line.setAccessibleName(field.label)
        self.line.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.line.setFixedWidth(self.line.fontMetrics().horizontalAdvance("0" * _NUMBER_WIDTH) + 20)
        self.line.textEdited.connect(lambda _text: self.edited.emit())
        self.line.editingFinished.connect(self._tidy)
        self.line.installEventFilter(self)
        unit = QLabel(field.unit)
        unit.setProperty("role", "unit")
        unit.ensurePolished()
        unit.setMinimumWidth(unit.fontMetrics().horizontalAdvance("mW/cm²") + 2)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.line)
        layout.addWidget(unit)
        self.setFocusProxy(self.line)

    def entered(self) -> Any:
        """The number, or the text that is none."""
        try:
            return self._number()
        except ValueError:
            return self.line.text()

    def enter(self, value: Any) -> None:
        """Show a number."""
        self.line.setText("" if value is None else number_text(value))

    def show_state(self, state: str) -> None:
        """Frame it."""
        theme.set_property(self.line, "state", state)

    def why_unreadable(self) -> str:
        """Why the text is no number."""
        try:
            self._number()
        except ValueError as error:
            return str(error)
        return ""

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 -- Qt's name
        """Step with the arrow keys."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            direction = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()))
            if direction is not None and event.modifiers() == Qt.KeyboardModifier.NoModifier:
                self.step(direction)
                return True
        return super().eventFilter(watched, event)

    def step(self, direction: int) -> None:
        """One step up (+1) or down (-1), not beyond a limit."""
        try:
            number = float(self._number())
        except ValueError:
            return
        stepped = self._stepped(number, direction)
        low, high = self.field.minimum, self.field.maximum
        if low is not None and high is not None:
            if not low <= number <= high:
                return  # a value outside is the person's to mend: stepping would hide what was wrong
            stepped = min(max(stepped, low), high)
        self.line.setText(number_text(self._in_kind(stepped)))
        self.edited.emit()

    def _stepped(self, number: float, direction: int) -> float:
        if self.field.kind is FieldKind.WHOLE_NUMBER:
            return number + direction
        if self.field.is_wide:
            return float(f"{number * _STEP_RATIO**direction:.3g}")
        low, high = self.field.minimum or 0.0, self.field.maximum or 1.0
        size = 10.0 ** math.floor(math.log10(max(high - low, 1e-9) / 20))
        return round(number + direction * size, 9)

    def _in_kind(self, number: float) -> float | int:
        return int(number) if self.field.kind is FieldKind.WHOLE_NUMBER else number

    def _number(self) -> float | int:
        number = parsed_number(self.line.text(), self.field.unit)
        return number if self.field.kind is FieldKind.WHOLE_NUMBER else float(number)

    def _tidy(self) -> None:
        """Show "500 ms" as what it is, 0.5 s; a text that is no number stays."""
        try:
            self.line.setText(number_text(self._number()))
        except ValueError:
            return


class ChoiceInput(RecipeInput):
    """One of a few."""

    def __init__(self, field: Field, parent: QWidget | None = None) -> None:
        super().__init__(field, parent)
        self.box = QComboBox()
        self.box.setAccessibleName(field.label)
        for choice in field.choices:
            self.box.addItem(str(choice), choice)
        self.box.activated.connect(lambda _index: self.edited.emit())
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.box)
        self.setFocusProxy(self.box)

    def entered(self) -> Any:
        """What was chosen."""
        return self.box.currentData()

    def enter(self, value: Any) -> None:
        """Show a choice; one that isn't allowed is shown as well, so that it can be seen and mended."""
        index = self.box.findData(value)
        if index < 0:
            self.box.addItem(str(value), value)
            index = self.box.count() - 1
        self.box.setCurrentIndex(index)

    def show_state(self, state: str) -> None:
        """Frame it."""
        theme.set_property(self.box, "state", state)


class YesNoInput(RecipeInput):
    """A check box."""

    def __init__(self, field: Field, parent: QWidget | None = None) -> None:
        super().__init__(field, parent)
        self.box = QCheckBox("yes")
        self.box.setAccessibleName(field.label)
        self.box.clicked.connect(lambda _checked: self.edited.emit())
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.box)
        self.setFocusProxy(self.box)

    def entered(self) -> Any:
        """Whether it is checked."""
        return self.box.isChecked()

    def enter(self, value: Any) -> None:
        """Check it or not."""
        self.box.setChecked(bool(value))


class PassesInput(RecipeInput):
    """A check list of the passes, in the order in which they are measured."""

    def __init__(self, field: Field, parent: QWidget | None = None) -> None:
        super().__init__(field, parent)
        self.boxes: dict[Role, QCheckBox] = {}
        self._unknown: list[str] = []
        layout = QGridLayout()
        layout.setContentsMargins(0, 2, 0, 2)
        layout.setHorizontalSpacing(16)
        layout.setVerticalSpacing(3)
        for row, role in enumerate(PASS_ORDER):
            self._add_row(layout, row, role)
        layout.setColumnStretch(1, 1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addLayout(layout)
        self.setFocusProxy(self.boxes[PASS_ORDER[0]])

    def _add_row(self, layout: QGridLayout, row: int, role: Role) -> None:
        box = QCheckBox(role_words(role))
        box.setToolTip(f"{arrangement_words(role)}<br><i>{role.value}</i>")
        box.clicked.connect(self._clicked)
        # The first to give way where the window is narrow; the tooltip says it whole.
        where = ElidedLabel(arrangement_words(role))
        where.setProperty("role", "muted")
        layout.addWidget(box, row, 0)
        layout.addWidget(where, row, 1)
        self.boxes[role] = box

    def entered(self) -> Any:
        """Names of the passes in pass order, with those that this program doesn't know behind them."""
        return [role.value for role, box in self.boxes.items() if box.isChecked()] + self._unknown

    def enter(self, value: Any) -> None:
        """Check the passes of a list, or of a text with commas."""
        names = value.split(",") if isinstance(value, str) else list(value or ())
        wanted = [str(name).strip() for name in names]
        self._unknown = [name for name in wanted if name not in set(PASS_ORDER)]
        for role, box in self.boxes.items():
            box.setChecked(role.value in wanted)

    def _clicked(self) -> None:
        # The person looked at the list and chose: names that no box stands for are gone with it.
        self._unknown = []
        self.edited.emit()


_INPUTS: dict[FieldKind, type[RecipeInput]] = {
    FieldKind.TEXT: TextInput,
    FieldKind.NUMBER: NumberInput,
    FieldKind.WHOLE_NUMBER: NumberInput,
    FieldKind.CHOICE: ChoiceInput,
    FieldKind.YES_NO: YesNoInput,
    FieldKind.PASSES: PassesInput,
}


def make_input(field: Field) -> RecipeInput:
    """The input that a field needs."""
    return _INPUTS[field.kind](field)


def role_words(role: str) -> str:
    """A role in words, e.g. "Direct (laser)"."""
    words = words_of_role(str(role))
    return words[:1].upper() + words[1:]


_PLACES = {
    SamplePosition.OUT: "sample out",
    SamplePosition.INDIRECT: "sample beside beam",
    SamplePosition.DIRECT: "sample in beam",
}


def arrangement_words(role: Role) -> str:
    """How sample and long-pass stand for a role, in words."""
    arrangement = role.arrangement
    return f"{_PLACES[arrangement.sample]}, filter {'in' if arrangement.long_pass_inserted else 'out'}"
