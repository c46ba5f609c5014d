"""Asks the host for the dry run of a recipe while it is being typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from plqy_rig.gui.host_link.session import CommandError, Session

DEBOUNCE_MS = 180
_TIMEOUT_S = 10.0


class DryRun(QObject):
    """One question at a time: what was typed meanwhile is asked when the answer is there.

    Signals:
        checked(dict, dict): the recipe that was asked about, and the reply of `check_recipe`.
        failed(str): no answer, and why.
    """

    checked = pyqtSignal(dict, dict)
    failed = pyqtSignal(str)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.out: str | None = None
        """Folder that was chosen for the run; None: the host's own."""
        self._wanted: dict[str, Any] | None = None
        self._asked: dict[str, Any] | None = None
        self._outdated = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DEBOUNCE_MS)
        self._timer.timeout.connect(self._ask)

    @property
    def busy(self) -> bool:
        """Get whether an answer is still to come for the latest recipe."""
        return self._wanted is not None or self._asked is not None

    def want(self, recipe: Mapping[str, Any]) -> None:
        """Ask about a recipe soon; one that was wanted before and not asked yet is forgotten."""
        self._wanted = dict(recipe)
        self._timer.start()

    def forget(self) -> None:
        """Nothing to ask any more, and an answer that is still to come is about something else."""
        self._wanted = None
        self._outdated = True
        self._timer.stop()

    def _ask(self) -> None:
        if self._asked is not None or self._wanted is None or not self._session.connected:
            return
        self._asked, self._wanted = self._wanted, None
        self._outdated = False
        asked = self._asked

        def done(result: dict[str, Any]) -> None:
            self._answered()
            # An answer about what has been changed meanwhile would flicker between two states.
            if self._wanted is None and not self._outdated:
                self.checked.emit(asked, result)

        def failed(error: CommandError) -> None:
            self._answered()
            # A host that went away is told by the window itself, and the recipe is asked about again.
            if error.kind != "HostGoneError":
                self.failed.emit(error.message)

        arguments = {"recipe": asked, "out": self.out}
        self._session.command("check_recipe", arguments, done, failed, timeout_s=_TIMEOUT_S)

    def _answered(self) -> None:
        self._asked = None
        if self._wanted is not None and not self._timer.isActive():
            self._timer.start()
