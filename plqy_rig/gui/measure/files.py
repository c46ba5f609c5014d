"""The buttons above the recipe's form: presets, opening, saving, what was opened lately."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QFileDialog, QHBoxLayout, QInputDialog, QLabel, QMenu, QToolButton, QWidget

from drivers.errors import RigError
from plqy_rig.gui.host_link.session import CommandError, Session
from plqy_rig.gui.measure.presets import Preset, built_in_presets, own_presets, preset_path
from plqy_rig.gui.measure.recipe_desk import RecipeDesk
from plqy_rig.gui.measure.recipe_file import RecipeFile
from plqy_rig.gui.measure.recipe_form import RecipeForm
from plqy_rig.gui.themes import theme
from plqy_rig.gui.window.header import ElidedLabel

_MENU_WIDTH_PX = 420
_FILTER = "Recipes (*.toml);;All files (*)"


class _RecipeName(ElidedLabel):
    """The recipe's name, no wider than it is long; the tooltip tells where it lies."""

    _path = ""

    def show_name(self, name: str, path: str) -> None:
        """Show a name."""
        self._path = path
        self.set_whole(name)
        self.setMaximumWidth(self.fontMetrics().horizontalAdvance(name) + 2)
        self._fit()

    def _fit(self) -> None:
        super()._fit()
        if self._path:
            self.setToolTip(f"{self.whole}\n{self._path}")


def _menu_words(menu: QMenu, name: str) -> str:
    """A name as it can stand in a menu: not wider than a window, and without a key in it."""
    short = menu.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, _MENU_WIDTH_PX)
    return short.replace("&", "&&")


class RecipeFiles(QWidget):
    """Brings recipes from files and presets into the form, and back.

    Signals:
        taken(): another recipe is in the form.
        saved(): the recipe was saved.
    """

    taken = pyqtSignal()
    saved = pyqtSignal()

    def __init__(self, session: Session, desk: RecipeDesk, form: RecipeForm) -> None:
        super().__init__()
        self._session, self.desk, self._form = session, desk, form
        self._saved_at = ""
        self.name = _RecipeName()
        self.name.setProperty("role", "muted")
        self.state = QLabel()
        self.state.setProperty("role", "muted")
        self.preset_button = self._menu_button("Presets", "records", self._fill_presets)
        self.open_button = self._menu_button("Open", "open", self._fill_recent)
        self.save_button = self._menu_button("Save", "save", self._fill_save)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.name, 1)
        layout.addWidget(self.state)
        layout.addStretch(0)
        for button in (self.preset_button, self.open_button, self.save_button):
            layout.addWidget(button)
        theme.on_change(self._draw_icons)
        self._draw_icons()

    def _menu_button(self, text: str, icon: str, fill: Callable[[QMenu], None]) -> QToolButton:
        button = QToolButton()
        button.setText(f"{text} ▾")
        button.setStyleSheet("QToolButton::menu-indicator { image: none; width: 0px; }")
        button.setObjectName(icon)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        menu.setToolTipsVisible(True)
        # Filled when it is opened: what there is to choose may have changed.
        menu.aboutToShow.connect(menu.clear)
        menu.aboutToShow.connect(lambda: fill(menu))
        button.setMenu(menu)
        return button

    def _draw_icons(self) -> None:
        for button in (self.preset_button, self.open_button, self.save_button):
            button.setIcon(theme.icon(button.objectName()))

    def forget_saving(self) -> None:
        """Another recipe is in the form: what was said about saving isn't about it."""
        self._saved_at = ""

    def show_name(self) -> None:
        """Say what is in the form and whether it was edited."""
        saved = f"✔ saved {self._saved_at}" if self._saved_at else ""
        self.state.setText("● edited" if self.desk.edited else saved)
        self.state.setVisible(bool(self.state.text()))
        self.name.show_name(self.desk.name, "" if self.desk.path is None else str(self.desk.path))

    def stand(self, *, narrow: bool) -> None:
        """Show the buttons with their words, or as icons where there is little width."""
        style = Qt.ToolButtonStyle
        for button in (self.preset_button, self.open_button, self.save_button):
            button.setToolButtonStyle(style.ToolButtonIconOnly if narrow else style.ToolButtonTextBesideIcon)
            button.setToolTip(button.text().removesuffix(" ▾") if narrow else "")

    # -- presets --------------------------------------------------------------------------------------

    def _fill_presets(self, menu: QMenu) -> None:
        for preset in built_in_presets():
            self._preset_action(menu, preset)
        own = own_presets()
        if own:
            menu.addSection("My own")
        for preset in own:
            self._preset_action(menu, preset)
        menu.addSeparator()
        menu.addAction("Keep this recipe as a preset …", self.ask_preset_name)

    def _preset_action(self, menu: QMenu, preset: Preset) -> None:
        action = QAction(_menu_words(menu, preset.name), menu)
        action.setToolTip(preset.description)
        action.triggered.connect(lambda: self.take_preset(preset))
        menu.addAction(action)

    def take_preset(self, preset: Preset) -> None:
        """Put a preset into the form; sample, operator and comment stay."""
        self._form.set_recipe(self.desk.take_preset(preset))
        self.desk.settle(self._form.recipe())
        self.taken.emit()

    def ask_preset_name(self) -> None:
        """Ask for a name and keep the recipe under it."""
        name, given = QInputDialog.getText(self, "Keep as a preset", "Name of the preset:")
        if given and name.strip():
            self.save_to(preset_path(name.strip()))

    # -- files ----------------------------------------------------------------------------------------

    def _fill_recent(self, menu: QMenu) -> None:
        menu.addAction("Recipe file …\tCtrl+Shift+O", self.ask_open)
        menu.addAction("Measure like a run …", self.ask_open_run)
        if self.desk.recent:
            menu.addSection("Lately")
        for path in self.desk.recent:
            action = menu.addAction(_menu_words(menu, path.name), lambda path=path: self.open_path(path))
            if action is not None:
                action.setToolTip(str(path))
        menu.addSeparator()
        menu.addAction("New recipe\tCtrl+N", self.new)

    def _fill_save(self, menu: QMenu) -> None:
        action = menu.addAction("Save\tCtrl+S", self.save)
        if action is not None:
            action.setEnabled(self.desk.can_save)
        menu.addAction("Save as …\tCtrl+Shift+S", self.ask_save)
        menu.addAction("Keep as a preset …", self.ask_preset_name)

    def new(self) -> None:
        """Begin anew with all defaults."""
        self.desk.path, self.desk.text, self.desk.is_run = None, "", False
        self._form.set_recipe({})
        self.desk.settle(self._form.recipe())
        self.taken.emit()

    def ask_open(self) -> None:
        """Ask for a recipe file and open it."""
        name, _ = QFileDialog.getOpenFileName(self, "Open a recipe", self._start_folder(), _FILTER)
        if name:
            self.open_path(Path(name))

    def ask_open_run(self) -> None:
        """Ask for a run folder and take the recipe it was measured with."""
        name = QFileDialog.getExistingDirectory(self, "Measure like this run", self._start_folder())
        if name:
            self.open_path(Path(name))

    def open_path(self, path: Path) -> None:
        """Open a recipe file or a run folder; reading a run takes a moment and doesn't hold up the window."""
        where = "open the recipe"
        self._session.in_background(
            lambda: self.desk.open(path),
            self.take_file,
            lambda error: self._tell(error, where),
        )

    def take_file(self, recipe: RecipeFile) -> None:
        """Put an opened recipe into the form."""
        self._form.set_recipe(recipe.values)
        self.desk.take(recipe, self._form.recipe())
        self.taken.emit()

    def save(self) -> None:
        """Write it back to its file, or ask for one."""
        if self.desk.can_save and self.desk.path is not None:
            self.save_to(self.desk.path)
        else:
            self.ask_save()

    def ask_save(self) -> None:
        """Ask for a file and write it there."""
        start = os.path.join(self._start_folder(), "recipe.toml")  # noqa: PTH118 -- Qt wants a text
        name, _ = QFileDialog.getSaveFileName(self, "Save the recipe", start, _FILTER)
        if name:
            path = Path(name)
            self.save_to(path if path.suffix else path.with_suffix(".toml"))

    def save_to(self, path: Path) -> None:
        """Write it to a file; says so where comments were lost."""
        try:
            kept = self.desk.save(path)
        except RigError as error:
            self._session.tell(str(error), "bad", where="save the recipe")
            return
        self._saved_at = time.strftime("%H:%M")
        if not kept:
            self._session.tell(
                f"Saved as {path}. Some of the file's comments stood where a new value is, and are gone.",
                "warning",
            )
        self.saved.emit()

    def _start_folder(self) -> str:
        known = self.desk.path or (self.desk.recent[0] if self.desk.recent else None)
        return str(known.parent) if known is not None else str(Path.home())

    def _tell(self, error: CommandError, where: str) -> None:
        self._session.tell(error.message, "bad", where=where)
