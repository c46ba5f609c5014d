"""The queue page: what waits for the rig, in which order, until when, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from plqy_rig.gui.host_link.session import CommandError, Session
from plqy_rig.gui.measure.recipe_handover import RecipeHandover
from plqy_rig.gui.queue.actions import EntryActions
from plqy_rig.gui.queue.model import QueueModel
from plqy_rig.gui.queue.table import QueueTable
from plqy_rig.gui.queue.words import ENDED, Entry, queue_sentence, title_of
from plqy_rig.gui.themes import theme
from plqy_rig.gui.widgets.pages import EmptyState, Page
from plqy_rig.gui.window.header import ElidedLabel

_CLOCK_INTERVAL_MS = 15_000
_UNDO_PATIENCE_MS = 20_000


class QueuePage(Page):
    """The queue of the rig."""

    title = "Queue"
    icon_name = "queue"

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.model = QueueModel(self)
        self.table = QueueTable(self.model)
        self.actions_bar = EntryActions()
        self.sentence = QLabel()
        self.sentence.setWordWrap(True)
        self.run_button = QPushButton()
        self.run_button.setProperty("role", "primary")
        self.hands = QCheckBox("The bench's hands move sample and filter")
        self.hands.setChecked(True)
        self.hands.setToolTip("Only at a simulated bench: no operator is asked.")
        self.group_button = QPushButton("Group")
        self.group_button.setToolTip("Sort by how sample and filter stand: the fewest moves of the operator")
        self.clear_button = QPushButton("Clear ended")
        self.clear_button.setToolTip("Take the entries away that have ended; their runs stay")
        self.why = QLabel()
        self.why.setWordWrap(True)
        self.details = EntryDetails()
        self.undo = UndoBar()
        empty = "Make a recipe on the Measure page (Ctrl+2) and add it to the queue (Ctrl+Shift+Return)."
        self.empty = EmptyState("queue", "Nothing waits for the rig", empty)
        self.stack = QStackedWidget()
        self.empty.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.table)
        self._clock = QTimer(self)
        self._clock.setInterval(_CLOCK_INTERVAL_MS)
        self._place()
        self._connect()
        self._add_keys()
        self._show_queue()

    def _place(self) -> None:
        heading = QLabel(self.title)
        heading.setProperty("role", "title")
        top = QHBoxLayout()
        top.setSpacing(12)
        top.addWidget(heading)
        top.addStretch(1)
        for widget in (self.group_button, self.clear_button, self.run_button):
            top.addWidget(widget)
        told = QHBoxLayout()
        told.setSpacing(12)
        told.addWidget(self.sentence, 1)
        told.addWidget(self.hands, 0, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addLayout(top)
        layout.addLayout(told)
        layout.addWidget(self.why)
        layout.addWidget(self.stack, 1)
        layout.addWidget(self.undo)
        layout.addWidget(self.details)
        layout.addWidget(self.actions_bar)

    def _connect(self) -> None:
        bar = self.actions_bar
        bar.up.clicked.connect(lambda: self._step(-1))
        bar.down.clicked.connect(lambda: self._step(+1))
        bar.edit.clicked.connect(self._edit)
        bar.duplicate.clicked.connect(self._duplicate)
        bar.hold.clicked.connect(self._hold)
        bar.remove.clicked.connect(self._remove)
        bar.policy_wanted.connect(self._set_policy)
        self.run_button.clicked.connect(self._start_or_pause)
        self.group_button.clicked.connect(lambda: self._do("queue_group", {}))
        self.clear_button.clicked.connect(lambda: self._do("queue_clear_ended", {}))
        self.undo.button.clicked.connect(self._undo_removal)
        self.model.move_wanted.connect(self._move)
        self.table.chosen.connect(self._show_chosen)
        self.table.opened.connect(self._edit)
        self.session.rig.changed.connect(self._rig_changed)
        self.session.connected_changed.connect(lambda _connected, _why: self._show_queue())
        self._clock.timeout.connect(self._tick)
        theme.on_change(self._show_queue)

    def _add_keys(self) -> None:
        self.add_key("Alt+Up", "move the entry up", lambda: self._step(-1))
        self.add_key("Alt+Down", "move the entry down", lambda: self._step(+1))
        self.add_key("Ctrl+E", "edit the entry (also Return)", self._edit)
        self.add_key("Ctrl+D", "duplicate the entry", self._duplicate)
        self.add_key("Ctrl+L", "hold or release the entry", self._hold)
        self.add_key("Delete", "remove the entry", self._remove)
        self.add_key("Ctrl+Z", "bring the removed entry back", self._undo_removal)
        self._run_key = self.add_key("Ctrl+Return", "start or pause the queue", self._start_or_pause)

    # -- what is shown --------------------------------------------------------------------------------

    def activated(self) -> None:
        """Times go by from now on."""
        self._clock.start()
        self._show_queue()
        (self.table if self.model.entries else self.empty).setFocus()

    def deactivated(self) -> None:
        """Nobody looks at the times."""
        self._clock.stop()

    def _rig_changed(self, topic: str) -> None:
        if topic in ("queue", "rig", "occupation"):
            self._show_queue()
        elif topic == "engine":
            # While the operator is asked something, the same key means "done".
            self._run_key.setEnabled(self.session.rig.question is None)

    def _tick(self) -> None:
        self._show_sentence()
        self.model.refresh()

    @property
    def queue(self) -> Mapping[str, Any]:
        """Get the queue as the host says it is."""
        return self.session.rig.queue

    def _show_queue(self) -> None:
        entries = list(self.queue.get("entries") or ())
        chosen = self.table.chosen_entry
        if self.model.show_entries(entries):
            # The same entry stays selected, wherever it went; else the nearest that is left.
            if chosen is not None and self.model.row_of(chosen["id"]) >= 0:
                self.table.choose(chosen["id"])
            elif entries:
                row = 0 if chosen is None else min(chosen["position"] - 1, len(entries) - 1)
                self.table.choose(entries[row]["id"])
        self._show_stack(self.table if entries else self.empty)
        waiting = sum(one["status"] in ("waiting", "running") for one in entries)
        self.badge_changed.emit(str(waiting) if waiting else "")
        self._show_sentence()
        self._show_buttons(entries)
        self._show_chosen()

    def _show_stack(self, widget: QWidget) -> None:
        if widget is self.stack.currentWidget():
            return
        self.stack.setCurrentWidget(widget)
        if self.is_active:
            # The page's keys work where the cursor is.
            widget.setFocus()

    def _show_sentence(self) -> None:
        self.sentence.setText(queue_sentence(self.queue, time.time()))
        self.sentence.setVisible(bool(self.queue.get("entries")) or self.queue.get("state") != "idle")

    def _show_buttons(self, entries: list[Entry]) -> None:
        running = self.queue.get("state") in ("running", "pausing")
        startable = any(one["status"] == "waiting" and not one.get("held") for one in entries)
        why = "" if running else self._why_not_start(entries, startable=startable)
        self.run_button.setText("Pause the queue" if running else "Start the queue")
        self.run_button.setEnabled(self.queue.get("state") == "running" or (not running and not why))
        colours = theme.current()
        ink = colours.on_accent if self.run_button.isEnabled() else colours.muted
        self.run_button.setIcon(theme.icon("pause" if running else "play", ink))
        self.hands.setVisible(self.session.simulated and bool(entries))
        self.hands.setEnabled(not running)
        self.group_button.setEnabled(sum(one["status"] == "waiting" for one in entries) > 1)
        self.clear_button.setEnabled(any(one["status"] in ENDED for one in entries))
        for button in (self.run_button, self.group_button, self.clear_button):
            button.setVisible(bool(entries))
        self.say(f"▲ {why}" if why and entries else "", "warning")

    def _why_not_start(self, entries: list[Entry], *, startable: bool) -> str:
        if not self.session.connected:
            return "Not connected to a rig."
        if not startable:
            held = any(one["status"] == "waiting" for one in entries)
            return "Every waiting entry is held: release one first." if held else "Nothing waits any more."
        occupation = self.session.rig.occupation
        if occupation not in ("idle", "queue"):
            return f"The rig is in use ({occupation}): the queue can begin when that has ended."
        return ""

    def say(self, text: str, state: str) -> None:
        """A sentence below the buttons."""
        self.why.setText(text)
        self.why.setVisible(bool(text))
        theme.set_property(self.why, "state", state)

    def _show_chosen(self) -> None:
        entry = self.table.chosen_entry
        self.actions_bar.show_entry(entry, len(self.model.entries))
        self.actions_bar.setVisible(bool(self.model.entries))
        self.details.show_entry(entry)

    # -- what is done ---------------------------------------------------------------------------------

    def _do(
        self, command: str, arguments: Mapping[str, Any], done: Callable[..., object] | None = None
    ) -> None:
        self.session.command(command, arguments, done, self._refused)

    def _refused(self, error: CommandError) -> None:
        self.say(f"{theme.state_style('bad').symbol} {error.message}", "bad")

    def _start_or_pause(self) -> None:
        if not self.run_button.isEnabled():
            return
        if self.queue.get("state") == "running":
            self._do("queue_pause", {})
        else:
            hands = self.session.simulated and self.hands.isChecked()
            self._do("queue_start", {"simulated_hands": hands})

    def _move(self, number: int, position: int) -> None:
        self._do("queue_move", {"id": number, "position": position})

    def _step(self, direction: int) -> None:
        entry = self.table.chosen_entry
        if entry is not None and 1 <= entry["position"] + direction <= len(self.model.entries):
            self._move(entry["id"], entry["position"] + direction)

    def _edit(self) -> None:
        entry = self.table.chosen_entry
        if entry is None or not self.actions_bar.edit.isEnabled():
            return
        RecipeHandover.of(self.session).edit(entry)
        self.session.page_wanted.emit("Measure")

    def _duplicate(self) -> None:
        entry = self.table.chosen_entry
        if entry is not None:
            self._do("queue_duplicate", {"id": entry["id"]})

    def _hold(self) -> None:
        entry = self.table.chosen_entry
        if entry is None or not self.actions_bar.hold.isEnabled():
            return
        # Releasing an entry that has ended puts it back to waiting.
        held = entry["status"] == "waiting" and not entry.get("held")
        self._do("queue_hold", {"id": entry["id"], "held": held})

    def _set_policy(self, policy: str, retries: int) -> None:
        entry = self.table.chosen_entry
        if entry is not None:
            changes = {"on_failure": {"policy": policy, "retries": retries}}
            self._do("queue_edit", {"id": entry["id"], "changes": changes})

    def _remove(self) -> None:
        entry = self.table.chosen_entry
        if entry is None or not self.actions_bar.remove.isEnabled():
            return
        self._do("queue_remove", {"id": entry["id"]}, lambda _result: self.undo.offer(entry))

    def _undo_removal(self) -> None:
        entry = self.undo.take()
        if entry is None:
            return
        keys = ("recipe", "name", "only_pass", "out", "on_failure", "held")
        position = min(int(entry["position"]), len(self.model.entries) + 1)
        self._do("queue_add", {key: entry[key] for key in keys} | {"position": position})


class EntryDetails(QFrame):
    """Message and folder of the chosen entry, whole."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.text, self.folder = QLabel(), ElidedLabel()
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.folder.setProperty("role", "muted")
        self.folder.setTextFormat(Qt.TextFormat.PlainText)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(4)
        layout.addWidget(self.text)
        layout.addWidget(self.folder)

    def show_entry(self, entry: Entry | None) -> None:
        """Show what there is to say; nothing takes no room."""
        message, folder = ("", "") if entry is None else (entry.get("message"), entry.get("folder"))
        self.text.setText(str(message or ""))
        self.folder.set_whole(str(folder or ""))
        self.text.setVisible(bool(message))
        self.folder.setVisible(bool(folder))
        failed = entry is not None and entry["status"] == "failed"
        theme.set_property(self, "state", "bad" if failed else "")
        self.setVisible(bool(message or folder))


class UndoBar(QFrame):
    """Offers to bring back what was removed, for a while."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._entry: Entry | None = None
        self.text = ElidedLabel()
        self.button = QPushButton("Undo (Ctrl+Z)")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 6, 8, 6)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.button)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_UNDO_PATIENCE_MS)
        self._timer.timeout.connect(self.hide)
        self.hide()

    def offer(self, entry: Entry) -> None:
        """Offer to bring an entry back."""
        self._entry = entry
        self.text.set_whole(f"Removed: {title_of(entry)}")
        self.show()
        self._timer.start()

    def take(self) -> Entry | None:
        """The entry to bring back, once; also after the offer has gone from sight."""
        entry, self._entry = self._entry, None
        self.hide()
        return entry
