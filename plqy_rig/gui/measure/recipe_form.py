"""The recipe as a form, made of the sweep's Parameters; it checks itself at every key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QShowEvent
from PyQt6.QtWidgets import QFrame, QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from plqy_rig.gui.measure.recipe_fields import Group, in_words, recipe_groups
from plqy_rig.gui.measure.recipe_row import FieldRow
from plqy_rig.gui.themes import theme
from plqy_rig.gui.widgets.scroll_column import ScrollColumn
from procedures.recipe_problems import RecipeProblem, recipe_problems

_GUTTER_PX = 11


class RecipeForm(ScrollColumn):
    """All fields of a recipe in groups; checked as soon as a recipe is set.

    Signals:
        edited(): the person changed something (also by a reset).
        problems_changed(): what is wrong changed.
    """

    edited = pyqtSignal()
    problems_changed = pyqtSignal()

    def __init__(self, groups: Iterable[Group] | None = None, parent: QWidget | None = None) -> None:
        content = QWidget()
        self._layout = QVBoxLayout(content)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(12)
        super().__init__(content, _GUTTER_PX, parent)
        self.is_narrow = False
        self._comfortable_width = 0
        self.rows: dict[str, FieldRow] = {}
        self.sections: list[FormSection] = []
        self._unknown: dict[str, Any] = {}
        self._touched: set[str] = set()
        self._hosts: tuple[RecipeProblem, ...] = ()
        self.problems: tuple[RecipeProblem, ...] = ()
        """Everything that is wrong, shown or not."""
        for group in groups or recipe_groups():
            self._add_section(group)
        self._strangers = _Strangers()
        self._strangers.remove_wanted.connect(self._remove_unknown)
        self._layout.insertWidget(0, self._strangers)
        self._layout.addStretch(1)

    def _add_section(self, group: Group) -> None:
        section = FormSection(group)
        self.sections.append(section)
        self._layout.addWidget(section)
        for row in section.rows:
            self.rows[row.field.key] = row
            row.edited.connect(self._edited)

    def stand(self, *, narrow: bool) -> None:
        """Place the inputs beside their labels, or below them where there is little width."""
        for row in self.rows.values():
            row.stand(narrow=narrow)
        self.is_narrow = narrow
        self.updateGeometry()

    @property
    def comfortable_width(self) -> int:
        """Get the least width with the labels beside the inputs."""
        if not self.is_narrow:
            self._comfortable_width = self.minimumSizeHint().width()
        return self._comfortable_width

    # -- values ---------------------------------------------------------------------------------------

    def recipe(self) -> dict[str, Any]:
        """Keys and values as typed; a text that can't be read as its value stays the text."""
        return {key: row.entered() for key, row in self.rows.items()} | self._unknown

    def set_recipe(self, values: Mapping[str, Any]) -> None:
        """Show a recipe: what it doesn't give has its default, whatever is wrong with it is shown."""
        for key, row in self.rows.items():
            row.enter(values.get(key, row.field.default))
        self._unknown = {key: value for key, value in values.items() if key not in self.rows}
        self._touched = {key for key in values if key in self.rows}
        self._hosts = ()
        self._check()

    def enter(self, changes: Mapping[str, Any]) -> None:
        """Change some values, as if the person had typed them."""
        for key, value in changes.items():
            self.rows[key].enter(value)
        self._touched.update(changes)
        self._hosts = ()
        self._check()
        self.edited.emit()

    @property
    def changed_keys(self) -> tuple[str, ...]:
        """Get the keys whose values differ from their defaults."""
        return tuple(key for key, row in self.rows.items() if row.is_changed)

    # -- problems -------------------------------------------------------------------------------------

    def show_host_problems(self, problems: Iterable[Mapping[str, Any]]) -> None:
        """Show what the host's dry run found, beside what the form finds itself."""
        self._hosts = tuple(_problem(problem) for problem in problems)
        self._check()

    def show_all_problems(self) -> None:
        """Show also what is missing in fields that nobody has touched yet; go to the first."""
        self._touched = set(self.rows)
        self._check()
        first = next((key for problem in self.problems for key in problem.keys if key in self.rows), None)
        if first is not None:
            self.go_to(first)

    def go_to(self, key: str) -> None:
        """Bring a field into view and put the cursor into it."""
        row = self.rows.get(key)
        if row is None:
            return
        section = next(section for section in self.sections if row in section.rows)
        section.unfold()
        self.ensureWidgetVisible(row.input, 20, 60)
        row.input.setFocus(Qt.FocusReason.OtherFocusReason)

    def _edited(self, key: str) -> None:
        self._touched.add(key)
        # What the host said was about the values before; it will be asked again.
        self._hosts = tuple(problem for problem in self._hosts if key not in problem.keys)
        self._check()
        self.edited.emit()

    def _remove_unknown(self) -> None:
        self._unknown = {}
        self._check()
        self.edited.emit()

    def _check(self) -> None:
        found = self._own_problems()
        own_keys = {key for problem in found for key in problem.keys}
        found += [problem for problem in self._hosts if not own_keys.intersection(problem.keys)]
        self.problems = tuple(found)
        for key, row in self.rows.items():
            of_key = [in_words(problem.message) for problem in found if key in problem.keys]
            shown = of_key and (key in self._touched or row.entered() not in ("", None))
            row.show_problem(of_key[0] if shown else "")
        for section in self.sections:
            section.show_counts()
        self._strangers.show_keys(self._unknown)
        self.problems_changed.emit()

    def _own_problems(self) -> list[RecipeProblem]:
        unreadable = {key: why for key, row in self.rows.items() if (why := row.input.why_unreadable())}
        readable = {key: value for key, value in self.recipe().items() if key not in unreadable}
        _, problems = recipe_problems(readable)
        return [
            *(RecipeProblem((key,), why) for key, why in unreadable.items()),
            *(problem for problem in problems if not set(problem.keys) & set(unreadable)),
        ]


def _problem(document: Mapping[str, Any]) -> RecipeProblem:
    key = document.get("key")
    keys = tuple(document.get("keys") or (() if key is None else (key,)))
    return RecipeProblem(keys, str(document["message"]))


class FormSection(QFrame):
    """A group of the form; one that isn't essential can be folded."""

    def __init__(self, group: Group, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.group = group
        self.setProperty("role", "card")
        self.folded = False
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 10, 12)
        layout.setSpacing(6)
        # Always with a parent: a widget without one would outlive the application.
        self.header = QPushButton(group.title, self)
        self.summary = QLabel(self)
        self.header.setHidden(group.essential)
        self.summary.hide()
        if group.essential:
            heading = QLabel(group.title)
            heading.setProperty("role", "heading")
            layout.addWidget(heading)
        else:
            self._add_header(layout)
        self.body = QWidget()
        grid = QGridLayout(self.body)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(2, 1)
        self._grid = grid
        self.rows = [FieldRow(field, grid, self.body) for field in group.fields]
        layout.addWidget(self.body)
        theme.on_change(self._restyle)
        self._restyle()
        if not group.essential:
            self.fold()

    def _add_header(self, layout: QVBoxLayout) -> None:
        self.header.setProperty("role", "flat")
        self.header.setStyleSheet("text-align: left; padding: 2px 0px; font-weight: 600;")
        self.header.clicked.connect(lambda: self.unfold() if self.folded else self.fold())
        self.summary.setProperty("role", "muted")
        self.summary.setWordWrap(True)
        layout.addWidget(self.header)
        layout.addWidget(self.summary)

    def fold(self) -> None:
        """Hide the fields; what was changed in them is told in a line."""
        self.folded = True
        self._draw()

    def unfold(self) -> None:
        """Show the fields."""
        self.folded = False
        self._draw()

    def show_counts(self) -> None:
        """Unfold where something is wrong, and say what was changed."""
        if self.folded and any(row.problem for row in self.rows):
            self.folded = False
        self._draw()

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802 -- Qt's name
        """The style sheet's font is known by now."""
        super().showEvent(event)
        self._restyle()

    def _restyle(self) -> None:
        # One width for the labels of all sections, so that the inputs stand in one line.
        labels = (field.label for group in recipe_groups() for field in group.fields)
        width = max(self.rows[0].label.fontMetrics().horizontalAdvance(label) for label in labels)
        self._grid.setColumnMinimumWidth(1, width + 4)
        self._draw()

    def _draw(self) -> None:
        self.body.setVisible(not self.folded)
        if self.group.essential:
            return
        self.header.setIcon(theme.icon("arrow-right" if self.folded else "arrow-down"))
        changed = [row.field.label for row in self.rows if row.is_changed]
        names = ", ".join(row.field.label for row in self.rows)
        self.summary.setText(f"● changed: {', '.join(changed)}" if changed else names)
        self.summary.setVisible(self.folded)


class _Strangers(QFrame):
    """Keys of an opened recipe that the sweep doesn't have."""

    remove_wanted = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.setProperty("state", "bad")
        layout = QVBoxLayout(self)
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.button = QPushButton("Leave them out")
        self.button.clicked.connect(self.remove_wanted)
        layout.addWidget(self.text)
        layout.addWidget(self.button, alignment=Qt.AlignmentFlag.AlignLeft)
        self.hide()

    def show_keys(self, unknown: Mapping[str, Any]) -> None:
        """Say which keys aren't known, and their values."""
        self.setVisible(bool(unknown))
        lines = "\n".join(f"    {key} = {value!r}" for key, value in unknown.items())
        symbol = theme.state_style("bad").symbol
        self.text.setText(f"{symbol} This recipe has keys that the sweep doesn't know:\n{lines}")
