"""Which pages the window has, in the order of the navigation, and how they are made."""

from __future__ import annotations

import logging
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from importlib import import_module

from PyQt6.QtWidgets import QVBoxLayout, QWidget

from plqy_rig.gui.host_link.session import Session
from plqy_rig.gui.widgets.pages import EmptyState, Page

log = logging.getLogger(__name__)

_PACKAGE = "plqy_rig.gui."


@dataclass(frozen=True)
class PageEntry:
    """A page that is made when it is needed, so that the window is there at once.

    Attributes:
        title: as the page's own.
        icon_name: as the page's own.
        module: below `plqy_rig.gui`.
        class_name: in that module.
    """

    title: str
    icon_name: str
    module: str
    class_name: str

    @property
    def path(self) -> str:
        """Get the module's whole name."""
        return f"{_PACKAGE}{self.module}"


PAGES = (
    PageEntry("Measure", "measure", "measure.page", "MeasurePage"),
    PageEntry("Live", "live", "live.page", "LivePage"),
    PageEntry("Queue", "queue", "queue.page", "QueuePage"),
    PageEntry("Instruments", "instruments", "instruments.page", "InstrumentsPage"),
    PageEntry("Calibrations", "calibrations", "calibrations.page", "CalibrationsPage"),
    PageEntry("Results", "results", "results.page", "ResultsPage"),
    PageEntry("Records", "records", "records.page", "RecordsPage"),
)
"""The rig's page stands before them, the log after them."""

_OPERATOR = PageEntry("Operator", "hand", "operator.panel", "OperatorPanel")


class BrokenPage(Page):
    """Stands for a page that could not be made: the window, which holds EMERGENCY OFF, opens nevertheless."""

    icon_name = "warning"
    needs_host = False

    def __init__(self, session: Session, title: str, why: str) -> None:
        super().__init__(session)
        self.title = title  # type: ignore[misc]  # the one page whose title is known only now
        layout = QVBoxLayout(self)
        layout.addWidget(EmptyState("warning", "This page could not be opened", why))


def load_modules() -> None:
    """Import what the pages need; callable in a thread, while the window is shown already."""
    for entry in (*PAGES, _OPERATOR):
        try:
            import_module(entry.path)
        except Exception:
            # Said again, and shown, when the page is made.
            log.debug("%s could not be imported", entry.path, exc_info=True)
    from procedures import PlqySweep

    # The first sweep has pymeasure read its table of units, for 0.2 s.
    PlqySweep()


def page_in_turns(session: Session, entry: PageEntry) -> Generator[None, None, Page]:
    """Make a page, as its `in_turns` does; one that says what is wrong when it can't be made."""
    try:
        page: Page = yield from getattr(import_module(entry.path), entry.class_name).in_turns(session)
    except Exception as error:
        log.exception("the page %s could not be made", entry.title)
        return _broken(session, entry, error)
    return page


def make_operator_panel(session: Session) -> QWidget:
    """Make the panel with the operator's steps; a page that says what is wrong when it can't be made."""
    try:
        panel: QWidget = getattr(import_module(_OPERATOR.path), _OPERATOR.class_name)(session)
    except Exception as error:
        log.exception("the operator's panel could not be made")
        return _broken(session, _OPERATOR, error)
    return panel


def entries_between(first: Page, last: Page) -> Sequence[PageEntry]:
    """Every page of the navigation, from top to bottom."""
    return (_entry_of(first), *PAGES, _entry_of(last))


def _entry_of(page: Page) -> PageEntry:
    kind = type(page)
    return PageEntry(page.title, page.icon_name, kind.__module__.removeprefix(_PACKAGE), kind.__name__)


def _broken(session: Session, entry: PageEntry, error: Exception) -> BrokenPage:
    return BrokenPage(session, entry.title, f"{type(error).__name__}: {error}")
