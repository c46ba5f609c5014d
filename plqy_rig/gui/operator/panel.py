"""What the operator is asked to do by hand: a drawing, a sentence, why, what comes next, and the answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from PyQt6.QtCore import Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QKeySequence, QShortcut
from PyQt6.QtWidgets import (
    QApplication,
    QCheckBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from plqy_rig.gui.host_link.session import CommandError, Session
from plqy_rig.gui.live.buttons import TwicePressedButton
from plqy_rig.gui.operator.question import picture_of, place_of, shutter_words
from plqy_rig.gui.operator.sphere_drawing import SphereDrawing
from plqy_rig.gui.operator.words_area import GUTTER_PX, WordsArea
from plqy_rig.gui.themes import theme

_BLINK_MS = 450
_BLINKS = 6


class OperatorPanel(QFrame):
    """Shown while a question stands; the window puts it in front on whatever page is open.

    Signals:
        wanted(bool): a question stands, or none any more: show the panel, or put it away.

    Attributes:
        drawing: the sphere.
        done_button: confirms; after a failed check it asks for another look.
        anyway_button: measures although the check failed; only offered after one.
        abort_button: ends the run; has to be pressed twice.
        hands_button: lets a simulated bench do the moves.
        always_box: lets it do so for every question that comes.
    """

    wanted = pyqtSignal(bool)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._question: Mapping[str, Any] | None = None
        self._answered: Mapping[str, Any] | None = None
        self._was_withdrawn = False
        self._blinks_left = 0
        self.setProperty("role", "card")
        self.setAccessibleName("Operator step")
        self._make_labels()
        self._make_buttons()
        self._lay_out()
        self._bind_keys()
        self._blink_timer = QTimer(self)
        self._blink_timer.setInterval(_BLINK_MS)
        self._blink_timer.timeout.connect(self._blink)
        session.event_received.connect(self._hear)
        session.rig.changed.connect(self._take)
        session.connected_changed.connect(lambda connected, why: self._look())
        theme.on_change(self._draw)
        self.hide()
        self._look()

    # -- widgets ------------------------------------------------------------------------------------

    def _make_labels(self) -> None:
        self.symbol = QLabel()
        self.title = QLabel("Your turn")
        self.title.setProperty("role", "title")
        self.place = QLabel()
        self.place.setProperty("role", "muted")
        self.shutter = QLabel()
        self.reason_box = QFrame()
        self.reason_box.setProperty("role", "message")
        self.reason_box.setProperty("state", "warning")
        self.reason = QLabel()
        self.sentence = QLabel()
        self.sentence.setProperty("role", "heading")
        self.next = QLabel()
        self.next.setProperty("role", "muted")
        self.trouble = QLabel()
        self.trouble.setProperty("state", "bad")
        for label in (self.place, self.reason, self.sentence, self.next, self.trouble):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        self.drawing = SphereDrawing()
        self.words_area = WordsArea(self.sentence, self.trouble, self.reason_box, self.next)

    def _make_buttons(self) -> None:
        self.done_button = QPushButton("Done")
        self.done_button.setProperty("role", "primary")
        self.anyway_button = QPushButton("Continue anyway")
        self.anyway_button.setToolTip("Measure although the check failed; the run's warnings will say so")
        self.abort_button = TwicePressedButton("Abort…", "Abort now?")
        self.abort_button.setProperty("role", "danger")
        self.hands_button = QPushButton("Let the bench's hands do it")
        self.hands_button.setToolTip("The simulated bench moves sample and filter as asked (Ctrl+H)")
        self.always_box = QCheckBox("always")
        self.always_box.setToolTip(
            "Do it by itself, whenever something has to be moved on the simulated bench"
        )
        self.done_button.clicked.connect(self.confirm)
        self.anyway_button.clicked.connect(self.continue_anyway)
        self.abort_button.confirmed.connect(self.abort)
        self.hands_button.clicked.connect(self.use_hands)
        self.always_box.toggled.connect(self._take_always)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(10)
        top.addWidget(self.symbol, 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.title)
        words.addWidget(self.place)
        words.addWidget(self.shutter)
        top.addLayout(words, 1)
        inside = QHBoxLayout(self.reason_box)
        inside.setContentsMargins(10, 8, 10, 8)
        inside.addWidget(self.reason)
        hands = QHBoxLayout()
        hands.addWidget(self.hands_button)
        hands.addWidget(self.always_box)
        hands.addStretch(1)
        answers = QGridLayout()
        answers.setSpacing(8)
        answers.addWidget(self.anyway_button, 0, 2)
        answers.addWidget(self.abort_button, 1, 0)
        answers.addWidget(self.done_button, 1, 2)
        answers.setColumnStretch(1, 1)
        # Only words are ever scrolled: the buttons and the drawing stay, however much there is to say.
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16 - GUTTER_PX, 12)
        layout.setSpacing(8)
        layout.addLayout(top)
        layout.addWidget(self.words_area)
        picture = QHBoxLayout()
        picture.addWidget(self.drawing)
        layout.addLayout(picture, 1)
        for row in (top, picture, hands, answers):
            row.setContentsMargins(0, 0, GUTTER_PX, 0)
        layout.addLayout(hands)
        layout.addLayout(answers)
        self.setMinimumWidth(330)

    def heightForWidth(self, _width: int) -> int:  # noqa: N802 -- Qt's name
        """No more than it needs: where there is less room, the words are scrolled, not the panel."""
        layout = self.layout()
        return super().heightForWidth(_width) if layout is None else layout.minimumSize().height()

    def _bind_keys(self) -> None:
        for keys, act in (
            ("Ctrl+Return", self.confirm),
            ("Ctrl+Enter", self.confirm),
            ("Ctrl+H", self.use_hands),
        ):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
            shortcut.activated.connect(act)
        self.done_button.setToolTip("Everything stands as drawn: take a test exposure and go on (Ctrl+Enter)")

    # -- the question -------------------------------------------------------------------------------

    @property
    def is_asking(self) -> bool:
        """Get whether a question stands that wasn't answered here."""
        return self._question is not None and self._question is not self._answered

    def _take(self, topic: str) -> None:
        if topic == "engine":
            self._look()
        elif topic in ("instruments", "rig", "run") and self._question is not None:
            self._draw()

    def _hear(self, event: dict[str, Any]) -> None:
        # The model tells the newest state only. A question that was withdrawn and asked again in the same
        # words is another one all the same.
        if event.get("event") == "engine" and event["engine"].get("question") is None:
            self._was_withdrawn = True

    def _look(self) -> None:
        question = self._session.rig.question
        same = question == self._question and not (self._was_withdrawn and question is not None)
        self._was_withdrawn = False
        if same:
            self._draw()
            return
        self._question, self._answered = question, None
        self.trouble.setText("")
        self.abort_button.disarm()
        self._draw()
        self.setVisible(question is not None)
        self.wanted.emit(question is not None)
        if question is not None:
            self._make_itself_noticed()
            if self._may_use_hands_by_itself(question):
                self.use_hands()
        else:
            self._blink_timer.stop()

    def _may_use_hands_by_itself(self, question: Mapping[str, Any]) -> bool:
        # After a failed check a person looks: hands that failed once would go on failing.
        return self._has_hands and self.always_box.isChecked() and not question.get("reason")

    @property
    def _has_hands(self) -> bool:
        return self._session.simulated and bool((self._question or {}).get("target"))

    def _make_itself_noticed(self) -> None:
        self._blinks_left = _BLINKS
        self._blink_timer.start()
        self._blink()
        window = self.window()
        if window is not None:
            QApplication.alert(window)
        self.done_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def _blink(self) -> None:
        self._blinks_left -= 1
        on = self._blinks_left % 2 == 1
        theme.set_property(self, "state", "warning" if on or self._blinks_left <= 0 else "")
        if self._blinks_left <= 0:
            self._blink_timer.stop()

    # -- answers ------------------------------------------------------------------------------------

    def confirm(self) -> None:
        """Say that everything stands as asked; the run checks it with a test exposure."""
        if self.done_button.isEnabled() and self.isVisible():
            self._answer("done")

    def continue_anyway(self) -> None:
        """Measure although the check failed."""
        self._answer("continue_anyway")

    def abort(self) -> None:
        """End the run instead; what is saved stays saved."""
        self._answer("abort")

    def use_hands(self) -> None:
        """Let the simulated bench move sample and filter, then confirm."""
        if not (self.is_asking and self._has_hands):
            return
        question = self._question
        assert question is not None
        target = question["target"]
        self._wait_for_reply(question)
        self._session.command(
            "bench_hands",
            {"place": target["sample"], "long_pass": bool(target["long_pass"])},
            done=lambda result: self._send(question, "done"),
            failed=self._refused,
        )

    def _answer(self, answer: str) -> None:
        question = self._question
        if question is not None and self.is_asking and answer in question.get("answers", (answer,)):
            self._wait_for_reply(question)
            self._send(question, answer)

    def _send(self, question: Mapping[str, Any], answer: str) -> None:
        # Between the hands' reply and now another question may have come: that one isn't answered by this.
        if question is self._question:
            self._session.command("answer_operator", {"answer": answer}, failed=self._refused)

    def _wait_for_reply(self, question: Mapping[str, Any]) -> None:
        self._answered = question
        self.trouble.setText("")
        self._draw()

    def _refused(self, error: CommandError) -> None:
        self._answered = None
        self.trouble.setText(error.message)
        self._draw()

    def _take_always(self, always: bool) -> None:
        if always and self.is_asking and not (self._question or {}).get("reason"):
            self.use_hands()

    # -- drawing ------------------------------------------------------------------------------------

    def _draw(self) -> None:
        question, colours = self._question, theme.current()
        if question is None:
            return
        rig = self._session.rig
        self.symbol.setPixmap(theme.picture("hand", colours.warning, 30))
        self.place.setText(place_of(question, rig.run))
        self.place.setVisible(bool(self.place.text()))
        # What a lost host said of the shutter may not be true any more.
        connected = self._session.connected
        state, words = shutter_words(rig) if connected else ("unknown", "Shutter not known: no connection")
        self.shutter.setText(f"{theme.state_style(state).symbol} {words}")
        theme.set_property(self.shutter, "state", state)
        reason = str(question.get("reason") or "")
        self.reason.setText(f"Asked again, because the test exposure says: {reason}")
        self.reason_box.setVisible(bool(reason))
        self.sentence.setText(str(question.get("sentence") or ""))
        picture = picture_of(question, rig)
        if picture is not None and not connected:
            picture = replace(picture, shutter_closed=None)
        self.drawing.show_picture(picture)
        self.drawing.setVisible(bool(question.get("target")))
        waits = not self.is_asking
        if not connected:
            self.next.setText("There is no connection to the rig: it can be answered when it is back.")
        else:
            self.next.setText("Answered; the rig goes on …" if waits else str(question.get("next") or ""))
        self.trouble.setVisible(bool(self.trouble.text()))
        self._draw_buttons(bool(reason), waits or not connected)
        self.abort_button.setEnabled(connected)

    def _draw_buttons(self, again: bool, waits: bool) -> None:
        self.done_button.setText("Check again" if again else "Done")
        offered = (self._question or {}).get("answers", ())
        self.anyway_button.setVisible(again and "continue_anyway" in offered)
        self.hands_button.setVisible(self._has_hands)
        self.always_box.setVisible(self._has_hands)
        for button in (self.done_button, self.anyway_button, self.hands_button):
            button.setEnabled(not waits)
