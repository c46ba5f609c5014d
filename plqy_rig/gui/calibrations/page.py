"""The Calibrations page: what is due, asked for, done step by step, shown, and kept or refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from plqy_rig.evaluation.words import plural
from plqy_rig.gui.calibrations.form import CalibrationForm
from plqy_rig.gui.calibrations.list import CalibrationList
from plqy_rig.gui.calibrations.plan import PLAN, standing
from plqy_rig.gui.calibrations.progress import SessionView
from plqy_rig.gui.host_link.session import CommandError, Session
from plqy_rig.gui.records.reading import FolderReading, read_folder
from plqy_rig.gui.widgets.pages import EmptyState, Page
from plqy_rig.gui.window.header import ElidedLabel

if TYPE_CHECKING:
    from plqy_rig.gui.window.main_window import MainWindow

_EMPTY, _FORM, _SESSION = range(3)
_ROOM_FOR_BOTH_PX = 640
_LIST_WIDTH_PX = 250
_ENDS_WITHIN_S = 30.0
_FULL_SET = tuple(one.name for one in PLAN if one.name != "mode-hop")
"""What `plqy calibrate all` does; the map of mode hops is made when the laser asks for it."""


class CalibrationsPage(Page):
    """Guided calibrations at the rig."""

    title: ClassVar[str] = "Calibrations"
    icon_name: ClassVar[str] = "calibrations"
    needs_host: ClassVar[bool] = True

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.reading: FolderReading | None = None
        self.list, self.form, self.progress = CalibrationList(), CalibrationForm(), SessionView()
        self.everything = QPushButton("Choose the whole set")
        self.said = ElidedLabel()
        self._right = QStackedWidget()
        self._dismissed: Any = None
        self._lay_out()
        self.list.chosen.connect(self._chosen)
        self.everything.clicked.connect(lambda: self.list.choose(_FULL_SET))
        self.form.started.connect(self._start)
        self.progress.answered.connect(lambda answer: session.command("answer_operator", {"answer": answer}))
        self.progress.decided.connect(
            lambda accept: session.command("calibration_decide", {"accept": accept})
        )
        self.progress.aborted.connect(
            lambda: session.command("calibration_abort", {"reason": "by the operator"})
        )
        self.progress.left.connect(self._leave)
        self.progress.restart.wanted.connect(self._restart_host)
        session.rig.changed.connect(self._rig_changed)
        session.connected_changed.connect(lambda connected, why: self._show_state())
        self._show_standings()
        self._show_state()

    def activated(self) -> None:
        """Ages go on."""
        self.is_active = True
        self.refresh()

    def deactivated(self) -> None:
        """A session goes on by itself."""
        self.is_active = False

    def can_close(self) -> str:
        """A session needs its operator."""
        if self.session.rig.occupation == "calibration":
            return "A calibration is under way: it waits for you when a step or a decision is yours."
        return ""

    def refresh(self) -> None:
        """Read the calibration folder in a thread."""
        folder = self.session.rig.rig.get("calibration_folder")
        if folder:
            self.session.in_background(lambda: read_folder(Path(folder), {}), self._take, self._unreadable)

    def _lay_out(self) -> None:
        title = QLabel("Calibrations")
        title.setProperty("role", "title")
        self.said.setProperty("role", "muted")
        top = QHBoxLayout()
        top.addWidget(title)
        top.setSpacing(12)
        top.addWidget(self.said, 1)
        left = QWidget()
        column = QVBoxLayout(left)
        left.setMinimumWidth(_LIST_WIDTH_PX)
        column.setContentsMargins(0, 0, 12, 0)
        column.setSpacing(8)
        column.addWidget(self.list, 1)
        column.addWidget(self.everything)
        hint = "In this order, each stands on what is above it. Ctrl and Shift choose several."
        self._right.addWidget(EmptyState("calibrations", "Choose a calibration", hint))
        self._right.addWidget(self.form)
        self._right.addWidget(self.progress)
        self._right.currentChanged.connect(lambda _: self._share_room())
        self._left, self._split = left, QSplitter(Qt.Orientation.Horizontal)
        split = self._split
        split.addWidget(left)
        split.addWidget(self._right)
        split.setSizes([430, 900])
        split.setHandleWidth(1)
        split.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addLayout(top)
        layout.addWidget(split, 1)
        self.add_key("F5", "look at the records again", self.refresh)

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 -- Qt's name
        """List and session beside each other where there is room, else the one that is of use now."""
        super().resizeEvent(event)
        self._share_room()

    def _share_room(self) -> None:
        narrow, session = self.width() < _ROOM_FOR_BOTH_PX, self._right.currentIndex() == _SESSION
        self._left.setVisible(not (narrow and session))
        self._right.setVisible(session or not narrow)
        self.progress.keep_from_list(not self._left.isHidden())

    # -- records -------------------------------------------------------------------------------------

    def _take(self, reading: FolderReading) -> None:
        self.reading = reading
        self._show_standings()
        due = [one for one in PLAN if standing(one, reading).state in ("bad", "warning")]
        said = f"{plural(len(due), 'calibration')} due" if due else "everything a sweep needs is valid"
        self.said.set_whole(f"{said}, records in {reading.folder}")
        self.badge_changed.emit(str(len(due)) if due else "")

    def _unreadable(self, error: CommandError) -> None:
        self.reading = None
        self.said.set_whole(error.message)
        self._show_standings()

    def _show_standings(self) -> None:
        self.list.show_standings({one.name: standing(one, self.reading) for one in PLAN})

    # -- choosing and starting -----------------------------------------------------------------------

    def _chosen(self, names: tuple[str, ...]) -> None:
        if self._session_part() is not None:
            return
        if names:
            rig_path = self.session.rig.rig.get("path")
            folder = Path(rig_path).parent if rig_path else None
            self.form.show_names(names, {one.name: standing(one, self.reading) for one in PLAN}, folder)
        self._right.setCurrentIndex(_FORM if names else _EMPTY)

    def _start(self, arguments: dict[str, Any]) -> None:
        self.form.start.setEnabled(False)
        self._dismissed = None

        def failed(error: CommandError) -> None:
            self.form.start.setEnabled(True)
            self.form.complain(error.message)

        self.session.command("calibrate", arguments, lambda _: self._show_state(), failed)

    def _leave(self) -> None:
        """The session is over and was read: back to the list."""
        self._dismissed = self.session.rig.calibration
        self._chosen(self.list.chosen_names())
        self.refresh()

    def _restart_host(self) -> None:
        """End the host and start another one, which reads the rig file anew."""
        rig = self.session.rig.rig
        path, out = Path(str(rig.get("path"))), Path(str(rig.get("out")))

        def ended(_: Any) -> None:
            self.session.in_background(
                lambda: wait_until_gone(path), lambda _: self._start_host(path, out), self._not_restarted
            )

        self.session.command("shutdown", {}, ended, self._not_restarted)

    def _start_host(self, path: Path, out: Path) -> None:
        from plqy_rig.gui.host_link.host_process import HostRequest
        from plqy_rig.gui.window.main_window import MainWindow

        window = self.window()
        if not isinstance(window, MainWindow):
            return
        if path.is_file():
            window.open_host(HostRequest(rig=path, out=out))
        else:
            window.detach()
            self.session.tell("The simulated bench ended with its host. Start another one.", "info")

    def _not_restarted(self, error: CommandError) -> None:
        self.progress.restart.button.setEnabled(True)
        self.session.tell(error.message, "bad", "start the host anew")

    # -- following -----------------------------------------------------------------------------------

    def _rig_changed(self, topic: str) -> None:
        if topic in ("calibration", "engine", "occupation", "rig"):
            self._show_state()
        if topic == "rig" or (topic == "calibration" and self.is_active):
            self.refresh()

    def _session_part(self) -> dict[str, Any] | None:
        """The session to show: one under way, or the last one until it was dismissed."""
        part = self.session.rig.calibration
        return None if not part or part is self._dismissed else part

    def _show_state(self) -> None:
        rig, part = self.session.rig, self._session_part()
        self.form.set_rig(simulated=rig.simulated, why_not=self._why_not())
        if part is not None and self._right.currentIndex() != _SESSION:
            self._keep_focus()
        self.list.setEnabled(part is None)
        self.everything.setEnabled(part is None)
        if part is not None:
            self.progress.show_session(part, rig.question, float(rig.rig.get("speed") or 1.0))
            self._right.setCurrentIndex(_SESSION)
        elif self._right.currentIndex() == _SESSION:
            self._chosen(self.list.chosen_names())

    def _keep_focus(self) -> None:
        """Have the focus on the page: from what gets hidden it would go to any button beside it."""
        focused = QApplication.focusWidget()
        if focused is not None and self.isAncestorOf(focused):
            self.setFocus()

    def _why_not(self) -> str:
        """Why no calibration can be started now; empty when one can."""
        if not self.session.connected:
            return "Connect to a rig first."
        if not self.session.rig.idle:
            use = self.session.rig.occupation
            words = {"run": "A run", "queue": "The queue", "manual": "Manual control"}.get(
                use, "A calibration"
            )
            return f"{words} uses the rig: wait for its end, or end it."
        return ""


def wait_until_gone(rig_path: Path) -> None:
    """Wait until no host holds this rig any more.

    Raises:
        RigHeldError: it doesn't end; its instruments can't be had before.
    """
    from plqy_rig.config import read_rig_file
    from plqy_rig.rig_lock import hold_rig

    if rig_path.is_file():  # a bench that belongs to the host goes with it
        with hold_rig(read_rig_file(rig_path), "a window", patience_s=_ENDS_WITHIN_S):
            pass


def scenes(window: MainWindow) -> dict[str, Callable[[], object]]:
    """Scenes for the docs' pictures."""
    from plqy_rig.gui.results.scenes import calibrations_scenes

    return calibrations_scenes(window)
