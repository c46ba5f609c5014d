"""How the queue page asks the measure page to edit an entry's recipe, without knowing it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from plqy_rig.gui.host_link.session import Session


class RecipeHandover(QObject):
    """One for each session.

    Signals:
        entry_wanted(): `entry` is to be edited.

    Attributes:
        entry: the queue entry that is to be edited, until the measure page takes it.
    """

    entry_wanted = pyqtSignal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.entry: dict[str, Any] | None = None

    @classmethod
    def of(cls, session: Session) -> RecipeHandover:
        """The session's one; made when first asked for."""
        present = session.findChild(cls)
        return present if present is not None else cls(session)

    def edit(self, entry: Mapping[str, Any]) -> None:
        """Ask for an entry to be edited."""
        self.entry = dict(entry)
        self.entry_wanted.emit()

    def take(self) -> dict[str, Any] | None:
        """Take the entry; the next call gives None."""
        entry, self.entry = self.entry, None
        return entry
