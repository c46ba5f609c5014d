"""The live page: what is measured, as it is measured."""

from __future__ import annotations

from collections.abc import Generator
from typing import Self

from PyQt6.QtCore import QEvent, QObject, Qt, QTimer
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import QScrollArea, QSplitter, QTabBar, QVBoxLayout, QWidget

from plqy_rig.gui.host_link.session import Session
from plqy_rig.gui.live.header import LiveHeader
from plqy_rig.gui.live.result import ResultView
from plqy_rig.gui.live.spectra import NEWEST, SpectraView
from plqy_rig.gui.live.time import TimeView
from plqy_rig.gui.widgets.pages import Page, finished
from plqy_rig.gui.window.settings import Settings

_ROOM_FOR_BOTH_PX = 600
_SETTLE_MS = 300
_LEAST_HEIGHT_PX, _SCROLLED_HEIGHT_PX = 500, 590
"""Below the first the page scrolls, and has the second then: plots that can't be read are none."""

_Views = tuple[SpectraView, TimeView, ResultView]


def _views_in_turns(session: Session) -> Generator[None, None, _Views]:
    """The views with the plots, each made in a turn of its own."""
    spectra = SpectraView(session.run)
    yield
    times = TimeView(session.rig, session.run)
    yield
    result = ResultView(session.rig)
    yield
    return spectra, times, result


class LivePage(Page):
    """Progress on top; spectra and time traces on the left, the growing result on the right.

    Attributes:
        header: progress.
        spectra: all roles at a step.
        times: monitor power and laser temperature.
        result: yield, A and μ.
        choice: what a narrow page shows.
    """

    title = "Live"
    icon_name = "live"
    needs_host = True

    def __init__(
        self, session: Session, parent: QWidget | None = None, *, views: _Views | None = None
    ) -> None:
        """Lay out the page; `views` are its plots, made before."""
        super().__init__(session, parent)
        self.header = LiveHeader(session)
        self.spectra, self.times, self.result = views or finished(_views_in_turns(session))
        self.left = QSplitter(Qt.Orientation.Vertical)
        self.columns = QSplitter(Qt.Orientation.Horizontal)
        for splitter, widgets in (
            (self.left, ((self.spectra, 7), (self.times, 4))),
            (self.columns, ((self.left, 1), (self.result, 1))),
        ):
            splitter.setChildrenCollapsible(False)
            splitter.setHandleWidth(12)
            splitter.setProperty("role", "gap")
            for widget, share in widgets:
                splitter.addWidget(widget)
                splitter.setStretchFactor(splitter.count() - 1, share)
        self.choice = QTabBar()
        self.choice.addTab("Spectra")
        self.choice.addTab("Quantum yield")
        self.choice.hide()
        self.choice.currentChanged.connect(lambda _: self._show_chosen())
        self._lay_out()
        self._restore_layout()
        self._bind_keys()
        session.rig.changed.connect(self._count)

    @classmethod
    def in_turns(cls, session: Session) -> Generator[None, None, Self]:
        """Make the page, its six plots in turns."""
        return cls(session, views=(yield from _views_in_turns(session)))

    def _lay_out(self) -> None:
        self.columns.setSizes([1100, 900])
        self.columns.setMinimumHeight(_LEAST_HEIGHT_PX)
        self._area = area = QScrollArea()
        area.installEventFilter(self)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self.columns)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addWidget(self.header)
        layout.addWidget(self.choice)
        layout.addWidget(area, 1)

    def _restore_layout(self) -> None:
        self._settings = Settings()
        self._remember_soon = QTimer(self)
        self._remember_soon.setSingleShot(True)
        self._remember_soon.setInterval(_SETTLE_MS)
        self._remember_soon.timeout.connect(self.remember_layout)
        self._splitters = {
            "live/columns": self.columns,
            "live/left": self.left,
            "live/right": self.result.splitter,
        }
        for key, splitter in self._splitters.items():
            splitter.restoreState(self._settings.data(key))
            splitter.splitterMoved.connect(lambda *_: self._remember_soon.start())

    def _bind_keys(self) -> None:
        self.add_key("PgUp", "spectra of the step before", lambda: self._step_by(-1))
        self.add_key("PgDown", "spectra of the next step", lambda: self._step_by(1))
        self.add_key("End", "spectra of the newest step", lambda: self.spectra.show_step(NEWEST))
        self.add_key("L", "logarithmic axis of the spectra", self.spectra.log_box.toggle)
        self.add_key("Home", "show all plots whole", self.show_everything)

    def show_everything(self) -> None:
        """Take back every zoom."""
        for plot in (
            self.spectra.plot,
            self.times.power_plot,
            self.times.temperature_plot,
            self.result.yield_plot,
            self.result.absorptance_plot,
            self.result.mu_plot,
        ):
            plot.show_everything()
        self.spectra.zoom_box.setCurrentIndex(0)

    def _step_by(self, by: int) -> None:
        shown = self.spectra.shown_step()
        steps = len(self.session.run.target_power_density_mw_per_cm2)
        if shown is not None and steps:
            self.spectra.show_step(min(max(shown + by, 0), steps - 1))

    def _count(self, topic: str) -> None:
        if topic not in ("engine", "progress"):
            return
        rig = self.session.rig
        saved, wanted = rig.engine.get("exposures"), rig.engine.get("exposures_wanted")
        busy = rig.run_under_way and wanted
        self.badge_changed.emit(f"{100 * int(saved or 0) // int(wanted or 1)} %" if busy else "")

    def remember_layout(self) -> None:
        """Keep how the parts share the room."""
        for key, splitter in self._splitters.items():
            self._settings.remember(key, splitter.saveState())

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 -- Qt's
        """Give the plots their height: all of the page, or a good one where they have to be scrolled."""
        if event is not None and event.type() == QEvent.Type.Resize and watched is self._area:
            scrolls = self._area.height() < _LEAST_HEIGHT_PX
            self.columns.setMinimumHeight(_SCROLLED_HEIGHT_PX if scrolls else _LEAST_HEIGHT_PX)
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 -- Qt's
        """Beside each other where there is room, else the spectra or the result alone."""
        super().resizeEvent(event)
        narrow = self.width() < _ROOM_FOR_BOTH_PX
        if narrow != self.choice.isVisibleTo(self):
            self.choice.setVisible(narrow)
            self._show_chosen()

    def _show_chosen(self) -> None:
        narrow = self.choice.isVisibleTo(self)
        self.left.setVisible(not narrow or self.choice.currentIndex() == 0)
        self.result.setVisible(not narrow or self.choice.currentIndex() == 1)
