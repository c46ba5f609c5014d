"""The Results page: the catalogue on the left, what the chosen runs say on the right. Needs no rig."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from PyQt6.QtCore import QEvent, Qt, QTimer
from PyQt6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from plqy_rig.gui.host_link.session import Session
from plqy_rig.gui.results.catalogue import CataloguePanel
from plqy_rig.gui.results.view import ResultsView
from plqy_rig.gui.results.work import Workshop
from plqy_rig.gui.widgets.pages import EmptyState, Page
from plqy_rig.gui.widgets.scroll_column import ScrollColumn
from plqy_rig.gui.window.settings import Settings

if TYPE_CHECKING:
    from plqy_rig.gui.window.main_window import MainWindow

_READING_THREADS = 3
_MARGIN = 16
_LIST_WIDTH_PX = 400
_UNFINISHED = frozenset({"incomplete", "abort", "fail", "interrupted"})


class ResultsPage(Page):
    """Runs found, opened, compared, evaluated anew and exported."""

    title: ClassVar[str] = "Results"
    icon_name: ClassVar[str] = "results"
    needs_host: ClassVar[bool] = False

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.readers, self.writers = Workshop(_READING_THREADS, self), Workshop(1, self)
        session.closing.connect(self._end_threads)
        self.catalogue = CataloguePanel(self.readers, Settings())
        self.view: ResultsView | None = None
        self.go_on_button = QPushButton("Go on with this run")
        self.list_button = QPushButton("Hide the list")
        self._top = QHBoxLayout()
        self._waiting_for: Sequence[Path] = ()
        # In turns of their own: the list of runs is shown in the first, the view made, then put up.
        self._make_soon, self._put_up_soon = QTimer(self), QTimer(self)
        for timer, deed in ((self._make_soon, self._make_view), (self._put_up_soon, self._put_up_view)):
            timer.setSingleShot(True)
            timer.setInterval(0)
            timer.timeout.connect(deed)
        self._right = QStackedWidget()
        self._right.addWidget(
            EmptyState(
                "results",
                "Choose one or several runs",
                "Ctrl and Shift choose several. The plots and tables follow at once.",
            )
        )
        self._lay_out()
        self.catalogue.chosen.connect(self.open)
        self.catalogue.table.model_.dataChanged.connect(self._offer_to_go_on)
        self.go_on_button.clicked.connect(self.go_on)
        session.rig.changed.connect(self._rig_changed)
        session.connected_changed.connect(lambda connected, why: self._offer_to_go_on())
        self._offer_to_go_on()

    def activated(self) -> None:
        """Look for new runs, and have the view of a run ready."""
        self.is_active = True
        self.catalogue.keep_fresh(True)
        self._prepare()

    def deactivated(self) -> None:
        """Leave the folders alone."""
        self.is_active = False
        self.catalogue.keep_fresh(False)

    def open(self, paths: Sequence[Path]) -> None:
        """Show these runs."""
        self._waiting_for = tuple(paths)
        self._offer_to_go_on()
        if self.view is None:
            self._prepare()
            return
        if paths:
            self.view.open(paths)
        self._right.setCurrentIndex(1 if paths else 0)

    def go_on(self) -> None:
        """Measure what is still missing of the chosen run, into the same folder."""
        (path,) = self._waiting_for

        def begun(_: Any) -> None:
            self.session.page_wanted.emit("Live")

        self.session.command("resume_run", {"folder": str(path.resolve())}, begun)

    def _offer_to_go_on(self, *_: object) -> None:
        chosen = set(self._waiting_for)
        lines = [line for line in self.catalogue.table.model_.lines if line.path in chosen]
        unfinished = len(lines) == 1 and len(chosen) == 1 and lines[0].status in _UNFINISHED
        here = self.session.connected
        idle = here and self.session.rig.idle
        self.go_on_button.setVisible(unfinished)
        self.go_on_button.setEnabled(idle)
        why_not = "Something else uses the rig." if here else "Connect to its rig first."
        self.go_on_button.setToolTip(
            "Measure what is still missing, into the same folder; what is saved stays" if idle else why_not
        )

    def event(self, event: QEvent | None) -> bool:
        """Qt's: threads end with the page."""
        if event is not None and event.type() == QEvent.Type.DeferredDelete:
            self._end_threads()
        return super().event(event)

    def _end_threads(self) -> None:
        self.catalogue.close_index()
        self.readers.close()
        self.writers.close()

    def _lay_out(self) -> None:
        title = QLabel("Results")
        title.setProperty("role", "title")
        busy = QLabel()
        busy.setProperty("role", "muted")
        self.readers.busy_changed.connect(lambda count: busy.setText("working…" if count else ""))
        self._top.setContentsMargins(0, 0, _MARGIN, 0)
        self._top.setSpacing(12)
        self._top.addWidget(title)
        self._top.addWidget(busy, 1)
        self._top.addWidget(self.go_on_button)
        self._top.addWidget(self.list_button)
        self.list_button.setCheckable(True)
        self.list_button.setToolTip("All the room for the results (Ctrl+L)")
        self.list_button.toggled.connect(self._hide_list)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(self.catalogue)
        split.addWidget(self._right)
        split.setStretchFactor(0, 1)
        split.setStretchFactor(1, 3)
        split.setSizes([_LIST_WIDTH_PX, 900])
        split.setHandleWidth(1)
        split.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_MARGIN, _MARGIN, 0, _MARGIN)
        layout.setSpacing(12)
        layout.addLayout(self._top)
        layout.addWidget(split, 1)
        self.add_key("Ctrl+F", "search the runs", self.catalogue.search.setFocus)
        self.add_key("F5", "look for new runs", self.catalogue.refresh)
        self.add_key("Ctrl+L", "hide or show the list of runs", self.list_button.toggle)
        # Last: the empty state has the margin that the results keep free for their scroll bar.
        self._right.widget(0).setContentsMargins(0, 0, _MARGIN, 0)  # type: ignore[union-attr]

    def _hide_list(self, hidden: bool) -> None:
        self.catalogue.setVisible(not hidden)
        self.list_button.setText("Show the list" if hidden else "Hide the list")
        if self.view is not None:
            self.view.stand_beside_list(not hidden)

    def _prepare(self) -> None:
        """Make what shows runs, the first time."""
        if self.view is None:
            self._make_soon.start()

    def _make_view(self) -> None:
        self.view = ResultsView(self.readers, self.writers, self)
        self.view.stand_beside_list(not self.list_button.isChecked())
        self.view.told.connect(lambda text, state: self.session.tell(text, state))
        self._put_up_soon.start()

    def _put_up_view(self) -> None:
        assert self.view is not None
        # A low screen scrolls rather than squeezing the plots.
        self._right.addWidget(ScrollColumn(self.view, _MARGIN))
        self._top.addWidget(self.view.export)
        self._offer_records()
        self.open(self._waiting_for)

    def _rig_changed(self, topic: str) -> None:
        if topic == "rig":
            out = self.session.rig.rig.get("out")
            if out:
                self.catalogue.add_folder(Path(out), remember=False)
            self._offer_records()
        elif topic == "run" and self.is_active:
            self.catalogue.refresh()
        if topic in ("engine", "occupation"):
            self._offer_to_go_on()

    def _offer_records(self) -> None:
        folder = self.session.rig.rig.get("calibration_folder")
        if folder and self.view is not None:
            view = self.view
            self.readers.start(
                lambda _: response_records(Path(folder)), view.choices.offer_records, lambda _: None
            )


def response_records(folder: Path) -> list[tuple[str, Path]]:
    """Response records of a folder, the newest first, with words to choose by."""
    from calibration import RecordError, RecordKind, read_record

    found = []
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        try:
            record = read_record(path)
        except RecordError:
            # The Records page tells about damaged files; here only sound ones are of use.
            continue
        if record.kind is RecordKind.RESPONSE:
            words = f"{record.created:%Y-%m-%d}, {record.operator or 'unknown'}, {record.sha256[:8]}"
            found.append((record.created, words, path))
    return [(words, path) for _, words, path in sorted(found, reverse=True)]


def scenes(window: MainWindow) -> dict[str, Callable[[], object]]:
    """Scenes for the docs' pictures."""
    from plqy_rig.gui.results.scenes import results_scenes

    return results_scenes(window)
