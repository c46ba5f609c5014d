"""The buttons that start a recipe or queue it, and why one can't."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import shorten
from typing import Any

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QToolButton,
    QWidget,
)

from plqy_rig.gui.host_link.rig_model import RigModel
from plqy_rig.gui.host_link.session import Session
from plqy_rig.gui.themes import theme
from procedures.recipe_problems import RecipeProblem

START_KEYS = "Ctrl+Return"
QUEUE_KEYS = "Ctrl+Shift+Return"
_LONGEST_REASON = 240
"""Longer ones would push the buttons out of a small window."""

_OCCUPATIONS = {
    "run": "A run is under way: add this one to the queue, or wait for its end.",
    "queue": "The queue is running: add this one to the queue.",
    "calibration": "A calibration is under way: wait for its end.",
    "manual": "Somebody drives the instruments by hand: end that first (Rig page).",
}


def why_not_queue(session: Session, problems: Sequence[RecipeProblem]) -> str:
    """Why the recipe can't be queued now, a sentence; empty when it can."""
    if not session.connected:
        return "Not connected to a rig: choose one on the Rig page."
    if problems:
        return "One thing is to be mended first." if len(problems) == 1 else _many(len(problems))
    return ""


def why_not_start(session: Session, problems: Sequence[RecipeProblem]) -> str:
    """Why the recipe can't be started now, a sentence; empty when it can."""
    reason = why_not_queue(session, problems)
    if reason:
        return reason
    model = session.rig
    if model.occupation != "idle":
        return _OCCUPATIONS.get(model.occupation, f"The rig is in use ({model.occupation}).")
    if model.run_under_way:
        return _OCCUPATIONS["run"]
    missing = missing_instruments(model)
    if missing:
        return f"Not connected: {', '.join(missing)}. The Rig page says what to do."
    return ""


def _many(number: int) -> str:
    return f"{number} things are to be mended first."


def missing_instruments(model: RigModel) -> list[str]:
    """Names of the instruments that aren't there."""
    return [name for name, state in model.instruments.items() if state.get("connected") is False]


class StartCard(QFrame):
    """Folder, simulated hands, start and queue.

    Signals:
        start_wanted(): start now.
        queue_wanted(): add to the queue.
        update_wanted(): write back to the queue entry that is edited.
        refused(): a button was pressed that can't do its work now.
        folder_chosen(): `out` is another one.
    """

    start_wanted = pyqtSignal()
    queue_wanted = pyqtSignal()
    update_wanted = pyqtSignal()
    refused = pyqtSignal()
    folder_chosen = pyqtSignal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._session = session
        self._why_not_start, self._why_not_queue = "", ""
        self._out: str | None = None
        self.news = ""
        """Good news about this recipe, shown as long as nothing speaks against it."""
        self.start_button = QPushButton("Start now")
        self.start_button.setProperty("role", "primary")
        self.start_button.setToolTip(f"Start this recipe ({START_KEYS})")
        self.queue_button = QPushButton("Add to queue")
        self.queue_button.setToolTip(f"Add this recipe to the queue ({QUEUE_KEYS})")
        self.update_button = QPushButton("Save to the queue")
        self.update_button.setProperty("role", "primary")
        self.update_button.hide()
        self.why = QLabel()
        self.why.setWordWrap(True)
        self.hands = QCheckBox("The bench's hands move sample and filter")
        self.hands.setChecked(True)
        self.hands.setToolTip("Only at a simulated bench: no operator is asked.")
        self.folder = QLineEdit()
        self.folder.setReadOnly(True)
        self.folder.setAccessibleName("folder for the run")
        self.folder_button = QToolButton()
        self.folder_button.setToolTip("Save the run in another folder")
        self.folder_button.setAccessibleName("choose another folder")
        self._place()
        self.start_button.clicked.connect(self.start)
        self.queue_button.clicked.connect(self.queue)
        self.update_button.clicked.connect(self._update)
        self.folder_button.clicked.connect(self._choose_folder)
        theme.on_change(self._draw_icons)
        self._draw_icons()

    def _place(self) -> None:
        self._layout = QGridLayout(self)
        self._layout.setContentsMargins(14, 12, 14, 12)
        self._layout.setSpacing(8)
        self._where = QWidget()
        where = QHBoxLayout(self._where)
        where.setContentsMargins(0, 0, 0, 0)
        where.setSpacing(8)
        title = QLabel("Save in")
        title.setProperty("role", "muted")
        where.addWidget(title)
        where.addWidget(self.folder, 1)
        where.addWidget(self.folder_button)
        self._layout.setColumnStretch(0, 2)
        self._layout.setColumnStretch(1, 1)
        self.stand(wide=False)

    def stand(self, *, wide: bool) -> None:
        """Take little height where there is width, or little width."""
        layout = self._layout
        layout.addWidget(self._where, 0, 0, 1, 1 if wide else 2)
        layout.addWidget(self.hands, 0 if wide else 1, 1 if wide else 0, 1, 1 if wide else 2)
        layout.addWidget(self.start_button, 2, 0)
        layout.addWidget(self.update_button, 2, 0, 1, 2)
        layout.addWidget(self.queue_button, 2, 1)
        layout.addWidget(self.why, 3, 0, 1, 2)

    def _draw_icons(self) -> None:
        colours = theme.current()
        for button, icon in ((self.start_button, "play"), (self.update_button, "save")):
            button.setIcon(theme.icon(icon, colours.on_accent if button.isEnabled() else colours.muted))
        self.queue_button.setIcon(theme.icon("add", None if self.queue_button.isEnabled() else colours.muted))
        self.folder_button.setIcon(theme.icon("folder"))

    @property
    def out(self) -> str | None:
        """Get the folder that was chosen; None: the host's own."""
        return self._out

    @property
    def simulated_hands(self) -> bool:
        """Get whether a bench's hands do the operator's work."""
        return self._session.simulated and self.hands.isChecked()

    def show_state(self, problems: Sequence[RecipeProblem], *, checking: bool) -> None:
        """Say whether a start is possible, and why not.

        Args:
            problems: of the recipe.
            checking: whether the host's dry run is still to come.
        """
        self._why_not_start = why_not_start(self._session, problems)
        self._why_not_queue = why_not_queue(self._session, problems)
        self.hands.setVisible(self._session.simulated)
        default = str(self._session.rig.rig.get("out") or "the host's folder")
        self.folder.setText(self._out or default)
        self.folder.setCursorPosition(0)
        self.folder.setToolTip(self._out or default)
        for button, why in (
            (self.start_button, self._why_not_start),
            (self.queue_button, self._why_not_queue),
            (self.update_button, self._why_not_queue),
        ):
            button.setEnabled(not why)
        self._draw_icons()
        reason = self._why_not_queue if self.update_button.isVisibleTo(self) else self._why_not_start
        if self.news:
            self.say(f"{theme.state_style('good').symbol} {self.news}", "good")
        elif reason:
            self.say(f"{theme.state_style('warning').symbol} {reason}", "warning")
        else:
            self.say("Checking …" if checking else "", "unknown")

    def say(self, text: str, state: str) -> None:
        """A sentence right at the buttons."""
        shown = shorten(text, _LONGEST_REASON, placeholder=" …")
        self.why.setText(shown)
        self.why.setToolTip(text if shown != text else "")
        self.why.setVisible(bool(text))
        theme.set_property(self.why, "state", state)

    def edit_entry(self, *, editing: bool) -> None:
        """Offer to save to a queue entry instead of starting."""
        self.start_button.setVisible(not editing)
        self.queue_button.setVisible(not editing)
        self.update_button.setVisible(editing)

    def start(self) -> None:
        """As if the button had been pressed; says at the button why it can't."""
        self._press(self._why_not_start, self.start_wanted)

    def queue(self) -> None:
        """As if the button had been pressed."""
        self._press(self._why_not_queue, self.queue_wanted)

    def _update(self) -> None:
        self._press(self._why_not_queue, self.update_wanted)

    def _press(self, why_not: str, wanted: Any) -> None:
        if why_not:
            self.refused.emit()
            self.say(f"{theme.state_style('bad').symbol} {why_not}", "bad")
        else:
            wanted.emit()

    def _choose_folder(self) -> None:
        present = self._out or str(self._session.rig.rig.get("out") or Path.home())
        chosen = QFileDialog.getExistingDirectory(self, "Folder for the run", present)
        if chosen:
            self.set_out(chosen)

    def set_out(self, folder: str | None) -> None:
        """Save the run in this folder; None: in the host's own."""
        self._out = folder
        self.folder.setText(folder or str(self._session.rig.rig.get("out") or ""))
        self.folder_chosen.emit()
