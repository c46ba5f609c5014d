"""The pages of the window: made one after the other once the window is there, or when one is wanted."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from PyQt6.QtCore import QTimer, pyqtSignal
from PyQt6.QtWidgets import QStackedWidget, QWidget

from plqy_rig.gui.host_link.session import Session
from plqy_rig.gui.widgets.pages import EmptyState, Page
from plqy_rig.gui.window.page_list import PageEntry, entries_between, load_modules, page_in_turns

_PAUSE_BETWEEN_PARTS_MS = 20
_NO_RIG = "Choose a simulated bench or a rig file on the page Rig (Ctrl+1)."


class PageShelf(QStackedWidget):
    """Shows one page at a time.

    Signals:
        made(Page): a page was made.
        ready(): every page is there.
        shown_changed(str): another page is shown: its title.
    """

    made = pyqtSignal(object)
    ready = pyqtSignal()
    shown_changed = pyqtSignal(str)

    def __init__(self, session: Session, first: Page, last: Page) -> None:
        """Put up the two pages that are there already, and empty places for the others."""
        super().__init__()
        self._session = session
        self.entries: Sequence[PageEntry] = entries_between(first, last)
        self._pages: dict[str, Page] = {first.title: first, last.title: last}
        self._places: dict[str, QStackedWidget] = {}
        self._begun: dict[str, Generator[None, None, Page]] = {}
        self.shown: Page | None = None
        self.all_made = False
        self._begin_timer, self._next_timer = QTimer(self), QTimer(self)
        for timer, deed in ((self._begin_timer, self._load), (self._next_timer, self._make_next)):
            timer.setSingleShot(True)
            timer.timeout.connect(deed)
        for entry in self.entries:
            place = QStackedWidget()
            place.addWidget(EmptyState(entry.icon_name, "One moment …"))
            self._places[entry.title] = place
            self.addWidget(place)
        for page in (first, last):
            self._put(page)
        session.connected_changed.connect(self._cover_or_uncover)

    @property
    def titles(self) -> list[str]:
        """Get the titles, from top to bottom."""
        return [entry.title for entry in self.entries]

    def begin(self) -> None:
        """Make the pages soon: modules in a thread, then page by page in turns of the event loop."""
        self._begin_timer.start(0)

    def _load(self) -> None:
        self._session.in_background(load_modules, lambda _: self._next_timer.start(0))

    def make_all(self) -> list[Page]:
        """Make what isn't there yet, now; returns every page from top to bottom."""
        pages = [self.page(title) for title in self.titles]
        self._tell_ready()
        return pages

    @property
    def made_pages(self) -> list[Page]:
        """Get the pages that are there, from top to bottom."""
        return [self._pages[title] for title in self.titles if title in self._pages]

    def page(self, title: str) -> Page:
        """A page, made if need be.

        Raises:
            KeyError: there is none of this title.
        """
        while title not in self._pages:
            self._make_a_part(title)
        return self._pages[title]

    def show_page(self, title: str) -> None:
        """Show a page; an unknown title changes nothing."""
        if title not in self.titles:
            return
        page = self.page(title)
        if page is self.shown:
            return
        if self.shown is not None:
            self.shown.is_active = False
            self.shown.deactivated()
        self.shown = page
        self.setCurrentWidget(self._places[title])
        self.shown_changed.emit(title)
        # The page's keys work at once; what had the focus is hidden, or a button beside the page.
        page.setFocus()
        page.is_active = True
        page.activated()

    def _make_next(self) -> None:
        missing = next((title for title in self.titles if title not in self._pages), None)
        if missing is None:
            self._tell_ready()
            return
        self._make_a_part(missing)
        self._next_timer.start(_PAUSE_BETWEEN_PARTS_MS)

    def _make_a_part(self, title: str) -> None:
        """Go on with a page as far as its next turn; raises KeyError."""
        if title not in self._begun:
            entry = next((entry for entry in self.entries if entry.title == title), None)
            if entry is None:
                raise KeyError(title)
            self._begun[title] = page_in_turns(self._session, entry)
        try:
            next(self._begun[title])
        except StopIteration as made:
            del self._begun[title]
            self._pages[title] = made.value
            self._put(made.value)
            self.made.emit(made.value)

    def _tell_ready(self) -> None:
        if not self.all_made:
            self.all_made = True
            self.ready.emit()

    def _put(self, page: Page) -> None:
        """Put a page on its place, over what is shown while there is no rig."""
        place = self._places[page.title]
        while (old := place.widget(0)) is not None:
            place.removeWidget(old)
            old.deleteLater()
        cover: QWidget | None = EmptyState("unlink", "No rig yet", _NO_RIG) if page.needs_host else None
        if cover is not None:
            place.addWidget(cover)
        place.addWidget(page)
        self._cover_or_uncover()

    def _cover_or_uncover(self, _connected: bool = False, _why: str = "") -> None:
        here = self._session.address is not None
        for title, page in self._pages.items():
            place = self._places[title]
            place.setCurrentIndex(place.count() - 1 if here or not page.needs_host else 0)
