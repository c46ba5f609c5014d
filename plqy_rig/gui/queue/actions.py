"""The buttons that change the chosen entry of the queue."""

from __future__ import annotations

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QToolButton, QWidget

from plqy_rig.gui.queue.words import ENDED, Entry, policy_words
from plqy_rig.gui.themes import theme

_POLICIES = (("skip", 0), ("retry", 1), ("retry", 3), ("stop", 0))


class EntryActions(QWidget):
    """Up, down, edit, duplicate, hold, what to do on failure, remove.

    Signals:
        policy_wanted(str, int): what shall be done on failure: policy and retries.
    """

    policy_wanted = pyqtSignal(str, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.up = self._tool("up", "Earlier (Alt+Up)")
        self.down = self._tool("down", "Later (Alt+Down)")
        self.edit = self._button("Edit", "edit", "Change the recipe (Return)")
        self.duplicate = self._button("Duplicate", "copy", "The same once more (Ctrl+D)")
        self.hold = self._button("Hold", "hold", "It isn't taken until it is released (Ctrl+L)")
        self.policy = QToolButton()
        self.policy.setText("If it fails ▾")
        self.policy.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.policy.setStyleSheet("QToolButton::menu-indicator { image: none; width: 0px; }")
        self.policy.setMenu(self._policy_menu())
        self.remove = self._button("Remove", "remove", "Take it out of the queue (Delete)")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        for widget in (self.up, self.down, self.edit, self.duplicate, self.hold, self.policy):
            layout.addWidget(widget)
        layout.addStretch(1)
        layout.addWidget(self.remove)
        theme.on_change(self._draw_icons)
        self.show_entry(None, 0)

    def _tool(self, icon: str, hint: str) -> QToolButton:
        button = QToolButton()
        button.setObjectName(icon)
        button.setToolTip(hint)
        button.setAccessibleName(hint)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def _button(self, text: str, icon: str, hint: str) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(icon)
        button.setToolTip(hint)
        return button

    def _policy_menu(self) -> QMenu:
        menu = QMenu(self)
        for policy, retries in _POLICIES:
            words = policy_words({"policy": policy, "retries": retries})
            menu.addAction(
                words[:1].upper() + words[1:],
                lambda policy=policy, retries=retries: self.policy_wanted.emit(policy, retries),
            )
        return menu

    def show_entry(self, entry: Entry | None, number_of_entries: int) -> None:
        """Enable what can be done with an entry.

        Args:
            entry: the chosen one; None: nothing is chosen.
            number_of_entries: in the queue.
        """
        status = "" if entry is None else str(entry["status"])
        position = 0 if entry is None else int(entry["position"])
        waiting, ended = status == "waiting", status in ENDED
        self.up.setEnabled(waiting and position > 1)
        self.down.setEnabled(waiting and position < number_of_entries)
        self.edit.setEnabled(waiting)
        self.duplicate.setEnabled(entry is not None)
        self.hold.setEnabled(waiting or (ended and status != "finished"))
        held = entry is not None and bool(entry.get("held"))
        self.hold.setText("Again" if ended else "Release" if held else "Hold")
        self.policy.setEnabled(waiting)
        self.remove.setEnabled(waiting or ended)
        self._draw_icons()

    def _draw_icons(self) -> None:
        for button in (self.up, self.down, self.edit, self.duplicate, self.hold, self.remove):
            colour = None if button.isEnabled() else theme.current().muted
            icon = "play" if button is self.hold and self.hold.text() != "Hold" else button.objectName()
            button.setIcon(theme.icon(icon, colour))
