"""One instrument: how it is, what it reads, who it is, what is wrong and what mends it, and its controls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from plqy_rig.gui.host_link.session import CommandError, Session
from plqy_rig.gui.instruments.manual_controls import CONTROLS
from plqy_rig.gui.instruments.manual_readings import ReadingsTable
from plqy_rig.gui.themes import theme
from plqy_rig.gui.window.header import ElidedLabel

NAMES = {
    "shutter": "Shutter",
    "laser": "Laser",
    "attenuator": "Attenuator wheel",
    "monitor": "Power monitor",
    "spectrometer": "Spectrometer",
}
_ICONS = {"attenuator": "wheel"}
_WORST_FIRST = ("bad", "warning", "unknown", "good")
_RECONNECT_TIMEOUT_S = 60.0


class InstrumentPanel(QFrame):
    """The live panel of one instrument.

    Attributes:
        table: its readings.
        controls: manual control.
        reconnect_button: connects it anew.
    """

    def __init__(self, name: str, session: Session, parent: QWidget | None = None) -> None:
        """Lay it out.

        Args:
            name: in the rig file.
            session: the window's.
            parent: as ever.
        """
        super().__init__(parent)
        self.name = name
        self._session = session
        self._reconnecting = False
        self.setProperty("role", "card")
        self.setAccessibleName(NAMES[name])
        self.picture = QLabel()
        self.heading = QLabel(NAMES[name])
        self.heading.setProperty("role", "heading")
        self.light = QLabel()
        self.identity = ElidedLabel("")
        self.identity.setProperty("role", "muted")
        self.problem = QLabel()
        self.problem.setProperty("state", "bad")
        self.mend = QLabel()
        for label in (self.problem, self.mend):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.reconnect_button = QPushButton("Reconnect")
        self.reconnect_button.clicked.connect(self.reconnect)
        self.table = ReadingsTable()
        self.line = QFrame()
        self.line.setProperty("role", "line")
        self.controls = CONTROLS[name](session)
        self._lay_out()
        self.draw()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(10)
        for widget in (self.picture, self.heading, self.light):
            top.addWidget(widget)
        top.addStretch(1)
        top.addWidget(self.reconnect_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 14)
        layout.setSpacing(8)
        layout.addLayout(top)
        for part in (self.identity, self.problem, self.mend, self.table):
            layout.addWidget(part)
        layout.addStretch(1)
        layout.addWidget(self.line)
        layout.addWidget(self.controls)

    def reconnect(self) -> None:
        """Have the host connect it anew."""
        self._reconnecting = True
        self.draw()

        def ended(_: object) -> None:
            self._reconnecting = False
            self.draw()

        def failed(error: CommandError) -> None:
            ended(error)
            self.controls.say(error.message, "bad")

        self._session.command(
            "reconnect", {"instrument": self.name}, ended, failed, timeout_s=_RECONNECT_TIMEOUT_S
        )

    @property
    def state(self) -> str:
        """Get "good", "warning", "bad" or "unknown": the worst of what is known."""
        part = self._part
        if not part:
            return "unknown"
        if not part.get("connected") or part.get("problem"):
            return "bad"
        states = {str(reading.get("state")) for reading in part.get("readings", ())}
        states.discard("unknown")
        return next((state for state in _WORST_FIRST if state in states), "unknown")

    @property
    def _part(self) -> Mapping[str, Any]:
        return self._session.rig.instruments.get(self.name, {})

    def draw(self) -> None:
        """Show how it is now."""
        part, state = self._part, self.state
        rig = self._session.rig
        connected = bool(part.get("connected"))
        style = theme.state_style(state)
        self.picture.setPixmap(theme.picture(_ICONS.get(self.name, self.name), style.colour, 26))
        self.light.setText(f"{style.symbol} {self._word(connected, state)}")
        theme.set_property(self.light, "state", state)
        theme.set_property(self, "state", state if state in ("warning", "bad") else "")
        self.identity.set_whole(identity_words(part.get("identity")))
        self.identity.setVisible(bool(part.get("identity")))
        for label, key in ((self.problem, "problem"), (self.mend, "mend")):
            label.setText(_sentence(str(part.get(key) or "")))
            label.setVisible(bool(part.get(key)))
        self.reconnect_button.setText("Connecting …" if self._reconnecting else "Reconnect")
        self.reconnect_button.setEnabled(self._session.connected and not self._reconnecting)
        self.reconnect_button.setVisible(self._reconnecting or (bool(part) and state == "bad"))
        self.table.set_readings(
            part.get("readings", ()),
            lost=bool(part) and not connected,
            in_use=rig.occupation not in ("idle", "manual"),
        )
        by_hand = rig.occupation in ("idle", "manual") and not rig.run_under_way
        self.controls.take_limits(rig.rig.get("limits") or {})
        self.controls.set_allowed(self._session.connected and connected and by_hand)

    def _word(self, connected: bool, state: str) -> str:
        if not self._part:
            return "not looked at yet"
        if not connected:
            return "not connected"
        return theme.state_style(state).word if state in ("good", "warning", "bad") else "no readings yet"


def identity_words(identity: Mapping[str, Any] | None) -> str:
    """Who an instrument is, e.g. `THORLABS SC10  serial 123  firmware 1.07`."""
    if not identity:
        return ""
    parts = [str(identity.get(key) or "") for key in ("manufacturer", "model")]
    serial, firmware = identity.get("serial_number"), identity.get("firmware")
    parts.append(f"serial {serial}" if serial else "")
    parts.append(f"firmware {firmware}" if firmware else "")
    return "  ".join(part for part in parts if part)


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."
