"""What every page of the window is: a widget with a name, an icon and keys of its own."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self, TypeVar

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QKeySequence, QShortcut
from PyQt6.QtWidgets import QLabel, QVBoxLayout, QWidget

from plqy_rig.gui.themes import theme

if TYPE_CHECKING:
    from plqy_rig.gui.host_link.session import Session


Made = TypeVar("Made")


def finished(turns: Generator[None, None, Made]) -> Made:
    """Make at once what could be made in turns of the event loop."""
    while True:
        try:
            next(turns)
        except StopIteration as made:
            result: Made = made.value
            return result


@dataclass(frozen=True)
class KeyHelp:
    """A key and what it does, for the list of keys (F1).

    Attributes:
        keys: as people write them, e.g. "Ctrl+R".
        does: e.g. "start the run".
    """

    keys: str
    does: str


class Page(QWidget):
    """A page of the main window.

    A subclass sets the class attributes, builds its widgets in ``__init__`` and follows the session's
    signals. It stays alive while it isn't shown: what costs time belongs behind `is_active`.

    Attributes:
        title: in the navigation, one word.
        icon_name: one of the names `theme.icon` draws.
        shortcut: key that shows the page, e.g. "Ctrl+2".
        needs_host: whether the page is of no use without a host; then the window shows what to do instead.

    Signals:
        badge_changed(str): a short text beside the title in the navigation ("3"), or empty.
    """

    title: ClassVar[str] = ""
    icon_name: ClassVar[str] = ""
    shortcut: ClassVar[str] = ""
    needs_host: ClassVar[bool] = True

    badge_changed = pyqtSignal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.is_active = False
        self._keys: list[KeyHelp] = []
        self.setObjectName("page")

    @classmethod
    def in_turns(cls, session: Session) -> Generator[None, None, Self]:
        """Make the page; the event loop may turn at every yield. For pages that take long to make."""
        yield from ()
        return cls(session)

    def activated(self) -> None:
        """Called when the page is shown; subclasses refresh here what they left alone before."""

    def deactivated(self) -> None:
        """Called when another page is shown instead."""

    def can_close(self) -> str:
        """Why closing the window would lose something of this page, as a sentence; empty if nothing."""
        return ""

    def add_key(self, keys: str, does: str, act: Callable[[], object]) -> QShortcut:
        """Bind a key that works while this page is shown, and list it under F1."""
        shortcut = QShortcut(QKeySequence(keys), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(lambda: act())
        self._keys.append(KeyHelp(keys, does))
        return shortcut

    @property
    def key_help(self) -> tuple[KeyHelp, ...]:
        """Get the keys of this page."""
        return tuple(self._keys)


class EmptyState(QWidget):
    """What a page shows as long as there is nothing to show: a symbol, a sentence, what to do."""

    def __init__(self, icon_name: str, sentence: str, hint: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon_name = icon_name
        self._picture = QLabel()
        self._sentence = QLabel(sentence)
        self._sentence.setProperty("role", "heading")
        self._hint = QLabel(hint)
        self._hint.setProperty("role", "muted")
        layout = QVBoxLayout(self)
        layout.addStretch(2)
        for label in (self._picture, self._sentence, self._hint):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setWordWrap(True)
            layout.addWidget(label)
        layout.addStretch(3)
        theme.on_change(self._draw)
        self._draw()

    def set_text(self, sentence: str, hint: str = "") -> None:
        """Say something else."""
        self._sentence.setText(sentence)
        self._hint.setText(hint)

    def _draw(self) -> None:
        colour = theme.current().muted
        self._picture.setPixmap(theme.picture(self._icon_name, colour, 56))
