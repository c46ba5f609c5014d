"""A session of calibrations as it goes on: steps, what to do now, live curves, results."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from PyQt6.QtCore import Qt, QTimer, pyqtSignal
from PyQt6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from plqy_rig.gui.calibrations.plan import PLAN, planned
from plqy_rig.gui.calibrations.plot import CalibrationPlot
from plqy_rig.gui.calibrations.result import ResultCard, changed_words
from plqy_rig.gui.calibrations.steps import StepsLabel, steps_words
from plqy_rig.gui.widgets.removal import remove
from plqy_rig.gui.window.header import ElidedLabel

_WARM_UP = re.compile(r"warms up, (\d+) min to go")
_TICK_MS = 500
_GAP_PX = 12
_SECONDS_PER_MINUTE = 60.0


class WarmUpTimer(QFrame):
    """Counts down while the lamp warms up; the host says how long at the beginning."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.left, self.bar = QLabel(), QProgressBar()
        self._begun_s = self._length_s = 0.0
        self._sentence = ""
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        row = QHBoxLayout(self)
        row.addWidget(self.left)
        row.addWidget(self.bar, 1)
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._show)
        self.hide()

    def follow(self, sentence: str, speed: float) -> None:
        """Begin when the host says that the lamp warms up, end when it says something else.

        Args:
            sentence: what the host says it does.
            speed: rig seconds per real second; 1 at a real rig.
        """
        found = _WARM_UP.search(sentence)
        if found is None:
            self._timer.stop()
            self.hide()
        elif sentence != self._sentence:
            self._length_s = float(found[1]) * _SECONDS_PER_MINUTE / max(speed, 1e-6)
            self._begun_s = time.monotonic()
            self._timer.start()
            self._show()
            self.show()
        self._sentence = sentence

    def _show(self) -> None:
        gone = time.monotonic() - self._begun_s
        left_s = max(0.0, self._length_s - gone)
        minutes, seconds = divmod(round(left_s), 60)
        self.left.setText(f"The lamp warms up: about {minutes}:{seconds:02d} to go")
        self.bar.setValue(round(1000 * min(1.0, gone / self._length_s)) if self._length_s else 1000)


class QuestionPanel(QFrame):
    """What the operator is asked to do, and the answers.

    Signals:
        answered(str): one of the answers that the host offers.
    """

    answered = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.setProperty("state", "warning")
        self.heading, self.sentence = QLabel("Your turn"), QLabel()
        self.reason, self.following = QLabel(), QLabel()
        self.done, self.abort = QPushButton("Done"), QPushButton("Abort")
        self._question: Mapping[str, Any] | None = None
        self._lay_out()
        self.done.clicked.connect(lambda: self._answer("done"))
        self.abort.clicked.connect(lambda: self._answer("abort"))
        self.hide()

    def show_question(self, question: Mapping[str, Any] | None) -> None:
        """Show a question of a calibration; None, or one of a sweep: nothing."""
        if question is not None and question.get("kind") != "calibration":
            question = None
        if question == self._question:
            return
        self._question = question
        self.setVisible(question is not None)
        if question is None:
            return
        hands = bool(question.get("simulated_hands"))
        self.heading.setText("Simulated hands are at it" if hands else "Your turn")
        self.sentence.setText(numbered(str(question.get("sentence", ""))))
        self.reason.setText(f"Once more: {question.get('reason')}")
        self.reason.setVisible(bool(question.get("reason")))
        self.following.setText(f"{question.get('next', '')} The shutter is closed.")
        for button in (self.done, self.abort):
            button.setVisible(not hands)
            button.setEnabled(True)
        if not hands:
            self.done.setFocus()

    def _lay_out(self) -> None:
        self.heading.setProperty("role", "heading")
        self.reason.setProperty("state", "warning")
        self.following.setProperty("role", "muted")
        self.done.setProperty("role", "primary")
        for label in (self.sentence, self.reason, self.following):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        buttons = QHBoxLayout()
        buttons.addStretch()
        buttons.addWidget(self.abort)
        buttons.addWidget(self.done)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 12)
        for label in (self.heading, self.reason, self.sentence, self.following):
            layout.addWidget(label)
        layout.addLayout(buttons)

    def _answer(self, answer: str) -> None:
        self.done.setEnabled(False)
        self.abort.setEnabled(False)
        self.answered.emit(answer)


class RestartBox(QFrame):
    """Says that the rig file was changed, and that the host has to read it anew.

    Signals:
        wanted(): start the host anew.
    """

    wanted = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.setProperty("state", "warning")
        self.words, self.button = QLabel(), QPushButton("Start the host anew")
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.button.setProperty("role", "primary")
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 10, 14, 12)
        row.setSpacing(12)
        row.addWidget(self.words, 1)
        row.addWidget(self.button)
        self.button.clicked.connect(self._press)
        self.hide()

    def follow(self, part: Mapping[str, Any]) -> None:
        """Show it once a session that changed the rig file is over."""
        changed = [changed_words(one.get("setting")) for one in part.get("results") or ()]
        said = [words for words in changed if words]
        if said and not self.isVisibleTo(self.parentWidget()):
            self.button.setEnabled(True)
        self.words.setText(
            f"The rig file has a new {' and a new '.join(said)}. The host read the file when it was started: "
            "until it is started anew, runs are measured with the old value."
        )
        self.setVisible(bool(said) and bool(part.get("over")))

    def _press(self) -> None:
        self.button.setEnabled(False)
        self.wanted.emit()


class SessionView(QWidget):
    """Everything about the session under way, or the last one.

    Signals:
        answered(str): the operator's answer.
        decided(bool): keep or refuse.
        aborted(): the operator ends the session.
        left(): back to the form; only after the end.
    """

    answered = pyqtSignal(str)
    decided = pyqtSignal(bool)
    aborted = pyqtSignal()
    left = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title, self.steps, self.stage, self.error = ElidedLabel(), StepsLabel(), QLabel(), QLabel()
        self.question, self.warm_up, self.restart = QuestionPanel(), WarmUpTimer(), RestartBox()
        self.abort, self.back = QPushButton("Abort the calibration"), QPushButton("Back")
        self.plots: list[CalibrationPlot] = []
        self.cards: list[ResultCard] = []
        self._results, self._live = QVBoxLayout(), QVBoxLayout()
        self._scroll = QScrollArea()
        self._lay_out()
        self.question.answered.connect(self.answered)
        self.abort.clicked.connect(self._abort)
        self.back.clicked.connect(self.left)

    def show_session(self, part: Mapping[str, Any], question: Mapping[str, Any] | None, speed: float) -> None:
        """Show a session.

        Args:
            part: the snapshot's `calibration`.
            question: what the operator is asked; None: nothing.
            speed: rig seconds per real second.
        """
        over = bool(part.get("over"))
        error = str(part.get("error") or "")
        self.title.set_whole(_title(part))
        self.steps.set_steps(steps_words(part))
        stage = str(part.get("stage") or "")
        self.stage.setText("" if over else _sentence(stage))
        self.stage.setVisible(bool(stage) and not over)
        self.error.setText(f"✖ {_sentence(error)}" if error else "")
        self.error.setVisible(bool(error))
        self.question.show_question(None if over else question)
        self.warm_up.follow("" if over else stage, speed)
        self.abort.setVisible(not over)
        self.abort.setEnabled(not over)
        self.back.setVisible(over)
        self.restart.follow(part)
        self._show_results(list(part.get("results") or ()), deciding=bool(part.get("deciding")))
        deciding = bool(part.get("deciding"))
        self._show_plots([] if over or deciding else list(part.get("plots") or ()))

    def _lay_out(self) -> None:
        self.title.setProperty("role", "heading")
        self.stage.setProperty("role", "muted")
        self.error.setProperty("state", "bad")
        for label in (self.stage, self.error):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.abort.setProperty("role", "danger")
        inside = QWidget()
        layout = QVBoxLayout(inside)
        layout.setContentsMargins(0, 0, 6, 0)
        layout.setSpacing(10)
        layout.addLayout(self._live, 1)
        layout.addLayout(self._results)
        layout.addStretch()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(inside)
        top = QHBoxLayout()
        top.addWidget(self.title, 1)
        top.addWidget(self.abort)
        top.addWidget(self.back)
        outside = QVBoxLayout(self)
        outside.setContentsMargins(_GAP_PX, 0, 0, 0)
        outside.setSpacing(10)
        outside.addLayout(top)
        for part in (self.steps, self.error, self.restart, self.question, self.warm_up, self.stage):
            outside.addWidget(part)
        outside.addWidget(self._scroll, 1)

    def keep_from_list(self, beside_list: bool) -> None:
        """Leave a gap at the left where the list is beside it."""
        layout = self.layout()
        assert layout is not None
        layout.setContentsMargins(_GAP_PX if beside_list else 0, 0, 0, 0)

    def _abort(self) -> None:
        self.abort.setEnabled(False)
        self.aborted.emit()

    def _show_results(self, results: Sequence[Mapping[str, Any]], *, deciding: bool) -> None:
        while len(self.cards) > len(results):
            remove(self._results, self.cards.pop())
        while len(self.cards) < len(results):
            card = ResultCard()
            card.decided.connect(self.decided)
            self.cards.append(card)
            # The newest is on top: it is the one to be decided about.
            self._results.insertWidget(0, card)
        for number, (card, document) in enumerate(zip(self.cards, results, strict=True), start=1):
            card.show_result(document, deciding=deciding and number == len(results))

    def _show_plots(self, documents: Sequence[Mapping[str, Any]]) -> None:
        while len(self.plots) > len(documents):
            remove(self._live, self.plots.pop())
        while len(self.plots) < len(documents):
            plot = CalibrationPlot()
            self.plots.append(plot)
            self._live.addWidget(plot)
        for plot, document in zip(self.plots, documents, strict=True):
            plot.show_document(document)


def numbered(sentence: str) -> str:
    """Several moves in one sentence as a numbered list; a single one as it is."""
    moves = sentence.removeprefix("Please ").removesuffix(".").split(", then ")
    if len(moves) < 2:
        return sentence
    return "\n".join(f"{number}. {_sentence(move)}" for number, move in enumerate(moves, start=1))


def _title(part: Mapping[str, Any]) -> str:
    if part.get("error"):
        return "The calibration ended early"
    if part.get("over"):
        kept = sum(bool(one.get("accepted")) for one in part.get("results") or ())
        return f"Done: {kept} of {len(part.get('results') or ())} results kept"
    name = part.get("name")
    known = {one.name for one in PLAN}
    return f"Calibrating: {planned(str(name)).title}" if name in known else "Calibrating"


def _sentence(text: str) -> str:
    """With a capital letter and a full stop."""
    text = text.strip()
    if not text:
        return ""
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith((".", "!", "?")) else ".")
