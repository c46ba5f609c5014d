"""The Records page: every calibration record of a folder, which ones hold, and what they look like."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from PyQt6.QtCore import QFileSystemWatcher, Qt, QTimer
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import (
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from plqy_rig.evaluation.words import plural
from plqy_rig.gui.host_link.session import CommandError, Session
from plqy_rig.gui.records.import_dialog import ImportDialog, ImportRequest, import_into
from plqy_rig.gui.records.reading import FolderReading, KindChoice, read_folder
from plqy_rig.gui.records.table import RecordTable
from plqy_rig.gui.themes import theme
from plqy_rig.gui.widgets.pages import EmptyState, Page
from plqy_rig.gui.widgets.removal import remove_all
from plqy_rig.gui.widgets.scroll_column import ScrollColumn
from plqy_rig.gui.window.header import ElidedLabel
from plqy_rig.gui.window.settings import Settings

_FOLDER_KEY = "records/folder"
_SETTLE_MS = 300
_MARGIN = 16
_ROOM_FOR_BOTH_PX = 960
_LEAST_TABLE_PX = 220
_LEAST_DETAIL_PX = 420


class KindCard(QFrame):
    """Which record of a kind a run would use now, and why."""

    def __init__(self, choice: KindChoice) -> None:
        super().__init__()
        style = theme.state_style(choice.state)
        self.setProperty("role", "card")
        self.setProperty("state", choice.state)
        self.kind, self.state, self.sentence = QLabel(choice.kind), QLabel(), QLabel(choice.sentence)
        self.kind.setProperty("role", "subheading")
        self.state.setText(f"{style.symbol} {choice.word}")
        self.state.setProperty("state", choice.state)
        self.sentence.setProperty("role", "muted")
        self.sentence.setWordWrap(True)
        top = QHBoxLayout()
        top.addWidget(self.kind)
        top.addStretch()
        top.addWidget(self.state)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(2)
        layout.addLayout(top)
        layout.addWidget(self.sentence)
        layout.addStretch()


class RecordsPage(Page):
    """Records with age and validity, and what a run would take."""

    title: ClassVar[str] = "Records"
    icon_name: ClassVar[str] = "records"
    needs_host: ClassVar[bool] = False

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        from plqy_rig.gui.records.detail import RecordDetail

        super().__init__(session, parent)
        self._settings = Settings()
        remembered = self._settings.text(_FOLDER_KEY)
        self.folder: Path | None = Path(remembered) if remembered else None
        self._rig_folder: str | None = None
        self.reading: FolderReading | None = None
        self.dialog: ImportDialog | None = None
        self.table, self.detail = RecordTable(), RecordDetail()
        self.where, self.verdict, self.remarks = ElidedLabel(), QLabel(), QLabel()
        self.choose, self.check = QPushButton("Open a folder"), QPushButton("Check all")
        self.import_button = QPushButton("Import a response")
        self.empty = EmptyState("records", "No calibration folder", "Open one, or connect to a rig.")
        self._cards, self._stack = QGridLayout(), QStackedWidget()
        self._split = QSplitter(Qt.Orientation.Horizontal)
        self._watcher = QFileSystemWatcher(self)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._lay_out()
        self._settle.timeout.connect(self.refresh)
        self._watcher.directoryChanged.connect(lambda _: self._settle.start())
        self.table.chosen.connect(self.detail.show_line)
        self.choose.clicked.connect(self._ask_for_folder)
        self.check.clicked.connect(self.check_all)
        self.import_button.clicked.connect(self.import_response)
        session.rig.changed.connect(self._rig_changed)
        self._rig_changed("rig")  # it may have been there before this page

    def activated(self) -> None:
        """Look again: ages go on."""
        self.is_active = True
        self.refresh()

    def deactivated(self) -> None:
        """Nothing goes on meanwhile."""
        self.is_active = False

    def open_folder(self, folder: Path, *, remember: bool = True) -> None:
        """Show the records of a folder."""
        self.folder = folder
        if remember:
            self._settings.remember(_FOLDER_KEY, str(folder))
        watched = self._watcher.directories()
        if watched:
            self._watcher.removePaths(watched)
        if folder.is_dir():
            self._watcher.addPath(str(folder))
        self.refresh()

    def refresh(self) -> None:
        """Read the folder in a thread."""
        folder, serials, chosen = self.folder, self._serial_numbers(), self._chosen()
        if folder is None:
            self._stack.setCurrentIndex(1)
            return
        self.session.in_background(lambda: read_folder(folder, serials, chosen), self._show, self._failed)

    def check_all(self) -> None:
        """Read every file and its raw data again, and say what was found."""
        folder, serials, chosen = self.folder, self._serial_numbers(), self._chosen()
        if folder is None:
            return

        def told(reading: FolderReading) -> None:
            self._show(reading)
            count = plural(len(reading.lines), "record")
            if reading.problems:
                shown = " ".join(reading.problems)
                self.session.tell(shown, "warning", where=f"{count} checked")
            else:
                said = f"{count} checked: a valid one of every kind, none damaged, raw data sound."
                self.session.tell(said, "good")

        self.session.in_background(lambda: read_folder(folder, serials, chosen), told, self._failed)

    def import_response(self) -> None:
        """Ask for a response file."""
        if self.folder is None:
            return
        response = None
        for choice in self.reading.choices if self.reading else ():
            response = choice.path if choice.kind == "Response" else response
        serial = self._serial_numbers().get("spectrometer", "")
        self.dialog = ImportDialog(self._import, spectrometer=serial, response=response, parent=self)
        self.dialog.open()

    def _import(self, request: ImportRequest) -> None:
        folder, dialog = self.folder, self.dialog
        assert folder is not None
        assert dialog is not None

        def done(path: Path) -> None:
            dialog.accept()
            self.session.tell(f"Imported as {path.name}.", "good")
            self.refresh()

        self.session.in_background(
            lambda: import_into(folder, request), done, lambda error: dialog.complain(error.message)
        )

    def _lay_out(self) -> None:
        title = QLabel(self.title)
        title.setProperty("role", "title")
        self.where.setProperty("role", "muted")
        self.verdict.setWordWrap(True)
        self.remarks.setWordWrap(True)
        self.remarks.setProperty("role", "muted")
        top = QHBoxLayout()
        top.setContentsMargins(0, 0, _MARGIN, 0)
        top.setSpacing(12)
        top.addWidget(title)
        top.addWidget(self.where, 1)
        for button in (self.import_button, self.check, self.choose):
            top.addWidget(button)
        heading = QLabel("For a run now")
        heading.setProperty("role", "heading")
        self._cards.setSpacing(12)
        self._split.addWidget(self.table)
        self._split.addWidget(self.detail)
        self._split.setSizes([600, 480])
        self._split.setHandleWidth(1)
        self._split.setChildrenCollapsible(False)
        shown = QWidget()
        inside = QVBoxLayout(shown)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(12)
        for part in (heading, self._cards, self.verdict, self.remarks):
            inside.addLayout(part) if isinstance(part, QGridLayout) else inside.addWidget(part)
        inside.addWidget(self._split, 1)
        # As high as it has to be: many problems or a low screen are scrolled.
        self._stack.addWidget(ScrollColumn(shown, _MARGIN))
        self._stack.addWidget(self.empty)
        self._stack.setCurrentIndex(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_MARGIN, _MARGIN, 0, _MARGIN)
        layout.setSpacing(12)
        layout.addLayout(top)
        layout.addWidget(self._stack, 1)
        self.add_key("F5", "look at the records again", self.refresh)
        self._arrange()

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Qt's: list and record side by side where both have room, else one above the other."""
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        wide = self.width() >= _ROOM_FOR_BOTH_PX
        self._split.setOrientation(Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical)
        self.table.setMinimumHeight(_LEAST_TABLE_PX)
        self.detail.setMinimumHeight(_LEAST_TABLE_PX if wide else _LEAST_DETAIL_PX)

    def _show(self, reading: FolderReading) -> None:
        if reading.folder != self.folder:
            return
        self.reading = reading
        self.where.set_whole(f"{plural(len(reading.lines), 'record')} in {reading.folder}")
        remove_all(self._cards)
        for index, choice in enumerate(reading.choices):
            self._cards.addWidget(KindCard(choice), index // 3, index % 3)
        for column in range(3):
            self._cards.setColumnStretch(column, 1)
        self.verdict.setText("\n".join(f"▲ {problem}" for problem in reading.problems))
        theme.set_property(self.verdict, "state", "warning" if reading.problems else "good")
        self.verdict.setVisible(bool(reading.problems))
        self.remarks.setText("\n".join(reading.remarks))
        self.remarks.setVisible(bool(reading.remarks))
        self.table.show_lines(reading.lines)
        if reading.lines:
            self._stack.setCurrentIndex(0)
        else:
            self.empty.set_text("No records in this folder", f"{reading.folder}\nCalibrations make them.")
            self._stack.setCurrentIndex(1)
        self.badge_changed.emit(str(len(reading.problems)) if reading.problems else "")

    def _failed(self, error: CommandError) -> None:
        self.empty.set_text("The folder can't be read", error.message)
        self._stack.setCurrentIndex(1)

    def _ask_for_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Calibration folder")
        if name:
            self.open_folder(Path(name))

    def _rig_changed(self, topic: str) -> None:
        folder = self.session.rig.rig.get("calibration_folder")
        if topic == "rig" and folder and folder != self._rig_folder:
            # Once for each rig: a folder that was opened by hand stays.
            self._rig_folder = folder
            self.open_folder(Path(folder), remember=False)
        elif topic == "calibration" and self.is_active:
            self._settle.start()

    def _chosen(self) -> tuple[str, ...]:
        """Records that the rig file names; another folder has none."""
        rig = self.session.rig.rig
        own = str(self.folder) == rig.get("calibration_folder")
        return tuple(rig.get("chosen_records") or ()) if own else ()

    def _serial_numbers(self) -> dict[str, str]:
        """Of the instruments in use, as far as they said who they are."""
        found = {}
        for name, part in self.session.rig.instruments.items():
            serial = (part.get("identity") or {}).get("serial_number")
            if serial:
                found[name] = str(serial)
        return found
