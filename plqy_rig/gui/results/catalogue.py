"""The list of runs on the left: folders, search, status, table; kept fresh by itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PyQt6.QtCore import QFileSystemWatcher, QTimer, pyqtSignal
from PyQt6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from plqy_rig.data.catalogue import Catalogue
from plqy_rig.data.catalogue_entry import CatalogueEntry, read_entry
from plqy_rig.evaluation.words import plural
from plqy_rig.gui.results.lines import look
from plqy_rig.gui.results.run_table import STATUS_WORDS, RunLine, RunTable
from plqy_rig.gui.results.work import Ticket, Workshop
from plqy_rig.gui.results.worker_process import WorkerProcess
from plqy_rig.gui.themes import theme
from plqy_rig.gui.widgets.pages import EmptyState
from plqy_rig.gui.window.settings import Settings

_FOLDERS_KEY = "results/folders"
_LEAST_WIDTH = 350
_SETTLE_MS = 400
"""A folder that changes changes several times in a row."""
_LOOK_AGAIN_MS = 5000
"""A run that grows changes its files, not its folder's list."""


class CataloguePanel(QWidget):
    """Finds runs in the chosen folders and lets one or several be chosen.

    Signals:
        chosen(list): paths of the chosen runs.
    """

    chosen = pyqtSignal(list)

    def __init__(self, workshop: Workshop, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workshop, self._settings = workshop, settings
        self._folders = _remembered(settings)
        self._catalogue: Catalogue | None = None
        # A hundred new runs read in a thread would make the window stutter for a quarter of a minute.
        self._process = WorkerProcess("The process that reads runs ended unexpectedly: look again (F5).")
        self._ticket: Ticket | None = None
        self._again = False
        self._watcher = QFileSystemWatcher(self)
        self.search, self.status, self.folders_button = QLineEdit(), QComboBox(), QToolButton()
        self.table, self.said = RunTable(), QLabel()
        self.empty = EmptyState("results", "No runs yet", "")
        self._stack = QStackedWidget()
        self.setMinimumWidth(_LEAST_WIDTH)
        self._lay_out()
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self.refresh)
        self._later = QTimer(self)
        self._later.setInterval(_LOOK_AGAIN_MS)
        self._later.timeout.connect(self.refresh)
        self._watcher.directoryChanged.connect(lambda _: self._settle.start())
        self.search.textChanged.connect(self._searched)
        self.status.currentIndexChanged.connect(self._searched)
        self.table.chosen.connect(self.chosen)
        self._watch()

    @property
    def folders(self) -> Sequence[Path]:
        """Get the folders that are looked through."""
        return tuple(self._folders)

    def add_folder(self, folder: Path, *, remember: bool = True) -> None:
        """Look through another folder, too."""
        folder = folder.resolve()
        if folder not in self._folders:
            self._folders.append(folder)
            if remember:
                self._remember()
            self._watch()
        self.refresh()

    def remove_folder(self, folder: Path) -> None:
        """Don't look there any more; nothing is deleted."""
        if folder in self._folders:
            self._folders.remove(folder)
            self._remember()
            self._watch()
            self.refresh()

    def keep_fresh(self, on: bool) -> None:
        """Look again every few seconds, as long as somebody looks."""
        if on:
            self._later.start()
            if not self.table.model_.lines:
                # "No runs" would be a guess: the last look was when nobody saw the list.
                self.empty.set_text("Looking for runs …")
            self.refresh()
        else:
            self._later.stop()

    def close_index(self) -> None:
        """Give the index back; a look under way ends early, and the process that reads runs."""
        if self._ticket is not None:
            self._ticket.cancel()
        self._process.close()
        if self._catalogue is not None:
            self._catalogue.close()

    def refresh(self) -> None:
        """Look what is there; at most one search at a time."""
        if self._ticket is not None:
            self._again = True
            return
        folders = list(self._folders)
        self.said.setText("Looking…" if not self.table.model_.lines else self.said.text())
        self._ticket = self._workshop.start(
            lambda ticket: self._look(folders, ticket), self._found, self._failed
        )

    def _look(self, folders: Sequence[Path], ticket: Ticket) -> list[RunLine]:
        """In a thread; one at a time."""
        wanted = tuple(folder.resolve() for folder in folders)
        if self._catalogue is None or self._catalogue.folders != wanted:
            if self._catalogue is not None:
                self._catalogue.close()
            self._catalogue = Catalogue(wanted)
        return look(self._catalogue, ticket, self._read_entry)

    def _read_entry(self, folder: Path) -> CatalogueEntry:
        """In the thread that looks: wait for the process that reads."""
        return self._process.result(self._process.submit(read_entry, folder))

    def _lay_out(self) -> None:
        self.search.setPlaceholderText("Search the runs")
        self.search.setToolTip(
            "Words from sample, operator, date, status, flags or folder: all must be there."
        )
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName("Search the runs")
        self.status.addItem("all", "")
        for status in ("success", "incomplete", "abort", "fail", "interrupted", "damaged"):
            self.status.addItem(" ".join(STATUS_WORDS[status]), status)
        self.status.setAccessibleName("Status of the runs shown")
        self.status.setMinimumWidth(90)
        self.folders_button.setToolTip("Folders that are looked through")
        self.folders_button.setAccessibleName("Folders")
        self.folders_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.folders_button.setMenu(QMenu(self))
        self._draw_icons()
        theme.on_change(self._draw_icons)
        menu = self.folders_button.menu()
        assert menu is not None
        menu.aboutToShow.connect(self._fill_menu)
        top = QHBoxLayout()
        top.addWidget(self.search, 2)
        top.addWidget(self.status, 1)
        top.addWidget(self.folders_button)
        self.said.setProperty("role", "muted")
        self._stack.addWidget(self.table)
        self._stack.addWidget(self.empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 12, 0)
        layout.setSpacing(8)
        layout.addLayout(top)
        layout.addWidget(self._stack, 1)
        layout.addWidget(self.said)

    def _draw_icons(self) -> None:
        self.folders_button.setIcon(theme.icon("folder"))

    def _fill_menu(self) -> None:
        menu = self.folders_button.menu()
        assert menu is not None
        menu.clear()
        add = menu.addAction("Add a folder…")
        again = menu.addAction("Look again")
        assert add is not None
        assert again is not None
        add.triggered.connect(self._ask_for_folder)
        again.triggered.connect(self.refresh)
        menu.addSeparator()
        for folder in self._folders:
            action = menu.addAction(f"Leave out {folder}")
            assert action is not None
            action.triggered.connect(lambda _, folder=folder: self.remove_folder(folder))

    def _ask_for_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Folder with runs")
        if name:
            self.add_folder(Path(name))

    def _found(self, lines: Sequence[RunLine]) -> None:
        self._ticket = None
        self.table.model_.show(lines)
        self._say()
        if self._again:
            self._again = False
            self._settle.start()

    def _failed(self, sentence: str) -> None:
        self._ticket = None
        self.said.setText(sentence)

    def _searched(self) -> None:
        self.table.filter.search(self.search.text())
        self.table.filter.only(str(self.status.currentData() or ""))
        self._say()

    def _say(self) -> None:
        every, shown = len(self.table.model_.lines), self.table.filter.rowCount()
        where = plural(len(self._folders), "folder")
        self.said.setText(
            f"{plural(every, 'run')} in {where}" + ("" if shown == every else f", {shown} shown")
        )
        self._stack.setCurrentIndex(0 if shown else 1)
        if not shown and every:
            self.empty.set_text("Nothing found", "No run has all these words and this status.")
        elif not shown:
            places = "\n".join(str(folder) for folder in self._folders)
            hint = f"Looked in\n{places}" if places else "Add a folder with the button above."
            self.empty.set_text("No runs yet", hint)

    def _watch(self) -> None:
        watched = self._watcher.directories()
        if watched:
            self._watcher.removePaths(watched)
        there = [str(folder) for folder in self._folders if folder.is_dir()]
        if there:
            self._watcher.addPaths(there)

    def _remember(self) -> None:
        self._settings.remember(_FOLDERS_KEY, "\n".join(str(folder) for folder in self._folders))


def _remembered(settings: Settings) -> list[Path]:
    names = settings.text(_FOLDERS_KEY).splitlines()
    return [Path(name) for name in names] if names else [Path("runs").resolve()]
