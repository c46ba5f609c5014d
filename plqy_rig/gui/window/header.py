"""The bar at the top of the window: which rig, what it does, whether it is safe, how long it takes."""

from __future__ import annotations

import time
from collections.abc import Sequence

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtGui import QFontMetrics, QResizeEvent
from PyQt6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from plqy_rig.gui.host_link.rig_model import RigModel
from plqy_rig.gui.host_link.session import Session
from plqy_rig.gui.themes import theme
from plqy_rig.gui.words import duration_words, occupation_words, role_words, safety_shown, state_words

_SHOWN_TOPICS = frozenset({"rig", "engine", "occupation", "activity", "progress", "run"})
_PAUSABLE = frozenset({"preparing", "running", "waiting for operator"})
_RESUMABLE = frozenset({"pausing", "paused"})
_MOST_LINES_OF_HOLDS = 3
_SPACING_PX, _TIGHT_SPACING_PX = 20, 10
_SIDE_MARGINS_PX = (16, 12)
_COMFORTABLE_NAME_PX, _COMFORTABLE_PROGRESS_PX = 180, 190
_EMERGENCY_WORDS, _EMERGENCY_WORDS_TIGHT = "EMERGENCY OFF", "EMERGENCY\nOFF"


class ElidedLabel(QLabel):
    """A label that shortens its text at the end rather than asking for room; the tooltip has it all."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._whole = text
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setMinimumWidth(60)

    def set_whole(self, text: str) -> None:
        """Take another text."""
        if text != self._whole:
            self._whole = text
            self._fit()

    @property
    def whole(self) -> str:
        """Get the text before shortening."""
        return self._whole

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 -- Qt's name
        """Fit the text anew."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        fitted = QFontMetrics(self.font()).elidedText(self._whole, Qt.TextElideMode.ElideRight, self.width())
        self.setText(fitted)
        self.setToolTip(self._whole if fitted != self._whole else "")


class HoldsLabel(QLabel):
    """What holds the run, in up to three lines; the tooltip has all of it where that is more."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._whole = ""
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("state", "warning")

    @property
    def whole(self) -> str:
        """Get the text before shortening."""
        return self._whole

    def set_sentences(self, sentences: Sequence[str]) -> None:
        """Say these, or nothing."""
        symbol = theme.state_style("warning").symbol
        self._whole = "   ".join(f"{symbol} {sentence}" for sentence in sentences)
        self._fit()
        self.setVisible(bool(self._whole))

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 -- Qt's name
        """Fit the text anew."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        # Lines break at words: a little less than their whole length can be filled.
        around = self.parentWidget()
        width = self.width() if around is None else around.width() - sum(_SIDE_MARGINS_PX)
        room = int(_MOST_LINES_OF_HOLDS * 0.92 * width)
        fitted = QFontMetrics(self.font()).elidedText(self._whole, Qt.TextElideMode.ElideRight, room)
        if fitted != self.text():
            self.setText(fitted)
        self.setToolTip(self._whole if fitted != self._whole else "")


class _Cell(QWidget):
    """A caption and a value below it, with a picture at the left if wanted."""

    def __init__(self, caption: str, *, picture: bool = False) -> None:
        super().__init__()
        self.picture = QLabel()
        self.caption = QLabel(caption)
        self.caption.setProperty("role", "muted")
        self.value = QLabel()
        self.value.setProperty("role", "value")
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.caption)
        words.addWidget(self.value)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        if picture:
            layout.addWidget(self.picture)
        layout.addLayout(words)


class HeaderBar(QFrame):
    """Shows the rig's state on every page, with the keys of a run and EMERGENCY OFF.

    Signals:
        pause_wanted(), resume_wanted(), abort_wanted(), emergency_wanted(): a button was pressed.
    """

    pause_wanted = pyqtSignal()
    resume_wanted = pyqtSignal()
    abort_wanted = pyqtSignal()
    emergency_wanted = pyqtSignal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "bar")
        self._session = session
        self._rig: RigModel = session.rig
        self._is_tight = False
        self._emergency_px = 0
        self._make_words()
        self._make_buttons()
        self._lay_out()
        session.connected_changed.connect(self._connection_changed)
        self._rig.changed.connect(self._changed)
        theme.on_change(self._restyle)
        self.refresh()

    def refresh(self) -> None:
        """Show everything anew."""
        self._show_rig()
        self._show_state()
        self._show_safety()
        self._show_progress()
        self._show_buttons()
        self._fit()

    def _restyle(self) -> None:
        """Letters may have another size: words in one line first, to see what they take."""
        self._set_tight(False)
        self.refresh()

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 -- Qt's name
        """Fit into the new width."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Take less room where there is little: words of buttons and states are never cut."""
        tight = self._comfortable_width() > self.width()
        if tight is not self._is_tight:
            self._set_tight(tight)
            self._show_progress()

    def _set_tight(self, tight: bool) -> None:
        self._is_tight = tight
        self.emergency_button.setText(_EMERGENCY_WORDS_TIGHT if tight else _EMERGENCY_WORDS)
        theme.set_property(self.emergency_button, "tight", tight)
        self._row.setSpacing(_TIGHT_SPACING_PX if tight else _SPACING_PX)

    def _comfortable_width(self) -> int:
        """What everything takes with its words in one line, px."""
        parts: list[QWidget] = [self.state, self.safety, self.pause_button, self.abort_button]
        widths = [part.sizeHint().width() for part in parts if not part.isHidden()]
        if not self.progress_bar.isHidden():
            widths.append(_COMFORTABLE_PROGRESS_PX)
        if not self._is_tight:
            self._emergency_px = self.emergency_button.sizeHint().width()
        widths += [_COMFORTABLE_NAME_PX, self._emergency_px]
        return sum(widths) + sum(_SIDE_MARGINS_PX) + _SPACING_PX * (len(widths) - 1)

    def _make_words(self) -> None:
        self.rig_label = ElidedLabel()
        self.rig_label.setProperty("role", "heading")
        self.rig_caption = ElidedLabel()
        self.rig_caption.setProperty("role", "muted")
        self.state = _Cell("State")
        self.safety = _Cell("Rig", picture=True)
        self.progress_label = ElidedLabel()
        self.progress_bar = QProgressBar()
        self.progress_bar.setTextVisible(False)
        self.progress_bar.setFixedHeight(8)
        self.progress_bar.setStyleSheet(
            "QProgressBar, QProgressBar::chunk { min-height: 6px; max-height: 6px; }"
        )
        self.time_left = ElidedLabel()
        self.time_left.setProperty("role", "muted")
        self.holds = HoldsLabel()

    def _make_buttons(self) -> None:
        self.pause_button = QPushButton("Pause")
        self.pause_button.setToolTip("Pause after the step under way, or go on (Ctrl+P)")
        self.pause_button.clicked.connect(self.pause_or_resume)
        self.abort_button = QPushButton("Abort…")
        self.abort_button.setProperty("role", "danger")
        self.abort_button.setToolTip("End the run: light off at once, what is saved stays saved (Ctrl+.)")
        self.abort_button.clicked.connect(self.abort_wanted)
        self.emergency_button = QPushButton(_EMERGENCY_WORDS)
        self.emergency_button.setProperty("role", "emergency")
        self.emergency_button.setToolTip("Light off now, in any state; works even when the host hangs (F12)")
        self.emergency_button.setAccessibleName("Emergency off")
        self.emergency_button.setMinimumHeight(52)
        self.emergency_button.setIconSize(QSize(26, 26))
        # Never by accident: the key is F12, not whatever key happens to press the focused button.
        self.emergency_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.emergency_button.clicked.connect(self.emergency_wanted)

    def pause_or_resume(self) -> None:
        """What the button does now."""
        if self._rig.state in _RESUMABLE:
            self.resume_wanted.emit()
        elif self._rig.state in _PAUSABLE:
            self.pause_wanted.emit()

    @property
    def _connected(self) -> bool:
        return self._session.connected

    def _connection_changed(self, _connected: bool, _why: str) -> None:
        self.refresh()

    def _changed(self, topic: str) -> None:
        if topic in _SHOWN_TOPICS:
            self.refresh()

    def _show_rig(self) -> None:
        rig = self._rig.rig
        self.rig_label.set_whole(str(rig.get("name") or "No rig"))
        if not self._connected:
            away = self._session.address is not None
            self.rig_caption.set_whole("connection lost, trying again …" if away else "not connected")
        elif self._rig.simulated:
            self.rig_caption.set_whole(f"simulated bench, {float(rig.get('speed') or 1):g} × real time")
        else:
            self.rig_caption.set_whole(str(rig.get("path") or ""))

    def _show_state(self) -> None:
        state, word = state_words(self._rig.state)
        if not self._connected:
            state, word = "unknown", "—"
        using = occupation_words(self._rig.occupation)
        idle_engine = self._rig.state in ("idle", "finished", "aborted", "failed", "interrupted", "")
        if using and idle_engine and self._connected and self._rig.occupation != "run":
            state, word = "warning", using
        self.state.caption.setText(using or "State")
        self.state.value.setText(word)
        theme.set_property(self.state.value, "state", state)
        holds = self._rig.holds if self._connected else []
        self.holds.set_sentences(holds)

    def _show_safety(self) -> None:
        shown = safety_shown(self._rig.safety if self._connected else "unknown")
        style = theme.state_style(shown.state)
        self.safety.value.setText(f"{shown.word}")
        theme.set_property(self.safety.value, "state", shown.state)
        self.safety.picture.setPixmap(theme.picture(shown.icon_name, style.colour, 32))
        verdict = self._rig.verdict
        sentence = str(verdict["sentence"]) if verdict and self._rig.safety == "not safe" else shown.sentence
        self.safety.setToolTip(sentence)
        self.safety.setAccessibleName(f"Rig: {shown.word}")

    def _show_progress(self) -> None:
        under_way = self._connected and self._rig.run_under_way
        passes = self._rig.progress.get("passes") or []
        done = sum(int(entry["steps_done"]) for entry in passes)
        wanted = sum(int(entry["steps"]) for entry in passes)
        for widget in (self.progress_label, self.progress_bar, self.time_left):
            widget.setVisible(under_way and wanted > 0)
        for cell in (self.state, self.safety):
            cell.setVisible(self._session.address is not None)
        if not under_way or wanted == 0:
            return
        self.progress_bar.setRange(0, wanted)
        self.progress_bar.setValue(done)
        self.progress_label.set_whole(self._progress_words(passes))
        left = duration_words(self._rig.progress.get("remaining_s"))
        finish = self._rig.progress.get("finish_s")
        until = f", done at {time.strftime('%H:%M', time.localtime(finish))}" if finish else ""
        until = "" if self._is_tight else until
        self.time_left.set_whole(f"{left} left{until}" if left else f"{done} of {wanted} steps")

    def _progress_words(self, passes: list[dict[str, object]]) -> str:
        # The sample stands on the pages, too.
        sample = "" if self._is_tight else str((self._rig.run or {}).get("sample") or "")
        for entry in passes:
            if int(str(entry["steps_done"])) < int(str(entry["steps"])):
                where = f"{role_words(str(entry['role']))} {entry['steps_done']}/{entry['steps']}"
                return f"{sample}: {where}" if sample else where
        return f"{sample}: all steps done" if sample else "all steps done"

    def _show_buttons(self) -> None:
        under_way = self._connected and self._rig.run_under_way
        resumable = self._rig.state in _RESUMABLE
        self.pause_button.setText("Continue" if resumable else "Pause")
        self.pause_button.setIcon(theme.icon("play" if resumable else "pause"))
        self.abort_button.setIcon(theme.icon("abort", theme.current().bad))
        self.pause_button.setVisible(under_way)
        self.abort_button.setVisible(under_way)
        self.pause_button.setEnabled(resumable or self._rig.state in _PAUSABLE)
        self.abort_button.setEnabled(self._rig.state not in ("aborting", "finishing"))
        self.emergency_button.setIcon(theme.icon("emergency", theme.current().on_emergency))

    def _lay_out(self) -> None:
        rig = QVBoxLayout()
        rig.setSpacing(0)
        rig.addWidget(self.rig_label)
        rig.addWidget(self.rig_caption)
        progress = QVBoxLayout()
        progress.setSpacing(2)
        for widget in (self.progress_label, self.progress_bar, self.time_left):
            progress.addWidget(widget)
        self._row = row = QHBoxLayout()
        row.setSpacing(_SPACING_PX)
        row.addLayout(rig, 5)
        row.addWidget(self.state)
        row.addWidget(self.safety)
        row.addLayout(progress, 4)
        row.addWidget(self.pause_button)
        row.addWidget(self.abort_button)
        row.addWidget(self.emergency_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_SIDE_MARGINS_PX[0], 8, _SIDE_MARGINS_PX[1], 8)
        layout.setSpacing(6)
        layout.addLayout(row)
        layout.addWidget(self.holds)
