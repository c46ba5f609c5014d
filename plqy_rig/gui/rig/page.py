"""The first page: without a rig the choice of one; with one its instruments, each with light and sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from plqy_rig.gui.host_link.session import CommandError, Session
from plqy_rig.gui.rig.start_page import StartPanel
from plqy_rig.gui.themes import theme
from plqy_rig.gui.widgets.pages import EmptyState, Page
from plqy_rig.gui.widgets.removal import remove
from plqy_rig.gui.widgets.scroll_column import ScrollColumn
from plqy_rig.gui.window.header import ElidedLabel
from plqy_rig.gui.window.settings import Settings

_NAMES = {
    "shutter": "Shutter",
    "laser": "Laser",
    "attenuator": "Attenuator wheel",
    "monitor": "Power monitor",
    "spectrometer": "Spectrometer",
}
_ICONS = {"attenuator": "wheel"}
_MARGIN_PX = 16


class InstrumentCard(QFrame):
    """One instrument of the report: light, sentence, what to do, who it is.

    Signals:
        reconnected(): the host tried to reach it again: there is something new to ask.
    """

    reconnected = pyqtSignal()

    def __init__(self, entry: Mapping[str, Any], session: Session) -> None:
        super().__init__()
        self._session = session
        state, name = str(entry.get("state", "unknown")), str(entry["name"])
        self.setProperty("role", "card")
        self.setProperty("state", state)
        style = theme.state_style(state)
        self.picture = QLabel()
        self.picture.setPixmap(theme.picture(_ICONS.get(name, name), style.colour, 32))
        heading = QLabel(_NAMES.get(name, name.capitalize()))
        heading.setProperty("role", "heading")
        self.light = QLabel(f"{style.symbol} {style.word}")
        self.light.setProperty("state", state)
        self.sentence = QLabel(str(entry.get("sentence") or ""))
        mend = str(entry.get("mend") or "")
        self.mend = QLabel(f"→ {mend}" if mend else "")
        self.identity = ElidedLabel(_identity_words(entry.get("identity")), self)
        self.identity.setProperty("role", "muted")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.setSpacing(14)
        layout.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(self._words(heading), 1)
        if state == "bad":
            self.again = QPushButton("Reconnect")
            self.again.setAccessibleName(f"Reconnect {name}")
            self.again.setToolTip("Try to reach it again, after it was mended")
            self.again.clicked.connect(lambda: self._reconnect(name))
            layout.addWidget(self.again, 0, Qt.AlignmentFlag.AlignTop)

    def _words(self, heading: QLabel) -> QVBoxLayout:
        """Name and light, then what is wrong and how to mend it, then who it is."""
        words = QVBoxLayout()
        words.setSpacing(3)
        top = QHBoxLayout()
        top.setSpacing(10)
        top.addWidget(heading)
        top.addWidget(self.light)
        top.addStretch()
        words.addLayout(top)
        for label in (self.sentence, self.mend):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            # Without a parent a label that is shown would be a window, and take the keyboard.
            label.setParent(self)
            label.setVisible(bool(label.text()))
            words.addWidget(label)
        self.identity.setVisible(bool(self.identity.whole))
        words.addWidget(self.identity)
        return words

    def _reconnect(self, name: str) -> None:
        self.again.setEnabled(False)
        self._session.command(
            "reconnect", {"instrument": name}, lambda _: self.reconnected.emit(), self._not_reconnected
        )

    def _not_reconnected(self, error: CommandError) -> None:
        self._session.tell(error.message, "bad", where="reconnect")
        self.reconnected.emit()


def _identity_words(identity: Mapping[str, Any] | None) -> str:
    if not identity:
        return ""
    parts = [str(identity.get(key) or "") for key in ("manufacturer", "model")]
    serial, firmware = identity.get("serial_number"), identity.get("firmware")
    parts.append(f"serial {serial}" if serial else "")
    parts.append(f"firmware {firmware}" if firmware else "")
    return "  ".join(part for part in parts if part)


class _ReportPanel(QWidget):
    """The connected rig: its instruments one below the other, and where to go on."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._asking = False
        self._entries: list[Mapping[str, Any]] = []
        self.cards: list[InstrumentCard] = []
        self._title = ElidedLabel()
        self._title.setProperty("role", "title")
        self._summary = QLabel()
        self._summary.setProperty("role", "muted")
        self._summary.setWordWrap(True)
        self.measure_button = QPushButton("Measure")
        self.measure_button.setProperty("role", "primary")
        self.measure_button.setToolTip("Go on to the recipe (Ctrl+2)")
        self.measure_button.clicked.connect(lambda: session.page_wanted.emit("Measure"))
        self.again_button = QPushButton("Look again")
        self.again_button.setToolTip("Ask every instrument again (F5)")
        self.again_button.clicked.connect(self.ask)
        self.other_button = QPushButton("Other rig…")
        self.other_button.setToolTip("Leave this rig; its host goes on")
        self._grid = QGridLayout()
        self._grid.setSpacing(12)
        self.empty = EmptyState("rig", "No instruments to show", "Look again asks the rig for them (F5).")
        self.empty.hide()
        self._lay_out()
        session.rig.changed.connect(self._changed)

    def ask(self) -> None:
        """Have the host look at every instrument."""
        if self._asking or not self._session.connected:
            return
        self._asking = True
        self._say("Asking the instruments …")
        self.again_button.setEnabled(False)
        self._session.command("instruments_report", {}, self._show, self._failed, timeout_s=60.0)

    def restyle(self) -> None:
        """Draw the cards anew in the theme's colours."""
        if self._entries:
            self._show({"instruments": self._entries})

    def clear(self) -> None:
        """Forget what was shown: another rig."""
        self._asking = False
        self._show({"instruments": []})

    def _show(self, result: dict[str, Any]) -> None:
        self._asking = False
        self.again_button.setEnabled(True)
        self._entries = list(result["instruments"])
        for card in self.cards:
            remove(self._grid, card)
        self.cards = [InstrumentCard(entry, self._session) for entry in self._entries]
        for row, card in enumerate(self.cards):
            card.reconnected.connect(self.ask)
            self._grid.addWidget(card, row, 0)
        self._say(_summary(self._entries))
        self.empty.setVisible(not self._entries)

    def _failed(self, error: CommandError) -> None:
        self._asking = False
        self.again_button.setEnabled(True)
        self._say(f"{theme.state_style('bad').symbol} {error.message}", "bad")

    def _say(self, text: str, state: str = "") -> None:
        self._summary.setText(text)
        self._summary.setVisible(bool(text))
        theme.set_property(self._summary, "state", state)

    def _changed(self, topic: str) -> None:
        if topic == "rig":
            self._title.set_whole(str(self._session.rig.rig.get("name") or "Rig"))

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(8)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._title)
        words.addWidget(self._summary)
        top.addLayout(words, 1)
        for button in (self.other_button, self.again_button, self.measure_button):
            top.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(_MARGIN_PX, _MARGIN_PX, 0, _MARGIN_PX)
        column.setSpacing(12)
        column.addLayout(top)
        column.addLayout(self._grid)
        column.addWidget(self.empty, 1)
        column.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(ScrollColumn(inner, _MARGIN_PX))


def _summary(entries: list[Mapping[str, Any]]) -> str:
    if not entries:
        return ""
    bad = [entry for entry in entries if entry.get("state") == "bad"]
    notes = [entry for entry in entries if entry.get("state") == "warning"]
    if bad:
        return f"{len(bad)} of {len(entries)} instruments can't be used: see what mends it."
    if notes:
        return f"All {len(entries)} instruments are there; {len(notes)} with a remark."
    return f"All {len(entries)} instruments are there and well."


class RigPage(Page):
    """Start and instruments' report in one place."""

    title = "Rig"
    icon_name = "rig"
    needs_host = False

    def __init__(self, session: Session, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.start = StartPanel(session, settings)
        self.report = _ReportPanel(session)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.start)
        self._stack.addWidget(self.report)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._stack)
        self.add_key("F5", "ask every instrument again", self.report.ask)
        session.connected_changed.connect(self._connection_changed)
        theme.on_change(self.report.restyle)

    def activated(self) -> None:
        """Look at what there is."""
        choosing = self.session.address is None
        self.start.set_active(choosing)
        if not choosing and not self.report.cards:
            self.report.ask()

    def deactivated(self) -> None:
        """Leave the hosts alone."""
        self.start.set_active(False)

    def _connection_changed(self, connected: bool, _why: str) -> None:
        choosing = self.session.address is None
        if choosing:
            self.report.clear()
        self._stack.setCurrentWidget(self.start if choosing else self.report)
        self.start.set_active(choosing and self.is_active)
        if connected:
            self.start.set_busy("")
            self.report.ask()
