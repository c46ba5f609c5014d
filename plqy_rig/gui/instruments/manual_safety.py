"""The rig's safe state: what is known, step by step, and the button that brings it about."""

from __future__ import annotations

from collections.abc import Mapping

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from plqy_rig.gui.host_link.session import CommandError, Session
from plqy_rig.gui.themes import theme
from plqy_rig.gui.widgets.removal import remove
from plqy_rig.gui.words import safety_shown

_LAMP = "If the calibration lamp was used, switch it off: the program can't see it."
_TIMEOUT_S = 120.0
_ALL_COLUMNS = 6
"""Mark and words of three steps; a step that wasn't verified has the whole line for its words."""


class SafetyPanel(QFrame):
    """Verdict on the safe state.

    Attributes:
        make_safe_button: asks for it; only while nothing uses the rig (EMERGENCY OFF works always).
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._asking = False
        self.setProperty("role", "card")
        self.picture = QLabel()
        self.word = QLabel()
        self.word.setProperty("role", "heading")
        self.sentence = QLabel()
        self.sentence.setWordWrap(True)
        self.lamp = QLabel(_LAMP)
        self.lamp.setProperty("role", "muted")
        self.lamp.setWordWrap(True)
        self.make_safe_button = QPushButton("Make safe")
        self.make_safe_button.clicked.connect(self.make_safe)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(_ALL_COLUMNS, 1)
        self._lines: list[QLabel] = []
        self._steps: list[Mapping[str, object]] = []
        self._lay_out()
        session.rig.changed.connect(lambda topic: self.draw() if topic in ("engine", "occupation") else None)
        session.connected_changed.connect(lambda connected, why: self.draw())
        theme.on_change(self.draw)
        self.draw()

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addWidget(self.word)
        words.addWidget(self.sentence)
        words.addLayout(self._grid)
        words.addWidget(self.lamp)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.setSpacing(14)
        layout.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(words, 1)
        layout.addWidget(self.make_safe_button, 0, Qt.AlignmentFlag.AlignTop)

    def make_safe(self) -> None:
        """Bring the rig into the safe state and verify it."""
        self._asking = True
        self.draw()

        def ended(_: object) -> None:
            self._asking = False
            self.draw()

        def failed(error: CommandError) -> None:
            ended(error)
            self._session.tell(error.message, "bad", "make safe")

        self._session.command("make_safe", {}, ended, failed, timeout_s=_TIMEOUT_S)

    def draw(self) -> None:
        """Show what is known now."""
        rig = self._session.rig
        shown = safety_shown(rig.safety)
        self.picture.setPixmap(theme.picture(shown.icon_name, theme.state_style(shown.state).colour, 40))
        self.word.setText(shown.word)
        theme.set_property(self.word, "state", shown.state)
        theme.set_property(self, "state", shown.state if shown.state in ("bad", "good") else "")
        self.sentence.setText("Closing, switching off, verifying …" if self._asking else shown.sentence)
        by_hand = rig.occupation in ("idle", "manual") and not rig.run_under_way
        self.make_safe_button.setEnabled(self._session.connected and by_hand and not self._asking)
        self.make_safe_button.setToolTip(
            "Shutter closed, laser off, wheel at its darkest; each verified (Ctrl+M)"
            if by_hand
            else "While something uses the rig: abort it, or press EMERGENCY OFF (F12)"
        )
        self._draw_steps()

    def _draw_steps(self) -> None:
        steps = list((self._session.rig.verdict or {}).get("steps", ()))
        if steps == self._steps:
            return
        self._steps = steps
        for label in self._lines:
            remove(self._grid, label)
        self._lines = []
        all_well = all(step.get("safe") for step in steps)
        for number, step in enumerate(steps):
            state = "good" if step.get("safe") else "bad"
            mark, words = QLabel(theme.state_style(state).symbol), QLabel(_step_words(step))
            words.setWordWrap(not all_well)
            words.setTextFormat(Qt.TextFormat.PlainText)
            # What is well fits into one line; what isn't needs a line of its own.
            row, first = (0, 2 * number) if all_well else (number, 0)
            for place, label in enumerate((mark, words), start=first):
                label.setProperty("state", state)
                columns = _ALL_COLUMNS if label is words and not all_well else 1
                self._grid.addWidget(label, row, place, 1, columns, Qt.AlignmentFlag.AlignTop)
                self._lines.append(label)


def _step_words(step: Mapping[str, object]) -> str:
    name = str(step.get("name", ""))
    name = name[:1].upper() + name[1:]
    return f"{name}: verified" if step.get("safe") else f"{name}: NOT verified: {step.get('problem')}"
